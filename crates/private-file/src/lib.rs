//! Files and folders for one account alone, written whole or not at all.
//!
//! A text is written to a new file beside its place, synced, put there in one step, and the folder
//! is synced too: after a crash or a power failure the old text is there or the new one, never a
//! mixture. What a killed writer left beside the place goes with the next write to it; a lock that
//! the system takes from the dead tells it apart from the work of a writer that is alive.
//!
//! Nothing is written through a symbolic link: who could plant one would choose what is overwritten.
//! Every call blocks for as long as the disk does.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(not(unix))]
#[path = "other.rs"]
mod platform;
#[cfg(windows)]
mod windows;

pub use platform::{close_to_others, mode_open_to_others, other_owner, sync_folder};
#[cfg(windows)]
pub use windows::close_to_users;

/// The ending of a file that is not in its place yet.
const DRAFT_END: &str = ".new";
/// How often to begin anew when somebody takes the draft away.
const TRIES: u32 = 8;

/// What became of a file that was to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is new.
    New,
    /// There was one already; it stands as it was.
    Kept,
}

/// Makes the folder `path`, and those above it, where they are missing; new ones are their owner's
/// alone. One that is there stays as it is: see [`mode_open_to_others`].
///
/// # Errors
///
/// Whatever the platform says.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    platform::private_folder(&mut builder);
    builder.create(path)
}

/// Opens the file at `path` for writing, or makes an empty one, private either way. For files that
/// somebody else fills, as `SQLite` does; all others belong to [`replace`] and [`create`].
///
/// # Errors
///
/// Whatever the platform says, also where `path` is a symbolic link.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = platform::options();
    let file = options.create(true).truncate(false).open(path)?;
    platform::make_private(&file)?;
    Ok(file)
}

