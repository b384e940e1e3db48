//! Files that leave the hub: documents of reports, and films as video files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::link::Wake;

/// A new file called `name` in `folder`, or `name (2)` where there is one.
///
/// # Errors
///
/// If the folder cannot be made or written to.
pub fn create_beside(folder: &Path, name: &str) -> io::Result<(PathBuf, File)> {
    const MOST: u32 = 1000;
    fs::create_dir_all(folder)?;
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
    let extension = name
        .extension()
        .map(|e| format!(".{}", e.to_string_lossy()));
    let extension = extension.unwrap_or_default();
    for count in 1..MOST {
        let counted = match count {
            1 => format!("{stem}{extension}"),
            _ => format!("{stem} ({count}){extension}"),
        };
        let path = folder.join(counted);
        let made = OpenOptions::new().write(true).create_new(true).open(&path);
        match made {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A document that comes in parts.
#[derive(Debug)]
pub struct Document {
    pub export: u32,
    pub bytes: u64,
    path: PathBuf,
    file: File,
    done: u64,
    /// Of parts.
    pub next: u32,
}

impl Document {
    /// # Errors
    ///
    /// If the file cannot be made.
    pub fn begin(folder: &Path, export: u32, bytes: u64, name: &str) -> io::Result<Self> {
        let (path, file) = create_beside(folder, name)?;
        Ok(Self {
            export,
            bytes,
            path,
            file,
            done: 0,
            next: 0,
        })
    }

    /// Takes a part; the path once that was the last one.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or the hub gives less or more than it said.
    pub fn take(&mut self, part: &[u8]) -> io::Result<Option<PathBuf>> {
        self.file.write_all(part)?;
        self.done += part.len() as u64;
        self.next += 1;
        if self.done > self.bytes || (part.is_empty() && self.done < self.bytes) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if self.done < self.bytes {
            return Ok(None);
        }
        self.file.sync_all()?;
        Ok(Some(self.path.clone()))
    }

    /// Nothing of it stays.
    pub fn discard(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "The file stays");
        }
    }
}

/// A video file in the making, on a thread of its own. Dropping it ends the thread.
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
}

impl Drop for VideoExport {
    fn drop(&mut self) {
        self.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The export's thread failed");
        }
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
    let (path, file) = create_beside(folder, name).map_err(|error| error.to_string())?;
    drop(file);
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
            let (made, _) = create_beside(folder.path(), name).expect("made");
            assert_eq!(made, folder.path().join(path));
        }
    }

    #[test]
    fn a_document_is_whole_or_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut document = Document::begin(folder.path(), 1, 5, "a.pdf").expect("begun");
        assert_eq!(document.take(b"abc").expect("a part"), None);
        let path = document.take(b"de").expect("the last").expect("done");
        assert_eq!(fs::read(path).expect("there"), b"abcde");
        let mut document = Document::begin(folder.path(), 2, 2, "b.pdf").expect("begun");
        assert!(document.take(b"abc").is_err(), "more than was said");
    }
}
