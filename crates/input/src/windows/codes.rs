//! What Windows calls the keys of a keyboard.
//!
//! Sources: "Keyboard Scan Code Specification" (scan code set 1) and "Virtual-Key Codes" of Microsoft.

use protocol::HidKey;

use crate::hid;

/// A key as Windows has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Code {
    /// The virtual key; 0 leaves it to Windows, which knows it from the scan code and the layout.
    pub(super) virtual_key: u8,
    /// Of set 1, without what tells an extended one.
    pub(super) scan: u8,
    pub(super) extended: bool,
}

/// The key at the place of `key`; `None` for one that no keyboard of Windows has.
pub(super) fn of_place(key: HidKey) -> Option<Code> {
    let (scan, extended) = scan_of(keyboard::evdev_from_hid(key)?)?;
    Some(Code {
        virtual_key: 0,
        scan,
        extended,
    })
}

/// The key at this place; `None` for one that no table knows.
pub(crate) fn at_place(scan: u16, extended: bool) -> Option<HidKey> {
    let scan = u8::try_from(scan).ok()?;
    let at = |extended| {
        usual().find(|key| of_place(*key).is_some_and(|c| (c.scan, c.extended) == (scan, extended)))
    };
    // the right Shift key is told as an extended one to those that hear keys before all others
    at(extended).or_else(|| at(!extended).filter(|key| *key == hid::SHIFT_RIGHT))
}

/// The key that is called so, whatever the layout, where the virtual key alone tells what it does.
pub(crate) fn with_name(virtual_key: u8) -> Option<HidKey> {
    usual().find(|key| named(*key) == Some(virtual_key))
}

/// All keys; the one of Europe that lies where the American one does is the later one.
fn usual() -> impl Iterator<Item = HidKey> {
    (0..=0xff).map(HidKey)
}

/// The key that is called `key`, whatever the layout, where the name alone tells what it does.
pub(super) fn of_name(key: HidKey) -> Option<Code> {
    let virtual_key = named(key)?;
    let place = of_place(key);
    Some(Code {
        virtual_key,
        scan: place.map_or(0, |place| place.scan),
        extended: place.is_some_and(|place| place.extended),
    })
}

/// The key of a pad that moves the cursor, whatever Num Lock says.
pub(super) fn that_moves(key: HidKey) -> Option<Code> {
    const CLEAR: u8 = 0x0c;
    let virtual_key = match key {
        hid::NUMPAD_5 => CLEAR,
        key => named(keyboard::pad_moves_as(key)?)?,
    };
    Some(Code {
        virtual_key,
        ..of_place(key)?
    })
}

/// Linux numbers the keys of the first keyboards as their scan codes, and the later ones anew.
fn scan_of(evdev: u16) -> Option<(u8, bool)> {
    Some(match evdev {
        // Num Lock has the code of Pause and is told from it by being an extended one
        69 => (0x45, true),
        1..=83 | 86..=88 => (u8::try_from(evdev).ok()?, false),
        89 => (0x73, false),
        92 => (0x79, false),
        93 => (0x70, false),
        94 => (0x7b, false),
        117 => (0x59, false),
        119 => (0x45, false),
        121 => (0x7e, false),
        122 => (0xf2, false),
        123 => (0xf1, false),
        124 => (0x7d, false),
        183..=193 => (u8::try_from(evdev - 183).ok()? + 0x64, false),
        194 => (0x76, false),
        96 => (0x1c, true),
        97 => (0x1d, true),
        98 => (0x35, true),
        99 => (0x37, true),
        100 => (0x38, true),
        102..=104 => (u8::try_from(evdev - 102).ok()? + 0x47, true),
        105 => (0x4b, true),
        106 => (0x4d, true),
        107..=111 => (u8::try_from(evdev - 107).ok()? + 0x4f, true),
        113 => (0x20, true),
        114 => (0x2e, true),
        115 => (0x30, true),
        125..=127 => (u8::try_from(evdev - 125).ok()? + 0x5b, true),
        163 => (0x19, true),
        164 => (0x22, true),
        165 => (0x10, true),
        166 => (0x24, true),
        _ => return None,
    })
}

