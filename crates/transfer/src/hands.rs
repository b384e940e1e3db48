//! When somebody last used keyboard or pointer in a session of this program: what is pressed goes before files,
//! also where both fill the same cores and buffers.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Files make room for so long after a key or a click.
const STILL_AT_IT: Duration = Duration::from_millis(100);

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
/// In milliseconds since [`BEGIN`], and one more; 0 is never.
static LAST: AtomicU64 = AtomicU64::new(0);

/// Somebody presses, clicks or moves just now. Costs no more than a look at the clock.
pub fn are_busy_now() {
    LAST.store(millis(Instant::now()) + 1, Ordering::Relaxed);
}

/// Whether somebody did in the last tenth of a second.
pub(crate) fn are_busy(now: Instant) -> bool {
    let last = LAST.load(Ordering::Relaxed);
    let since = millis(now).saturating_sub(last.saturating_sub(1));
    last > 0 && u128::from(since) < STILL_AT_IT.as_millis()
}

fn millis(at: Instant) -> u64 {
    let since = at.saturating_duration_since(*BEGIN);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_are_busy_for_a_while() {
        are_busy_now();
        let now = Instant::now();
        assert!(are_busy(now));
        assert!(!are_busy(now + STILL_AT_IT + Duration::from_millis(2)));
    }
}
