//! A transfer of files as it is shown, on both sides (S6).

use std::path::PathBuf;
use std::time::Duration;

use crate::files::{Conflict, FileFault, TransferId, TransferName};

/// Most problems of one transfer that are told; how many there were is told too.
pub const MOST_PROBLEMS: usize = 20;

/// How one transfer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    pub id: TransferId,
    /// From this end to the other.
    pub is_outgoing: bool,
    pub name: TransferName,
    /// Of the whole.
    pub files: u32,
    pub bytes: u64,
    /// What has arrived. More than the whole where files grew meanwhile.
    pub done_files: u32,
    pub done_bytes: u64,
    /// Lately; 0 where nothing moves.
    pub bytes_per_second: u64,
    pub stage: Stage,
    /// The first entries that do not arrive.
    pub problems: Vec<Problem>,
    /// Where it lands, if it comes here.
    pub folder: Option<PathBuf>,
    /// What the operator is asked: a file of that name is there already.
    pub question: Option<Conflict>,
    /// How many files took the place of others, and how many were left out, by the operator's word; known
    /// where they arrive.
    pub replaced: u32,
    pub skipped: u32,
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What is to be sent is being listed.
    Preparing,
    /// For those before it.
    Waiting,
    Running,
    /// The one at this end who sends stopped it for a while.
    Held,
    /// For the line.
    Paused,
    Over(Ended),
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// But for `missing` entries.
    Done {
        missing: u32,
    },
    /// At this end, or at the other.
    Cancelled {
        here: bool,
    },
    Failed(FileFault),
    /// The user took the right to files back.
    Withdrawn,
    SessionOver,
}

/// An entry that does not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub path: String,
    pub fault: FileFault,
}

impl Transfer {
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(_))
    }

    /// How much of it has arrived, from 0 to 1.
    pub fn fraction(&self) -> f32 {
        let done = self.done_bytes.min(self.bytes);
        let permille = (u128::from(done) * 1000).checked_div(self.bytes.into());
        permille.map_or(0.0, |permille| {
            f32::from(u16::try_from(permille).unwrap_or(1000)) / 1000.0
        })
    }

    /// How long the rest takes, if that can be said.
    pub fn left(&self) -> Option<Duration> {
        let left = self.bytes.saturating_sub(self.done_bytes);
        let is_known = self.bytes_per_second > 0 && self.stage == Stage::Running;
        is_known.then(|| Duration::from_secs(left.div_ceil(self.bytes_per_second)))
    }
}
