//! The numbers of the administration's first page.

use protocol::admin::desk::Today;
use rusqlite::Connection;

use crate::catalogue::CatalogueError;

pub(super) fn today(connection: &Connection, since: i64) -> Result<Today, CatalogueError> {
    let count = |sql: &str| -> rusqlite::Result<u64> {
        let mut statement = connection.prepare_cached(sql)?;
        let count: i64 = statement.query_row([since], |row| row.get(0))?;
        Ok(count.max(0).cast_unsigned())
    };
    let few = |sql: &str| count(sql).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    Ok(Today {
        tickets: few("SELECT count(*) FROM ticket WHERE created_at >= ?1")?,
        sessions: few("SELECT count(*) FROM session WHERE started_at >= ?1")?,
        session_seconds: count(
            "SELECT coalesce(sum(ended_at - started_at), 0) / 1000 FROM session
             WHERE started_at >= ?1 AND ended_at IS NOT NULL",
        )?,
        reports_finished: few("SELECT count(*) FROM report WHERE finished = 1 AND saved_at >= ?1")?,
        // of all days: they wait to be written
        reports_open: few("SELECT count(*) FROM report WHERE finished = 0 AND ?1 IS NOT NULL")?,
        refused_log_ins: few(
            "SELECT count(*) FROM audit WHERE at >= ?1 AND action = 'log_in.refused'",
        )?,
    })
}
