//! The Windows Helpme from a hub's page: downloaded by a browser that says it is on Windows, started as it is, kept under
//! another name and used again, and refused where a byte has changed (H2, H3).

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::assistance::{OPERATOR_SCREEN, USER_SCREEN};
use crate::browser::{Visitor, downloaded_from};
use crate::cast::{Cast, Computers, USER_NAME};
use crate::display::Display;
use crate::helpme::Helpme;
use crate::look::Look;
use crate::programs::Home;
use crate::versions::Versions;
use crate::wine::{WindowsComputer, path_there};

const FILE: &str = "helpme-windows-x86_64.exe";
const ORGANISATION: &str = "Comune di Prova";
/// How Helpme shows it.
const SHOWN: &str = "Help desk: Comune di Prova";
/// Also for what the page makes of the program first.
const DOWNLOADED_WITHIN: Duration = Duration::from_mins(2);
/// Somebody has changed the program (README).
const CHANGED: i32 = 17;

/// # Errors
///
/// What is not as it must be.
pub(super) fn play(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
    let operator = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
    let computers = Computers {
        user: Some(WindowsComputer::fresh()?),
        operator: None,
    };
    let mut cast = Cast::assemble_at(computers, user, operator)?;
    let outcome = from_the_page(&mut cast, tell);
    if outcome.is_err() {
        let picture = cast.helpme.app.keep_screenshot()?;
        tell(&format!("see {}", picture.display()));
    }
    outcome
}

fn from_the_page(cast: &mut Cast, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let computer = cast.computers.user.as_ref().context("it has Windows")?;
    let (wine, folder) = (computer.wine(), computer.drive().join("Downloads"));
    fs::create_dir_all(&folder)?;
    let built = computer.programs().path("helpme");
    let made = Versions::of(&built, FILE, cast.folder())?.old;
    let as_made = cast.folder().join("made.exe");
    fs::write(&as_made, &made)?;
    cast.hub.name_organisation(ORGANISATION)?;
    cast.hub.hand_out(&as_made, FILE, "0.1.0")?;

    let browser = Home::fresh(cast.folder(), "browser")?;
    let url = format!("https://{}/", cast.hub.address());
    let downloaded = downloaded_from(&browser, &url, Visitor::Windows, DOWNLOADED_WITHIN)?;
    let name = downloaded.file_name().context("a name")?.to_owned();
    let bytes = fs::read(&downloaded)?;
    ensure!(bytes.len() > made.len(), "nothing was put into it");
    tell(&format!(
        "downloaded as {}, {} bytes, {} of them the hub's",
        name.display(),
        bytes.len(),
        bytes.len() - made.len()
    ));

    // on an account that never had one
    let home = Home::fresh(cast.folder(), "new")?.on_windows(Some(wine.clone()));
    let program = folder.join(&name);
    fs::copy(&downloaded, &program)?;
    start(cast, &program, &home)?;
    let shown = cast.helpme.app.wait_for(SHOWN);
    shown.context("whose help desk it is, before anything is connected")?;
    assist(cast)?;
    tell("that very file started, and an assistance");

    let kept = folder.join("helpme (1) di Anna.exe");
    fs::rename(&program, &kept)?;
    start(cast, &kept, &home)?;
    assist(cast)?;
    tell("kept under another name, started again, and an assistance");

    let altered = folder.join("altered.exe");
    fs::write(&altered, with_another_byte(bytes, &made)?)?;
    let mut command = wine.command(path_there(&altered));
    command.env("DISPLAY", cast.user_display.name());
    let said = command.arg("--doctor").stdin(Stdio::null()).output()?;
    let code = said.status.code();
    ensure!(code == Some(CHANGED), "it ended with {code:?}");
    let said = [said.stdout, said.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    let sentence = "Somebody or something has changed this program.";
    ensure!(said.contains(sentence), "{said:?}");
    tell(&format!("a changed byte: {said}"));
    Ok(())
}

/// One in the middle of what the hub has put in.
fn with_another_byte(mut bytes: Vec<u8>, made: &[u8]) -> anyhow::Result<Vec<u8>> {
    let at = made.len() + (bytes.len() - made.len()) / 2;
    *bytes.get_mut(at).context("a block")? ^= 1;
    Ok(bytes)
}

fn start(cast: &mut Cast, program: &Path, home: &Home) -> anyhow::Result<()> {
    // one that runs would take the start over
    cast.helpme.app.running().kill_now()?;
    let program = path_there(program);
    let display = &cast.user_display;
    let started = Helpme::start_as_set_up(Path::new(&program), display, home.clone(), Look::LIGHT);
    cast.helpme = started?;
    Ok(())
}

/// From the ticket to the report.
fn assist(cast: &mut Cast) -> anyhow::Result<()> {
    let ticket = cast.console.generate_ticket()?;
    cast.helpme.ask_for_help(&ticket, USER_NAME)?;
    cast.console.wait_for_computer(&ticket)?;
    cast.session_begins(&ticket)?;
    cast.helpme.end()?;
    cast.console.write_report("Where is it?", "There").map(drop)
}
