//! From winit's keys to places on the keyboard and characters.

use protocol::HidKey;
use protocol::input::hint;
use winit::keyboard::{Key, KeyCode, KeyLocation, NamedKey, NativeKey, PhysicalKey};

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

/// What the press puts into a text on this computer.
fn text_of(stroke: &Stroke) -> Option<&str> {
    let text = stroke.text.as_deref();
    // the second block of control characters are letters of some fonts
    text.filter(|text| !text.chars().any(|c| c.is_ascii_control()))
}

/// The character of a symbol that names it by its number in Unicode although it has a name, as GTK reads it.
///
/// Source: `keysymdef.h` of the X11 protocol, which begins such numbers at U+0100.
fn latin_by_number(key: &Key) -> Option<char> {
    const UNICODE: u32 = 0x0100_0000;
    match key {
        Key::Unidentified(NativeKey::Xkb(symbol)) => {
            let latin = u8::try_from(symbol.checked_sub(UNICODE)?).ok()?;
            Some(char::from(latin)).filter(|character| !character.is_control())
        }
        Key::Named(_) | Key::Unidentified(_) | Key::Character(_) | Key::Dead(_) => None,
    }
}

/// Whether the press puts something into a text on this computer.
pub(super) fn makes_text(stroke: &Stroke) -> bool {
    text_of(stroke).is_some_and(|text| !text.is_empty())
}

/// Whether `key` switches something on and off for the keys after it.
pub(super) fn is_lock(key: HidKey) -> bool {
    use keyboard::hid;
    matches!(key, hid::CAPS_LOCK | hid::NUM_LOCK | hid::SCROLL_LOCK)
}

/// What the press `stroke` means.
pub(super) fn meaning(stroke: &Stroke, modifiers: Modifiers) -> Meaning {
    let text = text_of(stroke);
    let command = modifiers.command();
    if stroke.location == KeyLocation::Numpad
        && let Some(place) = hid_key(stroke.physical).filter(|place| is_on_the_pad(*place))
    {
        return of_the_pad(stroke, place, command);
    }
    if !command {
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
        if let Some(character) = latin_by_number(&stroke.logical) {
            return Meaning::Text(character.to_string());
        }
    }
    if is_alt_gr(stroke) {
        return Meaning::Key(keyboard::hid::ALT_RIGHT, Some(hint::LEVEL_THREE));
    }
    let character = if command {
        single_character(&stroke.unmodified)
    } else {
        text.and_then(single)
    };
    match key_of(stroke) {
        Some(key) => Meaning::Key(key, character),
        // a key without a place can still make a character
        None => match text {
            Some(text) if !command => Meaning::Text(text.to_owned()),
            _ => Meaning::Unknown,
        },
    }
}

/// What the press `stroke` means where places count and not what the operator's layout makes of them.
pub(super) fn place(stroke: &Stroke) -> Meaning {
    match hid_key(stroke.physical) {
        Some(key) => Meaning::Key(key, Some(hint::BY_PLACE)),
        None => Meaning::Unknown,
    }
}

/// Whether the key reaches further characters of the operator's layout.
pub(super) fn is_alt_gr(stroke: &Stroke) -> bool {
    stroke.logical == Key::Named(NamedKey::AltGraph)
}

fn is_on_the_pad(place: HidKey) -> bool {
    use keyboard::hid;
    (hid::NUMPAD_DIVIDE..=hid::NUMPAD_DECIMAL).contains(&place)
}

/// A pad types or moves the cursor, as the operator's Num Lock and layout have it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the few names of a pad are written out"
)]
fn of_the_pad(stroke: &Stroke, place: HidKey, command: bool) -> Meaning {
    use keyboard::hid;
    let digits = (hid::NUMPAD_1..=hid::NUMPAD_DECIMAL).contains(&place);
    let hint = match &stroke.logical {
        // it has ended a compose sequence, and done nothing else
        Key::Character(_) if !command && stroke.text.is_none() => return Meaning::Composing,
        Key::Character(text) => single(text),
        Key::Named(NamedKey::Enter) => None,
        // also the key in the middle, which moves nothing and has no name
        _ => digits.then_some(hint::PAD_MOVES),
    };
    Meaning::Key(place, hint)
}

