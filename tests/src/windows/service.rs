//! A computer with Windows and nobody in front: `PurePC` installed by the set-up program, opened by an operator on
//! Linux through the hub, used, killed, stopped, upgraded and taken away; then by the MSI (U1, U3).

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::{Signal, kill_process};
use xkeysym::key;

use super::assistance::{OPERATOR_SCREEN, USER_SCREEN, WALLPAPER};
use super::crashes::wait_for_shift;
use super::upgrades::{BEFORE, NOW, package};
use crate::cast::{Cast, Computers, OPERATOR};
use crate::display::Display;
use crate::wine::{WindowsComputer, Witness, path_there};
use crate::{PATIENCE, Region, wait_until};

const PASSWORD: &str = "the shop opens at nine";
const GROUP: &str = "Tills";
const WITHOUT_POINTER: u32 = 940;
/// Asks nothing, and installs `PurePC` alone.
const ALONE: [&str; 3] = ["/S", "/AllUsers", "/ONLY=purepc"];

pub(super) fn play(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let setup = package(&BEFORE, "-setup.exe")?;
    let shop = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
    shop.paint_background(WALLPAPER)?;
    let computer = WindowsComputer::fresh()?;
    computer.switch_on(&shop)?;
    // an operator and a user on Linux; the user only watches
    let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
    let operator = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
    operator.set_layout("it")?;
    let mut cast = Cast::assemble_at(Computers::default(), user, operator)?;
    cast.hub.set_up_hosts(GROUP, "Retail", OPERATOR)?;

    // the computer stays on until the end: Wine's goes off, with its services, where no program of a user's runs, and the
    // set-up program is none for long
    let witness = Witness::open(&computer, &shop, cast.folder(), (420, 300))?;
    let told = cast.hub.invite_host(GROUP)?;
    // how long it is good for stands below
    let line = told.lines().next().context("no line")?;
    let password = cast.folder().join("password.txt");
    fs::write(&password, PASSWORD)?;
    let words = [
        "/S".to_owned(),
        "/AllUsers".to_owned(),
        "/ONLY=purepc".to_owned(),
        format!("/PUREPC='{line}'"),
        format!("/PASSWORD-FILE={}", path_there(&password)),
    ];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    computer.run(&setup, &words, &shop).context("the set-up")?;
    fs::remove_file(&password)?;
    let installed = computer.drive().join("Program Files/Pure Help Desk");
    ensure!(
        installed.join("purepc.exe").is_file(),
        "nothing is installed"
    );
    ensure!(
        !installed.join("helpme.exe").exists(),
        "it alone was wanted"
    );
    let name = connected(&cast)?;
    tell(&format!(
        "setup.exe /S: PurePC is a service, enrolled and connected as {name}"
    ));

    let outcome = is_used(&mut cast, &witness, &shop, &name, tell);
    if outcome.is_err() {
        tell(&format!(
            "see {}",
            cast.console.app.keep_screenshot()?.display()
        ));
        let log = computer.drive().join("ProgramData/purepc/purepc.log");
        tell(&fs::read_to_string(log).unwrap_or_default());
    }
    outcome?;
    is_killed(&mut cast, &witness, &computer, &shop, &name, tell)?;

    computer.run("net", &["stop", "PurePC"], &shop)?;
    wait_until("it to be away", PATIENCE, || {
        Ok((!is_connected(&cast)?).then_some(()))
    })?;
    // the hub hears of its end before Windows does, which starts nothing that runs
    wait_until("net start", PATIENCE, || {
        Ok(computer.run("net", &["start", "PurePC"], &shop).ok())
    })?;
    connected(&cast)?;
    tell("net stop, net start: away, and back");

    let program = r"C:\Program Files\Pure Help Desk\purepc.exe";
    let update = package(&NOW, "-setup.exe")?;
    computer
        .run(&update, &ALONE, &shop)
        .context("the next set-up")?;
    let said = computer.run(program, &["--version"], &shop)?;
    ensure!(said.trim().ends_with(NOW.number), "{said:?}");
    wait_until("the next version at the hub", PATIENCE, || {
        let hosts = cast.hub.hosts()?;
        let is_it = |host: &serde_json::Value| {
            let program = host["program"].as_str().unwrap_or_default();
            host["connected"] == true && host["name"] == *name && program.contains(NOW.number)
        };
        Ok(hosts.iter().any(is_it).then_some(()))
    })?;
    tell("the next version's setup.exe /S: PurePC is that one's, and the hub knows it again");

    uninstall(&computer, &shop, &["/S"])?;
    let services = computer.run("sc", &["query", "PurePC"], &shop);
    ensure!(
        services.is_err(),
        "the service is still there: {services:?}"
    );
    wait_until("it to be away", PATIENCE, || {
        Ok((!is_connected(&cast)?).then_some(()))
    })?;
    let key = computer.drive().join("ProgramData/purepc");
    ensure!(key.is_dir(), "its key goes only with /DATA");
    tell("uninstall.exe /S: service and program are gone, its key stays");
    computer
        .run(&update, &ALONE, &shop)
        .context("set up again")?;
    uninstall(&computer, &shop, &["/S", "/DATA"])?;
    wait_until("its key to be gone", PATIENCE, || {
        Ok((!key.exists()).then_some(()))
    })?;
    tell("set up once more, uninstall.exe /S /DATA: its key is gone too");
    comes_by_msi(&cast, &computer, &shop, tell)
}

