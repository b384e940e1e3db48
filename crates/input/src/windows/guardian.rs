//! A process that releases keys when the one that pressed them is gone.
//!
//! What `SendInput` pressed stays down when its process ends. So a second process reads from a pipe what is
//! about to be pressed; when the pipe ends, whatever the reason, it releases what is left and ends.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::os::windows::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use protocol::PointerButton;

use super::api::{self, Artificial};
use super::codes::Code;
use super::{button_event, key_event};
use crate::InjectError;

const ASKED: &str = "PHD_INPUT_GUARDIAN";
/// What a guardian says when it listens.
const READY: u8 = b'+';
/// A program starts in some milliseconds; a busy machine may need longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// No console window flashes.
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// Something that outlives its process when it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hold {
    Key(Code),
    Button(PointerButton),
}

impl Hold {
    /// What lets it go.
    pub(super) fn release(self) -> Artificial {
        match self {
            Self::Key(code) => key_event(code, false),
            Self::Button(button) => button_event(button, false),
        }
    }
}

/// The sink's end of a guardian.
#[derive(Debug)]
pub(super) struct Guardian {
    process: Child,
    /// `None` once the guardian is no more.
    pipe: Option<ChildStdin>,
}

impl Guardian {
    /// Starts `exe` as a guardian, and waits until it is one.
    pub(super) fn start(exe: &Path) -> Result<Self, InjectError> {
        let no_guardian = |reason: String| InjectError::NoGuardian { reason };
        let mut process = Command::new(exe)
            .env(ASKED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .creation_flags(CREATE_NO_WINDOW)
            .spawn()
            .map_err(|error| no_guardian(format!("{}: {error}", exe.display())))?;
        let pipe = process.stdin.take();
        let output = process.stdout.take();
        let guardian = Self { process, pipe };
        let (answers, answered) = sync_channel(1);
        // Dropped on a time-out, the guardian ends, and so does this thread's reading.
        std::thread::spawn(move || {
            let mut answer = [0];
            let read = output.map(|mut output| output.read_exact(&mut answer));
            let is_ready = matches!(read, Some(Ok(()))) && answer[0] == READY;
            answers.send(is_ready).ok();
        });
        match answered.recv_timeout(PATIENCE) {
            Ok(true) => Ok(guardian),
            Ok(false) => Err(no_guardian("it ended".to_owned())),
            Err(_) => Err(no_guardian("it did not answer".to_owned())),
        }
    }

    /// Tells what is about to be held or was let go; costs one short write.
    ///
    /// INVARIANT: a hold is told before the event that makes it is sent.
    pub(super) fn tell(&mut self, hold: Hold, held: bool) {
        let Some(pipe) = &mut self.pipe else { return };
        if let Err(error) = pipe.write_all(&record(hold, held)) {
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

const BUTTONS: [PointerButton; 5] = [
    PointerButton::Left,
    PointerButton::Middle,
    PointerButton::Right,
    PointerButton::Back,
    PointerButton::Forward,
];

fn record(hold: Hold, held: bool) -> [u8; 4] {
    let held = u8::from(held);
    match hold {
        Hold::Key(code) => {
            let extended = u8::from(code.extended);
            [held, code.virtual_key, code.scan, extended]
        }
        Hold::Button(button) => {
            let number = BUTTONS.iter().position(|known| *known == button);
            let number = number.and_then(|number| u8::try_from(number).ok());
            [2 | held, number.unwrap_or(0), 0, 0]
        }
    }
}

fn parsed(record: [u8; 4]) -> Option<(Hold, bool)> {
    let [kind, first, scan, extended] = record;
    let hold = match kind & !1 {
        0 => Hold::Key(Code {
            virtual_key: first,
            scan,
            extended: extended == 1,
        }),
        2 => Hold::Button(*BUTTONS.get(usize::from(first))?),
        _ => return None,
    };
    Some((hold, kind & 1 == 1))
}

/// The guardian's own `main`.
pub(super) fn run_if_asked() -> Option<ExitCode> {
    std::env::var_os(ASKED)?;
    Some(match guard() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::warn!(%error, "The guardian failed");
            ExitCode::FAILURE
        }
    })
}

fn guard() -> io::Result<()> {
    let mut output = io::stdout();
    output.write_all(&[READY])?;
    output.flush()?;
    let mut holds = BTreeSet::new();
    let mut input = io::stdin().lock();
    let mut record = [0; 4];
    // The pipe ends by an end of file, or by an error when the last record is cut.
    while input.read_exact(&mut record).is_ok() {
        match parsed(record) {
            Some((hold, true)) => drop(holds.insert(hold)),
            Some((hold, false)) => drop(holds.remove(&hold)),
            None => {}
        }
    }
    let releases: Vec<Artificial> = holds.into_iter().map(Hold::release).collect();
    api::send(&releases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guardian_understands_what_it_is_told() {
        let key = Hold::Key(Code {
            virtual_key: 0x25,
            scan: 0x4b,
            extended: true,
        });
        for hold in [key, Hold::Button(PointerButton::Forward)] {
            for held in [true, false] {
                assert_eq!(parsed(record(hold, held)), Some((hold, held)));
            }
        }
        assert_eq!(parsed([3, 9, 0, 0]), None);
        assert_eq!(parsed([8, 0, 0, 0]), None);
    }
}
