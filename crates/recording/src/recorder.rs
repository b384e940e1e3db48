//! Writing a recording.

use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi, params};

use crate::chain::ChainHead;
use crate::entry::{Body, Entry, MAX_META_TEXT_BYTES, RecordingMeta};
use crate::event::{EndedBy, Event, Side};
use crate::gaps::Gaps;
use crate::reader::{is_end, last_row, timeline};
use crate::row::Row;
use crate::schema::{self, OpenError};

/// Something could not be recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    #[error("the disk is full")]
    DiskFull,
    #[error("the recording cannot be written")]
    Storage(#[source] rusqlite::Error),
    #[error("the file cannot be created")]
    Create(#[source] std::io::Error),
    #[error("{bytes} bytes are to be recorded at once, the limit is {limit}")]
    TooLarge { bytes: usize, limit: usize },
    #[error("the time {at_micros} is beyond every session")]
    TimeTooLarge { at_micros: u64 },
    #[error("no number is left for another entry")]
    NoNumberLeft,
    #[error("the recording failed before and takes nothing more")]
    Failed,
}

impl RecordError {
    /// Whether the recorder takes further entries after this error.
    pub fn is_about_this_entry_only(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::TimeTooLarge { .. })
    }
}

impl From<rusqlite::Error> for RecordError {
    fn from(error: rusqlite::Error) -> Self {
        let no_space = error.sqlite_error().is_some_and(|error| {
            // the second: there is no room for the index of the `-wal` file either
            error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
        });
        if no_space {
            Self::DiskFull
        } else {
            Self::Storage(error)
        }
    }
}

/// Writes one recording.
///
/// Every call may block for as long as the disk does; drive a recorder from a thread that may.
/// Dropping it commits what was appended and leaves the recording unfinished:
/// [`Recorder::reopen`] can go on with it.
#[derive(Debug)]
pub struct Recorder {
    connection: Connection,
    head: ChainHead,
    last_id: i64,
    last_at_micros: i64,
    bytes: u64,
    failed: bool,
}

impl Recorder {
    /// Starts a recording in a new file that only its owner can read.
    ///
    /// # Errors
    ///
    /// [`RecordError::Create`] if `path` exists or its folder cannot be written,
    /// [`RecordError::DiskFull`], [`RecordError::TooLarge`] if a text of `meta` exceeds
    /// [`MAX_META_TEXT_BYTES`], [`RecordError::Storage`].
    pub fn create(path: &Path, meta: &RecordingMeta) -> Result<Self, RecordError> {
        let longest = schema::longest_text(meta);
        if longest > MAX_META_TEXT_BYTES {
            return Err(RecordError::TooLarge {
                bytes: longest,
                limit: MAX_META_TEXT_BYTES,
            });
        }
        create_private(path).map_err(RecordError::Create)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        schema::create(&mut connection, meta)?;
        Ok(Self {
            connection,
            head: ChainHead::of_meta(meta),
            last_id: 0,
            last_at_micros: 0,
            bytes: 0,
            failed: false,
        })
    }

    /// Goes on with a recording that was not finished, for instance after a crash of the hub.
    ///
    /// At the time of the last entry it marks that the hub was lost, unless that is the last thing
    /// that is known of it, and commits the mark. When the session goes on, append [`Event::Resumed`]
    /// of [`Side::Hub`]; when it does not, [`Self::finish`].
    ///
    /// A recording of an older format becomes one of [`crate::FORMAT_VERSION`]: its entries, and their
    /// chain, stay as they are.
    ///
    /// # Errors
    ///
    /// Those of [`crate::Recording::open`], [`OpenError::Finished`], and [`OpenError::NotContinued`]
    /// where the disk takes no more.
    pub fn reopen(path: &Path) -> Result<Self, OpenError> {
        let (connection, _, meta_head) = schema::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::set_up_writer(&connection)?;
        let mut recorder = Self {
            connection,
            head: meta_head,
            last_id: 0,
            last_at_micros: 0,
            bytes: 0,
            failed: false,
        };
        if let Some((id, row, head)) = last_row(&recorder.connection)? {
            recorder.head = head;
            recorder.last_id = id;
            recorder.last_at_micros = row.at_micros;
            if is_end(row) {
                return Err(OpenError::Finished);
            }
        }
        let bytes: i64 = recorder.connection.query_row(
            "SELECT coalesce(sum(length(body)), 0) FROM entry",
            (),
            |row| row.get(0),
        )?;
        recorder.bytes = bytes.cast_unsigned();
        recorder.mark_lost_hub()?;
        Ok(recorder)
    }

