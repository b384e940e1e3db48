//! The server: listens, gives each connection its task, and goes down in good order (B1).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::RefusalCode;
use quinn::{Incoming, VarInt};
use session::directory::{Directory, Policy, TICKET_MEMORY};
use session::throttle::Neighbour;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use transport::{BindError, Endpoint, Fingerprint, HubIdentity, IdentityError};

use crate::catalogue::{self, CatalogueError, Change, What};
use crate::clock::Clock;
use crate::connection::{self, Desk};
use crate::folder::{DataFolder, FolderError};
use crate::login::LoginDesk;
use crate::password::HashError;
use crate::recovery;
use crate::registry::{self, Event, LinkId, Registry, log_store_error};
use crate::store::Store;

/// How long the console has to answer for a typed ticket.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the user has to answer the question.
const CONSENT_TIMEOUT: Duration = Duration::from_mins(2);
/// How often to look whether the command line changed accounts.
const ACCOUNTS_INTERVAL: Duration = Duration::from_secs(1);
/// Peers that are told at the same time that there is no room.
const REFUSALS: usize = 64;
/// How long connections may take to close when the hub goes down.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(400);
/// How long the data base may take to close.
const STORE_TIMEOUT: Duration = Duration::from_millis(300);

/// How to serve.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder of everything the hub keeps; created if it is missing.
    pub data: PathBuf,
    /// Where to listen; port 0 takes any free one.
    pub listen: Vec<SocketAddr>,
    /// How long a ticket is good.
    pub ticket_validity: Duration,
    /// How long the place of a peer that is out of reach is kept (R4).
    pub kept: Duration,
    /// This hub's own number, where several share a store.
    pub number: u16,
    pub max_connections: usize,
    /// For one IPv4 address or one IPv6 /64.
    pub max_connections_per_address: usize,
}

/// The hub cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error("no thread for the data base: {0}")]
    Thread(std::io::Error),
    #[error("the hub listens nowhere; give an address")]
    NoAddress,
}

/// A hub that listens.
#[derive(Debug)]
pub struct Hub {
    endpoints: Vec<Endpoint>,
    addresses: Vec<SocketAddr>,
    fingerprint: Fingerprint,
    has_accounts: bool,
    desk: Arc<Desk>,
    crowd: Arc<Crowd>,
    registry: tokio::task::JoinHandle<()>,
    stop: watch::Sender<bool>,
    store_thread: JoinHandle<()>,
    // last, so that nobody else starts on the folder before all of the above is gone
    _folder: DataFolder,
}

impl Hub {
    /// Opens or creates the data folder, puts right what a crash left, and listens.
    /// Must run inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start(config: &Config) -> Result<Self, StartError> {
        if config.listen.is_empty() {
            return Err(StartError::NoAddress);
        }
        let folder = DataFolder::lock(&config.data)?;
        let identity = HubIdentity::open_or_create(folder.path())?;
        let clock = Clock::start();
        let now = clock.now();
        let mut catalogue = catalogue::open_or_create(folder.path())?;
        let bind = |address: &SocketAddr| transport::server::bind(*address, &identity);
        let endpoints = config.listen.iter().map(bind);
        let endpoints: Vec<Endpoint> = endpoints.collect::<Result<_, _>>()?;
        let addresses = endpoints.iter().zip(&config.listen);
        let addresses = addresses.map(|(e, given)| e.local_addr().unwrap_or(*given));
        let addresses: Vec<SocketAddr> = addresses.collect();

        recovery::end_interrupted_sessions(&mut *catalogue, folder.path(), now.unix_millis)?;
        let memory = i64::try_from(TICKET_MEMORY.as_millis()).unwrap_or(i64::MAX);
        let stored = catalogue.stored(now.unix_millis.saturating_sub(memory))?;
        let has_accounts = !catalogue.accounts()?.is_empty();
        let version = env!("CARGO_PKG_VERSION");
        let started = Change::by_hub(What::HubStarted { version });
        catalogue.apply(&[started.at(now.unix_millis)])?;

