//! A connection that does not wait for ever for a server that has stopped answering.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::Screen;
use x11rb::rust_connection::{DefaultStream, PollMode, RustConnection, Stream};
use x11rb::utils::RawFdContainer;

use crate::ConnectError;
use crate::connection::reach;

/// A server that needs longer for one answer is taken for dead.
const PATIENCE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};

/// A connection whose calls fail after ten seconds without an answer.
pub type PatientConnection = RustConnection<PatientStream>;

/// The stream of a [`PatientConnection`].
#[derive(Debug)]
pub struct PatientStream {
    stream: DefaultStream,
    /// The last write found no room. Only then it is waited for: to ask before each request whether
    /// there is room would be most of the system calls of a small update.
    is_full: AtomicBool,
}

impl PatientStream {
    /// The user whom the server at the other end runs for; `None` if it is on another machine, or the
    /// system does not tell.
    pub fn server_user(&self) -> Option<u32> {
        #[cfg(target_os = "linux")]
        {
            use rustix::net::{AddressFamily, getsockname, sockopt};
            let place = getsockname(&self.stream).ok()?;
            if place.address_family() != AddressFamily::UNIX {
                return None;
            }
            let server = sockopt::socket_peercred(&self.stream).ok()?;
            Some(server.uid.as_raw())
        }
        #[cfg(not(target_os = "linux"))]
        None
    }

    fn wrote(&self, result: io::Result<usize>) -> io::Result<usize> {
        let found_no_room =
            matches!(&result, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        self.is_full.store(found_no_room, Ordering::Relaxed);
        result
    }
}

/// As [`crate::connect`], but neither this nor any later call waits longer than ten seconds for the
/// server. Do not wait for events with it: they may be longer in coming.
///
/// # Errors
///
/// Those of [`crate::connect`].
pub fn connect_patiently(
    display: Option<&str>,
) -> Result<(PatientConnection, Screen), ConnectError> {
    open(display).map_err(|error| ConnectError::new(display, error))
}

fn open(display: Option<&str>) -> Result<(PatientConnection, Screen), x11rb::errors::ConnectError> {
    let reached = reach(display)?;
    let stream = PatientStream {
        stream: reached.stream,
        is_full: AtomicBool::new(false),
    };
    let (number, name, data) = (reached.number, reached.name, reached.data);
    let conn = PatientConnection::connect_to_stream_with_auth_info(stream, number, name, data)?;
    let screen = conn.setup().roots[number].clone();
    Ok((conn, screen))
}

impl Stream for PatientStream {
    fn poll(&self, mode: PollMode) -> io::Result<()> {
        if mode.writable() && !self.is_full.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, mode.readable());
        wanted.set(PollFlags::OUT, mode.writable());
        loop {
            match rustix::event::poll(&mut [PollFd::new(&self.stream, wanted)], Some(&PATIENCE)) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read(&self, bytes: &mut [u8], fds: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.stream.read(bytes, fds)
    }

    fn write(&self, bytes: &[u8], fds: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.wrote(self.stream.write(bytes, fds))
    }

    fn write_vectored(
        &self,
        parts: &[IoSlice<'_>],
        fds: &mut Vec<RawFdContainer>,
    ) -> io::Result<usize> {
        self.wrote(self.stream.write_vectored(parts, fds))
    }
}

impl AsFd for PatientStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
