//! The administrator's window, with a real hub and real sessions (D3, D4).

use std::path::PathBuf;

use e2e::{Administrator, App, Cast, Display, Home, Look, Size};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);
const ADMIN_SCREEN: Size = Size(1280, 840);

/// A picture for whoever wants to look, in the folder that `PHD_PICTURES` names.
fn picture(app: &App, title: &str, name: &str) {
    if let Some(folder) = std::env::var_os("PHD_PICTURES") {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let path = PathBuf::from(folder).join(format!("{name}.png"));
        let picture = app.picture_of(title).expect("a picture");
        picture.save_png(&path).expect("saved");
    }
}

#[test]
fn d3_an_administrator_sees_what_goes_on_and_ends_a_session() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let display = Display::start_managed(ADMIN_SCREEN.0, ADMIN_SCREEN.1).expect("a display");
    let home = Home::fresh(cast.folder(), "admin").expect("a home");
    let mut admin =
        Administrator::start(&cast.programs, &display, home, Look::LIGHT).expect("started");
    admin.app.wait_for("Sign in").expect("the form");
    picture(&admin.app, "Sign in", "admin-sign-in");
    admin.sign_in(&cast.hub).expect("signed in");
    admin.app.wait_for("Today").expect("the overview");
    picture(&admin.app, "Today", "admin-overview-empty");

    let ticket = cast.user_asks_for_help().expect("a user");
    cast.session_begins(&ticket).expect("a session");
    admin.app.click("Live").expect("clicked");
    let is_end = |label: &str| label.starts_with("End the session with ");
    admin
        .app
        .wait_for_matching("the session", is_end)
        .expect("the session");
    picture(&admin.app, "Live", "admin-live");
    admin.app.click_matching("end", is_end).expect("clicked");
    admin.app.wait_for("End this session?").expect("a question");
    picture(&admin.app, "End this session?", "admin-live-question");
    admin.app.hands().tap(xkeysym::key::Escape).expect("typed");
    admin.app.wait_until_gone("End this session?").expect("no");
    admin.app.click_matching("end", is_end).expect("clicked");
    admin.app.wait_for("End this session?").expect("a question");
    admin.app.click("End session").expect("clicked");
    let told = "An administrator of the service ended the session.";
    cast.helpme.app.wait_for(told).expect("the user reads it");
    admin.app.wait_for("No session is running").expect("ended");
    admin.app.click("Overview").expect("clicked");
    admin.app.wait_for("Today").expect("the overview");
    picture(&admin.app, "Today", "admin-overview");
    let films = cast.hub.films().expect("films");
    assert_eq!(films[0].ended_by.as_deref(), Some("administrator"));
    cast.hub.verify_audit().expect("sound");
}
