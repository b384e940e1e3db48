//! The room on a disk.

use std::path::Path;

/// The disk that a folder is on, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// For whoever the hub runs as.
    pub free: u64,
    pub total: u64,
}

/// The room on the disk of `folder`; `None` where the system does not say.
#[cfg(unix)]
pub fn space(folder: &Path) -> Option<Space> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(Space {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        total: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

#[cfg(not(unix))]
pub fn space(_folder: &Path) -> Option<Space> {
    None
}
