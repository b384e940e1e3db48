//! A unit of systemd.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// The unit as it is packaged; the program is where a package puts it.
const UNIT: &str = include_str!("../../../../packaging/linux/purepc.service");
const PACKAGED: &str = "/usr/local/bin/purepc";
const NAME: &str = "purepc.service";
/// Where an administrator's own units are.
const UNITS: &str = "/etc/systemd/system";
/// Where packages put theirs.
const PACKAGED_UNIT: &str = "/usr/lib/systemd/system/purepc.service";
/// The folder that the unit gives the service.
const FOLDER: &str = "/var/lib/purepc";

/// Writes the unit for this program, unless a package has brought it, and starts it now and at every boot; into a
/// folder that is named it is only written.
///
/// # Errors
///
/// If the file cannot be written, or systemd does not take it.
pub(crate) fn install(into: Option<&Path>) -> anyhow::Result<()> {
    ensure!(cfg!(target_os = "linux"), "not on this platform yet");
    let exe = std::env::current_exe().context("where is this program?")?;
    if into.is_none() && is_packaged(&exe, Path::new(PACKAGED_UNIT)) {
        return enable();
    }
    let path = unit_path(into);
    fs::write(&path, unit(&exe)?).with_context(|| format!("cannot write {}", path.display()))?;
    if into.is_some() {
        return say(&format!("the unit is in {}", path.display()));
    }
    systemctl(&["daemon-reload"])?;
    enable()
}

fn enable() -> anyhow::Result<()> {
    systemctl(&["enable", "--now", NAME])?;
    say(&format!(
        "PurePC runs from boot on, with its folder {FOLDER}; `purepc status --folder {FOLDER}` says how it is."
    ))
}

/// Ends the service and takes its unit away. The folder with the key stays.
///
/// # Errors
///
/// If there is no unit, or systemd does not do it.
pub(crate) fn uninstall(from: Option<&Path>) -> anyhow::Result<()> {
    let path = unit_path(from);
    let exe = std::env::current_exe().context("where is this program?")?;
    if from.is_none() && !path.exists() && is_packaged(&exe, Path::new(PACKAGED_UNIT)) {
        systemctl(&["disable", "--now", NAME])?;
        return say_that_it_ended();
    }
    ensure!(path.exists(), "there is no {}", path.display());
    if from.is_none() {
        systemctl(&["disable", "--now", NAME])?;
    }
    fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    if from.is_none() {
        systemctl(&["daemon-reload"])?;
    }
    say_that_it_ended()
}

fn say_that_it_ended() -> anyhow::Result<()> {
    say(&format!(
        "PurePC does not run any more. Its key stays in {FOLDER}; the administrator removes the computer at the hub."
    ))
}

/// Whether the unit at `path` is there and starts `exe`: the package's own, which an upgrade keeps current.
fn is_packaged(exe: &Path, path: &Path) -> bool {
    let start = format!("ExecStart={} run", exe.display());
    let unit = fs::read_to_string(path).unwrap_or_default();
    unit.lines().any(|line| line == start)
}

fn unit_path(folder: Option<&Path>) -> PathBuf {
    folder.unwrap_or_else(|| Path::new(UNITS)).join(NAME)
}

fn unit(exe: &Path) -> anyhow::Result<String> {
    let exe = exe.to_str().context("the program's path is no text")?;
    let is_plain = |c: char| !c.is_control() && !matches!(c, '"' | '\\' | '$');
    ensure!(
        exe.chars().all(is_plain),
        "systemd takes no program {exe:?}"
    );
    // a per cent sign stands for something there
    let quoted = format!("\"{}\"", exe.replace('%', "%%"));
    Ok(UNIT.replace(PACKAGED, &quoted))
}

fn systemctl(words: &[&str]) -> anyhow::Result<()> {
    let status = Command::new("systemctl").args(words).status();
    let status = status.context("systemd is not here: systemctl")?;
    ensure!(status.success(), "systemctl {} failed", words.join(" "));
    Ok(())
}

fn say(words: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{words}")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u1_a_unit_that_a_package_brought_for_this_program_is_taken_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(NAME);
        let exe = Path::new("/usr/bin/purepc");
        assert!(!is_packaged(exe, &path), "there is none");
        fs::write(&path, UNIT.replace(PACKAGED, "/usr/bin/purepc")).expect("written");
        assert!(is_packaged(exe, &path));
        assert!(!is_packaged(Path::new("/opt/purepc"), &path));
    }

    #[test]
    fn u1_the_unit_starts_the_program_that_wrote_it_and_brings_it_back_within_five_seconds() {
        let written = unit(Path::new("/opt/pure help/100%/purepc")).expect("a unit");
        let line = |name: &str| {
            let mut lines = written.lines();
            lines
                .find_map(|line| line.strip_prefix(name))
                .map(str::to_owned)
        };
        let start = line("ExecStart=").expect("a program");
        assert_eq!(start, "\"/opt/pure help/100%%/purepc\" run");
        assert_eq!(line("Restart=").as_deref(), Some("always"));
        assert_eq!(line("StartLimitIntervalSec=").as_deref(), Some("0"));
        let pause: u32 = line("RestartSec=")
            .expect("a pause")
            .parse()
            .expect("a number");
        assert!(pause < 5);
        let folder = line("StateDirectory=").expect("a folder");
        assert_eq!(FOLDER, format!("/var/lib/{folder}"));
        assert!(unit(Path::new("/opt/\"/purepc")).is_err());
        assert!(unit(Path::new("/opt/$HOME/purepc")).is_err());
    }
}
