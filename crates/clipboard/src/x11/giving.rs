//! What was copied at the other end, for the programs here that paste it: each is answered once the contents
//! have come, in pieces where they are large (INCR).

use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, PropMode, Property,
    PropertyNotifyEvent, SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent,
    Timestamp, Window,
};
use x11rb::wrapper::ConnectionExt as _;

use super::{Fault, Ground, STRING};
use crate::Provide;
use crate::orders::Orders;
use crate::text::latin;

/// How long a program may wait for contents to come from the other end.
const CONTENTS_PATIENCE: Duration = Duration::from_mins(1);
/// How long a program may take for each piece.
const PIECE_PATIENCE: Duration = Duration::from_secs(10);
/// What is larger goes in such pieces, in bytes; every server takes them.
const PIECE_BYTES: usize = 128 * 1024;
/// Programs that may be pasting.
const MAX_PASTES: usize = 16;

/// What the clipboard holds.
struct Holding {
    number: u64,
    kinds: ClipboardKinds,
    provide: Provide,
    since: Timestamp,
    /// What was asked for, and has come where it is here.
    contents: BTreeMap<ClipboardKind, Option<Bytes>>,
}

/// A program that waits for contents.
struct Waiting {
    number: u64,
    kind: ClipboardKind,
    request: SelectionRequestEvent,
    until: Instant,
}

/// A program that takes pieces.
struct Taking {
    requestor: Window,
    property: Atom,
    target: Atom,
    left: Bytes,
    until: Instant,
}

#[derive(Default)]
pub(super) struct Giving {
    holding: Option<Holding>,
    /// Waits for the server's time.
    comes: Option<(Holding, SyncSender<()>)>,
    waiting: Vec<Waiting>,
    taking: Vec<Taking>,
}

impl Giving {
    /// Asks for the time, with which [`Self::timed`] takes the clipboard over.
    pub(super) fn take_over(
        &mut self,
        ground: &Ground,
        number: u64,
        kinds: ClipboardKinds,
        provide: Provide,
        taken: SyncSender<()>,
    ) -> Result<(), Fault> {
        let holding = Holding {
            number,
            kinds,
            provide,
            since: x11rb::CURRENT_TIME,
            contents: BTreeMap::new(),
        };
        self.comes = Some((holding, taken));
        let property = ground.atoms.NOW;
        ground.conn.change_property8(
            PropMode::REPLACE,
            ground.window,
            property,
            AtomEnum::STRING,
            b"",
        )?;
        Ok(())
    }

    pub(super) fn timed(
        &mut self,
        ground: &Ground,
        changed: &PropertyNotifyEvent,
    ) -> Result<(), Fault> {
        if changed.atom != ground.atoms.NOW {
            return Ok(());
        }
        let Some((mut holding, taken)) = self.comes.take() else {
            return Ok(());
        };
        self.refuse_waiting(ground, |_| true)?;
        let clipboard = ground.atoms.CLIPBOARD;
        holding.since = changed.time;
        ground
            .conn
            .set_selection_owner(ground.window, clipboard, changed.time)?;
        let owner = ground.conn.get_selection_owner(clipboard)?.reply()?.owner;
        self.holding = (owner == ground.window).then_some(holding);
        if taken.try_send(()).is_err() {
            tracing::trace!("Nobody waits for it any more");
        }
        Ok(())
    }

    pub(super) fn release(&mut self, ground: &Ground, number: u64) -> Result<(), Fault> {
        let is_it = |holding: &Holding| holding.number == number;
        self.comes.take_if(|(holding, _)| is_it(holding));
        if self.holding.as_ref().is_some_and(is_it) {
            self.let_go(ground)?;
        }
        Ok(())
    }

    pub(super) fn release_all(&mut self, ground: &Ground) -> Result<(), Fault> {
        self.comes = None;
        self.let_go(ground)
    }

    fn let_go(&mut self, ground: &Ground) -> Result<(), Fault> {
        if let Some(holding) = self.holding.take() {
            let clipboard = ground.atoms.CLIPBOARD;
            ground
                .conn
                .set_selection_owner(x11rb::NONE, clipboard, holding.since)?;
        }
        self.refuse_waiting(ground, |_| true)
    }

    /// Another program has copied at `time`.
    pub(super) fn lost(&mut self, ground: &Ground, time: Timestamp) -> Result<(), Fault> {
        // what we take over from ourselves is no loss
        let is_older = |holding: &mut Holding| is_before(holding.since, time);
        if self.holding.take_if(is_older).is_some() {
            self.refuse_waiting(ground, |_| true)?;
        }
        Ok(())
    }

