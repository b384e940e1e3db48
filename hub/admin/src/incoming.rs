//! A file that comes from the hub in parts, written on a thread of its own: windows wait for no disk.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use tempfile::NamedTempFile;

use crate::exports::names;
use crate::link::Wake;

/// More than can be here and not on the disk.
const MOST_QUEUED: usize = 16;
/// What a file is called until it is whole that is to be found then.
pub const PART: &str = ".hub-admin-";

/// A file on its way. Dropping it before its [end](Self::end) leaves nothing of it, a moment later.
#[derive(Debug)]
pub struct Incoming<T> {
    parts: Option<mpsc::SyncSender<Part>>,
    on_disk: Arc<AtomicU64>,
    written: mpsc::Receiver<io::Result<T>>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
enum Part {
    Bytes(Bytes),
    /// All of it is here.
    End,
}

impl<T: Send + 'static> Incoming<T> {
    /// Begins a file whose name in `folder` begins with `prefix`; once it is whole, `place` says what becomes
    /// of it, on the thread.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn begin(
        folder: PathBuf,
        prefix: &'static str,
        wake: Wake,
        place: impl FnOnce(NamedTempFile) -> io::Result<T> + Send + 'static,
    ) -> io::Result<Self> {
        let (parts, queue) = mpsc::sync_channel(MOST_QUEUED);
        let (told, written) = mpsc::sync_channel(1);
        let on_disk = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&on_disk);
        let thread = std::thread::Builder::new()
            .name("incoming".to_owned())
            .spawn(move || {
                let result = write(&folder, prefix, &queue, &counted, &wake);
                let result = match result {
                    Ok(Some(file)) => place(file),
                    // nobody wants it any more
                    Ok(None) => return,
                    Err(error) => Err(error),
                };
                if told.send(result).is_ok() {
                    wake();
                }
            })?;
        Ok(Self {
            parts: Some(parts),
            on_disk,
            written,
            thread,
        })
    }

    /// Hands over what comes next.
    ///
    /// # Errors
    ///
    /// If more comes than was to be asked for by [`Self::on_disk`].
    pub fn take(&self, bytes: Bytes) -> io::Result<()> {
        match self.parts.as_ref().map(|p| p.try_send(Part::Bytes(bytes))) {
            Some(Err(mpsc::TrySendError::Full(_))) => Err(io::ErrorKind::InvalidData.into()),
            // what the thread tells says why it has ended
            Some(Ok(()) | Err(mpsc::TrySendError::Disconnected(_))) | None => Ok(()),
        }
    }

    /// All of it was handed over.
    pub fn end(&mut self) {
        if let Some(parts) = self.parts.take() {
            // the queue has room for what was asked for and this
            drop(parts.try_send(Part::End));
        }
    }

    /// So many bytes are written.
    pub fn on_disk(&self) -> u64 {
        self.on_disk.load(Ordering::Relaxed)
    }

    /// What became of it, once it is whole or cannot be written.
    pub fn file(&self) -> Option<io::Result<T>> {
        self.written.try_recv().ok()
    }

    /// Gives it up, and the thread that removes what is there, for who ends the program then.
    pub fn give_up(self) -> JoinHandle<()> {
        self.thread
    }
}

fn write(
    folder: &Path,
    prefix: &str,
    parts: &mpsc::Receiver<Part>,
    on_disk: &AtomicU64,
    wake: &Wake,
) -> io::Result<Option<NamedTempFile>> {
    std::fs::create_dir_all(folder)?;
    // for this user's eyes alone
    let mut file = NamedTempFile::with_prefix_in(prefix, folder)?;
    for part in parts {
        match part {
            Part::Bytes(bytes) => {
                file.write_all(&bytes)?;
                on_disk.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                wake();
            }
            Part::End => {
                file.flush()?;
                return Ok(Some(file));
            }
        }
    }
    Ok(None)
}

/// Puts `file` into `folder` as `name`, or as `name (2)` where there is one, and brings it to the disk.
///
/// # Errors
///
/// What the system says; nothing is left then.
pub fn place(mut file: NamedTempFile, folder: &Path, name: &str) -> io::Result<PathBuf> {
    file.as_file().sync_all()?;
    for name in names(name) {
        let path = folder.join(name);
        match file.persist_noclobber(&path) {
            Ok(_file) => return Ok(path),
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => file = taken.file,
            Err(other) => return Err(other.error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wake() -> Wake {
        Arc::new(|| {})
    }

    fn begin(folder: &Path, name: &'static str) -> Incoming<PathBuf> {
        let within = folder.to_owned();
        let placed = move |file| place(file, &within, name);
        Incoming::begin(folder.to_owned(), ".part-", wake(), placed).expect("begun")
    }

    fn wait<T: Send + 'static>(incoming: &Incoming<T>) -> io::Result<T> {
        loop {
            if let Some(file) = incoming.file() {
                return file;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_file_is_whole_under_its_own_name_or_not_there() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["proof.zip", "proof (2).zip"] {
            let mut incoming = begin(folder.path(), "proof.zip");
            incoming.take(Bytes::from_static(b"abc")).expect("room");
            incoming.take(Bytes::from_static(b"de")).expect("room");
            incoming.end();
            let path = wait(&incoming).expect("written");
            assert_eq!(path, folder.path().join(name));
            assert_eq!(std::fs::read(path).expect("there"), b"abcde");
        }
        let incoming = begin(folder.path(), "proof.zip");
        incoming.take(Bytes::from_static(b"abc")).expect("room");
        incoming.give_up().join().expect("no panic");
        let left = std::fs::read_dir(folder.path()).expect("there").count();
        assert_eq!(left, 2, "what was given up is gone");
    }

    #[test]
    fn a_file_that_cannot_be_placed_leaves_nothing_and_says_why() {
        let folder = tempfile::tempdir().expect("a folder");
        let nowhere = folder.path().join("nowhere");
        let placed = move |file| place(file, &nowhere, "a.pdf");
        let begun = Incoming::begin(folder.path().to_owned(), ".part-", wake(), placed);
        let mut incoming = begun.expect("begun");
        incoming.take(Bytes::from_static(b"abc")).expect("room");
        incoming.end();
        let error = wait(&incoming).expect_err("there is no such folder");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 0);
        // nor where the folder is a file
        let file = folder.path().join("file");
        std::fs::write(&file, b"x").expect("written");
        let incoming = begin(&file, "a.pdf");
        assert!(wait(&incoming).is_err());
    }
}
