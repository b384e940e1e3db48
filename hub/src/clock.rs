//! The hub's clock: the one place where time comes from.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use session::directory::Moment;

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
