//! How much may be on the way: so little that a stalled disk or a thin line is not filled with what nobody
//! waits for, and pictures go before it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use protocol::files::MAX_FILE_BYTES_ON_THE_WAY;

/// Two messages: while one is written the next is on the way.
const LEAST_BYTES: usize = 512 * 1024;
const FIRST_BYTES: usize = 1 << 20;
/// What each message that comes through in time adds.
const STEP_BYTES: usize = 64 * 1024;
/// So much longer than at its best a message may take before less is sent.
const PATIENCE: Duration = Duration::from_millis(150);
/// A message that comes through so soon has met no line that it could fill.
const NEARBY: Duration = Duration::from_millis(10);

/// The messages that are sent and not taken.
#[derive(Debug)]
pub(crate) struct Window {
    on_the_way: VecDeque<(Instant, usize)>,
    bytes: usize,
    limit: usize,
    best: Duration,
    shrunk: Option<Instant>,
    taken: u64,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self {
            on_the_way: VecDeque::new(),
            bytes: 0,
            limit: FIRST_BYTES,
            best: Duration::MAX,
            shrunk: None,
            taken: 0,
        }
    }

    /// `hands_are_busy` while somebody presses something, which must wait behind little. On a line that is
    /// faster than the computers at its ends no more than at first is then on the way.
    pub(crate) fn has_room(&self, hands_are_busy: bool) -> bool {
        let few = hands_are_busy && self.best < NEARBY;
        let limit = if few {
            FIRST_BYTES.min(self.limit)
        } else {
            self.limit
        };
        self.bytes < limit
    }

    pub(crate) fn sent(&mut self, now: Instant, bytes: usize) {
        self.on_the_way.push_back((now, bytes));
        self.bytes += bytes;
    }

    /// The other end has taken so many messages in all, or says so.
    pub(crate) fn taken(&mut self, now: Instant, messages: u64) {
        while self.taken < messages
            && let Some((at, bytes)) = self.on_the_way.pop_front()
        {
            self.taken += 1;
            self.bytes -= bytes;
            self.learn(now, at);
        }
    }

    fn learn(&mut self, now: Instant, sent: Instant) {
        let trip = now.saturating_duration_since(sent);
        self.best = self.best.min(trip);
        if trip <= self.best.saturating_add(PATIENCE) {
            self.limit = (self.limit + STEP_BYTES).min(MAX_FILE_BYTES_ON_THE_WAY);
        } else if self.shrunk.is_none_or(|shrunk| sent > shrunk) {
            // once for all that were on the way together
            self.limit = (self.limit / 4 * 3).max(LEAST_BYTES);
            self.shrunk = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: usize = 192 * 1024;

    /// Sends over a line that carries so much and holds all that is sent; the most that waits there.
    fn play(bytes_per_second: usize) -> usize {
        let mut window = Window::new();
        let mut now = Instant::now();
        let mut waiting = 0_usize;
        let mut most = 0;
        for message in 1..=2_000 {
            while window.has_room(false) {
                window.sent(now, MESSAGE);
                waiting += MESSAGE;
            }
            if message > 200 {
                most = most.max(waiting);
            }
            now += Duration::from_secs_f64(MESSAGE as f64 / bytes_per_second as f64);
            waiting -= MESSAGE;
            window.taken(now, message);
        }
        most
    }

    #[test]
    fn a_thin_line_is_not_filled_and_a_wide_one_is_used() {
        assert!(play(2_000_000) <= LEAST_BYTES + MESSAGE);
        assert!(play(500_000_000) >= MAX_FILE_BYTES_ON_THE_WAY);
    }

    #[test]
    fn little_is_on_the_way_while_hands_are_busy_unless_the_line_is_what_takes_time() {
        for (trip, is_little) in [(NEARBY / 2, true), (NEARBY * 2, false)] {
            let mut window = Window::new();
            let now = Instant::now();
            window.sent(now, MESSAGE);
            for message in 1..=8 {
                window.taken(now + trip, message);
                window.sent(now, MESSAGE);
            }
            while window.bytes < FIRST_BYTES {
                assert!(window.has_room(true));
                window.sent(now, MESSAGE);
            }
            assert!(window.has_room(false));
            assert_eq!(window.has_room(true), !is_little, "{trip:?}");
        }
    }

    #[test]
    fn nothing_more_is_taken_than_was_sent() {
        let mut window = Window::new();
        let now = Instant::now();
        window.sent(now, MESSAGE);
        window.taken(now, u64::MAX);
        assert_eq!((window.bytes, window.taken), (0, 1));
    }
}
