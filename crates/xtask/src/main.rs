//! The workspace's own commands: `cargo xtask ci` and what it is made of.
//!
//! This program needs few crates, so that it is built in seconds. What plays on a stage of real
//! windows (`demo`, `screenshots`, `bench`) lives in the package `e2e` and is only called from here.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a check finds and how long it took is this program's output"
)]

mod archive;
mod arm;
mod bugs;
mod ci;
mod directions;
mod dist;
mod fuzz;
mod icons;
mod lean;
mod load;
mod looks;
mod man;
mod rules;
mod soak;
mod steps;
mod types;
mod windows;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use cargo_metadata::MetadataCommand;
use clap::{Parser, Subcommand};

use crate::ci::Dependencies;

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
        /// Do not check for advisories (for machines that cannot fetch their list).
        #[arg(long)]
        offline_advisories: bool,
    },
    /// The long versions of tests: twenty crashes of each program, and fifty cut lines, on network
    /// namespaces where root runs it. Takes about three quarters of an hour.
    Soak,
    /// Proves from `cargo metadata` that crates know only whom they may know, that every word is used, and that the
    /// font has every icon.
    Check,
    /// Cuts the icons that the sources name out of the Lucide font, into assets/fonts.
    Icons,
    /// Writes the table of rules and the tests that are named after them, RULES.md.
    Rules,
    /// Writes the programs' pages of the manual, packaging/man, as their command lines are now.
    Man,
    /// Puts bugs into copies of the protocol's state machines; the random histories must find each.
    Bugs,
    /// Checks that the workspace would compile for Windows; needs nothing but rustup.
    CheckWindows,
    /// Checks that the workspace would compile for macOS; needs nothing but rustup.
    CheckMac,
    /// Runs the tests of what is Windows' own under Wine, and whole assistances with its programs; needs mingw, NSIS,
    /// Wine, Xvfb, and root for a folder that cannot be written to. `PHD_BIN_DIR` names Linux programs that are built.
    Wine {
        /// Only the tests.
        #[arg(long)]
        tests: bool,
        /// Only these plays; `--play windows-to-linux`.
        #[arg(long, conflicts_with = "tests", value_name = "NAME")]
        play: Vec<String>,
    },
    /// Assistances with programs for 64-bit ARM, which QEMU runs here; needs g++-aarch64-linux-gnu, qemu-user, the stage,
    /// Linux 6.7, and the network once.
    Arm,
    /// Assistances for a user on Wayland: real sway without a screen, real hub, Helpme and console; needs sway, foot,
    /// grim, weston, Xwayland, xterm and Xvfb. Where `PHD_GNOME_ROOT` names a Debian with GNOME, on that, too; then it
    /// needs root.
    Wayland,
    /// Fuzzes the parsers of a peer's bytes; needs clang and cargo-fuzz.
    Fuzz {
        /// For each target.
        #[arg(long, default_value_t = 600)]
        seconds: u32,
        /// By default all.
        targets: Vec<String>,
    },
    /// Makes an archive of a hub with `--reports N` (and `--films N`, `--hosts N`) in the folder `--out DIR`, or prints how
    /// long it takes to find something in the one of `--measure DIR`; built for release.
    Archive(StageArguments),
    /// Puts `--idle N` connections and `--sessions N` on a hub for `--seconds S`, and prints what they cost it
    /// and what they wait for it, as a table or as `--json`; with `--kill` the hub is killed at the end and
    /// its films are looked at. What sessions show is made up, or with `--recordings DIR` what the codec
    /// makes of recorded desktops. With `--tunnel` all come by TCP. `--throughput` instead measures how much one
    /// session can carry by UDP and in tunnels, and what that costs the hub. Built for release.
    Load(StageArguments),
    /// Makes the packages of all systems, what they are made of and their checksums, in `packaging/out`. `--only
    /// deb,tar` makes some, `--from DIR` takes programs that are built already, `--key FILE` signs; `--help` says all.
    Dist(StageArguments),
    /// Installs the Debian packages in clean systems of Debian and Ubuntu, plays an assistance there, upgrades and
    /// removes them. `--from DIR` takes programs that are built already. Needs root, debootstrap and the network.
    Chroots(StageArguments),
    /// Plays one whole assistance through the real windows and leaves pictures, film and report.
    Demo(StageArguments),
    /// `PurePC` on a real system: systemd, a display manager, users who log in, out and switch, crashes and a restart, in
    /// a virtual machine (`qemu`, KVM where there is any) that is built from Debian's archive. Needs root.
    Boot(StageArguments),
    /// Takes the pictures of every window, light, dark and Italian, for `assets/screenshots`.
    Screenshots(StageArguments),
    /// Draws every page, dialog and state of the three windows without a display, in every look, into `--out`, and says
    /// what does not fit; `--only menu` takes those with `menu` in their names.
    Looks {
        #[arg(long)]
        out: PathBuf,
        #[arg(long)]
        only: Option<String>,
    },
    /// What a frame of the administrator's window takes over the archive that `--archive DIR` holds; programs
    /// built for release.
    Frames(StageArguments),
    /// How long a key takes to its pixel on Wayland (sway) beside X11, and what it costs the user's computer; programs
    /// built for release.
    Pace(StageArguments),
    /// What console and Helpme cost while nothing happens; programs built for release.
    Rest(StageArguments),
    /// What an enrolled `purepc` costs while nobody is on it; programs built for release.
    Permanent(StageArguments),
    /// What console and Helpme weigh: on the disk, until their windows are there, at rest and in a session; Helpme as
    /// people download it.
    Lean(StageArguments),
    /// Builds the Helpme that people download, and says how large it is, on the disk and in a ZIP. Fails if that is more
    /// than it was.
    Small {
        /// The one for Windows, with mingw.
        #[arg(long)]
        windows: bool,
    },
    /// An operator's day in some minutes; `--most-millis 50` says how long a frame of the console may take;
    /// programs built for release.
    Day(StageArguments),
    /// Presses every key of every layout that the system knows at the operator's, and compares what
    /// arrives at hosts with other layouts; programs built for release. Takes hours; `--layouts` and
    /// `--hosts` choose.
    Keyboards(StageArguments),
    /// Tries every network that users sit in, with real proxies and routers in network namespaces, and tells of
    /// each whether and how soon a session comes about and how quick its keys are; with `--markdown FILE` the
    /// document gets the table. Needs root; programs built for release.
    Networks(StageArguments),
    /// Measures this product beside others on the benchmark that `--bench-dir` holds, and writes a
    /// table: programs built for release, or those in `PHD_BIN_DIR`.
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
        Task::Ci {
            without_deny,
            offline_advisories,
        } => ci::run(match (without_deny, offline_advisories) {
            (true, _) => Dependencies::Unchecked,
            (false, true) => Dependencies::CheckedOffline,
            (false, false) => Dependencies::Checked,
        }),
        Task::Soak => soak::run(),
        Task::Check => {
            directions::check()?;
            words::check(workspace_root()?.as_std_path())?;
            icons::check(workspace_root()?.as_std_path())?;
            rules::check(workspace_root()?.as_std_path())
        }
        Task::Icons => icons::write(workspace_root()?.as_std_path()),
        Task::Rules => rules::write(workspace_root()?.as_std_path()),
        Task::Man => man::write(),
        Task::Bugs => {
            let metadata = MetadataCommand::new().no_deps().exec()?;
            bugs::run(
                metadata.workspace_root.as_std_path(),
                metadata.target_directory.as_std_path(),
            )
        }
        Task::CheckWindows => {
            let mut steps = steps::Steps::default();
            let outcome = types::WINDOWS.check(&mut steps);
            steps.summary();
            outcome
        }
        Task::CheckMac => {
            let mut steps = steps::Steps::default();
            let outcome = types::MAC.check(&mut steps);
            steps.summary();
            outcome
        }
        Task::Wine { tests, play } => {
            let mut steps = steps::Steps::default();
            let what = match (tests, play.is_empty()) {
                (true, _) => windows::Tried::Tests,
                (false, true) => windows::Tried::Both,
                (false, false) => windows::Tried::Plays,
            };
            let outcome = wine(&mut steps, what, &play);
            steps.summary();
            outcome
        }
        Task::Arm => {
            let mut steps = steps::Steps::default();
            let outcome = arm(&mut steps);
            steps.summary();
            outcome
        }
        Task::Wayland => {
            let mut steps = steps::Steps::default();
            let outcome = wayland(&mut steps);
            steps.summary();
            outcome
        }
        Task::Fuzz { seconds, targets } => {
            let metadata = MetadataCommand::new().no_deps().exec()?;
            fuzz::run(metadata.workspace_root.as_std_path(), &targets, seconds)
        }
        Task::Archive(arguments) => archive::run(&arguments.rest),
        Task::Load(arguments) => load::run(&arguments.rest),
        Task::Dist(arguments) => dist::run(&arguments.rest),
        Task::Chroots(arguments) => dist::try_in_chroots(&arguments.rest),
        Task::Demo(arguments) => stage("demo", "dev", &arguments.rest),
        Task::Boot(arguments) => stage("boot", "dev", &arguments.rest),
        Task::Screenshots(arguments) => stage("screenshots", "dev", &arguments.rest),
        Task::Looks { out, only } => looks::take(&out, only.as_deref()),
        Task::Frames(arguments) => stage("frames", "release", &arguments.rest),
        Task::Pace(arguments) => stage("pace", "release", &arguments.rest),
        Task::Rest(arguments) => stage("rest", "release", &arguments.rest),
        Task::Permanent(arguments) => stage("permanent", "release", &arguments.rest),
        Task::Lean(arguments) => {
            let given = std::env::var_os("PHD_BIN_DIR").map(PathBuf::from);
            let programs = given.map_or_else(lean::gather, Ok)?;
            stage_with("lean", &programs, &arguments.rest)
        }
        Task::Small { windows } => lean::weigh_small(windows),
        Task::Day(arguments) => stage("day", "release", &arguments.rest),
        Task::Keyboards(arguments) => stage("keyboards", "release", &arguments.rest),
        Task::Networks(arguments) => stage("networks", "release", &arguments.rest),
        Task::Bench(arguments) => stage("bench", "release", &arguments.rest),
    }
}

