//! A program that runs once for each account and profile: who starts it again comes to the window that is
//! there, with what was to be opened.
//!
//! A lock that the system takes from the dead says whether one runs; a local socket carries the message.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use interprocess::local_socket::traits::{ListenerExt as _, Stream as _};
use interprocess::local_socket::{Listener, ListenerOptions, Name, Stream};

/// The longest message, in bytes; more than any link or path needs.
pub const MOST_BYTES: usize = 8 * 1024;
/// More than these are clicks of somebody impatient.
const MOST_WAITING: usize = 8;
/// How long the one that runs may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a message may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(2);
const TAKEN: &[u8] = b"taken\n";

/// Which one this is.
#[derive(Debug)]
pub enum Instance {
    /// The only one.
    First(First),
    /// Another one runs and has taken the message: nothing is left to do.
    Handed,
}

/// The only one. It stays so until this is dropped.
#[derive(Debug)]
pub struct First {
    _lock: Option<File>,
    /// `None` where there are no sockets: then each start is a window of its own.
    listener: Option<Listener>,
}

impl Instance {
    /// Hands `message`, one line of text, to the program that runs with `folder` already, or becomes that one.
    /// Blocks for some seconds while the one that runs is about to end; if it neither ends nor answers, this is
    /// one more.
    pub fn start(folder: &Path, message: &str) -> Self {
        let until = Instant::now() + PATIENCE;
        let lock = loop {
            match lock(folder) {
                Ok(Some(lock)) => break lock,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "Whether the program runs already is not known");
                    return Self::First(First::alone());
                }
            }
            match hand_over(folder, message) {
                Ok(()) => return Self::Handed,
                // it has the lock a moment before it listens, and a moment longer
                Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(100)),
                Err(error) => {
                    tracing::warn!(%error, "The program that runs does not answer");
                    return Self::First(First::alone());
                }
            }
        };
        let listener = listen(folder).inspect_err(
            |error| tracing::warn!(%error, "A second start will be a window of its own"),
        );
        Self::First(First {
            _lock: Some(lock),
            listener: listener.ok(),
        })
    }
}

impl First {
    fn alone() -> Self {
        Self {
            _lock: None,
            listener: None,
        }
    }

    /// Calls `heard` with the message of each further start, on a thread of its own.
    /// Nobody is answered once `ends` is true.
    fn listen(
        &mut self,
        ends: Arc<AtomicBool>,
        heard: impl Fn(String) + Send + 'static,
    ) -> io::Result<()> {
        let Some(listener) = self.listener.take() else {
            return Ok(());
        };
        let listening = move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    // it becomes the next one when this is gone
                    continue;
                }
                match stream.and_then(|stream| hear(stream, &heard)) {
                    Ok(()) => {}
                    Err(error) => tracing::warn!(%error, "A further start told nothing"),
                }
            }
        };
        let thread = std::thread::Builder::new().name("further starts".to_owned());
        thread.spawn(listening).map(drop)
    }
}

/// What further starts of the only one wanted opened.
#[derive(Debug)]
pub struct FurtherStarts {
    /// It is the only one as long as this is kept.
    _first: Option<First>,
    messages: Receiver<String>,
    ends: Arc<AtomicBool>,
}

impl FurtherStarts {
    /// Those that `first` hears of, and none without it; `wake` is called for each, on another thread.
    pub fn of(mut first: Option<First>, wake: impl Fn() + Send + 'static) -> Self {
        let (tell, messages) = sync_channel(MOST_WAITING);
        let ends = Arc::new(AtomicBool::new(false));
        if let Some(first) = &mut first {
            let heard = move |message| {
                if tell.try_send(message).is_ok() {
                    wake();
                }
            };
            if let Err(error) = first.listen(Arc::clone(&ends), heard) {
                tracing::warn!(%error, "Further starts are windows of their own");
            }
        }
        Self {
            _first: first,
            messages,
            ends,
        }
    }

    /// The program is about to end: who starts it now waits for that, and is the next one.
    pub fn close(&self) {
        self.ends.store(true, Ordering::SeqCst);
    }

    /// The message of the next one.
    pub fn take(&self) -> Option<String> {
        self.messages.try_recv().ok()
    }
}

