//! The user's yes to their desktop's own question, kept for the next session if they wish so: its token is a secret,
//! and lies where the desktop keeps passwords, or else in a file that only the account can read. The program that takes
//! the pictures there keeps it; see [`kept_apart`].

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use desktop::{Folders, Keeper, kept_apart};
use host_engine::lasting_yes;

use crate::backend::Wake;

/// The program that keeps it, beside this one.
const KEEPER: &str = "helpme-screencast";
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
    /// Without `folders` of this program nothing is kept. `was_kept` says that something was when it ran last: no
    /// store is opened where nothing is in it. `wake` is called when [`Self::look`] gives something else.
    pub fn new(folders: Option<&Folders>, was_kept: bool, wake: Wake) -> Self {
        let kept = Arc::new(AtomicU8::new(NOTHING));
        if cfg!(any(target_os = "linux", target_os = "freebsd")) && folders.is_some() {
            let started = start(was_kept, Arc::clone(&kept), wake);
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

fn start(was_kept: bool, kept: Arc<AtomicU8>, wake: Wake) -> std::io::Result<()> {
    let keeper = std::env::current_exe()?.with_file_name(KEEPER);
    let (changes, changed) = sync_channel::<Option<String>>(MOST_WAITING);
    thread::Builder::new()
        .name("lasting-yes".to_owned())
        .spawn(move || {
            if was_kept {
                match kept_apart::recall(&keeper) {
                    Ok(Some((by, token))) => {
                        lasting_yes::recall(token.to_string());
                        kept.store(place(by), Ordering::Relaxed);
                        wake();
                    }
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "The desktop will ask again"),
                }
            }
            while let Ok(token) = changed.recv() {
                match keep(&keeper, token.as_deref()) {
                    Ok(now) => {
                        kept.store(now, Ordering::Relaxed);
                        wake();
                    }
                    Err(error) => tracing::warn!(%error, "The desktop's yes stays as it was"),
                }
            }
        })?;
    lasting_yes::keep_with(keeping(changes));
    Ok(())
}

/// Keeps `token`, or forgets the one that was kept; where it lies then.
fn keep(keeper: &Path, token: Option<&str>) -> std::io::Result<u8> {
    match token {
        Some(token) => kept_apart::remember(keeper, token).map(place),
        None => kept_apart::forget(keeper).map(|()| NOTHING),
    }
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
