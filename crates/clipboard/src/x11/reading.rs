//! What other programs copied: which kinds it can be had as, and its contents when somebody at the other end
//! pastes it. One thing is asked for at a time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds, check_contents};
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, Property, PropertyNotifyEvent, SelectionNotifyEvent,
    Timestamp, Window,
};

use super::{Fault, Ground, STRING};
use crate::text::as_utf8;
use crate::{Copied, Happening, Reply, Tell};

/// How long the program that copied may take for each step, and for all of it.
const PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE_IN_ALL: Duration = Duration::from_mins(1);
/// Most targets that are looked at.
const MAX_TARGETS_BYTES: usize = 4 * 1024;
/// Contents that may wait.
const MAX_WAITING: usize = 8;

enum Ask {
    Kinds {
        is_old: bool,
    },
    Contents {
        kind: ClipboardKind,
        reply: Reply,
    },
    /// What is left of something too large: it is taken and dropped, for its program may answer nobody else
    /// before.
    Rest,
}

impl Ask {
    fn max_bytes(&self) -> usize {
        match self {
            Self::Kinds { .. } => MAX_TARGETS_BYTES,
            // so much is room for what is only longer until it is UTF-8
            Self::Contents { kind, .. } => kind.max_bytes(),
            Self::Rest => 0,
        }
    }
}

/// What was asked for and is not all here.
struct Conversion {
    ask: Ask,
    target: Atom,
    property: Atom,
    /// What has come in pieces.
    pieces: Option<Vec<u8>>,
    until: Instant,
    until_in_all: Instant,
}

pub(super) struct Reading {
    tell: Tell,
    /// Of the newest copy.
    number: u64,
    targets: Vec<Atom>,
    since: Timestamp,
    /// What was too large of it: its program is not asked again, and may still wait for us to take it.
    too_large: Vec<ClipboardKind>,
    waiting: VecDeque<Ask>,
    running: Option<Conversion>,
    /// Counts what was asked for: an answer that comes late must not be taken for another.
    asked: usize,
}

impl Reading {
    pub(super) fn new(tell: Tell) -> Self {
        Self {
            tell,
            number: 0,
            targets: Vec::new(),
            since: x11rb::CURRENT_TIME,
            too_large: Vec::new(),
            waiting: VecDeque::new(),
            running: None,
            asked: 0,
        }
    }

    /// Somebody copied, we did, or nobody has anything any more.
    pub(super) fn owner_is(
        &mut self,
        ground: &Ground,
        owner: Window,
        since: Timestamp,
        is_old: bool,
    ) -> Result<(), Fault> {
        self.number += 1;
        self.targets.clear();
        self.too_large.clear();
        self.since = since;
        let running = self.running.take().map(|running| running.ask);
        for ask in running.into_iter().chain(self.waiting.drain(..)) {
            if let Ask::Contents { reply, .. } = ask {
                reply(Err(ClipboardFault::REPLACED));
            }
        }
        if owner == x11rb::NONE || owner == ground.window {
            self.tell_copied(ClipboardKinds::default(), is_old);
            return Ok(());
        }
        self.waiting.push_back(Ask::Kinds { is_old });
        self.ask_next(ground)
    }

    pub(super) fn fetch(
        &mut self,
        ground: &Ground,
        number: u64,
        kind: ClipboardKind,
        reply: Reply,
    ) -> Result<(), Fault> {
        if number != self.number || self.target_of(ground, kind).is_none() {
            reply(Err(ClipboardFault::REPLACED));
        } else if self.too_large.contains(&kind) {
            reply(Err(ClipboardFault::TOO_LARGE));
        } else if self.waiting.len() >= MAX_WAITING {
            reply(Err(ClipboardFault::NO_ANSWER));
        } else {
            self.waiting.push_back(Ask::Contents { kind, reply });
        }
        self.ask_next(ground)
    }

    /// The best target that `kind` can be had as.
    fn target_of(&self, ground: &Ground, kind: ClipboardKind) -> Option<Atom> {
        let mut targets = ground.targets_of(kind);
        targets.find(|target| self.targets.contains(target))
    }

    fn ask_next(&mut self, ground: &Ground) -> Result<(), Fault> {
        if self.running.is_some() {
            return Ok(());
        }
        let Some(ask) = self.waiting.pop_front() else {
            return Ok(());
        };
        let target = match &ask {
            Ask::Kinds { .. } => Some(ground.atoms.TARGETS),
            Ask::Contents { kind, .. } => self.target_of(ground, *kind),
            // it is never asked for
            Ask::Rest => None,
        };
        // cannot be: it was looked for, and a new copy ends what waits
        let target = target.unwrap_or(ground.atoms.UTF8_STRING);
        let properties = [
            ground.atoms.ANSWER_0,
            ground.atoms.ANSWER_1,
            ground.atoms.ANSWER_2,
            ground.atoms.ANSWER_3,
        ];
        self.asked += 1;
        let property = properties[self.asked % properties.len()];
        let window = ground.window;
        ground.conn.delete_property(window, property)?;
        ground.conn.convert_selection(
            window,
            ground.atoms.CLIPBOARD,
            target,
            property,
            self.since,
        )?;
        let now = Instant::now();
        self.running = Some(Conversion {
            ask,
            target,
            property,
            pieces: None,
            until: now + PATIENCE,
            until_in_all: now + PATIENCE_IN_ALL,
        });
        Ok(())
    }

