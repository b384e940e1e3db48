//! Memory that this process and the compositor both see.

#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe, and pictures come by no other way"
)]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};

use memmap2::{Mmap, MmapMut, MmapOptions};
use rustix::fs::{MemfdFlags, SealFlags};

/// A nameless file of a fixed size that the compositor writes into.
#[derive(Debug)]
pub(crate) struct Memory {
    file: File,
    map: Mmap,
}

impl Memory {
    pub(crate) fn new(len_bytes: usize) -> io::Result<Self> {
        let file = nameless(len_bytes.max(1) as u64)?;
        // SAFETY: the file is nameless and sealed against shrinking, so the mapping stays valid. Its only
        // other user is the compositor, which writes between `copy` and `ready`, when nobody reads.
        let map = unsafe { MmapOptions::new().map(&file) }?;
        Ok(Self { file, map })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// INVARIANT: read only while no copy into it is under way.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }
}

/// A nameless file of a fixed size that the compositor reads.
#[derive(Debug)]
pub(crate) struct Shared {
    file: File,
    map: MmapMut,
}

impl Shared {
    /// All its pixels are 0.
    pub(crate) fn new(pixels: usize) -> io::Result<Self> {
        let len_bytes = pixels.max(1) * size_of::<u32>();
        let file = nameless(len_bytes as u64)?;
        // SAFETY: the file is nameless and sealed against shrinking, so the mapping stays valid. Its only
        // other user is the compositor, which reads between `commit` and `release`, when nobody writes.
        let map = unsafe { MmapOptions::new().map_mut(&file) }?;
        Ok(Self { file, map })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    pub(crate) fn len_bytes(&self) -> usize {
        self.map.len()
    }

    pub(crate) fn pixels(&self) -> &[u32] {
        bytemuck::cast_slice(&self.map)
    }

    /// INVARIANT: written only while the compositor does not read.
    pub(crate) fn pixels_mut(&mut self) -> &mut [u32] {
        bytemuck::cast_slice_mut(&mut self.map)
    }
}

/// A nameless file of this length that nobody can make shorter.
pub(crate) fn nameless(len_bytes: u64) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let fd = rustix::fs::memfd_create("wayland", flags)?;
    rustix::fs::ftruncate(&fd, len_bytes)?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&fd, seals)?;
    Ok(File::from(fd))
}
