//! The keyboard layout of an X server: which key makes which character, under which modifiers.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::xkb::{
    Action, ConnectionExt as _, GetMapReply, ID, KeyModMap, KeySymMap, KeyType, MapPart, SAType,
};
use x11rb::rust_connection::RustConnection;
use xkeysym::{Keysym, key};

/// Modifiers of the core protocol, one bit each.
pub(crate) type Mods = u8;
pub(crate) const SHIFT: Mods = 1;
pub(crate) const LOCK: Mods = 1 << 1;
pub(crate) const CONTROL: Mods = 1 << 2;
/// The usual places of Alt and Super; a layout that moves them is rare, and programs expect these.
pub(crate) const ALT: Mods = 1 << 3;
pub(crate) const SUPER: Mods = 1 << 6;

/// More keys of a layout can be pressed together than modifiers exist.
const MODIFIERS: u32 = 8;

/// What each key of each group and level means.
#[derive(Debug)]
pub(crate) struct Layout {
    first: u8,
    keys: Vec<KeySymMap>,
    types: Vec<KeyType>,
    modifiers: Vec<KeyModMap>,
    /// The modifiers of keys that turn them on by an action, which the core protocol's map need not know.
    by_action: BTreeMap<u8, Mods>,
}

/// How to make a character: press this key while exactly these modifiers are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stroke {
    pub(crate) keycode: u8,
    pub(crate) mods: Mods,
}

impl Layout {
    /// Asks the server for the layout of its keyboard.
    pub(crate) fn fetch(conn: &RustConnection) -> Result<Self, ReplyError> {
        let parts =
            MapPart::KEY_TYPES | MapPart::KEY_SYMS | MapPart::MODIFIER_MAP | MapPart::KEY_ACTIONS;
        let device = ID::USE_CORE_KBD.into();
        let none = MapPart::from(0_u8);
        let reply = conn
            .xkb_get_map(
                device,
                parts,
                none,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0_u16.into(),
                0,
                0,
                0,
                0,
                0,
                0,
            )?
            .reply()?;
        Ok(Self {
            by_action: modifiers_by_action(&reply),
            first: reply.first_key_sym.max(conn.setup().min_keycode),
            keys: reply.map.syms_rtrn.unwrap_or_default(),
            types: reply.map.types_rtrn.unwrap_or_default(),
            modifiers: reply.map.modmap_rtrn.unwrap_or_default(),
        })
    }

    pub(crate) fn keycodes(&self) -> RangeInclusive<u8> {
        let last = usize::from(self.first) + self.keys.len().saturating_sub(1);
        self.first..=u8::try_from(last).unwrap_or(u8::MAX)
    }

    /// Whether the key means nothing in any group, and does nothing.
    pub(crate) fn is_unused(&self, keycode: u8) -> bool {
        let meaningless = self
            .key(keycode)
            .is_some_and(|key| key.syms.iter().all(|&sym| sym == 0));
        meaningless && self.modifiers_of(keycode) == 0
    }

    /// The modifiers that a key turns on while it is held.
    pub(crate) fn modifiers_of(&self, keycode: u8) -> Mods {
        if let Some(mods) = self.by_action.get(&keycode) {
            return *mods;
        }
        let of_key = self
            .modifiers
            .iter()
            .filter(|entry| entry.keycode == keycode);
        of_key.fold(0, |mods, entry| {
            mods | u16::from(entry.mods).to_le_bytes()[0]
        })
    }

    /// The modifier that an `AltGr` key turns on, if this layout has such a key.
    pub(crate) fn level_three(&self) -> Option<(u8, Mods)> {
        self.modifier_with(key::ISO_Level3_Shift)
    }

    /// Like [`Self::level_three`], for the key that some layouts have for a third pair of levels.
    pub(crate) fn level_five(&self) -> Option<(u8, Mods)> {
        self.modifier_with(key::ISO_Level5_Shift)
    }

    pub(crate) fn shift_key(&self) -> Option<u8> {
        self.modifier_with(key::Shift_L).map(|(keycode, _)| keycode)
    }

    /// The modifiers that reach other levels and that a key of this layout turns on.
    pub(crate) fn levels(&self) -> Mods {
        let shift = if self.shift_key().is_some() { SHIFT } else { 0 };
        let makers = [self.level_three(), self.level_five()];
        let others = makers.into_iter().flatten();
        others.fold(shift, |levels, (_, mods)| levels | mods)
    }

