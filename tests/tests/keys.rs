//! What a key is at the operator's computer, it is at the host (S1).

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use e2e::{Cast, Hands, PATIENCE, RawTerminal, Running, Size, wait_until};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);

/// X key codes of a PC keyboard.
const ESCAPE: u8 = 9;
const CONTROL: u8 = 37;
const Y_PLACE: u8 = 29;
const DIGIT_1: u8 = 10;
const DIGIT_9: u8 = 18;
const SHIFT: u8 = 50;
const C: u8 = 54;
const ALT: u8 = 64;
const CAPS_LOCK: u8 = 66;
/// On the left of the home row and on its right.
const DOT_1: u8 = 41;
const DOT_2: u8 = 40;
const DOT_5: u8 = 45;
const PAD_7: u8 = 79;
const PAD_PLUS: u8 = 86;
const PAD_DECIMAL: u8 = 91;
const PAD_ENTER: u8 = 104;
const ALT_GR: u8 = 108;
const SPACE: u8 = 65;
const SUPER: u8 = 133;

/// A session whose host shows a terminal that keeps each byte that a key makes.
struct Scene {
    cast: Cast,
    hands: Hands,
    terminal: RawTerminal,
    seen: usize,
}

impl Scene {
    fn open() -> Self {
        let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
        let terminal = RawTerminal::open(&cast.user_display, cast.folder(), "");
        let terminal = terminal.expect("a terminal");
        let ticket = cast.user_asks_for_help().expect("asked");
        let session = cast.session_begins(&ticket).expect("a session");
        let hands = cast.operator_display.hands().expect("hands");
        let middle = (
            session.x + session.width / 2,
            session.y + session.height / 2,
        );
        hands.click(middle).expect("clicked");
        Self {
            cast,
            hands,
            terminal,
            seen: 0,
        }
    }

    fn operator_types_on(&self, layout: &str, variant: &str, option: &str) {
        let display = &self.cast.operator_display;
        let set = display.set_layout_with(layout, variant, option);
        set.expect("a layout");
        // programs hear of a layout a moment later
        std::thread::sleep(Duration::from_millis(500));
    }

    /// The operator presses these keys together; the host's terminal gets exactly `wanted`.
    fn makes(&mut self, keys: &[u8], wanted: &[u8], what: &str) {
        self.hands.chord_of_keycodes(keys).expect("pressed");
        self.arrives(wanted, what);
        let held = self.cast.user_display.pressed_keys().expect("keys");
        assert!(held.is_empty(), "{what}: {held:?} are down");
    }

    fn arrives(&mut self, wanted: &[u8], what: &str) {
        let read = || self.terminal.bytes();
        wait_until(what, PATIENCE, || {
            Ok((read().len() >= self.seen + wanted.len()).then_some(()))
        })
        .with_context(|| format!("the host has {:?}", &read()[self.seen..]))
        .expect("the key arrives");
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(&read()[self.seen..], wanted, "{what}");
        self.seen += wanted.len();
    }
}

#[test]
fn s1_keys_are_what_the_operators_layout_makes_of_them() {
    let mut scene = Scene::open();
    let cases: [(&str, &str, &[u8], &[u8]); 9] = [
        ("", "", &[ESCAPE], b"\x1b"),
        ("", "caps:escape", &[CAPS_LOCK], b"\x1b"),
        ("", "caps:swapescape", &[CAPS_LOCK], b"\x1b"),
        ("", "caps:backspace", &[CAPS_LOCK], b"\x7f"),
        ("colemak", "", &[CAPS_LOCK], b"\x7f"),
        ("", "ctrl:nocaps", &[CAPS_LOCK, C], b"\x03"),
        ("", "ctrl:swap_lalt_lctl", &[ALT, C], b"\x03"),
        ("", "ctrl:swap_lwin_lctl", &[SUPER, C], b"\x03"),
        ("", "", &[CONTROL, C], b"\x03"),
    ];
    for (variant, option, keys, wanted) in cases {
        scene.operator_types_on("us", variant, option);
        scene.makes(keys, wanted, &format!("{variant}{option} {keys:?}"));
    }
    // none of this has switched the host's Caps Lock
    scene.hands.type_text("a").expect("typed");
    scene.arrives(b"a", "a small letter");

    // the host's own keys may be elsewhere
    let set = |cast: &Cast, option| {
        let host = &cast.user_display;
        host.set_layout_with("us", "", option).expect("a layout");
    };
    for option in ["caps:swapescape", "ctrl:swapcaps"] {
        set(&scene.cast, option);
        scene.makes(&[ESCAPE], b"\x1b", option);
        scene.makes(&[CONTROL, C], b"\x03", option);
    }
    set(&scene.cast, "");

    // a shift of the third level is no Alt, and one that stands on Caps Lock switches nothing
    scene.operator_types_on("de", "neo", "");
    scene.makes(&[CAPS_LOCK, C], b"|", "neo");
    scene.operator_types_on("us", "", "");
    scene.makes(&[C], b"c", "a small letter after neo");
}

