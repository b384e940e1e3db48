//! What goes to the host, what to egui, and what to nobody.

use winit::keyboard::{Key, KeyLocation, NamedKey, NativeKey};

use super::*;

const WINDOW: u64 = 7;

fn target() -> TapTarget {
    TapTarget {
        id: 1,
        viewport: ViewportId::ROOT,
        visible: WindowRect {
            left: 10.0,
            top: 50.0,
            right: 210.0,
            bottom: 150.0,
        },
        zero: (10.0, 50.0),
        scale: (2.0, 2.0),
        size: (400, 200),
        keyboard: true,
        by_place: false,
        pointer: true,
        focused: true,
        hovered: false,
        covered: Vec::new(),
    }
}

fn place(x: i32, y: i32) -> Place {
    Place { x, y, seen: 0 }
}

fn moved(x: i32, y: i32) -> InputEvent {
    InputEvent::PointerMoved { to: place(x, y) }
}

/// A tap whose only window is focused and shows [`target`].
fn armed() -> Tap {
    let mut tap = Tap::default();
    let mut out = Vec::new();
    tap.focus(WINDOW, true, &mut out);
    tap.arm(target(), &mut out);
    assert_eq!(out, []);
    tap
}

fn letter(pressed: bool) -> Stroke {
    Stroke {
        physical: PhysicalKey::Code(KeyCode::KeyE),
        logical: Key::Character("e".into()),
        unmodified: Key::Character("e".into()),
        location: KeyLocation::Standard,
        text: pressed.then(|| "e".to_owned()),
        pressed,
    }
}

fn events(run: impl FnOnce(&mut Vec<TapEvent>)) -> Vec<InputEvent> {
    let mut out = Vec::new();
    run(&mut out);
    out.into_iter().map(|event| event.event).collect()
}

const E_DOWN: InputEvent = InputEvent::Key {
    key: HidKey(8),
    pressed: true,
    character: Some('e'),
};

#[test]
fn s1_a_click_right_after_the_first_picture_goes_to_the_host() {
    let mut tap = Tap::default();
    let mut out = Vec::new();
    // the pointer was there before the window; the focus is still elsewhere
    tap.focus(3, true, &mut out);
    tap.pointer_moved(WINDOW, (20.0, 60.0), &mut out);
    tap.drawing(Some(WINDOW));
    let mut unfocused = target();
    unfocused.focused = false;
    tap.arm(unfocused, &mut out);
    tap.drawing(None);
    assert_eq!(out, []);
    let pressed = events(|out| {
        let button = Some(PointerButton::Left);
        assert_eq!(tap.button(WINDOW, 0, button, true, out), Verdict::Swallow);
    });
    assert_eq!(
        pressed,
        [InputEvent::Button {
            button: PointerButton::Left,
            pressed: true,
            at: place(20, 20),
        }]
    );
    assert_eq!(tap.window_of(ViewportId::ROOT), Some(WINDOW));
}

#[test]
fn s1_a_key_for_a_window_that_was_drawn_before_it_was_seen_goes_to_the_host() {
    const MAIN: u64 = 3;
    const SESSION: u64 = 9;
    let (root, session) = (ViewportId::ROOT, ViewportId::from_hash_of("session"));
    let mut tap = Tap::default();
    let mut out = Vec::new();
    tap.focus(MAIN, true, &mut out);
    tap.drawing(Some(MAIN));
    tap.pass_ended(root, &mut out);
    tap.drawing(None);
    let mut hidden = target();
    hidden.viewport = session;
    hidden.focused = false;
    tap.arm(hidden, &mut out);
    tap.viewports([root, session]);
    tap.pass_ended(session, &mut out);
    assert_eq!(tap.key(MAIN, &letter(true), &mut out), Verdict::Forward);
    assert_eq!(out, [], "what is typed elsewhere stays there");
    tap.focus(MAIN, false, &mut out);
    tap.focus(SESSION, true, &mut out);
    assert_eq!(
        events(|out| assert_eq!(tap.key(SESSION, &letter(true), out), Verdict::Swallow)),
        [E_DOWN]
    );
}

