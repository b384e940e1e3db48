//! Platforms where the key is not watched yet.

use super::HotKeyError;

#[derive(Debug)]
pub(super) enum Watch {}

impl Watch {
    pub(super) fn start(_pressed: Box<dyn Fn() + Send>) -> Result<Self, HotKeyError> {
        Err(HotKeyError::UnsupportedPlatform)
    }
}
