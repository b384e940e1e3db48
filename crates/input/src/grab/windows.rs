//! The keyboard of Windows: a hook that hears each key before all programs, the desktop among them, and keeps it
//! from them while a window of this program is in front.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use protocol::input::{HidKey, hint};
use windows_sys::Win32::UI::Input::KeyboardAndMouse::{
    VK_CAPITAL, VK_LCONTROL, VK_LMENU, VK_LSHIFT, VK_LWIN, VK_PACKET, VK_RCONTROL, VK_RMENU,
    VK_RSHIFT, VK_RWIN,
};

use super::{GrabError, GrabbedKey};
use crate::hid;
use crate::windows::api::{self, Heard, Interception, Interceptor, KeyLayout, With};
use crate::windows::{codes, has_level_three};

/// The Ctrl key that Windows presses with the right Alt key of layouts with further characters.
const MADE_UP_CONTROL: u16 = 0x21d;

/// The taken keyboard; given back when dropped.
pub struct KeyboardGrab {
    interception: Option<Interception>,
    active: Arc<AtomicBool>,
}

impl KeyboardGrab {
    /// Takes the keyboard away from every other program and from the desktop while a window of this program is in
    /// front, until the grab is dropped, and calls `on_key` for each key, from a thread of its own. There is one
    /// keyboard here, whatever `_display` says.
    ///
    /// Whoever takes the keyboard must leave the operator a way out: a key that ends the grab, and
    /// the loss of the window's focus. When the grab ends, when another program comes to the front, and when another
    /// desktop is shown or was (consent to more rights, Ctrl+Alt+Del, a locked screen), the keys that are still down
    /// are given as released. `on_key` must not block: Windows takes the hook off that takes
    /// longer than a fraction of a second.
    ///
    /// # Errors
    ///
    /// [`GrabError::Refused`]; the keyboard is then where it was.
    pub fn start(
        _display: Option<&str>,
        on_key: impl FnMut(GrabbedKey) + Send + 'static,
    ) -> Result<Self, GrabError> {
        let taken = Taken {
            modifiers: Modifiers::now(),
            down: BTreeMap::new(),
            on_key,
        };
        let active = Arc::new(AtomicBool::new(true));
        let theirs = Arc::clone(&active);
        let over = move || theirs.store(false, Ordering::Release);
        let interception = Interception::start(Box::new(taken), over);
        let interception = interception.map_err(|error| GrabError::Refused {
            reason: error.to_string(),
        })?;
        Ok(Self {
            interception: Some(interception),
            active,
        })
    }

    /// Whether the keyboard is still taken.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }
}

impl Drop for KeyboardGrab {
    fn drop(&mut self) {
        if let Some(interception) = self.interception.take()
            // a callback may end its own grab
            && interception.is_this_thread()
        {
            interception.leave();
        }
    }
}

impl fmt::Debug for KeyboardGrab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyboardGrab")
            .field("active", &self.is_active())
            .finish_non_exhaustive()
    }
}

/// A key that is down.
#[derive(Debug, Clone, Copy)]
struct Key {
    named: HidKey,
    place: HidKey,
}

/// What the thread of the hook has.
struct Taken<F: FnMut(GrabbedKey)> {
    modifiers: Modifiers,
    /// What each key that is down was when it went down, by its place.
    down: BTreeMap<HidKey, Key>,
    on_key: F,
}

impl<F: FnMut(GrabbedKey) + Send> Interceptor for Taken<F> {
    fn hear(&mut self, heard: Heard) -> bool {
        if u16::from(heard.virtual_key) == VK_PACKET {
            // a character without a key, in place of whose code it comes; it goes the usual way
            return false;
        }
        self.modifiers.note(heard);
        if !api::is_in_front() {
            self.release_all();
            return false;
        }
        if heard.scan == MADE_UP_CONTROL {
            return true;
        }
        let Some(place) = codes::at_place(heard.scan, heard.extended) else {
            return false;
        };
        if heard.pressed {
            self.press(heard, place);
            return true;
        }
        match self.down.remove(&place) {
            Some(key) => {
                self.release(key);
                true
            }
            // it went down before, and whoever has it is to hear of its end
            None => false,
        }
    }

    fn look_up(&mut self) {
        self.release_all();
        self.modifiers = Modifiers {
            // Windows does not know of those presses that were kept from it
            caps_lock: self.modifiers.caps_lock,
            ..Modifiers::now()
        };
    }
}

