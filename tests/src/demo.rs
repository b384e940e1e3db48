//! The demo: one whole assistance through the real windows.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use xkeysym::key;

use crate::administrator::Administrator;
use crate::cast::{Cast, Size};
use crate::display::Display;
use crate::hub::Hub;
use crate::look::Look;
use crate::running::Running;

pub(crate) const USER_SCREEN: Size = Size(1152, 720);
pub(crate) const OPERATOR_SCREEN: Size = Size(1680, 1050);
pub(crate) const WALLPAPER: u32 = 0x2f_4a_5f;

/// What the user's terminal shows: something that went wrong, and a prompt that takes commands.
const TROUBLE: &str = r"printf '\033[1;31mprinter: out of paper\033[0m\n\n'
PS1='mario@office:~$ ' exec bash --norc -i";

/// Plays it and leaves `console.png`, `helpme.png`, `session.png`, `admin.png`, `film.mp4`, `report.pdf`
/// and `report.json` in `out`. It plays on the user's own display if there is one (and this is no CI run), otherwise on
/// two virtual ones.
///
/// # Errors
///
/// The first step that did not come out as it should.
pub fn play(out: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    tell("A hub starts, an operator logs in, and Helpme waits for a ticket");
    let mut cast = assemble()?;
    let terminal = start_terminal(&cast)?;

    tell("The operator generates a ticket, the user types it into Helpme");
    let ticket = cast.console.generate_ticket()?;
    cast.helpme.enter(&ticket, crate::USER_NAME)?;
    cast.helpme.app.wait_until_usable("Helpme")?;
    save(&cast.helpme.app.picture_of("Helpme")?, out, "helpme.png")?;
    cast.helpme.app.click("Helpme")?;
    cast.console.wait_for_computer(&ticket)?;
    std::thread::sleep(Duration::from_millis(500));
    save(
        &cast.console.app.picture_of("Logged in")?,
        out,
        "console.png",
    )?;

    tell("The operator asks for a remote session, the user allows it");
    let started = Instant::now();
    let session = cast.session_begins(&ticket)?;
    tell(&format!(
        "The user's screen is there after {:.1} s",
        started.elapsed().as_secs_f32()
    ));

    tell("The operator works on the user's screen");
    let hands = cast.operator_display.hands()?;
    let (x, y) = (
        session.x + session.width / 3,
        session.y + session.height / 2,
    );
    hands.click((x, y))?;
    for line in ["date", "seq 40", "echo 'Paper is in tray 2'"] {
        hands.type_text(line)?;
        hands.tap(key::Return)?;
        std::thread::sleep(Duration::from_millis(700));
    }
    std::thread::sleep(Duration::from_millis(600));
    save(
        &cast.console.app.picture_of("Remote screen")?,
        out,
        "session.png",
    )?;

    tell("The user ends it, the operator writes the report");
    cast.helpme.end()?;
    cast.console
        .write_report("The printer does not print", "Paper was missing in tray 2")?;
    drop(terminal);

    tell("The administrator finds the report and plays its film");
    let mut admin = administration(&mut cast)?;
    save(&admin.app.picture_of("Pause (Space)")?, out, "admin.png")?;
    admin.app.running().stop()?;
    drop(admin);

    tell("The hub turns the recording into a film, and the report into a document");
    let out = fs::canonicalize(out)?;
    hand_out(&cast.hub, &out)?;
    cast.hub.stop()?;
    tell(&format!("Everything is in {}", out.display()));
    Ok(())
}

/// The administrator signs in, finds the report by a word of it, and plays the film of its session.
fn administration(cast: &mut Cast) -> anyhow::Result<Administrator> {
    let home = cast.fresh_home("administrator")?;
    let mut admin =
        Administrator::start(&cast.programs, &cast.operator_display, home, cast.look())?;
    admin.sign_in(&cast.hub)?;
    admin.find_report("paper tray", crate::USER_NAME)?;
    admin.watch_film()?;
    admin.app.hands().tap(key::space)?;
    admin.app.wait_for("Pause (Space)")?;
    // into what the operator typed
    std::thread::sleep(Duration::from_secs(3));
    Ok(admin)
}

/// What the hub hands out of the assistance: its film as a video, its report as data and on paper.
fn hand_out(hub: &Hub, out: &Path) -> anyhow::Result<()> {
    let films = hub.films()?;
    let film = films.first().context("the hub has no film")?;
    hub.verify_film(film.id)?;
    let (video, document) = (out.join("film.mp4"), out.join("report.pdf"));
    for from_before in [&video, &document] {
        drop(fs::remove_file(from_before));
    }
    hub.export_film(film.id, &video)?;
    hub.export_reports(&document)?;
    let reports = hub.reports()?;
    let report = reports.first().context("the hub has no report")?;
    ensure!(
        report["finished"] == true,
        "the report is not finished: {report}"
    );
    fs::write(out.join("report.json"), format!("{report:#}\n"))?;
    Ok(())
}

fn save(picture: &crate::Picture, out: &Path, name: &str) -> anyhow::Result<()> {
    picture.save_png(&out.join(name))
}

fn assemble() -> anyhow::Result<Cast> {
    let own = std::env::var("DISPLAY")
        .ok()
        .filter(|name| !name.is_empty());
    if let Some(name) = own.filter(|_| std::env::var_os("CI").is_none()) {
        let (user, operator) = (Display::attach(&name)?, Display::attach(&name)?);
        return Cast::assemble_on(user, operator, Look::LIGHT);
    }
    let cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN)?;
    cast.user_display.paint_background(WALLPAPER)?;
    cast.operator_display.paint_background(WALLPAPER)?;
    Ok(cast)
}

/// A terminal on the user's display, as something to work on.
pub(crate) fn start_terminal(cast: &Cast) -> anyhow::Result<Running> {
    let mut command = Command::new("xterm");
    command
        .args(["-geometry", "74x18+40+300", "-fa", "Monospace", "-fs", "11"])
        .args(["-T", "Terminal", "-e", "bash", "-c", TROUBLE])
        .env("DISPLAY", cast.user_display.name())
        .env("LC_ALL", "C.UTF-8")
        .current_dir(cast.folder());
    Running::start("xterm", &mut command, &cast.folder().join("xterm.log"))
}
