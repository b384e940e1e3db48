//! Files that one end of a session sends the other (S6): what flows on the lanes of files, sealed between
//! the two.
//!
//! A transfer is folders and files in the order of the sender's list, small ones many to a frame of the
//! lane. What broke off is begun anew where the receiver says. What goes on is told in words, which the hub
//! hears, and what is in the files is sealed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::browse::{BrowseAnswer, FolderAt, ListingPart};
use crate::limits::MAX_NAME_BYTES;
use crate::text::BoundedText;
use crate::wire::{self, DecodeError};

/// Longest path of an entry, in bytes.
pub const MAX_FILE_PATH_BYTES: usize = 4096;
/// Most folders above an entry, itself included.
pub const MAX_FILE_DEPTH: usize = 100;
/// Most entries of one transfer.
pub const MAX_FILE_ENTRIES: u32 = 200_000;
/// Most bytes of sealed messages that an end has sent and the other has not taken: what a stalled line or
/// disk can fill, on the way and in between.
pub const MAX_FILE_BYTES_ON_THE_WAY: usize = 4 << 20;
/// How large a piece of a file is, in bytes: with its seal and others beside it it fits a frame.
pub const FILE_PIECE_BYTES: usize = 192 * 1024;

/// Where an entry is below the folder that a transfer goes to: names with `/` between, none of which leads
/// anywhere else.
///
/// INVARIANT: 1 to [`MAX_FILE_DEPTH`] parts; none is empty, `.` or `..`, or has `/`, `\` or a NUL in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(
    try_from = "BoundedText<MAX_FILE_PATH_BYTES>",
    into = "BoundedText<MAX_FILE_PATH_BYTES>"
)]
pub struct FilePath(BoundedText<MAX_FILE_PATH_BYTES>);

/// A text is no [`FilePath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no path below a folder")]
pub struct NoFilePath;

impl FilePath {
    /// Its parts, the outermost first.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part.
    pub fn name(&self) -> &str {
        self.parts().next_back().unwrap_or_default()
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<BoundedText<MAX_FILE_PATH_BYTES>> for FilePath {
    type Error = NoFilePath;

    fn try_from(text: BoundedText<MAX_FILE_PATH_BYTES>) -> Result<Self, NoFilePath> {
        let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
        if text.split('/').count() > MAX_FILE_DEPTH || !text.split('/').all(is_name) {
            return Err(NoFilePath);
        }
        Ok(Self(text))
    }
}

impl TryFrom<&str> for FilePath {
    type Error = NoFilePath;

    fn try_from(text: &str) -> Result<Self, NoFilePath> {
        if text.len() > MAX_FILE_PATH_BYTES {
            return Err(NoFilePath);
        }
        BoundedText::cut(text).try_into()
    }
}

impl From<FilePath> for BoundedText<MAX_FILE_PATH_BYTES> {
    fn from(path: FilePath) -> Self {
        path.0
    }
}

/// What is in a frame of a lane of files, the first first.
pub type FileFrames = Vec<FileFrame>;

/// One step of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileFrame {
    /// Entries count from 0 in the sender's list.
    Folder { entry: u32, path: FilePath },
    /// Its pieces follow, from the byte `from` on.
    File {
        entry: u32,
        path: FilePath,
        bytes: u64,
        modified_unix_millis: i64,
        /// Of the contents: as long as it is the same, a file can go on where it broke off.
        version: u64,
        from: u64,
    },
    /// At most [`FILE_PIECE_BYTES`].
    Piece(Bytes),
    /// The file is whole; the BLAKE3 hash of all of it.
    End { digest: [u8; 32] },
    /// The entry, which may have begun, does not come.
    Broken {
        entry: u32,
        path: FilePath,
        fault: FileFault,
    },
    /// There is no more.
    Done,
}

/// Where a stream of a transfer is to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileStart {
    pub entry: u32,
    /// What the receiver has of that entry.
    pub has: Option<FileHas>,
}

/// The beginning of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHas {
    pub version: u64,
    pub bytes: u64,
}

