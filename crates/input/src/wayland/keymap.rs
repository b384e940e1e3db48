//! The keymap of the keyboard that types in a Wayland session.
//!
//! It is this program's own, whatever the user's is: an American keyboard, whose keys are where everybody's
//! are, and behind it keys that no keyboard has, which mean characters. The usual ones of Europe always have
//! one, as each new meaning makes all programs read the keymap again; others get one when they are typed, and
//! lose it to whatever was not typed for longest.
//!
//! No key repeats by itself, as the operator's keyboard does that: each repetition arrives as a press.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use keyboard::{evdev_from_hid, hid};
use protocol::HidKey;
use xkeysym::key;

use crate::x11::names;
use crate::x11::spare::symbol_of;

/// Modifiers, as every keymap of XKB has them.
pub(super) type Mods = u8;
pub(super) const SHIFT: Mods = 1;
pub(super) const CONTROL: Mods = 1 << 2;
pub(super) const ALT: Mods = 1 << 3;
pub(super) const NUM_LOCK: Mods = 1 << 4;
pub(super) const SUPER: Mods = 1 << 6;
pub(super) const LEVEL_THREE: Mods = 1 << 7;

/// What reaches further characters on other layouts; American keyboards have no such key.
pub(super) const LEVEL_THREE_CODE: u16 = 84;

/// XKB counts the keys of Linux from 8.
const XKB_FIRST: u16 = 8;
/// X11 programs know no keys above.
const LAST_CODE: u16 = 255 - XKB_FIRST;

/// Until no program of X11 can still ask what a key meant when it was pressed.
const RESTING: Duration = Duration::from_millis(150);

/// How a character is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stroke {
    /// The key's Linux code.
    pub(super) code: u16,
    /// The modifiers that make it mean the character.
    pub(super) mods: Mods,
}

/// What the keys of an American keyboard mean, without and with Shift.
const AMERICAN: &[(HidKey, char, char)] = &[
    (hid::A, 'a', 'A'),
    (hid::B, 'b', 'B'),
    (hid::C, 'c', 'C'),
    (hid::D, 'd', 'D'),
    (hid::E, 'e', 'E'),
    (hid::F, 'f', 'F'),
    (hid::G, 'g', 'G'),
    (hid::H, 'h', 'H'),
    (hid::I, 'i', 'I'),
    (hid::J, 'j', 'J'),
    (hid::K, 'k', 'K'),
    (hid::L, 'l', 'L'),
    (hid::M, 'm', 'M'),
    (hid::N, 'n', 'N'),
    (hid::O, 'o', 'O'),
    (hid::P, 'p', 'P'),
    (hid::Q, 'q', 'Q'),
    (hid::R, 'r', 'R'),
    (hid::S, 's', 'S'),
    (hid::T, 't', 'T'),
    (hid::U, 'u', 'U'),
    (hid::V, 'v', 'V'),
    (hid::W, 'w', 'W'),
    (hid::X, 'x', 'X'),
    (hid::Y, 'y', 'Y'),
    (hid::Z, 'z', 'Z'),
    (hid::DIGIT_1, '1', '!'),
    (hid::DIGIT_2, '2', '@'),
    (hid::DIGIT_3, '3', '#'),
    (hid::DIGIT_4, '4', '$'),
    (hid::DIGIT_5, '5', '%'),
    (hid::DIGIT_6, '6', '^'),
    (hid::DIGIT_7, '7', '&'),
    (hid::DIGIT_8, '8', '*'),
    (hid::DIGIT_9, '9', '('),
    (hid::DIGIT_0, '0', ')'),
    (hid::SPACE, ' ', ' '),
    (hid::MINUS, '-', '_'),
    (hid::EQUAL, '=', '+'),
    (hid::BRACKET_LEFT, '[', '{'),
    (hid::BRACKET_RIGHT, ']', '}'),
    (hid::BACKSLASH, '\\', '|'),
    (hid::SEMICOLON, ';', ':'),
    (hid::QUOTE, '\'', '"'),
    (hid::BACKQUOTE, '`', '~'),
    (hid::COMMA, ',', '<'),
    (hid::PERIOD, '.', '>'),
    (hid::SLASH, '/', '?'),
    (hid::INTL_BACKSLASH, '<', '>'),
];

