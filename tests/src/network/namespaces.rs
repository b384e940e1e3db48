//! The hub and the two programs in network namespaces of their own, joined by links.
//!
//! A namespace lives as long as a process in it, here a `cat` that ends when this program does, however
//! that ends: nothing is left behind.

use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

use super::End;

/// The link in each program's namespace.
const LINK: &str = "line";

/// Three namespaces and two links.
#[derive(Debug)]
pub struct Namespaces {
    hub: Namespace,
    user: Namespace,
    operator: Namespace,
    /// The last byte of the addresses of the user and of the operator.
    hosts: [u8; 2],
    /// Where the hub is if only proxies reach it.
    hidden: bool,
    /// What the environment of the user and of the operator names as their proxy.
    proxies: [Option<String>; 2],
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
        let namespaces = Self {
            hub: Namespace::make()?,
            user: Namespace::make()?,
            operator: Namespace::make()?,
            hosts: [2, 2],
            hidden: false,
            proxies: [None, None],
        };
        for end in [End::User, End::Operator] {
            let (far, pid) = (far_link(end), namespaces.of_end(end).to_string());
            let veth = ["link", "add", far, "type", "veth", "peer", "name", LINK];
            namespaces
                .hub
                .ip(&[veth.as_slice(), &["netns", &pid]].concat())?;
            let hub = format!("{}/24", Self::far_address(end));
            namespaces.hub.ip(&["addr", "add", &hub, "dev", far])?;
            namespaces.hub.ip(&["link", "set", far, "up"])?;
            namespaces.give_address(end)?;
            namespaces.set_link(end, "up")?;
        }
        Ok(namespaces)
    }

    /// The process in whose network the hub runs.
    pub fn of_hub(&self) -> u32 {
        self.hub.holder.id()
    }

    /// The process in whose network the program at `end` runs.
    pub fn of_end(&self, end: End) -> u32 {
        self.at(end).holder.id()
    }

    /// The hub's end of the line, where proxies are too.
    pub fn far_address(end: End) -> IpAddr {
        address(end, 1)
    }

    pub(super) fn hub_seen_from(&self, end: End) -> IpAddr {
        if self.hidden {
            HIDDEN.into()
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
        let at = match end {
            End::User => 0,
            End::Operator => 1,
        };
        self.proxies[at] = Some(proxy.to_owned());
    }

    pub(super) fn proxy_of(&self, end: End) -> Option<&str> {
        let at = match end {
            End::User => 0,
            End::Operator => 1,
        };
        self.proxies[at].as_deref()
    }

    /// Runs `work` on a thread of its own in the network of `end`.
    ///
    /// # Errors
    ///
    /// If the thread may not go there.
    pub fn within<T: Send>(&self, end: End, work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
        use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
        use std::os::fd::AsFd as _;

        let net = std::fs::File::open(format!("/proc/{}/ns/net", self.of_end(end)))?;
        std::thread::scope(|scope| {
            let there = scope.spawn(|| {
                move_into_link_name_space(net.as_fd(), Some(LinkNameSpaceType::Network))?;
                Ok(work())
            });
            there
                .join()
                .map_err(|_panic| anyhow::anyhow!("it panicked"))?
        })
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
        let host = match end {
            End::User => &mut self.hosts[0],
            End::Operator => &mut self.hosts[1],
        };
        *host = if *host == 254 { 2 } else { *host + 1 };
        self.at(end).ip(&["addr", "flush", "dev", LINK])?;
        self.give_address(end)
    }

    fn give_address(&self, end: End) -> anyhow::Result<()> {
        let host = match end {
            End::User => self.hosts[0],
            End::Operator => self.hosts[1],
        };
        let own = format!("{}/24", address(end, host));
        self.at(end).ip(&["addr", "add", &own, "dev", LINK])
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
    let net = match end {
        End::User => 1,
        End::Operator => 2,
    };
    Ipv4Addr::new(10, 87, net, host).into()
}

/// One namespace.
#[derive(Debug)]
struct Namespace {
    holder: Child,
}

impl Namespace {
    fn make() -> anyhow::Result<Self> {
        let mut holder = Command::new("unshare")
            .args(["--net", "sh", "-c", "echo made; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start unshare")?;
        let told = holder.stdout.take().context("its output is a pipe")?;
        let namespace = Self { holder };
        let mut line = String::new();
        BufReader::new(told).read_line(&mut line)?;
        ensure!(line == "made\n", "no network namespace can be made here");
        namespace.ip(&["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    fn ip(&self, words: &[&str]) -> anyhow::Result<()> {
        let output = Command::new("nsenter")
            .arg(format!("--net=/proc/{}/ns/net", self.holder.id()))
            .arg("ip")
            .args(words)
            .output()
            .context("cannot start nsenter")?;
        ensure!(
            output.status.success(),
            "ip {}: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // its input ends, and so does it
        drop(self.holder.stdin.take());
        drop(self.holder.wait());
    }
}
