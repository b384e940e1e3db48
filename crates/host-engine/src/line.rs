//! What the way to the viewer carries, learnt from what he acknowledges.
//!
//! The way is taken for a pipe: an update needs the shortest round trip, and longer by its bytes over
//! the rate. The rate is the highest of the last seconds in which the pipe was the limit; that
//! a program paints little does not make the line thin. What is measured is the whole way, with
//! the hub in it, but without the work of the viewer, who says how long he had each update.

use std::collections::VecDeque;
use std::time::Duration;

use codec::Line;

/// From this rate on bytes need not be spared (40 Mbit/s).
const WIDE_BYTES_PER_SECOND: u32 = 5_000_000;
/// What a line is taken for until something was measured (2 Mbit/s).
const CAREFUL_BYTES_PER_SECOND: u32 = 250_000;
/// Below any line that a session could be held over (16 kbit/s).
const LEAST_BYTES_PER_SECOND: u32 = 2_000;
/// A connection with a shorter round trip is taken for a local network at first.
const LOCAL_TRIP: Duration = Duration::from_millis(3);
/// How long a measured rate stands against lower ones.
const RATE_WINDOW: Duration = Duration::from_secs(2);
/// How long a measured round trip stands against longer ones.
const TRIP_WINDOW: Duration = Duration::from_secs(10);
/// Larger updates tell nothing about the round trip but that it is not longer.
const MOST_BYTES_FOR_TRIP: usize = 1_500;
/// The pipe was the limit where something took longer than the round trip by this much ...
const LEAST_SPAN: Duration = Duration::from_millis(10);
/// ... and was larger than what any disturbance delays.
const LEAST_BYTES: usize = 4_000;
/// No rate is measured over less: clocks and threads are not that exact.
const LEAST_MEASURED: Duration = Duration::from_millis(2);
/// A burst is measured over about so much at most, so that it does not outvote the present.
const LONGEST_BURST: Duration = Duration::from_secs(1);
/// Less than this in one burst halves the rate at most: one lost packet may have held it up.
const CERTAIN_BYTES: usize = 32_000;

/// One update on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) bytes: usize,
    /// When it left. Times are since the session started.
    pub(crate) at: Duration,
}

/// The estimate.
#[derive(Debug)]
pub(crate) struct LineGauge {
    /// Bytes in a second; at least [`WIDE_BYTES_PER_SECOND`] where nothing was ever the limit.
    rate: u32,
    rates: VecDeque<(Duration, u32)>,
    /// Shortest first to leave the window; trips rise from the front to the back.
    trips: VecDeque<Trip>,
    burst: Burst,
    last_arrived_at: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Trip {
    at: Duration,
    time: Duration,
    bytes: usize,
}

/// Updates that followed each other without a gap.
#[derive(Debug, Default)]
struct Burst {
    /// When the first of them would have arrived on an endless line.
    start: Duration,
    bytes: usize,
}

impl LineGauge {
    /// Before anything was sent; `trip` is the round trip of the connection to the hub.
    pub(crate) fn new(trip: Duration) -> Self {
        let is_local = trip < LOCAL_TRIP;
        let rate = if is_local {
            WIDE_BYTES_PER_SECOND
        } else {
            CAREFUL_BYTES_PER_SECOND
        };
        Self {
            rate,
            rates: VecDeque::new(),
            trips: VecDeque::from([Trip {
                at: Duration::ZERO,
                time: trip,
                bytes: 0,
            }]),
            burst: Burst::default(),
            last_arrived_at: Duration::ZERO,
        }
    }

    /// What updates are to be made for.
    pub(crate) fn line(&self) -> Line {
        let is_narrow = self.rate < WIDE_BYTES_PER_SECOND;
        Line {
            bytes_per_second: is_narrow.then_some(self.rate),
        }
    }

    /// Whether something arrived in the last seconds: what was measured before says little of `now`.
    pub(crate) fn is_fresh(&self, now: Duration) -> bool {
        self.last_arrived_at + TRIP_WINDOW >= now && !self.last_arrived_at.is_zero()
    }

    /// The shortest time from sending an update to hearing that it arrived.
    pub(crate) fn trip(&self) -> Duration {
        self.shortest().time
    }

    /// What the line carries in a round trip and `queue` more; `None` where bytes need not be spared.
    pub(crate) fn fill(&self, queue: Duration) -> Option<usize> {
        let rate = self.line().bytes_per_second?;
        let micros = (self.trip() + queue).as_micros();
        usize::try_from(u128::from(rate) * micros / 1_000_000).ok()
    }

    /// How long a narrow line carries so many bytes; `None` where bytes need not be spared.
    pub(crate) fn carried_in(&self, bytes: usize) -> Option<Duration> {
        let rate = self.line().bytes_per_second?;
        Some(Duration::from_secs_f64(bytes as f64 / f64::from(rate)))
    }