    /// A program pastes, or wants to know what could be pasted.
    pub(super) fn asked(
        &mut self,
        ground: &Ground,
        request: &SelectionRequestEvent,
        orders: &Orders,
    ) -> Result<(), Fault> {
        let Some(holding) = &mut self.holding else {
            return answer(ground, request, false);
        };
        let is_of_before =
            request.time != x11rb::CURRENT_TIME && is_before(request.time, holding.since);
        if is_of_before || request.requestor == ground.window {
            return answer(ground, request, false);
        }
        let window = request.requestor;
        let property = property_of(request);
        let atoms = &ground.atoms;
        if request.target == atoms.TARGETS {
            let held = ClipboardKind::ALL.into_iter();
            let held = held.filter(|kind| holding.kinds.has(*kind));
            let mut targets = vec![atoms.TARGETS, atoms.TIMESTAMP, atoms.MARK];
            targets.extend(held.flat_map(|kind| ground.targets_of(kind)));
            let (mode, atom) = (PropMode::REPLACE, AtomEnum::ATOM);
            ground
                .conn
                .change_property32(mode, window, property, atom, &targets)?;
            return answer(ground, request, true);
        }
        if request.target == atoms.TIMESTAMP {
            let (mode, integer) = (PropMode::REPLACE, AtomEnum::INTEGER);
            ground
                .conn
                .change_property32(mode, window, property, integer, &[holding.since])?;
            return answer(ground, request, true);
        }
        let kind = ClipboardKind::ALL.into_iter().find(|kind| {
            let mut targets = ground.targets_of(*kind);
            holding.kinds.has(*kind) && targets.any(|target| target == request.target)
        });
        let is_full = self.waiting.len() + self.taking.len() >= MAX_PASTES;
        let Some(kind) = kind.filter(|_| !is_full) else {
            return answer(ground, request, false);
        };
        match holding.contents.get(&kind) {
            Some(Some(contents)) => {
                let contents = contents.clone();
                return self.give(ground, request, contents);
            }
            // they are on their way
            Some(None) => {}
            None => {
                holding.contents.insert(kind, None);
                (holding.provide)(kind, orders.reply(holding.number, kind));
            }
        }
        self.waiting.push(Waiting {
            number: holding.number,
            kind,
            request: *request,
            until: Instant::now() + CONTENTS_PATIENCE,
        });
        Ok(())
    }

    /// Contents have come from the other end, or do not come.
    pub(super) fn provided(
        &mut self,
        ground: &Ground,
        number: u64,
        kind: ClipboardKind,
        contents: Result<Bytes, ClipboardFault>,
    ) -> Result<(), Fault> {
        let holding = self.holding.as_mut().filter(|h| h.number == number);
        let Some(holding) = holding else {
            // it is over, and so are those who waited
            return Ok(());
        };
        match contents {
            Ok(contents) => {
                holding.contents.insert(kind, Some(contents.clone()));
                let is_it = |waiting: &mut Waiting| waiting.kind == kind;
                let ready: Vec<_> = self.waiting.extract_if(.., is_it).collect();
                for Waiting { request, .. } in ready {
                    self.give(ground, &request, contents.clone())?;
                }
                Ok(())
            }
            Err(fault) => {
                tracing::debug!(?kind, ?fault, "Nothing to paste");
                // the next paste asks again
                holding.contents.remove(&kind);
                self.refuse_waiting(ground, |waiting| waiting.kind == kind)
            }
        }
    }

    /// Hands contents over, at once or the first of their pieces.
    fn give(
        &mut self,
        ground: &Ground,
        request: &SelectionRequestEvent,
        contents: Bytes,
    ) -> Result<(), Fault> {
        let SelectionRequestEvent {
            requestor, target, ..
        } = *request;
        let property = property_of(request);
        let contents = if target == STRING {
            latin(&contents)
        } else {
            contents
        };
        // a type of its own for text that says none
        let type_ = if target == ground.atoms.TEXT {
            ground.atoms.UTF8_STRING
        } else {
            target
        };
        if contents.len() <= PIECE_BYTES {
            let mode = PropMode::REPLACE;
            ground
                .conn
                .change_property8(mode, requestor, property, type_, &contents)?;
            return answer(ground, request, true);
        }
        let looks = EventMask::PROPERTY_CHANGE | EventMask::STRUCTURE_NOTIFY;
        let looks = ChangeWindowAttributesAux::new().event_mask(looks);
        ground.conn.change_window_attributes(requestor, &looks)?;
        let (mode, incr) = (PropMode::REPLACE, ground.atoms.INCR);
        let at_least = u32::try_from(contents.len()).unwrap_or(u32::MAX);
        ground
            .conn
            .change_property32(mode, requestor, property, incr, &[at_least])?;
        self.taking
            .retain(|taking| (taking.requestor, taking.property) != (requestor, property));
        self.taking.push(Taking {
            requestor,
            property,
            target: type_,
            left: contents,
            until: Instant::now() + PIECE_PATIENCE,
        });
        answer(ground, request, true)
    }

