//! The hub's side: who is here, whose ticket leads where, and who is in session with whom.
//!
//! A pure state machine: it takes what happened and the time, and answers with [`Effect`]s to be
//! carried out in their order. It knows no socket, disk, clock or randomness. Everything a peer may do
//! is decided here (B2); what makes no sense in the peer's state is answered with [`Effect::Cut`].
//!
//! A peer that was admitted (an operator who logged in, a host whose ticket was good) has a place that
//! outlives its connection: whoever is out of reach is *away*, comes back with the place's secret,
//! and its sessions go on (R4).

mod knocks;
mod marks;
mod oversight;
mod permanent;
mod presence;
mod receipts;
pub mod records;
mod resume;
mod sessions;
mod shields;
mod showings;
mod tickets;
mod transfers;
mod waking;
mod watching;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use protocol::control::{ChatText, Name};
use protocol::limits::{MAX_PAGE_BYTES, MAX_WORD_BYTES};
use protocol::{
    BoundedText, ChatAuthor, ChatLine, EndedBy, EntryKind, Feedback, Greeting, Hindrances,
    HostToHub, HostWord, HubToHost, HubToOperator, OperatorToHub, OperatorWord, PeerId,
    Permissions, Refusal, RefusalCode, Rights, SessionId, SystemAnswer, TicketRoute, Word, wire,
};

use crate::authority::{Action, Denied, Membership, Object, Standing, Who, may};
use crate::chat::MAX_UNHEARD;
use crate::throttle::Window;
use knocks::{Knocks, Opened};
use permanent::PermanentHosts;
pub use permanent::{HostStanding, PermanentArrival};
use records::{AccountId, Actor, Change, SecretHash, Side, Stored, StoredHost, What};
pub use resume::CannotResume;
use sessions::Session;
use showings::{Showings, Shown};
pub use tickets::TICKET_MEMORY;
use tickets::{Attempt, Ticket};
pub use transfers::{FilesNote, FilesStage, FoldersNote};
use waking::Waking;
pub use watching::Watcher;

/// Sessions that are over of which a peer that comes back is told how they ended.
const PAST_SESSIONS: usize = 16;

/// A moment on both of the hub's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Since the hub started; never jumps, so deadlines are kept in it.
    pub since_start: Duration,
    /// Milliseconds since the Unix epoch; what is stored and shown.
    pub unix_millis: i64,
}

impl Moment {
    /// Whole seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.unix_millis.div_euclid(1000)
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// The peer left in good order.
    GoodOrder,
    /// The peer is out of reach.
    Lost,
    /// The peer broke the protocol: it has no place to come back to.
    Cut,
}

