//! Computers with nobody in front, as an operator and an administrator see them (U1, O8).

use e2e::{Administrator, Cast, Display, Home, Look, OPERATOR, Size, Till};

const USER_SCREEN: Size = Size(800, 600);
const OPERATOR_SCREEN: Size = Size(1280, 800);
const ADMIN_SCREEN: Size = Size(1280, 840);

#[test]
fn u1_a_permanent_host_is_seen_by_those_who_may_and_says_what_is_not_there_yet() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    cast.hub
        .set_up_hosts("Tills", "Retail", OPERATOR)
        .expect("groups");
    let folder = cast.folder().to_owned();
    let home = |name: &str| Home::fresh(&folder, name).expect("a home");
    let till = |name: &str, group: &str| {
        Till::enrol(&cast.programs, &cast.hub, home(name), name, group).expect("enrolled")
    };
    let seen = till("TILL-4", "Tills");
    let _unseen = till("VAULT-1", "Vault");
    cast.console.app.wait_for("TILL-4").expect("in the list");

    let display = Display::start_managed(ADMIN_SCREEN.0, ADMIN_SCREEN.1).expect("a display");
    let mut admin = Administrator::start(&cast.programs, &display, home("admin"), Look::LIGHT)
        .expect("started");
    admin.sign_in(&cast.hub).expect("signed in");
    admin.app.click("Computers").expect("clicked");
    for name in ["TILL-4", "VAULT-1", "Tills", "Vault"] {
        admin
            .app
            .wait_for(name)
            .expect("the administrator sees all");
    }
    assert!(!cast.console.app.shows("VAULT-1").expect("a window"));

    cast.console.app.right_click("TILL-4").expect("clicked");
    let not_yet = |label: &str| label.starts_with("Help without a user is not built yet.");
    cast.console
        .app
        .wait_for_matching("the reason", not_yet)
        .expect("why it cannot be helped");

    drop(seen);
    cast.console.app.wait_until_gone("TILL-4").expect("gone");
    cast.hub.verify_audit().expect("sound");
}
