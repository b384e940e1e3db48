//! The administration's questions about reports.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::films::Reason;
use super::{Page, Rows};
use crate::control::{ChatText, Name, ReportDraft, ReportFacts};
use crate::ids::{ReportId, SessionId};
use crate::receipt::Feedback;
use crate::text::BoundedText;

/// What is searched for, as somebody types it.
pub type SearchText = BoundedText<256>;
/// What a field that the organisation defines holds.
pub type FieldText = BoundedText<1024>;
/// Bytes of one part of an export; the last may be shorter.
pub const EXPORT_PART_BYTES: usize = 256 * 1024;
/// Most categories.
pub const MOST_CATEGORIES: usize = 500;
/// Most fields that an organisation defines.
pub const MOST_FIELDS: usize = 32;
/// Most choices of a field.
pub const MOST_CHOICES: usize = 30;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    List {
        filter: ReportFilter,
        sort: ReportSort,
        page: Page,
    },
    /// Time and count of the reports that `filter` leaves, put together.
    Totals {
        filter: ReportFilter,
        by: TotalsBy,
        /// Where days begin: a name of the IANA data base, or nothing for UTC.
        zone: Name,
    },
    /// Values that reports have for a filter to offer: those that begin with `begin`.
    Choices { of: Choice, begin: Name },
    /// One whole report.
    Show { report: ReportId },
    /// Its chat, as far as [`WholeReport::chat`] does not have it.
    Chat { report: ReportId, page: Page },
    /// What one correction made of it, or the operator's own words for the number 0.
    Version { report: ReportId, number: u32 },
    /// Puts a correction on top of a finished report; what was there before stays readable.
    Correct {
        report: ReportId,
        draft: ReportDraft,
        fields: Vec<FieldValue>,
        /// Why it is corrected.
        reason: FieldText,
    },
    /// All categories, in their order.
    Categories,
    /// Answered with all categories as they are then.
    ChangeCategories(CategoryChange),
    /// All fields that the organisation defines, in their order.
    Fields,
    /// Answered with all fields as they are then.
    ChangeFields(FieldChange),
    /// Makes a document, which is asked for in parts then.
    Export {
        of: ExportOf,
        format: ExportFormat,
        language: Language,
        /// Whose local times it shows: a name of the IANA data base, or nothing for UTC.
        zone: Name,
    },
    /// A part of an export that this administrator asked for, counted from 0. The hub keeps an export
    /// until its last part was asked for, or the administrator asks for another.
    ExportPart { export: u32, part: u32 },
    /// Erases a report for somebody's privacy, with its corrections and its chat.
    Erase {
        report: ReportId,
        /// Why; it stands in the audit log.
        reason: Reason,
    },
    /// As [`Self::List`], with the groups that a filter has.
    ListOfGroups {
        filter: Box<ReportFilter>,
        groups: ReportGroups,
        sort: ReportSort,
        page: Page,
    },
    /// As [`Self::Totals`], with the groups that a filter has.
    TotalsOfGroups {
        filter: Box<ReportFilter>,
        groups: ReportGroups,
        by: TotalsBy,
        zone: Name,
    },
    /// As [`Self::Show`], with what the user said.
    ShowWithFeedback { report: ReportId },
}

impl Question {
    /// Asks for a part of the list.
    pub fn list(filter: ReportFilter, sort: ReportSort, page: Page) -> Self {
        if filter.groups.is_any() {
            return Self::List { filter, sort, page };
        }
        let groups = (*filter.groups).clone();
        let filter = Box::new(filter);
        Self::ListOfGroups {
            filter,
            groups,
            sort,
            page,
        }
    }

