//! The programs' end.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{
    BoundedText, CertificateFault, ClientHello, HubAddress, ProtocolVersion, Proxy, ProxyAddress,
    ProxyError, ProxyLogin, ProxySource, Refusal, Role, TooOld, VersionRange,
};
use protocol::{HubHello, RefusalCode};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, TokioRuntime, TransportConfig};
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::close::CloseReason;
use crate::framed::{FramedReader, FramedWriter};
use crate::identity::provider;
use crate::pin::{Judge, Mistrust, Pin, Verifier};
use crate::proxy;
use crate::routes::{ProxyChoice, Rest, Route, Routes, Start, Way};
use crate::tunnel::Mover;
use crate::{plain_udp, tuning, tunnel};

/// How long connecting may take, for each way and address of the hub.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a proxy may take for each port.
const PROXY_TIMEOUT: Duration = Duration::from_secs(4);
/// How long the system may take to say which proxies it has.
const SYSTEM_TIMEOUT: Duration = Duration::from_secs(5);
/// How often one try sends a login that a proxy says nothing to: three may lock an account.
const MAX_UNANSWERED: u8 = 2;
/// How long all other ways have once a proxy asks who signs in.
const AFTER_QUESTION: Duration = Duration::from_secs(2);

/// No connection to the hub.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    #[error("the name {host} is not known")]
    UnknownName { host: String },
    #[error("the hub {hub} does not answer")]
    NoAnswer { hub: HubAddress },
    /// Somebody else answers under the hub's address (E2).
    #[error("the hub's key is not the one that is known; somebody may be in between")]
    ForeignKey,
    /// Nobody vouches for the name under which the hub is known.
    #[error("the certificate of {hub} does not prove that it is the hub: {fault}")]
    Certificate {
        hub: HubAddress,
        fault: CertificateFault,
    },
    #[error("the hub {hub} speaks no version of the protocol that this program speaks")]
    OtherVersion { hub: HubAddress, too_old: TooOld },
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A proxy is in the way (R3).
    #[error("{0}")]
    Proxy(#[from] ProxyError),
    /// The system finds its proxy by a script.
    #[error("the system finds its proxy by a script, which this program does not run")]
    ProxyScript,
    #[error("no connection: {detail}")]
    Failed { detail: String },
    #[error("no network socket: {0}")]
    Socket(#[from] io::Error),
}

/// A connection whose hellos are done.
#[derive(Debug)]
pub struct Greeted {
    /// Keeps the sockets; ends with the connection.
    pub endpoint: Endpoint,
    pub connection: Connection,
    /// The control stream.
    pub reader: FramedReader,
    pub writer: FramedWriter,
    pub version: ProtocolVersion,
    /// The way that was quickest. One that is not UDP looks for UDP from then on, and moves there, which
    /// [`Routes::worked`] then says.
    pub route: Route,
}

/// Connects to `hub` as `role` and exchanges the hellos. Must run inside a tokio runtime; dropping the
/// future ends all tries at once.
///
/// The ways of `routes` race, at all addresses of the name, each for [`CONNECT_TIMEOUT`]. Where a proxy
/// wants to know who signs in, the others have [`AFTER_QUESTION`] more.
///
/// # Errors
///
/// [`ConnectError`].
pub async fn connect(
    hub: &HubAddress,
    pin: impl Into<Pin>,
    role: Role,
    program: &str,
    routes: &Routes,
) -> Result<Greeted, ConnectError> {
    let called = Instant::now();
    let pin = pin.into();
    let routes = &routes.to_hub_with(pin);
    let call = Arc::new(Call::new(hub, pin, role, program, routes).await?);
    let mut looks = JoinSet::new();
    looks.spawn(direct_starts(hub.clone(), routes.clone()));
    let (to, by) = (hub.clone(), routes.clone());
    looks.spawn(async move { Ok(proxy_ways(to, by).await?.starts) });
    let mut starts: Vec<Start> = Vec::new();
    let mut tries = JoinSet::new();
    let mut failure = None;
    let mut begun = Instant::now();
    let mut ends = None;
    loop {
        let next = starts.first().map(|start| begun + start.after);
        tokio::select! {
            Some(tried) = tries.join_next() => match tried {
                Ok(Ok(Reached { greeted, in_tunnel })) => {
                    let route = &greeted.route;
                    let millis = called.elapsed().as_millis();
                    tracing::info!(%route, %hub, millis, "Reached");
                    routes.remember(hub, route.clone());
                    if let Some((mover, address)) = in_tunnel {
                        let address = matches!(route, Route::Tunnel { .. }).then_some(address.ip());
                        mover.start(hub.clone(), address, routes.clone());
                    }
                    return Ok(greeted);
                }
                Ok(Err((at, error))) => {
                    if is_answer(at, &error) {
                        return Err(error);
                    }
                    if asks_for_login(&error) || wants_account(&error) {
                        ends.get_or_insert_with(|| Instant::now() + AFTER_QUESTION);
                    }
                    failure = more_telling(failure, at, error);
                    // what waits for its turn need not wait for anybody
                    if tries.is_empty() && let Some(start) = starts.first() {
                        begun = Instant::now().checked_sub(start.after).unwrap_or(begun);
                    }
                }
                Err(error) => tracing::error!(%error, "A try to connect failed inside"),
            },
            Some(looked) = looks.join_next() => match looked {
                Ok(Ok(more)) => {
                    starts.extend(more);
                    // stable: UDP stays before what starts with it
                    starts.sort_by_key(|start| start.after);
                }
                Ok(Err(error)) => failure = more_telling(failure, At::OtherPort, error),
                Err(error) => tracing::error!(%error, "A look-up failed inside"),
            },
            () = tokio::time::sleep_until(next.unwrap_or(begun)), if next.is_some() => {
                let start = starts.remove(0);
                let call = Arc::clone(&call);
                tries.spawn(async move { Box::pin(call.by(start.way)).await });
            }
            () = tokio::time::sleep_until(ends.unwrap_or(begun)), if ends.is_some() => break,
            else => break,
        }
    }
    let failure = failure.map_or_else(|| unknown_name(hub), |(_rank, error)| error);
    if let ConnectError::Proxy(
        ProxyError::AsksForLogin { proxy } | ProxyError::LoginRefused { proxy },
    ) = &failure
    {
        routes.asks(proxy);
    }
    Err(failure)
}

/// Goes to `hub` through the proxies of `routes` alone, and hangs up; gives the way that led there, or
/// `None` where no proxy is to be used. Must run inside a tokio runtime; dropping the future ends it.
///
/// # Errors
///
/// [`ConnectError`] of the first proxy.
pub async fn test_proxies(
    hub: &HubAddress,
    pin: impl Into<Pin>,
    role: Role,
    program: &str,
    routes: &Routes,
) -> Result<Option<Route>, ConnectError> {
    let pin = pin.into();
    let routes = &routes.to_hub_with(pin);
    let call = Call::new(hub, pin, role, program, routes).await?;
    let mut failure = None;
    for start in proxy_ways(hub.clone(), routes.clone()).await?.starts {
        match Box::pin(call.by(start.way)).await {
            Ok(Reached { greeted, .. }) => {
                crate::close::hang_up(&greeted.connection, &greeted.endpoint).await;
                return Ok(Some(greeted.route));
            }
            Err((_, error)) => {
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(None), Err)
}

fn unknown_name(hub: &HubAddress) -> ConnectError {
    let host = hub.host.clone();
    ConnectError::UnknownName { host }
}

/// The ways without a proxy, once the hub's name is looked up.
async fn direct_starts(hub: HubAddress, routes: Routes) -> Result<Vec<Start>, ConnectError> {
    let found = tokio::net::lookup_host((hub.host.as_str(), hub.port)).await;
    let addresses = found.map_err(|_resolver| unknown_name(&hub))?;
    let addresses: Vec<SocketAddr> = addresses.collect();
    Ok(routes.direct(&hub, &addresses))
}

/// The ways through proxies, and who says so.
#[derive(Debug, Default)]
pub(crate) struct ProxyWays {
    pub(crate) starts: Vec<Start>,
    /// None where it is not the system.
    pub(crate) source: Option<ProxySource>,
    /// The system said so, or need not be asked.
    pub(crate) is_told: bool,
}

/// The ways through proxies, once the system is asked.
pub(crate) async fn proxy_ways(hub: HubAddress, routes: Routes) -> Result<ProxyWays, ConnectError> {
    let mut ways = ProxyWays {
        is_told: true,
        ..ProxyWays::default()
    };
    // nobody else is on this computer
    let ip = hub.host.parse::<IpAddr>();
    if hub.host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback()) {
        return Ok(ways);
    }
    let proxies = match routes.proxies() {
        ProxyChoice::None => Vec::new(),
        ProxyChoice::Custom(Proxy { address, login }) => {
            let login = login.filter(is_whole);
            vec![Proxy { address, login }]
        }
        ProxyChoice::System { ask, login } => {
            let of = hub.clone();
            let asking = tokio::task::spawn_blocking(move || ask(&of));
            let Ok(Ok(found)) = timeout(SYSTEM_TIMEOUT, asking).await else {
                tracing::warn!("The system does not say which proxies it has");
                return Ok(ProxyWays::default());
            };
            ways.source = Some(found.source);
            if found.needs_script && found.proxies.is_empty() {
                return Err(ConnectError::ProxyScript);
            }
            let whole = |proxy: Proxy| Proxy {
                login: proxy.login.filter(is_whole),
                ..proxy
            };
            let proxies = found.proxies.into_iter().map(whole).collect();
            let login = login.filter(is_whole);
            routes.sign_in(proxies, login.as_ref())
        }
    };
    ways.starts = routes.through(&hub, proxies);
    Ok(ways)
}

/// Whether somebody can sign in with it: a name alone is none, and would only count as a wrong password.
fn is_whole(login: &ProxyLogin) -> bool {
    !login.user().is_empty() && !login.password().is_empty()
}

/// Whether the hub itself said so, so that no other way leads further.
fn is_answer(at: At, error: &ConnectError) -> bool {
    match error {
        ConnectError::OtherVersion { .. } | ConnectError::Refused(_) => true,
        // what answers at a usual port of the web may be another hub
        ConnectError::ForeignKey | ConnectError::Certificate { .. } => at == At::Udp,
        ConnectError::UnknownName { .. }
        | ConnectError::NoAnswer { .. }
        | ConnectError::Proxy(_)
        | ConnectError::ProxyScript
        | ConnectError::Failed { .. }
        | ConnectError::Socket(_) => false,
    }
}

/// Whether somebody has to say who signs in at a proxy.
fn asks_for_login(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::Proxy(ProxyError::AsksForLogin { .. } | ProxyError::LoginRefused { .. })
    )
}

/// Whether somebody has to sign in to this computer before a proxy lets it through.
fn wants_account(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Proxy(ProxyError::WantsAccount { .. }))
}

