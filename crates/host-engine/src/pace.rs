//! When the next screen update may leave (S4).
//!
//! At most [`MAX_IN_FLIGHT`] updates are unacknowledged, so that what the viewer shows is never old;
//! under continuous change there is a space between two that follows from what the last one cost, so
//! that capturing never takes more than a share of a core. The first change after a rest leaves at
//! once, and what a program paints in two steps (a caret, then the character) is not kept apart.

use std::collections::VecDeque;
use std::time::Duration;

/// Most updates that are sent and not acknowledged.
pub(crate) const MAX_IN_FLIGHT: usize = 2;
/// Most bytes that are sent and not acknowledged; one update of any size may always be.
const MAX_BYTES_IN_FLIGHT: usize = 8 << 20;
/// Between two updates there are so many times the CPU time that the first one cost ...
const SPACING_IN_COSTS: u32 = 3;
/// ... but never less than this, so that bursts of small changes travel together ...
const LEAST_SPACING: Duration = Duration::from_millis(2);
/// ... and never more than this, so that motion stays smooth.
const MOST_SPACING: Duration = Duration::from_millis(12);
/// The shortest time between two restarts, each of which costs a whole picture.
const RESTART_SPACING: Duration = Duration::from_millis(250);

/// Whether an update may be encoded now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Now,
    /// In so much time.
    In(Duration),
    /// Not before the viewer acknowledges something.
    WhenAcknowledged,
}

/// What is on its way to the viewer. Times are since the session started.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    last_seq: u64,
    ready_at: Duration,
    last_restart_at: Option<Duration>,
    restart_wanted: bool,
    in_flight: VecDeque<(u64, usize)>,
}

impl Pace {
    /// Whether there is room for an update at `now`.
    pub(crate) fn room(&self, now: Duration) -> Room {
        let bytes: usize = self.in_flight.iter().map(|(_, bytes)| bytes).sum();
        if self.in_flight.len() >= MAX_IN_FLIGHT || bytes >= MAX_BYTES_IN_FLIGHT {
            return Room::WhenAcknowledged;
        }
        match self.ready_at.checked_sub(now) {
            Some(rest) if !rest.is_zero() => Room::In(rest),
            Some(_) | None => Room::Now,
        }
    }

    /// Notes an update of `bytes` that leaves at `now` and took `cost` to make; gives its number.
    pub(crate) fn sent(&mut self, bytes: usize, now: Duration, cost: Duration) -> u64 {
        self.last_seq += 1;
        self.ready_at = now + (cost * SPACING_IN_COSTS).clamp(LEAST_SPACING, MOST_SPACING);
        self.in_flight.push_back((self.last_seq, bytes));
        self.last_seq
    }

    /// Notes that the viewer has shown everything up to `seq`. A number that was never sent counts
    /// as the last one that was.
    pub(crate) fn acknowledged(&mut self, seq: u64) {
        while self.in_flight.front().is_some_and(|(sent, _)| *sent <= seq) {
            self.in_flight.pop_front();
        }
    }

    /// Notes that the viewer starts anew: it will acknowledge nothing that is on its way.
    pub(crate) fn want_restart(&mut self) {
        self.restart_wanted = true;
    }

    /// How long until a wanted restart may be made; `None` if none is wanted.
    pub(crate) fn restart_in(&self, now: Duration) -> Option<Duration> {
        let ready_at = self
            .last_restart_at
            .map_or(Duration::ZERO, |at| at + RESTART_SPACING);
        self.restart_wanted.then(|| ready_at.saturating_sub(now))
    }

    /// Starts anew, with nothing in flight.
    pub(crate) fn restart(&mut self, now: Duration) {
        self.restart_wanted = false;
        self.last_restart_at = Some(now);
        self.in_flight.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn s4_the_first_change_after_a_rest_leaves_at_once() {
        let mut pace = Pace::default();
        assert_eq!(pace.room(ms(0)), Room::Now);
        let seq = pace.sent(100, ms(0), ms(9));
        pace.acknowledged(seq);
        assert_eq!(pace.room(ms(5)), Room::In(ms(7)));
        assert_eq!(pace.room(ms(12)), Room::Now);
        assert_eq!(pace.room(ms(90_000)), Room::Now);
    }

    #[test]
    fn s4_cheap_updates_follow_each_other_closely() {
        let mut pace = Pace::default();
        let seq = pace.sent(100, ms(0), Duration::from_micros(400));
        pace.acknowledged(seq);
        assert_eq!(pace.room(ms(1)), Room::In(ms(1)));
        assert_eq!(pace.room(ms(2)), Room::Now);
        let seq = pace.sent(100, ms(2), ms(2));
        pace.acknowledged(seq);
        assert_eq!(pace.room(ms(2)), Room::In(ms(6)));
    }

    #[test]
    fn s4_no_third_update_leaves_before_an_acknowledgement() {
        let mut pace = Pace::default();
        pace.sent(1, ms(0), ms(0));
        let second = pace.sent(1, ms(20), ms(0));
        assert_eq!(pace.room(ms(9_000)), Room::WhenAcknowledged);
        pace.acknowledged(1);
        assert_eq!(pace.room(ms(9_000)), Room::Now);
        pace.acknowledged(second);
        pace.acknowledged(u64::MAX);
        assert_eq!(pace.sent(1, ms(9_000), ms(0)), 3, "numbers go on by one");
    }

    #[test]
    fn s4_a_large_update_travels_alone() {
        let mut pace = Pace::default();
        pace.sent(MAX_BYTES_IN_FLIGHT, ms(0), ms(0));
        assert_eq!(pace.room(ms(50)), Room::WhenAcknowledged);
    }

    #[test]
    fn a_viewer_that_keeps_starting_anew_is_slowed_down() {
        let mut pace = Pace::default();
        pace.sent(1, ms(0), ms(0));
        pace.sent(1, ms(0), ms(0));
        assert_eq!(pace.restart_in(ms(1)), None);
        pace.want_restart();
        assert_eq!(pace.restart_in(ms(1)), Some(Duration::ZERO));
        pace.restart(ms(1));
        assert_eq!(pace.room(ms(20)), Room::Now);
        pace.want_restart();
        assert_eq!(pace.restart_in(ms(101)), Some(ms(150)));
    }
}
