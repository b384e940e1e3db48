//! A service of Windows, under the system's own account. Who sits in front is served by a process of their own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use desktop::service::{self, ServiceEntry};

/// By which Windows knows the service.
pub(crate) const ID: &str = "PurePC";
const LOG: &str = "purepc.log";
/// A log that is longer makes room for a new one, in bytes; one old log is kept.
const MOST_LOG_BYTES: u64 = 1 << 20;

/// The folder of the service, which no other account may open.
///
/// # Errors
///
/// If Windows names no folder for what programs keep.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    let data =
        std::env::var_os("ProgramData").context("Windows names no folder for programs' data")?;
    Ok(Path::new(&data).join("purepc"))
}

/// Installs the service for this program, and starts it now and at every start of the computer.
///
/// # Errors
///
/// If the folder cannot be closed to others, or Windows does not take the service.
pub(crate) fn install(into: Option<&Path>) -> anyhow::Result<()> {
    ensure!(into.is_none(), "--into is for units of systemd");
    let folder = folder()?;
    let cannot = || format!("cannot make the folder {}", folder.display());
    private_file::make_folder(&folder).with_context(cannot)?;
    private_file::close_to_users(&folder).with_context(cannot)?;
    let mut arguments = ["run", "--as-service", "--folder"]
        .map(OsString::from)
        .to_vec();
    arguments.push(folder.clone().into());
    service::install(ServiceEntry {
        id: ID,
        name: "PurePC (Pure Help Desk)",
        about: "Keeps this computer connected to its help desk, so that operators who know its access password can help.",
        arguments: &arguments,
    })?;
    let folder = folder.display();
    say(&format!(
        "PurePC runs from now on, and at every start of this computer, with its folder {folder}; \
         `purepc status --folder {folder}` says how it is."
    ))
}

/// Ends the service and takes it back. The folder with the key stays.
///
/// # Errors
///
/// If it is not installed, or Windows does not do it.
pub(crate) fn uninstall(from: Option<&Path>) -> anyhow::Result<()> {
    ensure!(from.is_none(), "--from is for units of systemd");
    service::uninstall(ID)?;
    say(&format!(
        "PurePC does not run any more. Its key stays in {}; the administrator removes the computer at the hub.",
        folder()?.display()
    ))
}

fn say(words: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{words}")?)
}

/// Where the service writes what it logs: it has no terminal.
///
/// # Errors
///
/// If there cannot be such a file.
pub(crate) fn log_file(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join(LOG);
    if fs::metadata(&path).is_ok_and(|found| found.len() > MOST_LOG_BYTES) {
        fs::rename(&path, folder.join("purepc.old.log")).context("cannot put the old log away")?;
    }
    let opened = File::options().create(true).append(true).open(&path);
    opened.with_context(|| format!("cannot write {}", path.display()))
}
