//! The hub's data folder: made at first start, one server's alone, and closed to other accounts.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::film;

const LOCK_FILE: &str = "hub.lock";
/// Where things lie that are being made, or handed out.
pub(crate) const TEMPORARY: &str = "temporary";

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
    #[error(
        "other accounts can get at the data folder {path} (mode {mode:03o}); \
         close it with `chmod 700 {path}`"
    )]
    Open { path: PathBuf, mode: u32 },
}

/// The data folder, locked against other servers until this is dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Creates the folder if it is missing, locks it, and closes what lies in it to other accounts.
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
        let lock = private_file::open(&path.join(LOCK_FILE)).map_err(write)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(write(source)),
        }
        // what a hub that was killed had not handed out yet
        let temporary = path.join(TEMPORARY);
        match fs::remove_dir_all(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(write(error)),
            Ok(()) | Err(_) => {}
        }
        create(&temporary)?;
        let films = path.join(film::FOLDER);
        create(&films)?;
        for folder in [path, &films] {
            close_files(folder).map_err(write)?;
        }
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

/// Creates the folder if it is missing, for its owner only.
///
/// # Errors
///
/// [`FolderError::Create`], and [`FolderError::Open`] if it is there and other accounts can get at
/// it: whoever made it so must know, since they may have read or written in it already.
pub fn create(path: &Path) -> Result<(), FolderError> {
    let failed = |source| FolderError::Create {
        path: path.to_owned(),
        source,
    };
    private_file::make_folder(path).map_err(failed)?;
    match private_file::mode_open_to_others(path).map_err(failed)? {
        None => Ok(()),
        Some(mode) => Err(FolderError::Open {
            path: path.to_owned(),
            mode,
        }),
    }
}

/// Takes the rights of other accounts from the files in `folder`; an older hub, or whoever brought
/// back a back-up, may have left some.
fn close_files(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        private_file::close_to_others(&entry?.path())?;
    }
    Ok(())
}
