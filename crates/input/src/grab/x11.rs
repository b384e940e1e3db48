//! The keyboard of an X server, which one program can have alone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use protocol::input::{HidKey, hint};
use x11::{Alarm, ConnectError};
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xkb::{BoolCtrl, ConnectionExt as _, ID, PerClientFlag};
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, GrabStatus, KeyPressEvent};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use xkeysym::key;

use super::{GrabError, GrabbedKey};
use crate::x11::layout::{ALT, CONTROL, Layout, Mods, SUPER};
use crate::x11::names;
use crate::x11::xkb_prepare;
use crate::{hid, keymap};

impl From<ConnectError> for GrabError {
    fn from(error: ConnectError) -> Self {
        Self::NoDisplay {
            reason: error.to_string(),
        }
    }
}

/// The taken keyboard; given back when dropped.
pub struct KeyboardGrab {
    stop: Arc<Alarm>,
    active: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl KeyboardGrab {
    /// Takes the keyboard of a display (or the one that `DISPLAY` names) away from every program
    /// until the grab is dropped, and calls `on_key` for each key, from a thread of its own.
    ///
    /// Whoever takes the keyboard must leave the operator a way out: a key that ends the grab, and
    /// the loss of the window's focus. When the grab ends, the keys that are still down are given
    /// as released.
    ///
    /// # Errors
    ///
    /// [`GrabError`]; the keyboard is then where it was.
    pub fn start(
        display: Option<&str>,
        on_key: impl FnMut(GrabbedKey) + Send + 'static,
    ) -> Result<Self, GrabError> {
        let (conn, screen) = x11::connect(display)?;
        let layout = prepare(&conn).map_err(|error| GrabError::NoDisplay {
            reason: error.to_string(),
        })?;
        let stop = Alarm::new().map_err(|error| refused(&error))?;
        let status = grab(&conn, screen.root).map_err(|error| refused(&error))?;
        if status == GrabStatus::ALREADY_GRABBED {
            return Err(GrabError::AlreadyGrabbed);
        }
        if status != GrabStatus::SUCCESS {
            return Err(refused(&format!("{status:?}")));
        }
        let stop = Arc::new(stop);
        let active = Arc::new(AtomicBool::new(true));
        let taken = Taken {
            conn,
            layout,
            down: BTreeMap::new(),
            on_key,
        };
        let thread = std::thread::Builder::new()
            .name("keyboard grab".to_owned())
            .spawn({
                let (stop, active) = (Arc::clone(&stop), Arc::clone(&active));
                move || {
                    taken.run(&stop);
                    active.store(false, Ordering::Release);
                }
            })
            .map_err(|error| refused(&error))?;
        Ok(Self {
            stop,
            active,
            thread: Some(thread),
        })
    }

    /// Whether the keyboard is still taken: false after the display was lost.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }
}

impl Drop for KeyboardGrab {
    fn drop(&mut self) {
        self.stop.ring();
        if let Some(thread) = self.thread.take()
            // A callback may end its own grab.
            && thread.thread().id() != std::thread::current().id()
        {
            thread.join().ok();
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

/// What the thread owns; ending the connection gives the keyboard back in any case.
struct Taken<F> {
    conn: RustConnection,
    layout: Layout,
    /// What each key that is down was when it went down.
    down: BTreeMap<u8, Key>,
    on_key: F,
}

impl<F: FnMut(GrabbedKey)> Taken<F> {
    fn run(mut self, stop: &Alarm) {
        if let Err(error) = self.pass_keys_on(stop) {
            tracing::warn!(%error, "The taken keyboard was lost");
        }
        let give_back = self.conn.ungrab_keyboard(x11rb::CURRENT_TIME);
        // Without a connection there is no grab either.
        give_back.ok();
        self.conn.sync().ok();
        for key in std::mem::take(&mut self.down).into_values() {
            self.release(key);
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of the server's hundred events only those that were asked for matter"
    )]
    fn pass_keys_on(&mut self, stop: &Alarm) -> Result<(), ReplyError> {
        loop {
            while let Some(event) = self.conn.poll_for_event()? {
                match event {
                    Event::KeyPress(event) => self.press(event),
                    Event::KeyRelease(event) => {
                        if let Some(key) = self.down.remove(&event.detail) {
                            self.release(key);
                        }
                    }
                    Event::XkbNewKeyboardNotify(_) | Event::XkbMapNotify(_) => {
                        self.layout = Layout::fetch(&self.conn)?;
                    }
                    _ => {}
                }
            }
            if stop.rang() {
                return Ok(());
            }
            stop.wait(self.conn.stream(), None)
                .map_err(ConnectionError::from)?;
        }
    }

    fn press(&mut self, event: KeyPressEvent) {
        let Some(place) = keymap::hid_from_x11(event.detail) else {
            return;
        };
        let state = u16::from(event.state);
        let [mods, high]: [Mods; 2] = state.to_le_bytes();
        // XKB puts the group beside the buttons.
        let group = (high >> 5) & 0b11;
        let mods = if mods & (CONTROL | ALT | SUPER) == 0 {
            mods
        } else {
            0
        };
        let character = self.layout.character(event.detail, group, mods);
        let symbol = self.layout.plain_symbol(event.detail, group);
        let (named, character) = match (symbol, character) {
            (_, Some(character)) => (place, Some(character)),
            (Some(key::ISO_Level3_Shift), None) => (hid::ALT_RIGHT, Some(hint::LEVEL_THREE)),
            (_, None) if keyboard::pad_moves_as(place).is_some() => (place, Some(hint::PAD_MOVES)),
            (symbol, None) => (symbol.and_then(names::key_of).unwrap_or(place), None),
        };
        let key = Key { named, place };
        let repeat = self.down.insert(event.detail, key).is_some();
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
}

/// A key that is down.
#[derive(Debug, Clone, Copy)]
struct Key {
    named: HidKey,
    place: HidKey,
}

/// A repetition is then only another press, without a release before.
fn prepare(conn: &RustConnection) -> Result<Layout, ReplyError> {
    xkb_prepare(conn)?;
    let detectable = PerClientFlag::DETECTABLE_AUTO_REPEAT;
    let none = BoolCtrl::from(0_u16);
    conn.xkb_per_client_flags(
        ID::USE_CORE_KBD.into(),
        detectable,
        detectable,
        none,
        none,
        none,
    )?
    .reply()?;
    Layout::fetch(conn)
}

fn grab(conn: &RustConnection, root: u32) -> Result<GrabStatus, ReplyError> {
    let asked = conn.grab_keyboard(
        false,
        root,
        x11rb::CURRENT_TIME,
        GrabMode::ASYNC,
        GrabMode::ASYNC,
    )?;
    Ok(asked.reply()?.status)
}

fn refused(error: &dyn fmt::Display) -> GrabError {
    GrabError::Refused {
        reason: error.to_string(),
    }
}
