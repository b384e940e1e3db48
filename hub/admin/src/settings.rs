//! What the window remembers from run to run. Passwords are not among it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use desktop::{SettingsFile, WindowPlace};
use serde::{Deserialize, Serialize};
use ui_kit::{Lang, TextSize, ThemeChoice};

use crate::link::Wake;

/// Settings of the administrator's window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The hub's address as it was typed.
    pub hub: String,
    /// The hub's fingerprint, 64 hexadecimal digits.
    pub fingerprint: String,
    pub user: String,
    /// `None` follows the system.
    pub language: Option<Lang>,
    pub theme: ThemeChoice,
    pub text_size: TextSize,
    pub window: Option<WindowPlace>,
}

impl Settings {
    pub fn lang(&self) -> Lang {
        self.language.unwrap_or_else(Lang::from_system)
    }
}

/// Saves settings on a thread of its own, the newest ones. Dropping it waits until they are saved.
#[derive(Debug)]
pub struct Saver {
    newest: Arc<Mutex<Option<Settings>>>,
    /// One place: whoever takes it finds the newest.
    bell: Option<mpsc::SyncSender<()>>,
    problem: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Saver {
    /// Saves to `file`; `wake` is called when that failed.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(file: SettingsFile, wake: Wake) -> io::Result<Self> {
        let newest = Arc::new(Mutex::new(None));
        let problem = Arc::new(Mutex::new(None));
        let (bell, rung) = mpsc::sync_channel(1);
        let (given, told) = (Arc::clone(&newest), Arc::clone(&problem));
        let work = move || {
            while let Ok(()) = rung.recv() {
                let settings = lock(&given).take();
                let saved = settings.map(|settings: Settings| file.save(&settings));
                if let Some(Err(error)) = saved {
                    *lock(&told) = Some(error.to_string());
                    wake();
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("settings".to_owned())
            .spawn(work)?;
        Ok(Self {
            newest,
            bell: Some(bell),
            problem,
            thread: Some(thread),
        })
    }

    pub fn save(&self, settings: &Settings) {
        *lock(&self.newest) = Some(settings.clone());
        // where it was rung already, the newest ones are found
        if let Some(bell) = &self.bell
            && let Err(mpsc::TrySendError::Disconnected(())) = bell.try_send(())
        {
            tracing::error!("The thread that saves settings failed");
        }
    }

    /// Why the last ones were not saved, once.
    pub fn problem(&self) -> Option<String> {
        lock(&self.problem).take()
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        self.bell = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread that saves settings failed");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(user: &str) -> Settings {
        Settings {
            user: user.to_owned(),
            ..Settings::default()
        }
    }

    #[test]
    fn the_last_settings_are_on_the_disk_when_the_window_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = SettingsFile::in_folder(folder.path());
        let wake: Wake = Arc::new(|| {});
        let saver = Saver::start(file.clone(), wake).expect("started");
        for user in ["anna", "bruno", "chiara"] {
            saver.save(&named(user));
        }
        assert_eq!(saver.problem(), None);
        drop(saver);
        let saved = std::fs::read_to_string(file.path()).expect("saved");
        assert!(saved.contains("chiara"), "{saved}");
    }

    #[test]
    fn a_disk_that_refuses_is_told_of() {
        let folder = tempfile::tempdir().expect("a folder");
        let blocked = folder.path().join("file");
        std::fs::write(&blocked, "").expect("written");
        let (woken, wakes) = mpsc::sync_channel(1);
        let wake: Wake = Arc::new(move || woken.try_send(()).unwrap_or(()));
        let file = SettingsFile::in_folder(&blocked);
        let saver = Saver::start(file, wake).expect("started");
        saver.save(&named("anna"));
        let patience = std::time::Duration::from_secs(10);
        wakes.recv_timeout(patience).expect("woken");
        assert!(saver.problem().is_some());
    }
}
