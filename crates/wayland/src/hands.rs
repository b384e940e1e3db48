//! A keyboard and a pointer of one's own, by virtual-keyboard and wlr-virtual-pointer.
//!
//! Both are gone with the connection that made them, in whatever way it ends, and the compositor releases
//! the keys that were down.

use std::fmt;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use rustix::time::{ClockId, clock_gettime};
use wayland_client::protocol::wl_keyboard::KeymapFormat;
use wayland_client::protocol::wl_pointer::{self, ButtonState};
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_v1::ZwpVirtualKeyboardV1;
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_v1::ZwlrVirtualPointerV1;

use crate::memory::nameless;
use crate::session::{Lost, Session};

/// Programs scroll by so much for a notch of a wheel, in the compositor's units: what libinput says.
const NOTCH_UNITS: f64 = 15.0;

/// Which way a wheel turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Positive is down.
    Vertical,
    /// Positive is right.
    Horizontal,
}

/// A session with a keyboard and a pointer. Nothing is sent before [`Self::flush`].
pub struct Hands {
    session: Session,
    keyboard: ZwpVirtualKeyboardV1,
    pointer: ZwlrVirtualPointerV1,
}

impl fmt::Debug for Hands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hands").finish_non_exhaustive()
    }
}

impl Hands {
    /// Makes them; `None` where the compositor does not offer them. The keyboard needs a keymap before it can
    /// press anything.
    pub fn new(session: Session) -> Option<Self> {
        let globals = &session.state.globals;
        let seat = globals.seat.as_ref()?;
        let (keyboards, pointers) = (globals.keyboards.as_ref()?, globals.pointers.as_ref()?);
        let handle = session.handle();
        let keyboard = keyboards.create_virtual_keyboard(seat, &handle, ());
        let pointer = pointers.create_virtual_pointer(Some(seat), &handle, ());
        Some(Self {
            session,
            keyboard,
            pointer,
        })
    }

    /// What it is a session with.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// What each key means from now on, as text of XKB. The modifiers must be told again after it.
    ///
    /// # Errors
    ///
    /// If the process has no file descriptor or memory left.
    pub fn keymap(&self, text: &str) -> io::Result<()> {
        // programs take it for a text of C
        let text = [text.as_bytes(), b"\0"].concat();
        let mut file = nameless(text.len() as u64)?;
        file.write_all(&text)?;
        let len_bytes = u32::try_from(text.len()).map_err(io::Error::other)?;
        let format = KeymapFormat::XkbV1 as u32;
        self.keyboard.keymap(format, file.as_fd(), len_bytes);
        Ok(())
    }

    /// A key goes down or up, by its Linux code.
    pub fn key(&self, code: u16, pressed: bool) {
        let now = millis();
        self.keyboard.key(now, code.into(), pressed.into());
    }

    /// The modifiers that are on, as bits of the keymap's modifiers.
    pub fn modifiers(&self, held: u8, locked: u8) {
        self.keyboard.modifiers(held.into(), 0, locked.into(), 0);
    }

    /// A button of the mouse goes down or up, by its Linux code.
    pub fn button(&self, code: u16, pressed: bool) {
        let state = if pressed {
            ButtonState::Pressed
        } else {
            ButtonState::Released
        };
        self.pointer.button(millis(), code.into(), state);
        self.pointer.frame();
    }

    /// The pointer goes to a pixel of the desktop, or the nearest that there is.
    pub fn point(&self, x: i32, y: i32) {
        if let Some(place) = self.session.desk().pointer_place(x, y) {
            let (at, of) = (place.at, place.of);
            let now = millis();
            self.pointer.motion_absolute(now, at.0, at.1, of.0, of.1);
            self.pointer.frame();
        }
    }

    /// The wheel turns by whole notches.
    pub fn turn(&self, axis: Axis, notches: i32) {
        let axis = match axis {
            Axis::Vertical => wl_pointer::Axis::VerticalScroll,
            Axis::Horizontal => wl_pointer::Axis::HorizontalScroll,
        };
        let value = f64::from(notches) * NOTCH_UNITS;
        self.pointer.axis_source(wl_pointer::AxisSource::Wheel);
        let now = millis();
        self.pointer.axis_discrete(now, axis, value, notches);
        self.pointer.frame();
    }

    /// Sends what was done, and takes notice of outputs that came, went or moved.
    ///
    /// # Errors
    ///
    /// [`Lost`].
    pub fn flush(&mut self) -> Result<(), Lost> {
        self.session.flush()?;
        self.session.take_events()
    }
}

/// Milliseconds of the clock that the events of the user's own devices are told by: programs compare them, as for
/// double clicks. It begins anew after 49 days, which the protocol allows.
fn millis() -> u32 {
    let now = clock_gettime(ClockId::Monotonic);
    let millis = now.tv_sec.wrapping_mul(1000) + now.tv_nsec / 1_000_000;
    u32::try_from(millis & i64::from(u32::MAX)).unwrap_or(u32::MAX)
}
