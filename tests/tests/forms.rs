//! What people type and paste into forms, through the real programs.

use std::time::{Duration, Instant};

use e2e::{Cast, Console, Display, Look, OPERATOR, PASSWORD, Size};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1400, 900);
const ADDRESS: &str = "Server address";
const PASSWORD_FIELD: &str = "Password";
/// An address of the block for documentation: nothing answers there.
const NOBODY: &str = "192.0.2.1";

fn set_up() -> Cast {
    let display = |size: Size| Display::start_managed(size.0, size.1).expect("a display");
    let (user, operator) = (display(USER_SCREEN), display(OPERATOR_SCREEN));
    Cast::before_log_in(user, operator, Look::LIGHT).expect("the cast")
}

/// Types as somebody does who looks for the keys: the window is drawn between two of them.
fn type_slowly(cast: &Cast, text: &str) {
    for character in text.chars() {
        let hands = cast.console.app.hands();
        hands.type_text(&character.to_string()).expect("typed");
        std::thread::sleep(Duration::from_millis(120));
    }
}

fn typed_text(cast: &Cast) -> String {
    cast.console.app.typed_text().expect("copied")
}

fn wait_for_keyboard(cast: &Cast, label: &str) {
    cast.console
        .app
        .wait_for_keyboard(label)
        .expect("it goes there");
}

#[test]
fn an_address_typed_with_its_port_is_left_alone_until_the_field_is_left() {
    let mut cast = set_up();
    cast.console.app.type_into(ADDRESS, "").expect("there");
    type_slowly(&cast, "hub.example.org:4433");
    assert_eq!(typed_text(&cast), "hub.example.org:4433");
    cast.console.app.hands().tap(key::Tab).expect("typed");
    wait_for_keyboard(&cast, "Port");
    assert_eq!(typed_text(&cast), "4433");

    cast.console.app.type_into(ADDRESS, "").expect("there");
    type_slowly(&cast, "2a01:4f8:c17:1::5");
    assert_eq!(typed_text(&cast), "2a01:4f8:c17:1::5");
    cast.console.app.hands().tap(key::Tab).expect("typed");
    wait_for_keyboard(&cast, "Port");
    assert_eq!(typed_text(&cast), "4433", "it names no port");
}

#[test]
fn the_set_up_stays_while_it_is_corrected_and_a_log_in_can_be_given_up() {
    let mut cast = set_up();
    let fingerprint = cast.hub.fingerprint().to_owned();
    let right = cast.hub.address().to_string();
    let app = &mut cast.console.app;
    app.type_into(ADDRESS, "my hub").expect("there");
    app.type_into("Fingerprint of the hub", &fingerprint)
        .expect("there");
    app.type_into("User name", OPERATOR).expect("there");
    app.type_into(PASSWORD_FIELD, "not this one")
        .expect("there");
    app.type_into(ADDRESS, "").expect("there");
    type_slowly(&cast, NOBODY);
    assert_eq!(typed_text(&cast), NOBODY);

    let app = &mut cast.console.app;
    app.hands().tap(key::Return).expect("typed");
    app.wait_for("Cancel").expect("it tries");
    std::thread::sleep(Duration::from_millis(500));
    let pressed = Instant::now();
    app.click("Cancel").expect("there");
    app.wait_until_gone("Cancel").expect("given up");
    let took = pressed.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");

    app.type_into(ADDRESS, &right).expect("still the set-up");
    app.hands().tap(key::Return).expect("typed");
    app.wait_for("User name or password is wrong.")
        .expect("told");
    wait_for_keyboard(&cast, PASSWORD_FIELD);
    // what is typed now replaces what was wrong
    let hands = cast.console.app.hands();
    hands.type_text(&format!("{PASSWORD}\n")).expect("typed");
    cast.console.wait_until_logged_in().expect("the right one");
}

#[test]
fn whoever_waits_for_a_hub_that_does_not_answer_reads_so_and_can_give_up() {
    let mut cast = set_up();
    cast.log_in().expect("logged in once");
    cast.console.app.running().stop().expect("left");
    cast.hub.stop().expect("stopped");

    // a console that logs in by itself
    let home = cast.console.app.home().clone();
    let (programs, display) = (&cast.programs, &cast.operator_display);
    cast.console = Console::start(programs, display, home, Look::LIGHT).expect("a console");
    let app = &mut cast.console.app;
    app.wait_for("Cancel").expect("it tries");
    app.wait_for("The hub cannot be reached. The console tries again until it answers.")
        .expect("it says so");
    assert!(!app.shows("Filter").expect("a map"), "there is no list yet");
    let pressed = Instant::now();
    app.click("Cancel").expect("there");
    app.wait_until_gone("Cancel").expect("given up");
    let took = pressed.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    std::thread::sleep(Duration::from_secs(3));
    assert!(!app.shows("Cancel").expect("a map"), "it stays given up");

    // Helpme: Escape is as Cancel, but closes what lies over the page first
    cast.helpme
        .ask_for_help("482 913 0571", "Mario Rossi")
        .expect("asked");
    let app = &mut cast.helpme.app;
    app.wait_for("Cancel").expect("it tries");
    app.click("Settings").expect("there");
    app.wait_for("Appearance").expect("open");
    app.hands().tap(key::Escape).expect("typed");
    app.wait_until_gone("Appearance").expect("closed");
    assert!(app.shows("Cancel").expect("a map"), "it still tries");
    app.hands().tap(key::Escape).expect("typed");
    app.wait_until_gone("Cancel").expect("given up");
    app.wait_for_field("Ticket")
        .expect("what was typed is there");
}
