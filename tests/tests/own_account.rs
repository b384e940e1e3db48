//! What people do with their own accounts, through the real windows (O5, B3).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::{
    ADMINISTRATOR_NAME, Administrator, App, Cast, Console, Display, Home, Look, PASSWORD, Size,
};
use totp_rs::Builder;
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 840);
const NEW_PASSWORD: &str = "better horse 8";
const ACCOUNT: &str = "Your account";
const PRESENT: &str = "Present password";
const WRONG_LOG_IN: &str = "User name or password is wrong.";

/// Opens the dialog, with the keyboard in its first field.
fn open(app: &mut App, label: &str) {
    app.click(label).expect("there");
    app.wait_for_keyboard(PRESENT).expect("where typing begins");
    app.wait_until_usable("Change the password")
        .expect("the hub answered");
}

/// Goes to another part of the dialog. Its buttons move while it grows and shrinks, so that a press may miss.
fn choose(app: &mut App, part: &str, shows: &str) {
    let arrives = |app: &mut App| {
        app.click(part).expect("a part");
        (0..20).any(|_| {
            std::thread::sleep(Duration::from_millis(150));
            app.shows(shows).expect("a map")
        })
    };
    let there = (0..4).any(|_| arrives(app));
    assert!(there, "{shows:?} does not show");
}

fn close(app: &mut App) {
    app.hands().tap(key::Escape).expect("typed");
    app.wait_until_gone(PRESENT).expect("closed");
}

/// From a password past its eye to the field after it, each key when the one before it was taken.
fn tab(app: &mut App, from: &str, to: &str) {
    app.hands().tap(key::Tab).expect("typed");
    let is_left = (0..50).any(|_| {
        std::thread::sleep(Duration::from_millis(150));
        let map = app.map().expect("a map");
        let field = map.find_matching(|label, role| label == from && role.ends_with("Input"));
        field.is_some_and(|field| !field.focused)
    });
    assert!(is_left, "the keyboard stays in {from}");
    app.hands().tap(key::Tab).expect("typed");
    app.wait_for_keyboard(to).expect("the next field");
}

/// With the keyboard alone.
fn change_password(app: &mut App, old: &str) {
    let (new, again) = ("New password", "New password again");
    app.wait_for_keyboard(PRESENT).expect("where typing begins");
    app.hands().type_text(old).expect("typed");
    tab(app, PRESENT, new);
    app.hands().type_text(NEW_PASSWORD).expect("typed");
    tab(app, new, again);
    app.hands().type_text(NEW_PASSWORD).expect("typed");
    app.hands().tap(key::Return).expect("typed");
}

/// The code of the step of time that is `steps` after this one, of a key as the window shows it.
fn code(key: &str, steps: i64) -> String {
    let key = key.replace(' ', "");
    let secret = totp_rs::Secret::try_from_base32(&key).expect("base 32");
    let made = Builder::new().with_secret(secret).build().expect("codes");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now");
    made.generate(now.as_secs().saturating_add_signed(30 * steps))
        .to_string()
}

fn is_key(label: &str) -> bool {
    let is_group = |group: &str| {
        let mut letters = group.bytes();
        group.len() == 4 && letters.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    label.split(' ').count() == 8 && label.split(' ').all(is_group)
}

#[test]
fn o5_a_password_changed_in_the_console_is_the_one_that_it_starts_with() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let app = &mut cast.console.app;
    open(app, ACCOUNT);
    app.show_picture(PRESENT, "console-own-password")
        .expect("a picture");
    change_password(app, "not this one");
    app.wait_for("This is not your present password.")
        .expect("beside the field");
    app.wait_for_keyboard(PRESENT).expect("to type it anew");
    app.show_picture(PRESENT, "console-own-password-wrong")
        .expect("a picture");
    // what else was typed is still there
    app.type_into(PRESENT, PASSWORD).expect("typed");
    app.hands().tap(key::Return).expect("typed");
    app.wait_for("Your password is changed. Everywhere else your account was signed out.")
        .expect("done");
    app.show_picture(PRESENT, "console-own-password-changed")
        .expect("a picture");
    close(app);
    assert!(app.shows("Logged in").expect("a map"), "this one stays");

    // the remembered password is the new one
    cast.console.app.running().stop().expect("left");
    let home = cast.console.app.home().clone();
    let (programs, display) = (&cast.programs, &cast.operator_display);
    cast.console = Console::start(programs, display, home, Look::LIGHT).expect("a console");
    let app = &mut cast.console.app;
    app.wait_for("Log out").expect("it logs in by itself");
    cast.console.wait_until_logged_in().expect("the new one");
    let app = &mut cast.console.app;
    app.click("Log out").expect("there");
    app.type_into("Password", PASSWORD).expect("typed");
    app.hands().tap(key::Return).expect("typed");
    app.wait_for(WRONG_LOG_IN).expect("the old one is none");
    app.type_into("Password", NEW_PASSWORD).expect("typed");
    app.hands().tap(key::Return).expect("typed");
    cast.console.wait_until_logged_in().expect("the new one");
    cast.hub.verify_audit().expect("sound");
}

