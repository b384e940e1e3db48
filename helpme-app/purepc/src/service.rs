//! `purepc install` and `uninstall`: the service manager keeps this computer connected, from boot on (U1).

#[cfg(not(windows))]
mod systemd;
#[cfg(windows)]
mod windows;

#[cfg(not(windows))]
pub(crate) use systemd::{install, uninstall};
#[cfg(windows)]
pub(crate) use windows::{ID, folder, install, log_file, uninstall};
