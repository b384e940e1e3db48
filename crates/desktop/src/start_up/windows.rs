//! A value under the account's `Run` key.

use windows_registry::CURRENT_USER;

use super::{StartUp, StartUpError};

const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";

pub(super) fn is_set(program: StartUp<'_>) -> bool {
    let key = CURRENT_USER.open(RUN);
    let command = key.and_then(|key| key.get_string(program.id));
    command.is_ok_and(|command| command == command_of(program))
}

pub(super) fn set(program: StartUp<'_>) -> Result<(), StartUpError> {
    CURRENT_USER
        .create(RUN)
        .and_then(|key| key.set_string(program.id, command_of(program)))
        .map_err(failed)
}

pub(super) fn take_back(program: StartUp<'_>) -> Result<(), StartUpError> {
    let key = CURRENT_USER.create(RUN).map_err(failed)?;
    if key.get_string(program.id).is_err() {
        return Ok(());
    }
    key.remove_value(program.id).map_err(failed)
}

/// A path has no quotation marks in it.
fn command_of(program: StartUp<'_>) -> String {
    format!("\"{}\"", program.program.display())
}

fn failed(error: impl Into<std::io::Error>) -> StartUpError {
    StartUpError::Failed {
        what: RUN.to_owned(),
        source: error.into(),
    }
}
