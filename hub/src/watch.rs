//! Makes what was changed in the accounts true for those who are signed in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Refusal, RefusalCode};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::catalogue::{AccountId, Accounts, PasswordHash};
use crate::connection::{Closed, Desk};
use crate::registry::{Event, log_store_error};

/// How often to look whether the command line changed accounts.
const INTERVAL: Duration = Duration::from_secs(1);

/// Tells the watch that accounts were changed; the answer comes when the desk knows.
pub(crate) type Changed = mpsc::Sender<oneshot::Sender<()>>;

/// Watches the accounts until the hub goes down. `passwords` are those with which it started.
pub(crate) async fn watch_accounts(
    desk: Arc<Desk>,
    mut passwords: BTreeMap<AccountId, PasswordHash>,
    mut changed_here: mpsc::Receiver<oneshot::Sender<()>>,
) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (found, asker) = tokio::select! {
            _ = interval.tick() => (desk.store.changed_accounts().await, None),
            Some(asker) = changed_here.recv() => (desk.store.accounts().await.map(Some), Some(asker)),
        };
        match found {
            Ok(Some(accounts)) => {
                if tell(&desk, accounts, &mut passwords).await.is_none() {
                    return;
                }
            }
            Ok(None) => {}
            Err(error) => log_store_error(&error),
        }
        if let Some(asker) = asker
            && asker.send(()).is_err()
        {
            tracing::debug!("Whoever changed an account is gone");
        }
    }
}

/// Sends away whose accounts were closed, or have another password, or whose sign-in is to end; the others
/// may do what they may now. `None` if the hub goes down.
async fn tell(
    desk: &Desk,
    accounts: Accounts,
    passwords: &mut BTreeMap<AccountId, PasswordHash>,
) -> Option<()> {
    let before = std::mem::replace(passwords, accounts.passwords);
    let differs = |id: &AccountId, hash: &PasswordHash| {
        // an account may be so new that its first log-in came before this watch
        let before = before.get(id).cloned();
        let before = before.or_else(|| desk.logins.entered_with(*id));
        before.is_some_and(|before| before != *hash)
    };
    let (mut replaced, mut chosen) = (Vec::new(), Vec::new());
    for (id, hash) in passwords.iter() {
        // also where the account is so new that it was not seen before
        if let Some(stays) = desk.office.stays(*id, hash) {
            chosen.push((*id, stays));
        } else if differs(id, hash) {
            replaced.push(*id);
        }
    }
    desk.logins.watched(passwords);
    let closed = [
        (accounts.disabled, RefusalCode::ACCOUNT_DISABLED),
        (replaced, RefusalCode::PASSWORD_CHANGED),
    ];
    for (accounts, code) in closed {
        let refusal = Refusal::from(code);
        if !accounts.is_empty() {
            tell_administrators(desk, Closed::Accounts(accounts.clone(), refusal));
        }
        let event = Event::AccountsClosed(accounts, refusal);
        desk.registry.send(event).await.ok()?;
    }
    for (account, stays) in chosen {
        let refusal = RefusalCode::PASSWORD_CHANGED.into();
        tell_administrators(desk, Closed::Others(account, stays, refusal));
        let event = Event::OthersClosed(account, stays, refusal);
        desk.registry.send(event).await.ok()?;
    }
    for sign_in in accounts.over {
        let refusal = RefusalCode::SIGNED_OUT.into();
        tell_administrators(desk, Closed::SignIn(sign_in, refusal));
        let event = Event::SignInEnds(sign_in, refusal);
        desk.registry.send(event).await.ok()?;
    }
    let (done, was_done) = oneshot::channel();
    let event = Event::MembershipsChanged(accounts.memberships, accounts.hosts, done);
    desk.registry.send(event).await.ok()?;
    was_done.await.ok()
}

fn tell_administrators(desk: &Desk, closed: Closed) {
    // nobody listens where no administrator is signed in
    drop(desk.closed.send(closed));
}
