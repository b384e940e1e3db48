//! Which program opens links of a kind of its own, as `helpme://...`, for this account (H2).
//!
//! A program becomes that only where its user says so, and never in another's place. Files are read and
//! written, so calls block for a moment.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
#[path = "links/xdg.rs"]
mod platform;
#[cfg(windows)]
#[path = "links/windows.rs"]
mod platform;
#[cfg(not(any(target_os = "linux", target_os = "freebsd", windows)))]
#[path = "links/unsupported.rs"]
mod platform;

use std::io;
use std::path::Path;

/// A kind of links, and the program for it.
#[derive(Debug, Clone, Copy)]
pub struct LinkKind<'a> {
    /// What links begin with before the colon: small letters only.
    pub scheme: &'a str,
    /// The program's name, as people read it.
    pub name: &'a str,
    /// Where it lies. The link becomes its only argument.
    pub program: &'a Path,
}

/// Who opens such links now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOpener {
    Nobody,
    /// The program itself, at this very place.
    This,
    /// Something else, or the program at another place.
    Another,
    /// Whatever the system finds installed; no program chooses that for itself.
    Installed,
}

/// Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinksError {
    #[error("another program opens {scheme} links; choose this one in the system's settings")]
    Taken { scheme: String },
    #[error("links cannot be registered on this system")]
    Unsupported,
    #[error("cannot change {what}: {source}")]
    Failed { what: String, source: io::Error },
}

/// Who opens links of this kind.
pub fn link_opener(kind: LinkKind<'_>) -> LinkOpener {
    platform::opener(kind)
}

/// Has the program open links of this kind from now on, also where it did so from another place.
///
/// # Errors
///
/// [`LinksError`]; [`LinksError::Taken`] where the account has chosen another program.
pub fn register_links(kind: LinkKind<'_>) -> Result<(), LinksError> {
    platform::register(kind)
}

/// Takes back what [`register_links`] did; another program's links stay as they are.
///
/// # Errors
///
/// [`LinksError`].
pub fn unregister_links(kind: LinkKind<'_>) -> Result<(), LinksError> {
    platform::unregister(kind)
}
