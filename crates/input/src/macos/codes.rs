//! What macOS calls the keys of a keyboard.
//!
//! Source: the `kVK_` constants of Apple's `Carbon/HIToolbox/Events.h`, which name places on a keyboard.

use protocol::HidKey;

use crate::hid;

/// From A to Z, then the digits from 1 to 0, as their usages are numbered.
const LETTERS_AND_DIGITS: [u8; 36] = [
    0x00, 0x0b, 0x08, 0x02, 0x0e, 0x03, 0x05, 0x04, 0x22, 0x26, 0x28, 0x25, 0x2e, 0x2d, 0x1f, 0x23,
    0x0c, 0x0f, 0x01, 0x11, 0x20, 0x09, 0x0d, 0x07, 0x10, 0x06, 0x12, 0x13, 0x14, 0x15, 0x17, 0x16,
    0x1a, 0x1c, 0x19, 0x1d,
];
/// From F1 to F12.
const F_1_TO_12: [u8; 12] = [
    0x7a, 0x78, 0x63, 0x76, 0x60, 0x61, 0x62, 0x64, 0x65, 0x6d, 0x67, 0x6f,
];
/// From F13 to F20; there are no more.
const F_13_TO_20: [u8; 8] = [0x69, 0x6b, 0x71, 0x6a, 0x40, 0x4f, 0x50, 0x5a];
/// From 1 to 0 of the pad.
const PAD: [u8; 10] = [0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5b, 0x5c, 0x52];

/// The key at the place of `key`; `None` for one that no keyboard of Apple's has.
pub(super) fn of_place(key: HidKey) -> Option<u8> {
    let runs: [(HidKey, &[u8]); 4] = [
        (hid::A, &LETTERS_AND_DIGITS),
        (hid::F1, &F_1_TO_12),
        (hid::F13, &F_13_TO_20),
        (hid::NUMPAD_1, &PAD),
    ];
    let in_run = runs.iter().find_map(|(first, codes)| {
        let steps = key.0.checked_sub(first.0)?;
        codes.get(usize::from(steps)).copied()
    });
    in_run.or_else(|| named(key))
}

/// The key that does the same on every layout, and types nothing.
pub(super) fn of_name(key: HidKey) -> Option<u8> {
    let types = (hid::A..=hid::DIGIT_0).contains(&key)
        || (hid::SPACE..=hid::SLASH).contains(&key)
        || (hid::NUMPAD_DIVIDE..=hid::INTL_BACKSLASH).contains(&key) && key != hid::NUMPAD_ENTER
        || [
            hid::NUMPAD_EQUAL,
            hid::NUMPAD_COMMA,
            hid::INTL_RO,
            hid::INTL_YEN,
        ]
        .contains(&key);
    if types { None } else { of_place(key) }
}

/// The key that a key of the pad is where Num Lock is off; Apple's pads have no such lock.
pub(super) fn that_moves(key: HidKey) -> Option<u8> {
    of_place(keyboard::pad_moves_as(key)?)
}