/// Puts `bytes` in the place of the file at `path`, or makes it.
///
/// # Errors
///
/// Whatever the platform says, also where `path` is a symbolic link. The old file stands then,
/// unless the folder alone could not be synced.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    refuse_others(path)?;
    for _ in 0..TRIES {
        let draft = Draft::write(path, bytes)?;
        match platform::patiently(|| fs::rename(&draft.path, path)) {
            Ok(()) => {
                draft.placed();
                return sync_folder(folder_of(path));
            }
            Err(error) if draft.is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(taken_away())
}

/// Makes the file at `path` with `bytes` in it, unless there is one: of several that try at once,
/// one is first.
///
/// # Errors
///
/// Whatever the platform says, also where `path` is a symbolic link.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<Created> {
    refuse_others(path)?;
    for _ in 0..TRIES {
        let draft = Draft::write(path, bytes)?;
        match fs::hard_link(&draft.path, path) {
            Ok(()) => {
                drop(draft);
                sync_folder(folder_of(path))?;
                return Ok(Created::New);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Ok(Created::Kept);
            }
            Err(error) if draft.is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(taken_away())
}

fn taken_away() -> io::Error {
    io::Error::other("somebody takes the new file away each time")
}

/// Whatever is at `path` must be a file, if anything.
fn refuse_others(path: &Path) -> io::Result<()> {
    match platform::patiently(|| fs::symlink_metadata(path)) {
        Ok(found) if found.is_symlink() => Err(io::Error::other(
            "it is a symbolic link, through which nothing is written",
        )),
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

/// A file that is written and synced, but not in its place. It is removed when this is dropped.
struct Draft {
    path: PathBuf,
    /// Locked, so that other writers know that its own lives.
    _file: File,
}

impl Draft {
    fn write(target: &Path, bytes: &[u8]) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let folder = folder_of(target);
        remove_leftovers(folder, name)?;
        loop {
            let mut new = name.to_owned();
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            new.push(format!(".{}-{number}{DRAFT_END}", std::process::id()));
            let path = folder.join(new);
            let mut file = match platform::options().create_new(true).open(&path) {
                Ok(file) => file,
                // of a writer in another container, whose processes are numbered anew
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            // where there are no locks at all, nobody can take it for a left-over either
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                // that is what happens to it just now
                continue;
            }
            let written = platform::make_private(&file)
                .and_then(|()| file.write_all(bytes))
                .and_then(|()| file.sync_all());
            let draft = Self { path, _file: file };
            return written.map(|()| draft);
        }
    }

    fn placed(mut self) {
        self.path = PathBuf::new();
    }

    /// Whether `error` came because another writer had taken this for a left-over before it was
    /// locked.
    fn is_gone(&self, error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::NotFound && !self.path.exists()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // the failure that is reported is the first one
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Removes what killed writers of `name` left.
fn remove_leftovers(folder: &Path, name: &OsStr) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !is_draft(&entry.file_name(), name) {
            continue;
        }
        let Ok(file) = platform::options().open(entry.path()) else {
            // placed or removed meanwhile, or not ours
            continue;
        };
        if file.try_lock().is_ok() {
            match platform::patiently(|| fs::remove_file(entry.path())) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

/// Whether `found` is the name of a draft of `name`: between that and the ending are numbers alone.
fn is_draft(found: &OsStr, name: &OsStr) -> bool {
    let middle = found
        .as_encoded_bytes()
        .strip_prefix(name.as_encoded_bytes())
        .and_then(|rest| rest.strip_prefix(b"."))
        .and_then(|rest| rest.strip_suffix(DRAFT_END.as_bytes()));
    middle.is_some_and(|m| !m.is_empty() && m.iter().all(|c| c.is_ascii_digit() || *c == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let name = |entry: io::Result<fs::DirEntry>| {
            let name = entry.expect("readable").file_name();
            name.into_string().expect("plain")
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_and_nothing_else_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.json");
        replace(&path, b"one").expect("written");
        replace(&path, b"two").expect("written");
        assert_eq!(fs::read(&path).expect("readable"), b"two");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn a_file_is_made_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        assert_eq!(create(&path, b"one").expect("made"), Created::New);
        assert_eq!(create(&path, b"two").expect("kept"), Created::Kept);
        assert_eq!(fs::read(&path).expect("readable"), b"one");
        assert_eq!(names(folder.path()), ["key"]);
    }

    #[test]
    fn of_many_that_make_a_file_at_once_one_is_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let results: Vec<(u8, Created)> = std::thread::scope(|scope| {
            let spawn = |n: u8| {
                let path = &path;
                scope.spawn(move || (n, create(path, &[n; 1000]).expect("made or kept")))
            };
            let threads: Vec<_> = (0..16).map(spawn).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"))
                .collect()
        });
        let new: Vec<u8> = results
            .iter()
            .filter(|(_, created)| *created == Created::New)
            .map(|(n, _)| *n)
            .collect();
        assert_eq!(new.len(), 1, "{results:?}");
        assert_eq!(fs::read(&path).expect("readable"), [new[0]; 1000]);
        assert_eq!(names(folder.path()), ["key"]);
    }

    #[test]
    fn of_many_that_replace_a_file_at_once_each_succeeds_and_the_file_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.json");
        std::thread::scope(|scope| {
            for n in 0..8_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..20 {
                        replace(path, &[n; 5000]).expect("written");
                        let read = fs::read(path).expect("there at any time");
                        assert!(read.len() == 5000 && read.iter().all(|b| *b == read[0]));
                    }
                });
            }
        });
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn the_old_file_stands_when_the_new_one_cannot_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("missing").join("a.json");
        assert!(replace(&path, b"x").is_err());
        assert!(create(&path, b"x").is_err());
        let in_the_way = folder.path().join("folder");
        fs::create_dir(&in_the_way).expect("made");
        assert!(replace(&in_the_way, b"x").is_err());
        assert_eq!(names(folder.path()), ["folder"]);
    }

    #[test]
    fn only_drafts_of_this_name_are_left_overs() {
        let folder = tempfile::tempdir().expect("a folder");
        let others = ["a.new", "a.json.bak.new", "b.json.1-2.new", "a.json.1-2"];
        for name in others.iter().chain(&["a.json.1-2.new", "a.json.77.new"]) {
            fs::write(folder.path().join(name), "x").expect("written");
        }
        replace(&folder.path().join("a.json"), b"x").expect("written");
        let mut left = Vec::from(others);
        left.push("a.json");
        left.sort_unstable();
        assert_eq!(names(folder.path()), left);
    }

    #[test]
    fn the_draft_of_a_writer_that_lives_is_left_to_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        let draft = Draft::write(&path, b"slow").expect("written");
        replace(&path, b"fast").expect("written");
        assert_eq!(fs::read(&draft.path).expect("still there"), b"slow");
    }

    #[cfg(unix)]
    mod on_unix {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            let found = fs::metadata(path).expect("there");
            found.permissions().mode() & 0o777
        }

        #[test]
        fn only_the_owner_can_read_what_is_written_or_opened() {
            let folder = tempfile::tempdir().expect("a folder");
            let (replaced, opened) = (folder.path().join("a"), folder.path().join("b"));
            for path in [&replaced, &opened] {
                fs::write(path, "open to all").expect("written");
                fs::set_permissions(path, fs::Permissions::from_mode(0o666)).expect("ours");
            }
            replace(&replaced, b"mine").expect("written");
            drop(open(&opened).expect("opened"));
            assert_eq!((mode(&replaced), mode(&opened)), (0o600, 0o600));
            let kept = fs::read(&opened).expect("readable");
            assert_eq!(kept, b"open to all", "opening changes nothing in it");
            let made = folder.path().join("c/d");
            make_folder(&made).expect("made");
            assert_eq!(mode(&made), 0o700);
        }

        #[test]
        fn nothing_is_written_through_a_symbolic_link() {
            let folder = tempfile::tempdir().expect("a folder");
            let victim = folder.path().join("victim");
            fs::write(&victim, "old").expect("written");
            for (name, target) in [("link", victim.as_path()), ("dangling", Path::new("none"))] {
                let link = folder.path().join(name);
                symlink(target, &link).expect("linked");
                assert!(replace(&link, b"new").is_err());
                assert!(create(&link, b"new").is_err());
                assert!(open(&link).is_err());
                close_to_others(&link).expect("left alone");
            }
            assert_eq!(fs::read(&victim).expect("readable"), b"old");
            assert_eq!(names(folder.path()), ["dangling", "link", "victim"]);
        }

        #[test]
        fn a_folder_that_others_can_get_at_is_told_with_its_mode() {
            let folder = tempfile::tempdir().expect("a folder");
            for (set, told) in [(0o700, None), (0o500, None), (0o750, Some(0o750))] {
                let mode = fs::Permissions::from_mode(set);
                fs::set_permissions(folder.path(), mode).expect("ours");
                assert_eq!(mode_open_to_others(folder.path()).expect("there"), told);
            }
        }
    }
}
