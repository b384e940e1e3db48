//! The window manager is asked, by a connection of its own.

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{Atom, ClientMessageEvent, ConnectionExt as _, EventMask, Window};
use x11rb::rust_connection::RustConnection;

type Failure = Box<dyn std::error::Error>;

/// That the person wants it (EWMH calls it a pager). winit says that the program wants it; then a
/// window manager may only let the task bar blink while somebody works in another window, as `KWin`
/// does. But who asked for help waits for the answer.
const PERSON_WANTS_IT: u32 = 2;

/// Puts `window` above usual ones and gives it the keyboard, in this order: managers raise what they
/// activate only among its like.
pub(super) fn raise(window: u32) -> Result<(), Failure> {
    const ADD: u32 = 1;
    let (connection, root) = connect()?;
    let above = atom(&connection, "_NET_WM_STATE_ABOVE")?;
    for (what, how) in [
        ("_NET_WM_STATE", [ADD, above, 0, PERSON_WANTS_IT, 0]),
        ("_NET_ACTIVE_WINDOW", [PERSON_WANTS_IT, 0, 0, 0, 0]),
    ] {
        let wish = ClientMessageEvent::new(32, window, atom(&connection, what)?, how);
        let to = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
        connection.send_event(false, root, to, wish)?.check()?;
    }
    Ok(())
}

/// Where the pointer is, in pixels of the screen.
pub(super) fn pointer() -> Result<(i16, i16), Failure> {
    let (connection, root) = connect()?;
    let pointer = connection.query_pointer(root)?.reply()?;
    Ok((pointer.root_x, pointer.root_y))
}

fn connect() -> Result<(RustConnection, Window), Failure> {
    let (connection, screen) = RustConnection::connect(None)?;
    let screen = connection.setup().roots.get(screen);
    let root = screen.ok_or("there is no such screen")?.root;
    Ok((connection, root))
}

fn atom(connection: &RustConnection, name: &str) -> Result<Atom, Failure> {
    Ok(connection
        .intern_atom(false, name.as_bytes())?
        .reply()?
        .atom)
}
