//! `hub report`: what the operators wrote (D1, D3).

mod forms;
mod selection;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use document::{KeyPicture, Organisation};
use hub::catalogue::{self, Catalogue, Change, ReportSheet, What, check_fields};
use hub::export::{self, Style};
use hub::{films, pictures, reports};
use protocol::admin::Page;
use protocol::admin::reports::{
    ExportFormat, ExportOf, FieldValue, Language, Total, TotalKey, TotalsBy, WholeReport,
};
use protocol::{BoundedText, Feedback, ReportId};
use serde_json::{Value, json};
use session::authority::{Action, Object, Who, may};

use self::forms::{CategoriesCommand, FieldsCommand};
use self::selection::Selection;
use super::table::{Table, duration_text, time_text};
use super::{ACTOR, DataArgs};

#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    /// List reports, newest first if nothing else is said.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
        #[command(flatten)]
        selection: Selection,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List reports that have these words in problem, solution, notes, chat, fields, people, computer or
    /// category; the last one may be the beginning of a word.
    Search {
        words: Vec<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        #[command(flatten)]
        selection: Selection,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Show one report.
    Show {
        /// The report's number.
        id: u64,
        /// Show its words after this correction, or the operator's own for 0.
        #[arg(long)]
        version: Option<u32>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Put a correction on top of a finished report; what was there before stays readable.
    Correct {
        /// The report's number.
        id: u64,
        #[arg(long)]
        problem: Option<String>,
        #[arg(long)]
        solution: Option<String>,
        #[arg(long)]
        category: Option<String>,
        #[arg(long)]
        notes: Option<String>,
        /// What a field is to have; may be said several times.
        #[arg(long, value_name = "NAME=VALUE")]
        field: Vec<String>,
        /// Why it is corrected.
        #[arg(long)]
        reason: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Erase a report for good, with its corrections and chat; its rows in the audit log stay.
    Erase {
        /// The report's number.
        id: u64,
        /// Why; it stands in the audit log.
        #[arg(long)]
        reason: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print totals of time.
    Totals {
        #[arg(long, value_enum, default_value_t = By::Month)]
        by: By,
        /// Where days begin, for instance Europe/Rome; UTC if nothing is said.
        #[arg(long, default_value = "")]
        zone: String,
        #[command(flatten)]
        selection: Selection,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Write one report, or a list of them, to a file.
    Export(ExportArgs),
    /// Say what categories there are.
    Categories {
        #[command(subcommand)]
        command: CategoriesCommand,
    },
    /// Say what the organisation asks of reports.
    Fields {
        #[command(subcommand)]
        command: FieldsCommand,
    },
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The number of one report; a list if nothing is said.
    id: Option<u64>,
    #[arg(long, value_enum)]
    format: Format,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long, value_enum, default_value_t = In::English)]
    language: In,
    /// Whose local times it shows, for instance Europe/Rome; UTC if nothing is said.
    #[arg(long, default_value = "")]
    zone: String,
    /// The name of who hands the document out.
    #[arg(long, default_value = "")]
    organisation: String,
    /// Its address, telephone and the like.
    #[arg(long, default_value = "")]
    words: String,
    /// A picture for the head of the document, as PNG.
    #[arg(long, value_name = "FILE")]
    logo: Option<PathBuf>,
    /// Leave out the pictures of the film that the PDF of one report has.
    #[arg(long)]
    no_pictures: bool,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Json,
    Pdf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum In {
    English,
    Italian,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum By {
    Operator,
    Requester,
    Host,
    Category,
    Day,
    Week,
    Month,
    Group,
}

pub(super) fn run(command: ReportCommand) -> anyhow::Result<ExitCode> {
    let action = match &command {
        ReportCommand::List { .. }
        | ReportCommand::Search { .. }
        | ReportCommand::Show { .. }
        | ReportCommand::Totals { .. } => Action::ListReports,
        ReportCommand::Export(_) => Action::Export,
        ReportCommand::Correct { .. } | ReportCommand::Erase { .. } => Action::Administer,
        ReportCommand::Categories { command } => command.action(),
        ReportCommand::Fields { command } => command.action(),
    };
    may(Who::CommandLine, action, Object::Hub)?;
    match command {
        ReportCommand::List {
            limit,
            selection,
            json,
            data,
        } => list(&data, &selection, "", limit, json)?,
        ReportCommand::Search {
            words,
            limit,
            selection,
            json,
            data,
        } => list(&data, &selection, &words.join(" "), limit, json)?,
        ReportCommand::Show {
            id,
            version,
            json,
            data,
        } => show(&data, ReportId(id), version, json)?,
        ReportCommand::Correct {
            id,
            problem,
            solution,
            category,
            notes,
            field,
            reason,
            json,
            data,
        } => {
            let words = [problem, solution, category, notes];
            correct(&data, ReportId(id), words, &field, &reason, json)?;
        }
        ReportCommand::Erase {
            id,
            reason,
            json,
            data,
        } => erase(&data, ReportId(id), &reason, json)?,
        ReportCommand::Totals {
            by,
            zone,
            selection,
            json,
            data,
        } => totals(&data, &selection, by, &zone, json)?,
        ReportCommand::Export(args) => write_file(&args)?,
        ReportCommand::Categories { command } => command.run()?,
        ReportCommand::Fields { command } => command.run()?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(
    data: &DataArgs,
    selection: &Selection,
    text: &str,
    limit: u32,
    json: bool,
) -> anyhow::Result<()> {
    let catalogue = catalogue::open(&data.data)?;
    let (filter, sort) = (selection.filter(text)?, selection.sort());
    let mut sheets: Vec<ReportSheet> = Vec::new();
    loop {
        let first = u32::try_from(sheets.len())?;
        let left = limit.saturating_sub(first).min(Page::MOST.into());
        let rows = u16::try_from(left)?;
        let page = Page { first, rows };
        let found = catalogue.report_sheets(&filter, sort, page)?;
        if found.is_empty() {
            break;
        }
        sheets.extend(found);
    }
    let mut out = std::io::stdout().lock();
    if json {
        let values: Vec<Value> = sheets.iter().map(export::sheet_to_json).collect();
        writeln!(out, "{:#}", Value::from(values))?;
        return Ok(());
    }
    let mut table = Table::new(&[
        "ID",
        "STARTED",
        "TIME",
        "ACTIVE",
        "OPERATORS",
        "REQUESTER",
        "HOST",
        "CATEGORY",
        "STATE",
    ]);
    for sheet in &sheets {
        let facts = &sheet.facts;
        table.row(vec![
            facts.report.to_string(),
            time_text(facts.started_unix_seconds.saturating_mul(1000)),
            duration_text(sheet.ledger.connected_seconds.into()),
            duration_text(sheet.ledger.active_seconds.into()),
            facts.operator.to_string(),
            facts.requester.to_string(),
            facts.host.to_string(),
            sheet.draft.category.to_string(),
            state(sheet.finished, sheet.corrections > 0).to_owned(),
        ]);
    }
    Ok(table.print(&mut out)?)
}

fn state(finished: bool, corrected: bool) -> &'static str {
    match (finished, corrected) {
        (false, _) => "draft",
        (true, false) => "finished",
        (true, true) => "corrected",
    }
}

fn show(data: &DataArgs, id: ReportId, version: Option<u32>, json: bool) -> anyhow::Result<()> {
    let catalogue = catalogue::open(&data.data)?;
    let mut report = find(&*catalogue, id)?;
    if let Some(number) = version {
        let version = catalogue.report_version(id, number)?;
        let (draft, fields) = version.context("the report has no such version")?;
        report.draft = draft;
        report.fields = fields;
    }
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{:#}", export::whole_to_json(&report))?;
        return Ok(());
    }
    details(&report).print(&mut out)?;
    let draft = &report.draft;
    for (title, text) in [
        ("Problem", &draft.problem),
        ("Solution", &draft.solution),
        ("Notes", &draft.notes),
    ] {
        writeln!(out, "\n{title}:\n{}", protocol::visible_text(text))?;
    }
    if !report.chat.rows.is_empty() {
        writeln!(out, "\nChat:")?;
        for line in &report.chat.rows {
            let name = protocol::visible_line(&line.name);
            let text = protocol::visible_line(&line.text);
            writeln!(out, "{name}: {text}")?;
        }
    }
    Ok(())
}

fn find(catalogue: &dyn Catalogue, id: ReportId) -> anyhow::Result<WholeReport> {
    let found = catalogue.report(id)?;
    found.with_context(|| format!("there is no report with the number {id}"))
}

fn details(report: &WholeReport) -> Table {
    let facts = &report.facts;
    let ledger = &report.ledger;
    let mut table = Table::new(&["report", &facts.report.to_string()]);
    let corrected = !report.corrections.is_empty();
    for (name, value) in [
        ("state", state(report.finished, corrected).to_owned()),
        (
            "started",
            time_text(facts.started_unix_seconds.saturating_mul(1000)),
        ),
        (
            "ended",
            time_text(facts.ended_unix_seconds.saturating_mul(1000)),
        ),
        ("waiting", duration_text(ledger.waiting_seconds.into())),
        ("time", duration_text(ledger.connected_seconds.into())),
        ("active", duration_text(ledger.active_seconds.into())),
        ("idle", duration_text(ledger.idle_seconds.into())),
        ("paused", duration_text(ledger.paused_seconds.into())),
        ("operators", facts.operator.to_string()),
        ("requester", facts.requester.to_string()),
        ("host", facts.host.to_string()),
        (
            "ticket",
            facts.ticket.map_or(String::new(), |t| t.to_string()),
        ),
        ("category", report.draft.category.to_string()),
    ] {
        table.row(vec![name.to_owned(), value]);
    }
    for field in &report.fields {
        table.row(vec![field.name.to_string(), field.value.to_string()]);
    }
    if let Some(Feedback { stars, words }) = &report.feedback {
        let said = format!("{} of 5: {words}", stars.number());
        table.row(vec!["user says".to_owned(), said]);
    }
    for correction in &report.corrections {
        let at = time_text(correction.at_unix_millis);
        table.row(vec![
            format!("correction {}", correction.number),
            format!("{at} {}: {}", correction.by, correction.reason),
        ]);
    }
    table
}

fn correct(
    data: &DataArgs,
    id: ReportId,
    [problem, solution, category, notes]: [Option<String>; 4],
    fields: &[String],
    reason: &str,
    json: bool,
) -> anyhow::Result<()> {
    let mut catalogue = catalogue::open(&data.data)?;
    let report = find(&*catalogue, id)?;
    let mut draft = report.draft;
    draft.problem = problem.map_or(draft.problem, BoundedText::cut);
    draft.solution = solution.map_or(draft.solution, BoundedText::cut);
    draft.category = category.map_or(draft.category, BoundedText::cut);
    draft.notes = notes.map_or(draft.notes, BoundedText::cut);
    let defined = catalogue.fields()?;
    let mut values = report.fields;
    for field in fields {
        let (name, value) = field.split_once('=').context("a field is NAME=VALUE")?;
        let named = defined
            .iter()
            .find(|field| field.definition.name.as_str() == name);
        let id = named
            .with_context(|| format!("there is no field \"{name}\""))?
            .id;
        values.retain(|value| value.field != id);
        values.push(FieldValue {
            field: id,
            name: BoundedText::cut(name),
            value: BoundedText::cut(value),
        });
    }
    let fields = check_fields(&defined, values);
    let fields = fields.context("a field is missing, or has what it cannot have")?;
    let what = What::ReportCorrected {
        report: id,
        draft,
        fields,
        reason: BoundedText::cut(reason),
    };
    change(&mut *catalogue, what)?;
    let number = find(&*catalogue, id)?.corrections.len();
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{:#}", json!({ "report": id.0, "correction": number }))?;
    } else {
        writeln!(out, "report {id} has the correction {number}")?;
    }
    Ok(())
}

fn erase(data: &DataArgs, id: ReportId, reason: &str, json: bool) -> anyhow::Result<()> {
    let mut catalogue = catalogue::open(&data.data)?;
    let erased = reports::erase(id, catalogue.report_standing(id)?, reason)?;
    change(&mut *catalogue, erased)?;
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{:#}", json!({ "report": id.0, "erased": true }))?;
    } else {
        writeln!(
            out,
            "report {id} is erased; its rows in the audit log stay, and so does its film with the chat"
        )?;
    }
    overwrite(&*catalogue);
    Ok(())
}

/// Overwrites what is erased; what cannot be now is left to the hub.
pub(super) fn overwrite(catalogue: &dyn Catalogue) {
    if let Err(error) = reports::overwrite(catalogue) {
        let told = writeln!(
            std::io::stderr(),
            "hub: not overwritten yet, the hub does it when it runs: {error}"
        );
        // without standard error there is nobody to tell
        drop(told);
    }
}

fn change(catalogue: &mut dyn Catalogue, what: What) -> anyhow::Result<()> {
    let actor = ACTOR.clone();
    let batch = Change { actor, what }.at(hub::unix_millis());
    Ok(catalogue.apply(&[batch])?)
}

fn totals(
    data: &DataArgs,
    selection: &Selection,
    by: By,
    zone: &str,
    json: bool,
) -> anyhow::Result<()> {
    let by = match by {
        By::Operator => TotalsBy::Operator,
        By::Requester => TotalsBy::Requester,
        By::Host => TotalsBy::Host,
        By::Category => TotalsBy::Category,
        By::Day => TotalsBy::Day,
        By::Week => TotalsBy::Week,
        By::Month => TotalsBy::Month,
        By::Group => TotalsBy::Group,
    };
    let catalogue = catalogue::open(&data.data)?;
    let filter = selection.filter("")?;
    let totals = catalogue.report_totals(&filter, by, &export::zone(zone)?)?;
    let named = totals.rows.iter().map(|row| {
        let name = match &row.key {
            TotalKey::Name(name) => name.to_string(),
            TotalKey::From { year, month, day } => format!("{year}-{month:02}-{day:02}"),
        };
        (name, &row.total)
    });
    let mut out = std::io::stdout().lock();
    if json {
        let rows: Vec<Value> = named
            .map(|(name, total)| total_to_json(Some(&name), total))
            .collect();
        let all = total_to_json(None, &totals.all);
        let others = total_to_json(None, &totals.others);
        let value = json!({ "rows": rows, "others": others, "all": all });
        writeln!(out, "{value:#}")?;
        return Ok(());
    }
    let mut table = Table::new(&["", "REPORTS", "TIME", "WAITING", "ACTIVE", "IDLE", "PAUSED"]);
    let all = [("all".to_owned(), &totals.all)];
    for (name, total) in named.chain(all) {
        let time = |seconds: u64| duration_text(i64::try_from(seconds).unwrap_or(i64::MAX));
        table.row(vec![
            name,
            total.reports.to_string(),
            time(total.connected_seconds),
            time(total.waiting_seconds),
            time(total.active_seconds),
            time(total.idle_seconds),
            time(total.paused_seconds),
        ]);
    }
    Ok(table.print(&mut out)?)
}

fn total_to_json(name: Option<&str>, total: &Total) -> Value {
    let mut value = json!({
        "reports": total.reports,
        "connected_seconds": total.connected_seconds,
        "waiting_seconds": total.waiting_seconds,
        "active_seconds": total.active_seconds,
        "idle_seconds": total.idle_seconds,
        "paused_seconds": total.paused_seconds,
    });
    if let Some(name) = name {
        value["key"] = json!(name);
    }
    value
}

fn write_file(args: &ExportArgs) -> anyhow::Result<()> {
    let mut catalogue = catalogue::open(&args.data.data)?;
    let format = match args.format {
        Format::Csv => ExportFormat::Csv,
        Format::Json => ExportFormat::Json,
        Format::Pdf => ExportFormat::Pdf,
    };
    let logo = match &args.logo {
        Some(path) => {
            let read = std::fs::read(path);
            Some(read.with_context(|| format!("cannot read {}", path.display()))?)
        }
        None => None,
    };
    let mut style = Style {
        format,
        language: match args.language {
            In::English => Language::English,
            In::Italian => Language::Italian,
        },
        zone: export::zone(&args.zone)?,
        organisation: Organisation {
            name: args.organisation.clone(),
            words: args.words.clone(),
            logo,
        },
        key_pictures: Vec::new(),
    };
    let of = match args.id {
        Some(id) => ExportOf::One(ReportId(id)),
        None => ExportOf::List {
            filter: args.selection.filter("")?,
            sort: args.selection.sort(),
        },
    };
    if args.id.is_some() && args.selection.is_any() {
        bail!("one report is exported, or a list that is chosen");
    }
    let file = File::create_new(&args.out);
    let file = file.with_context(|| format!("cannot create {}", args.out.display()))?;
    // noted before anything leaves
    let noted = What::ReportsExported {
        report: args.id.map(ReportId),
        format: export::extension(format),
    };
    change(&mut *catalogue, noted)?;
    if let (Some(id), ExportFormat::Pdf, false) = (args.id, format, args.no_pictures) {
        style.key_pictures = key_pictures(&mut *catalogue, &args.data.data, ReportId(id))?;
    }
    let mut out = BufWriter::new(file);
    let written = export::write(&*catalogue, &of, &style, &mut out);
    let written = written.and_then(|_reports| Ok(out.flush()?));
    if written.is_err() {
        // half a document is none
        drop(std::fs::remove_file(&args.out));
    }
    written?;
    let path = args.out.display().to_string();
    writeln!(std::io::stdout(), "{}", protocol::visible_line(&path))?;
    Ok(())
}

/// Pictures of the report's film, if there is one; the export of them is noted first.
fn key_pictures(
    catalogue: &mut dyn Catalogue,
    folder: &Path,
    report: ReportId,
) -> anyhow::Result<Vec<KeyPicture>> {
    may(Who::CommandLine, Action::ReadFilm, Object::Film)?;
    let Some(report) = catalogue.report(report)? else {
        return Ok(Vec::new());
    };
    let session = report.facts.session;
    if films::finished(catalogue.film_facts(session)?.as_ref()).is_err() {
        return Ok(Vec::new());
    }
    change(catalogue, What::FilmExported { session })?;
    let made = pictures::key_pictures(catalogue, folder, session);
    // the report is worth its paper without them
    made.or_else(|fault| {
        writeln!(std::io::stderr(), "without pictures of the film: {fault}")?;
        Ok(Vec::new())
    })
}
