//! The server: listens, gives each connection its task, and goes down in good order (B1).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::RefusalCode;
use quinn::{Incoming, VarInt};
use session::directory::{Directory, Policy, TICKET_MEMORY};
use session::throttle::Neighbour;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use transport::{BindError, Endpoint, Fingerprint, HubIdentity, IdentityError};

use crate::administration::Office;
use crate::admission::{Admission, GuessDesk};
use crate::catalogue::{self, AccountId, CatalogueError, Change, PasswordHash, What};
use crate::clock::Clock;
use crate::connection::{self, Desk};
use crate::crowd::{Crowd, Knock, Limits};
use crate::film;
use crate::folder::{DataFolder, FolderError};
use crate::known::KnownAddresses;
use crate::login::LoginDesk;
use crate::password::HashError;
use crate::recovery;
use crate::registry::{self, Event, Registry, log_store_error};
use crate::store::{Accounts, Store};
use crate::upkeep::Upkeep;

/// How long the console has to answer for a typed ticket.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the user has to answer the question.
const CONSENT_TIMEOUT: Duration = Duration::from_mins(2);
/// How often to look whether the command line changed accounts.
const ACCOUNTS_INTERVAL: Duration = Duration::from_secs(1);
/// News of closed accounts that may wait for an administrator's connection.
const CLOSED_ACCOUNTS: usize = 16;
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
    /// How long a ticket is good; `None` for what the hub's settings say.
    pub ticket_validity: Option<Duration>,
    /// How long the place of a peer that is out of reach is kept (R4).
    pub kept: Duration,
    /// This hub's own number, where several share a store.
    pub number: u16,
    pub max_connections: usize,
    /// For one IPv4 address or one IPv6 /64.
    pub max_connections_per_address: usize,
    /// Connections of whoever is not admitted, beside those that are expected to come back; never more
    /// than half of all.
    pub max_strangers: usize,
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
    /// What each account's password was when the hub started.
    passwords: BTreeMap<AccountId, PasswordHash>,
    upkeep: Upkeep,
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
        let absent = recovery::let_absent_members_go(&mut *catalogue, now.unix_millis)?;
        // before the places are taken back: what is changed later is noticed
        let passwords = catalogue.password_hashes()?;
        let memory = i64::try_from(TICKET_MEMORY.as_millis()).unwrap_or(i64::MAX);
        let stored = catalogue.stored(now.unix_millis.saturating_sub(memory))?;
        let settings = catalogue.settings()?;
        let has_accounts = !catalogue.accounts()?.is_empty();
        let version = env!("CARGO_PKG_VERSION");
        let started = Change::by_hub(What::HubStarted { version });
        catalogue.apply(&[started.at(now.unix_millis)])?;

        let (store, store_thread) = Store::start(catalogue).map_err(StartError::Thread)?;
        let known = Arc::new(KnownAddresses::default());
        let logins = LoginDesk::new(clock, store.clone(), Arc::clone(&known))?;
        let limits = Limits {
            all: config.max_connections,
            per_neighbour: config.max_connections_per_address,
            strangers: config.max_strangers,
        };
        let crowd = Arc::new(Crowd::new(limits, known));
        let from_settings = Duration::from_mins(settings.ticket_minutes.into());
        let ticket_validity = config.ticket_validity.unwrap_or(from_settings);
        let policy = Policy {
            hub: config.number,
            ticket_validity,
            attempt: ATTEMPT_TIMEOUT,
            consent: CONSENT_TIMEOUT,
            kept: config.kept,
        };
        let sessions = stored.sessions.clone();
        let directory = Directory::new(policy, stored, now);
        let (mailbox, events) = mpsc::channel(registry::MAILBOX);
        let rules = watch::Sender::new(film::Rules {
            bytes_per_second: settings.film_bytes_per_second,
            has_room: true,
        });
        let mut registry = Registry::new(
            directory,
            Arc::clone(&crowd),
            clock,
            store.clone(),
            folder.path().to_owned(),
            mailbox.clone(),
            rules.subscribe(),
        );
        registry.reopen_films(&sessions, &absent);
        let settings = watch::Sender::new(settings);
        let office = Office::new(
            clock,
            store.clone(),
            mailbox.clone(),
            folder.path(),
            identity.fingerprint(),
            settings.subscribe(),
        );
        let office = Arc::new(office);
        let upkeep = Upkeep::new(
            Arc::clone(&office),
            settings,
            rules,
            config.ticket_validity.is_some(),
        );
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
                guesses: Arc::new(GuessDesk::new(clock)),
                office,
                closed_accounts: broadcast::Sender::new(CLOSED_ACCOUNTS),
            }),
            crowd,
            passwords,
            upkeep,
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
        accepting.spawn(watch_accounts(Arc::clone(&self.desk), self.passwords));
        accepting.spawn(self.upkeep.run());
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
        admit(incoming, &desk, &crowd);
    }
}

fn admit(incoming: Incoming, desk: &Arc<Desk>, crowd: &Arc<Crowd>) {
    let address = incoming.remote_address().ip();
    let proven = incoming.remote_address_validated();
    match Crowd::knock(crowd, Neighbour::from(address), proven) {
        Knock::Enter(place) => {
            let admission = Admission::new(place, address, Arc::clone(&desk.guesses));
            tokio::spawn(connection::serve(Arc::clone(desk), incoming, admission));
        }
        // a sender that forges its address never gets further than this
        Knock::Retry => {
            if incoming.retry().is_err() {
                tracing::debug!(%address, "Retried already");
            }
        }
        Knock::Full => match Arc::clone(&crowd.refusals).try_acquire_owned() {
            Ok(permit) => {
                if let Some(left_out) = crowd.log.may_write() {
                    tracing::info!(%address, left_out, "No room for a connection");
                }
                connection::refuse(incoming, permit);
            }
            // so many that there is no telling everybody why
            Err(_none_left) => incoming.ignore(),
        },
    }
}

/// Cuts off operators whose accounts the command line disabled, or gave another password.
async fn watch_accounts(desk: Arc<Desk>, mut passwords: BTreeMap<AccountId, PasswordHash>) {
    let mut interval = tokio::time::interval(ACCOUNTS_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let changed = desk.store.changed_accounts();
        let Accounts {
            disabled,
            passwords: now,
        } = match changed.await {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            Err(error) => {
                log_store_error(&error);
                continue;
            }
        };
        let before = std::mem::replace(&mut passwords, now);
        let differs = |(id, hash): &(&AccountId, &PasswordHash)| {
            before.get(id).is_some_and(|before| before != *hash)
        };
        let replaced = passwords.iter().filter(differs).map(|(id, _)| *id);
        for (accounts, code) in [
            (disabled, RefusalCode::ACCOUNT_DISABLED),
            (replaced.collect(), RefusalCode::PASSWORD_CHANGED),
        ] {
            let refusal = code.into();
            if !accounts.is_empty() {
                // nobody listens where no administrator is signed in
                drop(desk.closed_accounts.send((accounts.clone(), refusal)));
            }
            let event = Event::AccountsClosed(accounts, refusal);
            if desk.registry.send(event).await.is_err() {
                return;
            }
        }
    }
}
