//! A property list in the account's folder of launch agents; macOS reads it at the next log-in.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{StartUp, StartUpError};

pub(super) fn is_set(program: StartUp<'_>) -> bool {
    let text = path(program).map(fs::read_to_string);
    matches!(text, Ok(Ok(text)) if text == list(program))
}

pub(super) fn set(program: StartUp<'_>) -> Result<(), StartUpError> {
    let path = path(program)?;
    let folder = path.parent().unwrap_or(&path);
    fs::create_dir_all(folder)
        .and_then(|()| private_file::replace(&path, list(program).as_bytes()))
        .map_err(|source| failed(&path, source))
}

pub(super) fn take_back(program: StartUp<'_>) -> Result<(), StartUpError> {
    let path = path(program)?;
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn path(program: StartUp<'_>) -> Result<PathBuf, StartUpError> {
    let base = directories::BaseDirs::new().ok_or(StartUpError::NoHome)?;
    let agents = base.home_dir().join("Library/LaunchAgents");
    Ok(agents.join(format!("{}.plist", label(program))))
}

fn label(program: StartUp<'_>) -> String {
    format!("org.{0}.{0}", program.id)
}

fn list(program: StartUp<'_>) -> String {
    let place = program.program.to_string_lossy();
    let place = place.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\n\
         <key>Label</key><string>{}</string>\n\
         <key>ProgramArguments</key><array><string>{place}</string></array>\n\
         <key>RunAtLoad</key><true/>\n</dict></plist>\n",
        label(program)
    )
}

fn failed(path: &Path, source: io::Error) -> StartUpError {
    let what = path.display().to_string();
    StartUpError::Failed { what, source }
}