/// Builds the programs and plays with them on a Wayland desktop.
fn wayland(steps: &mut steps::Steps) -> anyhow::Result<()> {
    let build = ["build", "--workspace", "--bins", "--locked"];
    steps.command("programs", &mut steps::cargo(build))?;
    let play = [
        "nextest", "run", "--locked", "-p", "e2e", "--test", "wayland",
    ];
    steps.command("plays on sway", steps::cargo(play).arg("--no-fail-fast"))?;
    gnome(steps)
}

pub(crate) fn arm(steps: &mut steps::Steps) -> anyhow::Result<()> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    arm::play(steps, metadata.target_directory.as_std_path())
}

pub(crate) fn wine(
    steps: &mut steps::Steps,
    what: windows::Tried,
    plays: &[String],
) -> anyhow::Result<()> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let folder = metadata.target_directory.as_std_path();
    windows::try_under_wine(steps, folder, what, plays)
}

/// Plays on GNOME where there is one; elsewhere it says why not.
pub(crate) fn gnome(steps: &mut steps::Steps) -> anyhow::Result<()> {
    if std::env::var_os("PHD_GNOME_ROOT").is_none() {
        steps.left_out(
            "no plays on GNOME: PHD_GNOME_ROOT names no Debian with it; tests/src/gnome/make-root.sh makes one",
        );
        return Ok(());
    }
    let helper = [
        "build",
        "--locked",
        "-p",
        "helpme-screencast",
        "--features",
        "pipewire",
    ];
    steps.command(
        "what takes pictures from PipeWire",
        &mut steps::cargo(helper),
    )?;
    let play = ["nextest", "run", "--locked", "-p", "e2e", "--test", "gnome"];
    let play = &mut steps::cargo(play);
    steps.command(
        "plays on GNOME",
        play.args(["--run-ignored", "only", "--no-fail-fast"]),
    )
}

