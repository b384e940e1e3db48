//! What a desktop has beside windows: a bus, notices (`dunst`), and a store of passwords (`gnome-keyring`).

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::display::Display;
use crate::programs::Home;
use crate::running::{Running, wait_until};

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Notices that stay until somebody closes them.
const DUNST: &str = "[global]\nhistory_length = 100\nmonitor = 0\n\
                     [urgency_low]\ntimeout = 0\n[urgency_normal]\ntimeout = 0\n";

/// A notice as the desktop shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownNotice {
    pub program: String,
    pub title: String,
    pub text: String,
}

/// They end when this is dropped.
#[derive(Debug)]
pub struct DesktopServices {
    home: Home,
    bus: String,
    // dropped in this order
    _notices: Running,
    _passwords: Running,
    _daemon: Running,
}

impl DesktopServices {
    /// Starts them for whoever sits at `display`, with their files in `folder`.
    ///
    /// # Errors
    ///
    /// If something is not installed (Debian: `dbus`, `dunst`, `gnome-keyring`, `libsecret-tools`) or does
    /// not answer.
    pub fn start(folder: &Path, display: &Display) -> anyhow::Result<Self> {
        let home = Home::fresh(folder, "desktop")?;
        let logs = home.clone();
        let log = |name: &str| logs.file(&format!("{name}.log"));
        let mut daemon = home.command("dbus-daemon");
        daemon.args(["--session", "--nofork", "--print-address"]);
        let mut daemon = Running::start("dbus-daemon", &mut daemon, &log("bus"))?;
        let bus = wait_until("a bus", PATIENCE, || {
            daemon.check_alive()?;
            let told = fs::read_to_string(log("bus"))?;
            let mut lines = told.lines();
            Ok(lines
                .find(|line| line.starts_with("unix:"))
                .map(str::to_owned))
        })?;
        let home = home.on_bus(Some(&bus));
        let mut passwords = home.command("gnome-keyring-daemon");
        passwords.args(["--foreground", "--unlock", "--components=secrets"]);
        // what unlocks the store
        let unlocking = home.file("unlocking");
        fs::write(&unlocking, "of the desktop")?;
        let input = Stdio::from(fs::File::open(&unlocking)?);
        let name = "gnome-keyring-daemon";
        let passwords = Running::start_with_input(name, &mut passwords, &log("passwords"), input)?;
        let config = home.file("dunstrc");
        fs::write(&config, DUNST)?;
        let mut notices = home.windowed("dunst", display.name());
        notices.arg("-conf").arg(&config);
        let notices = Running::start("dunst", &mut notices, &log("notices"))?;
        let services = Self {
            home,
            bus,
            _notices: notices,
            _passwords: passwords,
            _daemon: daemon,
        };
        wait_until("the notices", PATIENCE, || {
            Ok(services.told("dunstctl", &["count"]).is_ok().then_some(()))
        })?;
        wait_until("the store of passwords", PATIENCE, || {
            let mut asked = services.home.command("gdbus");
            asked
                .args(["call", "--session", "--dest", "org.freedesktop.DBus"])
                .args(["--object-path", "/"])
                .args(["--method", "org.freedesktop.DBus.ListNames"]);
            let names = told(&mut asked)?;
            Ok(names.contains("'org.freedesktop.secrets'").then_some(()))
        })?;
        Ok(services)
    }

    /// Where programs find them.
    pub fn bus(&self) -> &str {
        &self.bus
    }

    /// Closes the notices that are shown, and tells all there were, the newest first.
    ///
    /// # Errors
    ///
    /// If `dunst` does not answer.
    pub fn close_notices(&self) -> anyhow::Result<Vec<ShownNotice>> {
        self.told("dunstctl", &["close-all"])?;
        let told = self.told("dunstctl", &["history"])?;
        let told: serde_json::Value = serde_json::from_str(&told)?;
        let all = told["data"][0].as_array().context("a list of notices")?;
        let text = |notice: &serde_json::Value, name: &str| {
            let value = notice[name]["data"].as_str().unwrap_or_default();
            value.to_owned()
        };
        let shown = all.iter().map(|notice| ShownNotice {
            program: text(notice, "appname"),
            title: text(notice, "summary"),
            text: text(notice, "body"),
        });
        Ok(shown.collect())
    }

    /// Clicks the notice that came last.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn click_notice(&self) -> anyhow::Result<()> {
        self.told("dunstctl", &["action", "0"]).map(drop)
    }

    /// How many notices are shown now.
    ///
    /// # Errors
    ///
    /// If `dunst` does not answer.
    pub fn notices_shown(&self) -> anyhow::Result<usize> {
        let count = self.told("dunstctl", &["count", "displayed"])?;
        Ok(count.trim().parse()?)
    }

    /// What the store of passwords keeps for an account of a program, if anything.
    ///
    /// # Errors
    ///
    /// If it cannot be asked.
    pub fn kept_password(&self, service: &str) -> anyhow::Result<Option<String>> {
        let mut command = self.home.command("secret-tool");
        command.args(["lookup", "service", service]);
        let output = command.output().context("cannot start secret-tool")?;
        let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((!found.is_empty()).then_some(found))
    }

    fn told(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        told(self.home.command(program).args(arguments))
    }
}

fn told(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program}: {error}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