/// Virtual keys of keys that do the same on every layout.
fn named(key: HidKey) -> Option<u8> {
    for (first, last, virtual_key) in [
        (hid::F1, hid::F12, 0x70),
        (hid::F13, hid::F24, 0x7c),
        (hid::NUMPAD_1, hid::NUMPAD_9, 0x61),
    ] {
        if (first..=last).contains(&key) {
            let steps = u8::try_from(key.0 - first.0).ok()?;
            return Some(virtual_key + steps);
        }
    }
    Some(match key {
        hid::BACKSPACE => 0x08,
        hid::TAB => 0x09,
        hid::ENTER | hid::NUMPAD_ENTER => 0x0d,
        hid::PAUSE => 0x13,
        hid::CAPS_LOCK => 0x14,
        hid::KANA_MODE | hid::LANG_1 => 0x15,
        hid::LANG_2 => 0x19,
        hid::ESCAPE => 0x1b,
        hid::CONVERT => 0x1c,
        hid::NON_CONVERT => 0x1d,
        hid::SPACE => 0x20,
        hid::PAGE_UP => 0x21,
        hid::PAGE_DOWN => 0x22,
        hid::END => 0x23,
        hid::HOME => 0x24,
        hid::ARROW_LEFT => 0x25,
        hid::ARROW_UP => 0x26,
        hid::ARROW_RIGHT => 0x27,
        hid::ARROW_DOWN => 0x28,
        hid::PRINT_SCREEN => 0x2c,
        hid::INSERT => 0x2d,
        hid::DELETE => 0x2e,
        hid::HELP => 0x2f,
        hid::SUPER_LEFT => 0x5b,
        hid::SUPER_RIGHT => 0x5c,
        hid::CONTEXT_MENU => 0x5d,
        hid::NUMPAD_0 => 0x60,
        hid::NUMPAD_MULTIPLY => 0x6a,
        hid::NUMPAD_ADD => 0x6b,
        hid::NUMPAD_SUBTRACT => 0x6d,
        hid::NUMPAD_DECIMAL => 0x6e,
        hid::NUMPAD_DIVIDE => 0x6f,
        hid::NUM_LOCK => 0x90,
        hid::SCROLL_LOCK => 0x91,
        hid::SHIFT_LEFT => 0xa0,
        hid::SHIFT_RIGHT => 0xa1,
        hid::CONTROL_LEFT => 0xa2,
        hid::CONTROL_RIGHT => 0xa3,
        hid::ALT_LEFT => 0xa4,
        hid::ALT_RIGHT => 0xa5,
        hid::VOLUME_MUTE => 0xad,
        hid::VOLUME_DOWN => 0xae,
        hid::VOLUME_UP => 0xaf,
        hid::MEDIA_NEXT => 0xb0,
        hid::MEDIA_PREVIOUS => 0xb1,
        hid::MEDIA_STOP => 0xb2,
        hid::MEDIA_PLAY_PAUSE => 0xb3,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_keys_have_their_scan_codes() {
        for (key, scan, extended) in [
            (hid::A, 0x1e, false),
            (hid::ENTER, 0x1c, false),
            (hid::NUMPAD_ENTER, 0x1c, true),
            (hid::NUM_LOCK, 0x45, true),
            (hid::PAUSE, 0x45, false),
            (hid::ALT_RIGHT, 0x38, true),
            (hid::HOME, 0x47, true),
            (hid::NUMPAD_7, 0x47, false),
            (hid::ARROW_DOWN, 0x50, true),
            (hid::DELETE, 0x53, true),
            (hid::F12, 0x58, false),
            (hid::F13, 0x64, false),
            (hid::F24, 0x76, false),
            (hid::INTL_BACKSLASH, 0x56, false),
            (hid::CONTEXT_MENU, 0x5d, true),
        ] {
            let code = of_place(key).unwrap();
            assert_eq!((code.scan, code.extended), (scan, extended), "{key:?}");
        }
    }

    #[test]
    fn no_two_keys_have_the_same_scan_code() {
        let mut seen = std::collections::BTreeMap::new();
        for usage in 0..=0xff {
            let key = HidKey(usage);
            // the one of Europe lies where the American one does
            if key == hid::NON_US_HASH {
                continue;
            }
            if let Some(code) = of_place(key) {
                let before = seen.insert((code.scan, code.extended), key);
                assert_eq!(before, None, "{key:?}");
            }
        }
    }

    #[test]
    fn keys_are_found_by_their_places_and_names() {
        for usage in 0..=0xff {
            let key = HidKey(usage);
            if let Some(code) = of_place(key).filter(|_| key != hid::NON_US_HASH) {
                assert_eq!(at_place(code.scan.into(), code.extended), Some(key));
            }
        }
        assert_eq!(at_place(0x36, true), Some(hid::SHIFT_RIGHT));
        assert_eq!(at_place(0x21d, false), None);
        assert_eq!(with_name(0x24), Some(hid::HOME));
        assert_eq!(with_name(0xa5), Some(hid::ALT_RIGHT));
        assert_eq!(with_name(0x0d), Some(hid::ENTER));
        assert_eq!(with_name(0x41), None);
    }

    #[test]
    fn a_key_of_the_pad_that_moves_is_not_taken_for_the_one_beside_it() {
        let home = of_name(hid::HOME).unwrap();
        let of_the_pad = that_moves(hid::NUMPAD_7).unwrap();
        assert_eq!(of_the_pad.virtual_key, home.virtual_key);
        assert!(home.extended && !of_the_pad.extended);
        assert_eq!(of_name(hid::NUMPAD_7).unwrap().virtual_key, 0x67);
        assert_eq!(that_moves(hid::NUMPAD_ADD), None);
    }
}
