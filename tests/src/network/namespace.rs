//! One network namespace, which lives as long as a process in it: here a `cat` that ends when this program
//! does, however that ends, so nothing is left behind.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context as _, ensure};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// One namespace.
#[derive(Debug)]
pub(super) struct Namespace {
    holder: Child,
}

impl Namespace {
    /// A process in it.
    pub(super) fn process(&self) -> u32 {
        self.holder.id()
    }

    pub(super) fn make() -> anyhow::Result<Self> {
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

    /// Joins two namespaces.
    pub(super) fn link(&self, name: &str, other: &Self, name_there: &str) -> anyhow::Result<()> {
        let there = other.holder.id().to_string();
        self.ip(&[
            "link", "add", name, "type", "veth", "peer", "name", name_there, "netns", &there,
        ])
    }

    pub(super) fn give_address(&self, address: IpAddr, link: &str) -> anyhow::Result<()> {
        if address.is_ipv6() {
            // nobody else has it, so nobody need be asked
            let own = format!("{address}/64");
            self.ip(&["addr", "add", &own, "dev", link, "nodad"])
        } else {
            self.ip(&["addr", "add", &format!("{address}/24"), "dev", link])
        }
    }

    pub(super) fn ip(&self, words: &[&str]) -> anyhow::Result<()> {
        self.run("ip", words).map(drop)
    }

    /// What a command prints.
    pub(super) fn run(&self, program: &str, words: &[&str]) -> anyhow::Result<String> {
        let output = Command::new("nsenter")
            .arg(format!("--net=/proc/{}/ns/net", self.holder.id()))
            .arg(program)
            .args(words)
            .output()
            .context("cannot start nsenter")?;
        ensure!(
            output.status.success(),
            "{program} {}: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // its input ends, and so does it
        drop(self.holder.stdin.take());
        drop(self.holder.wait());
    }
}

/// Runs `work` on a thread of its own in the network of `process`.
pub(super) fn in_network_of<T: Send>(
    process: u32,
    work: impl FnOnce() -> T + Send,
) -> anyhow::Result<T> {
    let net = File::open(format!("/proc/{process}/ns/net"))?;
    thread::scope(|scope| {
        let there = scope.spawn(|| {
            move_into_link_name_space(net.as_fd(), Some(LinkNameSpaceType::Network))?;
            Ok(work())
        });
        there
            .join()
            .map_err(|_panic| anyhow::anyhow!("it panicked"))?
    })
}
