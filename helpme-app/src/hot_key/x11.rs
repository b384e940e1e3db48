//! The key on X11: a passive grab on the root window, by a connection of its own.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, GrabMode, ModMask, Window,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;

use super::HotKeyError;

/// The keysym of the letter: small x.
const KEYSYM_X: u32 = 0x78;
/// Caps Lock and Num Lock do not matter; X takes each combination for another key.
const LOCKS: [u16; 4] = [0, 1 << 1, 1 << 4, 1 << 1 | 1 << 4];

/// A grab and the thread that waits for it.
#[derive(Debug)]
pub(super) struct Watch {
    connection: Arc<RustConnection>,
    /// Messages to this window end the thread.
    mailbox: Window,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start(pressed: Box<dyn Fn() + Send>) -> Result<Self, HotKeyError> {
        let no_display = |_lost| HotKeyError::NoDisplay;
        let (connection, screen) =
            RustConnection::connect(None).map_err(|_refused| HotKeyError::NoDisplay)?;
        let root = connection
            .setup()
            .roots
            .get(screen)
            .ok_or(HotKeyError::NoDisplay)?
            .root;
        let keycode = keycode_of_x(&connection)?;
        let modifiers = ModMask::CONTROL | ModMask::M1 | ModMask::SHIFT;
        for locks in LOCKS {
            connection
                .grab_key(
                    false,
                    root,
                    modifiers | ModMask::from(locks),
                    keycode,
                    GrabMode::ASYNC,
                    GrabMode::ASYNC,
                )
                .map_err(no_display)?
                .check()
                .map_err(|_access| HotKeyError::Taken)?;
        }
        let mailbox = connection
            .generate_id()
            .map_err(|_used_up| HotKeyError::NoDisplay)?;
        connection
            .create_window(
                0,
                mailbox,
                root,
                -1,
                -1,
                1,
                1,
                0,
                WindowClass::INPUT_ONLY,
                0,
                &CreateWindowAux::new(),
            )
            .map_err(no_display)?;
        connection.flush().map_err(no_display)?;
        let connection = Arc::new(connection);
        let events = Arc::clone(&connection);
        let thread = thread::Builder::new()
            .name("hot-key".to_owned())
            .spawn(move || wait(&events, mailbox, &pressed))?;
        Ok(Self {
            connection,
            mailbox,
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let message = ClientMessageEvent::new(32, self.mailbox, 1_u32, [0_u32; 5]);
        let asked = self
            .connection
            .send_event(false, self.mailbox, EventMask::NO_EVENT, message)
            .map_err(|error| error.to_string())
            .and_then(|_sent| self.connection.flush().map_err(|error| error.to_string()));
        if let Err(error) = asked {
            tracing::debug!(%error, "The display is gone, and the grab with it");
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The hot key's thread panicked");
        }
    }
}

fn wait(connection: &RustConnection, mailbox: Window, pressed: &dyn Fn()) {
    loop {
        match connection.wait_for_event() {
            Ok(Event::KeyPress(press)) => {
                tracing::debug!(time = press.time, "Hot key pressed");
                pressed();
            }
            Ok(Event::ClientMessage(message)) if message.window == mailbox => return,
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "The display is gone");
                return;
            }
        }
    }
}

/// The key that makes an x without modifiers; where the layout has none, the place it has on a
/// keyboard of the evdev rules.
fn keycode_of_x(connection: &RustConnection) -> Result<u8, HotKeyError> {
    const EVDEV_X: u8 = 53;
    let (first, last) = (
        connection.setup().min_keycode,
        connection.setup().max_keycode,
    );
    let count = last.saturating_sub(first).saturating_add(1);
    let mapping = connection
        .get_keyboard_mapping(first, count)
        .map_err(|_lost| HotKeyError::NoDisplay)?
        .reply()
        .map_err(|_lost| HotKeyError::NoDisplay)?;
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
