//! Films as rows: the list, what is held, what is erased, who watched.

use std::fmt::Write as _;

use protocol::admin::films::{
    Column, Erased, Erasure, Facts, Film, Filter, Hold, Names, Reason, Sort, Standing, Use, UseKind,
};
use protocol::admin::{Page, Rows};
use protocol::control::Name;
use protocol::{EndedBy, SessionId, TicketRoute};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::sessions::{ended_by_from_number, ended_by_number};
use super::{erased_reports, receipts, report_index};
use crate::catalogue::film::{FilmTotals, KeptFilm};
use crate::catalogue::{Actor, CatalogueError};

const COLUMNS: &str = "session.id, operator_name, host, requester, ticket, started_at, ended_at, \
                       ended_by, film_bytes, held_at, held_by, held_reason, erased_at";
const IS_FILM: &str = "film IS NOT NULL";
/// A session that is over and whose film is closed, or never will be.
const IS_KEPT: &str = "film IS NOT NULL AND state = 2 AND erased_at IS NULL";

pub(super) fn list(
    c: &Connection,
    filter: &Filter,
    sort: Sort,
    page: Page,
) -> Result<Rows<Film>, CatalogueError> {
    let moment = c.unchecked_transaction()?;
    let (passes, mut given) = condition(filter);
    let sql = format!("SELECT count(*) FROM session WHERE {passes}");
    let total = moment.query_row(&sql, params_from_iter(&given), |row| row.get(0))?;
    let order = match sort.by {
        Column::Started => "started_at",
        Column::Duration => "coalesce(ended_at - started_at, 9e18)",
        Column::Operators => "folded(operator_name)",
        Column::Requester => "folded(requester)",
        Column::Host => "folded(host)",
        Column::Bytes => "coalesce(film_bytes, 9e18)",
    };
    let way = if sort.ascending { "ASC" } else { "DESC" };
    given.push(Value::from(i64::from(page.limit())));
    given.push(Value::from(i64::from(page.first)));
    let (limit, offset) = (given.len() - 1, given.len());
    let sql = format!(
        "SELECT {COLUMNS} FROM session WHERE {passes} \
         ORDER BY {order} {way}, session.id {way} LIMIT ?{limit} OFFSET ?{offset}"
    );
    let mut statement = moment.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(given), film)?;
    let rows = rows.collect::<Result<_, _>>()?;
    Ok(Rows {
        total,
        first: page.first,
        rows,
    })
}

fn condition(filter: &Filter) -> (String, Vec<Value>) {
    let mut passes = IS_FILM.to_owned();
    let mut given = Vec::new();
    for (column, text) in [
        ("operator_name", &filter.operator),
        ("requester", &filter.requester),
        ("host", &filter.host),
    ] {
        if !text.trim().is_empty() {
            given.push(Value::from(text.trim().to_lowercase()));
            let number = given.len();
            write!(passes, " AND instr(folded({column}), ?{number})").expect("a string takes it");
        }
    }
    for (sign, at) in [
        (">=", filter.since_unix_millis),
        ("<", filter.until_unix_millis),
    ] {
        if let Some(at) = at {
            given.push(Value::from(at));
            let number = given.len();
            write!(passes, " AND started_at {sign} ?{number}").expect("a string takes it");
        }
    }
    passes.push_str(match filter.standing {
        None => "",
        Some(Standing::Running) => " AND state = 1",
        Some(Standing::Finished) => " AND state = 2 AND erased_at IS NULL",
        Some(Standing::Erased) => " AND erased_at IS NOT NULL",
    });
    passes.push_str(match filter.held {
        None => "",
        Some(true) => " AND held_at IS NOT NULL",
        Some(false) => " AND held_at IS NULL",
    });
    (passes, given)
}

