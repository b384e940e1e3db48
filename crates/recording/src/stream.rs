//! A recording that is being written, as a stream of bytes for somebody who follows it elsewhere.
//!
//! The stream is the meta, then the entries in their order:
//!
//! | what | bytes |
//! | --- | --- |
//! | length of what follows | 4, little endian |
//! | meta | session (8), start (8), whether there is a ticket (1), ticket (4), four texts with their lengths (4 each) |
//! | entry | time (8), kind (1), number (8), whether it stands alone (1), the body as it is stored |
//!
//! It can be cut anywhere, and a [`Follower`] makes the same recording of it again.

use std::path::Path;

use bytes::{Buf as _, Bytes};

use crate::chain::ChainHead;
use crate::entry::{MAX_PAYLOAD_BYTES, RecordingMeta};
use crate::reader::{ReadError, Recording};
use crate::recorder::{RecordError, Recorder};
use crate::row::{Row, RowError};

const LEN_BYTES: usize = 4;
const ENTRY_HEAD_BYTES: usize = 18;
/// Nothing in a stream is longer.
const MAX_ITEM_BYTES: usize = MAX_PAYLOAD_BYTES + 64 * 1024;

/// A place in the stream of a recording. The default is its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// So many entries are behind; the meta counts as the first.
    pub items: u64,
    /// And so many bytes of the next one.
    pub bytes: u32,
}

/// A piece of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub bytes: Bytes,
    /// Where the next piece begins.
    pub next: Place,
}

impl Recording {
    /// What is committed from `place` on, `most` bytes of it; empty where there is nothing new.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the file is damaged there.
    pub fn piece(&self, place: Place, most: usize) -> Result<Piece, ReadError> {
        let mut bytes = Vec::new();
        let mut next = place;
        while bytes.len() < most {
            let item = match next.items {
                0 => Some(meta_bytes(self.meta())),
                id => self.row(id)?.map(|row| entry_bytes(&row)),
            };
            let Some(item) = item else { break };
            let from = usize::try_from(next.bytes).unwrap_or(usize::MAX);
            let rest = item.get(from..).unwrap_or_default();
            let taken = rest.len().min(most - bytes.len());
            bytes.extend_from_slice(&rest[..taken]);
            if taken < rest.len() {
                next.bytes = next
                    .bytes
                    .saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
            } else {
                next = Place {
                    items: next.items + 1,
                    bytes: 0,
                };
            }
        }
        let bytes = bytes.into();
        Ok(Piece { bytes, next })
    }
}

/// What came is no stream of a recording, or cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    #[error("{bytes} bytes were announced, the limit is {MAX_ITEM_BYTES}")]
    TooLong { bytes: usize },
    #[error("what came is no recording")]
    Malformed,
    #[error(transparent)]
    Row(#[from] RowError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Makes a recording again of its stream. Dropping it keeps what came.
#[derive(Debug)]
pub struct Follower {
    path: std::path::PathBuf,
    recorder: Option<Recorder>,
    /// The beginning of what is not whole yet.
    rest: Vec<u8>,
}

impl Follower {
    /// Will make a new file at `path` with the first of the stream.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            recorder: None,
            rest: Vec::new(),
        }
    }

    /// Takes the next piece; readers of the file see at once what is whole of it.
    ///
    /// # Errors
    ///
    /// [`FollowError`]; nothing more may be given then.
    pub fn take(&mut self, piece: &[u8]) -> Result<(), FollowError> {
        self.rest.extend_from_slice(piece);
        let mut rest = Bytes::from(std::mem::take(&mut self.rest));
        while let Some(item) = split_item(&mut rest)? {
            match &mut self.recorder {
                None => self.recorder = Some(Recorder::create(&self.path, &meta_of(item)?)?),
                Some(recorder) => recorder.append(&row_of(item)?.decode()?)?,
            }
        }
        self.rest = rest.into();
        if let Some(recorder) = &mut self.recorder {
            recorder.commit()?;
        }
        Ok(())
    }

    /// Whether there is a file to be read.
    pub fn has_begun(&self) -> bool {
        self.recorder.is_some()
    }

    /// The head of the chain over what came: that of the recording which is followed, up to there.
    pub fn head(&self) -> Option<ChainHead> {
        self.recorder.as_ref().map(Recorder::head)
    }
}

/// The next whole item, without its length.
fn split_item(rest: &mut Bytes) -> Result<Option<Bytes>, FollowError> {
    let Some(len) = rest.first_chunk::<LEN_BYTES>() else {
        return Ok(None);
    };
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    if len > MAX_ITEM_BYTES {
        return Err(FollowError::TooLong { bytes: len });
    }
    if rest.len() < LEN_BYTES + len {
        return Ok(None);
    }
    rest.advance(LEN_BYTES);
    Ok(Some(rest.split_to(len)))
}

fn with_len(item: &[u8]) -> Vec<u8> {
    let len = u32::try_from(item.len()).expect("limits are far below");
    [&len.to_le_bytes(), item].concat()
}

fn meta_bytes(meta: &RecordingMeta) -> Vec<u8> {
    let mut item = Vec::new();
    item.extend(meta.session.to_le_bytes());
    item.extend(meta.started_unix_millis.to_le_bytes());
    item.push(u8::from(meta.ticket.is_some()));
    item.extend(meta.ticket.unwrap_or(0).to_le_bytes());
    for text in [
        &meta.operator,
        &meta.requester,
        &meta.host,
        &meta.hub_version,
    ] {
        item.extend(with_len(text.as_bytes()));
    }
    with_len(&item)
}

fn meta_of(mut item: Bytes) -> Result<RecordingMeta, FollowError> {
    let malformed = |_too_short| FollowError::Malformed;
    let session = item.try_get_u64_le().map_err(malformed)?;
    let started_unix_millis = item.try_get_i64_le().map_err(malformed)?;
    let has_ticket = item.try_get_u8().map_err(malformed)? != 0;
    let ticket = item.try_get_u32_le().map_err(malformed)?;
    let mut text = || {
        let text = split_item(&mut item)?.ok_or(FollowError::Malformed)?;
        String::from_utf8(text.into()).map_err(|_no_text| FollowError::Malformed)
    };
    Ok(RecordingMeta {
        session,
        operator: text()?,
        requester: text()?,
        host: text()?,
        ticket: has_ticket.then_some(ticket),
        started_unix_millis,
        hub_version: text()?,
    })
}

fn entry_bytes(row: &Row) -> Vec<u8> {
    let mut item = Vec::with_capacity(ENTRY_HEAD_BYTES + row.body.len());
    item.extend(row.at_micros.to_le_bytes());
    // what does not fit is no kind that anybody knows
    item.push(u8::try_from(row.kind).unwrap_or(u8::MAX));
    item.extend(row.seq.to_le_bytes());
    item.push(u8::try_from(row.is_reset).unwrap_or(u8::MAX));
    item.extend_from_slice(&row.body);
    with_len(&item)
}

fn row_of(mut item: Bytes) -> Result<Row, FollowError> {
    let malformed = |_too_short| FollowError::Malformed;
    Ok(Row {
        at_micros: item.try_get_i64_le().map_err(malformed)?,
        kind: item.try_get_u8().map_err(malformed)?.into(),
        seq: item.try_get_i64_le().map_err(malformed)?,
        is_reset: item.try_get_u8().map_err(malformed)?.into(),
        body: item,
    })
}
