//! The window manager is asked, by a connection of its own.

use raw_window_handle::RawWindowHandle;
use x11::{ConnectError, PatientConnection};
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{self, ClientMessageEvent, ConnectionExt as _, EventMask};

pub(super) type Window = xproto::Window;

/// That the person wants it (EWMH calls it a pager). winit says that the program wants it; then a
/// window manager may only let the task bar blink while somebody works in another window, as `KWin`
/// does. But who asked for help waits for the answer.
const PERSON_WANTS_IT: u32 = 2;

/// The X window behind a handle.
pub(super) fn window(handle: RawWindowHandle) -> Option<Window> {
    if let RawWindowHandle::Xlib(handle) = handle {
        return u32::try_from(handle.window).ok();
    }
    None
}

/// The way to the window manager.
#[derive(Debug)]
pub(super) struct Manager {
    connection: PatientConnection,
    root: Window,
}

impl Manager {
    pub(super) fn connect(display: Option<&str>) -> Result<Self, ConnectError> {
        let (connection, screen) = x11::connect_patiently(display)?;
        Ok(Self {
            connection,
            root: screen.root,
        })
    }

    /// Puts `window` above usual ones and gives it the keyboard, in this order: managers raise what
    /// they activate only among its like.
    pub(super) fn raise(&self, window: Window) -> Result<(), ReplyError> {
        const ADD: u32 = 1;
        let connection = &self.connection;
        let above = x11::atom(connection, "_NET_WM_STATE_ABOVE")?;
        for (what, how) in [
            ("_NET_WM_STATE", [ADD, above, 0, PERSON_WANTS_IT, 0]),
            ("_NET_ACTIVE_WINDOW", [PERSON_WANTS_IT, 0, 0, 0, 0]),
        ] {
            let wish = ClientMessageEvent::new(32, window, x11::atom(connection, what)?, how);
            let to = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
            connection.send_event(false, self.root, to, wish)?.check()?;
        }
        Ok(())
    }

    /// Where the pointer is, in pixels of the screen.
    pub(super) fn pointer(&self) -> Result<(i32, i32), ReplyError> {
        let pointer = self.connection.query_pointer(self.root)?.reply()?;
        Ok((pointer.root_x.into(), pointer.root_y.into()))
    }
}