impl<F: FnMut(GrabbedKey)> Taken<F> {
    fn press(&mut self, heard: Heard, place: HidKey) {
        let layout = KeyLayout::in_front();
        let further = has_level_three(layout);
        let name = codes::with_name(heard.virtual_key);
        let pad = (hid::NUMPAD_1..=hid::NUMPAD_DECIMAL).contains(&place);
        let (named, character) = if place == hid::ALT_RIGHT && further {
            (hid::ALT_RIGHT, Some(hint::LEVEL_THREE))
        } else if pad && name != Some(place) {
            (place, Some(hint::PAD_MOVES))
        } else {
            match layout.character(heard, self.modifiers.with(further)) {
                Some(character) => (place, Some(character)),
                None => (name.unwrap_or(place), None),
            }
        };
        let key = Key { named, place };
        let repeat = self.down.insert(place, key).is_some();
        (self.on_key)(GrabbedKey {
            key: named,
            place,
            pressed: true,
            character,
            repeat,
        });
    }

    fn release(&mut self, Key { named, place }: Key) {
        (self.on_key)(GrabbedKey {
            key: named,
            place,
            pressed: false,
            character: None,
            repeat: false,
        });
    }

    fn release_all(&mut self) {
        for key in std::mem::take(&mut self.down).into_values() {
            self.release(key);
        }
    }
}

impl<F: FnMut(GrabbedKey)> Drop for Taken<F> {
    fn drop(&mut self) {
        self.release_all();
    }
}

/// Those that are down, and the lock. Windows does not count what is kept from it.
#[derive(Debug, Clone, Copy, Default)]
struct Modifiers {
    shift: [bool; 2],
    control: [bool; 2],
    alt: [bool; 2],
    system: [bool; 2],
    caps_lock: bool,
    caps_lock_is_down: bool,
}

impl Modifiers {
    fn now() -> Self {
        let down = |keys: [u16; 2]| keys.map(|key| u8::try_from(key).is_ok_and(api::is_down));
        Self {
            shift: down([VK_LSHIFT, VK_RSHIFT]),
            control: down([VK_LCONTROL, VK_RCONTROL]),
            alt: down([VK_LMENU, VK_RMENU]),
            system: down([VK_LWIN, VK_RWIN]),
            caps_lock: u8::try_from(VK_CAPITAL).is_ok_and(api::is_on),
            caps_lock_is_down: false,
        }
    }

    fn note(&mut self, heard: Heard) {
        let pressed = heard.pressed;
        match u16::from(heard.virtual_key) {
            VK_LSHIFT => self.shift[0] = pressed,
            VK_RSHIFT => self.shift[1] = pressed,
            VK_LCONTROL if heard.scan == MADE_UP_CONTROL => {}
            VK_LCONTROL => self.control[0] = pressed,
            VK_RCONTROL => self.control[1] = pressed,
            VK_LMENU => self.alt[0] = pressed,
            VK_RMENU => self.alt[1] = pressed,
            VK_LWIN => self.system[0] = pressed,
            VK_RWIN => self.system[1] = pressed,
            VK_CAPITAL => {
                // it repeats like any other key
                self.caps_lock ^= pressed && !self.caps_lock_is_down;
                self.caps_lock_is_down = pressed;
            }
            _ => {}
        }
    }

    /// What characters are made with; a command goes as what its key makes alone. The right Alt key may reach
    /// `further` characters.
    fn with(self, further: bool) -> With {
        let [left_alt, right_alt] = self.alt;
        let any = |[left, right]: [bool; 2]| left || right;
        let alt = left_alt || right_alt && !further;
        if any(self.control) || any(self.system) || alt {
            return With::default();
        }
        With {
            shift: any(self.shift),
            caps_lock: self.caps_lock,
            level_three: right_alt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(virtual_key: u16, pressed: bool) -> Heard {
        Heard {
            virtual_key: u8::try_from(virtual_key).unwrap(),
            scan: 1,
            extended: false,
            pressed,
        }
    }

    #[test]
    fn a_command_goes_as_its_letter_and_the_right_alt_key_is_none_where_it_reaches_characters() {
        let mut modifiers = Modifiers::default();
        modifiers.note(heard(VK_RSHIFT, true));
        assert!(modifiers.with(true).shift);
        modifiers.note(heard(VK_RMENU, true));
        assert!(modifiers.with(true).level_three && modifiers.with(true).shift);
        assert_eq!(modifiers.with(false), With::default());
        modifiers.note(heard(VK_LCONTROL, true));
        assert_eq!(modifiers.with(true), With::default());
    }

    #[test]
    fn caps_lock_changes_with_a_press_and_not_with_its_repetitions() {
        let mut modifiers = Modifiers::default();
        for _ in 0..3 {
            modifiers.note(heard(VK_CAPITAL, true));
        }
        assert!(modifiers.with(false).caps_lock);
        modifiers.note(heard(VK_CAPITAL, false));
        modifiers.note(heard(VK_CAPITAL, true));
        assert!(!modifiers.with(false).caps_lock);
    }
}
