//! Whether somebody is who they say they are (O5, B3).
//!
//! Guessers are slowed down, and nobody else. An address waits for its own failures. An account's
//! failures are waited for by addresses that are dirty (they failed more than [`FREE_WHILE_CLEAN`]
//! times lately), delay those that are clean by [`LONGEST_DELAY`] at most, and mean nothing to those
//! from which the account has logged in before.
//!
//! The bound: an attacker with N addresses (IPv4 addresses or IPv6 /64; a /48 counts as four) has 3 N
//! guesses of a password at once, slowly, and after that one a minute, whatever N is, until the
//! addresses have paused for half an hour. One address has 20 guesses at once and then 4 an hour. A code of
//! the second factor is a part of the try whose password it follows: a wrong one counts as a wrong password.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::admin::people::SecondFactorRule;
use protocol::control::Name;
use protocol::{Code, InvitationToken, Password, Refusal, RefusalCode};
use session::authority::{Action, Denied, Object, may};
use session::throttle::{Backoff, NEIGHBOURS_OF_SITE, Neighbour, Site, throttled};
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use crate::catalogue::{
    Account, AccountId, Actor, Batch, Change, Credentials, FactorSecret, Named, PasswordHash,
    TokenHash, What, name_key,
};
use crate::clock::Clock;
use crate::known::KnownAddresses;
use crate::log_limit::LogLimit;
use crate::password::{self, HashError};
use crate::people;
use crate::registry::log_store_error;
use crate::second_factor;
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
    /// The passwords of accounts that logged in before anybody watched them.
    entered: Mutex<BTreeMap<AccountId, PasswordHash>>,
    /// Each check takes a core and 19 MB for a while.
    checks: Semaphore,
    /// One check at a time is kept for addresses that are known, however many wait elsewhere.
    known_checks: Semaphore,
    /// Checked where there is no account, so that the answer takes as long.
    decoy: PasswordHash,
    log: LogLimit,
    /// The hub's data folder.
    folder: PathBuf,
}

/// What became of a try.
pub(crate) enum Entry {
    In(Account),
    /// The password is right; a code is wanted too.
    CodeWanted(Half),
}

/// Somebody whose password was right, and whose code is awaited.
pub(crate) struct Half {
    entering: Entering,
    found: Credentials,
    secret: FactorSecret,
}

/// Somebody who is logged in, and showed that the account is theirs. What they did it for is still to be
/// done; until then it counts as a wrong try.
pub(crate) struct Proof {
    who: Try,
    account: Named,
    address: IpAddr,
    /// The code, which is used up with what it was given for.
    used: Option<What>,
}

struct Entering {
    who: Try,
    address: IpAddr,
    /// What they want to do: take a place at the desk, or open the administration.
    action: Action,
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

