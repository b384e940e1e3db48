//! The command line: what there is to say, and who does it.

mod admin;
mod audit;
mod backup;
mod doctor;
mod downloads;
mod film;
mod options;
mod report;
mod serve;
mod settings;
mod table;
mod updates;
mod verify;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use hub::catalogue::Actor;
use hub::{FolderError, MetricsError, StartError, WebError};
use tracing_subscriber::EnvFilter;

use self::options::LogFormat;

const EXAMPLES: &str = "\
Examples:
  hub serve --data /var/lib/pure-help-desk
  hub admin add-operator anna --data /var/lib/pure-help-desk
  hub report list --category Printers --json --data /var/lib/pure-help-desk
  hub downloads add helpme-linux-x86_64 --data /var/lib/pure-help-desk
  hub backup --data /var/lib/pure-help-desk /srv/backup/today
  hub verify case-4711.zip";

/// The hub of Pure Help Desk.
#[derive(Debug, Parser)]
#[command(name = "hub", version, after_help = EXAMPLES)]
struct Cli {
    /// What to log, for instance `info` or `hub=debug`; `RUST_LOG` says the same.
    #[arg(long, env = "HUB_LOG", global = true, value_name = "FILTER")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until it is told to stop.
    Serve(serve::ServeArgs),
    /// Look at ports, clock, certificate, disk and data folder, and say what is wrong and what to do.
    Doctor(doctor::DoctorArgs),
    /// Manage the accounts of operators.
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Read reports.
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// List, check, keep, erase and export films.
    #[command(subcommand)]
    Film(film::FilmCommand),
    /// Read and check the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Read and change what holds for the whole hub.
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
    /// The Helpmes that the page hands out: only what their maker has signed.
    #[command(subcommand)]
    Downloads(downloads::DownloadsCommand),
    /// The maker's list of newest versions, and which ones are in use.
    #[command(subcommand)]
    Updates(updates::UpdatesCommand),
    /// Copy all that the hub keeps, also while it runs.
    Backup(backup::BackupArgs),
    /// Bring a copy back, into a new folder.
    Restore(backup::RestoreArgs),
    /// Check a proof bundle or a saved receipt, on any machine; the exit code is 1 if a byte of it was changed.
    Verify(verify::VerifyArgs),
    /// Print the fingerprint by which clients know this hub.
    Fingerprint(DataArgs),
}

/// Who acts here, for the audit log.
const ACTOR: Actor = Actor::CommandLine;

/// Where the hub keeps everything.
#[derive(Debug, Clone, Args)]
struct DataArgs {
    /// The hub's data folder.
    #[arg(long, env = "HUB_DATA", value_name = "DIR")]
    data: PathBuf,
}

/// Does what the arguments say; a failure is one sentence on standard error and an exit code.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let log = cli.log.as_deref();
    if !matches!(cli.command, Command::Serve(_)) {
        set_up_log(log, None, None);
    }
    let done = match cli.command {
        // its file may say what to log
        Command::Serve(args) => serve::run(args, log),
        Command::Doctor(args) => doctor::run(args),
        Command::Admin(command) => admin::run(command),
        Command::Report(command) => report::run(command),
        Command::Film(command) => film::run(command),
        Command::Audit(command) => audit::run(command),
        Command::Settings(command) => settings::run(command),
        Command::Downloads(command) => downloads::run(command),
        Command::Updates(command) => updates::run(command),
        Command::Backup(args) => backup::back_up(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Fingerprint(args) => serve::print_fingerprint(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            // without standard error there is nobody to tell
            drop(writeln!(std::io::stderr(), "hub: {}", told(&error)));
            exit_code(&error)
        }
    }
}

/// The error and what lies under it, each thing once: many errors say their cause themselves.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// What the hub exits with; the numbers stand in README.md.
fn exit_code(error: &anyhow::Error) -> ExitCode {
    const COMMAND_LINE: u8 = 2;
    const NO_FOLDER: u8 = 13;
    const CANNOT_LISTEN: u8 = 15;
    if error.is::<FolderError>() {
        return ExitCode::from(NO_FOLDER);
    }
    if error.is::<options::OptionsError>() {
        return ExitCode::from(COMMAND_LINE);
    }
    match error.downcast_ref() {
        Some(StartError::Folder(_) | StartError::Catalogue(_) | StartError::Identity(_)) => {
            ExitCode::from(NO_FOLDER)
        }
        Some(
            StartError::Bind(_)
            | StartError::Web(WebError::Bind(_) | WebError::PageNowhere)
            | StartError::Metrics(MetricsError::Bind { .. }),
        ) => ExitCode::from(CANNOT_LISTEN),
        _ => ExitCode::FAILURE,
    }
}

/// Logs what the command line says, or the environment, or a file.
fn set_up_log(said: Option<&str>, in_file: Option<&str>, format: Option<LogFormat>) {
    let usual = || EnvFilter::new(in_file.unwrap_or("info"));
    let filter = said.map_or_else(
        || EnvFilter::try_from_default_env().unwrap_or_else(|_unset| usual()),
        EnvFilter::new,
    );
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format.unwrap_or(LogFormat::Plain) {
        LogFormat::Plain => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().init(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_page_of_the_manual_says_what_the_command_line_does() {
        let more: &[manual::Section<'_>] = &[
            (
                "FILES",
                &[
                    "The data folder, which `--data` names, holds `hub.db` (accounts, tickets, reports, audit log), `films`, the key of the hub, `downloads` with the Helpmes that the page offers and their maker's signatures, and `passwords.txt` with passwords that nobody may choose.",
                    "`hub serve --config` names a file with the same options as lines; flags go before variables of the environment, and these before the file.",
                ],
            ),
            (
                "EXIT STATUS",
                &[
                    "0 for success; 1 where the words on standard error say what is wrong, and where a film or a proof is not what was recorded; 2 for a wrong command line or configuration; 13 where the data folder cannot be used; 15 where the hub cannot listen at its address.",
                ],
            ),
            (
                "SEE ALSO",
                &["`hub-admin`(1), `pure-help-desk`(1), `helpme`(1), `purepc`(8)"],
            ),
        ];
        manual::check(Cli::command(), "8", more);
    }
}
