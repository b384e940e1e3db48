//! From the key that was pressed to the wire: no timer, no window and no lock held for long on the
//! way.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::input::{HOLD_SIGN_EVERY, MAX_INPUT_AGE};
use protocol::limits::MAX_INPUT_FRAME_BYTES;
use protocol::wire::{self, PREFIX_BYTES};
use protocol::{HidKey, InputEvent, InputFrame, PointerButton};
use session::Sealer;
use session::seal::SEAL_OVERHEAD_BYTES;
use tokio::sync::Notify;
use transport::FramedWriter;

/// Most events that wait for the network.
const MAX_WAITING: usize = 4096;
/// Most events of which is remembered that they left.
const MAX_SENT: usize = 4096;

/// Sends what the operator does to one session's host. Clones share one queue.
///
/// Any thread may send, and never waits. While the network is busy a pointer move replaces the move
/// before it; keys and buttons are never left out: if [`MAX_WAITING`] of them wait, the session ends
/// with an error, because a half-sent chord must not stay pressed.
#[derive(Debug, Clone)]
pub struct InputSender {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    wake: Notify,
    allowed: AtomicBool,
    /// Who has paused: nothing is sent while anybody has.
    still: AtomicU8,
}

/// The user has paused.
const WITHHELD: u8 = 1;
/// The operator has.
const RESTING: u8 = 2;

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Queued>,
    /// What left and may have to be said again after a lost connection, oldest first.
    sent: VecDeque<Sent>,
    last_number: u64,
    paused: bool,
    /// Keys and buttons that came after that.
    missed: usize,
    fault: Option<StreamFault>,
}

/// An event that has not left. What is sent again keeps its number.
#[derive(Debug)]
struct Queued {
    number: Option<u64>,
    at: Instant,
    event: InputEvent,
}

/// An event that left. It is forgotten when it is too old to be done, but not that it was there.
#[derive(Debug)]
struct Sent {
    number: u64,
    at: Instant,
    event: Option<InputEvent>,
    /// Whether the operator would miss it.
    counts: bool,
}

/// An event on its way into a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outgoing {
    number: u64,
    at: Instant,
    event: InputEvent,
}

/// Why a session cannot go on. A stream that breaks is no such reason: the session is paused or over
/// then, and the hub says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StreamFault {
    #[error("{MAX_WAITING} input events wait for the network")]
    Overflow,
    #[error("the session is over")]
    Closed,
    #[error("the host's pictures cannot be read")]
    Unreadable,
    #[error("what came was not what the host sent")]
    Forged,
}

