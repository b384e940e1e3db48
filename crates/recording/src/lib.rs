//! The recording of a session: one `SQLite` file, crash-safe, readable while it is written (D2).
//!
//! The hub appends what it relays, as opaque bytes with a time, and [commits](Recorder::commit)
//! about once a second. Whatever happens to the process, everything up to the last commit opens and
//! verifies again. Each entry carries the BLAKE3 hash of itself and of all entries before it, so a
//! changed, removed or inserted entry is found and named by [`Recording::verify`]; whoever keeps the
//! [`ChainHead`] elsewhere (the hub does, in its catalogue) also notices a rewritten or shortened
//! file.
//!
//! This crate knows `SQLite` files; it knows no network, starts no thread, reads no clock, and looks
//! into no screen update. What it opens may be hostile: every size is limited, nothing panics.
//!
//! # The file
//!
//! `application_id` is [`APPLICATION_ID`], `user_version` is [`FORMAT_VERSION`]. While it is being
//! written there are a `-wal` and a `-shm` file beside it; a finished recording is one file, unless
//! somebody was reading it at the moment it was finished.
//!
//! Times are microseconds since the session started, on the hub's clock, and never decrease from
//! one entry to the next.

mod chain;
mod entry;
mod reader;
mod recorder;
mod row;
mod schema;
mod verify;

pub use chain::ChainHead;
pub use entry::{
    Body, ChatAuthor, EndedBy, Entry, Event, MAX_META_TEXT_BYTES, MAX_PAYLOAD_BYTES,
    MAX_TEXT_BYTES, RecordingMeta, Rights,
};
pub use reader::{Entries, ReadError, Recording};
pub use recorder::{RecordError, Recorder};
pub use row::RowError;
pub use schema::{APPLICATION_ID, FORMAT_VERSION, OpenError};
pub use verify::{Fault, FaultKind, Verification};
