//! When the next screen update may leave (S4).
//!
//! On a thin line no more is on its way than fills it and waits for a moment, so that what is seen
//! next never stands behind old pictures; on any line few updates are unacknowledged. Under
//! continuous change there is a space between two that follows from what the last one cost, so that
//! capturing never takes more than a share of a core. The first change after a rest leaves at once,
//! and what a program paints in two steps (a caret, then the character) is not kept apart.

use std::collections::VecDeque;
use std::time::Duration;

use codec::Line;

use crate::line::{LineGauge, Sent};

/// Most updates that are sent and not acknowledged, on the longest way.
pub(crate) const MAX_IN_FLIGHT: usize = 6;
/// Most that are remembered of a viewer that falls behind.
const MAX_REMEMBERED: usize = 64;
/// As many on the shortest way ...
const IN_FLIGHT_NEARBY: usize = 2;
/// ... and one more for each of these in a round trip.
const TRIP_FOR_ONE_MORE: Duration = Duration::from_millis(20);
/// Most bytes that are sent and not acknowledged; one update of any size may always be.
const MAX_BYTES_IN_FLIGHT: usize = 8 << 20;
/// How long what is sent may wait on a thin line for what was sent before.
const MOST_QUEUE: Duration = Duration::from_millis(20);
/// Between two updates there are so many times the CPU time that the first one cost ...
const SPACING_IN_COSTS: u32 = 3;
/// ... but never less than this, so that bursts of small changes travel together ...
const LEAST_SPACING: Duration = Duration::from_millis(2);
/// ... and what took long to make is not kept waiting for more than this from one to the next, so
/// that motion stays smooth.
const MOST_PERIOD: Duration = Duration::from_millis(16);
/// The same beside a video that is being made ...
const MOST_BESIDE_VIDEO: Duration = Duration::from_millis(50);
/// ... and where nothing but the video changes: as long as a picture of a large screen takes on busy cores.
const MOST_BESIDE_VIDEO_ALONE: Duration = Duration::from_millis(100);
/// The shortest time between two whole pictures that the viewer asks for.
const RESTART_SPACING: Duration = Duration::from_millis(250);
/// Sharpening takes a part of the line, so that a change need not wait for it.
const SHARE_FOR_SHARPENING: u32 = 3;

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
#[derive(Debug)]
pub(crate) struct Pace {
    last_seq: u64,
    ready_at: Duration,
    /// When the answer to a press may leave, which keeps no more than the least distance.
    ready_for_answer_at: Duration,
    /// When a thin line will have carried what is on its way, but for the round trip.
    drained_at: Duration,
    last_restart_at: Option<Duration>,
    restart_wanted: bool,
    in_flight: VecDeque<(u64, Sent)>,
    gauge: LineGauge,
    /// The capture thread sleeps until something is acknowledged.
    awaits_room: bool,
}

impl Pace {
    /// Nothing is on its way; `trip` is the round trip of the connection to the hub.
    pub(crate) fn new(trip: Duration) -> Self {
        Self {
            last_seq: 0,
            ready_at: Duration::ZERO,
            ready_for_answer_at: Duration::ZERO,
            drained_at: Duration::ZERO,
            last_restart_at: None,
            restart_wanted: false,
            in_flight: VecDeque::new(),
            gauge: LineGauge::new(trip),
            awaits_room: false,
        }
    }

    /// Goes on counting after `last_seq`, in a session whose line was lost.
    pub(crate) fn counting_from(mut self, last_seq: u64) -> Self {
        self.last_seq = last_seq;
        self
    }

    /// Whether there is room for an update at `now`.
    pub(crate) fn room(&mut self, now: Duration) -> Room {
        match (self.room_in_queue(now, MOST_QUEUE), self.drained_in(now)) {
            (Room::WhenAcknowledged, Some(rest)) if rest > MOST_QUEUE => {
                Room::In(rest.saturating_sub(MOST_QUEUE))
            }
            (Room::WhenAcknowledged, Some(_)) => self.room_in_time(now),
            (room, _) => room,
        }
    }

