//! An operator looks through the host's folders (S6): what is asked and told on the lanes of files, sealed
//! between the two ends.
//!
//! The console names folders and files only as entries of what the host has listed, so no path of its making
//! leads anywhere.

use serde::{Deserialize, Serialize};

use crate::text::BoundedText;

/// Longest name that is listed, in bytes; longer ones are cut.
pub const MAX_LISTED_NAME_BYTES: usize = 1024;
/// Most parts of a path that are told; of deeper ones the last.
pub const MAX_LISTED_PARTS: usize = 100;
/// Most entries of a folder that are listed.
pub const MAX_LISTED_ENTRIES: u32 = 200_000;
/// Most entries in a message.
pub const MAX_ENTRIES_AT_ONCE: usize = 256;
/// Most entries that are fetched by one wish.
pub const MAX_FETCHED_AT_ONCE: usize = 5000;

/// A name as the host has it. It may hold anything: whoever shows it makes visible what is unseen in it.
pub type ListedName = BoundedText<MAX_LISTED_NAME_BYTES>;

/// What the user says to an operator who wants to look through the folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BrowseAnswer {
    Allowed,
    Refused,
    /// The user chooses files to send instead.
    UserChooses,
    /// It was allowed, and is no longer.
    Stopped,
}

/// Where people begin to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FolderPlace {
    Home,
    Desktop,
    Documents,
    Downloads,
    /// All of it.
    Computer,
}

impl FolderPlace {
    pub const ALL: [Self; 5] = [
        Self::Home,
        Self::Desktop,
        Self::Documents,
        Self::Downloads,
        Self::Computer,
    ];
}

/// A folder of the host, from the console's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FolderAt {
    Place(FolderPlace),
    /// What was listed there.
    Entry {
        listing: u32,
        entry: u32,
    },
    /// So many folders above the one that was listed.
    Above {
        listing: u32,
        levels: u16,
    },
    /// The same again.
    Same {
        listing: u32,
    },
}

/// A part of what is in a folder, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListingPart {
    /// Where the folder is, the outermost first, itself included.
    Begun { path: Vec<ListedName> },
    /// Entries count from 0 over all of these.
    Entries(Vec<ListedEntry>),
    /// That is all, but for what is beyond [`MAX_LISTED_ENTRIES`].
    Whole { is_cut: bool },
    /// The folder cannot be listed; the one before stays the one that entries are of.
    Failed(crate::files::FileFault),
}

/// A file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedEntry {
    pub name: ListedName,
    pub kind: ListedKind,
    /// Of a file; 0 of others.
    pub bytes: u64,
    /// 0 where that is not known.
    pub modified_unix_millis: i64,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ListedKind {
    Folder,
    File,
    /// It is not followed.
    Link,
    /// A device, a pipe or the like.
    Other,
}
