//! Taking the keyboard, on virtual displays.

#![cfg(any(target_os = "linux", target_os = "freebsd"))]

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use input::grab::{GrabError, GrabbedKey, KeyboardGrab};
use input::hid;
use x11rb::connection::Connection as _;
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

#[path = "../../capture/tests/xvfb/mod.rs"]
mod xvfb;

use xvfb::Xvfb;

/// A display that no server has: numbers are given from 0 on.
const NO_DISPLAY: &str = ":59123";

/// The operator's hands.
struct Keyboard {
    conn: RustConnection,
    root: u32,
}

impl Keyboard {
    fn open(server: &Xvfb) -> Self {
        let (conn, _) = RustConnection::connect(Some(server.display())).expect("connects");
        let root = conn.setup().roots[0].root;
        Self { conn, root }
    }

    fn press(&self, keycode: u8) {
        self.fake(2, keycode);
    }

    fn release(&self, keycode: u8) {
        self.fake(3, keycode);
    }

    fn fake(&self, kind: u8, keycode: u8) {
        self.conn
            .xtest_fake_input(kind, keycode, 0, self.root, 0, 0, 0)
            .expect("sends");
        self.conn.sync().expect("the display answers");
    }
}

fn grab(server: &Xvfb) -> (KeyboardGrab, Receiver<GrabbedKey>) {
    let (keys, grabbed) = sync_channel(1000);
    let grab = KeyboardGrab::start(Some(server.display()), move |key| {
        keys.send(key).expect("the test listens");
    });
    (grab.expect("nobody else has the keyboard"), grabbed)
}

fn next(grabbed: &Receiver<GrabbedKey>) -> GrabbedKey {
    grabbed
        .recv_timeout(Duration::from_secs(5))
        .expect("a key comes")
}

#[test]
fn every_key_is_given_with_its_character() {
    let server = Xvfb::start("640x480x24");
    server.run("setxkbmap", &["-layout", "it"]);
    let keyboard = Keyboard::open(&server);
    let (_grab, grabbed) = grab(&server);
    let pressed = |keycode: u8| {
        keyboard.press(keycode);
        let key = next(&grabbed);
        assert!(key.pressed && !key.repeat);
        key
    };
    let plain = pressed(34);
    assert_eq!((plain.key, plain.character), (hid::BRACKET_LEFT, Some('è')));
    assert_eq!(pressed(133).key, hid::SUPER_LEFT);
    // With Super held: the letter itself.
    assert_eq!(pressed(38).character, Some('a'));
    keyboard.release(133);
    keyboard.release(34);
    keyboard.release(38);
    for released in [hid::SUPER_LEFT, hid::BRACKET_LEFT, hid::A] {
        let key = next(&grabbed);
        assert_eq!(
            (key.key, key.pressed, key.character),
            (released, false, None)
        );
    }
    let pressed = |keycode: u8| {
        keyboard.press(keycode);
        next(&grabbed)
    };
    assert_eq!(
        pressed(108).character,
        Some(protocol::input::hint::LEVEL_THREE)
    );
    assert_eq!(pressed(34).character, Some('['));
    keyboard.release(34);
    keyboard.release(108);
    assert!(!next(&grabbed).pressed && !next(&grabbed).pressed);
    // Another layout is followed.
    server.run("setxkbmap", &["-layout", "de"]);
    keyboard.press(34);
    assert_eq!(next(&grabbed).character, Some('ü'));
    keyboard.release(34);
    assert!(!next(&grabbed).pressed);
}

#[test]
fn a_held_key_repeats_without_releases() {
    let server = Xvfb::start("640x480x24");
    let keyboard = Keyboard::open(&server);
    let (_grab, grabbed) = grab(&server);
    keyboard.press(38);
    std::thread::sleep(Duration::from_secs(1));
    keyboard.release(38);
    let mut keys = vec![next(&grabbed)];
    while keys.last().is_some_and(|key| key.pressed) {
        keys.push(next(&grabbed));
    }
    assert!(keys.len() > 4, "{keys:?}");
    assert!(!keys[0].repeat);
    assert!(
        keys[1..keys.len() - 1]
            .iter()
            .all(|key| key.pressed && key.repeat)
    );
}

#[test]
fn only_one_program_can_take_the_keyboard_and_dropping_gives_it_back() {
    let server = Xvfb::start("640x480x24");
    let keyboard = Keyboard::open(&server);
    let (first, grabbed) = grab(&server);
    let second = KeyboardGrab::start(Some(server.display()), |_| {});
    assert_eq!(second.expect_err("it is taken"), GrabError::AlreadyGrabbed);
    // A key that is down at the end is given as released.
    keyboard.press(38);
    assert!(next(&grabbed).pressed);
    drop(first);
    assert!(!next(&grabbed).pressed);
    keyboard.release(38);
    let (second, _) = grab(&server);
    assert!(second.is_active());
}

#[test]
fn a_display_that_ends_ends_the_grab() {
    let mut server = Xvfb::start("640x480x24");
    let (grab, _grabbed) = grab(&server);
    server.stop();
    let start = std::time::Instant::now();
    while grab.is_active() {
        assert!(start.elapsed() < Duration::from_secs(5), "the grab notices");
        std::thread::sleep(Duration::from_millis(5));
    }
    let nowhere = KeyboardGrab::start(Some(NO_DISPLAY), |_| {});
    assert!(
        matches!(nowhere, Err(GrabError::NoDisplay { .. })),
        "{nowhere:?}"
    );
}
