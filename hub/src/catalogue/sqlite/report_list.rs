//! Reports found: lists in any order, totals, and what can be chosen for a filter.
//!
//! A list is made in two steps: the numbers of its reports come from the small rows and their indexes,
//! then the few that are asked for are read.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use protocol::admin::reports::{
    Choice, ReportColumn, ReportFilter, ReportRow, ReportSort, Total, TotalKey, TotalRow, Totals,
    TotalsBy,
};
use protocol::admin::{Page, Rows};
use protocol::control::Name;
use protocol::{BoundedText, ReportId, SessionId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use super::search;
use crate::catalogue::{AccountId, CatalogueError, name_key};

/// So few reports are put into order by themselves; among more, those of a page are met soon.
const FEW: usize = 2_000;
/// How many values a filter is offered at a time.
const MOST_CHOICES: u32 = 50;
const MOST_GROUPS: u32 = 250;
/// How much of a problem a list shows, in characters.
const PROBLEM_CHARS: u32 = 120;
/// The condition that a filter is, and its values.
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn of(filter: &ReportFilter) -> Self {
        let mut made = Self {
            sql: "1".to_owned(),
            values: Vec::new(),
        };
        let ReportFilter {
            text,
            operator,
            requester,
            host,
            category,
            since_unix_millis,
            until_unix_millis,
            finished,
            groups,
        } = filter;
        if !text.trim().is_empty() {
            match search::question(text) {
                Some(question) => made.and(
                    "report IN (SELECT rowid FROM report_text WHERE report_text MATCH ?)",
                    question,
                ),
                None => made.sql.push_str(" AND 0"),
            }
        }
        if let Some(name) = operator {
            made.and(
                "session IN (SELECT session FROM member WHERE name = ? COLLATE NOCASE)",
                name.to_string(),
            );
        }
        for (column, value) in [
            ("requester = ?", requester),
            ("host = ?", host),
            ("category = ?", category),
        ] {
            if let Some(value) = value {
                made.and(column, value.to_string());
            }
        }
        for (sql, group) in [
            (
                "account IN (SELECT operator FROM group_account WHERE account_group = \
                 (SELECT id FROM account_group WHERE name_key = ?))",
                &groups.operators,
            ),
            (
                // a name that is shown, and what the computer calls itself
                "host IN (WITH of_group AS (SELECT name, computer FROM host WHERE host_group = \
                 (SELECT id FROM host_group WHERE name_key = ?)) \
                 SELECT name FROM of_group UNION SELECT computer FROM of_group)",
                &groups.hosts,
            ),
        ] {
            if let Some(group) = group {
                made.and(sql, name_key(group));
            }
        }
        if let Some(since) = *since_unix_millis {
            made.and("started >= ?", since);
        }
        if let Some(until) = *until_unix_millis {
            made.and("started < ?", until);
        }
        if let Some(finished) = *finished {
            made.and("finished = ?", finished);
        }
        made
    }

    fn and(&mut self, sql: &str, value: impl Into<Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.push(value.into());
    }
}

fn column(column: ReportColumn) -> &'static str {
    match column {
        ReportColumn::Started => "started",
        ReportColumn::Lasted => "lasted",
        ReportColumn::Active => "active",
        ReportColumn::Operator => "operators",
        ReportColumn::Requester => "requester",
        ReportColumn::Host => "host",
        ReportColumn::Category => "category",
        ReportColumn::Finished => "finished",
    }
}

pub(super) fn page(
    c: &Connection,
    filter: &ReportFilter,
    sort: ReportSort,
    page: Page,
) -> Result<Rows<ReportRow>, CatalogueError> {
    let Found { numbers, total } = find(c, filter, sort, page)?;
    let rows = numbers.into_iter().map(|number| one(c, number).transpose());
    let rows: Result<_, _> = rows.flatten().collect();
    let first = page.first;
    Ok(Rows {
        total,
        first,
        rows: rows?,
    })
}

/// The numbers of the reports of a page, and how many reports the whole list has.
pub(super) struct Found {
    pub(super) numbers: Vec<ReportId>,
    total: u32,
}

