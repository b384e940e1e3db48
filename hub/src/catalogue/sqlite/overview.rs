//! The numbers of the administration's first page.

use protocol::EndedBy;
use protocol::admin::desk::Today;
use rusqlite::{Connection, params};

use super::sessions::ended_by_number;
use crate::catalogue::{CatalogueError, FilmsOnDisk};

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

pub(super) fn films_on_disk(
    connection: &Connection,
    since: i64,
) -> Result<FilmsOnDisk, CatalogueError> {
    let sql = "SELECT count(*), coalesce(sum(film_bytes), 0),
                      coalesce(sum(film_bytes) FILTER (WHERE started_at >= ?1), 0),
                      count(*) FILTER (WHERE started_at >= ?1 AND ended_by = ?2)
               FROM session WHERE film IS NOT NULL";
    let broken = ended_by_number(EndedBy::CannotRecord);
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![since, broken], |row| {
        let number = |column| row.get::<_, i64>(column).map(|n| n.max(0).cast_unsigned());
        let few = |column| number(column).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        Ok(FilmsOnDisk {
            films: few(0)?,
            bytes: number(1)?,
            bytes_since: number(2)?,
            broken: few(3)?,
        })
    })?)
}