/// What the hub has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    ToHost(PeerId, HubToHost),
    ToOperator(PeerId, HubToOperator),
    /// Say goodbye, then close.
    Dismiss(PeerId, Refusal),
    /// The same to a host that is sent away out of a session, once it has the receipt of that, or was long
    /// enough without.
    DismissWithReceipt(PeerId, Refusal),
    /// Close at once: the peer breaks the protocol.
    Cut(PeerId, Refusal),
    /// Store a change.
    Record(Change),
    /// Store a new ticket, then call [`Directory::ticket_stored`].
    StoreTicket {
        operator: PeerId,
        route: TicketRoute,
        change: Change,
    },
    /// Store that a ticket was withdrawn, then call [`Directory::ticket_revoked`]: who was told so can
    /// rely on it.
    StoreRevocation {
        operator: PeerId,
        route: TicketRoute,
        change: Change,
    },
    /// Open the film of a session, later call [`Directory::film_opened`].
    OpenFilm(FilmOrder),
    /// Nobody waits for this film any more; nothing was seen in it.
    DiscardFilm(SessionId),
    /// Store the session and its report, then call [`Directory::session_stored`].
    StoreSession {
        session: SessionId,
        change: Change,
    },
    /// Let the streams between the host and one operator flow, for the first time or again.
    StartRelay {
        session: SessionId,
        host: PeerId,
        operator: PeerId,
        /// The operator's display name, for the film.
        name: Name,
        rights: Rights,
        start: RelayStart,
    },
    /// One end is out of reach: its streams end, and the film marks it. Without the host, or without
    /// any operator, nothing flows in the session.
    PauseRelay {
        session: SessionId,
        side: Side,
    },
    /// An operator takes part no more; the others do.
    LeaveRelay {
        session: SessionId,
        operator: PeerId,
    },
    ChangeRights {
        session: SessionId,
        operator: PeerId,
        rights: Rights,
    },
    /// Note on the film's time line who has keyboard and pointer (an operator's name).
    FilmDriver {
        session: SessionId,
        driver: Option<Name>,
    },
    /// Note on the film's time line that an operator marked a moment.
    FilmMark {
        session: SessionId,
        operator: Name,
        text: ChatText,
        ago_millis: u32,
    },
    /// Note on the film's time line that an administrator watches, or no more.
    FilmWatched {
        session: SessionId,
        by: Name,
        begins: bool,
    },
    /// The user has paused or goes on: note it on the film's time line, and count the time.
    Withhold {
        session: SessionId,
        withheld: bool,
    },
    /// Note something on the film's time line, in plain words.
    FilmNote {
        session: SessionId,
        text: String,
    },
    /// Note on the film's time line how far a transfer of files is.
    FilmFiles {
        session: SessionId,
        note: FilesNote,
    },
    /// Put a line of chat on the film's time line.
    FilmChat {
        session: SessionId,
        line: ChatLine,
    },
    /// Stop the streams and finish the film.
    EndRelay {
        session: SessionId,
        by: EndedBy,
    },
    /// Make the receipt of the last session of this host that is over, then call
    /// [`Directory::receipt_made`], if there was one.
    GiveReceipt(PeerId),
    /// Store what the user of this host says of a session, if it was its own and is over, then call
    /// [`Directory::feedback_stored`].
    StoreFeedback {
        host: PeerId,
        session: SessionId,
        feedback: Feedback,
    },
}

/// Why streams start to flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayStart {
    /// The session begins.
    First,
    /// One more operator was let in.
    Joined,
    /// A line that was lost is back.
    Resumed,
}

/// Which film to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilmOrder {
    pub session: SessionId,
    pub operator: String,
    pub requester: String,
    pub host: String,
    /// `None` where the host was opened with its access password.
    pub ticket: Option<TicketRoute>,
    pub started_unix_millis: i64,
    pub rights: Rights,
    /// Whose help desk it is; empty if nobody said.
    pub organisation: Name,
}

/// What an administrator may set.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The hub's own number, part of every number it gives out.
    pub hub: u16,
    pub ticket_validity: Duration,
    /// How long the console has to answer for a typed ticket.
    pub attempt: Duration,
    /// How long the user has to answer the question.
    pub consent: Duration,
    /// How long the place of a peer that is out of reach is kept.
    pub kept: Duration,
}

/// Who logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    pub account: AccountId,
    /// What is typed at log-in, for the audit log.
    pub login: String,
    pub display_name: Name,
}

struct OperatorPeer {
    who: LoggedIn,
    since_unix_seconds: i64,
    secret: SecretHash,
    /// Out of reach, until then in time since the hub started.
    away: Option<Duration>,
    past: VecDeque<(SessionId, EndedBy)>,
    /// What was denied and is in the audit log, each once.
    denied: BTreeSet<Action>,
    /// Its console also shows permanent hosts that are not connected.
    lists_sleeping: bool,
}

struct HostPeer {
    stage: HostStage,
    past: VecDeque<(SessionId, EndedBy)>,
    /// The host was told that its attempt is over while its proof may be under way.
    late_proof: bool,
}

enum HostStage {
    /// No ticket typed, or not a good one.
    Idle,
    /// Waits for the console; the number of its attempt.
    Trying(u64),
    /// Stands in the list.
    Accepted(Box<AcceptedHost>),
}