fn is_mistrust(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::ForeignKey | ConnectError::Certificate { .. }
    )
}

/// `before` if somebody else answered then, or else `error`.
fn mistrust_or(before: Option<ConnectError>, error: ConnectError) -> ConnectError {
    before.filter(is_mistrust).unwrap_or(error)
}

/// What to tell of two failures: that somebody else answers under the hub's own number, what a person can do
/// about a proxy, and otherwise what UDP met with.
fn more_telling(
    before: Option<(u8, ConnectError)>,
    at: At,
    error: ConnectError,
) -> Option<(u8, ConnectError)> {
    let rank = match &error {
        // what is at another number may be another hub, which says nothing of this one
        mistrust if is_mistrust(mistrust) => match at {
            At::Udp | At::OwnPort => 5,
            At::OtherPort => 0,
        },
        asks if asks_for_login(asks) => 4,
        // it would if it could, which says as much as UDP
        ConnectError::Proxy(ProxyError::HubNotReached { .. }) => 1,
        ConnectError::Proxy(_) => 3,
        ConnectError::ProxyScript => 2,
        ConnectError::ForeignKey
        | ConnectError::Certificate { .. }
        | ConnectError::UnknownName { .. }
        | ConnectError::NoAnswer { .. }
        | ConnectError::OtherVersion { .. }
        | ConnectError::Refused(_)
        | ConnectError::Failed { .. }
        | ConnectError::Socket(_) => u8::from(at == At::Udp),
    };
    match before {
        Some((better, _)) if better >= rank => before,
        Some(_) | None => Some((rank, error)),
    }
}

