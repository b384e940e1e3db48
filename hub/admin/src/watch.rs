//! A session that is watched while it runs: its film comes in pieces, into a file of this computer that
//! goes with the window.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::SessionId;
use protocol::admin::films::Place;
use recording::Follower;
use tempfile::TempDir;

use crate::link::Wake;

/// How long to wait where nothing was new.
pub const PAUSE: Duration = Duration::from_millis(400);

/// A running film on its way here. The thread that writes ends by itself soon after this is dropped.
#[derive(Debug)]
pub struct Watch {
    pub session: SessionId,
    place: Place,
    is_asked: bool,
    is_writing: bool,
    due: Instant,
    path: PathBuf,
    /// The folder of the file, which has others of the data base beside it; gone with the last who needs
    /// it.
    _folder: Arc<TempDir>,
    pieces: Option<mpsc::SyncSender<Bytes>>,
    written: mpsc::Receiver<Result<bool, String>>,
    has_begun: bool,
    thread: JoinHandle<()>,
}

impl Watch {
    /// Begins; the file will be in `folder`.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made, or the system gives no thread.
    pub fn begin(session: SessionId, folder: &Path, wake: Wake) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let folder = tempfile::Builder::new()
            .prefix("film-")
            .tempdir_in(folder)?;
        let folder = Arc::new(folder);
        let path = folder.path().join("live.film");
        let within = Arc::clone(&folder);
        let (pieces, queue) = mpsc::sync_channel::<Bytes>(1);
        let (told, written) = mpsc::sync_channel(1);
        let follower = Follower::new(&path);
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || {
                let _within = within;
                // closed before the folder goes
                let mut follower = follower;
                for piece in queue {
                    let taken = follower.take(&piece).map(|()| follower.has_begun());
                    if told.send(taken.map_err(|error| error.to_string())).is_err() {
                        return;
                    }
                    wake();
                }
            })?;
        Ok(Self {
            session,
            place: Place::default(),
            is_asked: false,
            is_writing: false,
            due: Instant::now(),
            path,
            _folder: folder,
            pieces: Some(pieces),
            written,
            has_begun: false,
            thread,
        })
    }

    /// The place to ask for, if it is time to ask.
    pub fn wanted(&mut self) -> Option<Place> {
        if self.is_asked || self.is_writing || !self.goes_on() || Instant::now() < self.due {
            return None;
        }
        self.is_asked = true;
        Some(self.place)
    }

    /// The connection is another one: what was asked for is not answered any more.
    pub fn ask_again(&mut self) {
        self.is_asked = false;
    }

    /// Takes a piece, and where the next one begins.
    pub fn take(&mut self, bytes: Bytes, next: Place) {
        self.place = next;
        self.is_asked = false;
        if bytes.is_empty() {
            self.due = Instant::now() + PAUSE;
        } else if let Some(pieces) = &self.pieces {
            self.is_writing = true;
            if pieces.try_send(bytes).is_err() {
                // only one is under way at a time
                tracing::error!("A piece of a running film is lost");
            }
        }
    }

    /// The file, when it can be read for the first time.
    ///
    /// # Errors
    ///
    /// In words, why what came cannot be written.
    pub fn begun(&mut self) -> Result<Option<&Path>, String> {
        let Ok(written) = self.written.try_recv() else {
            return Ok(None);
        };
        self.is_writing = false;
        let is_first = written? && !std::mem::replace(&mut self.has_begun, true);
        Ok(is_first.then_some(&*self.path))
    }

    /// The session is over, and all of its film is here.
    pub fn end(&mut self) {
        self.pieces = None;
    }

    pub fn goes_on(&self) -> bool {
        self.pieces.is_some()
    }

    /// Gives it up, and the thread that removes what is there, for who ends the program then.
    pub fn give_up(self) -> JoinHandle<()> {
        self.thread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_for_while_a_piece_is_being_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let wake: Wake = Arc::new(|| {});
        let mut watch = Watch::begin(SessionId(7), folder.path(), wake).expect("a thread");
        assert_eq!(watch.wanted(), Some(Place::default()));
        assert_eq!(watch.wanted(), None, "it is asked for");
        let next = Place { items: 1, bytes: 9 };
        watch.take(Bytes::from_static(b"no film at all"), next);
        // the line is another one while the thread still writes
        watch.ask_again();
        assert_eq!(watch.wanted(), None, "two pieces at once have no room");
        let end = Instant::now() + Duration::from_secs(10);
        while watch.is_writing && Instant::now() < end {
            drop(watch.begun());
            std::thread::yield_now();
        }
        assert_eq!(watch.wanted(), Some(next));
    }

    #[test]
    fn who_is_given_up_leaves_nothing_on_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let count = || {
            let entries = std::fs::read_dir(folder.path());
            entries.expect("it is there").count()
        };
        let wake: Wake = Arc::new(|| {});
        let watch = Watch::begin(SessionId(7), folder.path(), wake).expect("a thread");
        assert_eq!(count(), 1);
        watch.give_up().join().expect("it ends");
        assert_eq!(count(), 0);
    }
}
