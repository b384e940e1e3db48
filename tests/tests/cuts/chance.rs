//! Chance that can be repeated: the seed stands above the table.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) struct Chance(u64);

impl Chance {
    /// The seed that `PHD_SEED` names, or one of this moment.
    pub(crate) fn seed() -> u64 {
        if let Ok(seed) = std::env::var("PHD_SEED") {
            return seed.parse().expect("PHD_SEED is a number");
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(1, |now| u64::from(now.subsec_nanos()))
    }

    pub(crate) fn new(seed: u64) -> Self {
        // never nought, which would stay nought
        Self(seed << 20 | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        let millis = u64::try_from(most.as_millis()).expect("not for ages");
        Duration::from_millis(self.next() % millis.max(1))
    }

    /// As often from one to two seconds as from ten to twenty.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        const STEPS: u32 = 1000;
        let step = f64::from(u32::try_from(self.next() % u64::from(STEPS)).expect("small"));
        let ratio = most.as_secs_f64() / least.as_secs_f64();
        least.mul_f64(ratio.powf(step / f64::from(STEPS - 1)))
    }

    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let count = u64::try_from(all.len()).expect("few");
        &all[usize::try_from(self.next() % count).expect("few")]
    }
}
