//! Where a key is on the keyboard: USB HID usages, what Linux calls the same keys, and what programs with
//! windows do. One table, from which each crate makes what it needs.
//!
//! Sources: HID Usage Tables 1.5, section 10 (keyboard page), the key codes of Linux
//! `input-event-codes.h`, related as the Linux HID driver relates them, and the W3C's values of
//! `KeyboardEvent.code`. Media keys have no place on the keyboard page; here they have the numbers from
//! 0xE8 on, which that driver also knows. The last three are of this table alone: keys that only layouts of
//! X11 have, and that have no code on Linux.

use protocol::HidKey;

/// Hands the table to the macro `$taker`, row by row: the key's name (for what is printed on an American
/// keyboard), its usage, its Linux key code if it has one, and the W3C's codes that mean it, as winit
/// spells them. Keys without such a code are not taken from the operator's keyboard by their place.
///
/// The rows are in the order of the usages. Where two keys share a Linux code, the first is the usual one.
#[macro_export]
macro_rules! each_key {
    ($taker:ident) => {
        $taker! {
            A 0x04 [30] [KeyA]
            B 0x05 [48] [KeyB]
            C 0x06 [46] [KeyC]
            D 0x07 [32] [KeyD]
            E 0x08 [18] [KeyE]
            F 0x09 [33] [KeyF]
            G 0x0a [34] [KeyG]
            H 0x0b [35] [KeyH]
            I 0x0c [23] [KeyI]
            J 0x0d [36] [KeyJ]
            K 0x0e [37] [KeyK]
            L 0x0f [38] [KeyL]
            M 0x10 [50] [KeyM]
            N 0x11 [49] [KeyN]
            O 0x12 [24] [KeyO]
            P 0x13 [25] [KeyP]
            Q 0x14 [16] [KeyQ]
            R 0x15 [19] [KeyR]
            S 0x16 [31] [KeyS]
            T 0x17 [20] [KeyT]
            U 0x18 [22] [KeyU]
            V 0x19 [47] [KeyV]
            W 0x1a [17] [KeyW]
            X 0x1b [45] [KeyX]
            Y 0x1c [21] [KeyY]
            Z 0x1d [44] [KeyZ]
            DIGIT_1 0x1e [2] [Digit1]
            DIGIT_2 0x1f [3] [Digit2]
            DIGIT_3 0x20 [4] [Digit3]
            DIGIT_4 0x21 [5] [Digit4]
            DIGIT_5 0x22 [6] [Digit5]
            DIGIT_6 0x23 [7] [Digit6]
            DIGIT_7 0x24 [8] [Digit7]
            DIGIT_8 0x25 [9] [Digit8]
            DIGIT_9 0x26 [10] [Digit9]
            DIGIT_0 0x27 [11] [Digit0]
            ENTER 0x28 [28] [Enter]
            ESCAPE 0x29 [1] [Escape]
            BACKSPACE 0x2a [14] [Backspace]
            TAB 0x2b [15] [Tab]
            SPACE 0x2c [57] [Space]
            MINUS 0x2d [12] [Minus]
            EQUAL 0x2e [13] [Equal]
            BRACKET_LEFT 0x2f [26] [BracketLeft]
            BRACKET_RIGHT 0x30 [27] [BracketRight]
            BACKSLASH 0x31 [43] [Backslash]
            NON_US_HASH 0x32 [43] []
            SEMICOLON 0x33 [39] [Semicolon]
            QUOTE 0x34 [40] [Quote]
            BACKQUOTE 0x35 [41] [Backquote]
            COMMA 0x36 [51] [Comma]
            PERIOD 0x37 [52] [Period]
            SLASH 0x38 [53] [Slash]
            CAPS_LOCK 0x39 [58] [CapsLock]
            F1 0x3a [59] [F1]
            F2 0x3b [60] [F2]
            F3 0x3c [61] [F3]
            F4 0x3d [62] [F4]
            F5 0x3e [63] [F5]
            F6 0x3f [64] [F6]
            F7 0x40 [65] [F7]
            F8 0x41 [66] [F8]
            F9 0x42 [67] [F9]
            F10 0x43 [68] [F10]
            F11 0x44 [87] [F11]
            F12 0x45 [88] [F12]
            PRINT_SCREEN 0x46 [99] [PrintScreen]
            SCROLL_LOCK 0x47 [70] [ScrollLock]
            PAUSE 0x48 [119] [Pause]
            INSERT 0x49 [110] [Insert]
            HOME 0x4a [102] [Home]
            PAGE_UP 0x4b [104] [PageUp]
            DELETE 0x4c [111] [Delete]
            END 0x4d [107] [End]
            PAGE_DOWN 0x4e [109] [PageDown]
            ARROW_RIGHT 0x4f [106] [ArrowRight]
            ARROW_LEFT 0x50 [105] [ArrowLeft]
            ARROW_DOWN 0x51 [108] [ArrowDown]
            ARROW_UP 0x52 [103] [ArrowUp]
            NUM_LOCK 0x53 [69] [NumLock]
            NUMPAD_DIVIDE 0x54 [98] [NumpadDivide]
            NUMPAD_MULTIPLY 0x55 [55] [NumpadMultiply NumpadStar]
            NUMPAD_SUBTRACT 0x56 [74] [NumpadSubtract]
            NUMPAD_ADD 0x57 [78] [NumpadAdd]
            NUMPAD_ENTER 0x58 [96] [NumpadEnter]
            NUMPAD_1 0x59 [79] [Numpad1]
            NUMPAD_2 0x5a [80] [Numpad2]
            NUMPAD_3 0x5b [81] [Numpad3]
            NUMPAD_4 0x5c [75] [Numpad4]
            NUMPAD_5 0x5d [76] [Numpad5]
            NUMPAD_6 0x5e [77] [Numpad6]
            NUMPAD_7 0x5f [71] [Numpad7]
            NUMPAD_8 0x60 [72] [Numpad8]
            NUMPAD_9 0x61 [73] [Numpad9]
            NUMPAD_0 0x62 [82] [Numpad0]
            NUMPAD_DECIMAL 0x63 [83] [NumpadDecimal]
            INTL_BACKSLASH 0x64 [86] [IntlBackslash]
            CONTEXT_MENU 0x65 [127] [ContextMenu]
            POWER 0x66 [116] [Power]
            NUMPAD_EQUAL 0x67 [117] [NumpadEqual]
            F13 0x68 [183] [F13]
            F14 0x69 [184] [F14]
            F15 0x6a [185] [F15]
            F16 0x6b [186] [F16]
            F17 0x6c [187] [F17]
            F18 0x6d [188] [F18]
            F19 0x6e [189] [F19]
            F20 0x6f [190] [F20]
            F21 0x70 [191] [F21]
            F22 0x71 [192] [F22]
            F23 0x72 [193] [F23]
            F24 0x73 [194] [F24]
            OPEN 0x74 [134] [Open]
            HELP 0x75 [138] [Help]
            PROPS 0x76 [130] [Props]
            FRONT 0x77 [132] [Select]
            STOP 0x78 [128] []
            AGAIN 0x79 [129] [Again]
            UNDO 0x7a [131] [Undo]
            CUT 0x7b [137] [Cut]
            COPY 0x7c [133] [Copy]
            PASTE 0x7d [135] [Paste]
            FIND 0x7e [136] [Find]
            VOLUME_MUTE 0x7f [113] [AudioVolumeMute]
            VOLUME_UP 0x80 [115] [AudioVolumeUp]
            VOLUME_DOWN 0x81 [114] [AudioVolumeDown]
            NUMPAD_COMMA 0x85 [121] [NumpadComma]
            INTL_RO 0x87 [89] [IntlRo]
            KANA_MODE 0x88 [93] [KanaMode]
            INTL_YEN 0x89 [124] [IntlYen]
            CONVERT 0x8a [92] [Convert]
            NON_CONVERT 0x8b [94] [NonConvert]
            NUMPAD_JP_COMMA 0x8c [95] []
            LANG_1 0x90 [122] [Lang1]
            LANG_2 0x91 [123] [Lang2]
            LANG_3 0x92 [90] [Lang3 Katakana]
            LANG_4 0x93 [91] [Lang4 Hiragana]
            LANG_5 0x94 [85] [Lang5]
            NUMPAD_PAREN_LEFT 0xb6 [179] [NumpadParenLeft]
            NUMPAD_PAREN_RIGHT 0xb7 [180] [NumpadParenRight]
            NUMPAD_BACKSPACE 0xbb [] [NumpadBackspace]
            NUMPAD_HASH 0xcc [] [NumpadHash]
            NUMPAD_MEMORY_STORE 0xd0 [] [NumpadMemoryStore]
            NUMPAD_MEMORY_RECALL 0xd1 [] [NumpadMemoryRecall]
            NUMPAD_MEMORY_CLEAR 0xd2 [] [NumpadMemoryClear]
            NUMPAD_MEMORY_ADD 0xd3 [] [NumpadMemoryAdd]
            NUMPAD_MEMORY_SUBTRACT 0xd4 [] [NumpadMemorySubtract]
            NUMPAD_CLEAR 0xd8 [] [NumpadClear]
            NUMPAD_CLEAR_ENTRY 0xd9 [] [NumpadClearEntry]
            CONTROL_LEFT 0xe0 [29] [ControlLeft]
            SHIFT_LEFT 0xe1 [42] [ShiftLeft]
            ALT_LEFT 0xe2 [56] [AltLeft]
            SUPER_LEFT 0xe3 [125] [SuperLeft Meta]
            CONTROL_RIGHT 0xe4 [97] [ControlRight]
            SHIFT_RIGHT 0xe5 [54] [ShiftRight]
            ALT_RIGHT 0xe6 [100] [AltRight]
            SUPER_RIGHT 0xe7 [126] [SuperRight]
            MEDIA_PLAY_PAUSE 0xe8 [164] []
            MEDIA_STOP 0xe9 [166] []
            MEDIA_PREVIOUS 0xea [165] []
            MEDIA_NEXT 0xeb [163] []
            EJECT 0xec [161] []
            BROWSER_HOME 0xf0 [150] []
            BROWSER_BACK 0xf1 [158] []
            BROWSER_FORWARD 0xf2 [159] []
            BROWSER_STOP 0xf3 [128] []
            BROWSER_SEARCH 0xf4 [136] []
            SCROLL_UP 0xf5 [177] []
            SCROLL_DOWN 0xf6 [178] []
            EDIT 0xf7 [176] []
            SLEEP 0xf8 [142] []
            SCREEN_SAVER 0xf9 [152] []
            BROWSER_REFRESH 0xfa [173] []
            CALCULATOR 0xfb [140] []
            EISU 0xfc [] []
            BRAILLE_DOT_9 0xfd [] []
            BRAILLE_DOT_10 0xfe [] []
        }
    };
}

