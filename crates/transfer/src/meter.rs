//! How fast a transfer goes.

use std::time::{Duration, Instant};

/// How fast bytes arrive, over the last seconds.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    last: Option<(Instant, u64)>,
    per_second: u64,
}

/// Shorter than this nothing is said of a rate.
const LEAST: Duration = Duration::from_millis(150);

impl Meter {
    /// So much has arrived by `now`; what that makes in bytes per second.
    pub(crate) fn note(&mut self, now: Instant, bytes: u64) -> u64 {
        let Some((at, before)) = self.last else {
            self.last = Some((now, bytes));
            return 0;
        };
        let took = now.saturating_duration_since(at);
        if took < LEAST {
            return self.per_second;
        }
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = bytes.saturating_sub(before).saturating_mul(1000) / millis;
        self.per_second = match self.per_second {
            0 => rate,
            before => before / 4 * 3 + rate / 4,
        };
        self.last = Some((now, bytes));
        self.per_second
    }

    /// The line is gone, or nobody sends.
    pub(crate) fn rest(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_follows_the_last_seconds() {
        let mut meter = Meter::default();
        let begun = Instant::now();
        let mut rate = 0;
        for step in 0..40_u64 {
            let at = begun + Duration::from_millis(200 * step);
            rate = meter.note(at, step * 200_000);
        }
        assert!((900_000..=1_000_000).contains(&rate), "{rate}");
        meter.rest();
        assert_eq!(meter.note(begun, 5), 0);
    }
}
