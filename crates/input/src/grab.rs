//! Takes the whole keyboard of this machine, for an operator who wants to send every key: also those that the
//! desktop would keep, like Super or Alt+Tab.
//!
//! What a machine keeps to itself stays there: the virtual terminals of Linux, and on Windows Ctrl+Alt+Del and
//! Win+L.

use protocol::input::HidKey;

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod shortcuts;
#[cfg(windows)]
mod windows;
#[cfg(not(windows))]
mod x11;

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub use shortcuts::TakenShortcuts;
#[cfg(windows)]
pub use windows::KeyboardGrab;
#[cfg(not(windows))]
pub use x11::KeyboardGrab;

/// A key that went down or up while the keyboard was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrabbedKey {
    /// What the operator's layout makes of it, if that is a key without a character; else where it is.
    pub key: HidKey,
    /// Where it is.
    pub place: HidKey,
    pub pressed: bool,
    /// What the operator's layout makes of the press; with Ctrl, Alt or Super held, the unmodified
    /// letter. A [hint](protocol::input::hint) or `None` for keys that make no character, and `None` for a release. Dead
    /// keys make none: composing them is left to the host.
    pub character: Option<char>,
    /// The key was down already and repeats.
    pub repeat: bool,
}

/// The keyboard cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrabError {
    /// There is no X server, or it lacks the XKB extension.
    #[error("there is no display whose keyboard can be taken ({reason})")]
    NoDisplay { reason: String },
    /// Another program has the keyboard: an open menu, a screen saver. Not on Windows.
    #[error("another program has the keyboard")]
    AlreadyGrabbed,
    /// The server refused for another reason.
    #[error("the keyboard cannot be taken now: {reason}")]
    Refused { reason: String },
}
