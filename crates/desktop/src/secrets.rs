//! Remembered passwords.
//!
//! They go into the store of the desktop (Secret Service, Keychain, Credential Manager). Where there
//! is none, and for a portable program, they go into a file that only the account can read: whoever
//! holds that file holds the passwords, and the window says so. No key is derived from the machine;
//! that would look safe and be none.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::folders::Folders;

/// Who keeps the passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// The password store of the desktop.
    Store,
    /// A file that only this account reads; its holder can log in.
    File,
}

/// A password could not be kept, found or forgotten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    #[error("the password store refused: {reason}")]
    Store { reason: String },
    #[error("the password file {path} cannot be used", path = path.display())]
    File { path: PathBuf, source: io::Error },
}

/// The remembered passwords of one program.
///
/// Calls may block while the desktop asks its user to unlock the store: never on a GUI thread.
#[derive(Clone)]
pub struct Secrets {
    service: String,
    file: PathBuf,
    keeper: Keeper,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("keeper", &self.keeper)
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// The passwords of the program `service`; looks whether the desktop has a store. What was kept in
    /// the file while there was none moves into it.
    pub fn open(service: &str, folders: &Folders) -> Self {
        let stored = !folders.are_portable() && keyring::Entry::store_status().is_ok();
        let keeper = if stored { Keeper::Store } else { Keeper::File };
        let secrets = Self {
            service: service.to_owned(),
            file: folders.config().join("secrets.json"),
            keeper,
        };
        if keeper == Keeper::Store
            && let Err(error) = secrets.empty_file(|name, secret| secrets.remember(name, secret))
        {
            tracing::warn!(%error, "The password file stays");
        }
        secrets
    }

