//! Input through the `rdev` crate: a fallback that knows keys by their place, and nothing of layouts.
//!
//! A character is typed only by the place of its key, so it arrives as it was meant where both sides
//! have the same layout. `rdev` opens the display anew for every event (some 200 us).

use std::collections::BTreeSet;
use std::fmt;
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
use std::path::Path;
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
use std::process::ExitCode;

use protocol::input::{HidKey, InputEvent, PointerButton};
use rdev::{Button, EventType, Key};

use crate::{InjectError, InputSink, hid};

/// The platforms count a notch of a wheel as this.
const NOTCH: i32 = 120;
/// More notches of one event are nonsense.
const MOST_NOTCHES: i32 = 50;

/// Types and clicks through `rdev`, on X11 on the display that `DISPLAY` names.
#[derive(Default)]
pub struct RdevSink {
    held_keys: BTreeSet<HidKey>,
    held_buttons: BTreeSet<PointerButton>,
    /// What is left of turns that were less than a notch.
    wheel: (i32, i32),
}

impl RdevSink {
    /// Opens it; whether there is a display shows with the first event.
    pub fn open() -> Self {
        Self::default()
    }

    fn key(&mut self, key: HidKey, pressed: bool) -> Result<(), InjectError> {
        let known = rdev_key(key).ok_or(NO_KEY)?;
        if pressed {
            simulate(EventType::KeyPress(known))?;
            self.held_keys.insert(key);
        } else if self.held_keys.remove(&key) {
            simulate(EventType::KeyRelease(known))?;
        }
        Ok(())
    }

    fn button(&mut self, button: PointerButton, pressed: bool) -> Result<(), InjectError> {
        if pressed {
            simulate(EventType::ButtonPress(rdev_button(button)))?;
            self.held_buttons.insert(button);
        } else if self.held_buttons.remove(&button) {
            simulate(EventType::ButtonRelease(rdev_button(button)))?;
        }
        Ok(())
    }

    fn turn(&mut self, dx: i32, dy: i32) -> Result<(), InjectError> {
        let notches = |left: &mut i32, turned: i32| {
            let limit = NOTCH * MOST_NOTCHES;
            *left += turned.clamp(-limit, limit);
            let notches = *left / NOTCH;
            *left %= NOTCH;
            i64::from(notches)
        };
        let delta_x = notches(&mut self.wheel.0, dx);
        // Positive is up here.
        let delta_y = -notches(&mut self.wheel.1, dy);
        if delta_x == 0 && delta_y == 0 {
            return Ok(());
        }
        simulate(EventType::Wheel { delta_x, delta_y })
    }
}

impl InputSink for RdevSink {
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        match *event {
            InputEvent::Key { key, pressed, .. } => self.key(key, pressed),
            InputEvent::PointerMoved { to } => move_pointer(to.x, to.y),
            InputEvent::Button {
                button,
                pressed,
                at,
            } => {
                move_pointer(at.x, at.y)?;
                self.button(button, pressed)
            }
            InputEvent::Wheel { dx, dy } => self.turn(dx, dy),
            InputEvent::Text { .. } => Err(InjectError::NoWay {
                reason: "text needs to know the keyboard layout",
            }),
            InputEvent::ReleaseAll => self.release_all(),
            InputEvent::StillHeld | InputEvent::ClipboardOffered { .. } => Ok(()),
        }
    }

    fn release_all(&mut self) -> Result<(), InjectError> {
        let keys = std::mem::take(&mut self.held_keys).into_iter();
        let keys = keys.filter_map(rdev_key).map(EventType::KeyRelease);
        let buttons = std::mem::take(&mut self.held_buttons).into_iter();
        let buttons = buttons.map(rdev_button).map(EventType::ButtonRelease);
        let mut result = Ok(());
        for event in keys.chain(buttons) {
            // One that fails keeps none of the others down.
            let released = simulate(event);
            result = result.and(released);
        }
        result
    }

    fn held(&self) -> usize {
        self.held_keys.len() + self.held_buttons.len()
    }
}