async fn judge(pin: Pin) -> Result<Judge, ConnectError> {
    let judge = tokio::task::spawn_blocking(move || Judge::new(pin)).await;
    let failed = |detail: String| ConnectError::Failed { detail };
    judge
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))
}

/// Who calls whom.
#[derive(Clone)]
pub(crate) struct Call {
    hub: HubAddress,
    /// What the hub is asked to show a certificate for.
    name: String,
    judge: Judge,
    role: Role,
    program: String,
    routes: Routes,
    /// For whoever tries one way alone.
    pub(crate) progress: Arc<Progress>,
}

/// How far a try by TCP got.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// There is a connection, at which the tunnel begins.
    pub(crate) is_connected: AtomicBool,
    /// What the TLS outside the tunnel showed.
    pub(crate) outside: Mutex<Option<CertificateDer<'static>>>,
}

/// An endpoint that leads to `address`, and looks at what answers there.
struct Opened {
    endpoint: Endpoint,
    address: SocketAddr,
    verifier: Arc<Verifier>,
    mover: Option<Mover>,
}

/// The hub has greeted.
pub(crate) struct Reached {
    pub(crate) greeted: Greeted,
    /// What moves the connection to UDP, and where the TCP of its tunnel ends.
    in_tunnel: Option<(Mover, SocketAddr)>,
}

