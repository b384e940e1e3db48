//! The keyboard and pointer of a Wayland session whose compositor lets programs have some of their own
//! (virtual-keyboard and wlr-virtual-pointer).
//!
//! The keyboard's keymap is this program's ([`keymap`]): a character is typed by the key that means it there,
//! whatever the user's layout is, and with the modifiers that it takes, which the protocol tells apart from
//! keys. The compositor shows programs whichever keyboard was used last, so the user's own stays as it is,
//! locks and all.
//!
//! Nobody tells the user's own keys and clicks here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::time::Instant;

use keyboard::evdev_from_hid;
use protocol::input::{HidKey, InputEvent, PointerButton, hint};
use wayland::{Axis, ConnectError, Hands, Lost, Session};

use crate::notches::Notches;
use crate::x11::guardian::{Guardian, Hold};
use crate::{InjectError, InputSink, hid};

mod keymap;

use keymap::{Keymap, LEVEL_THREE_CODE, Mods, NUM_LOCK, SHIFT, Stroke, modifier_of};

/// Types and clicks in a Wayland session.
pub struct WaylandSink {
    hands: Hands,
    keymap: Keymap,
    guardian: Option<Guardian>,
    /// The key that was pressed for each key that the operator holds.
    held_keys: BTreeMap<HidKey, u16>,
    held_buttons: BTreeMap<PointerButton, u16>,
    /// The modifiers that the compositor was told last: held, locked.
    told: (Mods, Mods),
    wheel: Notches,
    began: Instant,
}

impl WaylandSink {
    /// Opens the session at a socket, or the one that `WAYLAND_DISPLAY` names.
    ///
    /// # Errors
    ///
    /// [`InjectError::NoDisplay`] when nothing answers there, [`InjectError::Unsuitable`] when the
    /// compositor gives programs no keyboard and no pointer.
    pub fn open(socket: Option<&Path>) -> Result<Self, InjectError> {
        let session = Session::connect(socket)?;
        let hands = Hands::new(session).ok_or_else(|| InjectError::Unsuitable {
            reason: "its compositor takes no keys from programs".to_owned(),
        })?;
        let mut sink = Self {
            hands,
            keymap: Keymap::new(),
            guardian: None,
            held_keys: BTreeMap::new(),
            held_buttons: BTreeMap::new(),
            told: (0, 0),
            wheel: Notches::default(),
            began: Instant::now(),
        };
        sink.tell_keymap()?;
        sink.hands.session().ask()?;
        Ok(sink)
    }

    /// The one that `WAYLAND_DISPLAY` names, with a guardian; see [`crate::open_guarded`].
    ///
    /// # Errors
    ///
    /// Those of [`Self::open`], and [`InjectError::NoGuardian`].
    pub fn open_guarded(exe: &Path) -> Result<Self, InjectError> {
        let mut sink = Self::open(None)?;
        sink.guardian = Some(Guardian::start_on_wayland(exe)?);
        Ok(sink)
    }

    fn tell_keymap(&mut self) -> Result<(), InjectError> {
        let told = self.hands.keymap(&self.keymap.text());
        told.map_err(|error| InjectError::Lost {
            reason: error.to_string(),
        })?;
        // a new keymap begins without modifiers
        self.told = (0, 0);
        self.tell_modifiers(self.held_modifiers());
        Ok(())
    }

    /// Has these modifiers on, and no others. Num Lock is a lock, and the others are held.
    fn tell_modifiers(&mut self, mods: Mods) {
        let wanted = (mods & !NUM_LOCK, mods & NUM_LOCK);
        if self.told != wanted {
            self.told = wanted;
            self.hands.modifiers(wanted.0, wanted.1);
        }
    }

    /// The modifiers that are on because of keys that this sink holds.
    fn held_modifiers(&self) -> Mods {
        let held = self.held_keys.values();
        held.fold(0, |mods, code| mods | modifier_of(*code))
    }

    fn press(&mut self, key: HidKey, character: Option<char>) -> Result<(), InjectError> {
        let stroke = self.stroke_of(key, character)?;
        if let Some(&before) = self.held_keys.get(&key) {
            if before == stroke.code && modifier_of(before) != 0 {
                // Modifiers do not repeat.
                return Ok(());
            }
            self.release(key);
        }
        // A key that is down already would not be seen going down.
        self.let_go_of(stroke.code);
        self.held_keys.insert(key, stroke.code);
        if modifier_of(stroke.code) == 0 {
            self.tell_modifiers(stroke.mods);
        }
        self.hands.key(stroke.code, true);
        self.tell_modifiers(self.held_modifiers());
        Ok(())
    }

    fn release(&mut self, key: HidKey) {
        let Some(code) = self.held_keys.remove(&key) else {
            return;
        };
        self.hands.key(code, false);
        self.tell_modifiers(self.held_modifiers());
    }

