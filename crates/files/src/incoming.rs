//! What arrives, and how it lands.

use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use protocol::files::{
    FILE_PIECE_BYTES, FileFault, FileFrame, FileHas, FilePath, FileStart, MAX_FILE_ENTRIES,
};

use crate::names;

/// Begins the name of the folder, in the one that files are sent to, where they are until they are whole.
const PARTS: &str = ".pure-help-desk-";
/// In that folder; locked for as long as somebody writes there.
const LOCK: &str = "lock";
/// How many files of one name are kept beside each other.
const MOST_OF_A_NAME: u32 = 1000;

/// A transfer that arrives in a folder. Dropping it removes what is not whole.
#[derive(Debug)]
pub struct Incoming {
    target: Dir,
    parts: Parts,
    when_there: WhenThere,
    /// For entries alone.
    answers: BTreeMap<u32, WhenThere>,
    /// The next entry that is not known yet.
    next: u32,
    open: Option<Part>,
    /// The file that comes is not wanted, or cannot be had.
    is_ignoring: bool,
}

/// What becomes of a file whose name is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenThere {
    /// Somebody is asked, and meanwhile the next files come.
    #[default]
    Ask,
    Replace,
    /// The one that comes gets a number.
    KeepBoth,
    Skip,
}

/// A file that has the name of one that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Existing {
    pub bytes: u64,
    pub modified_unix_millis: i64,
}

/// What a frame has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing to tell.
    Taken,
    Landed(Landed),
    /// It is asked what to do: see [`Incoming::answer`]. Its pieces are dropped.
    Asked {
        entry: u32,
        path: FilePath,
        here: Existing,
        comes: Existing,
    },
    /// As it was answered, or said for all, before.
    Skipped {
        entry: u32,
        path: FilePath,
    },
    Failed {
        path: FilePath,
        fault: FileFault,
    },
    /// The stream is whole.
    Done,
}

/// A file is in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    pub entry: u32,
    /// Below the folder that it was sent to.
    pub path: PathBuf,
    pub bytes: u64,
}

