//! What arrives, and how it lands.

use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, OpenOptions, Permissions};
use protocol::files::{
    Conflict, ConflictAnswer, FILE_PIECE_BYTES, FileFacts, FileFault, FileFrame, FileHas, FilePath,
    FileStart, MAX_FILE_ENTRIES,
};

use crate::names;

/// Begins the name of the folder, in the one that files are sent to, where they are until they are whole.
const PARTS: &str = ".pure-help-desk-";
/// In that folder; locked for as long as somebody writes there.
const LOCK: &str = "lock";
/// How many files of one name are kept beside each other.
const MOST_OF_A_NAME: u32 = 1000;
/// How many files wait for an answer at once; of more both are kept.
const MOST_ASKED: usize = 10_000;

/// A transfer that arrives in a folder. Dropping it removes what is not whole.
#[derive(Debug)]
pub struct Incoming {
    target: Dir,
    when_there: WhenThere,
    /// For entries alone.
    answers: BTreeMap<u32, WhenThere>,
    /// What is not answered yet.
    asked: BTreeMap<u32, Conflict>,
    /// Those of them that are whole.
    held: BTreeMap<u32, Whole>,
    /// The next entry that is not known yet.
    next: u32,
    open: Option<Part>,
    /// The last entry that was given up while it came; a stream may still go on with it.
    given_up: Option<u32>,
    /// The file that comes is not wanted, or cannot be had.
    is_ignoring: bool,
    /// Last, since Windows removes nothing that is open.
    parts: Parts,
}

/// What becomes of a file whose name is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenThere {
    /// Somebody is asked, and meanwhile this file and the next ones come.
    #[default]
    Ask,
    Replace,
    /// The one that comes gets a number.
    KeepBoth,
    Skip,
}

impl From<ConflictAnswer> for WhenThere {
    fn from(answer: ConflictAnswer) -> Self {
        match answer {
            ConflictAnswer::Replace => Self::Replace,
            ConflictAnswer::KeepBoth => Self::KeepBoth,
            ConflictAnswer::Skip => Self::Skip,
        }
    }
}

/// What a frame has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing to tell.
    Taken,
    Landed(Landed),
    /// It is asked what to do: see [`Incoming::answer`]. The file comes, and is kept aside.
    Asked(Conflict),
    /// As it was answered, or said for all. So many bytes of it are still to come, and are dropped.
    Skipped {
        entry: u32,
        bytes_to_come: u64,
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
    /// Another file of that name is gone for it.
    pub replaced: bool,
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
    whole: Whole,
    file: File,
    hasher: blake3::Hasher,
    got: u64,
    version: u64,
    when_there: WhenThere,
}

