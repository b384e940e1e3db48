//! Whether somebody is who he says he is (O5, B3).

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::control::Name;
use protocol::{Password, Refusal, RefusalCode};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::catalogue::{Account, Change, What, name_key};
use crate::clock::Clock;
use crate::password::{self, HashError};
use crate::registry::log_store_error;
use crate::store::Store;
use session::throttle::{Backoff, Neighbour};

/// Failures that cost no wait, and the longest wait, for one account ...
const FREE_PER_ACCOUNT: u32 = 5;
const LONGEST_PER_ACCOUNT: Duration = Duration::from_mins(1);
/// ... and for one address, behind which an office may sit.
const FREE_PER_NEIGHBOUR: u32 = 20;
const LONGEST_PER_NEIGHBOUR: Duration = Duration::from_mins(15);

/// Checks names and passwords, slowly for who guesses.
#[derive(Debug)]
pub(crate) struct LoginDesk {
    clock: Clock,
    store: Store,
    by_account: Mutex<Backoff<String>>,
    by_neighbour: Mutex<Backoff<Neighbour>>,
    /// Each check takes a core and 19 MB for a while.
    checks: Semaphore,
    /// Checked where there is no account, so that the answer takes as long.
    decoy: String,
}

impl LoginDesk {
    pub(crate) fn new(clock: Clock, store: Store) -> Result<Self, HashError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            clock,
            store,
            by_account: Mutex::new(Backoff::new(FREE_PER_ACCOUNT, LONGEST_PER_ACCOUNT)),
            by_neighbour: Mutex::new(Backoff::new(FREE_PER_NEIGHBOUR, LONGEST_PER_NEIGHBOUR)),
            checks: Semaphore::new(cores.clamp(1, 4)),
            decoy: password::hash("nobody's password")?,
        })
    }

    /// The account behind `user`, if `password` is its password.
    pub(crate) async fn log_in(
        &self,
        user: &Name,
        password: Password,
        address: IpAddr,
    ) -> Result<Account, Refusal> {
        let password = Zeroizing::new(password.0.into_string());
        let neighbour = Neighbour::from(address);
        let key = name_key(user);
        // who comes while others are being checked waits here, so the throttle is asked after
        let permit = self.checks.acquire().await;
        self.may_try(&key, &neighbour)?;
        let found = self.store.credentials(user.to_string()).await;
        let (account, hash) = match found {
            Ok(Some((account, hash))) => (Some(account), hash.0),
            Ok(None) => (None, self.decoy.clone()),
            Err(error) => {
                log_store_error(&error);
                return Err(RefusalCode::INTERNAL.into());
            }
        };
        let check = move || password::verify(&password, &hash);
        let right = tokio::task::spawn_blocking(check).await.unwrap_or(false);
        let now = self.clock.now();
        // A name that nobody has is not written down: it may be a password in the wrong place.
        let name = account.as_ref().map_or("?", |a| a.name.as_str()).to_owned();
        let refused = match account {
            Some(account) if right && !account.disabled => {
                lock(&self.by_account).succeeded(&key);
                self.note(&account.name, What::LoggedIn { address }).await;
                return Ok(account);
            }
            Some(_) if right => RefusalCode::ACCOUNT_DISABLED,
            Some(_) | None => RefusalCode::WRONG_CREDENTIALS,
        };
        lock(&self.by_account).failed(key, now.since_start);
        lock(&self.by_neighbour).failed(neighbour, now.since_start);
        drop(permit);
        self.note(&name, What::LogInRefused { address }).await;
        Err(refused.into())
    }

    fn may_try(&self, account: &String, neighbour: &Neighbour) -> Result<(), Refusal> {
        let now = self.clock.now().since_start;
        let by_account = lock(&self.by_account).wait(account, now);
        let by_neighbour = lock(&self.by_neighbour).wait(neighbour, now);
        match by_account.max(by_neighbour) {
            None => Ok(()),
            Some(wait) => Err(Refusal {
                code: RefusalCode::THROTTLED,
                retry_after_seconds: u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX),
            }),
        }
    }

    async fn note(&self, actor: &str, what: What) {
        let (action, detail) = what.describe();
        tracing::info!(?actor, action, %detail, "Desk");
        let actor = actor.to_owned();
        let change = Change { actor, what };
        let now = self.clock.now().unix_millis;
        if let Err(error) = self.store.apply(change.at(now)).await {
            log_store_error(&error);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // a count that a panic left half done is still a count
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
