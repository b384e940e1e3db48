//! Takes the whole keyboard of an X server, for an operator who wants to send every key: also those
//! that the window manager would keep, like Super or Alt+Tab.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use protocol::input::HidKey;
use x11::{Alarm, ConnectError};
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xkb::{BoolCtrl, ConnectionExt as _, ID, PerClientFlag};
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, GrabStatus, KeyPressEvent};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::keymap;
use crate::x11::layout::{ALT, CONTROL, Layout, Mods, SUPER};
use crate::x11::xkb_prepare;

/// A key that went down or up while the keyboard was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrabbedKey {
    pub key: HidKey,
    pub pressed: bool,
    /// What the operator's layout makes of the press; with Ctrl, Alt or Super held, the unmodified
    /// letter. `None` for a release, and for keys that make no character. Dead keys make none:
    /// composing them is left to the host.
    pub character: Option<char>,
    /// The key was down already and repeats.
    pub repeat: bool,
}

/// The keyboard cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrabError {
    /// There is no X server, or it lacks the XKB extension.
    #[error("there is no display whose keyboard can be taken ({reason})")]
    NoDisplay { reason: String },
    /// Another program has the keyboard: an open menu, a screen saver.
    #[error("another program has the keyboard")]
    AlreadyGrabbed,
    /// The server refused for another reason.
    #[error("the keyboard cannot be taken now: {reason}")]
    Refused { reason: String },
}

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
            down: BTreeSet::new(),
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
    down: BTreeSet<u8>,
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
        for keycode in std::mem::take(&mut self.down) {
            self.release(keycode);
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
                    Event::KeyRelease(event) if self.down.remove(&event.detail) => {
                        self.release(event.detail);
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
        let repeat = !self.down.insert(event.detail);
        let Some(key) = keymap::hid_from_x11(event.detail) else {
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
        (self.on_key)(GrabbedKey {
            key,
            pressed: true,
            character,
            repeat,
        });
    }

    fn release(&mut self, keycode: u8) {
        if let Some(key) = keymap::hid_from_x11(keycode) {
            let up = GrabbedKey {
                key,
                pressed: false,
                character: None,
                repeat: false,
            };
            (self.on_key)(up);
        }
    }
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
