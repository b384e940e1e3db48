//! `hub report`: what the operators wrote (D1).

use std::io::Write as _;
use std::process::ExitCode;

use clap::Subcommand;
use hub::catalogue::{self, StoredReport};
use protocol::ReportId;
use serde_json::{Value, json};
use session::authority::{Action, Object, Who, may};

use super::DataArgs;
use super::table::{Table, duration_text, time_text};

#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    /// List the reports, newest first.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
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
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
}

pub(super) fn run(command: ReportCommand) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::ListReports, Object::Hub)?;
    let mut out = std::io::stdout().lock();
    match command {
        ReportCommand::List { limit, json, data } => {
            let reports = catalogue::open(&data.data)?.reports(limit)?;
            if json {
                let values: Vec<Value> = reports.iter().map(to_json).collect();
                writeln!(out, "{:#}", Value::from(values))?;
            } else {
                list(&reports).print(&mut out)?;
            }
        }
        ReportCommand::Show { id, json, data } => {
            let report = catalogue::open(&data.data)?.report(ReportId(id))?;
            if json {
                writeln!(out, "{:#}", to_json(&report))?;
            } else {
                let facts = details(&report);
                facts.print(&mut out)?;
                for (title, text) in texts(&report) {
                    let clean = |c: char| c.is_control() && c != '\n';
                    writeln!(out, "\n{title}:\n{}", text.replace(clean, "\u{fffd}"))?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn state(report: &StoredReport) -> &'static str {
    if report.finished { "finished" } else { "draft" }
}

fn lasted_seconds(report: &StoredReport) -> i64 {
    report.facts.ended_unix_seconds - report.facts.started_unix_seconds
}

fn ticket_text(report: &StoredReport) -> String {
    report.facts.ticket.map_or(String::new(), |t| t.to_string())
}

fn list(reports: &[StoredReport]) -> Table {
    let heads = [
        "ID",
        "STARTED",
        "TIME",
        "OPERATORS",
        "REQUESTER",
        "HOST",
        "CATEGORY",
        "STATE",
    ];
    let mut table = Table::new(&heads);
    for report in reports {
        let facts = &report.facts;
        table.row(vec![
            facts.report.to_string(),
            time_text(facts.started_unix_seconds.saturating_mul(1000)),
            duration_text(lasted_seconds(report)),
            facts.operator.to_string(),
            facts.requester.to_string(),
            facts.host.to_string(),
            report.draft.category.to_string(),
            state(report).to_owned(),
        ]);
    }
    table
}

fn details(report: &StoredReport) -> Table {
    let facts = &report.facts;
    let mut table = Table::new(&["report", &facts.report.to_string()]);
    for (name, value) in [
        ("state", state(report).to_owned()),
        (
            "started",
            time_text(facts.started_unix_seconds.saturating_mul(1000)),
        ),
        (
            "ended",
            time_text(facts.ended_unix_seconds.saturating_mul(1000)),
        ),
        ("time", duration_text(lasted_seconds(report))),
        ("operators", facts.operator.to_string()),
        ("requester", facts.requester.to_string()),
        ("host", facts.host.to_string()),
        ("ticket", ticket_text(report)),
        ("category", report.draft.category.to_string()),
    ] {
        table.row(vec![name.to_owned(), value]);
    }
    table
}

fn texts(report: &StoredReport) -> [(&'static str, &str); 3] {
    [
        ("Problem", &report.draft.problem),
        ("Solution", &report.draft.solution),
        ("Notes", &report.draft.notes),
    ]
}

pub(super) fn to_json(report: &StoredReport) -> Value {
    let StoredReport {
        facts,
        draft,
        finished,
        saved_unix_millis,
    } = report;
    json!({
        "report": facts.report.0,
        "session": facts.session.0,
        "requester": facts.requester.as_str(),
        "operator": facts.operator.as_str(),
        "host": facts.host.as_str(),
        "ticket": facts.ticket.map(|ticket| ticket.to_string()),
        "started_unix_seconds": facts.started_unix_seconds,
        "ended_unix_seconds": facts.ended_unix_seconds,
        "problem": draft.problem.as_str(),
        "solution": draft.solution.as_str(),
        "category": draft.category.as_str(),
        "notes": draft.notes.as_str(),
        "finished": finished,
        "saved_unix_millis": saved_unix_millis,
    })
}