#[test]
fn a_key_for_a_new_report_never_goes_to_the_host_of_a_new_session() {
    const REPORT: u64 = 7;
    let (session, report) = (
        ViewportId::from_hash_of("session"),
        ViewportId::from_hash_of("report"),
    );
    let mut tap = Tap::default();
    let mut out = Vec::new();
    let mut hidden = target();
    hidden.viewport = session;
    hidden.focused = false;
    tap.arm(hidden, &mut out);
    tap.viewports([session, report]);
    tap.pass_ended(session, &mut out);
    tap.focus(REPORT, true, &mut out);
    assert_eq!(tap.key(REPORT, &letter(true), &mut out), Verdict::Forward);
    assert_eq!(out, []);
}

#[test]
fn with_two_new_windows_nothing_is_guessed() {
    let mut tap = Tap::default();
    let mut out = Vec::new();
    tap.focus(4, false, &mut out);
    let mut hidden = target();
    hidden.focused = false;
    tap.arm(hidden, &mut out);
    tap.focus(5, true, &mut out);
    assert_eq!(tap.key(5, &letter(true), &mut out), Verdict::Forward);
    assert_eq!(out, []);
}

#[test]
fn keys_of_the_session_window_go_to_the_host_alone() {
    let mut tap = armed();
    let sent = events(|out| {
        assert_eq!(tap.key(WINDOW, &letter(true), out), Verdict::Swallow);
        assert_eq!(tap.key(WINDOW, &letter(false), out), Verdict::Swallow);
    });
    let up = InputEvent::Key {
        key: HidKey(8),
        pressed: false,
        character: None,
    };
    assert_eq!(sent, [E_DOWN, up]);
}

#[test]
fn s1_a_key_that_only_ends_a_compose_sequence_does_nothing() {
    let key = |code, logical, text: Option<&str>| Stroke {
        physical: PhysicalKey::Code(code),
        unmodified: Key::clone(&logical),
        logical,
        text: text.map(Into::into),
        ..letter(true)
    };
    let named = |code, name| key(code, Key::Named(name), None);
    let dead = key(KeyCode::BracketLeft, Key::Dead(Some('^')), None);
    let left = named(KeyCode::ArrowLeft, NamedKey::ArrowLeft);
    let shift = named(KeyCode::ShiftLeft, NamedKey::Shift);
    let mut tap = armed();
    let mut press = |stroke: &Stroke| {
        events(|out| {
            tap.key(WINDOW, stroke, out);
        })
    };
    for sequence in [&[&dead][..], &[&dead, &shift], &[&dead, &dead]] {
        for stroke in sequence {
            press(stroke);
        }
        assert_eq!(press(&left), [], "it ends {sequence:?}");
        assert_eq!(press(&left).len(), 1, "and the next one moves the cursor");
    }
    press(&dead);
    let composed = key(KeyCode::KeyE, Key::Character("ê".into()), Some("ê"));
    assert_eq!(press(&composed).len(), 1);
    assert_eq!(press(&left).len(), 1, "the sequence is over");
    // what makes nothing with the dead key is swallowed with it, on the pad too
    let q = key(KeyCode::KeyQ, Key::Character("q".into()), None);
    let seven = Stroke {
        location: KeyLocation::Numpad,
        ..key(KeyCode::Numpad7, Key::Character("7".into()), None)
    };
    for other in [&q, &seven] {
        press(&dead);
        assert_eq!(press(other), [], "{other:?}");
        assert_eq!(press(&left).len(), 1, "{other:?} was the end of it");
    }
}

