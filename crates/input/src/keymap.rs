//! Where a key is on the keyboard: USB HID usages, and what Linux calls the same keys.
//!
//! Sources: HID Usage Tables 1.5, section 10 (keyboard page), and the key codes of Linux
//! `input-event-codes.h`, related as the Linux HID driver relates them. Media keys have no place on
//! the keyboard page; here they have the numbers from 0xE8 on, which that driver also knows.

use protocol::input::HidKey;

/// The keys of a full keyboard, named for what is printed on an American one.
pub mod hid {
    use protocol::input::HidKey;

    pub const A: HidKey = HidKey(0x04);
    pub const B: HidKey = HidKey(0x05);
    pub const C: HidKey = HidKey(0x06);
    pub const D: HidKey = HidKey(0x07);
    pub const E: HidKey = HidKey(0x08);
    pub const F: HidKey = HidKey(0x09);
    pub const G: HidKey = HidKey(0x0a);
    pub const H: HidKey = HidKey(0x0b);
    pub const I: HidKey = HidKey(0x0c);
    pub const J: HidKey = HidKey(0x0d);
    pub const K: HidKey = HidKey(0x0e);
    pub const L: HidKey = HidKey(0x0f);
    pub const M: HidKey = HidKey(0x10);
    pub const N: HidKey = HidKey(0x11);
    pub const O: HidKey = HidKey(0x12);
    pub const P: HidKey = HidKey(0x13);
    pub const Q: HidKey = HidKey(0x14);
    pub const R: HidKey = HidKey(0x15);
    pub const S: HidKey = HidKey(0x16);
    pub const T: HidKey = HidKey(0x17);
    pub const U: HidKey = HidKey(0x18);
    pub const V: HidKey = HidKey(0x19);
    pub const W: HidKey = HidKey(0x1a);
    pub const X: HidKey = HidKey(0x1b);
    pub const Y: HidKey = HidKey(0x1c);
    pub const Z: HidKey = HidKey(0x1d);
    pub const DIGIT_1: HidKey = HidKey(0x1e);
    pub const DIGIT_2: HidKey = HidKey(0x1f);
    pub const DIGIT_3: HidKey = HidKey(0x20);
    pub const DIGIT_4: HidKey = HidKey(0x21);
    pub const DIGIT_5: HidKey = HidKey(0x22);
    pub const DIGIT_6: HidKey = HidKey(0x23);
    pub const DIGIT_7: HidKey = HidKey(0x24);
    pub const DIGIT_8: HidKey = HidKey(0x25);
    pub const DIGIT_9: HidKey = HidKey(0x26);
    pub const DIGIT_0: HidKey = HidKey(0x27);
    pub const ENTER: HidKey = HidKey(0x28);
    pub const ESCAPE: HidKey = HidKey(0x29);
    pub const BACKSPACE: HidKey = HidKey(0x2a);
    pub const TAB: HidKey = HidKey(0x2b);
    pub const SPACE: HidKey = HidKey(0x2c);
    pub const MINUS: HidKey = HidKey(0x2d);
    pub const EQUAL: HidKey = HidKey(0x2e);
    pub const BRACKET_LEFT: HidKey = HidKey(0x2f);
    pub const BRACKET_RIGHT: HidKey = HidKey(0x30);
    pub const BACKSLASH: HidKey = HidKey(0x31);
    pub const NON_US_HASH: HidKey = HidKey(0x32);
    pub const SEMICOLON: HidKey = HidKey(0x33);
    pub const QUOTE: HidKey = HidKey(0x34);
    pub const BACKQUOTE: HidKey = HidKey(0x35);
    pub const COMMA: HidKey = HidKey(0x36);
    pub const PERIOD: HidKey = HidKey(0x37);
    pub const SLASH: HidKey = HidKey(0x38);
    pub const CAPS_LOCK: HidKey = HidKey(0x39);
    pub const F1: HidKey = HidKey(0x3a);
    pub const F2: HidKey = HidKey(0x3b);
    pub const F3: HidKey = HidKey(0x3c);
    pub const F4: HidKey = HidKey(0x3d);
    pub const F5: HidKey = HidKey(0x3e);
    pub const F6: HidKey = HidKey(0x3f);
    pub const F7: HidKey = HidKey(0x40);
    pub const F8: HidKey = HidKey(0x41);
    pub const F9: HidKey = HidKey(0x42);
    pub const F10: HidKey = HidKey(0x43);
    pub const F11: HidKey = HidKey(0x44);
    pub const F12: HidKey = HidKey(0x45);
    pub const PRINT_SCREEN: HidKey = HidKey(0x46);
    pub const SCROLL_LOCK: HidKey = HidKey(0x47);
    pub const PAUSE: HidKey = HidKey(0x48);
    pub const INSERT: HidKey = HidKey(0x49);
    pub const HOME: HidKey = HidKey(0x4a);
    pub const PAGE_UP: HidKey = HidKey(0x4b);
    pub const DELETE: HidKey = HidKey(0x4c);
    pub const END: HidKey = HidKey(0x4d);
    pub const PAGE_DOWN: HidKey = HidKey(0x4e);
    pub const ARROW_RIGHT: HidKey = HidKey(0x4f);
    pub const ARROW_LEFT: HidKey = HidKey(0x50);
    pub const ARROW_DOWN: HidKey = HidKey(0x51);
    pub const ARROW_UP: HidKey = HidKey(0x52);
    pub const NUM_LOCK: HidKey = HidKey(0x53);
    pub const NUMPAD_DIVIDE: HidKey = HidKey(0x54);
    pub const NUMPAD_MULTIPLY: HidKey = HidKey(0x55);
    pub const NUMPAD_SUBTRACT: HidKey = HidKey(0x56);
    pub const NUMPAD_ADD: HidKey = HidKey(0x57);
    pub const NUMPAD_ENTER: HidKey = HidKey(0x58);
    pub const NUMPAD_1: HidKey = HidKey(0x59);
    pub const NUMPAD_2: HidKey = HidKey(0x5a);
    pub const NUMPAD_3: HidKey = HidKey(0x5b);
    pub const NUMPAD_4: HidKey = HidKey(0x5c);
    pub const NUMPAD_5: HidKey = HidKey(0x5d);
    pub const NUMPAD_6: HidKey = HidKey(0x5e);
    pub const NUMPAD_7: HidKey = HidKey(0x5f);
    pub const NUMPAD_8: HidKey = HidKey(0x60);
    pub const NUMPAD_9: HidKey = HidKey(0x61);
    pub const NUMPAD_0: HidKey = HidKey(0x62);
    pub const NUMPAD_DECIMAL: HidKey = HidKey(0x63);
    pub const INTL_BACKSLASH: HidKey = HidKey(0x64);
    pub const CONTEXT_MENU: HidKey = HidKey(0x65);
    pub const POWER: HidKey = HidKey(0x66);
    pub const NUMPAD_EQUAL: HidKey = HidKey(0x67);
    pub const F13: HidKey = HidKey(0x68);
    pub const F14: HidKey = HidKey(0x69);
    pub const F15: HidKey = HidKey(0x6a);
    pub const F16: HidKey = HidKey(0x6b);
    pub const F17: HidKey = HidKey(0x6c);
    pub const F18: HidKey = HidKey(0x6d);
    pub const F19: HidKey = HidKey(0x6e);
    pub const F20: HidKey = HidKey(0x6f);
    pub const F21: HidKey = HidKey(0x70);
    pub const F22: HidKey = HidKey(0x71);
    pub const F23: HidKey = HidKey(0x72);
    pub const F24: HidKey = HidKey(0x73);
    pub const OPEN: HidKey = HidKey(0x74);
    pub const HELP: HidKey = HidKey(0x75);
    pub const PROPS: HidKey = HidKey(0x76);
    pub const FRONT: HidKey = HidKey(0x77);
    pub const STOP: HidKey = HidKey(0x78);
    pub const AGAIN: HidKey = HidKey(0x79);
    pub const UNDO: HidKey = HidKey(0x7a);
    pub const CUT: HidKey = HidKey(0x7b);
    pub const COPY: HidKey = HidKey(0x7c);
    pub const PASTE: HidKey = HidKey(0x7d);
    pub const FIND: HidKey = HidKey(0x7e);
    pub const VOLUME_MUTE: HidKey = HidKey(0x7f);
    pub const VOLUME_UP: HidKey = HidKey(0x80);
    pub const VOLUME_DOWN: HidKey = HidKey(0x81);
    pub const NUMPAD_COMMA: HidKey = HidKey(0x85);
    pub const INTL_RO: HidKey = HidKey(0x87);
    pub const KANA_MODE: HidKey = HidKey(0x88);
    pub const INTL_YEN: HidKey = HidKey(0x89);
    pub const CONVERT: HidKey = HidKey(0x8a);
    pub const NON_CONVERT: HidKey = HidKey(0x8b);
    pub const NUMPAD_JP_COMMA: HidKey = HidKey(0x8c);
    pub const LANG_1: HidKey = HidKey(0x90);
    pub const LANG_2: HidKey = HidKey(0x91);
    pub const LANG_3: HidKey = HidKey(0x92);
    pub const LANG_4: HidKey = HidKey(0x93);
    pub const LANG_5: HidKey = HidKey(0x94);
    pub const NUMPAD_PAREN_LEFT: HidKey = HidKey(0xb6);
    pub const NUMPAD_PAREN_RIGHT: HidKey = HidKey(0xb7);
    pub const CONTROL_LEFT: HidKey = HidKey(0xe0);
    pub const SHIFT_LEFT: HidKey = HidKey(0xe1);
    pub const ALT_LEFT: HidKey = HidKey(0xe2);
    pub const SUPER_LEFT: HidKey = HidKey(0xe3);
    pub const CONTROL_RIGHT: HidKey = HidKey(0xe4);
    pub const SHIFT_RIGHT: HidKey = HidKey(0xe5);
    pub const ALT_RIGHT: HidKey = HidKey(0xe6);
    pub const SUPER_RIGHT: HidKey = HidKey(0xe7);
    pub const MEDIA_PLAY_PAUSE: HidKey = HidKey(0xe8);
    pub const MEDIA_STOP: HidKey = HidKey(0xe9);
    pub const MEDIA_PREVIOUS: HidKey = HidKey(0xea);
    pub const MEDIA_NEXT: HidKey = HidKey(0xeb);
    pub const EJECT: HidKey = HidKey(0xec);
    pub const BROWSER_HOME: HidKey = HidKey(0xf0);
    pub const BROWSER_BACK: HidKey = HidKey(0xf1);
    pub const BROWSER_FORWARD: HidKey = HidKey(0xf2);
    pub const BROWSER_STOP: HidKey = HidKey(0xf3);
    pub const BROWSER_SEARCH: HidKey = HidKey(0xf4);
    pub const SCROLL_UP: HidKey = HidKey(0xf5);
    pub const SCROLL_DOWN: HidKey = HidKey(0xf6);
    pub const EDIT: HidKey = HidKey(0xf7);
    pub const SLEEP: HidKey = HidKey(0xf8);
    pub const SCREEN_SAVER: HidKey = HidKey(0xf9);
    pub const BROWSER_REFRESH: HidKey = HidKey(0xfa);
    pub const CALCULATOR: HidKey = HidKey(0xfb);
}

