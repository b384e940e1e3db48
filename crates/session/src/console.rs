//! The console's side of every assistance, without the network: tickets, channels to hosts, questions,
//! sessions and chat.
//!
//! What a host says counts only with that host's proof; the hub's word decides who stands in the list
//! and when a session runs or is over, which it could bring about anyway.

mod acquaintance;
mod greeting;
mod knock;
mod pairing;
mod question;
mod resume;
mod rows;
mod sessions;
mod shield;
mod showing;
mod system;
mod tickets;

use std::collections::BTreeMap;

use protocol::control::{Admission, ChatText, Name};
use protocol::files::FilesWord;
use protocol::{
    BroughtIn, ChatAuthor, Companion, EndedBy, Equipment, Hindrances, HostLine, HubToOperator,
    OperatorToHub, Outcome, PeerId, Refusal, ReportFacts, Rights, SessionId, Shields,
    SystemInformation, TicketRoute, TicketState,
};

use crate::channel::{LaneKeys, PictureKey};
use crate::exchange::PairKey;
use acquaintance::Acquaintance;
use knock::Knock;
pub use knock::{Stretch, Stretched};
use sessions::Live;
use showing::Showing;
pub use showing::ShownScreen;
pub use tickets::KeptTickets;
use tickets::Tickets;

/// What only the outside knows.
pub struct Outside<'a> {
    pub now_unix_seconds: i64,
    /// Fills with fresh randomness.
    pub random: &'a mut dyn FnMut(&mut [u8; 32]),
}

impl std::fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside").finish_non_exhaustive()
    }
}

impl Outside<'_> {
    fn draw(&mut self) -> [u8; 32] {
        let mut random = [0; 32];
        (self.random)(&mut random);
        random
    }
}

/// What is to be done, in order.
#[derive(Debug)]
pub enum ConsoleStep {
    Send(OperatorToHub),
    Tell(ConsoleNews),
    /// [`ConsoleSide::kept_tickets`] changed and must outlive the program.
    KeepTickets,
    /// The session's streams may be opened, or opened again after a pause.
    Start(Box<Running>),
    Rights {
        session: SessionId,
        rights: Rights,
    },
    /// The line to the host is gone; the session stands.
    Pause {
        session: SessionId,
    },
    /// The host says something of files, which this operator may have.
    Files {
        session: SessionId,
        word: FilesWord,
    },
    /// The session's streams end.
    Stop {
        session: SessionId,
    },
    /// The hub ends the connection for this reason.
    Goodbye(Refusal),
    /// The operator and a colleague typed the same word: this console shows its screen.
    Show {
        colleague: PeerId,
        shown: Box<ShownScreen>,
    },
    /// Slow work for another thread; [`ConsoleSide::stretched`] takes what comes of it.
    Stretch(Box<Stretch>),
}

/// A session both sides agreed on.
#[derive(Debug)]
pub struct Running {
    pub session: SessionId,
    pub host: PeerId,
    pub rights: Rights,
    pub lanes: LaneKeys,
    pub picture_key: PictureKey,
    /// The last input frame that the host took; 0 at the start.
    pub input_taken: u64,
    /// Whether it goes on after a pause.
    pub resumed: bool,
}

/// Why a session did not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotStarted {
    /// The user or the hub said no.
    Refused(Refusal),
    /// This console has no key for the host: it came with a ticket of another console.
    NoKey,
    /// The operator took the question back.
    Withdrawn,
    /// The connection to the hub, or the host's, is gone.
    NotConnected,
    /// What came from the host was not what the host sent.
    Forged,
}

/// What becomes of [`ConsoleSide::ask_system`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemTold {
    Is(Box<SystemInformation>),
    /// The user does not allow it.
    Refused,
    /// The user has paused.
    Withheld,
    /// The line to the host is gone.
    NotConnected,
}