#[test]
fn s1_a_braille_cell_goes_to_the_host_as_one_character() {
    let dot = |code, symbol, pressed| Stroke {
        physical: PhysicalKey::Code(code),
        logical: Key::Unidentified(NativeKey::Xkb(symbol)),
        unmodified: Key::Unidentified(NativeKey::Xkb(symbol)),
        location: KeyLocation::Standard,
        text: None,
        pressed,
    };
    let one = |pressed| dot(KeyCode::KeyF, 0xfff1, pressed);
    let eight = |pressed| dot(KeyCode::Semicolon, 0xfff8, pressed);
    let mut tap = armed();
    let typed = events(|out| {
        for stroke in [one(true), eight(true), one(false), eight(false)] {
            assert_eq!(tap.key(WINDOW, &stroke, out), Verdict::Swallow);
        }
    });
    let text = BoundedText::cut("\u{2881}".to_owned());
    assert_eq!(typed, [InputEvent::Text { text }]);

    let lost_with_the_focus = events(|out| {
        tap.key(WINDOW, &one(true), out);
        tap.focus(WINDOW, false, out);
        tap.focus(WINDOW, true, out);
        tap.key(WINDOW, &one(false), out);
    });
    assert_eq!(lost_with_the_focus, []);
}

#[test]
fn keys_of_other_windows_stay_here() {
    let mut tap = armed();
    let sent = events(|out| assert_eq!(tap.key(8, &letter(true), out), Verdict::Forward));
    assert_eq!(sent, []);
}

#[test]
fn a_key_that_went_down_here_comes_up_here() {
    let mut tap = armed();
    let sent = events(|out| assert_eq!(tap.key(WINDOW, &letter(false), out), Verdict::Forward));
    assert_eq!(sent, []);
}

#[test]
fn everything_is_released_when_the_focus_goes() {
    let mut tap = armed();
    let sent = events(|out| {
        tap.key(WINDOW, &letter(true), out);
        tap.focus(WINDOW, false, out);
        tap.focus(WINDOW, false, out);
    });
    assert_eq!(sent, [E_DOWN, InputEvent::ReleaseAll]);
}

#[test]
fn everything_is_released_when_the_screen_is_no_longer_shown() {
    let mut tap = armed();
    let sent = events(|out| {
        tap.pass_ended(ViewportId::ROOT, out);
        tap.key(WINDOW, &letter(true), out);
        tap.pass_ended(ViewportId::ROOT, out);
        assert_eq!(tap.key(WINDOW, &letter(true), out), Verdict::Forward);
    });
    assert_eq!(sent, [E_DOWN, InputEvent::ReleaseAll]);
}

#[test]
fn the_menu_key_and_the_mark_key_stay_here_and_let_go_of_all_others() {
    for key in [KeyCode::KeyE, KeyCode::KeyM] {
        stays_here(key);
    }
}

fn stays_here(key: KeyCode) {
    let mut tap = armed();
    tap.modifiers(
        WINDOW,
        Modifiers {
            shift: true,
            control: true,
            alt: true,
            ..Default::default()
        },
        &mut Vec::new(),
    );
    let mut shift = letter(true);
    shift.physical = PhysicalKey::Code(KeyCode::ShiftLeft);
    shift.logical = Key::Named(NamedKey::Shift);
    let sent = events(|out| {
        tap.key(WINDOW, &shift, out);
        let mut ours = letter(true);
        ours.physical = PhysicalKey::Code(key);
        assert_eq!(tap.key(WINDOW, &ours, out), Verdict::Forward);
    });
    assert_eq!(sent.last(), Some(&InputEvent::ReleaseAll));
    assert_eq!(sent.len(), 2);
}

#[test]
fn the_pointer_is_taken_over_the_picture_only() {
    let mut tap = armed();
    let sent = events(|out| {
        assert_eq!(
            tap.pointer_moved(WINDOW, (5.0, 60.0), out),
            Verdict::Forward
        );
        // the first step in is told to egui too, so that no button outside stays lit
        assert_eq!(
            tap.pointer_moved(WINDOW, (10.0, 50.0), out),
            Verdict::Forward
        );
        assert_eq!(
            tap.pointer_moved(WINDOW, (209.6, 149.9), out),
            Verdict::Swallow
        );
        assert_eq!(
            tap.pointer_moved(WINDOW, (210.0, 100.0), out),
            Verdict::Forward
        );
    });
    assert_eq!(sent, [moved(0, 0), moved(399, 199)]);
}

