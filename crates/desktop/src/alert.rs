//! A message in a window of its own, for a program that cannot open its usual one: nothing is needed but
//! the display, no drawing library, no window manager, no toolkit.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod x11;

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use self::x11 as platform;

#[cfg(windows)]
mod windows;

#[cfg(windows)]
use self::windows as platform;

#[cfg(not(any(target_os = "linux", target_os = "freebsd", windows)))]
mod unsupported;

#[cfg(not(any(target_os = "linux", target_os = "freebsd", windows)))]
use unsupported as platform;

/// A message for the person in front of the screen.
#[derive(Debug)]
pub struct Alert {
    /// The window's title.
    pub title: String,
    /// The message in words, for systems that show it by themselves.
    pub text: String,
    /// The message as it is painted elsewhere.
    pub face: Face,
}

/// What a window shows.
#[derive(Debug)]
pub struct Face {
    pub width: u16,
    pub height: u16,
    /// `width * height` pixels `0x00RRGGBB`, rows from the top.
    pub pixels: Vec<u32>,
    /// Where a click closes the window: left, top, right and bottom in pixels.
    pub button: [i16; 4],
}

/// The message could not be shown.
#[derive(Debug, thiserror::Error)]
#[error("no message can be shown: {reason}")]
pub struct AlertError {
    pub reason: String,
}

impl Alert {
    /// Shows the message and blocks until the person has closed it, or the display is gone.
    ///
    /// # Errors
    ///
    /// [`AlertError`] if there is no display that shows it.
    pub fn show(&self) -> Result<(), AlertError> {
        platform::show(self)
    }
}
