//! The tables of a recording, and how one is recognised.

use std::path::Path;
use std::time::Duration;

use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

use crate::chain::ChainHead;
use crate::entry::{MAX_META_TEXT_BYTES, MAX_PAYLOAD_BYTES, RecordingMeta};
use crate::recorder::RecordError;

/// Marks a `SQLite` file as a recording: `PHDr`.
pub const APPLICATION_ID: i32 = 0x5048_4472;
/// The version of the file format this build writes, and the newest it reads. It reads all before it.
///
/// Versions 2 and 3 have more kinds of events than the one before, version 2 also more rights; they are the
/// same otherwise.
pub const FORMAT_VERSION: i32 = 3;

// A row with all its columns; SQLite itself refuses larger ones.
const MAX_ROW_BYTES: usize = MAX_PAYLOAD_BYTES + 64 * 1024;
// Only a checkpoint or the recovery after a crash makes anybody wait, and neither takes long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A commit does not wait for the disk; a checkpoint does.
pub(crate) const SYNCHRONOUS: &str = "NORMAL";
/// What `SQLite` keeps of a recording that is being written.
const WRITER_CACHE_KIB: i32 = 128;

/// Everything in the schema, in the order it is created: name and SQL.
///
/// A file is taken for a recording only if its schema is exactly this; so no view or trigger in a
/// hostile file ever runs.
const SCHEMA: [(&str, &str); 5] = [
    (
        "meta",
        "CREATE TABLE meta (\
            id INTEGER PRIMARY KEY CHECK (id = 0), \
            session INTEGER NOT NULL, \
            operator TEXT NOT NULL, \
            requester TEXT NOT NULL, \
            host TEXT NOT NULL, \
            ticket INTEGER, \
            started_unix_millis INTEGER NOT NULL, \
            hub_version TEXT NOT NULL, \
            chain BLOB NOT NULL) STRICT",
    ),
    (
        "entry",
        "CREATE TABLE entry (\
            id INTEGER PRIMARY KEY, \
            at_micros INTEGER NOT NULL, \
            kind INTEGER NOT NULL, \
            seq INTEGER NOT NULL, \
            is_reset INTEGER NOT NULL, \
            chain BLOB NOT NULL, \
            body BLOB NOT NULL) STRICT",
    ),
    (
        "entry_by_time",
        "CREATE INDEX entry_by_time ON entry (at_micros)",
    ),
    (
        "entry_resets",
        "CREATE INDEX entry_resets ON entry (id) WHERE is_reset = 1",
    ),
    (
        "entry_timeline",
        "CREATE INDEX entry_timeline ON entry (id) WHERE kind >= 3",
    ),
];

/// A file could not be opened as a recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    #[error("the file cannot be read")]
    Unreadable(#[source] std::io::Error),
    #[error("the file is no recording")]
    NotARecording,
    #[error("the recording has format {found}, this program knows formats up to {FORMAT_VERSION}")]
    NewerVersion { found: i32 },
    #[error("the recording is finished, nothing can be appended")]
    Finished,
    #[error("the recording cannot be continued")]
    NotContinued(#[from] RecordError),
    #[error("the recording is damaged")]
    Damaged(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
            return Self::NotARecording;
        }
        Self::Damaged(error)
    }
}

/// Creates the tables in the empty database `connection` and puts `meta` into them.
pub(crate) fn create(connection: &mut Connection, meta: &RecordingMeta) -> rusqlite::Result<()> {
    set_up(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    set_up_writer(connection)?;
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
    for (_, sql) in SCHEMA {
        transaction.execute(sql, ())?;
    }
    transaction.execute(
        "INSERT INTO meta VALUES (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        rusqlite::params![
            meta.session.cast_signed(),
            meta.operator,
            meta.requester,
            meta.host,
            meta.ticket,
            meta.started_unix_millis,
            meta.hub_version,
            ChainHead::of_meta(meta).0,
        ],
    )?;
    transaction.commit()
}

/// Opens `path`, makes sure that it is a recording, and returns its meta data and their stored hash.
pub(crate) fn open(
    path: &Path,
    flags: OpenFlags,
) -> Result<(Connection, RecordingMeta, ChainHead), OpenError> {
    let file = std::fs::metadata(path).map_err(OpenError::Unreadable)?;
    if !file.is_file() {
        return Err(OpenError::NotARecording);
    }
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    set_up(&connection)?;
    let application_id: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application_id != APPLICATION_ID {
        return Err(OpenError::NotARecording);
    }
    let found: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > FORMAT_VERSION {
        return Err(OpenError::NewerVersion { found });
    }
    if found < 1 || !has_our_schema(&connection)? {
        return Err(OpenError::NotARecording);
    }
    let (meta, head) = read_meta(&connection)?.ok_or(OpenError::NotARecording)?;
    Ok((connection, meta, head))
}

/// What every connection gets before it reads anything.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    let limit = i32::try_from(MAX_ROW_BYTES).expect("the limit is far below 2 GB");
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, limit)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

/// What a connection gets that writes.
pub(crate) fn set_up_writer(connection: &Connection) -> rusqlite::Result<()> {
    // a commit survives the process; only a power failure can take more than the last seconds
    connection.pragma_update(None, "synchronous", SYNCHRONOUS)?;
    // one large update must not leave a large `-wal` behind
    connection.pragma_update(None, "journal_size_limit", 4 * MAX_PAYLOAD_BYTES)?;
    // what was appended is not read again: SQLite's 2 MiB would be most of a session's memory
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)
}

fn has_our_schema(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement =
        connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY rowid LIMIT 16")?;
    let mut rows = statement.query(())?;
    let mut expected = SCHEMA.iter();
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?.as_str_or_null();
        let sql = row.get_ref(1)?.as_str_or_null();
        match (expected.next(), name, sql) {
            (Some(ours), Ok(Some(name)), Ok(Some(sql))) if *ours == (name, sql) => {}
            _ => return Ok(false),
        }
    }
    Ok(expected.next().is_none())
}

fn read_meta(connection: &Connection) -> rusqlite::Result<Option<(RecordingMeta, ChainHead)>> {
    let sql = "SELECT session, operator, requester, host, ticket, started_unix_millis, \
               hub_version, chain FROM meta WHERE id = 0";
    let found = connection
        .query_row(sql, (), |row| {
            let meta = RecordingMeta {
                session: row.get::<_, i64>(0)?.cast_unsigned(),
                operator: row.get(1)?,
                requester: row.get(2)?,
                host: row.get(3)?,
                ticket: row.get(4)?,
                started_unix_millis: row.get(5)?,
                hub_version: row.get(6)?,
            };
            Ok((meta, ChainHead(row.get(7)?)))
        })
        .optional()?;
    Ok(found.filter(|(meta, _)| longest_text(meta) <= MAX_META_TEXT_BYTES))
}

/// The length of the longest text in `meta`, in bytes.
pub(crate) fn longest_text(meta: &RecordingMeta) -> usize {
    let texts = [
        &meta.operator,
        &meta.requester,
        &meta.host,
        &meta.hub_version,
    ];
    texts.into_iter().map(String::len).max().unwrap_or(0)
}
