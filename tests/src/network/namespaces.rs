//! The hub and the two programs in network namespaces of their own, joined by links.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Context as _;

use super::End;
use super::line::{Line, Shape};
use super::namespace::{Namespace, in_network_of};
use crate::realm::Tickets;

/// The link in each program's namespace.
const LINK: &str = "line";
/// A router's two.
const INSIDE: &str = "inside";
const OUTSIDE: &str = "outside";

/// What the links are like.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plan {
    /// They know nothing of IPv4.
    pub ipv6_only: bool,
    /// The user's line is a slow or bad one.
    pub user_line: Option<Shape>,
    /// The user's line leads through a router that hides their address (`nft`, `conntrack`).
    pub router: bool,
}

/// Three namespaces and two links.
#[derive(Debug)]
pub struct Namespaces {
    // goes before the namespaces that it joins
    user_line: Option<Line>,
    plan: Plan,
    router: Option<Namespace>,
    hub: Namespace,
    user: Namespace,
    operator: Namespace,
    /// The last byte of the addresses of the user and of the operator.
    hosts: [u8; 2],
    /// Where the hub is if only proxies reach it.
    hidden: bool,
    /// What the environment of the user and of the operator names as their proxy.
    proxies: [Option<String>; 2],
    /// The buses of their desktops.
    buses: [Option<String>; 2],
    /// What their computers know of a network that people sign in to.
    tickets: [Option<Tickets>; 2],
    /// Where the hub takes TCP beside its own port.
    tcp_ports: Vec<u16>,
}

/// Where a hidden hub is.
const HIDDEN: Ipv4Addr = Ipv4Addr::new(10, 87, 9, 1);

impl Namespaces {
    /// Makes the namespaces and their links.
    ///
    /// # Errors
    ///
    /// If this process may not (it takes root), or `unshare`, `nsenter` or `ip` is missing.
    pub fn make() -> anyhow::Result<Self> {
        Self::make_as(Plan::default())
    }

    /// The same, as `plan` says.
    ///
    /// # Errors
    ///
    /// As [`Namespaces::make`]; or if a device for a slow line or the tools for a router are missing.
    pub fn make_as(plan: Plan) -> anyhow::Result<Self> {
        let mut namespaces = Self {
            user_line: None,
            plan,
            router: None,
            hub: Namespace::make()?,
            user: Namespace::make()?,
            operator: Namespace::make()?,
            hosts: [2, 2],
            hidden: false,
            proxies: [None, None],
            buses: [None, None],
            tickets: [None, None],
            tcp_ports: Vec::new(),
        };
        for end in [End::User, End::Operator] {
            let far = far_link(end);
            if end == End::User && plan.router {
                namespaces.put_router()?;
            } else {
                match plan.user_line.filter(|_| end == End::User) {
                    Some(shape) => {
                        let ends = [(namespaces.of_end(end), LINK), (namespaces.of_hub(), far)];
                        namespaces.user_line = Some(Line::lay(ends, shape)?);
                    }
                    None => namespaces.hub.link(far, namespaces.at(end), LINK)?,
                }
                namespaces.give_address(end)?;
                namespaces.set_link(end, "up")?;
            }
            let hub = namespaces.hub_seen_from(end);
            namespaces.hub.give_address(hub, far)?;
            namespaces.hub.ip(&["link", "set", far, "up"])?;
        }
        Ok(namespaces)
    }

    /// Puts a router into the user's line, which does as most at home and at work do.
    fn put_router(&mut self) -> anyhow::Result<()> {
        let router = Namespace::make()?;
        router.link(INSIDE, &self.user, LINK)?;
        self.hub.link(far_link(End::User), &router, OUTSIDE)?;
        let inside = Ipv4Addr::new(10, 87, 3, 1);
        router.give_address(inside.into(), INSIDE)?;
        router.give_address(address(End::User, 2), OUTSIDE)?;
        for link in [INSIDE, OUTSIDE] {
            router.ip(&["link", "set", link, "up"])?;
        }
        self.user
            .give_address(Ipv4Addr::new(10, 87, 3, 2).into(), LINK)?;
        self.user.ip(&["link", "set", LINK, "up"])?;
        self.user
            .ip(&["route", "add", "default", "via", &inside.to_string()])?;
        let forward = "echo 1 >/proc/sys/net/ipv4/ip_forward";
        router.run("sh", &["-c", forward])?;
        let rules = format!(
            "table ip nat {{ chain out {{ type nat hook postrouting priority srcnat; \
             oifname {OUTSIDE} masquerade fully-random; }}; }}"
        );
        router.run("nft", &[&rules])?;
        self.router = Some(router);
        Ok(())
    }

    /// The router forgets whom it let through, and gives everybody another port outside, as one does that
    /// was started again.
    ///
    /// # Errors
    ///
    /// If there is none, or `conntrack` is missing.
    pub fn router_forgets(&self) -> anyhow::Result<()> {
        let router = self.router.as_ref().context("there is no router")?;
        router.run("conntrack", &["--flush"]).map(drop)
    }

