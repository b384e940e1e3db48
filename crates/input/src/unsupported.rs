//! Platforms without an input sink.

#![cfg(not(any(
    feature = "rdev",
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]

use std::path::Path;
use std::process::ExitCode;

use crate::{InjectError, InputSink};

pub(crate) fn open() -> Result<Box<dyn InputSink>, InjectError> {
    Err(InjectError::UnsupportedPlatform)
}

pub(crate) fn open_guarded(_exe: &Path) -> Result<Box<dyn InputSink>, InjectError> {
    open()
}

pub(crate) fn run_guardian_if_asked() -> Option<ExitCode> {
    None
}

pub(crate) fn keyboard() -> Option<protocol::HostKeyboard> {
    None
}

pub(crate) fn release_stuck() -> Result<usize, InjectError> {
    Ok(0)
}