/// The transfer ends.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IncomingError {
    #[error("there is no room left")]
    NoRoom,
    #[error("nothing can be written in the folder: {0}")]
    Folder(#[source] io::Error),
    /// Whoever sends does not keep to the protocol.
    #[error("what arrives makes no sense: {0}")]
    Senseless(&'static str),
}

/// A file that is not whole.
#[derive(Debug)]
struct Part {
    entry: u32,
    path: FilePath,
    /// Where it goes.
    local: PathBuf,
    file: File,
    hasher: blake3::Hasher,
    bytes: u64,
    got: u64,
    version: u64,
    modified_unix_millis: i64,
    when_there: WhenThere,
}

impl Incoming {
    /// Into the folder `target`, which is there.
    ///
    /// # Errors
    ///
    /// [`IncomingError::Folder`] and [`IncomingError::NoRoom`].
    pub fn into_folder(target: &Path, when_there: WhenThere) -> Result<Self, IncomingError> {
        let opened = Dir::open_ambient_dir(target, ambient_authority()).map_err(ends)?;
        let parts = Parts::make(&opened).map_err(ends)?;
        Ok(Self {
            target: opened,
            parts,
            when_there,
            answers: BTreeMap::new(),
            next: 0,
            open: None,
            is_ignoring: false,
        })
    }

    /// Where a new stream is to begin, after the last one broke.
    pub fn start(&mut self) -> FileStart {
        self.is_ignoring = false;
        match &self.open {
            Some(part) => FileStart {
                entry: part.entry,
                has: Some(FileHas {
                    version: part.version,
                    bytes: part.got,
                }),
            },
            None => FileStart {
                entry: self.next,
                has: None,
            },
        }
    }

    /// What becomes of an entry that was [asked](Step::Asked) for, once it comes again.
    pub fn answer(&mut self, entry: u32, answer: WhenThere) {
        self.answers.insert(entry, answer);
    }

    /// As [`Self::answer`], and for all that come from now on.
    pub fn answer_for_all(&mut self, answer: WhenThere) {
        self.when_there = answer;
    }

    /// Takes the next frame.
    ///
    /// # Errors
    ///
    /// [`IncomingError`]; the transfer cannot go on then.
    pub fn take(&mut self, frame: FileFrame) -> Result<Step, IncomingError> {
        match frame {
            FileFrame::Folder { entry, path } => {
                self.begins(entry)?;
                self.make_folder(path)
            }
            FileFrame::File {
                entry,
                path,
                bytes,
                modified_unix_millis,
                version,
                from,
            } => {
                if let Some(part) = self.goes_on(entry, version, from)? {
                    self.open = Some(part);
                    return Ok(Step::Taken);
                }
                if from > 0 {
                    return Err(IncomingError::Senseless("a file begins in its middle"));
                }
                self.begins(entry)?;
                let comes = Existing {
                    bytes,
                    modified_unix_millis,
                };
                self.begin_file((entry, path), comes, version)
            }
            FileFrame::Piece(piece) => self.write(&piece),
            FileFrame::End { digest } => self.end(&digest),
            FileFrame::Broken { entry, path, fault } => {
                let was_open = self.open.take_if(|part| part.entry == entry).is_some();
                if was_open {
                    self.parts.remove(entry);
                } else if !self.is_ignoring {
                    self.begins(entry)?;
                }
                self.is_ignoring = false;
                Ok(Step::Failed { path, fault })
            }
            FileFrame::Done => {
                if self.open.is_some() {
                    return Err(IncomingError::Senseless("the last file is not whole"));
                }
                self.is_ignoring = false;
                Ok(Step::Done)
            }
        }
    }

    /// An entry is new; one that was asked for may come once more.
    fn begins(&mut self, entry: u32) -> Result<(), IncomingError> {
        if let Some(left) = self.open.take() {
            // it was skipped by whoever sends
            self.parts.remove(left.entry);
        }
        self.is_ignoring = false;
        if entry >= MAX_FILE_ENTRIES {
            return Err(IncomingError::Senseless("there are too many entries"));
        }
        if entry < self.next {
            return if self.answers.contains_key(&entry) {
                Ok(())
            } else {
                Err(IncomingError::Senseless("an entry comes twice"))
            };
        }
        self.next = entry + 1;
        Ok(())
    }

    /// The part that is there, if the file goes on where it broke off.
    fn goes_on(
        &mut self,
        entry: u32,
        version: u64,
        from: u64,
    ) -> Result<Option<Part>, IncomingError> {
        let Some(part) = self.open.take_if(|part| part.entry == entry) else {
            return Ok(None);
        };
        if part.version == version && part.got == from {
            return Ok(Some(part));
        }
        // it is another file by now
        self.parts.remove(entry);
        self.answers.insert(entry, part.when_there);
        if from > 0 {
            return Err(IncomingError::Senseless("a file goes on elsewhere"));
        }
        Ok(None)
    }

    fn make_folder(&mut self, path: FilePath) -> Result<Step, IncomingError> {
        let made = names::local(&path).and_then(|local| self.folder(&local));
        match made {
            Ok(()) => Ok(Step::Taken),
            Err(fault) => Self::failed(path, fault),
        }
    }

    fn folder(&self, local: &Path) -> Result<(), FileFault> {
        match self.target.create_dir_all(local) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(FileFault::IN_THE_WAY)
            }
            Err(error) => Err(writing(&error)),
        }
    }

    fn begin_file(
        &mut self,
        (entry, path): (u32, FilePath),
        comes: Existing,
        version: u64,
    ) -> Result<Step, IncomingError> {
        self.is_ignoring = true;
        let local = match names::local(&path) {
            Ok(local) => local,
            Err(fault) => return Self::failed(path, fault),
        };
        if let Some(above) = local.parent().filter(|above| !above.as_os_str().is_empty())
            && let Err(fault) = self.folder(above)
        {
            return Self::failed(path, fault);
        }
        let when_there = self.answers.remove(&entry).unwrap_or(self.when_there);
        match self.target.symlink_metadata(&local) {
            Ok(there) => match when_there {
                WhenThere::Skip => return Ok(Step::Skipped { entry, path }),
                WhenThere::Ask => {
                    let modified = there
                        .modified()
                        .ok()
                        .map(cap_std::time::SystemTime::into_std);
                    let here = Existing {
                        bytes: there.len(),
                        modified_unix_millis: modified.map_or(0, unix_millis),
                    };
                    // until it is answered; then it comes again
                    self.answers.insert(entry, WhenThere::Ask);
                    return Ok(Step::Asked {
                        entry,
                        path,
                        here,
                        comes,
                    });
                }
                WhenThere::Replace if !there.is_file() => {
                    return Self::failed(path, FileFault::IN_THE_WAY);
                }
                WhenThere::Replace | WhenThere::KeepBoth => {}
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Self::failed(path, writing(&error)),
        }
        let file = self.parts.create(entry).map_err(ends)?;
        self.open = Some(Part {
            entry,
            path,
            local,
            file,
            hasher: blake3::Hasher::new(),
            bytes: comes.bytes,
            got: 0,
            version,
            modified_unix_millis: comes.modified_unix_millis,
            when_there,
        });
        self.is_ignoring = false;
        Ok(Step::Taken)
    }

    fn write(&mut self, piece: &[u8]) -> Result<Step, IncomingError> {
        if piece.len() > FILE_PIECE_BYTES {
            return Err(IncomingError::Senseless("a piece is too large"));
        }
        if self.is_ignoring {
            return Ok(Step::Taken);
        }
        let part = self.open.as_mut();
        let part = part.ok_or(IncomingError::Senseless("a piece belongs to no file"))?;
        part.got += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if part.got > part.bytes {
            return Err(IncomingError::Senseless("a file is longer than it is"));
        }
        part.file.write_all(piece).map_err(ends)?;
        part.hasher.update(piece);
        Ok(Step::Taken)
    }

    fn end(&mut self, digest: &[u8; 32]) -> Result<Step, IncomingError> {
        if std::mem::take(&mut self.is_ignoring) {
            return Ok(Step::Taken);
        }
        let part = self.open.take();
        let part = part.ok_or(IncomingError::Senseless("no file ends here"))?;
        if part.got != part.bytes || part.hasher.finalize() != *digest {
            self.parts.remove(part.entry);
            return Self::failed(part.path, FileFault::DAMAGED);
        }
        let entry = part.entry;
        let landed = self.land(&part);
        if landed.is_err() {
            self.parts.remove(entry);
        }
        match landed {
            Ok(path) => Ok(Step::Landed(Landed {
                entry,
                path,
                bytes: part.bytes,
            })),
            Err(fault) => Self::failed(part.path, fault),
        }
    }

    /// Puts a file that is whole under its name; returns where.
    fn land(&self, part: &Part) -> Result<PathBuf, FileFault> {
        let millis = part.modified_unix_millis;
        let since = Duration::from_millis(millis.unsigned_abs());
        let modified = if millis < 0 {
            UNIX_EPOCH.checked_sub(since)
        } else {
            UNIX_EPOCH.checked_add(since)
        };
        if let (Some(modified), Ok(file)) = (modified, part.file.try_clone()) {
            // a file system that keeps no such time keeps the file
            drop(file.into_std().set_modified(modified));
        }
        if part.when_there == WhenThere::Replace {
            self.parts
                .replace(part.entry, &self.target, &part.local)
                .map_err(|error| writing(&error))?;
            return Ok(part.local.clone());
        }
        let mut local = part.local.clone();
        for number in 2..=MOST_OF_A_NAME {
            match self.parts.put(part.entry, &self.target, &local) {
                Ok(()) => return Ok(local),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    // it came while this one did
                    let name = part.local.file_name().unwrap_or_default();
                    let numbered = names::numbered(&name.to_string_lossy(), number);
                    local = part.local.with_file_name(numbered);
                }
                Err(error) => return Err(writing(&error)),
            }
        }
        Err(FileFault::IN_THE_WAY)
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "a file that fails ends no transfer"
    )]
    fn failed(path: FilePath, fault: FileFault) -> Result<Step, IncomingError> {
        Ok(Step::Failed { path, fault })
    }
}

