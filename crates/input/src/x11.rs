//! The keyboard and pointer of an X server, through XTEST.
//!
//! A character is typed by the key of the host's own layout that makes it, with the modifiers that
//! it takes there; one that no key makes gets a key that means nothing (`spare`), and so does a key that
//! the host's keyboard lacks.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use protocol::input::{HidKey, InputEvent, PointerButton, hint};
use x11::ConnectError;
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xkb::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, KEY_PRESS_EVENT,
    KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, Mapping, Window,
};
use x11rb::protocol::xtest::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::notches::Notches;
use crate::{InjectError, InputSink, UserActed, hid, keymap};

mod description;
pub(crate) mod guardian;
pub(crate) mod layout;
mod locks;
pub(crate) mod names;
mod repeat;
pub(crate) mod shield;
pub(crate) mod spare;
mod stuck;
mod user;

pub use description::keyboard as keyboard_of;
use guardian::{Guardian, Hold};
use layout::{ALT, CONTROL, LOCK, Layout, Mods, SHIFT, SUPER, Stroke};
use locks::Locks;
use spare::{SpareKeys, symbol_of};
use user::{Pressed, UserWatch};

const WHEEL_UP: u8 = 4;
const WHEEL_DOWN: u8 = 5;
const WHEEL_LEFT: u8 = 6;
const WHEEL_RIGHT: u8 = 7;

/// Types and clicks on an X server.
pub struct X11Sink {
    conn: RustConnection,
    display: Option<String>,
    root: Window,
    guardian: Option<Guardian>,
    /// `None` after the host's layout changed.
    layout: Option<Layout>,
    spare: SpareKeys,
    /// Which button of the XTEST device makes which button of the programs, from button 1 on.
    buttons: Vec<u8>,
    /// The key that was pressed for each key that the operator holds.
    held_keys: BTreeMap<HidKey, u8>,
    held_buttons: BTreeMap<PointerButton, u8>,
    locks: Locks,
    wheel: Notches,
    user: Option<UserWatch>,
}

/// Does what [`crate::release_stuck`] does on a display by name.
///
/// # Errors
///
/// Those of [`X11Sink::open_display`].
pub fn release_stuck_on(display: Option<&str>) -> Result<usize, InjectError> {
    stuck::release(display)
}

impl X11Sink {
    /// Opens a display by name, or the one that `DISPLAY` names.
    ///
    /// # Errors
    ///
    /// [`InjectError::NoDisplay`] when nothing answers there, [`InjectError::Unsuitable`] when the
    /// server lacks an extension.
    pub fn open_display(display: Option<&str>) -> Result<Self, InjectError> {
        let (conn, screen) = x11::connect(display)?;
        require_extensions(&conn, &[xtest::X11_EXTENSION_NAME, xkb::X11_EXTENSION_NAME])?;
        prepare(&conn).map_err(|error| lost(&error))?;
        let mut sink = Self {
            conn,
            display: display.map(str::to_owned),
            root: screen.root,
            guardian: None,
            layout: None,
            spare: SpareKeys::default(),
            buttons: Vec::new(),
            held_keys: BTreeMap::new(),
            held_buttons: BTreeMap::new(),
            locks: Locks::default(),
            wheel: Notches::default(),
            user: None,
        };
        sink.fetch_buttons().map_err(|error| lost(&error))?;
        sink.layout().map_err(|error| lost(&error))?;
        Ok(sink)
    }

    /// Opens a display with a guardian; see [`crate::open_guarded`].
    ///
    /// # Errors
    ///
    /// Those of [`Self::open_display`], and [`InjectError::NoGuardian`].
    pub fn open_display_guarded(display: Option<&str>, exe: &Path) -> Result<Self, InjectError> {
        let mut sink = Self::open_display(display)?;
        sink.guardian = Some(Guardian::start(exe, display)?);
        Ok(sink)
    }

    fn do_event(&mut self, event: &InputEvent) -> Result<(), Fault> {
        match event {
            InputEvent::Key {
                key,
                pressed: true,
                character,
            } => self.press(*key, *character),
            InputEvent::Key {
                key,
                pressed: false,
                ..
            } => Ok(self.release(*key)?),
            InputEvent::PointerMoved { to } => Ok(self.move_pointer(to.x, to.y)?),
            InputEvent::Button {
                button,
                pressed,
                at,
            } => {
                self.move_pointer(at.x, at.y)?;
                Ok(self.button(*button, *pressed)?)
            }
            InputEvent::Wheel { dx, dy } => Ok(self.turn(*dx, *dy)?),
            InputEvent::Text { text } => self.type_text(text.as_str()),
            InputEvent::ReleaseAll => Ok(self.let_go()?),
            InputEvent::StillHeld | InputEvent::ClipboardOffered { .. } => Ok(()),
        }
    }