#[derive(Clone)]
struct AcceptedHost {
    /// Whose tickets it came with: first the one it was admitted by, then those of colleagues. Of a
    /// permanent host those who opened it. There is always one.
    owners: Vec<Owner>,
    computer: Name,
    user: Name,
    system: Name,
    since_unix_seconds: i64,
    secret: SecretHash,
    /// Out of reach, until then in time since the hub started.
    away: Option<Duration>,
    /// The attempt on a colleague's ticket that is under way.
    trying: Option<u64>,
    session: Option<SessionId>,
    /// The lines of the user's chat that were filmed.
    filmed: FilmedLines,
    /// What it cannot do, as it says itself.
    hindrances: Hindrances,
    /// It is a permanent host that was opened with its access password.
    opened: Option<Opened>,
    /// It is the console of an operator who shows their screen to a colleague.
    shown: Option<Shown>,
}

/// An account whose ticket a host came with, or that opened it with its password.
#[derive(Clone)]
struct Owner {
    account: AccountId,
    route: Option<TicketRoute>,
    /// The last line of the operator's chat that was filmed.
    last_line: u64,
}

/// The last lines of chat that were filmed. Lines that are said to several operators come by in no
/// order: to one who was away an old line may come after a newer one that others had before.
#[derive(Clone, Default)]
struct FilmedLines(BTreeSet<u64>);

impl FilmedLines {
    /// More than can wait to be heard.
    const MAX: usize = MAX_UNHEARD + 100;

    /// Whether `line` is to be filmed now.
    fn note(&mut self, line: u64) -> bool {
        let Self(lines) = self;
        if lines.len() >= Self::MAX && lines.first().is_some_and(|first| line < *first) {
            return false;
        }
        let is_new = lines.insert(line);
        if lines.len() > Self::MAX {
            lines.pop_first();
        }
        is_new
    }
}

impl Owner {
    fn new((account, route): (AccountId, Option<TicketRoute>)) -> Self {
        Self {
            account,
            route,
            last_line: 0,
        }
    }
}

impl AcceptedHost {
    /// As the store keeps it.
    fn stored(&self, peer: PeerId) -> StoredHost {
        let owners = self.owners.iter();
        StoredHost {
            peer,
            owners: owners.map(|owner| (owner.account, owner.route)).collect(),
            computer: self.computer.to_string(),
            user: self.user.to_string(),
            system: self.system.to_string(),
            since_unix_seconds: self.since_unix_seconds,
            secret: self.secret,
            permanent: self.opened.map(|opened| opened.host),
        }
    }

    fn owner(&self, account: AccountId) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.account == account)
    }

    /// The owner that counts where `account` wants something: itself if it is one.
    fn owner_for(&self, account: AccountId) -> AccountId {
        let first = || self.owners.first().map(|owner| owner.account);
        let own = self.owner(account).map(|owner| owner.account);
        own.or_else(first).expect("it was admitted by one")
    }

    /// What its row is.
    fn kind(&self) -> EntryKind {
        match self.opened {
            Some(_) => EntryKind::PermanentHost,
            None => EntryKind::User,
        }
    }

    /// The route of the ticket that it was admitted by.
    fn first_route(&self) -> Option<TicketRoute> {
        self.owners.first().expect("it was admitted by one").route
    }
}

/// The state of the hub's desk.
pub struct Directory {
    policy: Policy,
    /// Where the hub's page for users is, if it has one.
    page: Option<BoundedText<MAX_PAGE_BYTES>>,
    /// Whose help desk this is; empty where that is not set.
    organisation: Name,
    operators: BTreeMap<PeerId, OperatorPeer>,
    hosts: BTreeMap<PeerId, HostPeer>,
    permanent: PermanentHosts,
    knocks: Knocks,
    waking: Waking,
    showings: Showings,
    /// What all accounts may do, and who is with whom.
    memberships: BTreeMap<AccountId, Membership>,
    tickets: BTreeMap<TicketRoute, Ticket>,
    attempts: BTreeMap<u64, Attempt>,
    last_attempt: u64,
    sessions: BTreeMap<SessionId, Session>,
    last_session: u64,
    last_report: u64,
    /// Tickets that each operator made lately.
    made: Window<AccountId>,
    /// What the users of each host said lately of how it was.
    rated: Window<PeerId>,
    effects: Vec<Effect>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory")
            .field("operators", &self.operators.len())
            .field("hosts", &self.hosts.len())
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}

