//! What was copied at the other end, for the programs here that paste it: each has a pipe, which is filled once
//! the contents have come. A pipe that is closed with nothing in it says that there is nothing.

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use ::wayland::Selection;
use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};
use rustix::io::Errno;

use super::{LATIN, MARK, formats_of, never_wait};
use crate::Provide;
use crate::orders::Orders;
use crate::text::latin;

/// How long a program may wait for contents to come from the other end.
const CONTENTS_PATIENCE: Duration = Duration::from_mins(1);
/// How long a program may take no bytes, and how long for all of them.
const STEP_PATIENCE: Duration = Duration::from_secs(10);
const TAKING_PATIENCE: Duration = Duration::from_mins(1);
/// Programs that may be pasting.
const MAX_PASTES: usize = 16;

/// What the clipboard holds.
struct Holding {
    number: u64,
    /// The compositor's session counts what is held, too.
    held: u64,
    kinds: ClipboardKinds,
    provide: Provide,
    /// What was asked for, and has come where it is here.
    contents: BTreeMap<ClipboardKind, Option<Bytes>>,
}

/// A program that waits for contents.
struct Waiting {
    kind: ClipboardKind,
    is_latin: bool,
    into: OwnedFd,
    until: Instant,
}

/// A program that takes them.
struct Taking {
    into: OwnedFd,
    left: Bytes,
    until: Instant,
    until_in_all: Instant,
}

#[derive(Default)]
pub(super) struct Giving {
    holding: Option<Holding>,
    /// Those for what is held; they end with it.
    waiting: Vec<Waiting>,
    taking: Vec<Taking>,
}

impl Giving {
    pub(super) fn take_over(
        &mut self,
        selection: &mut Selection,
        number: u64,
        kinds: ClipboardKinds,
        provide: Provide,
    ) {
        let all = ClipboardKind::ALL.into_iter();
        let formats = all
            .filter(|kind| kinds.has(*kind))
            .flat_map(|kind| formats_of(kind).iter().copied());
        let held = selection.hold(formats.chain([MARK]));
        self.waiting.clear();
        self.holding = Some(Holding {
            number,
            held,
            kinds,
            provide,
            contents: BTreeMap::new(),
        });
    }

    pub(super) fn release(&mut self, selection: &mut Selection, number: u64) {
        let is_it = |holding: &Holding| holding.number == number;
        if self.holding.as_ref().is_some_and(is_it) {
            self.let_go(selection);
        }
    }

    pub(super) fn let_go(&mut self, selection: &mut Selection) {
        if let Some(holding) = self.holding.take() {
            selection.let_go(holding.held);
        }
        self.waiting.clear();
    }

    /// Another program has copied.
    pub(super) fn replaced(&mut self, selection: &mut Selection, held: u64) {
        if self.holding.as_ref().is_some_and(|now| now.held == held) {
            self.let_go(selection);
        }
    }

    /// A program pastes.
    pub(super) fn asked(&mut self, held: u64, format: &str, into: OwnedFd, orders: &Orders) {
        let Some(holding) = self.holding.as_mut().filter(|now| now.held == held) else {
            return;
        };
        let kind = ClipboardKind::ALL
            .into_iter()
            .find(|kind| holding.kinds.has(*kind) && formats_of(*kind).contains(&format));
        let is_full = self.waiting.len() + self.taking.len() >= MAX_PASTES;
        let Some(kind) = kind.filter(|_| !is_full) else {
            return;
        };
        if let Err(error) = never_wait(&into) {
            tracing::debug!(%error, "A program pastes into what cannot be written");
            return;
        }
        let waiting = Waiting {
            kind,
            is_latin: format == LATIN,
            into,
            until: Instant::now() + CONTENTS_PATIENCE,
        };
        match holding.contents.get(&kind) {
            Some(Some(contents)) => {
                let contents = contents.clone();
                self.give(waiting, contents);
                return;
            }
            // they are on their way
            Some(None) => {}
            None => {
                holding.contents.insert(kind, None);
                (holding.provide)(kind, orders.reply(holding.number, kind));
            }
        }
        self.waiting.push(waiting);
    }

    /// Contents have come from the other end, or do not come.
    pub(super) fn provided(
        &mut self,
        number: u64,
        kind: ClipboardKind,
        contents: Result<Bytes, ClipboardFault>,
    ) {
        let holding = self.holding.as_mut().filter(|now| now.number == number);
        let Some(holding) = holding else {
            // it is over, and so are those who waited
            return;
        };
        let is_it = |waiting: &mut Waiting| waiting.kind == kind;
        let ready: Vec<_> = self.waiting.extract_if(.., is_it).collect();
        match contents {
            Ok(contents) => {
                holding.contents.insert(kind, Some(contents.clone()));
                for waiting in ready {
                    self.give(waiting, contents.clone());
                }
            }
            Err(fault) => {
                tracing::debug!(?kind, ?fault, "Nothing to paste");
                // the next paste asks again
                holding.contents.remove(&kind);
            }
        }
    }

    fn give(&mut self, waiting: Waiting, contents: Bytes) {
        let now = Instant::now();
        self.taking.push(Taking {
            into: waiting.into,
            left: if waiting.is_latin {
                latin(&contents)
            } else {
                contents
            },
            until: now + STEP_PATIENCE,
            until_in_all: now + TAKING_PATIENCE,
        });
    }

    /// Hands over what programs take now. Waits no longer for contents, nor for programs that take nothing.
    pub(super) fn go_on(&mut self, now: Instant) {
        self.waiting.retain(|waiting| waiting.until > now);
        self.taking.retain_mut(|taking| taking.goes_on(now));
    }

    /// Whether a program is taking contents.
    pub(super) fn is_at_it(&self) -> bool {
        !self.taking.is_empty()
    }

    /// Where programs take contents.
    pub(super) fn pipes(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.taking.iter().map(|taking| taking.into.as_fd())
    }

    /// When [`Self::go_on`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().map(|waiting| waiting.until);
        let taking = self.taking.iter();
        let taking = taking.map(|taking| taking.until.min(taking.until_in_all));
        waiting.chain(taking).min()
    }
}

impl Taking {
    /// Writes what there is room for; `false` when it is over.
    fn goes_on(&mut self, now: Instant) -> bool {
        while !self.left.is_empty() {
            match rustix::io::write(&self.into, &self.left) {
                Ok(0) => return false,
                Ok(count) => {
                    drop(self.left.split_to(count));
                    self.until = now + STEP_PATIENCE;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return self.until.min(self.until_in_all) > now,
                // it is gone
                Err(_) => return false,
            }
        }
        false
    }
}
