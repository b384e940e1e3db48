//! The server: listens, gives each connection its task, and goes down in good order (B1).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::{GroupId, HubAddress, Invitation, RefusalCode, RoleId, WrittenAddress};
use quinn::{Incoming, VarInt};
use session::directory::{Directory, Policy, TICKET_MEMORY};
use session::throttle::Neighbour;
use tokio::sync::{broadcast, mpsc, oneshot, watch as state};
use tokio::task::JoinSet;
use transport::server::Udp;
use transport::tunnel::{self, Tunnel};
use transport::{BindError, Endpoint, Fingerprint, HubIdentity, IdentityError};

use crate::administration::Office;
use crate::administration::local::Local;
use crate::admission::{Admission, GuessDesk};
use crate::catalogue::{
    self, AccountId, Catalogue, CatalogueError, Change, NewAccount, PasswordHash, What,
};
use crate::clock::Clock;
use crate::connection::{self, Desk};
use crate::crowd::{Crowd, Knock, Limits};
use crate::film;
use crate::folder::{DataFolder, FolderError};
use crate::known::KnownAddresses;
use crate::login::LoginDesk;
use crate::metrics::{Metrics, MetricsError, Sources};
use crate::page::{Page, PageConfig};
use crate::password::HashError;
use crate::people::{self, PeopleError};
use crate::recovery;
use crate::registry::{self, Registry, log_store_error};
use crate::store::Store;
use crate::updates::UpdateDesk;
use crate::upkeep::Upkeep;
use crate::watch;
use crate::web::{Acme, Certificate, CertificateSource, Web, WebError};

