//! `hub audit`: whether the log is what was written (D4).

use std::io::Write as _;
use std::process::ExitCode;

use clap::Subcommand;
use hub::catalogue;
use session::authority::{Action, Object, Who, may};

use super::DataArgs;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check every row of the audit log; the exit code is 1 if it was tampered with.
    Verify {
        #[command(flatten)]
        data: DataArgs,
    },
}

pub(super) fn run(command: AuditCommand) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::ReadAudit, Object::Hub)?;
    let AuditCommand::Verify { data } = command;
    let found = catalogue::open(&data.data)?.verify_audit()?;
    let mut out = std::io::stdout();
    let (rows, head) = (found.rows, found.head);
    if let Some(row) = found.first_fault {
        writeln!(out, "row {row} of the audit log is not as it was written")?;
        return Ok(ExitCode::FAILURE);
    }
    writeln!(out, "all {rows} rows are as they were written; head {head}")?;
    Ok(ExitCode::SUCCESS)
}
