//! Where a program keeps what is its own.
//!
//! In this order: the folder named by `PHD_PROFILE_DIR`; the folder `portable` beside the program, where
//! there is one (O1); the folders the platform has for a program's settings and data.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use protocol::browse::FolderPlace;

/// Names a folder that holds everything, for tests and for several profiles on one machine.
pub const PROFILE_VARIABLE: &str = "PHD_PROFILE_DIR";
/// The folder beside a program that makes it portable: everything is kept in it and goes along.
pub const PORTABLE_FOLDER: &str = "portable";

/// A folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoldersError {
    #[error("this account has no home folder")]
    NoHome,
    #[error("cannot create the folder {path}", path = path.display())]
    Create { path: PathBuf, source: io::Error },
}

/// The folders of one program. They exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    config: PathBuf,
    data: PathBuf,
    own: bool,
}

impl Folders {
    /// Finds and creates the folders of the program `app` (a name without spaces).
    ///
    /// # Errors
    ///
    /// [`FoldersError`] where the account has no home or a folder cannot be created.
    pub fn find(app: &str) -> Result<Self, FoldersError> {
        let profile = env::var_os(PROFILE_VARIABLE).filter(|value| !value.is_empty());
        let executable = env::current_exe().ok();
        let beside = executable.as_deref().and_then(Path::parent);
        Self::choose(app, profile.map(PathBuf::from), beside)
    }

    fn choose(
        app: &str,
        profile: Option<PathBuf>,
        beside_program: Option<&Path>,
    ) -> Result<Self, FoldersError> {
        let portable = beside_program
            .map(|folder| folder.join(PORTABLE_FOLDER))
            .filter(|portable| portable.is_dir());
        let folders = if let Some(own) = profile.or(portable) {
            let own = own.join(app);
            Self {
                config: own.clone(),
                data: own,
                own: true,
            }
        } else {
            let platform = directories::ProjectDirs::from("org", "Pure Help Desk", app)
                .ok_or(FoldersError::NoHome)?;
            Self {
                config: platform.config_dir().to_owned(),
                data: platform.data_local_dir().to_owned(),
                own: false,
            }
        };
        for path in [&folders.config, &folders.data] {
            private_file::make_folder(path).map_err(|source| FoldersError::Create {
                path: path.clone(),
                source,
            })?;
        }
        Ok(folders)
    }

    /// For settings.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// For everything else.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where its person looks for what arrived; it may have to be made.
    pub fn downloads(&self) -> PathBuf {
        let person = directories::UserDirs::new().filter(|_| !self.own);
        let known = person.as_ref().and_then(|dirs| dirs.download_dir());
        known.map_or_else(|| self.data.join("Downloads"), Path::to_owned)
    }

    /// Whether everything lies in one folder that can be carried away, so that secrets belong there
    /// too and not into the store of the machine.
    pub fn are_portable(&self) -> bool {
        self.own
    }
}

/// Where people begin to look on this computer, as far as there are such folders.
pub fn places() -> Vec<(FolderPlace, PathBuf)> {
    let mut places = Vec::new();
    if let Some(person) = directories::UserDirs::new() {
        let known = [
            (FolderPlace::Home, Some(person.home_dir())),
            (FolderPlace::Desktop, person.desktop_dir()),
            (FolderPlace::Documents, person.document_dir()),
            (FolderPlace::Downloads, person.download_dir()),
        ];
        for (place, path) in known {
            places.extend(path.map(|path| (place, path.to_owned())));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_folder_goes_before_everything_else() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(PORTABLE_FOLDER)).expect("a folder");
        let profile = folder.path().join("profile");
        let folders = Folders::choose("console", Some(profile.clone()), Some(folder.path()))
            .expect("folders");
        assert_eq!(folders.config(), profile.join("console"));
        assert!(folders.are_portable());
        assert!(folders.data().is_dir());
    }

    #[test]
    fn o1_a_folder_beside_the_program_keeps_everything_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let portable = folder.path().join(PORTABLE_FOLDER);
        std::fs::create_dir(&portable).expect("a folder");
        let folders = Folders::choose("console", None, Some(folder.path())).expect("folders");
        assert_eq!(folders.data(), portable.join("console"));
        assert_eq!(
            folders.downloads(),
            portable.join("console").join("Downloads")
        );
        assert!(folders.are_portable());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        let error =
            Folders::choose("x", Some(file.clone()), None).expect_err("a file is no folder");
        assert!(
            error.to_string().contains(&file.display().to_string()),
            "{error}"
        );
    }
}
