//! What reports are found by: a small row and the words of each, made anew when something changes.
//!
//! INVARIANT: whoever changes a report, or what it shows of its session, refreshes it in the same
//! transaction.

use protocol::{ReportId, SessionId};
use rusqlite::{Connection, OptionalExtension as _};

use super::{receipts, reports};
use crate::catalogue::CatalogueError;

/// As much of a session's chat can be found, in bytes.
const MOST_CHAT_BYTES: usize = 1024 * 1024;

/// Makes anew what the report of `session` is found by.
pub(super) fn refresh(t: &Connection, session: SessionId) -> Result<(), CatalogueError> {
    match report_of(t, session)? {
        Some(report) => refresh_report(t, report),
        None => Ok(()),
    }
}

/// As [`refresh`], by the report's number.
pub(super) fn refresh_report(t: &Connection, report: ReportId) -> Result<(), CatalogueError> {
    let id = report.0.cast_signed();
    t.prepare_cached(
        "INSERT OR REPLACE INTO report_row SELECT report, session, started, lasted, waiting, \
         active, idle, paused, owner, operators, requester, host, category, finished, \
         corrections, account FROM report_now WHERE report = ?1",
    )?
    .execute([id])?;
    let words = t
        .prepare_cached(
            "SELECT session, problem, solution, notes, fields, \
             requester || ' ' || operators, host, category FROM report_now WHERE report = ?1",
        )?
        .query_row([id], |row| {
            let session = SessionId(row.get::<_, i64>(0)?.cast_unsigned());
            let mut texts = Vec::new();
            for column in 1..8 {
                texts.push(row.get::<_, String>(column)?);
            }
            Ok((session, texts))
        })
        .optional()?;
    forget_words(t, report)?;
    let Some((session, texts)) = words else {
        return Ok(());
    };
    let [problem, solution, notes, fields, people, host, category] = &texts[..] else {
        return Ok(());
    };
    let fields = reports::fields_from_json(fields);
    let opinion = receipts::feedback(t, report)?.map(|feedback| feedback.words);
    let fields: Vec<&str> = fields.iter().map(|field| field.value.as_str()).collect();
    t.prepare_cached(
        "INSERT INTO report_text \
         (rowid, problem, solution, notes, chat, fields, people, host, category) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute((
        id,
        problem,
        solution,
        notes,
        // what the user says of it is found where they say the rest
        said(t, session)? + opinion.as_deref().unwrap_or_default(),
        fields.join("\n"),
        people,
        host,
        category,
    ))?;
    Ok(())
}

/// Takes out what the report of `session` is found by.
pub(super) fn forget(t: &Connection, session: SessionId) -> Result<(), CatalogueError> {
    if let Some(report) = report_of(t, session)? {
        forget_words(t, report)?;
        let sql = "DELETE FROM report_row WHERE report = ?1";
        t.execute(sql, [report.0.cast_signed()])?;
    }
    Ok(())
}

fn forget_words(t: &Connection, report: ReportId) -> Result<(), CatalogueError> {
    t.prepare_cached("DELETE FROM report_text WHERE rowid = ?1")?
        .execute([report.0.cast_signed()])?;
    Ok(())
}

fn report_of(t: &Connection, session: SessionId) -> Result<Option<ReportId>, CatalogueError> {
    let found = t
        .prepare_cached("SELECT id FROM report WHERE session = ?1")?
        .query_row([session.0.cast_signed()], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(found.map(|id| ReportId(id.cast_unsigned())))
}

/// All that was said in `session`, as far as it can be found.
fn said(t: &Connection, session: SessionId) -> Result<String, CatalogueError> {
    let mut statement = t.prepare_cached("SELECT text FROM chat WHERE session = ?1 ORDER BY id")?;
    let mut rows = statement.query([session.0.cast_signed()])?;
    let mut said = String::new();
    while let Some(row) = rows.next()? {
        if said.len() > MOST_CHAT_BYTES {
            break;
        }
        said.push_str(row.get_ref(0)?.as_str().unwrap_or_default());
        said.push('\n');
    }
    Ok(said)
}