    fn press(&mut self, key: HidKey, character: Option<char>) -> Result<(), Fault> {
        let Some(way) = self.way_of(key, character)? else {
            return Ok(());
        };
        if let Some(&before) = self.held_keys.get(&key) {
            if before == way.keycode && self.layout()?.modifiers_of(before) != 0 {
                // Modifiers do not repeat.
                return Ok(());
            }
            self.release(key)?;
        }
        if Locks::may_switch(key) {
            let locked = self.state()?.locked;
            self.locks.down(key, locked);
        }
        self.held_keys.insert(key, way.keycode);
        self.strike(way, false)?;
        Ok(())
    }

    /// How the host does what the operator's key does; `None` where it has nothing to do.
    fn way_of(&mut self, key: HidKey, character: Option<char>) -> Result<Option<Way>, Fault> {
        let place = keymap::x11_from_hid(key);
        match character {
            Some(hint::BY_PLACE) => return Ok(Some(Way::plain(self.own(place)?))),
            // What it reaches arrives as characters; the key itself is pressed if the host has one.
            Some(hint::LEVEL_THREE) => {
                let symbols = [xkeysym::key::ISO_Level3_Shift];
                let group = self.state()?.group;
                let found = self.layout()?.find_symbol(&symbols, group, place);
                return Ok(found.map(Way::plain));
            }
            Some(hint::PAD_MOVES) => return Ok(Some(self.way_to_move(key)?)),
            Some(wanted) if is_typed(wanted) => {
                let way = if self.is_command(wanted) {
                    let mut way = self.way_of_command(wanted, place)?;
                    // an alphabet of its own has no key for Ctrl+C
                    if way.is_none() && wanted.is_ascii_alphanumeric() {
                        self.lend_to(&[wanted.to_ascii_lowercase()])?;
                        way = self.way_of_command(wanted, place)?;
                    }
                    way
                } else {
                    let mut way = self.way_to(wanted, place)?;
                    if way.is_none() {
                        self.lend_to(&[wanted])?;
                        way = self.way_to(wanted, place)?;
                    }
                    Some(way.ok_or(Fault::NoKey)?)
                };
                if way.is_some() {
                    return Ok(way);
                }
            }
            Some(_) | None => {}
        }
        Ok(Some(self.way_by_name(key)?))
    }

    /// The key that is called `key` on the host's layout, or that is where it usually is.
    fn way_by_name(&mut self, key: HidKey) -> Result<Way, Fault> {
        let place = keymap::x11_from_hid(key);
        let symbols = names::symbols(key);
        let usual = symbols.first().copied();
        if let Some(lent) = usual.and_then(|symbol| self.spare.use_key_of(symbol)) {
            return Ok(Way::plain(lent));
        }
        let layout = self.layout()?;
        let is_there = place.is_some_and(|place| layout.always_means(place, symbols));
        if symbols.is_empty() || is_there {
            return Ok(Way::plain(self.own(place)?));
        }
        let State { mods, group, .. } = self.state()?;
        let layout = self.layout()?;
        if let Some(named) = layout.find_symbol(symbols, group, place) {
            return Ok(Way::plain(self.own(Some(named))?));
        }
        // a Japanese keyboard has its Caps Lock above another key
        let levels = layout.levels();
        if let Some(above) = layout.find_symbol_above(symbols, group, levels) {
            return Ok(Way {
                keycode: self.own(Some(above.keycode))?,
                mods: Some((mods, mods & !levels | above.mods)),
                unlock: false,
            });
        }
        // one that changes other keys is found by its place or not at all
        if let Some(symbol) = usual.filter(|_| !names::changes_keys(key)) {
            self.follow_changes()?;
            self.lend_to_symbols(&[symbol])?;
            let lent = self.spare.use_key_of(symbol);
            return lent.map(Way::plain).ok_or(Fault::NoKey);
        }
        Ok(Way::plain(self.own(place)?))
    }

