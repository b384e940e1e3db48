//! One operator is shown the screen of another, with two consoles on two displays (O10).

use std::fs;
use std::process::Command;

use e2e::{
    COLLEAGUE_NAME, Cast, Colleague, Display, PATIENCE, Running, Size, bar_on, end_button,
    wait_until,
};
use xkeysym::key;

const USER_SCREEN: Size = Size(800, 600);
const OPERATOR_SCREEN: Size = Size(1680, 1050);
const COLLEAGUE_SCREEN: Size = Size(1024, 768);
const WORD: &str = "girasole";
/// In the terminal on the colleague's screen.
const PLACE: (u32, u32) = (150, 220);

/// Anna asks, and both type a word.
fn agree(cast: &mut Cast, colleague: &mut Colleague, annas: &str, brunos: &str, picture: bool) {
    let anna = &mut cast.console.app;
    anna.bring_to_front("Logged in").expect("in front");
    anna.right_click(COLLEAGUE_NAME).expect("clicked");
    anna.click_in_menu("Ask to see the screen of Bruno Verdi")
        .expect("chosen");
    anna.click("See, keyboard and pointer").expect("chosen");
    anna.click("Ask").expect("asked");
    let bruno = &mut colleague.console.app;
    bruno
        .wait_for("Anna Bianchi asks to see your screen")
        .expect("asked");
    bruno.wait_for_field("Word").expect("a field");
    let counts = |label: &str| label.ends_with("seconds left");
    bruno
        .wait_for_matching("the time that is left", counts)
        .expect("counted down");
    if picture {
        bruno
            .show_picture("Logged in", "console-showing-asked")
            .expect("a picture");
    }
    bruno.type_into("Word", brunos).expect("typed");
    bruno.hands().tap(key::Return).expect("pressed");
    let anna = &mut cast.console.app;
    anna.wait_for_field("Word").expect("a field");
    anna.type_into("Word", annas).expect("typed");
    if picture {
        anna.show_picture("Logged in", "console-showing-asks")
            .expect("a picture");
    }
    anna.hands().tap(key::Return).expect("pressed");
}

fn terminal(display: &Display, cast: &Cast) -> Running {
    let mut command = Command::new("xterm");
    command
        .args(["-geometry", "60x12+20+120", "-bg", "#123456", "-e"])
        .args(["bash", "-c"])
        .args([r#"cat >"$1""#, "desk"])
        .arg(cast.folder().join("typed"))
        .env("DISPLAY", display.name())
        .env("LC_ALL", "C.UTF-8");
    let log = cast.folder().join("xterm.log");
    Running::start("xterm", &mut command, &log).expect("a terminal")
}

#[test]
fn o10_a_colleague_is_shown_a_screen_by_the_same_word_alone() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let mut colleague = Colleague::arrive(&cast, COLLEAGUE_SCREEN).expect("a colleague");
    cast.console
        .app
        .wait_for(COLLEAGUE_NAME)
        .expect("in the list");

    // another word
    agree(&mut cast, &mut colleague, "tulipano", WORD, true);
    let differ = |label: &str| label.starts_with("The two words were not the same");
    for app in [&mut cast.console.app, &mut colleague.console.app] {
        app.wait_for_matching("why not", differ).expect("said");
        app.click("Close").expect("closed");
    }
    assert_eq!(cast.hub.films().expect("films").len(), 0);

    // the same word
    agree(&mut cast, &mut colleague, "Girasole", WORD, false);
    let session = cast.console.wait_for_session().expect("a session");
    let _terminal = terminal(&colleague.display, &cast);
    wait_until("the terminal to be in front", PATIENCE, || {
        let there = colleague.display.screenshot()?.at(PLACE.0, PLACE.1);
        Ok((there == [0x12, 0x34, 0x56]).then_some(()))
    })
    .expect("a terminal");
    let end = end_button(&colleague.display).expect("it says who is there");
    cast.console
        .app
        .show_picture("Remote screen", "console-showing-session")
        .expect("a picture");
    if let Some(folder) = std::env::var_os("PHD_PICTURES") {
        let picture = colleague.display.screenshot().expect("a picture");
        let path = std::path::Path::new(&folder).join("console-shown-screen.png");
        picture.save_png(&path).expect("kept");
    }
    // what is typed arrives
    let hands = cast.console.app.hands();
    hands
        .click((session.x + PLACE.0, session.y + PLACE.1))
        .expect("a click into the terminal");
    hands.type_text("at your desk\n").expect("typed");
    let typed = cast.folder().join("typed");
    wait_until("what was typed", PATIENCE, || {
        let read = fs::read_to_string(&typed).unwrap_or_default();
        Ok((read == "at your desk\n").then_some(()))
    })
    .expect("it arrives");

    // whoever shows it ends it
    let his = colleague.display.hands().expect("hands");
    his.click(end).expect("clicked");
    let ended = |label: &str| label.starts_with("The user ended");
    cast.console
        .app
        .wait_for_matching("the end", ended)
        .expect("the end is said");
    wait_until("the bar to be gone", PATIENCE, || {
        Ok(bar_on(&colleague.display)?.is_none().then_some(()))
    })
    .expect("nobody is there any more");
    cast.console.leave_session().expect("left");

    let reports = cast.hub.reports().expect("reports");
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(reports[0]["requester"], COLLEAGUE_NAME);
    assert_eq!(cast.hub.films().expect("films").len(), 1);
    assert_eq!(cast.hub.audited("screen.shown").expect("read").len(), 1);
    let vain = cast.hub.audited("screen.not_shown").expect("read");
    assert_eq!(vain.len(), 1, "{vain:?}");
    cast.hub.verify_audit().expect("sound");
}
