//! From the key that was pressed to the wire: no timer, no window and no lock held for long on the
//! way.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use protocol::input::HOLD_SIGN_EVERY;
use protocol::limits::MAX_INPUT_FRAME_BYTES;
use protocol::wire::{self, PREFIX_BYTES};
use protocol::{HidKey, InputEvent, PointerButton};
use session::Sealer;
use session::seal::SEAL_OVERHEAD_BYTES;
use tokio::sync::Notify;
use transport::FramedWriter;

/// Most events that wait for the network.
const MAX_WAITING: usize = 4096;

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
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<InputEvent>,
    fault: Option<StreamFault>,
}

/// Why a session cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StreamFault {
    #[error("{MAX_WAITING} input events wait for the network")]
    Overflow,
    #[error("the input stream broke")]
    Broken,
    #[error("the host's pictures cannot be read")]
    Unreadable,
}

impl InputSender {
    pub(crate) fn new(allowed: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                wake: Notify::new(),
                allowed: AtomicBool::new(allowed),
            }),
        }
    }

    /// Leads nowhere: for a window with no session behind it.
    pub fn disconnected() -> Self {
        let sender = Self::new(false);
        sender.close();
        sender
    }

    /// Sends `event` as soon as the network takes it. Without the right to control, and after the
    /// session's end, nothing is sent.
    pub fn send(&self, event: InputEvent) {
        if !self.is_allowed() && event != InputEvent::ReleaseAll {
            return;
        }
        {
            let mut state = self.lock();
            if state.fault.is_some() {
                return;
            }
            let is_move = matches!(event, InputEvent::PointerMoved { .. });
            let has_room = state.waiting.len() < MAX_WAITING;
            match state.waiting.back_mut() {
                Some(last @ InputEvent::PointerMoved { .. }) if is_move => *last = event,
                _ if has_room => state.waiting.push_back(event),
                _ if is_move => {}
                _ => {
                    state.fault = Some(StreamFault::Overflow);
                    state.waiting.clear();
                }
            }
        }
        self.shared.wake.notify_one();
    }

    /// Whether the user lets this operator control.
    pub fn is_allowed(&self) -> bool {
        self.shared.allowed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_allowed(&self, allowed: bool) {
        self.shared.allowed.store(allowed, Ordering::Relaxed);
    }

    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.waiting.clear();
        state.fault.get_or_insert(StreamFault::Broken);
    }

    /// The next event, in order.
    pub(crate) async fn next(&self) -> Result<InputEvent, StreamFault> {
        loop {
            {
                let mut state = self.lock();
                if let Some(fault) = state.fault {
                    return Err(fault);
                }
                if let Some(event) = state.waiting.pop_front() {
                    return Ok(event);
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
            | InputEvent::StillHeld => {}
        }
    }
}

/// Seals and writes until the queue or the stream ends.
pub(crate) async fn write_input(
    input: InputSender,
    mut sealer: Sealer,
    mut writer: FramedWriter,
) -> StreamFault {
    let mut held = Held::default();
    loop {
        let next = tokio::select! {
            biased;
            next = input.next() => next,
            () = tokio::time::sleep(HOLD_SIGN_EVERY), if held.any() => Ok(InputEvent::StillHeld),
        };
        let event = match next {
            Ok(event) => event,
            Err(fault) => return fault,
        };
        held.note(&event);
        let Some(sealed) = seal(&mut sealer, &event) else {
            continue;
        };
        if let Err(error) = writer.write_body(sealed).await {
            tracing::debug!(%error, "Input stream broke");
            return StreamFault::Broken;
        }
    }
}

/// The frame's body: the event's postcard bytes, sealed. `None` for an event over the size limit,
/// which only a text longer than its own limit could be.
fn seal(sealer: &mut Sealer, event: &InputEvent) -> Option<Bytes> {
    let frame = wire::encode(event, MAX_INPUT_FRAME_BYTES - SEAL_OVERHEAD_BYTES).ok()?;
    Some(sealer.seal(&frame[PREFIX_BYTES..]).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::SessionId;
    use session::{SessionKeys, TicketKey};

    fn key(number: u16) -> InputEvent {
        InputEvent::Key {
            key: HidKey(number),
            pressed: true,
            character: None,
        }
    }

    fn moved(x: i32) -> InputEvent {
        InputEvent::PointerMoved { x, y: 0 }
    }

    fn drain(input: &InputSender) -> Vec<InputEvent> {
        input.lock().waiting.drain(..).collect()
    }

    #[test]
    fn pointer_moves_are_joined_and_never_pass_a_button() {
        let input = InputSender::new(true);
        let button = InputEvent::Button {
            button: PointerButton::Left,
            pressed: true,
            x: 2,
            y: 0,
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

    #[test]
    fn the_host_opens_what_was_sealed() {
        let keys = SessionKeys::derive(
            &TicketKey::from_bytes([7; 32]),
            SessionId(1),
            [1; 16],
            [2; 16],
        );
        let sealed = seal(&mut keys.sealer_to_host(), &key(4)).expect("small");
        let opened = keys.opener_at_host().open(&sealed).expect("opens");
        assert_eq!(wire::decode::<InputEvent>(&opened), Ok(key(4)));
    }
}
