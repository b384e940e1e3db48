//! From winit's keys to places on the keyboard and characters.

use protocol::HidKey;
use winit::keyboard::{Key, KeyCode, KeyLocation, NamedKey, PhysicalKey};

/// One key event, without what winit keeps to itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stroke {
    pub(super) physical: PhysicalKey,
    pub(super) logical: Key,
    /// What the key means without any modifier.
    pub(super) unmodified: Key,
    pub(super) location: KeyLocation,
    pub(super) text: Option<String>,
    pub(super) pressed: bool,
}

/// The modifiers that make commands of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Modifiers {
    pub(super) shift: bool,
    pub(super) control: bool,
    pub(super) alt: bool,
    pub(super) super_key: bool,
    /// The right Alt key, where the layout uses it to reach further characters.
    pub(super) alt_gr: bool,
}

impl Modifiers {
    /// Whether a key now is a command and not a character. `AltGr` is none: Windows reports it as
    /// Ctrl and Alt together.
    pub(super) fn command(self) -> bool {
        self.super_key || ((self.control || self.alt) && !self.alt_gr)
    }
}

/// What a press means for the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A key at its place, and the character it makes here.
    Key(HidKey, Option<char>),
    /// More than one character, from a compose sequence.
    Text(String),
    /// Part of a compose sequence: what comes out of it follows.
    Composing,
    /// A key that the host could not press.
    Unknown,
}

/// What the press `stroke` means.
pub(super) fn meaning(stroke: &Stroke, modifiers: Modifiers) -> Meaning {
    let text = stroke
        .text
        .as_deref()
        .filter(|text| !text.chars().any(char::is_control));
    let command = modifiers.command();
    let numpad = stroke.location == KeyLocation::Numpad;
    if !command && !numpad {
        let composes = match &stroke.logical {
            Key::Dead(_) | Key::Named(NamedKey::Compose) => true,
            Key::Character(_) | Key::Named(NamedKey::Space) => stroke.text.is_none(),
            Key::Named(_) | Key::Unidentified(_) => false,
        };
        if composes {
            return Meaning::Composing;
        }
        if let Some(text) = text.filter(|text| text.chars().count() > 1) {
            return Meaning::Text(text.to_owned());
        }
    }
    let Some(key) = hid_key(stroke.physical) else {
        // a key without a place can still make a character
        return match text {
            Some(text) if !command => Meaning::Text(text.to_owned()),
            _ => Meaning::Unknown,
        };
    };
    let character = match (numpad, command) {
        // by place, as a numeric pad is more than its digits
        (true, _) => None,
        (false, true) => single_character(&stroke.unmodified),
        (false, false) => text.and_then(single),
    };
    Meaning::Key(key, character)
}

fn single_character(key: &Key) -> Option<char> {
    match key {
        Key::Character(text) => single(text),
        Key::Named(_) | Key::Unidentified(_) | Key::Dead(_) => None,
    }
}

fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let first = chars.next().filter(|c| !c.is_control())?;
    chars.next().is_none().then_some(first)
}

