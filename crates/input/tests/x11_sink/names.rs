//! Keys without a character: by what they are called, by their place, and the host's locks.

use protocol::input::hint;

use super::*;

const ESCAPE_KEYCODE: u8 = 9;
const CAPS_KEYCODE: u8 = 66;

fn tap(sink: &mut X11Sink, which: HidKey, character: Option<char>) {
    sink.inject(&key(which, true, character)).expect("presses");
    sink.inject(&key(which, false, None)).expect("releases");
}

/// The key codes that went down.
fn pressed(watcher: &Watcher) -> Vec<u8> {
    let downs = watcher.seen().into_iter();
    let downs = downs.filter_map(|event| event.strip_prefix('+')?.parse().ok());
    downs.collect()
}

#[test]
fn s1_the_host_presses_its_own_key_of_a_name_and_by_place_the_key_there() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    let by_place = Some(hint::BY_PLACE);
    for (option, escape, control, backspace) in [
        ("", ESCAPE_KEYCODE, 37, 22),
        ("caps:swapescape", CAPS_KEYCODE, 37, 22),
        ("ctrl:swapcaps", ESCAPE_KEYCODE, CAPS_KEYCODE, 22),
        ("ctrl:swap_lalt_lctl", ESCAPE_KEYCODE, 64, 22),
    ] {
        server.run(
            "setxkbmap",
            &["-layout", "us", "-option", "", "-option", option],
        );
        watcher.seen();
        for (which, there, named) in [
            (hid::ESCAPE, ESCAPE_KEYCODE, escape),
            (hid::CONTROL_LEFT, 37, control),
            (hid::BACKSPACE, 22, backspace),
        ] {
            tap(&mut sink, which, None);
            assert_eq!(pressed(&watcher), [named], "{option}: {which:?} by name");
            tap(&mut sink, which, by_place);
            assert_eq!(pressed(&watcher), [there], "{option}: {which:?} by place");
        }
    }
    // a key that means nothing in its place is pressed there
    tap(&mut sink, hid::F24, None);
    assert_eq!(pressed(&watcher), [202]);
}

#[test]
fn s1_what_reaches_further_characters_is_no_alt() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    let level_three = Some(hint::LEVEL_THREE);
    // every layout has such a key where keyboards have none, and some have it beside the space bar
    for (name, wanted) in [("us", 92), ("it", 108)] {
        layout(&server, name);
        watcher.seen();
        tap(&mut sink, hid::ALT_RIGHT, level_three);
        assert_eq!(pressed(&watcher), [wanted], "on {name}");
    }
    // an operator's Alt is an Alt, where the host has the other key in its place
    tap(&mut sink, hid::ALT_RIGHT, None);
    assert_eq!(pressed(&watcher), [64]);
}

#[test]
fn s1_a_character_of_the_first_level_is_typed_while_the_shift_of_the_third_is_down() {
    const TYPED: &str = "a1b2ß€ñ";
    let server = Xvfb::start(SCREEN);
    let terminal = Terminal::open(&server);
    let mut sink = open(&server);
    for (number, name) in ["us", "it", "de", "fr", "jp", "ch"].into_iter().enumerate() {
        layout(&server, name);
        let level_three = Some(hint::LEVEL_THREE);
        sink.inject(&key(hid::ALT_RIGHT, true, level_three))
            .expect("presses");
        type_keys(&mut sink, TYPED);
        sink.inject(&key(hid::ALT_RIGHT, false, None))
            .expect("releases");
        assert_eq!(terminal.line(&mut sink, number), TYPED, "on {name}");
    }
}

#[test]
fn s1_a_name_that_the_host_has_on_another_level_is_pressed_there() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    layout(&server, "jp");
    watcher.seen();
    tap(&mut sink, hid::CAPS_LOCK, None);
    assert_eq!(pressed(&watcher), [SHIFT_KEYCODE, CAPS_KEYCODE]);
    assert!(watcher.caps_lock_is_on());
    tap(&mut sink, hid::CAPS_LOCK, None);
    assert!(!watcher.caps_lock_is_on());
    watcher.seen();
    // its keys for other scripts are where other keyboards have something else
    tap(&mut sink, hid::LANG_5, None);
    assert_eq!(pressed(&watcher), [49]);
    assert_eq!(sink.held(), 0);
}

