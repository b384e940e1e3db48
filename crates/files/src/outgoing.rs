//! What is sent: a list of files and folders, and the frames that they become.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use protocol::files::{
    FILE_PIECE_BYTES, FileFault, FileFrame, FileFrames, FileHas, FilePath, FileStart,
    MAX_FILE_DEPTH, MAX_FILE_ENTRIES,
};
use walkdir::WalkDir;

/// About what the frame of an entry takes beside its path, in bytes.
const FRAME_BYTES: usize = 64;

/// The list, made once; where a stream begins anew it goes on in the same list.
#[derive(Debug, Default)]
pub struct Outgoing {
    entries: Vec<Entry>,
    skipped: Vec<Skipped>,
    files: u32,
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    from: PathBuf,
    path: FilePath,
    is_folder: bool,
}

/// What is not sent, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub path: PathBuf,
    pub fault: FileFault,
}

impl Outgoing {
    /// Lists `chosen`, and all that is in those of them that are folders. Links inside of folders are not
    /// followed: they may lead anywhere. `goes_on` hears how many there are so far; `false` ends it with
    /// `None`.
    pub fn of(chosen: &[PathBuf], mut goes_on: impl FnMut(u32) -> bool) -> Option<Self> {
        let mut all = Self::default();
        for top in chosen {
            // what people point at is meant, be it a link
            match top.canonicalize() {
                Ok(whole) => {
                    if !all.add_tree(&whole, &mut goes_on) {
                        return None;
                    }
                }
                Err(error) => all.skip(top, reading(&error)),
            }
        }
        Some(all)
    }

    /// As [`Self::of`], for what somebody at another computer chose: no link is followed.
    pub fn of_listed(chosen: &[PathBuf], mut goes_on: impl FnMut(u32) -> bool) -> Option<Self> {
        let mut all = Self::default();
        for top in chosen {
            if !all.add_tree(top, &mut goes_on) {
                return None;
            }
        }
        Some(all)
    }

    fn add_tree(&mut self, top: &Path, goes_on: &mut impl FnMut(u32) -> bool) -> bool {
        let above = top.parent().unwrap_or(top).to_owned();
        let walk = WalkDir::new(top)
            .follow_links(false)
            .follow_root_links(false)
            .max_depth(MAX_FILE_DEPTH)
            .sort_by_file_name();
        for found in walk {
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    let fault = error.io_error().map_or(FileFault::READING_FAILED, reading);
                    self.skip(error.path().unwrap_or(top), fault);
                    continue;
                }
            };
            let kind = found.file_type();
            if !(kind.is_file() || kind.is_dir()) {
                self.skip(found.path(), FileFault::NO_FILE);
                continue;
            }
            let Some(path) = below(&above, found.path()) else {
                self.skip(found.path(), FileFault::BAD_PATH);
                continue;
            };
            if kind.is_file() {
                self.files += 1;
                self.bytes += found.metadata().map_or(0, |metadata| metadata.len());
            }
            self.entries.push(Entry {
                from: found.into_path(),
                path,
                is_folder: kind.is_dir(),
            });
            let count = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
            if count > MAX_FILE_ENTRIES || !goes_on(count) {
                return false;
            }
        }
        true
    }

    fn skip(&mut self, path: &Path, fault: FileFault) {
        let path = path.to_owned();
        self.skipped.push(Skipped { path, fault });
    }

    /// How many files there are.
    pub fn files(&self) -> u32 {
        self.files
    }

    /// Of all files, as they were when the list was made.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was not taken into the list.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Where an entry is in the transfer.
    pub fn path(&self, entry: u32) -> Option<&FilePath> {
        let at = usize::try_from(entry).ok()?;
        self.entries.get(at).map(|entry| &entry.path)
    }
}

/// The path of `at` below `above`. What is no Unicode is marked as such, for no other system has it.
fn below(above: &Path, at: &Path) -> Option<FilePath> {
    let parts = at.strip_prefix(above).ok()?.components();
    let parts: Vec<String> = parts
        .map(|part| part.as_os_str().to_string_lossy().replace('\\', "_"))
        .collect();
    FilePath::try_from(&*parts.join("/")).ok()
}

pub(crate) fn reading(error: &io::Error) -> FileFault {
    let kind = error.kind();
    if kind == io::ErrorKind::NotFound {
        FileFault::GONE
    } else if kind == io::ErrorKind::PermissionDenied {
        FileFault::NOT_READABLE
    } else {
        FileFault::READING_FAILED
    }
}

/// Makes the frames of one stream.
#[derive(Debug)]
pub struct Reader {
    of: Arc<Outgoing>,
    next: u32,
    has: Option<FileHas>,
    open: Option<Open>,
    is_done: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    hasher: blake3::Hasher,
    entry: u32,
    bytes: u64,
    sent: u64,
    version: u64,
}

/// What tells one state of a file from another, without reading it.
struct State {
    bytes: u64,
    modified: SystemTime,
}

