//! What the console asks of a real desktop: notices, a start at the log-in, a store of passwords (O2).

use std::fs;
use std::path::Path;
use std::time::Duration;

use e2e::{
    Console, DesktopServices, Display, Helpme, Home, Hub, Look, OPERATOR, OPERATOR_NAME, PASSWORD,
    PATIENCE, Programs, ShownNotice, Size, USER_NAME, wait_until,
};
use xkeysym::key;

const USER_SCREEN: Size = Size(900, 700);
const OPERATOR_SCREEN: Size = Size(1280, 840);

/// Waits until the desktop showed something that `is_it` knows.
fn wait_for_notice(desktop: &DesktopServices, is_it: impl Fn(&ShownNotice) -> bool) -> ShownNotice {
    let found = wait_until("a notice", PATIENCE, || {
        std::thread::sleep(Duration::from_millis(300));
        Ok(desktop.close_notices()?.into_iter().find(&is_it))
    });
    found.expect("shown")
}

/// Brings the settings to where `change` can be made, and applies it.
fn apply(console: &mut Console, tab: &str, change: impl FnOnce(&mut Console)) {
    console.app.click("Settings").expect("there");
    console.app.click(tab).expect("a tab");
    change(console);
    console.app.click("Apply").expect("something to apply");
    // it stays open, with nothing left to apply
    console.app.click("OK").expect("still open");
    console.app.wait_until_gone("Apply").expect("closed");
}

/// Pictures of what is changed here, for whoever wants to look.
fn look_around(console: &mut Console) {
    let app = &mut console.app;
    app.click("Edit the template").expect("there");
    app.wait_for("Preview").expect("there");
    app.show_picture("Preview", "template").expect("a picture");
    app.click("Keep as template").expect("there");
    app.wait_for("New template").expect("kept");
    app.show_picture("New template", "templates")
        .expect("a picture");
    app.click("QR code of the link").expect("there");
    app.wait_for("Close").expect("a code");
    app.show_picture("Close", "qr").expect("a picture");
    app.click("Close").expect("there");
    app.click("Settings").expect("there");
    for (tab, name) in [
        ("User account", "options-account"),
        ("Operation settings", "options-operation"),
        ("Proxy and http tunneling", "options-proxy"),
    ] {
        app.click(tab).expect("a tab");
        app.show_picture("Apply", name).expect("a picture");
    }
    app.click("Cancel").expect("there");
    app.wait_until_gone("Apply").expect("closed");
}

fn starts_at_log_in(home: &Home) -> Option<String> {
    let entry = home.profile().join("autostart/pure-help-desk.desktop");
    fs::read_to_string(entry).ok()
}

/// Everything that lies under `folder`, as one text.
fn everything_in(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            all += &everything_in(&entry.path());
        } else if let Ok(bytes) = fs::read(entry.path()) {
            all += &String::from_utf8_lossy(&bytes);
        }
    }
    all
}

#[test]
fn o2_the_desktop_tells_who_comes_keeps_the_password_and_starts_the_console() {
    let programs = Programs::find().expect("built");
    let folder = tempfile::tempdir().expect("a folder");
    let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1).expect("a display");
    let operator = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1).expect("a display");
    let desktop = DesktopServices::start(folder.path(), &operator).expect("a desktop");
    let home = |name| Home::fresh(folder.path(), name).expect("a home");
    let here = std::net::Ipv4Addr::LOCALHOST.into();
    let hub = Hub::start(&programs, home("hub"), here).expect("a hub");
    hub.add_operator(OPERATOR, OPERATOR_NAME, PASSWORD)
        .expect("added");
    let of_operator = home("operator")
        .on_bus(Some(desktop.bus()))
        .with_installed_programs();

    // remembering is on with the first log-in, and so is the start with the desktop
    let mut console =
        Console::start(&programs, &operator, of_operator.clone(), Look::LIGHT).expect("started");
    console
        .set_up_and_log_in(hub.address(), hub.fingerprint(), OPERATOR, PASSWORD)
        .expect("logged in");
    let entry = wait_until("an entry", PATIENCE, || Ok(starts_at_log_in(&of_operator)));
    let program = programs.path("pure-help-desk");
    let line = format!("Exec={}", program.display());
    assert!(entry.expect("there").lines().any(|known| known == line));
    let kept = wait_until("the password", PATIENCE, || {
        desktop.kept_password("pure-help-desk")
    });
    assert_eq!(kept.expect("in the store"), PASSWORD);
    let files = everything_in(&of_operator.file(""));
    assert!(!files.contains(PASSWORD), "the password is in a file too");

    // who comes is told, with a name that is no markup
    let ticket = console.generate_ticket().expect("a ticket");
    look_around(&mut console);
    let of_user = home("user").on_computer("PC-ROSSI");
    let seen = (hub.address(), hub.fingerprint());
    let mut helpme = Helpme::start(&programs, &user, of_user, seen, Look::LIGHT).expect("started");
    let name = format!("<b>{USER_NAME}</b>");
    helpme.ask_for_help(&ticket, &name).expect("asked");
    console.wait_for_computer(&ticket).expect("in the list");
    let came = wait_for_notice(&desktop, |notice| notice.title.contains("is connected"));
    assert_eq!(came.program, "Pure Help Desk");
    // markup would have gone, or been made bold
    assert!(came.text.contains("<b>"), "{came:?}");
    assert!(came.text.contains(&ticket[..3]), "{came:?}");

    // what the user writes is told, unless it is being read; a click brings the console to the front
    let window = console.app.minimise("Logged in").expect("minimised");
    assert!(!operator.is_shown(window).expect("there"));
    helpme
        .app
        .type_into("Write a message", "My screen is upside down\n")
        .expect("typed");
    let written = wait_until("a message", PATIENCE, || {
        Ok((desktop.notices_shown()? > 0).then_some(()))
    });
    written.expect("told");
    desktop.click_notice().expect("clicked");
    let shown = wait_until("the console", PATIENCE, || {
        Ok(operator.is_shown(window)?.then_some(()))
    });
    shown.expect("in front again");
    let message = wait_for_notice(&desktop, |notice| notice.title.starts_with("Message from"));
    assert_eq!(message.text, "My screen is upside down");

    // switched off, nothing is told
    apply(&mut console, "User account", |console| {
        console.app.click("Enable popup").expect("there");
    });
    let before = desktop.close_notices().expect("told").len();
    helpme
        .app
        .hands()
        .chord(&[key::Alt_L, key::F4])
        .expect("pressed");
    helpme.app.running().wait(PATIENCE).expect("ended");
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(desktop.close_notices().expect("told").len(), before);

    // started anew, it logs in by itself with the password from the store
    console.app.running().stop().expect("ended");
    let mut console =
        Console::start(&programs, &operator, of_operator.clone(), Look::LIGHT).expect("started");
    console.wait_until_logged_in().expect("by itself");

    // what is switched off leaves nothing behind
    apply(&mut console, "User account", |console| {
        console.app.click("Remember password").expect("there");
    });
    let gone = wait_until("nothing left", PATIENCE, || {
        let entry = starts_at_log_in(&of_operator);
        let kept = desktop.kept_password("pure-help-desk")?;
        Ok((entry.is_none() && kept.is_none()).then_some(()))
    });
    gone.expect("taken back");
}
