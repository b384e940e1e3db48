//! The one task that owns the [`Directory`]: takes what happens, and carries out what follows.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use protocol::{
    HostToHub, HubToHost, HubToOperator, OperatorToHub, Refusal, RefusalCode, SessionId,
};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};
use transport::Connection;
use transport::close::close_refused;

use crate::catalogue::{Account, AccountId, Batch, CatalogueError, Change, What};
use crate::clock::Clock;
use crate::directory::{ConnectionId, Departure, Directory, Effect, FilmOrder};
use crate::film::{self, Film, FinishedFilm};
use crate::outbound::Outbound;
use crate::relay::{LiveSession, LiveState, SessionsOfPeer};
use crate::store::Store;
use crate::throttle::Neighbour;

/// Events that may wait before their senders have to.
pub(crate) const MAILBOX: usize = 1024;
/// How long films may take to finish when the hub goes down.
const FINISH_FILMS: Duration = Duration::from_millis(1500);

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    HostArrived(ConnectionId, PeerLink<HubToHost>, Neighbour),
    OperatorArrived(ConnectionId, PeerLink<HubToOperator>, Account),
    HostSaid(ConnectionId, HostToHub),
    OperatorSaid(ConnectionId, Box<OperatorToHub>),
    Left(ConnectionId, Departure),
    AccountsDisabled(Vec<AccountId>),
    /// The film is open, or cannot be opened.
    FilmOpened(SessionId, Option<Film>),
    /// The film ended in good order; `None` if it was discarded.
    FilmClosed(SessionId, Option<FinishedFilm>),
    /// The film broke off.
    FilmFailed(SessionId),
}

/// How the registry reaches a peer.
#[derive(Debug)]
pub(crate) struct PeerLink<M> {
    pub(crate) connection: Connection,
    pub(crate) outbound: mpsc::Sender<Outbound<M>>,
    pub(crate) sessions: SessionsOfPeer,
}

enum Peer {
    Host(PeerLink<HubToHost>),
    Operator(PeerLink<HubToOperator>),
}

impl Peer {
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
    relay: Option<Relay>,
}

struct Relay {
    state: watch::Sender<LiveState>,
    host: ConnectionId,
    operator: ConnectionId,
}

pub(crate) struct Registry {
    directory: Directory,
    clock: Clock,
    store: Store,
    data: PathBuf,
    /// For the films' threads to answer.
    mailbox: mpsc::Sender<Event>,
    peers: BTreeMap<ConnectionId, Peer>,
    films: BTreeMap<SessionId, OpenFilm>,
    /// Threads that have not said yet that they are done.
    films_at_work: usize,
}

