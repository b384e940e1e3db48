//! What a recording holds.

use bytes::Bytes;

use crate::event::Event;

/// Largest screen or pointer update in a recording, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 9 * 1024 * 1024;
/// Longest chat line, name in a chat line or event, or note, in bytes.
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

impl Entry {
    /// The moment that this is about, in microseconds since the session started: that of the entry, or
    /// the one before it that was marked.
    pub fn moment_micros(&self) -> u64 {
        match &self.body {
            Body::Event(Event::Marked { ago_millis, .. }) => {
                let ago_micros = u64::from(*ago_millis) * 1000;
                self.at_micros.saturating_sub(ago_micros)
            }
            Body::Event(_) | Body::Chat { .. } | Body::Screen { .. } | Body::Pointer(_) => {
                self.at_micros
            }
        }
    }
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

/// Who wrote a line of chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatAuthor {
    User,
    Operator,
}

// INVARIANT: the numbers below stand in files; they never change their meaning and are never used
// again.

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
