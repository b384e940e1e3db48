//! What the engine is told to do and what it tells.

use std::path::PathBuf;
use std::time::Duration;

use protocol::control::{Admission, ChatText, Name};
use protocol::files::TransferId;
use protocol::transfers::Transfer;
use protocol::{
    ChatLine, Companion, EndedBy, Feedback, Hindrance, Hindrances, PeerId, ProxyError, Receipt,
    Refusal, Rights, ScreenMonitor, SessionId, Shield, Shields, SignedReceipt, TooOld,
};
use session::{PairKey, TicketNumber};
use transfer::Consent;
use transport::{CertificateFault, ConnectError, HubAddress};

/// What the person at the host wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostCommand {
    /// Connect where that is needed and come with this ticket (H4).
    OpenTicket { ticket: TicketNumber, user: Name },
    /// Take the place that the hub has given this computer because `operator` knows its access password.
    TakePlace {
        admission: Admission,
        operator: Name,
        pair: PairKey,
    },
    /// One more operator knows it, and may ask in that place.
    Acquaint { operator: Name, pair: PairKey },
    /// The answer to [`HostEvent::ConsentAsked`]; `None` refuses. More than was asked for is cut.
    AnswerConsent {
        session: SessionId,
        granted: Option<Rights>,
    },
    /// Take back whatever `rights` lacks in the running session. Without `see` the session ends.
    ReduceRights { rights: Rights },
    /// Send one of several operators away; with the last one the session ends.
    SendAway { operator: PeerId },
    /// The answer to [`HostEvent::SystemAsked`].
    AnswerSystem { operator: PeerId, allowed: bool },
    /// The answer to [`HostEvent::ShieldAsked`].
    AnswerShield { shield: Shield, allowed: bool },
    /// **End** (H6). [`crate::HostHandle::end_session`] stops everything before this is read.
    EndSession,
    /// A line of chat to the operator.
    SendChat { text: ChatText },
    /// Files and folders for an operator that may have them: this one, or the first.
    SendFiles {
        operator: Option<PeerId>,
        chosen: Vec<PathBuf>,
    },
    /// The answer to [`HostEvent::BrowseAsked`]; also takes back what was allowed.
    AnswerBrowse { operator: PeerId, consent: Consent },
    /// End a transfer with that operator.
    CancelFiles { operator: PeerId, id: TransferId },
    /// Files that operators send land in this folder from the next session on, which is made where it is
    /// missing; without one they are not taken.
    ReceiveInto { folder: Option<PathBuf> },
    /// How a session was that is over. Kept until it is stored, over as many connections as that takes.
    Rate {
        session: SessionId,
        feedback: Feedback,
    },
    /// End everything and hang up; another ticket may follow. Also the answer to an operator who asks
    /// again and again.
    Leave,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostEvent {
    Connecting,
    Connected,
    /// The ticket was not accepted; the connection stands, another ticket may follow.
    TicketRefused(Refusal),
    /// This ticket was tried too often on this computer; only a new one helps.
    TicketSpent,
    /// The operator's console has proved that it made this ticket.
    TicketAccepted {
        operator: Name,
    },
    /// The operator asks to be let in (H5).
    ConsentAsked {
        session: SessionId,
        operator: Name,
        asked: Rights,
        /// It was asked several times without a yes: offer to send the operator away.
        insistent: bool,
        /// Who brings this operator into the session that runs.
        brought_by: Option<Name>,
    },
    ConsentWithdrawn {
        session: SessionId,
    },
    /// The operator sees the screen from now on.
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
    /// What the operators may do is less now.
    RightsReduced {
        session: SessionId,
        rights: Rights,
    },
    /// Nothing of this machine is seen or touched any more.
    SessionEnded {
        session: SessionId,
        cause: EndCause,
        lasted: Duration,
    },
    /// The line to the operator is gone: nothing is seen or touched until it is back.
    SessionPaused {
        session: SessionId,
    },
    /// The line is back, and the session goes on.
    SessionResumed {
        session: SessionId,
    },
    /// This computer's own connection is lost; the engine tries to get it back.
    Reconnecting,
    /// The connection is back.
    Reconnected,
    /// A line of the operator's.
    ChatReceived(ChatLine),
    /// A line could not be taken, because too many wait to be heard; here it is again.
    ChatNotSent {
        text: ChatText,
    },
    /// The operator is out of reach (or back).
    OperatorPresent(bool),
    /// An operator wants to know what computer this is and what it is busy with; told once for each unless
    /// the user says no, or the line is lost.
    SystemAsked {
        session: SessionId,
        operator: PeerId,
        name: Name,
    },
    /// An operator wishes that the user's keyboard and mouse do nothing, or that their screen is dark.
    ShieldAsked {
        session: SessionId,
        operator: PeerId,
        name: Name,
        shield: Shield,
    },
    /// How these stand now. A question for one that is not `Asked` is over.
    Shields {
        session: SessionId,
        shields: Shields,
    },
    /// The monitors of this machine, the primary one first; told when that changes, the first time before any
    /// ticket.
    Monitors(Vec<ScreenMonitor>),
    /// The monitor that is shared alone was unplugged: the session is paused, as if the user had.
    MonitorGone {
        session: SessionId,
    },
    /// Which operators have paused; where all have, nothing is captured.
    Resting {
        session: SessionId,
        by: Vec<Name>,
    },
    /// Which administrators of the hub watch the session now.
    Watched {
        session: SessionId,
        by: Vec<Name>,
    },
    /// Whose help desk it is, as the hub says of itself; empty where that is not set. Told in each
    /// connection that is the first to say so, and when it changes.
    Organisation(Name),
    /// The receipt of a session that is over; the hub's own key has signed it.
    Receipt(Box<CheckedReceipt>),
    /// What came as a receipt is none that the hub has signed.
    ReceiptForged,
    /// What [`HostCommand::Rate`] gave is stored, or is not.
    FeedbackTaken {
        session: SessionId,
        stored: bool,
    },
    /// There is no connection, and the ticket was not used.
    ConnectionFailed(ConnectProblem),
    /// The connection ended after the ticket was accepted.
    ConnectionLost(LostCause),
    /// Files between this computer and an operator; told when something of it has changed.
    Transfer {
        operator: PeerId,
        transfer: Transfer,
    },
    /// An operator wants to look through this computer's folders, to fetch files and to put some there.
    BrowseAsked {
        operator: PeerId,
    },
    /// What hinders on this machine now; told when it changes, the first time before any ticket.
    Hindered(Hindrances),
    /// Something on this machine does not work; what still works goes on.
    Trouble(Trouble),
}

