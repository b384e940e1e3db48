//! Memory that this process writes and the X server reads.

#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe, and the server reads large pictures by no other way"
)]

use std::fs::File;

use memmap2::{MmapMut, MmapOptions};
use rustix::fs::{MemfdFlags, SealFlags};
use x11rb::connection::Connection as _;
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;

use crate::PresentError;

/// A mapped MIT-SHM segment of whole pixels. Drop unmaps it here; the server keeps its side until it
/// is told to detach, or the connection ends.
#[derive(Debug)]
pub(super) struct Segment {
    id: shm::Seg,
    map: MmapMut,
}

impl Segment {
    /// A segment of `pixels` pixels, all zero, attached at the server behind `connection`.
    pub(super) fn new(connection: &RustConnection, pixels: usize) -> Result<Self, PresentError> {
        let no_memory = |e: std::io::Error| PresentError::Refused(format!("no shared memory: {e}"));
        let len_bytes = pixels.max(1) * size_of::<u32>();
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let fd = rustix::fs::memfd_create("picture", flags).map_err(|e| no_memory(e.into()))?;
        rustix::fs::ftruncate(&fd, len_bytes as u64).map_err(|e| no_memory(e.into()))?;
        rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
            .map_err(|e| no_memory(e.into()))?;
        let file = File::from(fd);
        // SAFETY: the file is nameless and sealed against shrinking, so the mapping stays valid; its
        // only other user is the server, which attaches it for reading only.
        let map = unsafe { MmapOptions::new().len(len_bytes).map_mut(&file) }.map_err(no_memory)?;
        let id = connection.generate_id()?;
        connection.shm_attach_fd(id, file, true)?.check()?;
        Ok(Self { id, map })
    }

    pub(super) fn id(&self) -> shm::Seg {
        self.id
    }

    pub(super) fn pixel_count(&self) -> usize {
        self.map.len() / size_of::<u32>()
    }

    /// The pixels. The server may be reading them for an earlier request, which at worst shows a
    /// state that the next request corrects.
    pub(super) fn pixels_mut(&mut self) -> &mut [u32] {
        bytemuck::cast_slice_mut(&mut self.map)
    }
}
