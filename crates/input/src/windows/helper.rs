//! A second process of this program with more rights, which does here what this one may not: Windows keeps keys and
//! clicks from a program that was started with more rights than their sender (UIPI).
//!
//! It is started once the user has said yes, and Windows asks them too. It hears from a pipe what is to be done, of this
//! very program alone, and lets go of what it has pressed when the pipe ends, whatever the reason.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::PointerButton;

use super::api::{self, Artificial};
use super::button_event;
use super::codes::Code;
use super::guardian::Hold;
use super::rights;
use crate::more_rights::MoreRightsError;

/// Such a process gets no environment and no handles of this one's, only words.
const ASKED: &str = "--act-with-more-rights";
/// What it says when it listens.
const READY: u8 = b'+';
/// What it says of each batch.
const DONE: u8 = b'.';
const REFUSED: u8 = b'!';
/// A program starts in some milliseconds; a busy machine may need longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most events of one batch.
const MOST: usize = 256;
/// The bytes of an event.
const EVENT: usize = 14;

/// The one that works for this program.
static HELPER: Mutex<Option<File>> = Mutex::new(None);
/// Whether there is one, for whoever must not wait for it.
static THERE: AtomicBool = AtomicBool::new(false);

fn helper() -> MutexGuard<'static, Option<File>> {
    // the pipe is whole between any two batches
    HELPER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// See [`crate::more_rights::can_be_had`].
pub(crate) fn can_be_of_use() -> bool {
    rights::are_full().is_ok_and(|full| !full)
}

/// See [`crate::more_rights::are_there`].
pub(crate) fn is_there() -> bool {
    THERE.load(Ordering::Acquire)
}

/// See [`crate::more_rights::give_up`].
pub(crate) fn dismiss() {
    let mut helper = helper();
    *helper = None;
    THERE.store(false, Ordering::Release);
}

/// See [`crate::more_rights::ask`].
pub(crate) fn ask(exe: &Path) -> Result<(), MoreRightsError> {
    if is_there() {
        return Ok(());
    }
    let failed = |error: io::Error| MoreRightsError::Failed {
        reason: error.to_string(),
    };
    let name = pipe_name().map_err(failed)?;
    let pipe = rights::new_pipe(&name).map_err(failed)?;
    let words = format!("{ASKED} {name}");
    if !rights::start_with_more(exe, &words).map_err(failed)? {
        return Err(MoreRightsError::Refused);
    }
    let (connected, when_connected) = sync_channel(1);
    let waiting = std::thread::Builder::new().name("more rights".to_owned());
    let waiting = waiting.spawn(move || {
        connected.send(first_word(pipe)).ok();
    });
    waiting.map_err(failed)?;
    let pipe = match when_connected.recv_timeout(PATIENCE) {
        Ok(pipe) => pipe.map_err(failed)?,
        Err(_) => {
            // whoever waits for a caller has one then, who says nothing
            drop(open(&name));
            return Err(failed(io::ErrorKind::TimedOut.into()));
        }
    };
    let other = rights::program_that_called(&pipe).map_err(failed)?;
    if other != exe.canonicalize().map_err(failed)? {
        return Err(failed(io::ErrorKind::PermissionDenied.into()));
    }
    let mut helper = helper();
    *helper = Some(pipe);
    THERE.store(true, Ordering::Release);
    Ok(())
}