/// The peer broke the protocol.
#[derive(Debug, Clone, Copy)]
enum Fault {
    OutOfPlace,
    /// It wanted what it may not.
    Denied(Action, Denied),
}

use Fault::OutOfPlace;

impl Directory {
    /// A desk with nobody at it, and what is left from before. Peers that had a place are away.
    pub fn new(policy: Policy, mut stored: Stored, now: Moment) -> Self {
        let permanent = std::mem::take(&mut stored.permanent);
        let tickets = stored.tickets.iter();
        let mut directory = Self {
            policy,
            page: None,
            organisation: Name::default(),
            operators: BTreeMap::new(),
            hosts: BTreeMap::new(),
            permanent: PermanentHosts::default(),
            knocks: Knocks::default(),
            waking: Waking::restored(permanent),
            showings: Showings::default(),
            memberships: stored.memberships.clone(),
            tickets: tickets.map(|t| (t.route, Ticket::from(t))).collect(),
            attempts: BTreeMap::new(),
            last_attempt: 0,
            sessions: BTreeMap::new(),
            last_session: stored.last_session.map_or(0, SessionId::count),
            last_report: stored.last_report.map_or(0, protocol::ReportId::count),
            made: Window::new(tickets::TICKETS_PER_HOUR, Duration::from_hours(1)),
            rated: Window::new(receipts::FEEDBACK_PER_MINUTE, Duration::from_mins(1)),
            effects: Vec::new(),
        };
        directory.restore(stored, now);
        directory
    }

    /// The hub has a page for users at `url`, which consoles put into what they send them.
    #[must_use]
    pub fn with_page(mut self, url: Option<&str>) -> Self {
        self.page = url.map(BoundedText::from);
        self
    }

    /// What is to be done since this was last asked.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// A host said something.
    pub fn host_said(&mut self, id: PeerId, message: HostToHub, now: Moment) {
        if self.permanent.has(id) {
            let done = self.permanent_host_said(id, message, now);
            return self.cut_unless(done, id);
        }
        if !self.hosts.contains_key(&id) {
            return;
        }
        let done = match message {
            HostToHub::OpenTicket {
                route,
                computer,
                user,
                system,
                exchange,
            } => {
                let person = tickets::Introduction {
                    computer,
                    user,
                    system,
                };
                self.open_ticket(id, route, person, exchange, now)
            }
            HostToHub::ConfirmTicket { proof } => self.confirm_ticket(id, proof),
            HostToHub::Greet { to, greeting } => self.host_greets(id, to, greeting),
            HostToHub::Say { to, word } => self.host_says(id, to, word, now),
            HostToHub::EndSession { session } => {
                self.host_ends_session(id, session, EndedBy::User, now)
            }
            HostToHub::EndForged { session } => {
                self.host_ends_session(id, session, EndedBy::Forged, now)
            }
            HostToHub::SendAway { session, operator } => {
                self.send_away(id, session, (operator, EndedBy::User), now)
            }
            HostToHub::SendForgedAway { session, operator } => {
                self.send_away(id, session, (operator, EndedBy::Forged), now)
            }
            HostToHub::Feedback { session, feedback } => {
                self.give_feedback(id, session, feedback, now)
            }
            HostToHub::Leave => Ok(()),
            // the first message of a connection, or none
            HostToHub::Resume { .. }
            | HostToHub::Enrol { .. }
            | HostToHub::ComeIn { .. }
            | HostToHub::SeekUpdates
            // a permanent host's
            | HostToHub::LeavePlace
            | HostToHub::AnswerKnock { .. }
            | HostToHub::JudgeKnock { .. }
            | HostToHub::Lans { .. }
            | HostToHub::Woke { .. } => Err(OutOfPlace),
        };
        self.cut_unless(done, id);
    }

