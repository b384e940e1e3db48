//! The sink of Windows on a real desktop: what arrives in a text field and in a window of this program.

#![cfg(windows)]

mod field;

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use field::{Field, Seen};
use input::grab::{GrabbedKey, KeyboardGrab};
use input::{InjectError, InputSink, hid};
use protocol::input::{HidKey, InputEvent, PointerButton, hint};
use protocol::{BoundedText, Place};

const PATIENCE: Duration = Duration::from_secs(5);

fn key(key: HidKey, pressed: bool, character: Option<char>) -> InputEvent {
    InputEvent::Key {
        key,
        pressed,
        character,
    }
}

fn tap(
    sink: &mut dyn InputSink,
    place: HidKey,
    character: Option<char>,
) -> Result<(), InjectError> {
    sink.inject(&key(place, true, character))?;
    sink.inject(&key(place, false, None))
}

fn text(text: &str) -> InputEvent {
    InputEvent::Text {
        text: BoundedText::cut(text.to_owned()),
    }
}

#[test]
fn s1_characters_arrive_whatever_the_layout_makes() {
    let field = Field::open();
    let mut sink = input::open().unwrap();
    for (place, character) in [
        (hid::A, 'a'),
        (hid::Q, '@'),
        (hid::SEMICOLON, 'ò'),
        (hid::E, '€'),
        (hid::N, 'ñ'),
        (hid::BRACKET_LEFT, '['),
        (hid::F, 'ж'),
        (hid::SPACE, ' '),
        (hid::NUMPAD_7, '7'),
        (hid::NUMPAD_DECIMAL, ','),
        (hid::DIGIT_1, '😀'),
    ] {
        tap(&mut *sink, place, Some(character)).unwrap();
    }
    sink.inject(&text("è漢z")).unwrap();
    assert_eq!(field.text_when_still(), "a@ò€ñ[ж 7,😀è漢z");
    assert_eq!(sink.held(), 0);
}

#[test]
fn s1_shift_that_the_operator_holds_is_no_part_of_another_character() {
    let field = Field::open();
    let mut sink = input::open().unwrap();
    sink.inject(&key(hid::SHIFT_LEFT, true, None)).unwrap();
    for (place, character) in [
        (hid::A, 'A'),
        (hid::DIGIT_7, '/'),
        (hid::B, 'b'),
        (hid::C, 'È'),
    ] {
        tap(&mut *sink, place, Some(character)).unwrap();
    }
    sink.inject(&key(hid::SHIFT_LEFT, false, None)).unwrap();
    tap(&mut *sink, hid::D, Some('d')).unwrap();
    assert_eq!(field.text_when_still(), "A/bÈd");
}

#[test]
fn s1_keys_do_what_they_are_called_also_on_the_pad() {
    let field = Field::open();
    let mut sink = input::open().unwrap();
    sink.inject(&text("bcd")).unwrap();
    // to the beginning by the pad, with Num Lock on or off at the operator's
    tap(&mut *sink, hid::NUMPAD_7, Some(hint::PAD_MOVES)).unwrap();
    tap(&mut *sink, hid::A, Some('a')).unwrap();
    tap(&mut *sink, hid::ARROW_RIGHT, None).unwrap();
    tap(&mut *sink, hid::DELETE, None).unwrap();
    tap(&mut *sink, hid::END, None).unwrap();
    tap(&mut *sink, hid::BACKSPACE, None).unwrap();
    tap(&mut *sink, hid::NUMPAD_5, Some('5')).unwrap();
    assert_eq!(field.text_when_still(), "ab5");
}