/// The lock of the one that runs; `None` if another has it.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let options = &mut File::options();
    let file = options.create(true).truncate(false).write(true);
    let file = file.open(folder.join("running.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn listen(folder: &Path) -> io::Result<Listener> {
    let options = ListenerOptions::new().name(name(folder)?);
    // what one that was killed left behind; the lock says that nobody listens there
    options.try_overwrite(true).create_sync()
}

fn hand_over(folder: &Path, message: &str) -> io::Result<()> {
    if message.len() >= MOST_BYTES || message.contains('\n') {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut stream = Stream::connect(name(folder)?)?;
    limit(&stream, PATIENCE);
    stream.write_all(format!("{message}\n").as_bytes())?;
    let mut answer = [0; TAKEN.len()];
    stream.read_exact(&mut answer)?;
    if answer == TAKEN {
        Ok(())
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

fn hear(stream: Stream, heard: &impl Fn(String)) -> io::Result<()> {
    limit(&stream, ARRIVAL);
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    let mut reader = BufReader::new(stream.take(most));
    let mut message = String::new();
    reader.read_line(&mut message)?;
    if message.pop() != Some('\n') {
        return Err(io::ErrorKind::InvalidData.into());
    }
    heard(message);
    reader.into_inner().into_inner().write_all(TAKEN)
}

/// Systems without time limits for such sockets go on without: the other end is the same person's.
fn limit(stream: &Stream, time: Duration) {
    let set = stream
        .set_recv_timeout(Some(time))
        .and_then(|()| stream.set_send_timeout(Some(time)));
    if let Err(error) = set {
        tracing::debug!(%error, "No time limit");
    }
}

/// In the profile's own folder, which nobody else reads.
#[cfg(unix)]
fn name(folder: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericFilePath, ToFsName as _};
    let folder = fs::canonicalize(folder)?;
    folder
        .join("running.socket")
        .into_os_string()
        .to_fs_name::<GenericFilePath>()
}

/// Pipes have no folders: the profile's is a part of the name.
#[cfg(windows)]
fn name(folder: &Path) -> io::Result<Name<'static>> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    use interprocess::local_socket::{GenericNamespaced, ToNsName as _};
    let mut hasher = DefaultHasher::new();
    fs::canonicalize(folder)?.hash(&mut hasher);
    format!("pure-help-desk-{:016x}", hasher.finish()).to_ns_name::<GenericNamespaced>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(folder: &Path) -> First {
        match Instance::start(folder, "hello") {
            Instance::First(first) => first,
            Instance::Handed => panic!("nobody was there to take it"),
        }
    }

    fn listening(folder: &Path) -> FurtherStarts {
        FurtherStarts::of(Some(first(folder)), || ())
    }

    fn told(further: &FurtherStarts) -> Option<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            match further.take() {
                None if Instant::now() < until => std::thread::sleep(Duration::from_millis(10)),
                told => return told,
            }
        }
    }

    #[test]
    fn a_further_start_hands_over_what_it_was_to_open() {
        let folder = tempfile::tempdir().expect("a folder");
        let running = listening(folder.path());
        for message in ["helpme://hub.example.org/?ticket=4829130571", ""] {
            let further = Instance::start(folder.path(), message);
            assert!(matches!(further, Instance::Handed));
            assert_eq!(told(&running).as_deref(), Some(message));
        }
        // another profile is another program
        let elsewhere = tempfile::tempdir().expect("a folder");
        drop(first(elsewhere.path()));
    }

    #[test]
    fn who_starts_while_it_ends_is_the_next_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let running = listening(folder.path());
        running.close();
        let path = folder.path().to_owned();
        let next = std::thread::spawn(move || Instance::start(&path, "hello"));
        std::thread::sleep(Duration::from_millis(300));
        drop(running);
        let next = next.join().expect("no panic");
        assert!(matches!(
            next,
            Instance::First(First { _lock: Some(_), .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_one_left_is_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("running.socket");
        drop(std::os::unix::net::UnixListener::bind(&socket).expect("bound"));
        fs::write(folder.path().join("running.lock"), "").expect("written");
        assert!(socket.exists(), "the system keeps it");
        let _running = listening(folder.path());
        let further = Instance::start(folder.path(), "again");
        assert!(matches!(further, Instance::Handed));
    }

    #[test]
    fn nonsense_at_the_socket_harms_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        let running = listening(folder.path());
        let nonsense = [vec![b'x'; MOST_BYTES * 2], vec![0xff, b'\n'], Vec::new()];
        for bytes in nonsense {
            let mut stream =
                Stream::connect(name(folder.path()).expect("a name")).expect("it listens");
            // it may be cut off in the middle
            drop(stream.write_all(&bytes));
        }
        assert!(matches!(
            Instance::start(folder.path(), "still there"),
            Instance::Handed
        ));
        assert_eq!(told(&running).as_deref(), Some("still there"));
    }
}
