//! A film that left the hub is played by a web browser (D2).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::{Administrator, Cast, Display, Home, Look, Size, ask_page};
use serde_json::Value;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);
const ADMIN_SCREEN: Size = Size(1280, 840);

/// What the user's screen shows, one after the other, each told in the chat a moment before.
const COLOURS: [(&str, u32); 3] = [
    ("it is red", 0xd0_20_20),
    ("it is green", 0x20_a0_30),
    ("it is blue", 0x20_40_d0),
];
/// H.264 keeps colours for four pixels together, and in a smaller range.
const NEAR: i64 = 12;

/// The seconds and the titles of the chapters, as ffmpeg's reader lists them.
fn chapters(film: &Path) -> Vec<(f64, String)> {
    let probed = Command::new("ffprobe")
        .args(["-loglevel", "error", "-show_chapters", "-of", "json"])
        .arg(film)
        .output()
        .expect("ffprobe, of the package ffmpeg");
    let said = String::from_utf8_lossy(&probed.stderr);
    assert!(probed.status.success() && said.is_empty(), "{said}");
    let found: Value = serde_json::from_slice(&probed.stdout).expect("JSON");
    let chapters = found["chapters"].as_array().expect("a list").iter();
    let told = |chapter: &Value| {
        let title = chapter["tags"]["title"].as_str().expect("a title");
        let at = chapter["start_time"].as_str().expect("a time");
        (at.parse().expect("seconds"), title.to_owned())
    };
    chapters.map(told).collect()
}

#[test]
fn d2_an_exported_film_is_played_and_sought_by_a_browser() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("a user");
    cast.console.choose(&ticket, "Chat").expect("a chat");
    cast.session_begins(&ticket).expect("a session");
    let console = &mut cast.console.app;
    console.bring_to_front("Logged in").expect("in front");
    for (told, colour) in COLOURS {
        console.type_into("Write a message", told).expect("typed");
        console.hands().tap(xkeysym::key::Return).expect("said");
        cast.user_display.paint_background(colour).expect("painted");
        std::thread::sleep(Duration::from_secs(3));
    }
    cast.helpme.end().expect("ended");
    cast.console
        .write_report("Which colour is it?", "All of them")
        .expect("a report");

    let display = Display::start_managed(ADMIN_SCREEN.0, ADMIN_SCREEN.1).expect("a display");
    let home = Home::fresh(cast.folder(), "admin").expect("a home");
    let mut admin =
        Administrator::start(&cast.programs, &display, home, Look::LIGHT).expect("started");
    admin.sign_in(&cast.hub).expect("signed in");
    admin.find_report("colour", "Mario Rossi").expect("found");
    admin.watch_film().expect("the film is here");
    let film = admin.export_film().expect("a video");

    let listed = chapters(&film);
    let at = |told: &str| {
        let chapter = listed.iter().find(|(_, title)| title.contains(told));
        let (at, _) = chapter.unwrap_or_else(|| panic!("no chapter {told:?}: {listed:?}"));
        // a screen is told of a moment later
        at + 1.5
    };
    // not in their order, so that it goes back as well
    let looked_at = [COLOURS[1], COLOURS[0], COLOURS[2]];
    let seconds = looked_at.map(|(told, _)| at(told));
    let page = include_str!("pages/player.html").replace("SECONDS", &format!("{seconds:?}"));
    let home = Home::fresh(cast.folder(), "browser").expect("a home");
    let told = ask_page(&home, &page, &film, Duration::from_mins(1)).expect("an answer");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["error"], Value::Null);
    assert_eq!(
        (told["width"].as_u64(), told["height"].as_u64()),
        (Some(1024), Some(720))
    );
    let duration = told["duration"].as_f64().expect("seconds");
    assert!((9.0..40.0).contains(&duration), "{told}");
    let played = told["played"].as_f64().expect("seconds");
    assert!((played - duration).abs() < 0.1, "to the end: {told}");
    // a browser that is short of time leaves pictures out
    assert!(told["pictures"].as_u64() >= Some(4), "{told}");
    let sought = told["sought"].as_array().expect("a list");
    for ((told, colour), found) in looked_at.iter().zip(sought) {
        let [_, wanted @ ..] = colour.to_be_bytes();
        for (channel, wanted) in wanted.into_iter().enumerate() {
            let seen = found["colour"][channel].as_i64().expect("a colour");
            let apart = (seen - i64::from(wanted)).abs();
            assert!(apart <= NEAR, "{told}, {wanted} in {found}");
        }
    }
    assert_eq!(sought.len(), COLOURS.len());
}