/// A receipt, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedReceipt {
    pub receipt: Receipt,
    pub signed: SignedReceipt,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCause {
    /// As the hub says, or because of the person at the host.
    By(EndedBy),
    /// The screen could not be captured.
    NoCapture,
    /// The operator's console reads no format of pictures that this build makes.
    NoCommonFormat,
    /// Something arrived that the operator's console did not make as it is. The hub, or somebody in it,
    /// tried to act in the operator's name.
    Forged,
    /// The connection to the hub ended.
    ConnectionLost,
}

/// Why the connection ended after a good beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostCause {
    /// No sign of life.
    Silence,
    /// The hub said why.
    Refused(Refusal),
    /// The hub closed in good order: the operator disconnected this computer.
    Closed,
    /// The hub said something that makes no sense.
    Nonsense,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectProblem {
    /// The hub's name is not known.
    UnknownName {
        host: String,
    },
    NoAnswer {
        hub: HubAddress,
    },
    /// Another computer answers under the hub's address (E2).
    ForeignKey,
    /// Nobody vouches for the hub's name.
    Certificate {
        hub: HubAddress,
        fault: CertificateFault,
    },
    /// The hub does not know the ticket's secret digits, yet says that a console does.
    FalseConsole,
    /// The hub speaks no version that this program speaks.
    OtherVersion {
        hub: HubAddress,
        too_old: TooOld,
    },
    Refused(Refusal),
    /// A proxy is in the way.
    Proxy(ProxyError),
    /// The system finds its proxy by a script, which nobody here runs.
    ProxyScript,
    /// The hub said something that makes no sense.
    Nonsense,
    Failed {
        detail: String,
    },
}

impl From<ConnectError> for ConnectProblem {
    fn from(error: ConnectError) -> Self {
        // the error may grow variants; what is not known here still has its sentence
        #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is non-exhaustive")]
        match error {
            ConnectError::UnknownName { host } => Self::UnknownName { host },
            ConnectError::NoAnswer { hub } => Self::NoAnswer { hub },
            ConnectError::ForeignKey => Self::ForeignKey,
            ConnectError::Certificate { hub, fault } => Self::Certificate { hub, fault },
            ConnectError::OtherVersion { hub, too_old } => Self::OtherVersion { hub, too_old },
            ConnectError::Refused(refusal) => Self::Refused(refusal),
            ConnectError::Proxy(error) => Self::Proxy(error),
            ConnectError::ProxyScript => Self::ProxyScript,
            other => Self::Failed {
                detail: other.to_string(),
            },
        }
    }
}

/// What does not work on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The screen cannot be captured; the session ends.
    NoCapture {
        detail: String,
        /// As people are told.
        why: Hindrance,
    },
    /// Keyboard and pointer cannot be driven; the operator can only watch.
    NoInput {
        detail: String,
        /// As people are told.
        why: Hindrance,
    },
}
