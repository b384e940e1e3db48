//! The workspace's own commands: `cargo xtask ci` and what it is made of.
//!
//! This program needs few crates, so that it is built in seconds. What plays on a stage of real
//! windows (`demo`, `screenshots`, `bench`) lives in the package `e2e` and is only called from here.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a check finds and how long it took is this program's output"
)]

mod ci;
mod directions;
mod steps;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use cargo_metadata::MetadataCommand;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks and plays of this workspace")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that must hold before a change lands, with the time each step took.
    Ci {
        /// Leave out cargo-deny (for machines that cannot install it).
        #[arg(long)]
        without_deny: bool,
    },
    /// Proves from `cargo metadata` that crates know only whom they may know.
    Check,
    /// Plays one whole assistance through the real windows and leaves pictures, film and report.
    Demo(StageArguments),
    /// Takes the pictures of every window, light, dark and Italian, for `assets/screenshots`.
    Screenshots(StageArguments),
    /// Measures this product beside others on the benchmark that `--bench-dir` holds.
    Bench(StageArguments),
}

/// Handed on to the stage as they are.
#[derive(clap::Args)]
struct StageArguments {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<OsString>,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Ci { without_deny } => ci::run(!without_deny),
        Task::Check => directions::check(),
        Task::Demo(arguments) => stage("demo", "dev", &arguments.rest),
        Task::Screenshots(arguments) => stage("screenshots", "dev", &arguments.rest),
        Task::Bench(arguments) => stage("bench", "release", &arguments.rest),
    }
}

/// Builds the programs in `profile` and lets the stage play `play` with them.
fn stage(play: &str, profile: &str, arguments: &[OsString]) -> anyhow::Result<()> {
    let built = steps::cargo(["build", "--workspace", "--bins", "--profile", profile]).status()?;
    if !built.success() {
        bail!("the programs do not build");
    }
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let folder = if profile == "dev" { "debug" } else { profile };
    let stage = metadata.target_directory.join(folder).join("stage");
    let played = Command::new(&stage)
        .arg(play)
        .args(arguments)
        .status()
        .with_context(|| format!("cannot start {stage}"))?;
    if !played.success() {
        bail!("{play} failed");
    }
    Ok(())
}
