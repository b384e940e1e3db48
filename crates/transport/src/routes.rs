//! The ways to a hub, and which of them worked.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::HubAddress;

/// Where hubs take tunnels, beside the port of their own: what networks let through most often.
pub const TUNNEL_PORTS: [u16; 3] = [443, 3128, 8080];
/// A way that may be the worse one starts so much later, and each next address of the hub.
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// How datagrams get to a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// As they are.
    Udp,
    /// In a [tunnel](crate::tunnel) to this TCP port.
    Tunnel { port: u16 },
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp => f.write_str("UDP"),
            Self::Tunnel { port } => write!(f, "TCP port {port}"),
        }
    }
}

/// The ways a program tries, and which one worked last for each hub, for as long as it runs. Clones
/// learn from each other.
#[derive(Debug, Clone)]
pub struct Routes {
    tunnel_ports: Arc<[u16]>,
    worked: Arc<Mutex<BTreeMap<(String, u16), Route>>>,
}

impl Default for Routes {
    fn default() -> Self {
        Self::with_tunnels_at(&TUNNEL_PORTS)
    }
}

/// One way to try, so long after the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) after: Duration,
    pub(crate) route: Route,
    pub(crate) address: SocketAddr,
}

impl Routes {
    /// Tunnels at `ports` and at the hub's own, beside UDP.
    pub fn with_tunnels_at(ports: &[u16]) -> Self {
        Self {
            tunnel_ports: ports.into(),
            worked: Arc::default(),
        }
    }

    /// The way that led to `hub` last time.
    pub fn worked(&self, hub: &HubAddress) -> Option<Route> {
        let worked = self.worked.lock().unwrap_or_else(PoisonError::into_inner);
        worked.get(&(hub.host.clone(), hub.port)).copied()
    }

    pub(crate) fn remember(&self, hub: &HubAddress, route: Route) {
        let mut worked = self.worked.lock().unwrap_or_else(PoisonError::into_inner);
        worked.insert((hub.host.clone(), hub.port), route);
    }

    /// What to try to reach `hub` at `addresses`, first things first.
    ///
    /// UDP always goes first, for it is quicker wherever it works, and may work again. The way that
    /// worked last starts beside it.
    pub(crate) fn starts(&self, hub: &HubAddress, addresses: &[SocketAddr]) -> VecDeque<Start> {
        let worked = self.worked(hub);
        let mut ports = vec![hub.port];
        for port in &*self.tunnel_ports {
            if !ports.contains(port) {
                ports.push(*port);
            }
        }
        let mut starts = Vec::new();
        let mut turn = Duration::ZERO;
        for address in in_turns(addresses) {
            let mut add = |route, address, after| {
                starts.push(Start {
                    after,
                    route,
                    address,
                });
            };
            add(Route::Udp, address, turn);
            for &port in &ports {
                let route = Route::Tunnel { port };
                let later = if worked == Some(route) {
                    Duration::ZERO
                } else {
                    HEAD_START
                };
                add(route, SocketAddr::new(address.ip(), port), turn + later);
            }
            turn += HEAD_START;
        }
        // stable: UDP stays before what starts with it
        starts.sort_by_key(|start| start.after);
        starts.into()
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

    fn when(starts: &VecDeque<Start>, route: Route, address: &str) -> u128 {
        let address = address.parse().expect("an address");
        let start = starts
            .iter()
            .find(|s| s.route == route && s.address == address);
        start.expect("tried").after.as_millis()
    }

    #[test]
    fn r2_udp_starts_first_and_all_tunnels_follow_at_once() {
        let starts = Routes::default().starts(&hub(), &["192.0.2.1:443".parse().expect("one")]);
        assert_eq!(starts.len(), 4);
        assert_eq!(starts[0].route, Route::Udp);
        assert_eq!(starts[0].after, Duration::ZERO);
        for port in TUNNEL_PORTS {
            let route = Route::Tunnel { port };
            assert_eq!(when(&starts, route, &format!("192.0.2.1:{port}")), 250);
        }
    }

    #[test]
    fn r2_the_families_take_turns_from_the_preferred_one_on() {
        let addresses = ["[2001:db8::1]:443", "[2001:db8::2]:443", "192.0.2.1:443"]
            .map(|a| a.parse().expect("an address"));
        let starts = Routes::default().starts(&hub(), &addresses);
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
        routes.clone().remember(&hub(), tunnel);
        let starts = routes.starts(&hub(), &["192.0.2.1:443".parse().expect("one")]);
        assert_eq!(starts[0].route, Route::Udp);
        assert_eq!(when(&starts, tunnel, "192.0.2.1:8080"), 0);
        let other = Route::Tunnel { port: 443 };
        assert_eq!(when(&starts, other, "192.0.2.1:443"), 250);
    }
}
