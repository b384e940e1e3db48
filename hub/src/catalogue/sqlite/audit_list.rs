//! Rows of the audit log by what is looked for.
//!
//! A log has millions of rows: each way of looking has an index of its own, what comes before a page
//! is skipped in the index alone, and a time becomes the number of a row.

use protocol::SessionId;
use std::fmt::Write as _;

use protocol::admin::audit::{ActorKind, AuditRow, Detail, Filter};
use protocol::admin::{Page, Rows};
use protocol::control::Name;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use crate::catalogue::{AuditHead, CatalogueError};

pub(super) fn list(
    c: &Connection,
    filter: &Filter,
    page: Page,
) -> Result<Rows<AuditRow>, CatalogueError> {
    let moment = c.unchecked_transaction()?;
    let found = find(&moment, filter)?;
    let rows = page_of(&moment, &found, page)?;
    Ok(Rows {
        total: found.total,
        first: page.first,
        rows,
    })
}

/// What gives the numbers of the rows that pass, newest first.
struct Found {
    /// SQL with an `ORDER BY`, and its parameters.
    numbers: String,
    given: Vec<Value>,
    total: u32,
    /// Where all pass, a page needs no search: the number of the first row and of the last.
    all: Option<(i64, i64)>,
    /// Where words were searched for: a search that runs once gives both count and page.
    by_words: Option<Vec<i64>>,
}

fn find(c: &Connection, filter: &Filter) -> Result<Found, CatalogueError> {
    let (first, last) = bounds(c, filter)?;
    let mut given = vec![Value::from(first), Value::from(last)];
    let text = match_of(filter);
    if filter.actor.is_none() && filter.action.is_none() && text.is_none() {
        return Ok(Found {
            numbers: String::new(),
            given,
            total: u32::try_from((last - first + 1).max(0)).unwrap_or(u32::MAX),
            all: Some((first, last)),
            by_words: None,
        });
    }
    let (column, mut from) = if let Some(text) = text {
        given.push(Value::from(text));
        let by_rows = filter.actor.is_some() || filter.action.is_some();
        let from = if by_rows {
            // in this order: the other way round the search runs once for each row of an actor
            "audit_text CROSS JOIN audit ON audit.id = audit_text.rowid WHERE"
        } else {
            "audit_text WHERE"
        };
        let from = format!("{from} audit_text MATCH ?3 AND audit_text.rowid BETWEEN ?1 AND ?2");
        ("audit_text.rowid", from)
    } else {
        let index = match (&filter.actor, &filter.action) {
            (Some(_), Some(_)) => "audit_by_both",
            (Some(_), None) => "audit_by_actor",
            (None, _) => "audit_by_action",
        };
        let from = format!("audit INDEXED BY {index} WHERE id BETWEEN ?1 AND ?2");
        ("audit.id", from)
    };
    for (name, wanted) in [("actor", &filter.actor), ("action", &filter.action)] {
        if let Some(wanted) = wanted {
            given.push(Value::from(wanted.to_string()));
            let number = given.len();
            write!(from, " AND audit.{name} = ?{number}").expect("a string takes it");
        }
    }
    let numbers = format!("SELECT {column} AS id FROM {from} ORDER BY {column} DESC");
    if !filter.text.trim().is_empty() {
        let sql = format!("{numbers} LIMIT {}", Filter::MOST_BY_TEXT);
        let mut statement = c.prepare_cached(&sql)?;
        let found = statement.query_map(params_from_iter(&given), |row| row.get(0))?;
        let found: Vec<i64> = found.collect::<Result<_, _>>()?;
        return Ok(Found {
            numbers,
            given,
            total: u32::try_from(found.len()).unwrap_or(u32::MAX),
            all: None,
            by_words: Some(found),
        });
    }
    let sql = format!("SELECT count(*) FROM {from}");
    let total = c.query_row(&sql, params_from_iter(&given), |row| row.get(0))?;
    Ok(Found {
        numbers,
        given,
        total,
        all: None,
        by_words: None,
    })
}

