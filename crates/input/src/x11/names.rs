//! What keys without a character are called on X11, so that the host presses its own Escape and its own
//! Control wherever its layout has them.
//!
//! Source of the symbols: `keysymdef.h` of the X11 protocol.

use protocol::input::HidKey;
use xkeysym::key;

use crate::hid;

/// Each key with the symbols that it has on a layout that moves nothing; the first is the usual one.
const NAMES: &[(HidKey, &[u32])] = &[
    (hid::ENTER, &[key::Return]),
    (hid::ESCAPE, &[key::Escape]),
    (hid::BACKSPACE, &[key::BackSpace]),
    (hid::TAB, &[key::Tab]),
    (hid::CAPS_LOCK, &[key::Caps_Lock]),
    (hid::F1, &[key::F1]),
    (hid::F2, &[key::F2]),
    (hid::F3, &[key::F3]),
    (hid::F4, &[key::F4]),
    (hid::F5, &[key::F5]),
    (hid::F6, &[key::F6]),
    (hid::F7, &[key::F7]),
    (hid::F8, &[key::F8]),
    (hid::F9, &[key::F9]),
    (hid::F10, &[key::F10]),
    (hid::F11, &[key::F11]),
    (hid::F12, &[key::F12]),
    (hid::PRINT_SCREEN, &[key::Print]),
    (hid::SCROLL_LOCK, &[key::Scroll_Lock]),
    (hid::PAUSE, &[key::Pause]),
    (hid::INSERT, &[key::Insert]),
    (hid::HOME, &[key::Home]),
    (hid::PAGE_UP, &[key::Page_Up]),
    (hid::DELETE, &[key::Delete]),
    (hid::END, &[key::End]),
    (hid::PAGE_DOWN, &[key::Page_Down]),
    (hid::ARROW_RIGHT, &[key::Right]),
    (hid::ARROW_LEFT, &[key::Left]),
    (hid::ARROW_DOWN, &[key::Down]),
    (hid::ARROW_UP, &[key::Up]),
    (hid::NUM_LOCK, &[key::Num_Lock]),
    (hid::NUMPAD_ENTER, &[key::KP_Enter]),
    (hid::CONTEXT_MENU, &[key::Menu]),
    (hid::HELP, &[key::Help]),
    (hid::AGAIN, &[key::Redo]),
    (hid::UNDO, &[key::Undo]),
    (hid::FIND, &[key::Find]),
    (hid::KANA_MODE, &[key::Hiragana_Katakana]),
    (hid::CONVERT, &[key::Henkan_Mode]),
    (hid::NON_CONVERT, &[key::Muhenkan]),
    (hid::LANG_1, &[key::Hangul]),
    (hid::LANG_2, &[key::Hangul_Hanja]),
    (hid::LANG_3, &[key::Katakana]),
    (hid::LANG_4, &[key::Hiragana]),
    (hid::LANG_5, &[key::Zenkaku_Hankaku]),
    (hid::EISU, &[key::Eisu_toggle]),
    (hid::BRAILLE_DOT_9, &[key::braille_dot_9]),
    (hid::BRAILLE_DOT_10, &[key::braille_dot_10]),
    (hid::CONTROL_LEFT, &[key::Control_L]),
    (hid::SHIFT_LEFT, &[key::Shift_L]),
    (hid::ALT_LEFT, &[key::Alt_L]),
    (hid::SUPER_LEFT, &[key::Super_L]),
    (hid::CONTROL_RIGHT, &[key::Control_R, key::Control_L]),
    (hid::SHIFT_RIGHT, &[key::Shift_R, key::Shift_L]),
    (hid::ALT_RIGHT, &[key::Alt_R, key::Alt_L]),
    (hid::SUPER_RIGHT, &[key::Super_R, key::Super_L]),
];

/// The symbols that mean `key`, best first; none for keys that are known by their place alone.
pub(crate) fn symbols(key: HidKey) -> &'static [u32] {
    let found = NAMES.iter().find(|(known, _)| *known == key);
    found.map_or(&[], |(_, symbols)| symbols)
}

/// Each key that has a name, with its usual symbol.
pub(crate) fn usual() -> impl Iterator<Item = (HidKey, u32)> {
    let usual = |(key, symbols): &(HidKey, &[u32])| Some((*key, *symbols.first()?));
    NAMES.iter().filter_map(usual)
}

/// Whether `key` does what it does to the keys after it: a modifier or a lock.
pub(crate) fn changes_keys(key: HidKey) -> bool {
    (hid::CONTROL_LEFT..=hid::SUPER_RIGHT).contains(&key)
        || [hid::CAPS_LOCK, hid::NUM_LOCK, hid::SCROLL_LOCK].contains(&key)
}

/// The key that `symbol` is the usual one of.
pub(crate) fn key_of(symbol: u32) -> Option<HidKey> {
    let usual =
        |(key, symbols): &(HidKey, &[u32])| (symbols.first() == Some(&symbol)).then_some(*key);
    NAMES.iter().find_map(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_the_usual_one_of_one_key() {
        for (key, symbols) in NAMES {
            assert_eq!(key_of(symbols[0]), Some(*key));
        }
    }
}
