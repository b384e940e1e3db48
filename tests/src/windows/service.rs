//! A computer with Windows and nobody in front: `PurePC` installed by the set-up program, opened by an operator on
//! Linux through the hub, used, stopped and taken away (U1, U3).

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use xkeysym::key;

use super::assistance::{OPERATOR_SCREEN, USER_SCREEN, WALLPAPER};
use super::upgrades::{BEFORE, package};
use crate::cast::{Cast, Computers, OPERATOR};
use crate::display::Display;
use crate::wine::{WindowsComputer, Witness, path_there};
use crate::{PATIENCE, wait_until};

const PASSWORD: &str = "the shop opens at nine";
const GROUP: &str = "Tills";
const WITHOUT_POINTER: u32 = 940;

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

    computer.run(
        r"C:\Program Files\Pure Help Desk\uninstall.exe",
        &["/S"],
        &shop,
    )?;
    wait_until("the programs to be gone", PATIENCE, || {
        Ok((!installed.join("purepc.exe").exists()).then_some(()))
    })?;
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
    Ok(())
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

fn is_used(
    cast: &mut Cast,
    witness: &Witness,
    shop: &Display,
    name: &str,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let app = &mut cast.console.app;
    app.bring_to_front("Logged in")?;
    app.right_click(name)?;
    app.click_in_menu("Remote Session")?;
    app.wait_for_field("Access password of the computer")?;
    app.hands().type_text(PASSWORD)?;
    app.hands().tap(key::Return)?;
    let session = cast.console.wait_for_session()?;
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