    fn mark_lost_hub(&mut self) -> Result<(), RecordError> {
        let side = Side::Hub;
        let mut gaps = Gaps::default();
        // what makes no sense was there before, and `verify` names it
        for entry in timeline(&self.connection).map_while(Result::ok) {
            gaps.note(&entry);
        }
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        self.connection
            .pragma_update(None, "user_version", schema::FORMAT_VERSION)?;
        if !gaps.is_lost(&side) {
            self.append(&Entry {
                at_micros: self.last_at_micros(),
                body: Body::Event(Event::Interrupted { side }),
            })?;
        }
        self.commit()
    }

    /// Appends `entry`. It is seen by readers, and safe from a crash, after [`Self::commit`].
    ///
    /// A time earlier than the last entry's is raised to that.
    ///
    /// # Errors
    ///
    /// [`RecordError::TooLarge`] and [`RecordError::TimeTooLarge`] concern this entry alone. After
    /// every other error the recorder takes nothing more; what was committed stays.
    pub fn append(&mut self, entry: &Entry) -> Result<(), RecordError> {
        if self.failed {
            return Err(RecordError::Failed);
        }
        let mut row = Row::encode(entry)?;
        row.at_micros = row.at_micros.max(self.last_at_micros);
        // a recorder never gets that far, but it may go on with what somebody else wrote
        let id = self.last_id.checked_add(1);
        let id = id.ok_or(RecordError::NoNumberLeft)?;
        let head = self.head.with_entry(id, &row);
        if let Err(error) = self.insert(id, &row, head) {
            self.failed = true;
            return Err(error.into());
        }
        self.head = head;
        self.last_id = id;
        self.last_at_micros = row.at_micros;
        self.bytes += u64::try_from(row.body.len()).expect("a length fits 64 bits");
        Ok(())
    }

