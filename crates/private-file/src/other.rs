//! Where rights come from the folder above: a profile belongs to its account alone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long somebody may have a file open that is to be replaced: another writer, or what looks for viruses.
const PATIENCE: Duration = Duration::from_secs(10);
const EACH_TRY: Duration = Duration::from_millis(5);

pub(crate) fn private_folder(_builder: &mut DirBuilder) {}

pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    options
}

#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(crate) fn make_private(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Does `what` again while Windows refuses it because another program has the file open, or is about to remove it.
pub(crate) fn patiently<T>(mut what: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    const SHARING_VIOLATION: i32 = 32;
    let until = Instant::now() + PATIENCE;
    loop {
        match what() {
            Err(error)
                if Instant::now() < until
                    && (error.kind() == io::ErrorKind::PermissionDenied
                        || error.raw_os_error() == Some(SHARING_VIOLATION)) =>
            {
                std::thread::sleep(EACH_TRY);
            }
            done => return done,
        }
    }
}

/// Never says anything here: modes are a matter of Unix.
///
/// # Errors
///
/// None here.
pub fn mode_open_to_others(_path: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}

/// Never says anything here: accounts have numbers on Unix alone.
///
/// # Errors
///
/// None here.
pub fn other_owner(_path: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}

/// Does nothing here.
///
/// # Errors
///
/// None here.
pub fn close_to_others(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Does nothing here: folders cannot be synced, and need not be.
///
/// # Errors
///
/// None here.
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
