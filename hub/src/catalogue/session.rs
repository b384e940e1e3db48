//! Sessions: the catalogue of films (D2).

use std::path::PathBuf;

use protocol::{EndedBy, PeerId, SessionId};

use super::AccountId;

/// A session that ran, as the catalogue shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub id: SessionId,
    /// The display names of all operators who took part, at that time.
    pub operator: String,
    pub host: String,
    pub requester: String,
    pub ticket: Option<u32>,
    pub started_unix_millis: i64,
    pub ended_unix_millis: Option<i64>,
    pub ended_by: Option<EndedBy>,
    /// The recording, relative to the data folder.
    pub film: PathBuf,
    /// Bytes recorded; known when the film is finished.
    pub film_bytes: Option<u64>,
    /// The last hash of the recording's chain; known when the film is finished.
    pub film_head: Option<[u8; 32]>,
}

/// An operator who took part in a session that goes on without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsentMember {
    pub session: SessionId,
    pub operator: PeerId,
    /// The operator's display name.
    pub name: String,
    /// Whose report it is now.
    pub heir: AccountId,
}

/// The word for `by` in lists and logs.
pub fn ended_by_word(by: EndedBy) -> &'static str {
    match by {
        EndedBy::User => "user",
        EndedBy::Operator => "operator",
        EndedBy::HostLost => "host lost",
        EndedBy::OperatorLost => "operator lost",
        EndedBy::CannotRecord => "cannot record",
        EndedBy::HubStopped => "hub stopped",
        EndedBy::Forged => "forged",
        EndedBy::NoCapture => "no screen",
        EndedBy::Administrator => "administrator",
    }
}
