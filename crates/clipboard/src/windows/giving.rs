//! What was copied at the other end, for the programs here that paste it.
//!
//! Windows asks for a format while the program that pastes waits, and takes what is put there before the
//! question is answered. So this thread waits too, and does what else comes once that is over.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};

use super::api::{self, Alarm, Open, OwnWindow};
use super::formats::Formats;
use super::{MAX_ORDERS, Order, Orders};
use crate::Provide;

/// How long a program may wait for contents to come from the other end.
const CONTENTS_PATIENCE: Duration = Duration::from_mins(1);
/// How often to look whether anybody needs the clipboard, while a program waits.
const EACH_LOOK: Duration = Duration::from_millis(100);
/// How often to try again while another program has the clipboard open, at first and after a while.
const EACH_TRY: Duration = Duration::from_millis(5);
const EACH_LATE_TRY: Duration = Duration::from_millis(100);
/// How long one is only about to close it; and how long the end waits for that.
const OPEN_PATIENCE: Duration = Duration::from_secs(2);

/// What the clipboard holds.
struct Holding {
    number: u64,
    provide: Provide,
    /// What was pasted once.
    contents: BTreeMap<ClipboardKind, Bytes>,
}

/// What is to be done once no other program has the clipboard open. It may be pasting what is held, and then waits
/// for this thread, which must not wait for it.
struct Late {
    what: What,
    since: Instant,
}

enum What {
    TakeOver {
        new: Holding,
        kinds: ClipboardKinds,
        taken: SyncSender<()>,
    },
    /// Nothing is held any more.
    Clear,
}

/// What is held, and the orders, which also come while a program waits for contents.
pub(super) struct Giving {
    formats: Formats,
    orders: Orders,
    inbox: Receiver<Order>,
    /// What came while a program was waiting.
    postponed: RefCell<VecDeque<Order>>,
    holding: RefCell<Option<Holding>>,
    late: RefCell<Option<Late>>,
    /// Counts what was asked for: an answer that comes late must not be taken for another.
    asked: Cell<u64>,
}

impl Giving {
    pub(super) fn new(formats: Formats, orders: Orders, inbox: Receiver<Order>) -> Self {
        Self {
            formats,
            orders,
            inbox,
            postponed: RefCell::default(),
            holding: RefCell::default(),
            late: RefCell::default(),
            asked: Cell::new(0),
        }
    }

    pub(super) fn next_order(&self) -> Option<Order> {
        let postponed = self.postponed.borrow_mut().pop_front();
        postponed.or_else(|| self.inbox.try_recv().ok())
    }

    pub(super) fn take_over(
        &self,
        window: &OwnWindow,
        number: u64,
        kinds: ClipboardKinds,
        provide: Provide,
        taken: SyncSender<()>,
    ) {
        let new = Holding {
            number,
            provide,
            contents: BTreeMap::new(),
        };
        self.soon(window, What::TakeOver { new, kinds, taken });
    }

    fn soon(&self, window: &OwnWindow, what: What) {
        let since = Instant::now();
        self.late.replace(Some(Late { what, since }));
        self.go_on(window);
        if self.late.borrow().is_some() {
            tracing::trace!("Another program has the clipboard open");
        }
    }

    /// Does what was late, if no other program has the clipboard open.
    pub(super) fn go_on(&self, window: &OwnWindow) {
        let Some(late) = self.late.take() else {
            return;
        };
        let owner = match late.what {
            What::TakeOver { .. } => Some(window),
            // without an owner: what is empty must not be taken for ours
            What::Clear => None,
        };
        // Windows may call for what is held while this asks for the clipboard
        let Ok(open) = Open::now(owner) else {
            self.late.replace(Some(late));
            return;
        };
        let done = match late.what {
            What::TakeOver { new, kinds, taken } => {
                // nobody can paste while it is open
                self.holding.replace(Some(new));
                let promised = open
                    .clear()
                    .and_then(|()| self.formats.promise(&open, kinds));
                if promised.is_err() {
                    self.holding.replace(None);
                }
                drop(open);
                if taken.try_send(()).is_err() {
                    tracing::trace!("Nobody waits for it any more");
                }
                promised
            }
            // whoever had it open may have copied
            What::Clear if window.is_owner() => open.clear(),
            What::Clear => Ok(()),
        };
        match done {
            Ok(()) => tracing::trace!(after = ?late.since.elapsed(), "The clipboard is as wished"),
            Err(error) => tracing::warn!(%error, "The clipboard cannot be had"),
        }
    }

