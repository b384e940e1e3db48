//! `hub-film RECORDING OUT.mp4`: makes a film of a recording (D3).
//!
//! Says on standard output how far it is, a JSON object a line: `{"done":0.42}`, and at the end
//! `{"film":{...}}`. With `--picture-millis` it makes one picture instead. What went wrong stands on standard error; the exit code is 1 then.

#[cfg(target_os = "linux")]
mod own_user;
mod priority;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Parser;
use film::{Limits, Options, Summary, export_opened, sandbox, still};
use recording::Recording;
use serde_json::json;

/// Makes a standard MP4 film of a session's recording.
#[derive(Debug, Parser)]
#[command(name = "hub-film", version)]
struct Arguments {
    /// The recording.
    recording: PathBuf,
    /// Where the film goes; it appears there when it is complete.
    out: PathBuf,
    /// Most frames a second.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    fps_max: u32,
    /// Begin with this moment of the session, in milliseconds from its beginning.
    #[arg(long, default_value_t = 0)]
    from_millis: u64,
    /// Make one picture of this moment, as a PNG, and no film.
    #[arg(long, conflicts_with_all = ["from_millis", "to_millis", "fps_max"])]
    picture_millis: Option<u64>,
    /// The picture is at most so wide and so high.
    #[arg(long, requires = "picture_millis", value_parser = clap::value_parser!(u32).range(1..))]
    picture_pixels: Option<u32>,
    /// The picture's file has at most so many bytes: it is made smaller until it fits.
    #[arg(long, requires = "picture_millis")]
    picture_bytes: Option<usize>,
    /// End at this moment.
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    to_millis: u64,
    /// Work as the user of this number, in the folder where this runs.
    #[arg(long, hide = true)]
    own_user: Option<u32>,
    /// The process that asked for it.
    #[arg(long, hide = true, requires = "own_user")]
    parent: Option<i32>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    // whoever hands keys on has started it
    urgency::ordinary();
    priority::lower();
    #[cfg(target_os = "linux")]
    if arguments.own_user.is_none() && rustix::process::geteuid().is_root() {
        return own_user::work(&arguments);
    }
    make(&arguments)?;
    Ok(ExitCode::SUCCESS)
}

fn make(arguments: &Arguments) -> anyhow::Result<()> {
    let options = Options {
        fps_max: arguments.fps_max,
        from_millis: arguments.from_millis,
        to_millis: arguments.to_millis,
    };
    let mut said = 0.0;
    let mut progress = |done: f64| {
        // a line for each percent; a reader that is gone is no reason to stop
        if done >= said + 0.01 || done >= 1.0 {
            said = done;
            drop(say(&json!({ "done": (done * 1000.0).round() / 1000.0 })));
        }
    };
    // whoever wants the film no longer ends this process; nothing is left under the final name
    let never = AtomicBool::new(false);
    let opened = Recording::open(&arguments.recording);
    if let Ok(opened) = &opened {
        // the first reading opens what lies beside a recording that is still being written
        opened.is_finished().ok();
    }
    let failed = || format!("no film of {}", arguments.recording.display());
    let opened = opened.with_context(failed)?;
    let folder = arguments.out_folder();
    for lacking in sandbox::enter(&arguments.recording, folder, arguments.own_user) {
        drop(writeln!(io::stderr(), "hub-film: {lacking}"));
    }
    #[cfg(target_os = "linux")]
    own_user::end_with_parent(arguments)?;
    if let Some(at_millis) = arguments.picture_millis {
        let at_micros = at_millis.saturating_mul(1000);
        let limits = Limits {
            pixels: arguments.picture_pixels.unwrap_or(u32::MAX),
            bytes: arguments.picture_bytes.unwrap_or(usize::MAX),
        };
        return still(&opened, at_micros, limits, &arguments.out).with_context(failed);
    }
    let summary = export_opened(&opened, &arguments.out, options, &mut progress, &never)
        .with_context(failed)?;
    say(&json!({ "film": as_json(&summary) })).context("standard output is closed")
}

impl Arguments {
    fn out_folder(&self) -> &Path {
        let folder = self.out.parent();
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        folder.unwrap_or_else(|| Path::new("."))
    }
}

fn as_json(summary: &Summary) -> serde_json::Value {
    json!({
        "duration_millis": summary.duration_millis,
        "frames": summary.frames,
        "bytes": summary.bytes,
        "width": summary.width,
        "height": summary.height,
        "shortfall": summary.shortfall.as_ref().map(ToString::to_string),
        "not_understood": summary.not_understood,
    })
}

fn say(line: &serde_json::Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