/// The pad: what each key means without Num Lock, and the character with it.
const PAD: &[(HidKey, u32, u32, char)] = &[
    (hid::NUMPAD_0, key::KP_Insert, key::KP_0, '0'),
    (hid::NUMPAD_1, key::KP_End, key::KP_1, '1'),
    (hid::NUMPAD_2, key::KP_Down, key::KP_2, '2'),
    (hid::NUMPAD_3, key::KP_Page_Down, key::KP_3, '3'),
    (hid::NUMPAD_4, key::KP_Left, key::KP_4, '4'),
    (hid::NUMPAD_5, key::KP_Begin, key::KP_5, '5'),
    (hid::NUMPAD_6, key::KP_Right, key::KP_6, '6'),
    (hid::NUMPAD_7, key::KP_Home, key::KP_7, '7'),
    (hid::NUMPAD_8, key::KP_Up, key::KP_8, '8'),
    (hid::NUMPAD_9, key::KP_Page_Up, key::KP_9, '9'),
    (hid::NUMPAD_DECIMAL, key::KP_Delete, key::KP_Decimal, '.'),
];

/// The keys of the pad that always mean the same.
const PAD_SIGNS: &[(HidKey, u32, char)] = &[
    (hid::NUMPAD_DIVIDE, key::KP_Divide, '/'),
    (hid::NUMPAD_MULTIPLY, key::KP_Multiply, '*'),
    (hid::NUMPAD_SUBTRACT, key::KP_Subtract, '-'),
    (hid::NUMPAD_ADD, key::KP_Add, '+'),
    (hid::NUMPAD_EQUAL, key::KP_Equal, '='),
];

/// Keys without a character that have no name on X11's own list. Source: `XF86keysym.h`.
const OTHERS: &[(HidKey, u32)] = &[
    (hid::F13, key::F13),
    (hid::F14, key::F14),
    (hid::F15, key::F15),
    (hid::F16, key::F16),
    (hid::F17, key::F17),
    (hid::F18, key::F18),
    (hid::F19, key::F19),
    (hid::F20, key::F20),
    (hid::F21, key::F21),
    (hid::F22, key::F22),
    (hid::F23, key::F23),
    (hid::F24, key::F24),
    (hid::VOLUME_MUTE, 0x1008_ff12),
    (hid::VOLUME_DOWN, 0x1008_ff11),
    (hid::VOLUME_UP, 0x1008_ff13),
    (hid::MEDIA_PLAY_PAUSE, 0x1008_ff14),
    (hid::MEDIA_STOP, 0x1008_ff15),
    (hid::MEDIA_PREVIOUS, 0x1008_ff16),
    (hid::MEDIA_NEXT, 0x1008_ff17),
];

/// What always has a key, two to a key: the characters of Western and Central Europe, and what people write
/// with.
const USUAL: &str = "àÀáÁâÂãÃäÄåÅæÆçÇèÈéÉêÊëËìÌíÍîÎïÏðÐñÑòÒóÓôÔõÕöÖøØùÙúÚûÛüÜýÝþÞßẞÿŸ\
    œŒšŠžŽčČćĆđĐłŁąĄęĘśŚźŹżŻńŃěĚřŘůŮőŐűŰğĞşŞıİ\
    €£¥¢§°«»‘’“”„‚–—…•·¡¿©®™±×÷µ²³";

/// What the keys mean.
#[derive(Debug)]
pub(super) struct Keymap {
    /// How each character is typed that always has a key.
    usual: BTreeMap<char, Stroke>,
    /// The two characters of each key that no keyboard has.
    pairs: Vec<(u16, char, char)>,
    /// The keys that are lent.
    lent: Vec<Lent>,
}

