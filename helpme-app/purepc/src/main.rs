//! `PurePC`: keeps a computer connected to its hub, whoever sits in front of it (U1, U2).
//!
//! It is enrolled once with a line from the administrator, and from then on comes with a key of its own.
//! Operators see that it is connected, and open it with its access password, if it has one (U3). A process of
//! its own serves them then, and has the screen; this one never has.

mod access;
mod agent;
mod computer;
mod doorman;
mod line;
mod membership;
mod newer;
mod pause;
mod proxy;
mod serve;
mod service;
mod standing;
mod stop;
mod waking;

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::{Args, Parser, Subcommand};
use protocol::{Enrolment, HubAddress, InvitationFault};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use transport::{Fingerprint, Routes};
use update::UpdateArguments;

use crate::agent::AgentArgs;
use crate::doorman::Doorman;
use crate::line::{After, Versions};
use crate::membership::{Membership, RunLock};
use crate::newer::{Newer, Trial};
use crate::proxy::ProxyArgs;
use crate::standing::Standing;
use crate::stop::StopSignal;

/// Which version this program has.
const VERSION: &str = update::version!();

/// Said by every command that sets up or shows a membership.
fn openness(folder: &Path) -> &'static str {
    if access::is_set(folder) {
        "Operators who know the access password can see its screen and use it."
    } else {
        "It has no access password, so nobody can open it; `purepc set-password` sets one."
    }
}

