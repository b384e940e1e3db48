//! `hub audit`: what happened, and whether the log of it is what was written (D4).

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use hub::catalogue::{self, Anchor, AuditHead};
use hub::export::{audit_to_json, kind_word};
use jiff::Timestamp;
use protocol::admin::Page;
use protocol::admin::audit::{AuditRow, Fault, Filter, Verified};
use serde_json::{Value, json};
use session::authority::{Action, Object, Who, may};

use super::DataArgs;
use super::table::{Table, time_text};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List rows of the audit log, newest first.
    List {
        #[command(flatten)]
        filter: FilterArgs,
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Check every row of the audit log and who signed it; the exit code is 1 if it was tampered with.
    Verify {
        /// A row and its head as the hub's log once gave them; may be given several times.
        #[arg(long, value_name = "ROW:HEAD")]
        anchor: Vec<Anchor>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct FilterArgs {
    /// Only what this account, host or program did: the whole name.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this action, for instance `session.started`.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only rows with all these words, the last of which may be only begun.
    #[arg(long, value_name = "WORDS", default_value = "")]
    text: String,
    /// Only from this time on, for instance `2026-11-28T08:00:00Z`.
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

pub(super) fn run(command: AuditCommand) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::ReadAudit, Object::Hub)?;
    match command {
        AuditCommand::List {
            filter,
            limit,
            json,
            data,
        } => list(&filter.into(), limit, json, &data),
        AuditCommand::Verify { anchor, json, data } => verify(&anchor, json, &data),
    }
}

impl From<FilterArgs> for Filter {
    fn from(args: FilterArgs) -> Self {
        Self {
            actor: args.actor.map(|name| name.as_str().into()),
            action: args.action.map(|action| action.as_str().into()),
            text: args.text.as_str().into(),
            since_unix_millis: args.since.map(Timestamp::as_millisecond),
            until_unix_millis: args.until.map(Timestamp::as_millisecond),
        }
    }
}

fn list(filter: &Filter, limit: u32, as_json: bool, data: &DataArgs) -> anyhow::Result<ExitCode> {
    let catalogue = catalogue::open(&data.data)?;
    let mut rows: Vec<AuditRow> = Vec::new();
    while let Some(left) = limit
        .checked_sub(u32::try_from(rows.len()).context("too many rows")?)
        .filter(|left| *left > 0)
    {
        let page = Page {
            first: limit - left,
            rows: u16::try_from(left).unwrap_or(Page::MOST),
        };
        let found = catalogue.audit_rows(filter, page)?;
        if found.rows.is_empty() {
            break;
        }
        rows.extend(found.rows);
    }
    let mut out = std::io::stdout().lock();
    if as_json {
        let values: Vec<Value> = rows.iter().map(audit_to_json).collect();
        writeln!(out, "{:#}", Value::from(values))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["ROW", "TIME", "KIND", "ACTOR", "ACTION", "DETAIL"]);
    for row in rows {
        table.row(vec![
            row.row.to_string(),
            time_text(row.at_unix_millis),
            row.kind.map_or("", kind_word).to_owned(),
            row.actor.to_string(),
            row.action.to_string(),
            row.detail.to_string(),
        ]);
    }
    table.print(&mut out)?;
    Ok(ExitCode::SUCCESS)
}

fn verify(anchors: &[Anchor], as_json: bool, data: &DataArgs) -> anyhow::Result<ExitCode> {
    let found = catalogue::open(&data.data)?.verify_audit(anchors)?;
    let Verified {
        rows,
        head,
        signed,
        fault,
    } = found;
    let head = AuditHead(head);
    let mut out = std::io::stdout();
    if as_json {
        let found = json!({
            "rows": rows,
            "head": head.to_string(),
            "signed": signed,
            "fault": fault.map(sentence),
        });
        writeln!(out, "{found:#}")?;
    } else if let Some(fault) = fault {
        writeln!(out, "{}", sentence(fault))?;
    } else {
        let signature = if signed {
            "signed by the hub"
        } else {
            "not signed yet"
        };
        writeln!(
            out,
            "all {rows} rows are as they were written, {signature}; anchor {rows}:{head}"
        )?;
    }
    Ok(if fault.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn sentence(fault: Fault) -> String {
    let rows = |first: u64, last: u64| {
        if first == last {
            format!("row {first} of the audit log is")
        } else {
            format!("rows {first} to {last} of the audit log are")
        }
    };
    match fault {
        Fault::Changed { row } => format!("row {row} of the audit log is not as it was written"),
        Fault::Gone { first, last } => format!("{} gone", rows(first, last)),
        Fault::Added { first, last } => {
            format!(
                "{} not signed: added without the hub's key",
                rows(first, last)
            )
        }
        Fault::Rewritten { row } => format!(
            "row {row} of the audit log is not the one that the hub signed: the log was rewritten"
        ),
        Fault::Signature => {
            "the hub's signature of the audit log is missing, or not of this hub's key".to_owned()
        }
        Fault::Anchor { row } => format!(
            "row {row} of the audit log is not the one of the anchor: the log was rewritten"
        ),
    }
}