/// A key that means what was typed with it last.
#[derive(Debug)]
struct Lent {
    code: u16,
    character: Option<char>,
    used_at: Duration,
}

impl Keymap {
    pub(super) fn new() -> Self {
        let mut usual = BTreeMap::new();
        for &(place, plain, shifted) in AMERICAN {
            let Some(code) = evdev_from_hid(place) else {
                continue;
            };
            usual.entry(plain).or_insert(Stroke { code, mods: 0 });
            usual.entry(shifted).or_insert(Stroke { code, mods: SHIFT });
        }
        let mut free = (1..=LAST_CODE)
            .filter(|code| *code != LEVEL_THREE_CODE && keyboard::hid_from_evdev(*code).is_none());
        let mut pairs = Vec::new();
        let characters: Vec<char> = USUAL.chars().collect();
        for pair in characters.chunks(2) {
            let (Some(code), &[plain, .., shifted]) = (free.next(), pair) else {
                break;
            };
            usual.insert(plain, Stroke { code, mods: 0 });
            usual.insert(shifted, Stroke { code, mods: SHIFT });
            pairs.push((code, plain, shifted));
        }
        let lent = free.map(|code| Lent {
            code,
            character: None,
            used_at: Duration::ZERO,
        });
        Self {
            usual,
            pairs,
            lent: lent.collect(),
        }
    }

    /// How many characters can have a key at once beside the usual ones.
    pub(super) fn room(&self) -> usize {
        self.lent.len()
    }

    /// How `wanted` is typed at `now`, best by the key at `place`; `None` if no key means it.
    pub(super) fn find(
        &mut self,
        wanted: char,
        place: Option<HidKey>,
        now: Duration,
    ) -> Option<Stroke> {
        if let Some(stroke) = place.and_then(|place| on_the_pad(place, wanted)) {
            return Some(stroke);
        }
        if let Some(stroke) = self.usual.get(&wanted) {
            return Some(*stroke);
        }
        let mut lent = self.lent.iter_mut();
        let lent = lent.find(|lent| lent.character == Some(wanted))?;
        lent.used_at = now;
        Some(Stroke {
            code: lent.code,
            mods: 0,
        })
    }

    /// Lends keys at `now` to those of `wanted` that have none: those that were not used for longest, and none that
    /// `is_held`. Gives when the programs may be told; `None` if nothing was lent.
    ///
    /// Programs of X11 ask what a key means only when they come to read of it, so a key keeps its meaning for a while
    /// after it was used.
    pub(super) fn lend(
        &mut self,
        wanted: &[char],
        is_held: impl Fn(u16) -> bool,
        now: Duration,
    ) -> Option<Duration> {
        let mut told_at = None;
        for &character in wanted {
            if self.find(character, None, now).is_some() {
                continue;
            }
            let mut free: Vec<&mut Lent> = self.lent.iter_mut().collect();
            free.retain(|lent| {
                let is_wanted = lent.character.is_some_and(|there| wanted.contains(&there));
                !is_wanted && !is_held(lent.code)
            });
            let Some(lent) = free.into_iter().min_by_key(|lent| lent.used_at) else {
                break;
            };
            let rested_at = match lent.character {
                Some(_) => lent.used_at + RESTING,
                None => Duration::ZERO,
            };
            told_at = told_at.max(Some(rested_at.max(now)));
            lent.character = Some(character);
            lent.used_at = now;
        }
        told_at
    }

