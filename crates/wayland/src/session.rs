//! A connection to the compositor, what it advertises, and waiting for it.

use std::env;
use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use wayland_client::backend::WaylandError;
use wayland_client::protocol::wl_registry::WlRegistry;
use wayland_client::protocol::{wl_seat, wl_shm};
use wayland_client::{Connection, DispatchError, EventQueue, QueueHandle};
use wayland_protocols::xdg::xdg_output::zv1::client::zxdg_output_manager_v1::ZxdgOutputManagerV1;
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_manager_v1::ZwpVirtualKeyboardManagerV1;
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_manager_v1::ZwlrScreencopyManagerV1;
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_manager_v1::ZwlrVirtualPointerManagerV1;

use crate::frames::Copying;
use crate::outputs::{Desk, KnownOutput};
use crate::overlay::Above;
use crate::selection::{Managers, Told};

/// A compositor that needs longer for one answer is taken for dead.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// No compositor could be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    #[error("WAYLAND_DISPLAY is not set")]
    NotNamed,
    #[error("{}: {source}", place.display())]
    NoAnswer { place: PathBuf, source: io::Error },
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// The compositor is gone, refused something, or does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the compositor is gone: {reason}")]
pub struct Lost {
    pub reason: String,
}

impl Lost {
    pub(crate) fn new(reason: &dyn fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
        }
    }
}

/// What the compositor lets programs do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offers {
    /// Copy outputs, and say what changed.
    pub frames: bool,
    /// Press keys and move the pointer.
    pub hands: bool,
}

/// What was bound.
#[derive(Debug, Default)]
pub(crate) struct Globals {
    /// For what is bound only by those who need it.
    pub(crate) registry: Option<WlRegistry>,
    pub(crate) shm: Option<wl_shm::WlShm>,
    pub(crate) seat: Option<wl_seat::WlSeat>,
    pub(crate) places: Option<ZxdgOutputManagerV1>,
    pub(crate) screencopy: Option<ZwlrScreencopyManagerV1>,
    pub(crate) keyboards: Option<ZwpVirtualKeyboardManagerV1>,
    pub(crate) pointers: Option<ZwlrVirtualPointerManagerV1>,
    pub(crate) selections: Managers,
}

/// What events change.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) globals: Globals,
    pub(crate) outputs: Vec<KnownOutput>,
    /// Counts what has changed about the outputs.
    pub(crate) changes: u64,
    /// How many questions were answered.
    pub(crate) answers: u64,
    pub(crate) copying: Copying,
    pub(crate) selection: Told,
    pub(crate) above: Above,
}

/// A connection to a compositor.
///
/// No call waits longer than ten seconds for it, but for [`Self::wait`], which waits as its caller says.
pub struct Session {
    pub(crate) queue: EventQueue<State>,
    pub(crate) state: State,
    connection: Connection,
    /// How many questions were asked.
    asked: u64,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// Connects to the compositor at a socket, or the one that `WAYLAND_DISPLAY` names, and learns what it
    /// advertises. Blocks until it has answered.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] where none answers.
    pub fn connect(socket: Option<&Path>) -> Result<Self, ConnectError> {
        let place = socket.map(Path::to_owned).or_else(named);
        let place = place.ok_or(ConnectError::NotNamed)?;
        // Not by `connect_to_env`: a socket that was handed over by `WAYLAND_SOCKET` is the window's.
        let stream = UnixStream::connect(&place)
            .map_err(|source| ConnectError::NoAnswer { place, source })?;
        let connection = Connection::from_socket(stream).map_err(|error| Lost::new(&error))?;
        let queue = connection.new_event_queue();
        let registry = connection.display().get_registry(&queue.handle(), ());
        let mut state = State::default();
        state.globals.registry = Some(registry);
        let mut session = Self {
            queue,
            state,
            connection,
            asked: 0,
        };
        // the first answer brings what there is, the second what the outputs are like
        session.ask()?;
        session.ask()?;
        Ok(session)
    }