impl Drop for RdevSink {
    fn drop(&mut self) {
        // Errors mean that the display is gone, and every key with it.
        self.release_all().ok();
    }
}

impl fmt::Debug for RdevSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Which keys are held belongs in no log.
        f.debug_struct("RdevSink")
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

/// See [`crate::open`].
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
pub(crate) fn open() -> Result<Box<dyn InputSink>, InjectError> {
    Ok(Box::new(RdevSink::open()))
}

/// See [`crate::open_guarded`]; no guardian is started.
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
pub(crate) fn open_guarded(_exe: &Path) -> Result<Box<dyn InputSink>, InjectError> {
    open()
}

/// See [`crate::run_guardian_if_asked`]; nobody asks.
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
pub(crate) fn run_guardian_if_asked() -> Option<ExitCode> {
    None
}

/// See [`crate::keyboard_of_this_machine`]; the platform does not tell.
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
pub(crate) fn keyboard() -> Option<protocol::HostKeyboard> {
    None
}

/// See [`crate::release_stuck`]; the platform does not tell artificial keys from others.
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
pub(crate) fn release_stuck() -> Result<usize, InjectError> {
    Ok(0)
}

const NO_KEY: InjectError = InjectError::NoWay {
    reason: "no key of this machine does that",
};

fn simulate(event: EventType) -> Result<(), InjectError> {
    let refused = |_nothing_more_known| InjectError::Lost {
        reason: "the platform refused an artificial event".to_owned(),
    };
    rdev::simulate(&event).map_err(refused)
}

fn move_pointer(x: i32, y: i32) -> Result<(), InjectError> {
    simulate(EventType::MouseMove {
        x: x.max(0).into(),
        y: y.max(0).into(),
    })
}

fn rdev_button(button: PointerButton) -> Button {
    match button {
        PointerButton::Left => Button::Left,
        PointerButton::Middle => Button::Middle,
        PointerButton::Right => Button::Right,
        PointerButton::Back => Button::Unknown(8),
        PointerButton::Forward => Button::Unknown(9),
    }
}

fn rdev_key(key: HidKey) -> Option<Key> {
    if cfg!(target_os = "linux") {
        // On X11 `rdev` takes keycodes, also of keys that it has no name for.
        return crate::keymap::x11_from_hid(key).map(|keycode| Key::Unknown(keycode.into()));
    }
    let found = KEYS.iter().find(|(known, _)| *known == key);
    found.map(|(_, key)| *key)
}

