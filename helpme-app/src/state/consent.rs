//! The operator's question (H5).

use std::time::Duration;

use protocol::{Rights, SessionId};

use super::Running;

/// For so long after the question appears **Allow** takes no press: a click that was meant for
/// something else must not let anybody in.
pub const GUARD: Duration = Duration::from_millis(500);

/// A question that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub session: SessionId,
    pub operator: String,
    pub asked: Rights,
    /// It was asked again and again.
    pub insistent: bool,
    /// What the user is about to grant; at first what was asked for.
    pub chosen: Rights,
    /// The monitor that is to be shared alone; all of them if `None`.
    pub only: Option<u32>,
    /// The desktop need not ask again, or is to; `None` leaves it as it is.
    pub lasting: Option<bool>,
    /// The user said yes; the session starts any moment.
    pub allowed: bool,
    /// The session that runs meanwhile, and who brings the operator into it.
    pub joins: Option<Joins>,
    pub(super) drawn_at: Option<Duration>,
}

/// What one more operator asks to join (O11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joins {
    pub running: Running,
    pub brought_by: String,
}

impl Question {
    /// A fresh question.
    pub fn new(session: SessionId, operator: String, asked: Rights, insistent: bool) -> Self {
        Self {
            session,
            operator,
            asked,
            insistent,
            chosen: asked,
            only: None,
            lasting: None,
            allowed: false,
            joins: None,
            drawn_at: None,
        }
    }

    /// Whether **Allow** works at `now`.
    pub fn may_allow(&self, now: Duration) -> bool {
        self.guard_left(now).is_zero() && self.chosen.has(Rights::SEE) && !self.allowed
    }

    /// How long **Allow** stays closed from `now` on.
    pub fn guard_left(&self, now: Duration) -> Duration {
        self.drawn_at
            .map_or(GUARD, |drawn_at| (drawn_at + GUARD).saturating_sub(now))
    }
}
