//! The thread that does what the operator does.

use std::sync::Arc;

use input::{InjectError, InputSink};
use protocol::InputEvent;
use tokio::sync::mpsc;

use crate::engine::OpenSink;
use crate::event::Trouble;
use crate::geometry::Geometry;
use crate::live::Report;
use crate::switch::Switch;

/// Events that may wait for injection; then the operator's stream is no longer read.
pub(crate) const MAX_WAITING: usize = 256;
/// The farthest one wheel event turns, in 1/120 notches.
const MAX_WHEEL: i32 = 120 * 64;

/// Work for the injecting thread.
#[derive(Debug)]
pub(crate) enum Job {
    Do(InputEvent),
    /// The rights changed.
    Check,
}

/// Injects until the switch is off or all senders are gone; then everything is released.
pub(crate) fn run(
    open: &OpenSink,
    switch: &Arc<Switch>,
    mut jobs: mpsc::Receiver<Job>,
    reports: &mpsc::Sender<Report>,
) {
    let trouble = |detail: String| {
        let report = Report::Trouble(Trouble::NoInput { detail });
        if reports.blocking_send(report).is_err() {
            tracing::debug!("The session is gone");
        }
    };
    let mut sink = match open() {
        Ok(sink) => sink,
        Err(error) => {
            tracing::warn!(%error, "Input not available");
            return trouble(error.to_string());
        }
    };
    while let Some(job) = jobs.blocking_recv() {
        if !switch.is_on() {
            break;
        }
        let Some(seen) = switch.touchable() else {
            release(sink.as_mut());
            continue;
        };
        let Job::Do(event) = job else { continue };
        match sink.inject(&on_desktop(event, &seen)) {
            Ok(()) => {}
            Err(error @ InjectError::Lost { .. }) => {
                tracing::warn!(%error, "Input lost");
                trouble(error.to_string());
                break;
            }
            // this one event cannot be done; the next may
            Err(error) => tracing::debug!(%error, "Event not injected"),
        }
    }
    release(sink.as_mut());
}

fn release(sink: &mut dyn InputSink) {
    if let Err(error) = sink.release_all() {
        tracing::warn!(%error, "Keys not released; the guardian will");
    }
}

/// The event with its place on the desktop instead of in the picture, and never outside of it.
fn on_desktop(event: InputEvent, seen: &Geometry) -> InputEvent {
    match event {
        InputEvent::PointerMoved { x, y } => {
            let (x, y) = seen.on_desktop(x, y);
            InputEvent::PointerMoved { x, y }
        }
        InputEvent::Button {
            button,
            pressed,
            x,
            y,
        } => {
            let (x, y) = seen.on_desktop(x, y);
            InputEvent::Button {
                button,
                pressed,
                x,
                y,
            }
        }
        InputEvent::Wheel { dx, dy } => InputEvent::Wheel {
            dx: dx.clamp(-MAX_WHEEL, MAX_WHEEL),
            dy: dy.clamp(-MAX_WHEEL, MAX_WHEEL),
        },
        event @ (InputEvent::Key { .. }
        | InputEvent::Text { .. }
        | InputEvent::ReleaseAll
        | InputEvent::StillHeld) => event,
    }
}

#[cfg(test)]
mod tests {
    use codec::Rect;

    use super::*;

    #[test]
    fn a_place_outside_of_the_shared_screen_is_moved_to_its_edge() {
        let seen = Geometry::new(Rect::new(100, 50, 640, 480), 100);
        let moved = |x, y| on_desktop(InputEvent::PointerMoved { x, y }, &seen);
        assert_eq!(moved(0, 0), InputEvent::PointerMoved { x: 100, y: 50 });
        assert_eq!(
            moved(-9, 9_999),
            InputEvent::PointerMoved { x: 100, y: 529 }
        );
        assert_eq!(
            moved(i32::MAX, i32::MIN),
            InputEvent::PointerMoved { x: 739, y: 50 }
        );
    }

    #[test]
    fn a_wheel_cannot_turn_for_ever() {
        let event = InputEvent::Wheel {
            dx: i32::MIN,
            dy: i32::MAX,
        };
        let seen = Geometry::new(Rect::new(0, 0, 1, 1), 100);
        assert_eq!(
            on_desktop(event, &seen),
            InputEvent::Wheel {
                dx: -MAX_WHEEL,
                dy: MAX_WHEEL
            }
        );
    }
}
