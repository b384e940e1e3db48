//! Reports taken out of the hub: as a table, as JSON, or as a document (D3).

mod json;
mod table;

use std::io::{self, Write};

use document::{KeyPicture, Organisation, Reader};
use jiff::tz::TimeZone;
use protocol::admin::Page;
use protocol::admin::reports::{
    ExportFormat, ExportOf, Language, ReportFilter, ReportSort, TotalsBy, WholeReport,
};
use protocol::{RefusalCode, ReportId};

use crate::catalogue::{Catalogue, CatalogueError, ReportSheet};

pub use json::{
    audit_to_json, film_to_json, kind_word, sheet_to_json, standing_word, whole_to_json,
};

/// Most reports in one printed list.
const MOST_IN_DOCUMENT: u32 = 5_000;

/// A document could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error("there is no such report")]
    Missing,
    #[error("a document has room for {MOST_IN_DOCUMENT} reports, these are {reports}")]
    TooMany { reports: u32 },
    #[error("there is no time zone \"{0}\"")]
    Zone(String),
    #[error("the document cannot be made: {0}")]
    Document(#[from] document::DocumentError),
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

impl ExportError {
    /// What whoever asked is told.
    pub(crate) fn code(&self) -> RefusalCode {
        match self {
            Self::Missing => RefusalCode::REPORT_GONE,
            // what is made for the network goes into a buffer that has an end
            Self::TooMany { .. } | Self::Write(_) => RefusalCode::EXPORT_TOO_LARGE,
            Self::Zone(_) => RefusalCode::UNKNOWN_ZONE,
            Self::Catalogue(_) | Self::Document(_) => RefusalCode::INTERNAL,
        }
    }
}

/// How a document is to be.
#[derive(Debug, Clone)]
pub struct Style {
    pub format: ExportFormat,
    pub language: Language,
    /// Whose local times it shows.
    pub zone: TimeZone,
    pub organisation: Organisation,
    /// Of the film, for the document of one report.
    pub key_pictures: Vec<KeyPicture>,
}

impl Style {
    fn reader(&self) -> Reader<'_> {
        Reader {
            language: self.language,
            zone: &self.zone,
        }
    }
}

/// The zone with this name of the IANA data base, or UTC for nothing.
///
/// # Errors
///
/// [`ExportError::Zone`] if this machine knows none by that name.
pub fn zone(name: &str) -> Result<TimeZone, ExportError> {
    if name.is_empty() {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_unknown| ExportError::Zone(name.to_owned()))
}

/// The word for `format` in file names and logs.
pub fn extension(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Csv => "csv",
        ExportFormat::Json => "json",
        ExportFormat::Pdf => "pdf",
    }
}

/// Writes the reports that `of` names to `out`, all as they are at one moment; returns their numbers.
///
/// # Errors
///
/// [`ExportError`]; `out` has a part of it then.
pub fn write(
    catalogue: &dyn Catalogue,
    of: &ExportOf,
    style: &Style,
    out: &mut dyn Write,
) -> Result<Vec<ReportId>, ExportError> {
    let _moment = catalogue.moment()?;
    match of {
        ExportOf::One(report) => {
            write_one(catalogue, *report, style, out)?;
            Ok(vec![*report])
        }
        ExportOf::List { filter, sort } => write_list(catalogue, (filter, *sort), style, out),
        ExportOf::ListOfGroups {
            filter,
            groups,
            sort,
        } => {
            let filter = filter.clone().of(groups.clone());
            write_list(catalogue, (&filter, *sort), style, out)
        }
    }
}

fn write_one(
    catalogue: &dyn Catalogue,
    report: ReportId,
    style: &Style,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let report = catalogue.report(report)?.ok_or(ExportError::Missing)?;
    match style.format {
        ExportFormat::Csv => {
            let sheets = vec![Ok(sheet_of(report))];
            table::write(sheets.into_iter(), style, out)
        }
        ExportFormat::Json => Ok(writeln!(out, "{:#}", whole_to_json(&report))?),
        ExportFormat::Pdf => Ok(out.write_all(&document::report(
            &report,
            &style.organisation,
            style.reader(),
            &style.key_pictures,
        )?)?),
    }
}

fn write_list(
    catalogue: &dyn Catalogue,
    (filter, sort): (&ReportFilter, ReportSort),
    style: &Style,
    out: &mut dyn Write,
) -> Result<Vec<ReportId>, ExportError> {
    let mut written = Vec::new();
    match style.format {
        ExportFormat::Csv => {
            let sheets = Sheets::new(catalogue, filter, sort);
            let sheets = sheets.inspect(|sheet| {
                if let Ok(sheet) = sheet {
                    written.push(sheet.facts.report);
                }
            });
            table::write(sheets, style, out)?;
        }
        ExportFormat::Json => {
            let mut separator = "[\n";
            for sheet in Sheets::new(catalogue, filter, sort) {
                let sheet = sheet?;
                write!(out, "{separator}{}", sheet_to_json(&sheet))?;
                written.push(sheet.facts.report);
                separator = ",\n";
            }
            let begin = if separator == "[\n" { "[" } else { "" };
            writeln!(out, "{begin}\n]")?;
        }
        ExportFormat::Pdf => {
            let none = Page { first: 0, rows: 0 };
            let reports = catalogue.reports(filter, sort, none)?.total;
            if reports > MOST_IN_DOCUMENT {
                return Err(ExportError::TooMany { reports });
            }
            let mut rows = Vec::new();
            while let Ok(first) = u32::try_from(rows.len()) {
                let page = Page {
                    first,
                    rows: Page::MOST,
                };
                let found = catalogue.reports(filter, sort, page)?;
                if found.rows.is_empty() {
                    break;
                }
                rows.extend(found.rows);
            }
            let totals = catalogue.report_totals(filter, TotalsBy::Operator, &style.zone)?;
            let printed =
                document::list(&rows, filter, &totals, &style.organisation, style.reader())?;
            out.write_all(&printed)?;
            written.extend(rows.iter().map(|row| row.report));
        }
    }
    Ok(written)
}

fn sheet_of(report: WholeReport) -> ReportSheet {
    let newest = report.corrections.last();
    ReportSheet {
        corrections: newest.map_or(0, |newest| newest.number),
        facts: report.facts,
        draft: report.draft,
        fields: report.fields,
        finished: report.finished,
        saved_unix_millis: report.saved_unix_millis,
        ledger: report.ledger,
        feedback: report.feedback,
    }
}

/// All sheets of a list, read a page at a time.
struct Sheets<'a> {
    catalogue: &'a dyn Catalogue,
    filter: &'a ReportFilter,
    sort: ReportSort,
    first: u32,
    read: std::vec::IntoIter<ReportSheet>,
}

impl<'a> Sheets<'a> {
    fn new(catalogue: &'a dyn Catalogue, filter: &'a ReportFilter, sort: ReportSort) -> Self {
        Self {
            catalogue,
            filter,
            sort,
            first: 0,
            read: Vec::new().into_iter(),
        }
    }
}

impl Iterator for Sheets<'_> {
    type Item = Result<ReportSheet, CatalogueError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(sheet) = self.read.next() {
            return Some(Ok(sheet));
        }
        let page = Page {
            first: self.first,
            rows: Page::MOST,
        };
        self.first += u32::from(Page::MOST);
        match self.catalogue.report_sheets(self.filter, self.sort, page) {
            Ok(read) => {
                self.read = read.into_iter();
                self.read.next().map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    }
}