/// The key of this Linux key code, if a keyboard has such a key.
pub fn hid_from_evdev(code: u16) -> Option<HidKey> {
    KEYS.iter()
        .find(|(_, evdev)| *evdev == code)
        .map(|(key, _)| *key)
}

/// The Linux key code of this key, if there is one.
pub fn evdev_from_hid(key: HidKey) -> Option<u16> {
    let found = KEYS.binary_search_by_key(&key, |(key, _)| *key).ok()?;
    Some(KEYS[found].1)
}

/// X servers that know Linux key codes count them from 8.
const X11_FIRST: u16 = 8;

/// The key of this X11 keycode.
pub fn hid_from_x11(keycode: u8) -> Option<HidKey> {
    hid_from_evdev(u16::from(keycode).checked_sub(X11_FIRST)?)
}

/// The X11 keycode of this key, if it has one.
pub fn x11_from_hid(key: HidKey) -> Option<u8> {
    u8::try_from(evdev_from_hid(key)? + X11_FIRST).ok()
}

/// Each key and its Linux key code, in the order of the keys. Where two keys share a code, the
/// first is the usual one.
const KEYS: &[(HidKey, u16)] = &[
    (hid::A, 30),
    (hid::B, 48),
    (hid::C, 46),
    (hid::D, 32),
    (hid::E, 18),
    (hid::F, 33),
    (hid::G, 34),
    (hid::H, 35),
    (hid::I, 23),
    (hid::J, 36),
    (hid::K, 37),
    (hid::L, 38),
    (hid::M, 50),
    (hid::N, 49),
    (hid::O, 24),
    (hid::P, 25),
    (hid::Q, 16),
    (hid::R, 19),
    (hid::S, 31),
    (hid::T, 20),
    (hid::U, 22),
    (hid::V, 47),
    (hid::W, 17),
    (hid::X, 45),
    (hid::Y, 21),
    (hid::Z, 44),
    (hid::DIGIT_1, 2),
    (hid::DIGIT_2, 3),
    (hid::DIGIT_3, 4),
    (hid::DIGIT_4, 5),
    (hid::DIGIT_5, 6),
    (hid::DIGIT_6, 7),
    (hid::DIGIT_7, 8),
    (hid::DIGIT_8, 9),
    (hid::DIGIT_9, 10),
    (hid::DIGIT_0, 11),
    (hid::ENTER, 28),
    (hid::ESCAPE, 1),
    (hid::BACKSPACE, 14),
    (hid::TAB, 15),
    (hid::SPACE, 57),
    (hid::MINUS, 12),
    (hid::EQUAL, 13),
    (hid::BRACKET_LEFT, 26),
    (hid::BRACKET_RIGHT, 27),
    (hid::BACKSLASH, 43),
    (hid::NON_US_HASH, 43),
    (hid::SEMICOLON, 39),
    (hid::QUOTE, 40),
    (hid::BACKQUOTE, 41),
    (hid::COMMA, 51),
    (hid::PERIOD, 52),
    (hid::SLASH, 53),
    (hid::CAPS_LOCK, 58),
    (hid::F1, 59),
    (hid::F2, 60),
    (hid::F3, 61),
    (hid::F4, 62),
    (hid::F5, 63),
    (hid::F6, 64),
    (hid::F7, 65),
    (hid::F8, 66),
    (hid::F9, 67),
    (hid::F10, 68),
    (hid::F11, 87),
    (hid::F12, 88),
    (hid::PRINT_SCREEN, 99),
    (hid::SCROLL_LOCK, 70),
    (hid::PAUSE, 119),
    (hid::INSERT, 110),
    (hid::HOME, 102),
    (hid::PAGE_UP, 104),
    (hid::DELETE, 111),
    (hid::END, 107),
    (hid::PAGE_DOWN, 109),
    (hid::ARROW_RIGHT, 106),
    (hid::ARROW_LEFT, 105),
    (hid::ARROW_DOWN, 108),
    (hid::ARROW_UP, 103),
    (hid::NUM_LOCK, 69),
    (hid::NUMPAD_DIVIDE, 98),
    (hid::NUMPAD_MULTIPLY, 55),
    (hid::NUMPAD_SUBTRACT, 74),
    (hid::NUMPAD_ADD, 78),
    (hid::NUMPAD_ENTER, 96),
    (hid::NUMPAD_1, 79),
    (hid::NUMPAD_2, 80),
    (hid::NUMPAD_3, 81),
    (hid::NUMPAD_4, 75),
    (hid::NUMPAD_5, 76),
    (hid::NUMPAD_6, 77),
    (hid::NUMPAD_7, 71),
    (hid::NUMPAD_8, 72),
    (hid::NUMPAD_9, 73),
    (hid::NUMPAD_0, 82),
    (hid::NUMPAD_DECIMAL, 83),
    (hid::INTL_BACKSLASH, 86),
    (hid::CONTEXT_MENU, 127),
    (hid::POWER, 116),
    (hid::NUMPAD_EQUAL, 117),
    (hid::F13, 183),
    (hid::F14, 184),
    (hid::F15, 185),
    (hid::F16, 186),
    (hid::F17, 187),
    (hid::F18, 188),
    (hid::F19, 189),
    (hid::F20, 190),
    (hid::F21, 191),
    (hid::F22, 192),
    (hid::F23, 193),
    (hid::F24, 194),
    (hid::OPEN, 134),
    (hid::HELP, 138),
    (hid::PROPS, 130),
    (hid::FRONT, 132),
    (hid::STOP, 128),
    (hid::AGAIN, 129),
    (hid::UNDO, 131),
    (hid::CUT, 137),
    (hid::COPY, 133),
    (hid::PASTE, 135),
    (hid::FIND, 136),
    (hid::VOLUME_MUTE, 113),
    (hid::VOLUME_UP, 115),
    (hid::VOLUME_DOWN, 114),
    (hid::NUMPAD_COMMA, 121),
    (hid::INTL_RO, 89),
    (hid::KANA_MODE, 93),
    (hid::INTL_YEN, 124),
    (hid::CONVERT, 92),
    (hid::NON_CONVERT, 94),
    (hid::NUMPAD_JP_COMMA, 95),
    (hid::LANG_1, 122),
    (hid::LANG_2, 123),
    (hid::LANG_3, 90),
    (hid::LANG_4, 91),
    (hid::LANG_5, 85),
    (hid::NUMPAD_PAREN_LEFT, 179),
    (hid::NUMPAD_PAREN_RIGHT, 180),
    (hid::CONTROL_LEFT, 29),
    (hid::SHIFT_LEFT, 42),
    (hid::ALT_LEFT, 56),
    (hid::SUPER_LEFT, 125),
    (hid::CONTROL_RIGHT, 97),
    (hid::SHIFT_RIGHT, 54),
    (hid::ALT_RIGHT, 100),
    (hid::SUPER_RIGHT, 126),
    (hid::MEDIA_PLAY_PAUSE, 164),
    (hid::MEDIA_STOP, 166),
    (hid::MEDIA_PREVIOUS, 165),
    (hid::MEDIA_NEXT, 163),
    (hid::EJECT, 161),
    (hid::BROWSER_HOME, 150),
    (hid::BROWSER_BACK, 158),
    (hid::BROWSER_FORWARD, 159),
    (hid::BROWSER_STOP, 128),
    (hid::BROWSER_SEARCH, 136),
    (hid::SCROLL_UP, 177),
    (hid::SCROLL_DOWN, 178),
    (hid::EDIT, 176),
    (hid::SLEEP, 142),
    (hid::SCREEN_SAVER, 152),
    (hid::BROWSER_REFRESH, 173),
    (hid::CALCULATOR, 140),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_key_has_an_x11_keycode() {
        assert!(KEYS.is_sorted_by(|(before, _), (after, _)| before < after));
        for (key, _) in KEYS {
            assert!(x11_from_hid(*key).is_some(), "{key:?}");
        }
    }

    #[test]
    fn keys_come_back_from_their_codes_except_the_ones_that_share_a_code() {
        let shared = [hid::NON_US_HASH, hid::BROWSER_STOP, hid::BROWSER_SEARCH];
        for (key, code) in KEYS {
            if !shared.contains(key) {
                assert_eq!(hid_from_evdev(*code), Some(*key));
            }
        }
        assert_eq!(hid_from_evdev(43), Some(hid::BACKSLASH));
    }

    #[test]
    fn well_known_keys_are_where_they_belong() {
        assert_eq!(x11_from_hid(hid::A), Some(38));
        assert_eq!(x11_from_hid(hid::SHIFT_LEFT), Some(50));
        assert_eq!(x11_from_hid(hid::ALT_RIGHT), Some(108));
        assert_eq!(x11_from_hid(hid::NUMPAD_7), Some(79));
        assert_eq!(x11_from_hid(hid::F24), Some(202));
        assert_eq!(hid_from_x11(97), Some(hid::INTL_RO));
        assert_eq!(evdev_from_hid(HidKey(0x3fff)), None);
        assert_eq!(hid_from_x11(3), None);
    }
}