#[test]
fn b3_a_second_factor_set_up_in_the_console_is_asked_for_at_the_next_log_in() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let app = &mut cast.console.app;
    open(app, ACCOUNT);
    choose(app, "Second factor", "Set it up");
    app.wait_for_keyboard(PRESENT).expect("where typing begins");
    app.wait_until_usable("Set it up")
        .expect("the hub answered");
    app.show_picture(PRESENT, "console-own-factor")
        .expect("a picture");
    app.hands()
        .type_text(&format!("{PASSWORD}\n"))
        .expect("typed");
    app.wait_for("Key for the app").expect("shown");
    app.show_picture("Key for the app", "console-own-factor-shown")
        .expect("a picture");
    let map = app.map().expect("a map");
    let labels = map.labels();
    let found = labels.iter().find(|label| is_key(label));
    let key = (*found.expect("the key as text")).to_owned();
    let field = "Code that the app shows";
    app.type_into(field, "000000").expect("typed");
    app.hands().tap(key::Return).expect("typed");
    app.wait_for("This code is wrong or was used before. Wait for the next one.")
        .expect("beside the field");
    app.wait_until_usable("Confirm").expect("again");
    app.type_into(field, &code(&key, 0)).expect("typed");
    app.hands().tap(key::Return).expect("typed");
    app.wait_for("I have kept them").expect("recovery codes");
    app.show_picture("I have kept them", "console-own-codes")
        .expect("a picture");
    app.hands().tap(key::Escape).expect("typed");
    std::thread::sleep(Duration::from_millis(500));
    app.click("I have kept them").expect("not put away before");
    app.wait_for_matching("ten codes", |label| {
        label.contains("10 recovery codes are left.")
    })
    .expect("set up");
    app.show_picture(PRESENT, "console-own-factor-on")
        .expect("a picture");
    choose(app, "Sign-ins", "this one");
    app.show_picture("this one", "console-own-sign-ins")
        .expect("a picture");
    app.click("Close").expect("there");
    app.wait_until_gone("this one").expect("closed");

    cast.console.app.running().stop().expect("left");
    let home = cast.console.app.home().clone();
    let (programs, display) = (&cast.programs, &cast.operator_display);
    cast.console = Console::start(programs, display, home, Look::LIGHT).expect("a console");
    let app = &mut cast.console.app;
    app.wait_for_keyboard("Code").expect("it is asked for");
    let next = code(&key, 1);
    app.type_into("Code", &next).expect("typed");
    assert_eq!(app.typed_text().expect("copied"), next);
    app.click("Log into the service").expect("there");
    cast.console.wait_until_logged_in().expect("with the code");
    cast.hub.verify_audit().expect("sound");
}

#[test]
fn b3_an_administrator_changes_the_password_and_a_lost_line_comes_back_with_it() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let display = Display::start_managed(1280, 840).expect("a display");
    let home = Home::fresh(cast.folder(), "admin").expect("a home");
    let mut admin =
        Administrator::start(&cast.programs, &display, home, Look::LIGHT).expect("started");
    admin.sign_in(&cast.hub).expect("signed in");
    let app = &mut admin.app;
    open(app, ADMINISTRATOR_NAME);
    app.show_picture(PRESENT, "admin-own-password")
        .expect("a picture");
    change_password(app, "battery staple 9");
    app.wait_for("Your password is changed. Everywhere else your account was signed out.")
        .expect("done");
    close(app);
    // the line to the hub is lost, and the window signs in again by itself
    cast.hub.stop().expect("stopped");
    app.wait_for("Connection lost, connecting again…")
        .expect("it says so");
    cast.hub.start_again().expect("started");
    app.wait_until_gone("Connection lost, connecting again…")
        .expect("back");
    open(app, ADMINISTRATOR_NAME);
    choose(app, "Sign-ins", "this one");
    app.show_picture("this one", "admin-own-sign-ins")
        .expect("a picture");
}
