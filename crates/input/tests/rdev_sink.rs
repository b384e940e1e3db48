//! The `rdev` sink, on a virtual display. `rdev` knows only the display that `DISPLAY` names, so
//! the test runs itself again with another one.

#![cfg(all(feature = "rdev", target_os = "linux"))]

use std::process::Command;
use std::time::{Duration, Instant};

use input::rdev_backend::RdevSink;
use input::{InjectError, InputSink as _, hid};
use protocol::input::{InputEvent, PointerButton};
use protocol::text::BoundedText;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

#[path = "../../capture/tests/xvfb/mod.rs"]
mod xvfb;

use xvfb::Xvfb;

const INNER: &str = "PHD_TEST_RDEV_INNER";

#[test]
fn keys_and_buttons_arrive_by_their_place_and_are_released_on_drop() {
    if std::env::var_os(INNER).is_some() {
        on_the_display();
        return;
    }
    let mut server = Xvfb::start("640x480x24");
    server.run("setxkbmap", &["-layout", "us"]);
    let test = std::env::current_exe().expect("a program knows where it is");
    let again = Command::new(test)
        .env("DISPLAY", server.display())
        .env(INNER, "1")
        .output();
    let output = again.expect("the test runs again");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    server.stop();
}

fn on_the_display() {
    let (conn, number) = RustConnection::connect(None).expect("the display answers");
    let root = conn.setup().roots[number].root;
    let down = || {
        let map = conn
            .query_keymap()
            .expect("sends")
            .reply()
            .expect("answers")
            .keys;
        let is_down = |code: &u8| map[usize::from(code / 8)] & (1 << (code % 8)) != 0;
        (0..=255).filter(is_down).collect::<Vec<u8>>()
    };
    let pointer = || {
        conn.query_pointer(root)
            .expect("sends")
            .reply()
            .expect("answers")
    };
    let eventually = |is_so: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", down());
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let mut sink = RdevSink::open();
    // Keys with a name in rdev, and without one.
    for (key, keycode) in [
        (hid::A, 38),
        (hid::NUMPAD_7, 79),
        (hid::SUPER_RIGHT, 134),
        (hid::F13, 191),
        (hid::CONTEXT_MENU, 135),
    ] {
        sink.inject(&InputEvent::Key {
            key,
            pressed: true,
            character: None,
        })
        .expect("presses");
        eventually(&|| down() == [keycode]);
        sink.inject(&InputEvent::Key {
            key,
            pressed: false,
            character: None,
        })
        .expect("releases");
        eventually(&|| down().is_empty());
    }
    let button = PointerButton::Right;
    sink.inject(&InputEvent::Button {
        button,
        pressed: true,
        at: protocol::Place {
            x: 30,
            y: 40,
            seen: 0,
        },
    })
    .expect("presses");
    eventually(&|| {
        let pointer = pointer();
        (pointer.root_x, pointer.root_y) == (30, 40) && u16::from(pointer.mask) == 0x400
    });
    let key = hid::SHIFT_LEFT;
    sink.inject(&InputEvent::Key {
        key,
        pressed: true,
        character: None,
    })
    .expect("presses");
    eventually(&|| down() == [50]);
    let text = InputEvent::Text {
        text: BoundedText::cut("text"),
    };
    assert!(matches!(sink.inject(&text), Err(InjectError::NoWay { .. })));
    sink.inject(&InputEvent::Wheel { dx: 0, dy: 240 })
        .expect("turns");
    assert_eq!(sink.held(), 2);
    drop(sink);
    eventually(&|| down().is_empty() && u16::from(pointer().mask) == 0);
}
