//! The process that serves operators who are in: it has the screen, and lives for as long as somebody is
//! there. What happens in it cannot end the connection to the hub.
//!
//! Its orders come by its standard input, a line each; where that ends, so does it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use desktop::FollowedDisplay;
use protocol::control::{Admission, Name};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};

/// What it is told.
#[derive(Serialize, Deserialize)]
pub(crate) enum Order {
    TakePlace {
        admission: Admission,
        operator: Name,
        pair: [u8; 32],
    },
    Acquaint {
        operator: Name,
        pair: [u8; 32],
    },
}

/// How it is started.
#[derive(Debug, Clone)]
pub(crate) struct AgentArgs {
    pub(crate) hub: String,
    pub(crate) fingerprint: String,
    pub(crate) folder: PathBuf,
    /// Those of the ways to the hub, as this process was given them.
    pub(crate) routes: Vec<String>,
    pub(crate) log: Option<String>,
    /// This process is a service, which has no desktop there.
    #[cfg(windows)]
    pub(crate) is_service: bool,
}

impl AgentArgs {
    fn words(&self, folder: Option<&Path>) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        if let Some(log) = &self.log {
            words.extend(["--log".into(), log.into()]);
        }
        words.push("serve".into());
        words.extend(["--hub".into(), OsString::from(&self.hub)]);
        words.extend(["--fingerprint".into(), OsString::from(&self.fingerprint)]);
        if let Some(folder) = folder {
            words.extend(["--folder".into(), folder.into()]);
        }
        words.extend(self.routes.iter().map(OsString::from));
        words
    }
}

#[derive(Debug)]
pub(crate) struct Agent {
    process: Process,
    orders: ChildStdin,
}

#[derive(Debug)]
enum Process {
    Own(Child),
    #[cfg(windows)]
    OfTheUser(of_the_user::Process),
}

impl Agent {
    pub(crate) fn start(args: &AgentArgs) -> anyhow::Result<Self> {
        let exe = std::env::current_exe().context("where is this program?")?;
        #[cfg(windows)]
        if args.is_service {
            // this one's folder is not for that account
            let (process, orders) = of_the_user::start(&exe, &args.words(None))?;
            let process = Process::OfTheUser(process);
            return Ok(Self { process, orders });
        }
        let mut command = Command::new(exe);
        command.args(args.words(Some(&args.folder)));
        // unless one is named it follows whichever is shown
        command.envs(FollowedDisplay::environment(&args.folder));
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        command.kill_on_drop(true);
        let mut child = command
            .spawn()
            .context("cannot start the part that serves")?;
        let orders = child.stdin.take().context("no way to its orders")?;
        let process = Process::Own(child);
        Ok(Self { process, orders })
    }

    /// Whether the order was taken.
    pub(crate) async fn give(&mut self, order: &Order) -> bool {
        let Ok(mut line) = serde_json::to_vec(order) else {
            return false;
        };
        line.push(b'\n');
        let written = self.orders.write_all(&line).await;
        zeroize::Zeroize::zeroize(&mut line);
        written.is_ok() && self.orders.flush().await.is_ok()
    }

    pub(crate) async fn ends(&mut self) {
        let ended = match &mut self.process {
            Process::Own(child) => child.wait().await.map(|status| status.success()),
            #[cfg(windows)]
            Process::OfTheUser(process) => process.ends().await,
        };
        match ended {
            Ok(true) => tracing::info!("Nobody is in any more"),
            Ok(false) => tracing::warn!("The part that serves has failed"),
            Err(error) => tracing::warn!(%error, "The part that serves is lost"),
        }
    }

    /// Ends it at once. The hub hears from the service that this computer is in its place no more.
    pub(crate) async fn stop(self) {
        let killed = match self.process {
            Process::Own(mut child) => child.kill().await,
            #[cfg(windows)]
            Process::OfTheUser(process) => process.kill(),
        };
        if let Err(error) = killed {
            tracing::debug!(%error, "The part that serves had ended");
        }
    }
}

/// A service of Windows has no desktop: the process is one of whoever sits in front.
#[cfg(windows)]
mod of_the_user {
    use std::ffi::OsString;
    use std::io;
    use std::path::Path;
    use std::sync::Arc;

    use anyhow::Context as _;
    use desktop::user_process::UserProcess;
    use tokio::process::ChildStdin;
    use tokio::sync::oneshot;

    #[derive(Debug)]
    pub(super) struct Process {
        process: Arc<UserProcess>,
        ended: oneshot::Receiver<io::Result<u32>>,
    }

    pub(super) fn start(exe: &Path, words: &[OsString]) -> anyhow::Result<(Process, ChildStdin)> {
        let (process, orders) = UserProcess::start(exe, words)
            .context("cannot start the part that serves whoever sits in front")?;
        let orders = ChildStdin::from_std(orders.into()).context("no way to its orders")?;
        let process = Arc::new(process);
        let (tell, ended) = oneshot::channel();
        let waits = Arc::clone(&process);
        std::thread::Builder::new()
            .name("agent".to_owned())
            .spawn(move || drop(tell.send(waits.wait())))
            .context("no thread")?;
        Ok((Process { process, ended }, orders))
    }

    impl Process {
        /// Whether it ended well.
        pub(super) async fn ends(&mut self) -> io::Result<bool> {
            let code = (&mut self.ended).await.map_err(io::Error::other)?;
            code.map(|code| code == 0)
        }

        pub(super) fn kill(&self) -> io::Result<()> {
            self.process.end()
        }
    }
}
