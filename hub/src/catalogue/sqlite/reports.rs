//! Reports as rows.

use protocol::{BoundedText, ReportDraft, ReportFacts, ReportId, SessionId, TicketRoute};
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::catalogue::{AccountId, CatalogueError, ReportStanding, StoredReport};

/// Most drafts given to a console at once, and most bytes of text in them: one control message has
/// to hold them.
const MAX_DRAFTS: u32 = 200;
const MAX_DRAFTS_BYTES: usize = 200 * 1024;

const SELECT: &str = "SELECT session.id, requester, operator_name, host, ticket, started_at, \
                      ended_at, problem, solution, category, notes, finished, saved_at, report.id \
                      FROM report JOIN session ON session.id = report.session";

fn report(row: &Row<'_>) -> rusqlite::Result<StoredReport> {
    let started: i64 = row.get(5)?;
    // a session that still runs has lasted up to now, which nobody needs to know to the second
    let ended = row.get::<_, Option<i64>>(6)?.unwrap_or(started);
    Ok(StoredReport {
        facts: ReportFacts {
            report: ReportId(row.get::<_, i64>(13)?.cast_unsigned()),
            session: SessionId(row.get::<_, i64>(0)?.cast_unsigned()),
            requester: BoundedText::cut(row.get::<_, String>(1)?),
            operator: BoundedText::cut(row.get::<_, String>(2)?),
            host: BoundedText::cut(row.get::<_, String>(3)?),
            ticket: row.get::<_, Option<u32>>(4)?.and_then(TicketRoute::new),
            started_unix_seconds: started.div_euclid(1000),
            ended_unix_seconds: ended.div_euclid(1000),
        },
        draft: ReportDraft {
            problem: BoundedText::cut(row.get::<_, String>(7)?),
            solution: BoundedText::cut(row.get::<_, String>(8)?),
            category: BoundedText::cut(row.get::<_, String>(9)?),
            notes: BoundedText::cut(row.get::<_, String>(10)?),
        },
        finished: row.get(11)?,
        saved_unix_millis: row.get(12)?,
    })
}

fn draft_bytes(draft: &ReportDraft) -> usize {
    // the facts beside a draft are small and bounded
    1024 + draft.problem.len() + draft.solution.len() + draft.category.len() + draft.notes.len()
}

pub(super) fn standing(
    connection: &Connection,
    id: ReportId,
) -> Result<Option<ReportStanding>, CatalogueError> {
    let sql = "SELECT operator, finished FROM report \
               JOIN session ON session.id = report.session WHERE report.id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement
        .query_row([id.0.cast_signed()], |row| {
            Ok(ReportStanding {
                owner: AccountId(row.get(0)?),
                finished: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found)
}

pub(super) fn drafts(
    connection: &Connection,
    owner: AccountId,
) -> Result<Vec<(ReportFacts, ReportDraft)>, CatalogueError> {
    let sql = format!(
        "{SELECT} WHERE report.finished = 0 AND session.operator = ?1 AND session.state = 2 \
         ORDER BY session.id DESC LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((owner.0, MAX_DRAFTS))?;
    let (mut drafts, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let found = report(row)?;
        bytes += draft_bytes(&found.draft);
        if bytes > MAX_DRAFTS_BYTES {
            break;
        }
        drafts.push((found.facts, found.draft));
    }
    Ok(drafts)
}

pub(super) fn all(
    connection: &Connection,
    limit: u32,
) -> Result<Vec<StoredReport>, CatalogueError> {
    let sql = format!("{SELECT} ORDER BY session.id DESC LIMIT ?1");
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([limit], report)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn one(connection: &Connection, id: ReportId) -> Result<StoredReport, CatalogueError> {
    let sql = format!("{SELECT} WHERE report.id = ?1");
    connection
        .query_row(&sql, [id.0.cast_signed()], report)
        .optional()?
        .ok_or_else(|| CatalogueError::Rule(format!("there is no report with the number {id}")))
}

/// The highest report number ever given.
pub(super) fn last(connection: &Connection) -> Result<Option<ReportId>, CatalogueError> {
    let sql = "SELECT max(id) FROM report";
    let last: Option<i64> = connection.query_row(sql, (), |row| row.get(0))?;
    Ok(last.map(|last| ReportId(last.cast_unsigned())))
}
