//! The one task that owns the [`Directory`]: takes what happens, and carries out what follows.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use protocol::admin::desk::LiveSession;
use protocol::control::Name;
use protocol::{
    EndedBy, Entry, Feedback, HostId, HostToHub, HubToHost, HubToOperator, OperatorToHub, PeerId,
    Refusal, RefusalCode, ReportId, ResumeSecret, Rights, SessionId, SignedReceipt,
};
use session::authority::Membership;
use session::directory::records::{AccountId, Actor, Side, StoredSession, What};
use session::directory::{
    CannotResume, Departure, Directory, Effect, FilmOrder, HostStanding, LoggedIn,
    PermanentArrival, RelayStart, Watcher,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior};
use transport::Connection;
use transport::close::close_refused;

use crate::admission::Admission;
use crate::catalogue::{self, AbsentMember, Batch, CatalogueError, Change, Worked};
use crate::clock::Clock;
use crate::crowd::Crowd;
use crate::film::{self, Film, FinishedFilm};
use crate::ledger::Ledger;
use crate::outbound::Outbound;
use crate::relay::{Relay, Seat, SessionsOfPeer};
use crate::store::{Rating, Store};

/// Events that may wait before their senders have to.
pub(crate) const MAILBOX: usize = 1024;
/// When to try again what was refused because the disk is behind.
const RETRY_SECONDS: u32 = 5;
/// How often, and how far apart, a receipt is tried while the disk is full.
const RECEIPT_TRIES: usize = 60;
const RECEIPT_INTERVAL: Duration = Duration::from_secs(5);
/// How long a host that is sent away waits for its receipt.
const PARTING: Duration = Duration::from_secs(3);
/// How long films may take to finish when the hub goes down.
const FINISH_FILMS: Duration = Duration::from_millis(1500);