    /// As compositors and programs read it.
    pub(super) fn text(&self) -> String {
        let mut codes = String::new();
        let mut symbols = String::new();
        for code in 1..=LAST_CODE {
            let keycode = code + XKB_FIRST;
            // names have four characters at most
            writeln!(codes, "<K{keycode}> = {keycode};").expect("a string takes everything");
        }
        let mut define = |code: u16, kind: &str, meanings: &[u32]| {
            let keycode = code + XKB_FIRST;
            let meanings: Vec<String> = meanings
                .iter()
                .map(|symbol| format!("{symbol:#x}"))
                .collect();
            let meanings = meanings.join(", ");
            writeln!(
                symbols,
                "key <K{keycode}> {{ type= \"{kind}\", repeat= No, symbols[Group1]= [ {meanings} ] }};"
            )
            .expect("a string takes everything");
        };
        for &(place, plain, shifted) in AMERICAN {
            if let Some(code) = evdev_from_hid(place) {
                let kind = if plain.is_alphabetic() {
                    "ALPHABETIC"
                } else {
                    "TWO_LEVEL"
                };
                define(code, kind, &[symbol_of(plain), symbol_of(shifted)]);
            }
        }
        for &(place, moves, types, _) in PAD {
            if let Some(code) = evdev_from_hid(place) {
                define(code, "KEYPAD", &[moves, types]);
            }
        }
        let signs = PAD_SIGNS.iter().map(|&(place, symbol, _)| (place, symbol));
        for (place, symbol) in signs.chain(OTHERS.iter().copied()) {
            if let Some(code) = evdev_from_hid(place) {
                define(code, "ONE_LEVEL", &[symbol]);
            }
        }
        for (place, symbol) in names::usual() {
            match evdev_from_hid(place) {
                Some(code) if place == hid::TAB => {
                    define(code, "TWO_LEVEL", &[symbol, key::ISO_Left_Tab]);
                }
                Some(code) => define(code, "ONE_LEVEL", &[symbol]),
                None => {}
            }
        }
        define(LEVEL_THREE_CODE, "ONE_LEVEL", &[key::ISO_Level3_Shift]);
        for &(code, plain, shifted) in &self.pairs {
            define(code, "TWO_LEVEL", &[symbol_of(plain), symbol_of(shifted)]);
        }
        for lent in &self.lent {
            if let Some(character) = lent.character {
                define(lent.code, "ONE_LEVEL", &[symbol_of(character)]);
            }
        }
        let mut modifiers = String::new();
        for (name, keys) in [
            ("Shift", &[hid::SHIFT_LEFT, hid::SHIFT_RIGHT][..]),
            ("Lock", &[hid::CAPS_LOCK]),
            ("Control", &[hid::CONTROL_LEFT, hid::CONTROL_RIGHT]),
            ("Mod1", &[hid::ALT_LEFT, hid::ALT_RIGHT]),
            ("Mod2", &[hid::NUM_LOCK]),
            ("Mod4", &[hid::SUPER_LEFT, hid::SUPER_RIGHT]),
        ] {
            let codes = keys.iter().filter_map(|key| evdev_from_hid(*key));
            let codes: Vec<String> = codes
                .map(|code| format!("<K{}>", code + XKB_FIRST))
                .collect();
            writeln!(modifiers, "modifier_map {name} {{ {} }};", codes.join(", "))
                .expect("a string takes everything");
        }
        let level_three = LEVEL_THREE_CODE + XKB_FIRST;
        format!(
            "xkb_keymap {{
xkb_keycodes \"helpme\" {{
minimum = 8;
maximum = 255;
{codes}}};
xkb_types \"helpme\" {{ include \"complete\" }};
xkb_compatibility \"helpme\" {{ include \"complete\" }};
xkb_symbols \"helpme\" {{
{symbols}{modifiers}modifier_map Mod5 {{ <K{level_three}> }};
}};
}};
"
        )
    }
}

/// How a key of the pad types a character.
fn on_the_pad(place: HidKey, wanted: char) -> Option<Stroke> {
    let code = evdev_from_hid(place)?;
    let digit = PAD.iter().any(|&(key, .., c)| key == place && c == wanted);
    let sign = PAD_SIGNS
        .iter()
        .any(|&(key, _, c)| key == place && c == wanted);
    (digit || sign).then_some(Stroke {
        code,
        mods: if digit { NUM_LOCK } else { 0 },
    })
}