/// The MSI as computers that are managed together get it: the same words with each version.
fn comes_by_msi(
    cast: &Cast,
    computer: &WindowsComputer,
    shop: &Display,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let told = cast.hub.invite_host(GROUP)?;
    let line = told.lines().next().context("no line")?;
    let password = cast.folder().join("password.txt");
    fs::write(&password, PASSWORD)?;
    let wanted = format!("PUREPC={line}");
    let password = format!("PASSWORDFILE={}", path_there(&password));
    let program = r"C:\Program Files\Pure Help Desk\purepc.exe";
    let folder = r"C:\ProgramData\purepc";
    let mut names = Vec::new();
    for version in [&BEFORE, &NOW] {
        let msi = path_there(&package(version, ".msi")?);
        let words = ["/i", &msi, "/qn", "ADDLOCAL=PurePC", &wanted, &password];
        computer
            .run("msiexec", &words, shop)
            .with_context(|| format!("the MSI of {}", version.number))?;
        let said = computer.run(program, &["--version"], shop)?;
        ensure!(said.trim().ends_with(version.number), "{said:?}");
        names.push(wait_until("it at the hub", PATIENCE, || {
            let hosts = cast.hub.hosts()?;
            let is_it = |host: &&serde_json::Value| {
                let program = host["program"].as_str().unwrap_or_default();
                host["connected"] == true && program.contains(version.number)
            };
            let host = hosts.iter().find(is_it);
            Ok(host.map(|host| host["host"].clone()))
        })?);
        let status = ["status", "--json", "--folder", folder];
        let status = computer.run(program, &status, shop)?;
        ensure!(status.contains(r#""help_without_a_user":true"#), "{status}");
        let programs = computer.drive().join("Program Files/Pure Help Desk");
        ensure!(!programs.join("helpme.exe").exists(), "it alone was wanted");
    }
    ensure!(names[0] == names[1], "enrolled twice: {names:?}");
    tell(
        "msiexec /i: PurePC alone, enrolled, with its password; the next version with the same words is the same computer",
    );
    let msi = path_there(&package(&NOW, ".msi")?);
    computer.run("msiexec", &["/x", &msi, "/qn"], shop)?;
    let services = computer.run("sc", &["query", "PurePC"], shop);
    ensure!(
        services.is_err(),
        "the service is still there: {services:?}"
    );
    let drive = computer.drive();
    ensure!(
        !drive
            .join("Program Files/Pure Help Desk/purepc.exe")
            .exists(),
        "the program is still there"
    );
    ensure!(drive.join("ProgramData/purepc").is_dir(), "its key is gone");
    wait_until("it to be away", PATIENCE, || {
        Ok((!is_connected(cast)?).then_some(()))
    })?;
    tell("msiexec /x: service and program are gone, its key stays");
    Ok(())
}

/// Takes the programs away; the uninstaller goes on as a copy of itself.
fn uninstall(computer: &WindowsComputer, shop: &Display, words: &[&str]) -> anyhow::Result<()> {
    let folder = computer.drive().join("Program Files/Pure Help Desk");
    let uninstaller = r"C:\Program Files\Pure Help Desk\uninstall.exe";
    computer.run(uninstaller, words, shop)?;
    wait_until("the programs to be gone", PATIENCE, || {
        Ok((!folder.join("purepc.exe").exists()).then_some(()))
    })
}

fn is_connected(cast: &Cast) -> anyhow::Result<bool> {
    let hosts = cast.hub.hosts()?;
    Ok(hosts.iter().any(|host| host["connected"] == true))
}

/// The name of the computer once it is connected.
fn connected(cast: &Cast) -> anyhow::Result<String> {
    let mut last = Vec::new();
    let name = wait_until("a connected computer", PATIENCE, || {
        last = cast.hub.hosts()?;
        let host = last.iter().find(|host| host["connected"] == true);
        Ok(host.and_then(|host| host["name"].as_str().map(str::to_owned)))
    });
    name.with_context(|| format!("the hub has {last:?}"))
}

fn is_opened(cast: &mut Cast, name: &str) -> anyhow::Result<Region> {
    let app = &mut cast.console.app;
    app.bring_to_front("Logged in")?;
    app.right_click(name)?;
    app.click_in_menu("Remote Session")?;
    app.wait_for_field("Access password of the computer")?;
    app.hands().type_text(PASSWORD)?;
    app.hands().tap(key::Return)?;
    cast.console.wait_for_session()
}

/// `kill -9` of what serves the operator, and of the service itself, each with a key held down: it comes up, the films
/// verify, and the hub has the computer again.
fn is_killed(
    cast: &mut Cast,
    witness: &Witness,
    computer: &WindowsComputer,
    shop: &Display,
    name: &str,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    for killed in ["serve", "run"] {
        let session = is_opened(cast, name)?;
        let hands = cast.console.app.hands();
        let (x, y) = witness.place()?.middle();
        let before = witness.text()?;
        wait_until("the first key", PATIENCE, || {
            hands.click((session.x + x, session.y + y))?;
            hands.tap(key::x)?;
            thread::sleep(Duration::from_millis(600));
            Ok((witness.text()? != before).then_some(()))
        })?;
        hands.press(key::Shift_L)?;
        let outcome = wait_for_shift(witness, true).and_then(|()| {
            let process = computer.process("purepc.exe", killed)?;
            kill_process(process, Signal::KILL)?;
            wait_for_shift(witness, false)
        });
        cast.console.app.hands().release(key::Shift_L)?;
        outcome.with_context(|| format!("{killed} killed"))?;
        cast.console.leave_session()?;
        if killed == "run" {
            // Wine's service manager starts nothing again by itself, and hears of the end a little later
            wait_until("net start", PATIENCE, || {
                Ok(computer.run("net", &["start", "PurePC"], shop).ok())
            })?;
        }
        connected(cast)?;
        let films = cast.hub.films()?;
        for film in &films {
            cast.hub.verify_film(film.id)?;
        }
        tell(&format!(
            "purepc {killed} killed: no key stays down, {} films verify",
            films.len()
        ));
    }
    cast.hub.verify_audit()
}

fn is_used(
    cast: &mut Cast,
    witness: &Witness,
    shop: &Display,
    name: &str,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let session = is_opened(cast, name)?;
    tell("opened with the access password, with nobody in front");

    let hands = cast.console.app.hands();
    let (x, y) = witness.place()?.middle();
    let place = (session.x + x, session.y + y);
    wait_until("the first key", PATIENCE, || {
        hands.click(place)?;
        hands.tap(key::x)?;
        thread::sleep(Duration::from_millis(600));
        Ok((!witness.text()?.is_empty()).then_some(()))
    })?;
    let text = "Perché no? è ò @ € [ ñ";
    let before = witness.text()?;
    hands.type_text(text)?;
    let expected = format!("{before}{text}");
    let mut last = String::new();
    wait_until("what was typed", PATIENCE, || {
        last = witness.text()?;
        Ok((last == expected).then_some(()))
    })
    .with_context(|| format!("{last:?}"))?;
    tell(&format!("typed: {text}"));

    hands.point_at((session.x + 990, session.y + 690))?;
    wait_until("the same picture", PATIENCE, || {
        let there = shop.screenshot()?.left(WITHOUT_POINTER);
        let seen = cast.console.remote_picture()?.left(WITHOUT_POINTER);
        Ok((there.differing_pixels(&seen) == 0).then_some(()))
    })?;
    tell("picture: every pixel equal, with the bar that says who is there");
    cast.console
        .app
        .show_picture("Remote screen", "windows-service")?;
    cast.console.end_session()?;
    cast.console.leave_session()?;
    let film = cast.hub.films()?.pop().context("the hub has no film")?;
    cast.hub.verify_film(film.id)?;
    ensure!(
        cast.hub.audited("host.opened")?.len() == 1,
        "the log tells of it"
    );
    cast.hub.verify_audit()
}