pub(super) fn find(
    c: &Connection,
    filter: &ReportFilter,
    sort: ReportSort,
    page: Page,
) -> Result<Found, CatalogueError> {
    if filter.text.trim().is_empty() {
        return in_order(c, Condition::of(filter), sort, page);
    }
    let with_words = reports_with(c, filter)?;
    let others = ReportFilter {
        text: BoundedText::default(),
        ..filter.clone()
    };
    let mut condition = Condition::of(&others);
    if with_words.len() <= FEW {
        let few = serde_json::Value::from(with_words).to_string();
        condition.and("report IN (SELECT value FROM json_each(?))", few);
        return in_order(c, condition, sort, page);
    }
    // so many are met soon on the way through all of them in their order
    let only_words = condition.values.is_empty();
    let sql = format!(
        "SELECT report FROM report_row WHERE {} ORDER BY {}",
        condition.sql,
        order(sort)
    );
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(&condition.values))?;
    let (mut numbers, mut met) = (Vec::new(), 0_u32);
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if with_words.binary_search(&number).is_err() {
            continue;
        }
        met += 1;
        let is_full = numbers.len() >= usize::from(page.limit());
        if met > page.first && !is_full {
            numbers.push(ReportId(number.cast_unsigned()));
        } else if is_full && only_words {
            break;
        }
    }
    let total = if only_words {
        u32::try_from(with_words.len()).unwrap_or(u32::MAX)
    } else {
        met
    };
    Ok(Found { numbers, total })
}

