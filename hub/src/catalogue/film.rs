//! Films: how much there is, and what may go.

use std::path::PathBuf;

use protocol::SessionId;

/// All films that can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FilmTotals {
    pub films: u32,
    pub bytes: u64,
    /// Of films that began since the time asked for.
    pub bytes_of_week: u64,
    /// Sessions since that time whose films broke off.
    pub broken: u32,
}

/// A film that rules look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFilm {
    pub session: SessionId,
    pub ended_unix_millis: i64,
    /// The recording, relative to the data folder.
    pub path: PathBuf,
    pub bytes: u64,
}
