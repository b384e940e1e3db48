//! The connection doctor: tries each way to a hub on its own, and tells what became of it.
//!
//! It goes the same ways as [`client::connect`](crate::client::connect), by the same code, but waits for
//! all of them. What it finds is [`protocol::diagnosis`]; no login of a proxy is in that.

mod opener;
mod worker;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use protocol::diagnosis::{Check, Diagnosis, Family, Finding, Found, News};
use protocol::{HubAddress, Role};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite;

use crate::client::{Call, ConnectError, Progress, Reached, proxy_ways};
use crate::pin::Pin;
use crate::routes::{MAX_ADDRESSES, ProxyChoice, Route, Routes, Way};
use opener::Opening;
pub use worker::Doctor;

/// How long the system may look for the hub's name.
const NAME_TIMEOUT: Duration = Duration::from_secs(10);
/// How long each way may take.
const WAY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long each proxy may take, which is asked for one port after another.
const PROXY_TIMEOUT: Duration = Duration::from_secs(20);

/// Looks at all ways of `routes` to `hub`, and gives what was found; `told` hears of each thing as it
/// begins and ends. Takes 30 seconds at most. Must run inside a tokio runtime; dropping the future ends it
/// at once, but for a look-up of the system's that hangs.
pub async fn examine(
    hub: &HubAddress,
    pin: Pin,
    role: Role,
    program: &str,
    routes: &Routes,
    mut told: impl FnMut(News),
) -> Diagnosis {
    let routes = routes.to_hub_with(pin);
    let call = Call::new(hub, pin, role, program, &routes).await;
    let patient = Patient {
        hub: hub.clone(),
        pin,
        call: call.map_err(|error| error.to_string()),
        routes,
    };
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let mut diagnosis = Diagnosis {
        hub: hub.clone(),
        unix_seconds: since.unwrap_or_default().as_secs(),
        own: own_addresses(&[]),
        findings: Vec::new(),
    };
    let mut looks = JoinSet::new();
    let mut begun = Vec::new();
    let mut next = vec![
        (Check::Name, Vec::new()),
        (Check::ProxySettings, Vec::new()),
    ];
    loop {
        for (check, ways) in next.drain(..) {
            told(News::Begun(check.clone()));
            begun.push(check.clone());
            let patient = patient.clone();
            looks.spawn(async move { Box::pin(patient.look(check, ways)).await });
        }
        match looks.join_next().await {
            Some(Ok(Looked { finding, more })) => {
                if let Found::Addresses(addresses) = &finding.found {
                    diagnosis.own = own_addresses(addresses);
                }
                told(News::Found(finding.clone()));
                diagnosis.findings.push(finding);
                next = more;
            }
            Some(Err(error)) => tracing::error!(%error, "A look failed inside"),
            None => break,
        }
    }
    diagnosis.findings.sort_by_key(|Finding { check, .. }| {
        let place = begun.iter().position(|begun| begun == check);
        (check.order(), place)
    });
    diagnosis
}

/// What is examined.
#[derive(Clone)]
struct Patient {
    hub: HubAddress,
    pin: Pin,
    /// What no way could be tried for, if so.
    call: Result<Call, String>,
    routes: Routes,
}

/// What a look found, and what it led to.
struct Looked {
    finding: Finding,
    more: Vec<(Check, Vec<Way>)>,
}

