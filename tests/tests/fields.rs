//! Every field of both programs takes what is pasted in every way, and Tab, Enter and Escape do there what
//! people expect.

use std::time::Duration;

use anyhow::Context as _;
use e2e::{App, Cast, Display, Helpme, Home, Look, OPERATOR, Size, USER_NAME};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 760);
const OPERATOR_SCREEN: Size = Size(1400, 900);

/// An address of the block for documentation: nothing answers there.
const NOBODY: &str = "192.0.2.1";

/// A field, what is pasted into it, and what stands in it then.
struct Field {
    label: &'static str,
    pasted: &'static str,
    then: &'static str,
    /// It hides what is typed until somebody presses the eye.
    is_secret: bool,
}

const fn field(label: &'static str) -> Field {
    Field {
        label,
        pasted: "una prova",
        then: "una prova",
        is_secret: false,
    }
}

const fn ticket(label: &'static str) -> Field {
    Field {
        pasted: "Ticket: 482 913 0570.",
        then: "4829130570",
        ..field(label)
    }
}

const HUB: [Field; 3] = [
    field("Server address"),
    field("Port"),
    field("Fingerprint of the hub"),
];
const PERSON: [Field; 2] = [
    field("User name"),
    Field {
        is_secret: true,
        ..field("Password")
    },
];
const REPORT: [Field; 4] = [
    field("Problem"),
    field("Solution"),
    field("Category"),
    field("Notes"),
];
const CHAT: [Field; 1] = [field("Write a message")];

const WAYS: [&str; 4] = ["Ctrl+V", "Shift+Insert", "middle click", "menu"];

/// Pastes into `field` in every way.
fn takes_every_paste(app: &mut App, field: &Field) {
    for way in WAYS {
        app.type_into(field.label, "").expect("the field");
        let middle = app
            .wait_for_field(field.label)
            .expect("the field")
            .region
            .middle();
        app.eyes().put_on_clipboard(field.pasted).expect("put");
        let hands = app.hands();
        match way {
            "Ctrl+V" => hands.chord(&[key::Control_L, key::v]).expect("typed"),
            "Shift+Insert" => hands.chord(&[key::Shift_L, key::Insert]).expect("typed"),
            "middle click" => {
                app.eyes().put_in_selection(field.pasted).expect("put");
                hands.middle_click(middle).expect("clicked");
            }
            _ => {
                hands.right_click(middle).expect("clicked");
                app.click_in_menu("Paste").expect("a menu");
            }
        }
        std::thread::sleep(Duration::from_millis(400));
        let left = app.wait_for_keyboard(field.label);
        let left = left.with_context(|| {
            let label = field.label;
            format!("{way} into {label}, see {:?}", app.keep_screenshot())
        });
        left.expect("it is not left");
        if field.is_secret {
            app.click("Show the password").expect("the eye");
            // no hand goes from the mouse to the keys within a picture
            app.wait_for("Hide the password").expect("shown");
            std::thread::sleep(Duration::from_millis(300));
            app.wait_for_keyboard(field.label).expect("it is not left");
        }
        let then = app.typed_text();
        let then = then.with_context(|| {
            format!(
                "{way} into {}, see {:?}",
                field.label,
                app.keep_screenshot()
            )
        });
        let then = then.expect("copied");
        assert_eq!(then, field.then, "{way} into {}", field.label);
        if field.is_secret {
            app.click("Hide the password").expect("the eye");
        }
    }
}

fn take_every_paste(app: &mut App, fields: &[Field]) {
    for field in fields {
        takes_every_paste(app, field);
    }
}

/// Tab goes from each of `labels` to the next, passing over what is no field, and Shift+Tab back.
fn tab_goes_through(app: &mut App, labels: &[&str]) {
    app.type_into(labels[0], "").expect("the first field");
    for label in &labels[1..] {
        press_until_in(app, label, &[key::Tab]);
    }
    for label in labels.iter().rev().skip(1) {
        press_until_in(app, label, &[key::Shift_L, key::Tab]);
    }
}

fn press_until_in(app: &App, label: &str, keys: &[u32]) {
    /// Buttons and switches that may stand between two fields.
    const BETWEEN: usize = 8;
    let reached = (0..BETWEEN).any(|_| {
        app.hands().chord(keys).expect("typed");
        std::thread::sleep(Duration::from_millis(150));
        let map = app.map().expect("a map");
        let found = map.find_matching(|shown, role| shown == label && role.ends_with("Input"));
        found.is_some_and(|found| found.focused)
    });
    assert!(reached, "the keyboard does not get to {label}");
}

