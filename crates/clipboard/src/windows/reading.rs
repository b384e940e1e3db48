//! What other programs copied: told by its kinds, and read when somebody at the other end pastes it.
//!
//! A program that promised contents may take its time to hand them over, and whoever reads waits for it. So
//! that is a thread of its own, and one thing is read at a time.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds, check_contents};

use super::api::{self, Open, OwnWindow};
use super::formats::Formats;
use super::{Order, Orders};
use crate::{Copied, Happening, Reply, Tell};

/// How long contents may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long another program may have the clipboard open.
const OPEN_PATIENCE: Duration = Duration::from_secs(2);
/// Contents that may wait.
const MAX_WAITING: usize = 8;

struct Ask {
    kind: ClipboardKind,
    reply: Reply,
    until: Instant,
}

/// What the reading thread is told.
struct Job {
    kind: ClipboardKind,
    sequence: u32,
}

/// What it has read.
pub(super) struct Read {
    contents: Result<Bytes, ClipboardFault>,
    /// Of the clipboard as it was left: handing over what was promised may change it.
    sequence: u32,
}

pub(super) struct Reading {
    tell: Tell,
    formats: Formats,
    /// Of the newest copy.
    number: u64,
    sequence: u32,
    is_ours: bool,
    kinds: ClipboardKinds,
    waiting: VecDeque<Ask>,
    running: Option<Ask>,
    jobs: SyncSender<Job>,
    /// The thread has not come back, also where nobody waits any more for what it reads.
    is_busy: bool,
}

impl Reading {
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(super) fn start(tell: Tell, formats: Formats, orders: Orders) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(1);
        thread::Builder::new()
            .name("clipboard reading".to_owned())
            .spawn(move || read_all(formats, &waiting, &orders))?;
        Ok(Self {
            tell,
            formats,
            number: 0,
            sequence: 0,
            is_ours: false,
            kinds: ClipboardKinds::default(),
            waiting: VecDeque::new(),
            running: None,
            jobs,
            is_busy: false,
        })
    }

    /// What is there when the clipboard is opened.
    pub(super) fn first(&mut self) {
        if !api::is_empty() {
            self.sequence = api::sequence();
            self.look(false, true);
        }
    }

    /// Something changed. While a program hands over what it promised, which changes the clipboard too, nobody
    /// can copy: then [`Self::finished`] looks.
    pub(super) fn changed(&mut self, window: &OwnWindow) {
        if !self.is_busy {
            self.look_again(window);
        }
    }

    fn look_again(&mut self, window: &OwnWindow) {
        let (sequence, is_ours) = (api::sequence(), window.is_owner());
        let is_new = sequence != self.sequence && !(is_ours && self.is_ours);
        self.sequence = sequence;
        if is_new {
            self.look(is_ours, false);
        }
    }

    /// Somebody copied, we did, or nobody has anything any more.
    fn look(&mut self, is_ours: bool, is_old: bool) {
        self.number += 1;
        self.is_ours = is_ours;
        for ask in self
            .running
            .take()
            .into_iter()
            .chain(self.waiting.drain(..))
        {
            (ask.reply)(Err(ClipboardFault::REPLACED));
        }
        self.kinds = if is_ours {
            ClipboardKinds::default()
        } else {
            self.formats.kinds_now()
        };
        let (number, kinds, sequence) = (self.number, self.kinds, self.sequence);
        tracing::trace!(
            number,
            ?kinds,
            is_ours,
            sequence,
            "The clipboard has changed"
        );
        (self.tell)(Happening::Copied(Copied {
            number: self.number,
            kinds: self.kinds,
            is_old,
        }));
    }

    pub(super) fn fetch(&mut self, number: u64, kind: ClipboardKind, reply: Reply) {
        if number != self.number || !self.kinds.has(kind) {
            reply(Err(ClipboardFault::REPLACED));
        } else if self.waiting.len() >= MAX_WAITING {
            reply(Err(ClipboardFault::NO_ANSWER));
        } else {
            let until = Instant::now() + PATIENCE;
            self.waiting.push_back(Ask { kind, reply, until });
            self.ask_next();
        }
    }

    fn ask_next(&mut self) {
        if self.is_busy {
            return;
        }
        let Some(ask) = self.waiting.pop_front() else {
            return;
        };
        let job = Job {
            kind: ask.kind,
            sequence: self.sequence,
        };
        match self.jobs.try_send(job) {
            Ok(()) => {
                self.is_busy = true;
                self.running = Some(ask);
            }
            Err(_gone) => (ask.reply)(Err(ClipboardFault::NO_ANSWER)),
        }
    }

    /// The thread has read what it was told to.
    pub(super) fn finished(&mut self, read: Read, window: &OwnWindow) {
        self.is_busy = false;
        if let Some(ask) = self.running.take() {
            (ask.reply)(read.contents);
        }
        self.sequence = read.sequence;
        self.look_again(window);
        self.ask_next();
    }

    /// When [`Self::give_up_late`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let asks = self.running.iter().chain(&self.waiting);
        asks.map(|ask| ask.until).min()
    }

    /// Waits no longer for a program that does not answer.
    pub(super) fn give_up_late(&mut self, now: Instant) {
        let is_late = |ask: &mut Ask| ask.until <= now;
        let running = self.running.take_if(is_late);
        let mut late: Vec<Ask> = running.into_iter().collect();
        while self.waiting.front_mut().is_some_and(is_late) {
            late.extend(self.waiting.pop_front());
        }
        for ask in late {
            (ask.reply)(Err(ClipboardFault::NO_ANSWER));
        }
    }
}

/// The thread that reads, until nobody tells it anything any more.
fn read_all(formats: Formats, jobs: &Receiver<Job>, orders: &Orders) {
    while let Ok(job) = jobs.recv() {
        let (contents, sequence) = read(formats, &job);
        let (fault, expected) = (contents.as_ref().err(), job.sequence);
        tracing::trace!(kind = ?job.kind, ?fault, expected, sequence, "The clipboard was read");
        orders.insist(Order::Read(Read { contents, sequence }));
    }
}

/// The contents, and the number of the clipboard as it is left.
fn read(formats: Formats, job: &Job) -> (Result<Bytes, ClipboardFault>, u32) {
    let open = match Open::wait(OPEN_PATIENCE) {
        Ok(open) => open,
        Err(error) => {
            tracing::debug!(%error, "Another program keeps the clipboard open");
            return (Err(ClipboardFault::NO_ANSWER), job.sequence);
        }
    };
    if api::sequence() != job.sequence {
        return (Err(ClipboardFault::REPLACED), job.sequence);
    }
    let bytes = formats.read(&open, job.kind);
    let sequence = api::sequence();
    drop(open);
    let checked = bytes.and_then(|bytes| {
        check_contents(job.kind, &bytes)?;
        Ok(Bytes::from(bytes))
    });
    (checked, sequence)
}
