//! The audit log: what happened at the hub, by whom, and whether the log is what was written (D4).

mod action;

use serde::{Deserialize, Serialize};

use super::{Page, Rows};
use crate::control::Name;
use crate::text::BoundedText;

pub use action::Action;

/// A row's details, in JSON; longer ones are cut.
pub type Detail = BoundedText<2048>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// Rows that pass the filter, newest first.
    List { filter: Filter, page: Page },
    /// Checks every row, and the heads that the hub signed. Takes seconds where the log is long.
    Verify,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Rows(Rows<AuditRow>),
    Verified(Verified),
}

/// Which rows; what is `None` or empty lets all pass.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Who did it: the whole name, as it stands in the log.
    pub actor: Option<Name>,
    /// What was done: the whole word, as `session.started`.
    pub action: Option<Name>,
    /// Words that all stand somewhere in a row, in any case and without accents; the last may be only
    /// begun.
    /// With text, only the newest [`Filter::MOST_BY_TEXT`] rows are given and counted.
    pub text: Name,
    /// From the first row at or after this time, in milliseconds since the Unix epoch, ...
    pub since_unix_millis: Option<i64>,
    /// ... to the last row before this one.
    pub until_unix_millis: Option<i64>,
}

impl Filter {
    /// Most rows that a search by text gives.
    pub const MOST_BY_TEXT: u32 = 10_000;
}

/// One row of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Rows count from 1.
    pub row: u64,
    pub at_unix_millis: i64,
    /// What the name in `actor` is; `None` in rows of hubs that did not note it.
    pub kind: Option<ActorKind>,
    /// As it was given, which can be anything where a host gave it: show it as a name.
    pub actor: Name,
    pub action: Name,
    pub detail: Detail,
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActorKind {
    /// The hub itself.
    Hub,
    /// An operator or administrator who was logged in.
    Account,
    /// A computer that needs help; it chose its name itself.
    Host,
    /// Somebody at the hub's own command line.
    CommandLine,
    /// Somebody who was not let in, by the name that they typed.
    Stranger,
}

/// What was found in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// How many rows are as they were written.
    pub rows: u64,
    /// The hash of the last of them and of all before it, to be kept elsewhere.
    pub head: [u8; 32],
    /// Whether the hub's key has signed that head; not in a log of a hub that did not sign yet.
    pub signed: bool,
    pub fault: Option<Fault>,
}

/// Where the log is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The row is not as it was written, or does not follow the one before it.
    Changed { row: u64 },
    /// These rows are not there any more.
    Gone { first: u64, last: u64 },
    /// These rows were added by somebody without the hub's key.
    Added { first: u64, last: u64 },
    /// Each row fits the others, but those up to `row` are not the ones that the hub signed.
    Rewritten { row: u64 },
    /// The hub's signature is gone, or is not of this hub's key.
    Signature,
    /// The row is not the one of the anchor that was kept elsewhere.
    Anchor { row: u64 },
}
