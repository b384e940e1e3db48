//! The control stream: one message enum per direction.
//!
//! After the hellos each end sends frames of its own enum only. What does not parse, or makes no
//! sense in the sender's state, ends the connection with a [`Refusal`]; it never disturbs another.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::admin::reports::{Field, FieldValue, Language, ReportRow};
use crate::enrolment::{EnrolmentCode, PermanentHost};
use crate::ids::{AccountId, PeerId, ReportId, ResumeSecret, SessionId, TicketRoute};
use crate::invitation::InvitationToken;
use crate::limits::{
    MAX_CHAT_BYTES, MAX_CODE_BYTES, MAX_KNOCK_REASON_BYTES, MAX_NAME_BYTES, MAX_PAGE_BYTES,
    MAX_PASSWORD_BYTES, MAX_REPORT_FIELD_BYTES,
};
use crate::own_account::{OwnAnswer, OwnQuestion};
use crate::permissions::Permissions;
use crate::receipt::{Feedback, SignedReceipt};
use crate::refusal::Refusal;
use crate::text::BoundedText;
use crate::waking::{Lan, SleepingHost, WakeNews, WakeOrder};
use crate::words::{Greeting, Word};

/// A person's, computer's or operator's name.
pub type Name = BoundedText<MAX_NAME_BYTES>;
/// One line of chat.
pub type ChatText = BoundedText<MAX_CHAT_BYTES>;
/// One field of a report.
pub type ReportText = BoundedText<MAX_REPORT_FIELD_BYTES>;

/// Why a permanent host is opened.
pub type KnockReason = BoundedText<MAX_KNOCK_REASON_BYTES>;

/// One field of a report as the hub proposes it.
pub type ProposedText = BoundedText<MAX_CHAT_BYTES>;

/// What happened to what a client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Done,
    Refused(Refusal),
}

/// What a host (Helpme) says to the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostToHub {
    /// The user typed a ticket and pressed **Helpme**. `exchange` is the host's half of the key
    /// exchange over the ticket's secret digits, for the operator's console.
    OpenTicket {
        route: TicketRoute,
        computer: Name,
        user: Name,
        system: Name,
        exchange: Bytes,
    },
    /// The host's proof that it knows the secret digits, for the operator's console.
    ConfirmTicket { proof: Bytes },
    /// The first message of a host whose connection was lost.
    Resume { you: PeerId, secret: ResumeSecret },
    /// Opens a channel to an operator.
    Greet { to: PeerId, greeting: Greeting },
    /// A [`crate::HostWord`] to an operator.
    Say { to: PeerId, word: Word },
    /// The user pressed **End** (H6), or took an answer back.
    EndSession { session: SessionId },
    /// Leave in good order.
    Leave,
    /// This operator is not let in (any more): the question is over, or the user sent it away. Who else
    /// is in the session stays.
    SendAway {
        session: SessionId,
        operator: PeerId,
    },
    /// The first message of a permanent host that the hub does not know yet, with an administrator's
    /// code: its key opens the hub from now on.
    Enrol {
        code: EnrolmentCode,
        host: PermanentHost,
    },
    /// The first message of a permanent host that the hub knows.
    ComeIn { host: PermanentHost },
    /// How an assistance of this host's was, once it is over; said again, it takes the place of what was
    /// said before.
    Feedback {
        session: SessionId,
        feedback: Feedback,
    },
    /// From a permanent host: it is in the place no more that it was given before, and does not come back
    /// there; its program was started anew, or a part of it failed. Also said where there is none.
    LeavePlace,
    /// From a permanent host, the answer to [`HubToHost::Knocked`].
    AnswerKnock { knock: u64, answer: KnockAnswer },
    /// From a permanent host, the answer to [`HubToHost::KnockProved`]: whether the operator's console
    /// has shown that it knows the access password.
    JudgeKnock { knock: u64, right: bool },
    /// As `EndSession`, because something in it was not what an operator had sent.
    EndForged { session: SessionId },
    /// From a permanent host, once it is in and whenever it changes: its network cards, in the networks that
    /// they are in, at most [`crate::waking::MAX_LANS`]; for waking it, and for waking others there.
    Lans { lans: Vec<Lan> },
    /// From a permanent host, the answer to [`HubToHost::Wake`]: whether a packet was sent.
    Woke { wake: u64, sent: bool },
    /// As `SendAway`, because something was not what this operator had sent.
    SendForgedAway {
        session: SessionId,
        operator: PeerId,
    },
    /// The first message of a connection that is for newer versions of programs alone, of whatever kind the program
    /// is; hubs know it from [`crate::version::UPDATES`] on. From here on both ends speak [`crate::updates`].
    SeekUpdates,
}