#[test]
fn a_drag_that_began_on_the_picture_goes_on_outside_it() {
    let mut tap = armed();
    let sent = events(|out| {
        tap.pointer_moved(WINDOW, (60.0, 60.0), out);
        tap.button(WINDOW, 1, Some(PointerButton::Left), true, out);
        assert_eq!(tap.pointer_moved(WINDOW, (0.0, 0.0), out), Verdict::Swallow);
        let up = tap.button(WINDOW, 1, Some(PointerButton::Left), false, out);
        assert_eq!(up, Verdict::Swallow);
        assert_eq!(tap.pointer_moved(WINDOW, (0.0, 0.0), out), Verdict::Forward);
    });
    let up = InputEvent::Button {
        button: PointerButton::Left,
        pressed: false,
        at: place(0, 0),
    };
    assert_eq!(sent.last(), Some(&up));
}

#[test]
fn a_press_that_brings_the_keyboard_back_is_seen_on_both_sides() {
    let mut tap = armed();
    let sent = events(|out| {
        tap.arm(
            TapTarget {
                keyboard: false,
                ..target()
            },
            out,
        );
        tap.pointer_moved(WINDOW, (60.0, 60.0), out);
        for pressed in [true, false] {
            let verdict = tap.button(WINDOW, 1, Some(PointerButton::Left), pressed, out);
            assert_eq!(verdict, Verdict::Forward);
        }
        tap.arm(target(), out);
        let verdict = tap.button(WINDOW, 1, Some(PointerButton::Left), true, out);
        assert_eq!(verdict, Verdict::Swallow);
    });
    assert_eq!(sent.len(), 4);
}

#[test]
fn a_drag_that_began_outside_never_reaches_the_host() {
    let mut tap = armed();
    let sent = events(|out| {
        tap.pointer_moved(WINDOW, (0.0, 0.0), out);
        tap.button(WINDOW, 1, Some(PointerButton::Left), true, out);
        assert_eq!(
            tap.pointer_moved(WINDOW, (60.0, 60.0), out),
            Verdict::Forward
        );
        let up = tap.button(WINDOW, 1, Some(PointerButton::Left), false, out);
        assert_eq!(up, Verdict::Forward);
    });
    assert_eq!(sent, []);
}

#[test]
fn egui_hears_of_a_pointer_that_stays_away_when_nothing_is_held() {
    let mut tap = armed();
    let start = Instant::now();
    let later = start + AWAY;
    events(|out| {
        tap.pointer_moved(WINDOW, (60.0, 70.0), out);
        assert!(!tap.take_gone(WINDOW, later), "it is here");
        tap.pointer_left(WINDOW, start);
        assert!(!tap.take_gone(WINDOW, start), "it may be a press");
        assert!(tap.take_gone(WINDOW, later));
        assert!(!tap.take_gone(WINDOW, later), "told once");
        // back, egui hears of the first step in
        assert_eq!(tap.pointer_entered(WINDOW), Verdict::Forward);
        let step = tap.pointer_moved(WINDOW, (60.0, 70.0), out);
        assert_eq!(step, Verdict::Forward);

        // a drag goes on outside
        let left = Some(PointerButton::Left);
        tap.button(WINDOW, 0, left, true, out);
        tap.pointer_left(WINDOW, start);
        assert!(!tap.take_gone(WINDOW, later), "something is held");
        tap.button(WINDOW, 0, left, false, out);
        assert!(tap.take_gone(WINDOW, later));
        // a window manager that takes long for a press loses none
        tap.button(WINDOW, 0, left, true, out);
        assert_eq!(out.len(), 5);
    });
}