    /// As [`Self::room`], for what may be the answer to something that an operator has pressed: it waits neither for
    /// the distance that spares a core, nor for one more update than usual to be acknowledged.
    pub(crate) fn room_for_answer(&mut self, now: Duration) -> Room {
        let room = self.room(now);
        let ready_in = self.ready_for_answer_at.saturating_sub(now);
        match room {
            Room::Now => Room::Now,
            Room::In(rest) if rest <= ready_in => Room::In(rest),
            Room::In(_) if self.fills_line() => room,
            Room::WhenAcknowledged
                if self.fills_line() || self.in_flight.len() > self.most_in_flight() =>
            {
                room
            }
            Room::In(_) | Room::WhenAcknowledged if ready_in.is_zero() => Room::Now,
            Room::In(_) | Room::WhenAcknowledged => Room::In(ready_in),
        }
    }

    /// Whether a thin line has as much on its way as it takes.
    fn fills_line(&self) -> bool {
        let bytes: usize = self.in_flight.iter().map(|(_, sent)| sent.bytes).sum();
        let most = self.gauge.fill(MOST_QUEUE).unwrap_or(MAX_BYTES_IN_FLIGHT);
        bytes >= most.min(MAX_BYTES_IN_FLIGHT)
    }

    /// When a single large update has left for the other end of a thin line, by what is known of it.
    /// The next can follow then; to wait until it is acknowledged would leave the line empty for a
    /// round trip, and at a few updates in a second that is seen. `None` if nothing is known: when
    /// more is on its way, or the acknowledgement is overdue.
    fn drained_in(&self, now: Duration) -> Option<Duration> {
        self.line().bytes_per_second?;
        let is_overdue = now > self.drained_at + self.gauge.trip();
        let is_known = self.in_flight.len() == 1 && !is_overdue;
        is_known.then(|| self.drained_at.saturating_sub(now))
    }

    /// Whether there is room for what can wait: it may never stand in the way of a change.
    pub(crate) fn room_to_spare(&mut self, now: Duration) -> Room {
        self.room_in_queue(now, Duration::ZERO)
    }

    fn room_in_queue(&mut self, now: Duration, queue: Duration) -> Room {
        let bytes: usize = self.in_flight.iter().map(|(_, sent)| sent.bytes).sum();
        let most_bytes = self.gauge.fill(queue).unwrap_or(MAX_BYTES_IN_FLIGHT);
        let is_full = bytes >= most_bytes.min(MAX_BYTES_IN_FLIGHT);
        let is_full = is_full && !self.in_flight.is_empty();
        self.awaits_room = is_full || self.in_flight.len() >= self.most_in_flight();
        if self.awaits_room {
            return Room::WhenAcknowledged;
        }
        self.room_in_time(now)
    }

    /// Whether it is long enough since the last update.
    fn room_in_time(&self, now: Duration) -> Room {
        match self.ready_at.checked_sub(now) {
            Some(rest) if !rest.is_zero() => Room::In(rest),
            Some(_) | None => Room::Now,
        }
    }

    fn most_in_flight(&self) -> usize {
        let more = self.gauge.trip().as_millis() / TRIP_FOR_ONE_MORE.as_millis();
        let more = usize::try_from(more).unwrap_or(MAX_IN_FLIGHT);
        (IN_FLIGHT_NEARBY.saturating_add(more)).min(MAX_IN_FLIGHT)
    }

    /// What the next update is to be made for.
    pub(crate) fn line(&self) -> Line {
        self.gauge.line()
    }

    /// The shortest round trip of the last seconds and the bytes per second of a narrow line, if anything was
    /// acknowledged in them.
    pub(crate) fn measured(&self, now: Duration) -> Option<(Duration, Option<u32>)> {
        let measured = (self.gauge.trip(), self.line().bytes_per_second);
        self.gauge.is_fresh(now).then_some(measured)
    }