fn labels(fields: &[Field]) -> Vec<&'static str> {
    fields.iter().map(|field| field.label).collect()
}

/// Presses Escape in each of `fields`: `label` goes each time, and `again` brings it back.
fn escape_closes(app: &mut App, fields: &[Field], label: &str, mut again: impl FnMut(&mut App)) {
    for field in fields {
        app.type_into(field.label, "").expect("the field");
        app.hands().tap(key::Escape).expect("typed");
        app.wait_until_gone(label).expect("closed");
        again(app);
        app.wait_for(label).expect("open again");
    }
}

#[test]
fn the_fields_of_a_console_before_its_log_in() {
    let display = |size: Size| Display::start_managed(size.0, size.1).expect("a display");
    let (user, operator) = (display(USER_SCREEN), display(OPERATOR_SCREEN));
    let mut cast = Cast::before_log_in(user, operator, Look::LIGHT).expect("the cast");
    let app = &mut cast.console.app;
    take_every_paste(app, &HUB);
    take_every_paste(app, &PERSON);
    tab_goes_through(app, &[labels(&HUB), labels(&PERSON)].concat());
    // an address is taken apart when its field is left, and a menu is a part of the field
    app.type_into("Server address", "").expect("there");
    app.eyes()
        .put_on_clipboard("hub.example.org:4433")
        .expect("put");
    let middle = app
        .wait_for_field("Server address")
        .expect("there")
        .region
        .middle();
    app.hands().right_click(middle).expect("clicked");
    app.click_in_menu("Paste").expect("a menu");
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(app.typed_text().expect("copied"), "hub.example.org:4433");
    // Enter logs in from each field, Escape gives it up
    let fingerprint = "ab".repeat(32);
    let typed = [NOBODY, "4433", &fingerprint, "otto", "secret"];
    let all = HUB.iter().chain(&PERSON).zip(typed);
    for (field, typed) in all.clone() {
        app.type_into(field.label, typed).expect("typed");
    }
    for (field, typed) in all {
        app.type_into(field.label, &format!("{typed}\n"))
            .expect("typed");
        app.wait_for("Cancel").expect("Enter logs in");
        app.hands().tap(key::Escape).expect("typed");
        app.wait_until_gone("Cancel").expect("Escape gives it up");
    }
    // nothing can be pasted
    app.eyes().put_on_clipboard("").expect("put");
    app.type_into("User name", "").expect("there");
    app.hands()
        .chord(&[key::Shift_L, key::Insert])
        .expect("typed");
    app.wait_for("There is no text on the clipboard. Copy it first.")
        .expect("told");
}

#[test]
fn the_fields_of_a_console() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket_number = cast.user_asks_for_help().expect("asked");
    cast.console
        .app
        .bring_to_front("Logged in")
        .expect("in front");
    let app = &mut cast.console.app;
    take_every_paste(app, &[field("Filter"), field("Text for the user")]);
    app.type_into("Filter", "").expect("there");

    app.click("Edit the template").expect("there");
    let template = [field("Edit the template")];
    take_every_paste(app, &template);
    escape_closes(app, &template, "Keep as template", |app| {
        app.click("Edit the template").expect("there");
    });
    app.hands().tap(key::Escape).expect("typed");
    app.wait_until_gone("Keep as template").expect("closed");

    cast.console
        .choose(&ticket_number, "Chat")
        .expect("the chat");
    let app = &mut cast.console.app;
    take_every_paste(app, &CHAT);
    app.type_into("Write a message", "a line of the operator\n")
        .expect("typed");
    app.wait_for("a line of the operator")
        .expect("Enter sends it");

    app.click("Settings").expect("there");
    take_every_paste(app, &PERSON);
    take_every_paste(app, &HUB);
    tab_goes_through(app, &[labels(&PERSON), labels(&HUB)].concat());
    escape_closes(app, &PERSON, "Apply", |app| {
        app.click("Settings").expect("there");
    });
    escape_closes(app, &HUB, "Apply", |app| {
        app.click("Settings").expect("there");
    });
    app.type_into("User name", &format!("{OPERATOR}\n"))
        .expect("typed");
    app.wait_until_gone("Apply").expect("Enter saves");

    // a hub that is changed by mistake is there again
    app.click("Log out").expect("there");
    app.click("Change the hub").expect("logged out");
    take_every_paste(app, &HUB[..1]);
    escape_closes(app, &HUB, "Server address", |app| {
        app.click("Change the hub").expect("there");
    });
    app.click("Cancel").expect("there");
    app.click("Log into the service").expect("there");
    cast.console.wait_until_logged_in().expect("the same hub");
}