fn film(row: &rusqlite::Row<'_>) -> rusqlite::Result<Film> {
    let text = |column| row.get::<_, Option<String>>(column);
    let name = |column| text(column).map(|text| Name::cut(text.unwrap_or_default()));
    let held_at: Option<i64> = row.get(9)?;
    let ended: Option<i64> = row.get(6)?;
    let erased: Option<i64> = row.get(12)?;
    Ok(Film {
        session: SessionId(row.get::<_, i64>(0)?.cast_unsigned()),
        operators: Names::cut(text(1)?.unwrap_or_default()),
        host: name(2)?,
        requester: name(3)?,
        ticket: row.get::<_, Option<u32>>(4)?.and_then(TicketRoute::new),
        started_unix_millis: row.get(5)?,
        ended_unix_millis: ended,
        ended_by: row.get::<_, Option<i64>>(7)?.and_then(ended_by_from_number),
        bytes: row.get::<_, Option<i64>>(8)?.map(i64::cast_unsigned),
        standing: match (ended, erased) {
            (_, Some(_)) => Standing::Erased,
            (Some(_), None) => Standing::Finished,
            (None, None) => Standing::Running,
        },
        held: match held_at {
            Some(since_unix_millis) => Some(Hold {
                by: name(10)?,
                since_unix_millis,
                reason: Reason::cut(text(11)?.unwrap_or_default()),
            }),
            None => None,
        },
    })
}

pub(super) fn facts(c: &Connection, session: SessionId) -> Result<Option<Facts>, CatalogueError> {
    let sql = format!(
        "SELECT {COLUMNS}, film_head, erased_by, erased_why, erased_reason \
         FROM session WHERE id = ?1 AND {IS_FILM}"
    );
    let number = session.0.cast_signed();
    let found = c.query_row(&sql, [number], |row| {
        let erased: Option<i64> = row.get(12)?;
        let erased = match erased {
            Some(at_unix_millis) => Some(Erased {
                at_unix_millis,
                by: Name::cut(row.get::<_, String>(14)?),
                why: erasure(row.get(15)?),
                reason: Reason::cut(row.get::<_, String>(16)?),
            }),
            None => None,
        };
        Ok(Facts {
            film: film(row)?,
            head: row.get(13)?,
            kept_until_unix_millis: None,
            erased,
            uses: Vec::new(),
        })
    });
    let Some(mut facts) = found.optional()? else {
        return Ok(None);
    };
    let sql = "SELECT at, by, kind FROM film_use WHERE session = ?1 ORDER BY id DESC LIMIT ?2";
    let mut statement = c.prepare_cached(sql)?;
    let uses = statement.query_map((number, Facts::MOST_USES), |row| {
        Ok(Use {
            at_unix_millis: row.get(0)?,
            by: Name::cut(row.get::<_, String>(1)?),
            what: if row.get::<_, i64>(2)? == 1 {
                UseKind::Watched
            } else {
                UseKind::Exported
            },
        })
    })?;
    facts.uses = uses.collect::<Result<_, _>>()?;
    Ok(Some(facts))
}

/// The signature of what a film ends with.
pub(super) fn signature(
    c: &Connection,
    session: SessionId,
) -> Result<Option<Vec<u8>>, CatalogueError> {
    let sql = "SELECT film_signature FROM session WHERE id = ?1";
    let found = c.query_row(sql, [session.0.cast_signed()], |row| row.get(0));
    Ok(found.optional()?.flatten())
}

pub(super) fn totals(c: &Connection, week_ago: i64) -> Result<FilmTotals, CatalogueError> {
    let sql = format!(
        "SELECT count(*) FILTER (WHERE {IS_KEPT}), \
         coalesce(sum(film_bytes) FILTER (WHERE {IS_KEPT}), 0), \
         coalesce(sum(film_bytes) FILTER (WHERE {IS_KEPT} AND started_at >= ?1), 0), \
         count(*) FILTER (WHERE started_at >= ?1 AND ended_by = ?2) \
         FROM session"
    );
    let broken = ended_by_number(EndedBy::CannotRecord);
    Ok(c.query_row(&sql, [week_ago, broken], |row| {
        Ok(FilmTotals {
            films: row.get(0)?,
            bytes: row.get::<_, i64>(1)?.cast_unsigned(),
            bytes_of_week: row.get::<_, i64>(2)?.cast_unsigned(),
            broken: row.get(3)?,
        })
    })?)
}