    /// A key of the host's own keyboard: one that is lent means nothing there.
    fn own(&self, keycode: Option<u8>) -> Result<u8, Fault> {
        let own = keycode.filter(|keycode| !self.spare.lends(*keycode));
        own.ok_or(Fault::NoKey)
    }

    /// A command's key is pressed with what the operator holds and nothing else, if there is a key that
    /// means the unmodified letter; Caps Lock at the operator makes no difference.
    fn way_of_command(&mut self, wanted: char, place: Option<u8>) -> Result<Option<Way>, Fault> {
        let State { group, mods, .. } = self.state()?;
        let plain = wanted.to_lowercase().next().unwrap_or(wanted);
        let layout = self.layout()?;
        if let Some(keycode) = layout.find_plain(plain, group, place) {
            self.spare.use_key_of(symbol_of(plain));
            return Ok(Some(Way::plain(keycode)));
        }
        let adjustable = if layout.shift_key().is_some() {
            SHIFT & !mods
        } else {
            0
        };
        let found = layout.find(
            plain,
            group,
            mods & !(CONTROL | ALT | SUPER),
            adjustable,
            place,
        );
        let found = found.map(|stroke| Way {
            keycode: stroke.keycode,
            mods: Some((mods, mods | (stroke.mods & SHIFT))),
            unlock: false,
        });
        // one that was lent just now is not in the layout yet
        let lent = || self.spare.use_key_of(symbol_of(plain)).map(Way::plain);
        Ok(found.or_else(lent))
    }

    /// A pad's key that moves the cursor, whatever the host's Num Lock makes of it.
    fn way_to_move(&mut self, key: HidKey) -> Result<Way, Fault> {
        let place = keymap::x11_from_hid(key).ok_or(Fault::NoKey)?;
        let State { mods, group, .. } = self.state()?;
        if self.layout()?.character(place, group, mods).is_none() {
            return Ok(Way::plain(place));
        }
        match keyboard::pad_moves_as(key) {
            Some(other) => self.way_by_name(other),
            // The one in the middle has no other that does the same.
            None => Ok(Way {
                keycode: place,
                mods: Some((mods, mods ^ SHIFT)),
                unlock: false,
            }),
        }
    }

    /// Whether a key with this character is a command and no text.
    fn is_command(&self, character: char) -> bool {
        self.held_keys.iter().any(|(key, keycode)| match *key {
            hid::CONTROL_LEFT
            | hid::CONTROL_RIGHT
            | hid::ALT_LEFT
            | hid::SUPER_LEFT
            | hid::SUPER_RIGHT => true,
            // The right Alt key makes characters on the operator's side, unless what it was pressed
            // with is something that every keyboard makes without it.
            hid::ALT_RIGHT => {
                let makes_characters = self.layout.as_ref().is_some_and(|layout| {
                    let level_three = layout.level_three().map_or(0, |(_, mods)| mods);
                    layout.modifiers_of(*keycode) & level_three != 0
                });
                !makes_characters && character.is_ascii_alphanumeric()
            }
            _ => false,
        })
    }

    /// How a character is typed now; `None` when no key makes it and no spare one is lent to it.
    fn way_to(&mut self, wanted: char, place: Option<u8>) -> Result<Option<Way>, ReplyError> {
        let state = self.state()?;
        let removable = self.held_modifiers()?;
        let layout = self.layout()?;
        let levels = layout.levels();
        let adjustable = levels & (removable | !state.mods);
        // Whatever makes commands of keys is in the way, when this sink holds it.
        let mods = state.mods & !(removable & (CONTROL | ALT | SUPER));
        let locked = state.locked & LOCK != 0;
        // Without Caps Lock only where nothing else helps.
        for unlock in [false, true] {
            let mods = if unlock { mods & !LOCK } else { mods };
            if let Some(Stroke { keycode, mods }) =
                layout.find(wanted, state.group, mods, adjustable, place)
            {
                self.spare.use_key_of(symbol_of(wanted));
                return Ok(Some(Way {
                    keycode,
                    mods: Some((state.mods, mods)),
                    unlock,
                }));
            }
            if !locked {
                break;
            }
        }
        let mods = Some((state.mods, if locked { mods & !LOCK } else { mods }));
        let lent = self.spare.use_key_of(symbol_of(wanted));
        Ok(lent.map(|keycode| Way {
            keycode,
            mods,
            unlock: locked,
        }))
    }

