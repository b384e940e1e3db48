//! A film on its way from the hub, into a file of this computer that goes with the window; and other files
//! that come in the same parts.

use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use bytes::Bytes;
use protocol::SessionId;
use protocol::admin::films::MAX_PART_BYTES;
use tempfile::{NamedTempFile, TempPath};

use crate::incoming::Incoming;
use crate::link::Wake;

/// Parts that are asked for before the first of them is here.
const AHEAD: u64 = 4;

/// A file that is being fetched. Dropping it leaves nothing of it.
#[derive(Debug)]
pub struct Fetch<T = TempPath> {
    pub session: SessionId,
    /// Known with the first part.
    whole: Option<u64>,
    /// From where on nothing was asked for.
    asked: u64,
    /// Parts come in the order in which they were asked for or not: what is here, by its place.
    waiting: Vec<(u64, Bytes)>,
    done: u64,
    file: Incoming<T>,
}

impl Fetch {
    /// Begins a film; the file will be in `folder`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn begin(session: SessionId, folder: &Path, wake: Wake) -> io::Result<Self> {
        Self::begin_to(session, folder, "film-", wake, |file| {
            Ok(file.into_temp_path())
        })
    }
}

impl<T: Send + 'static> Fetch<T> {
    /// Begins; the file is in `folder` under a name that begins with `prefix`, until `place` says what
    /// becomes of it.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn begin_to(
        session: SessionId,
        folder: &Path,
        prefix: &'static str,
        wake: Wake,
        place: impl FnOnce(NamedTempFile) -> io::Result<T> + Send + 'static,
    ) -> io::Result<Self> {
        Ok(Self {
            session,
            whole: None,
            asked: 0,
            waiting: Vec::new(),
            done: 0,
            file: Incoming::begin(folder.to_owned(), prefix, wake, place)?,
        })
    }

    /// The places to ask for now. The first part says how many there are.
    pub fn wanted(&mut self) -> Vec<u64> {
        let part = MAX_PART_BYTES as u64;
        let end = match self.whole {
            None => part,
            // no more than the disk keeps up with
            Some(whole) => whole.min(self.file.on_disk() + AHEAD * part),
        };
        let mut wanted = Vec::new();
        while self.asked < end {
            wanted.push(self.asked);
            self.asked += part;
        }
        wanted
    }

    /// Takes a part that begins at `offset`.
    ///
    /// # Errors
    ///
    /// If it is not one that was asked for, or the size of the whole has changed.
    pub fn take(&mut self, offset: u64, whole: u64, bytes: Bytes) -> io::Result<()> {
        let part = MAX_PART_BYTES as u64;
        let expected = whole.saturating_sub(offset).min(part);
        let fits = offset.is_multiple_of(part)
            && offset < self.asked.max(1)
            && bytes.len() as u64 == expected
            && self.whole.is_none_or(|known| known == whole);
        if !fits {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.whole = Some(whole);
        self.waiting.push((offset, bytes));
        while let Some(next) = self.waiting.iter().position(|(at, _)| *at == self.done) {
            let (_, bytes) = self.waiting.swap_remove(next);
            self.done += bytes.len() as u64;
            self.file.take(bytes)?;
            if self.done >= whole {
                self.file.end();
                break;
            }
        }
        Ok(())
    }

    /// What is here, and what there is.
    pub fn progress(&self) -> (u64, u64) {
        (self.done, self.whole.unwrap_or(0))
    }

    /// The file, once it is whole.
    pub fn file(&self) -> Option<io::Result<T>> {
        self.file.file()
    }

    /// Gives it up; the thread removes what is there.
    pub fn give_up(self) -> JoinHandle<()> {
        self.file.give_up()
    }
}

/// Removes films that a window left which was killed.
pub fn clean(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let left: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("film-")
        })
        .collect();
    for path in left {
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        if let Err(error) = removed {
            tracing::debug!(%error, "An old film stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const PART: u64 = MAX_PART_BYTES as u64;

    fn bytes(of: u64) -> Bytes {
        let len = usize::try_from(of).expect("small");
        vec![7; len].into()
    }

    #[test]
    fn parts_in_any_order_make_the_whole_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let wake: Wake = Arc::new(|| {});
        let mut fetch = Fetch::begin(SessionId(7), folder.path(), wake).expect("begun");
        assert_eq!(fetch.wanted(), [0]);
        let whole = 3 * PART + 10;
        fetch.take(0, whole, bytes(PART)).expect("the first");
        let asked: Vec<u64> = std::iter::repeat_with(|| fetch.wanted())
            .flat_map(|wanted| {
                if wanted.is_empty() {
                    vec![u64::MAX]
                } else {
                    wanted
                }
            })
            .filter(|place| *place != u64::MAX)
            .take(3)
            .collect();
        assert_eq!(asked, [PART, 2 * PART, 3 * PART]);
        fetch.take(3 * PART, whole, bytes(10)).expect("the last");
        fetch.take(2 * PART, whole, bytes(PART)).expect("a part");
        assert_eq!(fetch.progress(), (PART, whole));
        fetch.take(PART, whole, bytes(PART)).expect("a part");
        assert_eq!(fetch.progress(), (whole, whole));
        let file = loop {
            if let Some(file) = fetch.file() {
                break file.expect("written");
            }
            std::thread::yield_now();
        };
        let len = std::fs::metadata(&file).expect("there").len();
        assert_eq!(len, whole);
    }

    #[test]
    fn a_hub_that_gives_something_else_is_not_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let wake: Wake = Arc::new(|| {});
        let mut fetch = Fetch::begin(SessionId(7), folder.path(), wake).expect("begun");
        fetch.wanted();
        for (offset, whole, len) in [(PART, 2 * PART, PART), (0, PART, 5), (3, PART, PART - 3)] {
            assert!(fetch.take(offset, whole, bytes(len)).is_err());
        }
    }
}
