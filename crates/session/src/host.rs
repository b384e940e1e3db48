//! The host's side of an assistance, without the network.
//!
//! The ticket's key exchange, the channels to the operators, their questions, and what may start when. The
//! hub is taken for hostile: nobody is let in whom the user did not allow, never with more than was
//! allowed (H5), and what an operator says counts only with that operator's proof.
//!
//! A second operator is learnt of through one who takes part already (O11): that one gives the ticket
//! of a colleague's console, sealed from the hub, and the two ends meet over it as the first two did.

mod acquaintance;
mod chat;
mod colleague;
mod equipment;
mod files;
mod greeting;
mod hindered;
mod organisation;
mod pairing;
mod question;
mod receipt;
mod rest;
mod resume;
mod sessions;
mod shares_only;
mod shield;
mod system;
mod unattended;
mod withheld;

use std::time::Duration;

use protocol::control::{Admission, ChatText, Name};
use protocol::files::FilesWord;
use protocol::{
    Companion, EndedBy, Hindrances, HostToHub, HubToHost, Outcome, PeerId, Refusal, Rights,
    SessionId, Shield, Shields, SignedReceipt,
};

use crate::channel::{LaneKeys, PictureKey};
use crate::grant::Grant;
use acquaintance::Acquaintance;
use colleague::Coming;
use organisation::Organisation;
use pairing::{Tried, Try};
use question::Question;
use receipt::Opinion;
use sessions::Live;
pub use system::SystemQuestion;

/// Who is at the host, as the operator will read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub computer: Name,
    pub user: Name,
    pub system: Name,
}

/// What only the outside knows.
#[derive(Debug, Clone, Copy)]
pub struct Outside {
    /// Time since the program started.
    pub now: Duration,
    /// Fresh randomness.
    pub random: [u8; 32],
    /// The number of the last input frame of the running session that was taken.
    pub input_taken: u64,
}

/// What is to be done, in order.
#[derive(Debug)]
pub enum HostStep {
    Send(HostToHub),
    Tell(HostNews),
    /// Everything is agreed with one operator: capture and injection may begin, or begin again for it
    /// after a pause.
    Start(Box<Agreement>),
    /// Every operator has no more than these rights.
    Reduce(Rights),
    /// The line to an operator is gone: nothing is captured for it, and what it holds is let go. The
    /// session stands.
    Pause {
        session: SessionId,
        operator: PeerId,
    },
    /// An operator that may have files says something of them.
    Files {
        operator: PeerId,
        word: FilesWord,
    },
    /// Look what computer this is; [`HostSide::tell_system`] tells the operator.
    LookAtSystem(SystemQuestion),
    /// Put a shield up, or take it down; [`HostSide::shield_is`] tells what comes of it.
    Shield {
        shield: Shield,
        up: bool,
    },
    /// All operators have paused: nothing is captured. Or one of them looks again.
    Rest(bool),
    /// An operator takes part no more; the others do.
    Leave {
        session: SessionId,
        operator: PeerId,
    },
    Stop {
        session: SessionId,
        cause: StopCause,
    },
    /// The hub says good-bye.
    HangUp(Refusal),
}

/// What the user is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostNews {
    /// The ticket was not accepted; another may follow.
    TicketRefused(Refusal),
    /// This ticket was tried too often here; only a new one helps.
    TicketSpent,
    /// The operator's console has proved that it made this ticket.
    TicketAccepted {
        operator: Name,
    },
    /// An operator asks to be let in.
    ConsentAsked {
        session: SessionId,
        operator: Name,
        asked: Rights,
        /// Several times without a yes.
        insistent: bool,
        /// Who brings this operator into a session that runs.
        brought_by: Option<Name>,
    },
    ConsentWithdrawn {
        session: SessionId,
    },
    SessionStarted {
        session: SessionId,
        operator: Name,
        rights: Rights,
    },
    /// Who sees the screen now, in the order in which they came, and who has keyboard and pointer.
    Company {
        session: SessionId,
        operators: Vec<Companion>,
        driver: Option<PeerId>,
    },
    /// Nothing is seen or touched until the line is back.
    SessionPaused {
        session: SessionId,
    },
    SessionResumed {
        session: SessionId,
    },
    /// A line of chat; the time is the hub's.
    ChatReceived {
        operator: Name,
        at_unix_seconds: i64,
        text: ChatText,
    },
    OperatorPresent(bool),
    /// An operator wants to know what computer this is; [`HostSide::answer_system`] answers.
    SystemAsked {
        session: SessionId,
        operator: PeerId,
        name: Name,
    },
    /// An operator wishes a shield up; [`HostSide::answer_shield`] answers.
    ShieldAsked {
        session: SessionId,
        operator: PeerId,
        name: Name,
        shield: Shield,
    },
    /// How the shields stand now. A question for one that is not `Asked` is over.
    Shields {
        session: SessionId,
        shields: Shields,
    },
    /// Which of the operators have paused.
    Resting {
        session: SessionId,
        by: Vec<Name>,
    },
    /// Which administrators of the hub watch the session.
    Watched {
        session: SessionId,
        by: Vec<Name>,
    },
    /// This host has its place again after its own line was lost.
    Resumed,
    /// Whose help desk it is, as the hub says; empty where that is not set. Told when it is news.
    Organisation(Name),
    /// The receipt of a session that is over. Nobody has looked yet who signed it.
    Receipt(SignedReceipt),
    /// What the user said of a session is stored, or is not.
    FeedbackTaken {
        session: SessionId,
        outcome: Outcome,
    },
}

/// Why a session stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    By(EndedBy),
    /// The hub, or somebody in it, said something in the operator's name.
    Forged,
    /// The place at the hub is gone, and the session with it.
    ConnectionLost,
}

