//! On Wayland no program can have the keyboard alone, but a window's own keys can include the desktop's shortcuts.

use wayland::windows::{Inhibitor, WindowError, are_on_wayland};

use super::GrabError;

/// While it lives, the desktop's shortcuts come to a window as other keys do when it has the keyboard, as far as the
/// desktop and its user allow.
#[derive(Debug)]
pub struct TakenShortcuts {
    _inhibitor: Inhibitor,
}

impl TakenShortcuts {
    /// Whether this is the way to all keys: the windows of this program are on Wayland.
    pub fn are_the_way() -> bool {
        are_on_wayland()
    }

    /// For a window of this program, as the platform numbers it. Waits for an answer of the compositor.
    ///
    /// # Errors
    ///
    /// [`GrabError::NoDisplay`] where the desktop has no such way.
    pub fn of(window: u64) -> Result<Self, GrabError> {
        let inhibitor = Inhibitor::new(window)?;
        Ok(Self {
            _inhibitor: inhibitor,
        })
    }
}

impl From<WindowError> for GrabError {
    fn from(error: WindowError) -> Self {
        Self::NoDisplay {
            reason: error.to_string(),
        }
    }
}