impl InputSender {
    pub(crate) fn new(allowed: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                wake: Notify::new(),
                allowed: AtomicBool::new(allowed),
                still: AtomicU8::new(0),
            }),
        }
    }

    /// Leads nowhere: for a window with no session behind it.
    pub fn disconnected() -> Self {
        let sender = Self::new(false);
        sender.close();
        sender
    }

    /// Sends `event` as soon as the network takes it. Without the right to control, while the user has
    /// paused, and after the session's end, nothing is sent.
    pub fn send(&self, event: InputEvent) {
        if !self.is_allowed() && event != InputEvent::ReleaseAll {
            return;
        }
        {
            let mut state = self.lock();
            if state.fault.is_some() {
                return;
            }
            if state.paused {
                // the window takes nothing either, as soon as it shows that the line is lost
                state.missed += usize::from(counts(&event));
                return;
            }
            let is_move = matches!(event, InputEvent::PointerMoved { .. });
            let has_room = state.waiting.len() < MAX_WAITING;
            let queued = Queued {
                number: None,
                at: Instant::now(),
                event,
            };
            let is_free_move = |last: &Queued| {
                last.number.is_none() && matches!(last.event, InputEvent::PointerMoved { .. })
            };
            match state.waiting.back_mut() {
                Some(last) if is_move && is_free_move(last) => *last = queued,
                _ if has_room => state.waiting.push_back(queued),
                _ if is_move => {}
                _ => {
                    state.fault = Some(StreamFault::Overflow);
                    state.waiting.clear();
                }
            }
        }
        self.shared.wake.notify_one();
    }

    /// Whether the user lets this operator control now.
    pub fn is_allowed(&self) -> bool {
        self.shared.allowed.load(Ordering::Relaxed)
            && self.shared.still.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn set_withheld(&self, withheld: bool) {
        self.stand_still(WITHHELD, withheld);
    }

    pub(crate) fn set_resting(&self, resting: bool) {
        self.stand_still(RESTING, resting);
    }

    fn stand_still(&self, who: u8, still: bool) {
        if still {
            self.shared.still.fetch_or(who, Ordering::Relaxed);
        } else {
            self.shared.still.fetch_and(!who, Ordering::Relaxed);
        }
    }

    pub(crate) fn set_allowed(&self, allowed: bool) {
        self.shared.allowed.store(allowed, Ordering::Relaxed);
    }

    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.waiting.clear();
        state.sent.clear();
        state.fault.get_or_insert(StreamFault::Closed);
        drop(state);
        self.shared.wake.notify_one();
    }

    /// The line is gone: nothing more is taken until [`Self::resume_after`].
    pub(crate) fn pause(&self) {
        self.lock().paused = true;
    }

    /// The line is back, and the host has taken everything up to `taken`. What it has not, and what is
    /// young enough, is sent again; gives how many keys and buttons were not delivered.
    pub(crate) fn resume_after(&self, taken: u64) -> usize {
        let mut state = self.lock();
        let now = Instant::now();
        let is_young = |at: Instant| now.saturating_duration_since(at) < MAX_INPUT_AGE;
        let (mut again, mut lost) = (VecDeque::new(), std::mem::take(&mut state.missed));
        for sent in std::mem::take(&mut state.sent) {
            match sent.event {
                _ if sent.number <= taken => {}
                Some(event) if is_young(sent.at) => again.push_back(Queued {
                    number: Some(sent.number),
                    at: sent.at,
                    event,
                }),
                Some(_) | None => lost += usize::from(sent.counts),
            }
        }
        for queued in std::mem::take(&mut state.waiting) {
            if is_young(queued.at) {
                again.push_back(queued);
            } else {
                lost += usize::from(counts(&queued.event));
            }
        }
        // what comes up while the line is lost is not taken, so nothing that is said again may stay down
        let mut held = Held::default();
        for queued in &again {
            held.note(&queued.event);
        }
        if held.any() {
            again.push_back(Queued {
                number: None,
                at: now,
                event: InputEvent::ReleaseAll,
            });
        }
        state.waiting = again;
        state.paused = false;
        drop(state);
        self.shared.wake.notify_one();
        lost
    }

    /// The next event, in order.
    pub(crate) async fn next(&self) -> Result<Outgoing, StreamFault> {
        loop {
            {
                let mut state = self.lock();
                if let Some(fault) = state.fault {
                    return Err(fault);
                }
                if let Some(queued) = state.waiting.pop_front() {
                    return Ok(state.number(queued));
                }
            }
            // a wake between the look and the wait is kept by the Notify
            self.shared.wake.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives an event its number and keeps it for as long as it could be sent again.
    fn number(&mut self, queued: Queued) -> Outgoing {
        let Queued { number, at, event } = queued;
        let number = number.unwrap_or(self.last_number + 1);
        self.last_number = self.last_number.max(number);
        for old in &mut self.sent {
            if old.at.elapsed() < MAX_INPUT_AGE {
                break;
            }
            old.event = None;
        }
        if self.sent.len() == MAX_SENT {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent {
            number,
            at,
            event: Some(event.clone()),
            counts: counts(&event),
        });
        Outgoing { number, at, event }
    }
}

/// Whether the operator would miss `event`.
fn counts(event: &InputEvent) -> bool {
    match event {
        InputEvent::Key { pressed, .. } | InputEvent::Button { pressed, .. } => *pressed,
        InputEvent::Text { .. } | InputEvent::Wheel { .. } => true,
        InputEvent::PointerMoved { .. }
        | InputEvent::ReleaseAll
        | InputEvent::StillHeld
        | InputEvent::ClipboardOffered { .. } => false,
    }
}

/// What the operator holds down, as the host was told.
#[derive(Debug, Default)]
struct Held {
    keys: BTreeSet<HidKey>,
    buttons: BTreeSet<PointerButton>,
}

impl Held {
    fn any(&self) -> bool {
        !self.keys.is_empty() || !self.buttons.is_empty()
    }

    fn note(&mut self, event: &InputEvent) {
        match *event {
            InputEvent::Key {
                key, pressed: true, ..
            } => {
                self.keys.insert(key);
            }
            InputEvent::Key { key, .. } => {
                self.keys.remove(&key);
            }
            InputEvent::Button {
                button,
                pressed: true,
                ..
            } => {
                self.buttons.insert(button);
            }
            InputEvent::Button { button, .. } => {
                self.buttons.remove(&button);
            }
            InputEvent::ReleaseAll => *self = Self::default(),
            InputEvent::PointerMoved { .. }
            | InputEvent::Wheel { .. }
            | InputEvent::Text { .. }
            | InputEvent::StillHeld
            | InputEvent::ClipboardOffered { .. } => {}
        }
    }
}

/// Seals and writes until the queue or the stream ends; gives the fault that ends the session, if one
/// does. `opened` is when this end had the channel.
pub(crate) async fn write_input(
    input: InputSender,
    mut sealer: Sealer,
    mut writer: FramedWriter,
    opened: Instant,
) -> Option<StreamFault> {
    let mut held = Held::default();
    loop {
        let next = tokio::select! {
            biased;
            next = input.next() => next,
            () = tokio::time::sleep(HOLD_SIGN_EVERY), if held.any() => Ok(Outgoing {
                // it is no event, so it has no number
                number: 0,
                at: Instant::now(),
                event: InputEvent::StillHeld,
            }),
        };
        let outgoing = match next {
            Ok(outgoing) => outgoing,
            Err(StreamFault::Closed) => return None,
            Err(fault) => return Some(fault),
        };
        held.note(&outgoing.event);
        if outgoing.event != InputEvent::StillHeld {
            transfer::hands::are_busy_now();
        }
        let Some(sealed) = seal(&mut sealer, outgoing, opened) else {
            continue;
        };
        if let Err(error) = writer.write_body(sealed).await {
            tracing::debug!(%error, "Input stream broke");
            return None;
        }
    }
}

/// The frame's body, sealed. `None` for an event over the size limit, which only a text longer than its
/// own limit could be.
fn seal(sealer: &mut Sealer, outgoing: Outgoing, opened: Instant) -> Option<Bytes> {
    let Outgoing { number, at, event } = outgoing;
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let at_millis = match at.checked_duration_since(opened) {
        Some(after) => millis(after),
        None => -millis(opened.saturating_duration_since(at)),
    };
    let frame = InputFrame {
        number,
        at_millis,
        event,
    };
    let limit = MAX_INPUT_FRAME_BYTES - SEAL_OVERHEAD_BYTES;
    let frame = wire::encode(&frame, limit).ok()?;
    Some(sealer.seal(&frame[PREFIX_BYTES..]).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Place;

    fn key(number: u16) -> InputEvent {
        InputEvent::Key {
            key: HidKey(number),
            pressed: true,
            character: None,
        }
    }

    fn moved(x: i32) -> InputEvent {
        InputEvent::PointerMoved {
            to: Place { x, y: 0, seen: 1 },
        }
    }

    fn drain(input: &InputSender) -> Vec<InputEvent> {
        let mut state = input.lock();
        state.waiting.drain(..).map(|queued| queued.event).collect()
    }

    /// Lets everything that waits leave; the numbers that it went with.
    fn leave(input: &InputSender) -> Vec<u64> {
        let mut state = input.lock();
        let waiting = std::mem::take(&mut state.waiting);
        let numbers = waiting
            .into_iter()
            .map(|queued| state.number(queued).number);
        numbers.collect()
    }

    #[test]
    fn pointer_moves_are_joined_and_never_pass_a_button() {
        let input = InputSender::new(true);
        let button = InputEvent::Button {
            button: PointerButton::Left,
            pressed: true,
            at: Place {
                x: 2,
                y: 0,
                seen: 1,
            },
        };
        for event in [
            moved(1),
            moved(2),
            button.clone(),
            moved(3),
            moved(4),
            key(4),
        ] {
            input.send(event);
        }
        assert_eq!(drain(&input), [moved(2), button, moved(4), key(4)]);
    }

    #[test]
    fn r4_what_the_host_did_not_take_is_sent_again_with_its_number() {
        let input = InputSender::new(true);
        for number in 4..8 {
            input.send(key(number));
        }
        assert_eq!(leave(&input), [1, 2, 3, 4]);
        input.pause();
        input.send(key(9));
        input.send(moved(1));
        assert_eq!(
            input.resume_after(2),
            1,
            "the window had not shown the pause"
        );
        assert_eq!(leave(&input), [3, 4, 5], "and a release");
        input.send(key(10));
        assert_eq!(leave(&input), [6]);
        assert_eq!(input.resume_after(6), 0, "all was taken");
        assert_eq!(leave(&input), [0_u64; 0]);
    }

    #[test]
    fn r4_a_key_that_came_up_while_the_line_was_lost_does_not_stay_down() {
        let input = InputSender::new(true);
        let up = InputEvent::Key {
            key: HidKey(4),
            pressed: false,
            character: None,
        };
        input.send(key(4));
        leave(&input);
        input.pause();
        input.send(up);
        assert_eq!(input.resume_after(0), 0);
        assert_eq!(drain(&input), [key(4), InputEvent::ReleaseAll]);

        input.pause();
        assert_eq!(input.resume_after(9), 0);
        assert_eq!(drain(&input), [], "nothing is said again, nothing is down");
    }

    #[test]
    fn r4_what_is_too_old_is_told_and_not_sent() {
        let input = InputSender::new(true);
        for number in 4..7 {
            input.send(key(number));
        }
        input.send(moved(3));
        leave(&input);
        let long_ago = Instant::now().checked_sub(MAX_INPUT_AGE);
        let long_ago = long_ago.expect("the machine runs for longer");
        for sent in &mut input.lock().sent {
            sent.at = long_ago;
        }
        input.send(key(8));
        leave(&input);
        assert_eq!(
            input.lock().sent[0].event,
            None,
            "it is not kept for longer"
        );
        assert_eq!(input.resume_after(1), 2, "two keys; nobody misses a move");
        assert_eq!(leave(&input), [5, 6], "and a release");
    }

    #[test]
    fn what_is_held_is_known_until_it_is_let_go() {
        let mut held = Held::default();
        held.note(&key(4));
        held.note(&key(4));
        held.note(&moved(1));
        assert!(held.any(), "a key that repeats is one key");
        held.note(&InputEvent::Key {
            key: HidKey(4),
            pressed: false,
            character: None,
        });
        assert!(!held.any());
        held.note(&key(5));
        held.note(&InputEvent::ReleaseAll);
        assert!(!held.any());
    }

    #[test]
    fn no_key_is_left_out_and_too_many_end_the_session() {
        let input = InputSender::new(true);
        for number in 0..MAX_WAITING {
            input.send(key(u16::try_from(number).expect("small")));
        }
        input.send(moved(1));
        assert_eq!(input.lock().fault, None);
        assert_eq!(input.lock().waiting.len(), MAX_WAITING);
        input.send(key(1));
        assert_eq!(input.lock().fault, Some(StreamFault::Overflow));
    }

    #[test]
    fn without_the_right_to_control_nothing_leaves_but_the_release() {
        let input = InputSender::new(true);
        input.set_allowed(false);
        input.send(key(4));
        input.send(InputEvent::ReleaseAll);
        assert_eq!(drain(&input), [InputEvent::ReleaseAll]);
    }
}
