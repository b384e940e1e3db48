//! Reaching an X server.

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::Screen;
use x11rb::rust_connection::RustConnection;

/// No X server could be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    #[error("DISPLAY is not set")]
    NotNamed,
    #[error("{display}: {source}")]
    NoAnswer {
        display: String,
        source: x11rb::errors::ConnectError,
    },
}

impl ConnectError {
    pub(crate) fn new(display: Option<&str>, source: x11rb::errors::ConnectError) -> Self {
        let display = display.map(str::to_owned);
        match display.or_else(|| std::env::var("DISPLAY").ok()) {
            Some(display) => Self::NoAnswer { display, source },
            None => Self::NotNamed,
        }
    }
}

/// Connects to a display by name, or to the one that `DISPLAY` names; gives the screen that the name
/// means too.
///
/// Blocks until the server answers.
///
/// # Errors
///
/// [`ConnectError`] when none answers there.
pub fn connect(display: Option<&str>) -> Result<(RustConnection, Screen), ConnectError> {
    let (connection, number) =
        RustConnection::connect(display).map_err(|error| ConnectError::new(display, error))?;
    // the connection has checked the number
    let screen = connection.setup().roots[number].clone();
    Ok((connection, screen))
}
