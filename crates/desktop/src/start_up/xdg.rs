//! A desktop entry in the account's folder of them (freedesktop.org: Desktop Application Autostart).

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{StartUp, StartUpError};
use crate::desktop_entry::{quoted, write};

/// No entry of ours is longer.
const MOST_BYTES: u64 = 64 * 1024;

pub(super) fn is_set(program: StartUp<'_>) -> bool {
    folder().is_ok_and(|folder| is_set_in(&folder, program))
}

pub(super) fn set(program: StartUp<'_>) -> Result<(), StartUpError> {
    set_in(&folder()?, program)
}

pub(super) fn take_back(program: StartUp<'_>) -> Result<(), StartUpError> {
    take_back_in(&folder()?, program)
}

fn folder() -> Result<PathBuf, StartUpError> {
    let base = directories::BaseDirs::new().ok_or(StartUpError::NoHome)?;
    Ok(base.config_dir().join("autostart"))
}

fn is_set_in(folder: &Path, program: StartUp<'_>) -> bool {
    let path = entry(folder, program);
    let is_small = fs::metadata(&path).is_ok_and(|file| file.len() <= MOST_BYTES);
    let text = is_small.then(|| fs::read_to_string(path));
    text.and_then(Result::ok).is_some_and(|text| {
        // desktops write into it whether it is switched off
        let has = |line: &str| text.lines().any(|known| known.trim() == line);
        has(&exec(program))
            && !has("Hidden=true")
            && !has("X-GNOME-Autostart-enabled=false")
            && !has("X-MATE-Autostart-enabled=false")
    })
}

fn set_in(folder: &Path, program: StartUp<'_>) -> Result<(), StartUpError> {
    let path = entry(folder, program);
    let text = format!(
        "[Desktop Entry]\nType=Application\nName={}\n{}\nTerminal=false\nStartupNotify=false\n",
        program.name,
        exec(program)
    );
    write(&path, &text).map_err(|source| failed(&path, source))
}

fn take_back_in(folder: &Path, program: StartUp<'_>) -> Result<(), StartUpError> {
    let path = entry(folder, program);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn entry(folder: &Path, program: StartUp<'_>) -> PathBuf {
    folder.join(format!("{}.desktop", program.id))
}

fn exec(program: StartUp<'_>) -> String {
    format!("Exec={}", quoted(&program.program.to_string_lossy()))
}

fn failed(path: &Path, source: io::Error) -> StartUpError {
    let what = path.display().to_string();
    StartUpError::Failed { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(place: &str) -> StartUp<'_> {
        StartUp {
            id: "pure-help-desk",
            name: "Pure Help Desk",
            program: Path::new(place),
        }
    }

    #[test]
    fn o2_a_program_starts_at_log_in_until_that_is_taken_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let autostart = folder.path().join("autostart");
        let program = console("/opt/pure help desk/pure-help-desk");
        assert!(!is_set_in(&autostart, program));
        take_back_in(&autostart, program).expect("nothing to do");
        set_in(&autostart, program).expect("written");
        assert!(is_set_in(&autostart, program));
        let text = fs::read_to_string(autostart.join("pure-help-desk.desktop")).expect("there");
        let line = "Exec=\"/opt/pure help desk/pure-help-desk\"";
        assert!(text.lines().any(|known| known == line), "{text}");
        take_back_in(&autostart, program).expect("removed");
        assert!(!is_set_in(&autostart, program));
    }

    #[test]
    fn o2_one_that_was_moved_or_switched_off_does_not_start() {
        let folder = tempfile::tempdir().expect("a folder");
        set_in(folder.path(), console("/old/pure-help-desk")).expect("written");
        let moved = console("/new/pure-help-desk");
        assert!(!is_set_in(folder.path(), moved));
        set_in(folder.path(), moved).expect("written again");
        assert!(is_set_in(folder.path(), moved));
        let path = folder.path().join("pure-help-desk.desktop");
        let text = fs::read_to_string(&path).expect("there");
        fs::write(&path, text + "Hidden=true\n").expect("switched off");
        assert!(!is_set_in(folder.path(), moved));
    }
}
