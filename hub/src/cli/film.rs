//! `hub film`: list, check and export (D2, D3).

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use hub::catalogue::{self, Change, SessionRow, What, ended_by_word};
use hub::unix_millis;
use protocol::SessionId;
use recording::{Body, Entry, Recording};
use serde_json::{Value, json};
use session::authority::{Action, Object, Who, may};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::table::{Table, duration_text, time_text};
use super::{ACTOR, DataArgs};

/// The program that turns a recording into a film.
const WORKER: &str = "hub-film";

#[derive(Debug, Subcommand)]
pub(super) enum FilmCommand {
    /// List the films, newest first.
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
    /// Check that a film is what was recorded, and tell when connections were lost; the exit code is 1
    /// if it is not.
    Verify {
        /// The film's number.
        id: u64,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print what happened in a film beside the pictures: chat, who joined and left, lost lines.
    Timeline {
        /// The film's number.
        id: u64,
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
        data: DataArgs,
    },
}

pub(super) fn run(command: FilmCommand) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::ReadFilm, Object::Film)?;
    match command {
        FilmCommand::List { limit, json, data } => list(&data.data, limit, json),
        FilmCommand::Verify { id, data } => verify(&data.data, SessionId(id)),
        FilmCommand::Timeline { id, data } => timeline(&data.data, SessionId(id)),
        FilmCommand::Export { id, out, data } => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context("no way to run the film worker")?;
            runtime.block_on(export(&data.data, SessionId(id), &out))
        }
    }
}

fn list(folder: &Path, limit: u32, as_json: bool) -> anyhow::Result<ExitCode> {
    let sessions = catalogue::open(folder)?.sessions(limit)?;
    let mut out = std::io::stdout().lock();
    if as_json {
        let values: Vec<Value> = sessions.iter().map(|row| to_json(folder, row)).collect();
        writeln!(out, "{:#}", Value::from(values))?;
        return Ok(ExitCode::SUCCESS);
    }
    let heads = [
        "ID",
        "STARTED",
        "TIME",
        "OPERATORS",
        "REQUESTER",
        "HOST",
        "ENDED BY",
        "BYTES",
    ];
    let mut table = Table::new(&heads);
    for row in sessions {
        let lasted = row.ended_unix_millis.map(|e| e - row.started_unix_millis);
        table.row(vec![
            row.id.to_string(),
            time_text(row.started_unix_millis),
            lasted.map_or_else(|| "running".to_owned(), |l| duration_text(l / 1000)),
            row.operator,
            row.requester,
            row.host,
            row.ended_by.map_or("", ended_by_word).to_owned(),
            row.film_bytes.map_or(String::new(), |b| b.to_string()),
        ]);
    }
    table.print(&mut out)?;
    Ok(ExitCode::SUCCESS)
}

fn to_json(folder: &Path, row: &SessionRow) -> Value {
    json!({
        "id": row.id.0,
        "operator": row.operator,
        "requester": row.requester,
        "host": row.host,
        "ticket": row.ticket.map(|route| format!("{route:05}")),
        "started_unix_millis": row.started_unix_millis,
        "ended_unix_millis": row.ended_unix_millis,
        "ended_by": row.ended_by.map(ended_by_word),
        "bytes": row.film_bytes,
        "path": folder.join(&row.film).to_string_lossy(),
    })
}

/// One line for each entry: the time since the beginning, and what happened.
fn timeline(folder: &Path, id: SessionId) -> anyhow::Result<ExitCode> {
    let row = catalogue::open(folder)?.session(id)?;
    let recording = Recording::open(&folder.join(&row.film))?;
    let mut out = std::io::stdout().lock();
    for entry in recording.timeline() {
        let Entry { at_micros, body } = entry?;
        let at = duration_text(i64::try_from(at_micros / 1_000_000).unwrap_or(i64::MAX));
        match body {
            Body::Event(event) => writeln!(out, "{at:>8}  {event}")?,
            Body::Chat { name, text, .. } => writeln!(out, "{at:>8}  {name}: {text}")?,
            Body::Screen { .. } | Body::Pointer(_) => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(folder: &Path, id: SessionId) -> anyhow::Result<ExitCode> {
    let row = catalogue::open(folder)?.session(id)?;
    let path = folder.join(&row.film);
    let recording = Recording::open(&path)
        .with_context(|| format!("the film {} cannot be opened", path.display()))?;
    let found = recording.verify();
    let mut out = std::io::stdout();
    if let Some(fault) = &found.first_fault {
        writeln!(out, "film {id} is not as it was recorded: {fault}")?;
        return Ok(ExitCode::FAILURE);
    }
    if row.film_head.is_some_and(|head| head != found.head.0) {
        writeln!(out, "film {id} is whole, but not the one of the catalogue")?;
        return Ok(ExitCode::FAILURE);
    }
    let (entries, head) = (found.entries, found.head);
    let running = if found.finished {
        ""
    } else {
        ", it is not finished"
    };
    writeln!(
        out,
        "film {id} is as it was recorded: {entries} entries, head {head}{running}"
    )?;
    let gaps = recording.gaps()?;
    for gap in &gaps.all {
        writeln!(out, "{gap}")?;
    }
    if gaps.left_out > 0 {
        writeln!(out, "and {} more lost connections", gaps.left_out)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn export(folder: &Path, id: SessionId, out: &Path) -> anyhow::Result<ExitCode> {
    let mut catalogue = catalogue::open(folder)?;
    let row = catalogue.session(id)?;
    let recording = folder.join(&row.film);
    ensure!(
        recording.is_file(),
        "the film {} is gone",
        recording.display()
    );
    let mut worker = Command::new(worker_path());
    worker.arg(&recording).arg(out);
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
    let exported = Change {
        actor: ACTOR,
        what: What::FilmExported { session: id },
    };
    catalogue.apply(&[exported.at(unix_millis())])?;
    writeln!(std::io::stdout(), "film {id} is in {}", out.display())?;
    Ok(ExitCode::SUCCESS)
}

/// The worker beside this program, or else the one in `PATH`.
fn worker_path() -> PathBuf {
    let name = format!("{WORKER}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe()
        .ok()
        .map(|hub| hub.with_file_name(&name));
    beside
        .filter(|path| path.is_file())
        .unwrap_or_else(|| name.into())
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
    ensure!(status.success(), "the film could not be made ({status})");
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