#[test]
fn s1_a_command_reaches_the_program_as_one() {
    let field = Field::open();
    let mut sink = input::open().unwrap();
    sink.inject(&text("one")).unwrap();
    tap(&mut *sink, hid::HOME, None).unwrap();
    sink.inject(&key(hid::SHIFT_RIGHT, true, None)).unwrap();
    tap(&mut *sink, hid::END, None).unwrap();
    sink.inject(&key(hid::SHIFT_RIGHT, false, None)).unwrap();
    sink.inject(&key(hid::CONTROL_LEFT, true, None)).unwrap();
    // where another keyboard has it
    tap(&mut *sink, hid::J, Some('c')).unwrap();
    sink.inject(&key(hid::CONTROL_LEFT, false, None)).unwrap();
    tap(&mut *sink, hid::END, None).unwrap();
    sink.inject(&key(hid::CONTROL_RIGHT, true, None)).unwrap();
    tap(&mut *sink, hid::V, Some('v')).unwrap();
    sink.inject(&key(hid::CONTROL_RIGHT, false, None)).unwrap();
    assert_eq!(field.text_when_still(), "oneone");
}

#[test]
fn s1_a_key_that_reaches_further_characters_is_no_alt() {
    let field = Field::open();
    let mut sink = input::open().unwrap();
    let level_three = Some(hint::LEVEL_THREE);
    sink.inject(&key(hid::ALT_RIGHT, true, level_three))
        .unwrap();
    tap(&mut *sink, hid::Q, Some('@')).unwrap();
    tap(&mut *sink, hid::E, Some('e')).unwrap();
    sink.inject(&key(hid::ALT_RIGHT, false, None)).unwrap();
    tap(&mut *sink, hid::X, Some('x')).unwrap();
    assert_eq!(field.text_when_still(), "@ex");
}

#[test]
fn s1_the_pointer_clicks_and_turns_where_it_should() {
    let field = Field::open();
    let mut sink = input::open().unwrap();
    let at = |x, y| Place { x, y, seen: 0 };
    let inside = field.place_inside();
    for button in [PointerButton::Right, PointerButton::Middle] {
        for pressed in [true, false] {
            let at = at(inside.0, inside.1);
            sink.inject(&InputEvent::Button {
                button,
                pressed,
                at,
            })
            .unwrap();
        }
    }
    sink.inject(&InputEvent::Wheel { dx: 0, dy: 240 }).unwrap();
    sink.inject(&InputEvent::Wheel { dx: 0, dy: -30 }).unwrap();
    let seen = Field::seen_when_still();
    assert_eq!(
        seen,
        [
            Seen::Press("right"),
            Seen::Release("right"),
            Seen::Press("middle"),
            Seen::Release("middle"),
            Seen::Wheel(-240),
            Seen::Wheel(30),
        ]
    );
    assert_eq!(field::pointer(), inside);
    sink.inject(&InputEvent::PointerMoved {
        to: at(-5, 100_000),
    })
    .unwrap();
    assert_eq!(field::pointer(), (0, field::desktop_size().1 - 1));
}

#[test]
fn s1_taken_keys_come_up_when_another_desktop_is_shown() {
    let field = Field::open();
    come_up_when(|_sink| field.hear_of_another_desktop());
}

/// With the next key at the latest: not every Windows, and not Wine, tells of it at once.
#[test]
fn s1_taken_keys_come_up_when_another_program_comes_to_the_front() {
    let mut field = Field::open();
    come_up_when(|sink| {
        field.let_notepad_in_front();
        tap(sink, hid::B, Some('b')).unwrap();
    });
}

fn come_up_when(away: impl FnOnce(&mut dyn InputSink)) {
    let mut sink = input::open().unwrap();
    let (keys, taken) = sync_channel(1000);
    let _grab = KeyboardGrab::start(None, move |key| keys.send(key).unwrap()).unwrap();
    let next = || {
        let key: GrabbedKey = taken.recv_timeout(PATIENCE).unwrap();
        (key.key, key.pressed)
    };
    for held in [hid::CONTROL_LEFT, hid::A] {
        sink.inject(&key(held, true, None)).unwrap();
        assert_eq!(next(), (held, true));
    }
    away(&mut *sink);
    let mut released = [next(), next()];
    released.sort();
    let mut expected = [hid::CONTROL_LEFT, hid::A].map(|held| (held, false));
    expected.sort();
    assert_eq!(released, expected);
    sink.release_all().unwrap();
}

