//! How busy the processors are between two looks.

#[cfg(not(windows))]
mod counted;
#[cfg(windows)]
mod windows;

#[cfg(not(windows))]
pub(crate) use counted::Busy;
#[cfg(windows)]
pub(crate) use windows::Busy;