    /// The ports outside that the router gives the user's datagrams now.
    ///
    /// # Errors
    ///
    /// As [`Namespaces::router_forgets`].
    pub fn ports_of_router(&self) -> anyhow::Result<BTreeSet<u16>> {
        let router = self.router.as_ref().context("there is no router")?;
        let user = Ipv4Addr::new(10, 87, 3, 2).to_string();
        let list = router.run(
            "conntrack",
            &["--dump", "--proto", "udp", "--orig-src", &user],
        )?;
        // what answers go to comes last
        let ports = list.lines().filter_map(|line| {
            let (_, port) = line.rsplit_once("dport=")?;
            port.split(' ').next()?.parse().ok()
        });
        Ok(ports.collect())
    }

    /// The user's slow or bad line loses UDP from now on, in both directions.
    ///
    /// # Errors
    ///
    /// If it is a usual one.
    pub fn block_udp_of_user(&self) -> anyhow::Result<()> {
        let line = self.user_line.as_ref();
        line.context("the user's line is a usual one")?.block_udp();
        Ok(())
    }

    /// Of what comes to the hub only TCP to this port, where it listens too, arrives from now on, and nobody is
    /// told.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    pub fn leave_only_tcp(&mut self, port: u16) -> anyhow::Result<()> {
        self.rules_before_local()?;
        self.tcp_ports = vec![port];
        let port = port.to_string();
        for end in [End::User, End::Operator] {
            let from = ["rule", "add", "pref", "10", "iif", far_link(end)];
            let open = ["ipproto", "tcp", "dport", &port, "lookup", "local"];
            self.hub.ip(&[from.as_slice(), &open].concat())?;
            let from = ["rule", "add", "pref", "11", "iif", far_link(end)];
            // questions for the hub's link are answered on
            for protocol in ["icmp", "tcp", "udp"] {
                let lost = ["ipproto", protocol, "blackhole"];
                self.hub.ip(&[from.as_slice(), &lost].concat())?;
            }
        }
        Ok(())
    }

    /// Where a hub is to listen.
    pub(super) fn hub_listens_at(&self) -> IpAddr {
        if self.plan.ipv6_only {
            Ipv6Addr::UNSPECIFIED.into()
        } else {
            Ipv4Addr::UNSPECIFIED.into()
        }
    }

    /// The process in whose network the hub runs.
    pub fn of_hub(&self) -> u32 {
        self.hub.process()
    }

    /// The process in whose network the program at `end` runs.
    pub fn of_end(&self, end: End) -> u32 {
        self.at(end).process()
    }

    /// The hub's end of the line, where proxies are too.
    pub fn far_address(end: End) -> IpAddr {
        address(end, 1)
    }

    pub(super) fn hub_seen_from(&self, end: End) -> IpAddr {
        if self.hidden {
            HIDDEN.into()
        } else if self.plan.ipv6_only {
            address_v6(end, 1)
        } else {
            Self::far_address(end)
        }
    }

    /// From now on the hub is at an address of its own, which what runs in its namespace reaches. What the
    /// ends send there is lost, and nobody is told. Gives the address.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    pub fn hide_hub(&mut self) -> anyhow::Result<IpAddr> {
        let own = format!("{HIDDEN}/32");
        self.hub.ip(&["addr", "add", &own, "dev", "lo"])?;
        self.rules_before_local()?;
        for end in [End::User, End::Operator] {
            let to = HIDDEN.to_string();
            let rule = ["rule", "add", "pref", "10", "iif", far_link(end)];
            self.hub
                .ip(&[rule.as_slice(), &["to", &to, "blackhole"]].concat())?;
            let gateway = Self::far_address(end).to_string();
            self.at(end)
                .ip(&["route", "add", "default", "via", &gateway])?;
        }
        self.hidden = true;
        Ok(HIDDEN.into())
    }

    /// The environment of the programs at `end` names this proxy.
    pub fn set_proxy(&mut self, end: End, proxy: &str) {
        self.proxies[place(end)] = Some(proxy.to_owned());
    }

    pub(super) fn proxy_of(&self, end: End) -> Option<&str> {
        self.proxies[place(end)].as_deref()
    }

    /// The programs at `end` run on a desktop with this bus.
    pub fn set_bus(&mut self, end: End, bus: &str) {
        self.buses[place(end)] = Some(bus.to_owned());
    }

    pub(super) fn bus_of(&self, end: End) -> Option<&str> {
        self.buses[place(end)].as_deref()
    }

    /// Whoever sits at `end` is signed in to their network with these, or is not.
    pub fn set_tickets(&mut self, end: End, tickets: Tickets) {
        self.tickets[place(end)] = Some(tickets);
    }

    pub(super) fn tickets_of(&self, end: End) -> Option<&Tickets> {
        self.tickets[place(end)].as_ref()
    }

    pub(super) fn tcp_ports_of_hub(&self) -> &[u16] {
        &self.tcp_ports
    }

    /// Runs `work` on a thread of its own in the network of `end`.
    ///
    /// # Errors
    ///
    /// If the thread may not go there.
    pub fn within<T: Send>(&self, end: End, work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
        in_network_of(self.of_end(end), work)
    }

    pub(super) fn set_link(&self, end: End, state: &str) -> anyhow::Result<()> {
        self.at(end).ip(&["link", "set", LINK, state])
    }

    /// Nothing that comes to the hub by UDP arrives from now on, and nobody is told. TCP goes on.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    pub fn block_udp(&self) -> anyhow::Result<()> {
        self.rules_before_local()?;
        self.blackhole("add", "udp")
    }

    /// What comes to the hub by UDP arrives again.
    ///
    /// # Errors
    ///
    /// If the operating system refuses, or it was not blocked.
    pub fn open_udp(&self) -> anyhow::Result<()> {
        self.blackhole("del", "udp")
    }

    /// Nothing that comes to the hub by TCP arrives from now on, where UDP [was blocked](Self::block_udp)
    /// before.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    pub fn block_tcp(&self) -> anyhow::Result<()> {
        self.blackhole("add", "tcp")
    }

    fn blackhole(&self, change: &str, protocol: &str) -> anyhow::Result<()> {
        for end in [End::User, End::Operator] {
            let rule = ["iif", far_link(end), "ipproto", protocol, "blackhole"];
            let rule = [["rule", change, "pref", "10"].as_slice(), &rule].concat();
            self.hub.ip(&rule)?;
        }
        Ok(())
    }

    /// Lets rules come before the one that takes what is for the hub itself.
    fn rules_before_local(&self) -> anyhow::Result<()> {
        self.hub
            .ip(&["rule", "add", "pref", "100", "lookup", "local"])?;
        self.hub.ip(&["rule", "del", "pref", "0"])
    }

    pub(super) fn change_address(&mut self, end: End) -> anyhow::Result<()> {
        let host = &mut self.hosts[place(end)];
        *host = if *host == 254 { 2 } else { *host + 1 };
        self.at(end).ip(&["addr", "flush", "dev", LINK])?;
        self.give_address(end)
    }

    fn give_address(&self, end: End) -> anyhow::Result<()> {
        let host = self.hosts[place(end)];
        let own = if self.plan.ipv6_only {
            address_v6(end, host)
        } else {
            address(end, host)
        };
        self.at(end).give_address(own, LINK)
    }

    fn at(&self, end: End) -> &Namespace {
        match end {
            End::User => &self.user,
            End::Operator => &self.operator,
        }
    }
}