    /// What a step of sharpening is to be made for.
    pub(crate) fn line_to_spare(&self) -> Line {
        Line {
            bytes_per_second: self
                .line()
                .bytes_per_second
                .map(|b| b / SHARE_FOR_SHARPENING),
        }
    }

    /// Notes an update of `bytes` that leaves at `now` and took `cost` to make; gives its number.
    pub(crate) fn sent(&mut self, bytes: usize, now: Duration, cost: Duration) -> u64 {
        self.last_seq += 1;
        self.ready_at = now + spacing(cost);
        self.ready_for_answer_at = now + LEAST_SPACING;
        let carried_in = self.gauge.carried_in(bytes).unwrap_or_default();
        self.drained_at = self.drained_at.max(now) + carried_in;
        let at = now;
        self.in_flight
            .push_back((self.last_seq, Sent { bytes, at }));
        if self.in_flight.len() > MAX_REMEMBERED {
            // a viewer that falls behind, for whom nobody waits
            self.in_flight.pop_front();
        }
        self.last_seq
    }

    /// Notes at `now` that the viewer has shown everything up to `seq`, which he had `held` for so
    /// long, and tells whether the capture thread waits for that. A number that was never sent counts
    /// as the last one that was.
    pub(crate) fn acknowledged(&mut self, seq: u64, now: Duration, held: Duration) -> bool {
        let arrived = now.saturating_sub(held);
        while let Some((_, sent)) = self.in_flight.pop_front_if(|(sent, _)| *sent <= seq) {
            self.gauge.arrived(sent, arrived);
        }
        if self.in_flight.is_empty() {
            self.drained_at = self.drained_at.min(now);
        }
        std::mem::take(&mut self.awaits_room)
    }

    /// Notes that the viewer starts anew: it will acknowledge nothing that is on its way.
    pub(crate) fn want_restart(&mut self) {
        self.restart_wanted = true;
    }

    /// How long until a wanted restart may be made; `None` if none is wanted.
    pub(crate) fn restart_in(&self, now: Duration) -> Option<Duration> {
        self.restart_wanted.then(|| self.renewal_in(now))
    }

    /// As [`Self::restart_in`], for a viewer that may have a whole picture this long after the last.
    pub(crate) fn restart_in_after(&self, spacing: Duration, now: Duration) -> Option<Duration> {
        let ready_at = self
            .last_restart_at
            .map_or(Duration::ZERO, |at| at + spacing);
        self.restart_wanted.then(|| ready_at.saturating_sub(now))
    }

    /// How long a narrow line carries so many bytes; `None` where bytes need not be spared.
    pub(crate) fn carried_in(&self, bytes: usize) -> Option<Duration> {
        self.gauge.carried_in(bytes)
    }

    /// How long until the viewer may have another whole picture.
    pub(crate) fn renewal_in(&self, now: Duration) -> Duration {
        let ready_at = self
            .last_restart_at
            .map_or(Duration::ZERO, |at| at + RESTART_SPACING);
        ready_at.saturating_sub(now)
    }

    /// Notes that the picture is made anew, because the viewer wished so.
    pub(crate) fn renew(&mut self, now: Duration) {
        self.last_restart_at = Some(now);
    }

    /// Starts anew, with nothing in flight.
    pub(crate) fn restart(&mut self, now: Duration) {
        self.restart_wanted = false;
        self.renew(now);
        self.in_flight.clear();
        self.drained_at = now;
    }
}

/// The time between something that cost so much and the next.
fn spacing(cost: Duration) -> Duration {
    let spacing = (cost * SPACING_IN_COSTS).min(MOST_PERIOD.saturating_sub(cost));
    spacing.max(LEAST_SPACING)
}