/// The key to press at the host: what the operator's layout makes of the key, or where it is if it makes a
/// character. Caps Lock may be another Escape, Control or Backspace, and what it is here it must be at the
/// host. `None` for a key that is for this computer alone, as one that switches to another layout.
fn key_of(stroke: &Stroke) -> Option<HidKey> {
    let place = hid_key(stroke.physical);
    match &stroke.logical {
        Key::Named(name) => named(*name, stroke.location, place),
        Key::Unidentified(native) => {
            named_by_x11(native).or_else(|| place.filter(|place| may_stand_for(native, *place)))
        }
        // what is in no character set but that of a font goes as a text
        Key::Character(text) if text.chars().any(char::is_control) => None,
        Key::Character(_) | Key::Dead(_) => place,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of hundreds of names those that keyboards have are written out"
)]
fn named(name: NamedKey, location: KeyLocation, place: Option<HidKey>) -> Option<HidKey> {
    use keyboard::hid;
    let (left, right) = match name {
        NamedKey::Shift => (hid::SHIFT_LEFT, hid::SHIFT_RIGHT),
        NamedKey::Control => (hid::CONTROL_LEFT, hid::CONTROL_RIGHT),
        NamedKey::Alt => (hid::ALT_LEFT, hid::ALT_RIGHT),
        NamedKey::Super => (hid::SUPER_LEFT, hid::SUPER_RIGHT),
        NamedKey::Space => return place.or(Some(hid::SPACE)),
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
                NamedKey::PrintScreen => hid::PRINT_SCREEN,
                NamedKey::Pause => hid::PAUSE,
                NamedKey::Help => hid::HELP,
                NamedKey::Undo => hid::UNDO,
                NamedKey::Again | NamedKey::Redo => hid::AGAIN,
                NamedKey::Cut => hid::CUT,
                NamedKey::Copy => hid::COPY,
                NamedKey::Paste => hid::PASTE,
                NamedKey::Find => hid::FIND,
                NamedKey::AudioVolumeMute => hid::VOLUME_MUTE,
                NamedKey::AudioVolumeUp => hid::VOLUME_UP,
                NamedKey::AudioVolumeDown => hid::VOLUME_DOWN,
                NamedKey::Convert => hid::CONVERT,
                NamedKey::NonConvert => hid::NON_CONVERT,
                NamedKey::KanaMode | NamedKey::HiraganaKatakana => hid::KANA_MODE,
                NamedKey::Katakana => hid::LANG_3,
                NamedKey::Hiragana => hid::LANG_4,
                NamedKey::ZenkakuHankaku => hid::LANG_5,
                NamedKey::HangulMode => hid::LANG_1,
                NamedKey::HanjaMode => hid::LANG_2,
                NamedKey::Alphanumeric => hid::EISU,
                name => function_key(name)?,
            };
            (key, key)
        }
    };
    Some(match (place, location) {
        (Some(place), _) if place == left || place == right => place,
        (_, KeyLocation::Right) => right,
        (_, KeyLocation::Standard | KeyLocation::Left | KeyLocation::Numpad) => left,
    })
}

macro_rules! function_keys {
    ($($name:ident)*) => {
        fn function_key(name: NamedKey) -> Option<HidKey> {
            match name {
                $(NamedKey::$name => Some(keyboard::hid::$name),)*
                _ => None,
            }
        }
    };
}
function_keys!(F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24);

/// Keys that winit has no names for on X11: those of Korean keyboards, and two of braille that belong to no cell.
///
/// Source: `keysymdef.h` of the X11 protocol.
fn named_by_x11(native: &NativeKey) -> Option<HidKey> {
    const HANGUL: u32 = 0xff31;
    const HANGUL_HANJA: u32 = 0xff34;
    const BRAILLE_DOT_9: u32 = 0xfff9;
    const BRAILLE_DOT_10: u32 = 0xfffa;
    let NativeKey::Xkb(symbol) = native else {
        return None;
    };
    match *symbol {
        HANGUL => Some(keyboard::hid::LANG_1),
        HANGUL_HANJA => Some(keyboard::hid::LANG_2),
        BRAILLE_DOT_9 => Some(keyboard::hid::BRAILLE_DOT_9),
        BRAILLE_DOT_10 => Some(keyboard::hid::BRAILLE_DOT_10),
        _ => None,
    }
}