/// What the hub says to a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HubToHost {
    /// The ticket is not accepted; the host may try another.
    TicketRefused { refusal: Refusal },
    /// The operator's half of the key exchange. The host answers [`HostToHub::ConfirmTicket`].
    TicketAnswered { operator: Name, exchange: Bytes },
    /// The ticket is good; `proof` shows that the operator's console knows the secret digits too,
    /// which a hub cannot fake. The host now stands in the operator's list as `you`.
    TicketAccepted { proof: Bytes, admission: Admission },
    /// The host is the one that it was. What is not in `running` has ended.
    Resumed {
        running: Vec<RunningSession>,
        ended: Vec<(SessionId, EndedBy)>,
    },
    /// The host cannot go on where it was; it may come with a ticket.
    ResumeRefused { refusal: Refusal },
    /// An operator opens a channel. The host answers with [`HostToHub::Greet`].
    Greeted { from: PeerId, greeting: Greeting },
    /// A [`crate::OperatorWord`]; the clock is the hub's.
    Said {
        from: PeerId,
        at_unix_seconds: i64,
        word: Word,
    },
    /// The operator asks to be let in; the user decides (H5). `word` is a [`crate::OperatorWord::Ask`].
    ConsentAsked {
        session: SessionId,
        from: PeerId,
        word: Word,
    },
    /// The operator took the question back, or the hub did.
    ConsentWithdrawn { session: SessionId },
    /// The session runs: the host may open its streams. Sent after the film is open (D2).
    SessionStarted { session: SessionId },
    /// The session is over for everybody.
    SessionEnded { session: SessionId, by: EndedBy },
    /// The operator is out of reach (or back).
    OperatorPresent { operator: PeerId, present: bool },
    /// The hub ends the connection after this.
    Goodbye { refusal: Refusal },
    /// An operator takes part in the session no more; the others do.
    OperatorLeft {
        session: SessionId,
        operator: PeerId,
    },
    /// Which administrators watch the session now, by their display names; said when it changes, and
    /// after a lost line.
    Watched { session: SessionId, by: Vec<Name> },
    /// The permanent host is in; operators know it by `name`.
    HostAccepted { name: Name },
    /// The permanent host is not let in. The hub ends the connection after this.
    HostRefused { refusal: Refusal },
    /// Whose help desk this is, as its administrator calls it; empty where that is not set. Said to every
    /// host with a ticket or a place, at the beginning and when it changes.
    Organisation { name: Name },
    /// The receipt of the last session of this host's that is over: when it ended, and after a lost line.
    Receipt { signed: SignedReceipt },
    /// The answer to [`HostToHub::Feedback`], once that is stored.
    FeedbackTaken {
        session: SessionId,
        outcome: Outcome,
    },
    /// To a permanent host: an operator wants to open it with its access password. `exchange` is the
    /// console's first message of OPAQUE.
    Knocked {
        knock: u64,
        /// Whose tries the host counts together.
        account: AccountId,
        operator: Name,
        exchange: Bytes,
    },
    /// The console's last message of OPAQUE; `None` where the console gave up, as it does where the
    /// password was wrong.
    KnockProved { knock: u64, proof: Option<Bytes> },
    /// After a right judgement: the host has this place from now on, and comes to it over a connection of
    /// its own. Where it has the place already the secret is zeros, and one more operator may ask there.
    KnockAdmitted { knock: u64, admission: Admission },
    /// To a permanent host: wake another one of its network. It answers with [`HostToHub::Woke`].
    Wake { wake: u64, order: WakeOrder },
}

