//! Remembered passwords.
//!
//! They go into the store of the desktop (Secret Service, Keychain, Credential Manager). Where there
//! is none, and for a portable program, they go into a file: one that opens with a passphrase ([`crate::sealed`])
//! where its person gives one, otherwise one that only the account can read. Whoever holds that holds the
//! passwords, and the window says so. No key is derived from the machine; that would look safe and be none.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::folders::Folders;
use crate::sealed::{MAX_FILE_BYTES, OpenError, Seal};

/// Fewest characters of a passphrase: whoever finds the file can guess for as long as they like.
pub const LEAST_PASSPHRASE_CHARS: usize = 10;

/// Who keeps the passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// The password store of the desktop.
    Store,
    /// A file that opens with a passphrase, which was given.
    Sealed,
    /// The same, and the passphrase was not given yet.
    Locked,
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
    #[error("the password file is sealed, and its passphrase was not given")]
    Locked,
    #[error("the passphrase does not open the password file")]
    WrongPassphrase,
    #[error("the password file {path} cannot be opened: {fault}", path = path.display())]
    Sealed { path: PathBuf, fault: OpenError },
}

/// Where they are now.
enum Place {
    Store,
    Sealed { seal: Seal, all: Passwords },
    Locked,
    File,
}

/// By their names.
type Passwords = BTreeMap<String, Zeroizing<String>>;

/// The remembered passwords of one program.
///
/// Calls may block while the desktop asks its user to unlock the store, or a passphrase is made into a key:
/// never on a GUI thread.
pub struct Secrets {
    service: String,
    file: PathBuf,
    sealed_file: PathBuf,
    /// The desktop has a store that is to be used.
    has_store: bool,
    place: Place,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("keeper", &self.keeper())
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// The passwords of the program `service`; looks whether the desktop has a store. What was kept in
    /// the account's own file while there was none moves into it.
    pub fn open(service: &str, folders: &Folders) -> Self {
        let has_store = !folders.are_portable() && keyring::Entry::store_status().is_ok();
        let secrets = Self::in_folder(service, folders.config(), has_store);
        if matches!(secrets.place, Place::Store)
            && let Err(error) =
                secrets.empty_file(|name, secret| secrets.keep_in_store(name, secret))
        {
            tracing::warn!(%error, "The password file stays");
        }
        secrets
    }

    fn in_folder(service: &str, folder: &Path, has_store: bool) -> Self {
        let sealed_file = folder.join("secrets.sealed");
        let place = if sealed_file.exists() {
            Place::Locked
        } else if has_store {
            Place::Store
        } else {
            Place::File
        };
        Self {
            service: service.to_owned(),
            file: folder.join("secrets.json"),
            sealed_file,
            has_store,
            place,
        }
    }

    /// Hands everything in the file to `keep`; the file goes when all is kept.
    fn empty_file(
        &self,
        mut keep: impl FnMut(&str, &str) -> Result<(), SecretError>,
    ) -> Result<(), SecretError> {
        for (name, secret) in self.read_file()? {
            keep(&name, &secret)?;
        }
        remove(&self.file)
    }

    /// Who keeps them.
    pub fn keeper(&self) -> Keeper {
        match self.place {
            Place::Store => Keeper::Store,
            Place::Sealed { .. } => Keeper::Sealed,
            Place::Locked => Keeper::Locked,
            Place::File => Keeper::File,
        }
    }

    /// Opens the sealed file. Takes some tenths of a second.
    ///
    /// # Errors
    ///
    /// [`SecretError::WrongPassphrase`], or what is wrong with the file; it stays as it is.
    pub fn unlock(&mut self, passphrase: &str) -> Result<(), SecretError> {
        let file = self.read_sealed()?;
        let (seal, content) = Seal::open(passphrase, &file).map_err(|fault| match fault {
            OpenError::Passphrase => SecretError::WrongPassphrase,
            OpenError::Form | OpenError::System => self.sealed_error(fault),
        })?;
        let all: BTreeMap<String, String> = serde_json::from_slice(&content)
            .map_err(|_not_ours| self.sealed_error(OpenError::Form))?;
        let mut all = zeroizing(all);
        // a crash left them while they were on their way into the sealed file, or out of it
        let beside = self.read_file()?;
        if !beside.is_empty() {
            all.extend(beside);
            self.write_sealed(&seal, &all)?;
        }
        remove(&self.file)?;
        self.place = Place::Sealed { seal, all };
        Ok(())
    }

