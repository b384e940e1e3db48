//! The pictures of a portal's session, by a program of their own that speaks to PipeWire.

use std::env;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::fs::MemfdFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

use super::Portal;
use super::wire::{Frame, Inbox, Said, Shape, TAKE};
use crate::session::poll;

/// The program, beside the one that starts it.
const HELPER: &str = "helpme-screencast";
/// What it is started with to see whether it can be: then it ends at once.
pub const CHECK: &str = "--check";
/// A program that does not answer for so long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(5);
/// Sides of pictures, in pixels.
const MAX_SIDE: u32 = 16_384;

/// Whether the program is there and finds the library that it needs. Found out once.
pub fn has_helper() -> bool {
    static HAS: Mutex<Option<bool>> = Mutex::new(None);
    let mut has = HAS.lock().unwrap_or_else(PoisonError::into_inner);
    *has.get_or_insert_with(|| {
        let started = helper().and_then(|helper| {
            let mut command = Command::new(helper);
            command.arg(CHECK).stdin(Stdio::null());
            command.stdout(Stdio::null()).stderr(Stdio::null()).status()
        });
        match started {
            Ok(status) => status.success(),
            Err(error) => {
                tracing::info!(%error, "No pictures from PipeWire");
                false
            }
        }
    })
}

fn helper() -> io::Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name(HELPER))
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// There is a picture that was not taken.
    News,
    /// Where the pointer is in the picture.
    Pointer { x: i32, y: i32, visible: bool },
    /// What it looks like.
    Shape(Shape),
}

/// The program that takes the pictures. Dropping it ends it.
#[derive(Debug)]
pub struct Casting {
    helper: Child,
    socket: UnixStream,
    /// Where the pictures lie.
    memory: File,
    inbox: Inbox,
    /// What came while a picture was waited for.
    waiting: Vec<Event>,
}

impl Casting {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or the portal gives no connection to PipeWire.
    pub fn start(portal: &Portal) -> io::Result<Self> {
        let remote = portal.remote()?;
        let (socket, theirs) = UnixStream::pair()?;
        let mut command = Command::new(helper()?);
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null());
        let helper = command.spawn()?;
        let memory = rustix::fs::memfd_create("screen", MemfdFlags::CLOEXEC)?;
        let casting = Self {
            helper,
            socket,
            memory: File::from(memory),
            inbox: Inbox::default(),
            waiting: Vec::new(),
        };
        send(
            &casting.socket,
            portal.node(),
            [remote.as_fd(), casting.memory.as_fd()],
        )?;
        casting.socket.set_nonblocking(true)?;
        Ok(casting)
    }

    /// What to wait for: something has happened when it can be read.
    pub fn socket(&self) -> &impl AsFd {
        &self.socket
    }

    /// The next thing that has happened, if something has. Does not wait.
    ///
    /// # Errors
    ///
    /// If there are no more pictures, or the program is gone.
    pub fn next_event(&mut self) -> io::Result<Option<Event>> {
        if !self.waiting.is_empty() {
            return Ok(Some(self.waiting.remove(0)));
        }
        let is_open = self.inbox.fill(&mut self.socket)?;
        match self.inbox.next()? {
            Some(said) => event(said).map(Some),
            None if is_open => Ok(None),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Takes the newest picture, if there is one that was not taken: its pixels replace `pixels`, and its size is
    /// given. Waits for some milliseconds at most where all is well.
    ///
    /// # Errors
    ///
    /// If there are no more pictures, or the program is gone.
    pub fn take(&mut self, pixels: &mut Vec<u32>) -> io::Result<Option<(u32, u32)>> {
        self.socket.write_all(&[TAKE])?;
        let deadline = Instant::now() + PATIENCE;
        let frame = loop {
            match self.inbox.next()? {
                Some(Said::Taken(frame)) => break frame,
                Some(said) => self.waiting.push(event(said)?),
                None => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    poll(self.socket.as_fd(), PollFlags::IN, left)?;
                    if !self.inbox.fill(&mut self.socket)? {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
            }
        };
        let Some(frame) = frame else { return Ok(None) };
        let Frame {
            offset_bytes,
            width,
            height,
        } = frame;
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        pixels.resize(width as usize * height as usize, 0);
        let bytes = bytemuck::cast_slice_mut(pixels);
        self.memory.read_exact_at(bytes, offset_bytes)?;
        if cfg!(target_endian = "big") {
            for pixel in pixels {
                *pixel = pixel.swap_bytes();
            }
        }
        Ok(Some((width, height)))
    }
}

fn event(said: Said) -> io::Result<Event> {
    Ok(match said {
        Said::News => Event::News,
        Said::Pointer { x, y, visible } => Event::Pointer { x, y, visible },
        Said::Shape(shape) => Event::Shape(shape),
        Said::Over(reason) => return Err(io::Error::other(reason)),
        Said::Taken(_) => return Err(io::ErrorKind::InvalidData.into()),
    })
}

impl Drop for Casting {
    fn drop(&mut self) {
        // it would end with its socket, too; where the compositor is gone it might hang
        if let Err(error) = self
            .helper
            .kill()
            .and_then(|()| self.helper.wait().map(drop))
        {
            tracing::debug!(%error, "Not ended");
        }
    }
}

/// Gives the program its node, its connection to PipeWire and the file for pictures.
fn send(socket: &UnixStream, node: u32, fds: [BorrowedFd<'_>; 2]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let node = node.to_le_bytes();
    rustix::net::sendmsg(
        socket,
        &[IoSlice::new(&node)],
        &mut control,
        SendFlags::empty(),
    )?;
    Ok(())
}

/// What the program is given by [`Casting::start`]: the node, the connection to PipeWire and the file for pictures.
///
/// # Errors
///
/// If something else arrives, or nothing.
pub fn receive(socket: &UnixStream) -> io::Result<(u32, OwnedFd, OwnedFd)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut node = [0; 4];
    let mut parts = [IoSliceMut::new(&mut node)];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = rustix::net::recvmsg(socket, &mut parts, &mut control, flags)?;
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    match (received.bytes, <[OwnedFd; 2]>::try_from(fds)) {
        (4, Ok([remote, memory])) => Ok((u32::from_le_bytes(node), remote, memory)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
