//! The user's yes to their desktop's own question, kept for the next session if they wish so: its token is a secret,
//! and lies where the desktop keeps passwords, or else in a file that only the account can read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use desktop::{Folders, Keeper, Secrets};
use host_engine::lasting_yes;

use crate::backend::Wake;

/// Whose secrets these are, and what the one is called.
const SERVICE: &str = "helpme";
const NAME: &str = "desktop's yes";
/// Changes that may wait; the last one alone is of use, and there are some in an hour.
const MOST_WAITING: usize = 16;

/// Whether the desktop asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastingYes {
    /// It does not ask, or there is no way to keep it from asking.
    #[default]
    NotOffered,
    /// It asks each time, and need not.
    Asks,
    /// It does not; the desktop's store has the token.
    InStore,
    /// It does not; a file has the token.
    InFile,
}

impl LastingYes {
    /// Whether the desktop will not ask.
    pub fn is_kept(self) -> bool {
        matches!(self, Self::InStore | Self::InFile)
    }
}

/// Keeps the token on a thread of its own, since a desktop may have its user unlock the store.
#[derive(Debug)]
pub struct LastingDesk {
    /// What is kept: [`NOTHING`] or one of the others.
    kept: Arc<AtomicU8>,
}

const NOTHING: u8 = 0;
const IN_STORE: u8 = 1;
const IN_FILE: u8 = 2;

impl LastingDesk {
    /// Without `folders` nothing is kept. `was_kept` says that something was when this program ran last: no store is
    /// opened where nothing is in it. `wake` is called when [`Self::look`] gives something else.
    pub fn new(folders: Option<Folders>, was_kept: bool, wake: Wake) -> Self {
        let kept = Arc::new(AtomicU8::new(NOTHING));
        if cfg!(any(target_os = "linux", target_os = "freebsd"))
            && let Some(folders) = folders
        {
            let started = start(folders, was_kept, Arc::clone(&kept), wake);
            if let Err(error) = started {
                tracing::warn!(%error, "The desktop's yes is not kept");
            }
        }
        Self { kept }
    }

    /// How it is now; never waits.
    pub fn look(&self) -> LastingYes {
        match self.kept.load(Ordering::Relaxed) {
            IN_STORE => LastingYes::InStore,
            IN_FILE => LastingYes::InFile,
            _ if lasting_yes::is_offered() => LastingYes::Asks,
            _ => LastingYes::NotOffered,
        }
    }

    /// The user does not want to be asked again after the next yes, or wants to be; never waits.
    pub fn want(&self, is_wanted: bool) {
        lasting_yes::want(is_wanted);
    }
}

fn start(folders: Folders, was_kept: bool, kept: Arc<AtomicU8>, wake: Wake) -> std::io::Result<()> {
    let (changes, changed) = sync_channel::<Option<String>>(MOST_WAITING);
    thread::Builder::new()
        .name("lasting-yes".to_owned())
        .spawn(move || {
            let mut secrets = None;
            if was_kept {
                let opened = secrets.insert(Secrets::open(SERVICE, &folders));
                match opened.recall(NAME) {
                    Ok(Some(token)) => {
                        lasting_yes::recall(token);
                        kept.store(place(opened.keeper()), Ordering::Relaxed);
                        wake();
                    }
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "The desktop will ask again"),
                }
            }
            while let Ok(token) = changed.recv() {
                let secrets = secrets.get_or_insert_with(|| Secrets::open(SERVICE, &folders));
                let done = match &token {
                    Some(token) => secrets.remember(NAME, token),
                    None => secrets.forget(NAME),
                };
                let now = match done {
                    Ok(()) if token.is_some() => place(secrets.keeper()),
                    Ok(()) => NOTHING,
                    Err(error) => {
                        tracing::warn!(%error, "The desktop's yes stays as it was");
                        continue;
                    }
                };
                kept.store(now, Ordering::Relaxed);
                wake();
            }
        })?;
    lasting_yes::keep_with(keeping(changes));
    Ok(())
}

fn keeping(changes: SyncSender<Option<String>>) -> impl Fn(Option<String>) + Send + Sync {
    move |token| match changes.try_send(token) {
        Ok(()) => {}
        Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
            tracing::warn!("Nobody keeps the desktop's yes");
        }
    }
}

fn place(keeper: Keeper) -> u8 {
    match keeper {
        Keeper::Store => IN_STORE,
        Keeper::Sealed | Keeper::Locked | Keeper::File => IN_FILE,
    }
}
