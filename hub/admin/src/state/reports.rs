//! The reports, and one while it is read, corrected or erased.

use protocol::ReportId;
use protocol::admin::reports::{
    FieldValue, ReportColumn, ReportFilter, ReportRow, ReportSort, Totals, TotalsBy, WholeReport,
};
use protocol::control::Name;

use super::{LookedAt, NO_ROWS, Period, Shown};
use crate::listing::Listing;

/// The reports.
#[derive(Debug)]
pub struct Reports {
    pub search: String,
    /// When something was typed that was not searched for yet.
    pub typed_at: Option<f64>,
    pub period: Period,
    pub list: Listing<(ReportFilter, ReportSort), ReportRow>,
    pub chosen: Option<u32>,
    pub looked_at: LookedAt,
    pub open: Option<ReportId>,
    pub whole: Shown<Box<WholeReport>>,
    pub correcting: Option<Correcting>,
    /// Why the open report is to be erased, as it is typed.
    pub erasing: Option<String>,
    /// Names of groups that the filter can have.
    pub operator_groups: Shown<Vec<Name>>,
    pub host_groups: Shown<Vec<Name>>,
    /// Totals are shown instead of the list.
    pub totals_by: Option<TotalsBy>,
    pub totals: Shown<Totals>,
}

impl Default for Reports {
    fn default() -> Self {
        Self {
            search: String::new(),
            typed_at: None,
            period: Period::Any,
            list: Listing::default(),
            chosen: None,
            looked_at: NO_ROWS,
            open: None,
            whole: Shown::default(),
            correcting: None,
            erasing: None,
            operator_groups: Shown::default(),
            host_groups: Shown::default(),
            totals_by: None,
            totals: Shown::default(),
        }
    }
}

impl Reports {
    /// Another filter: the list begins anew.
    pub fn change(&mut self, change: impl FnOnce(&mut ReportFilter)) {
        change(&mut self.list.filter.0);
        self.begin_anew();
    }

    /// Orders by a column; by the same one the other way round.
    pub fn sort_by(&mut self, column: ReportColumn) {
        let sort = &mut self.list.filter.1;
        sort.descending = if sort.column == column {
            !sort.descending
        } else {
            column == ReportColumn::Started
        };
        sort.column = column;
        self.begin_anew();
    }

    fn begin_anew(&mut self) {
        self.chosen = None;
        self.list.begin_anew();
        self.totals.forget();
    }

    /// Opens one report.
    pub fn show(&mut self, report: ReportId) {
        self.open = Some(report);
        self.whole.forget();
        self.correcting = None;
        self.erasing = None;
    }
}

/// A report while it is corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correcting {
    pub report: ReportId,
    pub problem: String,
    pub solution: String,
    pub notes: String,
    pub category: String,
    pub reason: String,
    pub fields: Vec<FieldValue>,
    pub show_faults: bool,
}

impl Correcting {
    pub fn of(whole: &WholeReport) -> Self {
        let draft = &whole.draft;
        Self {
            report: whole.facts.report,
            problem: draft.problem.to_string(),
            solution: draft.solution.to_string(),
            notes: draft.notes.to_string(),
            category: draft.category.to_string(),
            reason: String::new(),
            fields: whole.fields.clone(),
            show_faults: false,
        }
    }
}
