//! `hub film`: list, check, keep, erase and export (D2, D3, D5).

pub(super) mod bundle;
mod list;
mod span;
mod timeline;
mod verify;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use hub::catalogue::{self, Catalogue, Change, What};
use hub::pictures::{self, WORKER};
use hub::{films, unix_millis};
use protocol::SessionId;
use serde_json::Value;
use session::authority::{Action, Object, Who, may};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::{ACTOR, DataArgs};

#[derive(Debug, Subcommand)]
pub(super) enum FilmCommand {
    /// List the films, newest first.
    List {
        #[command(flatten)]
        filter: list::FilterArgs,
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Check that a film is what was recorded, and tell when connections were lost; the exit code is 1
    /// if it is not.
    Verify {
        /// The film's number.
        id: u64,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print what happened in a film beside the pictures: chat, who joined and left, lost lines.
    Timeline {
        /// The film's number.
        id: u64,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Keep a film whatever the rules say.
    Hold {
        /// The film's number.
        id: u64,
        /// Why; it stands in the audit log.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Let the rules have a film again.
    Release {
        /// The film's number.
        id: u64,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Erase a film and its chat for good; its trace stays.
    Erase {
        /// The film's number.
        id: u64,
        /// Why; it stands in the audit log.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Put a film, its chat, report and audit rows into one file that proves itself: see `hub verify`.
    Bundle {
        /// The film's number.
        id: u64,
        /// The ZIP to write.
        out: PathBuf,
        /// A video file that was made of the film before, to be put in too.
        #[arg(long, value_name = "FILE")]
        mp4: Option<PathBuf>,
        /// The report as PDF, to be put in too.
        #[arg(long, value_name = "FILE")]
        pdf: Option<PathBuf>,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Make one picture of a film, as a PNG.
    Picture {
        /// The film's number.
        id: u64,
        /// The PNG to write.
        out: PathBuf,
        /// The moment: seconds, m:ss or h:mm:ss from the film's beginning; the first picture if not
        /// given.
        #[arg(long, value_name = "TIME", value_parser = span::seconds)]
        at: Option<u32>,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Turn a film into a standard video file.
    Export {
        /// The film's number.
        id: u64,
        /// The video file to write.
        out: PathBuf,
        #[command(flatten)]
        span: span::SpanArgs,
        #[command(flatten)]
        data: DataArgs,
    },
}

pub(super) fn run(command: FilmCommand) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::ReadFilm, Object::Film)?;
    if let FilmCommand::Hold { .. } | FilmCommand::Release { .. } | FilmCommand::Erase { .. } =
        command
    {
        may(Who::CommandLine, Action::Administer, Object::Hub)?;
    }
    match command {
        FilmCommand::List {
            filter,
            limit,
            json,
            data,
        } => list::list(&data.data, &filter.into(), limit, json),
        FilmCommand::Hold { id, reason, data } => hold(&data.data, SessionId(id), &reason),
        FilmCommand::Release { id, data } => release(&data.data, SessionId(id)),
        FilmCommand::Erase { id, reason, data } => erase(&data.data, SessionId(id), &reason),
        FilmCommand::Verify { id, json, data } => verify::run(&data.data, SessionId(id), json),
        FilmCommand::Timeline { id, json, data } => timeline::run(&data.data, SessionId(id), json),
        FilmCommand::Bundle {
            id,
            out,
            mp4,
            pdf,
            data,
        } => bundle::make(
            &data.data,
            SessionId(id),
            &out,
            mp4.as_deref(),
            pdf.as_deref(),
        ),
        FilmCommand::Export {
            id,
            out,
            span,
            data,
        } => {
            span.check()?;
            export(&data.data, SessionId(id), &out, span.for_worker())
        }
        FilmCommand::Picture { id, out, at, data } => {
            let at_millis = u64::from(at.unwrap_or(0)) * 1000;
            let option = format!("--picture-millis={at_millis}");
            export(&data.data, SessionId(id), &out, vec![option])
        }
    }
}

/// Makes one change to a film, in the name of the command line.
fn change(catalogue: &mut dyn Catalogue, what: What) -> anyhow::Result<()> {
    let actor = ACTOR;
    let batch = Change { actor, what }.at(unix_millis());
    Ok(catalogue.apply(&[batch])?)
}

fn hold(folder: &Path, id: SessionId, reason: &str) -> anyhow::Result<ExitCode> {
    let mut catalogue = catalogue::open(folder)?;
    let held = films::hold(catalogue.film_facts(id)?.as_ref(), reason)?;
    change(&mut *catalogue, held)?;
    writeln!(std::io::stdout(), "film {id} is kept until it is released")?;
    Ok(ExitCode::SUCCESS)
}

fn release(folder: &Path, id: SessionId) -> anyhow::Result<ExitCode> {
    let mut catalogue = catalogue::open(folder)?;
    if let Some(released) = films::release(catalogue.film_facts(id)?.as_ref())? {
        change(&mut *catalogue, released)?;
    }
    writeln!(std::io::stdout(), "film {id} is kept as the rules say")?;
    Ok(ExitCode::SUCCESS)
}

fn erase(folder: &Path, id: SessionId, reason: &str) -> anyhow::Result<ExitCode> {
    let mut catalogue = catalogue::open(folder)?;
    let erased = films::erase(catalogue.film_facts(id)?.as_ref(), reason)?;
    change(&mut *catalogue, erased)?;
    films::remove(&folder.join(films::path_of(id)))?;
    writeln!(std::io::stdout(), "film {id} is erased; its trace stays")?;
    super::report::overwrite(&*catalogue);
    Ok(ExitCode::SUCCESS)
}

/// Has the worker make a file of a film, as `options` say.
fn export(
    folder: &Path,
    id: SessionId,
    out: &Path,
    options: Vec<String>,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no way to run the film worker")?;
    runtime.block_on(run_worker(folder, id, out, options))
}

async fn run_worker(
    folder: &Path,
    id: SessionId,
    out: &Path,
    options: Vec<String>,
) -> anyhow::Result<ExitCode> {
    let mut catalogue = catalogue::open(folder)?;
    let row = catalogue.session(id)?;
    let recording = folder.join(&row.film);
    ensure!(
        recording.is_file(),
        "the film {} is gone",
        recording.display()
    );
    // before there is a first byte of it
    change(&mut *catalogue, What::FilmExported { session: id })?;
    let mut worker = Command::new(pictures::worker());
    worker.arg(&recording).arg(out).args(options);
    worker.stdin(Stdio::null()).stdout(Stdio::piped());
    // the film appears under its name only when it is complete, so a worker can be killed
    worker.kill_on_drop(true);
    let child = worker
        .spawn()
        .with_context(|| format!("cannot run {WORKER}, which belongs beside the hub"))?;
    tokio::select! {
        done = follow(child) => done?,
        _interrupted = tokio::signal::ctrl_c() => {
            end_progress_line()?;
            bail!("cancelled");
        }
    }
    writeln!(std::io::stdout(), "film {id} is in {}", out.display())?;
    Ok(ExitCode::SUCCESS)
}

/// Shows the worker's progress until it ends.
async fn follow(mut child: Child) -> anyhow::Result<()> {
    let stdout = child.stdout.take().context("the worker has no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let on_terminal = std::io::stderr().is_terminal();
    while let Some(line) = lines.next_line().await? {
        if on_terminal {
            show_progress(&line)?;
        }
    }
    let status = child.wait().await?;
    end_progress_line()?;
    ensure!(status.success(), "it could not be made ({status})");
    Ok(())
}

fn end_progress_line() -> std::io::Result<()> {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        writeln!(err)?;
    }
    Ok(())
}

fn show_progress(line: &str) -> anyhow::Result<()> {
    let Ok(progress) = serde_json::from_str::<Value>(line) else {
        return Ok(());
    };
    let fraction = progress.get("done").and_then(Value::as_f64);
    if let Some(fraction) = fraction {
        let percent = fraction.clamp(0.0, 1.0) * 100.0;
        let mut err = std::io::stderr();
        write!(err, "\r{percent:3.0} %")?;
        err.flush()?;
    }
    Ok(())
}