impl Patient {
    /// Does one check; where there are several `ways`, one has to work.
    async fn look(self, check: Check, ways: Vec<Way>) -> Looked {
        let begun = Instant::now();
        let (found, more) = match &check {
            Check::Name => self.look_up().await,
            Check::ProxySettings => self.ask_for_proxies().await,
            Check::Udp { .. } | Check::Tcp { .. } | Check::Proxy(_) => {
                (self.try_all(ways).await, Vec::new())
            }
        };
        let finding = Finding {
            check,
            found,
            took_millis: u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX),
        };
        Looked { finding, more }
    }

    async fn look_up(&self) -> (Found, Vec<(Check, Vec<Way>)>) {
        let looking = tokio::net::lookup_host((self.hub.host.as_str(), self.hub.port));
        let detail = match timeout(NAME_TIMEOUT, looking).await {
            Ok(Ok(found)) => {
                let mut known: Vec<IpAddr> = Vec::new();
                for ip in found.map(|address| address.ip()) {
                    if !known.contains(&ip) && known.len() < MAX_ADDRESSES {
                        known.push(ip);
                    }
                }
                if !known.is_empty() {
                    let more = self.direct(&known);
                    return (Found::Addresses(known), more);
                }
                String::new()
            }
            Ok(Err(error)) => {
                let text = error.to_string();
                let detail = text.rsplit_once(": ").map_or(&*text, |(_, detail)| detail);
                detail.to_owned()
            }
            Err(_elapsed) => "timed out".to_owned(),
        };
        (Found::NotResolved { detail }, Vec::new())
    }

    /// The ways without a proxy, by family.
    fn direct(&self, known: &[IpAddr]) -> Vec<(Check, Vec<Way>)> {
        let mut checks = Vec::new();
        let families = [Family::Ipv4, Family::Ipv6];
        let of = |family| {
            let known = known.iter().copied();
            known.filter(move |ip| Family::of(*ip) == family)
        };
        let families = families
            .into_iter()
            .filter(|family| of(*family).next().is_some());
        let ways = |route: &Route, family, port| {
            let way = |ip| Way::Direct {
                route: route.clone(),
                address: SocketAddr::new(ip, port),
            };
            of(family).map(way).collect()
        };
        for family in families.clone() {
            let port = self.hub.port;
            let check = Check::Udp { port, family };
            checks.push((check, ways(&Route::Udp, family, port)));
        }
        for port in self.routes.ports(&self.hub) {
            for family in families.clone() {
                let check = Check::Tcp { port, family };
                checks.push((check, ways(&Route::Tunnel { port }, family, port)));
            }
        }
        checks
    }

    async fn ask_for_proxies(&self) -> (Found, Vec<(Check, Vec<Way>)>) {
        let ways = proxy_ways(self.hub.clone(), self.routes.clone()).await;
        let Ok(ways) = ways else {
            return (Found::NeedsScript, Vec::new());
        };
        let mut more = Vec::new();
        for way in ways.starts.into_iter().map(|start| start.way) {
            if let Way::Proxy { proxy, .. } = &way {
                more.push((Check::Proxy(proxy.address.clone()), vec![way]));
            }
        }
        let found = match (self.routes.proxies(), more.len()) {
            (ProxyChoice::None, _) => Found::NoProxyWanted,
            (ProxyChoice::System { .. }, 0) if !ways.is_told => Found::ProxiesNotTold,
            (ProxyChoice::System { .. } | ProxyChoice::Custom(_), 0) => Found::NoProxyNamed {
                by: ways.source.unwrap_or_default(),
            },
            (ProxyChoice::System { .. } | ProxyChoice::Custom(_), count) => {
                let by = ways.source;
                Found::ProxiesNamed { count, by }
            }
        };
        (found, more)
    }

    async fn try_all(&self, ways: Vec<Way>) -> Found {
        let mut tries = JoinSet::new();
        for way in ways {
            let patient = self.clone();
            tries.spawn(async move { Box::pin(patient.try_one(way)).await });
        }
        let mut failure = Found::NoWayHere;
        while let Some(tried) = tries.join_next().await {
            match tried {
                Ok(works @ Found::Works { .. }) => return works,
                // an address that nobody has a way to says less than any other
                Ok(found) if failure == Found::NoWayHere => failure = found,
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "A try failed inside"),
            }
        }
        failure
    }

    async fn try_one(&self, way: Way) -> Found {
        let call = match &self.call {
            Ok(call) => call.with_own_progress(),
            Err(detail) => {
                let detail = detail.clone();
                return Found::Failed { detail };
            }
        };
        let lasts = match &way {
            Way::Direct { address, .. } if own_address(*address).is_none() => {
                return Found::NoWayHere;
            }
            Way::Direct { .. } => WAY_TIMEOUT,
            Way::Proxy { .. } => PROXY_TIMEOUT,
        };
        let greeted = match timeout(lasts, Box::pin(call.by(way))).await {
            // what would move it to UDP is dropped
            Ok(Ok(Reached { greeted, .. })) => greeted,
            Ok(Err((_, error))) => return failure(error, &call.progress),
            Err(_elapsed) => return no_answer(&call.progress),
        };
        let port = match greeted.route {
            Route::Udp => self.hub.port,
            Route::Tunnel { port } | Route::Proxy { port, .. } => port,
        };
        let looking = Opening {
            hub: &self.hub,
            pin: self.pin,
        };
        let opened_by = looking.of(&greeted, &call.progress).await;
        crate::close::hang_up(&greeted.connection, &greeted.endpoint).await;
        Found::Works { port, opened_by }
    }
}

