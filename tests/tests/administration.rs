//! The administrator's window, with a real hub and real sessions (D3, D4).

use std::cell::RefCell;
use std::os::unix::fs::PermissionsExt as _;

use e2e::{Administrator, App, Cast, Display, Home, Look, Size};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);
/// What both sides read while the administrator watches.
const WATCHES: &str = "Chiara Neri watches";
const ADMIN_SCREEN: Size = Size(1280, 840);

#[test]
fn d3_an_administrator_sees_what_goes_on_and_ends_a_session() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let display = Display::start_managed(ADMIN_SCREEN.0, ADMIN_SCREEN.1).expect("a display");
    let home = Home::fresh(cast.folder(), "admin").expect("a home");
    let mut admin =
        Administrator::start(&cast.programs, &display, home, Look::LIGHT).expect("started");
    admin.app.wait_for("Sign in").expect("the form");
    admin
        .app
        .show_picture("Sign in", "admin-sign-in")
        .expect("a picture");
    admin.sign_in(&cast.hub).expect("signed in");
    admin.app.wait_for("Today").expect("the overview");
    admin
        .app
        .show_picture("Today", "admin-overview-empty")
        .expect("a picture");

    let ticket = cast.user_asks_for_help().expect("a user");
    cast.session_begins(&ticket).expect("a session");
    admin.app.click("Live").expect("clicked");
    let is_end = |label: &str| label.starts_with("End the session with ");
    admin
        .app
        .wait_for_matching("the session", is_end)
        .expect("the session");
    admin
        .app
        .wait_for("Disconnect Anna Bianchi")
        .expect("everybody is there, whatever their groups");
    admin
        .app
        .show_picture("Live", "admin-live")
        .expect("a picture");
    admin.app.click_matching("end", is_end).expect("clicked");
    admin.app.wait_for("End this session?").expect("a question");
    admin
        .app
        .show_picture("End this session?", "admin-live-question")
        .expect("a picture");
    admin.app.hands().tap(xkeysym::key::Escape).expect("typed");
    admin.app.wait_until_gone("End this session?").expect("no");
    admin.app.click_matching("end", is_end).expect("clicked");
    admin.app.wait_for("End this session?").expect("a question");
    admin.app.click("End session").expect("clicked");
    let told = "An administrator of the service ended the session.";
    cast.helpme
        .app
        .wait_for_matching(told, |label| label.starts_with(told))
        .expect("the user reads it");
    admin.app.wait_for("No session is running").expect("ended");
    admin.app.click("Overview").expect("clicked");
    admin.app.wait_for("Today").expect("the overview");
    admin
        .app
        .show_picture("Today", "admin-overview")
        .expect("a picture");
    let films = cast.hub.films().expect("films");
    assert_eq!(films[0].ended_by.as_deref(), Some("administrator"));
    cast.hub.verify_audit().expect("sound");
}

#[test]
fn d2_an_administrator_watches_a_session_and_both_sides_read_it() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let display = Display::start_managed(ADMIN_SCREEN.0, ADMIN_SCREEN.1).expect("a display");
    let home = Home::fresh(cast.folder(), "admin").expect("a home");
    let mut admin =
        Administrator::start(&cast.programs, &display, home, Look::LIGHT).expect("started");
    admin.sign_in(&cast.hub).expect("signed in");
    let ticket = cast.user_asks_for_help().expect("a user");
    cast.session_begins(&ticket).expect("a session");
    admin.app.click("Live").expect("clicked");
    let is_watch = |label: &str| label.starts_with("Watch the session with ");
    admin
        .app
        .click_matching("watch", is_watch)
        .expect("clicked");
    cast.helpme.app.wait_for(WATCHES).expect("on the bar");
    cast.console.app.wait_for(WATCHES).expect("in the window");
    admin.app.wait_for("Pause (Space)").expect("it plays");
    admin
        .app
        .show_picture("Pause (Space)", "admin-watch")
        .expect("a picture");
    cast.helpme
        .app
        .show_picture("End", "helpme-watched")
        .expect("a picture");
    // back in time, and live again
    admin.app.hands().tap(xkeysym::key::Home).expect("typed");
    admin.app.wait_for("Back to live").expect("in the past");
    admin.app.click("Back to live").expect("clicked");
    admin.app.wait_until_gone("Back to live").expect("live");
    admin.app.hands().tap(xkeysym::key::Escape).expect("typed");
    cast.helpme
        .app
        .wait_until_gone(WATCHES)
        .expect("nobody watches");
    cast.helpme.end().expect("ended");
    cast.hub.verify_audit().expect("sound");
}

/// A session with chat, and its report finished at the console.
fn an_assistance(cast: &mut Cast) {
    let ticket = cast.user_asks_for_help().expect("a user");
    cast.session_begins(&ticket).expect("a session");
    std::thread::sleep(std::time::Duration::from_secs(2));
    cast.helpme.end().expect("ended");
    let console = &mut cast.console.app;
    console.click("Write the report").expect("a report");
    console
        .type_into("Problem", "The printer says paper jam")
        .expect("typed");
    console
        .type_into("Solution", "Paper removed from tray two")
        .expect("typed");
    console.click("Finish the report").expect("finished");
    console
        .wait_until_gone("Finish the report")
        .expect("the report is at the hub");
}

