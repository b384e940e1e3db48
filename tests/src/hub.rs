//! A running hub, and what its administrator sees on the command line.

use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use minisign::SecretKeyBox;
use serde::Deserialize;

use crate::programs::{Home, Programs};
use crate::running::{Running, wait_until};

/// A hub with its data folder.
#[derive(Debug)]
pub struct Hub {
    programs: Programs,
    home: Home,
    running: Option<Running>,
    address: SocketAddr,
    /// Where it takes TCP.
    web: Vec<SocketAddr>,
    fingerprint: String,
}

#[derive(Deserialize)]
struct Ready {
    addr: SocketAddr,
    fingerprint: String,
}

/// A film as `hub film list --json` tells.
#[derive(Debug, Clone, Deserialize)]
pub struct Film {
    pub id: u64,
    pub requester: String,
    pub ended_by: Option<String>,
    pub started_unix_millis: u64,
    pub ended_unix_millis: Option<u64>,
    pub path: PathBuf,
}

impl Hub {
    /// Starts a hub with a fresh data folder in `home`, on a free port of `at`.
    ///
    /// # Errors
    ///
    /// If it does not come up.
    pub fn start(programs: &Programs, home: Home, at: IpAddr) -> anyhow::Result<Self> {
        Self::start_with_ports(programs, home, at, &[])
    }

    /// The same, with these TCP ports beside its own.
    ///
    /// # Errors
    ///
    /// As [`Hub::start`].
    pub fn start_with_ports(
        programs: &Programs,
        home: Home,
        at: IpAddr,
        tcp_ports: &[u16],
    ) -> anyhow::Result<Self> {
        let address = free_address(at)?;
        let more = tcp_ports.iter().map(|port| SocketAddr::new(at, *port));
        let mut hub = Self {
            programs: programs.clone(),
            home,
            running: None,
            address,
            web: [address].into_iter().chain(more).collect(),
            fingerprint: String::new(),
        };
        hub.start_again()?;
        Ok(hub)
    }

