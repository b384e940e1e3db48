//! The keyboard and pointer of a desktop that takes keys and clicks from programs with its user's yes alone (GNOME,
//! KDE), in the portal's session that was asked for by whoever sees the screen.
//!
//! Characters are told by their keysyms, and the compositor finds the key and its modifiers in the user's layout. It
//! drops what that layout lacks, so it is looked up before and said. The desktop lets go of all that is held when the
//! session ends, in whatever way that is.
//!
//! Nobody tells the user's own keys and clicks here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use keyboard::evdev_from_hid;
use protocol::input::{HidKey, InputEvent, PointerButton, hint};
use wayland::Axis;
use wayland::portal::{self, Layout, Portal};

use crate::notches::Notches;
use crate::{InjectError, InputSink, hid};

/// How a key is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// By its place, as Linux counts keys.
    Place(u16),
    /// By what it means.
    Keysym(u32),
}

/// Types and clicks by the desktop's portal.
pub struct PortalSink {
    portal: Arc<Portal>,
    /// `None` where the desktop does not tell it: then all is tried.
    layout: Option<Layout>,
    /// What was pressed for each key that the operator holds.
    held_keys: BTreeMap<HidKey, Key>,
    held_buttons: BTreeSet<PointerButton>,
    wheel: Notches,
}

impl PortalSink {
    /// Joins the session that the user has agreed to.
    ///
    /// # Errors
    ///
    /// [`InjectError::UserAsked`] while there is none, [`InjectError::Refused`] where the user shares the screen alone.
    pub fn open() -> Result<Self, InjectError> {
        let portal = portal::joined().ok_or(InjectError::UserAsked)?;
        if !portal.lets_act() {
            return Err(InjectError::Refused);
        }
        let layout = Layout::of_this_desktop();
        if layout.is_none() {
            tracing::info!("The desktop does not tell its keyboard's layout");
        }
        Ok(Self {
            portal,
            layout,
            held_keys: BTreeMap::new(),
            held_buttons: BTreeSet::new(),
            wheel: Notches::default(),
        })
    }

    fn tell(&self, key: Key, pressed: bool) -> Result<(), InjectError> {
        match key {
            Key::Place(code) => self.portal.key(code, pressed)?,
            Key::Keysym(keysym) => self.portal.keysym(keysym, pressed)?,
        }
        Ok(())
    }

    fn press(&mut self, key: HidKey, character: Option<char>) -> Result<(), InjectError> {
        let Some(wanted) = self.way_of(key, character)? else {
            return Ok(());
        };
        if self.held_keys.get(&key) == Some(&wanted) && is_modifier(key) {
            // Modifiers do not repeat.
            return Ok(());
        }
        self.release(key)?;
        self.held_keys.insert(key, wanted);
        self.tell(wanted, true)
    }

    fn release(&mut self, key: HidKey) -> Result<(), InjectError> {
        match self.held_keys.remove(&key) {
            Some(held) => self.tell(held, false),
            None => Ok(()),
        }
    }

    /// How what the operator's key does is done here; `None` where nothing is to be done.
    fn way_of(&self, key: HidKey, character: Option<char>) -> Result<Option<Key>, InjectError> {
        let place = || evdev_from_hid(key).map(Key::Place).ok_or(NO_KEY);
        Ok(Some(match character {
            // What it reaches arrives as characters, with the modifiers that they take here.
            Some(hint::LEVEL_THREE) => return Ok(None),
            Some(hint::BY_PLACE | hint::PAD_MOVES) | None => place()?,
            Some(wanted) if !is_typed(wanted) => place()?,
            Some(wanted) if self.is_command() => {
                let plain = wanted.to_lowercase().next().unwrap_or(wanted);
                match self.keysym_of(plain) {
                    Some(keysym) => Key::Keysym(keysym),
                    None => place()?,
                }
            }
            Some(wanted) => Key::Keysym(self.keysym_of(wanted).ok_or(NOT_IN_LAYOUT)?),
        }))
    }

    fn keysym_of(&self, character: char) -> Option<u32> {
        match &self.layout {
            Some(layout) => layout.keysym_of(character),
            None => Some(xkeysym::Keysym::from_char(character).raw()),
        }
    }

    /// Whether a key with a character is a command and no text.
    fn is_command(&self) -> bool {
        self.held_keys.keys().any(|key| {
            [
                hid::CONTROL_LEFT,
                hid::CONTROL_RIGHT,
                hid::ALT_LEFT,
                hid::SUPER_LEFT,
                hid::SUPER_RIGHT,
            ]
            .contains(key)
        })
    }