#[test]
fn d3_a_report_is_found_and_its_film_is_played() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    an_assistance(&mut cast);
    let display = Display::start_managed(ADMIN_SCREEN.0, ADMIN_SCREEN.1).expect("a display");
    let home = Home::fresh(cast.folder(), "admin").expect("a home");
    let mut admin =
        Administrator::start(&cast.programs, &display, home, Look::LIGHT).expect("started");
    admin.sign_in(&cast.hub).expect("signed in");
    let app = &mut admin.app;

    app.click("Reports").expect("clicked");
    app.wait_for("Mario Rossi").expect("the report");
    app.show_picture("Reports", "admin-reports")
        .expect("a picture");
    // a search finds the beginning of a word, and nothing where there is nothing
    admin.search("giraffe").expect("typed");
    admin.app.wait_for("Nothing found").expect("nothing");
    admin.find_report("tray pap", "Mario Rossi").expect("found");
    let app = &mut admin.app;
    app.wait_for("Paper removed from tray two")
        .expect("the whole report");
    app.show_picture("Watch the film", "admin-report")
        .expect("a picture");

    admin.watch_film().expect("the film is here");
    let app = &mut admin.app;
    app.show_picture("Play (Space)", "admin-film")
        .expect("a picture");
    // sought with keys, and played
    app.hands().tap(xkeysym::key::End).expect("typed");
    wait_for_place(app, |at, whole| at == whole && whole != "0:00");
    app.hands().tap(xkeysym::key::Home).expect("typed");
    wait_for_place(app, |at, _| at == "0:00");
    app.hands().tap(xkeysym::key::space).expect("typed");
    wait_for_place(app, |at, _| at != "0:00");
    // a part becomes a video
    app.click("Export film").expect("clicked");
    app.click("A part").expect("clicked");
    app.type_into("From", "0:00").expect("typed");
    app.type_into("To", "0:01.5").expect("typed");
    app.click("Export").expect("clicked");
    let video = path_told(app);
    let seconds = duration_of(&video);
    assert!((1.0..=2.0).contains(&seconds), "{seconds} s");
    app.click("Hold").expect("clicked");
    app.type_into("Reason", "court").expect("typed");
    // the button of the question, not the one behind it
    app.hands().tap(xkeysym::key::Escape).expect("typed");
    app.wait_until_gone("Reason").expect("taken back");
}

/// Waits until the player is at a place that is `wanted`, of so much in all.
fn wait_for_place(app: &mut App, wanted: impl Fn(&str, &str) -> bool) {
    let is_there = |label: &str| {
        let places = label.split_once(" / ");
        places.is_some_and(|(at, whole)| at.contains(':') && wanted(at, whole))
    };
    app.wait_for_matching("the place", is_there)
        .expect("the film is there");
}

/// Where the window says that it saved something.
fn path_told(app: &mut App) -> String {
    let told = RefCell::new(String::new());
    let is_told = |label: &str| {
        let path = label.strip_prefix("Saved as ");
        path.map(|path| path.clone_into(&mut told.borrow_mut()))
            .is_some()
    };
    app.wait_for_matching("where", is_told).expect("told");
    told.into_inner()
}

/// How long a video is, in seconds, as ffmpeg sees it.
fn duration_of(video: &str) -> f64 {
    let shown = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format=duration"])
        .args(["-of", "default=nokey=1:noprint_wrappers=1", video])
        .output()
        .expect("ffprobe runs");
    let text = String::from_utf8_lossy(&shown.stdout);
    text.trim().parse().expect("a number")
}

#[test]
fn every_section_of_the_administration_is_there() {
    let cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let display = Display::start_managed(ADMIN_SCREEN.0, ADMIN_SCREEN.1).expect("a display");
    let home = Home::fresh(cast.folder(), "admin").expect("a home");
    let mut admin =
        Administrator::start(&cast.programs, &display, home, Look::LIGHT).expect("started");
    admin.sign_in(&cast.hub).expect("signed in");
    let app = &mut admin.app;
    for (section, shows) in [
        ("Reports", "No reports yet"),
        ("Films", "No films"),
        ("People", "Anna Bianchi"),
        ("Audit log", "Account added"),
        ("Settings", "How long things are kept"),
    ] {
        app.click(section).expect("clicked");
        app.wait_for(shows).expect("the section");
        app.show_picture(section, &format!("admin-{}", section.to_lowercase()))
            .expect("a picture");
    }
}

#[test]
fn b1_the_first_administrator_comes_with_the_invitation_that_the_hub_leaves() {
    let cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let display = Display::start_managed(ADMIN_SCREEN.0, ADMIN_SCREEN.1).expect("a display");
    let home = Home::fresh(cast.folder(), "admin").expect("a home");
    let mut admin =
        Administrator::start(&cast.programs, &display, home, Look::LIGHT).expect("started");
    admin.accept_invitation(&cast.hub).expect("signed in");
    let app = &mut admin.app;
    app.click("People").expect("clicked");
    app.wait_for("Anna Bianchi").expect("the operator");
    // an invitation is shown with its code to scan
    app.click("Anna Bianchi").expect("chosen");
    app.click("Invite").expect("clicked");
    app.wait_for_matching("an invitation", |label| {
        label.starts_with("pure-help-desk://")
    })
    .expect("a line");
    app.show_picture("People", "admin-invitation")
        .expect("a picture");
    // and is saved as a file, which no other account of the computer can read
    app.click("Save as a file").expect("clicked");
    let path = path_told(app);
    assert!(path.ends_with("invitation-anna.txt"), "{path}");
    let mode = std::fs::metadata(&path).expect("a file").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let line = std::fs::read_to_string(&path).expect("readable");
    let invitation: protocol::Invitation = line.parse().expect("an invitation");
    assert_eq!(&*invitation.user, "anna");
}