/// Tells the connections of one place apart: one that is late to end must not end its successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkId(pub(crate) u64);

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    HostArrived(PeerId, PeerLink<HubToHost>),
    OperatorArrived(PeerId, PeerLink<HubToOperator>, LoggedIn, Membership),
    /// Somebody says that it had a place; it hears whether it still has.
    HostResumes(Resume<HubToHost, ()>),
    OperatorResumes(Resume<HubToOperator, LoggedIn>),
    HostSaid(PeerId, HostToHub),
    OperatorSaid(PeerId, Box<OperatorToHub>),
    /// An operator knocks at that host, and what the administrator demands is missing.
    KnockRefused(PeerId, PeerId, Refusal, &'static str),
    /// The same where it wants that host woken.
    WakeRefused(PeerId, PeerId, Refusal, &'static str),
    Left(PeerId, LinkId, Departure),
    /// Log-ins with these accounts end, for that reason.
    AccountsClosed(Vec<AccountId>, Refusal),
    /// Log-ins with the account end, but for the one at this place.
    OthersClosed(AccountId, PeerId, Refusal),
    /// This operator's log-in ends, for that reason.
    SignInEnds(PeerId, Refusal),
    /// What all accounts may do, and what was decided about all permanent hosts; the answer comes when
    /// that holds.
    MembershipsChanged(
        BTreeMap<AccountId, Membership>,
        BTreeMap<HostId, HostStanding>,
        oneshot::Sender<()>,
    ),
    /// A permanent host has proved its key.
    PermanentHostArrived(PeerId, PeerLink<HubToHost>, Box<PermanentArrival>),
    TicketStored(PeerId, protocol::TicketRoute, bool),
    TicketRevoked(PeerId, protocol::TicketRoute, bool),
    SessionStored(SessionId, bool),
    /// The film is open, or cannot be opened.
    FilmOpened(SessionId, Option<Film>),
    /// The film ended in good order; `None` if it was discarded or left.
    FilmClosed(SessionId, Option<FinishedFilm>),
    /// The film broke off; what was recorded is finished, or is not.
    FilmFailed(SessionId, Option<FinishedFilm>),
    /// The receipt of the last session of a host is made.
    ReceiptMade(PeerId, Box<SignedReceipt>),
    /// The same for one that is to go with it; none if it took too long.
    LastReceiptMade(PeerId, Refusal, Option<Box<SignedReceipt>>),
    /// What the user of a host says of a session is stored with whose report, or why it is not.
    FeedbackStored(
        PeerId,
        SessionId,
        Box<Feedback>,
        Result<(AccountId, ReportId), RefusalCode>,
    ),
    /// New tickets are good for so long from now on.
    TicketsGoodFor(Duration),
    /// Whose help desk this is from now on.
    OrganisationIs(Name),
    /// An administrator looks, or steps in.
    Overseen(Oversight),
}

/// What an administrator wants of the desk; the answer may find nobody any more.
#[derive(Debug)]
pub(crate) enum Oversight {
    Look(oneshot::Sender<LiveDesk>),
    /// Ends a session in the name of `actor`; whether there was one.
    EndSession {
        session: SessionId,
        actor: Actor,
        done: oneshot::Sender<bool>,
    },
    /// Somebody watches a session for the next moments; why not, if not.
    Watch {
        session: SessionId,
        watcher: Watcher,
        done: oneshot::Sender<Result<Watch, RefusalCode>>,
    },
    StopWatching {
        session: SessionId,
        sign_in: PeerId,
        done: oneshot::Sender<()>,
    },
    /// Has a permanent host woken in the name of `actor`; the computers that do it, or why it cannot be.
    Wake {
        host: HostId,
        actor: Actor,
        done: oneshot::Sender<Result<Vec<Name>, Refusal>>,
    },
    /// Sends a peer away in the name of `actor`; whether it was there.
    Disconnect {
        peer: PeerId,
        actor: Actor,
        done: oneshot::Sender<bool>,
    },
}

/// Somebody may watch.
#[derive(Debug)]
pub(crate) enum Watch {
    /// As they have until now.
    GoesOn,
    /// From now on; each of these comes when somebody in the session has been sent word of it, or is gone.
    Begins(Vec<oneshot::Receiver<()>>),
}

/// The desk at one moment.
#[derive(Debug)]
pub(crate) struct LiveDesk {
    pub(crate) entries: Vec<Entry>,
    pub(crate) sessions: Vec<LiveSession>,
    /// The disk is so far behind that nothing new is begun.
    pub(crate) is_behind: bool,
}

/// A peer that comes back.
#[derive(Debug)]
pub(crate) struct Resume<M, W> {
    pub(crate) you: PeerId,
    pub(crate) secret: ResumeSecret,
    pub(crate) link: PeerLink<M>,
    pub(crate) answer: oneshot::Sender<Result<W, CannotResume>>,
}

/// How the registry reaches a peer.
#[derive(Debug)]
pub(crate) struct PeerLink<M> {
    pub(crate) connection: Connection,
    pub(crate) outbound: mpsc::Sender<Outbound<M>>,
    pub(crate) sessions: SessionsOfPeer,
    pub(crate) admission: Arc<Admission>,
}

enum Peer {
    Host(PeerLink<HubToHost>),
    Operator(PeerLink<HubToOperator>),
}

impl Peer {
    fn admission(&self) -> &Admission {
        match self {
            Self::Host(link) => &link.admission,
            Self::Operator(link) => &link.admission,
        }
    }

    /// Comes when all that waits for this peer now was sent, or the peer is gone; `None` where it is
    /// so far behind that nothing more can wait.
    fn sent_so_far(&self) -> Option<oneshot::Receiver<()>> {
        let (sender, sent) = oneshot::channel();
        let waits = match self {
            Self::Host(link) => link.outbound.try_send(Outbound::Sent(sender)).is_ok(),
            Self::Operator(link) => link.outbound.try_send(Outbound::Sent(sender)).is_ok(),
        };
        waits.then_some(sent)
    }

    fn connection(&self) -> &Connection {
        match self {
            Self::Host(link) => &link.connection,
            Self::Operator(link) => &link.connection,
        }
    }

    fn sessions(&self) -> &SessionsOfPeer {
        match self {
            Self::Host(link) => &link.sessions,
            Self::Operator(link) => &link.sessions,
        }
    }
}

struct OpenFilm {
    film: Film,
    /// Those who take part, here or away, by the names that the film gives them.
    names: BTreeMap<PeerId, Name>,
    /// While something flows.
    relay: Option<Relay>,
    /// From the moment in which the session runs.
    ledger: Option<Ledger>,
    /// The user has paused: that time is nobody's work.
    withheld: bool,
}

impl OpenFilm {
    fn new(film: Film) -> Self {
        Self {
            film,
            names: BTreeMap::new(),
            relay: None,
            ledger: None,
            withheld: false,
        }
    }

    /// Counts the time up to `now`, as it is spent until then.
    fn count_up_to(&mut self, now: std::time::Instant) {
        let flows = self.relay.is_some() && !self.withheld;
        if let Some(ledger) = &mut self.ledger {
            ledger.count(now, flows);
        }
    }

    /// Counts the time up to `now`; gives what is to be stored.
    fn count(&mut self, now: std::time::Instant, is_over: bool) -> Option<Worked> {
        self.count_up_to(now);
        let ledger = self.ledger.as_mut()?;
        (is_over || ledger.is_due(now)).then(|| ledger.take(now))?
    }
}

pub(crate) struct Registry {
    directory: Directory,
    /// Hears how many may come back.
    crowd: Arc<Crowd>,
    clock: Clock,
    store: Store,
    data: PathBuf,
    /// For the films' threads to answer.
    mailbox: mpsc::Sender<Event>,
    rules: watch::Receiver<film::Rules>,
    peers: BTreeMap<PeerId, Peer>,
    films: BTreeMap<SessionId, OpenFilm>,
    /// Threads that have not said yet that they are done.
    films_at_work: usize,
}

impl Registry {
    pub(crate) fn new(
        directory: Directory,
        crowd: Arc<Crowd>,
        clock: Clock,
        store: Store,
        data: PathBuf,
        mailbox: mpsc::Sender<Event>,
        rules: watch::Receiver<film::Rules>,
    ) -> Self {
        crowd.expect(directory.away());
        Self {
            directory,
            crowd,
            clock,
            store,
            data,
            mailbox,
            rules,
            peers: BTreeMap::new(),
            films: BTreeMap::new(),
            films_at_work: 0,
        }
    }

    /// Opens the films of sessions that ran when the hub went down and may go on, without `absent`.
    pub(crate) fn reopen_films(&mut self, sessions: &[StoredSession], absent: &[AbsentMember]) {
        for stored in sessions {
            let session = stored.session;
            match film::reopen(&self.data, stored, self.mailbox.clone(), self.rules.clone()) {
                Ok(film) => {
                    self.films_at_work += 1;
                    let mut open = OpenFilm::new(film);
                    open.ledger = Some(Ledger::new(std::time::Instant::now()));
                    for member in &stored.members {
                        let name = Name::cut(member.name.as_str());
                        open.names.insert(member.operator, name);
                    }
                    for gone in absent.iter().filter(|gone| gone.session == session) {
                        open.film.left(&Name::cut(gone.name.as_str()));
                    }
                    self.films.insert(session, open);
                }
                Err(error) => {
                    tracing::error!(%session, %error, "No thread for the film");
                    self.directory.film_failed(session, self.clock.now());
                }
            }
        }
    }

    /// Works until `stop` is true, then ends every session and dismisses everybody.
    pub(crate) async fn run(
        mut self,
        mut events: mpsc::Receiver<Event>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _stopped = stop.wait_for(|stop| *stop) => break,
                _ = tick.tick() => {
                    self.directory.tick(self.clock.now());
                    self.crowd.expect(self.directory.away());
                    self.keep_ledgers();
                }
                Some(event) = events.recv() => self.take(event),
            }
            self.carry_out();
        }
        self.directory.stop(self.clock.now());
        self.carry_out();
        for open in self.films.values() {
            open.film.leave();
        }
        let deadline = Instant::now() + FINISH_FILMS;
        while self.films_at_work > 0 {
            let Ok(Some(event)) = tokio::time::timeout_at(deadline, events.recv()).await else {
                tracing::warn!(films = self.films_at_work, "Films not finished in time");
                break;
            };
            if let Event::FilmOpened(..) | Event::FilmClosed(..) | Event::FilmFailed(..) = event {
                self.take(event);
                self.carry_out();
            }
        }
    }

    fn take(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::HostArrived(id, link) => {
                self.peers.insert(id, Peer::Host(link));
                self.directory.host_arrived(id);
            }
            Event::OperatorArrived(id, link, who, membership) => {
                let Some(random) = Self::random(&link.connection) else {
                    return;
                };
                self.peers.insert(id, Peer::Operator(link));
                self.directory
                    .operator_arrived(id, who, membership, random, now);
            }
            Event::HostResumes(resume) => {
                let answer = self.directory.host_resumes(resume.you, &resume.secret, now);
                self.resumed(resume.you, &answer, Peer::Host(resume.link));
                tell_resumed(resume.answer, answer);
            }
            Event::OperatorResumes(resume) => {
                let answer = self
                    .directory
                    .operator_resumes(resume.you, &resume.secret, now);
                self.resumed(resume.you, &answer, Peer::Operator(resume.link));
                tell_resumed(resume.answer, answer);
            }
            Event::HostSaid(id, message) => self.directory.host_said(id, message, now),
            Event::OperatorSaid(id, message) => {
                if let Some(refused) = self.refuse_new_work(&message) {
                    return self.send_operator(id, refused);
                }
                let Some(peer) = self.peers.get(&id) else {
                    return;
                };
                if let Some(random) = Self::random(peer.connection()) {
                    self.directory.operator_said(id, *message, random, now);
                }
            }
            Event::KnockRefused(id, host, refusal, reason) => {
                self.directory.refuse_knock(id, host, refusal, reason, now);
            }
            Event::WakeRefused(id, host, refusal, reason) => {
                self.directory.refuse_wake(id, host, refusal, reason, now);
            }
            Event::Left(id, link, how) => {
                let peer = self.peers.get(&id);
                if peer.is_some_and(|peer| peer.admission().id() == link) {
                    self.peers.remove(&id);
                    self.directory.left(id, how, now);
                }
            }
            Event::AccountsClosed(accounts, refusal) => {
                self.directory.accounts_closed(&accounts, refusal, now);
            }
            Event::OthersClosed(account, stays, refusal) => {
                let directory = &mut self.directory;
                directory.account_closed_elsewhere(account, stays, refusal, now);
            }
            Event::SignInEnds(peer, refusal) => {
                self.directory.sign_in_ends(peer, refusal, now);
            }
            Event::PermanentHostArrived(id, link, arrival) => {
                self.peers.insert(id, Peer::Host(link));
                self.directory.permanent_host_arrived(id, *arrival, now);
            }
            Event::MembershipsChanged(memberships, hosts, done) => {
                let directory = &mut self.directory;
                directory.memberships_changed(memberships, &hosts, now);
                if done.send(()).is_err() {
                    tracing::debug!("Nobody waits for the change");
                }
            }
            Event::TicketStored(operator, route, stored) => {
                self.directory.ticket_stored(operator, route, stored);
            }
            Event::TicketRevoked(operator, route, stored) => {
                self.directory.ticket_revoked(operator, route, stored);
            }
            Event::SessionStored(session, stored) => {
                self.directory.session_stored(session, stored);
            }
            Event::FilmOpened(session, film) => self.film_opened(session, film),
            Event::FilmClosed(session, finished) => {
                self.films_at_work -= 1;
                self.films.remove(&session);
                if let Some(finished) = finished {
                    film_closed(&mut self.directory, session, finished);
                }
            }
            Event::FilmFailed(session, finished) => {
                self.films_at_work -= 1;
                self.directory.film_failed(session, now);
                if let Some(finished) = finished {
                    film_closed(&mut self.directory, session, finished);
                }
            }
            Event::ReceiptMade(host, signed) => self.directory.receipt_made(host, *signed),
            Event::LastReceiptMade(host, refusal, signed) => {
                // the directory has forgotten it
                if let Some(signed) = signed {
                    self.send_host(host, HubToHost::Receipt { signed: *signed });
                }
                self.dismiss(host, refusal);
            }
            Event::FeedbackStored(host, session, feedback, stored) => {
                let directory = &mut self.directory;
                directory.feedback_stored(host, session, *feedback, stored);
            }
            Event::TicketsGoodFor(validity) => self.directory.set_ticket_validity(validity),
            Event::OrganisationIs(name) => self.directory.set_organisation(name),
            Event::Overseen(oversight) => self.oversee(oversight),
        }
    }

    fn oversee(&mut self, oversight: Oversight) {
        let now = self.clock.now();
        // whoever asked may be gone
        match oversight {
            Oversight::Look(answer) => drop(answer.send(LiveDesk {
                entries: self.directory.everybody(),
                sessions: self.directory.live_sessions(),
                is_behind: self.store.is_behind(),
            })),
            Oversight::EndSession {
                session,
                actor,
                done,
            } => {
                let ended = self.directory.administrator_ends(session, actor, now);
                done.send(ended).unwrap_or_default();
            }
            Oversight::Watch {
                session,
                watcher,
                done,
            } => {
                let watches = self.directory.watch(session, watcher, now);
                // whoever is watched is told first
                self.carry_out();
                let watch = watches.map(|begins| match begins {
                    None => Watch::GoesOn,
                    Some(members) => {
                        let members = members.iter().filter_map(|id| self.peers.get(id));
                        Watch::Begins(members.filter_map(Peer::sent_so_far).collect())
                    }
                });
                drop(done.send(watch));
            }
            Oversight::StopWatching {
                session,
                sign_in,
                done,
            } => {
                self.directory.stop_watching(session, sign_in);
                done.send(()).unwrap_or_default();
            }
            Oversight::Wake { host, actor, done } => {
                let through = self.directory.administrator_wakes(host, actor, now);
                drop(done.send(through));
            }
            Oversight::Disconnect { peer, actor, done } => {
                let gone = self.directory.administrator_disconnects(peer, actor, now);
                done.send(gone).unwrap_or_default();
            }
        }
    }

    /// The refusal of what begins something new to remember, while the disk is far behind.
    fn refuse_new_work(&self, message: &OperatorToHub) -> Option<HubToOperator> {
        let refusal = Refusal {
            code: RefusalCode::INTERNAL,
            retry_after_seconds: RETRY_SECONDS,
        };
        let refused = match message {
            OperatorToHub::GenerateTicket => HubToOperator::TicketRefused { refusal },
            OperatorToHub::StartSession { host, .. } => HubToOperator::SessionRefused {
                host: *host,
                refusal,
            },
            OperatorToHub::Knock { host, .. } => HubToOperator::KnockRefused {
                host: *host,
                refusal,
            },
            OperatorToHub::AskToSee { operator, .. } => HubToOperator::ShowingRefused {
                showing: 0,
                operator: *operator,
                refusal,
            },
            OperatorToHub::LogIn { .. }
            | OperatorToHub::Resume { .. }
            | OperatorToHub::RevokeTicket { .. }
            | OperatorToHub::ExtendTicket { .. }
            | OperatorToHub::AnswerTicket { .. }
            | OperatorToHub::JudgeTicket { .. }
            | OperatorToHub::Greet { .. }
            | OperatorToHub::Say { .. }
            | OperatorToHub::EndSession { .. }
            | OperatorToHub::EndForged { .. }
            | OperatorToHub::MarkMoment { .. }
            | OperatorToHub::DisconnectHost { .. }
            | OperatorToHub::SaveReport { .. }
            | OperatorToHub::ListDrafts
            | OperatorToHub::GiveCode { .. }
            | OperatorToHub::AcceptInvitation { .. }
            | OperatorToHub::ListReportForms
            | OperatorToHub::AskAboutReport { .. }
            | OperatorToHub::FillFields { .. }
            | OperatorToHub::AskOwn { .. }
            | OperatorToHub::ProveKnock { .. }
            | OperatorToHub::KnockCode { .. }
            | OperatorToHub::ShowingPart { .. }
            | OperatorToHub::LeaveShowing { .. }
            | OperatorToHub::ListSleeping
            | OperatorToHub::Wake { .. }
            | OperatorToHub::LogOut => return None,
        };
        self.store.is_behind().then_some(refused)
    }

    /// Fresh randomness; without it nobody can be served.
    fn random(connection: &Connection) -> Option<[u8; 32]> {
        let mut random = [0; 32];
        match getrandom::fill(&mut random) {
            Ok(()) => Some(random),
            Err(error) => {
                tracing::error!(%error, "No randomness");
                close_refused(connection, RefusalCode::INTERNAL.into());
                None
            }
        }
    }

    /// A peer that had a place is here over another connection, or only says so. An old connection that
    /// was not missed yet ends.
    fn resumed<W>(&mut self, id: PeerId, answer: &Result<W, CannotResume>, peer: Peer) {
        match answer {
            Ok(_who) => {}
            Err(CannotResume::NoPlace) => return,
            Err(CannotResume::WrongSecret) => {
                peer.admission().log("Wrong secret for a place");
                return peer.admission().wrong_secret();
            }
        }
        // before it hears that it is back: it opens its streams at once
        peer.admission().admit();
        if let Some(older) = self.peers.insert(id, peer) {
            close_refused(older.connection(), RefusalCode::TIMED_OUT.into());
        }
    }

    fn film_opened(&mut self, session: SessionId, film: Option<Film>) {
        if film.is_none() {
            self.films_at_work -= 1;
        }
        let path = film.as_ref().map(|_| film::relative_path(session));
        if let Some(film) = film {
            self.films.insert(session, OpenFilm::new(film));
        }
        self.directory.film_opened(session, path);
    }

    /// Carries out the directory's effects in their order, and what follows from them. Waits for nothing:
    /// what has to be stored is handed over, and the answer comes as an event.
    fn carry_out(&mut self) {
        let mut effects = VecDeque::from(self.directory.take_effects());
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::ToHost(id, message) => self.send_host(id, message),
                Effect::ToOperator(id, message) => self.send_operator(id, message),
                Effect::Dismiss(id, refusal) => self.dismiss(id, refusal),
                Effect::DismissWithReceipt(id, refusal) => self.make_last_receipt(id, refusal),
                Effect::Cut(id, refusal) => {
                    if let Some(peer) = self.peers.get(&id) {
                        peer.admission().log("Peer said what is out of place");
                    }
                    self.cut(id, refusal);
                }
                Effect::Record(change) => {
                    let mut changes = vec![change.into()];
                    while let Some(Effect::Record(_)) = effects.front() {
                        if let Some(Effect::Record(next)) = effects.pop_front() {
                            changes.push(next.into());
                        }
                    }
                    self.hand_over(changes);
                }
                Effect::StoreTicket {
                    operator,
                    route,
                    change,
                } => self.store_new(change.into(), move |stored| {
                    Event::TicketStored(operator, route, stored)
                }),
                Effect::StoreRevocation {
                    operator,
                    route,
                    change,
                } => self.store_new(change.into(), move |stored| {
                    Event::TicketRevoked(operator, route, stored)
                }),
                Effect::OpenFilm(order) => self.open_film(order),
                Effect::DiscardFilm(session) => {
                    if let Some(open) = self.films.remove(&session) {
                        open.film.discard();
                    }
                }
                Effect::StoreSession { session, change } => {
                    self.store_new(change.into(), move |stored| {
                        Event::SessionStored(session, stored)
                    });
                }
                Effect::StartRelay {
                    session,
                    host,
                    operator,
                    name,
                    rights,
                    start,
                } => {
                    if let Some(open) = self.films.get_mut(&session) {
                        match start {
                            RelayStart::First => {}
                            RelayStart::Joined => open.film.joined(&name, rights),
                            RelayStart::Resumed => open.film.resumed(&name),
                        }
                        open.names.insert(operator, name);
                    }
                    self.start_relay(session, host, operator, rights);
                }
                Effect::PauseRelay { session, side } => match side {
                    Side::Host => {
                        self.stop_relay(session);
                        if let Some(open) = self.films.get(&session) {
                            open.film.lost_host();
                        }
                    }
                    Side::Operator(operator) => {
                        self.stop_viewer(session, operator);
                        if let Some((film, name)) = self.named(session, operator) {
                            film.lost_operator(name);
                        }
                    }
                },
                Effect::LeaveRelay { session, operator } => {
                    self.stop_viewer(session, operator);
                    if let Some((film, name)) = self.named(session, operator) {
                        film.left(name);
                    }
                    if let Some(open) = self.films.get_mut(&session) {
                        open.names.remove(&operator);
                    }
                }
                Effect::ChangeRights {
                    session,
                    operator,
                    rights,
                } => {
                    // first of all: nothing may pass any more
                    let open = self.films.get(&session);
                    if let Some(relay) = open.and_then(|open| open.relay.as_ref()) {
                        relay.set_rights(operator, rights);
                    }
                    if let Some((film, name)) = self.named(session, operator) {
                        film.rights_changed(name, rights);
                    }
                }
                Effect::FilmDriver { session, driver } => {
                    if let Some(open) = self.films.get(&session) {
                        open.film.driver(driver.as_ref());
                    }
                }
                Effect::FilmMark {
                    session,
                    operator,
                    text,
                    ago_millis,
                } => {
                    if let Some(open) = self.films.get(&session) {
                        open.film.marked(&operator, &text, ago_millis);
                    }
                }
                Effect::FilmWatched {
                    session,
                    by,
                    begins,
                } => {
                    if let Some(open) = self.films.get(&session) {
                        open.film.watched(&by, begins);
                    }
                }
                Effect::FilmFiles { session, note } => {
                    if let Some(open) = self.films.get(&session) {
                        open.film.files(&note);
                    }
                }
                Effect::Withhold { session, withheld } => {
                    if let Some(open) = self.films.get_mut(&session) {
                        open.count_up_to(std::time::Instant::now());
                        open.withheld = withheld;
                        open.film.withheld(withheld);
                    }
                }
                Effect::FilmNote { session, text } => {
                    if let Some(open) = self.films.get(&session) {
                        open.film.note(text);
                    }
                }
                Effect::FilmChat { session, line } => {
                    if let Some(open) = self.films.get(&session) {
                        open.film.chat(&line);
                        let said = catalogue::What::ChatSaid { session, line };
                        self.hand_over(vec![Change::by_hub(said)]);
                    }
                }
                Effect::EndRelay { session, by } => self.end_relay(session, by),
                Effect::GiveReceipt(host) => self.make_receipt(host),
                Effect::StoreFeedback {
                    host,
                    session,
                    feedback,
                } => self.store_feedback(host, session, feedback),
            }
            // what follows comes before what was to come: it belongs to the same event
            for follow in self.directory.take_effects().into_iter().rev() {
                effects.push_front(follow);
            }
        }
    }

    fn hand_over(&self, changes: Vec<Change>) {
        if let Err(error) = self.store.hand_over(self.batch(changes)) {
            tracing::error!(%error, "Not stored");
        }
    }

    /// Counts the time of all sessions, and stores what is due.
    fn keep_ledgers(&mut self) {
        let now = std::time::Instant::now();
        let due = self.films.iter_mut().filter_map(|(session, open)| {
            let worked = open.count(now, false)?;
            Some(worked_in(*session, worked))
        });
        let due: Vec<Change> = due.collect();
        if !due.is_empty() {
            self.hand_over(due);
        }
    }

    fn batch(&self, changes: Vec<Change>) -> Batch {
        for change in &changes {
            if let Some((action, detail)) = change.what.describe() {
                tracing::info!(actor = ?change.actor, action = action.code(), %detail, "Desk");
            }
        }
        Batch {
            at_unix_millis: self.clock.now().unix_millis,
            changes,
        }
    }

    /// Hands a change over that something waits for; `told` makes an event of the answer.
    fn store_new(&mut self, change: Change, told: impl FnOnce(bool) -> Event + Send + 'static) {
        let batch = self.batch(vec![change]);
        let answer = match self.store.hand_over_new(batch) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, "Refused");
                return self.take(told(false));
            }
        };
        let mailbox = self.mailbox.clone();
        tokio::spawn(async move {
            let stored = answer.await.unwrap_or(Err(CatalogueError::Closed));
            if let Err(error) = &stored {
                log_store_error(error);
            }
            if mailbox.send(told(stored.is_ok())).await.is_err() {
                tracing::debug!("Hub is gone already");
            }
        });
    }

    /// Has the receipt of the last session of `host` made, after all that was handed over before.
    fn make_receipt(&self, host: PeerId) {
        let (store, mailbox) = (self.store.clone(), self.mailbox.clone());
        tokio::spawn(async move {
            let Some(signed) = last_receipt(&store, host).await else {
                return;
            };
            let made = Event::ReceiptMade(host, Box::new(signed));
            if mailbox.send(made).await.is_err() {
                tracing::debug!("Hub is gone already");
            }
        });
    }

    /// The same for a host that is dismissed then, with or without it.
    fn make_last_receipt(&self, host: PeerId, refusal: Refusal) {
        let (store, mailbox) = (self.store.clone(), self.mailbox.clone());
        tokio::spawn(async move {
            let made = tokio::time::timeout(PARTING, last_receipt(&store, host)).await;
            let signed = made.ok().flatten().map(Box::new);
            let made = Event::LastReceiptMade(host, refusal, signed);
            if mailbox.send(made).await.is_err() {
                tracing::debug!("Hub is gone already");
            }
        });
    }

    fn store_feedback(&self, host: PeerId, session: SessionId, feedback: Feedback) {
        let (store, mailbox) = (self.store.clone(), self.mailbox.clone());
        let at_unix_millis = self.clock.now().unix_millis;
        tokio::spawn(async move {
            let rating = Rating {
                host,
                session,
                feedback: feedback.clone(),
                at_unix_millis,
            };
            let stored = match store.rate(rating).await {
                Ok(Some(rated)) => Ok((rated.owner, rated.report)),
                Ok(None) => Err(RefusalCode::SESSION_GONE),
                Err(error) => {
                    log_store_error(&error);
                    Err(RefusalCode::INTERNAL)
                }
            };
            let event = Event::FeedbackStored(host, session, Box::new(feedback), stored);
            if mailbox.send(event).await.is_err() {
                tracing::debug!("Hub is gone already");
            }
        });
    }

    fn open_film(&mut self, order: FilmOrder) {
        let session = order.session;
        match film::open(&self.data, order, self.mailbox.clone(), self.rules.clone()) {
            Ok(()) => self.films_at_work += 1,
            Err(error) => {
                tracing::error!(%session, %error, "No thread for the film");
                self.directory.film_opened(session, None);
            }
        }
    }

    fn start_relay(&mut self, id: SessionId, host: PeerId, operator: PeerId, rights: Rights) {
        let host_peer = self.peers.get(&host);
        let operator_peer = self.peers.get(&operator);
        let open = self.films.get_mut(&id);
        let (Some(host_peer), Some(operator_peer), Some(open)) = (host_peer, operator_peer, open)
        else {
            // whoever is missing has left; the directory hears of it next and ends the session
            return;
        };
        let now = std::time::Instant::now();
        // what has passed up to now was spent without this operator
        open.count_up_to(now);
        let ledger = open.ledger.get_or_insert_with(|| Ledger::new(now));
        let hands = ledger.hands();
        let film = &open.film;
        let relay = open.relay.get_or_insert_with(|| {
            let connection = host_peer.connection().clone();
            Relay::new(id, film.clone(), (host, connection), hands)
        });
        let viewer = relay.admit(operator, operator_peer.connection().clone(), rights);
        // the host's last: what it opens at once must find somebody
        let seat = Seat::Operator(viewer);
        operator_peer.sessions().insert(id, seat);
        host_peer.sessions().insert(id, Seat::Host(relay.session()));
    }

    /// Ends the streams of a session, if any flow.
    fn stop_relay(&mut self, session: SessionId) {
        let open = self.films.get_mut(&session);
        let relay = open.and_then(|open| {
            open.count_up_to(std::time::Instant::now());
            open.relay.take()
        });
        let Some(relay) = relay else {
            return;
        };
        for id in relay.operators().into_iter().chain([relay.host()]) {
            if let Some(peer) = self.peers.get(&id) {
                peer.sessions().remove(session);
            }
        }
    }

    /// Ends the streams to and from one operator; with the last one, those of the session.
    fn stop_viewer(&mut self, session: SessionId, operator: PeerId) {
        let open = self.films.get_mut(&session);
        let Some(relay) = open.and_then(|open| open.relay.as_mut()) else {
            return;
        };
        relay.leave(operator);
        let is_last = relay.operators().is_empty();
        if let Some(peer) = self.peers.get(&operator) {
            peer.sessions().remove(session);
        }
        if is_last {
            self.stop_relay(session);
        }
    }

    /// The film of a session, and the name that it has for `operator`.
    fn named(&self, session: SessionId, operator: PeerId) -> Option<(&Film, &Name)> {
        let open = self.films.get(&session)?;
        Some((&open.film, open.names.get(&operator)?))
    }

    fn end_relay(&mut self, session: SessionId, by: EndedBy) {
        self.stop_relay(session);
        if let Some(mut open) = self.films.remove(&session) {
            // before the end is stored, which accounts for what is missing
            if let Some(worked) = open.count(std::time::Instant::now(), true) {
                self.hand_over(vec![worked_in(session, worked)]);
            }
            open.film.finish(by);
        }
    }

    fn send_host(&self, id: PeerId, message: HubToHost) {
        if let Some(Peer::Host(link)) = self.peers.get(&id) {
            link.admission.host_is_told(&message);
            link.send(id, Outbound::message(message));
        }
    }

    fn send_operator(&self, id: PeerId, message: HubToOperator) {
        if let Some(Peer::Operator(link)) = self.peers.get(&id) {
            link.send(id, Outbound::message(message));
        }
    }

    fn dismiss(&self, id: PeerId, refusal: Refusal) {
        match self.peers.get(&id) {
            Some(Peer::Host(link)) => {
                link.send(id, Outbound::message(HubToHost::Goodbye { refusal }));
                link.send(id, Outbound::Close(refusal));
            }
            Some(Peer::Operator(link)) => {
                link.send(id, Outbound::message(HubToOperator::Goodbye { refusal }));
                link.send(id, Outbound::Close(refusal));
            }
            None => {}
        }
    }

    /// The peer has no place to come back to.
    fn cut(&mut self, id: PeerId, refusal: Refusal) {
        if let Some(peer) = self.peers.remove(&id) {
            close_refused(peer.connection(), refusal);
        }
        self.directory.left(id, Departure::Cut, self.clock.now());
    }
}

