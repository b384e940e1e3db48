//! Whether somebody is who they say they are (O5, B3).
//!
//! Guessers are slowed down, and nobody else. An address waits for its own failures. An account's
//! failures are waited for by addresses that are dirty (they failed more than [`FREE_WHILE_CLEAN`]
//! times lately), delay those that are clean by [`LONGEST_DELAY`] at most, and mean nothing to those
//! from which the account has logged in before.
//!
//! The bound: an attacker with N addresses (IPv4 addresses or IPv6 /64; a /48 counts as four) has 3 N
//! guesses of a password at once, slowly, and after that one a minute, whatever N is, until the
//! addresses have paused for half an hour. One address has 20 guesses at once and then 4 an hour.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::control::Name;
use protocol::{Password, Refusal, RefusalCode};
use session::authority::{Action, Object, may};
use session::throttle::{Backoff, NEIGHBOURS_OF_SITE, Neighbour, Site, throttled};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::catalogue::{Account, Actor, Change, PasswordHash, What, name_key};
use crate::clock::Clock;
use crate::known::KnownAddresses;
use crate::log_limit::LogLimit;
use crate::password::{self, HashError};
use crate::registry::log_store_error;
use crate::store::Store;

const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Failures that cost no wait, and the longest wait, for one account ...
const FREE_PER_ACCOUNT: u32 = 5;
const LONGEST_PER_ACCOUNT: Duration = Duration::from_mins(1);
/// ... and for one address, behind which an office may sit.
const FREE_PER_NEIGHBOUR: u32 = 20;
const LONGEST_PER_NEIGHBOUR: Duration = Duration::from_mins(15);
/// Failures of an address that is still clean.
const FREE_WHILE_CLEAN: u32 = 2;
/// How much longer a log-in from a clean address takes while others guess at the account.
const LONGEST_DELAY: Duration = Duration::from_secs(3);

/// Checks names and passwords, slowly for who guesses.
#[derive(Debug)]
pub(crate) struct LoginDesk {
    clock: Clock,
    store: Store,
    known: Arc<KnownAddresses>,
    failures: Mutex<Failures>,
    /// Each check takes a core and 19 MB for a while.
    checks: Semaphore,
    /// One check at a time is kept for addresses that are known, however many wait elsewhere.
    known_checks: Semaphore,
    /// Checked where there is no account, so that the answer takes as long.
    decoy: PasswordHash,
    log: LogLimit,
}

/// Who wants to log in as whom.
struct Try {
    /// The account's name as it is compared.
    account: String,
    neighbour: Neighbour,
    /// The account has logged in from there.
    is_known: bool,
}

impl Try {
    fn at_home(&self) -> (Neighbour, String) {
        (self.neighbour, self.account.clone())
    }
}

#[derive(Debug)]
struct Failures {
    /// From addresses that the account does not know.
    by_account: Backoff<String>,
    /// From those that it does.
    at_home: Backoff<(Neighbour, String)>,
    by_neighbour: Backoff<Neighbour>,
    by_site: Backoff<Site>,
}

impl Failures {
    fn new() -> Self {
        let of_site = (FREE_PER_NEIGHBOUR + 1) * NEIGHBOURS_OF_SITE - 1;
        let (account, address) = (LONGEST_PER_ACCOUNT, LONGEST_PER_NEIGHBOUR);
        Self {
            by_account: Backoff::new(FREE_PER_ACCOUNT, FIRST_WAIT, account),
            at_home: Backoff::new(FREE_PER_ACCOUNT, FIRST_WAIT, account),
            by_neighbour: Backoff::new(FREE_PER_NEIGHBOUR, FIRST_WAIT, address),
            by_site: Backoff::new(of_site, FIRST_WAIT, address),
        }
    }

    /// Counts a try of `who`, as wrong until it was right, or says how long it has to wait first.
    fn begin(&mut self, who: &Try, now: Duration) -> Result<(), Duration> {
        self.may_try(who, now)?;
        self.by_neighbour.failed(who.neighbour, now);
        self.by_site.failed(who.neighbour.site(), now);
        if who.is_known {
            self.at_home.failed(who.at_home(), now);
        } else {
            self.by_account.failed(who.account.clone(), now);
        }
        Ok(())
    }

    /// The try of `who` was no wrong one. Others' failures stay.
    fn forgive(&mut self, who: &Try) {
        self.by_neighbour.forgive(&who.neighbour);
        self.by_site.forgive(&who.neighbour.site());
        if who.is_known {
            self.at_home.succeeded(&who.at_home());
        } else {
            self.by_account.forgive(&who.account);
        }
    }

    /// After which delay `who` may try, or for how long it has to wait before it may.
    fn may_try(&self, who: &Try, now: Duration) -> Result<Duration, Duration> {
        let by_neighbour = self.by_neighbour.wait(&who.neighbour, now);
        let by_site = self.by_site.wait(&who.neighbour.site(), now);
        let (waits, delay) = if who.is_known {
            (self.at_home.wait(&who.at_home(), now), None)
        } else {
            let by_account = self.by_account.wait(&who.account, now);
            let failed = self.by_neighbour.count(&who.neighbour, now);
            if failed > FREE_WHILE_CLEAN {
                (by_account, None)
            } else {
                (None, by_account)
            }
        };
        match by_neighbour.max(by_site).max(waits) {
            Some(wait) => Err(wait),
            None => Ok(delay.unwrap_or_default().min(LONGEST_DELAY)),
        }
    }
}

