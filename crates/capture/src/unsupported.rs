//! Platforms without a screen source.

#![cfg(not(any(
    feature = "scrap",
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]

use crate::{CaptureError, ScreenSource};

pub(crate) fn open() -> Result<Box<dyn ScreenSource>, CaptureError> {
    Err(CaptureError::UnsupportedPlatform)
}
