//! Reports as documents that are printed.

use jiff::tz::TimeZone;
use protocol::admin::reports::{Language, ReportFilter, ReportRow, Totals, WholeReport};

/// Who hands the document out (B6).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    pub name: String,
    /// Address, telephone and what else it wants to be read.
    pub words: String,
    /// A picture, as PNG.
    pub logo: Option<Vec<u8>>,
}

/// The document could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DocumentError(String);

/// One report.
pub fn report(
    report: &WholeReport,
    organisation: &Organisation,
    language: Language,
    zone: &TimeZone,
    key_pictures: &[Vec<u8>],
) -> Result<Vec<u8>, DocumentError> {
    Err(DocumentError("no".to_owned()))
}

/// A list of reports with its totals.
pub fn list(
    rows: &[ReportRow],
    filter: &ReportFilter,
    totals: &Totals,
    organisation: &Organisation,
    language: Language,
    zone: &TimeZone,
) -> Result<Vec<u8>, DocumentError> {
    Err(DocumentError("no".to_owned()))
}