/// A frame of a lane of files, before it is sealed. Each end has one such lane in a channel, for what it
/// sends and for its answers to what it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileMessage {
    /// The next of the transfer with this number, from this end.
    Frames { transfer: u32, frames: FileFrames },
    /// The other end's transfer is to begin there; once for each channel.
    Begin { transfer: u32, start: FileStart },
    /// So many messages of frames were taken in this channel, and so much of the other end's transfer is
    /// on the disk. Nobody sends more than [`MAX_FILE_BYTES_ON_THE_WAY`] that are not taken yet.
    Taken {
        messages: u64,
        transfer: u32,
        files: u32,
        bytes: u64,
    },
    /// From a host that receives: where a file of a name is there already, what is to become of it; `None`
    /// once nothing is asked any more. Only to a console that is [`FilesWord::Able`].
    Asked {
        transfer: u32,
        conflict: Option<Conflict>,
    },
    /// From the console, whose operator decides: what becomes of that entry of its own transfer.
    Answer {
        transfer: u32,
        entry: u32,
        answer: ConflictAnswer,
        /// And of all that are asked for or come later.
        for_all: bool,
    },
    /// From whoever receives: what is left of that entry need not come. Only to an end that is
    /// [`FilesWord::Able`].
    Skip { transfer: u32, entry: u32 },
    /// From the console, once the user allows it: list that folder, and no longer the one before.
    List { listing: u32, at: FolderAt },
    /// From the host: what is in the folder.
    Listing { listing: u32, part: ListingPart },
    /// From the console: send these entries of what was listed last; at most
    /// [`crate::browse::MAX_FETCHED_AT_ONCE`].
    Fetch { listing: u32, entries: Vec<u32> },
}

impl FileMessage {
    /// Parses one body; pieces of files share its memory.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] or [`DecodeError::TrailingBytes`].
    pub fn from_body(body: &Bytes) -> Result<Self, DecodeError> {
        /// [`FileFrame`], borrowed.
        #[derive(Deserialize)]
        enum Frame<'a> {
            Folder {
                entry: u32,
                path: FilePath,
            },
            File {
                entry: u32,
                path: FilePath,
                bytes: u64,
                modified_unix_millis: i64,
                version: u64,
                from: u64,
            },
            Piece(&'a [u8]),
            End {
                digest: [u8; 32],
            },
            Broken {
                entry: u32,
                path: FilePath,
                fault: FileFault,
            },
            Done,
        }
        /// The one message that has pieces.
        #[derive(Deserialize)]
        enum Message<'a> {
            Frames {
                transfer: u32,
                #[serde(borrow)]
                frames: Vec<Frame<'a>>,
            },
        }
        if body.first() != Some(&0) {
            return wire::decode(body);
        }
        let Message::Frames { transfer, frames } = wire::decode_borrowed(body)?;
        let frames = frames.into_iter().map(|frame| match frame {
            Frame::Folder { entry, path } => FileFrame::Folder { entry, path },
            Frame::File {
                entry,
                path,
                bytes,
                modified_unix_millis,
                version,
                from,
            } => FileFrame::File {
                entry,
                path,
                bytes,
                modified_unix_millis,
                version,
                from,
            },
            Frame::Piece(piece) => FileFrame::Piece(body.slice_ref(piece)),
            Frame::End { digest } => FileFrame::End { digest },
            Frame::Broken { entry, path, fault } => FileFrame::Broken { entry, path, fault },
            Frame::Done => FileFrame::Done,
        });
        Ok(Self::Frames {
            transfer,
            frames: frames.collect(),
        })
    }
}

/// A file that comes has the name of one that is there (S6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    pub entry: u32,
    pub path: FilePath,
    pub here: FileFacts,
    pub comes: FileFacts,
}

/// What tells one file of a name from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    pub bytes: u64,
    pub modified_unix_millis: i64,
}

/// What becomes of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConflictAnswer {
    /// The one that comes takes the place of the other once it is whole.
    Replace,
    /// The one that comes gets a number.
    KeepBoth,
    /// The one that comes is dropped.
    Skip,
}

/// Which of a session's transfers between the host and one operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TransferId {
    /// From the operator to the host, and not the other way.
    pub to_host: bool,
    /// Whoever sends counts from 1.
    pub number: u32,
}

/// The name of a transfer: of its first file or folder, and how it goes on.
pub type TransferName = BoundedText<MAX_NAME_BYTES>;

/// What the ends say of a transfer where the hub hears it, too: for film and audit log, by name and size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilesWord {
    /// Whoever sends is ready to; said again in each new channel until it is over. An end sends one at a
    /// time.
    Offered {
        id: TransferId,
        name: TransferName,
        files: u32,
        bytes: u64,
    },
    /// It is over. From whoever receives, unless one of the two cancelled it.
    Over {
        id: TransferId,
        end: FilesEnd,
        /// What has arrived as a whole.
        files: u32,
        bytes: u64,
    },
    /// This end knows conflicts and [`FileMessage::Skip`]; said first of all in each channel.
    Able,
    /// The operator wants to look through the host's folders, fetch files from them and put some there.
    AskToBrowse,
    /// What the user says to that: when asked, when it is taken back, and in each new channel in which it is
    /// allowed.
    Browse(BrowseAnswer),
    /// From the host: the operator has seen so many entries of the folder with this name.
    Shown { name: TransferName, entries: u32 },
    /// As [`Self::Offered`], for the folder that was listed as `listing`.
    OfferedInto {
        id: TransferId,
        name: TransferName,
        files: u32,
        bytes: u64,
        listing: u32,
    },
    /// This end opens lanes of files that are sealed with AES-256-GCM, and is fast at that; said first of all in
    /// each channel.
    FastAtAes,
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilesEnd {
    /// But for `missing` of its entries.
    Done {
        missing: u32,
    },
    Cancelled,
    /// It could not go on.
    Failed(FileFault),
}

