//! Where rights come from the folder above: a profile belongs to its account alone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

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
