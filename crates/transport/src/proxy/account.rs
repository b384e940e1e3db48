//! The account that somebody is logged in with at this computer signs in, without a password.
//!
//! For that the system may ask servers of its network, and they may be slow or gone. It does so on a thread of
//! its own, for which nobody waits longer than a while, not even a program that ends.

use std::fmt;
use std::sync::{Arc, mpsc as blocking};
use std::time::Duration;

use negotiate::NotSignedIn;
use protocol::NoAccount;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

/// How long the system may take for a message. A password may be sent after that, within the time that a proxy
/// has.
const PATIENCE: Duration = Duration::from_millis(2500);
/// Sign-ins at once: as many proxies as a program tries, twice. Those that the system does not end are among
/// them.
const MAX_AT_ONCE: usize = 8;

/// What limits how many sign-ins are under way in a program.
#[derive(Debug, Clone)]
pub(crate) struct Accounts(Arc<Semaphore>);

impl Default for Accounts {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_AT_ONCE)))
    }
}

/// One sign-in of the account. Dropping it ends it once the system lets go.
pub(super) struct Account {
    messages: blocking::SyncSender<Vec<u8>>,
    answers: mpsc::Receiver<Result<Vec<u8>, NotSignedIn>>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

impl Accounts {
    /// Begins to sign in at the proxy `host`.
    pub(super) fn sign_in(&self, host: &str) -> Result<Account, NoAccount> {
        // those that are under way have been for long
        let place = Arc::clone(&self.0).try_acquire_owned();
        let place = place.map_err(|_all_taken| NoAccount::TooSlow)?;
        let (messages, to_answer) = blocking::sync_channel(1);
        let (answered, answers) = mpsc::channel(1);
        let host = host.to_owned();
        let thread = std::thread::Builder::new().name("account".to_owned());
        let started = thread.spawn(move || answer(&host, &to_answer, &answered, place));
        started.map_err(|_no_thread| NoAccount::NoTicket)?;
        Ok(Account { messages, answers })
    }
}

impl Account {
    /// What to answer to `message` of the proxy, which is empty at first.
    pub(super) async fn answer(&mut self, message: Vec<u8>) -> Result<Vec<u8>, NoAccount> {
        self.messages
            .try_send(message)
            .map_err(|_ended| NoAccount::NoTicket)?;
        match timeout(PATIENCE, self.answers.recv()).await {
            Ok(Some(Ok(answer))) => Ok(answer),
            Ok(Some(Err(error))) => {
                tracing::debug!(%error, "The account does not sign in");
                Err(NoAccount::NoTicket)
            }
            Ok(None) => Err(NoAccount::NoTicket),
            Err(_elapsed) => {
                tracing::debug!("The account's sign-in takes too long");
                Err(NoAccount::TooSlow)
            }
        }
    }
}

/// Answers for as long as somebody wants answers.
fn answer(
    host: &str,
    messages: &blocking::Receiver<Vec<u8>>,
    answered: &mpsc::Sender<Result<Vec<u8>, NotSignedIn>>,
    place: OwnedSemaphorePermit,
) {
    let mut account = negotiate::sign_in(host);
    while let Ok(message) = messages.recv() {
        let answer = match &mut account {
            Ok(account) => account.answer(&message),
            Err(error) => Err(error.clone()),
        };
        if answered.blocking_send(answer).is_err() {
            break;
        }
    }
    drop(account);
    drop(place);
}