        let (store, store_thread) = Store::start(catalogue).map_err(StartError::Thread)?;
        let logins = LoginDesk::new(clock, store.clone())?;
        let policy = Policy {
            hub: config.number,
            ticket_validity: config.ticket_validity,
            attempt: ATTEMPT_TIMEOUT,
            consent: CONSENT_TIMEOUT,
            kept: config.kept,
        };
        let sessions = stored.sessions.clone();
        let directory = Directory::new(policy, stored, now);
        let (mailbox, events) = mpsc::channel(registry::MAILBOX);
        let mut registry = Registry::new(
            directory,
            clock,
            store.clone(),
            folder.path().to_owned(),
            mailbox.clone(),
        );
        registry.reopen_films(&sessions);
        let (stop, stopped) = watch::channel(false);
        let registry = tokio::spawn(registry.run(events, stopped));
        Ok(Self {
            endpoints,
            addresses,
            fingerprint: identity.fingerprint(),
            has_accounts,
            desk: Arc::new(Desk {
                clock,
                store,
                registry: mailbox,
                logins,
            }),
            crowd: Arc::new(Crowd::new(config)),
            registry,
            stop,
            store_thread,
            _folder: folder,
        })
    }

    /// Where the hub listens, with the ports it really has.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What clients pin.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether anybody can log in; a new hub has no account.
    pub fn has_accounts(&self) -> bool {
        self.has_accounts
    }

    /// Serves until `stop` is ready, then dismisses everybody, finishes the films and returns.
    /// Takes at most about three seconds for that.
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        let mut accepting = JoinSet::new();
        for endpoint in &self.endpoints {
            let desk = Arc::clone(&self.desk);
            accepting.spawn(accept(endpoint.clone(), desk, Arc::clone(&self.crowd)));
        }
        accepting.spawn(watch_accounts(Arc::clone(&self.desk)));
        stop.await;
        tracing::info!("Stopping");
        accepting.shutdown().await;
        self.stop.send_replace(true);
        if let Err(error) = self.registry.await {
            tracing::error!(%error, "Registry failed");
        }
        self.crowd.wait_empty(CLOSE_TIMEOUT * 2).await;
        for endpoint in &self.endpoints {
            let code = VarInt::from_u32(RefusalCode::SHUTTING_DOWN.0.into());
            endpoint.close(code, b"stopping");
        }
        for endpoint in &self.endpoints {
            if tokio::time::timeout(CLOSE_TIMEOUT, endpoint.wait_idle())
                .await
                .is_err()
            {
                tracing::debug!("Some peers do not answer");
            }
        }
        let now = self.desk.clock.now().unix_millis;
        let stopped = Change::by_hub(What::HubStopped);
        if let Err(error) = self.desk.store.apply(stopped.at(now)).await {
            log_store_error(&error);
        }
        drop(self.desk);
        // Connections that are still being closed hold the store too; if one takes too long, the
        // data base is left as after a crash, with every change in it.
        let patience = tokio::time::Instant::now() + STORE_TIMEOUT;
        while !self.store_thread.is_finished() && tokio::time::Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if self.store_thread.is_finished() && self.store_thread.join().is_err() {
            tracing::error!("Store thread failed");
        }
        tracing::info!("Stopped");
    }
}

async fn accept(endpoint: Endpoint, desk: Arc<Desk>, crowd: Arc<Crowd>) {
    while let Some(incoming) = endpoint.accept().await {
        if incoming.remote_address_validated() || !crowd.is_dense() {
            admit(incoming, &desk, &crowd);
        } else if let Err(error) = incoming.retry() {
            // a sender that forges its address never gets further than this
            admit(error.into_incoming(), &desk, &crowd);
        }
    }
}

fn admit(incoming: Incoming, desk: &Arc<Desk>, crowd: &Arc<Crowd>) {
    let Some(place) = Crowd::enter(crowd, incoming.remote_address().ip().into()) else {
        match Arc::clone(&crowd.refusals).try_acquire_owned() {
            Ok(permit) => connection::refuse(incoming, permit),
            // so many that there is no telling everybody why
            Err(_none_left) => incoming.ignore(),
        }
        return;
    };
    let desk = Arc::clone(desk);
    tokio::spawn(async move {
        connection::serve(desk, incoming, place.id).await;
        drop(place);
    });
}

/// Cuts off operators whose accounts the command line disabled.
async fn watch_accounts(desk: Arc<Desk>) {
    let mut interval = tokio::time::interval(ACCOUNTS_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        match desk.store.newly_disabled().await {
            Ok(accounts) if !accounts.is_empty() => {
                let refusal = RefusalCode::ACCOUNT_DISABLED.into();
                let event = Event::AccountsClosed(accounts, refusal);
                if desk.registry.send(event).await.is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(error) => log_store_error(&error),
        }
    }
}

/// Who is connected, counted.
#[derive(Debug)]
struct Crowd {
    max: usize,
    max_per_neighbour: usize,
    next_id: AtomicU64,
    counts: Mutex<BTreeMap<Neighbour, usize>>,
    total: watch::Sender<usize>,
    /// Peers that may be told at the same time that there is no room.
    refusals: Arc<Semaphore>,
}

/// A connection's place; free again when it is dropped.
struct Place {
    id: LinkId,
    neighbour: Neighbour,
    crowd: Arc<Crowd>,
}

impl Crowd {
    fn new(config: &Config) -> Self {
        Self {
            max: config.max_connections,
            max_per_neighbour: config.max_connections_per_address,
            next_id: AtomicU64::new(1),
            counts: Mutex::new(BTreeMap::new()),
            total: watch::Sender::new(0),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
        }
    }

    fn enter(crowd: &Arc<Self>, neighbour: Neighbour) -> Option<Place> {
        let mut counts = crowd.lock();
        let total = *crowd.total.borrow();
        let count = counts.entry(neighbour).or_insert(0);
        if total >= crowd.max || *count >= crowd.max_per_neighbour {
            if *count == 0 {
                counts.remove(&neighbour);
            }
            return None;
        }
        *count += 1;
        crowd.total.send_modify(|total| *total += 1);
        let id = LinkId(crowd.next_id.fetch_add(1, Ordering::Relaxed));
        let crowd = Arc::clone(crowd);
        Some(Place {
            id,
            neighbour,
            crowd,
        })
    }

    /// So many that addresses should be proven before a handshake is paid for.
    fn is_dense(&self) -> bool {
        *self.total.borrow() >= self.max / 2
    }

    async fn wait_empty(&self, at_most: Duration) {
        let mut total = self.total.subscribe();
        let empty = total.wait_for(|total| *total == 0);
        if tokio::time::timeout(at_most, empty).await.is_err() {
            tracing::debug!("Some connections are still open");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Neighbour, usize>> {
        // nothing in here panics while it holds the lock
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.lock();
        if let Some(count) = counts.get_mut(&self.neighbour) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.neighbour);
            }
        }
        self.crowd.total.send_modify(|total| *total -= 1);
    }
}