#[test]
fn a_press_is_not_held_up_or_lost_when_the_window_manager_grabs_the_pointer() {
    let mut tap = armed();
    let sent = events(|out| {
        tap.pointer_moved(WINDOW, (60.0, 70.0), out);
        assert_eq!(tap.pointer_left(WINDOW, Instant::now()), Verdict::Swallow);
        assert_eq!(tap.pointer_entered(WINDOW), Verdict::Swallow);
        let left = Some(PointerButton::Left);
        assert_eq!(tap.button(WINDOW, 0, left, true, out), Verdict::Swallow);
        tap.button(WINDOW, 0, left, false, out);
        // outside of the picture egui hears of it all
        assert_eq!(
            tap.pointer_moved(WINDOW, (60.0, 5.0), out),
            Verdict::Forward
        );
        assert_eq!(tap.pointer_left(WINDOW, Instant::now()), Verdict::Forward);
        assert_eq!(tap.pointer_entered(WINDOW), Verdict::Forward);
    });
    let pressed = |pressed| InputEvent::Button {
        button: PointerButton::Left,
        pressed,
        at: place(100, 40),
    };
    let moved = moved(100, 40);
    assert_eq!(sent, [moved, pressed(true), pressed(false)]);
}

#[test]
fn what_lies_over_the_picture_gets_the_pointer() {
    let mut tap = armed();
    let cover = WindowRect {
        left: 50.0,
        top: 50.0,
        right: 100.0,
        bottom: 100.0,
    };
    let target = TapTarget {
        covered: vec![cover],
        ..target()
    };
    let sent = events(|out| {
        tap.arm(target, out);
        assert_eq!(
            tap.pointer_moved(WINDOW, (60.0, 60.0), out),
            Verdict::Forward
        );
        let wheel = ((0.0, 1.0), (0.0, 0.0));
        assert_eq!(tap.wheel(WINDOW, wheel, out), Verdict::Forward);
    });
    assert_eq!(sent, []);
}

#[test]
fn smooth_scrolling_adds_up() {
    let mut tap = armed();
    let sent = events(|out| {
        tap.pointer_moved(WINDOW, (60.0, 60.0), out);
        out.clear();
        for _ in 0..4 {
            tap.wheel(WINDOW, ((0.0, 0.0), (0.0, 0.2)), out);
        }
        tap.wheel(WINDOW, ((0.0, -2.0), (0.0, 0.0)), out);
    });
    let total: i32 = sent
        .iter()
        .map(|event| {
            let InputEvent::Wheel { dy, .. } = event else {
                panic!("not a wheel: {event:?}")
            };
            *dy
        })
        .sum();
    assert_eq!(total, -238);
    assert_eq!(sent.len(), 2);
}

#[test]
fn a_window_is_known_by_the_pointer_before_it_has_the_focus() {
    let mut tap = Tap::default();
    let mut out = Vec::new();
    tap.pointer_moved(WINDOW, (60.0, 60.0), &mut out);
    tap.arm(
        TapTarget {
            focused: false,
            hovered: true,
            ..target()
        },
        &mut out,
    );
    assert_eq!(tap.window_of(ViewportId::ROOT), Some(WINDOW));
    assert_eq!(
        tap.pointer_moved(WINDOW, (61.0, 60.0), &mut out),
        Verdict::Forward
    );
    assert_eq!(
        tap.pointer_moved(WINDOW, (62.0, 60.0), &mut out),
        Verdict::Swallow
    );
}

#[test]
fn a_window_that_is_gone_holds_nothing() {
    let mut tap = armed();
    let sent = events(|out| {
        tap.key(WINDOW, &letter(true), out);
        tap.destroyed(WINDOW, out);
    });
    assert_eq!(sent, [E_DOWN, InputEvent::ReleaseAll]);
    assert_eq!(tap.window_of(ViewportId::ROOT), None);
}

