//! Films: the catalogue, one film's bytes for a player, and how long films are kept (D2, D3, D5).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::reports::Language;
use super::{Page, Rows};
use crate::control::{EndedBy, Name};
use crate::ids::{SessionId, TicketRoute};
use crate::text::BoundedText;

/// Most bytes of a recording in one answer.
pub const MAX_PART_BYTES: usize = 768 * 1024;

/// Most bytes of a small picture.
pub const MAX_PICTURE_BYTES: usize = 64 * 1024;

/// Whoever asks nothing about a running session for so long watches it no more.
pub const WATCHING_SECONDS: u64 = 5;

/// Why a film is held or erased.
pub type Reason = BoundedText<512>;
/// The display names of all operators in a session.
pub type Names = BoundedText<1024>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// Films that pass the filter.
    List {
        filter: Filter,
        sort: Sort,
        page: Page,
    },
    /// One film, and who watched it.
    Facts { session: SessionId },
    /// Bytes of a finished recording from `offset` on. The first part that a window asks for is noted in
    /// the audit log before it is given, as watching.
    Part { session: SessionId, offset: u64 },
    /// Notes in the audit log that a film is about to be exported; ask before anything is written.
    Exporting { session: SessionId },
    /// Keeps a film whatever the rules say. With a reason, which replaces an earlier one.
    Hold { session: SessionId, reason: Reason },
    /// Lets the rules have a film again.
    Release { session: SessionId },
    /// Removes a film and its chat for good; its trace stays. A held film is released first.
    Erase { session: SessionId, reason: Reason },
    /// What the film of a running session has from `place` on. Whoever asks watches the session, which
    /// everybody in it is told, until they [stop](Self::StopWatching) or have asked nothing for
    /// [`WATCHING_SECONDS`].
    Watch { session: SessionId, place: Place },
    /// Whoever asks watches the session no more.
    StopWatching { session: SessionId },
    /// Makes a proof bundle of a finished film: noted in the audit log as an export first. It has the
    /// report as a document in this language, with the local times of this zone (of the IANA data
    /// base). Each sign-in has one bundle at a time; a new one takes the place of the one before.
    Bundle {
        session: SessionId,
        language: Language,
        zone: Name,
    },
    /// Bytes of a bundle from `offset` on, once it is made.
    BundlePart { bundle: u32, offset: u64 },
    /// The bundle is fetched, or not wanted any more; one in the making is given up.
    ForgetBundle { bundle: u32 },
    /// A small picture of how a finished film begins, for a list.
    Picture { session: SessionId },
}

/// A place in the stream of a recording that is being written. The default is its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// So many entries are behind; what says whose recording it is counts as the first.
    pub items: u64,
    /// And so many bytes of the next one.
    pub bytes: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Films(Rows<Film>),
    Facts(Box<Facts>),
    Part {
        /// The size of the whole recording, or bundle.
        whole_bytes: u64,
        /// From the offset asked for; at most [`MAX_PART_BYTES`], and none behind the end.
        bytes: Bytes,
    },
    Done,
    /// What was recorded since; at most [`MAX_PART_BYTES`].
    Watched {
        bytes: Bytes,
        /// Where to go on.
        next: Place,
        /// The session is over, and this is the last of it.
        is_over: bool,
    },
    /// A bundle is being made.
    Bundle {
        bundle: u32,
        /// What a file of it is called.
        file_name: Name,
    },
    /// The bundle is not made yet; ask again. How much of it is, in thousandths.
    Making {
        thousandths: u16,
    },
    /// A PNG of at most [`MAX_PICTURE_BYTES`]; empty where the film has no picture.
    Picture {
        png: Bytes,
    },
}

/// Which films; what is `None` or empty lets all pass. Texts are found anywhere in a name, in any case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filter {
    pub operator: Name,
    pub requester: Name,
    pub host: Name,
    /// Started at or after this time, in milliseconds since the Unix epoch, ...
    pub since_unix_millis: Option<i64>,
    /// ... and before this one.
    pub until_unix_millis: Option<i64>,
    pub standing: Option<Standing>,
    pub held: Option<bool>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sort {
    pub by: Column,
    /// Smallest, first in the alphabet or oldest above all others.
    pub ascending: bool,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Column {
    #[default]
    Started,
    Duration,
    Operators,
    Requester,
    Host,
    Bytes,
}

/// What there is of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// The session goes on.
    Running,
    /// It can be watched.
    Finished,
    /// Only its trace is left.
    Erased,
}

/// A film in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Film {
    pub session: SessionId,
    pub operators: Names,
    pub requester: Name,
    pub host: Name,
    pub ticket: Option<TicketRoute>,
    pub started_unix_millis: i64,
    /// `None` while it runs.
    pub ended_unix_millis: Option<i64>,
    pub ended_by: Option<EndedBy>,
    /// What was recorded; `None` while it runs.
    pub bytes: Option<u64>,
    pub standing: Standing,
    pub held: Option<Hold>,
}

/// A film that the rules do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub by: Name,
    pub since_unix_millis: i64,
    pub reason: Reason,
}

/// All that is known of one film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub film: Film,
    /// The head of its chain of hashes; known when it is finished.
    pub head: Option<[u8; 32]>,
    /// When the rules let it go; `None` where they do not.
    pub kept_until_unix_millis: Option<i64>,
    pub erased: Option<Erased>,
    /// Who watched or exported it, newest first, [`Facts::MOST_USES`] at most.
    pub uses: Vec<Use>,
}

impl Facts {
    /// Most rows in [`Facts::uses`].
    pub const MOST_USES: u16 = 100;
}

/// What is left of a film that was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    pub at_unix_millis: i64,
    pub by: Name,
    pub why: Erasure,
    pub reason: Reason,
}

/// Why a film was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Erasure {
    /// Somebody asked for it.
    Privacy,
    /// Its time was over.
    Retention,
    /// Films took more room than they may.
    Quota,
}

/// Somebody watched or exported a film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    pub at_unix_millis: i64,
    pub by: Name,
    pub what: UseKind,
}

/// What somebody did with a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UseKind {
    Watched,
    Exported,
}
