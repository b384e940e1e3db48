//! Running sessions: who sees what the host sends, and who may open which stream.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{Lane, PeerId, Rights, SessionId, StreamHeader};
use tokio::sync::{Semaphore, watch};
use transport::Connection;

use super::backlog::Backlog;
use super::is_closed;
use crate::film::Film;
use crate::ledger::Hands;

/// The viewers to whom something flows. Nothing flows in a session without any.
pub(super) type Audience = Arc<[Arc<Viewer>]>;

/// A running session as its streams know it.
#[derive(Debug)]
pub(crate) struct LiveSession {
    pub(super) film: Film,
    pub(super) audience: watch::Receiver<Audience>,
    pub(super) streams: ForAll<StreamCount>,
}

/// One thing for each lane that goes to every viewer.
#[derive(Debug, Default)]
pub(super) struct ForAll<T> {
    screen: T,
    pointer: T,
}

impl<T> ForAll<T> {
    /// The one of `lane`; `None` if it goes between the host and one viewer.
    pub(super) fn of(&self, lane: Lane) -> Option<&T> {
        match lane {
            Lane::Screen => Some(&self.screen),
            Lane::Pointer => Some(&self.pointer),
            Lane::Viewer
            | Lane::Input
            | Lane::ClipboardToOperator
            | Lane::ClipboardToHost
            | Lane::FileToOperator
            | Lane::FileToHost => None,
        }
    }
}

/// How many streams of a lane the host opened; locked by the one that flows, while another waits for its
/// end.
pub(super) type StreamCount = tokio::sync::Mutex<u64>;

impl LiveSession {
    /// The viewer whose place `operator` is.
    pub(super) fn viewer(&self, operator: PeerId) -> Option<Arc<Viewer>> {
        let audience = self.audience.borrow();
        audience.iter().find(|v| v.operator == operator).cloned()
    }
}

/// An operator to whom a session flows.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(super) operator: PeerId,
    pub(super) connection: Connection,
    pub(super) host: Connection,
    pub(super) hands: Hands,
    /// What may flow; nothing when it is over.
    pub(super) rights: watch::Receiver<Rights>,
    /// As many streams of its own lanes at a time as their rules say; another one waits for the end of
    /// one.
    lanes: [Semaphore; Lane::ALL.len()],
    /// What waits for the viewer.
    pub(super) backlogs: ForAll<Backlog>,
}

impl Viewer {
    pub(super) fn places(&self, lane: Lane) -> &Semaphore {
        let at = Lane::ALL.iter().position(|other| *other == lane);
        &self.lanes[at.expect("every lane is in the table")]
    }

    /// Gives the viewer what comes in `lane`, in a task of its own, while it may have it.
    fn serve(self: &Arc<Self>, lane: Lane, session: SessionId) {
        let viewer = Arc::clone(self);
        tokio::spawn(async move {
            let Some(backlog) = viewer.backlogs.of(lane) else {
                return;
            };
            let mut rights = viewer.rights.clone();
            let header = StreamHeader::to_everybody(lane, session);
            tokio::select! {
                biased;
                // dropping the writer resets the stream
                _over = rights.wait_for(|rights| is_closed(lane, *rights)) => {}
                written = backlog.write_all(&viewer.connection, header) => {
                    if let Err(end) = written {
                        tracing::debug!(%session, ?lane, %end, "Viewer is out of reach");
                    }
                }
            }
            backlog.close();
        });
    }
}

/// The registry's hold on a running session: lets viewers in and out. Everything ends when it is dropped.
pub(crate) struct Relay {
    id: SessionId,
    host: PeerId,
    host_connection: Connection,
    hands: Hands,
    session: Arc<LiveSession>,
    audience: watch::Sender<Audience>,
    rights: BTreeMap<PeerId, watch::Sender<Rights>>,
}

impl Relay {
    pub(crate) fn new(
        id: SessionId,
        film: Film,
        (host, connection): (PeerId, Connection),
        hands: Hands,
    ) -> Self {
        transport::server::open_lanes(&connection);
        let (audience, watched) = watch::channel(Audience::default());
        Self {
            id,
            host,
            host_connection: connection,
            hands,
            session: Arc::new(LiveSession {
                film,
                audience: watched,
                streams: ForAll::default(),
            }),
            audience,
            rights: BTreeMap::new(),
        }
    }

    pub(crate) fn host(&self) -> PeerId {
        self.host
    }

    pub(crate) fn session(&self) -> Arc<LiveSession> {
        Arc::clone(&self.session)
    }

    /// The operators to whom something flows.
    pub(crate) fn operators(&self) -> Vec<PeerId> {
        self.rights.keys().copied().collect()
    }

    /// Lets the session flow to `operator`. Must run inside a tokio runtime.
    pub(crate) fn admit(
        &mut self,
        operator: PeerId,
        connection: Connection,
        rights: Rights,
    ) -> Arc<Viewer> {
        self.leave(operator);
        transport::server::open_lanes(&connection);
        let (rights, watched) = watch::channel(rights);
        let viewer = Arc::new(Viewer {
            operator,
            connection,
            host: self.host_connection.clone(),
            hands: self.hands.clone(),
            rights: watched,
            lanes: Lane::ALL.map(|lane| Semaphore::new(lane.rules().at_once)),
            backlogs: ForAll {
                screen: Backlog::new(Lane::Screen),
                pointer: Backlog::new(Lane::Pointer),
            },
        });
        for lane in [Lane::Screen, Lane::Pointer] {
            viewer.serve(lane, self.id);
        }
        self.rights.insert(operator, rights);
        let one_more = Arc::clone(&viewer);
        self.audience.send_modify(|audience| {
            *audience = audience.iter().cloned().chain([one_more]).collect();
        });
        viewer
    }

    /// Nothing flows to and from `operator` any more.
    pub(crate) fn leave(&mut self, operator: PeerId) {
        let Some(rights) = self.rights.remove(&operator) else {
            return;
        };
        rights.send_replace(Rights::NONE);
        self.audience.send_modify(|audience| {
            let others = audience.iter().filter(|v| v.operator != operator);
            *audience = others.cloned().collect();
        });
    }

    /// The user took rights back from `operator`.
    pub(crate) fn set_rights(&self, operator: PeerId, rights: Rights) {
        if let Some(watched) = self.rights.get(&operator) {
            watched.send_replace(rights);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        for operator in self.operators() {
            self.leave(operator);
        }
    }
}

/// What a peer is in a running session.
#[derive(Debug, Clone)]
pub(crate) enum Seat {
    Host(Arc<LiveSession>),
    Operator(Arc<Viewer>),
}

/// The running sessions of one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct SessionsOfPeer(Arc<Mutex<BTreeMap<SessionId, Seat>>>);

impl SessionsOfPeer {
    pub(crate) fn insert(&self, id: SessionId, seat: Seat) {
        self.lock().insert(id, seat);
    }

    pub(crate) fn remove(&self, id: SessionId) {
        self.lock().remove(&id);
    }

    pub(super) fn get(&self, id: SessionId) -> Option<Seat> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SessionId, Seat>> {
        // nothing in here panics while it holds the lock
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
