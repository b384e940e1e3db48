//! A bar above all windows, where one fills the screen and so covers the program's own (H6): on Wayland desktops that
//! have a place for it and tell of such a window (those of the wlroots family).

use std::io;
use std::time::Duration;

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
#[path = "overlay/wayland.rs"]
mod platform;

/// What the user does with the pointer over the bar. Lengths are in the desktop's units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    Moved {
        x: f32,
        y: f32,
    },
    /// It is not over the bar any more.
    Gone,
    /// The left button went down or up.
    Button {
        pressed: bool,
    },
}

/// A picture of the bar: four bytes for each pixel, blue, green, red and one that is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

/// Who paints the bar, and hears what is done on it; called from the bar's thread.
pub trait Painter: Send {
    /// Its size on a screen that is so wide, in the desktop's units.
    fn size(&self, screen_width: u32) -> (u32, u32);

    /// What it looks like after `acts`, with `scale` pixels to a unit.
    fn paint(&mut self, acts: &[Act], size: (u32, u32), scale: u32) -> Pixels;

    /// When it looks otherwise by itself, if it does.
    fn changes_in(&self) -> Option<Duration>;
}

/// The bar, shown while a window fills the screen. Dropping it takes it away soon.
#[derive(Debug)]
pub struct Overlay {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    shown: platform::Shown,
}

impl Overlay {
    /// Watches for such windows, from a thread of its own. Never waits for the desktop; where it has no place
    /// for the bar the log says so, and nothing is shown.
    ///
    /// # Errors
    ///
    /// If the system gives no thread, or has no such desktops.
    pub fn begin(painter: impl Painter + 'static) -> io::Result<Self> {
        #[cfg(any(target_os = "linux", target_os = "freebsd"))]
        return Ok(Self {
            shown: platform::Shown::begin(Box::new(painter))?,
        });
        #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
        {
            drop(painter);
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    /// Has it painted again, as there is something new to say. Never waits.
    pub fn look_again(&self) {
        #[cfg(any(target_os = "linux", target_os = "freebsd"))]
        self.shown.look_again();
    }
}
