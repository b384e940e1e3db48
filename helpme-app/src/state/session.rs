//! A session that runs, and one that is over (H6).

use std::time::Duration;

use host_engine::EndCause;
use protocol::{Rights, SessionId};

/// The operator sees the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub session: SessionId,
    pub operator: String,
    pub rights: Rights,
    /// When it began.
    pub since: Duration,
}

/// A session that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub operator: String,
    /// What the operator might do at the end.
    pub rights: Rights,
    pub cause: EndCause,
    pub lasted: Duration,
    /// The operator can still call again.
    pub connected: bool,
}
