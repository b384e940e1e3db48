//! A computer with nobody in front (U1).

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::display::Display;
use crate::hub::Hub;
use crate::programs::{Home, Programs};
use crate::running::Running;
use crate::{PATIENCE, wait_until};

/// `purepc` on a computer of its own, enrolled and connected. Dropping it ends it.
#[derive(Debug)]
pub struct Till {
    /// What it is called.
    pub name: String,
    home: Home,
    purepc: PathBuf,
    /// The display that it shows to operators.
    display: Option<String>,
    program: Running,
}

impl Till {
    /// Enrols a computer into the hub's group of hosts `group`, and starts its service.
    ///
    /// # Errors
    ///
    /// If the hub gives no line, `purepc` refuses it, or it is not connected within [`PATIENCE`].
    pub fn enrol(
        programs: &Programs,
        hub: &Hub,
        home: Home,
        name: &str,
        group: &str,
    ) -> anyhow::Result<Self> {
        Self::begin(programs, hub, home, (name, group), None)
    }

    /// [`Till::enrol`], with an access password that opens `display`.
    ///
    /// # Errors
    ///
    /// As [`Till::enrol`].
    pub fn enrol_openable(
        programs: &Programs,
        hub: &Hub,
        home: Home,
        (name, group): (&str, &str),
        (display, password): (&Display, &str),
    ) -> anyhow::Result<Self> {
        Self::begin(
            programs,
            hub,
            home,
            (name, group),
            Some((display, password)),
        )
    }

    fn begin(
        programs: &Programs,
        hub: &Hub,
        home: Home,
        (name, group): (&str, &str),
        openable: Option<(&Display, &str)>,
    ) -> anyhow::Result<Self> {
        let line = hub.invite_host(group)?;
        let home = home.on_computer(name);
        let purepc = programs.path("purepc");
        let display = openable.map(|(display, _)| display.name().to_owned());
        let done = |words: &[&str]| -> anyhow::Result<()> {
            let output = command(&home, &purepc, words, None).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "{words:?}: {said}");
            Ok(())
        };
        if let Some((_, password)) = openable {
            let file = home.file("access-password");
            std::fs::write(&file, password)?;
            std::fs::set_permissions(&file, Permissions::from_mode(0o600))?;
            let file = file.to_str().context("a path")?;
            done(&["enroll", line.trim(), "--password-file", file])?;
            std::fs::remove_file(file)?;
        } else {
            done(&["enroll", line.trim()])?;
        }
        let program = start(&home, &purepc, display.as_deref())?;
        let mut till = Self {
            name: name.to_owned(),
            home,
            purepc,
            display,
            program,
        };
        till.wait_until_connected()?;
        Ok(till)
    }

    /// Ends it as `kill -9` does, and starts it again as a service manager does.
    ///
    /// # Errors
    ///
    /// If it had ended before, or is not connected within [`PATIENCE`].
    pub fn crash_and_come_back(&mut self) -> anyhow::Result<()> {
        self.program.kill_now()?;
        self.program = start(&self.home, &self.purepc, self.display.as_deref())?;
        self.wait_until_connected()
    }

    fn wait_until_connected(&mut self) -> anyhow::Result<()> {
        // its exit code says whether it is connected
        wait_until(&format!("{} to be connected", self.name), PATIENCE, || {
            let status = command(&self.home, &self.purepc, &["status"], None).output()?;
            Ok(status.status.success().then_some(()))
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.program.pid()
    }
}

fn command(home: &Home, purepc: &Path, words: &[&str], display: Option<&str>) -> Command {
    let mut command = match display {
        Some(display) => home.windowed(purepc, display),
        None => home.command(purepc),
    };
    command.args(words).arg("--folder").arg(home.file("purepc"));
    command
}

fn start(home: &Home, purepc: &Path, display: Option<&str>) -> anyhow::Result<Running> {
    let mut run = command(home, purepc, &["run"], display);
    Running::start("purepc", &mut run, &home.file("purepc.log")).context("it does not run")
}