    /// Learns from an update whose acknowledgement would be here at `now`, had the viewer sent it as
    /// soon as the update arrived. In the order in which they were sent.
    pub(crate) fn arrived(&mut self, sent: Sent, now: Duration) {
        self.note_trip(sent, now);
        let base = self.shortest();
        let alone_at = sent.at + base.time;
        if alone_at > self.last_arrived_at {
            self.burst = Burst {
                start: alone_at,
                bytes: sent.bytes.saturating_sub(base.bytes),
            };
        } else {
            self.burst.bytes += sent.bytes;
        }
        self.last_arrived_at = self.last_arrived_at.max(now);
        self.measure(now);
        self.shorten_burst(now);
    }

    fn note_trip(&mut self, sent: Sent, now: Duration) {
        let trip = Trip {
            at: now,
            time: now.saturating_sub(sent.at),
            bytes: sent.bytes,
        };
        if sent.bytes > MOST_BYTES_FOR_TRIP && trip.time >= self.shortest().time {
            return;
        }
        while self.trips.back().is_some_and(|t| t.time >= trip.time) {
            self.trips.pop_back();
        }
        self.trips.push_back(trip);
        let is_old = |trip: &Trip| trip.at + TRIP_WINDOW < now;
        while self.trips.len() > 1 && self.trips.front().is_some_and(is_old) {
            self.trips.pop_front();
        }
    }

    fn shortest(&self) -> Trip {
        *self.trips.front().expect("the last one never leaves")
    }

    fn measure(&mut self, now: Duration) {
        let span = now.saturating_sub(self.burst.start);
        let rate = rate_of(self.burst.bytes, span);
        let was_limit = span >= LEAST_SPAN && self.burst.bytes >= LEAST_BYTES;
        if !was_limit {
            // it carried this without effort; more is not known
            if rate >= self.rate.min(WIDE_BYTES_PER_SECOND) {
                self.rate = self.rate.max(rate);
                self.note_rate(rate, now);
            }
            return;
        }
        self.note_rate(rate, now);
        let highest = self.rates.front().map_or(rate, |(_, rate)| *rate);
        self.rate = if self.burst.bytes < CERTAIN_BYTES {
            highest.max(self.rate.min(WIDE_BYTES_PER_SECOND) / 2)
        } else {
            highest
        };
    }

    /// Keeps the highest of the window in front.
    fn note_rate(&mut self, rate: u32, now: Duration) {
        while self.rates.back().is_some_and(|(_, lower)| *lower <= rate) {
            self.rates.pop_back();
        }
        self.rates.push_back((now, rate));
        let is_old = |(at, _): &(Duration, u32)| *at + RATE_WINDOW < now;
        while self.rates.front().is_some_and(is_old) {
            self.rates.pop_front();
        }
    }

