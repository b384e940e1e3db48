//! Where the time of a running session goes (D3): worked, idle or paused.
//!
//! The hub cannot read what an operator types, but sees that something sealed for keyboard and pointer
//! goes by; whoever did that in the last half minute is at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::catalogue::Worked;

/// How long somebody is taken to be at work after they last touched something.
const AT_WORK: Duration = Duration::from_secs(30);
/// How often what has passed is stored: as much of it is lost at most when the hub is killed.
const STORE_EVERY: Duration = Duration::from_secs(5);

/// Hears of every input that goes by; clones hear for the same session.
#[derive(Debug, Clone)]
pub(crate) struct Hands {
    since: Instant,
    /// When something was touched last, in milliseconds after `since`, and 1 more; 0 for never.
    touched: Arc<AtomicU64>,
}

impl Hands {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            touched: Arc::default(),
        }
    }

    /// An operator touches keyboard or pointer now.
    pub(crate) fn touch(&self) {
        self.touch_at(Instant::now());
    }

    fn touch_at(&self, now: Instant) {
        let millis = now.duration_since(self.since).as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX - 1);
        self.touched.store(millis + 1, Ordering::Relaxed);
    }

    fn have_touched(&self) -> bool {
        self.touched.load(Ordering::Relaxed) > 0
    }

    fn are_at_work(&self, now: Instant) -> bool {
        let touched = self.touched.load(Ordering::Relaxed);
        touched.checked_sub(1).is_some_and(|millis| {
            let since = now.duration_since(self.since);
            since.saturating_sub(Duration::from_millis(millis)) <= AT_WORK
        })
    }
}

/// The time of one session since it was last stored.
#[derive(Debug)]
pub(crate) struct Ledger {
    hands: Hands,
    counted_to: Instant,
    stored_at: Instant,
    active: Duration,
    idle: Duration,
    paused: Duration,
    /// It was stored that an operator has touched something.
    told_control: bool,
}

impl Ledger {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            hands: Hands::new(now),
            counted_to: now,
            stored_at: now,
            active: Duration::ZERO,
            idle: Duration::ZERO,
            paused: Duration::ZERO,
            told_control: false,
        }
    }

    pub(crate) fn hands(&self) -> Hands {
        self.hands.clone()
    }

    /// Counts the time up to `now`, in which the session `flowed` or was paused.
    pub(crate) fn count(&mut self, now: Instant, flowed: bool) {
        let passed = now.saturating_duration_since(self.counted_to);
        self.counted_to = now;
        *(match (flowed, self.hands.are_at_work(now)) {
            (false, _) => &mut self.paused,
            (true, true) => &mut self.active,
            (true, false) => &mut self.idle,
        }) += passed;
    }

    /// Whether it is time to store what was counted.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.stored_at) >= STORE_EVERY
    }

    /// What was counted, to be stored, in whole seconds; the rest is kept. `None` if there is nothing.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Worked> {
        self.stored_at = now;
        let whole = |time: &mut Duration| {
            let seconds = time.as_secs();
            *time -= Duration::from_secs(seconds);
            u32::try_from(seconds).unwrap_or(u32::MAX)
        };
        let worked = Worked {
            active_seconds: whole(&mut self.active),
            idle_seconds: whole(&mut self.idle),
            paused_seconds: whole(&mut self.paused),
            controlled: !self.told_control && self.hands.have_touched(),
        };
        self.told_control |= worked.controlled;
        (worked != Worked::default()).then_some(worked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d3_time_is_active_for_half_a_minute_after_a_touch() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut ledger = Ledger::new(start);
        let hands = ledger.hands();
        for second in 1..=100 {
            if second == 11 {
                hands.touch_at(at(10));
            }
            let flowed = second <= 80;
            ledger.count(at(second), flowed);
        }
        let worked = Worked {
            active_seconds: 30,
            idle_seconds: 50,
            paused_seconds: 20,
            controlled: true,
        };
        assert_eq!(ledger.take(at(100)), Some(worked));
        assert_eq!(ledger.take(at(100)), None);
    }

    #[test]
    fn what_is_less_than_a_second_is_kept_for_the_next_time() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut ledger = Ledger::new(start);
        ledger.count(at(700), true);
        assert_eq!(ledger.take(at(700)), None);
        ledger.count(at(1400), true);
        let worked = ledger.take(at(1400)).expect("more than a second");
        assert_eq!(worked.idle_seconds, 1);
        assert!(!ledger.is_due(at(6399)) && ledger.is_due(at(6400)));
    }
}
