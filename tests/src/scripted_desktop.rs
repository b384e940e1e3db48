//! A desktop whose settings find proxies by a script (PAC): GNOME's settings, its portal, and `glib-pacrunner`
//! that runs such scripts, on a bus of their own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::programs::Home;
use crate::running::{Running, wait_until};

/// It ends when this is dropped.
#[derive(Debug)]
pub struct ScriptedDesktop {
    bus: String,
    // ends the portal and what runs scripts, too
    _daemon: Running,
}

impl ScriptedDesktop {
    /// Starts one called `name`, with its files in `folder`, whose script answers every question with `answer`,
    /// like `PROXY 10.0.0.1:3128; DIRECT`.
    ///
    /// # Errors
    ///
    /// If something is not installed (Debian: `xdg-desktop-portal`, `glib-networking`,
    /// `glib-networking-services`, `libproxy1-plugin-webkit`), or the portal does not tell that proxy.
    pub fn start(folder: &Path, name: &str, answer: &str) -> anyhow::Result<Self> {
        let home = Home::fresh(folder, name)?;
        let script = home.file("proxy.pac");
        let text = format!("function FindProxyForURL(url, host) {{ return \"{answer}\"; }}\n");
        fs::write(&script, text)?;
        let url = format!("file://{}", script.display());
        for (key, value) in [("mode", "auto"), ("autoconfig-url", url.as_str())] {
            let mut settings = of_desktop(&home, "gsettings");
            settings.args(["set", "org.gnome.system.proxy", key, value]);
            printed(&mut settings)?;
        }
        let mut daemon = of_desktop(&home, "dbus-daemon");
        daemon.args(["--session", "--nofork", "--print-address"]);
        let mut daemon = Running::start("dbus-daemon", &mut daemon, &home.log())?;
        let bus = wait_until("a bus", Duration::from_secs(20), || {
            daemon.check_alive()?;
            let told = fs::read_to_string(home.log())?;
            let mut lines = told.lines();
            Ok(lines
                .find(|line| line.starts_with("unix:"))
                .map(str::to_owned))
        })?;
        // as one that somebody sits in front of, it has long been there
        let mut asked = of_desktop(&home, "gdbus");
        asked
            .args(["call", "--session", "--timeout", "20"])
            .args(["--dest", "org.freedesktop.portal.Desktop"])
            .args(["--object-path", "/org/freedesktop/portal/desktop"])
            .args([
                "--method",
                "org.freedesktop.portal.ProxyResolver.Lookup",
                "https://hub.test/",
            ])
            .env("DBUS_SESSION_BUS_ADDRESS", &bus);
        let ways = printed(&mut asked)?;
        let proxy = answer.split([' ', ';']).nth(1).unwrap_or_default();
        ensure!(
            ways.contains(proxy),
            "the portal answers {ways:?}, not {proxy}"
        );
        Ok(Self {
            bus,
            _daemon: daemon,
        })
    }

    /// Where its programs find it.
    pub fn bus(&self) -> &str {
        &self.bus
    }
}

fn of_desktop(home: &Home, program: &str) -> Command {
    let mut command = home.command(program);
    command
        .env("XDG_CURRENT_DESKTOP", "GNOME")
        .env("GSETTINGS_BACKEND", "keyfile");
    command
}

fn printed(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program}: {error}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
