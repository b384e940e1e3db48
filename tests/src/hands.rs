//! Somebody's keyboard and mouse, by XTEST: for the programs no different from real ones.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, KEY_PRESS_EVENT,
    KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use xkeysym::{RawKeysym, key};

/// Between two events of one hand. People are slower; programs that draw in software keep up.
const PACE: Duration = Duration::from_millis(12);

const LEFT: u8 = 1;
const MIDDLE: u8 = 2;
const RIGHT: u8 = 3;
const WHEEL_UP: u8 = 4;
const WHEEL_DOWN: u8 = 5;
const WHEEL_LEFT: u8 = 6;
const WHEEL_RIGHT: u8 = 7;

/// Types and clicks on one display. Every call returns when the server has taken its events.
#[derive(Debug)]
pub struct Hands {
    connection: RustConnection,
    root: Window,
    pace: Duration,
}

/// How a character is reached on the present layout.
#[derive(Debug, Clone, Copy)]
struct Stroke {
    keycode: u8,
    shift: bool,
    level3: bool,
}

impl Hands {
    /// Hands at the display called `name`.
    ///
    /// # Errors
    ///
    /// If it takes no connection or has no XTEST.
    pub fn at(name: &str) -> anyhow::Result<Self> {
        let (connection, screen) = x11rb::connect(Some(name))
            .with_context(|| format!("cannot connect to display {name}"))?;
        connection.xtest_get_version(2, 2)?.reply()?;
        let root = connection.setup().roots[screen].root;
        Ok(Self {
            connection,
            root,
            pace: PACE,
        })
    }

    /// The same hands with `pace` between two events.
    pub fn with_pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// Types `text` on the display's present layout; a line feed is Return.
    ///
    /// # Errors
    ///
    /// If a character is on no key of the layout, or the server does not answer.
    pub fn type_text(&self, text: &str) -> anyhow::Result<()> {
        for character in text.chars() {
            let symbol = match character {
                '\n' => key::Return,
                '\t' => key::Tab,
                other => xkeysym::Keysym::from_char(other).raw(),
            };
            let stroke = self
                .stroke(symbol)?
                .with_context(|| format!("{character:?} is on no key here"))?;
            self.strike(stroke)?;
        }
        Ok(())
    }

    /// Types `text` as tools do that need no layout: a character that is on no key is put on a key that means
    /// nothing, another one each time of as many as `keys`.
    ///
    /// # Errors
    ///
    /// If the display has not so many such keys, or the server does not answer.
    pub fn type_anything(&self, text: &str, keys: usize) -> anyhow::Result<()> {
        let setup = self.connection.setup();
        let first = setup.min_keycode;
        let count = setup.max_keycode - first + 1;
        let table = self.connection.get_keyboard_mapping(first, count)?;
        let table = table.reply()?;
        let rows = table.keysyms.chunks(usize::from(table.keysyms_per_keycode));
        let unused = (first..=setup.max_keycode)
            .zip(rows)
            .filter(|(_, symbols)| symbols.iter().all(|symbol| *symbol == 0))
            .map(|(keycode, _)| keycode);
        let spare: Vec<u8> = unused.take(keys).collect();
        ensure!(spare.len() == keys, "only {} keys are unused", spare.len());
        let mut next = spare.iter().cycle();
        for character in text.chars() {
            let symbol = xkeysym::Keysym::from_char(character).raw();
            if let Some(stroke) = self.stroke(symbol)? {
                self.strike(stroke)?;
                continue;
            }
            let keycode = *next.next().context("a key")?;
            let put = |symbol| {
                self.connection
                    .change_keyboard_mapping(1, keycode, 2, &[symbol, symbol])?
                    .check()?;
                anyhow::Ok(())
            };
            put(symbol)?;
            self.tap_keycode(keycode)?;
        }
        for keycode in spare {
            self.connection
                .change_keyboard_mapping(1, keycode, 2, &[0, 0])?
                .check()?;
        }
        Ok(())
    }