impl Registry {
    pub(crate) fn new(
        directory: Directory,
        clock: Clock,
        store: Store,
        data: PathBuf,
        mailbox: mpsc::Sender<Event>,
    ) -> Self {
        Self {
            directory,
            clock,
            store,
            data,
            mailbox,
            peers: BTreeMap::new(),
            films: BTreeMap::new(),
            films_at_work: 0,
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
                _ = tick.tick() => self.directory.tick(self.clock.now()),
                Some(event) = events.recv() => self.take(event),
            }
            self.carry_out().await;
        }
        self.directory.stop(self.clock.now());
        self.carry_out().await;
        let deadline = Instant::now() + FINISH_FILMS;
        while self.films_at_work > 0 {
            let Ok(Some(event)) = tokio::time::timeout_at(deadline, events.recv()).await else {
                tracing::warn!(films = self.films_at_work, "Films not finished in time");
                break;
            };
            if let Event::FilmOpened(..) | Event::FilmClosed(..) | Event::FilmFailed(..) = event {
                self.take(event);
                self.carry_out().await;
            }
        }
    }

    fn take(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::HostArrived(id, link, neighbour) => {
                self.peers.insert(id, Peer::Host(link));
                self.directory.host_arrived(id, neighbour);
            }
            Event::OperatorArrived(id, link, account) => {
                self.peers.insert(id, Peer::Operator(link));
                self.directory.operator_arrived(id, &account, now);
            }
            Event::HostSaid(id, message) => self.directory.host_said(id, message, now),
            Event::OperatorSaid(id, message) => {
                let mut random = [0; 16];
                match getrandom::fill(&mut random) {
                    Ok(()) => self.directory.operator_said(id, *message, random, now),
                    Err(error) => {
                        tracing::error!(%error, "No randomness");
                        self.cut(id, RefusalCode::INTERNAL.into());
                    }
                }
            }
            Event::Left(id, how) => {
                self.directory.left(id, how, now);
                self.peers.remove(&id);
            }
            Event::AccountsDisabled(accounts) => self.directory.accounts_disabled(&accounts, now),
            Event::FilmOpened(session, film) => self.film_opened(session, film),
            Event::FilmClosed(session, finished) => {
                self.films_at_work -= 1;
                self.films.remove(&session);
                if let Some(finished) = finished {
                    self.directory.film_closed(session, finished);
                }
            }
            Event::FilmFailed(session) => {
                self.films_at_work -= 1;
                self.directory.film_failed(session, now);
            }
        }
    }

    fn film_opened(&mut self, session: SessionId, film: Option<Film>) {
        let path = film.as_ref().map(|_| film::relative_path(session));
        match film {
            Some(film) => {
                let open = OpenFilm { film, relay: None };
                self.films.insert(session, open);
            }
            None => self.films_at_work -= 1,
        }
        self.directory.film_opened(session, path);
    }

    /// Carries out the directory's effects in their order, and what follows from them.
    async fn carry_out(&mut self) {
        let mut effects = VecDeque::from(self.directory.take_effects());
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::ToHost(id, message) => self.send_host(id, message),
                Effect::ToOperator(id, message) => self.send_operator(id, message),
                Effect::Dismiss(id, refusal) => self.dismiss(id, refusal),
                Effect::Cut(id, refusal) => {
                    tracing::info!(connection = %id, "Peer said what is out of place");
                    self.cut(id, refusal);
                }
                Effect::Record(change) => {
                    let mut changes = vec![change];
                    while let Some(Effect::Record(_)) = effects.front() {
                        if let Some(Effect::Record(next)) = effects.pop_front() {
                            changes.push(next);
                        }
                    }
                    self.record(changes).await;
                }
                Effect::StoreTicket {
                    operator,
                    route,
                    change,
                } => {
                    let stored = self.record(vec![change]).await;
                    self.directory.ticket_stored(operator, route, stored);
                }
                Effect::OpenFilm(order) => self.open_film(order),
                Effect::DiscardFilm(session) => {
                    if let Some(open) = self.films.remove(&session) {
                        open.film.discard();
                    }
                }
                Effect::StoreSession { session, change } => {
                    let stored = self.record(vec![change]).await;
                    self.directory.session_stored(session, stored);
                }
                Effect::StartRelay {
                    session,
                    host,
                    operator,
                    rights,
                } => {
                    let state = LiveState {
                        rights,
                        ended: false,
                    };
                    self.start_relay(session, host, operator, state);
                }
                Effect::ChangeRights { session, rights } => {
                    if let Some(open) = self.films.get(&session) {
                        open.film.rights_changed(rights);
                        if let Some(relay) = &open.relay {
                            relay.state.send_modify(|state| state.rights = rights);
                        }
                    }
                }
                Effect::FilmChat { session, line } => {
                    if let Some(open) = self.films.get(&session) {
                        open.film.chat(&line);
                    }
                }
                Effect::EndRelay { session, by } => self.end_relay(session, by),
            }
            // what follows comes before what was to come: it belongs to the same event
            for follow in self.directory.take_effects().into_iter().rev() {
                effects.push_front(follow);
            }
        }
    }

    async fn record(&self, changes: Vec<Change>) -> bool {
        for change in &changes {
            let (action, detail) = change.what.describe();
            tracing::info!(actor = ?change.actor, action, %detail, "Desk");
        }
        let batch = Batch {
            at_unix_millis: self.clock.now().unix_millis,
            changes,
        };
        let done = self.store.apply(batch).await;
        if let Err(error) = &done {
            log_store_error(error);
        }
        done.is_ok()
    }

    fn open_film(&mut self, order: FilmOrder) {
        let session = order.session;
        match film::open(&self.data, order, self.mailbox.clone()) {
            Ok(()) => self.films_at_work += 1,
            Err(error) => {
                tracing::error!(%session, %error, "No thread for the film");
                self.directory.film_opened(session, None);
            }
        }
    }

    fn start_relay(
        &mut self,
        session: SessionId,
        host: ConnectionId,
        operator: ConnectionId,
        live: LiveState,
    ) {
        let host_peer = self.peers.get(&host);
        let operator_peer = self.peers.get(&operator);
        let open = self.films.get_mut(&session);
        let (Some(host_peer), Some(operator_peer), Some(open)) = (host_peer, operator_peer, open)
        else {
            // whoever is missing has left; the directory hears of it next and ends the session
            return;
        };
        let (state, watched) = watch::channel(live);
        let running = Arc::new(LiveSession::new(
            open.film.clone(),
            host_peer.connection().clone(),
            operator_peer.connection().clone(),
            watched,
        ));
        host_peer.sessions().insert(session, Arc::clone(&running));
        operator_peer.sessions().insert(session, running);
        open.relay = Some(Relay {
            state,
            host,
            operator,
        });
    }

    fn end_relay(&mut self, session: SessionId, by: protocol::EndedBy) {
        let Some(open) = self.films.remove(&session) else {
            return;
        };
        if let Some(relay) = open.relay {
            relay.state.send_modify(|state| state.ended = true);
            for id in [relay.host, relay.operator] {
                if let Some(peer) = self.peers.get(&id) {
                    peer.sessions().remove(session);
                }
            }
        }
        open.film.finish(by);
    }

    fn send_host(&self, id: ConnectionId, message: HubToHost) {
        if let Some(Peer::Host(link)) = self.peers.get(&id) {
            link.send(id, Outbound::Message(message));
        }
    }

    fn send_operator(&self, id: ConnectionId, message: HubToOperator) {
        if let Some(Peer::Operator(link)) = self.peers.get(&id) {
            link.send(id, Outbound::Message(message));
        }
    }

    fn dismiss(&self, id: ConnectionId, refusal: Refusal) {
        match self.peers.get(&id) {
            Some(Peer::Host(link)) => {
                link.send(id, Outbound::Message(HubToHost::Goodbye { refusal }));
                link.send(id, Outbound::Close(refusal));
            }
            Some(Peer::Operator(link)) => {
                link.send(id, Outbound::Message(HubToOperator::Goodbye { refusal }));
                link.send(id, Outbound::Close(refusal));
            }
            None => {}
        }
    }

    fn cut(&self, id: ConnectionId, refusal: Refusal) {
        if let Some(peer) = self.peers.get(&id) {
            close_refused(peer.connection(), refusal);
        }
    }
}

impl<M> PeerLink<M> {
    /// Puts `message` into the peer's queue; a peer that does not empty it is cut off.
    fn send(&self, id: ConnectionId, message: Outbound<M>) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.outbound.try_send(message) {
            tracing::info!(connection = %id, "Peer does not read");
            close_refused(&self.connection, RefusalCode::TIMED_OUT.into());
        }
    }
}

impl Directory {
    /// A film is finished; the catalogue keeps what it needs to recognise it.
    fn film_closed(&mut self, session: SessionId, finished: FinishedFilm) {
        self.record_as_hub(What::FilmClosed {
            session,
            bytes: finished.bytes,
            head: finished.head.0,
        });
    }
}

/// Logs a failure of the store, once.
pub(crate) fn log_store_error(error: &CatalogueError) {
    tracing::error!(error = error as &dyn std::error::Error, "Not stored");
}
