//! Small requests that x11rb leaves to its caller.

use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::xproto::{Atom, ConnectionExt as _};

/// The first of the extensions `names` that the server lacks, if it lacks any.
///
/// # Errors
///
/// When the connection is lost.
pub fn missing_extension(
    connection: &impl RequestConnection,
    names: &[&'static str],
) -> Result<Option<&'static str>, ConnectionError> {
    for &name in names {
        if connection.extension_information(name)?.is_none() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The user that this program runs for.
pub fn this_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The server's number for a name; waits for its answer.
///
/// # Errors
///
/// When the connection is lost.
pub fn atom(connection: &impl RequestConnection, name: &str) -> Result<Atom, ReplyError> {
    let asked = connection.intern_atom(false, name.as_bytes())?;
    Ok(asked.reply()?.atom)
}

/// A number for something new at the server, with the errors that requests have.
///
/// # Errors
///
/// When the connection is lost, or all its numbers are used.
pub fn new_id(connection: &impl Connection) -> Result<u32, ReplyError> {
    connection.generate_id().map_err(|error| match error {
        ReplyOrIdError::IdsExhausted => ConnectionError::UnknownError.into(),
        ReplyOrIdError::ConnectionError(error) => error.into(),
        ReplyOrIdError::X11Error(error) => error.into(),
    })
}
