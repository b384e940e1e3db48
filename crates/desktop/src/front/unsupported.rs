//! Platforms where the program itself brings its windows to the front.

use std::convert::Infallible;

use raw_window_handle::RawWindowHandle;

/// Never made on this platform.
#[derive(Debug, Clone, Copy)]
pub(super) enum Window {}

/// Never made on this platform.
#[derive(Debug)]
pub(super) enum Manager {}

pub(super) fn window(_handle: RawWindowHandle) -> Option<Window> {
    None
}

impl Manager {
    pub(super) fn connect(_display: Option<&str>) -> Result<Self, std::io::Error> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    pub(super) fn raise(&self, _window: Window) -> Result<(), Infallible> {
        match *self {}
    }

    pub(super) fn pointer(&self) -> Result<(i32, i32), Infallible> {
        match *self {}
    }
}
