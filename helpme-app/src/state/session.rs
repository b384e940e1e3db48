//! A session that runs, and one that is over (H6).

use std::time::Duration;

use host_engine::EndCause;
use protocol::transfers::Transfer;
use protocol::{Hindrance, PeerId, Rights, SessionId, Shield, Shields};

use super::receipt::{Opinion, Receipt};

/// One operator sees the screen, or several do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub session: SessionId,
    /// In the order in which they came.
    pub operators: Vec<Present>,
    /// Who of several has keyboard and mouse.
    pub driver: Option<String>,
    pub rights: Rights,
    /// When it began.
    pub since: Duration,
    pub line: Line,
    /// The user has paused: nothing is seen or touched until they go on.
    pub withheld: bool,
    /// Administrators of the hub who watch.
    pub watched_by: Vec<String>,
    /// The operators are listed below the bar, each with a way to send it away.
    pub list_shown: bool,
    pub files: Files,
    /// Operators who want to know what computer this is, the first one first.
    pub system_asked: Vec<Present>,
    /// Operators who want to look through the folders, the first one first, and those who may.
    pub browse_asked: Vec<Present>,
    pub browsers: Vec<Present>,
    /// Who wishes the user's input blocked or the screen dark, the first one first.
    pub shields_asked: Vec<(Shield, String)>,
    /// How these stand.
    pub shields: Shields,
    /// The user has said whether operators may reach windows of programs with more rights: once a session.
    pub rights_answered: bool,
    /// Operators who have paused.
    pub resting: Vec<String>,
    /// The monitors are listed below the bar.
    pub monitors_shown: bool,
    /// The monitor that was shared alone is gone; nothing is seen until the user chooses another or goes on.
    pub monitor_gone: bool,
    /// Why no operator can act, whatever the user allows: the desktop did not let them, for example.
    pub cannot_act: Option<Hindrance>,
}

impl Running {
    /// Whether operators use keyboard and mouse.
    pub fn is_acted_on(&self) -> bool {
        self.rights.has(Rights::CONTROL) && self.cannot_act.is_none()
    }
}

/// Files between this computer and the operators (S6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    /// The newest first.
    pub all: Vec<(PeerId, Transfer)>,
    /// They are listed below the bar.
    pub shown: bool,
}

/// How many transfers of a session stay in the list.
const MOST_TRANSFERS: usize = 200;

impl Files {
    /// Takes how a transfer stands; whether it is a new one.
    pub fn take(&mut self, operator: PeerId, transfer: Transfer) -> bool {
        let is_it =
            |(with, known): &&mut (PeerId, Transfer)| (*with, known.id) == (operator, transfer.id);
        if let Some((_, known)) = self.all.iter_mut().find(is_it) {
            *known = transfer;
            return false;
        }
        self.all.insert(0, (operator, transfer));
        self.all.truncate(MOST_TRANSFERS);
        true
    }

    /// How many are under way.
    pub fn under_way(&self) -> usize {
        self.all.iter().filter(|(_, t)| !t.is_over()).count()
    }
}

/// An operator who sees the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Known where there are several.
    pub operator: Option<PeerId>,
    pub name: String,
}

impl Running {
    /// Who is there.
    pub fn names(&self) -> Vec<String> {
        self.operators.iter().map(|o| o.name.clone()).collect()
    }

    /// The one at that place.
    pub fn present(&self, operator: PeerId) -> Present {
        let mut operators = self.operators.iter();
        let known = operators.find(|o| o.operator == Some(operator));
        // where there is only one, it is that one
        let known = known.or_else(|| self.operators.first());
        let name = known.map(|o| o.name.clone());
        Present {
            operator: Some(operator),
            name: name.unwrap_or_default(),
        }
    }

    /// Several operators see the screen.
    pub fn is_shared(&self) -> bool {
        self.operators.len() > 1
    }
}

/// How the line to the operator stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Up,
    /// Nothing is seen or touched until it is back.
    Lost,
    /// It was lost, and is up again since `at`.
    Back {
        at: Duration,
    },
}

impl Line {
    /// For so long the user reads that the line is back.
    const NEWS: Duration = Duration::from_secs(5);

    /// How long the user still reads at `now` that the line is back.
    pub fn news_left(self, now: Duration) -> Duration {
        match self {
            Self::Up | Self::Lost => Duration::ZERO,
            Self::Back { at } => (at + Self::NEWS).saturating_sub(now),
        }
    }
}

/// A session that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub operators: Vec<String>,
    /// What the operator might do at the end.
    pub rights: Rights,
    pub cause: EndCause,
    pub lasted: Duration,
    /// The operator can still call again.
    pub connected: bool,
    pub session: SessionId,
    pub receipt: Receipt,
    pub opinion: Opinion,
}