/// Where something answered, or nothing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Udp,
    /// TCP at the hub's own number.
    OwnPort,
    OtherPort,
}

/// A try that failed, and where.
pub(crate) type Failed = (At, ConnectError);

impl Call {
    pub(crate) async fn new(
        hub: &HubAddress,
        pin: Pin,
        role: Role,
        program: &str,
        routes: &Routes,
    ) -> Result<Self, ConnectError> {
        Ok(Self {
            hub: hub.clone(),
            name: pin.name(hub).to_owned(),
            judge: judge(pin).await?,
            role,
            program: program.to_owned(),
            routes: routes.clone(),
            progress: Arc::default(),
        })
    }

    pub(crate) fn with_own_progress(&self) -> Self {
        Self {
            progress: Arc::default(),
            ..self.clone()
        }
    }

    fn at(&self, port: u16) -> At {
        if port == self.hub.port {
            At::OwnPort
        } else {
            At::OtherPort
        }
    }

    pub(crate) async fn by(&self, way: Way) -> Result<Reached, Failed> {
        match way {
            Way::Direct { route, address } => {
                let reached = Box::pin(self.reach(&route, self.endpoint(&route, address))).await;
                let at = match route {
                    Route::Udp => At::Udp,
                    Route::Tunnel { port } | Route::Proxy { port, .. } => self.at(port),
                };
                reached.map_err(|error| (at, error))
            }
            Way::Proxy { proxy, ports } => {
                let reached = Box::pin(self.through(&proxy, ports)).await;
                // what says nothing of the hub was left out there
                reached.map_err(|error| (At::OwnPort, error))
            }
        }
    }

    /// Goes through `proxy` to the first of `ports` where the hub answers. Where it refuses who signs
    /// in it is asked no more. That somebody else answers at the hub's own port is told before all else.
    async fn through(&self, proxy: &Proxy, ports: Vec<u16>) -> Result<Reached, ConnectError> {
        let at_proxy = || proxy.address.clone();
        let mut failure: Option<ConnectError> = None;
        let mut unanswered = 0;
        for port in ports {
            let to = HubAddress {
                host: self.hub.host.clone(),
                port,
            };
            let opened = match self.open(proxy, &to, &mut unanswered).await {
                Ok(opened) => opened,
                Err(error) => return Err(mistrust_or(failure, error.into())),
            };
            let tcp = match opened {
                Ok(tcp) => tcp,
                Err(error) => {
                    tracing::debug!(%error, "Not through a proxy");
                    match error {
                        ProxyError::NotAllowed { .. } | ProxyError::HubNotReached { .. } => {
                            failure.get_or_insert_with(|| error.into());
                            continue;
                        }
                        ProxyError::NoAnswer { .. }
                        | ProxyError::AsksForLogin { .. }
                        | ProxyError::LoginRefused { .. }
                        | ProxyError::UnknownSignIn { .. }
                        | ProxyError::NoProxy { .. }
                        | ProxyError::WantsAccount { .. } => {
                            return Err(mistrust_or(failure, error.into()));
                        }
                    }
                }
            };
            let proxy = at_proxy();
            let route = Route::Proxy { proxy, port };
            match Box::pin(self.reach(&route, self.in_tunnel(&to, tcp))).await {
                Ok(reached) => return Ok(reached),
                Err(error) if is_answer(At::OtherPort, &error) => return Err(error),
                Err(error) if is_mistrust(&error) && self.at(port) == At::OtherPort => {
                    let proxy = at_proxy();
                    failure.get_or_insert_with(|| ProxyError::HubNotReached { proxy, to }.into());
                }
                Err(error) => failure = Some(mistrust_or(failure.take(), error)),
            }
        }
        Err(failure.unwrap_or_else(|| ProxyError::NoAnswer { proxy: at_proxy() }.into()))
    }