    /// Presses and releases the key that carries `symbol` (a name of [`xkeysym::key`]).
    ///
    /// # Errors
    ///
    /// As [`Hands::type_text`].
    pub fn tap(&self, symbol: RawKeysym) -> anyhow::Result<()> {
        self.chord(&[symbol])
    }

    /// Presses keys one after the other, then releases them backwards: `Ctrl`, `c`.
    ///
    /// # Errors
    ///
    /// As [`Hands::type_text`].
    pub fn chord(&self, symbols: &[RawKeysym]) -> anyhow::Result<()> {
        for &symbol in symbols {
            self.press(symbol)?;
        }
        for &symbol in symbols.iter().rev() {
            self.release(symbol)?;
        }
        Ok(())
    }

    /// Presses the key that carries `symbol` and leaves it down.
    ///
    /// # Errors
    ///
    /// As [`Hands::type_text`].
    pub fn press(&self, symbol: RawKeysym) -> anyhow::Result<()> {
        let keycode = self.keycode(symbol)?;
        self.fake(KEY_PRESS_EVENT, keycode, 0, 0)
    }

    /// Releases the key that carries `symbol`.
    ///
    /// # Errors
    ///
    /// As [`Hands::type_text`].
    pub fn release(&self, symbol: RawKeysym) -> anyhow::Result<()> {
        let keycode = self.keycode(symbol)?;
        self.fake(KEY_RELEASE_EVENT, keycode, 0, 0)
    }

