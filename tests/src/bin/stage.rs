//! Plays on the stage, by their names: `stage demo`, `stage screenshots`, `stage bench`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a play tells what happens"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use e2e::keyboards::{self, LayoutName, all_layouts};
use e2e::networks::{self, Wanted};
use e2e::screenshots;

#[derive(Parser)]
#[command(
    name = "stage",
    about = "Plays with the real programs on virtual displays"
)]
struct Cli {
    #[command(subcommand)]
    play: Play,
}

#[derive(Subcommand)]
enum Play {
    /// One whole assistance; leaves pictures, film and report.
    Demo {
        /// Where they go.
        #[arg(long, default_value = "demo-out")]
        out: PathBuf,
    },
    /// `PurePC` on a system of its own, with systemd and a display manager, in a virtual machine; needs root.
    Boot {
        /// Where the machine's disk is kept.
        #[arg(long, default_value = "target/boot")]
        folder: PathBuf,
        /// Where pictures of what the operator saw go.
        #[arg(long, default_value = "target/boot/pictures")]
        out: PathBuf,
        /// Only build the disk.
        #[arg(long)]
        only_disk: bool,
    },
    /// Pictures of every window, light, dark and Italian.
    Screenshots {
        /// Where they go.
        #[arg(long, default_value = "assets/screenshots")]
        out: PathBuf,
        /// Only those of the administrator's window.
        #[arg(long)]
        administration: bool,
        /// Only those of what users see, the proxies and the connection doctor.
        #[arg(long, conflicts_with = "administration")]
        help_desk: bool,
    },
    /// What a frame of the administrator's window takes over a large archive, as `cargo xtask archive` makes
    /// one.
    Frames {
        /// The folder of the archive; it stays as it is.
        #[arg(long)]
        archive: PathBuf,
    },
    /// An operator's day in some minutes: eight tickets, three sessions at once, two conversations, a hand-over.
    /// Fails if the hub lacks anything of it, or a frame of the console took longer than `--most-millis`.
    Day {
        #[arg(long)]
        most_millis: Option<f64>,
    },
    /// How long a key takes to its pixel, and what it costs the user's computer: on Wayland beside X11.
    Pace {
        /// How many keys are pressed on each.
        #[arg(long, default_value_t = 200)]
        keys: usize,
    },
    /// What console and Helpme cost while nothing happens, in CPU and memory.
    Rest,
    /// What an enrolled `purepc` costs while nobody is on it; fails beyond 15 MB in memory or 1 ms of CPU a second.
    Permanent,
    /// What console and Helpme weigh: on the disk, until their windows are there, at rest and in a session, beside
    /// a window that does nothing.
    Lean {
        /// How often each is started; the middle counts, and the least on a busy machine.
        #[arg(long, default_value_t = 15)]
        starts: usize,
    },
    /// Presses every key of every layout at the operator's, and compares what arrives at hosts with what a
    /// program on the operator's own computer gets.
    Keyboards {
        /// Layouts of the host.
        #[arg(long, value_delimiter = ',', default_value = "us,it,de,fr,ru,jp")]
        hosts: Vec<LayoutName>,
        /// Layouts of the operator, like `de(neo)`; all that the system knows if empty.
        #[arg(long, value_delimiter = ',')]
        layouts: Vec<LayoutName>,
        /// The table.
        #[arg(long, default_value = "keyboards.md")]
        out: PathBuf,
    },
    /// Tries every network that users sit in, in network namespaces; needs root.
    Networks {
        /// Only those with one of these words in their names, like `squid`; all if empty.
        #[arg(long, value_delimiter = ';')]
        only: Vec<String>,
        /// How many keys are pressed in each.
        #[arg(long, default_value_t = 60)]
        keys: usize,
        /// Print what was found as JSON.
        #[arg(long)]
        json: bool,
        /// A document that gets the table, at its place if it has one.
        #[arg(long, value_name = "FILE")]
        markdown: Option<PathBuf>,
    },
    /// Windows' programs under Wine: assistances in all directions, a service, crashes, starts. `cargo xtask wine` makes
    /// what it takes.
    Windows {
        /// Only these plays; all if empty.
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
    },
    /// Measures this product beside others, and writes a table.
    ///
    /// The programs in `PHD_BIN_DIR`, by default those that were built with this one.
    Bench {
        /// The folder of the benchmark, with its `bench.py`.
        #[arg(long)]
        bench_dir: PathBuf,
        /// A Python with `numpy` and `pillow`.
        #[arg(long, default_value = "python3")]
        python: PathBuf,
        /// Who is measured beside it; none if empty.
        #[arg(long, value_delimiter = ',', default_value = "tigervnc")]
        beside: Vec<String>,
        /// Handed on to `bench.py run`, like `-- --workloads typing,scroll --samples 20`.
        #[arg(last = true)]
        options: Vec<String>,
    },
}

fn main() -> ExitCode {
    let mut tell = |what: &str| println!("{what}");
    let played = match Cli::parse().play {
        Play::Demo { out } => e2e::demo::play(&out, &mut tell),
        Play::Boot {
            folder,
            out,
            only_disk,
        } => boot(&folder, &out, only_disk, &mut tell),
        Play::Screenshots {
            out,
            administration: true,
            ..
        } => screenshots::take_administration(&out, &mut tell),
        Play::Screenshots {
            out,
            help_desk: true,
            ..
        } => screenshots::take_help_desk(&out, &mut tell),
        Play::Screenshots { out, .. } => screenshots::take(&out, &mut tell),
        Play::Frames { archive } => e2e::frames::play(&archive, &mut tell),
        Play::Pace { keys } => e2e::pace::play(keys, &mut tell),
        Play::Rest => e2e::rest::watch().map(|both| {
            for program in both {
                tell(&program.told());
            }
        }),
        Play::Permanent => e2e::permanent::play(&mut tell),
        Play::Lean { starts } => e2e::lean::play(starts, &mut tell),
        Play::Day { most_millis } => day(most_millis, &mut tell),
        Play::Keyboards {
            hosts,
            layouts,
            out,
        } => {
            let layouts = if layouts.is_empty() {
                all_layouts()
            } else {
                Ok(layouts)
            };
            layouts.and_then(|layouts| keyboards::play(&hosts, &layouts, &out, &mut tell))
        }
        Play::Networks {
            only,
            keys,
            json,
            markdown,
        } => {
            let wanted = Wanted {
                only,
                keys,
                json,
                markdown,
            };
            networks::play(&wanted, &mut tell)
        }
        Play::Windows { only } => e2e::windows::play(&only, &mut tell),
        Play::Bench {
            bench_dir,
            python,
            beside,
            options,
        } => e2e::bench::run(&bench_dir, &python, &beside, &options, &mut tell),
    };
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn boot(
    folder: &Path,
    out: &Path,
    only_disk: bool,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let root = e2e::boot::prepare(folder, tell)?;
    if only_disk {
        return Ok(());
    }
    let figures = e2e::boot::play(&root, out, tell)?;
    tell(&format!("\n{}", figures.table()));
    Ok(())
}

fn day(most_millis: Option<f64>, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let day = e2e::day::play(tell)?;
    tell(&day.told());
    let most = most_millis.unwrap_or(f64::INFINITY);
    anyhow::ensure!(
        day.longest_frame() <= most,
        "a frame took longer than {most} ms"
    );
    Ok(())
}