    fn shorten_burst(&mut self, now: Duration) {
        let span = now.saturating_sub(self.burst.start);
        if span > LONGEST_BURST {
            self.burst.start += span / 2;
            self.burst.bytes /= 2;
        }
    }
}

fn rate_of(bytes: usize, time: Duration) -> u32 {
    let micros = time.max(LEAST_MEASURED).as_micros();
    let rate = bytes as u128 * 1_000_000 / micros;
    u32::try_from(rate)
        .unwrap_or(u32::MAX)
        .max(LEAST_BYTES_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A pipe with a bounded rate, a delay, and packets that are lost where the test says so.
    struct Pipe {
        bytes_per_second: u64,
        trip: Duration,
        free_at: Duration,
        arrived_at: Duration,
    }

    impl Pipe {
        fn new(bytes_per_second: u64, trip: Duration) -> Self {
            Self {
                bytes_per_second,
                trip,
                free_at: Duration::ZERO,
                arrived_at: Duration::ZERO,
            }
        }

        /// When the viewer's word is here; `held_up` by a packet that had to be sent again.
        fn carry(&mut self, bytes: usize, at: Duration, held_up: Duration) -> Duration {
            let micros = bytes as u64 * 1_000_000 / self.bytes_per_second;
            self.free_at = self.free_at.max(at) + Duration::from_micros(micros);
            self.arrived_at = self.arrived_at.max(self.free_at + self.trip + held_up);
            self.arrived_at
        }
    }

    /// Sends updates of these sizes, one each `every`, and tells the gauge of them in order.
    fn play(
        gauge: &mut LineGauge,
        pipe: &mut Pipe,
        start: Duration,
        every: Duration,
        sizes: &[usize],
    ) -> Duration {
        let mut at = start;
        for (number, &bytes) in sizes.iter().enumerate() {
            let held_up = if number % 9 == 8 { ms(60) } else { ms(0) };
            let shown = pipe.carry(bytes, at, held_up);
            gauge.arrived(Sent { bytes, at }, shown);
            at += every;
        }
        at
    }

    fn rate(gauge: &LineGauge) -> u32 {
        gauge.line().bytes_per_second.expect("a narrow line")
    }

    fn assert_near(found: u32, truth: u32) {
        let ratio = f64::from(found) / f64::from(truth);
        assert!((0.8..1.3).contains(&ratio), "{found} instead of {truth}");
    }

    #[test]
    fn the_rate_of_a_thin_line_is_found_with_the_first_picture() {
        for bytes_per_second in [250_000_u32, 125_000, 500_000] {
            let mut gauge = LineGauge::new(ms(40));
            assert_eq!(rate(&gauge), CAREFUL_BYTES_PER_SECOND);
            let mut pipe = Pipe::new(bytes_per_second.into(), ms(40));
            let shown = pipe.carry(40_000, ms(5), ms(0));
            let at = ms(5);
            let bytes = 40_000;
            gauge.arrived(Sent { bytes, at }, shown);
            assert_near(rate(&gauge), bytes_per_second);
        }
    }

    #[test]
    fn a_video_with_lost_packets_leaves_the_estimate_where_it_is() {
        for bytes_per_second in [250_000_u32, 125_000] {
            let mut gauge = LineGauge::new(ms(40));
            let mut pipe = Pipe::new(bytes_per_second.into(), ms(40));
            let mut at = ms(0);
            for _ in 0..12 {
                at = play(&mut gauge, &mut pipe, at, ms(90), &[6_500; 12]);
                assert_near(rate(&gauge), bytes_per_second);
            }
            assert!(gauge.trip() <= ms(41), "{:?}", gauge.trip());
        }
    }

    #[test]
    fn typing_tells_nothing_about_the_rate() {
        let mut gauge = LineGauge::new(ms(40));
        let mut pipe = Pipe::new(250_000, ms(40));
        let at = play(&mut gauge, &mut pipe, ms(0), ms(300), &[40_000; 3]);
        let before = rate(&gauge);
        play(&mut gauge, &mut pipe, at, ms(120), &[300; 200]);
        assert_eq!(rate(&gauge), before, "held-up updates are not the line");
    }

    #[test]
    fn a_line_that_becomes_thin_is_noticed_and_one_that_recovers_too() {
        let mut gauge = LineGauge::new(ms(40));
        let mut pipe = Pipe::new(2_000_000, ms(40));
        let at = play(&mut gauge, &mut pipe, ms(0), ms(200), &[50_000; 8]);
        assert_near(rate(&gauge), 2_000_000);
        pipe.bytes_per_second = 125_000;
        let at = play(&mut gauge, &mut pipe, at, ms(500), &[40_000; 8]);
        assert_near(rate(&gauge), 125_000);
        pipe.bytes_per_second = 2_000_000;
        play(&mut gauge, &mut pipe, at, ms(500), &[12_000; 3]);
        assert!(rate(&gauge) > 500_000, "{}", rate(&gauge));
    }

    #[test]
    fn a_local_network_is_wide_from_the_first_picture_on() {
        let mut gauge = LineGauge::new(Duration::from_micros(400));
        assert_eq!(gauge.line(), Line::WIDE);
        let mut pipe = Pipe::new(100_000_000, ms(1));
        let mut at = ms(0);
        for bytes in [200_000, 90, 300, 60_000, 28_000, 150, 400_000] {
            let shown = pipe.carry(bytes, at, ms(0));
            gauge.arrived(Sent { bytes, at }, shown);
            assert_eq!(gauge.line(), Line::WIDE, "after {bytes} bytes");
            at = shown + ms(20);
        }
        assert_eq!(gauge.fill(ms(20)), None);
    }

    #[test]
    fn a_far_but_wide_line_is_known_after_the_first_picture() {
        let mut gauge = LineGauge::new(ms(40));
        let mut pipe = Pipe::new(50_000_000, ms(40));
        play(&mut gauge, &mut pipe, ms(0), ms(100), &[25_000]);
        assert_eq!(gauge.line(), Line::WIDE);
    }

    #[test]
    fn words_that_come_together_do_not_make_a_line_wide() {
        let mut gauge = LineGauge::new(ms(40));
        let together = ms(280);
        for (bytes, at) in [(20_000, ms(0)), (20_000, ms(30)), (20_000, ms(60))] {
            gauge.arrived(Sent { bytes, at }, together);
        }
        assert_near(rate(&gauge), 250_000);
    }

    #[test]
    fn nonsense_of_a_viewer_leaves_a_usable_line() {
        let mut gauge = LineGauge::new(ms(40));
        let bytes = 1 << 30;
        for at in [ms(9_000), ms(1)] {
            gauge.arrived(Sent { bytes: 0, at }, ms(0));
            gauge.arrived(Sent { bytes, at }, ms(0));
        }
        let (bytes, at) = (5_000, ms(10_000));
        gauge.arrived(Sent { bytes, at }, Duration::from_hours(25));
        assert!(rate(&gauge) >= LEAST_BYTES_PER_SECOND);
    }
}