    fn type_text(&mut self, text: &str) -> Result<(), InjectError> {
        let mut result = Ok(());
        for character in text.chars() {
            let way = match character {
                '\n' => evdev_from_hid(hid::ENTER).map(Key::Place),
                '\t' => evdev_from_hid(hid::TAB).map(Key::Place),
                _ if !is_typed(character) => continue,
                _ => self.keysym_of(character).map(Key::Keysym),
            };
            match way {
                Some(way) => {
                    self.tell(way, true)?;
                    self.tell(way, false)?;
                }
                None => result = Err(NOT_IN_LAYOUT),
            }
        }
        result
    }

    fn point(&self, x: i32, y: i32) -> Result<(), InjectError> {
        // into the middle of the pixel
        Ok(self
            .portal
            .point((f64::from(x) + 0.5, f64::from(y) + 0.5))?)
    }

    fn button(&mut self, button: PointerButton, pressed: bool) -> Result<(), InjectError> {
        let is_news = if pressed {
            self.held_buttons.insert(button)
        } else {
            self.held_buttons.remove(&button)
        };
        if !is_news {
            return Ok(());
        }
        // Source: Linux' `input-event-codes.h`; programs know the thumb's two as side and extra.
        const FIRST_BUTTON: u16 = 0x110;
        let code = FIRST_BUTTON
            + match button {
                PointerButton::Left => 0,
                PointerButton::Right => 1,
                PointerButton::Middle => 2,
                PointerButton::Back => 3,
                PointerButton::Forward => 4,
            };
        Ok(self.portal.button(code, pressed)?)
    }

    fn turn(&mut self, dx: i32, dy: i32) -> Result<(), InjectError> {
        let (across, down) = self.wheel.turn(dx, dy);
        for (axis, notches) in [(Axis::Vertical, down), (Axis::Horizontal, across)] {
            // programs know a wheel that turns notch by notch
            for _ in 0..notches.unsigned_abs() {
                self.portal.turn(axis, notches.signum())?;
            }
        }
        Ok(())
    }

    fn let_go(&mut self) -> Result<(), InjectError> {
        let mut done = Ok(());
        for held in std::mem::take(&mut self.held_keys).into_values() {
            let told = self.tell(held, false);
            done = done.and(told);
        }
        for button in self.held_buttons.clone() {
            let told = self.button(button, false);
            done = done.and(told);
        }
        self.wheel = Notches::default();
        done
    }
}

const NO_KEY: InjectError = InjectError::NoWay {
    reason: "no key of this machine does that",
};
const NOT_IN_LAYOUT: InjectError = InjectError::NoWay {
    reason: "the layout of this machine's keyboard lacks it, and the desktop types nothing else",
};

/// Whether `character` is one that keys make.
fn is_typed(character: char) -> bool {
    !character.is_control()
}

fn is_modifier(key: HidKey) -> bool {
    [
        hid::CONTROL_LEFT,
        hid::CONTROL_RIGHT,
        hid::SHIFT_LEFT,
        hid::SHIFT_RIGHT,
        hid::ALT_LEFT,
        hid::ALT_RIGHT,
        hid::SUPER_LEFT,
        hid::SUPER_RIGHT,
    ]
    .contains(&key)
}

impl InputSink for PortalSink {
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        match self.act(event) {
            // it is asked for once more
            Err(InjectError::Lost { .. }) if self.portal.is_closed_by_monitors() => {
                Err(InjectError::UserAsked)
            }
            done => done,
        }
    }

    fn release_all(&mut self) -> Result<(), InjectError> {
        self.let_go()
    }

    fn held(&self) -> usize {
        self.held_keys.len() + self.held_buttons.len()
    }
}

impl PortalSink {
    fn act(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        if self.portal.is_closed() {
            let reason = "the desktop has stopped the sharing".to_owned();
            return Err(InjectError::Lost { reason });
        }
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
            } => self.release(*key),
            InputEvent::PointerMoved { to } => self.point(to.x, to.y),
            InputEvent::Button {
                button,
                pressed,
                at,
            } => {
                self.point(at.x, at.y)?;
                self.button(*button, *pressed)
            }
            InputEvent::Wheel { dx, dy } => self.turn(*dx, *dy),
            InputEvent::Text { text } => self.type_text(text.as_str()),
            InputEvent::ReleaseAll => self.let_go(),
            InputEvent::StillHeld | InputEvent::ClipboardOffered { .. } => Ok(()),
        }
    }
}

impl Drop for PortalSink {
    fn drop(&mut self) {
        // Errors mean that the session is over, and every key is up.
        self.let_go().ok();
    }
}

impl fmt::Debug for PortalSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Which keys are held belongs in no log.
        f.debug_struct("PortalSink")
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

impl From<portal::NotifyError> for InjectError {
    fn from(error: portal::NotifyError) -> Self {
        if error.is_of_one {
            tracing::debug!(%error, "One is not taken");
            return Self::NoWay {
                reason: "the desktop refused it",
            };
        }
        Self::Lost {
            reason: error.to_string(),
        }
    }
}
