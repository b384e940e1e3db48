//! Memory that this process and the display server both see.

#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe, and the server writes by no other way"
)]

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use memmap2::{Mmap, MmapOptions};
use rustix::fs::{MemfdFlags, SealFlags};

/// A mapped memory file of a fixed size.
///
/// The server writes into it while it answers a request, and only then: read it between the answer
/// to one request and the sending of the next.
#[derive(Debug)]
pub(super) struct SharedBytes {
    map: Mmap,
}

impl SharedBytes {
    /// Makes one, and the file descriptor to hand to the server.
    pub(super) fn new(len_bytes: usize) -> io::Result<(Self, OwnedFd)> {
        let fd =
            rustix::fs::memfd_create("screen", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        rustix::fs::ftruncate(&fd, len_bytes as u64)?;
        rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        let file = File::from(fd);
        // SAFETY: the file is nameless and sealed against shrinking, so the mapping stays valid;
        // its only other user is the server, which writes between a request and its answer, when
        // no slice of it is alive (`bytes` borrows for one copy after the answer).
        let map = unsafe { MmapOptions::new().len(len_bytes).map(&file) }?;
        Ok((Self { map }, file.into()))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }
}
