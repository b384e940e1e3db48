//! Copying a recording, also while it is being written.

use std::io;
use std::path::Path;

use rusqlite::OpenFlags;
use rusqlite::backup::{Backup, StepResult};

use crate::recorder::create_private;
use crate::schema::{self, OpenError};

/// How often to try again where somebody has the copy open, which nobody should.
const TRIES: u32 = 50;

/// A recording could not be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the copy cannot be made")]
    Create(#[source] io::Error),
    #[error("the copy cannot be written")]
    Write(#[from] rusqlite::Error),
    #[error("somebody keeps the copy busy")]
    Busy,
}

impl CopyError {
    /// Whether there is nothing to copy.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Open(OpenError::Unreadable(error))
            if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Copies the recording at `from` to the new file `to`, up to its last commit: one moment of it, which
/// keeps no writer waiting. Blocks for as long as the disk does.
///
/// # Errors
///
/// [`CopyError`].
pub fn copy(from: &Path, to: &Path) -> Result<(), CopyError> {
    let (source, _, _) = schema::open(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    create_private(to).map_err(CopyError::Create)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = rusqlite::Connection::open_with_flags(to, flags)?;
    let backup = Backup::new(&source, &mut copy)?;
    for _ in 0..TRIES {
        // all at once: nothing that is written meanwhile makes it begin anew
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            StepResult::More | StepResult::Busy | StepResult::Locked | _ => {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
    }
    Err(CopyError::Busy)
}