/// Waits for a caller, and until that is ready.
fn first_word(pipe: File) -> io::Result<File> {
    rights::wait_for_caller(&pipe)?;
    let mut said = [0];
    (&pipe).read_exact(&mut said)?;
    if said != [READY] {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(pipe)
}

fn pipe_name() -> io::Result<String> {
    let number = getrandom::u64().map_err(io::Error::other)?;
    let other = getrandom::u64().map_err(io::Error::other)?;
    Ok(format!(
        r"\\.\pipe\pure-help-desk-{number:016x}{other:016x}"
    ))
}

/// Has the helper do it; `None` where there is none.
pub(super) fn send(events: &[Artificial]) -> Option<io::Result<()>> {
    let mut helper = helper();
    let pipe = helper.as_mut()?;
    let batches = events.chunks(MOST);
    let said: io::Result<Vec<bool>> = batches.map(|batch| told(pipe, batch)).collect();
    match said {
        Ok(done) if done.iter().all(|done| *done) => Some(Ok(())),
        Ok(_) => Some(Err(io::ErrorKind::PermissionDenied.into())),
        Err(error) => {
            tracing::warn!(%error, "The helper with more rights is gone");
            *helper = None;
            THERE.store(false, Ordering::Release);
            None
        }
    }
}

fn told(pipe: &mut (impl Read + Write), batch: &[Artificial]) -> io::Result<bool> {
    let count = u16::try_from(batch.len()).map_err(io::Error::other)?;
    let mut bytes = count.to_le_bytes().to_vec();
    bytes.extend(batch.iter().flat_map(|event| written(*event)));
    pipe.write_all(&bytes)?;
    let mut said = [0];
    pipe.read_exact(&mut said)?;
    Ok(said == [DONE])
}

/// The helper's own `main`: whoever was not asked to be one goes on.
pub(super) fn run_if_asked() -> Option<ExitCode> {
    let mut words = std::env::args().skip(1);
    if words.next()? != ASKED {
        return None;
    }
    let name = words.next().unwrap_or_default();
    Some(match work(&name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::warn!(%error, "The helper with more rights failed");
            ExitCode::FAILURE
        }
    })
}

fn work(name: &str) -> io::Result<()> {
    let mut pipe = open(name)?;
    // another program's wishes are none of this one's, whoever started it
    let other = rights::program_that_listens(&pipe)?;
    if other != std::env::current_exe()?.canonicalize()? {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    pipe.write_all(&[READY])?;
    serve(&mut pipe, api::send)
}

fn open(name: &str) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(name)
}

/// Does what comes, until nothing does any more, and lets go of what is left.
fn serve(
    pipe: &mut (impl Read + Write),
    mut send: impl FnMut(&[Artificial]) -> io::Result<()>,
) -> io::Result<()> {
    let mut held = BTreeSet::new();
    while let Ok(Some(batch)) = next(pipe) {
        for event in &batch {
            match hold_of(*event) {
                Some((hold, true)) => drop(held.insert(hold)),
                Some((hold, false)) => drop(held.remove(&hold)),
                None => {}
            }
        }
        let word = if send(&batch).is_ok() { DONE } else { REFUSED };
        if pipe.write_all(&[word]).is_err() {
            break;
        }
    }
    let left: Vec<Artificial> = held.into_iter().map(Hold::release).collect();
    send(&left)
}

/// What comes next; `None` where it makes no sense.
fn next(pipe: &mut impl Read) -> io::Result<Option<Vec<Artificial>>> {
    let mut count = [0; 2];
    pipe.read_exact(&mut count)?;
    let count = usize::from(u16::from_le_bytes(count));
    if count > MOST {
        return Ok(None);
    }
    let mut bytes = vec![0; count * EVENT];
    pipe.read_exact(&mut bytes)?;
    let (events, _) = bytes.as_chunks::<EVENT>();
    Ok(events.iter().map(read).collect())
}

/// The key or button that goes down or comes up with it.
fn hold_of(event: Artificial) -> Option<(Hold, bool)> {
    if let Artificial::Key { code, down } = event {
        return Some((Hold::Key(code), down));
    }
    const BUTTONS: [PointerButton; 5] = [
        PointerButton::Left,
        PointerButton::Middle,
        PointerButton::Right,
        PointerButton::Back,
        PointerButton::Forward,
    ];
    let mut both = BUTTONS
        .into_iter()
        .flat_map(|button| [(button, true), (button, false)]);
    let (button, down) = both.find(|(button, down)| button_event(*button, *down) == event)?;
    Some((Hold::Button(button), down))
}