/// All films that can be watched and are not held, oldest first.
pub(super) fn unheld(c: &Connection) -> Result<Vec<KeptFilm>, CatalogueError> {
    let sql = format!(
        "SELECT id, ended_at, film, coalesce(film_bytes, 0) FROM session \
         WHERE {IS_KEPT} AND held_at IS NULL ORDER BY started_at, id"
    );
    kept(c, &sql)
}

/// The films whose trace alone is left.
pub(super) fn erased(c: &Connection) -> Result<Vec<KeptFilm>, CatalogueError> {
    let sql = format!(
        "SELECT id, ended_at, film, coalesce(film_bytes, 0) FROM session \
         WHERE {IS_FILM} AND erased_at IS NOT NULL ORDER BY id"
    );
    kept(c, &sql)
}

fn kept(c: &Connection, sql: &str) -> Result<Vec<KeptFilm>, CatalogueError> {
    let mut statement = c.prepare(sql)?;
    let rows = statement.query_map((), |row| {
        Ok(KeptFilm {
            session: SessionId(row.get::<_, i64>(0)?.cast_unsigned()),
            ended_unix_millis: row.get::<_, Option<i64>>(1)?.unwrap_or(i64::MAX),
            path: row.get::<_, String>(2)?.into(),
            bytes: row.get::<_, i64>(3)?.cast_unsigned(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn hold(
    t: &Connection,
    now: i64,
    by: &Actor,
    session: SessionId,
    reason: &str,
) -> Result<(), CatalogueError> {
    let sql = format!(
        "UPDATE session SET held_at = ?2, held_by = ?3, held_reason = ?4 \
         WHERE id = ?1 AND {IS_FILM} AND erased_at IS NULL"
    );
    let number = session.0.cast_signed();
    changed(t.execute(&sql, (number, now, by.name(), reason))?, || {
        format!("there is no film with the number {session}")
    })
}

pub(super) fn release(t: &Connection, session: SessionId) -> Result<(), CatalogueError> {
    let sql = "UPDATE session SET held_at = NULL, held_by = NULL, held_reason = NULL \
               WHERE id = ?1 AND held_at IS NOT NULL";
    changed(t.execute(sql, [session.0.cast_signed()])?, || {
        format!("film {session} is not held")
    })
}

pub(super) fn erase(
    t: &Connection,
    now: i64,
    by: &Actor,
    session: SessionId,
    why: Erasure,
    reason: &str,
) -> Result<(), CatalogueError> {
    let sql = format!(
        "UPDATE session SET erased_at = ?2, erased_by = ?3, erased_why = ?4, erased_reason = ?5 \
         WHERE id = ?1 AND {IS_KEPT} AND held_at IS NULL"
    );
    let number = session.0.cast_signed();
    let why = erasure_number(why);
    changed(
        t.execute(&sql, (number, now, by.name(), why, reason))?,
        || format!("there is no film {session} that is finished and not held"),
    )?;
    // what was said and sent is in the film, and goes with it
    t.execute("DELETE FROM chat WHERE session = ?1", [number])?;
    receipts::forget_files(t, session)?;
    report_index::refresh(t, session)?;
    erased_reports::note_erased(t)
}

pub(super) fn note_use(
    t: &Connection,
    now: i64,
    by: &Actor,
    session: SessionId,
    what: UseKind,
) -> Result<(), CatalogueError> {
    let kind = match what {
        UseKind::Watched => 1,
        UseKind::Exported => 2,
    };
    t.execute(
        "INSERT INTO film_use (session, at, by, kind) VALUES (?1, ?2, ?3, ?4)",
        (session.0.cast_signed(), now, by.name(), kind),
    )?;
    Ok(())
}

fn changed(rows: usize, rule: impl FnOnce() -> String) -> Result<(), CatalogueError> {
    if rows == 0 {
        return Err(CatalogueError::Rule(rule()));
    }
    Ok(())
}

// INVARIANT: these numbers stand in data bases.
fn erasure_number(why: Erasure) -> i64 {
    match why {
        Erasure::Privacy => 1,
        Erasure::Retention => 2,
        Erasure::Quota => 3,
    }
}

fn erasure(number: i64) -> Erasure {
    match number {
        2 => Erasure::Retention,
        3 => Erasure::Quota,
        _ => Erasure::Privacy,
    }
}