    /// The try of `who` does not count; those before it do.
    fn take_back(&mut self, who: &Try) {
        self.by_neighbour.forgive(&who.neighbour);
        self.by_site.forgive(&who.neighbour.site());
        if who.is_known {
            self.at_home.forgive(&who.at_home());
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
        folder: &Path,
    ) -> Result<Self, HashError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            clock,
            store,
            known,
            failures: Mutex::new(Failures::new()),
            entered: Mutex::default(),
            checks: Semaphore::new(cores.clamp(1, 4)),
            known_checks: Semaphore::new(1),
            decoy: PasswordHash(password::hash("nobody's password")?),
            log: LogLimit::default(),
            folder: folder.to_owned(),
        })
    }

    /// The account behind `user`, if `password` is its password and the account may do `action`; or what is
    /// left to do before.
    pub(crate) async fn log_in(
        &self,
        user: &Name,
        password: Password,
        address: IpAddr,
        action: Action,
    ) -> Result<Entry, Refusal> {
        let password = Zeroizing::new(password.0.into_string());
        let (who, permit) = self.begin(user, address).await?;
        let found = self.credentials(user).await?;
        let own = found.as_ref().map(|found| found.hash.clone());
        // where there is no account, or none with a password, the answer takes as long
        let hash = own.filter(|hash| !hash.is_none());
        let has_password = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let check = move || password::verify(&password, &hash.0);
        let right = tokio::task::spawn_blocking(check).await.unwrap_or(false);
        drop(permit);
        let entering = Entering {
            who,
            address,
            action,
        };
        match found {
            Some(found) if right && has_password => self.opened(found, entering).await,
            Some(found) => {
                let name = &found.account.name;
                self.refuse(name, &entering, RefusalCode::WRONG_CREDENTIALS)
                    .await
            }
            // A name that nobody has is not written down: it may be a password in the wrong place.
            None => {
                self.refuse("?", &entering, RefusalCode::WRONG_CREDENTIALS)
                    .await
            }
        }
    }

    /// Sets the password that the invited person chose, and logs them in with it.
    pub(crate) async fn accept_invitation(
        &self,
        user: &Name,
        token: InvitationToken,
        password: Password,
        address: IpAddr,
        action: Action,
    ) -> Result<Entry, Refusal> {
        let password = Zeroizing::new(password.0.into_string());
        let (who, permit) = self.begin(user, address).await?;
        let entering = Entering {
            who,
            address,
            action,
        };
        let token = people::hash_token(token);
        let now = self.clock.now().unix_millis;
        let is_good = |(known, expires): (TokenHash, i64)| {
            use subtle::ConstantTimeEq as _;
            bool::from(known.0.ct_eq(&token.0)) && now < expires
        };
        let found = self.credentials(user).await?;
        let Some(found) = found.filter(|found| found.invitation.is_some_and(is_good)) else {
            return self
                .refuse("?", &entering, RefusalCode::INVITATION_OVER)
                .await;
        };
        let (name, rules, folder) = (found.account.name.clone(), found.rules, self.folder.clone());
        let hash = move || people::new_password(&password, &name, rules, &folder);
        let hashed = tokio::task::spawn_blocking(hash).await;
        drop(permit);
        let hash = match hashed {
            Ok(Ok(hash)) => hash,
            Ok(Err(error)) => {
                // no guess: the invitation is right, and stays good
                lock(&self.failures).forgive(&entering.who);
                return Err(error.code().into());
            }
            Err(_panicked) => return Err(RefusalCode::INTERNAL.into()),
        };
        let taken = What::InvitationTaken {
            account: found.account.named(),
            token,
            hash: hash.clone(),
        };
        self.change(&found.account.name, vec![taken]).await?;
        let first = self.folder.join(people::FIRST_INVITATION_FILE);
        let removed = tokio::task::spawn_blocking(|| std::fs::remove_file(first)).await;
        if let Ok(Err(error)) = removed
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "Used invitation not removed");
        }
        self.opened(Credentials { hash, ..found }, entering).await
    }

    /// The code of the second factor, after a password that was right.
    pub(crate) async fn give_code(&self, half: Half, code: &Code) -> Result<Account, Refusal> {
        let Half {
            entering,
            found,
            secret,
        } = half;
        let used = self.use_of(code, &secret, found.account.named());
        let used = self.change(&found.account.name, vec![used]).await;
        match used {
            Ok(()) => self.let_in(found, entering).await,
            Err(refusal) if refusal.code == RefusalCode::CODE_WRONG => {
                let name = &found.account.name;
                self.refuse(name, &entering, RefusalCode::CODE_WRONG).await
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Whether somebody who is logged in with `account` knows its password, and has its second factor if
    /// it has one: as at a log-in, and as slowly for who guesses.
    pub(crate) async fn prove(
        &self,
        account: &Account,
        password: Password,
        code: Option<&Code>,
        address: IpAddr,
    ) -> Result<Proof, Refusal> {
        let password = Zeroizing::new(password.0.into_string());
        let user = Name::cut(account.name.as_str());
        let (who, permit) = self.begin(&user, address).await?;
        let found = self.credentials(&user).await?;
        let found = found.filter(|found| found.account.id == account.id);
        let found = found.ok_or_else(|| Refusal::from(RefusalCode::NOT_ALLOWED))?;
        let hash = found.hash;
        let check = move || !hash.is_none() && password::verify(&password, &hash.0);
        let right = tokio::task::spawn_blocking(check).await.unwrap_or(false);
        drop(permit);
        let mut proof = Proof {
            who,
            account: account.named(),
            address,
            used: None,
        };
        if !right {
            return self.doubt(&proof, RefusalCode::WRONG_CREDENTIALS).await;
        }
        proof.used = match (found.second_factor, code) {
            (None, _) => None,
            (Some(secret), Some(code)) => Some(self.use_of(code, &secret, account.named())),
            (Some(_), None) => return self.doubt(&proof, RefusalCode::CODE_WRONG).await,
        };
        Ok(proof)
    }

    /// Whether somebody who is logged in has the second factor of their account (U4): as slowly for who
    /// guesses as at a log-in. A code is good once.
    pub(crate) async fn prove_code(
        &self,
        (account, login): (AccountId, &str),
        code: &Code,
        address: IpAddr,
    ) -> Result<(), Refusal> {
        let user = Name::cut(login);
        let (who, permit) = self.begin(&user, address).await?;
        drop(permit);
        let found = self.credentials(&user).await?;
        let found = found.filter(|found| found.account.id == account);
        let Some(Credentials {
            account,
            second_factor: Some(secret),
            ..
        }) = found
        else {
            lock(&self.failures).take_back(&who);
            return Err(RefusalCode::SECOND_FACTOR_MISSING.into());
        };
        let used = Some(self.use_of(code, &secret, account.named()));
        let proof = Proof {
            who,
            account: account.named(),
            address,
            used,
        };
        self.act(proof, Vec::new()).await
    }

    /// Does what the owner gave `proof` for, if the code that is a part of it was not used before: all of
    /// it, or nothing.
    pub(crate) async fn act(&self, proof: Proof, changes: Vec<What>) -> Result<(), Refusal> {
        let all = proof.used.clone().into_iter().chain(changes);
        match self.change(&proof.account.name, all.collect()).await {
            Ok(()) => {
                lock(&self.failures).forgive(&proof.who);
                Ok(())
            }
            Err(refusal) if refusal.code == RefusalCode::CODE_WRONG => {
                self.doubt(&proof, RefusalCode::CODE_WRONG).await
            }
            Err(refusal) => {
                self.was_no_guess(&proof);
                Err(refusal)
            }
        }
    }

    /// What `proof` was given for is not done, for another reason than the proof.
    pub(crate) fn was_no_guess(&self, proof: &Proof) {
        lock(&self.failures).take_back(&proof.who);
    }

    async fn doubt<T>(&self, proof: &Proof, code: RefusalCode) -> Result<T, Refusal> {
        let refused = What::OwnProofRefused {
            account: proof.account.clone(),
            address: proof.address,
        };
        self.note(&proof.account.name, refused).await;
        Err(code.into())
    }

    /// What a code uses up. Whether it was used before says the store.
    fn use_of(&self, code: &Code, secret: &FactorSecret, account: Named) -> What {
        let seconds = self.clock.now().unix_millis.div_euclid(1000);
        match second_factor::step_of(secret, &code.0, seconds) {
            Some(step) => What::CodeUsed { account, step },
            None => What::RecoveryCodeUsed {
                account,
                code: people::hash_recovery_code(&code.0),
            },
        }
    }

    /// Waits its turn, and counts a try; the permit is for what takes a core.
    async fn begin(
        &self,
        user: &Name,
        address: IpAddr,
    ) -> Result<(Try, SemaphorePermit<'_>), Refusal> {
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
        let permit = permit.map_err(|_closed| Refusal::from(RefusalCode::INTERNAL))?;
        Ok((who, permit))
    }

    /// The password is right. The try counts as wrong until a code is right too, where one is wanted.
    async fn opened(&self, found: Credentials, entering: Entering) -> Result<Entry, Refusal> {
        let account = &found.account;
        let rule = found.rules.second_factor;
        if let Err(denied) = may(account.into(), entering.action, Object::Hub) {
            let code = match denied {
                Denied::Disabled => RefusalCode::ACCOUNT_DISABLED,
                Denied::NotTheirs
                | Denied::OtherGroup
                | Denied::Finished
                | Denied::NotPermitted
                | Denied::NoSense => RefusalCode::NOT_ALLOWED,
            };
            return self.refuse(&account.name, &entering, code).await;
        }
        match found.second_factor.clone() {
            Some(secret) if rule != SecondFactorRule::Off => Ok(Entry::CodeWanted(Half {
                entering,
                found,
                secret,
            })),
            None if people::needs_second_factor(rule, account.permissions) => {
                let code = RefusalCode::SECOND_FACTOR_MISSING;
                self.refuse(&account.name, &entering, code).await
            }
            _ => self.let_in(found, entering).await.map(Entry::In),
        }
    }

    async fn let_in(&self, found: Credentials, entering: Entering) -> Result<Account, Refusal> {
        let Entering {
            who,
            address,
            action,
        } = &entering;
        let name = found.account.name;
        let account = found.account.id;
        let address = *address;
        self.note(&name, What::LoggedIn { account, address }).await;
        lock(&self.entered).insert(account, found.hash.clone());
        // it may have been changed meanwhile, and who watches for that has not seen this one
        let now = self.credentials(&Name::cut(name.as_str())).await?;
        let still = now.filter(|now| {
            let may_enter = may((&now.account).into(), *action, Object::Hub).is_ok();
            now.hash == found.hash && may_enter
        });
        let Some(still) = still else {
            let code = RefusalCode::WRONG_CREDENTIALS;
            return self.refuse(&name, &entering, code).await;
        };
        self.known.remember(&who.account, who.neighbour);
        lock(&self.failures).forgive(who);
        Ok(still.account)
    }

    /// The password with which somebody logged in to `account`, until that account is watched.
    pub(crate) fn entered_with(&self, account: AccountId) -> Option<PasswordHash> {
        lock(&self.entered).get(&account).cloned()
    }

    /// Whoever logs in to one of these accounts is watched from now on.
    pub(crate) fn watched(&self, accounts: &BTreeMap<AccountId, PasswordHash>) {
        lock(&self.entered).retain(|account, _| !accounts.contains_key(account));
    }

    async fn refuse<T>(
        &self,
        name: &str,
        entering: &Entering,
        code: RefusalCode,
    ) -> Result<T, Refusal> {
        let address = entering.address;
        self.note(name, What::LogInRefused { address }).await;
        Err(code.into())
    }

    /// Somebody came back, from `address`, to the place where `login` is logged in.
    pub(crate) fn is_at_home(&self, login: &str, address: IpAddr) {
        self.known.remember(&name_key(login), address.into());
    }

    async fn credentials(&self, user: &Name) -> Result<Option<Credentials>, Refusal> {
        let found = self.store.credentials(user.to_string()).await;
        found.map_err(|error| {
            log_store_error(&error);
            RefusalCode::INTERNAL.into()
        })
    }

    /// Makes all these changes, or none.
    async fn change(&self, actor: &str, changes: Vec<What>) -> Result<(), Refusal> {
        let actor = Actor::Account(actor.to_owned());
        let changes = changes.into_iter().map(|what| Change {
            actor: actor.clone(),
            what,
        });
        let batch = Batch {
            at_unix_millis: self.clock.now().unix_millis,
            changes: changes.collect(),
        };
        self.store.apply(batch).await.map_err(|error| {
            log_store_error(&error);
            error.code().into()
        })
    }

    async fn note(&self, actor: &str, what: What) {
        if let Some((action, detail)) = what.describe() {
            let action = action.code();
            if !matches!(what, What::LogInRefused { .. }) {
                tracing::info!(?actor, action, %detail, "Desk");
            } else if let Some(left_out) = self.log.may_write() {
                tracing::info!(?actor, action, %detail, left_out, "Desk");
            }
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
