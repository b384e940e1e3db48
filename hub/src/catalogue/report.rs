//! Reports (D1).

use protocol::admin::reports::{Field, FieldValue, Ledger, ReportRow};
use protocol::{Feedback, PeerId, ReportDraft, ReportFacts, ReportId, Rights};

use super::AccountId;

/// A report with its newest words, as lists of whole reports have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSheet {
    pub facts: ReportFacts,
    pub draft: ReportDraft,
    pub fields: Vec<FieldValue>,
    pub finished: bool,
    /// When the operator saved it last.
    pub saved_unix_millis: i64,
    pub ledger: Ledger,
    /// How many corrections it has.
    pub corrections: u32,
    /// What the user said of it.
    pub feedback: Option<Feedback>,
}

/// What is known of a report while it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clues {
    /// What the user wrote before anybody answered, or the first of it.
    pub user_said: Vec<String>,
    /// What the user allowed to any operator.
    pub rights: Rights,
    pub ledger: Ledger,
    pub fields: Vec<FieldValue>,
    pub earlier: Vec<ReportRow>,
    pub feedback: Option<Feedback>,
}

/// What decides who may change a report, and whether it can be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportStanding {
    pub owner: AccountId,
    pub finished: bool,
    /// Whether the session is not over.
    pub running: bool,
    /// Whether the film of the session is held.
    pub held: bool,
}

/// What decides who may say how a session was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rated {
    /// The place of its host.
    pub host: PeerId,
    /// Whose report it is.
    pub owner: AccountId,
    pub report: ReportId,
}

/// Time of a session that passed, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Worked {
    /// An operator worked with keyboard or pointer.
    pub active_seconds: u32,
    /// Nobody did, though they could.
    pub idle_seconds: u32,
    /// One side was out of reach.
    pub paused_seconds: u32,
    /// An operator used keyboard or pointer.
    pub controlled: bool,
}

/// `values` with the names that the fields have now. Values of fields that are no more are kept.
pub fn name_fields(fields: &[Field], mut values: Vec<FieldValue>) -> Vec<FieldValue> {
    for value in &mut values {
        if let Some(field) = fields.iter().find(|field| field.id == value.field) {
            value.name = field.definition.name.clone();
        }
    }
    values
}

/// The same for a report that is finished: if each value is one that its field takes, and none is missing
/// that is required.
pub fn check_fields(fields: &[Field], values: Vec<FieldValue>) -> Option<Vec<FieldValue>> {
    let value_of = |id| values.iter().find(|value| value.field == id);
    for Field { id, definition } in fields {
        let value = value_of(*id).map_or("", |value| value.value.trim());
        if (definition.required && value.is_empty()) || !definition.kind.takes(value) {
            return None;
        }
    }
    Some(name_fields(fields, values))
}
