//! The picture of this machine's screen, and where its pointer is.
//!
//! [`open`] gives the best source of this platform behind [`ScreenSource`]. A source tells when
//! something changed ([`ScreenSource::wait`]) and copies what changed ([`ScreenSource::grab`]); it
//! never looks at a clock to find out, except where the platform leaves no other way
//! (`scrap_backend`).
//!
//! [`synthetic`] is a screen without a display: a real source whose pixels a program paints.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use codec::{Picture, Rect};

#[cfg(any(
    feature = "scrap",
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows,
    test
))]
mod compared;
pub mod lasting_yes;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod login_session;
#[cfg(target_os = "macos")]
pub mod macos;
mod obstacles;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub mod portal;
#[cfg(feature = "scrap")]
pub mod scrap_backend;
pub mod synthetic;
mod tiles;
mod unsupported;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub mod wayland;
#[cfg(windows)]
pub mod windows;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub mod x11;

pub use obstacles::{Observer, Obstacle, Obstacles};

/// One monitor of the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// Stays the same while the monitor is connected.
    pub id: u32,
    /// The platform's name for it, like `eDP-1`.
    pub name: String,
    /// Its place in pixels of the whole desktop.
    pub area: Rect,
    /// The desktop's main monitor.
    pub primary: bool,
}

/// What happened since the last [`ScreenSource::wait`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Pixels may have changed; said once, until the next [`ScreenSource::grab`].
    pub screen: bool,
    /// The pointer moved.
    pub pointer_moved: bool,
    /// The pointer looks different.
    pub pointer_shape: bool,
    /// The size of the shared area or the set of monitors changed.
    pub resized: bool,
    /// A [`CaptureWaker`] was used.
    pub woken: bool,
}

impl Changes {
    /// Whether anything happened at all.
    pub fn any(self) -> bool {
        self.screen || self.pointer_moved || self.pointer_shape || self.resized || self.woken
    }
}

/// Where the pointer is and what it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointerState {
    /// Pixels of the shared area, the hot spot; may lie outside of it.
    pub x: i32,
    /// See `x`.
    pub y: i32,
    /// Inside of the shared area and not an empty picture.
    pub visible: bool,
    /// `None` where the platform does not tell what the pointer looks like.
    pub shape: Option<Arc<PointerPicture>>,
}

/// What the pointer looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointerPicture {
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// The point that clicks, from the left of the picture.
    pub hot_x: u16,
    /// The point that clicks, from the top of the picture.
    pub hot_y: u16,
    /// Rows from the top; red, green, blue, alpha, not premultiplied; `width * height * 4` bytes.
    pub rgba: Vec<u8>,
    /// Two pictures with the same serial are the same picture.
    pub serial: u32,
}

/// The screen of this machine.
///
/// Calls talk to the display server and may block for some milliseconds ([`Self::wait`] for as long
/// as it was told): drive a source from its own thread.
pub trait ScreenSource: Send {
    /// The monitors of the desktop, the primary one first.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Lost`] when the display server is gone.
    fn monitors(&mut self) -> Result<Vec<Monitor>, CaptureError>;

    /// Shares only this monitor, or the whole desktop with `None` (how a source starts).
    ///
    /// The next [`Self::grab`] gives everything anew. When the monitor is unplugged later, the
    /// whole desktop is shared again.
    ///
    /// # Errors
    ///
    /// [`CaptureError::NoSuchMonitor`]; the selection stays as it was.
    fn select(&mut self, monitor: Option<u32>) -> Result<(), CaptureError>;

    /// Shares this monitor and never anything else from now on: once it is unplugged every call fails with
    /// [`CaptureError::NoSuchMonitor`], and what a grab gave was all of it.
    ///
    /// # Errors
    ///
    /// [`CaptureError::NoSuchMonitor`]; then nothing may be grabbed.
    fn keep_to(&mut self, monitor: u32) -> Result<(), CaptureError>;

    /// The shared area in pixels of the whole desktop. Add its corner to a position in the picture
    /// to get the position that an input sink wants.
    fn area(&self) -> Rect;

    /// Blocks until something changed, `timeout` passed (`None`: for ever) or the waker was used.
    ///
    /// Overwrites `changes`; all false means that the time passed. A change is told once: when it
    /// is not grabbed, later calls do not tell it again.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Lost`] when the display server is gone.
    fn wait(
        &mut self,
        timeout: Option<Duration>,
        changes: &mut Changes,
    ) -> Result<(), CaptureError>;

    /// Copies the pixels that changed since the last grab into `picture` and tells their places.
    ///
    /// The picture must be the one of the last call, or any: when its size is not that of the
    /// shared area it is replaced and copied whole. The first grab, one after [`Self::select`] and
    /// one after a change of size give everything. The rectangles do not overlap, lie inside of the
    /// picture and may be larger than what changed. None means that nothing changed.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Lost`] when the display server is gone.
    fn grab(&mut self, picture: &mut Picture) -> Result<Vec<Rect>, CaptureError>;