    fn modifier_with(&self, wanted: u32) -> Option<(u8, Mods)> {
        let is_wanted = |keycode: &u8| {
            self.key(*keycode)
                .is_some_and(|key| key.syms.first() == Some(&wanted))
        };
        self.keycodes()
            .filter(is_wanted)
            .map(|keycode| (keycode, self.modifiers_of(keycode)))
            .find(|(_, mods)| *mods != 0)
    }

    /// The character that a key makes, if it makes one.
    pub(crate) fn character(&self, keycode: u8, group: u8, mods: Mods) -> Option<char> {
        let (kind, syms) = self.group_of(keycode, group)?;
        let on = mods & bits(kind.mods_mask);
        let entry = kind
            .map
            .iter()
            .position(|entry| entry.active && bits(entry.mods_mask) == on);
        let level = entry.map_or(0, |entry| usize::from(kind.map[entry].level));
        let character = printable(*syms.get(level)?)?;
        // Programs capitalise when the layout itself made nothing of Caps Lock.
        let preserved = entry.and_then(|entry| kind.preserve.get(entry));
        let preserved = preserved.map_or(0, |preserve| bits(preserve.mask));
        let consumed = bits(kind.mods_mask) & !preserved;
        Some(if mods & LOCK & !consumed == 0 {
            character
        } else {
            capital(character)
        })
    }

    /// Finds how to make `wanted` in this group.
    ///
    /// The modifiers are `mods`, of which those in `adjustable` may be changed. The key `preferred`
    /// wins when it makes the character at all, then fewer changes, then the lower keycode.
    pub(crate) fn find(
        &self,
        wanted: char,
        group: u8,
        mods: Mods,
        adjustable: Mods,
        preferred: Option<u8>,
    ) -> Option<Stroke> {
        let mut variants: Vec<Mods> = (0..=u8::MAX)
            .filter(|changed| changed & !adjustable == 0)
            .map(|changed| mods ^ changed)
            .collect();
        variants.sort_by_key(|variant| (variant ^ mods).count_ones());
        let makes =
            |&(keycode, mods): &(u8, Mods)| self.character(keycode, group, mods) == Some(wanted);
        let stroke = |(keycode, mods)| Stroke { keycode, mods };
        let of_preferred = preferred.into_iter();
        let by_preferred = of_preferred
            .flat_map(|key| variants.iter().map(move |&mods| (key, mods)))
            .find(makes);
        if let Some(found) = by_preferred {
            return Some(stroke(found));
        }
        let candidates: Vec<u8> = self
            .keycodes()
            .filter(|&keycode| self.may_make(keycode, wanted))
            .collect();
        variants
            .iter()
            .flat_map(|&mods| candidates.iter().map(move |&keycode| (keycode, mods)))
            .find(makes)
            .map(stroke)
    }

    /// Finds the key whose plain meaning is `wanted`; `preferred` wins.
    pub(crate) fn find_plain(&self, wanted: char, group: u8, preferred: Option<u8>) -> Option<u8> {
        let keys = preferred.into_iter().chain(self.keycodes());
        let mut keys = keys.filter(|&key| self.character(key, group, 0) == Some(wanted));
        keys.next()
    }

    /// The character that the key makes whatever the group and the modifiers, if it makes no other.
    pub(crate) fn only(&self, keycode: u8) -> Option<char> {
        let mut symbols = self
            .key(keycode)?
            .syms
            .iter()
            .filter(|symbol| **symbol != 0);
        let first = *symbols.next()?;
        // a letter alone has its capital beside it
        let only = printable(first)?;
        let same = |symbol: u32| {
            printable(symbol).is_some_and(|other| other == only || other == capital(only))
        };
        symbols.all(|symbol| same(*symbol)).then_some(only)
    }

    /// What the key means in this group without any modifier.
    pub(crate) fn plain_symbol(&self, keycode: u8, group: u8) -> Option<u32> {
        let (_, symbols) = self.group_of(keycode, group)?;
        symbols.first().copied()
    }

    /// Whether the key means one of `symbols` in every group: then nobody needs to ask which is on.
    pub(crate) fn always_means(&self, keycode: u8, symbols: &[u32]) -> bool {
        const GROUPS: u8 = 4;
        let meant = |group| self.plain_symbol(keycode, group);
        (0..GROUPS).all(|group| meant(group).is_some_and(|symbol| symbols.contains(&symbol)))
    }