    /// A program that pastes has taken a piece, and wants the next.
    pub(super) fn property_changed(
        &mut self,
        ground: &Ground,
        changed: &PropertyNotifyEvent,
    ) -> Result<(), Fault> {
        if changed.state != Property::DELETE {
            return Ok(());
        }
        let (window, property) = (changed.window, changed.atom);
        let is_it = |taking: &Taking| (taking.requestor, taking.property) == (window, property);
        let Some(at) = self.taking.iter().position(is_it) else {
            return Ok(());
        };
        let taking = &mut self.taking[at];
        let piece = taking.left.split_to(taking.left.len().min(PIECE_BYTES));
        taking.until = Instant::now() + PIECE_PATIENCE;
        let (mode, type_) = (PropMode::REPLACE, taking.target);
        // an empty piece says that it was all
        ground
            .conn
            .change_property8(mode, window, property, type_, &piece)?;
        if piece.is_empty() {
            self.taking.remove(at);
            self.look_away(ground, window)?;
        }
        Ok(())
    }

    fn look_away(&self, ground: &Ground, window: Window) -> Result<(), Fault> {
        if self.taking.iter().any(|taking| taking.requestor == window) {
            return Ok(());
        }
        let looks = ChangeWindowAttributesAux::new().event_mask(EventMask::NO_EVENT);
        ground.conn.change_window_attributes(window, &looks)?;
        Ok(())
    }

    /// A program that was pasting is gone.
    pub(super) fn window_is_gone(&mut self, window: Window) {
        self.taking.retain(|taking| taking.requestor != window);
        self.waiting
            .retain(|waiting| waiting.request.requestor != window);
    }

    fn refuse_waiting(
        &mut self,
        ground: &Ground,
        whom: impl Fn(&Waiting) -> bool,
    ) -> Result<(), Fault> {
        let refused: Vec<_> = self.waiting.extract_if(.., |w| whom(w)).collect();
        for waiting in refused {
            tracing::trace!(number = waiting.number, "A paste is refused");
            answer(ground, &waiting.request, false)?;
        }
        Ok(())
    }

    /// Whether a program is taking pieces.
    pub(super) fn is_at_it(&self) -> bool {
        !self.taking.is_empty()
    }

    /// When [`Self::give_up_late`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().map(|waiting| waiting.until);
        let taking = self.taking.iter().map(|taking| taking.until);
        waiting.chain(taking).min()
    }

    /// Waits no longer for contents, and for programs that take no pieces.
    pub(super) fn give_up_late(&mut self, ground: &Ground, now: Instant) -> Result<(), Fault> {
        self.refuse_waiting(ground, |waiting| waiting.until <= now)?;
        self.taking.retain(|taking| taking.until > now);
        Ok(())
    }
}

/// Where an answer goes; programs of long ago name no property.
fn property_of(request: &SelectionRequestEvent) -> Atom {
    if request.property == x11rb::NONE {
        request.target
    } else {
        request.property
    }
}

/// Tells a program that its answer is there, or that there is none.
fn answer(ground: &Ground, request: &SelectionRequestEvent, is_there: bool) -> Result<(), Fault> {
    let property = if is_there {
        property_of(request)
    } else {
        x11rb::NONE
    };
    let event = SelectionNotifyEvent {
        response_type: SELECTION_NOTIFY_EVENT,
        sequence: 0,
        time: request.time,
        requestor: request.requestor,
        selection: request.selection,
        target: request.target,
        property,
    };
    let whom = request.requestor;
    ground
        .conn
        .send_event(false, whom, EventMask::NO_EVENT, event)?;
    Ok(())
}

/// Times of a server go round.
fn is_before(one: Timestamp, other: Timestamp) -> bool {
    other != one && other.wrapping_sub(one) < u32::MAX / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_time_goes_round() {
        assert!(is_before(1, 2) && !is_before(2, 1) && !is_before(7, 7));
        assert!(is_before(u32::MAX - 5, 3) && !is_before(3, u32::MAX - 5));
    }
}