/// The reports that have the words of `filter`, by their numbers, the smallest first.
fn reports_with(c: &Connection, filter: &ReportFilter) -> Result<Vec<i64>, CatalogueError> {
    let Some(question) = search::question(&filter.text) else {
        return Ok(Vec::new());
    };
    let sql = "SELECT rowid FROM report_text WHERE report_text MATCH ?1 ORDER BY rowid";
    let mut statement = c.prepare_cached(sql)?;
    let rows = statement.query_map([question], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn order(sort: ReportSort) -> String {
    let by = column(sort.column);
    let direction = if sort.descending { "DESC" } else { "ASC" };
    format!("{by} {direction}, report {direction}")
}

fn in_order(
    c: &Connection,
    condition: Condition,
    sort: ReportSort,
    page: Page,
) -> Result<Found, CatalogueError> {
    let Condition { sql, mut values } = condition;
    let total = c
        .prepare_cached(&format!("SELECT count(*) FROM report_row WHERE {sql}"))?
        .query_row(params_from_iter(&values), |row| row.get(0))?;
    let numbers = format!(
        "SELECT report FROM report_row WHERE {sql} ORDER BY {} LIMIT ? OFFSET ?",
        order(sort)
    );
    values.extend([Value::from(page.limit()), Value::from(page.first)]);
    let mut statement = c.prepare_cached(&numbers)?;
    let numbers = statement.query_map(params_from_iter(&values), |row| {
        Ok(ReportId(row.get::<_, i64>(0)?.cast_unsigned()))
    })?;
    let numbers = numbers.collect::<Result<_, _>>()?;
    Ok(Found { numbers, total })
}

/// `None` if it was erased since it was found.
fn one(c: &Connection, report: ReportId) -> Result<Option<ReportRow>, CatalogueError> {
    let sql = format!("{SELECT} WHERE report_row.report = ?1");
    let mut statement = c.prepare_cached(&sql)?;
    Ok(statement
        .query_row([report.0.cast_signed()], row)
        .optional()?)
}

const SELECT: &str = "SELECT report_row.report, report_row.session, started, lasted, active, \
    operators, requester, host, report_row.category, \
    coalesce((SELECT problem FROM correction WHERE correction.report = report_row.report \
              ORDER BY number DESC LIMIT 1), report.problem), \
    report_row.finished, corrections \
    FROM report_row JOIN report ON report.id = report_row.report";

fn row(row: &Row<'_>) -> rusqlite::Result<ReportRow> {
    let name =
        |column| Ok::<Name, rusqlite::Error>(BoundedText::cut(row.get::<_, String>(column)?));
    let problem: String = row.get(9)?;
    let begin = usize::try_from(PROBLEM_CHARS).unwrap_or(usize::MAX);
    Ok(ReportRow {
        report: ReportId(row.get::<_, i64>(0)?.cast_unsigned()),
        session: SessionId(row.get::<_, i64>(1)?.cast_unsigned()),
        started_unix_millis: row.get(2)?,
        lasted_seconds: seconds(row.get(3)?),
        active_seconds: seconds(row.get(4)?),
        operators: name(5)?,
        requester: name(6)?,
        host: name(7)?,
        category: name(8)?,
        problem: BoundedText::cut(problem.chars().take(begin).collect::<String>()),
        finished: row.get(10)?,
        corrected: row.get::<_, i64>(11)? > 0,
    })
}

fn seconds(stored: i64) -> u32 {
    u32::try_from(stored.max(0)).unwrap_or(u32::MAX)
}

/// The newest reports from before `report` of the same host or the same requester; only those of sessions
/// that `of` took part in, if somebody is named.
pub(super) fn earlier(
    c: &Connection,
    report: ReportId,
    of: Option<AccountId>,
    at_most: u16,
) -> Result<Vec<ReportRow>, CatalogueError> {
    let sql = format!(
        "{SELECT} WHERE report_row.report IN (\
         SELECT other.report FROM report_row AS this JOIN report_row AS other \
         ON other.host = this.host WHERE this.report = ?1 AND other.started < this.started \
         UNION SELECT other.report FROM report_row AS this JOIN report_row AS other \
         ON other.requester = this.requester WHERE this.report = ?1 \
         AND other.started < this.started) \
         AND (?2 IS NULL OR EXISTS (SELECT 1 FROM member \
              WHERE member.session = report_row.session AND member.operator = ?2)) \
         ORDER BY started DESC LIMIT ?3"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let of = of.map(|of| of.0);
    let rows = statement.query_map((report.0.cast_signed(), of, at_most), row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn choices(
    c: &Connection,
    of: Choice,
    begin: &str,
) -> Result<Vec<Name>, CatalogueError> {
    let (column, table) = match of {
        Choice::Operator => ("name", "member"),
        Choice::Requester => ("requester", "report_row"),
        Choice::Host => ("host", "report_row"),
        Choice::Category => ("category", "report_row"),
        Choice::OperatorGroup => ("name", "account_group"),
        Choice::HostGroup => ("name", "host_group"),
    };
    // the next one is found by the index, however many reports have the one before
    let sql = format!(
        "WITH RECURSIVE found (value) AS (\
         SELECT min({column} COLLATE NOCASE) FROM {table} WHERE {column} > '' COLLATE NOCASE \
         AND {column} LIKE ?1 ESCAPE '\\' \
         UNION ALL \
         SELECT (SELECT min({column} COLLATE NOCASE) FROM {table} \
                 WHERE {column} > value COLLATE NOCASE AND {column} LIKE ?1 ESCAPE '\\') \
         FROM found WHERE value IS NOT NULL LIMIT ?2) \
         SELECT value FROM found WHERE value IS NOT NULL"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let most = match of {
        // an administrator made them, and chooses among all
        Choice::OperatorGroup | Choice::HostGroup => MOST_GROUPS,
        Choice::Operator | Choice::Requester | Choice::Host | Choice::Category => MOST_CHOICES,
    };
    let rows = statement.query_map((search::begins_with(begin), most), |row| {
        Ok(BoundedText::cut(row.get::<_, String>(0)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The sums of all totals; the first column is the key.
const SUMS: &str = "count(*), sum(lasted), sum(waiting), sum(active), sum(idle), sum(paused)";

fn total(row: &Row<'_>) -> rusqlite::Result<Total> {
    let sum = |column| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(column)?.cast_unsigned());
    Ok(Total {
        reports: seconds(row.get(1)?),
        connected_seconds: sum(2)?,
        waiting_seconds: sum(3)?,
        active_seconds: sum(4)?,
        idle_seconds: sum(5)?,
        paused_seconds: sum(6)?,
    })
}

fn add(to: &mut Total, more: &Total) {
    to.reports += more.reports;
    to.connected_seconds += more.connected_seconds;
    to.waiting_seconds += more.waiting_seconds;
    to.active_seconds += more.active_seconds;
    to.idle_seconds += more.idle_seconds;
    to.paused_seconds += more.paused_seconds;
}

pub(super) fn totals(
    c: &Connection,
    filter: &ReportFilter,
    by: TotalsBy,
    zone: &TimeZone,
) -> Result<Totals, CatalogueError> {
    let rows = match by {
        TotalsBy::Operator => totals_by_name(c, filter, "owner")?,
        TotalsBy::Requester => totals_by_name(c, filter, "requester")?,
        TotalsBy::Host => totals_by_name(c, filter, "host")?,
        TotalsBy::Category => totals_by_name(c, filter, "category")?,
        TotalsBy::Day => totals_by_date(c, filter, zone, |day| day)?,
        TotalsBy::Week => totals_by_date(c, filter, zone, monday)?,
        TotalsBy::Month => totals_by_date(c, filter, zone, Date::first_of_month)?,
        TotalsBy::Group => totals_by_group(c, filter)?,
    };
    let of_each = match by {
        // a report may be in several groups, and counts once in all
        TotalsBy::Group => &totals_by_name(c, filter, "owner")?,
        TotalsBy::Operator
        | TotalsBy::Requester
        | TotalsBy::Host
        | TotalsBy::Category
        | TotalsBy::Day
        | TotalsBy::Week
        | TotalsBy::Month => &rows,
    };
    let mut all = Total::default();
    for row in of_each {
        add(&mut all, &row.total);
    }
    let mut rows = rows;
    let mut others = Total::default();
    for row in rows.drain(rows.len().min(Totals::MOST)..) {
        add(&mut others, &row.total);
    }
    Ok(Totals { rows, others, all })
}

fn totals_by_name(
    c: &Connection,
    filter: &ReportFilter,
    column: &str,
) -> Result<Vec<TotalRow>, CatalogueError> {
    let Condition { sql, values } = Condition::of(filter);
    let sql = format!(
        "SELECT {column}, {SUMS} FROM report_row WHERE {sql} GROUP BY {column} \
         ORDER BY sum(lasted) DESC, {column}"
    );
    named_rows(c, &sql, values)
}

/// A group of its own, for whoever is in none but everybody's, has no name.
fn totals_by_group(c: &Connection, filter: &ReportFilter) -> Result<Vec<TotalRow>, CatalogueError> {
    let Condition { sql, values } = Condition::of(filter);
    let sql = format!(
        "SELECT coalesce(own.name, ''), {SUMS} FROM (SELECT * FROM report_row WHERE {sql}) AS found \
         LEFT JOIN (group_account JOIN account_group AS own \
                    ON own.id = account_group AND NOT own.built_in) \
         ON group_account.operator = (SELECT operator FROM session WHERE id = found.session) \
         GROUP BY own.id ORDER BY sum(lasted) DESC, own.name"
    );
    named_rows(c, &sql, values)
}

fn named_rows(
    c: &Connection,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<TotalRow>, CatalogueError> {
    let mut statement = c.prepare_cached(sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        Ok(TotalRow {
            key: TotalKey::Name(BoundedText::cut(row.get::<_, String>(0)?)),
            total: total(row)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn monday(day: Date) -> Date {
    let since = day.weekday().to_monday_zero_offset();
    day.checked_sub(i64::from(since).days()).unwrap_or(day)
}

/// Totals of the periods that `first_of` gives the first day of, the newest first.
fn totals_by_date(
    c: &Connection,
    filter: &ReportFilter,
    zone: &TimeZone,
    first_of: impl Fn(Date) -> Date,
) -> Result<Vec<TotalRow>, CatalogueError> {
    let Condition { sql, values } = Condition::of(filter);
    // put together here: the engine would sort all rows for it
    let sql = format!(
        "SELECT started, 1, lasted, waiting, active, idle, paused FROM report_row WHERE {sql}"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut periods: BTreeMap<Date, Total> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let at = Timestamp::from_millisecond(row.get(0)?).unwrap_or(Timestamp::UNIX_EPOCH);
        let first = first_of(zone.to_datetime(at).date());
        add(periods.entry(first).or_default(), &total(row)?);
    }
    let rows = periods.into_iter().rev().map(|(first, total)| TotalRow {
        key: TotalKey::From {
            year: first.year(),
            month: first.month().unsigned_abs(),
            day: first.day().unsigned_abs(),
        },
        total,
    });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::sqlite::SqliteCatalogue;

    /// Words, signs that mean something to the index or to `LIKE`, and letters of many scripts.
    fn typed() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-z]{1,6}",
            Just("\"".to_owned()),
            Just(" AND NOT ".to_owned()),
            Just("NEAR(a b, 2)".to_owned()),
            Just("host:^x*".to_owned()),
            Just("\0".to_owned()),
            Just("\u{345}\u{24b6}\u{301}".to_owned()),
            "\\PC{0,4}",
        ];
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_is_an_error_of_the_index(text in typed()) {
            thread_local! {
                static CATALOGUE: (tempfile::TempDir, SqliteCatalogue) = {
                    let folder = tempfile::tempdir().expect("a folder");
                    let made = SqliteCatalogue::open_or_create(folder.path());
                    (folder, made.expect("created"))
                };
            }
            CATALOGUE.with(|(_folder, catalogue)| {
                let filter = ReportFilter {
                    text: BoundedText::cut(text.as_str()),
                    ..ReportFilter::default()
                };
                let first = Page { first: 0, rows: 10 };
                let found = page(&catalogue.connection, &filter, ReportSort::default(), first);
                prop_assert!(found.is_ok(), "{:?}", found);
                let offered = choices(&catalogue.connection, Choice::Host, &text);
                prop_assert!(offered.is_ok(), "{:?}", offered);
                Ok(())
            })?;
        }
    }

    #[test]
    fn weeks_begin_on_monday() {
        let day = |day| Date::new(2026, 11, day).expect("a day");
        assert_eq!(monday(day(29)), day(23));
        assert_eq!(monday(day(30)), day(30));
    }
}