/// What a permanent host says to an operator who knocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KnockAnswer {
    /// The host's message of OPAQUE.
    Exchange(Bytes),
    /// The password is not tried.
    Refused(Refusal),
}

/// What an operator's console says to the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperatorToHub {
    /// First message after the hellos (O5).
    LogIn { user: Name, password: Password },
    /// The first message of a console whose connection was lost.
    Resume { you: PeerId, secret: ResumeSecret },
    /// Leave in good order.
    LogOut,
    /// Make a ticket (H1); the hub chooses the route, the console the secret digits.
    GenerateTicket,
    /// Take a ticket back.
    RevokeTicket { route: TicketRoute },
    /// Answer to [`HubToOperator::TicketOpened`].
    AnswerTicket {
        route: TicketRoute,
        attempt: u64,
        exchange: Bytes,
    },
    /// Whether the host's proof was right, and if so the console's own proof.
    JudgeTicket {
        route: TicketRoute,
        attempt: u64,
        proof: Option<Bytes>,
    },
    /// Opens a channel to a host.
    Greet { to: PeerId, greeting: Greeting },
    /// An [`crate::OperatorWord`] to a host; also without a session (S5).
    Say { to: PeerId, word: Word },
    /// **Remote Session** in the list (O9). `word` is a [`crate::OperatorWord::Ask`].
    StartSession { host: PeerId, word: Word },
    /// Leaves a session, which ends with its last operator; or takes back a question that is not
    /// answered yet.
    EndSession { session: SessionId },
    /// **Disconnect this PC** (O9).
    DisconnectHost { host: PeerId },
    /// Save the report; `finished` closes it, otherwise it stays a draft (D1).
    SaveReport {
        report: ReportId,
        draft: ReportDraft,
        finished: bool,
    },
    /// All drafts of this operator that are not finished.
    ListDrafts,
    /// Answer to [`HubToOperator::CodeWanted`].
    GiveCode { code: Code },
    /// In place of `LogIn`: the account has this password from now on, and the invitation is used up.
    AcceptInvitation {
        user: Name,
        token: InvitationToken,
        password: Password,
    },
    /// What the organisation asks of reports.
    ListReportForms,
    /// What the hub knows of a report that is being written; nothing comes if it is not this operator's,
    /// or finished.
    AskAboutReport {
        report: ReportId,
        /// In which the hub writes what it proposes.
        language: Language,
    },
    /// What a report that is not finished has in the organisation's fields.
    FillFields {
        report: ReportId,
        fields: Vec<FieldValue>,
    },
    /// Mark a moment of a session in its film, with words or without (D3).
    MarkMoment {
        session: SessionId,
        text: ChatText,
        /// How long ago the moment was; the hub takes [`crate::limits::MAX_MARK_AGO_MILLIS`] at most.
        ago_millis: u32,
    },
    /// About the operator's own account. `number` comes back with the answer; the console counts.
    AskOwn { number: u32, question: OwnQuestion },
    /// Let an open ticket be good for as long again as a new one.
    ExtendTicket { route: TicketRoute },
    /// Open a permanent host with its access password (U3). `exchange` is the console's first message of
    /// OPAQUE. One that is under way at the same host is given up.
    Knock {
        host: PeerId,
        exchange: Bytes,
        /// Why, or the number of a ticket in some other system, for the audit log; empty where nobody said.
        reason: KnockReason,
    },
    /// Answer to [`HubToOperator::KnockAnswered`]; without a proof the console gives up.
    ProveKnock { host: PeerId, proof: Option<Bytes> },
    /// Ask a colleague to show their screen (O10), with keyboard and pointer or without.
    AskToSee { operator: PeerId, control: bool },
    /// A part of the exchange over the word that both type, for the colleague's console.
    ShowingPart { showing: u64, part: ShowingPart },
    /// Refuse, take the question back, or say that the words differ.
    LeaveShowing { showing: u64 },
    /// Right before [`Self::Knock`] at the same host: a code of the second factor, where the hub's settings
    /// want one. A wrong one is answered with [`HubToOperator::KnockRefused`].
    KnockCode { host: PeerId, code: Code },
    /// As `EndSession`, because something in it was not what the host had sent.
    EndForged { session: SessionId },
    /// Tell this console also of the permanent hosts that it may open and that are not connected, until it
    /// leaves or its connection is lost.
    ListSleeping,
    /// Wake a permanent host that is not connected, by the row that it has as such.
    Wake { host: PeerId },
}