fn written(event: Artificial) -> [u8; EVENT] {
    let mut bytes = [0; EVENT];
    match event {
        Artificial::Key { code, down } => {
            let Code {
                virtual_key,
                scan,
                extended,
            } = code;
            bytes[..5].copy_from_slice(&[0, u8::from(down), virtual_key, scan, u8::from(extended)]);
        }
        Artificial::Unit { unit, down } => {
            let [low, high] = unit.to_le_bytes();
            bytes[..4].copy_from_slice(&[1, u8::from(down), low, high]);
        }
        // only the wheel is turned by numbers below zero, and the flags of all are below 65,536
        Artificial::Mouse {
            flags,
            data,
            to: (x, y),
        } => {
            bytes[0] = 2;
            bytes[1..4].copy_from_slice(&flags.to_le_bytes()[..3]);
            bytes[4..8].copy_from_slice(&data.to_le_bytes());
            bytes[8..11].copy_from_slice(&x.to_le_bytes()[..3]);
            bytes[11..14].copy_from_slice(&y.to_le_bytes()[..3]);
        }
    }
    bytes
}

fn read(bytes: &[u8; EVENT]) -> Option<Artificial> {
    let [kind, rest @ ..] = *bytes;
    match (kind, rest) {
        (0, [down, virtual_key, scan, extended, ..]) => Some(Artificial::Key {
            code: Code {
                virtual_key,
                scan,
                extended: extended == 1,
            },
            down: down == 1,
        }),
        (1, [down, low, high, ..]) => Some(Artificial::Unit {
            unit: u16::from_le_bytes([low, high]),
            down: down == 1,
        }),
        (2, [f0, f1, f2, d0, d1, d2, d3, x0, x1, x2, y0, y1, y2]) => Some(Artificial::Mouse {
            flags: u32::from_le_bytes([f0, f1, f2, 0]),
            data: i32::from_le_bytes([d0, d1, d2, d3]),
            to: (
                i32::from_le_bytes([x0, x1, x2, 0]),
                i32::from_le_bytes([y0, y1, y2, 0]),
            ),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{key_event, move_to, turns};
    use super::*;

    const KEY: Code = Code {
        virtual_key: 0x25,
        scan: 0x4b,
        extended: true,
    };

    /// What came in, and what went out.
    struct Pipe<'a>(&'a [u8], Vec<u8>);

    impl Read for Pipe<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            self.0.read(to)
        }
    }

    impl Write for Pipe<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn batch(events: &[Artificial]) -> Vec<u8> {
        let count = u16::try_from(events.len()).unwrap();
        let mut bytes = count.to_le_bytes().to_vec();
        bytes.extend(events.iter().flat_map(|event| written(*event)));
        bytes
    }

    #[test]
    fn each_event_comes_back_as_it_was() {
        let mut events = vec![
            key_event(KEY, true),
            Artificial::Unit {
                unit: 0x20ac,
                down: false,
            },
            button_event(PointerButton::Forward, true),
            move_to(1919, 1079),
            move_to(1_000_000, 1_000_000),
        ];
        events.extend(turns(120, -6000));
        for event in events {
            assert_eq!(read(&written(event)), Some(event));
        }
        assert_eq!(read(&[9; EVENT]), None);
    }

    #[test]
    fn what_is_down_when_the_pipe_ends_comes_up() {
        let button = button_event(PointerButton::Right, true);
        let other = Code { scan: 1, ..KEY };
        let mut bytes = batch(&[key_event(KEY, true), button]);
        bytes.extend(batch(&[key_event(other, true), key_event(other, false)]));
        // a batch that is cut
        bytes.extend(&batch(&[key_event(other, true)])[..9]);
        let mut sent = Vec::new();
        let mut pipe = Pipe(&bytes, Vec::new());
        serve(&mut pipe, |events| {
            sent.push(events.to_vec());
            Ok(())
        })
        .unwrap();
        assert_eq!(pipe.1, [DONE, DONE]);
        let up = [
            key_event(KEY, false),
            button_event(PointerButton::Right, false),
        ];
        assert_eq!(sent.last().unwrap(), &up);
        assert_eq!(sent.len(), 3);
    }

    #[test]
    fn what_makes_no_sense_ends_it() {
        for bytes in [
            [0xff, 0xff].as_slice(),
            &[1, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9],
        ] {
            let mut pipe = Pipe(bytes, Vec::new());
            let none = |events: &[Artificial]| {
                assert!(events.is_empty());
                Ok(())
            };
            serve(&mut pipe, none).unwrap();
            assert!(pipe.1.is_empty());
        }
    }
}