#[test]
fn s1_modifiers_that_did_not_change_make_no_repaint_before_a_click() {
    let mut tap = armed();
    let mut out = Vec::new();
    let shift = Modifiers {
        shift: true,
        ..Modifiers::default()
    };
    let none = Modifiers::default();
    assert_eq!(tap.modifiers(WINDOW, none, &mut out), Verdict::Forward);
    assert_eq!(tap.modifiers(WINDOW, none, &mut out), Verdict::Swallow);
    assert_eq!(tap.modifiers(WINDOW, shift, &mut out), Verdict::Forward);
    assert_eq!(tap.modifiers(WINDOW, none, &mut out), Verdict::Forward);
    // egui forgets them with the focus
    tap.focus(WINDOW, true, &mut out);
    assert_eq!(tap.modifiers(WINDOW, none, &mut out), Verdict::Forward);
}

const SHIFT: Modifiers = Modifiers {
    shift: true,
    control: false,
    alt: false,
    super_key: false,
    alt_gr: false,
};

fn shift_key(pressed: bool) -> InputEvent {
    InputEvent::Key {
        key: keyboard::hid::SHIFT_LEFT,
        pressed,
        character: None,
    }
}

#[test]
fn s1_a_modifier_that_was_down_before_the_focus_counts_for_a_click() {
    let mut tap = armed();
    let mut out = Vec::new();
    tap.pointer_moved(WINDOW, (20.0, 60.0), &mut out);
    tap.modifiers(WINDOW, SHIFT, &mut out);
    let click = |tap: &mut Tap, pressed| {
        events(|out| {
            tap.button(WINDOW, 0, Some(PointerButton::Left), pressed, out);
        })
    };
    let pressed = click(&mut tap, true);
    assert_eq!(pressed.first(), Some(&shift_key(true)), "{pressed:?}");
    assert_eq!(pressed.len(), 2, "{pressed:?}");
    assert_eq!(click(&mut tap, false).len(), 1);
    // once is enough
    assert_eq!(click(&mut tap, true).len(), 1);
    click(&mut tap, false);
    let none = Modifiers::default();
    let released = events(|out| {
        tap.modifiers(WINDOW, none, out);
    });
    assert_eq!(released, [shift_key(false)]);
}

#[test]
fn s1_a_modifier_whose_key_went_down_here_is_not_pressed_twice() {
    let mut tap = armed();
    let mut out = Vec::new();
    let shift = |pressed| Stroke {
        physical: PhysicalKey::Code(KeyCode::ShiftRight),
        logical: Key::Named(NamedKey::Shift),
        unmodified: Key::Named(NamedKey::Shift),
        location: KeyLocation::Right,
        text: None,
        pressed,
    };
    tap.key(WINDOW, &shift(true), &mut out);
    tap.modifiers(WINDOW, SHIFT, &mut out);
    let wheel = events(|out| {
        tap.pointer_moved(WINDOW, (20.0, 60.0), &mut Vec::new());
        tap.wheel(WINDOW, ((0.0, 1.0), (0.0, 0.0)), out);
    });
    assert_eq!(wheel, [InputEvent::Wheel { dx: 0, dy: 120 }]);
    let released = events(|out| {
        tap.modifiers(WINDOW, Modifiers::default(), out);
    });
    assert_eq!(released, [], "its own release does that");
}

#[test]
fn s1_caps_lock_is_what_the_layout_makes_of_it() {
    use keyboard::hid;
    use winit::keyboard::NamedKey;
    for (name, key) in [
        (NamedKey::Escape, hid::ESCAPE),
        (NamedKey::Control, hid::CONTROL_LEFT),
        (NamedKey::Backspace, hid::BACKSPACE),
        (NamedKey::CapsLock, hid::CAPS_LOCK),
    ] {
        let mut tap = armed();
        let stroke = |pressed| Stroke {
            physical: PhysicalKey::Code(KeyCode::CapsLock),
            logical: Key::Named(name),
            unmodified: Key::Named(name),
            location: KeyLocation::Standard,
            text: None,
            pressed,
        };
        for pressed in [true, false] {
            let done = events(|out| {
                tap.key(WINDOW, &stroke(pressed), out);
            });
            let character = None;
            let event = InputEvent::Key {
                key,
                pressed,
                character,
            };
            assert_eq!(done, [event]);
        }
    }
}