/// The time between two looks at the screen while a picture of a video is being made, of which one cost so much. A core
/// that looks again and again at a large screen is missing where its pictures are made. A look that found nothing but
/// the video to be told is followed by none until that picture is made, unless it takes very long: it would most
/// likely find the video again, which the next picture tells. What somebody waits for is looked for in any case.
pub(crate) fn spacing_beside_video(cost: Duration, found_more: bool) -> Duration {
    if found_more {
        (cost * SPACING_IN_COSTS).clamp(LEAST_SPACING, MOST_BESIDE_VIDEO)
    } else {
        MOST_BESIDE_VIDEO_ALONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEARBY: Duration = Duration::from_millis(1);

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn s4_the_first_change_after_a_rest_leaves_at_once() {
        let mut pace = Pace::new(NEARBY);
        assert_eq!(pace.room(ms(0)), Room::Now);
        let seq = pace.sent(100, ms(0), ms(9));
        pace.acknowledged(seq, ms(1), ms(0));
        assert_eq!(pace.room(ms(5)), Room::In(ms(2)));
        assert_eq!(pace.room(ms(7)), Room::Now);
        assert_eq!(pace.room(ms(90_000)), Room::Now);
    }

    #[test]
    fn s4_what_took_long_is_not_kept_waiting_for_as_long_again() {
        let mut pace = Pace::new(NEARBY);
        let seq = pace.sent(9_000, ms(0), ms(25));
        pace.acknowledged(seq, ms(1), ms(0));
        assert_eq!(pace.room(ms(1)), Room::In(ms(1)));
        assert_eq!(pace.room(ms(2)), Room::Now);
    }

    #[test]
    fn s4_cheap_updates_follow_each_other_closely() {
        let mut pace = Pace::new(NEARBY);
        let seq = pace.sent(100, ms(0), Duration::from_micros(400));
        pace.acknowledged(seq, ms(1), ms(0));
        assert_eq!(pace.room(ms(1)), Room::In(ms(1)));
        assert_eq!(pace.room(ms(2)), Room::Now);
        let seq = pace.sent(100, ms(2), ms(2));
        pace.acknowledged(seq, ms(1), ms(0));
        assert_eq!(pace.room(ms(2)), Room::In(ms(6)));
    }

    #[test]
    fn looks_beside_a_video_keep_a_distance_that_grows_with_what_they_cost() {
        assert_eq!(spacing_beside_video(Duration::ZERO, true), ms(2));
        assert_eq!(spacing_beside_video(ms(3), true), ms(9));
        assert_eq!(spacing_beside_video(ms(12), true), ms(36), "a large screen");
        assert_eq!(spacing_beside_video(ms(90), true), ms(50));
        assert_eq!(spacing_beside_video(ms(3), false), ms(100), "or it is made");
    }

    #[test]
    fn s4_the_answer_to_a_press_waits_for_neither_a_distance_nor_a_video() {
        let mut pace = Pace::new(NEARBY);
        pace.sent(9_000, ms(0), ms(6));
        assert_eq!(pace.room(ms(1)), Room::In(ms(9)));
        assert_eq!(pace.room_for_answer(ms(1)), Room::In(ms(1)));
        assert_eq!(pace.room_for_answer(ms(2)), Room::Now);
        pace.sent(100, ms(2), ms(0));
        assert_eq!(pace.room(ms(9)), Room::WhenAcknowledged);
        assert_eq!(pace.room_for_answer(ms(9)), Room::Now);
        pace.sent(100, ms(9), ms(0));
        assert_eq!(
            pace.room_for_answer(ms(99)),
            Room::WhenAcknowledged,
            "one more, and not any number"
        );
    }

    #[test]
    fn s4_even_an_answer_does_not_overfill_a_thin_line() {
        let mut pace = Pace::new(ms(40));
        pace.sent(15_000, ms(0), ms(0));
        pace.sent(1_000, ms(20), ms(0));
        assert_eq!(pace.room(ms(40)), Room::WhenAcknowledged);
        assert_eq!(pace.room_for_answer(ms(40)), Room::WhenAcknowledged);
    }

    #[test]
    fn s4_no_third_update_leaves_before_an_acknowledgement() {
        let mut pace = Pace::new(NEARBY);
        pace.sent(1, ms(0), ms(0));
        let second = pace.sent(1, ms(20), ms(0));
        assert_eq!(pace.room(ms(9_000)), Room::WhenAcknowledged);
        assert!(
            pace.acknowledged(1, ms(9_000), ms(0)),
            "the capture thread waits"
        );
        assert_eq!(pace.room(ms(9_000)), Room::Now);
        assert!(!pace.acknowledged(second, ms(9_000), ms(0)));
        pace.acknowledged(u64::MAX, ms(9_000), ms(0));
        assert_eq!(pace.sent(1, ms(9_000), ms(0)), 3, "numbers go on by one");
    }

    #[test]
    fn s4_a_large_update_travels_alone() {
        let mut pace = Pace::new(NEARBY);
        pace.sent(MAX_BYTES_IN_FLIGHT, ms(0), ms(0));
        assert_eq!(pace.room(ms(50)), Room::WhenAcknowledged);
    }

    #[test]
    fn s4_a_thin_line_is_filled_and_no_more() {
        let mut pace = Pace::new(ms(40));
        // 250 kB/s for 40 ms, and 20 ms of queue
        pace.sent(14_000, ms(0), ms(0));
        assert_eq!(pace.room(ms(20)), Room::Now);
        assert_eq!(pace.room_to_spare(ms(20)), Room::WhenAcknowledged);
        pace.sent(1_000, ms(20), ms(0));
        assert_eq!(pace.room(ms(40)), Room::WhenAcknowledged);
        assert!(pace.acknowledged(1, ms(97), ms(0)));
        assert_eq!(pace.room(ms(97)), Room::Now);
    }

    #[test]
    fn s4_small_updates_follow_each_other_on_a_long_way() {
        let mut pace = Pace::new(ms(200));
        for step in 0..6 {
            assert_eq!(pace.room(ms(step * 20)), Room::Now);
            pace.sent(300, ms(step * 20), ms(0));
        }
        assert_eq!(pace.room(ms(120)), Room::WhenAcknowledged);
    }

    #[test]
    fn s4_on_a_thin_line_the_next_large_update_follows_before_the_last_is_acknowledged() {
        let mut pace = Pace::new(ms(40));
        pace.sent(25_000, ms(0), ms(0));
        assert_eq!(pace.room(ms(30)), Room::In(ms(50)));
        assert_eq!(pace.room_to_spare(ms(90)), Room::WhenAcknowledged);
        assert_eq!(pace.room(ms(80)), Room::Now);
        pace.sent(25_000, ms(80), ms(0));
        assert_eq!(pace.room(ms(130)), Room::WhenAcknowledged);
        pace.acknowledged(1, ms(140), ms(0));
        assert_eq!(pace.room(ms(140)), Room::In(ms(40)));
        assert_eq!(pace.room(ms(180)), Room::Now);
        assert_eq!(pace.room(ms(300)), Room::WhenAcknowledged, "overdue");
    }

    #[test]
    fn s4_the_work_of_a_slow_viewer_is_not_taken_for_the_line() {
        for held in [ms(0), ms(60)] {
            let mut pace = Pace::new(ms(40));
            for step in 0..20 {
                let at = ms(step * 100);
                let seq = pace.sent(25_000, at, ms(30));
                pace.acknowledged(seq, at + ms(140) + held, held);
            }
            let rate = pace.line().bytes_per_second.expect("a narrow line");
            assert!((240_000..260_000).contains(&rate), "{rate} with {held:?}");
        }
    }

    #[test]
    fn s4_after_a_stall_the_newest_state_leaves_at_once() {
        let mut pace = Pace::new(ms(40));
        pace.sent(20_000, ms(0), ms(0));
        assert_eq!(pace.room(ms(5_000)), Room::WhenAcknowledged);
        assert!(pace.acknowledged(1, ms(5_000), ms(0)));
        assert_eq!(pace.room(ms(5_000)), Room::Now);
        assert!(
            pace.line()
                .bytes_per_second
                .is_some_and(|rate| rate >= 125_000)
        );
    }

    #[test]
    fn a_viewer_that_keeps_starting_anew_is_slowed_down() {
        let mut pace = Pace::new(NEARBY);
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
