//! The key that ends a session whatever window has the focus (H6): Ctrl+Alt+Shift+X.
//!
//! On Wayland only sway has a way to watch it: a key that the compositor's X server gives reaches nobody while a
//! program of Wayland has the focus, so it is not asked.
//!
//! A thread of its own talks to the platform; whoever asks never waits.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod sway;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod x11;

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use self::x11 as platform;

#[cfg(windows)]
mod windows;

#[cfg(windows)]
use self::windows as platform;

#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "macos")]
use self::macos as platform;

#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
mod unsupported;

#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
use unsupported as platform;

/// The key cannot be watched; the button still works.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HotKeyError {
    #[error("there is no display that tells keys ({reason})")]
    NoDisplay { reason: String },
    #[error("another program has this key")]
    Taken,
    #[error("this keyboard has no such key")]
    NoSuchKey,
    #[error("no thread: {0}")]
    Thread(#[from] std::io::Error),
    #[error("not on this platform yet")]
    UnsupportedPlatform,
}

/// Who watches the key, when asked to. Dropping it ends that.
#[derive(Debug)]
pub struct HotKey {
    watch: platform::Watch,
}

impl HotKey {
    /// Starts the thread; nothing is watched yet. It calls `changed` each time [`Self::is_watched`] has
    /// changed.
    ///
    /// # Errors
    ///
    /// [`HotKeyError::Thread`], and [`HotKeyError::UnsupportedPlatform`] where nobody can watch it.
    pub fn start(changed: impl Fn() + Send + 'static) -> Result<Self, HotKeyError> {
        Self::start_on(None, changed)
    }

    /// As [`Self::start`], on the X11 display of that name instead of `$DISPLAY`.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_on(
        display: Option<&str>,
        changed: impl Fn() + Send + 'static,
    ) -> Result<Self, HotKeyError> {
        Ok(Self {
            watch: platform::Watch::start(display, Box::new(changed))?,
        })
    }

    /// From soon on, `pressed` is called from the thread each time the key goes down; what was watched
    /// for before is forgotten. Never waits.
    ///
    /// Where the key cannot be had the log says why.
    pub fn watch(&self, pressed: impl Fn() + Send + 'static) {
        self.watch.ask(Some(Box::new(pressed)));
    }

    /// The key belongs to all programs again soon. Never waits.
    pub fn let_go(&self) {
        self.watch.ask(None);
    }

    /// Whether a press would be noticed now.
    pub fn is_watched(&self) -> bool {
        self.watch.is_watched()
    }
}