/// Keeps this computer connected to the hub of Pure Help Desk.
#[derive(Debug, Parser)]
#[command(name = "purepc", version = VERSION, arg_required_else_help = true)]
struct Cli {
    /// What to log, for instance `info` or `purepc=debug`; `RUST_LOG` says the same.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    #[command(flatten)]
    update: UpdateArguments,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make this computer known to a hub, with the line that its administrator made.
    Enroll {
        /// The line, or `-` to read it from standard input, where other users of this computer do not
        /// see it.
        invitation: String,
        /// Leave the hub to which this computer belongs now; it gets another key.
        #[arg(long)]
        again: bool,
        /// Do nothing where this computer belongs to a hub already, for what installs it anew with the same words.
        #[arg(long, conflicts_with = "again")]
        unless_enrolled: bool,
        /// The file with the access password that this computer gets, which nobody but its owner may read.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        proxy: ProxyArgs,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Stay connected, until told to stop.
    Run {
        /// The service manager of Windows starts it so.
        #[cfg(windows)]
        #[arg(long, hide = true)]
        as_service: bool,
        #[command(flatten)]
        newer: NewerArgs,
        #[command(flatten)]
        proxy: ProxyArgs,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Set the access password with which operators open this computer: typed twice at a terminal, or the
    /// first line of standard input. At least 10 characters; the one before is not good any more.
    SetPassword {
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Have it run from boot on, by systemd or as a service of Windows: needs root or an administrator.
    Install {
        /// Only write the unit, into this folder.
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
        /// Do nothing where this computer belongs to no hub yet.
        #[cfg(windows)]
        #[arg(long)]
        if_enrolled: bool,
    },
    /// End what `install` began, and take it back. The key stays.
    Uninstall {
        /// Only remove the unit from this folder.
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Serve operators who came in; `run` starts this.
    #[command(hide = true)]
    Serve {
        /// The hub, which whoever serves in the name of another account cannot look up in its folder.
        #[arg(long)]
        hub: HubAddress,
        #[arg(long)]
        fingerprint: Fingerprint,
        #[command(flatten)]
        proxy: ProxyArgs,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Say where this computer belongs, and whether it is connected.
    Status {
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        folder: FolderArgs,
    },
}

/// Times that nobody but a test has a reason to change.
#[derive(Debug, Clone, Copy, Args)]
struct NewerArgs {
    #[arg(long, hide = true, value_name = "MILLIS")]
    look_for_updates_every: Option<u64>,
    #[arg(long, hide = true, value_name = "MILLIS")]
    come_back_within: Option<u64>,
}

#[derive(Debug, Args)]
struct FolderArgs {
    /// Where the key is kept; a service manager says it by this variable.
    #[arg(long, value_name = "DIR", env = "STATE_DIRECTORY")]
    folder: Option<PathBuf>,
}

impl FolderArgs {
    fn find(self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = self.folder {
            return Ok(folder);
        }
        let folders = directories::ProjectDirs::from("", "", "purepc");
        let folders = folders.context("this account has no home folder; say --folder")?;
        Ok(folders.data_local_dir().to_owned())
    }
}

fn main() -> ExitCode {
    if let Some(code) = host_engine::run_guardian_if_asked() {
        return code;
    }
    let cli = Cli::parse();
    if let Some(code) = cli.update.granted("purepc", VERSION) {
        return code;
    }
    let Some(command) = cli.command else {
        // said by clap, but for a line that has nothing but --log
        drop(writeln!(
            std::io::stderr(),
            "purepc: --help says what there is to say"
        ));
        return ExitCode::from(2);
    };
    set_up_log(cli.log.as_deref(), log_writer(&command));
    match run(command, cli.log) {
        Ok(code) => code,
        Err(error) => {
            // without standard error there is nobody to tell
            drop(writeln!(std::io::stderr(), "purepc: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Standard error, or the file of a service that has none.
fn log_writer(command: &Command) -> BoxMakeWriter {
    #[cfg(windows)]
    if let Command::Run {
        as_service: true,
        folder: FolderArgs {
            folder: Some(folder),
        },
        ..
    } = command
        && let Ok(file) = service::log_file(folder)
    {
        return BoxMakeWriter::new(std::sync::Mutex::new(file));
    }
    #[cfg(not(windows))]
    let _ = command;
    BoxMakeWriter::new(std::io::stderr)
}

fn set_up_log(filter: Option<&str>, writer: BoxMakeWriter) {
    let filter = filter.map_or_else(
        || EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info")),
        EnvFilter::new,
    );
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

fn run(command: Command, log: Option<String>) -> anyhow::Result<ExitCode> {
    match command {
        Command::Enroll {
            invitation,
            again,
            unless_enrolled,
            password_file,
            proxy,
            folder,
        } => {
            let (folder, routes) = (folder.find()?, proxy.routes()?);
            if unless_enrolled && Membership::is_there(&folder) {
                writeln!(std::io::stdout(), "This computer is enrolled already.")?;
                return Ok(ExitCode::SUCCESS);
            }
            if let Some(file) = &password_file {
                // before the code is used up: one that is too short enrols nothing
                access::set(&folder, &proxy::private_line(file)?)?;
            }
            enroll(&invitation, again, &routes, &folder).map(|()| ExitCode::SUCCESS)
        }
        Command::SetPassword { folder } => {
            access::set(&folder.find()?, &access::ask()?)?;
            let said = "The access password is set. Operators who know it can see this computer's screen \
                        and use it while `purepc run` runs.";
            writeln!(std::io::stdout(), "{said}")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve {
            hub,
            fingerprint,
            proxy,
            folder,
        } => {
            #[cfg(windows)]
            desktop::user_process::UserProcess::begin();
            serve::run(hub, fingerprint, proxy.routes()?, &folder.find()?)
        }
        #[cfg(windows)]
        Command::Run {
            as_service: true,
            newer,
            proxy,
            folder,
        } => run_as_service(newer, proxy, folder.find()?, log),
        Command::Run {
            newer,
            proxy,
            folder,
            ..
        } => stay(newer, &proxy, &folder.find()?, log, None).map(|()| ExitCode::SUCCESS),
        #[cfg(windows)]
        Command::Install {
            if_enrolled: true, ..
        } if !Membership::is_there(&service::folder()?) => {
            writeln!(std::io::stdout(), "This computer is not enrolled yet.")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Install { into, .. } => {
            service::install(into.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        Command::Uninstall { from } => {
            service::uninstall(from.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        Command::Status { json, folder } => status(json, &folder.find()?),
    }
}

/// Stays connected until the program is told to stop, also by the service manager that `service` stands for.
fn stay(
    times: NewerArgs,
    proxy: &ProxyArgs,
    folder: &Path,
    log: Option<String>,
    service: Option<watch::Receiver<bool>>,
) -> anyhow::Result<()> {
    let routes = proxy.routes()?;
    let membership = Membership::load(folder)?;
    let _lock = RunLock::take(folder)?;
    newer::become_newest(folder);
    let _shown = RunLock::show(folder)?;
    tracing::info!(hub = %membership.hub(), "{}", openness(folder));
    let agent = AgentArgs {
        hub: membership.hub().to_string(),
        fingerprint: membership.pin().to_string(),
        folder: folder.to_owned(),
        routes: proxy.words(),
        log,
        #[cfg(windows)]
        is_service: service.is_some(),
    };
    let doorman = Doorman::new(folder.to_owned(), agent);
    let after = runtime()?.block_on(async {
        let stop = StopSignal::listen(service).context("cannot hear when to stop")?;
        let every = times.look_for_updates_every.map(Duration::from_millis);
        let come_back = times.come_back_within.map(Duration::from_millis);
        let versions = Versions {
            newer: Newer::of(folder, (membership.hub(), membership.pin()), &routes, every),
            trial: Trial::begin(folder, come_back.unwrap_or(newer::COME_BACK)),
        };
        line::stay(&membership, &routes, folder, doorman, stop, versions).await
    })?;
    match after {
        After::End => Ok(()),
        After::BeginAnew => Err(newer::begin_anew()),
    }
}

/// As [`stay`], for the service manager of Windows.
#[cfg(windows)]
fn run_as_service(
    newer: NewerArgs,
    proxy: ProxyArgs,
    folder: PathBuf,
    log: Option<String>,
) -> anyhow::Result<ExitCode> {
    desktop::service::run(service::ID, move |stop| {
        let (tell, told) = watch::channel(false);
        let hear = move || {
            if stop.recv().is_ok() {
                tell.send(true).ok();
            }
        };
        let heard = std::thread::Builder::new().spawn(hear).context("no thread");
        let stayed = heard.and_then(|_thread| stay(newer, &proxy, &folder, log, Some(told)));
        match stayed {
            Ok(()) => 0,
            Err(error) => {
                tracing::error!("{error:#}");
                1
            }
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// One thread is plenty for one connection.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().context("no network runtime")
}

fn enroll(invitation: &str, again: bool, routes: &Routes, folder: &Path) -> anyhow::Result<()> {
    let mut text = invitation.to_owned();
    if invitation == "-" {
        text.clear();
        let mut input = std::io::stdin().take(64 * 1024);
        input.read_to_string(&mut text).context("no invitation")?;
    }
    let enrolment: Enrolment = text.parse().map_err(|fault: InvitationFault| {
        if fault == InvitationFault::None {
            anyhow!("there is no invitation in it; one begins with purepc://")
        } else {
            fault.into()
        }
    })?;
    let _lock = RunLock::take(folder)?;
    // on disk before it is spoken of: a lost answer must not cost the code
    let membership = Membership::begin(folder, &enrolment, again)?;
    let name = runtime()?.block_on(line::enrol(&membership, routes, enrolment.code))?;
    Membership::is_enrolled(folder)?;
    let hub = membership.hub();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "This computer is enrolled at {hub} as {name}.\n{}",
        openness(folder)
    )?;
    Ok(())
}

fn status(json: bool, folder: &Path) -> anyhow::Result<ExitCode> {
    let membership = Membership::load(folder)?;
    let standing = if RunLock::is_shown(folder)? {
        Standing::load(folder)
    } else {
        Standing::NotRunning
    };
    let mut out = std::io::stdout();
    if json {
        let shown = serde_json::json!({
            "hub": membership.hub().to_string(),
            "standing": standing,
            "help_without_a_user": access::is_set(folder),
        });
        writeln!(out, "{shown}")?;
    } else {
        writeln!(
            out,
            "hub: {}\n{standing}\n{}",
            membership.hub(),
            openness(folder)
        )?;
    }
    let connected = matches!(standing, Standing::Connected { .. });
    Ok(if connected {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
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
                    "The folder that `--folder` names, or `STATE_DIRECTORY`, holds the key of this computer and what is needed to check its access password. Only its owner may read it.",
                    "`program` in it has newer versions, each with its maker's signature, where the hub's administrator wants them taken (`hub settings set hosts-update yes`). `run` becomes the newest. One that the hub does not let in within five minutes is left alone for a day, and the one before comes back.",
                ],
            ),
            ("SEE ALSO", &["`helpme`(1), `hub`(8)"]),
        ];
        manual::check(Cli::command(), "8", more);
    }
}
