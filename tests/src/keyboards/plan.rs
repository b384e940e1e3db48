//! Which keys to press, with which modifiers.

use x11rb::protocol::xproto::ConnectionExt as _;
use xkeysym::key;

use crate::display::Display;
use crate::hands::Hands;
use crate::keyboards::table::Kind;
use crate::keyboards::witness::Effect;

const SPACE: u8 = 65;
const SHIFT: u8 = 50;
const CONTROL: u8 = 37;
/// The last key code of a keyboard; those after it are of other devices.
const LAST: u8 = 135;

/// The keys of a keyboard with 105 keys, and of a Japanese and a Brazilian one: letters and rows, pad,
/// the keys between the two. XKB has keys of its own between them, for levels, and one (109, line feed) that USB
/// keyboards have no number for.
const KEYS: &[std::ops::RangeInclusive<u8>] = &[
    9..=91,
    94..=97,
    100..=102,
    104..=108,
    110..=119,
    125..=127,
    129..=129,
    LAST..=LAST,
];

/// A key with the modifiers that are held meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Item {
    pub(super) held: Vec<u8>,
    pub(super) keycode: u8,
    /// Space follows so often, which ends a compose sequence or a latch.
    pub(super) spaces: usize,
    /// It is pressed twice, for it locks something.
    pub(super) twice: bool,
    /// Whether the key may lock something, on this level or another.
    pub(super) may_lock: bool,
    alone: bool,
}

impl Item {
    pub(super) const SPACE: Self = Self {
        held: Vec::new(),
        keycode: SPACE,
        spaces: 0,
        twice: false,
        may_lock: false,
        alone: false,
    };

    pub(super) fn twice(self) -> Self {
        Self {
            twice: true,
            ..self
        }
    }

    pub(super) fn press(&self, hands: &Hands) -> anyhow::Result<()> {
        let chord: Vec<u8> = self.held.iter().copied().chain([self.keycode]).collect();
        hands.chord_of_keycodes(&chord)?;
        if self.twice {
            hands.chord_of_keycodes(&chord)?;
        }
        for _ in 0..self.spaces {
            hands.tap_keycode(SPACE)?;
        }
        Ok(())
    }

    /// How many keys come up.
    pub(super) fn releases(&self) -> usize {
        let once = self.held.len() + 1;
        once * (1 + usize::from(self.twice)) + self.spaces
    }

    /// Whether it is a key that is pressed by itself alone: a modifier.
    pub(super) fn is_alone(&self) -> bool {
        self.alone
    }

    pub(super) fn kind(&self, effects: &[Effect]) -> Kind {
        if self.held == [CONTROL] {
            return Kind::Command;
        }
        if effects
            .iter()
            .any(|effect| matches!(effect, Effect::Text(_)))
        {
            Kind::Character
        } else {
            Kind::Other
        }
    }
}

/// What a layout lets one press.
#[derive(Debug)]
pub(super) struct Plan {
    items: Vec<Item>,
}

impl Plan {
    /// The plan for the layout of a display.
    pub(super) fn of(display: &Display) -> anyhow::Result<Self> {
        let connection = display.connection();
        let first = 8;
        let table = connection
            .get_keyboard_mapping(first, LAST - first + 1)?
            .reply()?;
        let width = usize::from(table.keysyms_per_keycode);
        let symbols = |keycode: u8| {
            let row = usize::from(keycode - first) * width;
            table.keysyms.get(row..row + width).unwrap_or_default()
        };
        let plain = |keycode: u8| symbols(keycode).first().copied().unwrap_or(0);
        let keys = || KEYS.iter().cloned().flatten();
        let maker = |symbol: u32| keys().find(|&keycode| plain(keycode) == symbol);
        let level_three = maker(key::ISO_Level3_Shift);
        let level_five = maker(key::ISO_Level5_Shift);
        let chords: Vec<Vec<u8>> = [
            Some(vec![]),
            Some(vec![SHIFT]),
            level_three.map(|key| vec![key]),
            level_three.map(|key| vec![SHIFT, key]),
            level_five.map(|key| vec![key]),
            level_five.map(|key| vec![SHIFT, key]),
            Some(vec![CONTROL]),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut items = Vec::new();
        for keycode in keys() {
            let symbol = plain(keycode);
            let alone =
                is_modifier(symbol) || symbol == 0 && !symbols(keycode).iter().any(|s| *s != 0);
            for held in &chords {
                if held.contains(&keycode) || (alone && !held.is_empty()) {
                    continue;
                }
                // a command is pressed with what makes a Latin letter; what programs make of others differs
                let latin = char::from_u32(symbol).is_some_and(|c| c.is_ascii_alphanumeric());
                if held == &[CONTROL] && !latin {
                    continue;
                }
                items.push(Item {
                    held: held.clone(),
                    keycode,
                    spaces: 0,
                    alone,
                    twice: false,
                    may_lock: symbols(keycode).iter().any(|symbol| locks(*symbol)),
                });
            }
        }
        Ok(Self { items })
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Item> {
        self.items.clone().into_iter()
    }
}

/// Source: `keysymdef.h` of the X11 protocol, the modifiers and the block `XK_XKB_KEYS`.
fn is_modifier(symbol: u32) -> bool {
    matches!(symbol, 0xffe1..=0xffee | 0xfe01..=0xfe13 | key::Mode_switch | key::Num_Lock)
}

fn locks(symbol: u32) -> bool {
    matches!(
        symbol,
        key::Caps_Lock
            | key::Shift_Lock
            | key::Num_Lock
            | key::Scroll_Lock
            | key::ISO_Lock
            | key::ISO_Level3_Lock
            | key::ISO_Level5_Lock
            // with the mouse keys on, a pad moves the pointer
            | key::Pointer_EnableKeys
    )
}
