//! What a recording holds.

use bytes::Bytes;

/// Largest screen or pointer update in a recording, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 9 * 1024 * 1024;
/// Longest chat line, name in a chat line, or note, in bytes.
pub const MAX_TEXT_BYTES: usize = 32 * 1024;
/// Longest text of the [`RecordingMeta`], in bytes.
pub const MAX_META_TEXT_BYTES: usize = 1024;

/// Which session a recording is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingMeta {
    pub session: u64,
    /// The operator's display name.
    pub operator: String,
    /// The user's name as typed in Helpme.
    pub requester: String,
    /// The host's computer name.
    pub host: String,
    /// The route of the ticket the host came with.
    pub ticket: Option<u32>,
    /// Milliseconds since the Unix epoch (hub's clock); the zero of every entry's time.
    pub started_unix_millis: i64,
    /// The version of the hub that recorded.
    pub hub_version: String,
}

/// One thing that happened in the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Microseconds since the session started (hub's clock).
    pub at_micros: u64,
    pub body: Body,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A screen update as the host sent it. A player can begin where `is_reset` is true.
    Screen {
        seq: u64,
        is_reset: bool,
        payload: Bytes,
    },
    /// A pointer update as the host sent it.
    Pointer(Bytes),
    /// A line of chat.
    Chat {
        author: ChatAuthor,
        name: String,
        text: String,
    },
    Event(Event),
}

/// What else belongs on the time line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The session began with these rights.
    Started { rights: Rights },
    /// The user took rights back.
    RightsChanged { rights: Rights },
    /// The session is over; the last entry of a finished recording.
    Ended { by: EndedBy },
    /// Anything else worth a mark, in plain words.
    Note(String),
}

/// What the operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    pub see: bool,
    pub control: bool,
    pub files: bool,
}

/// Who wrote a line of chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatAuthor {
    User,
    Operator,
}

/// Who or what ended the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The user ended it or left.
    User,
    /// The operator ended it or left.
    Operator,
    /// The user's computer was out of reach for too long.
    HostLost,
    /// The operator's console was out of reach for too long.
    OperatorLost,
    /// The recording could not be written.
    CannotRecord,
    /// The hub went down, in good order or not.
    HubStopped,
}

// INVARIANT: the numbers below stand in files; they never change their meaning and are never used
// again.

impl Rights {
    pub(crate) fn to_bits(self) -> u8 {
        u8::from(self.see) | u8::from(self.control) << 1 | u8::from(self.files) << 2
    }

    pub(crate) fn from_bits(bits: u8) -> Option<Self> {
        (bits < 8).then_some(Self {
            see: bits & 1 != 0,
            control: bits & 2 != 0,
            files: bits & 4 != 0,
        })
    }
}

impl ChatAuthor {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::User => 1,
            Self::Operator => 2,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        [Self::User, Self::Operator]
            .into_iter()
            .find(|author| author.number() == number)
    }
}

impl EndedBy {
    const ALL: [Self; 6] = [
        Self::User,
        Self::Operator,
        Self::HostLost,
        Self::OperatorLost,
        Self::CannotRecord,
        Self::HubStopped,
    ];

    pub(crate) fn number(self) -> u8 {
        match self {
            Self::User => 1,
            Self::Operator => 2,
            Self::HostLost => 3,
            Self::OperatorLost => 4,
            Self::CannotRecord => 5,
            Self::HubStopped => 6,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.number() == number)
    }
}
