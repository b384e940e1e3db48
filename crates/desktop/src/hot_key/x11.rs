//! The key on X11: a passive grab on the root window, by a connection of its own.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use x11::{Alarm, ConnectError, PatientConnection};
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, ModMask, Window};
use x11rb::wrapper::ConnectionExt as _;

use super::{HotKeyError, sway};

/// The keysym of the letter: small x.
const KEYSYM_X: u32 = 0x78;
/// Caps Lock and Num Lock do not matter; X takes each combination for another key.
const LOCKS: [u16; 4] = [0, 1 << 1, 1 << 4, 1 << 1 | 1 << 4];

type Pressed = Box<dyn Fn() + Send>;

/// The way to the thread that watches.
#[derive(Debug)]
pub(super) struct Watch {
    shared: Arc<Shared>,
}

struct Shared {
    /// What the thread has not done yet; a newer wish replaces it.
    wish: Mutex<Option<Wish>>,
    /// Ends the thread's rest.
    wished: Condvar,
    /// Ends its watch.
    alarm: Alarm,
    watched: AtomicBool,
}

enum Wish {
    Watch(Pressed),
    LetGo,
    End,
}

impl Watch {
    pub(super) fn start(
        display: Option<&str>,
        changed: Box<dyn Fn() + Send>,
    ) -> Result<Self, HotKeyError> {
        let shared = Arc::new(Shared {
            wish: Mutex::new(None),
            wished: Condvar::new(),
            alarm: Alarm::new()?,
            watched: AtomicBool::new(false),
        });
        let (display, asked) = (display.map(str::to_owned), Arc::clone(&shared));
        // nobody waits for its end: it may itself be waiting for the server
        std::thread::Builder::new()
            .name("hot-key".to_owned())
            .spawn(move || asked.run(display.as_deref(), &changed))?;
        Ok(Self { shared })
    }

    pub(super) fn ask(&self, pressed: Option<Pressed>) {
        self.shared.ask(pressed.map_or(Wish::LetGo, Wish::Watch));
    }

    pub(super) fn is_watched(&self) -> bool {
        self.shared.watched.load(Ordering::Acquire)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.ask(Wish::End);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Wish>> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, wish: Wish) {
        *self.lock() = Some(wish);
        self.wished.notify_one();
        self.alarm.ring();
    }

    fn next_wish(&self) -> Wish {
        let mut wish = self.lock();
        loop {
            if let Some(wish) = wish.take() {
                return wish;
            }
            wish = self
                .wished
                .wait(wish)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The thread.
    fn run(&self, display: Option<&str>, changed: &dyn Fn()) {
        loop {
            match self.next_wish() {
                Wish::Watch(pressed) => {
                    if let Err(error) = self.watch(display, changed, &pressed) {
                        tracing::info!(%error, "No hot key");
                    }
                    if self.watched.swap(false, Ordering::AcqRel) {
                        changed();
                    }
                }
                Wish::LetGo => {}
                Wish::End => return,
            }
        }
    }

    /// Watches until there is another wish, or the display is lost.
    fn watch(
        &self,
        display: Option<&str>,
        changed: &dyn Fn(),
        pressed: &dyn Fn(),
    ) -> Result<(), HotKeyError> {
        if display.is_none() && wayland::Session::connect(None).is_ok() {
            let is_over = || self.lock().is_some();
            let watched = || {
                self.watched.store(true, Ordering::Release);
                changed();
            };
            return sway::watch(&self.alarm, is_over, watched, pressed);
        }
        let (connection, screen) = x11::connect_patiently(display)?;
        let keycode = keycode_of_x(&connection)?;
        take_key(&connection, screen.root, keycode)?;
        self.watched.store(true, Ordering::Release);
        changed();
        loop {
            while let Some(event) = connection.poll_for_event()? {
                if let Event::KeyPress(press) = event {
                    tracing::debug!(time = press.time, "Hot key pressed");
                    pressed();
                }
            }
            // rings for old wishes too
            if self.alarm.rang() && self.lock().is_some() {
                // what follows may want the key, and the end of a connection may come after that
                connection.ungrab_key(keycode, screen.root, ModMask::ANY)?;
                return Ok(connection.sync()?);
            }
            self.alarm.wait(connection.stream(), None)?;
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("watched", &self.watched)
            .finish_non_exhaustive()
    }
}

impl From<ConnectError> for HotKeyError {
    fn from(error: ConnectError) -> Self {
        Self::NoDisplay {
            reason: error.to_string(),
        }
    }
}

impl From<ConnectionError> for HotKeyError {
    fn from(error: ConnectionError) -> Self {
        Self::NoDisplay {
            reason: error.to_string(),
        }
    }
}

impl From<ReplyError> for HotKeyError {
    fn from(error: ReplyError) -> Self {
        Self::NoDisplay {
            reason: error.to_string(),
        }
    }
}

fn take_key(connection: &PatientConnection, root: Window, keycode: u8) -> Result<(), HotKeyError> {
    let modifiers = ModMask::CONTROL | ModMask::M1 | ModMask::SHIFT;
    for locks in LOCKS {
        let asked = connection.grab_key(
            false,
            root,
            modifiers | ModMask::from(locks),
            keycode,
            GrabMode::ASYNC,
            GrabMode::ASYNC,
        )?;
        asked.check().map_err(|error| match error {
            ReplyError::X11Error(_access) => HotKeyError::Taken,
            ReplyError::ConnectionError(error) => error.into(),
        })?;
    }
    Ok(())
}

/// The key that makes an x without modifiers; where the layout has none, the place it has on a
/// keyboard of the evdev rules.
fn keycode_of_x(connection: &PatientConnection) -> Result<u8, HotKeyError> {
    const EVDEV_X: u8 = 53;
    let (first, last) = (
        connection.setup().min_keycode,
        connection.setup().max_keycode,
    );
    let count = last.saturating_sub(first).saturating_add(1);
    let mapping = connection.get_keyboard_mapping(first, count)?.reply()?;
    let per_key = usize::from(mapping.keysyms_per_keycode.max(1));
    let found = mapping
        .keysyms
        .chunks(per_key)
        .position(|keysyms| keysyms.first() == Some(&KEYSYM_X));
    match found {
        Some(index) => u8::try_from(index)
            .ok()
            .and_then(|index| first.checked_add(index))
            .ok_or(HotKeyError::NoSuchKey),
        None => Ok(EVDEV_X),
    }
}
