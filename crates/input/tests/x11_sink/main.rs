//! The X11 sink, on virtual displays.

#![cfg(any(target_os = "linux", target_os = "freebsd"))]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use input::x11::X11Sink;
use input::{InjectError, InputSink as _, hid};
use protocol::input::{HidKey, InputEvent, PointerButton};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, GrabMode, GrabStatus,
    KEY_PRESS_EVENT, KEY_RELEASE_EVENT, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

#[path = "../../../capture/tests/xvfb/mod.rs"]
mod xvfb;

mod names;
mod remapped;
mod shields;
mod support;

use support::*;
use xvfb::Xvfb;

/// Characters of several alphabets; some are on no keyboard.
const CHARACTERS: &str = "èò@€[ñAz1 ]{}~^\\`'\"ÈßÜü?!şж字𝄞";

#[test]
fn characters_arrive_exactly_on_every_layout() {
    let server = Xvfb::start(SCREEN);
    let terminal = Terminal::open(&server);
    let mut sink = open(&server);
    let mut number = 0;
    for name in ["us", "it", "de", "fr", "us,ru"] {
        layout(&server, name);
        type_keys(&mut sink, CHARACTERS);
        assert_eq!(
            terminal.line(&mut sink, number),
            CHARACTERS,
            "keys on {name}"
        );
        sink.inject(&text(CHARACTERS)).expect("types");
        assert_eq!(
            terminal.line(&mut sink, number + 1),
            CHARACTERS,
            "text on {name}"
        );
        number += 2;
    }
    assert_eq!(sink.held(), 0);
}

#[test]
fn caps_lock_and_held_modifiers_change_no_character() {
    let server = Xvfb::start(SCREEN);
    let terminal = Terminal::open(&server);
    let watcher = Watcher::without_window(&server);
    let mut sink = open(&server);
    let mut number = 0;
    let mut check = |sink: &mut X11Sink, typed: &str, what: &str| {
        assert_eq!(terminal.line(sink, number), typed, "{what}");
        number += 1;
    };
    // With the right Alt key what every keyboard makes without it is a command.
    let foreign: String = CHARACTERS
        .chars()
        .filter(|c| !c.is_ascii_alphanumeric())
        .collect();
    for name in ["us", "it", "de"] {
        layout(&server, name);
        for (held, typed) in [(hid::SHIFT_LEFT, CHARACTERS), (hid::ALT_RIGHT, &foreign)] {
            sink.inject(&key(held, true, None)).expect("presses");
            type_keys(&mut sink, typed);
            eventually("it is held again", || watcher.keys_down().len() == 1);
            sink.inject(&key(held, false, None)).expect("releases");
            check(&mut sink, typed, &format!("{held:?} on {name}"));
        }
        sink.inject(&key(hid::CAPS_LOCK, true, None))
            .expect("presses");
        sink.inject(&key(hid::CAPS_LOCK, false, None))
            .expect("releases");
        type_keys(&mut sink, CHARACTERS);
        check(&mut sink, CHARACTERS, "caps lock");
        assert!(watcher.caps_lock_is_on(), "caps lock is as it was");
        sink.inject(&key(hid::CAPS_LOCK, true, None))
            .expect("presses");
        sink.inject(&key(hid::CAPS_LOCK, false, None))
            .expect("releases");
    }
}

#[test]
fn a_layout_that_changes_under_the_sink_is_followed() {
    let server = Xvfb::start(SCREEN);
    let terminal = Terminal::open(&server);
    let mut sink = open(&server);
    for (number, name) in ["de", "us", "fr", "it"].into_iter().enumerate() {
        layout(&server, name);
        type_keys(&mut sink, "azqy;,è");
        assert_eq!(terminal.line(&mut sink, number), "azqy;,è", "{name}");
    }
}

#[test]
fn more_foreign_characters_than_spare_keys_arrive_all() {
    let server = Xvfb::start(SCREEN);
    let terminal = Terminal::open(&server);
    let mut sink = open(&server);
    let many: String = ('一'..).take(130).collect();
    sink.inject(&text(&many)).expect("types");
    assert_eq!(terminal.line(&mut sink, 0), many);
}

#[test]
fn lent_keys_are_taken_back_when_the_sink_is_dropped() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let meanings = || {
        let mapping = watcher
            .conn
            .get_keyboard_mapping(8, 248)
            .expect("sends")
            .reply();
        mapping
            .expect("answers")
            .keysyms
            .into_iter()
            .filter(|&sym| sym != 0)
            .collect::<Vec<_>>()
    };
    let before = meanings();
    let mut sink = open(&server);
    sink.inject(&text("жщ字")).expect("types");
    assert!(meanings().len() > before.len());
    drop(sink);
    assert_eq!(meanings(), before);
}

