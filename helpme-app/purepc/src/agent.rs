//! The process that serves operators who are in: it has the screen, and lives for as long as somebody is
//! there. What happens in it cannot end the connection to the hub.
//!
//! Its orders come by its standard input, a line each; where that ends, so does it.

use std::path::PathBuf;
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
    pub(crate) folder: PathBuf,
    /// Those of the ways to the hub, as this process was given them.
    pub(crate) routes: Vec<String>,
    pub(crate) log: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Agent {
    child: Child,
    orders: ChildStdin,
}

impl Agent {
    pub(crate) fn start(args: &AgentArgs) -> anyhow::Result<Self> {
        let exe = std::env::current_exe().context("where is this program?")?;
        let mut command = Command::new(exe);
        if let Some(log) = &args.log {
            command.arg("--log").arg(log);
        }
        command.arg("serve").arg("--folder").arg(&args.folder);
        command.args(&args.routes);
        // unless one is named it follows whichever is shown
        command.envs(FollowedDisplay::environment(&args.folder));
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        command.kill_on_drop(true);
        let mut child = command
            .spawn()
            .context("cannot start the part that serves")?;
        let orders = child.stdin.take().context("no way to its orders")?;
        Ok(Self { child, orders })
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
        match self.child.wait().await {
            Ok(status) if status.success() => tracing::info!("Nobody is in any more"),
            Ok(status) => tracing::warn!(%status, "The part that serves has failed"),
            Err(error) => tracing::warn!(%error, "The part that serves is lost"),
        }
    }

    /// Ends it at once. The hub hears from the service that this computer is in its place no more.
    pub(crate) async fn stop(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "The part that serves had ended");
        }
    }
}
