//! How often an access password is tried at a host, which counts for itself (U3).
//!
//! Each operator's wrong tries cost that operator growing waits. The operator's account is what the hub
//! says it is, so a hub that guesses could have a new one for each try: wrong tries of all together cost
//! everybody a wait too, a short one. A hub that is honest slows its operators down before it comes to
//! that.
//!
//! The time is the computer's clock, since the count outlives the program.

use std::collections::BTreeMap;

use protocol::{AccountId, Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

/// Wrong tries of one operator that cost no wait; then the first and the longest, in seconds.
const OF_ONE: Costs = Costs {
    free: 5,
    first: 30,
    longest: 15 * 60,
};
/// The same for all operators together.
const OF_ALL: Costs = Costs {
    free: 20,
    first: 5,
    longest: 60,
};
/// Operators that are remembered; those who were wrong the longest ago are forgotten first.
const MAX_OPERATORS: usize = 256;

#[derive(Clone, Copy)]
struct Costs {
    free: u32,
    first: i64,
    longest: i64,
}

/// The tries of a host's password, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tries {
    all: Wrong,
    operators: BTreeMap<i64, Wrong>,
}

/// Wrong tries, and when the last one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Wrong {
    count: u32,
    last_unix_seconds: i64,
}

impl Tries {
    /// Lets `operator` try, and counts the try as wrong until [`Self::was_right`]. What is counted must be
    /// on the disk before the try is answered.
    ///
    /// # Errors
    ///
    /// How long that operator has to wait first.
    pub fn begin(&mut self, operator: AccountId, now_unix_seconds: i64) -> Result<(), Refusal> {
        let now = now_unix_seconds;
        let of_one = self.operators.get(&operator.0).copied().unwrap_or_default();
        let wait = of_one.wait(OF_ONE, now).max(self.all.wait(OF_ALL, now));
        if wait > 0 {
            return Err(Refusal {
                code: RefusalCode::THROTTLED,
                retry_after_seconds: u32::try_from(wait).unwrap_or(u32::MAX),
            });
        }
        self.all.count(OF_ALL, now);
        if self.operators.len() >= MAX_OPERATORS && !self.operators.contains_key(&operator.0) {
            let oldest = self
                .operators
                .iter()
                .min_by_key(|(_, wrong)| wrong.last_unix_seconds);
            if let Some(oldest) = oldest.map(|(operator, _)| *operator) {
                self.operators.remove(&oldest);
            }
        }
        self.operators
            .entry(operator.0)
            .or_default()
            .count(OF_ONE, now);
        Ok(())
    }

    /// The last try of `operator` was right: it is forgotten with those before it.
    pub fn was_right(&mut self, operator: AccountId) {
        self.operators.remove(&operator.0);
        self.all.count = self.all.count.saturating_sub(1);
    }

    /// The last try of `operator` was none: nothing was answered.
    pub fn was_none(&mut self, operator: AccountId) {
        if let Some(wrong) = self.operators.get_mut(&operator.0) {
            wrong.count = wrong.count.saturating_sub(1);
        }
        self.all.count = self.all.count.saturating_sub(1);
    }
}

impl Wrong {
    /// How many seconds are left to wait.
    fn wait(self, costs: Costs, now: i64) -> i64 {
        let Some(doublings) = self.count.checked_sub(costs.free) else {
            return 0;
        };
        let factor = 1_i64
            .checked_shl(doublings)
            .filter(|f| *f > 0)
            .unwrap_or(i64::MAX);
        let wait = costs.first.saturating_mul(factor).min(costs.longest);
        // a clock that was set back makes nobody wait longer
        (self.last_unix_seconds.min(now) + wait - now).max(0)
    }

    fn count(&mut self, costs: Costs, now: i64) {
        if now - self.last_unix_seconds.min(now) >= 2 * costs.longest {
            self.count = 0;
        }
        self.count = self.count.saturating_add(1).min(62);
        self.last_unix_seconds = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: AccountId = AccountId(1);
    const BRUNO: AccountId = AccountId(2);

    /// How often `who` may be wrong at `now`.
    fn wrong(tries: &mut Tries, who: AccountId, now: i64) -> usize {
        (0..100)
            .take_while(|_| tries.begin(who, now).is_ok())
            .count()
    }

    #[test]
    fn u3_who_is_wrong_waits_ever_longer_and_a_colleague_does_not() {
        let mut tries = Tries::default();
        let mut now = 1_000_000;
        assert_eq!(wrong(&mut tries, ANNA, now), 5);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let wait = tries
                .begin(ANNA, now)
                .expect_err("waits")
                .retry_after_seconds;
            waits.push(wait);
            now += i64::from(wait);
            assert_eq!(tries.begin(ANNA, now), Ok(()));
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(tries.begin(BRUNO, now), Ok(()));
        tries.was_right(BRUNO);
        // kept and read again it is the same
        let kept = serde_json::to_vec(&tries).expect("kept");
        let mut again: Tries = serde_json::from_slice(&kept).expect("read");
        assert_eq!(again, tries);
        assert!(again.begin(ANNA, now).is_err());
        assert_eq!(
            again.begin(ANNA, now + 1800),
            Ok(()),
            "it is forgotten in the end"
        );
    }

    #[test]
    fn u3_a_hub_with_a_new_name_for_each_guess_has_one_a_minute_and_others_wait_no_longer() {
        let mut tries = Tries::default();
        let mut guesses = 0;
        let mut longest = 0;
        for now in 0..6 * 3600 {
            let who = AccountId(1000 + now);
            if tries.begin(who, 1_000_000 + now).is_ok() {
                guesses += 1;
            }
            if let Err(refusal) = tries.clone().begin(BRUNO, 1_000_000 + now) {
                longest = longest.max(refusal.retry_after_seconds);
            }
        }
        assert!(guesses <= 20 + 6 + 6 * 60, "{guesses}");
        assert!(longest <= 60, "{longest}");
        assert!(tries.operators.len() <= MAX_OPERATORS);
    }

    #[test]
    fn u3_right_passwords_cost_nothing() {
        let mut tries = Tries::default();
        for now in 0..1000 {
            assert_eq!(tries.begin(ANNA, now), Ok(()));
            tries.was_right(ANNA);
        }
        assert_eq!(tries.all.count, 0);
    }
}
