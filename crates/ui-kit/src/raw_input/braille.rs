//! Braille: the dots of a cell are keys that are down together.
//!
//! X11 has a symbol for each dot and none for what they make together. Programs leave that to Xlib, whose rule
//! this follows: a cell is made when its last key comes up, of the dots that were down when the first did,
//! since nobody lifts all fingers at once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use winit::keyboard::{Key, NativeKey, PhysicalKey};

use super::keys::Stroke;

/// Who takes longer to lift the fingers changes the cell, and means those that are still down.
const LIFTING: Duration = Duration::from_millis(300);

/// The dots that are down.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// Each key with the bit of its dot.
    down: BTreeMap<PhysicalKey, u8>,
    /// What is made of them, and since when fingers are lifted.
    making: Option<(u8, Instant)>,
}

impl Cell {
    pub(super) fn press(&mut self, key: PhysicalKey, dot: u8) {
        self.down.insert(key, dot);
    }

    /// Whether `key` is one of its dots.
    pub(super) fn holds(&self, key: PhysicalKey) -> bool {
        self.down.contains_key(&key)
    }

    /// The key comes up; the character, if it was the last.
    pub(super) fn release(&mut self, key: PhysicalKey, now: Instant) -> Option<char> {
        let dots = self.down.values().fold(0, |dots, dot| dots | dot);
        self.down.remove(&key)?;
        let lifted = |(_, since): (u8, Instant)| now.saturating_duration_since(since) <= LIFTING;
        let making = *self
            .making
            .take_if(|making| lifted(*making))
            .get_or_insert((dots, now));
        if self.down.is_empty() {
            return char::from_u32(0x2800 + u32::from(making.0));
        }
        self.making = Some(making);
        None
    }
}

/// The bit of a dot in the characters from U+2800 on; `None` for another key.
///
/// Source: `keysymdef.h` of the X11 protocol, `XK_braille_dot_1` to `XK_braille_dot_8`; those of a ninth and a
/// tenth dot are in no character.
pub(super) fn dot(stroke: &Stroke) -> Option<u8> {
    let Key::Unidentified(NativeKey::Xkb(symbol @ 0xfff1..=0xfff8)) = stroke.logical else {
        return None;
    };
    Some(1 << (symbol - 0xfff1))
}

#[cfg(test)]
mod tests {
    use winit::keyboard::KeyCode;

    use super::*;

    const KEYS: [PhysicalKey; 3] = [
        PhysicalKey::Code(KeyCode::KeyF),
        PhysicalKey::Code(KeyCode::KeyD),
        PhysicalKey::Code(KeyCode::KeyS),
    ];

    fn with_three_dots() -> Cell {
        let mut cell = Cell::default();
        for (key, dot) in KEYS.into_iter().zip([1, 2, 4]) {
            cell.press(key, dot);
            // a held key repeats
            cell.press(key, dot);
        }
        cell
    }

    #[test]
    fn s1_dots_that_are_down_together_make_one_character_when_the_last_comes_up() {
        let mut cell = with_three_dots();
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(cell.release(KEYS[1], after(0)), None);
        assert_eq!(cell.release(KEYS[0], after(200)), None);
        assert_eq!(cell.release(KEYS[2], after(290)), Some('\u{2807}'));
        cell.press(KEYS[1], 2);
        assert_eq!(cell.release(KEYS[1], after(295)), Some('\u{2802}'));
        assert_eq!(cell.release(KEYS[1], after(296)), None, "it is up");
    }

    #[test]
    fn s1_a_cell_that_is_changed_slowly_is_what_is_down_last() {
        let mut cell = with_three_dots();
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(cell.release(KEYS[0], after(0)), None);
        assert_eq!(cell.release(KEYS[1], after(400)), None);
        assert_eq!(cell.release(KEYS[2], after(500)), Some('\u{2806}'));
    }
}