/// Whether the host may press the key at `place` for one that winit has no name for. On X11 that is a
/// symbol, or nothing for a key that does nothing here; one that reaches other levels or layouts does it
/// here alone. What makes characters at the host must not make them for a key that makes none, and what
/// changes other keys must not change them.
fn may_stand_for(native: &NativeKey, place: HidKey) -> bool {
    use keyboard::hid;
    match native {
        native if is_for_here_alone(native) => false,
        NativeKey::Xkb(_) => {
            let makes_characters = (hid::A..hid::ENTER).contains(&place)
                || (hid::SPACE..hid::CAPS_LOCK).contains(&place)
                || [hid::INTL_BACKSLASH, hid::INTL_RO, hid::INTL_YEN].contains(&place)
                || is_on_the_pad(place);
            let changes_keys = Modifiers::is_modifier(place)
                || [hid::CAPS_LOCK, hid::NUM_LOCK, hid::SCROLL_LOCK].contains(&place);
            !makes_characters && !changes_keys
        }
        NativeKey::Unidentified
        | NativeKey::Android(_)
        | NativeKey::MacOS(_)
        | NativeKey::Windows(_)
        | NativeKey::Web(_) => true,
    }
}

/// Whether a key of X11 does nothing, or nothing but reach other levels or groups of the layout or move the
/// pointer by keys.
///
/// Source: `keysymdef.h` of the X11 protocol, the block `XK_XKB_KEYS`, `XK_Mode_switch` and `XK_VoidSymbol`.
fn is_for_here_alone(native: &NativeKey) -> bool {
    match native {
        NativeKey::Unidentified => cfg!(any(target_os = "linux", target_os = "freebsd")),
        NativeKey::Xkb(symbol) => matches!(
            symbol,
            0 | 0xfe01..=0xfe13 | 0xfee0..=0xfefe | 0xff7e | 0xff_ffff
        ),
        NativeKey::Android(_) | NativeKey::MacOS(_) | NativeKey::Windows(_) | NativeKey::Web(_) => {
            false
        }
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

/// The Linux key code of a key; `None` on platforms that count otherwise.
pub(super) fn code(key: PhysicalKey) -> Option<u32> {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    {
        use winit::platform::scancode::PhysicalKeyExtScancode as _;
        key.to_scancode()
    }
    #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
    {
        let _ = key;
        None
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
    }

    #[test]
    fn s1_a_pad_types_or_moves_as_the_operators_num_lock_has_it() {
        let on_the_pad = |code, logical, text| Stroke {
            location: KeyLocation::Numpad,
            ..stroke(code, logical, text)
        };
        let meant = |stroke: &Stroke| {
            let control = Modifiers {
                control: true,
                ..Modifiers::default()
            };
            assert_eq!(
                meaning(stroke, Modifiers::default()),
                meaning(stroke, control)
            );
            meaning(stroke, control)
        };
        let digit = on_the_pad(KeyCode::Numpad7, Key::Character("7".into()), Some("7"));
        assert_eq!(meant(&digit), Meaning::Key(HidKey(0x5f), Some('7')));
        let comma = Key::Character(",".into());
        let comma = on_the_pad(KeyCode::NumpadDecimal, comma, Some(","));
        assert_eq!(meant(&comma), Meaning::Key(HidKey(0x63), Some(',')));
        let moves = Some(hint::PAD_MOVES);
        let home = on_the_pad(KeyCode::Numpad7, Key::Named(NamedKey::Home), None);
        assert_eq!(meant(&home), Meaning::Key(HidKey(0x5f), moves));
        let middle = NativeKey::Xkb(0xff9d);
        let middle = on_the_pad(KeyCode::Numpad5, Key::Unidentified(middle), None);
        assert_eq!(meant(&middle), Meaning::Key(HidKey(0x5d), moves));
        let enter = Key::Named(NamedKey::Enter);
        let enter = on_the_pad(KeyCode::NumpadEnter, enter, Some("\r"));
        assert_eq!(meant(&enter), Meaning::Key(HidKey(0x58), None));
    }

    #[test]
    fn s1_a_key_that_makes_no_character_here_makes_none_at_the_host() {
        let plain = Modifiers::default();
        let zenkaku = Key::Named(NamedKey::ZenkakuHankaku);
        let zenkaku = stroke(KeyCode::Backquote, zenkaku, None);
        assert_eq!(meaning(&zenkaku, plain), Meaning::Key(HidKey(0x94), None));
        let eisu = Key::Named(NamedKey::Alphanumeric);
        let eisu = stroke(KeyCode::CapsLock, eisu, None);
        let meant = Meaning::Key(keyboard::hid::EISU, None);
        assert_eq!(meaning(&eisu, plain), meant);
        for for_here_alone in [
            Key::Named(NamedKey::GroupNext),
            Key::Named(NamedKey::ModeChange),
            // the shift of a fifth level, the mouse keys, and keys of no meaning
            Key::Unidentified(NativeKey::Xkb(0xfe11)),
            Key::Unidentified(NativeKey::Xkb(0xfef9)),
            Key::Unidentified(NativeKey::Xkb(0)),
            Key::Unidentified(NativeKey::Xkb(0xff_ffff)),
        ] {
            let mut switch = stroke(KeyCode::ControlRight, for_here_alone.clone(), None);
            assert_eq!(meaning(&switch, plain), Meaning::Unknown);
            switch.physical = PhysicalKey::Code(KeyCode::NumpadMultiply);
            assert_eq!(meaning(&switch, plain), Meaning::Unknown, "on the pad");
        }
        let level_three = Some(hint::LEVEL_THREE);
        for code in [KeyCode::AltRight, KeyCode::CapsLock] {
            let alt_gr = stroke(code, Key::Named(NamedKey::AltGraph), None);
            let meant = Meaning::Key(HidKey(0xe6), level_three);
            assert_eq!(meaning(&alt_gr, plain), meant);
        }
    }

    #[test]
    fn s1_a_symbol_without_a_name_presses_no_modifier_of_the_host() {
        let plain = Modifiers::default();
        let meant = |code, symbol| {
            let key = Key::Unidentified(NativeKey::Xkb(symbol));
            meaning(&stroke(code, key, None), plain)
        };
        // Hangul and Hanja stand beside the space bar
        let hangul = Meaning::Key(HidKey(0x90), None);
        assert_eq!(meant(KeyCode::AltRight, 0xff31), hangul);
        let hanja = Meaning::Key(HidKey(0x91), None);
        assert_eq!(meant(KeyCode::ControlRight, 0xff34), hanja);
        assert_eq!(meant(KeyCode::AltLeft, 0xffed), Meaning::Unknown);
        let own = Meaning::Key(HidKey(0x65), None);
        assert_eq!(meant(KeyCode::ContextMenu, 0x1008_ff65), own);
        let at = Meaning::Text("@".to_owned());
        assert_eq!(meant(KeyCode::Digit2, 0x0100_0040), at);
        // a character of a font's own
        let of_a_font = letter(KeyCode::Digit3, "\u{99}");
        let text = Meaning::Text("\u{99}".to_owned());
        assert_eq!(meaning(&of_a_font, plain), text);
    }

    #[test]
    fn s1_a_key_that_the_layout_names_is_that_key_wherever_it_is() {
        for (name, key) in [
            (NamedKey::Undo, 0x7a),
            (NamedKey::Redo, 0x79),
            (NamedKey::Tab, 0x2b),
        ] {
            let named = stroke(KeyCode::KeyB, Key::Named(name), None);
            let meant = meaning(&named, Modifiers::default());
            assert_eq!(meant, Meaning::Key(HidKey(key), None), "{name:?}");
        }
    }

    #[test]
    fn s1_by_place_nothing_else_counts() {
        let dead = stroke(KeyCode::BracketLeft, Key::Dead(Some('^')), None);
        assert_eq!(
            place(&dead),
            Meaning::Key(HidKey(0x2f), Some(hint::BY_PLACE))
        );
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