    /// The program that copied has answered.
    pub(super) fn answered(
        &mut self,
        ground: &Ground,
        answer: &SelectionNotifyEvent,
    ) -> Result<(), Fault> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let is_it = answer.target == running.target && running.pieces.is_none();
        if !is_it || answer.requestor != ground.window {
            return Ok(());
        }
        if answer.property == x11rb::NONE {
            return self.finish(ground, Err(ClipboardFault::NO_ANSWER));
        }
        if answer.property != running.property {
            return Ok(());
        }
        self.take_property(ground)
    }

    /// Another piece is there.
    pub(super) fn property_changed(
        &mut self,
        ground: &Ground,
        changed: &PropertyNotifyEvent,
    ) -> Result<(), Fault> {
        let is_piece = self.running.as_ref().is_some_and(|running| {
            running.pieces.is_some()
                && changed.atom == running.property
                && changed.state == Property::NEW_VALUE
        });
        if is_piece {
            self.take_property(ground)?;
        }
        Ok(())
    }

    /// Reads and deletes what lies in the property, which asks for the next piece where there are pieces.
    fn take_property(&mut self, ground: &Ground) -> Result<(), Fault> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let (window, property) = (ground.window, running.property);
        let any = AtomEnum::ANY;
        let look = ground
            .conn
            .get_property(false, window, property, any, 0, 0)?
            .reply()?;
        if look.type_ == ground.atoms.INCR && running.pieces.is_none() {
            running.pieces = Some(Vec::new());
            running.until = Instant::now() + PATIENCE;
            let asked = ground
                .conn
                .get_property(true, window, property, any, 0, 1)?;
            let at_least = asked.reply()?.value32().and_then(|mut value| value.next());
            let at_least = usize::try_from(at_least.unwrap_or(0)).unwrap_or(usize::MAX);
            if at_least > running.ask.max_bytes() {
                self.pass_over();
            }
            return Ok(());
        }
        let had = running.pieces.as_ref().map_or(0, Vec::len);
        let comes = usize::try_from(look.bytes_after).unwrap_or(usize::MAX);
        if comes > running.ask.max_bytes().saturating_sub(had) {
            running.until = Instant::now() + PATIENCE;
            let is_all = running.pieces.is_none();
            ground.conn.delete_property(window, property)?;
            if is_all {
                return self.finish(ground, Err(ClipboardFault::TOO_LARGE));
            }
            self.pass_over();
            return Ok(());
        }
        let words = look.bytes_after.div_ceil(4);
        let bytes = ground
            .conn
            .get_property(true, window, property, any, 0, words)?
            .reply()?
            .value;
        running.until = Instant::now() + PATIENCE;
        match &mut running.pieces {
            None => self.finish(ground, Ok(bytes)),
            Some(pieces) if bytes.is_empty() => {
                let whole = std::mem::take(pieces);
                self.finish(ground, Ok(whole))
            }
            Some(pieces) => {
                pieces.extend_from_slice(&bytes);
                Ok(())
            }
        }
    }

    /// Says that what comes is too large, and goes on taking it.
    fn pass_over(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.pieces = Some(Vec::new());
        match std::mem::replace(&mut running.ask, Ask::Rest) {
            Ask::Kinds { is_old } => self.tell_copied(ClipboardKinds::default(), is_old),
            Ask::Contents { kind, reply } => {
                self.too_large.push(kind);
                reply(Err(ClipboardFault::TOO_LARGE));
            }
            Ask::Rest => {}
        }
    }

    fn finish(
        &mut self,
        ground: &Ground,
        bytes: Result<Vec<u8>, ClipboardFault>,
    ) -> Result<(), Fault> {
        let Some(Conversion { ask, target, .. }) = self.running.take() else {
            return Ok(());
        };
        if let (Ask::Contents { kind, .. }, Err(ClipboardFault::TOO_LARGE)) = (&ask, &bytes) {
            self.too_large.push(*kind);
        }
        match ask {
            Ask::Kinds { is_old } => {
                let bytes = bytes.unwrap_or_default();
                let atoms = bytes.chunks_exact(4).map(|atom| {
                    let atom: [u8; 4] = atom.try_into().expect("chunks of four");
                    Atom::from_ne_bytes(atom)
                });
                self.targets = atoms.collect();
                let kinds = self.kinds(ground);
                self.tell_copied(kinds, is_old);
            }
            Ask::Contents { kind, reply } => reply(bytes.and_then(|bytes| {
                let bytes = match kind {
                    ClipboardKind::Png => bytes,
                    ClipboardKind::Text | ClipboardKind::Html => as_utf8(bytes, target == STRING),
                };
                check_contents(kind, &bytes)?;
                Ok(Bytes::from(bytes))
            })),
            Ask::Rest => {}
        }
        self.ask_next(ground)
    }

    fn kinds(&self, ground: &Ground) -> ClipboardKinds {
        if self.targets.contains(&ground.atoms.MARK) {
            return ClipboardKinds::default();
        }
        let all = ClipboardKind::ALL.into_iter();
        all.filter(|kind| self.target_of(ground, *kind).is_some())
            .fold(ClipboardKinds::default(), ClipboardKinds::with)
    }

    fn tell_copied(&self, kinds: ClipboardKinds, is_old: bool) {
        (self.tell)(Happening::Copied(Copied {
            number: self.number,
            kinds,
            is_old,
        }));
    }

    /// When [`Self::give_up_late`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let running = self.running.as_ref()?;
        Some(running.until.min(running.until_in_all))
    }

    /// Waits no longer for a program that does not answer.
    pub(super) fn give_up_late(&mut self, ground: &Ground, now: Instant) -> Result<(), Fault> {
        if self.deadline().is_some_and(|until| until <= now) {
            self.finish(ground, Err(ClipboardFault::NO_ANSWER))?;
        }
        Ok(())
    }
}
