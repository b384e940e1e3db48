//! The keycodes of X11, for keys that are known by their place.

use keyboard::{evdev_from_hid, hid_from_evdev};
use protocol::input::HidKey;

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

#[cfg(test)]
mod tests {
    use keyboard::hid;

    use super::*;

    #[test]
    fn every_key_that_linux_knows_has_an_x11_keycode_of_its_own() {
        let known = (0..=u16::MAX).map(HidKey);
        let known: Vec<_> = known.filter(|key| evdev_from_hid(*key).is_some()).collect();
        assert!(known.len() > 150, "{}", known.len());
        for key in known {
            assert!(x11_from_hid(key).is_some(), "{key:?}");
        }
    }

    #[test]
    fn well_known_keys_are_where_they_belong() {
        assert_eq!(x11_from_hid(hid::A), Some(38));
        assert_eq!(x11_from_hid(hid::SHIFT_LEFT), Some(50));
        assert_eq!(x11_from_hid(hid::ALT_RIGHT), Some(108));
        assert_eq!(x11_from_hid(hid::NUMPAD_7), Some(79));
        assert_eq!(x11_from_hid(hid::F24), Some(202));
        assert_eq!(hid_from_x11(97), Some(hid::INTL_RO));
        assert_eq!(hid_from_x11(3), None);
    }
}
