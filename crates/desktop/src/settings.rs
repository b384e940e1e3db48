//! Settings as a JSON file that a person can read and repair.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest settings file that is read, in bytes; a larger one is broken.
pub const MAX_SETTINGS_BYTES: u64 = 1024 * 1024;

/// The settings could not be saved; those on the disk stand.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    #[error("the settings have no JSON form")]
    Form(#[source] serde_json::Error),
    #[error("cannot write {path}", path = path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// Why the settings on the disk were not taken (E4).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadProblem {
    /// The file does not parse. It was renamed to `moved_to`, so nothing in it is lost.
    Broken { reason: String, moved_to: PathBuf },
    /// The file is there but cannot be read (or moved aside); it was left as it is.
    Unreadable { reason: String },
}

/// Settings as they are to be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<T> {
    pub settings: T,
    /// Set when `settings` are the defaults because the file could not be used.
    pub problem: Option<LoadProblem>,
}

/// One settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFile {
    path: PathBuf,
}

impl SettingsFile {
    /// The file `settings.json` in `folder`.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join("settings.json"),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the settings; the defaults where there is no file yet, or no sound one.
    ///
    /// Give the type `#[serde(default)]`, so that a file of an older version still reads.
    pub fn load<T: Default + DeserializeOwned>(&self) -> Loaded<T> {
        match self.read() {
            Ok(None) => Loaded {
                settings: T::default(),
                problem: None,
            },
            Ok(Some(text)) => match serde_json::from_str(&text) {
                Ok(settings) => Loaded {
                    settings,
                    problem: None,
                },
                Err(error) => self.defaults_for_broken(error.to_string()),
            },
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                self.defaults_for_broken(error.to_string())
            }
            Err(error) => {
                let problem = LoadProblem::Unreadable {
                    reason: error.to_string(),
                };
                Loaded {
                    settings: T::default(),
                    problem: Some(problem),
                }
            }
        }
    }

    /// Writes the settings; blocks until they are on the disk.
    ///
    /// # Errors
    ///
    /// [`SaveError`]; the file is as it was then.
    pub fn save<T: Serialize>(&self, settings: &T) -> Result<(), SaveError> {
        let mut text = serde_json::to_string_pretty(settings).map_err(SaveError::Form)?;
        text.push('\n');
        private_file::replace(&self.path, text.as_bytes()).map_err(|source| SaveError::Write {
            path: self.path.clone(),
            source,
        })
    }

    fn read(&self) -> io::Result<Option<String>> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(found) if found.len() > MAX_SETTINGS_BYTES => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the file is too large",
                ));
            }
            Ok(_) => {}
        }
        fs::read_to_string(&self.path).map(Some)
    }

    fn defaults_for_broken<T: Default>(&self, reason: String) -> Loaded<T> {
        let moved_to = self.path.with_extension("json.broken");
        let problem = match fs::rename(&self.path, &moved_to) {
            Ok(()) => LoadProblem::Broken { reason, moved_to },
            Err(error) => LoadProblem::Unreadable {
                reason: format!("{reason}; {error}"),
            },
        };
        tracing::warn!(?problem, "Settings not taken");
        Loaded {
            settings: T::default(),
            problem: Some(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    struct Sample {
        server: String,
        port: u16,
    }

    impl Default for Sample {
        fn default() -> Self {
            Self {
                server: String::new(),
                port: 443,
            }
        }
    }

    fn file() -> (tempfile::TempDir, SettingsFile) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = SettingsFile::in_folder(folder.path());
        (folder, file)
    }

    #[test]
    fn settings_come_back_as_they_were_saved() {
        let (_folder, file) = file();
        let saved = Sample {
            server: "hub.example.org".to_owned(),
            port: 8080,
        };
        file.save(&saved).expect("saved");
        assert_eq!(
            file.load(),
            Loaded {
                settings: saved,
                problem: None
            }
        );
    }

    #[test]
    fn without_a_file_the_defaults_hold_and_nothing_is_wrong() {
        let (_folder, file) = file();
        assert_eq!(
            file.load(),
            Loaded {
                settings: Sample::default(),
                problem: None
            }
        );
    }

    #[test]
    fn a_file_of_an_older_version_keeps_what_it_knows() {
        let (_folder, file) = file();
        fs::write(file.path(), r#"{"server":"old","gone":1}"#).expect("written");
        let loaded: Loaded<Sample> = file.load();
        assert_eq!(
            loaded.settings,
            Sample {
                server: "old".to_owned(),
                port: 443
            }
        );
    }

    #[test]
    fn e4_a_broken_file_is_set_aside_with_all_that_is_in_it() {
        let not_text = [0xff, 0xfe, 0x00];
        for broken in [
            b"{\"server\": ".as_slice(),
            b"[1]",
            b"{\"port\":70000}",
            &not_text,
        ] {
            let (_folder, file) = file();
            fs::write(file.path(), broken).expect("written");
            let loaded: Loaded<Sample> = file.load();
            assert_eq!(loaded.settings, Sample::default());
            let Some(LoadProblem::Broken { moved_to, .. }) = loaded.problem else {
                panic!("expected a broken file, got {:?}", loaded.problem);
            };
            assert_eq!(fs::read(moved_to).expect("kept"), broken);
            file.save(&Sample::default()).expect("saved beside it");
        }
    }
}
