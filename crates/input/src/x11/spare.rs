//! Keys that mean nothing, lent to characters that no key makes and to keys that the host's keyboard lacks.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use xkeysym::Keysym;

use super::layout::Layout;

/// Until the programs of the host know a new meaning of a key.
const SETTLING: Duration = Duration::from_millis(25);
/// Until no program can still ask what a key meant when it was pressed.
const RESTING: Duration = Duration::from_millis(150);
/// As many different foreign symbols can be typed without lending a key anew.
const MOST_KEYS: usize = 48;

/// The lent keys, least recently used first.
#[derive(Debug, Default)]
pub(super) struct SpareKeys {
    free: Vec<u8>,
    lent: VecDeque<Lent>,
}

#[derive(Debug)]
struct Lent {
    keycode: u8,
    symbol: u32,
    used_at: Instant,
}

impl SpareKeys {
    /// Follows a new layout: keys that it uses are not spare, and loans it forgot are over.
    pub(super) fn follow(&mut self, layout: &Layout) {
        self.lent
            .retain(|lent| layout.plain_symbol(lent.keycode, 0) == Some(lent.symbol));
        let unused = layout
            .keycodes()
            .rev()
            .filter(|&keycode| layout.is_unused(keycode));
        self.free = unused
            .take(MOST_KEYS.saturating_sub(self.lent.len()))
            .collect();
    }

    /// How many symbols can have a key at the same time.
    pub(super) fn room(&self) -> usize {
        self.free.len() + self.lent.len()
    }

    /// Whether the key means something only because it was lent.
    pub(super) fn lends(&self, keycode: u8) -> bool {
        self.lent.iter().any(|lent| lent.keycode == keycode)
    }

    /// The key that was lent to a symbol; using it keeps it lent longest.
    pub(super) fn use_key_of(&mut self, symbol: u32) -> Option<u8> {
        let index = self.lent.iter().position(|lent| lent.symbol == symbol)?;
        let mut lent = self.lent.remove(index)?;
        lent.used_at = Instant::now();
        let keycode = lent.keycode;
        self.lent.push_back(lent);
        Some(keycode)
    }

    /// Lends keys to those of `symbols` that have none, and waits until the programs of the host
    /// know it. Symbols beyond the room get none, nor do any while all keys `is_held`.
    ///
    /// `tell` hears of each key before it is lent.
    pub(super) fn lend(
        &mut self,
        conn: &RustConnection,
        symbols: &[u32],
        is_held: impl Fn(u8) -> bool,
        mut tell: impl FnMut(u8),
    ) -> Result<(), ReplyError> {
        let start = Instant::now();
        let mut new = Vec::new();
        let mut rest_until = start;
        for &symbol in symbols {
            if self.use_key_of(symbol).is_some() {
                continue;
            }
            let keycode = if let Some(keycode) = self.free.pop() {
                keycode
            } else {
                let may_go =
                    |lent: &Lent| !is_held(lent.keycode) && !symbols.contains(&lent.symbol);
                let Some(index) = self.lent.iter().position(may_go) else {
                    break;
                };
                let Some(old) = self.lent.remove(index) else {
                    break;
                };
                rest_until = rest_until.max(old.used_at + RESTING);
                old.keycode
            };
            tell(keycode);
            self.lent.push_back(Lent {
                keycode,
                symbol,
                used_at: start,
            });
            new.push((keycode, symbol));
        }
        if new.is_empty() {
            return Ok(());
        }
        std::thread::sleep(rest_until.saturating_duration_since(Instant::now()));
        set_meanings(conn, new)?;
        std::thread::sleep(SETTLING);
        Ok(())
    }

    /// Takes every lent key back.
    pub(super) fn take_back_all(&mut self, conn: &RustConnection) -> Result<(), ReplyError> {
        let rest = self.lent.iter().map(|lent| lent.used_at + RESTING).max();
        let keys: Vec<(u8, u32)> = self.lent.drain(..).map(|lent| (lent.keycode, 0)).collect();
        if let Some(rest) = rest {
            std::thread::sleep(rest.saturating_duration_since(Instant::now()));
            set_meanings(conn, keys)?;
        }
        Ok(())
    }
}

/// The symbol that programs read as `character`.
///
/// Some of the older symbols of what is no letter mean nothing to Xlib, or something else than to others.
pub(crate) fn symbol_of(character: char) -> u32 {
    const FIRST_NO_LETTER: char = '\u{2000}';
    const UNICODE: u32 = 0x0100_0000;
    if character < FIRST_NO_LETTER {
        Keysym::from_char(character).raw()
    } else {
        UNICODE | u32::from(character)
    }
}

/// Gives keys their one meaning (0: none), whatever the modifiers, in as few requests as possible:
/// each makes all programs of the host ask for the layout.
pub(super) fn set_meanings(
    conn: &RustConnection,
    mut keys: Vec<(u8, u32)>,
) -> Result<(), ReplyError> {
    keys.sort_unstable();
    for run in keys.chunk_by(|(before, _), (after, _)| before + 1 == *after) {
        let meanings: Vec<u32> = run.iter().flat_map(|&(_, sym)| [sym, sym]).collect();
        // There are at most 248 keys.
        let count = u8::try_from(run.len()).unwrap_or(u8::MAX);
        conn.change_keyboard_mapping(count, run[0].0, 2, &meanings)?;
    }
    conn.sync()
}
