//! Reading a recording, finished or not.

use std::fmt;
use std::path::Path;

use bytes::Bytes;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::chain::ChainHead;
use crate::entry::{Body, Entry, RecordingMeta};
use crate::event::Event;
use crate::gaps::Gaps;
use crate::row::{self, Row, RowError};
use crate::schema::{self, OpenError};
use crate::verify::{self, Verification};

/// The columns that [`read_row`] expects.
pub(crate) const COLUMNS: &str = "id, at_micros, kind, seq, is_reset, chain, body";

/// An entry could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    #[error("entry {entry} of the recording makes no sense")]
    Malformed { entry: u64, source: RowError },
    #[error("the recording's index is damaged")]
    Index,
    #[error("the recording cannot be read any further")]
    Storage(#[from] rusqlite::Error),
}

/// Whether the file at `path` is all of a recording that nobody writes any more. Where somebody read a
/// recording at the moment it was finished, its log is still beside it; that is put right here.
pub fn is_one_file(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let has_log = || Path::new(&log).exists();
    if !has_log() {
        return true;
    }
    let Ok((connection, _, _)) = schema::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        return false;
    };
    let finished = last_row(&connection).is_ok_and(|last| last.is_some_and(|l| is_end(l.1)));
    let moved = finished
        && connection.busy_timeout(std::time::Duration::ZERO).is_ok()
        && connection
            .pragma_update(None, "journal_mode", "DELETE")
            .is_ok();
    drop(connection);
    moved && !has_log()
}

/// A recording open for reading; also one that is just being written, up to its last commit.
///
/// Nothing in the file is changed. Its folder must be writable while it is not finished: `SQLite`
/// shares the index of the `-wal` file there.
#[derive(Debug)]
pub struct Recording {
    connection: Connection,
    meta: RecordingMeta,
    meta_head: ChainHead,
}

impl Recording {
    /// Opens the recording at `path`.
    ///
    /// # Errors
    ///
    /// [`OpenError::Unreadable`], [`OpenError::NotARecording`], [`OpenError::NewerVersion`],
    /// [`OpenError::Damaged`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (connection, meta, meta_head) = schema::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self {
            connection,
            meta,
            meta_head,
        })
    }

    /// Which session this is.
    pub fn meta(&self) -> &RecordingMeta {
        &self.meta
    }

    /// Whether the end of the session was recorded. After a crash of the hub it was not.
    ///
    /// # Errors
    ///
    /// [`ReadError::Storage`] if the file is damaged.
    pub fn is_finished(&self) -> Result<bool, ReadError> {
        Ok(last_row(&self.connection)?.is_some_and(|(_, row, _)| is_end(row)))
    }

    /// The time of the last entry, in microseconds since the session started.
    ///
    /// # Errors
    ///
    /// [`ReadError::Storage`] if the file is damaged.
    pub fn duration_micros(&self) -> Result<u64, ReadError> {
        let last = last_row(&self.connection)?;
        Ok(last.map_or(0, |(_, row, _)| u64::try_from(row.at_micros).unwrap_or(0)))
    }

    /// All entries at or after `from_micros`.
    ///
    /// # Errors
    ///
    /// [`ReadError::Storage`] if the file is damaged.
    pub fn entries(&self, from_micros: u64) -> Result<Entries<'_>, ReadError> {
        if from_micros == 0 {
            // needs no index, so that the index of a damaged file cannot hide sound entries
            return Ok(self.walk(0, Which::All));
        }
        let sql = "SELECT id FROM entry INDEXED BY entry_by_time WHERE at_micros >= ?1 \
                   ORDER BY at_micros, id LIMIT 1";
        let first = self.find_id(sql, clamp(from_micros))?;
        // beyond the end: whatever is appended from now on
        let first = match first {
            Some(id) => id,
            None => last_row(&self.connection)?.map_or(1, |(id, ..)| id.saturating_add(1)),
        };
        Ok(self.walk(first, Which::All))
    }

    /// All entries from the last screen update at or before `at_micros` that stands alone; a player
    /// that seeks begins there. From the very first entry if there is no such update.
    ///
    /// # Errors
    ///
    /// [`ReadError::Storage`] if the file is damaged.
    pub fn entries_from_reset(&self, at_micros: u64) -> Result<Entries<'_>, ReadError> {
        let sql = "SELECT id FROM entry INDEXED BY entry_by_time WHERE at_micros <= ?1 \
                   ORDER BY at_micros DESC, id DESC LIMIT 1";
        let last = self.find_id(sql, clamp(at_micros))?.unwrap_or(0);
        let sql = "SELECT id FROM entry INDEXED BY entry_resets WHERE is_reset = 1 AND id <= ?1 \
                   ORDER BY id DESC LIMIT 1";
        let first = self.find_id(sql, last)?.unwrap_or(0);
        Ok(self.walk(first, Which::All))
    }

    /// Pointer updates at or before `at_micros`, the newest first, until `enough` says that no older one is
    /// needed, and no more than `most`.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the file is damaged there.
    pub fn pointers_back_from(
        &self,
        at_micros: u64,
        most: usize,
        mut enough: impl FnMut(&Bytes) -> bool,
    ) -> Result<Vec<Bytes>, ReadError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM entry WHERE kind = ?1 AND id <= (
                 SELECT id FROM entry INDEXED BY entry_by_time WHERE at_micros <= ?2
                 ORDER BY at_micros DESC, id DESC LIMIT 1)
             ORDER BY id DESC"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query((row::KIND_POINTER, clamp(at_micros)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, row, _) = read_row(row)?;
            let decoded = row.decode().map_err(|source| ReadError::Malformed {
                entry: id.cast_unsigned(),
                source,
            })?;
            if let Body::Pointer(update) = decoded.body {
                let is_last = enough(&update) || found.len() + 1 >= most;
                found.push(update);
                if is_last {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Only the screen updates that stand alone.
    pub fn resets(&self) -> Entries<'_> {
        self.walk(0, Which::Resets)
    }

    /// Only chat and events: what a time line shows.
    pub fn timeline(&self) -> Entries<'_> {
        timeline(&self.connection)
    }

    /// The times in which a line was lost.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the file is damaged.
    pub fn gaps(&self) -> Result<Gaps, ReadError> {
        let mut gaps = Gaps::default();
        for entry in self.timeline() {
            gaps.note(&entry?);
        }
        Ok(gaps)
    }

    /// Reads the whole file and checks every hash.
    ///
    /// Takes as long as reading the file does, and sees one moment of a recording that is being
    /// written.
    pub fn verify(&self) -> Verification {
        verify::verify(&self.connection, &self.meta, self.meta_head)
    }

    /// The row with this number.
    pub(crate) fn row(&self, id: u64) -> Result<Option<Row>, ReadError> {
        let Ok(id) = i64::try_from(id) else {
            return Ok(None);
        };
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE id = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement.query_row([id], read_row).optional()?;
        Ok(found.map(|(_, row, _)| row))
    }

    fn find_id(&self, sql: &str, bound: i64) -> rusqlite::Result<Option<i64>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row([bound], |row| row.get(0)).optional()
    }

    fn walk(&self, next_id: i64, which: Which) -> Entries<'_> {
        Entries::new(&self.connection, next_id, which)
    }
}