#[test]
fn s1_a_key_that_the_host_lacks_is_lent_one_that_means_nothing() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    let symbol_of = |keycode| {
        let row = watcher.conn.get_keyboard_mapping(keycode, 1);
        row.expect("asks").reply().expect("answers").keysyms[0]
    };
    layout(&server, "us");
    watcher.seen();
    let japanese_and_braille = [
        (hid::LANG_5, 0xff2a),
        (hid::EISU, 0xff30),
        (hid::BRAILLE_DOT_9, 0xfff9),
        (hid::BRAILLE_DOT_10, 0xfffa),
    ];
    for round in ["lent", "used again"] {
        for (which, symbol) in japanese_and_braille {
            tap(&mut sink, which, None);
            let [keycode] = pressed(&watcher)[..] else {
                panic!("one key goes down, {round}: {which:?}");
            };
            assert_eq!(symbol_of(keycode), symbol, "{round}: {which:?}");
        }
    }
    // a lock that the host lacks has no other key
    server.run("setxkbmap", &["-layout", "us", "-option", "caps:none"]);
    watcher.seen();
    let caps_lock = sink.inject(&key(hid::CAPS_LOCK, true, None));
    caps_lock.expect("the key there is pressed");
    assert_eq!(pressed(&watcher), [CAPS_KEYCODE]);
    drop(sink);
    let nothing = (8..=255).all(|keycode| symbol_of(keycode) != 0xff2a);
    assert!(nothing, "it is taken back");
}

#[test]
fn s1_a_pad_does_what_it_does_at_the_operators_whatever_is_locked_here() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let mut sink = open(&server);
    layout(&server, "us");
    let moves = Some(hint::PAD_MOVES);
    let by_place = Some(hint::BY_PLACE);
    for num_lock in [false, true, false] {
        watcher.seen();
        tap(&mut sink, hid::NUMPAD_7, Some('7'));
        // without Num Lock the pad has no digits, but the row above the letters has
        let digit = if num_lock { 79 } else { 16 };
        assert_eq!(pressed(&watcher), [digit], "a digit, Num Lock: {num_lock}");
        tap(&mut sink, hid::NUMPAD_7, moves);
        let home = if num_lock { 110 } else { 79 };
        assert_eq!(pressed(&watcher), [home], "Home, Num Lock: {num_lock}");
        tap(&mut sink, hid::NUMPAD_5, moves);
        let unshifted: Vec<u8> = num_lock
            .then_some(SHIFT_KEYCODE)
            .into_iter()
            .chain([84])
            .collect();
        assert_eq!(
            pressed(&watcher),
            unshifted,
            "the middle, Num Lock: {num_lock}"
        );
        tap(&mut sink, hid::NUMPAD_7, by_place);
        assert_eq!(pressed(&watcher), [79], "by place");
        tap(&mut sink, hid::NUMPAD_ADD, Some('+'));
        assert_eq!(pressed(&watcher), [86], "plus");
        // the next state
        tap(&mut sink, hid::NUM_LOCK, None);
    }
}

#[test]
fn the_hosts_locks_are_as_before_when_the_sink_is_dropped() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::without_window(&server);
    for before in [false, true] {
        let mut sink = open(&server);
        tap(&mut sink, hid::CAPS_LOCK, None);
        eventually("it is switched", || watcher.caps_lock_is_on() != before);
        tap(&mut sink, hid::CAPS_LOCK, None);
        tap(&mut sink, hid::CAPS_LOCK, None);
        eventually("it is switched again", || {
            watcher.caps_lock_is_on() != before
        });
        drop(sink);
        assert_eq!(watcher.caps_lock_is_on(), before);
        // switched an even number of times, it is the user's
        let mut sink = open(&server);
        tap(&mut sink, hid::CAPS_LOCK, None);
        tap(&mut sink, hid::CAPS_LOCK, None);
        drop(sink);
        assert_eq!(watcher.caps_lock_is_on(), before);
        // the user switches it
        for kind in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            let pressed =
                watcher
                    .conn
                    .xtest_fake_input(kind, CAPS_KEYCODE, 0, watcher.root, 0, 0, 0);
            pressed.expect("sends").check().expect("pressed");
        }
    }
}
