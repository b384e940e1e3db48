//! Keeping strangers from filling the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines that may be written in a stretch of time.
const LINES: u32 = 20;
const SPAN: Duration = Duration::from_mins(1);

/// Lets [`LINES`] lines pass in each [`SPAN`], and counts the others.
#[derive(Debug, Default)]
pub(crate) struct LogLimit(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    since: Option<Instant>,
    written: u32,
    left_out: u64,
}

impl LogLimit {
    /// Whether a line may be written now; if so, how many were left out since the last one.
    pub(crate) fn may_write(&self) -> Option<u64> {
        self.may_write_at(Instant::now())
    }

    fn may_write_at(&self, now: Instant) -> Option<u64> {
        // a count that a panic left half done is still a count
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.since.is_none_or(|since| now >= since + SPAN) {
            (counts.since, counts.written) = (Some(now), 0);
        }
        if counts.written < LINES {
            counts.written += 1;
            Some(std::mem::take(&mut counts.left_out))
        } else {
            counts.left_out += 1;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted() {
        let limit = LogLimit::default();
        let start = Instant::now();
        let written = (0..1000).filter(|_| limit.may_write_at(start).is_some());
        assert_eq!(written.count(), 20);
        assert_eq!(limit.may_write_at(start + SPAN), Some(980));
        assert_eq!(limit.may_write_at(start + SPAN), Some(0));
    }
}
