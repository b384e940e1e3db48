//! How soon Helpme's window is there, beside the editor that comes with Windows; that nothing else flashes up; and
//! starts from a folder that cannot be written to and from a path that is as long and odd as they come.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::display::Display;
use crate::helpme::Helpme;
use crate::look::Look;
use crate::programs::Home;
use crate::running::Running;
use crate::wine::{WindowsComputer, Witness, path_there};
use crate::{PATIENCE, wait_until};

const ROUNDS: usize = 7;
/// So long after a window is there another one would have come.
const AFTERWARDS: Duration = Duration::from_secs(2);
/// Of the whole path, in characters.
const LONG: usize = 300;
/// In a program's file: where it says what it needs.
const GUI: u16 = 2;
/// Nobody answers there.
const NO_HUB: &str = "127.0.0.1:9";

pub(super) fn play(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let computer = WindowsComputer::fresh()?;
    for name in ["helpme", "pure-help-desk"] {
        let program = fs::read(computer.programs().path(name))?;
        ensure!(
            subsystem(&program) == Some(GUI),
            "{name} would open a window of text"
        );
    }
    let folder = tempfile::tempdir()?;
    // without a window manager windows stand on the screen itself
    let display = Display::start(1024, 768)?;
    computer.switch_on(&display)?;
    // keeps Windows running between two starts
    let _stays = Witness::open(&computer, &display, folder.path(), (200, 120))?;
    measure(&computer, &display, folder.path(), tell)?;

    let display = Display::start_managed(1024, 768)?;
    let computer = WindowsComputer::fresh()?;
    computer.switch_on(&display)?;
    from_a_long_path(&computer, &display, folder.path(), tell).context("a long path")?;
    from_a_closed_folder(&computer, &display, folder.path(), tell).context("a closed folder")
}

/// What a program's file says that it is.
fn subsystem(program: &[u8]) -> Option<u16> {
    const POINTER_TO_HEAD: usize = 0x3c;
    const SIGNATURE_AND_FILE_HEADER: usize = 4 + 20;
    const SUBSYSTEM: usize = 68;
    let head = program.get(POINTER_TO_HEAD..POINTER_TO_HEAD + 4)?;
    let head = usize::try_from(u32::from_le_bytes(head.try_into().ok()?)).ok()?;
    let at = head + SIGNATURE_AND_FILE_HEADER + SUBSYSTEM;
    Some(u16::from_le_bytes(
        program.get(at..at + 2)?.try_into().ok()?,
    ))
}

fn measure(
    computer: &WindowsComputer,
    display: &Display,
    folder: &Path,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let (mut helpme, mut notepad) = (Vec::new(), Vec::new());
    let home = Home::fresh(folder, "starts")?.on_windows(Some(computer.wine()));
    Look::LIGHT.set_up(&home.profile(), "helpme")?;
    // the first round brings the files into memory
    for round in 0..=ROUNDS {
        let mut command = home.windowed(computer.programs().path("helpme"), display.name());
        command
            .env_remove("PHD_UI_MAP")
            .args(["--hub", NO_HUB, "--fingerprint", &"ab".repeat(32)]);
        let ours = start_once(&mut command, display, &home.log())?;
        let mut command = computer.command("notepad", display);
        let theirs = start_once(&mut command, display, &home.log())?;
        if round > 0 {
            helpme.push(ours);
            notepad.push(theirs);
        }
    }
    let middle = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_millis()
    };
    tell(&format!(
        "start to window, p50 of {ROUNDS}: helpme.exe {} ms, notepad.exe {} ms; no other window came",
        middle(&mut helpme),
        middle(&mut notepad)
    ));
    Ok(())
}