    /// Opens a connection to `to` through `proxy`, within [`PROXY_TIMEOUT`]. Logins go out one after
    /// another, so that a wrong one is sent once, however many tries are under way.
    ///
    /// # Errors
    ///
    /// The outer one where nothing was asked, for the login rests.
    async fn open(
        &self,
        proxy: &Proxy,
        to: &HubAddress,
        unanswered: &mut u8,
    ) -> Result<Result<TcpStream, ProxyError>, ProxyError> {
        let at_proxy = || proxy.address.clone();
        let goes_on = (1..MAX_UNANSWERED).contains(&*unanswered);
        let _turn = if proxy.login.is_some() {
            let turn = self.routes.sign_ins.lock().await;
            match self.routes.rest_of_login(&proxy.address) {
                Some(Rest::Refused) => {
                    return Err(ProxyError::LoginRefused { proxy: at_proxy() });
                }
                // the silence of this try's own ports does not end it at once
                Some(Rest::Unanswered) if !goes_on => {
                    return Err(ProxyError::NoAnswer { proxy: at_proxy() });
                }
                Some(Rest::Unanswered) | None => {}
            }
            Some(turn)
        } else {
            None
        };
        let login_sent = AtomicBool::new(false);
        let opened = proxy::open(proxy, to, &login_sent, &self.routes.accounts);
        let opened = timeout(PROXY_TIMEOUT, opened).await;
        if login_sent.into_inner() {
            self.learn(&proxy.address, &opened, unanswered);
        }
        Ok(opened.unwrap_or_else(|_elapsed| {
            // it may only wait for a port that nobody answers at
            let (proxy, to) = (at_proxy(), to.clone());
            Err(ProxyError::HubNotReached { proxy, to })
        }))
    }

    /// What became of a login that `proxy` was sent.
    fn learn<T, E>(
        &self,
        proxy: &ProxyAddress,
        opened: &Result<Result<T, ProxyError>, E>,
        unanswered: &mut u8,
    ) {
        match opened {
            Ok(Ok(_) | Err(ProxyError::NotAllowed { .. } | ProxyError::HubNotReached { .. })) => {
                self.routes.login_was_taken(proxy);
            }
            Ok(Err(ProxyError::LoginRefused { .. })) => {
                self.routes.login_rests(proxy, Rest::Refused);
            }
            Ok(Err(ProxyError::NoProxy { .. })) | Err(_) => {
                *unanswered += 1;
                self.routes.login_rests(proxy, Rest::Unanswered);
            }
            Ok(Err(
                ProxyError::NoAnswer { .. }
                | ProxyError::AsksForLogin { .. }
                | ProxyError::UnknownSignIn { .. }
                | ProxyError::WantsAccount { .. },
            )) => {}
        }
    }

    /// Connects over what `opening` gives, within [`CONNECT_TIMEOUT`], and as long for the hellos.
    async fn reach(
        &self,
        route: &Route,
        opening: impl Future<Output = Result<Opened, ConnectError>>,
    ) -> Result<Reached, ConnectError> {
        let no_answer = || ConnectError::NoAnswer {
            hub: self.hub.clone(),
        };
        let reaching = async {
            let Opened {
                endpoint,
                address,
                verifier,
                mover,
            } = opening.await?;
            let connecting = endpoint.connect(address, &self.name);
            let connecting = connecting.map_err(|e| ConnectError::Failed {
                detail: e.to_string(),
            })?;
            match verifier.judged(connecting).await {
                Ok(connection) => {
                    let in_tunnel = mover.map(|mover| (mover, address));
                    Ok((endpoint, connection, in_tunnel))
                }
                Err(error) => Err(match verifier.mistrust() {
                    Some(Mistrust::ForeignKey) => ConnectError::ForeignKey,
                    Some(Mistrust::Certificate(fault)) => ConnectError::Certificate {
                        hub: self.hub.clone(),
                        fault,
                    },
                    None => connect_error(&self.hub, &error),
                }),
            }
        };
        let reached = timeout(CONNECT_TIMEOUT, reaching).await;
        let reached = reached.unwrap_or_else(|_elapsed| Err(no_answer()));
        let (endpoint, connection, in_tunnel) = reached.inspect_err(|error| {
            tracing::debug!(%route, hub = %self.hub, %error, "Not reached");
        })?;
        let greeting = greet(&self.hub, &connection, self.role, &self.program);
        match timeout(CONNECT_TIMEOUT, greeting).await {
            Ok(Ok((reader, writer, version))) => {
                let greeted = Greeted {
                    endpoint,
                    connection,
                    reader,
                    writer,
                    version,
                    route: route.clone(),
                };
                Ok(Reached { greeted, in_tunnel })
            }
            Ok(Err(ConnectError::Failed { detail })) => Err(match connection.close_reason() {
                // says more than the stream that broke with it
                Some(reason) => connect_error(&self.hub, &reason),
                None => ConnectError::Failed { detail },
            }),
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => Err(no_answer()),
        }
    }

