//! The networks that are tried.

use std::time::Duration;

use crate::network::{Plan, Shape};
use crate::proxy_server::{PROXY_PASSWORD, PROXY_USER, SignIn};

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    pub plan: Plan,
    pub way: Way,
    pub event: Option<Event>,
    pub route: WantedRoute,
    pub limits: Limits,
}

/// What leads to the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Everything,
    NoUdp,
    OnlyTcp443,
    /// Nothing but this proxy, and somebody who signs in there, or has signed in to its network.
    Proxy(SignIn, Option<(&'static str, &'static str)>),
    /// The same without sign-in, found by a script of the desktop's settings.
    Script,
}

/// What happens in the middle of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    RouterForgets,
    UdpBlocked,
}

/// By which way a program has to come, at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedRoute {
    Udp,
    Tcp,
    Tcp443,
    Proxy,
}

impl WantedRoute {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tcp443 => "TCP port 443",
            Self::Proxy => "the proxy",
        }
    }

    /// Whether `route` is one of these, as logs have it.
    pub fn is(self, route: &str) -> bool {
        let by_proxy = route.contains("proxy");
        match self {
            Self::Udp => route == "UDP",
            Self::Tcp => route.starts_with("TCP") && !by_proxy,
            Self::Tcp443 => route == "TCP port 443",
            Self::Proxy => by_proxy,
        }
    }
}

/// What is promised of it, at most.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    pub connected_ms: Option<f64>,
    pub key_p50_ms: Option<f64>,
}

const ANNA: Option<(&str, &str)> = Some((PROXY_USER, PROXY_PASSWORD));
const ANNA_OF_FIRM: Option<(&str, &str)> = Some(("FIRM%5Canna", PROXY_PASSWORD));

const EVERYTHING: Row = Row {
    name: "direct UDP",
    plan: Plan {
        ipv6_only: false,
        user_line: None,
        router: false,
    },
    way: Way::Everything,
    event: None,
    route: WantedRoute::Udp,
    limits: Limits {
        connected_ms: None,
        key_p50_ms: None,
    },
};

const fn by_tcp(name: &'static str, way: Way, route: WantedRoute) -> Row {
    Row {
        name,
        way,
        route,
        ..EVERYTHING
    }
}

const fn by_proxy(name: &'static str, way: Way) -> Row {
    by_tcp(name, way, WantedRoute::Proxy)
}

const fn over(name: &'static str, shape: Shape) -> Row {
    Row {
        name,
        plan: Plan {
            user_line: Some(shape),
            ..EVERYTHING.plan
        },
        ..EVERYTHING
    }
}

const fn far(millis: u64) -> Shape {
    Shape {
        round_trip: Duration::from_millis(millis),
        ..Shape::PLAIN
    }
}

const fn lossy(per_cent: f64) -> Shape {
    Shape {
        loss_per_cent: per_cent,
        ..far(40)
    }
}

/// All, in the order of the table.
pub const ROWS: [Row; 21] = [
    EVERYTHING,
    by_tcp("UDP blocked", Way::NoUdp, WantedRoute::Tcp),
    by_tcp("only TCP 443", Way::OnlyTcp443, WantedRoute::Tcp443),
    by_proxy("only squid", Way::Proxy(SignIn::None, None)),
    by_proxy("only squid, Basic", Way::Proxy(SignIn::Basic, ANNA)),
    by_proxy("only squid, Digest", Way::Proxy(SignIn::Digest, ANNA)),
    by_proxy("only squid, NTLM", Way::Proxy(SignIn::Ntlm, ANNA_OF_FIRM)),
    by_proxy(
        "only squid, Negotiate (Kerberos)",
        Way::Proxy(SignIn::Negotiate, None),
    ),
    by_proxy(
        "only squid that opens TLS",
        Way::Proxy(SignIn::OpensTls, None),
    ),
    by_proxy(
        "only dante (SOCKS5), password",
        Way::Proxy(SignIn::SocksPassword, ANNA),
    ),
    by_proxy("only squid, found by a script (PAC)", Way::Script),
    Row {
        name: "IPv6 only",
        plan: Plan {
            ipv6_only: true,
            ..EVERYTHING.plan
        },
        ..EVERYTHING
    },
    Row {
        name: "router forgets its ports",
        plan: Plan {
            router: true,
            ..EVERYTHING.plan
        },
        event: Some(Event::RouterForgets),
        ..EVERYTHING
    },
    over(
        "MTU 1280, not told",
        Shape {
            largest_packet: 1280,
            ..Shape::PLAIN
        },
    ),
    over("40 ms", far(40)),
    over("40 ms, 1 % lost", lossy(1.0)),
    over("40 ms, 5 % lost", lossy(5.0)),
    over("300 ms", far(300)),
    Row {
        way: Way::NoUdp,
        route: WantedRoute::Tcp,
        limits: Limits {
            connected_ms: Some(1000.0),
            key_p50_ms: Some(50.0),
        },
        ..over("40 ms, UDP blocked", far(40))
    },
    Row {
        way: Way::NoUdp,
        route: WantedRoute::Tcp,
        ..over("40 ms, 1 % lost, UDP blocked", lossy(1.0))
    },
    Row {
        event: Some(Event::UdpBlocked),
        route: WantedRoute::Tcp,
        ..over("40 ms, UDP blocked in the session", far(40))
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_have_one_name() {
        let names: std::collections::BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
    }

    #[test]
    fn ways_are_told_apart() {
        let proxy = "TCP port 443 through the proxy 10.0.0.1:3128";
        assert!(WantedRoute::Proxy.is(proxy) && !WantedRoute::Tcp.is(proxy));
        assert!(!WantedRoute::Tcp443.is(proxy) && WantedRoute::Tcp443.is("TCP port 443"));
        assert!(WantedRoute::Udp.is("UDP") && !WantedRoute::Udp.is("TCP port 443"));
    }
}