/// What the operator is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleNews {
    /// `spoken` is for the operator's eyes: never log it.
    TicketGenerated {
        route: TicketRoute,
        spoken: String,
        valid_seconds: u32,
    },
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
    TicketGuessed {
        route: TicketRoute,
    },
    TicketUsed {
        route: TicketRoute,
        host: PeerId,
    },
    ConsentPending {
        session: SessionId,
        host: PeerId,
    },
    SessionRefused {
        host: PeerId,
        why: NotStarted,
    },
    SessionPaused {
        session: SessionId,
    },
    SessionResumed {
        session: SessionId,
    },
    RightsChanged {
        session: SessionId,
        rights: Rights,
    },
    /// `facts` are missing where the console was away when it ended.
    SessionEnded {
        session: SessionId,
        by: EndedBy,
        facts: Option<ReportFacts>,
    },
    /// A line of chat from the host's user, or from another operator there.
    ChatReceived {
        host: PeerId,
        author: ChatAuthor,
        name: Name,
        at_unix_seconds: i64,
        text: ChatText,
    },
    /// Who sees the host's screen now, and who has keyboard and pointer.
    Company {
        session: SessionId,
        operators: Vec<Companion>,
        driver: Option<PeerId>,
    },
    /// What became of a colleague who was to be brought in.
    BroughtIn {
        session: SessionId,
        outcome: BroughtIn,
    },
    /// This operator takes part no more; the session goes on with another, who writes the report.
    SessionLeft {
        session: SessionId,
        by: EndedBy,
    },
    /// Which administrators of the hub watch the session.
    Watched {
        session: SessionId,
        by: Vec<Name>,
    },
    /// What became of a moment that was to be marked.
    MomentMarked {
        session: SessionId,
        outcome: Outcome,
    },
    /// The host has heard so many more of our lines.
    ChatHeard {
        host: PeerId,
        lines: usize,
    },
    /// So many input frames came to the host too late and were not done.
    InputTooOld {
        session: SessionId,
        count: u32,
    },
    /// So many presses and texts could not be done: the host has no way to type them.
    InputImpossible {
        session: SessionId,
        count: u32,
    },
    /// How the way to this operator is, as the host sees it.
    HostLine {
        session: SessionId,
        line: HostLine,
    },
    /// The host's user has paused, or goes on.
    Withheld {
        session: SessionId,
        withheld: bool,
    },
    /// What became of the question what computer the host is.
    System {
        session: SessionId,
        told: SystemTold,
    },
    /// How the shields stand at the host.
    Shields {
        session: SessionId,
        shields: Shields,
    },
    /// The user shares this monitor alone, or all there are.
    SharesOnly {
        session: SessionId,
        monitor: Option<Name>,
    },
    /// What the host's desk is equipped with.
    Equipped {
        session: SessionId,
        equipment: Equipment,
    },
    /// What the host cannot do, as it says itself; it replaces what it said before.
    HostHindered {
        host: PeerId,
        hindrances: Hindrances,
    },
    /// Something in a host's name did not come from there as it is.
    Forged {
        host: PeerId,
    },
    /// The access password was right: the permanent host stands in the list as `place` now, and is asked
    /// for a session.
    HostOpened {
        host: PeerId,
        place: PeerId,
    },
    HostNotOpened {
        host: PeerId,
        why: NotStarted,
    },
    /// The colleague is asked to show their screen; both words have to be there in so many seconds.
    ShowingBegun {
        colleague: PeerId,
        seconds: u32,
    },
    /// A colleague asks to see this console's screen.
    ShowingAsked {
        colleague: PeerId,
        name: Name,
        control: bool,
        seconds: u32,
    },
    /// The words were the same: the colleague's screen stands in the list as `place`, and is asked for a
    /// session.
    ShowingOpened {
        colleague: PeerId,
        place: PeerId,
    },
    /// Nothing is shown, on either side.
    ShowingOver {
        colleague: PeerId,
        why: NotStarted,
    },
}

/// The console's side: lives as long as the operator works with one hub, over any number of
/// connections.
#[derive(Debug, Default)]
pub struct ConsoleSide {
    admission: Option<Admission>,
    /// Whether the hub is in reach.
    connected: bool,
    display_name: Name,
    /// The oldest and newest format of pictures that this console reads.
    formats: (u16, u16),
    tickets: Tickets,
    hosts: BTreeMap<PeerId, Acquaintance>,
    sessions: BTreeMap<SessionId, Live>,
    /// Permanent hosts that are being opened, by their rows.
    knocks: BTreeMap<PeerId, Knock>,
    last_knock: u64,
    /// Two operators and one screen: what is under way.
    showing: Option<Showing>,
    /// The keys of those that were opened, by their places.
    opened: BTreeMap<PeerId, PairKey>,
    chat_base: u64,
}

