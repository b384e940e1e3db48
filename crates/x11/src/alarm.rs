//! Waiting for the server and for another thread at once.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};

/// What another thread ends a wait with.
#[derive(Debug)]
pub struct Alarm {
    counter: OwnedFd,
}

impl Alarm {
    /// One that does not ring.
    ///
    /// # Errors
    ///
    /// When the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        let counter = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { counter })
    }

    /// Ends a [`Self::wait`], or the next one if nobody waits; never blocks.
    pub fn ring(&self) {
        // A full counter fails, and then it rings already.
        rustix::io::write(&self.counter, &1_u64.to_ne_bytes()).ok();
    }

    /// Whether it rang since the last call; never blocks.
    pub fn rang(&self) -> bool {
        rustix::io::read(&self.counter, &mut [0; 8]).is_ok()
    }

    /// Blocks until the server has sent something, the alarm rings or `timeout` has passed (`None`: for
    /// ever). May also end for no reason.
    ///
    /// First send what is buffered and take the events that have arrived: the connection may have read
    /// them already.
    ///
    /// # Errors
    ///
    /// When the system cannot wait for `server`.
    pub fn wait(&self, server: &impl AsFd, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let mut fds = [
            PollFd::new(server, PollFlags::IN),
            PollFd::new(&self.counter, PollFlags::IN),
        ];
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Can be read from while it rings: for who waits for more than [`Alarm::wait`] does.
impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.counter.as_fd()
    }
}