#[test]
fn the_fields_of_a_session_and_its_report() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket_number = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket_number).expect("a session");
    let app = &mut cast.console.app;
    app.click("Session menu").expect("there");
    app.click_in_menu("Bring in a colleague").expect("there");
    let colleague = [ticket("Your colleague's ticket")];
    take_every_paste(app, &colleague);
    app.hands().tap(key::Escape).expect("typed");
    app.wait_until_gone("Your colleague's ticket")
        .expect("closed");
    app.click("Chat").expect("there");
    take_every_paste(app, &CHAT);
    app.type_into("Write a message", "a line in the session\n")
        .expect("typed");
    app.wait_for("a line in the session")
        .expect("Enter sends it");
    cast.helpme
        .app
        .click_matching("the chat", |label| label.starts_with("Chat"))
        .expect("there");
    take_every_paste(&mut cast.helpme.app, &CHAT);

    cast.console.end_session().expect("ended");
    let app = &mut cast.console.app;
    app.click("Write the report").expect("there");
    take_every_paste(app, &REPORT);
    tab_goes_through(app, &labels(&REPORT));
    // Escape leaves the report, and nothing that was typed is lost
    let computer = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
    for field in &REPORT {
        app.type_into(field.label, "kept").expect("typed");
        app.hands().tap(key::Escape).expect("typed");
        app.wait_until_gone("Finish the report").expect("left");
        app.bring_to_front("Logged in").expect("in front");
        app.click("Reports").expect("there");
        app.wait_for("Drafts").expect("the list");
        app.click(computer.trim()).expect("the draft");
        app.bring_to_front("Finish the report").expect("open again");
        let middle = app
            .wait_for_field(field.label)
            .expect("there")
            .region
            .middle();
        app.hands().click(middle).expect("clicked");
        app.wait_for_keyboard(field.label).expect("there");
        assert_eq!(app.typed_text().expect("copied"), "kept", "{}", field.label);
    }
}

#[test]
fn the_fields_of_helpme() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let app = &mut cast.helpme.app;
    let form = [ticket("Ticket"), field("Your name")];
    take_every_paste(app, &form);
    tab_goes_through(app, &["Ticket", "Your name"]);
    for label in ["Ticket", "Your name"] {
        app.type_into(label, "\n").expect("typed");
        app.wait_for_matching("Enter asks for help", |label| label.contains("ten digits"))
            .expect("told that the ticket is not whole");
        app.type_into("Ticket", "1").expect("typed");
        app.type_into("Ticket", "").expect("typed");
    }
    let ticket_number = cast.console.generate_ticket().expect("a ticket");
    cast.helpme
        .ask_for_help(&ticket_number, USER_NAME)
        .expect("asked");
    cast.console
        .wait_for_computer(&ticket_number)
        .expect("there");
    let app = &mut cast.helpme.app;
    take_every_paste(app, &CHAT);
    app.type_into("Write a message", "a line of the user\n")
        .expect("typed");
    app.wait_for("a line of the user").expect("Enter sends it");

    // one that is not set up for a hub
    cast.helpme.app.running().stop().expect("left");
    let home = Home::fresh(cast.folder(), "not set up").expect("a home");
    let program = cast.programs.path("helpme");
    let helpme = Helpme::start_as_set_up(&program, &cast.user_display, home, Look::LIGHT);
    cast.helpme = helpme.expect("started");
    let app = &mut cast.helpme.app;
    let settings = [field("Server address"), field("Fingerprint of the server")];
    app.click("Settings").expect("there");
    take_every_paste(app, &settings);
    tab_goes_through(app, &labels(&settings));
    escape_closes(app, &settings, "Save", |app| {
        app.click("Settings").expect("there");
    });
    app.type_into("Server address", NOBODY).expect("typed");
    let fingerprint = format!("{}\n", "ab".repeat(32));
    app.type_into("Fingerprint of the server", &fingerprint)
        .expect("typed");
    app.wait_until_gone("Save").expect("Enter saves");
}
