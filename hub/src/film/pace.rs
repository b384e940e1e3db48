//! How fast a film may grow.

use std::time::{Duration, Instant};

/// What a host may send at once before it is slowed down: so many seconds' worth of the lasting rate.
const BURST_SECONDS: f64 = 16.0;

/// A bucket of bytes that fills up by so many a second.
///
/// Whoever takes more than there is waits, and so does the host, as on a slow line: it encodes when
/// there is room. So a host that sends whatever it can fills no disk, and one whose user watches a film
/// is not cut off.
#[derive(Debug)]
pub(super) struct Pace {
    at: Instant,
    /// Seconds' worth that were taken of those in the bucket.
    taken: f64,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            at: now,
            taken: 0.0,
        }
    }

    /// Takes `bytes`, and says how long to wait before they are written.
    pub(super) fn take(&mut self, now: Instant, bytes: usize, per_second: u64) -> Duration {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.taken = (self.taken - passed).max(0.0) + bytes as f64 / per_second.max(1) as f64;
        Duration::from_secs_f64((self.taken - BURST_SECONDS).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;
    const RATE: u64 = 4 * 1024 * 1024;

    /// Plays `seconds` in which somebody sends `bytes` again and again, after `gap` or when they may.
    fn sent_in(seconds: u64, bytes: usize, gap: Duration) -> usize {
        let start = Instant::now();
        let end = start + Duration::from_secs(seconds);
        let mut pace = Pace::new(start);
        let (mut now, mut sent) = (start, 0);
        while now < end {
            now += pace.take(now, bytes, RATE) + gap;
            sent += bytes;
        }
        sent
    }

    #[test]
    fn a_host_that_sends_all_it_can_gets_the_burst_and_the_rate() {
        let sent = sent_in(60, MIB, Duration::from_millis(1));
        let expected = MIB * 4 * (16 + 60);
        assert!(sent.abs_diff(expected) < 8 * MIB, "{} MiB", sent / MIB);
    }

    #[test]
    fn a_video_of_twenty_megabits_never_waits() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        for frame in 0..30 * 600_u32 {
            let now = start + Duration::from_secs(1) * frame / 30;
            let wait = pace.take(now, 20_000_000 / 8 / 30, RATE);
            assert_eq!(wait, Duration::ZERO, "frame {frame}");
        }
    }
}
