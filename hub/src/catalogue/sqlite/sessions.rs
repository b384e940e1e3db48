//! Sessions as rows.

use std::path::PathBuf;

use protocol::{EndedBy, SessionId};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::members::PRESENT;
use crate::catalogue::{CatalogueError, SessionRow, Worked};

const COLUMNS: &str = "id, operator_name, host, requester, ticket, started_at, ended_at, \
                       ended_by, film, film_bytes, film_head";

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        id: SessionId(row.get::<_, i64>(0)?.cast_unsigned()),
        operator: row.get(1)?,
        host: row.get(2)?,
        requester: row.get(3)?,
        ticket: row.get(4)?,
        started_unix_millis: row.get(5)?,
        ended_unix_millis: row.get(6)?,
        ended_by: row.get::<_, Option<i64>>(7)?.and_then(ended_by_from_number),
        film: PathBuf::from(row.get::<_, String>(8)?),
        film_bytes: row.get::<_, Option<i64>>(9)?.map(i64::cast_unsigned),
        film_head: row.get(10)?,
    })
}

const ENDINGS: [EndedBy; 9] = [
    EndedBy::User,
    EndedBy::Operator,
    EndedBy::HostLost,
    EndedBy::OperatorLost,
    EndedBy::CannotRecord,
    EndedBy::HubStopped,
    EndedBy::Forged,
    EndedBy::NoCapture,
    EndedBy::Administrator,
];

// INVARIANT: these numbers stand in data bases.
pub(super) fn ended_by_number(by: EndedBy) -> i64 {
    match by {
        EndedBy::User => 1,
        EndedBy::Operator => 2,
        EndedBy::HostLost => 3,
        EndedBy::OperatorLost => 4,
        EndedBy::CannotRecord => 5,
        EndedBy::HubStopped => 6,
        EndedBy::Forged => 7,
        EndedBy::NoCapture => 8,
        EndedBy::Administrator => 9,
    }
}

pub(super) fn ended_by_from_number(number: i64) -> Option<EndedBy> {
    ENDINGS
        .into_iter()
        .find(|by| ended_by_number(*by) == number)
}

pub(super) fn last(connection: &Connection) -> Result<Option<SessionId>, CatalogueError> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'session'";
    let last: Option<i64> = connection.query_row(sql, (), |row| row.get(0)).optional()?;
    Ok(last.map(|last| SessionId(last.cast_unsigned())))
}

pub(super) fn all(connection: &Connection, limit: u32) -> Result<Vec<SessionRow>, CatalogueError> {
    let sql =
        format!("SELECT {COLUMNS} FROM session WHERE film IS NOT NULL ORDER BY id DESC LIMIT ?1");
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([limit], session)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn one(connection: &Connection, id: SessionId) -> Result<SessionRow, CatalogueError> {
    let sql = format!("SELECT {COLUMNS} FROM session WHERE id = ?1 AND film IS NOT NULL");
    connection
        .query_row(&sql, [id.0.cast_signed()], session)
        .optional()?
        .ok_or_else(|| CatalogueError::Rule(format!("there is no film with the number {id}")))
}

pub(super) fn interrupted(connection: &Connection) -> Result<Vec<SessionRow>, CatalogueError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM session WHERE state = 1 AND NOT (\
         EXISTS (SELECT 1 FROM host_place AS host WHERE host.peer = session.host_place) AND \
         EXISTS (SELECT 1 FROM {PRESENT} WHERE member.session = session.id AND left_at IS NULL)) \
         ORDER BY id"
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map((), session)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn drop_unanswered(connection: &Connection) -> Result<(), CatalogueError> {
    let sql = "UPDATE session SET state = 3 WHERE state = 0";
    connection.execute(sql, ())?;
    Ok(())
}

/// Notes time that passed.
pub(super) fn worked(t: &Connection, id: SessionId, worked: Worked) -> Result<(), CatalogueError> {
    let id = id.0.cast_signed();
    t.prepare_cached(
        "UPDATE session SET active_seconds = active_seconds + ?2, \
         idle_seconds = idle_seconds + ?3, paused_seconds = paused_seconds + ?4, \
         controlled = controlled OR ?5 WHERE id = ?1",
    )?
    .execute((
        id,
        worked.active_seconds,
        worked.idle_seconds,
        worked.paused_seconds,
        worked.controlled,
    ))?;
    t.prepare_cached(
        "UPDATE report_row SET (lasted, active, idle, paused) = \
         (SELECT lasted, active, idle, paused FROM report_now WHERE session = ?1) \
         WHERE session = ?1",
    )?
    .execute([id])?;
    Ok(())
}

/// Accounts for what nobody saw pass in a session that is over: the hub was down then.
pub(super) fn account_for_all(t: &Connection, id: SessionId) -> Result<(), CatalogueError> {
    /// The time from the last note to the end of a session that ends while the hub is up.
    const UNSEEN: &str = "5";
    let unseen = "(ended_at - started_at) / 1000 - active_seconds - idle_seconds - paused_seconds";
    let sql = format!(
        "UPDATE session SET idle_seconds = idle_seconds + iif(rest > {UNSEEN}, 0, rest), \
         paused_seconds = paused_seconds + iif(rest > {UNSEEN}, rest, 0) \
         FROM (SELECT id AS ended, max(0, {unseen}) AS rest FROM session \
               WHERE id = ?1 AND started_at IS NOT NULL) \
         WHERE id = ended"
    );
    t.prepare_cached(&sql)?.execute([id.0.cast_signed()])?;
    Ok(())
}
