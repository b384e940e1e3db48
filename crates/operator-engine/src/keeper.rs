//! Small private files that must survive a crash, written by a thread of their own: the network
//! thread carries key strokes and must not wait for a disk.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What the disk shall hold under each name that waits; `None` is no file.
type Waiting = BTreeMap<String, Option<Vec<u8>>>;

#[derive(Default)]
struct State {
    waiting: Waiting,
    problems: Vec<String>,
    ending: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // every change to the state is whole, so a panic elsewhere leaves it usable
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps files in one folder. Dropping it writes what still waits.
pub(crate) struct Keeper {
    folder: PathBuf,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Makes `folder` where it is missing and starts the writing thread.
    ///
    /// # Errors
    ///
    /// Where the folder or the thread cannot be made.
    pub(crate) fn start(folder: &Path) -> io::Result<Self> {
        private_file::make_folder(folder)?;
        let shared = Arc::new(Shared::default());
        let thread = {
            let (shared, folder) = (Arc::clone(&shared), folder.to_owned());
            std::thread::Builder::new()
                .name("operator-disk".to_owned())
                .spawn(move || write_until_ended(&shared, &folder))?
        };
        Ok(Self {
            folder: folder.to_owned(),
            shared,
            thread: Some(thread),
        })
    }

    /// Writes `bytes` under `name` soon, in one piece or not at all; a newer text of the same name
    /// replaces one that still waits.
    pub(crate) fn write(&self, name: &str, bytes: Vec<u8>) {
        self.shared
            .lock()
            .waiting
            .insert(name.to_owned(), Some(bytes));
        self.shared.changed.notify_one();
    }

    /// Removes `name` soon.
    pub(crate) fn remove(&self, name: &str) {
        self.shared.lock().waiting.insert(name.to_owned(), None);
        self.shared.changed.notify_one();
    }

    /// What went wrong since the last call.
    pub(crate) fn take_problems(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().problems)
    }

    /// The files whose names begin with `prefix`, at most `limit` of them, each at most `max_bytes`
    /// long. For the start only: it waits for the disk.
    pub(crate) fn read_all(
        &self,
        prefix: &str,
        limit: usize,
        max_bytes: u64,
    ) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        for file in fs::read_dir(&self.folder)? {
            let file = file?;
            let Ok(name) = file.file_name().into_string() else {
                continue;
            };
            let whole = name.starts_with(prefix)
                && Path::new(&name)
                    .extension()
                    .is_some_and(|end| end == "json");
            if whole && file.metadata()?.len() <= max_bytes && files.len() < limit {
                files.push((name, fs::read(file.path())?));
            }
        }
        files.sort();
        Ok(files)
    }

    /// Puts a file that cannot be understood out of the way of the next one of its name. Waits for the
    /// disk.
    pub(crate) fn set_aside(&self, name: &str) {
        let aside = self.folder.join(format!("{name}.damaged"));
        match fs::rename(self.folder.join(name), &aside) {
            Ok(()) => tracing::error!(path = %aside.display(), "Kept file is damaged; set aside"),
            Err(error) => tracing::error!(%name, %error, "Kept file is damaged"),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shared.lock().ending = true;
        self.shared.changed.notify_one();
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("Disk thread panicked");
        }
    }
}

fn write_until_ended(shared: &Shared, folder: &Path) {
    let mut state = shared.lock();
    loop {
        if let Some((name, bytes)) = state.waiting.pop_first() {
            drop(state);
            let done = match bytes {
                Some(bytes) => private_file::replace(&folder.join(&name), &bytes),
                None => remove_file(&folder.join(&name)),
            };
            state = shared.lock();
            if let Err(error) = done {
                tracing::error!(%name, %error, "File not kept");
                state
                    .problems
                    .push(format!("{}: {error}", folder.join(&name).display()));
            }
        } else if state.ending {
            return;
        } else {
            state = shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_last_is_on_disk_after_the_drop() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = Keeper::start(&folder.path().join("keep")).expect("started");
        for text in ["one", "two", "three"] {
            keeper.write("note-1.json", text.into());
        }
        keeper.write("note-2.json", b"gone".to_vec());
        keeper.remove("note-2.json");
        drop(keeper);
        let keeper = Keeper::start(&folder.path().join("keep")).expect("started");
        let files = keeper.read_all("note-", 10, 100).expect("readable");
        assert_eq!(files, [("note-1.json".to_owned(), b"three".to_vec())]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_what_is_kept() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = Keeper::start(&folder.path().join("keep")).expect("started");
        keeper.write("secret.json", b"{}".to_vec());
        drop(keeper);
        let mode = |path: &str| {
            let data = fs::metadata(folder.path().join(path)).expect("exists");
            data.permissions().mode() & 0o777
        };
        assert_eq!((mode("keep"), mode("keep/secret.json")), (0o700, 0o600));
    }

    #[test]
    fn a_disk_that_refuses_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = Keeper::start(folder.path()).expect("started");
        fs::create_dir(folder.path().join("note.json")).expect("a folder in the way");
        keeper.write("note.json", b"text".to_vec());
        let started = std::time::Instant::now();
        let problems = loop {
            let problems = keeper.take_problems();
            if !problems.is_empty() || started.elapsed().as_secs() > 10 {
                break problems;
            }
            std::thread::yield_now();
        };
        assert_eq!(problems.len(), 1);
    }
}
