//! How long to wait before the next try.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
/// Thousands of computers may wait for one hub.
const LONGEST: Duration = Duration::from_mins(1);

/// Waits that double, each with a random part so that not all computers come at once.
#[derive(Debug)]
pub(crate) struct Pauses {
    next: Duration,
}

impl Pauses {
    pub(crate) fn new() -> Self {
        Self { next: FIRST }
    }

    /// The next wait, from half of it to all of it.
    pub(crate) fn next(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST);
        shortened(whole)
    }
}

/// From half of `whole` to all of it.
pub(crate) fn shortened(whole: Duration) -> Duration {
    let mut random = [0];
    // without randomness it is the whole
    let random = getrandom::fill(&mut random).map_or(u8::MAX, |()| random[0]);
    whole / 2 + (whole / 2) * u32::from(random) / u32::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let mut pauses = Pauses::new();
        for whole in [1, 2, 4, 8, 16, 32, 60, 60] {
            let whole = Duration::from_secs(whole);
            let pause = pauses.next();
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?}");
        }
    }
}