/// A file that is among the parts, once it is whole.
#[derive(Debug)]
struct Whole {
    entry: u32,
    path: FilePath,
    /// Where it goes.
    local: PathBuf,
    bytes: u64,
    modified_unix_millis: i64,
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
            asked: BTreeMap::new(),
            held: BTreeMap::new(),
            next: 0,
            open: None,
            given_up: None,
            is_ignoring: false,
        })
    }

    /// Where a new stream is to begin, after the last one broke.
    pub fn start(&mut self) -> FileStart {
        self.is_ignoring = false;
        match &self.open {
            Some(part) => FileStart {
                entry: part.whole.entry,
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

    /// The first that is [asked](Step::Asked) and not answered.
    pub fn question(&self) -> Option<&Conflict> {
        self.asked.values().next()
    }

    /// What becomes of an entry that was [asked](Step::Asked) for: at once, or when it is whole. Others are
    /// passed over.
    pub fn answer(&mut self, entry: u32, answer: ConflictAnswer) -> Option<Step> {
        self.asked.remove(&entry)?;
        if let Some(whole) = self.held.remove(&entry) {
            return Some(self.settle(&whole, answer.into()));
        }
        if answer != ConflictAnswer::Skip {
            let part = self.open.as_mut().filter(|part| part.whole.entry == entry);
            if let Some(part) = part {
                part.when_there = answer.into();
            }
            return None;
        }
        let part = self.open.take_if(|part| part.whole.entry == entry)?;
        self.parts.remove(entry);
        self.is_ignoring = true;
        self.given_up = Some(entry);
        Some(Step::Skipped {
            entry,
            bytes_to_come: part.whole.bytes.saturating_sub(part.got),
        })
    }

    /// As [`Self::answer`], for all that are asked for, and for all that come from now on.
    pub fn answer_for_all(&mut self, answer: ConflictAnswer) -> Vec<Step> {
        self.when_there = answer.into();
        let asked: Vec<u32> = self.asked.keys().copied().collect();
        let steps = asked.into_iter();
        steps
            .filter_map(|entry| self.answer(entry, answer))
            .collect()
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
                if self
                    .given_up
                    .take_if(|given_up| *given_up == entry)
                    .is_some()
                {
                    // it was on its way before its sender heard
                    self.is_ignoring = true;
                    return Ok(Step::Taken);
                }
                if let Some(part) = self.goes_on(entry, version, from)? {
                    self.open = Some(part);
                    return Ok(Step::Taken);
                }
                if from > 0 {
                    return Err(IncomingError::Senseless("a file begins in its middle"));
                }
                self.begins(entry)?;
                let comes = FileFacts {
                    bytes,
                    modified_unix_millis,
                };
                self.begin_file((entry, path), comes, version)
            }
            FileFrame::Piece(piece) => self.write(&piece),
            FileFrame::End { digest } => self.end(&digest),
            FileFrame::Broken { entry, path, fault } => {
                let left = self.open.take_if(|part| part.whole.entry == entry);
                if let Some(left) = left {
                    self.drop_part(&left);
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
            self.drop_part(&left);
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
        let Some(part) = self.open.take_if(|part| part.whole.entry == entry) else {
            return Ok(None);
        };
        if part.version == version && part.got == from {
            return Ok(Some(part));
        }
        // it is another file by now
        self.drop_part(&part);
        self.answers.insert(entry, part.when_there);
        if from > 0 {
            return Err(IncomingError::Senseless("a file goes on elsewhere"));
        }
        Ok(None)
    }

    fn drop_part(&mut self, part: &Part) {
        self.asked.remove(&part.whole.entry);
        self.parts.remove(part.whole.entry);
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
        comes: FileFacts,
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
        let mut when_there = self.answers.remove(&entry).unwrap_or(self.when_there);
        let mut question = None;
        match self.target.symlink_metadata(&local) {
            Ok(there) => match when_there {
                WhenThere::Skip => {
                    let bytes_to_come = comes.bytes;
                    return Ok(Step::Skipped {
                        entry,
                        bytes_to_come,
                    });
                }
                // what cannot be replaced is not asked about
                WhenThere::Ask if !there.is_file() || self.asked.len() >= MOST_ASKED => {
                    when_there = WhenThere::KeepBoth;
                }
                WhenThere::Ask => {
                    question = Some(Conflict {
                        entry,
                        path: path.clone(),
                        here: facts(&there),
                        comes,
                    });
                }
                WhenThere::Replace if !there.is_file() => {
                    return Self::failed(path, FileFault::IN_THE_WAY);
                }
                WhenThere::Replace | WhenThere::KeepBoth => {}
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // one that comes into its place meanwhile is nobody's to replace
                when_there = WhenThere::KeepBoth;
            }
            Err(error) => return Self::failed(path, writing(&error)),
        }
        let file = self.parts.create(entry).map_err(ends)?;
        self.open = Some(Part {
            whole: Whole {
                entry,
                path,
                local,
                bytes: comes.bytes,
                modified_unix_millis: comes.modified_unix_millis,
            },
            file,
            hasher: blake3::Hasher::new(),
            got: 0,
            version,
            when_there,
        });
        self.is_ignoring = false;
        Ok(match question {
            Some(question) => {
                self.asked.insert(entry, question.clone());
                Step::Asked(question)
            }
            None => Step::Taken,
        })
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
        if part.got > part.whole.bytes {
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
        if part.got != part.whole.bytes || part.hasher.finalize() != *digest {
            self.drop_part(&part);
            return Self::failed(part.whole.path, FileFault::DAMAGED);
        }
        let Part {
            whole,
            file,
            when_there,
            ..
        } = part;
        set_modified(&file, whole.modified_unix_millis);
        drop(file);
        if when_there == WhenThere::Ask {
            self.held.insert(whole.entry, whole);
            return Ok(Step::Taken);
        }
        Ok(self.settle(&whole, when_there))
    }

    /// What becomes of a file that is whole.
    fn settle(&self, whole: &Whole, when_there: WhenThere) -> Step {
        let (entry, bytes) = (whole.entry, whole.bytes);
        let landed = match when_there {
            WhenThere::Skip => {
                self.parts.remove(entry);
                return Step::Skipped {
                    entry,
                    bytes_to_come: 0,
                };
            }
            WhenThere::Replace => self.replace(whole),
            WhenThere::KeepBoth | WhenThere::Ask => self.put(whole),
        };
        match landed {
            Ok((path, replaced)) => Step::Landed(Landed {
                entry,
                path,
                bytes,
                replaced,
            }),
            Err(fault) => {
                self.parts.remove(entry);
                let path = whole.path.clone();
                Step::Failed { path, fault }
            }
        }
    }

    /// Puts a file that is whole in the place of another, and of nothing else; returns where, and whether
    /// there was one.
    fn replace(&self, whole: &Whole) -> Result<(PathBuf, bool), FileFault> {
        match self.target.symlink_metadata(&whole.local) {
            // it became something else while the question stood
            Ok(there) if !there.is_file() => Err(FileFault::IN_THE_WAY),
            Ok(there) => {
                self.parts
                    .replace(whole.entry, &self.target, &whole.local, &there)
                    .map_err(|error| writing(&error))?;
                Ok((whole.local.clone(), true))
            }
            Err(_) => self.put(whole),
        }
    }

    /// Puts a file that is whole under its name, or that with a number; returns where.
    fn put(&self, whole: &Whole) -> Result<(PathBuf, bool), FileFault> {
        let mut local = whole.local.clone();
        for number in 2..=MOST_OF_A_NAME {
            match self.parts.put(whole.entry, &self.target, &local) {
                Ok(()) => return Ok((local, false)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let name = whole.local.file_name().unwrap_or_default();
                    let numbered = names::numbered(&name.to_string_lossy(), number);
                    local = whole.local.with_file_name(numbered);
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

fn set_modified(file: &File, unix_millis: i64) {
    let since = Duration::from_millis(unix_millis.unsigned_abs());
    let modified = if unix_millis < 0 {
        UNIX_EPOCH.checked_sub(since)
    } else {
        UNIX_EPOCH.checked_add(since)
    };
    if let (Some(modified), Ok(file)) = (modified, file.try_clone()) {
        // a file system that keeps no such time keeps the file
        drop(file.into_std().set_modified(modified));
    }
}

fn facts(there: &Metadata) -> FileFacts {
    let modified = there.modified().ok();
    let modified = modified.map(cap_std::time::SystemTime::into_std);
    FileFacts {
        bytes: there.len(),
        modified_unix_millis: modified.map_or(0, unix_millis),
    }
}

/// Who may read and write a file; not what it would be run as.
fn rights_of(there: &Metadata) -> Permissions {
    #[cfg(unix)]
    {
        use cap_std::fs::PermissionsExt as _;
        Permissions::from_mode(there.permissions().mode() & 0o777)
    }
    #[cfg(not(unix))]
    there.permissions()
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
    folder: Dir,
    /// Tells it apart from what a killed program left.
    _lock: std::fs::File,
    /// Last: see [`Incoming::parts`].
    _remover: Remover,
}

/// Removes the folder with the parts when it is dropped.
#[derive(Debug)]
struct Remover {
    target: Dir,
    name: String,
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
            folder,
            _lock: lock,
            _remover: Remover {
                target: target.try_clone()?,
                name,
            },
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

    /// Under its name, in place of the file that is there, at once. Who may read that may read this.
    fn replace(&self, entry: u32, target: &Dir, local: &Path, there: &Metadata) -> io::Result<()> {
        let part = entry.to_string();
        if let Err(error) = self.folder.set_permissions(&part, rights_of(there)) {
            tracing::debug!(%error, "A file has rights of its own");
        }
        self.folder.rename(part, target, local)
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

impl Drop for Remover {
    fn drop(&mut self) {
        if let Err(error) = self.target.remove_dir_all(&self.name) {
            tracing::warn!(%error, "Parts of files not removed");
        }
    }
}