/// What the disk says, if it concerns all files.
fn ends(error: io::Error) -> IncomingError {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    if matches!(error.kind(), StorageFull | QuotaExceeded) {
        IncomingError::NoRoom
    } else {
        IncomingError::Folder(error)
    }
}

fn writing(error: &io::Error) -> FileFault {
    use io::ErrorKind::{
        InvalidFilename, InvalidInput, IsADirectory, NotADirectory, PermissionDenied,
        ReadOnlyFilesystem,
    };
    let kind = error.kind();
    // `cap-std` says the first of what would lead out of the folder, too
    if matches!(kind, PermissionDenied | ReadOnlyFilesystem) {
        FileFault::NOT_WRITABLE
    } else if matches!(kind, InvalidFilename | InvalidInput) {
        FileFault::BAD_PATH
    } else if matches!(kind, NotADirectory | IsADirectory) {
        FileFault::IN_THE_WAY
    } else {
        FileFault::WRITING_FAILED
    }
}

fn unix_millis(at: SystemTime) -> i64 {
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |n| -n),
    }
}

/// Where files are until they are whole: on the same disk, so that they come into their place at once.
#[derive(Debug)]
struct Parts {
    target: Dir,
    name: String,
    folder: Dir,
    /// Tells it apart from what a killed program left.
    _lock: std::fs::File,
}

