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
    /// Each modifier, whether it is on, and its keys on the left and on the right.
    pub(super) fn keys(self) -> [(bool, [HidKey; 2]); 4] {
        use keyboard::hid;
        [
            (self.shift, [hid::SHIFT_LEFT, hid::SHIFT_RIGHT]),
            (self.control, [hid::CONTROL_LEFT, hid::CONTROL_RIGHT]),
            (self.alt, [hid::ALT_LEFT, hid::ALT_RIGHT]),
            (self.super_key, [hid::SUPER_LEFT, hid::SUPER_RIGHT]),
        ]
    }

    /// Whether `key` makes one.
    pub(super) fn is_modifier(key: HidKey) -> bool {
        let all = Self::default().keys();
        all.iter().any(|(_, keys)| keys.contains(&key))
    }

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
    let Some(key) = hid_key(stroke.physical).map(|place| named(stroke, place)) else {
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

/// What the operator's layout makes of the key at `place`: Caps Lock may be another Escape, Control or
/// Backspace, and what it is here it must be at the host. The pad stays a pad.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of hundreds of names those that layouts move are written out"
)]
fn named(stroke: &Stroke, place: HidKey) -> HidKey {
    use keyboard::hid;
    let Key::Named(name) = stroke.logical else {
        return place;
    };
    if stroke.location == KeyLocation::Numpad {
        return place;
    }
    let (left, right) = match name {
        NamedKey::Shift => (hid::SHIFT_LEFT, hid::SHIFT_RIGHT),
        NamedKey::Control => (hid::CONTROL_LEFT, hid::CONTROL_RIGHT),
        NamedKey::Alt => (hid::ALT_LEFT, hid::ALT_RIGHT),
        NamedKey::Super => (hid::SUPER_LEFT, hid::SUPER_RIGHT),
        _ => {
            let key = match name {
                NamedKey::CapsLock => hid::CAPS_LOCK,
                NamedKey::NumLock => hid::NUM_LOCK,
                NamedKey::ScrollLock => hid::SCROLL_LOCK,
                NamedKey::Escape => hid::ESCAPE,
                NamedKey::Backspace => hid::BACKSPACE,
                NamedKey::Tab => hid::TAB,
                NamedKey::Enter => hid::ENTER,
                NamedKey::Insert => hid::INSERT,
                NamedKey::Delete => hid::DELETE,
                NamedKey::Home => hid::HOME,
                NamedKey::End => hid::END,
                NamedKey::PageUp => hid::PAGE_UP,
                NamedKey::PageDown => hid::PAGE_DOWN,
                NamedKey::ArrowLeft => hid::ARROW_LEFT,
                NamedKey::ArrowRight => hid::ARROW_RIGHT,
                NamedKey::ArrowUp => hid::ARROW_UP,
                NamedKey::ArrowDown => hid::ARROW_DOWN,
                NamedKey::ContextMenu => hid::CONTEXT_MENU,
                _ => place,
            };
            (key, key)
        }
    };
    if place == left || place == right {
        place
    } else if stroke.location == KeyLocation::Right {
        right
    } else {
        left
    }
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
pub fn hid_key(key: PhysicalKey) -> Option<HidKey> {
    match key {
        PhysicalKey::Code(code) => place_of(code),
        PhysicalKey::Unidentified(_) => None,
    }
}

macro_rules! places {
    ($($name:ident $usage:literal [$($evdev:literal)?] [$($code:ident)*])*) => {
        fn place_of(code: KeyCode) -> Option<HidKey> {
            match code {
                $($(KeyCode::$code => Some(keyboard::hid::$name),)*)*
                // media and browser keys live on other HID pages; so will what winit adds
                _ => None,
            }
        }
    };
}
keyboard::each_key!(places);

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
