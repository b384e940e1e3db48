//! The chain of hashes through a recording.

use std::fmt;

use crate::entry::RecordingMeta;
use crate::row::Row;

// The context strings keep these hashes apart from every other use of BLAKE3.
const META_CONTEXT: &str = "pure help desk 2026 recording meta v1";
const ENTRY_CONTEXT: &str = "pure help desk 2026 recording entry v1";

/// The hash of a recording's meta data and of all its entries so far.
///
/// Two recordings with the same head are the same recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead(pub [u8; 32]);

impl ChainHead {
    /// The head of a recording without entries.
    pub(crate) fn of_meta(meta: &RecordingMeta) -> Self {
        let RecordingMeta {
            session,
            operator,
            requester,
            host,
            ticket,
            started_unix_millis,
            hub_version,
        } = meta;
        let mut hasher = blake3::Hasher::new_derive_key(META_CONTEXT);
        hasher.update(&session.to_le_bytes());
        for text in [operator, requester, host, hub_version] {
            // the length keeps neighbouring texts apart
            hasher.update(&len_bytes(text.as_bytes()));
            hasher.update(text.as_bytes());
        }
        hasher.update(&[u8::from(ticket.is_some())]);
        hasher.update(&ticket.unwrap_or(0).to_le_bytes());
        hasher.update(&started_unix_millis.to_le_bytes());
        Self(hasher.finalize().into())
    }

    /// The head after the entry `id` in `row`.
    pub(crate) fn with_entry(self, id: i64, row: &Row) -> Self {
        let Row {
            at_micros,
            kind,
            seq,
            is_reset,
            body,
        } = row;
        let mut hasher = blake3::Hasher::new_derive_key(ENTRY_CONTEXT);
        hasher.update(&self.0);
        for number in [id, *at_micros, *kind, *seq, *is_reset] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(&len_bytes(body));
        hasher.update(body);
        Self(hasher.finalize().into())
    }
}

fn len_bytes(bytes: &[u8]) -> [u8; 8] {
    u64::try_from(bytes.len())
        .expect("a length fits 64 bits")
        .to_le_bytes()
}

impl fmt::Display for ChainHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