/// What the hub says to an operator's console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HubToOperator {
    /// The answer to `LogIn`. The operator's own row is `admission.you`.
    LoggedIn {
        admission: Admission,
        display_name: Name,
    },
    LogInRefused {
        refusal: Refusal,
    },
    /// The console is the one that it was. What is not in `running` has ended. The whole list follows.
    Resumed {
        running: Vec<RunningSession>,
        ended: Vec<(SessionId, EndedBy)>,
    },
    /// The console cannot go on where it was; it may log in.
    ResumeRefused {
        refusal: Refusal,
    },
    /// A ticket exists. The console adds the six secret digits.
    TicketGenerated {
        route: TicketRoute,
        valid_seconds: u32,
    },
    TicketRefused {
        refusal: Refusal,
    },
    /// What became of one of this operator's tickets.
    TicketChanged {
        route: TicketRoute,
        state: TicketState,
    },
    /// Somebody typed one of this operator's tickets. `attempt` numbers the try.
    TicketOpened {
        route: TicketRoute,
        attempt: u64,
        exchange: Bytes,
    },
    /// The host's proof; the console judges it.
    TicketProof {
        route: TicketRoute,
        attempt: u64,
        proof: Bytes,
    },
    /// The host behind a judged ticket now stands in the list as `host`.
    TicketSettled {
        route: TicketRoute,
        attempt: u64,
        host: PeerId,
    },
    /// The whole live list, at log-in and after a gap (O8).
    Entries {
        entries: Vec<Entry>,
    },
    /// A row is new or changed.
    EntryChanged {
        entry: Entry,
    },
    /// A row left.
    EntryGone {
        id: PeerId,
    },
    /// A host's answer to a greeting.
    Greeted {
        from: PeerId,
        greeting: Greeting,
    },
    /// A [`crate::HostWord`]; the clock is the hub's.
    Said {
        from: PeerId,
        at_unix_seconds: i64,
        word: Word,
    },
    /// The user is being asked.
    ConsentPending {
        session: SessionId,
        host: PeerId,
    },
    /// The session runs; the console opens its streams.
    SessionStarted {
        session: SessionId,
        host: PeerId,
    },
    /// The question was not answered with yes, or could not be asked.
    SessionRefused {
        host: PeerId,
        refusal: Refusal,
    },
    /// The session is over; `facts` are of its report, a draft with everything known filled in (D1).
    SessionEnded {
        session: SessionId,
        by: EndedBy,
        facts: ReportFacts,
    },
    /// The answer to `SaveReport`.
    ReportSaved {
        report: ReportId,
        finished: bool,
        outcome: Outcome,
    },
    /// The answer to `ListDrafts`.
    Drafts {
        drafts: Vec<(ReportFacts, ReportDraft)>,
    },
    /// The hub ends the connection after this.
    Goodbye {
        refusal: Refusal,
    },
    /// This operator takes part in the session no more; it goes on with another, who writes the report.
    SessionLeft {
        session: SessionId,
        by: EndedBy,
    },
    /// The password is right, and a code of the second factor is wanted. A wrong one ends the try.
    CodeWanted,
    /// The answer to `ListReportForms`.
    ReportForms {
        categories: Vec<Name>,
        fields: Vec<Field>,
    },
    /// The answer to `AskAboutReport`.
    AboutReport {
        report: ReportId,
        proposal: Proposal,
        /// What the organisation's fields have.
        fields: Vec<FieldValue>,
        /// The newest reports of the same host or requester from sessions that this operator took part
        /// in.
        earlier: Vec<ReportRow>,
    },
    /// What the operator's role permits, after the list and whenever it changes: a question for more is
    /// refused.
    Permitted {
        permissions: Permissions,
    },
    /// Which administrators watch the session now, by their display names; said when it changes, and
    /// after a lost line.
    Watched {
        session: SessionId,
        by: Vec<Name>,
    },
    /// What [`OperatorToHub::MarkMoment`] asked for: `Done` once it is on its way to the film, ahead of
    /// whatever happens next.
    MomentMarked {
        session: SessionId,
        outcome: Outcome,
    },
    /// The answer to `AskOwn`.
    OwnAnswered {
        number: u32,
        answer: OwnAnswer,
    },
    /// The hub has a page for users, here; said after the list.
    Page {
        /// As browsers take it: `https://hub.example.org/`.
        url: BoundedText<MAX_PAGE_BYTES>,
    },
    /// What the user said of the assistance of this operator's report: after [`Self::AboutReport`], and when
    /// it is new.
    Feedback {
        report: ReportId,
        feedback: Feedback,
    },
    /// An open ticket is good for so long from now on.
    TicketExtended {
        route: TicketRoute,
        valid_seconds: u32,
    },
    /// Whose help desk it is, as the administrator set it; said after the list where it is set, and when it
    /// changes.
    Organisation {
        name: Name,
    },
    /// The host's message of OPAQUE. The console answers [`OperatorToHub::ProveKnock`].
    KnockAnswered {
        host: PeerId,
        exchange: Bytes,
    },
    /// The permanent host is not opened.
    KnockRefused {
        host: PeerId,
        refusal: Refusal,
    },
    /// The permanent host is open for this operator: it stands in the list as `place`, in the row's stead,
    /// and may be asked for a session there.
    KnockOpened {
        host: PeerId,
        place: PeerId,
    },
    /// The answer to [`OperatorToHub::AskToSee`]: the colleague is asked, and both words have to be there
    /// in so many seconds.
    ShowingBegun {
        showing: u64,
        operator: PeerId,
        seconds: u32,
    },
    /// A colleague asks to see this console's screen.
    ShowingAsked {
        showing: u64,
        operator: PeerId,
        name: Name,
        control: bool,
        seconds: u32,
    },
    /// A part of the exchange, as the colleague's console sent it.
    ShowingPart {
        showing: u64,
        part: ShowingPart,
    },
    /// Nothing is shown. `showing` is 0 where `operator` was not asked at all.
    ShowingRefused {
        showing: u64,
        operator: PeerId,
        refusal: Refusal,
    },
    /// To the console that shows: the words are the same, and it has this place from now on, to which it
    /// comes over a connection of its own.
    ShowingAdmitted {
        showing: u64,
        admission: Admission,
    },
    /// To the console that asked: the screen stands in the list as `place`.
    ShowingOpened {
        showing: u64,
        place: PeerId,
    },
    /// A permanent host that is not connected, after [`OperatorToHub::ListSleeping`] and when something of it
    /// changes. [`Self::EntryGone`] takes its row away.
    Sleeping {
        sleeping: SleepingHost,
    },
    /// What becomes of waking a host, to those who asked for it.
    Waking {
        host: PeerId,
        news: WakeNews,
    },
}