    /// When [`Self::go_on`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let now = Instant::now();
        let late = self.late.borrow();
        let waited = now.saturating_duration_since(late.as_ref()?.since);
        let each = if waited < OPEN_PATIENCE {
            EACH_TRY
        } else {
            EACH_LATE_TRY
        };
        Some(now + each)
    }

    pub(super) fn release(&self, window: &OwnWindow, number: u64) {
        let is_it = |holding: &mut Holding| holding.number == number;
        let was_held = self.holding.borrow_mut().take_if(is_it).is_some();
        let is_late = |late: &mut Late| match &mut late.what {
            What::TakeOver { new, .. } => is_it(new),
            What::Clear => false,
        };
        let was_late = self.late.borrow_mut().take_if(is_late).is_some();
        if was_held || was_late {
            self.clear(window);
        }
    }

    /// Takes what was promised out of the clipboard, unless something is held, or is about to be.
    fn clear(&self, window: &OwnWindow) {
        let is_over = self.holding.borrow().is_none() && self.late.borrow().is_none();
        if is_over && window.is_owner() {
            self.soon(window, What::Clear);
        }
    }

    /// Lets everything go, and waits until that is done, but not for long.
    pub(super) fn end(&self, window: &OwnWindow, alarm: &Alarm) {
        self.late.replace(None);
        self.holding.replace(None);
        self.clear(window);
        let until = Instant::now() + OPEN_PATIENCE;
        while self.late.borrow().is_some() {
            if Instant::now() > until {
                return tracing::debug!("The clipboard keeps what nobody gives any more");
            }
            window.wait(alarm, Some(EACH_TRY));
            window.hear();
            self.go_on(window);
        }
    }

    /// Another program has copied.
    pub(super) fn lost(&self) {
        self.holding.replace(None);
    }

    /// A program pastes, and waits until this returns.
    pub(super) fn render(&self, format: u32) {
        let Some(kind) = self.formats.kind_of(format) else {
            return;
        };
        tracing::trace!(?kind, "A program pastes");
        let written = match self.contents(kind) {
            Ok(contents) => self.formats.written(format, &contents),
            Err(fault) => {
                // the next paste asks again
                tracing::debug!(?kind, ?fault, "Nothing to paste");
                return;
            }
        };
        let put = written.map(|bytes| api::put(format, &bytes));
        match put {
            Some(Ok(())) => tracing::trace!(?kind, "It was given"),
            Some(Err(error)) => tracing::debug!(%error, "Nobody takes it any more"),
            None => tracing::debug!(?kind, "It cannot be unpacked"),
        }
    }

    fn contents(&self, kind: ClipboardKind) -> Result<Bytes, ClipboardFault> {
        let (number, provide) = {
            let holding = self.holding.borrow();
            let holding = holding.as_ref().ok_or(ClipboardFault::REPLACED)?;
            if let Some(contents) = holding.contents.get(&kind) {
                return Ok(contents.clone());
            }
            (holding.number, Provide::clone(&holding.provide))
        };
        let asked = self.asked.get() + 1;
        self.asked.set(asked);
        let mut back = Returned {
            orders: self.orders.clone(),
            asked,
            is_over: false,
        };
        provide(kind, Box::new(move |contents| back.say(contents)));
        let contents = self.wait_for(asked, number)?;
        if let Some(holding) = self.holding.borrow_mut().as_mut() {
            holding.contents.insert(kind, contents.clone());
        }
        Ok(contents)
    }

    /// Waits for what was asked for, until what is held is let go.
    fn wait_for(&self, asked: u64, number: u64) -> Result<Bytes, ClipboardFault> {
        let until = Instant::now() + CONTENTS_PATIENCE;
        while Instant::now() < until && !self.orders.are_over() {
            let Ok(order) = self.inbox.recv_timeout(EACH_LOOK) else {
                continue;
            };
            let is_end = match order {
                Order::Contents {
                    asked: of,
                    contents,
                } if of == asked => return contents,
                Order::Contents { .. } => continue,
                Order::Release { number: of } => of == number,
                Order::TakeOver { .. } => true,
                Order::Fetch { .. } | Order::Read(_) => false,
            };
            let mut postponed = self.postponed.borrow_mut();
            if postponed.len() < MAX_ORDERS || matches!(order, Order::Read(_)) {
                postponed.push_back(order);
            }
            if is_end {
                return Err(ClipboardFault::REPLACED);
            }
        }
        Err(ClipboardFault::NO_ANSWER)
    }
}

/// What was asked for comes back by this; one that is dropped says that nothing comes.
struct Returned {
    orders: Orders,
    asked: u64,
    is_over: bool,
}

impl Returned {
    fn say(&mut self, contents: Result<Bytes, ClipboardFault>) {
        self.is_over = true;
        let asked = self.asked;
        self.orders.give(Order::Contents { asked, contents });
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        if !self.is_over {
            self.say(Err(ClipboardFault::NO_ANSWER));
        }
    }
}