    /// An operator said something; log-in and reports are not the directory's business. `random` must
    /// be fresh.
    pub fn operator_said(
        &mut self,
        id: PeerId,
        message: OperatorToHub,
        random: [u8; 32],
        now: Moment,
    ) {
        if !self.operators.contains_key(&id) {
            return;
        }
        let done = match message {
            OperatorToHub::GenerateTicket => self.generate_ticket(id, random, now),
            OperatorToHub::RevokeTicket { route } => self.revoke_ticket(id, route),
            OperatorToHub::ExtendTicket { route } => self.extend_ticket(id, route, now),
            OperatorToHub::AnswerTicket {
                route,
                attempt,
                exchange,
            } => self.answer_ticket(id, route, attempt, exchange),
            OperatorToHub::JudgeTicket {
                route,
                attempt,
                proof,
            } => self.judge_ticket(id, route, attempt, proof, random, now),
            OperatorToHub::Greet { to, greeting } => self.operator_greets(id, to, greeting),
            OperatorToHub::Say { to, word } => self.operator_says(id, to, word, now),
            OperatorToHub::StartSession { host, word } => self.start_session(id, host, word, now),
            OperatorToHub::EndSession { session } => {
                self.operator_ends_session(id, session, EndedBy::Operator, now)
            }
            OperatorToHub::EndForged { session } => {
                self.operator_ends_session(id, session, EndedBy::Forged, now)
            }
            OperatorToHub::MarkMoment {
                session,
                text,
                ago_millis,
            } => self.mark_moment(id, session, text, ago_millis),
            OperatorToHub::DisconnectHost { host } => self.disconnect_host(id, host, now),
            OperatorToHub::Knock {
                host,
                exchange,
                reason,
            } => self.knock(id, host, (exchange, reason), random, now),
            OperatorToHub::ProveKnock { host, proof } => self.prove_knock(id, host, proof, random),
            OperatorToHub::AskToSee { operator, control } => {
                self.ask_to_see(id, operator, control, random, now)
            }
            OperatorToHub::ShowingPart { showing, part } => {
                self.showing_part(id, showing, part, random, now)
            }
            OperatorToHub::LeaveShowing { showing } => self.leave_showing(id, showing),
            OperatorToHub::ListSleeping => self.list_sleeping(id),
            OperatorToHub::Wake { host } => self.wake(id, host, now),
            OperatorToHub::LogOut => Ok(()),
            OperatorToHub::LogIn { .. }
            | OperatorToHub::Resume { .. }
            | OperatorToHub::SaveReport { .. }
            | OperatorToHub::ListDrafts
            | OperatorToHub::GiveCode { .. }
            | OperatorToHub::AcceptInvitation { .. }
            | OperatorToHub::ListReportForms
            | OperatorToHub::AskAboutReport { .. }
            | OperatorToHub::FillFields { .. }
            | OperatorToHub::KnockCode { .. }
            | OperatorToHub::AskOwn { .. } => Err(OutOfPlace),
        };
        self.cut_unless(done, id);
    }

    /// Time went by; call it about once a second.
    pub fn tick(&mut self, now: Moment) {
        self.expire_tickets(now);
        self.time_out_attempts(now);
        self.time_out_questions(now);
        self.time_out_knocks(now);
        self.time_out_wakes(now);
        self.time_out_showings(now);
        self.time_out_away(now);
        self.time_out_watching(now);
        self.note_permanent_hosts(now);
    }

    /// The hub goes down: everybody is dismissed, and may come back to where they were.
    pub fn stop(&mut self, now: Moment) {
        let operators: Vec<PeerId> = self.operators.keys().copied().collect();
        let hosts: Vec<PeerId> = self.hosts.keys().copied().collect();
        let permanent = self.permanent.peers();
        for id in operators.into_iter().chain(hosts).chain(permanent) {
            self.left(id, Departure::Lost, now);
            let refusal = RefusalCode::SHUTTING_DOWN.into();
            self.effects.push(Effect::Dismiss(id, refusal));
        }
    }