/// The numbers of the first row and of the last that the filter's times allow.
fn bounds(c: &Connection, filter: &Filter) -> Result<(i64, i64), CatalogueError> {
    let one = |sql: &str, at: Option<i64>| -> Result<Option<i64>, CatalogueError> {
        let found = match at {
            Some(at) => c.query_row(sql, [at], |row| row.get(0)).optional()?,
            None => None,
        };
        Ok(found)
    };
    let first = one(
        "SELECT id FROM audit WHERE at >= ?1 ORDER BY at, id LIMIT 1",
        filter.since_unix_millis,
    )?;
    let until = "SELECT id FROM audit WHERE at < ?1 ORDER BY at DESC, id DESC LIMIT 1";
    let last = one(until, filter.until_unix_millis)?;
    let newest = super::audit::last(c)?.row;
    // none that late, none that early, or no such bound
    let none_from = if filter.since_unix_millis.is_some() {
        newest + 1
    } else {
        1
    };
    let none_to = if filter.until_unix_millis.is_some() {
        0
    } else {
        newest
    };
    Ok((first.unwrap_or(none_from), last.unwrap_or(none_to)))
}

/// The full-text index's way to ask for words that all stand in a row, the last of which may be only
/// begun; `None` where there are none. What else is asked for narrows the search in the index too.
fn match_of(filter: &Filter) -> Option<String> {
    if filter.text.trim().is_empty() {
        return None;
    }
    let mut parts: Vec<String> = words(&filter.text)
        .map(|word| format!("\"{word}\""))
        .collect();
    match parts.last_mut() {
        Some(last) => last.push('*'),
        // signs alone stand in no index
        None => parts.push("\"\u{1}\"".to_owned()),
    }
    for (column, wanted) in [("actor", &filter.actor), ("action", &filter.action)] {
        let words: Vec<&str> = wanted.as_deref().map(words).into_iter().flatten().collect();
        if !words.is_empty() {
            parts.push(format!("{column} : \"{}\"", words.join(" ")));
        }
    }
    Some(parts.join(" AND "))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty())
}

const COLUMNS: &str = "id, at, kind, actor, action, detail";

fn page_of(c: &Connection, found: &Found, page: Page) -> Result<Vec<AuditRow>, CatalogueError> {
    if let Some((first, last)) = found.all {
        let newest = last - i64::from(page.first);
        let oldest = first.max(newest - i64::from(page.limit()) + 1);
        let sql =
            format!("SELECT {COLUMNS} FROM audit WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC");
        let mut statement = c.prepare_cached(&sql)?;
        let rows = statement.query_map([oldest, newest], row)?;
        return Ok(rows.collect::<Result<_, _>>()?);
    }
    if let Some(by_words) = &found.by_words {
        let first = usize::try_from(page.first).unwrap_or(usize::MAX);
        let numbers = by_words.iter().skip(first).take(page.limit().into());
        let numbers: Vec<i64> = numbers.copied().collect();
        let sql = format!(
            "SELECT {COLUMNS} FROM audit WHERE id IN (SELECT value FROM json_each(?1)) \
             ORDER BY id DESC"
        );
        let mut statement = c.prepare_cached(&sql)?;
        let numbers = serde_json::Value::from(numbers).to_string();
        let rows = statement.query_map([numbers], row)?;
        return Ok(rows.collect::<Result<_, _>>()?);
    }
    let mut given = found.given.clone();
    given.push(Value::from(i64::from(page.limit())));
    given.push(Value::from(i64::from(page.first)));
    let (limit, offset) = (given.len() - 1, given.len());
    let sql = format!(
        "SELECT {COLUMNS} FROM audit WHERE id IN \
         (SELECT id FROM ({}) LIMIT ?{limit} OFFSET ?{offset}) ORDER BY id DESC",
        found.numbers
    );
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(given), row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn of_session(
    c: &Connection,
    session: SessionId,
) -> Result<Vec<(AuditRow, AuditHead)>, CatalogueError> {
    let sql = format!(
        "SELECT {COLUMNS}, hash FROM audit WHERE json_extract(detail, '$.session') = ?1 ORDER BY id"
    );
    let mut statement = c.prepare(&sql)?;
    let rows = statement.query_map([session.to_string()], |found| {
        Ok((row(found)?, AuditHead(found.get(6)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<AuditRow> {
    let text = |column| row.get::<_, String>(column);
    Ok(AuditRow {
        row: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
        at_unix_millis: row.get(1)?,
        kind: row.get::<_, Option<i64>>(2)?.and_then(kind),
        actor: Name::cut(text(3)?),
        action: Name::cut(text(4)?),
        detail: Detail::cut(text(5)?),
    })
}

fn kind(number: i64) -> Option<ActorKind> {
    match number {
        1 => Some(ActorKind::Hub),
        2 => Some(ActorKind::Account),
        3 => Some(ActorKind::Host),
        4 => Some(ActorKind::CommandLine),
        5 => Some(ActorKind::Stranger),
        _ => None,
    }
}
