//! How a program's file is replaced while the program runs.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Whether the program at `exe` belongs to what installed it.
pub(crate) fn is_packaged(exe: &Path) -> bool {
    if cfg!(windows) {
        let is_set_up = exe.with_file_name("uninstall.exe").exists();
        let programs = ["ProgramFiles", "ProgramFiles(x86)", "ProgramW6432"];
        let mut programs = programs.into_iter().filter_map(std::env::var_os);
        is_set_up || programs.any(|folder| exe.starts_with(folder))
    } else {
        ["/usr", "/bin", "/Applications"]
            .into_iter()
            .any(|folder| exe.starts_with(folder) && !exe.starts_with("/usr/local"))
    }
}

/// Writes `program` to `path`, with the rights that `like` has.
pub(crate) fn write_program(path: &Path, program: &[u8], like: &Path) -> io::Result<()> {
    // what a run before left is nothing to write through
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = File::create_new(path)?;
    file.write_all(program)?;
    file.set_permissions(fs::metadata(like)?.permissions())?;
    file.sync_all()
}

/// Puts `next` in the place of `exe`, which is `before` from then on.
#[cfg(unix)]
pub(crate) fn replace(exe: &Path, next: &Path, before: &Path) -> io::Result<()> {
    // a second name first, so that at each moment there is a program at `exe`
    let aside = next.with_extension("aside");
    drop(fs::remove_file(&aside));
    match fs::hard_link(exe, &aside) {
        Ok(()) => {}
        // USB keys have no second names
        Err(_no_link) => fs::copy(exe, &aside).map(drop)?,
    }
    fs::rename(&aside, before)?;
    fs::rename(next, exe)
}

/// Puts `next` in the place of `exe`, which is `before` from then on: a program that runs can be renamed there, and not
/// overwritten.
#[cfg(not(unix))]
pub(crate) fn replace(exe: &Path, next: &Path, before: &Path) -> io::Result<()> {
    fs::rename(exe, before)?;
    fs::rename(next, exe).inspect_err(|_error| {
        // the first fault is told
        drop(fs::rename(before, exe));
    })
}

/// Puts `before` in the place of `exe`.
#[cfg(unix)]
pub(crate) fn put_back(exe: &Path, before: &Path, _undone: &Path) -> io::Result<()> {
    fs::rename(before, exe)
}

/// Puts `before` in the place of `exe`, which is `undone` until the next time, as it may run.
#[cfg(not(unix))]
pub(crate) fn put_back(exe: &Path, before: &Path, undone: &Path) -> io::Result<()> {
    fs::rename(exe, undone)?;
    fs::rename(before, exe).inspect_err(|_error| {
        // the first fault is told
        drop(fs::rename(undone, exe));
    })
}
