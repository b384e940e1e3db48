//! Keyboard and pointer events, delivered to this machine.
//!
//! [`open`] gives the best sink of this platform behind [`InputSink`]; [`open_guarded`] adds a
//! guardian process that releases what is held when this one is killed. [`memory()`] is a sink that
//! remembers instead of typing. [`shield`] keeps the user's own hands and eyes off. `grab` is the other direction, for an operator who wants to
//! send every key: it takes the keyboard of this machine.
//!
//! Key places travel as USB HID usages ([`keyboard`]).

use std::path::Path;
use std::process::ExitCode;

use protocol::HostKeyboard;
use protocol::input::InputEvent;

#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
pub mod grab;
pub mod keymap;
#[cfg(target_os = "macos")]
pub mod macos;
pub mod memory;
pub mod more_rights;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod notches;
#[cfg(any(windows, target_os = "macos", test))]
#[cfg_attr(
    not(any(windows, target_os = "macos")),
    expect(dead_code, reason = "here only its tests need it")
)]
mod piped_guardian;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub mod portal;
#[cfg(feature = "rdev")]
pub mod rdev_backend;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub mod remapped;
pub mod shield;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod unix;
mod unsupported;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub mod wayland;
#[cfg(windows)]
pub mod windows;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub mod x11;

#[cfg(all(test, not(target_os = "macos")))]
#[path = "macos/codes.rs"]
mod codes_of_macos;

pub use keyboard::hid;
pub use memory::{MemoryLog, MemorySink, memory};
pub use shield::{Lowered, Raised, ShieldError, can_shield};

/// Somewhere input events can be delivered.
///
/// Calls may block for some milliseconds (for a character that no key of the host makes, some 25);
/// drive a sink from its own thread, never from a runtime worker.
///
/// INVARIANT: dropping a sink, also while unwinding, releases every key and button it holds.
pub trait InputSink: Send {
    /// Does what the operator did; see [`InputEvent`] for how keys and characters are meant.
    ///
    /// A press of a key that is held already is its repetition. A release of one that is not held
    /// does nothing. Positions are pixels of the whole desktop and are kept inside of it.
    ///
    /// # Errors
    ///
    /// [`InjectError::NoWay`] when this one event cannot be done; the sink stays usable.
    /// [`InjectError::Lost`] when the display server is gone.
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError>;

    /// Releases the keys and buttons that this sink holds, and none that the user holds.
    ///
    /// # Errors
    ///
    /// [`InjectError::Lost`] when the display server is gone.
    fn release_all(&mut self) -> Result<(), InjectError>;

    /// How many keys and buttons this sink holds down now.
    fn held(&self) -> usize;

    /// Has `acted` called, from a thread of its own, whenever somebody else presses a key or a button of
    /// this machine; `None` ends that. Which key it is, is not told.
    ///
    /// # Errors
    ///
    /// [`InjectError::Unsuitable`] where nobody can tell the user's keys from this sink's.
    fn watch_user(&mut self, acted: Option<UserActed>) -> Result<(), InjectError> {
        match acted {
            None => Ok(()),
            Some(_) => Err(InjectError::Unsuitable {
                reason: "this platform does not tell the user's keys".to_owned(),
            }),
        }
    }
}

/// Called when the user has pressed a key or a button. It must not block.
pub type UserActed = Box<dyn Fn() + Send>;

/// Input cannot be delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InjectError {
    /// There is nothing to type into on this machine now.
    #[error("there is no display to control ({reason})")]
    NoDisplay { reason: String },
    /// The display server lacks something that is needed.
    #[error("this display cannot be controlled: {reason}")]
    Unsuitable { reason: String },
    /// The process that would release held keys did not start.
    #[error("the guardian of the held keys did not start: {reason}")]
    NoGuardian { reason: String },
    /// This one event cannot be done here.
    #[error("this input cannot be done here: {reason}")]
    NoWay { reason: &'static str },
    /// The display server ended or refused; the sink is of no use any more.
    #[error("the display was lost: {reason}")]
    Lost { reason: String },
    /// The desktop asks its user, or will: try again within a second.
    #[error("the desktop asks its user")]
    UserAsked,
    /// The user shares the screen in the desktop's own dialog, and neither keyboard nor pointer.
    #[error("the user shares no keyboard and pointer in the desktop's own dialog")]
    Refused,
    /// This platform cannot be controlled by this program.
    #[error("controlling the keyboard and the pointer is not supported on this platform yet")]
    UnsupportedPlatform,
}

/// Opens the keyboard and pointer of this machine: those of the Wayland session that `WAYLAND_DISPLAY` names
/// where its compositor lets programs see and act, or its user does in the desktop's dialog, and otherwise those of
/// the X11 display that `DISPLAY` names.
///
/// A sink of a process that is killed leaves its keys down: prefer [`open_guarded`].
///
/// # Errors
///
/// [`InjectError::NoDisplay`] when there is none, [`InjectError::Unsuitable`] when it lacks
/// something, [`InjectError::UnsupportedPlatform`] elsewhere.
pub fn open() -> Result<Box<dyn InputSink>, InjectError> {
    platform::open()
}

/// Opens the same as [`open`], guarded by a process that runs `exe` and releases what the sink
/// holds when this process dies in whatever way.
///
/// `exe` is this very program ([`std::env::current_exe`]) or any whose `main` begins with
/// [`run_guardian_if_asked`]. Where keys do not outlive their process no guardian is started.
///
/// # Errors
///
/// Those of [`open`], and [`InjectError::NoGuardian`].
pub fn open_guarded(exe: &Path) -> Result<Box<dyn InputSink>, InjectError> {
    platform::open_guarded(exe)
}

/// Makes this process a guardian, or one that keeps a [`shield`] up, if it was started as one; blocks until
/// the process that started it is gone.
///
/// Call it first of all in `main` and end with the exit code that it gives:
///
/// ```no_run
/// # use std::process::ExitCode;
/// fn main() -> ExitCode {
///     if let Some(code) = input::run_guardian_if_asked() {
///         return code;
///     }
///     // The program itself.
///     ExitCode::SUCCESS
/// }
/// ```
pub fn run_guardian_if_asked() -> Option<ExitCode> {
    platform::run_guardian_if_asked()
}

/// Releases what sinks of killed processes left down, and gives how many keys and buttons that were.
///
/// Only artificial keys are released, none that the user holds himself. Call it before a sink is
/// opened, and not while another program types.
///
/// # Errors
///
/// Those of [`open`].
pub fn release_stuck() -> Result<usize, InjectError> {
    platform::release_stuck()
}

/// What the keyboard of this machine is, for people; `None` where that is not known. Blocks for some
/// milliseconds.
pub fn keyboard_of_this_machine() -> Option<HostKeyboard> {
    platform::keyboard()
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use self::unix as platform;

#[cfg(windows)]
use self::windows as platform;

#[cfg(target_os = "macos")]
use self::macos as platform;

#[cfg(all(
    feature = "rdev",
    not(any(
        target_os = "linux",
        target_os = "freebsd",
        target_os = "macos",
        windows
    ))
))]
use rdev_backend as platform;

#[cfg(not(any(
    feature = "rdev",
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
use unsupported as platform;