impl State {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            bytes: metadata.len(),
            modified: metadata.modified().unwrap_or(UNIX_EPOCH),
        })
    }

    fn since_epoch(&self) -> i128 {
        match self.modified.duration_since(UNIX_EPOCH) {
            Ok(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX),
            Err(before) => i128::try_from(before.duration().as_nanos()).map_or(i128::MIN, |n| -n),
        }
    }

    fn unix_millis(&self) -> i64 {
        let millis = self.since_epoch().div_euclid(1_000_000);
        i64::try_from(millis).unwrap_or(i64::MAX)
    }

    fn version(&self) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.bytes.to_le_bytes());
        hasher.update(&self.since_epoch().to_le_bytes());
        let hash = hasher.finalize();
        let first = hash.as_bytes().first_chunk();
        first.map_or(0, |first| u64::from_le_bytes(*first))
    }
}

impl Reader {
    /// All from `start` on.
    pub fn from(of: Arc<Outgoing>, start: FileStart) -> Self {
        Self {
            of,
            next: start.entry,
            has: start.has,
            open: None,
            is_done: false,
        }
    }

    /// Leaves out what is left of `entry`.
    pub fn skip(&mut self, entry: u32) {
        if self.open.as_ref().is_some_and(|open| open.entry == entry) {
            self.open = None;
        } else if self.next == entry {
            self.next += 1;
        }
    }

    /// What belongs into the next frame of the lane; `None` after the last.
    pub fn frames(&mut self) -> Option<FileFrames> {
        self.frames_of(FILE_PIECE_BYTES)
    }

    /// As [`Self::frames`], of about so many bytes; no more than [`FILE_PIECE_BYTES`].
    pub fn frames_of(&mut self, bytes: usize) -> Option<FileFrames> {
        let mut frames = FileFrames::new();
        let mut room = bytes.min(FILE_PIECE_BYTES);
        while room > 0 && !self.is_done {
            let (frame, bytes) = self.frame(room);
            frames.push(frame);
            room = room.saturating_sub(bytes);
        }
        (!frames.is_empty()).then_some(frames)
    }

    /// A frame, and about how much room it takes.
    fn frame(&mut self, room: usize) -> (FileFrame, usize) {
        if let Some(open) = self.open.take() {
            return self.go_on(open, room);
        }
        let at = usize::try_from(self.next).unwrap_or(usize::MAX);
        let entry = self.of.entries.get(at);
        let Some(entry) = entry else {
            self.is_done = true;
            return (FileFrame::Done, 1);
        };
        let (number, path) = (self.next, entry.path.clone());
        self.next += 1;
        let bytes = FRAME_BYTES + path.as_str().len();
        let has = self.has.take();
        let frame = if entry.is_folder {
            FileFrame::Folder {
                entry: number,
                path,
            }
        } else {
            match begin(&entry.from, number, has) {
                Ok((open, modified_unix_millis)) => {
                    let begun = FileFrame::File {
                        entry: number,
                        path,
                        bytes: open.bytes,
                        modified_unix_millis,
                        version: open.version,
                        from: open.sent,
                    };
                    self.open = Some(open);
                    begun
                }
                Err(error) => FileFrame::Broken {
                    entry: number,
                    path,
                    fault: reading(&error),
                },
            }
        };
        (frame, bytes)
    }

    fn go_on(&mut self, mut open: Open, room: usize) -> (FileFrame, usize) {
        match open.piece(room) {
            Ok(Some(piece)) => {
                let bytes = piece.len();
                self.open = Some(open);
                (FileFrame::Piece(piece), bytes)
            }
            Ok(None) => {
                let digest = *open.hasher.finalize().as_bytes();
                (FileFrame::End { digest }, FRAME_BYTES)
            }
            Err(fault) => {
                let entry = open.entry;
                let at = usize::try_from(entry).unwrap_or(usize::MAX);
                let path = self.of.entries.get(at).map(|entry| entry.path.clone());
                let path = path.expect("what is open is in the list");
                let bytes = FRAME_BYTES + path.as_str().len();
                (FileFrame::Broken { entry, path, fault }, bytes)
            }
        }
    }
}

fn begin(from: &Path, entry: u32, has: Option<FileHas>) -> io::Result<(Open, i64)> {
    // a link or a pipe that came into its place since is not followed, and not waited for
    if !fs::symlink_metadata(from)?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let file = File::open(from)?;
    let state = State::of(&file)?;
    let version = state.version();
    let mut open = Open {
        file,
        hasher: blake3::Hasher::new(),
        entry,
        bytes: state.bytes,
        sent: 0,
        version,
    };
    let goes_on = has.filter(|has| has.version == version && has.bytes <= open.bytes);
    if let Some(has) = goes_on {
        let mut beginning = (&mut open.file).take(has.bytes);
        let read = io::copy(&mut beginning, &mut open.hasher)?;
        if read != has.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        open.sent = has.bytes;
    }
    Ok((open, state.unix_millis()))
}

impl Open {
    /// The next piece of at most `room` bytes; `None` if the file is whole, and as it was at its beginning.
    fn piece(&mut self, room: usize) -> Result<Option<Bytes>, FileFault> {
        let left = usize::try_from(self.bytes - self.sent).unwrap_or(usize::MAX);
        if left == 0 {
            let state = State::of(&self.file).map_err(|error| reading(&error))?;
            return if state.version() == self.version {
                Ok(None)
            } else {
                Err(FileFault::CHANGED)
            };
        }
        let mut piece = vec![0; left.min(room)];
        self.file.read_exact(&mut piece).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                FileFault::CHANGED
            } else {
                reading(&error)
            }
        })?;
        self.hasher.update(&piece);
        self.sent += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        Ok(Some(piece.into()))
    }
}
