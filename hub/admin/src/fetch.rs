//! A film on its way from the hub, into a file of this computer that goes with the window.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use protocol::SessionId;
use protocol::admin::films::MAX_PART_BYTES;
use tempfile::{NamedTempFile, TempPath};

use crate::link::Wake;

/// Parts that are asked for before the first of them is here.
const AHEAD: u64 = 4;
/// More than can be here and not on the disk.
const MOST_QUEUED: usize = 16;

/// A film that is being fetched.
#[derive(Debug)]
pub struct Fetch {
    pub session: SessionId,
    /// Known with the first part.
    whole: Option<u64>,
    /// From where on nothing was asked for.
    asked: u64,
    /// Parts come in the order in which they were asked for or not: what is here, by its place.
    waiting: Vec<(u64, Bytes)>,
    done: u64,
    on_disk: Arc<AtomicU64>,
    parts: Option<mpsc::SyncSender<Bytes>>,
    written: mpsc::Receiver<io::Result<TempPath>>,
    thread: Option<JoinHandle<()>>,
}

impl Fetch {
    /// Begins; the file will be in `folder`.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made, or the system gives no thread.
    pub fn begin(session: SessionId, folder: &Path, wake: Wake) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (parts, queue) = mpsc::sync_channel::<Bytes>(MOST_QUEUED);
        let (told, written) = mpsc::sync_channel(1);
        let on_disk = Arc::new(AtomicU64::new(0));
        let folder = folder.to_owned();
        let counted = Arc::clone(&on_disk);
        let thread = std::thread::Builder::new()
            .name("fetch".to_owned())
            .spawn(move || {
                let result = write(&folder, &queue, &counted, &wake);
                if told.send(result).is_ok() {
                    wake();
                }
            })?;
        Ok(Self {
            session,
            whole: None,
            asked: 0,
            waiting: Vec::new(),
            done: 0,
            on_disk,
            parts: Some(parts),
            written,
            thread: Some(thread),
        })
    }

    /// The places to ask for now. The first part says how many there are.
    pub fn wanted(&mut self) -> Vec<u64> {
        let part = MAX_PART_BYTES as u64;
        let end = match self.whole {
            None => part,
            // no more than the disk keeps up with
            Some(whole) => whole.min(self.on_disk.load(Ordering::Relaxed) + AHEAD * part),
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
            if let Some(parts) = &self.parts {
                parts
                    .try_send(bytes)
                    .map_err(|_full| io::Error::from(io::ErrorKind::BrokenPipe))?;
            }
            if self.done >= whole {
                self.parts = None;
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
    pub fn file(&self) -> Option<io::Result<TempPath>> {
        self.written.try_recv().ok()
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.parts = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread that writes a film failed");
        }
    }
}

fn write(
    folder: &Path,
    parts: &mpsc::Receiver<Bytes>,
    on_disk: &AtomicU64,
    wake: &Wake,
) -> io::Result<TempPath> {
    // for the administrator's eyes alone, and gone with the window
    let mut file = NamedTempFile::with_prefix_in("film-", folder)?;
    for part in parts {
        file.write_all(&part)?;
        on_disk.fetch_add(part.len() as u64, Ordering::Relaxed);
        wake();
    }
    file.flush()?;
    Ok(file.into_temp_path())
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
