//! Reports that are erased, with all that is left of them in the files.
//!
//! `SQLite` overwrites the rows that are deleted (`secure_delete`). The full-text index only notes that a
//! row is gone, and its words lie there until it is written anew; and what was overwritten in a page still
//! stands in the write-ahead log until that is emptied.

use std::time::Duration;

use protocol::{ReportId, SessionId};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _};

use super::schema::FREE_PLACES;
use super::{BUSY_TIMEOUT, receipts, report_index};
use crate::catalogue::CatalogueError;

/// How much of the index one step writes anew, in pages of about 4 kB.
const STEP_PAGES: i64 = 500;

/// Deletes a report of a session that is over and whose film is not held.
pub(super) fn erase(t: &Connection, now: i64, report: ReportId) -> Result<(), CatalogueError> {
    let id = report.0.cast_signed();
    let sql = "SELECT session.id FROM report JOIN session ON session.id = report.session \
               WHERE report.id = ?1 AND session.state = 2 AND held_at IS NULL";
    let session: Option<i64> = t.query_row(sql, [id], |row| row.get(0)).optional()?;
    let Some(session) = session else {
        let rule = format!("there is no report {report} whose session is over and film not held");
        return Err(CatalogueError::Rule(rule));
    };
    report_index::forget(t, SessionId(session.cast_unsigned()))?;
    t.execute("DELETE FROM correction WHERE report = ?1", [id])?;
    t.execute("DELETE FROM chat WHERE session = ?1", [session])?;
    receipts::forget_files(t, SessionId(session.cast_unsigned()))?;
    t.execute("DELETE FROM report WHERE id = ?1", [id])?;
    let sql = "INSERT INTO erased_report (report, at) VALUES (?1, ?2)";
    t.execute(sql, (id, now))?;
    note_erased(t)
}

/// What was deleted with words of reports or chat is to be overwritten.
pub(super) fn note_erased(t: &Connection) -> Result<(), CatalogueError> {
    t.execute("INSERT INTO erased_words DEFAULT VALUES", ())?;
    Ok(())
}

/// How often [`note_erased`] was called.
pub(super) fn count(c: &Connection) -> Result<u64, CatalogueError> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'erased_words'";
    let last: Option<i64> = c.query_row(sql, (), |row| row.get(0)).optional()?;
    Ok(last.unwrap_or(0).cast_unsigned())
}

pub(super) fn finished_before(
    c: &Connection,
    unix_millis: i64,
) -> Result<Vec<ReportId>, CatalogueError> {
    let mut statement = c.prepare_cached(
        "SELECT report.id FROM report JOIN session ON session.id = report.session \
         WHERE finished = 1 AND saved_at < ?1 AND session.state = 2 AND held_at IS NULL \
         ORDER BY saved_at",
    )?;
    let rows = statement.query_map([unix_millis], |row| row.get::<_, i64>(0))?;
    let ids = rows.map(|id| Ok(ReportId(id?.cast_unsigned())));
    ids.collect()
}

/// Takes a step; whether there is more to do.
pub(super) fn overwrite(c: &Connection) -> Result<bool, CatalogueError> {
    // what is erased while the step is taken has another one
    let last: Option<i64> = c.query_row(
        "SELECT max(id) FROM erased_words WHERE id > ?1",
        [FREE_PLACES],
        |row| row.get(0),
    )?;
    let Some(last) = last else {
        return Ok(false);
    };
    let changes = c.total_changes();
    // a number below zero goes on until one segment is left, without any row that is gone
    let sql = "INSERT INTO report_text (report_text, rank) VALUES ('merge', ?1)";
    c.execute(sql, [-STEP_PAGES])?;
    // the command itself counts as one
    if c.total_changes() - changes > 1 {
        return Ok(true);
    }
    if log_is_emptied(c)? {
        let sql = "DELETE FROM erased_words WHERE id > ?1 AND id <= ?2";
        c.execute(sql, (FREE_PLACES, last))?;
    }
    Ok(false)
}

/// Empties the write-ahead log unless somebody reads what is in it, and waits for nobody: while `SQLite` waits
/// here, nobody can write.
fn log_is_emptied(c: &Connection) -> Result<bool, CatalogueError> {
    c.busy_timeout(Duration::ZERO)?;
    let is_busy = c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| {
        row.get::<_, bool>(0)
    });
    c.busy_timeout(BUSY_TIMEOUT)?;
    match is_busy {
        Ok(is_busy) => Ok(!is_busy),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