/// The modifier that this key is.
pub(super) fn modifier_of(code: u16) -> Mods {
    if code == LEVEL_THREE_CODE {
        return LEVEL_THREE;
    }
    match keyboard::hid_from_evdev(code) {
        Some(hid::SHIFT_LEFT | hid::SHIFT_RIGHT) => SHIFT,
        Some(hid::CONTROL_LEFT | hid::CONTROL_RIGHT) => CONTROL,
        Some(hid::ALT_LEFT | hid::ALT_RIGHT) => ALT,
        Some(hid::SUPER_LEFT | hid::SUPER_RIGHT) => SUPER,
        Some(_) | None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(9);

    #[test]
    fn every_usual_character_has_a_key_of_its_own_and_there_is_room_for_others() {
        let mut keymap = Keymap::new();
        let mut strokes = Vec::new();
        for character in USUAL.chars() {
            let stroke = keymap.find(character, None, NOW).expect("a key");
            assert!(!strokes.contains(&stroke), "{character}");
            strokes.push(stroke);
        }
        assert!(keymap.room() >= 12, "{}", keymap.room());
    }

    #[test]
    fn what_keyboards_everywhere_type_is_typed_by_the_same_keys() {
        let mut keymap = Keymap::new();
        let stroke = |code, mods| Some(Stroke { code, mods });
        for (wanted, place, found) in [
            ('a', hid::A, stroke(30, 0)),
            ('@', hid::SEMICOLON, stroke(3, SHIFT)),
            ('7', hid::NUMPAD_7, stroke(71, NUM_LOCK)),
            ('7', hid::DIGIT_7, stroke(8, 0)),
            ('+', hid::NUMPAD_ADD, stroke(78, 0)),
            // a pad whose separator is a comma
            (',', hid::NUMPAD_DECIMAL, stroke(51, 0)),
            ('я', hid::Z, None),
        ] {
            assert_eq!(keymap.find(wanted, Some(place), NOW), found, "{wanted}");
        }
    }

    #[test]
    fn a_lent_key_stays_while_it_is_used_and_goes_to_another_when_it_was_not_for_longest() {
        let mut keymap = Keymap::new();
        let room = u32::try_from(keymap.room()).expect("few");
        let nth = |index: u32| char::from_u32(0x4e00 + index).expect("Chinese");
        let at = |index: u32| NOW + Duration::from_secs(index.into());
        for index in 0..room {
            let told_at = keymap.lend(&[nth(index)], |_| false, at(index));
            assert_eq!(told_at, Some(at(index)), "no key meant anything before");
        }
        let first = keymap.find(nth(0), None, at(room)).expect("lent");
        let told_at = keymap.lend(&[nth(room)], |_| false, at(room));
        assert_eq!(told_at, Some(at(room)), "it was at rest");
        assert_eq!(keymap.find(nth(0), None, at(room)), Some(first));
        assert_eq!(keymap.find(nth(1), None, at(room)), None);
        // what is held is not taken away
        assert_eq!(keymap.lend(&['я'], |_| true, at(room)), None);
        let text = keymap.text();
        assert!(text.contains(&format!("{:#x}", 0x0100_4e00)), "{text}");
        assert!(!text.contains(&format!("{:#x}", 0x0100_4e01)), "{text}");
    }

    #[test]
    fn a_key_that_was_just_used_rests_before_it_means_something_else() {
        let mut keymap = Keymap::new();
        let room = u32::try_from(keymap.room()).expect("few");
        let all: Vec<char> = (0..=room)
            .map(|index| char::from_u32(0x4e00 + index).expect("Chinese"))
            .collect();
        let (first, last) = all.split_at(keymap.room());
        assert_eq!(keymap.lend(first, |_| false, NOW), Some(NOW));
        let told_at = keymap.lend(last, |_| false, NOW);
        assert_eq!(told_at, Some(NOW + RESTING));
        // nor is one taken from what is to be typed beside it
        assert_eq!(keymap.lend(&first[1..], |_| false, NOW), None);
    }
}
