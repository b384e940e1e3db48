//! A process that decodes what a stranger's computer sent takes every right from itself first that it
//! does not need.
//!
//! What it has open stays open: open the recording before.

use std::path::Path;

#[cfg(target_os = "linux")]
#[path = "sandbox/linux.rs"]
mod platform;
#[cfg(not(target_os = "linux"))]
#[path = "sandbox/unsupported.rs"]
mod platform;

/// From here on, this thread and those that it starts can read the file `recording`, can make, read and
/// write files in `out_folder`, and can open nothing else; they can use no network, start no program and
/// look into no other process. Memory, time and files are limited.
///
/// As root it becomes the user `own`, if one is named.
///
/// Gives what this system cannot do, each in words.
pub fn enter(recording: &Path, out_folder: &Path, own: Option<u32>) -> Vec<String> {
    platform::enter(recording, out_folder, own)
}
