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
pub fn space(folder: &Path) -> Option<Space> {
    let found = fs4::statvfs(folder).ok()?;
    Some(Space {
        free: found.available_space(),
        total: found.total_space(),
    })
}
