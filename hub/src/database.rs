//! `hub.db`: everything the hub must remember, in one `SQLite` file.
//!
//! Each change and its row in the audit log are one transaction (D4). The server reaches it through
//! the [`store`](crate::store) thread; the command line opens it directly, also while a server runs.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod changes;
pub(crate) mod reports;
pub(crate) mod schema;
pub(crate) mod sessions;
pub(crate) mod tickets;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

const FILE_NAME: &str = "hub.db";
/// How long to wait for another program that writes just now.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The hub's data base does not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    #[error("there is no hub in {folder}; start it once with `hub serve`")]
    Missing { folder: PathBuf },
    #[error("cannot create {path}: {source}")]
    Create {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot open {path}: {source}")]
    Open {
        path: PathBuf,
        source: rusqlite::Error,
    },
    #[error(
        "the data in {path} were written by a newer hub (version {found}, this one knows up to {}); \
         install that hub or restore a back-up",
        schema::VERSION
    )]
    NewerVersion { path: PathBuf, found: i32 },
    #[error("{path} is no data base of a hub")]
    Foreign { path: PathBuf },
    #[error("the data base failed: {0}")]
    Sql(#[from] rusqlite::Error),
    #[error("the data base is closed")]
    Closed,
    /// What was asked for breaks a rule; the sentence says which.
    #[error("{0}")]
    Rule(String),
}

/// An open data base. Calls block for as long as the disk does.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    /// `SQLite`'s `data_version` when it was last asked for.
    seen_version: i64,
}

impl Database {
    /// Opens the data base in `folder`, creates it at first start and migrates an older one.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`]; a newer or foreign file is left untouched.
    pub fn open_or_create(folder: &Path) -> Result<Self, DatabaseError> {
        let path = folder.join(FILE_NAME);
        // those that SQLite puts beside it take its mode
        let made = private_file::open(&path);
        made.map_err(|source| DatabaseError::Create {
            path: path.clone(),
            source,
        })?;
        Self::open_file(&path)
    }

    /// Opens the data base in `folder`, which must exist.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    pub fn open(folder: &Path) -> Result<Self, DatabaseError> {
        let path = folder.join(FILE_NAME);
        if !path.is_file() {
            return Err(DatabaseError::Missing {
                folder: folder.to_owned(),
            });
        }
        Self::open_file(&path)
    }

    fn open_file(path: &Path) -> Result<Self, DatabaseError> {
        let opening = |source| DatabaseError::Open {
            path: path.to_owned(),
            source,
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(opening)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(opening)?;
        schema::set_up(&mut connection, path)?;
        let mut database = Self {
            connection,
            seen_version: 0,
        };
        database.changed_elsewhere()?;
        Ok(database)
    }

    /// Whether another program changed the data since this was last asked.
    pub(crate) fn changed_elsewhere(&mut self) -> Result<bool, DatabaseError> {
        let version = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0))?;
        let changed = version != self.seen_version;
        self.seen_version = version;
        Ok(changed)
    }

    /// Runs `work` in one transaction that no other writer can slip into.
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}