/// How long the console has to answer for a typed ticket.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the user has to answer the question.
const CONSENT_TIMEOUT: Duration = Duration::from_mins(2);
/// News of closed accounts and sign-ins that may wait for an administrator's connection.
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
    /// TCP addresses, for the page and for those whose line carries no UDP; `None` for the same as of UDP,
    /// and the usual ports where they can be had.
    pub web: Option<Vec<SocketAddr>>,
    /// What they show there.
    pub certificate: CertificateSource,
    /// Where people reach the hub, for invitations; the computer's own name, and the first port that it
    /// listens on, where they are not said.
    pub public_address: Option<WrittenAddress>,
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
    /// The user's page; `None` for none.
    pub page: Option<PageConfig>,
    /// A loopback address for figures and health; `None` for none.
    pub metrics: Option<SocketAddr>,
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
    Web(#[from] WebError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error("no invitation for the first administrator: {0}")]
    People(#[from] PeopleError),
    #[error("no thread for the data base: {0}")]
    Thread(std::io::Error),
    #[error("the command line cannot reach this hub: {0}")]
    Local(std::io::Error),
    #[error("the hub listens nowhere; give an address")]
    NoAddress,
}

/// A hub that listens.
#[derive(Debug)]
pub struct Hub {
    endpoints: Vec<Endpoint>,
    addresses: Vec<SocketAddr>,
    web: Web,
    web_addresses: Vec<SocketAddr>,
    page_url: Option<String>,
    fingerprint: Fingerprint,
    first_invitation: Option<Invitation>,
    desk: Arc<Desk>,
    crowd: Arc<Crowd>,
    /// What each account's password was when the hub started.
    passwords: BTreeMap<AccountId, PasswordHash>,
    upkeep: Upkeep,
    page: Option<Page>,
    acme: Option<Acme>,
    local: Local,
    metrics: Option<Metrics>,
    /// Whoever changed accounts over the network.
    changed_accounts: mpsc::Receiver<oneshot::Sender<()>>,
    registry: tokio::task::JoinHandle<()>,
    stop: state::Sender<bool>,
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
        let mut identity = HubIdentity::open_or_create(folder.path())?;
        let certificate = Certificate::open(&config.certificate, folder.path(), &identity);
        let certificate = Arc::new(certificate.map_err(WebError::from)?);
        if config.certificate.is_public() {
            identity.show_publicly(Arc::<Certificate>::clone(&certificate));
        }
        let acme = match &config.certificate {
            CertificateSource::Acme(acme) => Some(Acme::new(
                acme.clone(),
                folder.path(),
                Arc::clone(&certificate),
            )),
            CertificateSource::Own | CertificateSource::Files(_) => None,
        };
        let identity = Arc::new(identity);
        let clock = Clock::start();
        let now = clock.now();
        let mut catalogue = catalogue::open_or_create(folder.path())?;
        let bind = |address: &SocketAddr| Udp::bind(*address, &identity);
        let udp = config.listen.iter().map(bind);
        let udp: Vec<Udp> = udp.collect::<Result<_, _>>()?;
        let endpoints: Vec<Endpoint> = udp.iter().map(|udp| udp.endpoint().clone()).collect();
        let addresses = endpoints.iter().zip(&config.listen);
        let addresses = addresses.map(|(e, given)| e.local_addr().unwrap_or(*given));
        let addresses: Vec<SocketAddr> = addresses.collect();
        let known = Arc::new(KnownAddresses::default());
        let limits = Limits::new(
            config.max_connections,
            config.max_connections_per_address,
            config.max_strangers,
        );
        let crowd = Arc::new(Crowd::new(limits, Arc::clone(&known)));
        let web = Web::open(
            config.web.as_deref(),
            &addresses,
            config.page.is_some(),
            Arc::clone(&certificate),
            &identity,
            crowd.of_callers(config.max_strangers),
        )?;
        tunnel::let_move(web.tunnels(), &udp);
        let web_addresses: Vec<SocketAddr> = web.addresses().collect();
        let metrics = config.metrics.map(Metrics::listen).transpose()?;

        // from here on things are changed: a start that failed before has done nothing
        recovery::end_interrupted_sessions(&mut *catalogue, folder.path(), now.unix_millis)?;
        let absent = recovery::let_absent_members_go(&mut *catalogue, now.unix_millis)?;
        // before the places are taken back: what is changed later is noticed
        let standing = catalogue.standing()?;
        let memory = i64::try_from(TICKET_MEMORY.as_millis()).unwrap_or(i64::MAX);
        let stored = catalogue.stored(now.unix_millis.saturating_sub(memory))?;
        let settings = catalogue.settings()?;
        let address = public_address(config, &addresses);
        set_hub_address(&mut *catalogue, &address, now.unix_millis)?;
        let first_invitation = if standing.passwords.is_empty() {
            let fingerprint = identity.fingerprint();
            Some(first_administrator(
                &mut *catalogue,
                folder.path(),
                fingerprint,
                now.unix_millis,
            )?)
        } else {
            None
        };
        let version = env!("CARGO_PKG_VERSION");
        let started = Change::by_hub(What::HubStarted { version });
        catalogue.apply(&[started.at(now.unix_millis)])?;

        let (store, store_thread) = Store::start(catalogue).map_err(StartError::Thread)?;
        let logins = LoginDesk::new(clock, store.clone(), known, folder.path())?;
        let logins = Arc::new(logins);
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
        let page_url = config
            .page
            .as_ref()
            .map(|_page| page_url(&address, &addresses, &web_addresses));
        let mut directory = Directory::new(policy, stored, now).with_page(page_url.as_deref());
        directory.set_organisation(settings.organisation.clone());
        let (mailbox, events) = mpsc::channel(registry::MAILBOX);
        let rules = state::Sender::new(film::Rules {
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
        let settings = state::Sender::new(settings);
        // one at a time changes accounts
        let (changed, changed_accounts) = mpsc::channel(1);
        let downloads = config
            .page
            .as_ref()
            .and_then(|page| page.downloads.as_deref());
        let office = Office::new(
            clock,
            store.clone(),
            mailbox.clone(),
            folder.path(),
            identity.fingerprint(),
            settings.subscribe(),
            changed,
            Arc::clone(&logins),
            Arc::new(UpdateDesk::new(folder.path(), downloads)),
        );
        let office = Arc::new(office);
        let page = config.page.as_ref().map(|page| {
            let (identity, certificate) = (Arc::clone(&identity), Arc::clone(&certificate));
            Page::new(page, address, identity, certificate, Arc::clone(&office))
        });
        let upkeep = Upkeep::new(
            Arc::clone(&office),
            settings,
            rules,
            config.ticket_validity.is_some(),
        );
        let local = Local::listen(Arc::clone(&office)).map_err(StartError::Local)?;
        let (stop, stopped) = state::channel(false);
        let registry = tokio::spawn(registry.run(events, stopped));
        Ok(Self {
            endpoints,
            addresses,
            web,
            web_addresses,
            page_url,
            fingerprint: identity.fingerprint(),
            first_invitation,
            desk: Arc::new(Desk {
                clock,
                fingerprint: identity.fingerprint(),
                store,
                registry: mailbox,
                logins,
                guesses: Arc::new(GuessDesk::new(clock)),
                office,
                closed: broadcast::Sender::new(CLOSED_ACCOUNTS),
            }),
            crowd,
            passwords: standing.passwords,
            changed_accounts,
            upkeep,
            page,
            acme,
            local,
            metrics,
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

    /// The same of TCP.
    pub fn web_addresses(&self) -> &[SocketAddr] {
        &self.web_addresses
    }

    /// Where users find the page, if there is one.
    pub fn page_url(&self) -> Option<&str> {
        self.page_url.as_deref()
    }

    /// Where the figures are, with the port that it really has.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(Metrics::address)
    }

    /// What clients pin.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// How the first administrator comes in; only at the first start of a new hub.
    pub fn first_invitation(&self) -> Option<&Invitation> {
        self.first_invitation.as_ref()
    }

    /// Serves until `stop` is ready, then dismisses everybody, finishes the films and returns.
    /// Takes at most about three seconds for that.
    pub async fn run_until(mut self, stop: impl Future<Output = ()>) {
        let mut accepting = JoinSet::new();
        for endpoint in &self.endpoints {
            let desk = Arc::clone(&self.desk);
            accepting.spawn(accept(
                endpoint.clone(),
                None,
                desk,
                Arc::clone(&self.crowd),
            ));
        }
        for tunnel in self.web.tunnels() {
            let (endpoint, desk) = (tunnel.endpoint().clone(), Arc::clone(&self.desk));
            self.endpoints.push(endpoint.clone());
            accepting.spawn(accept(
                endpoint,
                Some(tunnel.clone()),
                desk,
                Arc::clone(&self.crowd),
            ));
        }
        let renewal = self.acme.as_ref().map(Acme::standing);
        if let Some(acme) = self.acme {
            accepting.spawn(acme.keep());
        }
        accepting.spawn(self.local.serve());
        if let Some(metrics) = self.metrics {
            let sources = Sources {
                office: Arc::clone(&self.desk.office),
                crowd: Arc::clone(&self.crowd),
                callers: Arc::clone(self.web.callers()),
                certificate: Arc::clone(self.web.certificate()),
                renewal,
            };
            accepting.spawn(metrics.serve(sources));
        }
        let router = self.page.as_ref().map(Page::router);
        accepting.spawn(self.web.serve(router));
        if let Some(page) = self.page {
            accepting.spawn(page.keep_up());
        }
        let watched = watch::watch_accounts(
            Arc::clone(&self.desk),
            self.passwords,
            self.changed_accounts,
        );
        accepting.spawn(watched);
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

/// Where people reach a hub that listens at `addresses`.
fn public_address(config: &Config, addresses: &[SocketAddr]) -> HubAddress {
    let listens = addresses.first().copied();
    let port = listens.map_or(protocol::address::DEFAULT_PORT, |address| address.port());
    if let Some(written) = config.public_address.clone() {
        return HubAddress {
            host: written.host,
            port: written.port.unwrap_or(port),
        };
    }
    // an address of its own says more than a name, unless it stands for all of them or this machine alone
    let own = listens
        .map(|address| address.ip())
        .filter(|ip| !ip.is_unspecified());
    let host = match own {
        Some(ip) => ip.to_string(),
        None => hostname::get()
            .ok()
            .and_then(|name| name.into_string().ok())
            .unwrap_or_else(|| "localhost".to_owned()),
    };
    HubAddress { host, port }
}

/// Where browsers find the page of a hub that people reach at `hub`.
fn page_url(hub: &HubAddress, udp: &[SocketAddr], tcp: &[SocketAddr]) -> String {
    let is_at = |port| tcp.iter().any(|address| address.port() == port);
    // a router on the way may give the hub another number, to TCP as to UDP
    let has_hubs = is_at(hub.port) || udp.iter().any(|address| is_at(address.port()));
    let port = match tcp.first() {
        Some(first) if !has_hubs => first.port(),
        Some(_) | None => hub.port,
    };
    let host = hub.host.clone();
    format!("https://{}/", HubAddress { host, port })
}

fn set_hub_address(
    catalogue: &mut dyn Catalogue,
    address: &HubAddress,
    now: i64,
) -> Result<(), CatalogueError> {
    let address = address.to_string();
    if catalogue.hub_address()?.as_ref() == Some(&address) {
        return Ok(());
    }
    let set = Change::by_hub(What::HubAddressSet { address });
    catalogue.apply(&[set.at(now)])
}

/// Makes the account of the first administrator, and its invitation, also as a file in the data folder.
fn first_administrator(
    catalogue: &mut dyn Catalogue,
    folder: &Path,
    fingerprint: Fingerprint,
    now: i64,
) -> Result<Invitation, StartError> {
    let name = "administrator".to_owned();
    let new = NewAccount {
        display_name: name.clone(),
        name: name.clone(),
        role: RoleId::ADMINISTRATOR,
        groups: [GroupId::EVERYONE].into(),
        password_hash: PasswordHash::none(),
    };
    let added = Change::by_hub(What::AccountAdded(new));
    catalogue.apply(&[added.at(now)])?;
    let account = catalogue.account_named(&name)?;
    let (what, invitation) = people::invite(catalogue, &account, fingerprint, now)?;
    catalogue.apply(&[Change::by_hub(what).at(now)])?;
    let path = folder.join(people::FIRST_INVITATION_FILE);
    let line = format!("{invitation}\n");
    private_file::replace(&path, line.as_bytes())
        .map_err(|source| FolderError::Write { path, source })?;
    Ok(invitation)
}

async fn accept(endpoint: Endpoint, tunnel: Option<Tunnel>, desk: Arc<Desk>, crowd: Arc<Crowd>) {
    while let Some(incoming) = endpoint.accept().await {
        admit(incoming, tunnel.as_ref(), &desk, &crowd);
    }
}

fn admit(incoming: Incoming, tunnel: Option<&Tunnel>, desk: &Arc<Desk>, crowd: &Arc<Crowd>) {
    let address = incoming.remote_address().ip().to_canonical();
    // TCP has proven the address of a tunnel
    let proven = tunnel.is_some() || incoming.remote_address_validated();
    match Crowd::knock(crowd, Neighbour::from(address), proven) {
        Knock::Enter(place) => {
            let admission = Admission::new(place, address, Arc::clone(&desk.guesses));
            let held = tunnel.and_then(|tunnel| tunnel.hold(incoming.remote_address()));
            let begun = tunnel.cloned();
            let begun = async move {
                match begun {
                    Some(tunnel) => tunnel.accept(incoming)?.await,
                    None => incoming.await,
                }
            };
            // in a box: a block that awaits a future of its own has room for it twice
            let served = Box::pin(connection::serve(Arc::clone(desk), begun, admission));
            tokio::spawn(async move {
                served.await;
                drop(held);
            });
        }
        // a sender that forges its address never gets further than this
        Knock::Retry => {
            if incoming.retry().is_err() {
                tracing::debug!(%address, "Retried already");
            }
        }
        Knock::Full => refuse(incoming, crowd),
    }
}

/// Says that there is no room, unless there are too many to say it to.
fn refuse(incoming: Incoming, crowd: &Arc<Crowd>) {
    let address = incoming.remote_address().ip().to_canonical();
    match Arc::clone(&crowd.refusals).try_acquire_owned() {
        Ok(permit) => {
            if let Some(left_out) = crowd.log.may_write() {
                tracing::info!(%address, left_out, "No room for a connection");
            }
            connection::refuse(incoming, permit);
        }
        // so many that there is no telling everybody why
        Err(_none_left) => incoming.ignore(),
    }
}
