//! Reaching an X server.

use std::path::PathBuf;

use x11rb::connection::Connection as _;
use x11rb::errors::DisplayParsingError;
use x11rb::protocol::xproto::Screen;
use x11rb::reexports::x11rb_protocol::parse_display::{
    ConnectAddress, ParsedDisplay, parse_display,
};
use x11rb::reexports::x11rb_protocol::xauth::get_auth;
use x11rb::rust_connection::{DefaultStream, RustConnection};

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
/// means too. A display may be named by the path of its socket.
///
/// Blocks until the server answers.
///
/// # Errors
///
/// [`ConnectError`] when none answers there.
pub fn connect(display: Option<&str>) -> Result<(RustConnection, Screen), ConnectError> {
    let connected = reach(display).and_then(|reached| {
        let Reached {
            stream,
            number,
            name,
            data,
        } = reached;
        RustConnection::connect_to_stream_with_auth_info(stream, number, name, data)
            .map(|connection| (connection, number))
    });
    let (connection, number) = connected.map_err(|error| ConnectError::new(display, error))?;
    // the connection has checked the number
    let screen = connection.setup().roots[number].clone();
    Ok((connection, screen))
}

/// Where the display is that `DISPLAY` names, if that is a link, which can lead elsewhere later.
pub fn place() -> Option<PathBuf> {
    let display = std::env::var("DISPLAY").ok()?;
    let path = display.strip_prefix("unix:").unwrap_or(&display);
    std::fs::read_link(path).ok()
}

/// A stream to a server that was not spoken to yet.
pub(crate) struct Reached {
    pub(crate) stream: DefaultStream,
    /// Of the screen that is meant.
    pub(crate) number: usize,
    /// The proof of who calls: what kind it is, and the proof itself.
    pub(crate) name: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

/// Does what [`RustConnection::connect`] does; that takes the path of a socket for display 0.
pub(crate) fn reach(display: Option<&str>) -> Result<Reached, x11rb::errors::ConnectError> {
    let parsed = parse_display(display)?;
    let mut fault = None;
    for address in addresses(&parsed) {
        let (stream, (family, host)) = match DefaultStream::connect(&address) {
            Ok(connected) => connected,
            Err(error) => {
                fault = Some(error);
                continue;
            }
        };
        // A server that asks for no proof of who calls has none stored either.
        let proof = get_auth(family, &host, parsed.display).ok().flatten();
        let (name, data) = proof.unwrap_or_default();
        return Ok(Reached {
            stream,
            number: usize::from(parsed.screen),
            name,
            data,
        });
    }
    Err(fault.map_or(
        x11rb::errors::ConnectError::DisplayParsingError(DisplayParsingError::Unknown),
        x11rb::errors::ConnectError::IoError,
    ))
}

fn addresses(parsed: &ParsedDisplay) -> Vec<ConnectAddress<'_>> {
    if parsed.host.starts_with('/') {
        // systems take only a short path for a socket, and a link may have a longer one
        let socket = std::fs::read_link(&parsed.host).ok();
        let socket = socket.and_then(|path| path.into_os_string().into_string().ok());
        let socket = socket.unwrap_or_else(|| parsed.host.clone());
        return vec![ConnectAddress::Socket(socket)];
    }
    parsed.connect_instruction().collect()
}
