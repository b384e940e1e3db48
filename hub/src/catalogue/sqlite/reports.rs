//! Reports as rows.

use protocol::admin::Page;
use protocol::admin::reports::{FieldValue, Ledger, WholeReport};
use protocol::{BoundedText, ReportDraft, ReportFacts, ReportId, Rights, SessionId, TicketRoute};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{chat, corrections, receipts, report_index, report_list};
use crate::catalogue::{AccountId, CatalogueError, Clues, ReportSheet, ReportStanding};

/// How many earlier reports one shows.
const MOST_EARLIER: u16 = 20;
/// Most drafts given to a console at once, and most bytes of text in them: one control message has
/// to hold them.
const MAX_DRAFTS: u32 = 200;
const MAX_DRAFTS_BYTES: usize = 200 * 1024;

const SELECT: &str = "SELECT session.id, requester, operator_name, host, ticket, started_at, \
                      ended_at, problem, solution, category, notes, finished, saved_at, report.id \
                      FROM report JOIN session ON session.id = report.session";

/// What the hub knows of an assistance, and what the operator wrote.
fn facts_and_draft(row: &Row<'_>) -> rusqlite::Result<(ReportFacts, ReportDraft)> {
    let started: i64 = row.get(5)?;
    // a session that still runs has lasted up to now, which nobody needs to know to the second
    let ended = row.get::<_, Option<i64>>(6)?.unwrap_or(started);
    Ok((
        ReportFacts {
            report: ReportId(row.get::<_, i64>(13)?.cast_unsigned()),
            session: SessionId(row.get::<_, i64>(0)?.cast_unsigned()),
            requester: BoundedText::cut(row.get::<_, String>(1)?),
            operator: BoundedText::cut(row.get::<_, String>(2)?),
            host: BoundedText::cut(row.get::<_, String>(3)?),
            ticket: row.get::<_, Option<u32>>(4)?.and_then(TicketRoute::new),
            started_unix_seconds: started.div_euclid(1000),
            ended_unix_seconds: ended.div_euclid(1000),
        },
        ReportDraft {
            problem: BoundedText::cut(row.get::<_, String>(7)?),
            solution: BoundedText::cut(row.get::<_, String>(8)?),
            category: BoundedText::cut(row.get::<_, String>(9)?),
            notes: BoundedText::cut(row.get::<_, String>(10)?),
        },
    ))
}

fn draft_bytes(draft: &ReportDraft) -> usize {
    // the facts beside a draft are small and bounded
    1024 + draft.problem.len() + draft.solution.len() + draft.category.len() + draft.notes.len()
}

