//! A process that releases keys when the one that pressed them is gone.
//!
//! Keys pressed through XTEST stay down when their client ends, and a killed process cleans nothing
//! up. So a guardian, a second process with a connection of its own, reads from a pipe what is about
//! to be pressed. When the pipe ends, whatever the reason, it releases what is left and ends.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{BUTTON_RELEASE_EVENT, KEY_RELEASE_EVENT};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::spare;
use crate::InjectError;

const ASKED: &str = "PHD_INPUT_GUARDIAN";
const DISPLAY: &str = "PHD_INPUT_GUARDIAN_DISPLAY";
/// Set for a guardian of a Wayland session.
const WAYLAND: &str = "PHD_INPUT_GUARDIAN_WAYLAND";
/// What a guardian says when it has its connection.
const READY: u8 = b'+';
/// A program starts and connects in some milliseconds; a busy machine may need longer.
const PATIENCE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};

/// Until everything that a killed process had sent has been read.
const LAST_LOOK: Duration = Duration::from_millis(50);

/// Something that outlives its process when it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    Key(u8),
    Button(u8),
    /// A key that was lent to a character.
    Lent(u8),
    /// A lock, by its modifier, that is not as the user had it.
    Switched(u8),
}

/// The sink's end of a guardian.
#[derive(Debug)]
pub(crate) struct Guardian {
    process: Child,
    /// `None` once the guardian is no more.
    pipe: Option<ChildStdin>,
}

impl Guardian {
    /// Starts `exe` as a guardian for a display, and waits until it is one.
    pub(super) fn start(exe: &Path, display: Option<&str>) -> Result<Self, InjectError> {
        let mut command = Command::new(exe);
        if let Some(display) = display {
            command.env(DISPLAY, display);
        }
        Self::spawn(command, exe)
    }

    /// The same for the Wayland session that `WAYLAND_DISPLAY` names, of which only buttons are told.
    pub(crate) fn start_on_wayland(exe: &Path) -> Result<Self, InjectError> {
        let mut command = Command::new(exe);
        command.env(WAYLAND, "1");
        Self::spawn(command, exe)
    }

