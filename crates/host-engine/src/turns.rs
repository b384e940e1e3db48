//! Who has keyboard and pointer where several operators may use them (O11).
//!
//! The last who acts has them; the others' input is dropped for as long as that one is at it, so that
//! two hands never make one sentence. A pointer that only moves holds nobody up who clicks or types, and
//! takes over late itself: a hand that rests on a mouse is no wish. The user comes before every operator.

use std::time::Duration;

use protocol::{InputEvent, PeerId};

/// A click or a key of another operator counts once the driver has not clicked, typed or dragged for so
/// long ...
const HAND_OVER: Duration = Duration::from_millis(400);
/// ... and a pointer that moves, once it was so long.
const HAND_OVER_TO_MOVES: Duration = Duration::from_secs(2);
/// How long every operator waits after the user has moved the pointer or pressed something.
const USER_FIRST: Duration = Duration::from_millis(700);

/// Whether an event is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The operator has keyboard and pointer.
    Has,
    /// It has them from now on: what another held is let go first.
    Takes,
    /// Somebody else is at it.
    Waits,
}

/// Whose turn it is. Times are since the session started.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    driver: Option<PeerId>,
    /// When the driver last clicked, typed or dragged, and when it last did anything at all.
    acted_at: Duration,
    moved_at: Duration,
    /// The driver holds a button.
    drags: bool,
    user_until: Duration,
}

impl Turns {
    /// Who has keyboard and pointer.
    pub(crate) fn driver(&self) -> Option<PeerId> {
        self.driver
    }

    /// Whether `operator` may do `event` at `now`.
    pub(crate) fn turn(&mut self, operator: PeerId, event: &InputEvent, now: Duration) -> Turn {
        let has = self.driver == Some(operator);
        let acts = match event {
            InputEvent::PointerMoved { .. } => has && self.drags,
            InputEvent::Key { pressed: true, .. }
            | InputEvent::Button { pressed: true, .. }
            | InputEvent::Wheel { .. }
            | InputEvent::Text { .. } => true,
            InputEvent::Button { pressed: false, .. } | InputEvent::ReleaseAll => {
                self.drags &= !has;
                return if has { Turn::Has } else { Turn::Waits };
            }
            // nobody else holds anything, and what is offered waits for its driver
            InputEvent::Key { pressed: false, .. }
            | InputEvent::StillHeld
            | InputEvent::ClipboardOffered { .. } => {
                return if has { Turn::Has } else { Turn::Waits };
            }
        };
        if now < self.user_until {
            return Turn::Waits;
        }
        let busy_until = if acts {
            self.acted_at + HAND_OVER
        } else {
            self.acted_at.max(self.moved_at) + HAND_OVER_TO_MOVES
        };
        if !has && self.driver.is_some() && now < busy_until {
            return Turn::Waits;
        }
        self.moved_at = now;
        if acts {
            self.acted_at = now;
        }
        let holds = matches!(event, InputEvent::Button { pressed: true, .. });
        self.drags = holds || (has && self.drags);
        self.driver = Some(operator);
        if has { Turn::Has } else { Turn::Takes }
    }

    /// `operator` may not, or does not, touch anything any more; whether it had.
    pub(crate) fn give_up(&mut self, operator: PeerId) -> bool {
        self.driver.take_if(|driver| *driver == operator).is_some()
    }

    /// The user has moved the pointer, or pressed something.
    pub(crate) fn user_acts(&mut self, now: Duration) {
        self.user_until = now + USER_FIRST;
    }
}

#[cfg(test)]
mod tests {
    use protocol::{HidKey, Place};

    use super::*;

    const ANNA: PeerId = PeerId([1; 16]);
    const BRUNO: PeerId = PeerId([2; 16]);
    const MOVE: InputEvent = InputEvent::PointerMoved {
        to: Place {
            x: 1,
            y: 1,
            seen: 1,
        },
    };

    const fn key(pressed: bool) -> InputEvent {
        InputEvent::Key {
            key: HidKey(4),
            pressed,
            character: None,
        }
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_last_who_acts_has_keyboard_and_pointer() {
        let mut turns = Turns::default();
        assert_eq!(turns.turn(ANNA, &key(true), ms(0)), Turn::Takes);
        assert_eq!(turns.turn(ANNA, &key(false), ms(10)), Turn::Has);
        assert_eq!(turns.turn(BRUNO, &key(true), ms(100)), Turn::Waits);
        assert_eq!(turns.turn(BRUNO, &key(true), ms(500)), Turn::Takes);
        assert_eq!(turns.driver(), Some(BRUNO));
        assert_eq!(turns.turn(ANNA, &key(false), ms(510)), Turn::Waits);
    }

    #[test]
    fn a_hand_on_a_mouse_is_no_wish() {
        let mut turns = Turns::default();
        assert_eq!(turns.turn(ANNA, &MOVE, ms(0)), Turn::Takes);
        assert_eq!(turns.turn(BRUNO, &MOVE, ms(1_000)), Turn::Waits);
        assert_eq!(turns.turn(BRUNO, &MOVE, ms(2_000)), Turn::Takes);
    }

    #[test]
    fn a_pointer_that_only_moves_holds_up_no_click_and_a_drag_does() {
        let button = |pressed| InputEvent::Button {
            button: protocol::PointerButton::Left,
            pressed,
            at: Place {
                x: 1,
                y: 1,
                seen: 1,
            },
        };
        let mut turns = Turns::default();
        assert_eq!(turns.turn(ANNA, &MOVE, ms(0)), Turn::Takes);
        assert_eq!(turns.turn(ANNA, &MOVE, ms(5_000)), Turn::Has);
        assert_eq!(turns.turn(BRUNO, &button(true), ms(5_010)), Turn::Takes);
        assert_eq!(turns.turn(BRUNO, &MOVE, ms(6_000)), Turn::Has);
        assert_eq!(turns.turn(ANNA, &key(true), ms(6_100)), Turn::Waits);
        assert_eq!(turns.turn(BRUNO, &button(false), ms(6_200)), Turn::Has);
        assert_eq!(turns.turn(ANNA, &key(true), ms(6_450)), Turn::Takes);
    }

    #[test]
    fn the_user_comes_before_all_and_what_is_held_still_comes_up() {
        let mut turns = Turns::default();
        turns.turn(ANNA, &key(true), ms(0));
        turns.user_acts(ms(10));
        assert_eq!(turns.turn(ANNA, &MOVE, ms(20)), Turn::Waits);
        assert_eq!(turns.turn(ANNA, &key(false), ms(30)), Turn::Has);
        assert_eq!(turns.turn(BRUNO, &key(true), ms(600)), Turn::Waits);
        assert_eq!(turns.turn(ANNA, &MOVE, ms(720)), Turn::Has);
    }

    #[test]
    fn whoever_leaves_makes_room_at_once() {
        let mut turns = Turns::default();
        turns.turn(ANNA, &key(true), ms(0));
        assert!(!turns.give_up(BRUNO));
        assert!(turns.give_up(ANNA));
        assert_eq!(turns.turn(BRUNO, &MOVE, ms(1)), Turn::Takes);
    }
}