/// The usage number of a key on the HID keyboard page; `None` for keys that are not on it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "media and browser keys live on other HID pages; so will what winit adds"
)]
pub fn hid_key(key: PhysicalKey) -> Option<HidKey> {
    let PhysicalKey::Code(code) = key else {
        return None;
    };
    let usage = match code {
        KeyCode::KeyA => 0x04,
        KeyCode::KeyB => 0x05,
        KeyCode::KeyC => 0x06,
        KeyCode::KeyD => 0x07,
        KeyCode::KeyE => 0x08,
        KeyCode::KeyF => 0x09,
        KeyCode::KeyG => 0x0a,
        KeyCode::KeyH => 0x0b,
        KeyCode::KeyI => 0x0c,
        KeyCode::KeyJ => 0x0d,
        KeyCode::KeyK => 0x0e,
        KeyCode::KeyL => 0x0f,
        KeyCode::KeyM => 0x10,
        KeyCode::KeyN => 0x11,
        KeyCode::KeyO => 0x12,
        KeyCode::KeyP => 0x13,
        KeyCode::KeyQ => 0x14,
        KeyCode::KeyR => 0x15,
        KeyCode::KeyS => 0x16,
        KeyCode::KeyT => 0x17,
        KeyCode::KeyU => 0x18,
        KeyCode::KeyV => 0x19,
        KeyCode::KeyW => 0x1a,
        KeyCode::KeyX => 0x1b,
        KeyCode::KeyY => 0x1c,
        KeyCode::KeyZ => 0x1d,
        KeyCode::Digit1 => 0x1e,
        KeyCode::Digit2 => 0x1f,
        KeyCode::Digit3 => 0x20,
        KeyCode::Digit4 => 0x21,
        KeyCode::Digit5 => 0x22,
        KeyCode::Digit6 => 0x23,
        KeyCode::Digit7 => 0x24,
        KeyCode::Digit8 => 0x25,
        KeyCode::Digit9 => 0x26,
        KeyCode::Digit0 => 0x27,
        KeyCode::Enter => 0x28,
        KeyCode::Escape => 0x29,
        KeyCode::Backspace => 0x2a,
        KeyCode::Tab => 0x2b,
        KeyCode::Space => 0x2c,
        KeyCode::Minus => 0x2d,
        KeyCode::Equal => 0x2e,
        KeyCode::BracketLeft => 0x2f,
        KeyCode::BracketRight => 0x30,
        KeyCode::Backslash => 0x31,
        KeyCode::Semicolon => 0x33,
        KeyCode::Quote => 0x34,
        KeyCode::Backquote => 0x35,
        KeyCode::Comma => 0x36,
        KeyCode::Period => 0x37,
        KeyCode::Slash => 0x38,
        KeyCode::CapsLock => 0x39,
        KeyCode::F1 => 0x3a,
        KeyCode::F2 => 0x3b,
        KeyCode::F3 => 0x3c,
        KeyCode::F4 => 0x3d,
        KeyCode::F5 => 0x3e,
        KeyCode::F6 => 0x3f,
        KeyCode::F7 => 0x40,
        KeyCode::F8 => 0x41,
        KeyCode::F9 => 0x42,
        KeyCode::F10 => 0x43,
        KeyCode::F11 => 0x44,
        KeyCode::F12 => 0x45,
        KeyCode::PrintScreen => 0x46,
        KeyCode::ScrollLock => 0x47,
        KeyCode::Pause => 0x48,
        KeyCode::Insert => 0x49,
        KeyCode::Home => 0x4a,
        KeyCode::PageUp => 0x4b,
        KeyCode::Delete => 0x4c,
        KeyCode::End => 0x4d,
        KeyCode::PageDown => 0x4e,
        KeyCode::ArrowRight => 0x4f,
        KeyCode::ArrowLeft => 0x50,
        KeyCode::ArrowDown => 0x51,
        KeyCode::ArrowUp => 0x52,
        KeyCode::NumLock => 0x53,
        KeyCode::NumpadDivide => 0x54,
        KeyCode::NumpadMultiply | KeyCode::NumpadStar => 0x55,
        KeyCode::NumpadSubtract => 0x56,
        KeyCode::NumpadAdd => 0x57,
        KeyCode::NumpadEnter => 0x58,
        KeyCode::Numpad1 => 0x59,
        KeyCode::Numpad2 => 0x5a,
        KeyCode::Numpad3 => 0x5b,
        KeyCode::Numpad4 => 0x5c,
        KeyCode::Numpad5 => 0x5d,
        KeyCode::Numpad6 => 0x5e,
        KeyCode::Numpad7 => 0x5f,
        KeyCode::Numpad8 => 0x60,
        KeyCode::Numpad9 => 0x61,
        KeyCode::Numpad0 => 0x62,
        KeyCode::NumpadDecimal => 0x63,
        KeyCode::IntlBackslash => 0x64,
        KeyCode::ContextMenu => 0x65,
        KeyCode::Power => 0x66,
        KeyCode::NumpadEqual => 0x67,
        KeyCode::F13 => 0x68,
        KeyCode::F14 => 0x69,
        KeyCode::F15 => 0x6a,
        KeyCode::F16 => 0x6b,
        KeyCode::F17 => 0x6c,
        KeyCode::F18 => 0x6d,
        KeyCode::F19 => 0x6e,
        KeyCode::F20 => 0x6f,
        KeyCode::F21 => 0x70,
        KeyCode::F22 => 0x71,
        KeyCode::F23 => 0x72,
        KeyCode::F24 => 0x73,
        KeyCode::Open => 0x74,
        KeyCode::Help => 0x75,
        KeyCode::Props => 0x76,
        KeyCode::Select => 0x77,
        KeyCode::Again => 0x79,
        KeyCode::Undo => 0x7a,
        KeyCode::Cut => 0x7b,
        KeyCode::Copy => 0x7c,
        KeyCode::Paste => 0x7d,
        KeyCode::Find => 0x7e,
        KeyCode::AudioVolumeMute => 0x7f,
        KeyCode::AudioVolumeUp => 0x80,
        KeyCode::AudioVolumeDown => 0x81,
        KeyCode::NumpadComma => 0x85,
        KeyCode::IntlRo => 0x87,
        KeyCode::KanaMode => 0x88,
        KeyCode::IntlYen => 0x89,
        KeyCode::Convert => 0x8a,
        KeyCode::NonConvert => 0x8b,
        KeyCode::Lang1 => 0x90,
        KeyCode::Lang2 => 0x91,
        KeyCode::Lang3 | KeyCode::Katakana => 0x92,
        KeyCode::Lang4 | KeyCode::Hiragana => 0x93,
        KeyCode::Lang5 => 0x94,
        KeyCode::NumpadParenLeft => 0xb6,
        KeyCode::NumpadParenRight => 0xb7,
        KeyCode::NumpadBackspace => 0xbb,
        KeyCode::NumpadHash => 0xcc,
        KeyCode::NumpadMemoryStore => 0xd0,
        KeyCode::NumpadMemoryRecall => 0xd1,
        KeyCode::NumpadMemoryClear => 0xd2,
        KeyCode::NumpadMemoryAdd => 0xd3,
        KeyCode::NumpadMemorySubtract => 0xd4,
        KeyCode::NumpadClear => 0xd8,
        KeyCode::NumpadClearEntry => 0xd9,
        KeyCode::ControlLeft => 0xe0,
        KeyCode::ShiftLeft => 0xe1,
        KeyCode::AltLeft => 0xe2,
        KeyCode::SuperLeft | KeyCode::Meta => 0xe3,
        KeyCode::ControlRight => 0xe4,
        KeyCode::ShiftRight => 0xe5,
        KeyCode::AltRight => 0xe6,
        KeyCode::SuperRight => 0xe7,
        _ => return None,
    };
    Some(HidKey(usage))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn stroke(code: KeyCode, logical: Key, text: Option<&str>) -> Stroke {
        Stroke {
            physical: PhysicalKey::Code(code),
            unmodified: logical.clone(),
            logical,
            location: KeyLocation::Standard,
            text: text.map(str::to_owned),
            pressed: true,
        }
    }

    fn letter(code: KeyCode, text: &str) -> Stroke {
        stroke(code, Key::Character(text.into()), Some(text))
    }

    #[test]
    fn keys_are_named_by_their_place() {
        let known = [
            (KeyCode::KeyA, 0x04),
            (KeyCode::Digit0, 0x27),
            (KeyCode::NumpadEnter, 0x58),
            (KeyCode::Numpad0, 0x62),
            (KeyCode::IntlBackslash, 0x64),
            (KeyCode::IntlRo, 0x87),
            (KeyCode::Convert, 0x8a),
            (KeyCode::SuperRight, 0xe7),
        ];
        for (code, usage) in known {
            assert_eq!(
                hid_key(PhysicalKey::Code(code)),
                Some(HidKey(usage)),
                "{code:?}"
            );
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn every_key_of_a_pc_keyboard_has_a_place_of_its_own() {
        use winit::platform::scancode::PhysicalKeyExtScancode as _;

        // evdev codes of a full PC keyboard: the main block, the pads, and Japanese keys
        let codes = (1..=83)
            .chain([86, 87, 88, 89, 92, 94, 93, 96, 97, 98, 99, 100])
            .chain(
                (102..=111)
                    .chain([113, 114, 115, 117, 119, 121, 124, 125, 126, 127])
                    .chain(183..=194),
            );
        let mut seen = BTreeSet::new();
        for code in codes {
            let key = PhysicalKey::from_scancode(code);
            let place = hid_key(key);
            assert!(
                place.is_some(),
                "evdev {code} is {key:?}, which has no place"
            );
            assert!(
                seen.insert(place),
                "evdev {code} is {key:?}, which is there twice"
            );
        }
    }

    #[test]
    fn s1_a_character_is_what_the_operators_layout_makes() {
        let plain = Modifiers::default();
        let y_on_a_german_keyboard = letter(KeyCode::KeyY, "z");
        assert_eq!(
            meaning(&y_on_a_german_keyboard, plain),
            Meaning::Key(HidKey(0x1c), Some('z'))
        );
        let alt_gr = Modifiers {
            alt: true,
            control: true,
            alt_gr: true,
            ..plain
        };
        assert_eq!(
            meaning(&letter(KeyCode::KeyE, "€"), alt_gr),
            Meaning::Key(HidKey(0x08), Some('€'))
        );
    }

    #[test]
    fn s1_a_command_carries_the_unmodified_letter() {
        let control = Modifiers {
            control: true,
            shift: true,
            ..Default::default()
        };
        let mut copy = letter(KeyCode::KeyC, "C");
        copy.unmodified = Key::Character("c".into());
        assert_eq!(
            meaning(&copy, control),
            Meaning::Key(HidKey(0x06), Some('c'))
        );
    }

    #[test]
    fn keys_without_a_character_go_by_place() {
        let plain = Modifiers::default();
        let enter = stroke(KeyCode::Enter, Key::Named(NamedKey::Enter), Some("\r"));
        assert_eq!(meaning(&enter, plain), Meaning::Key(HidKey(0x28), None));
        let mut seven = letter(KeyCode::Numpad7, "7");
        seven.location = KeyLocation::Numpad;
        assert_eq!(meaning(&seven, plain), Meaning::Key(HidKey(0x5f), None));
    }

    #[test]
    fn a_compose_sequence_sends_what_comes_out_of_it_and_nothing_else() {
        let plain = Modifiers::default();
        let dead = stroke(KeyCode::BracketLeft, Key::Dead(Some('^')), None);
        assert_eq!(meaning(&dead, plain), Meaning::Composing);
        let within = stroke(KeyCode::Quote, Key::Character("'".into()), None);
        assert_eq!(meaning(&within, plain), Meaning::Composing);
        assert_eq!(
            meaning(&letter(KeyCode::KeyE, "ê"), plain),
            Meaning::Key(HidKey(0x08), Some('ê'))
        );
        assert_eq!(
            meaning(&letter(KeyCode::KeyE, "^x"), plain),
            Meaning::Text("^x".to_owned())
        );
    }

    #[test]
    fn a_media_key_reaches_nobody() {
        let play = stroke(
            KeyCode::MediaPlayPause,
            Key::Named(NamedKey::MediaPlayPause),
            None,
        );
        assert_eq!(meaning(&play, Modifiers::default()), Meaning::Unknown);
    }
}
