//! A process that releases keys when the one that pressed them is gone.
//!
//! On Windows and macOS what a program has pressed stays down when its process ends. So a second process reads from a
//! pipe what is about to be pressed; when the pipe ends, whatever the reason, it releases what is left and ends.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use protocol::PointerButton;

use crate::InjectError;

const ASKED: &str = "PHD_INPUT_GUARDIAN";
/// What a guardian says when it listens.
const READY: u8 = b'+';
/// A program starts in some milliseconds; a busy machine may need longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that outlives its process when it is killed.
pub(crate) trait Hold: Copy + Ord {
    /// What a guardian is told of it.
    fn record(self) -> [u8; 4];

    /// What was told; `None` where it is nothing.
    fn of(record: [u8; 4]) -> Option<Self>;
}

const BUTTONS: [PointerButton; 5] = [
    PointerButton::Left,
    PointerButton::Middle,
    PointerButton::Right,
    PointerButton::Back,
    PointerButton::Forward,
];

/// A button in a record.
pub(crate) fn number_of(button: PointerButton) -> u8 {
    let number = BUTTONS.iter().position(|known| *known == button);
    number
        .and_then(|number| u8::try_from(number).ok())
        .unwrap_or(0)
}

/// The button that [`number_of`] has given a number.
pub(crate) fn button_of(number: u8) -> Option<PointerButton> {
    BUTTONS.get(usize::from(number)).copied()
}

/// The sink's end of a guardian.
#[derive(Debug)]
pub(crate) struct Guardian {
    process: Child,
    /// `None` once the guardian is no more.
    pipe: Option<ChildStdin>,
}

impl Guardian {
    /// Starts `exe` as a guardian, and waits until it is one.
    pub(crate) fn start(exe: &Path) -> Result<Self, InjectError> {
        let no_guardian = |reason: String| InjectError::NoGuardian { reason };
        let mut command = Command::new(exe);
        command
            .env(ASKED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt as _;

            /// No console window flashes.
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            command.creation_flags(CREATE_NO_WINDOW);
        }
        let mut process = command
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
    pub(crate) fn tell(&mut self, hold: impl Hold, held: bool) {
        let Some(pipe) = &mut self.pipe else { return };
        if let Err(error) = pipe.write_all(&written(hold, held)) {
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

/// The guardian's own `main`: whoever was not asked to be one goes on. `release` lets go of what is left.
pub(crate) fn run_if_asked<H: Hold>(
    release: impl FnOnce(BTreeSet<H>) -> io::Result<()>,
) -> Option<ExitCode> {
    std::env::var_os(ASKED)?;
    let said = say_ready();
    let done = said.and_then(|()| release(left_of(&mut io::stdin().lock())));
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::warn!(%error, "The guardian failed");
            ExitCode::FAILURE
        }
    })
}

fn say_ready() -> io::Result<()> {
    let mut output = io::stdout();
    output.write_all(&[READY])?;
    output.flush()
}

/// What is held when the pipe ends: by an end of file, or by an error when the last record is cut.
fn left_of<H: Hold>(pipe: &mut impl io::Read) -> BTreeSet<H> {
    let mut holds = BTreeSet::new();
    let mut read = [0; 5];
    while pipe.read_exact(&mut read).is_ok() {
        let [held, record @ ..] = read;
        match H::of(record) {
            Some(hold) if held == 1 => drop(holds.insert(hold)),
            Some(hold) => drop(holds.remove(&hold)),
            None => {}
        }
    }
    holds
}

fn written(hold: impl Hold, held: bool) -> [u8; 5] {
    let [a, b, c, d] = hold.record();
    [u8::from(held), a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    struct Key(u8);

    impl Hold for Key {
        fn record(self) -> [u8; 4] {
            [self.0, 0, 0, 0]
        }

        fn of([key, rest @ ..]: [u8; 4]) -> Option<Self> {
            (rest == [0; 3]).then_some(Self(key))
        }
    }

    #[test]
    fn each_button_comes_back_from_its_number() {
        for button in BUTTONS {
            assert_eq!(button_of(number_of(button)), Some(button));
        }
        assert_eq!(button_of(9), None);
    }

    #[test]
    fn what_was_let_go_is_not_left_and_a_cut_record_is_none() {
        let told = [(1, true), (2, true), (3, true), (2, false), (9, false)];
        let mut pipe: Vec<u8> = Vec::new();
        for (key, held) in told {
            pipe.extend(written(Key(key), held));
        }
        // what no guardian knows, and one that was cut
        pipe.extend([1, 7, 7, 7, 7]);
        pipe.extend(&written(Key(4), true)[..3]);
        let left: BTreeSet<Key> = left_of(&mut pipe.as_slice());
        assert_eq!(left, BTreeSet::from([Key(1), Key(3)]));
    }
}
