//! Programs that were started here, and that end with their owner.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a program may take to leave when it is asked to.
const GRACE: Duration = Duration::from_secs(5);

/// A program that runs, its output in a file of its own.
///
/// Dropping it ends exactly this process: first asked, after 5 seconds killed.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command`; what it prints goes to `log`.
    ///
    /// # Errors
    ///
    /// If `log` cannot be created or the program cannot be started.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        Self::start_with_input(name, command, log, Stdio::null())
    }

    /// [`Running::start`] with something on the program's standard input.
    ///
    /// # Errors
    ///
    /// As [`Running::start`].
    pub fn start_with_input(
        name: &str,
        command: &mut Command,
        log: &Path,
        input: Stdio,
    ) -> anyhow::Result<Self> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(input)
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
        })
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of its log if it is no longer there.
    ///
    /// # Errors
    ///
    /// If the program has ended.
    pub fn check_alive(&mut self) -> anyhow::Result<()> {
        let Some(status) = self.child.try_wait()? else {
            return Ok(());
        };
        bail!("{} ended with {status}:\n{}", self.name, self.log_tail());
    }

    /// Ends it at once, in the middle of whatever it does, as `kill -9` does.
    ///
    /// # Errors
    ///
    /// If it had ended by itself before.
    pub fn kill_now(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        let status = self.child.wait()?;
        if status.signal() != Some(Signal::KILL.as_raw()) {
            bail!(
                "{} ended with {status} by itself:\n{}",
                self.name,
                self.log_tail()
            );
        }
        Ok(())
    }

    /// Stops it where it is: it stays, and does nothing more.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    pub fn freeze(&self) -> anyhow::Result<()> {
        kill_process(self.process()?, Signal::STOP).context("it does not stop")
    }

    fn process(&self) -> anyhow::Result<Pid> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        pid.context("a child has a process id")
    }

    /// Asks it to leave, and waits until it has.
    ///
    /// # Errors
    ///
    /// If it did not leave within 5 seconds, and so was killed.
    pub fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        kill_process(self.process()?, Signal::TERM)?;
        if let Some(status) = self.wait(GRACE)? {
            return Ok(status);
        }
        self.child.kill()?;
        self.child.wait()?;
        bail!("{} did not leave when asked to", self.name);
    }

    /// Waits until it has ended by itself; `None` if it still runs after `limit`.
    ///
    /// # Errors
    ///
    /// If the operating system cannot tell.
    pub fn wait(&mut self, limit: Duration) -> anyhow::Result<Option<ExitStatus>> {
        let until = Instant::now() + limit;
        loop {
            let status = self.child.try_wait()?;
            if status.is_some() || Instant::now() >= until {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        const LINES: usize = 25;
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A program that has to be killed is a fault only where a test looks for it.
        drop(self.stop());
    }
}

/// Asks `question` every 20 ms until it has an answer.
///
/// # Errors
///
/// What `question` fails with, or that `what` did not happen within `limit`.
pub fn wait_until<T>(
    what: &str,
    limit: Duration,
    mut question: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let until = Instant::now() + limit;
    loop {
        if let Some(answer) = question()? {
            return Ok(answer);
        }
        if Instant::now() >= until {
            bail!("{what}: not within {} s", limit.as_secs_f32());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