    /// Starts it again after it ended, on the same data and at the same address.
    ///
    /// # Errors
    ///
    /// If it does not come up.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        let ready = self.home.file("ready.json");
        drop(fs::remove_file(&ready));
        let mut command = self.home.command(self.programs.path("hub"));
        command
            .arg("serve")
            .arg("--data")
            .arg(self.data())
            .args(["--listen", &self.address.to_string()])
            .args(self.web.iter().map(|at| format!("--web-listen={at}")))
            .arg("--ready-file")
            .arg(&ready)
            // a play may look who called, also without getting in
            .env("RUST_LOG", "info,hub::connection=debug");
        let mut running = Running::start("hub", &mut command, &self.home.log())?;
        let told = wait_until("the hub", Duration::from_secs(20), || {
            running.check_alive()?;
            Ok(fs::read(&ready).ok())
        })?;
        let told: Ready = serde_json::from_slice(&told)?;
        self.address = told.addr;
        self.fingerprint = told.fingerprint;
        self.running = Some(running);
        Ok(())
    }

    /// Its process.
    ///
    /// # Errors
    ///
    /// If it was ended.
    pub fn running(&mut self) -> anyhow::Result<&mut Running> {
        self.running.as_mut().context("the hub was ended")
    }

    /// Ends it as an administrator would.
    ///
    /// # Errors
    ///
    /// If it does not stop by itself, or not with success.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut running) = self.running.take() {
            let status = running.stop()?;
            ensure!(status.success(), "the hub ended with {status}");
        }
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The fingerprint of its key.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.home.file("data")
    }

    /// Makes an operator's account.
    ///
    /// # Errors
    ///
    /// If the hub refuses.
    pub fn add_operator(&self, name: &str, display: &str, password: &str) -> anyhow::Result<()> {
        let words = ["admin", "add-operator", name, "--display-name", display];
        self.ask(&words, Some(password)).map(drop)
    }

    /// Makes the group of hosts `hosts`, seen by the operator `name` through their group `group`; and the
    /// group of hosts "Vault", which nobody sees.
    ///
    /// # Errors
    ///
    /// If the hub refuses.
    pub fn set_up_hosts(&self, hosts: &str, group: &str, name: &str) -> anyhow::Result<()> {
        for words in [
            &["admin", "add-group", group][..],
            &["admin", "change", name, "--group", group],
            &["admin", "host", "add-group", hosts, "--seen-by", group],
            &["admin", "host", "add-group", "Vault"],
        ] {
            self.ask(words, None)?;
        }
        Ok(())
    }

    /// A line that enrols one computer into the group of hosts `group`.
    ///
    /// # Errors
    ///
    /// If the hub refuses.
    pub fn invite_host(&self, group: &str) -> anyhow::Result<String> {
        self.ask(&["admin", "host", "invite", "--group", group], None)
    }

    /// The computers with nobody in front, as JSON.
    ///
    /// # Errors
    ///
    /// If the hub's store does not open.
    pub fn hosts(&self) -> anyhow::Result<Vec<serde_json::Value>> {
        let text = self.ask(&["admin", "host", "list", "--json"], None)?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Makes an administrator's account.
    ///
    /// # Errors
    ///
    /// If the hub refuses.
    pub fn add_administrator(
        &self,
        name: &str,
        display: &str,
        password: &str,
    ) -> anyhow::Result<()> {
        let words = [
            "admin",
            "add-operator",
            name,
            "--display-name",
            display,
            "--administrator",
        ];
        self.ask(&words, Some(password)).map(drop)
    }

    /// Sets whose help desk it is; the hub follows within seconds.
    ///
    /// # Errors
    ///
    /// If the hub refuses.
    pub fn name_organisation(&self, name: &str) -> anyhow::Result<()> {
        self.ask(&["settings", "set", "organisation", name], None)
            .map(drop)
    }

    /// The films, newest first.
    ///
    /// # Errors
    ///
    /// If the hub's store does not open.
    pub fn films(&self) -> anyhow::Result<Vec<Film>> {
        let text = self.ask(&["film", "list", "--json"], None)?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Checks that the film `id` is what was recorded; gives a line for each connection that was lost.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn verify_film(&self, id: u64) -> anyhow::Result<Vec<String>> {
        let told = self.ask(&["film", "verify", &id.to_string()], None)?;
        Ok(told.lines().skip(1).map(str::to_owned).collect())
    }

    /// What happened in the film `id` beside the pictures.
    ///
    /// # Errors
    ///
    /// If there is no such film.
    pub fn timeline(&self, id: u64) -> anyhow::Result<String> {
        self.ask(&["film", "timeline", &id.to_string()], None)
    }

    /// Makes the video file `out` from the film `id`.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn export_film(&self, id: u64, out: &Path) -> anyhow::Result<()> {
        let out = out.to_str().context("a path that can be typed")?;
        self.ask(&["film", "export", &id.to_string(), out], None)
            .map(drop)
    }

    /// The same from one time to another of the film, as they are typed.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn export_cut(&self, id: u64, (from, to): (&str, &str), out: &Path) -> anyhow::Result<()> {
        let out = out.to_str().context("a path that can be typed")?;
        let id = id.to_string();
        let words = ["film", "export", &id, out, "--from", from, "--to", to];
        self.ask(&words, None).map(drop)
    }

    /// Makes `out` a picture of what the film `id` shows so many seconds after it began.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn film_picture(&self, id: u64, seconds: u64, out: &Path) -> anyhow::Result<()> {
        let out = out.to_str().context("a path that can be typed")?;
        let (id, at) = (id.to_string(), seconds.to_string());
        self.ask(&["film", "picture", &id, out, "--at", &at], None)
            .map(drop)
    }

    /// The reports and drafts, newest first, as JSON.
    ///
    /// # Errors
    ///
    /// If the hub's store does not open.
    pub fn reports(&self) -> anyhow::Result<Vec<serde_json::Value>> {
        let text = self.ask(&["report", "list", "--json"], None)?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The reports and drafts with a word in them, or in what was said, newest first, as JSON.
    ///
    /// # Errors
    ///
    /// If the hub's store does not open.
    pub fn search_reports(&self, word: &str) -> anyhow::Result<Vec<serde_json::Value>> {
        let text = self.ask(&["report", "search", word, "--json"], None)?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Puts all reports into the document `out`, for printing.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn export_reports(&self, out: &Path) -> anyhow::Result<()> {
        let out = out.to_str().context("a path that can be typed")?;
        let words = ["report", "export", "--format", "pdf", "--out", out];
        self.ask(&words, None).map(drop)
    }

    /// Checks that the audit log is what was written.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn verify_audit(&self) -> anyhow::Result<()> {
        self.ask(&["audit", "verify"], None).map(drop)
    }

    /// The rows of the audit log with this action, newest first.
    ///
    /// # Errors
    ///
    /// If the hub's store does not open.
    pub fn audited(&self, action: &str) -> anyhow::Result<Vec<serde_json::Value>> {
        let text = self.ask(&["audit", "list", "--json", "--action", action], None)?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Has its page hand out the Helpme in the file `program`, which the maker of tests calls `file` and signs as
    /// version `version`.
    ///
    /// # Errors
    ///
    /// If the hub refuses.
    pub fn hand_out(&self, program: &Path, file: &str, version: &str) -> anyhow::Result<()> {
        let bytes = fs::read(program)?;
        let signed = maker_signs(&bytes, file, version)?;
        let program = self.home.file(file);
        fs::write(&program, bytes)?;
        let signature = self.home.file("helpme.minisig");
        fs::write(&signature, signed)?;
        let (program, signature) = (program.to_string_lossy(), signature.to_string_lossy());
        let words = ["downloads", "add", &program, "--signature", &signature];
        self.ask(&words, None).map(drop)
    }

    /// Gives it a newer version of a program, or its maker's list of them; the signature is beside `file`.
    ///
    /// # Errors
    ///
    /// If the hub refuses.
    pub fn take_update(&self, file: &Path) -> anyhow::Result<()> {
        let words = ["updates", "add", &file.to_string_lossy()];
        self.ask(&words, None).map(drop)
    }

    /// Runs `hub` with `words` on its data and gives what it prints.
    fn ask(&self, words: &[&str], input: Option<&str>) -> anyhow::Result<String> {
        let mut command: Command = self.home.command(self.programs.path("hub"));
        let mut child = command
            .args(words)
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start hub")?;
        let mut stdin = child.stdin.take().context("the input is a pipe")?;
        stdin.write_all(input.unwrap_or_default().as_bytes())?;
        drop(stdin);
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!(
                "hub {}: {}{}",
                words.join(" "),
                String::from_utf8_lossy(&output.stderr),
                String::from_utf8_lossy(&output.stdout)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// An address of `at` whose port is free for UDP and for TCP.
fn free_address(at: IpAddr) -> anyhow::Result<SocketAddr> {
    const TRIES: u32 = 50;
    for _ in 0..TRIES {
        let udp = UdpSocket::bind((at, 0))?;
        let address = udp.local_addr()?;
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port is free for UDP and for TCP")
}

/// What the maker of tests says of `program`: that it is `file` in version `version`.
///
/// # Errors
///
/// If it cannot be signed.
pub fn maker_signs(program: &[u8], file: &str, version: &str) -> anyhow::Result<String> {
    let key = include_str!("../../crates/maker/test.key").to_owned();
    let key = SecretKeyBox::from(key).into_unencrypted_secret_key()?;
    let comment = format!("timestamp:1790000000\tfile:{file}\tversion:{version}");
    let signed = minisign::sign(None, &key, program, Some(&comment), None)?;
    Ok(signed.into_string())
}
