//! A Helpme that somebody saved when the protocol was younger, at the hub and the console of today (H3, P2).
//!
//! `PHD_OLDER_HELPME` names one, built from an earlier commit; `hub/tests/versions.rs` tells the hub what such ones say
//! without it.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use e2e::{Cast, Helpme, Home, Look, PATIENCE, RawTerminal, Size, USER_NAME, wait_until};
use xkeysym::key;

const OLDER: &str = "PHD_OLDER_HELPME";
/// Both pointers rest to the right of this.
const WITHOUT_POINTER: u32 = 700;

#[test]
#[ignore = "takes a Helpme of an earlier commit, which PHD_OLDER_HELPME names"]
fn p2_a_helpme_that_was_saved_a_version_of_the_protocol_ago_is_helped() {
    let older = PathBuf::from(std::env::var_os(OLDER).expect("a Helpme is named"));
    let mut cast = Cast::assemble(Size(1024, 720), Size(1440, 900)).expect("a cast");
    cast.operator_display.set_layout("it").expect("a layout");
    // the file as it was saved, and what names its hub beside it
    let folder = cast.folder().join("saved");
    fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("helpme");
    fs::copy(&older, &program).expect("copied");
    let beside = format!(
        r#"{{ "address": "{}", "fingerprint": "{}" }}"#,
        cast.hub.address(),
        cast.hub.fingerprint()
    );
    fs::write(folder.join("helpme.json"), beside).expect("written");
    let home = Home::fresh(cast.folder(), "older").expect("a home");
    let started = Helpme::start_as_set_up(&program, &cast.user_display, home, Look::LIGHT);
    cast.helpme = started.expect("started");
    let terminal = RawTerminal::open(&cast.user_display, cast.folder(), "").expect("a terminal");

    let ticket = cast.user_asks_for_help().expect("in the list");
    let session = cast.session_begins(&ticket).expect("a session");
    let hands = cast.operator_display.hands().expect("hands");
    wait_until("the first key", PATIENCE, || {
        hands.click((session.x + 300, session.y + 400))?;
        thread::sleep(Duration::from_millis(300));
        hands.tap(key::x)?;
        thread::sleep(Duration::from_millis(500));
        Ok(terminal.text().contains('x').then_some(()))
    })
    .expect("the keyboard");
    hands.type_text("saved last year è €").expect("typed");
    wait_until("what was typed", PATIENCE, || {
        Ok(terminal
            .text()
            .contains("saved last year è €")
            .then_some(()))
    })
    .expect("typed there");
    hands
        .point_at((session.x + 900, session.y + 600))
        .expect("pointed");
    wait_until("the same picture", PATIENCE, || {
        let there = cast.user_display.screenshot()?.left(WITHOUT_POINTER);
        let seen = cast.console.remote_picture()?.left(WITHOUT_POINTER);
        Ok((there.differing_pixels(&seen) == 0).then_some(()))
    })
    .expect("equal");
    cast.helpme
        .app
        .show_picture("End", "older-helpme-bar")
        .expect("a picture");
    cast.console
        .app
        .show_picture("Remote screen", "older-helpme-session")
        .expect("a picture");
    cast.helpme.end().expect("ended");
    cast.console
        .write_report("An old Helpme", "It goes on")
        .expect("a report");
    let film = cast.hub.films().expect("films").pop().expect("a film");
    assert_eq!(film.requester, USER_NAME);
    cast.hub.verify_film(film.id).expect("whole");
    cast.hub.verify_audit().expect("whole");
}
