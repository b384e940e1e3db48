//! What the person at the host must see is seen, whatever other windows do: the operator's question
//! (H5), and the bar while somebody is there (H6).

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use e2e::{Cast, Display, PATIENCE, Running, Size, wait_until};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);

/// What the covering window is filled with; Helpme has no such colour.
const COVER: [u8; 3] = [0x24, 0x86, 0x6a];
/// A frightened person does not look for a window.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A terminal over the whole of the user's screen, in which he works.
fn cover(cast: &Cast, how: &str) -> Running {
    let [red, green, blue] = COVER;
    let colour = format!("#{red:02x}{green:02x}{blue:02x}");
    let mut command = Command::new("xterm");
    command
        .args(["-T", "work", how, "-bg", &colour, "-e", "cat"])
        .env("DISPLAY", cast.user_display.name())
        .env("LC_ALL", "C.UTF-8");
    let log = cast.folder().join("work.log");
    let running = Running::start("work", &mut command, &log).expect("a terminal");
    let Size(width, height) = USER_SCREEN;
    wait_until("the screen to be covered", PATIENCE, || {
        let seen = cast.user_display.screenshot()?;
        let (right, bottom) = (u32::from(width) - 30, u32::from(height) - 30);
        let covered = [(30, bottom), (right, bottom), (right, 60)]
            .iter()
            .all(|&(x, y)| seen.at(x, y) == COVER);
        Ok(covered.then_some(()))
    })
    .expect("covered");
    running
}

/// The user clicks into his work and types.
fn work(cast: &Cast) {
    let hands = cast.user_display.hands().expect("hands");
    hands.click((512, 600)).expect("clicked");
    hands.type_text("Dear Anna").expect("typed");
    hands.tap(key::Return).expect("typed");
}

/// Whether `label` of Helpme can be read on the screen, and not only in Helpme's own mind.
fn is_seen(cast: &Cast, label: &str) -> anyhow::Result<bool> {
    let Some(found) = cast.helpme.app.find(label)? else {
        return Ok(false);
    };
    let seen = cast.user_display.screenshot_of(found.region)?;
    let (width, height) = (seen.width(), seen.height());
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let covered = places.filter(|&(x, y)| seen.at(x, y) == COVER).count();
    Ok(width > 0 && height > 0 && covered == 0)
}

fn is_seen_at_once(cast: &Cast, label: &str) {
    wait_until(&format!("{label} on the screen"), AT_ONCE, || {
        Ok(is_seen(cast, label)?.then_some(()))
    })
    .with_context(|| picture(cast))
    .expect("seen at once");
}

fn picture(cast: &Cast) -> String {
    let path = std::env::temp_dir().join("phd-e2e-failures");
    std::fs::create_dir_all(&path).expect("a folder");
    let path = path.join(format!("in-front-{}.png", std::process::id()));
    let seen = cast.user_display.screenshot().expect("a picture");
    seen.save_png(&path).expect("saved");
    format!("see {}", path.display())
}

/// The operator asks while the user works; he sees that and allows.
fn the_question_is_seen_and_answered(cast: &mut Cast, ticket: &str) {
    work(cast);
    let display = Display::attach(cast.user_display.name()).expect("a display");
    // no longer than the play: it fails when the display is gone
    std::thread::spawn(move || {
        while display.mark_as_used().is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    cast.console
        .choose(ticket, "Remote Session")
        .expect("asked");
    is_seen_at_once(cast, "Allow");
    // a click reaches it
    cast.helpme.app.click("Allow").expect("allowed");
    cast.helpme.wait_for_bar().expect("the bar");
}

#[test]
fn h5_a_question_comes_in_front_of_what_covers_helpme() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    let _work = cover(&cast, "-maximized");
    the_question_is_seen_and_answered(&mut cast, &ticket);
}

#[test]
fn h5_a_question_comes_in_front_of_a_full_screen() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    let _work = cover(&cast, "-fullscreen");
    the_question_is_seen_and_answered(&mut cast, &ticket);
}

#[test]
fn h5_a_question_brings_back_a_helpme_that_was_minimised() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.helpme.app.minimise("Helpme").expect("minimised");
    let _work = cover(&cast, "-maximized");
    the_question_is_seen_and_answered(&mut cast, &ticket);
}

#[test]
fn h5_a_question_comes_in_front_of_a_window_that_is_always_on_top() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    let _work = cover(&cast, "-maximized");
    cast.user_display.keep_on_top().expect("kept on top");
    the_question_is_seen_and_answered(&mut cast, &ticket);
}

#[test]
fn h6_the_bar_stays_in_front_of_whatever_comes() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    let _window = cover(&cast, "-maximized");
    work(&cast);
    is_seen_at_once(&cast, "End");
    cast.user_display.keep_on_top().expect("kept on top");
    work(&cast);
    is_seen_at_once(&cast, "End");
    let _screen = cover(&cast, "-fullscreen");
    work(&cast);
    is_seen_at_once(&cast, "End");
    // and it works there
    cast.helpme.end().expect("ended");
    let ended = cast.helpme.app.wait_for("Use another ticket");
    ended.expect("the session is over");
}

#[test]
fn h6_the_bar_over_a_full_screen_can_be_dragged_and_opens_the_chat() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    let _screen = cover(&cast, "-fullscreen");
    work(&cast);
    is_seen_at_once(&cast, "End");
    let hands = cast.user_display.hands().expect("hands");
    hands.drag((500, 30), (440, 330)).expect("dragged");
    let end = cast.helpme.app.wait_for("End").expect("the bar").region;
    assert!((270..=340).contains(&end.y), "{end:?}");
    is_seen_at_once(&cast, "End");

    cast.helpme.app.click("Chat").expect("the chat");
    is_seen_at_once(&cast, "Write a message");
    let typed = cast.helpme.app.type_into("Write a message", "It helps!\n");
    typed.expect("typed");
    let said = cast.helpme.app.wait_for("It helps!");
    said.expect("the keys arrive");
    cast.helpme.end().expect("ended");
}

#[test]
fn h6_a_bar_that_was_minimised_is_seen_again() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    let _work = cover(&cast, "-maximized");
    cast.helpme.app.minimise("End").expect("minimised");
    work(&cast);
    is_seen_at_once(&cast, "End");
    cast.helpme.end().expect("ended");
}

#[test]
fn h6_the_hot_key_ends_the_session_whatever_window_has_the_keyboard() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    let _screen = cover(&cast, "-fullscreen");
    work(&cast);
    let hands = cast.user_display.hands().expect("hands");
    let keys = [key::Control_L, key::Alt_L, key::Shift_L, key::x];
    hands.chord(&keys).expect("pressed");
    let ended = cast.helpme.app.wait_for("Use another ticket");
    ended.expect("the session is over");
}