    /// Lends spare keys to those of `wanted` that no key makes.
    fn lend_to(&mut self, wanted: &[char]) -> Result<(), ReplyError> {
        self.follow_changes()?;
        let mut homeless = Vec::new();
        for &character in wanted {
            if !homeless.contains(&character) && self.way_to(character, None)?.is_none() {
                homeless.push(character);
            }
        }
        let symbols: Vec<u32> = homeless.into_iter().map(symbol_of).collect();
        self.lend_to_symbols(&symbols)
    }

    fn lend_to_symbols(&mut self, symbols: &[u32]) -> Result<(), ReplyError> {
        if symbols.is_empty() {
            return Ok(());
        }
        let held = &self.held_keys;
        let guardian = &mut self.guardian;
        self.spare.lend(
            &self.conn,
            symbols,
            |keycode| held.values().any(|&held| held == keycode),
            |keycode| {
                if let Some(guardian) = guardian {
                    guardian.tell(&[(Hold::Lent(keycode), true)]);
                }
            },
        )
    }

    /// Presses a key with the modifiers it takes, and puts the modifiers back.
    fn strike(&mut self, way: Way, and_release: bool) -> Result<(), ReplyError> {
        let mut before = Vec::new();
        let mut after = Vec::new();
        if let Some((now, wanted)) = way.mods {
            let now = if way.unlock { now & !LOCK } else { now };
            self.layout()?;
            let Some(layout) = &self.layout else {
                return Ok(());
            };
            for &keycode in self.held_keys.values() {
                if keycode != way.keycode && layout.modifiers_of(keycode) & now & !wanted != 0 {
                    before.push((Hold::Key(keycode), false));
                    after.push((Hold::Key(keycode), true));
                }
            }
            for bit in layout::each(wanted & !now) {
                let mut makers = [layout.level_three(), layout.level_five()]
                    .into_iter()
                    .flatten();
                let maker = match bit {
                    SHIFT => layout.shift_key(),
                    bit => makers
                        .find(|(_, mods)| mods & bit != 0)
                        .map(|(keycode, _)| keycode),
                };
                if let Some(keycode) = maker {
                    before.push((Hold::Key(keycode), true));
                    after.push((Hold::Key(keycode), false));
                }
            }
        }
        after.reverse();
        if way.unlock {
            self.set_caps_lock(false)?;
        }
        let mut changes = before;
        changes.push((Hold::Key(way.keycode), true));
        if and_release {
            changes.push((Hold::Key(way.keycode), false));
        }
        changes.extend(after);
        self.change(&changes)?;
        if way.unlock {
            self.set_caps_lock(true)?;
        }
        Ok(())
    }

    fn release(&mut self, key: HidKey) -> Result<(), ReplyError> {
        let Some(keycode) = self.held_keys.remove(&key) else {
            return Ok(());
        };
        // Two keys of the operator may be one of the host; the last one releases it.
        if self.held_keys.values().any(|&other| other == keycode) {
            return Ok(());
        }
        self.change(&[(Hold::Key(keycode), false)])?;
        if self.locks.waits_for(key) {
            let locked = self.state()?.locked;
            self.tell_switched(|locks| locks.up(key, locked));
        }
        Ok(())
    }

    /// Keeps the guardian told of the locks that are not as the user had them.
    fn tell_switched(&mut self, change: impl FnOnce(&mut Locks) -> Mods) {
        let switched = change(&mut self.locks);
        if let Some(guardian) = &mut self.guardian {
            let each = (0..8).map(|bit| 1 << bit);
            let told: Vec<_> = each
                .map(|bit| (Hold::Switched(bit), switched & bit != 0))
                .collect();
            guardian.tell(&told);
        }
    }

    fn button(&mut self, button: PointerButton, pressed: bool) -> Result<(), ReplyError> {
        if !pressed {
            let Some(number) = self.held_buttons.remove(&button) else {
                return Ok(());
            };
            return Ok(self.change(&[(Hold::Button(number), false)])?);
        }
        self.follow_changes()?;
        let number = match button {
            PointerButton::Left => 1,
            PointerButton::Middle => 2,
            PointerButton::Right => 3,
            PointerButton::Back => 8,
            PointerButton::Forward => 9,
        };
        let number = self.device_button(number);
        if self.held_buttons.insert(button, number).is_none() {
            self.change(&[(Hold::Button(number), true)])?;
        }
        Ok(())
    }

