//! What is in a folder, for somebody at another computer who may look (S6).

use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use protocol::browse::{
    ListedEntry, ListedKind, ListedName, MAX_ENTRIES_AT_ONCE, MAX_LISTED_ENTRIES, MAX_LISTED_PARTS,
};
use protocol::files::FileFault;

use crate::outgoing::reading;

/// Where there is no folder but drives: above all of them.
const ALL_DRIVES: &str = "";

/// A folder that was listed, so that its entries can be named by their number.
#[derive(Debug)]
pub struct Shown {
    path: PathBuf,
    names: Vec<OsString>,
}

/// Where all folders of this computer are: its root, or above its drives.
pub fn computer() -> PathBuf {
    PathBuf::from(if cfg!(windows) { ALL_DRIVES } else { "/" })
}

/// Begins to list the folder at `path`; a link is not followed. Takes as long as the disk does, as
/// [`Lister::some`] does.
///
/// # Errors
///
/// Why it cannot be listed.
pub fn begin(path: PathBuf) -> Result<(Shown, Lister), FileFault> {
    let entries = entries_of(&path)?;
    let shown = Shown {
        path,
        names: Vec::new(),
    };
    let lister = Lister {
        entries,
        listed: 0,
        is_cut: false,
    };
    Ok((shown, lister))
}

/// What is left of a folder to be listed.
pub struct Lister {
    entries: Entries,
    listed: u32,
    is_cut: bool,
}

impl Lister {
    /// The next entries, with their names for [`Shown::add`]; none after the last.
    pub fn some(&mut self) -> (Vec<OsString>, Vec<ListedEntry>) {
        let left = MAX_LISTED_ENTRIES - self.listed;
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let some: (Vec<_>, Vec<_>) = (&mut self.entries)
            .take(most.min(MAX_ENTRIES_AT_ONCE))
            .unzip();
        self.listed += u32::try_from(some.0.len()).unwrap_or(0);
        self.is_cut = left == 0 && self.entries.next().is_some();
        some
    }

    /// Whether there are more than may be listed, once nothing comes any more.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl std::fmt::Debug for Lister {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lister")
            .field("listed", &self.listed)
            .finish_non_exhaustive()
    }
}

impl Shown {
    /// How many entries were told.
    pub fn count(&self) -> u32 {
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is, in the parts that are told.
    pub fn parts(&self) -> Vec<ListedName> {
        parts(&self.path)
    }

    /// Further entries are told.
    pub fn add(&mut self, names: Vec<OsString>) {
        self.names.extend(names);
    }

    /// Where that entry is.
    pub fn entry(&self, entry: u32) -> Option<PathBuf> {
        let name = self.names.get(usize::try_from(entry).ok()?)?;
        Some(self.path.join(name))
    }

    /// The folder so many levels above; the outermost where there are fewer.
    pub fn above(&self, levels: u16) -> PathBuf {
        let above = self.path.ancestors().nth(usize::from(levels));
        above.map_or_else(computer, Path::to_owned)
    }
}

type Entries = Box<dyn Iterator<Item = (OsString, ListedEntry)> + Send>;

fn entries_of(path: &Path) -> Result<Entries, FileFault> {
    if path.as_os_str() == ALL_DRIVES {
        let drives = ('A'..='Z').map(|letter| format!("{letter}:\\"));
        let there = drives.filter(|drive| Path::new(drive).is_dir());
        return Ok(Box::new(there.map(|drive| {
            let listed = ListedEntry {
                name: ListedName::cut(&*drive),
                kind: ListedKind::Folder,
                bytes: 0,
                modified_unix_millis: 0,
            };
            (OsString::from(drive), listed)
        })));
    }
    let there = fs::symlink_metadata(path).map_err(|error| reading(&error))?;
    if !there.is_dir() {
        return Err(FileFault::NO_FILE);
    }
    let entries = fs::read_dir(path).map_err(|error| reading(&error))?;
    // what cannot even be named is not there for anybody
    Ok(Box::new(
        entries
            .filter_map(io::Result::ok)
            .map(|entry| listed(&entry)),
    ))
}

fn listed(entry: &DirEntry) -> (OsString, ListedEntry) {
    let name = entry.file_name();
    // of a link this is the link's own
    let metadata = entry.metadata().ok();
    let kind = match metadata.as_ref().map(fs::Metadata::file_type) {
        Some(kind) if kind.is_dir() => ListedKind::Folder,
        Some(kind) if kind.is_file() => ListedKind::File,
        Some(kind) if kind.is_symlink() => ListedKind::Link,
        Some(_) | None => ListedKind::Other,
    };
    let of_file = metadata
        .as_ref()
        .filter(|_| kind == ListedKind::File)
        .map_or(0, fs::Metadata::len);
    let modified = metadata.and_then(|metadata| metadata.modified().ok());
    let listed = ListedEntry {
        name: ListedName::cut(name.to_string_lossy()),
        kind,
        bytes: of_file,
        modified_unix_millis: modified.map_or(0, unix_millis),
    };
    (name, listed)
}

fn parts(path: &Path) -> Vec<ListedName> {
    let mut parts: Vec<ListedName> = Vec::new();
    for component in path.components() {
        let text = component.as_os_str().to_string_lossy();
        match (component, parts.last_mut()) {
            // `C:` and `\` are one
            (Component::RootDir, Some(drive)) => *drive = ListedName::cut(format!("{drive}{text}")),
            _ => parts.push(ListedName::cut(text)),
        }
    }
    parts.split_off(parts.len().saturating_sub(MAX_LISTED_PARTS))
}

fn unix_millis(at: SystemTime) -> i64 {
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |n| -n),
    }
}