impl LoginDesk {
    pub(crate) fn new(
        clock: Clock,
        store: Store,
        known: Arc<KnownAddresses>,
    ) -> Result<Self, HashError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            clock,
            store,
            known,
            failures: Mutex::new(Failures::new()),
            checks: Semaphore::new(cores.clamp(1, 4)),
            known_checks: Semaphore::new(1),
            decoy: PasswordHash(password::hash("nobody's password")?),
            log: LogLimit::default(),
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
        let account = name_key(user);
        let is_known = self.known.knows(&account, neighbour);
        let who = Try {
            account,
            neighbour,
            is_known,
        };
        let delay = lock(&self.failures)
            .may_try(&who, self.clock.now().since_start)
            .map_err(throttled)?;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let checks = if is_known {
            &self.known_checks
        } else {
            &self.checks
        };
        // who comes while others are being checked waits here, so the throttle is asked again
        let permit = checks.acquire().await;
        lock(&self.failures)
            .begin(&who, self.clock.now().since_start)
            .map_err(throttled)?;
        let (account, hash) = match self.credentials(user).await? {
            Some((account, hash)) => (Some(account), hash),
            None => (None, self.decoy.clone()),
        };
        let stored = hash.clone();
        let check = move || password::verify(&password, &hash.0);
        let right = tokio::task::spawn_blocking(check).await.unwrap_or(false);
        drop(permit);
        // A name that nobody has is not written down: it may be a password in the wrong place.
        let name = account.as_ref().map_or("?", |a| a.name.as_str()).to_owned();
        let refused = match account {
            Some(account) if right && may_log_in(&account) => {
                self.note(&account.name, What::LoggedIn { address }).await;
                // it may have been changed meanwhile, and who watches for that has not seen this one
                let now = self.credentials(user).await?;
                if now.is_some_and(|(now, hash)| hash == stored && may_log_in(&now)) {
                    self.known.remember(&who.account, neighbour);
                    lock(&self.failures).forgive(&who);
                    return Ok(account);
                }
                RefusalCode::WRONG_CREDENTIALS
            }
            Some(_) if right => RefusalCode::ACCOUNT_DISABLED,
            Some(_) | None => RefusalCode::WRONG_CREDENTIALS,
        };
        self.note(&name, What::LogInRefused { address }).await;
        Err(refused.into())
    }

    /// Somebody came back, from `address`, to the place where `login` is logged in.
    pub(crate) fn is_at_home(&self, login: &str, address: IpAddr) {
        self.known.remember(&name_key(login), address.into());
    }

    async fn credentials(&self, user: &Name) -> Result<Option<(Account, PasswordHash)>, Refusal> {
        let found = self.store.credentials(user.to_string()).await;
        found.map_err(|error| {
            log_store_error(&error);
            RefusalCode::INTERNAL.into()
        })
    }

    async fn note(&self, actor: &str, what: What) {
        let (action, detail) = what.describe();
        if !matches!(what, What::LogInRefused { .. }) {
            tracing::info!(?actor, action, %detail, "Desk");
        } else if let Some(left_out) = self.log.may_write() {
            tracing::info!(?actor, action, %detail, left_out, "Desk");
        }
        let name = actor.to_owned();
        let actor = if let What::LogInRefused { .. } = what {
            Actor::Stranger(name)
        } else {
            Actor::Account(name)
        };
        let change = Change { actor, what };
        let now = self.clock.now().unix_millis;
        if let Err(error) = self.store.apply(change.at(now)).await {
            log_store_error(&error);
        }
    }
}

fn may_log_in(account: &Account) -> bool {
    may(account.into(), Action::LogIn, Object::Hub).is_ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // a count that a panic left half done is still a count
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn who(address: &str, is_known: bool) -> Try {
        let address: IpAddr = address.parse().expect("an address");
        Try {
            account: "anna".to_owned(),
            neighbour: address.into(),
            is_known,
        }
    }

    #[test]
    fn what_others_guess_delays_a_clean_address_and_does_not_touch_a_known_one() {
        let mut failures = Failures::new();
        for n in 0..200 {
            let guesser = who(&format!("192.0.2.{n}"), false);
            while failures.begin(&guesser, SECOND).is_ok() {}
        }
        let now = SECOND;
        assert_eq!(
            failures.may_try(&who("198.51.100.1", true), now),
            Ok(Duration::ZERO)
        );
        let delay = failures.may_try(&who("198.51.100.1", false), now);
        assert_eq!(delay, Ok(LONGEST_DELAY));
    }

    #[test]
    fn n_addresses_have_three_n_guesses_and_then_one_a_minute_together() {
        let mut failures = Failures::new();
        let guess_all = |failures: &mut Failures, now| {
            let mut guesses = 0;
            for n in 0..200 {
                let guesser = who(&format!("192.0.2.{n}"), false);
                while failures.begin(&guesser, now).is_ok() {
                    guesses += 1;
                }
            }
            guesses
        };
        let at_once = guess_all(&mut failures, SECOND);
        assert_eq!(at_once, 3 * 199 + 6, "the first had six before any wait");
        let in_25_minutes: u32 = (1..=25)
            .map(|minute| guess_all(&mut failures, minute * 61 * SECOND))
            .sum();
        assert_eq!(in_25_minutes, 25);
    }

    #[test]
    fn who_mistypes_at_home_waits_a_little_at_home() {
        let mut failures = Failures::new();
        let home = who("198.51.100.1", true);
        let tries = (0..50).filter(|_| failures.begin(&home, SECOND).is_ok());
        assert_eq!(tries.count(), 6);
        assert_eq!(
            failures.may_try(&who("198.51.100.2", false), SECOND),
            Ok(Duration::ZERO),
            "elsewhere nothing happened"
        );
        failures.begin(&home, 3 * SECOND).expect("after the wait");
        failures.forgive(&home);
        assert_eq!(failures.may_try(&home, 3 * SECOND), Ok(Duration::ZERO));
    }
}
