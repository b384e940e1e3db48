//! Reports (D1).

use protocol::{ReportDraft, ReportFacts};

use super::AccountId;

/// A report as it stands in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    pub facts: ReportFacts,
    pub draft: ReportDraft,
    pub finished: bool,
    pub saved_unix_millis: i64,
}

/// What decides who may change a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportStanding {
    pub owner: AccountId,
    pub finished: bool,
}
