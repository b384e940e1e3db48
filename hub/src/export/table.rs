//! Reports as a table that spreadsheets open: RFC 4180, in UTF-8.

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use protocol::Feedback;
use protocol::admin::reports::Language;

use super::{ExportError, Style};
use crate::catalogue::{CatalogueError, ReportSheet};

const HEADS_EN: [&str; 21] = [
    "Report",
    "Started",
    "Ended",
    "Connected (seconds)",
    "Waiting (seconds)",
    "Active (seconds)",
    "Idle (seconds)",
    "Paused (seconds)",
    "Operators",
    "Requester",
    "Computer",
    "Ticket",
    "Category",
    "Problem",
    "Solution",
    "Notes",
    "Other fields",
    "State",
    "Corrections",
    "Stars",
    "What the user said",
];
const HEADS_IT: [&str; 21] = [
    "Rapporto",
    "Inizio",
    "Fine",
    "Collegamento (secondi)",
    "Attesa (secondi)",
    "Lavoro (secondi)",
    "Inattività (secondi)",
    "Pausa (secondi)",
    "Operatori",
    "Richiedente",
    "Computer",
    "Ticket",
    "Categoria",
    "Problema",
    "Soluzione",
    "Note",
    "Altri campi",
    "Stato",
    "Correzioni",
    "Stelle",
    "Parere dell'utente",
];

pub(super) fn write(
    sheets: impl Iterator<Item = Result<ReportSheet, CatalogueError>>,
    style: &Style,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    let heads = match style.language {
        Language::English => HEADS_EN,
        Language::Italian => HEADS_IT,
    };
    writer.write_record(heads).map_err(io::Error::from)?;
    for sheet in sheets {
        let cells = cells(&sheet?, style.language, &style.zone);
        let cells = cells.iter().map(|cell| harmless(cell).into_owned());
        writer.write_record(cells).map_err(io::Error::from)?;
    }
    Ok(writer.flush()?)
}

fn cells(sheet: &ReportSheet, language: Language, zone: &TimeZone) -> [String; 21] {
    let ReportSheet {
        facts,
        draft,
        fields,
        finished,
        saved_unix_millis: _,
        ledger,
        corrections,
        feedback,
    } = sheet;
    let fields: Vec<String> = fields
        .iter()
        .map(|field| format!("{}: {}", field.name, field.value))
        .collect();
    let said = |of: fn(&Feedback) -> String| feedback.as_ref().map_or_else(String::new, of);
    let state = match (language, finished) {
        (Language::English, true) => "finished",
        (Language::English, false) => "draft",
        (Language::Italian, true) => "concluso",
        (Language::Italian, false) => "bozza",
    };
    [
        facts.report.to_string(),
        time(facts.started_unix_seconds, zone),
        time(facts.ended_unix_seconds, zone),
        ledger.connected_seconds.to_string(),
        ledger.waiting_seconds.to_string(),
        ledger.active_seconds.to_string(),
        ledger.idle_seconds.to_string(),
        ledger.paused_seconds.to_string(),
        facts.operator.to_string(),
        facts.requester.to_string(),
        facts.host.to_string(),
        facts.ticket.map_or(String::new(), |t| t.to_string()),
        draft.category.to_string(),
        draft.problem.to_string(),
        draft.solution.to_string(),
        draft.notes.to_string(),
        fields.join("\n"),
        state.to_owned(),
        corrections.to_string(),
        said(|feedback| feedback.stars.number().to_string()),
        said(|feedback| feedback.words.to_string()),
    ]
}

/// A local time with its distance from UTC.
fn time(unix_seconds: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_second(unix_seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

/// `cell` so that no spreadsheet takes it for a formula: what others wrote could make one of it.
fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("+39 055", "'+39 055"),
            ("-x", "'-x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(cell), written);
        }
    }

    #[test]
    fn times_are_local_and_say_how_far_from_utc_they_are() {
        let zone = TimeZone::get("Europe/Rome").expect("this machine knows its zones");
        assert_eq!(time(1_700_000_000, &zone), "2023-11-14 23:13:20 +01:00");
        assert_eq!(time(1_690_000_000, &zone), "2023-07-22 06:26:40 +02:00");
        assert_eq!(
            time(1_690_000_000, &TimeZone::UTC),
            "2023-07-22 04:26:40 +00:00"
        );
    }
}
