//! Files that leave the hub: documents of reports, and films as video files.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;

use crate::incoming::{self, Incoming};
use crate::link::Wake;

/// What a file may be called that the hub calls `name`: so, or with a number where there is one.
pub(crate) fn names(name: &str) -> impl Iterator<Item = String> + use<> {
    const MOST: u32 = 1000;
    // what the hub calls a file is not to lead anywhere else
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_control() || "/\\:".contains(c) {
                '_'
            } else {
                c
            }
        })
        .collect();
    let name = Path::new(name.trim_start_matches('.'));
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.into_owned();
    let extension = name
        .extension()
        .map(|e| format!(".{}", e.to_string_lossy()));
    let extension = extension.unwrap_or_default();
    (1..MOST).map(move |count| match count {
        1 => format!("{stem}{extension}"),
        _ => format!("{stem} ({count}){extension}"),
    })
}

/// A new file called `name` in `folder`, or `name (2)` where there is one.
///
/// # Errors
///
/// If the folder cannot be made or written to.
fn create_beside(folder: &Path, name: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    for name in names(name) {
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_file) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Bytes of a document that may be on their way to the disk while more is asked for.
const MOST_UNWRITTEN: u64 = 4 << 20;

/// A document that was asked for, by a number of this window's. Dropping it leaves nothing of it.
#[derive(Debug)]
pub struct Document {
    pub number: u32,
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    export: u32,
    bytes: u64,
    done: u64,
    /// Of parts.
    next: u32,
    /// A question for a part is under way.
    asked: bool,
    file: Incoming<PathBuf>,
}

impl Document {
    pub fn new(number: u32) -> Self {
        let begun = None;
        Self { number, begun }
    }

    /// The hub has made it: it has so many bytes, and goes into `folder` as `name`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn begin(
        &mut self,
        folder: PathBuf,
        (export, bytes): (u32, u64),
        name: &str,
        wake: Wake,
    ) -> io::Result<()> {
        let (within, name) = (folder.clone(), name.to_owned());
        let placed = move |file| incoming::place(file, &within, &name);
        let file = Incoming::begin(folder, incoming::PART, wake, placed)?;
        self.begun = Some(Begun {
            export,
            bytes,
            done: 0,
            next: 0,
            asked: false,
            file,
        });
        Ok(())
    }

    /// What the hub calls it, once it is made.
    pub fn export(&self) -> Option<u32> {
        self.begun.as_ref().map(|begun| begun.export)
    }

    /// The export and the number of its part to ask for now, no more than the disk keeps up with.
    pub fn wanted(&mut self) -> Option<(u32, u32)> {
        let begun = self.begun.as_mut()?;
        let unwritten = begun.done.saturating_sub(begun.file.on_disk());
        let is_whole = begun.done >= begun.bytes && begun.next > 0;
        if begun.asked || is_whole || unwritten > MOST_UNWRITTEN {
            return None;
        }
        begun.asked = true;
        Some((begun.export, begun.next))
    }

    /// Takes the part that was asked for of `export`.
    ///
    /// # Errors
    ///
    /// If the hub gives less or more than it said.
    pub fn take(&mut self, export: u32, part: Bytes) -> io::Result<()> {
        let begun = self.begun.as_mut().filter(|begun| begun.export == export);
        let Some(begun) = begun else { return Ok(()) };
        begun.asked = false;
        begun.done += part.len() as u64;
        begun.next += 1;
        if begun.done > begun.bytes || (part.is_empty() && begun.done < begun.bytes) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        begun.file.take(part)?;
        if begun.done == begun.bytes {
            begun.file.end();
        }
        Ok(())
    }

    /// The file, once it is whole.
    pub fn file(&self) -> Option<io::Result<PathBuf>> {
        self.begun.as_ref()?.file.file()
    }

    /// Gives it up; the thread removes what is there.
    pub fn give_up(self) -> Option<JoinHandle<()>> {
        self.begun.map(|begun| begun.file.give_up())
    }
}