pub(super) fn standing(
    connection: &Connection,
    id: ReportId,
) -> Result<Option<ReportStanding>, CatalogueError> {
    let sql = "SELECT operator, finished, state < 2, held_at IS NOT NULL FROM report \
               JOIN session ON session.id = report.session WHERE report.id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement
        .query_row([id.0.cast_signed()], |row| {
            Ok(ReportStanding {
                owner: AccountId(row.get(0)?),
                finished: row.get(1)?,
                running: row.get(2)?,
                held: row.get(3)?,
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
        let (facts, draft) = facts_and_draft(row)?;
        bytes += draft_bytes(&draft);
        if bytes > MAX_DRAFTS_BYTES {
            break;
        }
        drafts.push((facts, draft));
    }
    Ok(drafts)
}

/// One report with its newest words.
pub(super) fn sheet(c: &Connection, id: ReportId) -> Result<Option<ReportSheet>, CatalogueError> {
    let sql = format!("{SELECT} WHERE report.id = ?1");
    let found = c
        .prepare_cached(&sql)?
        .query_row([id.0.cast_signed()], |row| {
            let (finished, saved) = (row.get(11)?, row.get(12)?);
            Ok((facts_and_draft(row)?, finished, saved))
        })
        .optional()?;
    let Some(((facts, written), finished, saved_unix_millis)) = found else {
        return Ok(None);
    };
    let corrections = corrections::count(c, id)?;
    let (draft, fields) =
        corrections::version(c, id, corrections)?.unwrap_or((written, Vec::new()));
    Ok(Some(ReportSheet {
        facts,
        draft,
        fields,
        finished,
        saved_unix_millis,
        ledger: ledger(c, id)?,
        corrections,
        feedback: receipts::feedback(c, id)?,
    }))
}

/// One report with everything known of it.
pub(super) fn whole(c: &Connection, id: ReportId) -> Result<Option<WholeReport>, CatalogueError> {
    let Some(sheet) = sheet(c, id)? else {
        return Ok(None);
    };
    let first_lines = Page {
        first: 0,
        rows: Page::MOST,
    };
    Ok(Some(WholeReport {
        corrections: corrections::all(c, id)?,
        chat: chat::page(c, sheet.facts.session, first_lines)?,
        earlier: report_list::earlier(c, id, None, MOST_EARLIER)?,
        facts: sheet.facts,
        draft: sheet.draft,
        fields: sheet.fields,
        finished: sheet.finished,
        saved_unix_millis: sheet.saved_unix_millis,
        ledger: sheet.ledger,
        feedback: sheet.feedback,
    }))
}

/// What is known of a report while `writer` writes it.
pub(super) fn clues(
    c: &Connection,
    id: ReportId,
    writer: AccountId,
) -> Result<Option<Clues>, CatalogueError> {
    let Some(sheet) = sheet(c, id)? else {
        return Ok(None);
    };
    let session = sheet.facts.session;
    let sql = "SELECT rights FROM member WHERE session = ?1";
    let mut statement = c.prepare_cached(sql)?;
    let given = statement.query_map([session.0.cast_signed()], |row| {
        Ok(Rights::from_bits(row.get(0)?))
    })?;
    let mut rights = Rights::NONE;
    for given in given {
        rights = rights.with(given?);
    }
    Ok(Some(Clues {
        user_said: chat::first_words_of_user(c, session)?,
        rights,
        ledger: sheet.ledger,
        fields: sheet.fields,
        earlier: report_list::earlier(c, id, Some(writer), MOST_EARLIER)?,
        feedback: sheet.feedback,
    }))
}

fn ledger(c: &Connection, id: ReportId) -> Result<Ledger, CatalogueError> {
    let sql = "SELECT lasted, waiting, active, idle, paused FROM report_now WHERE report = ?1";
    let ledger = c
        .prepare_cached(sql)?
        .query_row([id.0.cast_signed()], |row| {
            Ok(Ledger {
                connected_seconds: row.get(0)?,
                waiting_seconds: row.get(1)?,
                active_seconds: row.get(2)?,
                idle_seconds: row.get(3)?,
                paused_seconds: row.get(4)?,
            })
        })?;
    Ok(ledger)
}

/// The session of a report.
pub(super) fn session_of(c: &Connection, id: ReportId) -> Result<SessionId, CatalogueError> {
    let session = c
        .prepare_cached("SELECT session FROM report WHERE id = ?1")?
        .query_row([id.0.cast_signed()], |row| row.get::<_, i64>(0))
        .optional()?;
    match session {
        Some(session) => Ok(SessionId(session.cast_unsigned())),
        None => Err(is_missing(id)),
    }
}

fn is_missing(id: ReportId) -> CatalogueError {
    CatalogueError::Rule(format!("there is no report with the number {id}"))
}

/// Stores what the operator wrote, if the report is not finished.
pub(super) fn save(
    t: &Connection,
    id: ReportId,
    draft: &ReportDraft,
    finished: bool,
    now: i64,
) -> Result<(), CatalogueError> {
    let changed = t.execute(
        "UPDATE report SET problem = ?2, solution = ?3, category = ?4, notes = ?5, \
         finished = ?6, saved_at = ?7 WHERE id = ?1 AND finished = 0",
        (
            id.0.cast_signed(),
            draft.problem.as_str(),
            draft.solution.as_str(),
            draft.category.as_str(),
            draft.notes.as_str(),
            finished,
            now,
        ),
    )?;
    be_unfinished(changed, id)?;
    report_index::refresh_report(t, id)
}

/// Stores what the operator filled in, if the report is not finished.
pub(super) fn fill_fields(
    t: &Connection,
    id: ReportId,
    fields: &[FieldValue],
) -> Result<(), CatalogueError> {
    let changed = t.execute(
        "UPDATE report SET fields = ?2 WHERE id = ?1 AND finished = 0",
        (id.0.cast_signed(), fields_to_json(fields)),
    )?;
    be_unfinished(changed, id)?;
    report_index::refresh_report(t, id)
}

fn be_unfinished(changed: usize, id: ReportId) -> Result<(), CatalogueError> {
    if changed == 0 {
        let rule = format!("there is no unfinished report with the number {id}");
        return Err(CatalogueError::Rule(rule));
    }
    Ok(())
}

pub(super) fn fields_to_json(fields: &[FieldValue]) -> String {
    serde_json::json!(fields).to_string()
}

pub(super) fn fields_from_json(json: &str) -> Vec<FieldValue> {
    serde_json::from_str(json).unwrap_or_default()
}

/// The highest report number ever given.
pub(super) fn last(connection: &Connection) -> Result<Option<ReportId>, CatalogueError> {
    let sql = "SELECT max(id) FROM (SELECT max(id) AS id FROM report \
               UNION ALL SELECT max(report) FROM erased_report)";
    let last: Option<i64> = connection.query_row(sql, (), |row| row.get(0))?;
    Ok(last.map(|last| ReportId(last.cast_unsigned())))
}

pub(super) fn are_there(c: &Connection, ids: &[ReportId]) -> Result<bool, CatalogueError> {
    let mut statement = c.prepare_cached("SELECT 1 FROM report WHERE id = ?1")?;
    for id in ids {
        if !statement.exists([id.0.cast_signed()])? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn of_session(
    connection: &Connection,
    id: SessionId,
) -> Result<Option<ReportId>, CatalogueError> {
    let sql = "SELECT id FROM report WHERE session = ?1";
    let found = connection
        .query_row(sql, [id.0.cast_signed()], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(found.map(|id| ReportId(id.cast_unsigned())))
}