    /// Seals what is kept in a file with `passphrase`, or with another one than before. The desktop's store
    /// needs none and stays what it is. Takes some tenths of a second.
    ///
    /// # Errors
    ///
    /// [`SecretError`]; what was kept is where it was.
    pub fn protect(&mut self, passphrase: &str) -> Result<(), SecretError> {
        let all = match &self.place {
            Place::Store => return Ok(()),
            Place::Locked => return Err(SecretError::Locked),
            Place::Sealed { all, .. } => all.clone(),
            Place::File => self.read_file()?,
        };
        let seal = Seal::new(passphrase).map_err(|fault| self.sealed_error(fault))?;
        self.write_sealed(&seal, &all)?;
        remove(&self.file)?;
        self.place = Place::Sealed { seal, all };
        Ok(())
    }

    /// Keeps what was sealed without a passphrase from now on.
    ///
    /// # Errors
    ///
    /// [`SecretError`]; it may still be sealed then.
    pub fn unprotect(&mut self) -> Result<(), SecretError> {
        let all = match &self.place {
            Place::Store | Place::File => return Ok(()),
            Place::Locked => return Err(SecretError::Locked),
            Place::Sealed { all, .. } => all.clone(),
        };
        if self.has_store {
            for (name, secret) in &all {
                self.keep_in_store(name, secret)?;
            }
        } else {
            self.write_file(&all)?;
        }
        remove(&self.sealed_file)?;
        self.place = self.without_seal();
        Ok(())
    }

    /// Forgets what is sealed, for whoever has forgotten the passphrase.
    ///
    /// # Errors
    ///
    /// [`SecretError`] if it may still be there.
    pub fn forget_sealed(&mut self) -> Result<(), SecretError> {
        remove(&self.sealed_file)?;
        self.place = self.without_seal();
        Ok(())
    }

    fn without_seal(&self) -> Place {
        if self.has_store {
            Place::Store
        } else {
            Place::File
        }
    }

    /// Remembers `secret` under `name`.
    ///
    /// # Errors
    ///
    /// [`SecretError`]; what was remembered before may still be.
    pub fn remember(&mut self, name: &str, secret: &str) -> Result<(), SecretError> {
        self.change(name, Some(secret))
    }

    /// Forgets what was remembered under `name`, if anything was.
    ///
    /// # Errors
    ///
    /// [`SecretError`] if it may still be remembered.
    pub fn forget(&mut self, name: &str) -> Result<(), SecretError> {
        self.change(name, None)
    }

    fn change(&mut self, name: &str, secret: Option<&str>) -> Result<(), SecretError> {
        let changed = match &self.place {
            Place::Store => {
                return match secret {
                    Some(secret) => self.keep_in_store(name, secret),
                    None => self.forget_in_store(name),
                };
            }
            Place::Locked => return Err(SecretError::Locked),
            Place::Sealed { seal, all } => {
                let Some(changed) = with(all.clone(), name, secret) else {
                    return Ok(());
                };
                self.write_sealed(seal, &changed)?;
                changed
            }
            Place::File => {
                let Some(changed) = with(self.read_file()?, name, secret) else {
                    return Ok(());
                };
                return self.write_file(&changed);
            }
        };
        if let Place::Sealed { all, .. } = &mut self.place {
            *all = changed;
        }
        Ok(())
    }