    /// Asks for totals.
    pub fn totals(filter: ReportFilter, by: TotalsBy, zone: Name) -> Self {
        if filter.groups.is_any() {
            return Self::Totals { filter, by, zone };
        }
        let groups = (*filter.groups).clone();
        let filter = Box::new(filter);
        Self::TotalsOfGroups {
            filter,
            groups,
            by,
            zone,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    List(Rows<ReportRow>),
    Totals(Totals),
    Choices(Vec<Name>),
    Report(Box<WholeReport>),
    Chat(Rows<ChatRow>),
    Version {
        draft: Box<ReportDraft>,
        fields: Vec<FieldValue>,
    },
    /// The correction is stored; its number.
    Corrected {
        number: u32,
    },
    Categories(Vec<Category>),
    Fields(Vec<Field>),
    Export {
        export: u32,
        bytes: u64,
        /// What a file of it is called.
        file_name: Name,
    },
    Part(Bytes),
    Done,
    /// As [`Self::Report`], with what the user said.
    ReportWithFeedback {
        report: Box<WholeReport>,
        feedback: Option<Feedback>,
    },
}

/// Which reports; those that fit all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportFilter {
    /// Words in problem, solution, notes, chat, fields, people, host or category, in any case and
    /// without regard to accents; the last may be the beginning of a word.
    pub text: SearchText,
    /// The display name of an operator who took part.
    pub operator: Option<Name>,
    pub requester: Option<Name>,
    pub host: Option<Name>,
    pub category: Option<Name>,
    /// Sessions that began then or later.
    pub since_unix_millis: Option<i64>,
    /// Sessions that began before.
    pub until_unix_millis: Option<i64>,
    pub finished: Option<bool>,
    /// Travels beside the filter, in the questions that are named for it.
    #[serde(skip)]
    pub groups: Box<ReportGroups>,
}

impl ReportFilter {
    /// With the groups that came beside it.
    #[must_use]
    pub fn of(self, groups: ReportGroups) -> Self {
        let groups = Box::new(groups);
        Self { groups, ..self }
    }
}

/// Whose reports, by the names of groups as they are now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportGroups {
    /// A group of people that the operator whose report it is belongs to.
    pub operators: Option<Name>,
    /// A group of permanent hosts, one of which has the host's name.
    pub hosts: Option<Name>,
}

impl ReportGroups {
    /// Whether all reports pass.
    pub fn is_any(&self) -> bool {
        self.operators.is_none() && self.hosts.is_none()
    }
}

/// In which order reports are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReportSort {
    pub column: ReportColumn,
    pub descending: bool,
}

impl Default for ReportSort {
    fn default() -> Self {
        Self {
            column: ReportColumn::Started,
            descending: true,
        }
    }
}

/// What reports can be ordered by. Reports that are alike in it follow in the order of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReportColumn {
    Started,
    Lasted,
    Active,
    Operator,
    Requester,
    Host,
    Category,
    Finished,
}

impl ReportColumn {
    pub const ALL: [Self; 8] = [
        Self::Started,
        Self::Lasted,
        Self::Active,
        Self::Operator,
        Self::Requester,
        Self::Host,
        Self::Category,
        Self::Finished,
    ];
}

/// A report in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRow {
    pub report: ReportId,
    pub session: SessionId,
    pub started_unix_millis: i64,
    /// How long the session lasted; up to now if it still runs.
    pub lasted_seconds: u32,
    pub active_seconds: u32,
    /// The display names of all operators who took part.
    pub operators: Name,
    pub requester: Name,
    pub host: Name,
    pub category: Name,
    /// How the problem begins.
    pub problem: SearchText,
    pub finished: bool,
    pub corrected: bool,
}

/// Where the time of an assistance went, as the hub saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// From the user's yes to the end.
    pub connected_seconds: u32,
    /// From the operator's question to the user's yes.
    pub waiting_seconds: u32,
    /// An operator worked with keyboard or pointer.
    pub active_seconds: u32,
    /// Nobody did, though they could.
    pub idle_seconds: u32,
    /// One side was out of reach.
    pub paused_seconds: u32,
}

/// What a total is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TotalsBy {
    /// Whose report it is.
    Operator,
    Requester,
    Host,
    Category,
    Day,
    /// From Monday on.
    Week,
    Month,
    /// The groups that the operator whose report it is belongs to now; a report counts in each of them.
    Group,
}

/// Totals, those with the most time first, or in the order of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// No more than [`Totals::MOST`].
    pub rows: Vec<TotalRow>,
    /// All that did not fit.
    pub others: Total,
    pub all: Total,
}

impl Totals {
    /// Most rows.
    pub const MOST: usize = 1000;
}

/// One row of totals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotalRow {
    pub key: TotalKey,
    pub total: Total,
}

/// Whose total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TotalKey {
    /// Empty for reports that have none.
    Name(Name),
    /// The first day of a period.
    From { year: i16, month: u8, day: u8 },
}

/// Reports put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Total {
    pub reports: u32,
    pub connected_seconds: u64,
    pub waiting_seconds: u64,
    pub active_seconds: u64,
    pub idle_seconds: u64,
    pub paused_seconds: u64,
}

/// Of what a filter offers values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Choice {
    Operator,
    Requester,
    Host,
    Category,
    /// A group of people.
    OperatorGroup,
    /// A group of permanent hosts.
    HostGroup,
}

