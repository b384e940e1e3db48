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
}

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
        };
        for end in [End::User, End::Operator] {
            let (far, pid) = (far_link(end), namespaces.of_end(end).to_string());
            let veth = ["link", "add", far, "type", "veth", "peer", "name", LINK];
            namespaces
                .hub
                .ip(&[veth.as_slice(), &["netns", &pid]].concat())?;
            let hub = format!("{}/24", Self::hub_seen_from(end));
            namespaces.hub.ip(&["addr", "add", &hub, "dev", far])?;
            namespaces.hub.ip(&["link", "set", far, "up"])?;
            namespaces.give_address(end)?;
            namespaces.set_link(end, "up")?;
        }
        Ok(namespaces)
    }

    pub(super) fn of_hub(&self) -> u32 {
        self.hub.holder.id()
    }

    pub(super) fn of_end(&self, end: End) -> u32 {
        self.at(end).holder.id()
    }

    pub(super) fn hub_seen_from(end: End) -> IpAddr {
        address(end, 1)
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
        // before the rule that takes what is for the hub itself
        self.hub
            .ip(&["rule", "add", "pref", "100", "lookup", "local"])?;
        self.hub.ip(&["rule", "del", "pref", "0"])?;
        for end in [End::User, End::Operator] {
            let rule = ["iif", far_link(end), "ipproto", "udp", "blackhole"];
            let add = ["rule", "add", "pref", "10"];
            self.hub.ip(&[add.as_slice(), &rule].concat())?;
        }
        Ok(())
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