/// Why an entry did not arrive.
///
/// INVARIANT: numbers never change their meaning and are never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileFault(pub u16);

impl FileFault {
    /// It is gone from where it was.
    pub const GONE: Self = Self(1);
    /// The account may not read it.
    pub const NOT_READABLE: Self = Self(2);
    /// It changed while it was read.
    pub const CHANGED: Self = Self(3);
    /// The disk or the line to it failed while it was read.
    pub const READING_FAILED: Self = Self(4);
    /// It is a link, a device or something else that is no file.
    pub const NO_FILE: Self = Self(5);
    /// Its path is too long, or has something in it that no other computer takes.
    pub const BAD_PATH: Self = Self(6);
    /// The user does not allow it.
    pub const NOT_ALLOWED: Self = Self(7);
    /// The user has paused.
    pub const PAUSED: Self = Self(8);
    /// What it was named by is no longer what was listed.
    pub const OUTDATED: Self = Self(9);
    /// The account may not write there.
    pub const NOT_WRITABLE: Self = Self(20);
    /// The disk or the line to it failed while it was written.
    pub const WRITING_FAILED: Self = Self(21);
    /// What arrived is not what was read.
    pub const DAMAGED: Self = Self(22);
    /// Something else of that name is in the way.
    pub const IN_THE_WAY: Self = Self(23);
    /// The disk is full.
    pub const NO_ROOM: Self = Self(24);
    /// There is no folder where it could go.
    pub const NO_FOLDER: Self = Self(25);
    /// It is more than was said.
    pub const TOO_MUCH: Self = Self(26);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_nowhere_but_down() {
        for good in ["a", "a/b", "con", ".hidden", "a b/ü", "...", "a:b"] {
            assert!(FilePath::try_from(good).is_ok(), "{good:?}");
        }
        let deep = vec!["a"; MAX_FILE_DEPTH + 1].join("/");
        let long = "a".repeat(MAX_FILE_PATH_BYTES + 1);
        let bad = [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\\b", "a\0b",
        ];
        for bad in bad.into_iter().chain([&*deep, &*long]) {
            assert!(FilePath::try_from(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_message_parses_in_place_as_it_parses_by_copy() {
        let path = || FilePath::try_from("a/b").expect("a path");
        let frames = vec![
            FileFrame::Folder {
                entry: 1,
                path: path(),
            },
            FileFrame::File {
                entry: 300,
                path: path(),
                bytes: 70_000,
                modified_unix_millis: -5,
                version: u64::MAX,
                from: 9,
            },
            FileFrame::Piece(vec![0xa5; 70_000].into()),
            FileFrame::Piece(Bytes::new()),
            FileFrame::End { digest: [7; 32] },
            FileFrame::Broken {
                entry: 2,
                path: path(),
                fault: FileFault::CHANGED,
            },
            FileFrame::Done,
        ];
        let start = FileStart::default();
        for message in [
            FileMessage::Frames {
                transfer: 3,
                frames,
            },
            FileMessage::Begin { transfer: 3, start },
            FileMessage::Skip {
                transfer: 3,
                entry: 4,
            },
        ] {
            let frame = wire::encode(&message, 1 << 20).expect("small");
            let body = Bytes::from(frame).slice(wire::PREFIX_BYTES..);
            let parsed = FileMessage::from_body(&body);
            assert_eq!(parsed, wire::decode(&body));
            assert_eq!(parsed, Ok(message));
            for cut in [1, body.len() / 2, body.len()] {
                let rest = body.slice(..body.len() - cut);
                assert_eq!(FileMessage::from_body(&rest), wire::decode(&rest));
            }
            let longer = Bytes::from([&body[..], b"x"].concat());
            assert_eq!(FileMessage::from_body(&longer), wire::decode(&longer));
        }
    }

    #[test]
    fn a_path_that_leads_elsewhere_does_not_parse() {
        let sent = postcard::to_allocvec("../etc/passwd").expect("encodes");
        assert!(postcard::from_bytes::<FilePath>(&sent).is_err());
        let sent = postcard::to_allocvec("etc/passwd").expect("encodes");
        assert!(postcard::from_bytes::<FilePath>(&sent).is_ok());
    }
}