/// All that the hub knows of an assistance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WholeReport {
    pub facts: ReportFacts,
    /// The newest words.
    pub draft: ReportDraft,
    pub fields: Vec<FieldValue>,
    pub finished: bool,
    /// When the operator saved it last.
    pub saved_unix_millis: i64,
    pub ledger: Ledger,
    /// The oldest first.
    pub corrections: Vec<Correction>,
    /// As many lines as fit.
    pub chat: Rows<ChatRow>,
    /// The newest reports from before of the same host or requester.
    pub earlier: Vec<ReportRow>,
    /// What the user said of it. Travels beside the report, in the answer that is named for it.
    #[serde(skip)]
    pub feedback: Option<Feedback>,
}

/// A correction, without what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Counted from 1.
    pub number: u32,
    pub at_unix_millis: i64,
    pub by: Name,
    pub reason: FieldText,
}

/// A line of the chat of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatRow {
    pub at_unix_seconds: i64,
    pub by_user: bool,
    pub name: Name,
    pub text: ChatText,
}

/// A category of reports. A report keeps the words, whatever becomes of the category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    pub id: u32,
    pub name: Name,
}

/// What is to become of the categories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CategoryChange {
    /// At the end.
    Add {
        name: Name,
    },
    Rename {
        id: u32,
        name: Name,
    },
    Remove {
        id: u32,
    },
    /// To the place `to`, counted from 0.
    Move {
        id: u32,
        to: u32,
    },
}

/// A field of reports that the organisation defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub id: u32,
    pub definition: FieldDefinition,
}

/// What a field is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDefinition {
    pub name: Name,
    pub kind: FieldKind,
    /// Whether a report should not be finished without it.
    pub required: bool,
}

/// What a field takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FieldKind {
    Text,
    /// Written with digits, with a point or a comma before what is less than one.
    Number,
    /// One of these.
    Choice(Vec<Name>),
}

impl FieldKind {
    /// Whether the field can have `value`. Nothing is a value of every kind.
    pub fn takes(&self, value: &str) -> bool {
        let value = value.trim();
        if value.is_empty() {
            return true;
        }
        match self {
            Self::Text => true,
            Self::Number => is_number(value),
            Self::Choice(choices) => choices.iter().any(|choice| choice.as_str() == value),
        }
    }
}

fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, part) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    [whole, part]
        .iter()
        .all(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// What is to become of the fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FieldChange {
    /// At the end.
    Add(FieldDefinition),
    Change {
        id: u32,
        definition: FieldDefinition,
    },
    /// Reports keep what they have.
    Remove { id: u32 },
    /// To the place `to`, counted from 0.
    Move { id: u32, to: u32 },
}

/// What a report has in a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldValue {
    pub field: u32,
    /// What the field was called when this was written.
    pub name: Name,
    pub value: FieldText,
}

/// What is exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportOf {
    One(ReportId),
    List {
        filter: ReportFilter,
        sort: ReportSort,
    },
    /// As [`Self::List`], with the groups that a filter has.
    ListOfGroups {
        filter: Box<ReportFilter>,
        groups: ReportGroups,
        sort: ReportSort,
    },
}

impl ExportOf {
    /// A list.
    pub fn list(filter: ReportFilter, sort: ReportSort) -> Self {
        if filter.groups.is_any() {
            return Self::List { filter, sort };
        }
        let groups = (*filter.groups).clone();
        let filter = Box::new(filter);
        Self::ListOfGroups {
            filter,
            groups,
            sort,
        }
    }
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ExportFormat {
    /// RFC 4180, in UTF-8.
    Csv,
    Json,
    Pdf,
}

/// A language that documents are made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    English,
    Italian,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_takes_what_its_kind_says() {
        let choice = FieldKind::Choice(vec!["Yes".into(), "No".into()]);
        for (kind, good, bad) in [
            (
                FieldKind::Number,
                &["12", "-3,5", "0.25", " 7 ", ""][..],
                &["x", "1.", ",5", "1.2.3", "-", "1e5"][..],
            ),
            (choice, &["Yes", "No", ""], &["yes", "Perhaps"]),
            (FieldKind::Text, &["anything"], &[]),
        ] {
            for value in good {
                assert!(kind.takes(value), "{value:?} for {kind:?}");
            }
            for value in bad {
                assert!(!kind.takes(value), "{value:?} for {kind:?}");
            }
        }
    }
}