    /// Releases a key by whatever the operator holds it with.
    fn let_go_of(&mut self, code: u16) {
        let holders = self.held_keys.iter().filter(|(_, held)| **held == code);
        let holders: Vec<HidKey> = holders.map(|(key, _)| *key).collect();
        for key in holders {
            self.release(key);
        }
    }

    /// How what the operator's key does is done here, with all modifiers that are on meanwhile.
    fn stroke_of(&mut self, key: HidKey, character: Option<char>) -> Result<Stroke, InjectError> {
        let place = evdev_from_hid(key);
        let held = self.held_modifiers();
        let plain = |code: Option<u16>| {
            let code = code.filter(|code| *code != LEVEL_THREE_CODE);
            code.map(|code| Stroke { code, mods: held }).ok_or(NO_KEY)
        };
        match character {
            Some(hint::BY_PLACE | hint::PAD_MOVES) => plain(place),
            // What it reaches arrives as characters.
            Some(hint::LEVEL_THREE) => Ok(Stroke {
                code: LEVEL_THREE_CODE,
                mods: held,
            }),
            Some(wanted) if is_typed(wanted) => {
                if self.is_command(wanted) {
                    let plain = wanted.to_lowercase().next().unwrap_or(wanted);
                    let Stroke { code, mods } = self.way_to(plain, Some(key))?;
                    return Ok(Stroke {
                        code,
                        mods: held | mods & SHIFT,
                    });
                }
                let Stroke { code, mods } = self.way_to(wanted, Some(key))?;
                // What makes the character is the stroke's own affair, and nothing may make a command of it.
                Ok(Stroke { code, mods })
            }
            Some(_) | None => plain(place),
        }
    }

    /// Whether a key with this character is a command and no text.
    fn is_command(&self, character: char) -> bool {
        let level_three = self
            .held_keys
            .values()
            .any(|code| *code == LEVEL_THREE_CODE);
        let by_right_alt = self.held_keys.contains_key(&hid::ALT_RIGHT);
        let others = self.held_keys.keys().any(|key| {
            [
                hid::CONTROL_LEFT,
                hid::CONTROL_RIGHT,
                hid::ALT_LEFT,
                hid::SUPER_LEFT,
                hid::SUPER_RIGHT,
            ]
            .contains(key)
        });
        // The right Alt key makes characters on the operator's side, unless what it was pressed with is
        // something that every keyboard makes without it.
        others || by_right_alt && !level_three && character.is_ascii_alphanumeric()
    }

    /// How a character is typed; one without a key gets one.
    fn way_to(&mut self, wanted: char, place: Option<HidKey>) -> Result<Stroke, InjectError> {
        let now = self.began.elapsed();
        if let Some(stroke) = self.keymap.find(wanted, place, now) {
            return Ok(stroke);
        }
        self.lend(&[wanted])?;
        self.keymap.find(wanted, place, now).ok_or(NO_KEY)
    }

    /// Gives keys to those characters that have none, as far as there are some, and tells the programs.
    fn lend(&mut self, wanted: &[char]) -> Result<(), InjectError> {
        let held: Vec<u16> = self.held_keys.values().copied().collect();
        let now = self.began.elapsed();
        let told_at = self.keymap.lend(wanted, |code| held.contains(&code), now);
        let Some(told_at) = told_at else {
            return Ok(());
        };
        if let Some(rest) = told_at.checked_sub(now).filter(|rest| !rest.is_zero()) {
            // what was typed so far must not wait as well
            self.hands.flush()?;
            std::thread::sleep(rest);
        }
        self.tell_keymap()
    }

    fn type_text(&mut self, text: &str) -> Result<(), InjectError> {
        let characters: Vec<char> = text
            .chars()
            .filter(|c| is_typed(*c) || is_line(*c))
            .collect();
        let mut result = Ok(());
        // all that is new in one part is lent before any of it is typed
        for part in characters.chunks(self.keymap.room().max(1)) {
            self.lend(
                &part
                    .iter()
                    .copied()
                    .filter(|c| is_typed(*c))
                    .collect::<Vec<_>>(),
            )?;
            for &character in part {
                let key = |key| {
                    let code = evdev_from_hid(key).ok_or(NO_KEY)?;
                    Ok(Stroke { code, mods: 0 })
                };
                let stroke = match character {
                    '\n' => key(hid::ENTER),
                    '\t' => key(hid::TAB),
                    _ => self.way_to(character, None),
                };
                match stroke {
                    Ok(stroke) => self.tap(stroke),
                    Err(error @ InjectError::NoWay { .. }) => result = Err(error),
                    Err(error) => return Err(error),
                }
            }
        }
        self.tell_modifiers(self.held_modifiers());
        result
    }

    fn tap(&mut self, stroke: Stroke) {
        self.let_go_of(stroke.code);
        self.tell_modifiers(stroke.mods);
        self.hands.key(stroke.code, true);
        self.hands.key(stroke.code, false);
    }

