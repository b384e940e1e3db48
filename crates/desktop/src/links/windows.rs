//! The account's own part of the registry's classes.

use windows_registry::CURRENT_USER;

use super::{LinkKind, LinkOpener, LinksError};

const CLASSES: &str = r"Software\Classes";

pub(super) fn opener(kind: LinkKind<'_>) -> LinkOpener {
    let path = format!(r"{CLASSES}\{}\shell\open\command", kind.scheme);
    let command = CURRENT_USER.open(&path).and_then(|key| key.get_string(""));
    match command {
        Err(_none) => LinkOpener::Nobody,
        Ok(command) if command == command_of(kind) => LinkOpener::This,
        Ok(_other) => LinkOpener::Another,
    }
}

pub(super) fn register(kind: LinkKind<'_>) -> Result<(), LinksError> {
    if opener(kind) == LinkOpener::Another && !is_named_so(kind) {
        let scheme = kind.scheme.to_owned();
        return Err(LinksError::Taken { scheme });
    }
    let path = format!(r"{CLASSES}\{}", kind.scheme);
    let write = || {
        let class = CURRENT_USER.create(&path)?;
        class.set_string("", format!("URL:{}", kind.name))?;
        class.set_string("URL Protocol", "")?;
        let command = class.create(r"shell\open\command")?;
        command.set_string("", command_of(kind))
    };
    write().map_err(|error| failed(path.clone(), error))
}

pub(super) fn unregister(kind: LinkKind<'_>) -> Result<(), LinksError> {
    if opener(kind) == LinkOpener::Nobody || !is_named_so(kind) {
        return Ok(());
    }
    let path = format!(r"{CLASSES}\{}", kind.scheme);
    let removed = CURRENT_USER.remove_tree(&path);
    removed.map_err(|error| failed(path, error))
}

/// Whether the class is one that this program made, from whatever place.
fn is_named_so(kind: LinkKind<'_>) -> bool {
    let path = format!(r"{CLASSES}\{}", kind.scheme);
    let name = CURRENT_USER.open(path).and_then(|key| key.get_string(""));
    name.is_ok_and(|name| name == format!("URL:{}", kind.name))
}

/// A path has no quotation marks in it, and a link none that are not encoded.
fn command_of(kind: LinkKind<'_>) -> String {
    format!("\"{}\" \"%1\"", kind.program.display())
}

fn failed(what: String, error: impl Into<std::io::Error>) -> LinksError {
    let source = error.into();
    LinksError::Failed { what, source }
}
