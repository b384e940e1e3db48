//! What the two ends of an assistance say to each other: words that the hub reads, stores and
//! forwards but cannot make, change, repeat or reorder unnoticed (`session::channel`). It can leave one
//! out, as a cut line can: what must arrive is said until it is heard.
//!
//! The hub acts on the same bytes that the other end checks, so it cannot tell each a different
//! story.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::control::{ChatText, Name};
use crate::equipment::Equipment;
use crate::files::FilesWord;
use crate::hindrance::Hindrances;
use crate::ids::{PeerId, SessionId};
use crate::refusal::Refusal;
use crate::rights::Rights;
use crate::shield::{Shield, Shields};
use crate::system::SystemAnswer;

/// A message from one end to the other, and the proof that it comes from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// Counts the words of one direction of a channel from 1.
    pub number: u64,
    /// An [`OperatorWord`] or [`HostWord`]; at most [`crate::limits::MAX_WORD_BYTES`].
    pub body: Bytes,
    pub tag: [u8; 16],
}

/// Opens a channel between two ends that share a ticket's key, and shows that they do. The hub only
/// carries it. The console begins; the host answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// An X25519 public key, used for this channel alone.
    pub public: [u8; 32],
    /// From the host: the public key that it answers; zeros from the console.
    pub answers: [u8; 32],
    /// A [`HostState`] from the host; empty from the console.
    pub state: Bytes,
    pub proof: [u8; 32],
}

/// What the host tells with its greeting: where things stand on its side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostState {
    pub computer: Name,
    pub user: Name,
    pub system: Name,
    /// The highest line of chat that was heard from this console.
    pub heard: u64,
    /// The session that goes on in the new channel.
    pub live: Option<LiveState>,
}

/// A session that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveState {
    pub session: SessionId,
    pub rights: Rights,
    /// The number of the last input frame that was taken.
    pub input_taken: u64,
}

/// Says an operator to a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperatorWord {
    /// May I come in? (H5)
    Ask {
        asked: Rights,
        operator: Name,
        /// The oldest and newest format of pictures that the console reads.
        formats: (u16, u16),
    },
    /// A line of chat. Lines are numbered upwards; the same number is the same line.
    Chat { line: u64, text: ChatText },
    /// Chat is heard up to this line.
    Heard { line: u64 },
    /// Bring a colleague into the session: come to the one whose ticket this is, too (O11). The user is
    /// asked when that operator asks to be let in.
    BringIn {
        session: SessionId,
        /// Counts these words in one channel from 1; a part of what the ticket is sealed with.
        attempt: u64,
        /// The ticket's digits, sealed for the host: the hub must not learn the secret ones.
        ticket: Bytes,
    },
    /// Of files, with the right to them.
    Files { session: SessionId, word: FilesWord },
    /// What computer is it, and what is it busy with? The user is asked before this operator is told for the
    /// first time.
    AskSystem {
        session: SessionId,
        /// Counts these words in a session from 1.
        attempt: u64,
    },
    /// Put a shield up, for which the user is asked, or take it down.
    Shield {
        session: SessionId,
        shield: Shield,
        up: bool,
    },
    /// This operator pauses, or goes on. While all of a session do, nothing is captured.
    Rest { session: SessionId, resting: bool },
}

/// What became of [`OperatorWord::BringIn`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BroughtIn {
    /// The colleague's console has proved that it made the ticket, and may ask now.
    Met { operator: Name },
    /// The hub or the colleague's console did not accept the ticket.
    Refused(Refusal),
    /// This ticket was tried too often on the host; only a new one helps.
    Spent,
    /// Another colleague is being brought in at this moment, or there are too many already.
    Busy,
}

/// Somebody who takes part in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Companion {
    pub operator: PeerId,
    pub name: Name,
    pub rights: Rights,
}

/// Says a host to an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostWord {
    /// The user answered. `granted` of `None` is a refusal; otherwise it holds no right that was not
    /// asked for.
    Answer {
        session: SessionId,
        granted: Option<Rights>,
        /// The key that pictures are vouched for with, sealed for the console; empty in a refusal.
        picture_key: Bytes,
    },
    /// The user grants less than before.
    Reduce { session: SessionId, rights: Rights },
    /// A line of chat. Lines are numbered upwards; the same number is the same line.
    Chat { line: u64, text: ChatText },
    /// Chat is heard up to this line.
    Heard { line: u64 },
    /// So many input frames came too late, and nothing was done with them.
    InputTooOld { session: SessionId, count: u32 },
    /// What became of a colleague who was to be brought in.
    BroughtIn {
        session: SessionId,
        attempt: u64,
        outcome: BroughtIn,
    },
    /// Who takes part in the session, in the order in which they came, and who has keyboard and
    /// pointer (`None`: nobody but the user). Said to each whenever it changes.
    Company {
        session: SessionId,
        operators: Vec<Companion>,
        driver: Option<PeerId>,
    },
    /// A line of chat that another operator wrote; numbered as the host's own lines are.
    ChatOf {
        line: u64,
        operator: Name,
        text: ChatText,
    },
    /// What the host cannot do, and why; said in each new channel if there is anything, and whenever it
    /// changes. A console that does not know the word is granted no more than the host can do, too.
    Hindered(Hindrances),
    /// So many presses and texts could not be done: the host has no way to type them.
    InputImpossible { session: SessionId, count: u32 },
    /// How the way to this operator is, as the host sees it. Said at most once a second, and only when
    /// something in it has changed.
    Line { session: SessionId, line: HostLine },
    /// Of files, with the right to them.
    Files { session: SessionId, word: FilesWord },
    /// The user has paused: nothing is captured, and no input is done, until the user goes on. Said in
    /// each new channel of a session in which that ever was, and whenever it changes.
    Withheld { session: SessionId, withheld: bool },
    /// What became of [`OperatorWord::AskSystem`].
    System {
        session: SessionId,
        attempt: u64,
        answer: SystemAnswer,
    },
    /// How the shields stand; said in each new channel, and whenever it changes. A host that never says it
    /// has none.
    Shields {
        session: SessionId,
        shields: Shields,
    },
    /// The user shares this monitor alone, or all there are; said in each new channel where it is one, and
    /// whenever it changes.
    SharesOnly {
        session: SessionId,
        monitor: Option<Name>,
    },
    /// What the host's desk is equipped with; said in each new channel of a session, and whenever it changes. A
    /// console that does not know the word passes it over.
    Equipped {
        session: SessionId,
        equipment: Equipment,
    },
}

/// The way to an operator as the host sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostLine {
    /// From the host to the hub and back, in milliseconds.
    pub to_hub_millis: u32,
    /// From the host to the operator and back, in milliseconds: the shortest of the last seconds, by
    /// what the operator's console acknowledged; 0 where that was nothing.
    pub to_operator_millis: u32,
    /// What the whole way carries, in bytes per second; `None` where it has not been the limit lately.
    pub bytes_per_second: Option<u32>,
    /// How many of a thousand packets to the hub were lost in the last seconds; `None` in a tunnel, where
    /// nobody is told.
    pub lost_permille: Option<u16>,
    /// For how much of the time the host has been busy with pictures, in hundredths.
    pub busy_percent: u8,
}
