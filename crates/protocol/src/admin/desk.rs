//! What goes on at the hub now: who is connected, which sessions run, how the hub is.

use serde::{Deserialize, Serialize};

use crate::control::{Entry, Name};
use crate::ids::{PeerId, SessionId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// How the hub is, and today's numbers.
    Overview {
        /// When the asker's day began, in milliseconds since the Unix epoch.
        day_began_unix_millis: i64,
    },
    /// Everybody who is connected, and the sessions that run.
    Live,
    /// Ends a session for everybody in it.
    EndSession { session: SessionId },
    /// Sends away a host or a console.
    Disconnect { peer: PeerId },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Overview(Overview),
    Live {
        entries: Vec<Entry>,
        sessions: Vec<LiveSession>,
    },
    Done,
}

/// The hub at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// The hub's version.
    pub version: Name,
    pub fingerprint: Name,
    pub up_seconds: u64,
    pub now_unix_millis: i64,
    /// Memory of the hub's process in bytes; `None` where the system does not say.
    pub memory_bytes: Option<u64>,
    pub operators: u32,
    pub hosts: u32,
    /// Hosts that no operator is with.
    pub waiting: u32,
    pub sessions: u32,
    pub today: Today,
    pub disk: Disk,
    /// What somebody should look at.
    pub warnings: Vec<Warning>,
}

/// What happened since the asker's day began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Today {
    pub tickets: u32,
    pub sessions: u32,
    pub session_seconds: u64,
    pub reports_finished: u32,
    pub reports_open: u32,
    pub refused_log_ins: u32,
}

/// The disk of the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Disk {
    /// `None` where the system does not say.
    pub free_bytes: Option<u64>,
    pub total_bytes: Option<u64>,
    pub films: u32,
    pub films_bytes: u64,
    /// What films took of the disk in the last seven days.
    pub films_bytes_of_week: u64,
}

impl Disk {
    /// For how many days films have room if they go on as in the last week; `None` if that cannot be
    /// told.
    pub fn days_left(&self) -> Option<u64> {
        let a_day = self.films_bytes_of_week / 7;
        self.free_bytes?.checked_div(a_day)
    }
}

/// What somebody should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Warning {
    /// Films have room for so many days.
    DiskSoonFull { days: u32 },
    /// The disk is so slow that nothing new is begun.
    DiskBehind,
    /// Somebody guesses passwords: so many refused log-ins today.
    Guessing { refused: u32 },
    /// Sessions whose film broke off.
    FilmsBroken { sessions: u32 },
}

/// A session that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSession {
    pub session: SessionId,
    pub host: Name,
    pub requester: Name,
    /// The display names of the operators in it.
    pub operators: Vec<Name>,
    pub started_unix_millis: i64,
    /// Whether one side is out of reach and may come back.
    pub paused: bool,
    pub film_bytes: u64,
}