#[test]
fn keys_and_buttons_are_released_when_the_sink_is_dropped() {
    let field = Field::open();
    let mut sink = input::open().unwrap();
    sink.inject(&key(hid::CONTROL_LEFT, true, None)).unwrap();
    sink.inject(&key(hid::F5, true, None)).unwrap();
    field.text_when_still();
    assert!(field::is_down(0x11) && field::is_down(0x74));
    assert_eq!(sink.held(), 2);
    drop(sink);
    field.text_when_still();
    assert!(!field::is_down(0x11) && !field::is_down(0x74));
}

#[test]
fn a_killed_process_leaves_nothing_down() {
    nothing_stays_down_of(&[]);
}

#[test]
fn s1_a_helper_with_more_rights_does_what_it_is_told_and_lets_go_when_nobody_tells_it_any_more() {
    nothing_stays_down_of(&["more-rights"]);
}

fn nothing_stays_down_of(words: &[&str]) {
    let _field = Field::open();
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let mut holder = std::process::Command::new(path.join("examples/hold_key.exe"))
        .args(words)
        .spawn()
        .expect("the example hold_key is built with the tests");
    let is_held = || field::is_down(0x10) && field::is_down(0x01);
    assert!(field::wait_until(is_held), "nothing was pressed");
    holder.kill().unwrap();
    holder.wait().unwrap();
    let is_free = || !field::is_down(0x10) && !field::is_down(0x01);
    assert!(field::wait_until(is_free), "something stayed down");
}

#[test]
fn s1_all_keys_go_to_whoever_took_the_keyboard_and_to_no_window() {
    let field = Field::open();
    let mut sink = input::open().unwrap();
    let (keys, taken) = sync_channel(100);
    let grab = KeyboardGrab::start(None, move |key| keys.send(key).unwrap()).unwrap();
    let mut press = |place: HidKey, character: Option<char>| {
        sink.inject(&key(place, true, character)).unwrap();
        let pressed: GrabbedKey = taken.recv_timeout(PATIENCE).unwrap();
        assert!(pressed.pressed && !pressed.repeat, "{pressed:?}");
        (pressed.key, pressed.character)
    };
    assert_eq!(press(hid::A, Some('a')), (hid::A, Some('a')));
    assert_eq!(press(hid::SUPER_LEFT, None), (hid::SUPER_LEFT, None));
    assert_eq!(press(hid::TAB, None), (hid::TAB, None));
    // beside that key it is a command
    assert_eq!(press(hid::F4, None), (hid::F4, None));
    sink.release_all().unwrap();
    let mut released: Vec<HidKey> = (0..4)
        .map(|_| taken.recv_timeout(PATIENCE).unwrap())
        .map(|key| {
            assert!(!key.pressed, "{key:?}");
            key.key
        })
        .collect();
    released.sort();
    let mut expected = [hid::A, hid::SUPER_LEFT, hid::TAB, hid::F4];
    expected.sort();
    assert_eq!(released, expected);
    let home = Some(hint::PAD_MOVES);
    sink.inject(&key(hid::SHIFT_RIGHT, true, None)).unwrap();
    assert_eq!(taken.recv_timeout(PATIENCE).unwrap().key, hid::SHIFT_RIGHT);
    tap(&mut *sink, hid::NUMPAD_7, home).unwrap();
    let key_of_the_pad = taken.recv_timeout(PATIENCE).unwrap();
    assert_eq!(
        (key_of_the_pad.key, key_of_the_pad.character),
        (hid::NUMPAD_7, home)
    );
    taken.recv_timeout(PATIENCE).unwrap();
    // what is down when it is given back is let go
    drop(grab);
    let last = taken.recv_timeout(PATIENCE).unwrap();
    assert_eq!((last.key, last.pressed), (hid::SHIFT_RIGHT, false));
    sink.release_all().unwrap();
    tap(&mut *sink, hid::B, Some('b')).unwrap();
    assert_eq!(field.text_when_still(), "b");
}