/// What one operator may do in a session, as both sides agreed.
#[derive(Debug)]
pub struct Agreement {
    pub session: SessionId,
    pub operator: PeerId,
    pub operator_name: Name,
    pub grant: Grant,
    pub lanes: LaneKeys,
    pub picture_key: PictureKey,
    /// The oldest and newest format of pictures that the console reads.
    pub formats: (u16, u16),
}

/// The hub breaks the rules; the connection must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    #[error("the hub said {said} at the wrong time")]
    OutOfPlace { said: &'static str },
    #[error("the operator's half of the key exchange is malformed")]
    MalformedExchange,
    #[error("the operator's console could not prove that it knows the ticket")]
    FalseConsole,
    #[error("the hub started a session that was not allowed")]
    NotAllowed,
    #[error("a word in the operator's name did not come from there as it is")]
    Forged,
}

#[derive(Debug)]
enum Stage {
    /// Without a ticket.
    Idle,
    /// A ticket waits for its answer.
    Opening(Try),
    /// In the operator's list.
    Admitted(Box<Admitted>),
}

#[derive(Debug)]
struct Admitted {
    admission: Admission,
    /// The operator whose ticket it came with, and the colleagues that were brought in since.
    operators: Vec<Acquaintance>,
    /// One at a time.
    question: Option<Question>,
    live: Option<Live>,
    coming: Option<Coming>,
    /// What the user said of a session, until it is stored.
    opinion: Option<Opinion>,
    /// Nobody sits here: it was opened with the computer's access password.
    unattended: bool,
}

/// The host's side: lives as long as the program, over any number of connections.
#[derive(Debug)]
pub struct HostSide {
    caller: Caller,
    stage: Stage,
    tried: Tried,
    /// What this computer cannot do.
    hindrances: Hindrances,
    organisation: Organisation,
    /// The base of our chat lines' numbers.
    chat_base: u64,
}

impl HostSide {
    /// Nobody is connected. `chat_base` is higher than for any earlier run of the program.
    pub fn new(caller: Caller, chat_base: u64) -> Self {
        Self {
            caller,
            stage: Stage::Idle,
            tried: Tried::default(),
            hindrances: Hindrances::NONE,
            organisation: Organisation::default(),
            chat_base,
        }
    }

    /// Whether the operator's console has proved itself.
    pub fn admitted(&self) -> bool {
        matches!(self.stage, Stage::Admitted(_))
    }

    /// Whether a ticket waits for its answer.
    pub fn opening(&self) -> bool {
        matches!(self.stage, Stage::Opening(_))
    }

    /// Takes what the hub said.
    ///
    /// # Errors
    ///
    /// [`HostFault`]; the connection must end then, and [`Self::give_up`] follows.
    pub fn hear(
        &mut self,
        message: HubToHost,
        outside: Outside,
    ) -> Result<Vec<HostStep>, HostFault> {
        match message {
            HubToHost::TicketRefused { refusal } => self.ticket_refused(refusal),
            HubToHost::TicketAnswered { operator, exchange } => self.answered(operator, &exchange),
            HubToHost::TicketAccepted { proof, admission } => self.accepted(&proof, admission),
            HubToHost::Resumed { running, ended } => self.resumed(&running, &ended),
            HubToHost::ResumeRefused { refusal } => self.resume_refused(refusal),
            HubToHost::Greeted { from, greeting } => self.greeted(from, &greeting, outside),
            HubToHost::Said {
                from,
                at_unix_seconds,
                word,
            } => self.said(from, at_unix_seconds, &word, outside.now),
            HubToHost::ConsentAsked {
                session,
                from,
                word,
            } => self.asked(session, from, &word, outside.now),
            HubToHost::ConsentWithdrawn { session } => self.withdrawn(session),
            HubToHost::SessionStarted { session } => self.started(session),
            HubToHost::SessionEnded { session, by } => self.ended(session, by),
            HubToHost::OperatorPresent { operator, present } => {
                self.operator_present(operator, present)
            }
            HubToHost::Goodbye { refusal } => Ok(vec![HostStep::HangUp(refusal)]),
            HubToHost::OperatorLeft { session, operator } => self.operator_left(session, operator),
            HubToHost::Watched { session, by } => self.watched(session, by),
            HubToHost::Organisation { name } => Ok(self.organisation.is(name)),
            HubToHost::Receipt { signed } => self.receipt(signed),
            HubToHost::FeedbackTaken { session, outcome } => self.feedback_taken(session, outcome),
            // it is no permanent host
            HubToHost::Knocked { .. } => out_of_place("Knocked"),
            HubToHost::KnockProved { .. } => out_of_place("KnockProved"),
            HubToHost::KnockAdmitted { .. } => out_of_place("KnockAdmitted"),
            HubToHost::HostAccepted { .. } => out_of_place("HostAccepted"),
            HubToHost::HostRefused { .. } => out_of_place("HostRefused"),
            HubToHost::Wake { .. } => out_of_place("Wake"),
        }
    }

    /// What an admitted host has; `None` before.
    fn admitted_mut(&mut self) -> Option<&mut Admitted> {
        match &mut self.stage {
            Stage::Admitted(admitted) => Some(admitted),
            Stage::Idle | Stage::Opening(_) => None,
        }
    }

    /// The same where the hub `said` what only an admitted host may hear.
    fn admitted_for(&mut self, said: &'static str) -> Result<&mut Admitted, HostFault> {
        self.admitted_mut().ok_or(HostFault::OutOfPlace { said })
    }
}

fn out_of_place<T>(said: &'static str) -> Result<T, HostFault> {
    Err(HostFault::OutOfPlace { said })
}