#[test]
fn a_key_without_a_character_is_pressed_by_its_place() {
    let server = Xvfb::start(SCREEN);
    layout(&server, "fr");
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    for place in [
        hid::A,
        hid::NUMPAD_7,
        hid::NUMPAD_ENTER,
        hid::F13,
        hid::INTL_RO,
        hid::CONVERT,
    ] {
        sink.inject(&key(place, true, None)).expect("presses");
        sink.inject(&key(place, false, None)).expect("releases");
    }
    let seen = watcher.seen();
    let expected = "+38 -38 +79 -79 +104 -104 +191 -191 +97 -97 +100 -100";
    assert_eq!(seen.join(" "), expected);
    let unknown = sink.inject(&key(HidKey(0x7777), true, None));
    assert!(
        matches!(unknown, Err(InjectError::NoWay { .. })),
        "{unknown:?}"
    );
}

#[test]
fn numpad_digits_are_typed_on_the_numpad() {
    let server = Xvfb::start(SCREEN);
    let terminal = Terminal::open(&server);
    let mut sink = open(&server);
    for (place, character) in [
        (hid::NUMPAD_1, '1'),
        (hid::NUMPAD_ADD, '+'),
        (hid::NUMPAD_DECIMAL, '.'),
    ] {
        sink.inject(&key(place, true, Some(character)))
            .expect("presses");
        sink.inject(&key(place, false, Some(character)))
            .expect("releases");
    }
    assert_eq!(terminal.line(&mut sink, 0), "1+.");
    // With Num Lock on at the host, the numpad makes digits itself.
    for pressed in [true, false] {
        sink.inject(&key(hid::NUM_LOCK, pressed, None))
            .expect("does");
    }
    let watcher = Watcher::open(&server);
    sink.inject(&key(hid::NUMPAD_1, true, Some('1')))
        .expect("presses");
    eventually("the numpad's key is down", || watcher.keys_down() == [87]);
}

#[test]
fn ctrl_with_a_letter_presses_that_letter_of_the_hosts_layout() {
    let server = Xvfb::start(SCREEN);
    layout(&server, "fr");
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    // The operator's keyboard is American, the host's French: its A is at the operator's Q.
    sink.inject(&key(hid::CONTROL_LEFT, true, None))
        .expect("presses");
    sink.inject(&key(hid::A, true, Some('a'))).expect("presses");
    sink.inject(&key(hid::A, false, Some('a')))
        .expect("releases");
    // A letter that the layout lacks is pressed by its place.
    sink.inject(&key(hid::S, true, Some('щ'))).expect("presses");
    sink.inject(&key(hid::S, false, None)).expect("releases");
    sink.inject(&key(hid::CONTROL_LEFT, false, None))
        .expect("releases");
    assert_eq!(watcher.seen().join(" "), "+37 +24 -24 +39 -39 -37");
}

#[test]
fn s1_ctrl_with_a_letter_of_another_alphabet_is_that_letter() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    for name in ["ru", "gr", "us,ru"] {
        layout(&server, name);
        watcher.seen();
        for (held, place, letter) in [
            (hid::CONTROL_LEFT, hid::C, 'c'),
            (hid::ALT_LEFT, hid::F, 'f'),
            (hid::CONTROL_LEFT, hid::DIGIT_1, '1'),
        ] {
            sink.inject(&key(held, true, None)).expect("presses");
            sink.inject(&key(place, true, Some(letter)))
                .expect("presses");
            let meanings = |keycode| {
                let row = watcher.conn.get_keyboard_mapping(keycode, 1);
                row.expect("sends").reply().expect("answers").keysyms
            };
            eventually(&format!("{letter} is down on {name}"), || {
                let pressed = watcher.keys_down();
                pressed
                    .iter()
                    .any(|&key| meanings(key)[0] == u32::from(letter))
            });
            sink.inject(&key(place, false, None)).expect("releases");
            sink.inject(&key(held, false, None)).expect("releases");
        }
    }
}