    fn insert(&self, id: i64, row: &Row, head: ChainHead) -> rusqlite::Result<()> {
        if self.connection.is_autocommit() {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
        }
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO entry (id, at_micros, kind, seq, is_reset, chain, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let body: &[u8] = &row.body;
        statement.execute(params![
            id,
            row.at_micros,
            row.kind,
            row.seq,
            row.is_reset,
            head.0,
            body
        ])?;
        Ok(())
    }

    /// Makes everything appended safe from a crash of the process and visible to readers.
    ///
    /// Not from a power failure: `SQLite` (`synchronous` is `NORMAL`, in WAL mode) does not wait for the
    /// disk here. See [`Self::sync`].
    ///
    /// # Errors
    ///
    /// [`RecordError::DiskFull`], [`RecordError::Storage`], [`RecordError::Failed`]; the recorder
    /// takes nothing more then, and what was appended since the last commit is lost.
    pub fn commit(&mut self) -> Result<(), RecordError> {
        if self.failed {
            return Err(RecordError::Failed);
        }
        if self.connection.is_autocommit() {
            return Ok(());
        }
        if let Err(error) = self.connection.execute_batch("COMMIT") {
            self.failed = true;
            return Err(error.into());
        }
        Ok(())
    }

    /// Commits, and makes everything safe from a power failure too.
    ///
    /// Costs two flushes of the disk, or one more while somebody verifies the recording; a hub that
    /// does this every few seconds loses no more than these even when its machine fails.
    ///
    /// # Errors
    ///
    /// As [`Self::commit`].
    pub fn sync(&mut self) -> Result<(), RecordError> {
        self.commit()?;
        let synced = self
            .checkpoint()
            .and_then(|is_whole| if is_whole { Ok(()) } else { self.sync_log() });
        if let Err(error) = synced {
            self.failed = true;
            return Err(error.into());
        }
        Ok(())
    }

    /// Moves the log into the file, and both to the disk; says whether that was all of it. A reader
    /// that has been at it for a while keeps what came since in the log.
    fn checkpoint(&self) -> rusqlite::Result<bool> {
        let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
        let (log, moved): (i64, i64) = self
            .connection
            .query_row(checkpoint, (), |row| Ok((row.get(1)?, row.get(2)?)))?;
        Ok(log == moved)
    }

    /// Brings the whole log to the disk, with a commit that changes nothing.
    fn sync_log(&self) -> rusqlite::Result<()> {
        // cannot be changed within a transaction
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        self.connection
            .pragma_update(None, "user_version", schema::FORMAT_VERSION)?;
        self.connection.execute_batch("COMMIT")?;
        self.connection
            .pragma_update(None, "synchronous", schema::SYNCHRONOUS)
    }

    /// Appends the end of the session, makes everything safe from a power failure, and makes the
    /// recording one file without a `-wal` beside it (unless somebody reads it just now). Returns the
    /// head of its chain, to be kept elsewhere.
    ///
    /// # Errors
    ///
    /// As [`Self::commit`]; the recording is left unfinished then.
    pub fn finish(mut self, by: EndedBy, at_micros: u64) -> Result<ChainHead, RecordError> {
        self.commit()?;
        // so that the commit below waits for the disk, also where a reader keeps the log
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.append(&Entry {
            at_micros,
            body: Body::Event(Event::Ended { by }),
        })?;
        self.commit()?;
        // A reader keeps the file in WAL mode; that is as good, only not as tidy, so there is
        // nothing to wait for and nothing to report.
        self.connection.busy_timeout(std::time::Duration::ZERO)?;
        match self
            .connection
            .pragma_update(None, "journal_mode", "DELETE")
        {
            Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => {
                Err(error.into())
            }
            _ => Ok(self.head),
        }
    }

    /// The head of the chain over everything appended so far.
    pub fn head(&self) -> ChainHead {
        self.head
    }

    /// The time of the last entry, in microseconds since the session started: later ones are no
    /// earlier.
    pub fn last_at_micros(&self) -> u64 {
        u64::try_from(self.last_at_micros).unwrap_or(0)
    }

    /// The bytes of everything appended so far, without the container's own few percent.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Makes an empty file for its owner only, whatever the umask is; `SQLite` gives the same mode to
/// those it puts beside it.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    let file = File::create_new(path)?;
    #[cfg(unix)]
    {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        file.set_permissions(private)?;
    }
    drop(file);
    Ok(())
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // nobody is left to be told
        drop(self.commit());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recording;

    #[test]
    fn a_full_disk_is_told_and_costs_only_what_was_not_committed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("1.film");
        let meta = RecordingMeta {
            session: 1,
            operator: "Ada".to_owned(),
            requester: "Bob".to_owned(),
            host: "bobs-pc".to_owned(),
            ticket: None,
            started_unix_millis: 0,
            hub_version: "0.1.0".to_owned(),
        };
        let mut recorder = Recorder::create(&path, &meta).expect("a new recording");
        recorder
            .connection
            .pragma_update(None, "max_page_count", 64)
            .expect("a small disk");
        let entry = |at_micros| Entry {
            at_micros,
            body: Body::Pointer(vec![7; 10_000].into()),
        };
        let mut committed = 0;
        let error = loop {
            if let Err(error) = recorder.append(&entry(committed)) {
                break error;
            }
            if let Err(error) = recorder.commit() {
                break error;
            }
            committed += 1;
        };
        assert!(matches!(error, RecordError::DiskFull), "{error:?}");
        assert!(committed > 10, "the small disk held {committed} entries");
        let error = recorder.append(&entry(0)).expect_err("it failed before");
        assert!(matches!(error, RecordError::Failed), "{error:?}");
        drop(recorder);

        let found = Recording::open(&path).expect("still a recording").verify();
        assert_eq!(
            (found.entries, found.intact, found.finished),
            (committed, true, false)
        );
    }
}
