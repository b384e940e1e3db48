//! What people type and paste into forms, through the real programs.

use std::time::{Duration, Instant};

use e2e::{Cast, Display, Look, OPERATOR, PASSWORD, Size, wait_until};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1400, 900);
const ADDRESS: &str = "Server address";
const PASSWORD_FIELD: &str = "Password";
/// An address of the block for documentation: nothing answers there.
const NOBODY: &str = "192.0.2.1";
const SOON: Duration = Duration::from_secs(8);

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

/// What stands in the field that has the keyboard, by way of the clipboard.
fn typed_text(cast: &Cast) -> String {
    let app = &cast.console.app;
    app.eyes().put_on_clipboard("nothing copied").expect("put");
    app.hands().chord(&[key::Control_L, key::a]).expect("typed");
    app.hands().chord(&[key::Control_L, key::c]).expect("typed");
    wait_until("a copy", SOON, || {
        let text = app.eyes().clipboard()?;
        Ok(text.filter(|text| text != "nothing copied"))
    })
    .expect("copied")
}

fn wait_for_keyboard(cast: &Cast, label: &str) {
    wait_until(&format!("the keyboard in {label}"), SOON, || {
        let map = cast.console.app.map()?;
        let field = |shown: &str, role: &str| shown == label && role.ends_with("Input");
        let found = map.find_matching(field);
        Ok(found.filter(|found| found.focused).map(drop))
    })
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
fn every_way_to_paste_works() {
    let mut cast = set_up();
    for (way, pasted) in [
        ("Ctrl+V", "a.example.org"),
        ("Shift+Insert", "b.example.org"),
        ("middle click", "c.example.org"),
        ("menu", "d.example.org"),
    ] {
        let app = &mut cast.console.app;
        app.type_into(ADDRESS, "").expect("there");
        app.eyes().put_on_clipboard(pasted).expect("put");
        let app = &cast.console.app;
        let hands = app.hands();
        match way {
            "Ctrl+V" => hands.chord(&[key::Control_L, key::v]).expect("typed"),
            "Shift+Insert" => hands.chord(&[key::Shift_L, key::Insert]).expect("typed"),
            "middle click" => {
                app.eyes().put_in_selection(pasted).expect("put");
                hands.middle_click(field(&cast)).expect("clicked");
            }
            _ => {
                hands.right_click(field(&cast)).expect("clicked");
                cast.console.app.click_in_menu("Paste").expect("a menu");
            }
        }
        std::thread::sleep(Duration::from_millis(400));
        assert_eq!(typed_text(&cast), pasted, "{way}");
    }
}

/// The middle of the address's field.
fn field(cast: &Cast) -> (u32, u32) {
    let map = cast.console.app.map().expect("a map");
    let field = |shown: &str, role: &str| shown == ADDRESS && role.ends_with("Input");
    let found = map.find_matching(field);
    found.expect("the field").region.middle()
}