#[test]
fn a_held_key_repeats_as_often_as_the_operator_says_and_never_by_itself() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    // A new layout must not bring the repetitions of the server back.
    layout(&server, "it");
    sink.inject(&key(hid::A, true, Some('a'))).expect("presses");
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(
        watcher.seen().join(" "),
        "+38",
        "the server does not repeat it"
    );
    for _ in 0..3 {
        sink.inject(&key(hid::A, true, Some('a'))).expect("repeats");
    }
    sink.inject(&key(hid::A, false, Some('a')))
        .expect("releases");
    assert_eq!(watcher.seen().join(" "), "-38 +38 -38 +38 -38 +38 -38");
    sink.inject(&key(hid::SHIFT_LEFT, true, None))
        .expect("presses");
    sink.inject(&key(hid::SHIFT_LEFT, true, None))
        .expect("repeats");
    assert_eq!(watcher.seen().join(" "), "+50", "a modifier stays down");
}

#[test]
fn the_server_does_not_repeat_a_key_either_where_another_program_typed_before() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    // now the desktop's keyboard has what the artificial one had then
    for kind in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
        let conn = &watcher.conn;
        conn.xtest_fake_input(kind, 40, 0, watcher.root, 0, 0, 0)
            .expect("sends");
        conn.sync().expect("the display answers");
    }
    assert_eq!(watcher.seen().join(" "), "+40 -40");
    let mut sink = open(&server);
    sink.inject(&key(hid::A, true, Some('a'))).expect("presses");
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(watcher.seen().join(" "), "+38");
}

#[test]
fn keys_are_released_when_the_sink_is_dropped_also_by_a_panic() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let hold = || {
        let mut sink = open(&server);
        sink.inject(&key(hid::SHIFT_LEFT, true, None))
            .expect("presses");
        sink.inject(&key(hid::A, true, Some('a'))).expect("presses");
        sink.inject(&key(hid::W, true, Some('字')))
            .expect("presses");
        let (button, pressed) = (PointerButton::Left, true);
        sink.inject(&InputEvent::Button {
            button,
            pressed,
            at: protocol::Place {
                x: 3,
                y: 4,
                seen: 0,
            },
        })
        .expect("presses");
        assert_eq!(sink.held(), 4);
        eventually("all is held", || {
            watcher.keys_down().len() == 3 && watcher.buttons_down()
        });
        sink
    };
    drop(hold());
    assert_eq!(watcher.keys_down(), []);
    assert!(!watcher.buttons_down());
    let panicked = std::panic::catch_unwind(|| {
        let _sink = hold();
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    assert!(panicked.is_err());
    assert_eq!(watcher.keys_down(), []);
    let mut sink = hold();
    sink.inject(&InputEvent::ReleaseAll).expect("releases");
    assert_eq!(sink.held(), 0);
    eventually("all is released", || watcher.keys_down().is_empty());
}

#[test]
fn the_users_own_keys_are_left_alone() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let user = &watcher.conn;
    user.xtest_fake_input(2, 40, 0, watcher.root, 0, 0, 0)
        .expect("sends");
    user.sync().expect("the display answers");
    let mut sink = open(&server);
    sink.inject(&key(hid::A, true, Some('a'))).expect("presses");
    eventually("both are down", || watcher.keys_down() == [38, 40]);
    sink.release_all().expect("releases");
    drop(sink);
    assert_eq!(watcher.keys_down(), [40]);
}

#[test]
fn the_wheel_turns_by_notches_and_remembers_less_than_one() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    sink.inject(&InputEvent::PointerMoved {
        to: protocol::Place {
            x: 50,
            y: 50,
            seen: 0,
        },
    })
    .expect("moves");
    for (dx, dy) in [
        (0, 120),
        (0, -240),
        (0, 60),
        (0, 60),
        (-120, 0),
        (250, 0),
        (0, 30),
    ] {
        sink.inject(&InputEvent::Wheel { dx, dy }).expect("turns");
    }
    assert_eq!(
        watcher.seen().join(" "),
        "b5 B5 b4 B4 b4 B4 b5 B5 b6 B6 b7 B7 b7 B7"
    );
    // Nonsense costs no more than fifty notches.
    sink.inject(&InputEvent::Wheel {
        dx: 0,
        dy: i32::MIN,
    })
    .expect("turns");
    assert_eq!(watcher.seen().len(), 98, "the 30 from before count");
}