    fn host_greets(&mut self, id: PeerId, to: PeerId, greeting: Greeting) -> Result<(), Fault> {
        check_greeting(&greeting)?;
        if self.reaches(id, to)? {
            let from = id;
            self.tell_operator(to, HubToOperator::Greeted { from, greeting });
        }
        Ok(())
    }

    fn operator_greets(&mut self, id: PeerId, to: PeerId, greeting: Greeting) -> Result<(), Fault> {
        check_greeting(&greeting)?;
        if let Some(host) = self.own_host(id, Action::SpeakToHost, to)?
            && host.away.is_none()
        {
            let from = id;
            self.tell_host(to, HubToHost::Greeted { from, greeting });
        }
        Ok(())
    }

    fn host_says(&mut self, id: PeerId, to: PeerId, word: Word, now: Moment) -> Result<(), Fault> {
        check_word(&word)?;
        // one from the future is the other end's business alone
        let said = wire::decode::<HostWord>(&word.body).ok();
        if self.reaches(id, to)? {
            let at_unix_seconds = now.unix_seconds();
            let from = id;
            let said = HubToOperator::Said {
                from,
                at_unix_seconds,
                word,
            };
            self.tell_operator(to, said);
        }
        match said {
            Some(HostWord::Answer {
                session, granted, ..
            }) => self.answer_consent(id, to, session, granted, now),
            Some(HostWord::Reduce { session, rights }) => {
                self.reduce_rights(id, to, session, rights)
            }
            Some(HostWord::Chat { line, text }) => {
                self.film_users_chat(id, line, text, now);
                Ok(())
            }
            Some(HostWord::InputTooOld { session, count }) => {
                if let Some(found) = self.session_of_host(id, Action::SpeakForUser, session)? {
                    let actor = found.user();
                    let what = What::InputTooOld { session, count };
                    self.effects.push(Effect::Record(Change { actor, what }));
                }
                Ok(())
            }
            Some(HostWord::Company {
                session, driver, ..
            }) => self.driver_is(id, session, driver),
            Some(HostWord::Hindered(hindrances)) => {
                self.host_hindered(id, hindrances);
                Ok(())
            }
            Some(HostWord::Files { session, word }) => {
                self.files_said((id, to), true, session, word)
            }
            Some(HostWord::System {
                session,
                answer: SystemAnswer::Told { .. },
                ..
            }) => self.system_told(id, to, session),
            Some(HostWord::Withheld { session, withheld }) => self.withhold(id, session, withheld),
            Some(HostWord::Shields { session, shields }) => self.shields_are(id, session, shields),
            Some(HostWord::SharesOnly { session, monitor }) => {
                self.shares_only(id, session, monitor)
            }
            Some(
                HostWord::Heard { .. }
                | HostWord::BroughtIn { .. }
                | HostWord::ChatOf { .. }
                | HostWord::InputImpossible { .. }
                | HostWord::System { .. }
                | HostWord::Line { .. }
                | HostWord::Equipped { .. },
            )
            | None => Ok(()),
        }
    }

    fn operator_says(
        &mut self,
        id: PeerId,
        to: PeerId,
        word: Word,
        now: Moment,
    ) -> Result<(), Fault> {
        check_word(&word)?;
        let said = wire::decode::<OperatorWord>(&word.body).ok();
        let Some(host) = self.own_host(id, Action::SpeakToHost, to)? else {
            return Ok(());
        };
        if host.away.is_none() {
            let from = id;
            let at_unix_seconds = now.unix_seconds();
            let said = HubToHost::Said {
                from,
                at_unix_seconds,
                word,
            };
            self.tell_host(to, said);
        }
        match said {
            Some(OperatorWord::Chat { line, text }) => {
                self.film_operators_chat(to, id, line, text, now);
                Ok(())
            }
            Some(OperatorWord::Files { session, word }) => {
                self.files_said((to, id), false, session, word)
            }
            Some(OperatorWord::Rest { session, resting }) => {
                self.rests(id, session, resting);
                Ok(())
            }
            Some(
                OperatorWord::Heard { .. }
                | OperatorWord::BringIn { .. }
                | OperatorWord::AskSystem { .. }
                | OperatorWord::Shield { .. },
            )
            | None => Ok(()),
            // with a question comes a session's number
            Some(OperatorWord::Ask { .. }) => Err(OutOfPlace),
        }
    }

