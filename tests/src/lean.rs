//! How much the windows' programs weigh: on the disk, until their window is there, at rest, and in a session of
//! 1920x1080. Beside them, in the same run, a window of eframe that does nothing (`examples/plain_window.rs`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};

use crate::board::{Board, photo};
use crate::cast::{Cast, Size};
use crate::display::Display;
use crate::memory::{Memory, mb};
use crate::picture::{Picture, Region};
use crate::programs::{Home, Programs};
use crate::rest;
use crate::running::Running;

const SCREEN: Size = Size(1920, 1080);
/// A window without a frame stands in the left upper corner; these rows and columns of it are looked at.
const LOOKED_AT: (u16, u16) = (430, 680);
const ROW_EVERY: usize = 12;
/// Text has many, for its letters' edges; a window that is not drawn yet has one or two.
const COLOURS_OF_TEXT: usize = 12;
/// How long the user's screen shows a film.
const FILM: Duration = Duration::from_secs(8);
const FILM_STEP: Duration = Duration::from_millis(33);
/// Until what the film left is exact and nobody does anything more.
const CALM: Duration = Duration::from_secs(10);

/// Weighs the programs, each of them started `starts` times, and tells tables in Markdown.
///
/// # Errors
///
/// If a program is missing, does not start, or the session does not come about.
pub fn play(starts: usize, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let plain = programs.folder().join("plain_window");
    ensure!(plain.is_file(), "{} is missing", plain.display());
    let names = ["pure-help-desk", "helpme"];
    tell("| program | on the disk, MB |\n| --- | ---: |");
    for path in [programs.path(names[0]), programs.path(names[1])] {
        let bytes = fs::metadata(&path)?.len();
        tell(&format!(
            "| {} | {:.1} |",
            name_of(&path),
            bytes as f64 / 1e6
        ));
    }
    tell(
        "\n| start to window, ms | p50 | least | beside the plain one | of CPU, least | beside the plain one |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |",
    );
    let paths = [
        plain.clone(),
        programs.path(names[0]),
        programs.path(names[1]),
    ];
    let starts = measure_starts(&paths, starts)?;
    let beside = starts.first().context("the plain window is one of them")?;
    for (path, start) in paths.iter().zip(&starts) {
        let (name, p50, cpu) = (name_of(path), start.p50(), start.least_cpu());
        let (times, times_cpu) = (p50 / beside.p50(), cpu / beside.least_cpu());
        let least = start.least();
        tell(&format!(
            "| {name} | {p50:.0} | {least:.0} | {times:.2} | {cpu:.0} | {times_cpu:.2} |"
        ));
    }
    tell("");
    weigh(&plain, tell)
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.into_owned()
}

/// What the starts of a program took, in milliseconds, the least first.
#[derive(Default)]
struct Starts {
    taken: Vec<f64>,
    /// Of CPU, all threads; other programs on the machine change little of it.
    cpu: Vec<f64>,
}

impl Starts {
    fn p50(&self) -> f64 {
        let middle = self.taken.get(self.taken.len() / 2);
        middle.copied().unwrap_or_default()
    }

    fn least(&self) -> f64 {
        self.taken.first().copied().unwrap_or_default()
    }

    fn least_cpu(&self) -> f64 {
        self.cpu.first().copied().unwrap_or_default()
    }
}

/// Starts the programs in turn, so that what else the machine does hits all alike.
fn measure_starts(programs: &[PathBuf], rounds: usize) -> anyhow::Result<Vec<Starts>> {
    let folder = tempfile::tempdir()?;
    let display = Display::start(1280, 900)?;
    let homes = programs
        .iter()
        .map(|program| Home::fresh(folder.path(), &name_of(program)));
    let homes = homes.collect::<anyhow::Result<Vec<Home>>>()?;
    let mut all: Vec<Starts> = programs.iter().map(|_| Starts::default()).collect();
    // the first round brings the files into memory
    for round in 0..=rounds {
        for ((program, home), starts) in programs.iter().zip(&homes).zip(&mut all) {
            let (taken, cpu) = start_once(program, home, &display)?;
            if round > 0 {
                starts.taken.push(taken);
                starts.cpu.push(cpu);
            }
        }
    }
    for starts in &mut all {
        starts.taken.sort_by(f64::total_cmp);
        starts.cpu.sort_by(f64::total_cmp);
    }
    Ok(all)
}

/// From the start of `program` until its window can be read: the time, and the time of CPU, in milliseconds.
fn start_once(program: &Path, home: &Home, display: &Display) -> anyhow::Result<(f64, f64)> {
    const WAITED: Duration = Duration::from_secs(20);
    let wall = Picture::of_one_colour(display.width(), display.height(), 0x00ff_00ff);
    let _wall = Board::hang(display, &wall, (0, 0))?;
    let name = name_of(program);
    let mut command = home.windowed(program, display.name());
    command.env_remove("PHD_UI_MAP");
    set_up(&name, &mut command);
    let begun = Instant::now();
    let mut running = Running::start(&name, &mut command, &home.log())?;
    while colours_on(display)? < COLOURS_OF_TEXT {
        running.check_alive()?;
        ensure!(begun.elapsed() < WAITED, "{name} shows no window");
        std::thread::sleep(Duration::from_millis(1));
    }
    let taken = begun.elapsed();
    let cpu = rest::nanos_worked(running.pid())?;
    running.kill_now()?;
    Ok((taken.as_secs_f64() * 1000.0, cpu as f64 / 1e6))
}