/// Why a way does not lead to the hub.
fn failure(error: ConnectError, progress: &Progress) -> Found {
    match error {
        ConnectError::NoAnswer { .. } => no_answer(progress),
        ConnectError::ForeignKey => Found::ForeignKey,
        ConnectError::Certificate { fault, .. } => Found::Certificate(fault),
        ConnectError::OtherVersion { too_old, .. } => Found::OtherVersion(too_old),
        ConnectError::Refused(refusal) => Found::TurnedAway(refusal),
        ConnectError::Proxy(error) => Found::Proxy(error),
        ConnectError::ProxyScript => Found::NeedsScript,
        ConnectError::UnknownName { host } => Found::NotResolved { detail: host },
        ConnectError::Failed { detail } => Found::Failed { detail },
        ConnectError::Socket(error) => of_socket(&error, progress),
    }
}

fn no_answer(progress: &Progress) -> Found {
    if progress.is_connected.load(Ordering::Relaxed) {
        Found::Silent
    } else {
        Found::NoAnswer
    }
}

fn of_socket(error: &io::Error, progress: &Progress) -> Found {
    let inside = error.get_ref();
    if let Some(error) = inside.and_then(|inside| inside.downcast_ref::<tungstenite::Error>()) {
        return of_page(error, progress);
    }
    if inside.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) {
        return other_server(None, progress);
    }
    by_kind(error, progress)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is the system's, and the rest is nothing that anybody could act on"
)]
fn by_kind(error: &io::Error, progress: &Progress) -> Found {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Found::PortClosed,
        Kind::TimedOut => no_answer(progress),
        Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::NetworkDown
        | Kind::PermissionDenied => Found::Unreachable,
        Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::UnexpectedEof
        | Kind::BrokenPipe => Found::CutOff,
        Kind::InvalidData => other_server(None, progress),
        _ => Found::Failed {
            detail: error.to_string(),
        },
    }
}

/// What came in place of a tunnel.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else is said there is not said by a hub"
)]
fn of_page(error: &tungstenite::Error, progress: &Progress) -> Found {
    use tungstenite::error::ProtocolError;
    match error {
        tungstenite::Error::Io(error) => by_kind(error, progress),
        tungstenite::Error::Http(answer) => other_server(Some(answer.status().as_u16()), progress),
        tungstenite::Error::ConnectionClosed
        | tungstenite::Error::AlreadyClosed
        | tungstenite::Error::Protocol(
            ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake,
        ) => Found::CutOff,
        _ => other_server(None, progress),
    }
}

fn other_server(status: Option<u16>, progress: &Progress) -> Found {
    let shows = opener::shown(progress);
    Found::OtherServer { status, shows }
}

/// This computer's addresses on the way to `hub`; without one, on the way to anywhere.
fn own_addresses(hub: &[IpAddr]) -> Vec<IpAddr> {
    // set aside for books (RFC 5737, 3849), so they are everywhere else's
    let anywhere = [
        IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)),
        IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
    ];
    let to = if hub.is_empty() { &anywhere } else { hub };
    let mut own = Vec::new();
    for ip in to.iter().filter_map(|ip| own_address((*ip, 443).into())) {
        if !own.contains(&ip) {
            own.push(ip);
        }
    }
    own
}

/// The address that the system would call `to` from, if it knows a way. Nothing is sent.
fn own_address(to: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(to).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_unspecified()).then_some(own)
}