impl Parts {
    fn make(target: &Dir) -> io::Result<Self> {
        Self::clean(target);
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = format!("{PARTS}{:08x}", u32::from_le_bytes(random));
        target.create_dir(&name)?;
        let folder = target.open_dir(&name)?;
        let lock = folder.create(LOCK)?.into_std();
        lock.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
        })?;
        Ok(Self {
            target: target.try_clone()?,
            name,
            folder,
            _lock: lock,
        })
    }

    /// Removes what programs left that are no more.
    fn clean(target: &Dir) {
        let Ok(entries) = target.entries() else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_ours = name.to_str().is_some_and(|name| name.starts_with(PARTS));
            if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let lock = target.open_dir(&name).and_then(|left| left.open(LOCK));
            let is_left = match lock {
                Ok(lock) => lock.into_std().try_lock().is_ok(),
                Err(_) => false,
            };
            if is_left && let Err(error) = target.remove_dir_all(&name) {
                tracing::warn!(%error, "Parts of files not removed");
            }
        }
    }

    fn create(&self, entry: u32) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        self.folder.open_with(entry.to_string(), &options)
    }

    fn remove(&self, entry: u32) {
        if let Err(error) = self.folder.remove_file(entry.to_string()) {
            tracing::warn!(%error, "A part of a file not removed");
        }
    }

    /// Under its name, in place of what is there.
    fn replace(&self, entry: u32, target: &Dir, local: &Path) -> io::Result<()> {
        self.folder.rename(entry.to_string(), target, local)
    }

    /// Under its name, if that is free.
    fn put(&self, entry: u32, target: &Dir, local: &Path) -> io::Result<()> {
        let part = entry.to_string();
        match self.folder.hard_link(&part, target, local) {
            Ok(()) => {
                self.remove(entry);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // a file system without links, such as that of a stick
            Err(_) if target.symlink_metadata(local).is_ok() => {
                Err(io::ErrorKind::AlreadyExists.into())
            }
            Err(_) => self.folder.rename(part, target, local),
        }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if let Err(error) = self.target.remove_dir_all(&self.name) {
            tracing::warn!(%error, "Parts of files not removed");
        }
    }
}