/// Helpme knows its hub, as one that was downloaded does; nobody answers there.
fn set_up(name: &str, command: &mut Command) {
    if name == "helpme" {
        let fingerprint = "ab".repeat(32);
        command.args(["--hub", "127.0.0.1:9", "--fingerprint", &fingerprint]);
    }
}

/// How many colours are where a window would be.
fn colours_on(display: &Display) -> anyhow::Result<usize> {
    let (width, height) = LOOKED_AT;
    let root = display.root();
    let connection = display.connection();
    let asked = (0..height).step_by(ROW_EVERY).map(|row| {
        let row = i16::try_from(row)?;
        let all = u32::MAX;
        Ok(connection.get_image(ImageFormat::Z_PIXMAP, root, 0, row, width, 1, all)?)
    });
    // all questions before the first answer
    let asked = asked.collect::<anyhow::Result<Vec<_>>>()?;
    let mut colours = std::collections::HashSet::new();
    for row in asked {
        let row = row.reply()?.data;
        colours.extend(
            row.chunks_exact(4)
                .map(|pixel| [pixel[0], pixel[1], pixel[2]]),
        );
    }
    Ok(colours.len())
}

/// CPU and memory at rest, and memory in a session.
fn weigh(plain: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    tell(
        "| memory, MB | all | beside the libraries that draw | program | own | shared | other files | idle CPU, ms/s |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    );
    let folder = tempfile::tempdir()?;
    let display = Display::start_managed(SCREEN.0, SCREEN.1)?;
    let home = Home::fresh(folder.path(), "plain")?;
    let mut command = home.windowed(plain, display.name());
    let plain = Running::start("plain window", &mut command, &home.log())?;
    let mut cast = Cast::assemble(SCREEN, SCREEN)?;
    let running = |cast: &mut Cast| {
        [&mut cast.console.app, &mut cast.helpme.app].map(|app| app.running().pid())
    };
    let [console, helpme] = running(&mut cast);
    let pids = [plain.pid(), console, helpme];
    let names = ["plain window", "console", "Helpme"];
    let idle = rest::millis_per_second(&pids)?;
    for ((name, pid), idle) in names.iter().zip(pids).zip(idle) {
        tell(&row(
            &format!("{name} at rest"),
            &Memory::of(pid)?,
            Some(idle),
        ));
    }
    drop(plain);
    let ticket = cast.user_asks_for_help()?;
    cast.session_begins(&ticket)?;
    show_film(&cast.user_display)?;
    for (name, pid) in [("console", console), ("Helpme", helpme)] {
        tell(&row(
            &format!("{name} in a session, a film"),
            &Memory::of(pid)?,
            None,
        ));
    }
    std::thread::sleep(CALM);
    for (name, pid) in [("console", console), ("Helpme", helpme)] {
        tell(&row(
            &format!("{name} in a session, at rest"),
            &Memory::of(pid)?,
            None,
        ));
    }
    Ok(())
}

/// Puts a photo on the whole screen and a small film over it.
fn show_film(display: &Display) -> anyhow::Result<()> {
    const WIDTH: u32 = 640;
    const HEIGHT: u32 = 360;
    let whole = photo(display.width(), display.height());
    let board = Board::hang(display, &whole, (0, 0))?;
    board.lower()?;
    // nearer with each picture: everything in it changes, and nothing only moves
    let pictures: Vec<Picture> = (0..12)
        .map(|step| {
            photo(WIDTH + step * 32, HEIGHT + step * 18).part(Region {
                x: step * 16,
                y: step * 9,
                width: WIDTH,
                height: HEIGHT,
            })
        })
        .collect();
    let first = pictures.first().context("a film has pictures")?;
    let screen = Board::hang(display, first, (600, 500))?;
    let until = Instant::now() + FILM;
    for picture in pictures.iter().cycle() {
        if Instant::now() >= until {
            break;
        }
        screen.show(picture)?;
        std::thread::sleep(FILM_STEP);
    }
    Ok(())
}

fn row(name: &str, memory: &Memory, idle: Option<f64>) -> String {
    let idle = idle.map_or_else(String::new, |idle| format!("{idle:.2}"));
    format!(
        "| {name} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {idle} |",
        memory.all_mb(),
        memory.beside_graphics_mb(),
        mb(memory.program),
        mb(memory.own),
        mb(memory.shared),
        mb(memory.files),
    )
}
