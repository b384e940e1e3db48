//! The hub's data folder: made at first start, and one server's alone.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::film;

const LOCK_FILE: &str = "hub.lock";

/// The data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    #[error("the data folder {path} cannot be created: {source}")]
    Create { path: PathBuf, source: io::Error },
    #[error("the data folder {path} cannot be written: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("another hub runs on the data folder {path}")]
    InUse { path: PathBuf },
}

/// The data folder, locked against other servers until this is dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Creates the folder if it is missing, and locks it.
    ///
    /// # Errors
    ///
    /// [`FolderError`].
    pub(crate) fn lock(path: &Path) -> Result<Self, FolderError> {
        create(path)?;
        let write = |source| FolderError::Write {
            path: path.to_owned(),
            source,
        };
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK_FILE))
            .map_err(write)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(write(source)),
        }
        create_private(&path.join(film::FOLDER)).map_err(write)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Creates the folder, readable by its owner only, if it is missing.
///
/// # Errors
///
/// [`FolderError::Create`].
pub fn create(path: &Path) -> Result<(), FolderError> {
    create_private(path).map_err(|source| FolderError::Create {
        path: path.to_owned(),
        source,
    })
}

fn create_private(path: &Path) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
