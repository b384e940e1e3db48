//! Platforms where the key is not watched yet.

use super::HotKeyError;

/// Never made on this platform.
#[derive(Debug)]
pub(super) enum Watch {}

impl Watch {
    pub(super) fn start(
        _display: Option<&str>,
        _changed: Box<dyn Fn() + Send>,
    ) -> Result<Self, HotKeyError> {
        Err(HotKeyError::UnsupportedPlatform)
    }

    pub(super) fn ask(&self, _pressed: Option<Box<dyn Fn() + Send>>) {
        match *self {}
    }

    pub(super) fn is_watched(&self) -> bool {
        match *self {}
    }
}
