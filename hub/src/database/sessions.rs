//! Sessions: the catalogue of films (D2).

use std::path::PathBuf;

use protocol::{EndedBy, SessionId};
use rusqlite::{OptionalExtension as _, Row};

use super::{Database, DatabaseError};

/// A session that ran, as the catalogue shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub id: SessionId,
    /// The operator's display name at that time.
    pub operator: String,
    pub host: String,
    pub requester: String,
    pub ticket: Option<u32>,
    pub started_unix_millis: i64,
    pub ended_unix_millis: Option<i64>,
    pub ended_by: Option<EndedBy>,
    /// The recording, relative to the data folder.
    pub film: PathBuf,
    /// Bytes recorded; known when the film is finished.
    pub film_bytes: Option<u64>,
    /// The last hash of the recording's chain; known when the film is finished.
    pub film_head: Option<[u8; 32]>,
}

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

const ENDINGS: [EndedBy; 6] = [
    EndedBy::User,
    EndedBy::Operator,
    EndedBy::HostLost,
    EndedBy::OperatorLost,
    EndedBy::CannotRecord,
    EndedBy::HubStopped,
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
    }
}

fn ended_by_from_number(number: i64) -> Option<EndedBy> {
    ENDINGS
        .into_iter()
        .find(|by| ended_by_number(*by) == number)
}

/// The word for `by` in lists and logs.
pub fn ended_by_word(by: EndedBy) -> &'static str {
    match by {
        EndedBy::User => "user",
        EndedBy::Operator => "operator",
        EndedBy::HostLost => "host lost",
        EndedBy::OperatorLost => "operator lost",
        EndedBy::CannotRecord => "cannot record",
        EndedBy::HubStopped => "hub stopped",
    }
}

impl Database {
    /// The highest session number ever given.
    pub(crate) fn last_session(&self) -> Result<SessionId, DatabaseError> {
        let last: Option<i64> = self
            .connection
            .query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = 'session'",
                (),
                |row| row.get(0),
            )
            .optional()?;
        Ok(SessionId(last.unwrap_or(0).cast_unsigned()))
    }

    /// All sessions that ran, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Sql`].
    pub fn sessions(&self, limit: u32) -> Result<Vec<SessionRow>, DatabaseError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM session WHERE film IS NOT NULL ORDER BY id DESC LIMIT ?1"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map([limit], session)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One session that ran.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Rule`] if there is none with this number.
    pub fn session(&self, id: SessionId) -> Result<SessionRow, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM session WHERE id = ?1 AND film IS NOT NULL");
        self.connection
            .query_row(&sql, [id.0.cast_signed()], session)
            .optional()?
            .ok_or_else(|| DatabaseError::Rule(format!("there is no film with the number {id}")))
    }

    /// The sessions that were running when the hub last went down without a word.
    pub(crate) fn interrupted_sessions(&self) -> Result<Vec<SessionRow>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM session WHERE state = 1 ORDER BY id");
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map((), session)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Closes the questions nobody will answer any more, at the hub's start.
    pub(crate) fn drop_unanswered_questions(&mut self) -> Result<(), DatabaseError> {
        let sql = "UPDATE session SET state = 3 WHERE state = 0";
        self.connection.execute(sql, ())?;
        Ok(())
    }
}
