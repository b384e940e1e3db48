//! Shows a picture inside a window without repainting the window.
//!
//! Where GL is software, repainting a 1920x1080 surface costs some 18 ms, while handing the X server
//! the few changed tiles through shared memory costs 0.02 ms. So the session window's picture is a
//! child window of its own (on Wayland a subsurface), fed by the decoding thread; the GUI thread only says where it stands.
//!
//! [`Presenter::attach`] fails where the platform has no such way yet; the caller then draws the
//! picture itself.

use codec::{PixelSize, Rect};

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod unix;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod wayland;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod x11;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub use unix::Presenter;

#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
mod sheet;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub use self::windows::Presenter;

#[cfg(not(any(target_os = "linux", target_os = "freebsd", windows)))]
mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "freebsd", windows)))]
pub use unsupported::Presenter;

/// A [`Placement::scale`] of 1.
pub const SCALE_ONE: u32 = 120;

/// A picture whose top left is at a multiple of as many pixels can be placed exactly, in a window of this scale.
pub fn step_px(scale: u32) -> u32 {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    if ::wayland::windows::are_on_wayland() {
        return wayland::step_px(scale);
    }
    let _ = scale;
    1
}

/// Where the picture stands in its window. All lengths are physical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The part of the window that shows picture, from the window's top left.
    pub area: Rect,
    /// The pixel of the picture, as large as it is shown, that stands at the area's top left.
    pub source_x: u32,
    pub source_y: u32,
    /// The size at which the whole picture is shown; pixel by pixel if it is the picture's own.
    pub shown: PixelSize,
    /// Pixels for each of the units that the desktop reckons in, in parts of [`SCALE_ONE`]. Only Wayland reckons in
    /// units that are no pixels.
    pub scale: u32,
}

/// The picture cannot be shown this way; the program draws it itself then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PresentError {
    #[error("this platform shows pictures through the GUI only")]
    Unsupported,
    #[error("no connection to the display: {0}")]
    NoDisplay(String),
    #[error("the display lacks {0}")]
    Lacks(&'static str),
    #[error("the display refused: {0}")]
    Refused(String),
}