/// A part of the exchange over the word that two operators have agreed on, in the order in which they are
/// sent: the halves and the proofs of SPAKE2, of the console that shows first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShowingPart {
    Half(Bytes),
    Proof(Bytes),
    /// From the console that shows: the colleague typed the same word. What computer it is, for the list.
    Right {
        computer: Name,
        system: Name,
    },
}

/// A place at the hub that outlives a lost connection (R4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    pub you: PeerId,
    /// Shown to the hub after a lost connection.
    pub secret: ResumeSecret,
    /// How long the place is kept for a peer that is out of reach, in seconds.
    pub kept_seconds: u32,
}

/// A session that waits for a peer that was away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningSession {
    pub session: SessionId,
    /// The other end.
    pub with: PeerId,
}

/// A password on its way to the hub. Its text never shows in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub BoundedText<MAX_PASSWORD_BYTES>);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// A code of a second factor, or a recovery code, as it was typed. Its text never shows in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub BoundedText<MAX_CODE_BYTES>);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(..)")
    }
}

/// Who or what ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndedBy {
    /// The user pressed **End** or left.
    User,
    /// The operator ended it or left.
    Operator,
    /// The user's computer was out of reach for too long.
    HostLost,
    /// The operator's console was out of reach for too long.
    OperatorLost,
    /// The film could not be written.
    CannotRecord,
    /// The hub went down in good order, or for too long.
    HubStopped,
    /// One end found that what came from the other was not what the other had sent.
    Forged,
    /// The host's screen cannot be captured.
    NoCapture,
    /// An administrator of the hub ended it.
    Administrator,
}