    /// The button of the device that programs see as `wanted`: a left-handed user swaps them.
    fn device_button(&self, wanted: u8) -> u8 {
        let device = (1..).zip(&self.buttons).find(|(_, seen)| **seen == wanted);
        device.map_or(wanted, |(device, _)| device)
    }

    fn move_pointer(&mut self, x: i32, y: i32) -> Result<(), ReplyError> {
        // The server itself keeps the pointer on the desktop.
        let place = |at: i32| i16::try_from(at.max(0)).unwrap_or(i16::MAX);
        self.conn.xtest_fake_input(
            MOTION_NOTIFY_EVENT,
            0,
            x11rb::CURRENT_TIME,
            self.root,
            place(x),
            place(y),
            0,
        )?;
        Ok(())
    }

    fn turn(&mut self, dx: i32, dy: i32) -> Result<(), ReplyError> {
        let (across, down) = self.wheel.turn(dx, dy);
        for (notches, back, forth) in [
            (down, WHEEL_UP, WHEEL_DOWN),
            (across, WHEEL_LEFT, WHEEL_RIGHT),
        ] {
            let button = self.device_button(if notches < 0 { back } else { forth });
            for _ in 0..notches.unsigned_abs() {
                self.fake(BUTTON_PRESS_EVENT, button)?;
                self.fake(BUTTON_RELEASE_EVENT, button)?;
            }
        }
        Ok(())
    }

    fn type_text(&mut self, text: &str) -> Result<(), Fault> {
        let characters: Vec<char> = text.chars().collect();
        let mut result = Ok(());
        for part in characters.chunks(self.spare.room().max(1)) {
            self.lend_to(part)?;
            for &character in part {
                let place = match character {
                    '\n' => keymap::x11_from_hid(hid::ENTER),
                    '\t' => keymap::x11_from_hid(hid::TAB),
                    _ => None,
                };
                let way = match place {
                    Some(keycode) => {
                        let mods = self.held_modifiers()?;
                        Some(Way {
                            keycode,
                            mods: Some((mods, 0)),
                            unlock: false,
                        })
                    }
                    None if !is_typed(character) => continue,
                    None => self.way_to(character, None)?,
                };
                match way {
                    Some(way) => self.tap(way)?,
                    None => result = Err(Fault::NoKey),
                }
            }
        }
        result
    }

    fn tap(&mut self, way: Way) -> Result<(), ReplyError> {
        // A key that is down already would not be seen going down.
        let holders: Vec<HidKey> = self
            .held_keys
            .iter()
            .filter(|(_, keycode)| **keycode == way.keycode)
            .map(|(key, _)| *key)
            .collect();
        for key in holders {
            self.release(key)?;
        }
        self.strike(way, true)
    }

    /// What the operator's keys have switched is as before again.
    fn switch_back(&mut self) -> Result<(), ReplyError> {
        let switched = self.locks.take();
        switch_locks(&self.conn, switched)?;
        self.conn.sync()?;
        self.tell_switched(|_| 0);
        Ok(())
    }

    fn let_go(&mut self) -> Result<(), ReplyError> {
        let keys = std::mem::take(&mut self.held_keys)
            .into_values()
            .map(Hold::Key);
        let buttons = std::mem::take(&mut self.held_buttons)
            .into_values()
            .map(Hold::Button);
        let changes: Vec<(Hold, bool)> = keys.chain(buttons).map(|hold| (hold, false)).collect();
        self.wheel = Notches::default();
        self.change(&changes)?;
        for key in [hid::CAPS_LOCK, hid::NUM_LOCK, hid::SCROLL_LOCK] {
            if self.locks.waits_for(key) {
                let locked = self.state()?.locked;
                self.tell_switched(|locks| locks.up(key, locked));
            }
        }
        Ok(())
    }