/// A video file in the making, on a thread of its own. Dropping it cancels it: the thread removes what is
/// there.
#[derive(Debug)]
pub struct VideoExport {
    cancel: Arc<AtomicBool>,
    /// Thousandths.
    progress: Arc<AtomicU32>,
    made: Arc<Mutex<Option<Result<PathBuf, String>>>>,
    thread: Option<JoinHandle<()>>,
}

impl VideoExport {
    /// Makes a video called `name` in `folder` of the film at `film`, or of a cut.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn begin(
        film: PathBuf,
        folder: PathBuf,
        name: String,
        options: film::Options,
        wake: Wake,
    ) -> io::Result<Self> {
        let cancel = Arc::new(AtomicBool::new(false));
        let progress = Arc::new(AtomicU32::new(0));
        let made = Arc::new(Mutex::new(None));
        let (cancelled, told, result) = (
            Arc::clone(&cancel),
            Arc::clone(&progress),
            Arc::clone(&made),
        );
        let thread = std::thread::Builder::new()
            .name("export".to_owned())
            .spawn(move || {
                let video = make(&film, &folder, &name, options, &cancelled, &told, &wake);
                *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(video);
                wake();
            })?;
        Ok(Self {
            cancel,
            progress,
            made,
            thread: Some(thread),
        })
    }

    /// How much is done, from 0 to 1.
    pub fn done(&self) -> f32 {
        let thousandths = self.progress.load(Ordering::Relaxed).min(1000);
        f32::from(u16::try_from(thousandths).unwrap_or(1000)) / 1000.0
    }

    /// What became of it, once it is over.
    pub fn take(&self) -> Option<Result<PathBuf, String>> {
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// Gives it up; the thread removes what is there.
    pub fn give_up(mut self) -> Option<JoinHandle<()>> {
        self.thread.take()
    }
}

impl Drop for VideoExport {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn make(
    film: &Path,
    folder: &Path,
    name: &str,
    options: film::Options,
    cancel: &AtomicBool,
    told: &AtomicU32,
    wake: &Wake,
) -> Result<PathBuf, String> {
    let path = create_beside(folder, name).map_err(|error| error.to_string())?;
    let mut progress = |done: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to 1000"
        )]
        let thousandths = (done * 1000.0) as u32;
        if told.swap(thousandths, Ordering::Relaxed) != thousandths {
            wake();
        }
    };
    let made = film::export(film, &path, options, &mut progress, cancel);
    match made {
        Ok(_summary) => Ok(path),
        Err(error) => {
            if let Err(error) = fs::remove_file(&path) {
                tracing::debug!(%error, "The file stays");
            }
            Err(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_never_replaces_another_and_never_leaves_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, path) in [
            ("reports.csv", "reports.csv"),
            ("reports.csv", "reports (2).csv"),
            ("../up.csv", "_up.csv"),
            ("a/b:c", "a_b_c"),
        ] {
            let made = create_beside(folder.path(), name).expect("made");
            assert_eq!(made, folder.path().join(path));
        }
    }

    fn document(folder: &Path, bytes: u64) -> Document {
        let mut document = Document::new(1);
        let wake: Wake = Arc::new(|| {});
        let begun = document.begin(folder.to_owned(), (7, bytes), "a.pdf", wake);
        begun.expect("begun");
        document
    }

    #[test]
    fn a_document_is_whole_or_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut whole = document(folder.path(), 5);
        assert_eq!((whole.wanted(), whole.wanted()), (Some((7, 0)), None));
        whole.take(7, Bytes::from_static(b"abc")).expect("a part");
        // of a document that nobody wants any more
        whole.take(6, Bytes::from_static(b"xyz")).expect("left out");
        assert_eq!(whole.wanted(), Some((7, 1)));
        whole.take(7, Bytes::from_static(b"de")).expect("the last");
        assert_eq!(whole.wanted(), None);
        let path = loop {
            if let Some(file) = whole.file() {
                break file.expect("written");
            }
            std::thread::yield_now();
        };
        assert_eq!(fs::read(path).expect("there"), b"abcde");
        let mut more = document(folder.path(), 2);
        let taken = more.take(7, Bytes::from_static(b"abc"));
        assert!(taken.is_err(), "more than was said");
        more.give_up().expect("begun").join().expect("no panic");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
    }
}