    /// Presses and releases a key by its X key code, whatever it carries.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn tap_keycode(&self, keycode: u8) -> anyhow::Result<()> {
        self.chord_of_keycodes(&[keycode])
    }

    /// Presses keys by their X key codes one after another, then releases them in the reverse order.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn chord_of_keycodes(&self, keycodes: &[u8]) -> anyhow::Result<()> {
        for keycode in keycodes {
            self.fake(KEY_PRESS_EVENT, *keycode, 0, 0)?;
        }
        for keycode in keycodes.iter().rev() {
            self.fake(KEY_RELEASE_EVENT, *keycode, 0, 0)?;
        }
        Ok(())
    }

    /// Presses the left button where the pointer is, and leaves it down.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn press_button(&self) -> anyhow::Result<()> {
        self.fake(BUTTON_PRESS_EVENT, LEFT, 0, 0)
    }

    /// Releases the left button.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn release_button(&self) -> anyhow::Result<()> {
        self.fake(BUTTON_RELEASE_EVENT, LEFT, 0, 0)
    }

    /// Moves the pointer to a pixel of the screen.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn point_at(&self, (x, y): (u32, u32)) -> anyhow::Result<()> {
        // programs notice that the pointer came only when they see it move
        for short in [1, 0] {
            let x = i16::try_from(x.saturating_sub(short))?;
            self.fake(MOTION_NOTIFY_EVENT, 0, x, i16::try_from(y)?)?;
        }
        Ok(())
    }

    /// Clicks with the left button.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn click(&self, place: (u32, u32)) -> anyhow::Result<()> {
        self.point_at(place)?;
        self.click_button(LEFT)
    }

    /// Clicks with the right button.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn right_click(&self, place: (u32, u32)) -> anyhow::Result<()> {
        self.point_at(place)?;
        self.click_button(RIGHT)
    }

    /// Clicks with the middle button.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn middle_click(&self, place: (u32, u32)) -> anyhow::Result<()> {
        self.point_at(place)?;
        self.click_button(MIDDLE)
    }

    /// Turns the wheel by `notches`, upwards if negative, where the pointer is.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn turn_wheel(&self, notches: i32) -> anyhow::Result<()> {
        let button = if notches < 0 { WHEEL_UP } else { WHEEL_DOWN };
        for _ in 0..notches.abs() {
            self.click_button(button)?;
        }
        Ok(())
    }

    /// Turns the wheel sideways by `notches`, to the left if negative, where the pointer is.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn turn_wheel_sideways(&self, notches: i32) -> anyhow::Result<()> {
        let button = if notches < 0 { WHEEL_LEFT } else { WHEEL_RIGHT };
        for _ in 0..notches.abs() {
            self.click_button(button)?;
        }
        Ok(())
    }

    /// Presses the left button at `from` and releases it at `to`.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn drag(&self, from: (u32, u32), to: (u32, u32)) -> anyhow::Result<()> {
        const STEPS: i64 = 12;
        self.point_at(from)?;
        self.fake(BUTTON_PRESS_EVENT, LEFT, 0, 0)?;
        for step in 1..=STEPS {
            let between = |a: u32, b: u32| {
                let way = i64::from(b) - i64::from(a);
                i16::try_from(i64::from(a) + way * step / STEPS)
            };
            let (x, y) = (between(from.0, to.0)?, between(from.1, to.1)?);
            self.fake(MOTION_NOTIFY_EVENT, 0, x, y)?;
        }
        self.fake(BUTTON_RELEASE_EVENT, LEFT, 0, 0)
    }

    fn click_button(&self, button: u8) -> anyhow::Result<()> {
        self.fake(BUTTON_PRESS_EVENT, button, 0, 0)?;
        self.fake(BUTTON_RELEASE_EVENT, button, 0, 0)
    }

    fn strike(&self, stroke: Stroke) -> anyhow::Result<()> {
        let mut held = Vec::new();
        if stroke.shift {
            held.push(self.keycode(key::Shift_L)?);
        }
        if stroke.level3 {
            held.push(self.keycode(key::ISO_Level3_Shift)?);
        }
        for &modifier in &held {
            self.fake(KEY_PRESS_EVENT, modifier, 0, 0)?;
        }
        self.tap_keycode(stroke.keycode)?;
        for &modifier in held.iter().rev() {
            self.fake(KEY_RELEASE_EVENT, modifier, 0, 0)?;
        }
        Ok(())
    }

    fn keycode(&self, symbol: RawKeysym) -> anyhow::Result<u8> {
        // The right Alt key of a keyboard with three levels. XKB also puts its symbol on a key code
        // that no keyboard has.
        const RIGHT_ALT: u8 = 108;
        if symbol == key::ISO_Level3_Shift {
            return Ok(RIGHT_ALT);
        }
        let stroke = self.stroke(symbol)?;
        Ok(stroke
            .with_context(|| format!("{symbol:#x} is on no key here"))?
            .keycode)
    }

    /// The key and the modifiers that give `symbol`: the one with the fewest modifiers.
    fn stroke(&self, symbol: RawKeysym) -> anyhow::Result<Option<Stroke>> {
        // The columns of the core protocol's table for the first group of XKB.
        const LEVELS: [(usize, bool, bool); 4] = [
            (0, false, false),
            (1, true, false),
            (4, false, true),
            (5, true, true),
        ];
        let setup = self.connection.setup();
        let first = setup.min_keycode;
        let count = setup.max_keycode - first + 1;
        let table = self
            .connection
            .get_keyboard_mapping(first, count)?
            .reply()?;
        let columns = usize::from(table.keysyms_per_keycode);
        ensure!(columns > 0, "the keyboard has no keys");
        for (column, shift, level3) in LEVELS {
            let keys = table.keysyms.chunks(columns).zip(first..=setup.max_keycode);
            for (symbols, keycode) in keys {
                if symbols.get(column) == Some(&symbol) {
                    return Ok(Some(Stroke {
                        keycode,
                        shift,
                        level3,
                    }));
                }
            }
        }
        Ok(None)
    }

    fn fake(&self, kind: u8, detail: u8, x: i16, y: i16) -> anyhow::Result<()> {
        self.connection
            .xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, self.root, x, y, 0)?
            .check()?;
        std::thread::sleep(self.pace);
        Ok(())
    }
}