    /// What this compositor lets programs do.
    pub fn offers(&self) -> Offers {
        let globals = &self.state.globals;
        Offers {
            frames: globals.shm.is_some() && globals.screencopy.is_some(),
            hands: globals.seat.is_some()
                && globals.keyboards.is_some()
                && globals.pointers.is_some(),
        }
    }

    /// Waits until the compositor has done all that it was told so far.
    ///
    /// # Errors
    ///
    /// [`Lost`], also after ten seconds without an answer.
    pub fn ask(&mut self) -> Result<(), Lost> {
        self.connection.display().sync(&self.handle(), ());
        self.asked += 1;
        let deadline = Instant::now() + PATIENCE;
        while self.state.answers < self.asked {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Lost::new(&"no answer"));
            }
            self.wait(|socket| poll(socket, PollFlags::IN, left))?;
        }
        Ok(())
    }

    /// The outputs and where they are; see [`Desk`].
    pub fn desk(&self) -> Desk {
        Desk::of(&self.state.outputs)
    }

    /// Changes whenever the outputs have.
    pub fn changes(&self) -> u64 {
        self.state.changes
    }

    /// Sends what waits.
    ///
    /// # Errors
    ///
    /// [`Lost`].
    pub fn flush(&self) -> Result<(), Lost> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.queue.flush() {
                Ok(()) => return Ok(()),
                Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(Lost::new(&"it takes nothing any more"));
                    }
                    let backend = self.connection.backend();
                    poll(backend.poll_fd(), PollFlags::OUT, left)
                        .map_err(|error| Lost::new(&error))?;
                }
                Err(error) => return Err(Lost::new(&error)),
            }
        }
    }

    /// Takes what has arrived, without blocking.
    ///
    /// # Errors
    ///
    /// [`Lost`].
    pub fn take_events(&mut self) -> Result<(), Lost> {
        self.wait(|_| Ok(()))
    }

    /// Sends what waits, has `until` wait for the socket, and takes what has arrived by then. `until` is not
    /// called where something is there already.
    ///
    /// # Errors
    ///
    /// [`Lost`], also if `until` fails.
    pub fn wait(
        &mut self,
        until: impl FnOnce(BorrowedFd<'_>) -> io::Result<()>,
    ) -> Result<(), Lost> {
        if self.dispatch()? {
            return self.flush();
        }
        self.flush()?;
        if let Some(reader) = self.queue.prepare_read() {
            until(reader.connection_fd()).map_err(|error| Lost::new(&error))?;
            match reader.read() {
                Ok(_) => {}
                Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Lost::new(&error)),
            }
        }
        if self.dispatch()? {
            // what an event was answered with must not wait for the next one
            self.flush()?;
        }
        Ok(())
    }

    /// Whether there was anything.
    fn dispatch(&mut self) -> Result<bool, Lost> {
        match self.queue.dispatch_pending(&mut self.state) {
            Ok(count) => Ok(count > 0),
            Err(DispatchError::Backend(error)) => Err(Lost::new(&error)),
            Err(error) => Err(Lost::new(&error)),
        }
    }

    pub(crate) fn handle(&self) -> QueueHandle<State> {
        self.queue.handle()
    }
}

/// The socket that the environment names.
pub(crate) fn named() -> Option<PathBuf> {
    let name = env::var_os("WAYLAND_DISPLAY").filter(|name| !name.is_empty())?;
    // an absolute name is the whole path
    Some(PathBuf::from(env::var_os("XDG_RUNTIME_DIR").unwrap_or_default()).join(name))
        .filter(|path| path.is_absolute())
}

pub(crate) fn poll(socket: BorrowedFd<'_>, wanted: PollFlags, left: Duration) -> io::Result<()> {
    let timeout = Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    };
    match rustix::event::poll(&mut [PollFd::new(&socket, wanted)], Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
