//! Where the pointer is: a desktop tells it late, and its user moves it too.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// After so long the desktop has told where the pointer was put.
const POINTER_IS_TOLD: Duration = Duration::from_millis(150);
/// So many of the places before that are known again.
const EARLIER_PLACES: usize = 8;
/// A pointer that is told so many pixels away was moved by somebody else.
const POINTER_IS_ELSEWHERE: f64 = 2.0;

/// Where the pointer is in the picture, in pixels: where it was put, and where it was seen after that.
#[derive(Debug, Clone, Default)]
pub(super) struct Pointer {
    put: Option<((f64, f64), Instant)>,
    /// Where it was put before that, the last place first: a desktop that is busy tells of these late.
    earlier: VecDeque<(f64, f64)>,
    pub(super) seen: Option<((f64, f64), Instant)>,
}

impl Pointer {
    pub(super) fn is_put(&mut self, at: (f64, f64), now: Instant) {
        if let Some((before, _)) = self.put.replace((at, now)) {
            self.earlier.push_front(before);
            self.earlier.truncate(EARLIER_PLACES);
        }
    }

    pub(super) fn place(&self) -> Option<(f64, f64)> {
        let seen = self.seen.map(|(at, _)| at);
        let Some((put, put_at)) = self.put else {
            return seen;
        };
        let moved_since = |((x, y), seen_at): ((f64, f64), Instant)| {
            let is_at =
                |place: (f64, f64)| (x - place.0).hypot(y - place.1) <= POINTER_IS_ELSEWHERE;
            !is_at(put)
                && !self.earlier.iter().copied().any(is_at)
                && seen_at.saturating_duration_since(put_at) > POINTER_IS_TOLD
        };
        match self.seen {
            Some(seen) if moved_since(seen) => Some(seen.0),
            Some(_) | None => Some(put),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pointer_is_where_it_was_put_until_somebody_else_moves_it() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut pointer = Pointer::default();
        assert_eq!(pointer.place(), None);
        pointer.seen = Some(((5.5, 5.5), start));
        assert_eq!(pointer.place(), Some((5.5, 5.5)));
        pointer.is_put((80.0, 90.0), after(10));
        assert_eq!(pointer.place(), Some((80.0, 90.0)), "not told yet");
        pointer.seen = Some(((40.5, 40.5), after(60)));
        assert_eq!(pointer.place(), Some((80.0, 90.0)), "told late");
        pointer.seen = Some(((79.5, 90.5), after(900)));
        assert_eq!(pointer.place(), Some((80.0, 90.0)), "there, more exactly");
        pointer.seen = Some(((300.5, 90.5), after(900)));
        assert_eq!(pointer.place(), Some((300.5, 90.5)), "the user's own hand");
        pointer.is_put((500.0, 20.0), after(1_000));
        pointer.seen = Some(((80.5, 90.5), after(1_400)));
        assert_eq!(
            pointer.place(),
            Some((500.0, 20.0)),
            "told very late of where it was put before"
        );
    }
}