/// A ticket's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TicketState {
    /// Waiting to be typed.
    Open,
    /// A host came with it.
    Used,
    Expired,
    Revoked,
    /// Three wrong secrets.
    Burnt,
}

/// A row of the live list (O7, O8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub id: PeerId,
    pub kind: EntryKind,
    /// The computer's name, or the operator's.
    pub name: Name,
    /// The user at the host; empty for operators.
    pub person: Name,
    /// The host's operating system; empty for operators.
    pub system: Name,
    /// The route of the ticket it came with.
    pub ticket: Option<TicketRoute>,
    /// Who is in session with it (the operators' display names).
    pub in_session_with: Option<Name>,
    /// Since when it is connected, in seconds since the Unix epoch (hub's clock).
    pub since_unix_seconds: i64,
    /// Whether this operator may open it: hosts that came with their own tickets, and permanent hosts
    /// with their access password.
    pub yours: bool,
    /// Whether it is in reach now; one that is not may come back.
    pub present: bool,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntryKind {
    Operator,
    /// A user in Helpme.
    User,
    /// A permanent host (`PurePC`).
    PermanentHost,
}

/// Who wrote a line of chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatAuthor {
    User,
    Operator,
}

/// A line of chat as it is shown and filmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLine {
    pub author: ChatAuthor,
    pub name: Name,
    /// Seconds since the Unix epoch (hub's clock; the writer's own for what it wrote).
    pub at_unix_seconds: i64,
    pub text: ChatText,
}

/// What the hub knows of an assistance by itself (D1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFacts {
    pub report: ReportId,
    pub session: SessionId,
    /// The user's name as typed in Helpme.
    pub requester: Name,
    pub operator: Name,
    /// The host's computer name.
    pub host: Name,
    pub ticket: Option<TicketRoute>,
    /// Seconds since the Unix epoch (hub's clock).
    pub started_unix_seconds: i64,
    pub ended_unix_seconds: i64,
}

/// What the hub proposes for a report from what it knows. Nobody has written it, and nothing of it is
/// saved that its operator has not taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proposal {
    pub problem: ProposedText,
    pub solution: ProposedText,
}

/// What the operator writes (D1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportDraft {
    pub problem: ReportText,
    pub solution: ReportText,
    pub category: Name,
    pub notes: ReportText,
}
