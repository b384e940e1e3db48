//! Checking a recording against its chain of hashes.

use std::fmt;

use rusqlite::Connection;

use crate::chain::ChainHead;
use crate::entry::RecordingMeta;
use crate::gaps::seconds;
use crate::reader::{COLUMNS, is_end, read_row};
use crate::row::RowError;

/// What [`crate::Recording::verify`] found.
///
/// A file whose end was cut off at an entry looks like one whose hub crashed there: `finished` is
/// false. Compare `head` with the one that [`crate::Recorder::finish`] returned to tell them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// How many entries stand before the first fault.
    pub entries: u64,
    /// No fault was found.
    pub intact: bool,
    pub first_fault: Option<Fault>,
    /// The end of the session was recorded.
    pub finished: bool,
    /// The head of the chain up to the first fault.
    pub head: ChainHead,
}

/// Where a recording is not what was written, and how that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Entries count from 1; `None` where the fault concerns the whole file.
    pub entry: Option<u64>,
    /// The time of that entry in microseconds, where it has one.
    pub at_micros: Option<u64>,
    pub kind: FaultKind,
}

/// How a fault shows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The meta data are not those that were written.
    MetaChanged,
    /// The entry is not there, though later ones are.
    Missing,
    /// The entry, its time or its hash is not what was written.
    Changed,
    /// The entry is as it was written, but makes no sense to this program.
    Malformed(RowError),
    /// The entry stands before the one in front of it.
    TimeWentBack,
    /// The entries are as they were written, but what is used to find them is not.
    Index(String),
    /// The file itself is damaged.
    Unreadable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(entry) = self.entry {
            write!(f, "entry {entry}")?;
            if let Some(at_micros) = self.at_micros {
                write!(f, " at {}", seconds(at_micros))?;
            }
            f.write_str(": ")?;
        }
        match &self.kind {
            FaultKind::MetaChanged => f.write_str("the description of the session was changed"),
            FaultKind::Missing => f.write_str("missing"),
            FaultKind::Changed => f.write_str("changed after it was recorded"),
            FaultKind::Malformed(error) => write!(f, "not understood: {error}"),
            FaultKind::TimeWentBack => f.write_str("its time is before the entry in front of it"),
            FaultKind::Index(detail) => write!(f, "the index is damaged: {detail}"),
            FaultKind::Unreadable(detail) => write!(f, "the file is damaged: {detail}"),
        }
    }
}

pub(crate) fn verify(
    connection: &Connection,
    meta: &RecordingMeta,
    stored_meta_head: ChainHead,
) -> Verification {
    let mut walk = Walk {
        entries: 0,
        head: ChainHead::of_meta(meta),
        last_at_micros: 0,
        finished: false,
    };
    let first_fault = if walk.head == stored_meta_head {
        walk.run(connection).err()
    } else {
        Some(Fault {
            entry: None,
            at_micros: None,
            kind: FaultKind::MetaChanged,
        })
    };
    Verification {
        entries: walk.entries.cast_unsigned(),
        intact: first_fault.is_none(),
        first_fault,
        finished: walk.finished,
        head: walk.head,
    }
}

struct Walk {
    entries: i64,
    head: ChainHead,
    last_at_micros: i64,
    finished: bool,
}

impl Walk {
    fn run(&mut self, connection: &Connection) -> Result<(), Fault> {
        // one transaction: one moment of a recording that is being written
        let moment = connection
            .unchecked_transaction()
            .map_err(|error| self.unreadable(&error))?;
        self.walk(&moment)?;
        let report: String = moment
            .pragma_query_value(None, "integrity_check", |row| row.get(0))
            .map_err(|error| self.unreadable(&error))?;
        if report != "ok" {
            let kind = FaultKind::Index(report);
            return Err(Fault {
                entry: None,
                at_micros: None,
                kind,
            });
        }
        Ok(())
    }

    fn walk(&mut self, connection: &Connection) -> Result<(), Fault> {
        let sql = format!("SELECT {COLUMNS} FROM entry ORDER BY id");
        let mut statement = connection
            .prepare(&sql)
            .map_err(|error| self.unreadable(&error))?;
        let mut rows = statement
            .query(())
            .map_err(|error| self.unreadable(&error))?;
        while let Some(row) = rows.next().map_err(|error| self.unreadable(&error))? {
            let (id, row, stored) = read_row(row).map_err(|error| self.unreadable(&error))?;
            let expected_id = self.entries + 1;
            let fault = |id: i64, at_micros: Option<i64>, kind| Fault {
                entry: u64::try_from(id).ok(),
                at_micros: at_micros.and_then(|at| u64::try_from(at).ok()),
                kind,
            };
            if id < expected_id {
                // an id below 1 was never written
                return Err(fault(id, Some(row.at_micros), FaultKind::Changed));
            }
            if id > expected_id {
                return Err(fault(expected_id, None, FaultKind::Missing));
            }
            let head = self.head.with_entry(id, &row);
            let at_micros = row.at_micros;
            if head != stored {
                return Err(fault(id, Some(at_micros), FaultKind::Changed));
            }
            if at_micros < self.last_at_micros {
                return Err(fault(id, Some(at_micros), FaultKind::TimeWentBack));
            }
            self.finished = is_end(row.clone());
            if let Err(error) = row.decode() {
                return Err(fault(id, Some(at_micros), FaultKind::Malformed(error)));
            }
            self.entries = id;
            self.head = head;
            self.last_at_micros = at_micros;
        }
        Ok(())
    }

    fn unreadable(&self, error: &rusqlite::Error) -> Fault {
        let entry = u64::try_from(self.entries + 1).ok();
        Fault {
            entry,
            at_micros: None,
            kind: FaultKind::Unreadable(error.to_string()),
        }
    }
}