    /// Presses and releases, in this order; the guardian knows before the server does.
    fn change(&mut self, changes: &[(Hold, bool)]) -> Result<(), ConnectionError> {
        if let Some(guardian) = &mut self.guardian {
            // Sent from the buffer later or not at all, a release must not be believed too early:
            // only what is held in the end is told, presses now and releases once they are sent.
            let presses: Vec<(Hold, bool)> =
                changes.iter().copied().filter(|(_, held)| *held).collect();
            if !presses.is_empty() {
                guardian.tell(&presses);
            }
        }
        for &(hold, held) in changes {
            match (hold, held) {
                (Hold::Key(code), true) => self.fake(KEY_PRESS_EVENT, code)?,
                (Hold::Key(code), false) => self.fake(KEY_RELEASE_EVENT, code)?,
                (Hold::Button(code), true) => self.fake(BUTTON_PRESS_EVENT, code)?,
                (Hold::Button(code), false) => self.fake(BUTTON_RELEASE_EVENT, code)?,
                (Hold::Lent(_) | Hold::Switched(_), _) => {}
            }
        }
        self.conn.flush()?;
        if let Some(guardian) = &mut self.guardian {
            let mut last: BTreeMap<Hold, bool> = BTreeMap::new();
            last.extend(changes.iter().copied());
            let released: Vec<(Hold, bool)> = last.into_iter().filter(|(_, held)| !held).collect();
            if !released.is_empty() {
                guardian.tell(&released);
            }
        }
        Ok(())
    }

    fn fake(&self, kind: u8, detail: u8) -> Result<(), ConnectionError> {
        if let Some(user) = &self.user {
            match kind {
                KEY_PRESS_EVENT => user.we_press(Pressed::Key(detail)),
                BUTTON_PRESS_EVENT => user.we_press(Pressed::Button(detail)),
                _ => {}
            }
        }
        self.conn
            .xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, self.root, 0, 0, 0)?;
        Ok(())
    }

    fn set_caps_lock(&self, on: bool) -> Result<(), ConnectionError> {
        set_locks(&self.conn, LOCK, if on { LOCK } else { 0 })
    }

    /// The modifiers that are on because of keys that this sink holds.
    fn held_modifiers(&mut self) -> Result<Mods, ReplyError> {
        let held: Vec<u8> = self.held_keys.values().copied().collect();
        let layout = self.layout()?;
        Ok(held
            .into_iter()
            .fold(0, |mods, keycode| mods | layout.modifiers_of(keycode)))
    }

    fn state(&self) -> Result<State, ReplyError> {
        State::fetch(&self.conn)
    }

    fn layout(&mut self) -> Result<&Layout, ReplyError> {
        let layout = if let Some(layout) = self.layout.take() {
            layout
        } else {
            let layout = Layout::fetch(&self.conn)?;
            self.spare.follow(&layout);
            layout
        };
        Ok(self.layout.insert(layout))
    }

    fn fetch_buttons(&mut self) -> Result<(), ReplyError> {
        self.buttons = self.conn.get_pointer_mapping()?.reply()?.map;
        Ok(())
    }

    /// Takes notice of a new layout or button order at the host.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of the server's hundred events only those that were asked for matter"
    )]
    fn follow_changes(&mut self) -> Result<(), ReplyError> {
        let mut buttons_changed = false;
        while let Some(event) = self.conn.poll_for_event()? {
            match event {
                Event::MappingNotify(event) if event.request == Mapping::POINTER => {
                    buttons_changed = true;
                }
                Event::XkbNewKeyboardNotify(_)
                | Event::XkbMapNotify(_)
                | Event::MappingNotify(_) => self.layout = None,
                _ => {}
            }
        }
        if buttons_changed {
            self.fetch_buttons()?;
        }
        Ok(())
    }
}

impl InputSink for X11Sink {
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        let done = self.follow_changes().map_err(Fault::from);
        let done = done.and_then(|()| self.do_event(event));
        // Also what came before a fault must not wait in a buffer.
        let flushed = self.conn.flush();
        done.map_err(|fault| match fault {
            Fault::NoKey => InjectError::NoWay {
                reason: "no key of this machine does that",
            },
            Fault::Lost(error) => lost(&error),
        })?;
        flushed.map_err(|error| lost(&error))
    }

    fn release_all(&mut self) -> Result<(), InjectError> {
        self.let_go().map_err(|error| lost(&error))?;
        self.conn.sync().map_err(|error| lost(&error))
    }

    fn held(&self) -> usize {
        self.held_keys.len() + self.held_buttons.len()
    }

    fn watch_user(&mut self, acted: Option<UserActed>) -> Result<(), InjectError> {
        let watch = |acted| UserWatch::start(self.display.as_deref(), acted);
        self.user = acted.map(watch).transpose()?;
        Ok(())
    }
}

impl Drop for X11Sink {
    fn drop(&mut self) {
        // Errors mean that the server is gone, and every key with it.
        self.release_all().ok();
        self.switch_back().ok();
        self.spare.take_back_all(&self.conn).ok();
    }
}