    /// Hands everything in the file to `keep`; the file goes when all is kept.
    fn empty_file(
        &self,
        mut keep: impl FnMut(&str, &str) -> Result<(), SecretError>,
    ) -> Result<(), SecretError> {
        for (name, secret) in self.read_file()? {
            keep(&name, &secret)?;
        }
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.file_error(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Who keeps them.
    pub fn keeper(&self) -> Keeper {
        self.keeper
    }

    /// Remembers `secret` under `name`.
    ///
    /// # Errors
    ///
    /// [`SecretError`]; what was remembered before may still be.
    pub fn remember(&self, name: &str, secret: &str) -> Result<(), SecretError> {
        match self.keeper {
            Keeper::Store => self
                .entry(name)?
                .set_password(secret)
                .map_err(|error| store_error(&error)),
            Keeper::File => {
                let mut all = self.read_file()?;
                all.insert(name.to_owned(), secret.to_owned());
                self.write_file(&all)
            }
        }
    }

    /// What was remembered under `name`.
    ///
    /// # Errors
    ///
    /// [`SecretError`] if the store or the file cannot be used.
    pub fn recall(&self, name: &str) -> Result<Option<String>, SecretError> {
        match self.keeper {
            Keeper::Store => match self.entry(name)?.get_password() {
                Ok(secret) => Ok(Some(secret)),
                Err(keyring::Error::NoEntry) => Ok(None),
                Err(error) => Err(store_error(&error)),
            },
            Keeper::File => Ok(self.read_file()?.remove(name)),
        }
    }

    /// Forgets what was remembered under `name`, if anything was.
    ///
    /// # Errors
    ///
    /// [`SecretError`] if it may still be remembered.
    pub fn forget(&self, name: &str) -> Result<(), SecretError> {
        match self.keeper {
            Keeper::Store => match self.entry(name)?.delete_credential() {
                Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
                Err(error) => Err(store_error(&error)),
            },
            Keeper::File => {
                let mut all = self.read_file()?;
                if all.remove(name).is_some() {
                    self.write_file(&all)
                } else {
                    Ok(())
                }
            }
        }
    }

    fn entry(&self, name: &str) -> Result<keyring::Entry, SecretError> {
        keyring::Entry::new(&self.service, name).map_err(|error| store_error(&error))
    }

    fn read_file(&self) -> Result<BTreeMap<String, String>, SecretError> {
        match fs::read_to_string(&self.file) {
            Ok(text) => serde_json::from_str(&text).or_else(|error| {
                // as with settings: set aside, so that remembering works again (E4)
                tracing::warn!(line = error.line(), "Password file does not parse");
                fs::rename(&self.file, self.file.with_extension("json.broken"))
                    .map(|()| BTreeMap::new())
                    .map_err(|source| self.file_error(source))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(source) => Err(self.file_error(source)),
        }
    }

    fn write_file(&self, all: &BTreeMap<String, String>) -> Result<(), SecretError> {
        let text = serde_json::to_string(all).map_err(|error| self.file_error(error.into()))?;
        private_file::replace(&self.file, text.as_bytes()).map_err(|error| self.file_error(error))
    }

    fn file_error(&self, source: io::Error) -> SecretError {
        SecretError::File {
            path: self.file.clone(),
            source,
        }
    }
}

fn store_error(error: &keyring::Error) -> SecretError {
    SecretError::Store {
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_file() -> (tempfile::TempDir, Secrets) {
        let folder = tempfile::tempdir().expect("a folder");
        let secrets = Secrets {
            service: "test".to_owned(),
            file: folder.path().join("secrets.json"),
            keeper: Keeper::File,
        };
        (folder, secrets)
    }

    #[test]
    fn a_password_is_remembered_and_forgotten() {
        let (_folder, secrets) = in_file();
        assert_eq!(secrets.recall("hub").expect("readable"), None);
        secrets.remember("hub", "pässword").expect("kept");
        secrets.remember("proxy", "other").expect("kept");
        assert_eq!(
            secrets.recall("hub").expect("readable").as_deref(),
            Some("pässword")
        );
        secrets.forget("hub").expect("forgotten");
        secrets.forget("hub").expect("nothing to forget");
        assert_eq!(secrets.recall("hub").expect("readable"), None);
        assert_eq!(
            secrets.recall("proxy").expect("readable").as_deref(),
            Some("other")
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_password_file_is_private() {
        use std::os::unix::fs::PermissionsExt as _;

        let (_folder, secrets) = in_file();
        secrets.remember("hub", "secret").expect("kept");
        let mode = fs::metadata(&secrets.file)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_password_file_goes_when_a_store_takes_all_of_it() {
        let (_folder, secrets) = in_file();
        secrets.remember("hub", "first").expect("kept");
        secrets.remember("proxy", "second").expect("kept");
        let refuses = |name: &str, _: &str| match name {
            "hub" => Ok(()),
            _ => Err(SecretError::Store {
                reason: "locked".to_owned(),
            }),
        };
        secrets.empty_file(refuses).expect_err("not all is kept");
        let kept = secrets.recall("proxy").expect("readable");
        assert_eq!(kept.as_deref(), Some("second"), "nothing is lost");

        let mut store = BTreeMap::new();
        let takes = |name: &str, secret: &str| {
            store.insert(name.to_owned(), secret.to_owned());
            Ok(())
        };
        secrets.empty_file(takes).expect("moved");
        let [hub, proxy] = ["hub", "proxy"].map(|name| store.get(name).map(String::as_str));
        assert_eq!((hub, proxy), (Some("first"), Some("second")));
        assert!(!secrets.file.exists());
        secrets
            .empty_file(|_, _| panic!("there is nothing"))
            .expect("there is no file either");
    }

    #[test]
    fn e4_a_broken_password_file_is_set_aside() {
        let (_folder, secrets) = in_file();
        fs::write(&secrets.file, "{broken").expect("written");
        assert_eq!(secrets.recall("hub").expect("readable"), None);
        secrets.remember("hub", "again").expect("kept");
        assert!(secrets.file.with_extension("json.broken").exists());
    }

    #[test]
    fn nothing_that_is_remembered_shows_in_logs() {
        let (_folder, secrets) = in_file();
        secrets.remember("hub", "hunter2").expect("kept");
        assert!(!format!("{secrets:?}").contains("hunter2"));
    }
}