    /// What was remembered under `name`.
    ///
    /// # Errors
    ///
    /// [`SecretError`] if the store or the file cannot be used.
    pub fn recall(&self, name: &str) -> Result<Option<String>, SecretError> {
        let mut all = match &self.place {
            Place::Store => {
                return match self.entry(name)?.get_password() {
                    Ok(secret) => Ok(Some(secret)),
                    Err(keyring::Error::NoEntry) => Ok(None),
                    Err(error) => Err(store_error(&error)),
                };
            }
            Place::Locked => return Err(SecretError::Locked),
            Place::Sealed { all, .. } => all.clone(),
            Place::File => self.read_file()?,
        };
        Ok(all.remove(name).map(|secret| (*secret).clone()))
    }

    fn keep_in_store(&self, name: &str, secret: &str) -> Result<(), SecretError> {
        let kept = self.entry(name)?.set_password(secret);
        kept.map_err(|error| store_error(&error))
    }

    fn forget_in_store(&self, name: &str) -> Result<(), SecretError> {
        match self.entry(name)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(store_error(&error)),
        }
    }

    fn entry(&self, name: &str) -> Result<keyring::Entry, SecretError> {
        keyring::Entry::new(&self.service, name).map_err(|error| store_error(&error))
    }

    fn read_file(&self) -> Result<Passwords, SecretError> {
        match fs::read_to_string(&self.file) {
            Ok(text) => serde_json::from_str(&text).map(zeroizing).or_else(|error| {
                // as with settings: set aside, so that remembering works again (E4)
                tracing::warn!(line = error.line(), "Password file does not parse");
                fs::rename(&self.file, self.file.with_extension("json.broken"))
                    .map(|()| Passwords::new())
                    .map_err(|source| file_error(&self.file, source))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Passwords::new()),
            Err(source) => Err(file_error(&self.file, source)),
        }
    }

    fn write_file(&self, all: &Passwords) -> Result<(), SecretError> {
        let text = written(all).map_err(|error| file_error(&self.file, error))?;
        private_file::replace(&self.file, &text).map_err(|error| file_error(&self.file, error))
    }

    fn read_sealed(&self) -> Result<Vec<u8>, SecretError> {
        let read = || {
            let mut bytes = Vec::new();
            let most = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
            let file = fs::File::open(&self.sealed_file)?;
            // one byte more tells that it is too large
            file.take(most + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|error| file_error(&self.sealed_file, error))
    }

    fn write_sealed(&self, seal: &Seal, all: &Passwords) -> Result<(), SecretError> {
        let path = &self.sealed_file;
        let content = written(all).map_err(|error| file_error(path, error))?;
        let file = seal.seal(&content);
        let file = file.map_err(|fault| self.sealed_error(fault))?;
        private_file::replace(path, &file).map_err(|error| file_error(path, error))
    }

    fn sealed_error(&self, fault: OpenError) -> SecretError {
        SecretError::Sealed {
            path: self.sealed_file.clone(),
            fault,
        }
    }
}

fn remove(path: &Path) -> Result<(), SecretError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file_error(path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// `all` with that change, if it is one.
fn with(mut all: Passwords, name: &str, secret: Option<&str>) -> Option<Passwords> {
    match secret {
        Some(secret) => {
            all.insert(name.to_owned(), Zeroizing::new(secret.to_owned()));
        }
        None => {
            all.remove(name)?;
        }
    }
    Some(all)
}

fn zeroizing(all: BTreeMap<String, String>) -> Passwords {
    let all = all.into_iter();
    all.map(|(name, secret)| (name, Zeroizing::new(secret)))
        .collect()
}

fn written(all: &Passwords) -> io::Result<Zeroizing<Vec<u8>>> {
    let plain: BTreeMap<&str, &str> = all
        .iter()
        .map(|(name, secret)| (name.as_str(), secret.as_str()))
        .collect();
    Ok(Zeroizing::new(serde_json::to_vec(&plain)?))
}

fn file_error(path: &Path, source: io::Error) -> SecretError {
    SecretError::File {
        path: path.to_owned(),
        source,
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
        let secrets = Secrets::in_folder("test", folder.path(), false);
        (folder, secrets)
    }

    #[test]
    fn a_password_is_remembered_and_forgotten() {
        let (_folder, mut secrets) = in_file();
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

        let (_folder, mut secrets) = in_file();
        secrets.remember("hub", "secret").expect("kept");
        let mode = fs::metadata(&secrets.file)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_password_file_goes_when_a_store_takes_all_of_it() {
        let (_folder, mut secrets) = in_file();
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
        let (_folder, mut secrets) = in_file();
        fs::write(&secrets.file, "{broken").expect("written");
        assert_eq!(secrets.recall("hub").expect("readable"), None);
        secrets.remember("hub", "again").expect("kept");
        assert!(secrets.file.with_extension("json.broken").exists());
    }

    #[test]
    fn nothing_that_is_remembered_shows_in_logs() {
        let (_folder, mut secrets) = in_file();
        secrets.remember("hub", "hunter2").expect("kept");
        assert!(!format!("{secrets:?}").contains("hunter2"));
    }

    fn recalled(secrets: &Secrets, name: &str) -> Option<String> {
        secrets.recall(name).expect("readable")
    }

    #[test]
    fn o1_sealed_passwords_go_along_and_open_with_their_passphrase() {
        let (folder, mut secrets) = in_file();
        secrets.remember("hub", "hunter2").expect("kept");
        secrets.protect("correct horse").expect("sealed");
        assert_eq!(secrets.keeper(), Keeper::Sealed);
        secrets.remember("proxy", "other").expect("kept");
        assert!(!secrets.file.exists(), "nothing is left in the open");

        // carried to another path
        let elsewhere = tempfile::tempdir().expect("a folder");
        let name = "secrets.sealed";
        fs::copy(folder.path().join(name), elsewhere.path().join(name)).expect("copied");
        let mut moved = Secrets::in_folder("test", elsewhere.path(), false);
        assert_eq!(moved.keeper(), Keeper::Locked);
        assert!(matches!(moved.recall("hub"), Err(SecretError::Locked)));
        let refused = moved.remember("hub", "x");
        assert!(matches!(refused, Err(SecretError::Locked)));
        let wrong = moved.unlock("wrong horse");
        assert!(matches!(wrong, Err(SecretError::WrongPassphrase)));
        moved.unlock("correct horse").expect("opened");
        assert_eq!(recalled(&moved, "hub").as_deref(), Some("hunter2"));
        moved.forget("hub").expect("forgotten");
        moved.protect("another horse").expect("sealed anew");
        let mut again = Secrets::in_folder("test", elsewhere.path(), false);
        assert!(again.unlock("correct horse").is_err());
        again.unlock("another horse").expect("opened");
        assert_eq!(recalled(&again, "hub"), None);
        assert_eq!(recalled(&again, "proxy").as_deref(), Some("other"));

        again.unprotect().expect("without one again");
        assert_eq!(again.keeper(), Keeper::File);
        assert!(!again.sealed_file.exists());
        assert_eq!(recalled(&again, "proxy").as_deref(), Some("other"));
    }

    #[test]
    fn what_a_crash_left_in_the_open_is_sealed_with_the_next_unlocking() {
        let (folder, mut secrets) = in_file();
        secrets.remember("hub", "hunter2").expect("kept");
        let open = fs::read(&secrets.file).expect("there");
        secrets.protect("correct horse").expect("sealed");
        fs::write(&secrets.file, open).expect("written");
        let mut secrets = Secrets::in_folder("test", folder.path(), false);
        secrets.unlock("correct horse").expect("opened");
        assert!(!secrets.file.exists());
        assert_eq!(recalled(&secrets, "hub").as_deref(), Some("hunter2"));
    }

    #[test]
    fn e4_a_damaged_sealed_file_is_named_and_can_be_given_up() {
        let (folder, mut secrets) = in_file();
        secrets.protect("correct horse").expect("sealed");
        fs::write(&secrets.sealed_file, "not sealed").expect("written");
        let mut secrets = Secrets::in_folder("test", folder.path(), false);
        let told = secrets.unlock("correct horse").expect_err("damaged");
        assert!(told.to_string().contains("secrets.sealed"), "{told}");
        secrets.forget_sealed().expect("given up");
        assert_eq!(secrets.keeper(), Keeper::File);
        secrets.remember("hub", "again").expect("kept");
    }
}
