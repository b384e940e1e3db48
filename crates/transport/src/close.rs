//! Why a connection ended, as data.

use std::time::Duration;

use protocol::{Refusal, RefusalCode};
use quinn::{Connection, ConnectionError, Endpoint, VarInt};
use tokio::time::timeout;

use crate::last_words::open_for_last_words;

/// The application error code of a close without a refusal: left in good order.
const GOOD_ORDER: VarInt = VarInt::from_u32(0);

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseReason {
    /// Left in good order, by either end.
    GoodOrder,
    /// The other end refuses to go on.
    Refused(Refusal),
    /// No sign of life from the other end, or the network is gone.
    Lost,
    /// The handshake or the protocol below failed.
    Failed(String),
}

impl From<&ConnectionError> for CloseReason {
    fn from(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) if close.error_code == GOOD_ORDER => {
                Self::GoodOrder
            }
            ConnectionError::ApplicationClosed(close) => {
                let code = u16::try_from(close.error_code.into_inner())
                    .map_or(RefusalCode::INTERNAL, RefusalCode);
                Self::Refused(code.into())
            }
            ConnectionError::LocallyClosed => Self::GoodOrder,
            ConnectionError::TimedOut | ConnectionError::Reset => Self::Lost,
            // so quinn says that the socket is gone: a tunnel's, with its TCP
            ConnectionError::TransportError(error) if error.reason.contains("driver") => Self::Lost,
            ConnectionError::ConnectionClosed(_)
            | ConnectionError::VersionMismatch
            | ConnectionError::TransportError(_)
            | ConnectionError::CidsExhausted => Self::Failed(error.to_string()),
        }
    }
}

/// Ends `connection` in good order; what was sent and acknowledged before is kept.
pub fn close(connection: &Connection) {
    open_for_last_words(connection);
    connection.close(GOOD_ORDER, b"");
}

/// The longest that [`hang_up`] takes.
pub const FAREWELL: Duration = Duration::from_secs(1);

/// Ends the only connection of `endpoint` in good order, and waits until the other end had time to hear of it, at
/// most [`FAREWELL`]. Must run inside a tokio runtime.
///
/// An endpoint whose tunnel goes first never says that it is idle.
pub async fn hang_up(connection: &Connection, endpoint: &Endpoint) {
    close(connection);
    // it is over in any case
    drop(timeout(FAREWELL, endpoint.wait_idle()).await);
}

/// Ends `connection` with the number of a refusal.
pub fn close_refused(connection: &Connection, refusal: Refusal) {
    open_for_last_words(connection);
    connection.close(VarInt::from_u32(refusal.code.0.into()), b"refused");
}
