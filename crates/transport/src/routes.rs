//! The ways to a hub, and which of them worked.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::{HubAddress, Proxy, ProxyAddress, ProxyLogin, SystemProxies};

/// Where hubs take tunnels, beside the port of their own: what networks let through most often.
pub const TUNNEL_PORTS: [u16; 3] = [443, 3128, 8080];
/// A way that may be the worse one starts so much later, and each next address of the hub.
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;
/// Proxies of the system that are tried.
const MAX_PROXIES: usize = 4;
/// How long a login that a proxy refused is not tried again by itself.
const REFUSED_FOR: Duration = Duration::from_mins(10);

/// How datagrams get to a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// As they are.
    Udp,
    /// In a [tunnel](crate::tunnel) to this TCP port.
    Tunnel { port: u16 },
    /// In a tunnel to this TCP port that a proxy leads to.
    Proxy { proxy: ProxyAddress, port: u16 },
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp => f.write_str("UDP"),
            Self::Tunnel { port } => write!(f, "TCP port {port}"),
            Self::Proxy { proxy, port } => write!(f, "TCP port {port} through the proxy {proxy}"),
        }
    }
}

/// Asks the system's settings; may block for seconds.
pub type AskSystem = Arc<dyn Fn(&HubAddress) -> SystemProxies + Send + Sync>;

/// Which proxies to go through (R3).
#[derive(Clone, Default)]
pub enum ProxyChoice {
    #[default]
    None,
    /// Those of the system. `login` signs in where they ask and the system does not say who.
    System {
        ask: AskSystem,
        login: Option<ProxyLogin>,
    },
    Custom(Proxy),
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::System { login, .. } => f.debug_tuple("System").field(login).finish(),
            Self::Custom(proxy) => f.debug_tuple("Custom").field(proxy).finish(),
        }
    }
}

/// The ways a program tries, and which one worked last for each hub, for as long as it runs. Clones
/// learn from each other.
#[derive(Debug, Clone)]
pub struct Routes {
    tunnel_ports: Arc<[u16]>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    worked: BTreeMap<(String, u16), Route>,
    proxies: ProxyChoice,
    /// Proxies that refused who signs in, and when.
    refused: BTreeMap<ProxyAddress, Instant>,
}

impl Default for Routes {
    fn default() -> Self {
        Self::with_tunnels_at(&TUNNEL_PORTS)
    }
}

/// One way to try, so long after the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) after: Duration,
    pub(crate) way: Way,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    Direct {
        route: Route,
        address: SocketAddr,
    },
    /// Through a proxy, to these ports one after another.
    Proxy {
        proxy: Proxy,
        ports: Vec<u16>,
    },
}

impl Routes {
    /// Tunnels at `ports` and at the hub's own, beside UDP.
    pub fn with_tunnels_at(ports: &[u16]) -> Self {
        Self {
            tunnel_ports: ports.into(),
            known: Arc::default(),
        }
    }

    /// Goes through these proxies from the next try on, where nothing quicker leads to the hub. A login
    /// that was refused before counts as a new one.
    pub fn use_proxies(&self, choice: ProxyChoice) {
        let mut known = self.known();
        known.proxies = choice;
        known.refused.clear();
    }

    /// The way that led to `hub` last time.
    pub fn worked(&self, hub: &HubAddress) -> Option<Route> {
        let known = self.known();
        known.worked.get(&(hub.host.clone(), hub.port)).cloned()
    }

    pub(crate) fn remember(&self, hub: &HubAddress, route: Route) {
        let place = (hub.host.clone(), hub.port);
        self.known().worked.insert(place, route);
    }

    pub(crate) fn proxies(&self) -> ProxyChoice {
        self.known().proxies.clone()
    }

    /// `proxy` has refused who signs in there.
    pub(crate) fn login_was_refused(&self, proxy: &ProxyAddress) {
        self.known().refused.insert(proxy.clone(), Instant::now());
    }