impl ConsoleSide {
    /// What was kept from an earlier run. `chat_base` is higher than for any of them.
    pub fn new(
        kept: KeptTickets,
        formats: (u16, u16),
        chat_base: u64,
        now_unix_seconds: i64,
    ) -> Self {
        Self {
            tickets: Tickets::from_kept(kept, now_unix_seconds),
            formats,
            chat_base,
            ..Self::default()
        }
    }

    /// Takes what the hub said. What concerns the list of rows, reports and the log-in itself is the
    /// caller's; of rows it must be told by [`Self::entries`], [`Self::entry`] and
    /// [`Self::entry_gone`].
    pub fn hear(&mut self, message: HubToOperator, outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        match message {
            HubToOperator::TicketGenerated {
                route,
                valid_seconds,
            } => self.ticket_generated(route, valid_seconds, outside),
            HubToOperator::TicketRefused { refusal } => {
                vec![ConsoleStep::Tell(ConsoleNews::TicketRefused(refusal))]
            }
            HubToOperator::TicketChanged { route, state } => self.ticket_changed(route, state),
            HubToOperator::TicketExtended {
                route,
                valid_seconds,
            } => self.ticket_extended(route, valid_seconds, outside),
            HubToOperator::TicketOpened {
                route,
                attempt,
                exchange,
            } => self.ticket_opened(route, attempt, &exchange, outside),
            HubToOperator::TicketProof {
                route,
                attempt,
                proof,
            } => self.ticket_proof(route, attempt, &proof, outside),
            HubToOperator::TicketSettled {
                route,
                attempt,
                host,
            } => self.ticket_settled(route, attempt, host, outside),
            HubToOperator::Greeted { from, greeting } => self.greeted(from, &greeting),
            HubToOperator::Said {
                from,
                at_unix_seconds,
                word,
            } => self.said(from, at_unix_seconds, &word),
            HubToOperator::ConsentPending { session, host } => self.pending(session, host),
            HubToOperator::SessionStarted { session, host } => self.started(session, host),
            HubToOperator::SessionRefused { host, refusal } => self.refused(host, refusal),
            HubToOperator::SessionEnded { session, by, facts } => {
                self.forget_session(session, by, Some(facts))
            }
            HubToOperator::SessionLeft { session, by } => self.left(session, by),
            HubToOperator::KnockAnswered { host, exchange } => self.knock_answered(host, &exchange),
            HubToOperator::KnockRefused { host, refusal } => self.knock_refused(host, refusal),
            HubToOperator::KnockOpened { host, place } => self.knock_opened(host, place),
            HubToOperator::ShowingBegun {
                showing,
                operator,
                seconds,
            } => self.showing_begun(showing, operator, seconds),
            HubToOperator::ShowingAsked {
                showing,
                operator,
                name,
                control,
                seconds,
            } => self.showing_asked(showing, (operator, name), control, seconds),
            HubToOperator::ShowingPart { showing, part } => self.showing_part(showing, part),
            HubToOperator::ShowingRefused {
                showing,
                operator,
                refusal,
            } => self.showing_refused(showing, operator, NotStarted::Refused(refusal)),
            HubToOperator::ShowingAdmitted { showing, admission } => {
                self.showing_admitted(showing, admission)
            }
            HubToOperator::ShowingOpened { showing, place } => self.showing_opened(showing, place),
            HubToOperator::Watched { session, by } => self.watched(session, by),
            HubToOperator::MomentMarked { session, outcome } => {
                vec![ConsoleStep::Tell(ConsoleNews::MomentMarked {
                    session,
                    outcome,
                })]
            }
            HubToOperator::Goodbye { refusal } => vec![ConsoleStep::Goodbye(refusal)],
            HubToOperator::LoggedIn { .. }
            | HubToOperator::LogInRefused { .. }
            | HubToOperator::CodeWanted
            | HubToOperator::Permitted { .. }
            | HubToOperator::Page { .. }
            | HubToOperator::Organisation { .. }
            | HubToOperator::Resumed { .. }
            | HubToOperator::ResumeRefused { .. }
            | HubToOperator::Entries { .. }
            | HubToOperator::EntryChanged { .. }
            | HubToOperator::EntryGone { .. }
            | HubToOperator::Sleeping { .. }
            | HubToOperator::Waking { .. }
            | HubToOperator::ReportSaved { .. }
            | HubToOperator::OwnAnswered { .. }
            | HubToOperator::Drafts { .. }
            | HubToOperator::ReportForms { .. }
            | HubToOperator::AboutReport { .. }
            | HubToOperator::Feedback { .. } => Vec::new(),
        }
    }
}