#[test]
fn buttons_are_the_ones_that_programs_mean_also_for_a_left_handed_user() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    let click_all = |sink: &mut X11Sink| {
        for button in [
            PointerButton::Left,
            PointerButton::Middle,
            PointerButton::Right,
            PointerButton::Back,
            PointerButton::Forward,
        ] {
            for pressed in [true, false] {
                let click = InputEvent::Button {
                    button,
                    pressed,
                    at: protocol::Place {
                        x: 77,
                        y: 88,
                        seen: 0,
                    },
                };
                sink.inject(&click).expect("clicks");
            }
        }
    };
    let expected = "b1 B1 b2 B2 b3 B3 b8 B8 b9 B9";
    click_all(&mut sink);
    assert_eq!(watcher.seen().join(" "), expected);
    let pointer = watcher
        .conn
        .query_pointer(watcher.root)
        .expect("sends")
        .reply();
    let pointer = pointer.expect("answers");
    assert_eq!((pointer.root_x, pointer.root_y), (77, 88));
    watcher
        .conn
        .set_pointer_mapping(&[3, 2, 1, 4, 5, 6, 7, 8, 9, 10])
        .expect("sends")
        .reply()
        .expect("answers");
    click_all(&mut sink);
    assert_eq!(watcher.seen().join(" "), expected);
}

#[test]
fn a_killed_process_leaves_nothing_down() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut holder = server
        .command(example().to_str().expect("a plain path"))
        .spawn();
    let holder = holder.as_mut().expect("the example starts");
    eventually("the keys are held", || {
        watcher.keys_down().len() == 2 && watcher.buttons_down()
    });
    let lent = || {
        let mapping = watcher
            .conn
            .get_keyboard_mapping(8, 248)
            .expect("sends")
            .reply();
        mapping.expect("answers").keysyms.contains(&0x06d6)
    };
    assert!(watcher.keys_down().contains(&SHIFT_KEYCODE));
    assert!(lent());
    // SIGKILL: nothing of the process runs any more.
    holder.kill().expect("the process is ours");
    let killed = Instant::now();
    holder.wait().expect("the process is ours");
    eventually("the guardian releases", || {
        watcher.keys_down().is_empty() && !watcher.buttons_down()
    });
    println!("released after {} ms", killed.elapsed().as_millis());
    assert!(killed.elapsed() < Duration::from_millis(200));
    eventually("the guardian takes lent keys back", || !lent());
}

#[test]
fn a_guarded_sink_that_is_dropped_ends_its_guardian() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut sink = X11Sink::open_display_guarded(Some(server.display()), &example())
        .expect("the example is a guardian");
    sink.inject(&key(hid::SHIFT_LEFT, true, None))
        .expect("presses");
    eventually("it is held", || watcher.keys_down() == [SHIFT_KEYCODE]);
    let start = Instant::now();
    drop(sink);
    assert_eq!(watcher.keys_down(), []);
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    let nobody = X11Sink::open_display_guarded(Some(server.display()), "/bin/false".as_ref());
    assert!(
        matches!(nobody, Err(InjectError::NoGuardian { .. })),
        "{nobody:?}"
    );
}

#[test]
fn what_a_killed_process_left_down_can_be_released_later() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    {
        // A client that ends without a word.
        let (conn, _) = RustConnection::connect(Some(server.display())).expect("connects");
        for (kind, code) in [(2, SHIFT_KEYCODE), (2, 38), (4, 1)] {
            conn.xtest_fake_input(kind, code, 0, watcher.root, 0, 0, 0)
                .expect("sends");
        }
        conn.sync().expect("the display answers");
    }
    assert_eq!(watcher.keys_down(), [38, SHIFT_KEYCODE]);
    let released = input::x11::release_stuck_on(Some(server.display()));
    assert_eq!(released, Ok(3));
    assert_eq!(watcher.keys_down(), []);
    assert!(!watcher.buttons_down());
    assert_eq!(input::x11::release_stuck_on(Some(server.display())), Ok(0));
}

#[test]
fn a_display_that_ends_is_an_error_and_no_hang() {
    let mut server = Xvfb::start(SCREEN);
    let mut sink = open(&server);
    sink.inject(&key(hid::A, true, Some('a'))).expect("presses");
    server.stop();
    let lost = |result: Result<(), InjectError>| matches!(result, Err(InjectError::Lost { .. }));
    assert!(lost(sink.inject(&key(hid::B, true, Some('b')))));
    assert!(lost(sink.inject(&text("text"))));
    drop(sink);
    let opened = X11Sink::open_display(Some(NO_DISPLAY));
    assert!(
        matches!(opened, Err(InjectError::NoDisplay { .. })),
        "{opened:?}"
    );
}

