//! What a key is at the operator's computer, it is at the host (S1).

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use e2e::{Cast, PATIENCE, Running, Size, wait_until};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);

/// X key codes of a PC keyboard.
const ESCAPE: u8 = 9;
const CONTROL: u8 = 37;
const SHIFT: u8 = 50;
const C: u8 = 54;
const ALT: u8 = 64;
const CAPS_LOCK: u8 = 66;
const SUPER: u8 = 133;

#[test]
fn s1_keys_are_what_the_operators_layout_makes_of_them() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let typed = cast.folder().join("typed");
    let mut terminal = Command::new("xterm");
    // each byte that a key makes goes to the program
    let script = r#"stty raw -echo; exec cat >"$1""#;
    terminal
        .args(["-T", "keys", "-xrm", "XTerm*metaSendsEscape: true"])
        .args(["-fullscreen", "-e", "sh", "-c", script, "keys"])
        .arg(&typed)
        .env("DISPLAY", cast.user_display.name())
        .env("LC_ALL", "C.UTF-8");
    let log = cast.folder().join("terminal.log");
    let _terminal = Running::start("terminal", &mut terminal, &log).expect("a terminal");
    let ticket = cast.user_asks_for_help().expect("asked");
    let session = cast.session_begins(&ticket).expect("a session");
    let hands = cast.operator_display.hands().expect("hands");
    let middle = (
        session.x + session.width / 2,
        session.y + session.height / 2,
    );
    hands.click(middle).expect("clicked");

    let mut seen = 0;
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
        let layout = cast.operator_display.set_layout_with("us", variant, option);
        layout.expect("a layout");
        // programs hear of a layout a moment later
        std::thread::sleep(Duration::from_millis(500));
        hands.chord_of_keycodes(keys).expect("pressed");
        let read = || fs::read(&typed).unwrap_or_default();
        wait_until(&format!("{variant}{option}"), PATIENCE, || {
            Ok((read().len() >= seen + wanted.len()).then_some(()))
        })
        .with_context(|| format!("the host has {:?}", &read()[seen..]))
        .expect("the key arrives");
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(&read()[seen..], wanted, "{variant}{option} {keys:?}");
        seen = read().len();
        let held = cast.user_display.pressed_keys().expect("keys");
        assert!(held.is_empty(), "{variant}{option}: {held:?} are down");
    }
    // none of this has switched the host's Caps Lock
    hands.type_text("a").expect("typed");
    wait_until("a small letter", PATIENCE, || {
        Ok((fs::read(&typed)?.get(seen..) == Some(b"a")).then_some(()))
    })
    .expect("a small letter");
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