#[test]
fn s1_a_layout_that_is_switched_within_a_session_is_whole() {
    let mut scene = Scene::open();
    // Armenian: small letters and capitals that the host has no keys for
    scene.operator_types_on("am", "", "");
    scene.makes(&[DIGIT_1], "ֆ".as_bytes(), "a small letter");
    scene.makes(&[SHIFT, DIGIT_1], "Ֆ".as_bytes(), "its capital");
    // a space bar with three spaces, then one that also ends what a dead key has begun
    scene.operator_types_on("af", "", "");
    scene.makes(&[SPACE], b" ", "a space");
    scene.operator_types_on("al", "", "");
    scene.makes(&[ALT_GR, DIGIT_9], b"", "a dead key");
    scene.makes(&[SPACE], b"'", "its accent");
    scene.operator_types_on("gr", "", "");
    scene.makes(&[SHIFT, C], "Ψ".as_bytes(), "a Greek capital");
    // dots that are down together make one character
    scene.operator_types_on("brai", "", "");
    scene.makes(&[DOT_1], "⠁".as_bytes(), "a dot of braille");
    scene.makes(
        &[DOT_1, DOT_2, DOT_5],
        "⠓".as_bytes(),
        "three dots of braille",
    );
    scene.operator_types_on("us", "", "");
    scene.makes(&[SHIFT, C], b"C", "a Latin capital");
}

#[test]
fn s1_a_pad_types_and_moves_as_the_operators_num_lock_has_it() {
    let mut scene = Scene::open();
    scene.operator_types_on("us", "", "");
    let switch_host = |scene: &Scene| {
        let hands = scene.cast.user_display.hands().expect("hands");
        hands.tap(key::Num_Lock).expect("pressed");
    };
    for (operator, host) in [(false, false), (false, true), (true, true), (true, false)] {
        let what = format!("Num Lock of the operator {operator}, of the host {host}");
        let digit: &[u8] = if operator { b"7" } else { b"\x1b[H" };
        scene.makes(&[PAD_7], digit, &what);
        let delete: &[u8] = if operator { b"." } else { b"\x1b[3~" };
        scene.makes(&[PAD_DECIMAL], delete, &what);
        scene.makes(&[PAD_PLUS], b"+", &what);
        scene.makes(&[PAD_ENTER], b"\r", &what);
        match (operator, host) {
            (false, false) | (true, true) => switch_host(&scene),
            // the host's is switched by it as well, so it must be switched again
            (false, true) => {
                scene.hands.tap(key::Num_Lock).expect("pressed");
                switch_host(&scene);
            }
            (true, false) => {}
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    // the operator's key has switched the host's Num Lock once; when the session is over it is as before
    let host = &scene.cast.user_display;
    assert!(
        !host.num_lock_is_on().expect("a state"),
        "switched off by the user"
    );
    scene.cast.console.end_session().expect("ended");
    wait_until("the user's Num Lock", PATIENCE, || {
        Ok(scene.cast.user_display.num_lock_is_on()?.then_some(()))
    })
    .expect("it is switched back");
}

#[test]
fn s1_by_position_keys_count_by_where_they_are() {
    let mut scene = Scene::open();
    scene.operator_types_on("de", "", "caps:escape");
    scene.makes(&[Y_PLACE], b"z", "by meaning");
    let choose = |scene: &mut Scene, mode: &str| {
        let app = &mut scene.cast.console.app;
        app.click("Special keys").expect("a menu");
        app.click_in_menu(mode).expect("chosen");
        app.wait_until_gone("Keyboard mode").expect("closed");
        std::thread::sleep(Duration::from_millis(500));
    };
    choose(&mut scene, "Physical keys");
    scene
        .cast
        .console
        .app
        .wait_for("Physical keys")
        .expect("said in the bar");
    scene.makes(&[Y_PLACE], b"y", "by position");
    scene.makes(&[CAPS_LOCK], b"", "Caps Lock by position");
    scene.makes(&[C], b"C", "with Caps Lock");
    scene.makes(&[CAPS_LOCK], b"", "Caps Lock by position");
    choose(&mut scene, "Characters");
    scene.makes(&[Y_PLACE], b"z", "by meaning again");
    scene.makes(&[CAPS_LOCK], b"\x1b", "Caps Lock by meaning");
}

#[test]
fn s1_a_modifier_that_is_held_when_the_window_gets_the_keyboard_counts_for_a_click() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    let session = cast.session_begins(&ticket).expect("a session");
    let hands = cast.operator_display.hands().expect("hands");
    let middle = (
        session.x + session.width / 2,
        session.y + session.height / 2,
    );
    hands.point_at(middle).expect("moved");

    // another window has the keyboard while the key goes down
    let mut other = Command::new("xterm");
    other
        .args(["-geometry", "20x4+0+0", "-e", "cat"])
        .env("DISPLAY", cast.operator_display.name());
    let log = cast.folder().join("other.log");
    let other = Running::start("other", &mut other, &log).expect("another window");
    let focused = |cast: &Cast| {
        let window = cast.console.app.window_of("Remote screen").expect("a map");
        window.is_some_and(|window| window.focused)
    };
    wait_until("the other window", PATIENCE, || {
        Ok((!focused(&cast)).then_some(()))
    })
    .expect("it has the keyboard");
    hands.press(key::Shift_L).expect("pressed");
    drop(other);
    cast.console
        .app
        .bring_to_front("Remote screen")
        .expect("the session's window");
    wait_until("the session's window", PATIENCE, || {
        Ok(focused(&cast).then_some(()))
    })
    .expect("it has the keyboard");
    hands.press_button().expect("pressed");
    let pressed = || cast.user_display.any_button_pressed();
    wait_until("the click", PATIENCE, || Ok(pressed()?.then_some(()))).expect("it arrives");
    let held = cast.user_display.pressed_keys().expect("keys");
    assert_eq!(held, [SHIFT], "the click came with Shift");
    hands.release_button().expect("released");
    hands.release(key::Shift_L).expect("released");
    wait_until("nothing to be down", PATIENCE, || {
        let keys = cast.user_display.pressed_keys()?;
        Ok((keys.is_empty() && !pressed()?).then_some(()))
    })
    .expect("released");
}
