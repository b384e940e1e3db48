//! A computer with nobody in front (U1).

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::hub::Hub;
use crate::programs::{Home, Programs};
use crate::running::Running;
use crate::{PATIENCE, wait_until};

/// `purepc` on a computer of its own, enrolled and connected. Dropping it ends it.
#[derive(Debug)]
pub struct Till {
    /// What it is called.
    pub name: String,
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
        let line = hub.invite_host(group)?;
        let home = home.on_computer(name);
        let folder = home.file("purepc");
        let purepc = |words: &[&str]| -> Command {
            let mut command = home.command(programs.path("purepc"));
            command.args(words).arg("--folder").arg(&folder);
            command
        };
        let enrolled = purepc(&["enroll", line.trim()]).output()?;
        ensure!(
            enrolled.status.success(),
            "not enrolled: {}",
            String::from_utf8_lossy(&enrolled.stderr)
        );
        let program = Running::start("purepc", &mut purepc(&["run"]), &home.file("purepc.log"))
            .context("it does not run")?;
        // its exit code says whether it is connected
        wait_until(&format!("{name} to be connected"), PATIENCE, || {
            Ok(purepc(&["status"]).output()?.status.success().then_some(()))
        })?;
        Ok(Self {
            name: name.to_owned(),
            program,
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.program.pid()
    }
}
