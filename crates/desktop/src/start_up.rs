//! Programs that start when their user logs in to the desktop (O2).
//!
//! A file or a value of the registry is read or written, so calls block for a moment.

#[cfg(target_os = "macos")]
#[path = "start_up/launchd.rs"]
mod platform;
#[cfg(windows)]
#[path = "start_up/windows.rs"]
mod platform;
#[cfg(not(any(target_os = "macos", windows)))]
#[path = "start_up/xdg.rs"]
mod platform;

use std::io;
use std::path::Path;

/// A program, as the desktop is told of it.
#[derive(Debug, Clone, Copy)]
pub struct StartUp<'a> {
    /// Tells it from others: letters, digits and hyphens only.
    pub id: &'a str,
    /// The program's name, as people read it.
    pub name: &'a str,
    /// Where it lies. It is started without arguments.
    pub program: &'a Path,
}

/// Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartUpError {
    #[error("this account has no home folder")]
    NoHome,
    #[error("cannot change {what}: {source}")]
    Failed { what: String, source: io::Error },
}

/// Whether this very program starts at the log-in, from where it lies now.
pub fn starts_at_log_in(program: StartUp<'_>) -> bool {
    platform::is_set(program)
}

/// Has the program start at the log-in from now on, or not any more. Where it already is so, nothing is
/// written.
///
/// # Errors
///
/// [`StartUpError`].
pub fn start_at_log_in(program: StartUp<'_>, start: bool) -> Result<(), StartUpError> {
    if start == starts_at_log_in(program) {
        Ok(())
    } else if start {
        platform::set(program)
    } else {
        platform::take_back(program)
    }
}
