//! Root has the work done by a user who owns nothing, in a process of its own.
//!
//! That process reads what a stranger's computer sent. It has the recording open before it gives up root, and
//! writes into a folder that was made for it. This one looks at none of it, and puts the file where it belongs.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, chown, lchown};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};
use rustix::process::{Signal, getgid, getppid, getuid, set_parent_process_death_signal};

use crate::Arguments;

/// What systemd gives to services for as long as they run: nobody's files belong to these.
const USERS: std::ops::RangeInclusive<u32> = 61_184..=65_519;
/// What the file is called in the folder that is made for it.
const MADE: &str = "./made";

/// Has another process do it.
pub(crate) fn work(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let recording = std::path::absolute(&arguments.recording).context("no such recording")?;
    let folder = WorkFolder::make(arguments.out_folder())
        .with_context(|| format!("no film of {}", arguments.recording.display()))?;
    // another one for each process at a time, as far as there are that many
    let user = USERS.start() + std::process::id() % (USERS.end() - USERS.start() + 1);
    chown(&folder.0, Some(user), Some(user)).context("cannot give a folder away")?;
    let program = std::env::current_exe().context("this program is gone")?;
    let ended = Command::new(program)
        .arg(recording)
        .arg(MADE)
        .args(options(arguments))
        .arg("--own-user")
        .arg(user.to_string())
        .arg("--parent")
        .arg(std::process::id().to_string())
        .current_dir(&folder.0)
        .stdin(Stdio::null())
        .status()
        .context("cannot be started anew")?;
    if !ended.success() {
        // it has said why
        return Ok(ExitCode::FAILURE);
    }
    let out = &arguments.out;
    take(&folder.0.join(MADE), out).with_context(|| format!("cannot write {}", out.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The folder that is made for it, beside where the file goes. Whoever is killed leaves it, with nothing in
/// it that has a name, until the next one comes.
struct WorkFolder(PathBuf);

/// Followed by the process that made it.
const WORK_FOLDER: &str = ".hub-film-";

impl WorkFolder {
    fn make(beside: &Path) -> io::Result<Self> {
        for entry in fs::read_dir(beside)? {
            let entry = entry?;
            let name = entry.file_name();
            let process = name
                .to_str()
                .and_then(|name| name.strip_prefix(WORK_FOLDER));
            let process = process.and_then(|number| number.parse::<u32>().ok());
            let is_left = process.is_some_and(|id| !Path::new(&format!("/proc/{id}")).exists());
            if is_left && entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let path = beside.join(format!("{WORK_FOLDER}{}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // the next one removes what stays
        drop(fs::remove_dir_all(&self.0));
    }
}

/// What says the same on a command line.
fn options(arguments: &Arguments) -> Vec<String> {
    let mut given = Vec::new();
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            given.extend([name.to_owned(), value]);
        }
    };
    if let Some(at) = arguments.picture_millis {
        option("--picture-millis", Some(at.to_string()));
        option(
            "--picture-pixels",
            arguments.picture_pixels.map(|n| n.to_string()),
        );
        option(
            "--picture-bytes",
            arguments.picture_bytes.map(|n| n.to_string()),
        );
    } else {
        option("--fps-max", Some(arguments.fps_max.to_string()));
        option("--from-millis", Some(arguments.from_millis.to_string()));
        option("--to-millis", Some(arguments.to_millis.to_string()));
    }
    given
}

/// What was made becomes root's, under its name.
fn take(made: &Path, out: &Path) -> anyhow::Result<()> {
    ensure!(fs::symlink_metadata(made)?.is_file(), "it is no file");
    lchown(made, Some(getuid().as_raw()), Some(getgid().as_raw()))?;
    Ok(fs::rename(made, out)?)
}

/// Nobody wants the film any more when the process is gone that asked for it. To be called after the user
/// has changed, which takes this back.
pub(crate) fn end_with_parent(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(parent) = arguments.parent else {
        return Ok(());
    };
    set_parent_process_death_signal(Some(Signal::KILL)).context("cannot end with its parent")?;
    let is_there = getppid().is_some_and(|id| id.as_raw_pid() == parent);
    ensure!(is_there, "the process that asked is gone");
    Ok(())
}
