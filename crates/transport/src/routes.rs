//! The ways to a hub, and which of them worked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::{HubAddress, Proxy, ProxyAddress, ProxyLogin, SystemProxies};

use crate::pin::Pin;
use crate::proxy::Accounts;

/// Where hubs take tunnels, beside the port of their own: what networks let through most often.
pub const TUNNEL_PORTS: [u16; 3] = [443, 3128, 8080];
/// A way that may be the worse one starts so much later, and each next address of the hub.
const HEAD_START: Duration = Duration::from_millis(250);
/// When a connection in a tunnel looks first whether UDP passes; after that ever more seldom.
const LOOK_FOR_UDP: Duration = Duration::from_secs(30);
/// Where UDP passed and then did not, tunnels have this head start ...
const DOUBT: Duration = Duration::from_secs(2);
/// ... for so long, and UDP is looked for later each time it happens ...
const DOUBTED_FOR: Duration = Duration::from_mins(10);
/// ... up to this many times as late.
const MAX_PATIENCE: u32 = 16;
/// Addresses of one name that are tried.
pub(crate) const MAX_ADDRESSES: usize = 8;
/// Proxies of the system that are tried.
const MAX_PROXIES: usize = 4;
/// How long a login that a proxy refused is not tried again by itself.
const REFUSED_FOR: Duration = Duration::from_mins(10);
/// How long one is not that a proxy has said nothing to; it may have been counted as a wrong one.
const UNANSWERED_FOR: Duration = Duration::from_mins(1);

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
    /// Those of the system. `login` signs in at one of them: at the one that asked last before it was set
    /// here, or at the first of them if none did.
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
    /// Held while a login is on its way to a proxy: what becomes of one spares the next.
    pub(crate) sign_ins: Arc<tokio::sync::Mutex<()>>,
    pub(crate) accounts: Accounts,
    look_for_udp: Duration,
}

#[derive(Debug, Default)]
struct Known {
    worked: BTreeMap<(String, u16), Route>,
    /// Hubs to which UDP passed until it did not.
    doubts: BTreeMap<(String, u16), Doubt>,
    proxies: ProxyChoice,
    /// The one of the system's proxies that the login of the choice is for.
    login_is_for: Option<ProxyAddress>,
    /// The one of the system's proxies that asked last who signs in, if that came between.
    asked: Option<ProxyAddress>,
    /// Proxies where no login is tried for a while, why, and since when.
    rests: BTreeMap<ProxyAddress, (Rest, Instant)>,
    /// Proxies that took a login.
    took_login: BTreeSet<ProxyAddress>,
    /// Whether proxies were among the ways last time.
    by_proxies: bool,
}

/// UDP that stopped to pass.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    since: Instant,
    /// How often.
    times: u32,
}

/// Why a login is not tried at a proxy for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Refused,
    /// It was sent, and nothing came of it.
    Unanswered,
}

