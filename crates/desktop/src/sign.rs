//! A bar at the top of the screen that says who is on the computer, with a button that ends it (U4), for a
//! program that has no windows.

#[cfg(windows)]
#[path = "sign/windows.rs"]
mod platform;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
#[path = "sign/x11.rs"]
mod platform;

/// The bar cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("no thread: {0}")]
    Thread(#[from] std::io::Error),
    #[error("not on this platform yet")]
    UnsupportedPlatform,
}

/// The bar, above all windows. Dropping it takes it away soon.
#[derive(Debug)]
pub struct Sign {
    #[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
    shown: platform::Shown,
}

impl Sign {
    /// Shows `text` and a button on the display that the environment names, from a thread of its own; `pressed`
    /// is called from there. Never waits for the display; where there is none the log says so.
    ///
    /// An X server's own letters are used, which are those of Western Europe; others show as `?`.
    ///
    /// # Errors
    ///
    /// [`SignError`].
    pub fn show(
        text: &str,
        button: &str,
        pressed: impl Fn() + Send + 'static,
    ) -> Result<Self, SignError> {
        #[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
        let shown =
            platform::Shown::begin(text, button, Box::new(pressed)).map(|shown| Self { shown });
        #[cfg(not(any(target_os = "linux", target_os = "freebsd", windows)))]
        let shown = {
            drop((text, button, pressed));
            Err(SignError::UnsupportedPlatform)
        };
        shown
    }

    /// Whether it is on no display any more, or could not be shown.
    pub fn is_over(&self) -> bool {
        #[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
        let is_over = self.shown.is_over();
        #[cfg(not(any(target_os = "linux", target_os = "freebsd", windows)))]
        let is_over = true;
        is_over
    }
}
