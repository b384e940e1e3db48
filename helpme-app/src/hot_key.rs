//! The key that ends a session whatever window has the focus (H6): Ctrl+Alt+Shift+X.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod x11;

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use x11 as platform;

#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
mod unsupported;

#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
use unsupported as platform;

/// The key cannot be watched; the button still works.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HotKeyError {
    #[error("there is no display that tells keys")]
    NoDisplay,
    #[error("another program has this key")]
    Taken,
    #[error("this keyboard has no such key")]
    NoSuchKey,
    #[error("no thread: {0}")]
    Thread(#[from] std::io::Error),
    #[error("not on this platform yet")]
    UnsupportedPlatform,
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct HotKey {
    // dropping it ends the watch
    _watch: platform::Watch,
}

impl HotKey {
    /// Calls `pressed`, from a thread of its own, each time the key goes down.
    ///
    /// # Errors
    ///
    /// [`HotKeyError`]; nothing is watched then.
    pub fn watch(pressed: impl Fn() + Send + 'static) -> Result<Self, HotKeyError> {
        Ok(Self {
            _watch: platform::Watch::start(Box::new(pressed))?,
        })
    }
}