/// From the start until a new window is on the screen; afterwards no second one may have come.
fn start_once(command: &mut Command, display: &Display, log: &Path) -> anyhow::Result<Duration> {
    let before = display.shown_windows()?;
    let begun = Instant::now();
    let mut running = Running::start("program", command, log)?;
    let mut seen = BTreeSet::new();
    let mut taken = None;
    loop {
        running.check_alive()?;
        seen.extend(display.shown_windows()?.difference(&before));
        if taken.is_none() && !seen.is_empty() {
            taken = Some(begun.elapsed());
        }
        match taken {
            Some(taken) if begun.elapsed() > taken + AFTERWARDS => {
                running.kill_now()?;
                ensure!(seen.len() == 1, "{} windows came", seen.len());
                wait_until("the window to go", PATIENCE, || {
                    Ok(display.shown_windows()?.is_disjoint(&seen).then_some(()))
                })?;
                return Ok(taken);
            }
            Some(_) => {}
            None => ensure!(begun.elapsed() < PATIENCE, "no window comes"),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Puts Helpme and what it knows of its hub into `folder`.
fn put_helpme(computer: &WindowsComputer, folder: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let program = folder.join("helpme.exe");
    fs::copy(computer.programs().path("helpme"), &program)?;
    let fingerprint = "ab".repeat(32);
    let hub = format!(r#"{{ "address": "{NO_HUB}", "fingerprint": "{fingerprint}" }}"#);
    fs::write(folder.join("helpme.json"), hub)?;
    Ok(program)
}

/// By its plain name, and by the one that Windows has for paths of any length; what it keeps lies there too.
fn from_a_long_path(
    computer: &WindowsComputer,
    display: &Display,
    folder: &Path,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    const NAME: &str = "Ordner mit Leerzeichen è ü";
    let mut long = computer.drive().join("Hilfe für Größe & Übung");
    loop {
        let taken = path_in(computer, &long.join("helpme.exe"))?;
        let left = LONG - taken.chars().count();
        if left == 0 {
            break;
        }
        // the last one fills what is left, and each takes what divides it from the next besides
        if left > 2 * NAME.chars().count() {
            long.push(NAME);
        } else {
            long.push("ü".repeat(left - 1));
        }
    }
    fs::create_dir_all(long.join("portable"))?;
    let program = path_in(computer, &put_helpme(computer, &long)?)?;
    ensure!(program.chars().count() == LONG, "{program}");
    let settings = long.join("portable/helpme/settings.json");
    for (name, begin) in [("long", ""), ("verbatim", r"\\?\")] {
        let home = Home::fresh(folder, name)?
            .with_installed_programs()
            .on_windows(Some(computer.wine()));
        let program = format!("{begin}{program}");
        let mut helpme = Helpme::start_as_set_up(Path::new(&program), display, home, Look::LIGHT)?;
        if begin.is_empty() {
            helpme.app.click("I understand")?;
        }
        helpme.app.wait_for("Your name")?;
        wait_until("the settings there", PATIENCE, || {
            let kept = fs::read_to_string(&settings).unwrap_or_default();
            Ok(kept.contains("\"advice_read\": true").then_some(()))
        })?;
        tell(&format!(
            "started from a path of {} characters with spaces and umlauts, {}; it knows its hub and keeps its settings there",
            program.chars().count(),
            if begin.is_empty() {
                "by its plain name"
            } else {
                r"with \\?\ before it"
            },
        ));
    }
    Ok(())
}

/// As Windows calls a file on its drive.
fn path_in(computer: &WindowsComputer, path: &Path) -> anyhow::Result<String> {
    let below = path.strip_prefix(computer.drive())?;
    Ok(format!("C:\\{}", below.display()).replace('/', "\\"))
}

/// Root may write everywhere but to what is mounted so.
fn from_a_closed_folder(
    computer: &WindowsComputer,
    display: &Display,
    folder: &Path,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let stick = folder.join("stick");
    let program = put_helpme(computer, &stick)?;
    let home = Home::fresh(folder, "closed")?.on_windows(Some(computer.wine()));
    let closed = ReadOnly::mount(&stick)?;
    ensure!(
        fs::write(stick.join("file"), "text").is_err(),
        "it can be written to"
    );
    let program = path_there(&program);
    let mut helpme = Helpme::start_as_set_up(Path::new(&program), display, home, Look::LIGHT)?;
    helpme.app.wait_for("Your name")?;
    drop(helpme);
    drop(closed);
    tell("started from a folder that cannot be written to, and knows its hub");
    Ok(())
}

/// A folder that nobody can write to until this is dropped.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn mount(folder: &Path) -> anyhow::Result<Self> {
        for how in [&["--bind"][..], &["-o", "remount,bind,ro"]] {
            let mut mount = Command::new("mount");
            mount.args(how).arg(folder);
            if how == ["--bind"] {
                mount.arg(folder);
            }
            let status = mount.status().context("cannot start mount")?;
            ensure!(status.success(), "mounting takes root");
        }
        Ok(Self(folder.to_owned()))
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let mut unmount = Command::new("umount");
        unmount.arg("--lazy").arg(&self.0).stdout(Stdio::null());
        drop(unmount.status());
    }
}
