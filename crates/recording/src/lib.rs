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
//!
//! # Interruptions
//!
//! A session may lose the line of the host, of an operator, or its hub, and go on later: that is an
//! [`Event::Interrupted`] and an [`Event::Resumed`] with the same [`Side`], and [`Recording::gaps`]
//! lists them. [`Recorder::reopen`] marks the end of what is known after a crash of the hub itself.
//! Behind a gap of the host or the hub the screen begins anew with an update that stands alone.
//!
//! # What a failure costs
//!
//! Of a crash of the process: what was not [committed](Recorder::commit). Of a power failure: what was
//! neither [synced](Recorder::sync) nor written into the file itself by `SQLite`, which happens for every
//! 4 MB or so. A [finished](Recorder::finish) recording is safe from both.

mod chain;
mod copy;
mod entry;
mod event;
mod gaps;
mod reader;
mod recorder;
mod rights;
mod row;
mod schema;
mod stream;
mod verify;

pub use chain::ChainHead;
pub use copy::{CopyError, copy};
pub use entry::{
    Body, ChatAuthor, Entry, MAX_META_TEXT_BYTES, MAX_PAYLOAD_BYTES, MAX_TEXT_BYTES, RecordingMeta,
};
pub use event::{EndedBy, Event, Files, FilesStage, Monitor, Side, size_text};
pub use gaps::{Gap, Gaps, MAX_GAPS};
pub use reader::{Entries, ReadError, Recording, is_one_file};
pub use recorder::{RecordError, Recorder};
pub use rights::Rights;
pub use row::RowError;
pub use schema::{APPLICATION_ID, FORMAT_VERSION, OpenError};
pub use stream::{FollowError, Follower, Piece, Place};
pub use verify::{Fault, FaultKind, Verification};