    async fn endpoint(&self, route: &Route, address: SocketAddr) -> Result<Opened, ConnectError> {
        if *route == Route::Udp {
            let transport = tuning::transport();
            return self.opened(udp_endpoint(address)?, address, transport, None);
        }
        let to = HubAddress {
            host: self.hub.host.clone(),
            port: address.port(),
        };
        self.in_tunnel(&to, TcpStream::connect(address).await?)
            .await
    }

    async fn in_tunnel(&self, to: &HubAddress, tcp: TcpStream) -> Result<Opened, ConnectError> {
        let progress = &self.progress;
        progress.is_connected.store(true, Ordering::Relaxed);
        let (endpoint, address, mover) = tunnel::dial(to, tcp, &progress.outside).await?;
        let mut transport = tuning::transport();
        tuning::in_tunnel_at_program(&mut transport, mover.left());
        self.opened(endpoint, address, transport, Some(mover))
    }

    /// From now on `endpoint` looks whom it connects to.
    fn opened(
        &self,
        mut endpoint: Endpoint,
        address: SocketAddr,
        transport: TransportConfig,
        mover: Option<Mover>,
    ) -> Result<Opened, ConnectError> {
        let verifier = Arc::new(Verifier::new(self.judge.clone()));
        endpoint.set_default_client_config(config(transport, Arc::clone(&verifier) as _)?);
        Ok(Opened {
            endpoint,
            address,
            verifier,
            mover,
        })
    }
}

pub(crate) fn config(
    transport: TransportConfig,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<ClientConfig, ConnectError> {
    let failed = |detail: String| ConnectError::Failed { detail };
    let mut crypto = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| failed(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    crypto.alpn_protocols = vec![protocol::version::ALPN.to_vec()];
    let crypto = QuicClientConfig::try_from(crypto).map_err(|e| failed(e.to_string()))?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

fn udp_endpoint(peer: SocketAddr) -> io::Result<Endpoint> {
    let any: SocketAddr = match peer {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let mut config = EndpointConfig::default();
    tuning::datagrams_of_udp(&mut config);
    Endpoint::new_with_abstract_socket(
        config,
        None,
        plain_udp::for_quic(tuning::socket(any)?)?,
        Arc::new(TokioRuntime),
    )
}

fn connect_error(hub: &HubAddress, error: &quinn::ConnectionError) -> ConnectError {
    match CloseReason::from(error) {
        CloseReason::Refused(refusal) => refusal.into(),
        CloseReason::Lost => ConnectError::NoAnswer { hub: hub.clone() },
        CloseReason::Failed(detail) => ConnectError::Failed { detail },
        CloseReason::GoodOrder => ConnectError::Failed {
            detail: "the hub hung up".to_owned(),
        },
    }
}

async fn greet(
    hub: &HubAddress,
    connection: &Connection,
    role: Role,
    program: &str,
) -> Result<(FramedReader, FramedWriter, ProtocolVersion), ConnectError> {
    let failed = |detail: String| ConnectError::Failed { detail };
    let other_version = |versions| ConnectError::OtherVersion {
        hub: hub.clone(),
        too_old: VersionRange::OURS.too_old_for(versions),
    };
    let (send, recv) = connection
        .open_bi()
        .await
        .map_err(|e| failed(e.to_string()))?;
    let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
    let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
    let hello = ClientHello {
        versions: VersionRange::OURS,
        role,
        program: BoundedText::cut(program),
    };
    writer
        .write(&hello)
        .await
        .map_err(|e| failed(e.to_string()))?;
    match reader.read::<HubHello>().await {
        Ok(Some(HubHello::Welcome { version, .. })) => {
            let chosen = VersionRange {
                oldest: version,
                newest: version,
            };
            match VersionRange::OURS.common_with(chosen) {
                Some(version) => Ok((reader, writer, version)),
                None => Err(other_version(chosen)),
            }
        }
        Ok(Some(HubHello::Refused { versions, refusal }))
            if refusal.code == RefusalCode::VERSION_MISMATCH =>
        {
            Err(other_version(versions))
        }
        Ok(Some(HubHello::Refused { refusal, .. })) => Err(refusal.into()),
        Ok(None) => Err(failed("the hub hung up".to_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}
