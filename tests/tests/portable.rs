//! A console on a stick: carried to another path and another computer, settings and passwords go along (O1).

use std::fs;
use std::path::Path;

use e2e::{
    App, Console, Display, Home, Hub, Look, OPERATOR, OPERATOR_NAME, PASSWORD, PATIENCE, Programs,
    wait_until,
};

const PROGRAM: &str = "pure-help-desk";
const PASSPHRASE: &str = "seven green bicycles";

/// Starts the copy of the console in `stick` for whoever has `home`.
fn start(stick: &Path, home: Home, display: &Display) -> Console {
    let home = home.with_installed_programs();
    let mut command = home.windowed(stick.join(PROGRAM), display.name());
    let app = App::start(PROGRAM, &mut command, home, display, Look::LIGHT);
    Console {
        app: app.expect("started"),
    }
}

/// Everything in the files under `folder`, as one text.
fn contents(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            all += &contents(&entry.path());
        } else if let Ok(bytes) = fs::read(entry.path()) {
            all += &String::from_utf8_lossy(&bytes);
        }
    }
    all
}

#[test]
fn o1_a_portable_console_takes_settings_and_sealed_passwords_to_another_path_and_computer() {
    let programs = Programs::find().expect("built");
    let folder = tempfile::tempdir().expect("a folder");
    let display = Display::start_managed(1280, 900).expect("a display");
    let home = |name| Home::fresh(folder.path(), name).expect("a home");
    let here = std::net::Ipv4Addr::LOCALHOST.into();
    let hub = Hub::start(&programs, home("hub"), here).expect("a hub");
    hub.add_operator(OPERATOR, OPERATOR_NAME, PASSWORD)
        .expect("added");
    let stick = folder.path().join("stick");
    fs::create_dir_all(stick.join("portable")).expect("a folder");
    fs::copy(programs.path(PROGRAM), stick.join(PROGRAM)).expect("copied");

    let mut console = start(&stick, home("first"), &display);
    console
        .set_up_and_log_in(hub.address(), hub.fingerprint(), OPERATOR, PASSWORD)
        .expect("logged in");
    let app = &mut console.app;
    app.click("Settings").expect("there");
    app.click("Protect with a passphrase").expect("offered");
    app.type_into("Passphrase", "too short").expect("typed");
    app.click("OK").expect("pressed");
    app.wait_for("At least 10 characters.").expect("told");
    app.type_into("Passphrase", PASSPHRASE).expect("typed");
    app.show_picture("Apply", "portable-options")
        .expect("a picture");
    app.click("OK").expect("pressed");
    app.wait_until_gone("Apply").expect("closed");
    let own = stick.join("portable").join(PROGRAM);
    let sealed = own.join("secrets.sealed");
    wait_until("a sealed file", PATIENCE, || {
        let in_the_open = own.join("secrets.json").exists();
        Ok((sealed.exists() && !in_the_open).then_some(()))
    })
    .expect("sealed");
    console.app.running().stop().expect("ended");
    let kept = contents(&stick.join("portable"));
    assert!(!kept.contains(PASSWORD), "the password lies in the open");
    let left = contents(&folder.path().join("first").join(".config"));
    let fingerprint = hub.fingerprint();
    let told = |text: &str| text.contains(OPERATOR) || text.contains(fingerprint);
    assert!(!told(&left), "left on the computer: {left}");
    assert!(told(&kept), "the settings go along: {kept}");

    // another computer, and the stick is somewhere else there
    let elsewhere = folder.path().join("media").join("USB");
    fs::create_dir_all(elsewhere.parent().expect("above")).expect("a folder");
    fs::rename(&stick, &elsewhere).expect("carried");
    let mut console = start(&elsewhere, home("second").on_computer("PC-2"), &display);
    let app = &mut console.app;
    app.wait_for("Your passwords are sealed").expect("asked");
    app.type_into("Passphrase", "seven green tricycles")
        .expect("typed");
    app.click("Open").expect("pressed");
    app.wait_for("This passphrase does not open them.")
        .expect("told");
    app.show_picture("Go on without", "portable-wrong")
        .expect("a picture");
    app.type_into("Passphrase", PASSPHRASE).expect("typed");
    app.click("Open").expect("pressed");
    console.wait_until_logged_in().expect("by itself");
    console.app.running().stop().expect("ended");

    // whoever has forgotten it begins anew, and keeps the settings
    let mut console = start(&elsewhere, home("third"), &display);
    let app = &mut console.app;
    app.wait_for("Your passwords are sealed").expect("asked");
    app.click("Go on without").expect("pressed");
    app.wait_until_gone("Go on without").expect("closed");
    app.wait_for("Welcome").expect("the hub is known");
}