    fn spawn(mut command: Command, exe: &Path) -> Result<Self, InjectError> {
        let no_guardian = |reason: String| InjectError::NoGuardian { reason };
        let mut process = command
            .env(ASKED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl+C in a terminal must not end both at once.
            .process_group(0)
            .spawn()
            .map_err(|error| no_guardian(format!("{}: {error}", exe.display())))?;
        let pipe = process.stdin.take();
        let mut guardian = Self { process, pipe };
        if let Err(reason) = guardian.wait_until_ready() {
            // It may be a program that never ends by itself.
            guardian.process.kill().ok();
            return Err(no_guardian(reason));
        }
        Ok(guardian)
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let mut output = self.process.stdout.take().ok_or("it has no output")?;
        let mut fds = [PollFd::new(&output, PollFlags::IN)];
        let came = rustix::event::poll(&mut fds, Some(&PATIENCE));
        if came.map_err(|error| error.to_string())? == 0 {
            return Err("it did not answer".to_owned());
        }
        let mut answer = [0];
        match output.read(&mut answer) {
            Ok(1) if answer[0] == READY => {}
            Ok(_) => return Err("the display did not answer it".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
        // A guardian that hangs must not hang the sink.
        let pipe = self.pipe.as_ref().ok_or("it has no input")?.as_fd();
        rustix::io::ioctl_fionbio(pipe, true).map_err(|error| error.to_string())
    }

    /// Tells what is about to be held or was let go; costs one short write.
    ///
    /// INVARIANT: a hold is told before the request that makes it is sent.
    pub(crate) fn tell(&mut self, changes: &[(Hold, bool)]) {
        let Some(pipe) = &mut self.pipe else { return };
        let records: Vec<u8> = changes
            .iter()
            .flat_map(|&(hold, held)| record(hold, held))
            .collect();
        if let Err(error) = pipe.write_all(&records) {
            tracing::warn!(%error, "The guardian of held keys is gone");
            self.pipe = None;
        }
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        self.pipe = None;
        let deadline = Instant::now() + Duration::from_secs(1);
        while matches!(self.process.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                self.process.kill().ok();
                self.process.wait().ok();
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn record(hold: Hold, held: bool) -> [u8; 2] {
    let (kind, code) = match hold {
        Hold::Key(code) => (0, code),
        Hold::Button(code) => (2, code),
        Hold::Lent(code) => (4, code),
        Hold::Switched(modifier) => (6, modifier),
    };
    [kind | u8::from(held), code]
}

fn parsed(record: [u8; 2]) -> Option<(Hold, bool)> {
    let [kind, code] = record;
    let hold = match kind & !1 {
        0 => Hold::Key(code),
        2 => Hold::Button(code),
        4 => Hold::Lent(code),
        6 => Hold::Switched(code),
        _ => return None,
    };
    Some((hold, kind & 1 == 1))
}

/// The guardian's own `main`.
pub(crate) fn run_if_asked() -> Option<ExitCode> {
    std::env::var_os(ASKED)?;
    Some(match guard() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::warn!(%error, "The guardian failed");
            ExitCode::FAILURE
        }
    })
}

fn guard() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::var_os(WAYLAND).is_some() {
        return crate::wayland::guard(|| Ok(until_alone()?));
    }
    let display = std::env::var(DISPLAY).ok();
    let (conn, screen) = x11::connect(display.as_deref())?;
    let mut holds = until_alone()?;
    release(&conn, screen.root, &holds)?;
    // Switched twice, a lock would be as before.
    holds.retain(|hold| !matches!(hold, Hold::Switched(_)));
    // The server may have read the last presses only after these releases.
    std::thread::sleep(LAST_LOOK);
    Ok(release(&conn, screen.root, &holds)?)
}

/// Says that the guardian is ready, and gives what is held when the process that it guards is gone.
fn until_alone() -> std::io::Result<BTreeSet<Hold>> {
    let mut output = std::io::stdout();
    output.write_all(&[READY])?;
    output.flush()?;
    let mut holds = BTreeSet::new();
    let mut input = std::io::stdin().lock();
    let mut record = [0; 2];
    // The pipe ends by an end of file, or by an error when the last record is cut.
    while input.read_exact(&mut record).is_ok() {
        match parsed(record) {
            Some((hold, true)) => drop(holds.insert(hold)),
            Some((hold, false)) => drop(holds.remove(&hold)),
            None => {}
        }
    }
    Ok(holds)
}

/// Releases what is held, takes back what was lent and switches locks back.
pub(super) fn release(
    conn: &RustConnection,
    root: u32,
    holds: &BTreeSet<Hold>,
) -> Result<(), ReplyError> {
    let (mut lent, mut switched) = (Vec::new(), 0);
    for &hold in holds {
        match hold {
            Hold::Key(code) => {
                conn.xtest_fake_input(KEY_RELEASE_EVENT, code, 0, root, 0, 0, 0)?;
            }
            Hold::Button(code) => {
                conn.xtest_fake_input(BUTTON_RELEASE_EVENT, code, 0, root, 0, 0, 0)?;
            }
            Hold::Lent(code) => lent.push((code, 0)),
            Hold::Switched(modifier) => switched |= modifier,
        }
    }
    super::switch_locks(conn, switched)?;
    conn.sync()?;
    spare::set_meanings(conn, lent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guardian_understands_what_it_is_told() {
        for hold in [
            Hold::Key(50),
            Hold::Button(1),
            Hold::Lent(255),
            Hold::Switched(16),
        ] {
            for held in [true, false] {
                assert_eq!(parsed(record(hold, held)), Some((hold, held)));
            }
        }
        assert_eq!(parsed([8, 1]), None);
    }
}
