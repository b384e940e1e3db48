//! The hub's clock: the one place where time comes from.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment on both of the hub's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Since the hub started; never jumps, so deadlines are kept in it.
    pub(crate) since_start: Duration,
    /// Milliseconds since the Unix epoch; what is stored and shown.
    pub(crate) unix_millis: i64,
}

impl Moment {
    /// Whole seconds since the Unix epoch.
    pub(crate) fn unix_seconds(self) -> i64 {
        self.unix_millis.div_euclid(1000)
    }
}

/// Tells the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts counting now.
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    pub(crate) fn now(self) -> Moment {
        Moment {
            since_start: self.started.elapsed(),
            unix_millis: unix_millis(),
        }
    }
}

/// Milliseconds since the Unix epoch; 0 on a machine whose clock stands before it.
pub fn unix_millis() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