macro_rules! names {
    ($($name:ident $usage:literal [$($evdev:literal)?] [$($code:ident)*])*) => {
        /// The keys of a full keyboard.
        pub mod hid {
            use protocol::HidKey;

            $(pub const $name: HidKey = HidKey($usage);)*
        }
    };
}
each_key!(names);

macro_rules! linux_codes {
    ($($name:ident $usage:literal [$($evdev:literal)?] [$($code:ident)*])*) => {
        /// Each key that Linux knows, and its code there.
        const LINUX: &[(HidKey, u16)] = &[$($((hid::$name, $evdev),)?)*];
    };
}
each_key!(linux_codes);

/// The key of this Linux key code, if a keyboard has such a key.
pub fn hid_from_evdev(code: u16) -> Option<HidKey> {
    LINUX
        .iter()
        .find(|(_, evdev)| *evdev == code)
        .map(|(key, _)| *key)
}

/// The Linux key code of this key, if there is one.
pub fn evdev_from_hid(key: HidKey) -> Option<u16> {
    let found = LINUX.binary_search_by_key(&key, |(key, _)| *key).ok()?;
    Some(LINUX[found].1)
}

/// The key that moves the cursor as the `key` of a pad does without Num Lock; `None` for any other, also for the one in the
/// middle of the pad, which has no other that does the same.
pub fn pad_moves_as(key: HidKey) -> Option<HidKey> {
    Some(match key {
        hid::NUMPAD_0 => hid::INSERT,
        hid::NUMPAD_1 => hid::END,
        hid::NUMPAD_2 => hid::ARROW_DOWN,
        hid::NUMPAD_3 => hid::PAGE_DOWN,
        hid::NUMPAD_4 => hid::ARROW_LEFT,
        hid::NUMPAD_6 => hid::ARROW_RIGHT,
        hid::NUMPAD_7 => hid::HOME,
        hid::NUMPAD_8 => hid::ARROW_UP,
        hid::NUMPAD_9 => hid::PAGE_UP,
        hid::NUMPAD_DECIMAL => hid::DELETE,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(LINUX.is_sorted_by(|(before, _), (after, _)| before < after));
    }

    #[test]
    fn keys_come_back_from_their_codes_except_the_ones_that_share_a_code() {
        let shared = [hid::NON_US_HASH, hid::BROWSER_STOP, hid::BROWSER_SEARCH];
        for (key, code) in LINUX {
            if !shared.contains(key) {
                assert_eq!(hid_from_evdev(*code), Some(*key));
            }
        }
        assert_eq!(hid_from_evdev(43), Some(hid::BACKSLASH));
    }

    #[test]
    fn well_known_keys_are_where_they_belong() {
        for (key, code) in [
            (hid::A, 30),
            (hid::SHIFT_LEFT, 42),
            (hid::ALT_RIGHT, 100),
            (hid::NUMPAD_7, 71),
            (hid::F24, 194),
        ] {
            assert_eq!(evdev_from_hid(key), Some(code));
        }
        assert_eq!(evdev_from_hid(HidKey(0x3fff)), None);
        assert_eq!(evdev_from_hid(hid::NUMPAD_CLEAR), None);
    }
}