    /// Where the pointer is and what it looks like.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Lost`] when the display server is gone.
    fn pointer(&mut self) -> Result<PointerState, CaptureError>;

    /// Something that ends a [`Self::wait`] from another thread.
    fn waker(&self) -> CaptureWaker;
}

/// Ends a blocked [`ScreenSource::wait`], or the next one if none is blocked.
#[derive(Clone)]
pub struct CaptureWaker(Arc<dyn Fn() + Send + Sync>);

impl CaptureWaker {
    /// `wake` must not block.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(wake))
    }

    /// Wakes; never blocks, and does nothing when the source is gone.
    pub fn wake(&self) {
        (self.0)();
    }
}

impl fmt::Debug for CaptureWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaptureWaker")
    }
}

/// The screen cannot be captured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// There is nothing to capture on this machine now.
    #[error("there is no display to share ({reason})")]
    NoDisplay { reason: String },
    /// The display server lacks something that is needed.
    #[error("this display cannot be shared: {reason}")]
    Unsuitable { reason: String },
    /// The display server ended or refused; the source is of no use any more.
    #[error("the display was lost: {reason}")]
    Lost { reason: String },
    /// No monitor has this id.
    #[error("there is no monitor {id}")]
    NoSuchMonitor { id: u32 },
    /// The desktop asks its user; try again within a second. Nothing is asked any more where nobody does.
    #[error("the desktop asks its user")]
    UserAsked,
    /// The user refused in the desktop's own dialog, or stopped the sharing there.
    #[error("the user does not share the screen in the desktop's own dialog")]
    Refused,
    /// Nobody answered the desktop's own dialog in time.
    #[error("nobody answered the desktop's own dialog")]
    NoAnswer,
    /// This platform cannot be captured by this program.
    #[error("sharing the screen is not supported on this platform yet")]
    UnsupportedPlatform,
}

/// Opens the screen of this machine: the Wayland session that `WAYLAND_DISPLAY` names where its compositor
/// lets programs see it, or where the desktop asks its user for that, and otherwise the X11 display that `DISPLAY` names.
///
/// # Errors
///
/// [`CaptureError::NoDisplay`] when there is none, [`CaptureError::Unsuitable`] when it lacks
/// something, [`CaptureError::UserAsked`] until the desktop's user has answered where that is needed, and
/// [`CaptureError::UnsupportedPlatform`] elsewhere.
pub fn open() -> Result<Box<dyn ScreenSource>, CaptureError> {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    let opened = match wayland::WaylandScreen::open(None) {
        // one that shows itself by its user's yes
        Err(CaptureError::Unsuitable { .. }) if portal::can_ask() => {
            portal::PortalScreen::open().map(|screen| Box::new(screen) as _)
        }
        // none there, or one that shows itself to nobody: on X11 it is seen what there is
        Err(CaptureError::NoDisplay { .. } | CaptureError::Unsuitable { .. }) => {
            x11::X11Screen::open_display(None).map(|screen| Box::new(screen) as _)
        }
        opened => opened.map(|screen| Box::new(screen) as _),
    };
    #[cfg(windows)]
    let opened = windows::WindowsScreen::open().map(|screen| Box::new(screen) as _);
    #[cfg(target_os = "macos")]
    let opened = macos::MacScreen::open().map(|screen| Box::new(screen) as _);
    #[cfg(all(
        feature = "scrap",
        not(any(
            target_os = "linux",
            target_os = "freebsd",
            target_os = "macos",
            windows
        ))
    ))]
    let opened = scrap_backend::ScrapScreen::open().map(|screen| Box::new(screen) as _);
    #[cfg(all(
        not(feature = "scrap"),
        not(any(
            target_os = "linux",
            target_os = "freebsd",
            target_os = "macos",
            windows
        ))
    ))]
    let opened = unsupported::open();
    opened
}

/// The session is over: what the desktop's user has agreed to in its own dialog counts no more. Waits for nobody.
pub fn end_sharing() {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    portal::end();
}

/// Undoes the premultiplication of a cursor's pixel.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub(crate) fn straight_rgba(argb: u32) -> [u8; 4] {
    let [alpha, red, green, blue] = argb.to_be_bytes();
    let straight = |colour: u8| match alpha {
        0 => 0,
        alpha => {
            let scaled = (u16::from(colour) * 255 + u16::from(alpha) / 2) / u16::from(alpha);
            u8::try_from(scaled).unwrap_or(u8::MAX)
        }
    };
    [straight(red), straight(green), straight(blue), alpha]
}

#[cfg(all(test, any(target_os = "linux", target_os = "freebsd")))]
mod tests {
    use super::*;

    #[test]
    fn a_pointers_colours_are_given_unmultiplied() {
        assert_eq!(straight_rgba(0x8040_2010), [128, 64, 32, 0x80]);
        assert_eq!(straight_rgba(0xff12_3456), [0x12, 0x34, 0x56, 0xff]);
        assert_eq!(straight_rgba(0x0012_3456), [0, 0, 0, 0]);
        assert_eq!(straight_rgba(0x01ff_ffff), [255, 255, 255, 1]);
    }
}