    /// Whether `proxy` would refuse the same login again. Whoever asks each second has an account
    /// locked in no time.
    pub(crate) fn refuses_login(&self, proxy: &ProxyAddress) -> bool {
        let known = self.known();
        let refused = known.refused.get(proxy);
        refused.is_some_and(|at| at.elapsed() < REFUSED_FOR)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to try to reach `hub` at `addresses`, first things first.
    ///
    /// UDP always goes first, for it is quicker wherever it works, and may work again. The way that
    /// worked last starts beside it.
    pub(crate) fn direct(&self, hub: &HubAddress, addresses: &[SocketAddr]) -> Vec<Start> {
        let worked = self.worked(hub);
        let mut starts = Vec::new();
        let mut turn = Duration::ZERO;
        for address in in_turns(addresses) {
            let mut add = |route, address, after| {
                let way = Way::Direct { route, address };
                starts.push(Start { after, way });
            };
            add(Route::Udp, address, turn);
            for port in self.ports(hub) {
                let route = Route::Tunnel { port };
                let later = if worked.as_ref() == Some(&route) {
                    Duration::ZERO
                } else {
                    HEAD_START
                };
                add(route, SocketAddr::new(address.ip(), port), turn + later);
            }
            turn += HEAD_START;
        }
        starts
    }

    /// What to try to reach `hub` through `proxies`: with the tunnels, or beside UDP if one worked last.
    pub(crate) fn through(&self, hub: &HubAddress, proxies: Vec<Proxy>) -> Vec<Start> {
        let worked = self.worked(hub);
        let start = |proxy: Proxy| {
            let mut ports = self.ports(hub);
            let mut after = HEAD_START;
            if let Some(Route::Proxy {
                proxy: before,
                port,
            }) = &worked
                && *before == proxy.address
            {
                after = Duration::ZERO;
                // stable: the rest stays in its order
                ports.sort_by_key(|other| other != port);
            }
            let way = Way::Proxy { proxy, ports };
            Start { after, way }
        };
        proxies.into_iter().take(MAX_PROXIES).map(start).collect()
    }

    /// The TCP ports where `hub` may take tunnels, its own first.
    fn ports(&self, hub: &HubAddress) -> Vec<u16> {
        let mut ports = vec![hub.port];
        for port in &*self.tunnel_ports {
            if !ports.contains(port) {
                ports.push(*port);
            }
        }
        ports
    }
}

/// The addresses of both families by turns, begun with the one that the system prefers (RFC 8305).
fn in_turns(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let preferred = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<SocketAddr>, Vec<_>) =
        addresses.iter().partition(|a| a.is_ipv6() == preferred);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::new();
    while turns.len() < MAX_ADDRESSES {
        let before = turns.len();
        turns.extend(first.next());
        turns.extend(second.next());
        if turns.len() == before {
            break;
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> HubAddress {
        HubAddress {
            host: "hub.example".to_owned(),
            port: 443,
        }
    }

    fn when(starts: &[Start], route: Route, address: &str) -> u128 {
        let address = address.parse().expect("an address");
        let way = Way::Direct { route, address };
        let start = starts.iter().find(|s| s.way == way);
        start.expect("tried").after.as_millis()
    }

    #[test]
    fn r2_udp_starts_first_and_all_tunnels_follow_at_once() {
        let starts = Routes::default().direct(&hub(), &["192.0.2.1:443".parse().expect("one")]);
        assert_eq!(starts.len(), 4);
        assert_eq!(when(&starts, Route::Udp, "192.0.2.1:443"), 0);
        for port in TUNNEL_PORTS {
            let route = Route::Tunnel { port };
            assert_eq!(when(&starts, route, &format!("192.0.2.1:{port}")), 250);
        }
    }

    #[test]
    fn r2_the_families_take_turns_from_the_preferred_one_on() {
        let addresses = ["[2001:db8::1]:443", "[2001:db8::2]:443", "192.0.2.1:443"]
            .map(|a| a.parse().expect("an address"));
        let starts = Routes::default().direct(&hub(), &addresses);
        assert_eq!(when(&starts, Route::Udp, "[2001:db8::1]:443"), 0);
        assert_eq!(when(&starts, Route::Udp, "192.0.2.1:443"), 250);
        assert_eq!(when(&starts, Route::Udp, "[2001:db8::2]:443"), 500);
        let tunnel = Route::Tunnel { port: 3128 };
        assert_eq!(when(&starts, tunnel, "192.0.2.1:3128"), 500);
    }

    #[test]
    fn r2_the_tunnel_that_worked_starts_beside_udp() {
        let routes = Routes::default();
        let tunnel = Route::Tunnel { port: 8080 };
        routes.clone().remember(&hub(), tunnel.clone());
        let starts = routes.direct(&hub(), &["192.0.2.1:443".parse().expect("one")]);
        assert_eq!(when(&starts, Route::Udp, "192.0.2.1:443"), 0);
        assert_eq!(when(&starts, tunnel, "192.0.2.1:8080"), 0);
        let other = Route::Tunnel { port: 443 };
        assert_eq!(when(&starts, other, "192.0.2.1:443"), 250);
    }

    #[test]
    fn r3_a_proxy_starts_with_the_tunnels_and_beside_udp_once_it_worked() {
        let routes = Routes::default();
        let proxies: Vec<Proxy> = ["http://a:1", "http://b:2"]
            .map(|text| text.parse().expect("a proxy"))
            .into();
        let starts = routes.through(&hub(), proxies.clone());
        let ports = TUNNEL_PORTS.to_vec();
        for (start, proxy) in starts.iter().zip(&proxies) {
            assert_eq!(start.after, HEAD_START);
            let (proxy, ports) = (proxy.clone(), ports.clone());
            assert_eq!(start.way, Way::Proxy { proxy, ports });
        }
        let proxy = proxies[1].address.clone();
        routes.remember(&hub(), Route::Proxy { proxy, port: 8080 });
        let starts = routes.through(&hub(), proxies.clone());
        assert_eq!(starts[0].after, HEAD_START);
        assert_eq!(starts[1].after, Duration::ZERO);
        let (proxy, ports) = (proxies[1].clone(), vec![8080, 443, 3128]);
        assert_eq!(starts[1].way, Way::Proxy { proxy, ports });
    }

    #[test]
    fn a_refused_login_rests_until_the_proxies_are_set_anew() {
        let routes = Routes::default();
        let proxy: Proxy = "http://a:1".parse().expect("a proxy");
        assert!(!routes.refuses_login(&proxy.address));
        routes.clone().login_was_refused(&proxy.address);
        assert!(routes.refuses_login(&proxy.address));
        routes.use_proxies(ProxyChoice::Custom(proxy.clone()));
        assert!(!routes.refuses_login(&proxy.address));
    }
}