/// The keys that `rdev` has names for, on the platforms where it knows them by name only.
const KEYS: &[(HidKey, Key)] = &[
    (hid::A, Key::KeyA),
    (hid::B, Key::KeyB),
    (hid::C, Key::KeyC),
    (hid::D, Key::KeyD),
    (hid::E, Key::KeyE),
    (hid::F, Key::KeyF),
    (hid::G, Key::KeyG),
    (hid::H, Key::KeyH),
    (hid::I, Key::KeyI),
    (hid::J, Key::KeyJ),
    (hid::K, Key::KeyK),
    (hid::L, Key::KeyL),
    (hid::M, Key::KeyM),
    (hid::N, Key::KeyN),
    (hid::O, Key::KeyO),
    (hid::P, Key::KeyP),
    (hid::Q, Key::KeyQ),
    (hid::R, Key::KeyR),
    (hid::S, Key::KeyS),
    (hid::T, Key::KeyT),
    (hid::U, Key::KeyU),
    (hid::V, Key::KeyV),
    (hid::W, Key::KeyW),
    (hid::X, Key::KeyX),
    (hid::Y, Key::KeyY),
    (hid::Z, Key::KeyZ),
    (hid::DIGIT_0, Key::Num0),
    (hid::DIGIT_1, Key::Num1),
    (hid::DIGIT_2, Key::Num2),
    (hid::DIGIT_3, Key::Num3),
    (hid::DIGIT_4, Key::Num4),
    (hid::DIGIT_5, Key::Num5),
    (hid::DIGIT_6, Key::Num6),
    (hid::DIGIT_7, Key::Num7),
    (hid::DIGIT_8, Key::Num8),
    (hid::DIGIT_9, Key::Num9),
    (hid::F1, Key::F1),
    (hid::F2, Key::F2),
    (hid::F3, Key::F3),
    (hid::F4, Key::F4),
    (hid::F5, Key::F5),
    (hid::F6, Key::F6),
    (hid::F7, Key::F7),
    (hid::F8, Key::F8),
    (hid::F9, Key::F9),
    (hid::F10, Key::F10),
    (hid::F11, Key::F11),
    (hid::F12, Key::F12),
    (hid::ENTER, Key::Return),
    (hid::ESCAPE, Key::Escape),
    (hid::BACKSPACE, Key::Backspace),
    (hid::TAB, Key::Tab),
    (hid::SPACE, Key::Space),
    (hid::MINUS, Key::Minus),
    (hid::EQUAL, Key::Equal),
    (hid::BRACKET_LEFT, Key::LeftBracket),
    (hid::BRACKET_RIGHT, Key::RightBracket),
    (hid::BACKSLASH, Key::BackSlash),
    (hid::SEMICOLON, Key::SemiColon),
    (hid::QUOTE, Key::Quote),
    (hid::BACKQUOTE, Key::BackQuote),
    (hid::COMMA, Key::Comma),
    (hid::PERIOD, Key::Dot),
    (hid::SLASH, Key::Slash),
    (hid::CAPS_LOCK, Key::CapsLock),
    (hid::PRINT_SCREEN, Key::PrintScreen),
    (hid::SCROLL_LOCK, Key::ScrollLock),
    (hid::PAUSE, Key::Pause),
    (hid::INSERT, Key::Insert),
    (hid::HOME, Key::Home),
    (hid::PAGE_UP, Key::PageUp),
    (hid::DELETE, Key::Delete),
    (hid::END, Key::End),
    (hid::PAGE_DOWN, Key::PageDown),
    (hid::ARROW_RIGHT, Key::RightArrow),
    (hid::ARROW_LEFT, Key::LeftArrow),
    (hid::ARROW_DOWN, Key::DownArrow),
    (hid::ARROW_UP, Key::UpArrow),
    (hid::NUM_LOCK, Key::NumLock),
    (hid::NUMPAD_DIVIDE, Key::KpDivide),
    (hid::NUMPAD_MULTIPLY, Key::KpMultiply),
    (hid::NUMPAD_SUBTRACT, Key::KpMinus),
    (hid::NUMPAD_ADD, Key::KpPlus),
    (hid::NUMPAD_ENTER, Key::KpReturn),
    (hid::NUMPAD_DECIMAL, Key::KpDelete),
    (hid::INTL_BACKSLASH, Key::IntlBackslash),
    (hid::CONTROL_LEFT, Key::ControlLeft),
    (hid::SHIFT_LEFT, Key::ShiftLeft),
    (hid::ALT_LEFT, Key::Alt),
    (hid::SUPER_LEFT, Key::MetaLeft),
    (hid::CONTROL_RIGHT, Key::ControlRight),
    (hid::SHIFT_RIGHT, Key::ShiftRight),
    (hid::ALT_RIGHT, Key::AltGr),
    (hid::SUPER_RIGHT, Key::MetaRight),
    (hid::NUMPAD_0, Key::Kp0),
    (hid::NUMPAD_1, Key::Kp1),
    (hid::NUMPAD_2, Key::Kp2),
    (hid::NUMPAD_3, Key::Kp3),
    (hid::NUMPAD_4, Key::Kp4),
    (hid::NUMPAD_5, Key::Kp5),
    (hid::NUMPAD_6, Key::Kp6),
    (hid::NUMPAD_7, Key::Kp7),
    (hid::NUMPAD_8, Key::Kp8),
    (hid::NUMPAD_9, Key::Kp9),
];
