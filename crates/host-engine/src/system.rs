//! Looks what computer this is, for operators whom the user allows that (S2).

use protocol::SystemInformation;
use protocol::limits::MAX_OPERATORS;
use session::host::SystemQuestion;
use tokio::task::JoinSet;

/// The looks that are under way, one for each operator at most.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    running: JoinSet<(SystemQuestion, SystemInformation)>,
}

impl Looks {
    /// Begins to look, on a thread of its own.
    pub(crate) fn begin(&mut self, question: SystemQuestion) {
        if self.running.len() < MAX_OPERATORS {
            self.running
                .spawn_blocking(move || (question, machine::look()));
        }
    }

    /// What was found next; never returns without anything under way. Cancellation safe.
    pub(crate) async fn next(&mut self) -> (SystemQuestion, SystemInformation) {
        loop {
            match self.running.join_next().await {
                Some(Ok(found)) => return found,
                Some(Err(error)) => tracing::error!(%error, "No look at this computer"),
                None => std::future::pending().await,
            }
        }
    }
}