/// Prints what an event costs; run it with `--ignored --nocapture` when it is wanted.
#[test]
#[ignore = "a measurement"]
fn the_cost_of_an_event() {
    let server = Xvfb::start(SCREEN);
    let example = example();
    let guarded = X11Sink::open_display_guarded(Some(server.display()), &example);
    let sinks = [
        ("plain", open(&server)),
        ("guarded", guarded.expect("opens")),
    ];
    for (name, mut sink) in sinks {
        let mut measure = |what: &str, event: &dyn Fn(bool, i32) -> InputEvent| {
            let start = Instant::now();
            for round in 0..1000 {
                sink.inject(&event(true, round)).expect("does");
                sink.inject(&event(false, round)).expect("does");
            }
            println!(
                "{name}, {what}: {:.1} us",
                start.elapsed().as_secs_f64() * 1e6 / 2000.0
            );
        };
        measure("motion", &|_, x| InputEvent::PointerMoved {
            to: protocol::Place { x, y: 100, seen: 0 },
        });
        measure("key by place", &|pressed, _| key(hid::A, pressed, None));
        measure("key with its character", &|pressed, _| {
            key(hid::A, pressed, Some('a'))
        });
        measure("key with a far character", &|pressed, _| {
            key(hid::A, pressed, Some('?'))
        });
        measure("key with a lent character", &|pressed, _| {
            key(hid::A, pressed, Some('ж'))
        });
    }
}

/// The example that holds keys, built beside this test.
fn example() -> PathBuf {
    let test = std::env::current_exe().expect("a program knows where it is");
    let target = test
        .parent()
        .and_then(std::path::Path::parent)
        .expect("target/debug/deps");
    target.join("examples/hold_key")
}

/// How often the user pressed something, as the sink tells.
fn count_user(sink: &mut X11Sink) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&count);
    let acted = move || {
        counting.fetch_add(1, Ordering::Relaxed);
    };
    sink.watch_user(Some(Box::new(acted))).expect("watches");
    count
}

#[test]
fn o11_the_users_keys_and_clicks_are_told_from_the_sinks_own() {
    let server = Xvfb::start(SCREEN);
    let mut sink = open(&server);
    let pressed = count_user(&mut sink);
    let (user, _) = x11rb::connect(Some(server.display())).expect("connects");
    let root = user.setup().roots[0].root;
    let press = |kind, detail| {
        user.xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, root, 0, 0, 0)
            .expect("sent");
        user.sync().expect("done");
    };
    let is = |count| {
        let deadline = Instant::now() + Duration::from_secs(10);
        while pressed.load(Ordering::Relaxed) != count {
            let told = pressed.load(Ordering::Relaxed);
            assert!(
                Instant::now() < deadline,
                "{told} presses told, not {count}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    };

    // everything the sink can do, a character that needs a key of its own and a key that is down twice
    type_keys(&mut sink, "aZ€я");
    sink.inject(&text("a whole text, é и 漢\n")).expect("types");
    sink.inject(&key(hid::G, true, None)).expect("presses");
    sink.inject(&key(hid::G, true, None)).expect("repeats");
    let at = protocol::Place {
        x: 5,
        y: 5,
        seen: 0,
    };
    for pressed in [true, false] {
        let button = PointerButton::Left;
        let event = InputEvent::Button {
            button,
            pressed,
            at,
        };
        sink.inject(&event).expect("clicks");
    }
    sink.inject(&InputEvent::Wheel { dx: 120, dy: -240 })
        .expect("turns");
    sink.release_all().expect("released");
    press(KEY_PRESS_EVENT, SHIFT_KEYCODE);
    is(1);
    press(KEY_RELEASE_EVENT, SHIFT_KEYCODE);
    press(BUTTON_PRESS_EVENT, 1);
    is(2);
    press(BUTTON_RELEASE_EVENT, 1);

    // also while a menu has grabbed the keyboard, and the same key that the sink presses
    let grabbed = user
        .grab_keyboard(
            true,
            root,
            x11rb::CURRENT_TIME,
            GrabMode::ASYNC,
            GrabMode::ASYNC,
        )
        .expect("sent");
    assert_eq!(
        grabbed.reply().expect("grabbed").status,
        GrabStatus::SUCCESS
    );
    sink.inject(&key(hid::A, true, None)).expect("presses");
    sink.inject(&key(hid::A, false, None)).expect("releases");
    // the server has done it: a key that is down already is not pressed
    sink.release_all().expect("released");
    press(KEY_PRESS_EVENT, A_KEYCODE);
    press(KEY_RELEASE_EVENT, A_KEYCODE);
    is(3);
    sink.watch_user(None).expect("ends");
    press(KEY_PRESS_EVENT, A_KEYCODE);
    press(KEY_RELEASE_EVENT, A_KEYCODE);
    std::thread::sleep(Duration::from_millis(100));
    is(3);
}
