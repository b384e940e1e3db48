//! What keeps whoever sits in front of this machine from acting or from seeing while an operator works.
//!
//! A shield is a process of its own: it is up as long as that process lives, which ends with a byte in
//! its input, with the end of the process that began it (in whatever way), when its time is over, and when the
//! user wants it. So the user has their computer back also where this program hangs or was killed.

use std::path::Path;
use std::time::Duration;

pub use protocol::Shield;

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use crate::x11::shield as platform;

/// How long a shield is up at most.
pub const LONGEST: Duration = Duration::from_mins(15);
/// For so long Escape is held to have keyboard and mouse back.
pub const ESCAPE_HELD: Duration = Duration::from_secs(2);

/// A shield cannot be put up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShieldError {
    /// The display does not tell the user's devices from those of programs.
    #[error("the display does not tell the user's own keyboard and mouse")]
    NoOwnDevices,
    /// Another program has the user's devices to itself.
    #[error("another program keeps the user's keyboard or mouse to itself")]
    Taken,
    /// The display's brightness cannot be changed.
    #[error("the display's brightness cannot be changed")]
    NoBrightness,
    #[error("the process that shields did not start: {reason}")]
    NoProcess { reason: String },
    #[error("not on this platform yet")]
    UnsupportedPlatform,
}

/// Why a shield went down by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lowered {
    /// The user held Escape, or pressed a key before a dark screen.
    ByUser,
    /// The user pressed what ends a session: Ctrl+Alt+Shift+X.
    EndPressed,
    /// Its time was over, or the display is gone.
    Over,
}

/// Called once when a shield goes down without being dropped; it must not block.
pub type OnLowered = Box<dyn FnOnce(Lowered) + Send>;

/// A shield that is up. Dropping it takes it down, and waits for that for a second at most.
#[derive(Debug)]
pub struct Raised {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    _process: platform::Process,
}

impl Raised {
    /// Puts `shield` up on the display of that name, or the one that `DISPLAY` names, for `longest` at most.
    ///
    /// `exe` is as for [`crate::open_guarded`]. Blocks until it is up: some milliseconds, and up to two
    /// seconds while the user holds a key.
    ///
    /// # Errors
    ///
    /// [`ShieldError`]; then nothing is up.
    pub fn begin(
        shield: Shield,
        display: Option<&str>,
        exe: &Path,
        longest: Duration,
        lowered: OnLowered,
    ) -> Result<Self, ShieldError> {
        #[cfg(any(target_os = "linux", target_os = "freebsd"))]
        let begun = can_here(shield, display)
            .and_then(|()| platform::Process::start(shield, display, exe, longest, lowered))
            .map(|process| Self { _process: process });
        #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
        let begun = {
            drop((shield, display, exe, longest, lowered));
            Err(ShieldError::UnsupportedPlatform)
        };
        begun
    }
}

/// Whether `shield` could be put up on the display of that name, or the one that `DISPLAY` names. Changes
/// nothing; blocks for some milliseconds.
///
/// # Errors
///
/// [`ShieldError`]
pub fn can_shield(shield: Shield, display: Option<&str>) -> Result<(), ShieldError> {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    let can = can_here(shield, display).and_then(|()| platform::can(shield, display));
    #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
    let can = {
        let _ = (shield, display);
        Err(ShieldError::UnsupportedPlatform)
    };
    can
}

/// Whether an X server has the devices and the brightness that are meant: the one of a Wayland session has not.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn can_here(shield: Shield, display: Option<&str>) -> Result<(), ShieldError> {
    if display.is_some() || crate::unix::is_x11() {
        return Ok(());
    }
    Err(match shield {
        Shield::Input => ShieldError::NoOwnDevices,
        Shield::Screen => ShieldError::NoBrightness,
    })
}
