//! Reports as documents that are printed, or sent to a customer (D3, B6): PDF, on A4.
//!
//! A document is laid out on pages first ([`page`]), so that each can say how many there are, and
//! written then ([`paper`]).

mod fonts;
mod list;
mod page;
mod paper;
mod report;
mod words;

use jiff::tz::TimeZone;
use protocol::admin::reports::{Language, ReportFilter, ReportRow, Totals, WholeReport};

/// Who hands the document out (B6).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    pub name: String,
    /// Address, telephone and what else it wants to be read; each line on a line of its own.
    pub words: String,
    /// A picture, as PNG.
    pub logo: Option<Vec<u8>>,
}

/// A document could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    #[error("a picture cannot be read: {0}")]
    Picture(String),
    #[error("a bundled font cannot be read")]
    Font,
    #[error("the file cannot be put together: {0}")]
    Write(String),
}

/// For whom a document is.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub language: Language,
    /// Whose local times it shows.
    pub zone: &'a TimeZone,
}

/// A picture of a session's film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPicture {
    /// When this was to be seen.
    pub at_unix_millis: i64,
    /// Who marked this moment, and what they said; empty where nobody did.
    pub words: String,
    pub png: Vec<u8>,
}

/// One report; `key_pictures` of its film come at its end.
///
/// # Errors
///
/// [`DocumentError`].
pub fn report(
    report: &WholeReport,
    organisation: &Organisation,
    reader: Reader<'_>,
    key_pictures: &[KeyPicture],
) -> Result<Vec<u8>, DocumentError> {
    report::lay_out(report, organisation, reader, key_pictures)?.write()
}

/// A list of reports that `filter` left, with their totals.
///
/// # Errors
///
/// [`DocumentError`].
pub fn list(
    rows: &[ReportRow],
    filter: &ReportFilter,
    totals: &Totals,
    organisation: &Organisation,
    reader: Reader<'_>,
) -> Result<Vec<u8>, DocumentError> {
    list::lay_out(rows, filter, totals, organisation, reader)?.write()
}