    fn button(&mut self, button: PointerButton, pressed: bool) -> Result<(), InjectError> {
        if !pressed {
            if let Some(code) = self.held_buttons.remove(&button) {
                self.hands.button(code, false);
                // the guardian must not believe it before it is so
                self.hands.flush()?;
                self.tell_guardian(code, false);
            }
            return Ok(());
        }
        // Source: Linux' `input-event-codes.h`; programs know the thumb's two as side and extra.
        let code = FIRST_BUTTON
            + match button {
                PointerButton::Left => 0,
                PointerButton::Right => 1,
                PointerButton::Middle => 2,
                PointerButton::Back => 3,
                PointerButton::Forward => 4,
            };
        if self.held_buttons.insert(button, code).is_none() {
            self.tell_guardian(code, true);
            self.hands.button(code, true);
        }
        Ok(())
    }

    fn tell_guardian(&mut self, code: u16, held: bool) {
        if let Some(guardian) = &mut self.guardian {
            guardian.tell(&[(Hold::Button(code.to_le_bytes()[0]), held)]);
        }
    }

    fn turn(&mut self, dx: i32, dy: i32) {
        let (across, down) = self.wheel.turn(dx, dy);
        for (axis, notches) in [(Axis::Vertical, down), (Axis::Horizontal, across)] {
            // programs know a wheel that turns notch by notch
            for _ in 0..notches.unsigned_abs() {
                self.hands.turn(axis, notches.signum());
            }
        }
    }

    fn do_event(&mut self, event: &InputEvent) -> Result<(), InjectError> {
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
            } => {
                self.release(*key);
                Ok(())
            }
            InputEvent::PointerMoved { to } => {
                self.hands.point(to.x, to.y);
                Ok(())
            }
            InputEvent::Button {
                button,
                pressed,
                at,
            } => {
                self.hands.point(at.x, at.y);
                self.button(*button, *pressed)
            }
            InputEvent::Wheel { dx, dy } => {
                self.turn(*dx, *dy);
                Ok(())
            }
            InputEvent::Text { text } => self.type_text(text.as_str()),
            InputEvent::ReleaseAll => self.let_go(),
            InputEvent::StillHeld | InputEvent::ClipboardOffered { .. } => Ok(()),
        }
    }

    fn let_go(&mut self) -> Result<(), InjectError> {
        for code in std::mem::take(&mut self.held_keys).into_values() {
            self.hands.key(code, false);
        }
        self.tell_modifiers(0);
        let buttons: Vec<PointerButton> = self.held_buttons.keys().copied().collect();
        for button in buttons {
            self.button(button, false)?;
        }
        self.wheel = Notches::default();
        Ok(())
    }
}

/// Releases the buttons that are still down when `until_alone` gives them. The keys went with their keyboard.
pub(crate) fn guard(
    until_alone: impl FnOnce() -> Result<BTreeSet<Hold>, Box<dyn std::error::Error>>,
) -> Result<(), Box<dyn std::error::Error>> {
    // before it says that it is ready
    let mut hands = Hands::new(Session::connect(None)?).ok_or("no pointer here")?;
    for hold in until_alone()? {
        if let Hold::Button(button) = hold {
            hands.button(FIRST_BUTTON | u16::from(button), false);
        }
    }
    Ok(hands.session().ask()?)
}

/// The code of the left button; the others follow it.
const FIRST_BUTTON: u16 = 0x110;

const NO_KEY: InjectError = InjectError::NoWay {
    reason: "no key of this machine does that",
};

/// Whether keys of their own make it.
fn is_line(character: char) -> bool {
    matches!(character, '\n' | '\t')
}

/// Whether `character` is one that keys make.
fn is_typed(character: char) -> bool {
    !character.is_control()
}

impl InputSink for WaylandSink {
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        // Where outputs are now, for what is pointed at.
        self.hands.session().take_events()?;
        let done = self.do_event(event);
        // Also what came before a fault must not wait in a buffer.
        self.hands.flush()?;
        done
    }

    fn release_all(&mut self) -> Result<(), InjectError> {
        self.let_go()?;
        Ok(self.hands.session().ask()?)
    }

    fn held(&self) -> usize {
        self.held_keys.len() + self.held_buttons.len()
    }
}

impl Drop for WaylandSink {
    fn drop(&mut self) {
        // Errors mean that the compositor is gone, and every key with it.
        self.release_all().ok();
    }
}

impl fmt::Debug for WaylandSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Which keys are held belongs in no log.
        f.debug_struct("WaylandSink")
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

impl From<ConnectError> for InjectError {
    fn from(error: ConnectError) -> Self {
        Self::NoDisplay {
            reason: error.to_string(),
        }
    }
}

impl From<Lost> for InjectError {
    fn from(error: Lost) -> Self {
        Self::Lost {
            reason: error.reason,
        }
    }
}
