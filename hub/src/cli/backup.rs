//! `hub backup` and `hub restore` (B4).

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use hub::backup::{self, Listing};
use serde_json::json;
use session::authority::{Action, Object, Who, may};

use super::DataArgs;

#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    /// The folder of the copy; it must not exist, or be empty.
    out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// The folder of the copy.
    from: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The new data folder; it must not exist, or be empty.
    #[command(flatten)]
    data: DataArgs,
}

pub(super) fn back_up(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::Administer, Object::Hub)?;
    let made = backup::back_up(&args.data.data, &args.out, &mut show)?;
    say(&made, "the copy is complete", args.json)
}

pub(super) fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::Administer, Object::Hub)?;
    let brought = backup::restore(&args.from, &args.data.data, &mut show)?;
    say(&brought, "a hub can start on the folder", args.json)
}

fn say(listing: &Listing, done: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let files = listing.files.len();
    let bytes: u64 = listing.files.iter().map(|file| file.bytes).sum();
    let mut out = std::io::stdout();
    if as_json {
        let made = listing.made_unix_millis;
        let value = json!({ "files": files, "bytes": bytes, "made_unix_millis": made });
        writeln!(out, "{value:#}")?;
    } else {
        writeln!(out, "{done}: {files} files, {bytes} bytes")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(done: usize, all: usize) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let end = if done == all { "\n" } else { "" };
        // progress that nobody sees is no reason to stop
        drop(write!(err, "\r{done} of {all} films{end}"));
    }
}