/// Chat and events of the recording in `connection`.
pub(crate) fn timeline(connection: &Connection) -> Entries<'_> {
    Entries::new(connection, 0, Which::Timeline)
}

#[derive(Debug, Clone, Copy)]
enum Which {
    All,
    Resets,
    Timeline,
}

/// Entries in their order, read one by one.
///
/// At the end of a recording that is being written it gives `None`, and may give more after the
/// next commit. After an error it gives nothing more.
pub struct Entries<'a> {
    connection: &'a Connection,
    /// Entries before it were given already; `None` after the last that can have a number.
    next_id: Option<i64>,
    which: Which,
    broken: bool,
}

impl<'a> Entries<'a> {
    fn new(connection: &'a Connection, next_id: i64, which: Which) -> Self {
        Self {
            connection,
            next_id: Some(next_id),
            which,
            broken: false,
        }
    }

    // One query for each entry keeps one entry in memory and no read transaction open, so that a
    // slow reader never stops the writer's checkpoints.
    fn fetch(&mut self) -> Result<Option<Entry>, ReadError> {
        let Some(next_id) = self.next_id else {
            return Ok(None);
        };
        let rest = match self.which {
            Which::All => "WHERE id >= ?1",
            Which::Resets => "INDEXED BY entry_resets WHERE id >= ?1 AND is_reset = 1",
            Which::Timeline => "INDEXED BY entry_timeline WHERE id >= ?1 AND kind >= 3",
        };
        let sql = format!("SELECT {COLUMNS} FROM entry {rest} ORDER BY id LIMIT 1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let Some((id, row, _)) = statement.query_row([next_id], read_row).optional()? else {
            return Ok(None);
        };
        if id < next_id {
            // a damaged index could lead to the same entry again and again
            return Err(ReadError::Index);
        }
        self.next_id = id.checked_add(1);
        match row.decode() {
            Ok(entry) => Ok(Some(entry)),
            Err(source) => Err(ReadError::Malformed {
                entry: id.cast_unsigned(),
                source,
            }),
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken {
            return None;
        }
        let fetched = self.fetch();
        self.broken = fetched.is_err();
        fetched.transpose()
    }
}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            connection: _,
            next_id,
            which,
            broken,
        } = self;
        f.debug_struct("Entries")
            .field("next_id", next_id)
            .field("which", which)
            .field("broken", broken)
            .finish_non_exhaustive()
    }
}

/// The last row, if there is one.
pub(crate) fn last_row(connection: &Connection) -> rusqlite::Result<Option<(i64, Row, ChainHead)>> {
    let sql = format!("SELECT {COLUMNS} FROM entry ORDER BY id DESC LIMIT 1");
    connection.query_row(&sql, (), read_row).optional()
}

/// The id, the content and the stored hash in a row of [`COLUMNS`].
pub(crate) fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, Row, ChainHead)> {
    let content = Row {
        at_micros: row.get(1)?,
        kind: row.get(2)?,
        seq: row.get(3)?,
        is_reset: row.get(4)?,
        body: Bytes::from(row.get::<_, Vec<u8>>(6)?),
    };
    Ok((row.get(0)?, content, ChainHead(row.get(5)?)))
}

/// Whether `row` is the end of a session.
pub(crate) fn is_end(row: Row) -> bool {
    matches!(
        row.decode(),
        Ok(Entry {
            body: Body::Event(Event::Ended { .. }),
            ..
        })
    )
}

fn clamp(micros: u64) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX)
}