    /// Puts a line that the user wrote on the film, once, however many operators it is said to.
    fn film_users_chat(&mut self, host: PeerId, line: u64, text: ChatText, now: Moment) {
        let Some(accepted) = self.accepted_mut(host) else {
            return;
        };
        if !accepted.filmed.note(line) {
            return;
        }
        let name = accepted.user.clone();
        self.film_chat(host, ChatAuthor::User, name, text, now);
    }

    /// Puts a line that an operator wrote to `host` on the film, once.
    fn film_operators_chat(
        &mut self,
        host: PeerId,
        operator: PeerId,
        line: u64,
        text: ChatText,
        now: Moment,
    ) {
        let Some(who) = self.operators.get(&operator).map(|o| o.who.clone()) else {
            return;
        };
        let owners = self.accepted_mut(host).map(|h| &mut h.owners);
        let owner = owners.into_iter().flatten();
        let Some(owner) = owner
            .filter(|owner| owner.account == who.account)
            .find(|owner| line > owner.last_line)
        else {
            return;
        };
        owner.last_line = line;
        self.film_chat(host, ChatAuthor::Operator, who.display_name, text, now);
    }

    fn film_chat(
        &mut self,
        host: PeerId,
        author: ChatAuthor,
        name: Name,
        text: ChatText,
        now: Moment,
    ) {
        let session = self.accepted(host).and_then(|h| h.session);
        if let Some(session) = session.filter(|id| self.is_running(*id)) {
            let line = ChatLine {
                author,
                name,
                at_unix_seconds: now.unix_seconds(),
                text,
            };
            self.effects.push(Effect::FilmChat { session, line });
        }
    }

    fn accepted(&self, host: PeerId) -> Option<&AcceptedHost> {
        match &self.hosts.get(&host)?.stage {
            HostStage::Accepted(accepted) => Some(accepted),
            HostStage::Idle | HostStage::Trying(_) => None,
        }
    }

    fn accepted_mut(&mut self, host: PeerId) -> Option<&mut AcceptedHost> {
        match &mut self.hosts.get_mut(&host)?.stage {
            HostStage::Accepted(accepted) => Some(accepted),
            HostStage::Idle | HostStage::Trying(_) => None,
        }
    }

    /// The host that operator `id` speaks of: `None` if it is gone, an error if it is another's.
    fn own_host(
        &self,
        id: PeerId,
        action: Action,
        host: PeerId,
    ) -> Result<Option<&AcceptedHost>, Fault> {
        let found = self.accepted(host);
        if let Some(accepted) = found {
            let owner = accepted.owner_for(self.account_of(id)?);
            self.check(id, action, Object::Host { owner })?;
        }
        Ok(found)
    }

    /// Whether operator `id` may do `action` to `object`; who asks for what is another's is out of place.
    fn check(&self, id: PeerId, action: Action, object: Object) -> Result<(), Fault> {
        let account = self.account_of(id)?;
        may(self.standing(account), action, object).map_err(|why| Fault::Denied(action, why))
    }

    /// What decides about an account now; a closed one would have been dismissed.
    fn standing(&self, id: AccountId) -> Who {
        Who::Account(Standing {
            id,
            permissions: self.permissions_of(id),
            disabled: false,
        })
    }

    fn permissions_of(&self, account: AccountId) -> Permissions {
        let membership = self.memberships.get(&account);
        membership.map_or(Permissions::NONE, |m| m.permissions)
    }

    /// Puts what was denied into the audit log, each kind once for each place.
    fn note_denied(&mut self, id: PeerId, action: Action, why: Denied) {
        let Some(operator) = self.operators.get_mut(&id) else {
            // a host, whose name is what it says itself
            return self.record_as_hub(What::Denied { action, why });
        };
        if operator.denied.insert(action) {
            let actor = Actor::Account(operator.who.login.clone());
            let what = What::Denied { action, why };
            self.effects.push(Effect::Record(Change { actor, what }));
        }
    }