/// The receipt of the last session of `host`, as soon as the disk takes what it tells.
async fn last_receipt(store: &Store, host: PeerId) -> Option<SignedReceipt> {
    for _try in 0..RECEIPT_TRIES {
        match store.last_receipt(host).await {
            Ok(made) => return made,
            // the end of the session is not stored yet
            Err(CatalogueError::DiskFull | CatalogueError::Busy) => {
                tokio::time::sleep(RECEIPT_INTERVAL).await;
            }
            Err(error) => {
                log_store_error(&error);
                return None;
            }
        }
    }
    None
}

impl<M> PeerLink<M> {
    /// Puts `message` into the peer's queue; a peer that does not empty it is cut off.
    fn send(&self, id: PeerId, message: Outbound<M>) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.outbound.try_send(message) {
            tracing::info!(peer = %id, "Peer does not read");
            close_refused(&self.connection, RefusalCode::TIMED_OUT.into());
        }
    }
}

fn worked_in(session: SessionId, worked: Worked) -> Change {
    Change::by_hub(catalogue::What::Worked { session, worked })
}

/// A film is finished; the catalogue keeps what it needs to recognise it.
fn film_closed(directory: &mut Directory, session: SessionId, finished: FinishedFilm) {
    directory.record_as_hub(What::FilmClosed {
        session,
        bytes: finished.bytes,
        head: finished.head.0,
    });
}

fn tell_resumed<W>(
    asks: oneshot::Sender<Result<W, CannotResume>>,
    answer: Result<W, CannotResume>,
) {
    if asks.send(answer).is_err() {
        // its connection is gone again, of which the registry hears next
        tracing::debug!("Whoever came back is gone");
    }
}

/// Logs a failure of the store, once.
pub(crate) fn log_store_error(error: &CatalogueError) {
    let shown = error as &dyn std::error::Error;
    if error.code() == RefusalCode::INTERNAL {
        tracing::error!(error = shown, "Not stored");
    } else {
        // what somebody asked for breaks a rule, and they are told so
        tracing::debug!(error = shown, "Refused");
    }
}