fn named(key: HidKey) -> Option<u8> {
    Some(match key {
        hid::ENTER => 0x24,
        hid::ESCAPE => 0x35,
        hid::BACKSPACE => 0x33,
        hid::TAB => 0x30,
        hid::SPACE => 0x31,
        hid::MINUS => 0x1b,
        hid::EQUAL => 0x18,
        hid::BRACKET_LEFT => 0x21,
        hid::BRACKET_RIGHT => 0x1e,
        hid::BACKSLASH | hid::NON_US_HASH => 0x2a,
        hid::SEMICOLON => 0x29,
        hid::QUOTE => 0x27,
        hid::BACKQUOTE => 0x32,
        hid::COMMA => 0x2b,
        hid::PERIOD => 0x2f,
        hid::SLASH => 0x2c,
        // where others have Insert, Apple's keyboards have Help, and programs of other systems take it for that
        hid::INSERT | hid::HELP => 0x72,
        hid::HOME => 0x73,
        hid::PAGE_UP => 0x74,
        hid::DELETE => 0x75,
        hid::END => 0x77,
        hid::PAGE_DOWN => 0x79,
        hid::ARROW_RIGHT => 0x7c,
        hid::ARROW_LEFT => 0x7b,
        hid::ARROW_DOWN => 0x7d,
        hid::ARROW_UP => 0x7e,
        hid::NUM_LOCK | hid::NUMPAD_CLEAR => 0x47,
        hid::NUMPAD_DIVIDE => 0x4b,
        hid::NUMPAD_MULTIPLY => 0x43,
        hid::NUMPAD_SUBTRACT => 0x4e,
        hid::NUMPAD_ADD => 0x45,
        hid::NUMPAD_ENTER => 0x4c,
        hid::NUMPAD_DECIMAL => 0x41,
        hid::NUMPAD_EQUAL => 0x51,
        hid::NUMPAD_COMMA => 0x5f,
        hid::INTL_BACKSLASH => 0x0a,
        hid::INTL_RO => 0x5e,
        hid::INTL_YEN => 0x5d,
        hid::LANG_1 => 0x68,
        hid::LANG_2 => 0x66,
        hid::CONTEXT_MENU => 0x6e,
        hid::VOLUME_UP => 0x48,
        hid::VOLUME_DOWN => 0x49,
        hid::VOLUME_MUTE => 0x4a,
        hid::CONTROL_LEFT => 0x3b,
        hid::SHIFT_LEFT => 0x38,
        hid::ALT_LEFT => 0x3a,
        hid::SUPER_LEFT => 0x37,
        hid::CONTROL_RIGHT => 0x3e,
        hid::SHIFT_RIGHT => 0x3c,
        hid::ALT_RIGHT => 0x3d,
        hid::SUPER_RIGHT => 0x36,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn well_known_keys_have_their_codes() {
        for (key, code) in [
            (hid::A, 0x00),
            (hid::Z, 0x06),
            (hid::DIGIT_1, 0x12),
            (hid::DIGIT_5, 0x17),
            (hid::DIGIT_6, 0x16),
            (hid::DIGIT_0, 0x1d),
            (hid::F1, 0x7a),
            (hid::F12, 0x6f),
            (hid::F13, 0x69),
            (hid::F20, 0x5a),
            (hid::NUMPAD_8, 0x5b),
            (hid::NUMPAD_0, 0x52),
            (hid::ARROW_UP, 0x7e),
            (hid::SUPER_LEFT, 0x37),
        ] {
            assert_eq!(of_place(key), Some(code), "{key:?}");
        }
        for missing in [hid::F21, hid::PAUSE, hid::SCROLL_LOCK, hid::CONVERT] {
            assert_eq!(of_place(missing), None, "{missing:?}");
        }
    }

    #[test]
    fn no_two_keys_share_a_code_but_those_that_lie_in_one_place() {
        let one_place = [hid::NON_US_HASH, hid::HELP, hid::NUMPAD_CLEAR];
        let mut seen = BTreeMap::new();
        for usage in 0..=0xff {
            let key = HidKey(usage);
            if let Some(code) = of_place(key).filter(|_code| !one_place.contains(&key)) {
                assert_eq!(seen.insert(code, key), None, "{key:?}");
            }
        }
    }

    #[test]
    fn keys_that_type_have_no_name_and_those_that_do_not_have_one() {
        for key in [hid::A, hid::DIGIT_0, hid::SPACE, hid::SLASH, hid::NUMPAD_5] {
            assert_eq!(of_name(key), None, "{key:?}");
        }
        for key in [hid::ENTER, hid::TAB, hid::F5, hid::NUMPAD_ENTER, hid::END] {
            assert_eq!(of_name(key), of_place(key), "{key:?}");
        }
        assert_eq!(that_moves(hid::NUMPAD_7), of_place(hid::HOME));
        assert_eq!(that_moves(hid::NUMPAD_ADD), None);
    }
}