/// The hub's end of the line.
fn far_link(end: End) -> &'static str {
    match end {
        End::User => "user",
        End::Operator => "operator",
    }
}

fn address(end: End, host: u8) -> IpAddr {
    Ipv4Addr::new(10, 87, net(end), host).into()
}

fn address_v6(end: End, host: u8) -> IpAddr {
    Ipv6Addr::new(0xfd87, 0, 0, net(end).into(), 0, 0, 0, host.into()).into()
}

/// Of what there are two.
fn place(end: End) -> usize {
    match end {
        End::User => 0,
        End::Operator => 1,
    }
}

fn net(end: End) -> u8 {
    match end {
        End::User => 1,
        End::Operator => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::time::{Duration, Instant};

    #[test]
    fn a_bad_line_delays_and_loses_what_it_says() {
        let shape = Shape {
            round_trip: Duration::from_millis(40),
            largest_packet: 1280,
            ..Shape::PLAIN
        };
        let plan = Plan {
            user_line: Some(shape),
            ..Plan::default()
        };
        let Ok(namespaces) = Namespaces::make_as(plan) else {
            return;
        };
        let hub = namespaces.hub_seen_from(End::User);
        let socket = |at| move || UdpSocket::bind((at, 4711)).expect("free");
        let echo = in_network_of(namespaces.of_hub(), socket(hub)).expect("there");
        let user = socket(Ipv4Addr::UNSPECIFIED.into());
        let user = namespaces.within(End::User, user).expect("there");
        user.connect((hub, 4711)).expect("an address");
        for socket in [&echo, &user] {
            let patience = Some(Duration::from_millis(500));
            socket.set_read_timeout(patience).expect("set");
        }
        let mut datagram = [7; 2000];
        let mut echoes = |bytes: usize| {
            let sent = Instant::now();
            user.send(&datagram[..bytes]).expect("sent");
            let (length, from) = echo.recv_from(&mut datagram).ok()?;
            echo.send_to(&datagram[..length], from).expect("sent");
            user.recv(&mut datagram).ok()?;
            Some(sent.elapsed().as_millis())
        };
        const HEADERS: usize = 28;
        for bytes in [100, 1280 - HEADERS] {
            let took = echoes(bytes).expect("it comes back");
            assert!((40..80).contains(&took), "{took} ms");
        }
        assert_eq!(echoes(1281 - HEADERS), None);
        namespaces.block_udp_of_user().expect("such a line");
        assert_eq!(echoes(100), None);
    }
}