impl fmt::Debug for X11Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Which keys are held belongs in no log.
        f.debug_struct("X11Sink")
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

/// Whether `character` is one that keys make. Some fonts have letters where Unicode has its second block of
/// control characters, and layouts for them.
fn is_typed(character: char) -> bool {
    !character.is_ascii_control()
}

/// How a key is pressed.
#[derive(Debug, Clone, Copy)]
struct Way {
    keycode: u8,
    /// The modifiers that are on and those that must be, or `None` to leave them.
    mods: Option<(Mods, Mods)>,
    /// Caps Lock must be off meanwhile.
    unlock: bool,
}

impl Way {
    /// A key as it is.
    fn plain(keycode: u8) -> Self {
        Self {
            keycode,
            mods: None,
            unlock: false,
        }
    }
}

/// The keyboard's state.
struct State {
    mods: Mods,
    locked: Mods,
    group: u8,
}

impl State {
    fn fetch(conn: &RustConnection) -> Result<Self, ReplyError> {
        let state = conn.xkb_get_state(xkb::ID::USE_CORE_KBD.into())?.reply()?;
        let byte = |mods| u16::from(mods).to_le_bytes()[0];
        Ok(Self {
            mods: byte(state.mods),
            locked: byte(state.locked_mods),
            group: state.group.into(),
        })
    }
}

/// Switches the locks of `modifiers`: those that are on go off, and the other way round.
fn switch_locks(conn: &RustConnection, modifiers: Mods) -> Result<(), ReplyError> {
    if modifiers == 0 {
        return Ok(());
    }
    // The guardian has not begun XKB yet.
    conn.xkb_use_extension(1, 0)?.reply()?;
    let locked = State::fetch(conn)?.locked;
    Ok(set_locks(conn, modifiers, !locked & modifiers)?)
}

/// Locks of `modifiers` those that are in `on`, and no others of them.
fn set_locks(conn: &RustConnection, modifiers: Mods, on: Mods) -> Result<(), ConnectionError> {
    let mask = |mods: Mods| u16::from(mods).into();
    let (device, group) = (xkb::ID::USE_CORE_KBD.into(), xkb::Group::M1);
    conn.xkb_latch_lock_state(
        device,
        mask(modifiers),
        mask(on),
        false,
        group,
        mask(0),
        false,
        0,
    )?;
    Ok(())
}

/// Why an event was not done.
enum Fault {
    NoKey,
    Lost(ReplyError),
}

impl From<ReplyError> for Fault {
    fn from(error: ReplyError) -> Self {
        Self::Lost(error)
    }
}

impl From<ConnectError> for InjectError {
    fn from(error: ConnectError) -> Self {
        Self::NoDisplay {
            reason: error.to_string(),
        }
    }
}

pub(crate) fn require_extensions(
    conn: &RustConnection,
    names: &[&'static str],
) -> Result<(), InjectError> {
    match x11::missing_extension(conn, names).map_err(|error| lost(&error))? {
        Some(name) => {
            let reason = format!("its display server has no {name} extension");
            Err(InjectError::Unsuitable { reason })
        }
        None => Ok(()),
    }
}

/// Asks for the events that tell of another layout, and for no repetitions by the server.
fn prepare(conn: &RustConnection) -> Result<(), ReplyError> {
    xkb_prepare(conn)?;
    // A menu that holds the server for itself must not lock the operator out.
    conn.xtest_grab_control(true)?;
    repeat::stop_server_repeats(conn)
}

/// Begins XKB and asks for the events that tell of another layout.
pub(crate) fn xkb_prepare(conn: &RustConnection) -> Result<(), ReplyError> {
    conn.xkb_use_extension(1, 0)?.reply()?;
    let events = xkb::EventType::NEW_KEYBOARD_NOTIFY | xkb::EventType::MAP_NOTIFY;
    let parts = xkb::MapPart::KEY_TYPES | xkb::MapPart::KEY_SYMS | xkb::MapPart::MODIFIER_MAP;
    let none = xkb::EventType::from(0_u16);
    let details = xkb::SelectEventsAux::new();
    let device = xkb::ID::USE_CORE_KBD.into();
    conn.xkb_select_events(device, none, events, parts, parts, &details)?
        .check()
}

pub(crate) fn lost(error: &dyn fmt::Display) -> InjectError {
    InjectError::Lost {
        reason: error.to_string(),
    }
}