    /// Finds the key that means one of `symbols`, whose order is their rank; `preferred` wins if it means
    /// any of them.
    pub(crate) fn find_symbol(
        &self,
        symbols: &[u32],
        group: u8,
        preferred: Option<u8>,
    ) -> Option<u8> {
        let means = |keycode: u8, wanted: u32| self.plain_symbol(keycode, group) == Some(wanted);
        let preferred = preferred.filter(|key| symbols.iter().any(|&symbol| means(*key, symbol)));
        preferred.or_else(|| {
            let mut ranked = symbols.iter();
            ranked.find_map(|&symbol| self.keycodes().find(|&key| means(key, symbol)))
        })
    }

    /// Like [`Self::find_symbol`], on the levels that need modifiers, of which `reachable` can be turned on.
    pub(crate) fn find_symbol_above(
        &self,
        symbols: &[u32],
        group: u8,
        reachable: Mods,
    ) -> Option<Stroke> {
        let of_key = |keycode: u8, symbol: u32| {
            let (kind, row) = self.group_of(keycode, group)?;
            let mut levels = kind.map.iter().filter(|entry| entry.active);
            let entry = levels.find(|entry| {
                let mods = bits(entry.mods_mask);
                row.get(usize::from(entry.level)) == Some(&symbol) && mods & !reachable == 0
            })?;
            let mods = bits(entry.mods_mask);
            Some(Stroke { keycode, mods })
        };
        let mut ranked = symbols.iter();
        ranked.find_map(|&symbol| self.keycodes().find_map(|key| of_key(key, symbol)))
    }

    /// A quick no to most keys.
    fn may_make(&self, keycode: u8, wanted: char) -> bool {
        self.key(keycode).is_some_and(|key| {
            key.syms
                .iter()
                .filter_map(|&sym| printable(sym))
                .any(|character| character == wanted || capital(character) == wanted)
        })
    }

    fn key(&self, keycode: u8) -> Option<&KeySymMap> {
        self.keys.get(usize::from(keycode.checked_sub(self.first)?))
    }

    /// The type of a key in a group and its levels.
    fn group_of(&self, keycode: u8, group: u8) -> Option<(&KeyType, &[u32])> {
        let key = self.key(keycode)?;
        let groups = key.group_info & 0x0f;
        if groups == 0 {
            return None;
        }
        let group = if group < groups {
            group
        } else {
            // What a group that the key does not have means, the key says itself.
            match key.group_info >> 6 {
                0b10 => ((key.group_info >> 4) & 0b11).min(groups - 1),
                0b01 => groups - 1,
                _ => group % groups,
            }
        };
        let kind = self
            .types
            .get(usize::from(*key.kt_index.get(usize::from(group))?))?;
        let width = usize::from(key.width);
        let syms = key.syms.get(usize::from(group) * width..)?.get(..width)?;
        Some((kind, syms))
    }
}

/// What keys turn on while they are held, on their first level: what a right Alt key does that reaches the
/// third level is said nowhere else.
fn modifiers_by_action(reply: &GetMapReply) -> BTreeMap<u8, Mods> {
    let Some(actions) = &reply.map.key_actions else {
        return BTreeMap::new();
    };
    let mut rest = actions.acts_rtrn_acts.as_slice();
    let mut found = BTreeMap::new();
    let keycodes = reply.first_key_action..=u8::MAX;
    for (keycode, &count) in keycodes.zip(&actions.acts_rtrn_count) {
        let (of_key, others) = rest.split_at_checked(count.into()).unwrap_or_default();
        rest = others;
        if let Some(mods) = of_key.first().copied().and_then(turned_on) {
            found.insert(keycode, mods);
        }
    }
    found
}

/// The modifiers that are on while a key with this action is held.
fn turned_on(action: Action) -> Option<Mods> {
    let mods = match action.as_noaction().type_ {
        SAType::SET_MODS => bits(action.as_setmods().mask),
        SAType::LATCH_MODS => bits(action.as_latchmods().mask),
        _ => 0,
    };
    (mods != 0).then_some(mods)
}

fn bits(mask: x11rb::protocol::xproto::ModMask) -> Mods {
    u16::from(mask).to_le_bytes()[0]
}

/// The character of a keysym, unless it is a command like Return.
fn printable(sym: u32) -> Option<char> {
    Keysym::new(sym)
        .key_char()
        .filter(|character| !character.is_control())
}

fn capital(character: char) -> char {
    let mut capitals = character.to_uppercase();
    // A few characters have only a capital of two letters, and stay themselves.
    match (capitals.next(), capitals.next()) {
        (Some(capital), None) => capital,
        _ => character,
    }
}

/// The modifiers that are on one by one.
pub(crate) fn each(mods: Mods) -> impl Iterator<Item = Mods> {
    (0..MODIFIERS)
        .map(|bit| 1 << bit)
        .filter(move |bit| mods & bit != 0)
}