pub(crate) fn workspace_root() -> anyhow::Result<cargo_metadata::camino::Utf8PathBuf> {
    Ok(MetadataCommand::new().no_deps().exec()?.workspace_root)
}

/// Builds the programs in `profile` and lets the stage play `play` with them; only the stage itself is
/// built where `PHD_BIN_DIR` names programs.
fn stage(play: &str, profile: &str, arguments: &[OsString]) -> anyhow::Result<()> {
    if let Some(programs) = std::env::var_os("PHD_BIN_DIR") {
        return stage_with(play, Path::new(&programs), arguments);
    }
    build(&["--workspace", "--profile", profile])?;
    perform(play, &mut stage_in(profile)?, arguments)
}

/// Lets the stage play `play` with the programs in the folder `programs`.
fn stage_with(play: &str, programs: &Path, arguments: &[OsString]) -> anyhow::Result<()> {
    build(&["--package", "e2e"])?;
    let mut stage = stage_in("dev")?;
    perform(play, stage.env("PHD_BIN_DIR", programs), arguments)
}

fn build(what: &[&str]) -> anyhow::Result<()> {
    let built = steps::cargo(["build", "--bins"]).args(what).status()?;
    ensure!(built.success(), "the programs do not build");
    Ok(())
}

/// The stage that was built in `profile`.
fn stage_in(profile: &str) -> anyhow::Result<Command> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(Command::new(
        metadata.target_directory.join(folder).join("stage"),
    ))
}

fn perform(play: &str, stage: &mut Command, arguments: &[OsString]) -> anyhow::Result<()> {
    let played = stage.arg(play).args(arguments).status();
    let played = played.context("cannot start the stage")?;
    ensure!(played.success(), "{play} failed");
    Ok(())
}
