//! What other programs copied: the formats it can be had in, and its contents when somebody at the other end
//! pastes it. One thing is read at a time.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use ::wayland::{Lost, Selection};
use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds, check_contents};
use rustix::io::Errno;
use rustix::pipe::PipeFlags;

use super::{LATIN, MARK, formats_of, never_wait};
use crate::text::as_utf8;
use crate::{Copied, Happening, Reply, Tell};

/// How long the program that copied may take for each step, and for all of it.
const PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE_IN_ALL: Duration = Duration::from_mins(1);
/// Contents that may wait.
const MAX_WAITING: usize = 8;
/// As much as a pipe usually holds.
const STEP_BYTES: usize = 64 * 1024;

struct Ask {
    kind: ClipboardKind,
    reply: Reply,
}

/// What was asked for and is not all here.
struct Running {
    ask: Ask,
    is_latin: bool,
    pipe: OwnedFd,
    bytes: Vec<u8>,
    until: Instant,
    until_in_all: Instant,
}

pub(super) struct Reading {
    tell: Tell,
    /// Of the newest copy.
    number: u64,
    formats: Vec<&'static str>,
    /// What was too large of it: its program is not asked again.
    too_large: Vec<ClipboardKind>,
    waiting: VecDeque<Ask>,
    running: Option<Running>,
}

impl Reading {
    pub(super) fn new(tell: Tell) -> Self {
        Self {
            tell,
            number: 0,
            formats: Vec::new(),
            too_large: Vec::new(),
            waiting: VecDeque::new(),
            running: None,
        }
    }

    /// Somebody copied, we did, or nobody has anything any more.
    pub(super) fn copied(&mut self, formats: Vec<&'static str>, is_there: bool, is_old: bool) {
        if !is_there && is_old {
            return;
        }
        self.number += 1;
        self.too_large.clear();
        self.formats = formats;
        if self.formats.contains(&MARK) {
            self.formats.clear();
        }
        let running = self.running.take().map(|running| running.ask);
        for ask in running.into_iter().chain(self.waiting.drain(..)) {
            (ask.reply)(Err(ClipboardFault::REPLACED));
        }
        let all = ClipboardKind::ALL.into_iter();
        let kinds = all
            .filter(|kind| self.format_of(*kind).is_some())
            .fold(ClipboardKinds::default(), ClipboardKinds::with);
        (self.tell)(Happening::Copied(Copied {
            number: self.number,
            kinds,
            is_old,
        }));
    }

    pub(super) fn fetch(&mut self, number: u64, kind: ClipboardKind, reply: Reply) {
        if number != self.number || self.format_of(kind).is_none() {
            reply(Err(ClipboardFault::REPLACED));
        } else if self.too_large.contains(&kind) {
            reply(Err(ClipboardFault::TOO_LARGE));
        } else if self.waiting.len() >= MAX_WAITING {
            reply(Err(ClipboardFault::NO_ANSWER));
        } else {
            self.waiting.push_back(Ask { kind, reply });
        }
    }

    /// The best format that `kind` can be had in.
    fn format_of(&self, kind: ClipboardKind) -> Option<&'static str> {
        let mut formats = formats_of(kind).iter();
        formats
            .find(|format| self.formats.contains(format))
            .copied()
    }

    /// Takes what has come, begins with the next, and waits no longer for a program that does not answer.
    pub(super) fn go_on(&mut self, selection: &mut Selection, now: Instant) -> Result<(), Lost> {
        loop {
            self.take_what_is_there(now);
            if self.running.is_some() {
                return Ok(());
            }
            let Some(ask) = self.waiting.pop_front() else {
                return Ok(());
            };
            match self.format_of(ask.kind) {
                Some(_) if self.too_large.contains(&ask.kind) => {
                    (ask.reply)(Err(ClipboardFault::TOO_LARGE));
                }
                Some(format) => self.begin(selection, ask, format, now)?,
                // cannot be: it was looked for, and a new copy ends what waits
                None => (ask.reply)(Err(ClipboardFault::REPLACED)),
            }
        }
    }

    fn begin(
        &mut self,
        selection: &mut Selection,
        ask: Ask,
        format: &'static str,
        now: Instant,
    ) -> Result<(), Lost> {
        let (pipe, theirs) = match pipe() {
            Ok(ends) => ends,
            Err(error) => {
                tracing::debug!(%error, "No pipe");
                (ask.reply)(Err(ClipboardFault::NO_ANSWER));
                return Ok(());
            }
        };
        selection.receive(format, theirs.as_fd());
        selection.session().flush()?;
        // ours of theirs must be closed, or the pipe has no end
        drop(theirs);
        self.running = Some(Running {
            ask,
            is_latin: format == LATIN,
            pipe,
            bytes: Vec::new(),
            until: now + PATIENCE,
            until_in_all: now + PATIENCE_IN_ALL,
        });
        Ok(())
    }

    /// Reads a step of what lies in the pipe.
    fn take_what_is_there(&mut self, now: Instant) {
        let Some(running) = &mut self.running else {
            return;
        };
        let had = running.bytes.len();
        running.bytes.resize(had + STEP_BYTES, 0);
        let read = rustix::io::read(&running.pipe, &mut running.bytes[had..]);
        running.bytes.truncate(had + read.unwrap_or(0));
        match read {
            // a program that died says no more than that either
            Ok(0) if running.bytes.is_empty() => self.finish(Err(ClipboardFault::NO_ANSWER)),
            Ok(0) => self.finish(Ok(())),
            Ok(_) if running.bytes.len() > running.ask.kind.max_bytes() => {
                self.finish(Err(ClipboardFault::TOO_LARGE));
            }
            Ok(_) => {
                running.until = now + PATIENCE;
                if running.until_in_all <= now {
                    self.finish(Err(ClipboardFault::NO_ANSWER));
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {
                if running.until.min(running.until_in_all) <= now {
                    self.finish(Err(ClipboardFault::NO_ANSWER));
                }
            }
            Err(_) => self.finish(Err(ClipboardFault::NO_ANSWER)),
        }
    }

    /// What is being read is here, or does not come; whoever still writes it finds that nobody reads.
    fn finish(&mut self, came: Result<(), ClipboardFault>) {
        let Some(running) = self.running.take() else {
            return;
        };
        let Running {
            ask: Ask { kind, reply },
            is_latin,
            bytes,
            ..
        } = running;
        if came == Err(ClipboardFault::TOO_LARGE) {
            self.too_large.push(kind);
        }
        reply(came.and_then(|()| {
            let bytes = match kind {
                ClipboardKind::Png => bytes,
                ClipboardKind::Text | ClipboardKind::Html => as_utf8(bytes, is_latin),
            };
            check_contents(kind, &bytes)?;
            Ok(Bytes::from(bytes))
        }));
    }

    /// What comes of what is being read.
    pub(super) fn pipe(&self) -> Option<BorrowedFd<'_>> {
        Some(self.running.as_ref()?.pipe.as_fd())
    }

    /// When [`Self::go_on`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let running = self.running.as_ref()?;
        Some(running.until.min(running.until_in_all))
    }
}

/// The end to read from, which does not wait, and the end for another program, which knows nothing of that.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    never_wait(&ours)?;
    Ok((ours, theirs))
}
