//! Memory that this process and the X server both see.

#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe, and large pictures pass the server by no other way"
)]

use std::fs::File;
use std::io;

use memmap2::{MmapMut, MmapOptions};
use rustix::fs::{MemfdFlags, SealFlags};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::shm::{self, ConnectionExt as _};

/// Memory cannot be shared with the server: it is on another machine, or too old.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    #[error("it has no MIT-SHM")]
    NoExtension,
    #[error("its MIT-SHM takes no file descriptors")]
    TooOld,
    #[error("there is no memory to share: {0}")]
    NoMemory(#[from] io::Error),
    #[error("it takes no memory: {0}")]
    Refused(#[from] ReplyError),
}

impl From<ConnectionError> for SegmentError {
    fn from(error: ConnectionError) -> Self {
        Self::Refused(error.into())
    }
}

/// What the server does with a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerMay {
    Read,
    /// Pictures of the screen.
    Write,
}

/// Asks the server whether it shares memory by file descriptor (MIT-SHM 1.2).
///
/// # Errors
///
/// [`SegmentError`] if not.
pub fn can_share_memory(connection: &impl RequestConnection) -> Result<(), SegmentError> {
    // A request of an extension that is absent would be an error of this client.
    let present = connection.extension_information(shm::X11_EXTENSION_NAME)?;
    if present.is_none() {
        return Err(SegmentError::NoExtension);
    }
    let version = connection.shm_query_version()?.reply()?;
    if (version.major_version, version.minor_version) < (1, 2) {
        return Err(SegmentError::TooOld);
    }
    Ok(())
}

/// A mapped MIT-SHM segment of a fixed size.
///
/// Dropping it unmaps it here; the server keeps its side until [`Self::detach`], or until the
/// connection ends.
#[derive(Debug)]
pub struct Segment {
    id: shm::Seg,
    map: MmapMut,
}

impl Segment {
    /// A segment of `len_bytes` (at least one), all zero, attached at the server behind `connection`,
    /// of which [`can_share_memory`] holds.
    ///
    /// # Errors
    ///
    /// [`SegmentError`]; nothing is shared then.
    pub fn new(
        connection: &impl Connection,
        len_bytes: usize,
        server_may: ServerMay,
    ) -> Result<Self, SegmentError> {
        let len_bytes = len_bytes.max(1);
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let fd = rustix::fs::memfd_create("picture", flags).map_err(io::Error::from)?;
        rustix::fs::ftruncate(&fd, len_bytes as u64).map_err(io::Error::from)?;
        rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
            .map_err(io::Error::from)?;
        let file = File::from(fd);
        // SAFETY: the file is nameless and sealed against shrinking, so the mapping stays valid. Its
        // only other user is the server: one that may only read changes nothing, and one that may
        // write does so between a request and its answer, when nobody reads (see `bytes`).
        let map = unsafe { MmapOptions::new().len(len_bytes).map_mut(&file) }?;
        let id = crate::new_id(connection)?;
        let read_only = server_may == ServerMay::Read;
        connection.shm_attach_fd(id, file, read_only)?.check()?;
        Ok(Self { id, map })
    }

    /// The server's number for it.
    pub fn id(&self) -> shm::Seg {
        self.id
    }

    /// The memory.
    ///
    /// INVARIANT: where the server writes, read it between the answer to one request and the sending
    /// of the next, and keep no slice of it meanwhile.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// How many pixels of four bytes it has room for.
    pub fn pixel_count(&self) -> usize {
        self.map.len() / size_of::<u32>()
    }

    /// The memory as whole pixels, of a segment that is made of such. The server may be reading them for
    /// an earlier request, which at worst shows a state that the next request corrects.
    pub fn pixels_mut(&mut self) -> &mut [u32] {
        bytemuck::cast_slice_mut(&mut self.map)
    }

    /// Makes the server forget it, after the requests that were sent before.
    ///
    /// # Errors
    ///
    /// When the connection is lost, and the server's side of the segment with it.
    pub fn detach(self, connection: &impl RequestConnection) -> Result<(), ConnectionError> {
        connection.shm_detach(self.id)?;
        Ok(())
    }
}
