//! One turn of a wheel for each notch, also of a mouse without scroll axes (XTEST, `Xvnc`, `xrdp`).
//!
//! Such a wheel presses and releases a button from 4 to 7, and winit makes a turn of either. The raw
//! events of the buttons, which come before, tell them apart.

use std::time::{Duration, Instant};

use winit::event::{DeviceEvent, ElementState, MouseScrollDelta};

/// A turn that comes later than this after a release is another one: the pointer was elsewhere.
const BELONGS_FOR: Duration = Duration::from_millis(100);

/// The buttons of the wheel that were released a moment ago.
#[derive(Debug, Default)]
pub(super) struct Notches {
    released: [Option<Instant>; 4],
}

impl Notches {
    /// Hears of a raw event.
    pub(super) fn device_event(&mut self, event: &DeviceEvent, now: Instant) {
        let DeviceEvent::Button { button, state } = *event else {
            return;
        };
        let wheel = match button {
            4..=7 => button - 4,
            _ => return,
        };
        let released = usize::try_from(wheel).ok();
        if let Some(released) = released.and_then(|wheel| self.released.get_mut(wheel)) {
            *released = (state == ElementState::Released).then_some(now);
        }
    }

    /// Whether this turn is the release of a notch that was counted when it was pressed.
    pub(super) fn is_release(&mut self, delta: MouseScrollDelta, now: Instant) -> bool {
        let MouseScrollDelta::LineDelta(x, y) = delta else {
            return false;
        };
        let wheel = match (x, y) {
            (0.0, 1.0) => 0,
            (0.0, -1.0) => 1,
            (1.0, 0.0) => 2,
            (-1.0, 0.0) => 3,
            _ => return false,
        };
        let released: Option<Instant> = self.released[wheel].take();
        released.is_some_and(|at| now.duration_since(at) < BELONGS_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: MouseScrollDelta = MouseScrollDelta::LineDelta(0.0, 1.0);
    const DOWN: MouseScrollDelta = MouseScrollDelta::LineDelta(0.0, -1.0);

    fn raw(button: u32, state: ElementState) -> DeviceEvent {
        DeviceEvent::Button { button, state }
    }

    #[test]
    fn s1_a_notch_of_buttons_counts_once() {
        let mut notches = Notches::default();
        let now = Instant::now();
        for _ in 0..3 {
            notches.device_event(&raw(4, ElementState::Pressed), now);
            assert!(!notches.is_release(UP, now));
            notches.device_event(&raw(4, ElementState::Released), now);
            assert!(notches.is_release(UP, now));
        }
    }

    #[test]
    fn s1_a_wheel_with_axes_counts_each_turn() {
        let mut notches = Notches::default();
        let now = Instant::now();
        // such a wheel has no raw buttons
        for _ in 0..3 {
            assert!(!notches.is_release(UP, now));
        }
        let smooth = MouseScrollDelta::LineDelta(0.0, 0.25);
        assert!(!notches.is_release(smooth, now));
    }

    #[test]
    fn s1_a_notch_that_was_turned_elsewhere_takes_nothing_here() {
        let mut notches = Notches::default();
        let now = Instant::now();
        notches.device_event(&raw(5, ElementState::Pressed), now);
        notches.device_event(&raw(5, ElementState::Released), now);
        assert!(!notches.is_release(DOWN, now + Duration::from_millis(150)));
        notches.device_event(&raw(5, ElementState::Released), now);
        assert!(!notches.is_release(UP, now), "another direction");
        notches.device_event(&raw(5, ElementState::Pressed), now);
        assert!(!notches.is_release(DOWN, now), "a press is counted");
    }
}