impl Doubt {
    /// How often, if it was not long ago.
    fn times_so_far(&self) -> u32 {
        if self.since.elapsed() < DOUBTED_FOR {
            self.times
        } else {
            0
        }
    }
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
            sign_ins: Arc::default(),
            accounts: Accounts::default(),
            look_for_udp: LOOK_FOR_UDP,
        }
    }

    /// Looks for UDP so long after a tunnel was opened, and then after ever longer times, instead of half a
    /// minute after it.
    #[must_use]
    pub fn looking_for_udp_after(mut self, wait: Duration) -> Self {
        self.look_for_udp = wait;
        self
    }

    /// The ways to a hub that is known by `pin`. Another hub of the same name may answer at the usual ports,
    /// so one that is known by its name has its own port alone.
    pub(crate) fn to_hub_with(&self, pin: Pin) -> Self {
        let mut routes = self.clone();
        if pin == Pin::PublicName {
            routes.tunnel_ports = Arc::default();
        }
        routes
    }

    /// Goes through these proxies from the next try on, where nothing quicker leads to the hub. A login
    /// that was refused before counts as a new one.
    pub fn use_proxies(&self, choice: ProxyChoice) {
        let mut known = self.known();
        if matches!(&choice, ProxyChoice::System { login: Some(_), .. })
            && let Some(asked) = known.asked.take()
        {
            known.login_is_for = Some(asked);
        }
        known.proxies = choice;
        known.rests.clear();
        known.took_login.clear();
    }

    /// The way that led to `hub` last time.
    pub fn worked(&self, hub: &HubAddress) -> Option<Route> {
        let known = self.known();
        known.worked.get(&(hub.host.clone(), hub.port)).cloned()
    }

    pub(crate) fn remember(&self, hub: &HubAddress, route: Route) {
        let place = (hub.host.clone(), hub.port);
        let mut known = self.known();
        let stopped = route != Route::Udp;
        let before = known.worked.insert(place.clone(), route);
        if stopped && before == Some(Route::Udp) {
            let times = known.doubts.get(&place).map_or(0, Doubt::times_so_far) + 1;
            let since = Instant::now();
            known.doubts.insert(place, Doubt { since, times });
        }
    }

    fn doubts(&self, hub: &HubAddress) -> u32 {
        let known = self.known();
        let doubt = known.doubts.get(&(hub.host.clone(), hub.port));
        doubt.map_or(0, Doubt::times_so_far)
    }

    /// How long a connection in a tunnel leaves UDP to `hub` alone at first.
    pub(crate) fn look_for_udp_after(&self, hub: &HubAddress) -> Duration {
        self.look_for_udp * (1 << self.doubts(hub).min(MAX_PATIENCE.ilog2()))
    }

    pub(crate) fn proxies(&self) -> ProxyChoice {
        self.known().proxies.clone()
    }

    /// `proxy` wants to know who signs in, and a person is told so.
    pub(crate) fn asks(&self, proxy: &ProxyAddress) {
        let mut known = self.known();
        if matches!(known.proxies, ProxyChoice::System { .. }) {
            known.asked = Some(proxy.clone());
        }
    }

    /// `proxies` of the system, with `login` for the one that it is for. What a person typed goes before
    /// what the system knows.
    pub(crate) fn sign_in(
        &self,
        mut proxies: Vec<Proxy>,
        login: Option<&ProxyLogin>,
    ) -> Vec<Proxy> {
        let Some(login) = login else {
            return proxies;
        };
        let mut known = self.known();
        if known.login_is_for.is_none() {
            known.login_is_for = proxies.first().map(|first| first.address.clone());
        }
        for proxy in &mut proxies {
            if known.login_is_for.as_ref() == Some(&proxy.address) {
                proxy.login = Some(login.clone());
            }
        }
        proxies
    }

    /// `proxy` has taken the login that was sent.
    pub(crate) fn login_was_taken(&self, proxy: &ProxyAddress) {
        let mut known = self.known();
        known.rests.remove(proxy);
        known.took_login.insert(proxy.clone());
    }

    /// Sends `proxy` no login for a while. One that it took before is not doubted because nothing comes.
    pub(crate) fn login_rests(&self, proxy: &ProxyAddress, why: Rest) {
        let mut known = self.known();
        if why == Rest::Refused || !known.took_login.contains(proxy) {
            known.rests.insert(proxy.clone(), (why, Instant::now()));
        }
    }

    /// Why `proxy` is to get no login now. Whoever sends a wrong one each second has an account locked in
    /// no time.
    pub(crate) fn rest_of_login(&self, proxy: &ProxyAddress) -> Option<Rest> {
        let (why, since) = *self.known().rests.get(proxy)?;
        let lasts = match why {
            Rest::Refused => REFUSED_FOR,
            Rest::Unanswered => UNANSWERED_FOR,
        };
        (since.elapsed() < lasts).then_some(why)
    }

    /// Whether proxies were among the ways last time, which take longer.
    pub(crate) fn go_by_proxies(&self) -> bool {
        self.known().by_proxies
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to try to reach `hub` at `addresses`, first things first.
    ///
    /// UDP goes first, for it is quicker wherever it works, and may work again. The way that
    /// worked last starts beside it. Only where UDP stopped to pass a while ago, tunnels go before it.
    pub(crate) fn direct(&self, hub: &HubAddress, addresses: &[SocketAddr]) -> Vec<Start> {
        let worked = self.worked(hub);
        let doubt = if self.doubts(hub) > 0 {
            DOUBT
        } else {
            Duration::ZERO
        };
        let mut starts = Vec::new();
        let mut turn = Duration::ZERO;
        for address in in_turns(addresses) {
            let mut add = |route, address, after| {
                let way = Way::Direct { route, address };
                starts.push(Start { after, way });
            };
            add(Route::Udp, address, turn + doubt);
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
        self.known().by_proxies = !proxies.is_empty();
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
    pub(crate) fn ports(&self, hub: &HubAddress) -> Vec<u16> {
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
    fn r2_where_udp_stopped_to_pass_the_tunnel_goes_first_and_udp_is_looked_for_later() {
        let routes = Routes::default();
        let tunnel = Route::Tunnel { port: 8080 };
        let at: SocketAddr = "192.0.2.1:443".parse().expect("one");
        routes.remember(&hub(), tunnel.clone());
        assert_eq!(routes.look_for_udp_after(&hub()).as_secs(), 30);
        for (times, seconds) in [(1, 60), (2, 120), (3, 240), (4, 480), (5, 480)] {
            routes.remember(&hub(), Route::Udp);
            routes.remember(&hub(), tunnel.clone());
            let wait = routes.look_for_udp_after(&hub());
            assert_eq!(wait.as_secs(), seconds, "after {times} times");
        }
        let starts = routes.direct(&hub(), &[at]);
        assert_eq!(when(&starts, tunnel, "192.0.2.1:8080"), 0);
        assert_eq!(when(&starts, Route::Udp, "192.0.2.1:443"), 2000);
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
        let at = &proxy.address;
        assert_eq!(routes.rest_of_login(at), None);
        routes.clone().login_rests(at, Rest::Refused);
        assert_eq!(routes.rest_of_login(at), Some(Rest::Refused));
        routes.use_proxies(ProxyChoice::Custom(proxy.clone()));
        assert_eq!(routes.rest_of_login(at), None);
    }

    #[test]
    fn a_login_that_was_taken_once_does_not_rest_for_a_silence() {
        let routes = Routes::default();
        let at = "http://a:1".parse::<Proxy>().expect("a proxy").address;
        routes.login_rests(&at, Rest::Unanswered);
        assert_eq!(routes.rest_of_login(&at), Some(Rest::Unanswered));
        routes.login_was_taken(&at);
        routes.login_rests(&at, Rest::Unanswered);
        assert_eq!(routes.rest_of_login(&at), None);
        routes.login_rests(&at, Rest::Refused);
        assert_eq!(routes.rest_of_login(&at), Some(Rest::Refused));
    }

    #[test]
    fn r3_a_login_goes_to_the_proxy_that_asked_for_it_and_to_no_other() {
        let routes = Routes::default();
        let proxies: Vec<Proxy> = ["http://a:1", "http://x:y@b:2", "http://c:3"]
            .map(|text| text.parse().expect("a proxy"))
            .into();
        let login = ProxyLogin::new("anna", "sesame").expect("short");
        let choose = |login: Option<&ProxyLogin>| {
            let ask: AskSystem = Arc::new(|_hub: &HubAddress| SystemProxies::default());
            let login = login.cloned();
            routes.use_proxies(ProxyChoice::System { ask, login });
        };
        let users = || {
            let proxies = routes.sign_in(proxies.clone(), Some(&login));
            let logins = proxies.into_iter().map(|proxy| proxy.login);
            let user = |login: ProxyLogin| login.user().to_owned();
            let users = logins.map(|login| login.map(user).unwrap_or_default());
            users.collect::<Vec<_>>()
        };
        choose(None);
        routes.asks(&proxies[1].address);
        choose(Some(&login));
        assert_eq!(users(), ["", "anna", ""]);
        // until somebody types it for another
        routes.asks(&proxies[2].address);
        assert_eq!(users(), ["", "anna", ""]);
        choose(Some(&login));
        assert_eq!(users(), ["", "x", "anna"]);
        choose(Some(&login));
        assert_eq!(users(), ["", "x", "anna"]);
    }

    #[test]
    fn e2_a_hub_that_is_known_by_its_name_has_its_own_port_alone() {
        let routes = Routes::default().to_hub_with(Pin::PublicName);
        let hub = "hub.example:4433".parse().expect("an address");
        let starts = routes.direct(&hub, &["192.0.2.1:4433".parse().expect("one")]);
        assert_eq!(starts.len(), 2);
        let tunnel = Route::Tunnel { port: 4433 };
        assert_eq!(when(&starts, tunnel, "192.0.2.1:4433"), 250);
        let proxy: Proxy = "http://a:1".parse().expect("a proxy");
        let starts = routes.through(&hub, vec![proxy.clone()]);
        let ports = vec![4433];
        assert_eq!(starts[0].way, Way::Proxy { proxy, ports });
    }
}
