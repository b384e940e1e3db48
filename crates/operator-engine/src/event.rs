//! What happened, for whoever draws it.

use std::fmt;
use std::sync::Arc;

use protocol::admin::reports::{Field, FieldValue, ReportRow};
use protocol::browse::{BrowseAnswer, ListingPart};
use protocol::clipboard::ClipboardFault;
use protocol::control::{ChatLine, ChatText, Name};
use protocol::transfers::Transfer;
use protocol::{
    BroughtIn, Companion, EndedBy, Equipment, Feedback, Hindrances, Outcome, OwnAnswer, PeerId,
    Permissions, Proposal, Refusal, ReportDraft, ReportFacts, ReportId, Rights, SessionId, Shields,
    TicketRoute, TicketState, WakeNews,
};
pub use session::console::{NotStarted, ShownScreen, SystemTold};
use tokio::sync::mpsc;
use transport::ConnectError;

use crate::input_path::InputSender;
use crate::notes::Notes;
use crate::quality::LineQuality;
use crate::wish_path::WishSender;

/// Why a log-in failed (O5).
#[derive(Debug, Clone)]
pub enum LogInProblem {
    /// The hub was not reached.
    NotReached(Arc<ConnectError>),
    /// The hub said no.
    Refused(Refusal),
}

/// Something that happened.
#[non_exhaustive]
pub enum Event {
    Connecting,
    LoggedIn {
        you: PeerId,
        display_name: Name,
    },
    /// The password is right; the hub waits a minute for a code of the second factor
    /// ([`crate::Command::GiveCode`]).
    CodeWanted,
    /// What the operator's role permits from now on.
    Permitted(Permissions),
    /// The hub has a page for users, here.
    Page(String),
    /// Whose help desk it is, as the hub says of itself; told after the log-in where it is set, and when it
    /// changes.
    Organisation(Name),
    /// No log-in, and no more tries.
    LogInFailed(LogInProblem),
    /// The connection is lost or could not be made; the engine tries again after `retry_in_millis`.
    ConnectionLost {
        retry_in_millis: u64,
    },
    /// Left: wished for (`None`), or the hub does not want this console any longer.
    LoggedOut(Option<Refusal>),
    /// A ticket exists. `spoken` is for the operator's eyes: never log it.
    TicketGenerated {
        route: TicketRoute,
        spoken: String,
        valid_seconds: u32,
    },
    /// A ticket from before the program was started anew still stands; told after the log-in.
    TicketKept {
        route: TicketRoute,
        spoken: String,
        valid_seconds: u32,
    },
    /// A ticket from before the program was started anew, with which `host` came; told after the
    /// log-in. The host may have left since.
    TicketWasUsed {
        route: TicketRoute,
        spoken: String,
        host: PeerId,
    },
    /// The hub made no ticket.
    TicketRefused(Refusal),
    TicketChanged {
        route: TicketRoute,
        state: TicketState,
    },
    /// An open ticket is good for so long from now on.
    TicketExtended {
        route: TicketRoute,
        valid_seconds: u32,
    },
    /// Somebody typed one of this console's tickets with wrong last digits.
    TicketGuessed {
        route: TicketRoute,
    },
    /// The host behind a ticket stands in the list now.
    TicketUsed {
        route: TicketRoute,
        host: PeerId,
    },
    /// The user is being asked; the question can be taken back with `EndSession`.
    ConsentPending {
        session: SessionId,
        host: PeerId,
    },
    SessionRefused {
        host: PeerId,
        why: NotStarted,
    },
    /// The access password was right: the permanent host stands in the list as `place` now, and is asked
    /// for a session there.
    HostOpened {
        host: PeerId,
        place: PeerId,
    },
    HostNotOpened {
        host: PeerId,
        why: NotStarted,
    },
    /// What becomes of waking a permanent host.
    Waking {
        host: PeerId,
        news: WakeNews,
    },
    /// The colleague is asked to show their screen; both words have to be there in so many seconds.
    ShowingBegun {
        colleague: PeerId,
        seconds: u32,
    },
    /// A colleague asks to see this operator's screen; [`crate::Command::GiveWord`] agrees.
    ShowingAsked {
        colleague: PeerId,
        name: Name,
        control: bool,
        seconds: u32,
    },
    /// The words were the same. Whoever hears it runs the host's engine, which comes to the place.
    ShowScreen {
        colleague: PeerId,
        shown: Box<ShownScreen>,
    },
    /// The words were the same: the colleague's screen stands in the list as `place`, and is asked for a
    /// session there.
    ShowingOpened {
        colleague: PeerId,
        place: PeerId,
    },
    /// Nothing is shown, on either side.
    ShowingOver {
        colleague: PeerId,
        why: NotStarted,
    },
    SessionStarted {
        session: SessionId,
        host: PeerId,
        rights: Rights,
        input: InputSender,
        wishes: WishSender,
    },
    RightsChanged {
        session: SessionId,
        rights: Rights,
    },
    /// The line to the host is gone, on this side or on the host's; the session waits for it.
    SessionPaused {
        session: SessionId,
    },
    /// The line is back, and the session goes on in the same view.
    SessionResumed {
        session: SessionId,
    },
    /// So many keys and clicks were made and are not done: the line was gone for too long.
    InputNotDelivered {
        session: SessionId,
        count: usize,
    },
    /// So many keys and texts could not be done: the host has no way to type them.
    InputImpossible {
        session: SessionId,
        count: usize,
    },
    /// What became of [`crate::Command::AskSystem`].
    System {
        session: SessionId,
        told: SystemTold,
    },
    /// The host's user has paused: nothing new is seen, and nothing is typed or clicked there. Or the user
    /// goes on.
    Withheld {
        session: SessionId,
        withheld: bool,
    },
    /// How the shields stand at the host; told as soon as a session of a host that has any begins.
    Shields {
        session: SessionId,
        shields: Shields,
    },
    /// The user shares this monitor alone, or all there are.
    SharesOnly {
        session: SessionId,
        monitor: Option<Name>,
    },
    /// What the host's desk is equipped with. A host that is older says nothing of it.
    Equipped {
        session: SessionId,
        equipment: Equipment,
    },
    /// What a host cannot do, as it says itself; it replaces what it said before.
    HostHindered {
        host: PeerId,
        hindrances: Hindrances,
    },
    /// Something in a host's name did not come from there as it is; its sessions are over.
    Forged {
        host: PeerId,
    },
    /// The connection is back; what runs goes on.
    Reconnected,
    /// A session is over. `facts` are missing where the connection broke: the hub fills the report
    /// in, and it comes with the drafts after the next log-in.
    SessionEnded {
        session: SessionId,
        by: EndedBy,
        facts: Option<ReportFacts>,
    },
    /// This operator takes part no more; the session goes on with another, who writes the report.
    SessionLeft {
        session: SessionId,
        by: EndedBy,
    },
    /// How the line of a session is now; told at most once a second, and only when it has changed.
    LineChanged {
        session: SessionId,
        line: LineQuality,
    },
    /// Who sees the host's screen now, in the order in which they came, and who has keyboard and
    /// pointer (`None`: only the user).
    Company {
        session: SessionId,
        operators: Vec<Companion>,
        driver: Option<PeerId>,
    },
    /// Which administrators of the hub watch the session now.
    Watched {
        session: SessionId,
        by: Vec<Name>,
    },
    /// What became of a moment that was to be marked in the film.
    MomentMarked {
        session: SessionId,
        outcome: Outcome,
    },
    /// Files between this computer and the session's host; told when something of it has changed.
    Transfer {
        session: SessionId,
        transfer: Transfer,
    },
    /// Whether the operator may look through the host's folders, as its user says.
    Browse {
        session: SessionId,
        answer: BrowseAnswer,
    },
    /// A part of the folder that was asked for last; none of it is told in a lost line.
    Listing {
        session: SessionId,
        listing: u32,
        part: ListingPart,
    },
    /// What was pasted did not come, on this computer (`here`) or at the host.
    NotPasted {
        session: SessionId,
        here: bool,
        fault: ClipboardFault,
    },
    /// What became of a colleague who was to be brought in.
    BroughtIn {
        session: SessionId,
        outcome: BroughtIn,
    },
    ChatReceived {
        host: PeerId,
        line: ChatLine,
    },
    /// The host's user has been shown so many more of the lines that were written to them.
    ChatHeard {
        host: PeerId,
        lines: usize,
    },
    /// A line could not be taken, because too many wait to be heard or the host is gone; here it is
    /// again.
    ChatNotSent {
        host: PeerId,
        text: ChatText,
    },
    /// The hub's answer to a report. Where it is a refusal the text stays on this computer's disk.
    ReportSaved {
        report: ReportId,
        finished: bool,
        outcome: Outcome,
    },
    /// A report that the hub had not confirmed when the program ended last was sent to it again.
    ReportRescued {
        report: ReportId,
    },
    /// The operator's notes from before the program was started anew; told after the log-in, before anything
    /// else of that time.
    NotesKept(Notes),
    /// The reports that are not finished; where this computer has newer text, that is in them.
    Drafts(Vec<(ReportFacts, ReportDraft)>),
    /// What the organisation asks of reports; told after each log-in and each return.
    ReportForms {
        categories: Vec<Name>,
        fields: Vec<Field>,
    },
    /// The answer to [`crate::Command::AskAboutReport`].
    AboutReport {
        report: ReportId,
        /// Nobody has written it; it is to be shown as that.
        proposal: Proposal,
        /// What the organisation's fields have.
        fields: Vec<FieldValue>,
        /// The newest reports of the same host or requester.
        earlier: Vec<ReportRow>,
    },
    /// What the user said of the assistance of a report of this operator's.
    Feedback {
        report: ReportId,
        feedback: Feedback,
    },
    /// The answer to [`crate::Command::AskOwn`]. After a lost line none comes any more.
    OwnAnswered {
        number: u32,
        answer: OwnAnswer,
    },
    /// Something could not be kept on this computer's disk (`detail` says what and why).
    NotKept {
        detail: String,
    },
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // tickets and what people typed belong in no log
        f.write_str(match self {
            Self::Connecting => "Connecting",
            Self::LoggedIn { .. } => "LoggedIn",
            Self::CodeWanted => "CodeWanted",
            Self::Permitted(permissions) => return write!(f, "Permitted({permissions})"),
            Self::Page(_) => "Page",
            Self::Organisation(_) => "Organisation",
            Self::TicketExtended { .. } => "TicketExtended",
            Self::LogInFailed(problem) => return write!(f, "LogInFailed({problem:?})"),
            Self::ConnectionLost { .. } => "ConnectionLost",
            Self::LoggedOut(why) => return write!(f, "LoggedOut({why:?})"),
            Self::TicketGenerated { .. } => "TicketGenerated",
            Self::TicketKept { .. } => "TicketKept",
            Self::TicketWasUsed { .. } => "TicketWasUsed",
            Self::TicketRefused(refusal) => return write!(f, "TicketRefused({refusal:?})"),
            Self::TicketChanged { state, .. } => return write!(f, "TicketChanged({state:?})"),
            Self::TicketGuessed { .. } => "TicketGuessed",
            Self::TicketUsed { .. } => "TicketUsed",
            Self::ConsentPending { .. } => "ConsentPending",
            Self::SessionRefused { why, .. } => return write!(f, "SessionRefused({why:?})"),
            Self::HostOpened { .. } => "HostOpened",
            Self::HostNotOpened { why, .. } => return write!(f, "HostNotOpened({why:?})"),
            Self::Waking { news, .. } => return write!(f, "Waking({news:?})"),
            Self::ShowingBegun { .. } => "ShowingBegun",
            Self::ShowingAsked { .. } => "ShowingAsked",
            Self::ShowScreen { .. } => "ShowScreen",
            Self::ShowingOpened { .. } => "ShowingOpened",
            Self::ShowingOver { why, .. } => return write!(f, "ShowingOver({why:?})"),
            Self::SessionStarted { .. } => "SessionStarted",
            Self::RightsChanged { .. } => "RightsChanged",
            Self::SessionPaused { .. } => "SessionPaused",
            Self::SessionResumed { .. } => "SessionResumed",
            Self::InputNotDelivered { .. } => "InputNotDelivered",
            Self::InputImpossible { .. } => "InputImpossible",
            Self::System { .. } => "System",
            Self::Withheld { withheld, .. } => return write!(f, "Withheld({withheld})"),
            Self::Shields { shields, .. } => return write!(f, "Shields({shields:?})"),
            Self::SharesOnly { .. } => "SharesOnly",
            Self::Equipped { .. } => "Equipped",
            Self::HostHindered { .. } => "HostHindered",
            Self::Forged { .. } => "Forged",
            Self::Reconnected => "Reconnected",
            Self::ChatHeard { .. } => "ChatHeard",
            Self::SessionEnded { by, .. } => return write!(f, "SessionEnded({by:?})"),
            Self::SessionLeft { by, .. } => return write!(f, "SessionLeft({by:?})"),
            Self::LineChanged { .. } => "LineChanged",
            Self::Company { .. } => "Company",
            Self::Watched { .. } => "Watched",
            Self::MomentMarked { .. } => "MomentMarked",
            Self::Transfer { .. } => "Transfer",
            Self::Browse { answer, .. } => return write!(f, "Browse({answer:?})"),
            Self::Listing { .. } => "Listing",
            Self::NotPasted { fault, .. } => return write!(f, "NotPasted({fault:?})"),
            Self::BroughtIn { .. } => "BroughtIn",
            Self::ChatReceived { .. } => "ChatReceived",
            Self::ChatNotSent { .. } => "ChatNotSent",
            Self::ReportSaved { outcome, .. } => return write!(f, "ReportSaved({outcome:?})"),
            Self::ReportRescued { .. } => "ReportRescued",
            Self::NotesKept(_) => "NotesKept",
            Self::Drafts(_) => "Drafts",
            Self::ReportForms { .. } => "ReportForms",
            Self::AboutReport { .. } => "AboutReport",
            Self::Feedback { .. } => "Feedback",
            Self::OwnAnswered { .. } => "OwnAnswered",
            Self::NotKept { detail } => return write!(f, "NotKept({detail})"),
        })
    }
}

/// Where events come out.
#[derive(Debug)]
pub struct Events(pub(crate) mpsc::Receiver<Event>);

impl Events {
    /// The next event if there is one; never waits.
    pub fn take_next(&mut self) -> Option<Event> {
        self.0.try_recv().ok()
    }
}
