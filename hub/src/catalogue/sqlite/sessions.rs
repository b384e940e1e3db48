//! Sessions as rows.

use std::path::PathBuf;

use protocol::{EndedBy, SessionId};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::members::PRESENT;
use crate::catalogue::{CatalogueError, SessionRow};

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