    fn account_of(&self, operator: PeerId) -> Result<AccountId, Fault> {
        let found = self.operators.get(&operator).ok_or(OutOfPlace)?;
        Ok(found.who.account)
    }

    /// Whether words of `host` reach the operator `to`: it is here, and the host came with one of its
    /// tickets.
    fn reaches(&self, host: PeerId, to: PeerId) -> Result<bool, Fault> {
        let host = self.accepted(host).ok_or(OutOfPlace)?;
        let operator = self.operators.get(&to).filter(|o| o.away.is_none());
        Ok(operator.is_some_and(|o| host.owner(o.who.account).is_some()))
    }

    /// The place of `account`, here or away.
    fn operator_of(&self, account: AccountId) -> Option<PeerId> {
        let mut operators = self.operators.iter();
        operators
            .find(|(_, o)| o.who.account == account)
            .map(|(id, _)| *id)
    }

    /// The place of `account`, if its operator is in reach.
    fn present_operator_of(&self, account: AccountId) -> Option<PeerId> {
        let id = self.operator_of(account)?;
        let operator = self.operators.get(&id)?;
        operator.away.is_none().then_some(id)
    }

    fn tell_operator(&mut self, id: PeerId, message: HubToOperator) {
        let here = self.operators.get(&id).is_some_and(|o| o.away.is_none());
        if here {
            self.effects.push(Effect::ToOperator(id, message));
        }
    }

    fn tell_host(&mut self, id: PeerId, message: HubToHost) {
        if self.accepted(id).is_none_or(|host| host.away.is_none()) {
            self.effects.push(Effect::ToHost(id, message));
        }
    }

    /// Tickets that are made from now on are good for so long.
    pub fn set_ticket_validity(&mut self, validity: Duration) {
        self.policy.ticket_validity = validity;
    }

    /// The help desk is `name`'s from now on. Operators, and hosts with a ticket or a place, are told, if that
    /// is news.
    pub fn set_organisation(&mut self, name: Name) {
        if self.organisation == name {
            return;
        }
        self.organisation = name;
        let hosts: Vec<PeerId> = self.hosts.keys().copied().collect();
        for id in hosts {
            self.tell_organisation(id);
        }
        let operators: Vec<PeerId> = self.operators.keys().copied().collect();
        for id in operators {
            let name = self.organisation.clone();
            self.tell_operator(id, HubToOperator::Organisation { name });
        }
    }

    fn tell_organisation(&mut self, id: PeerId) {
        let name = self.organisation.clone();
        self.tell_host(id, HubToHost::Organisation { name });
    }

    /// Stores what the hub itself did.
    pub fn record_as_hub(&mut self, what: What) {
        let actor = Actor::Hub;
        self.effects.push(Effect::Record(Change { actor, what }));
    }

    fn cut_unless(&mut self, done: Result<(), Fault>, id: PeerId) {
        if let Err(fault) = done {
            if let Fault::Denied(action, why) = fault {
                self.note_denied(id, action, why);
            }
            let refusal = RefusalCode::OUT_OF_PLACE.into();
            self.effects.push(Effect::Cut(id, refusal));
        }
    }
}

fn check_word(word: &Word) -> Result<(), Fault> {
    if word.body.len() > MAX_WORD_BYTES {
        return Err(OutOfPlace);
    }
    Ok(())
}

fn check_greeting(greeting: &Greeting) -> Result<(), Fault> {
    if greeting.state.len() > MAX_WORD_BYTES {
        return Err(OutOfPlace);
    }
    Ok(())
}

fn remember(past: &mut VecDeque<(SessionId, EndedBy)>, session: SessionId, by: EndedBy) {
    // it may have left the same one before
    past.retain(|(id, _)| *id != session);
    if past.len() == PAST_SESSIONS {
        past.pop_front();
    }
    past.push_back((session, by));
}
