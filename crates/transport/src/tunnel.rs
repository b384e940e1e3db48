//! The way for lines that carry no UDP: the same QUIC datagrams, in binary messages of one `WebSocket`
//! over TLS over TCP.
//!
//! To quinn this is a socket, so nothing above knows. The QUIC inside authenticates the hub and seals
//! what is sent; the TLS outside is there only to look like the web to whatever lies between.
//!
//! A tunnel is named by the address of its TCP connection, which a hub sees as the peer's. Where UDP is found
//! to pass after all, the connection leaves the tunnel for it and goes on as it is.

mod carry;
mod dial;
mod front;
mod moving;
mod packed;
mod place;
mod serve;
mod socket;
mod window;

pub use serve::{Held, Tunnel, accept_key, let_move};

pub(crate) use dial::{Anyone, dial};
pub(crate) use front::Front;
pub(crate) use moving::Mover;
pub(crate) use window::{FirstInTunnel, UntilLeft};

pub use crate::tuning::tune_tcp;

use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Where a hub takes tunnels, among its other pages.
pub const PATH: &str = "/tunnel";

/// The largest datagram, and the most in one message. TCP cuts it into what the line takes, so it only has to
/// be large enough that few are needed.
pub(crate) const DATAGRAM_BYTES: u16 = 14_000;

/// The largest datagram that most networks take.
pub(crate) const USUAL_DATAGRAM_BYTES: u16 = 1452;

fn websocket_config() -> WebSocketConfig {
    let largest = packed::MESSAGE_BYTES;
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(largest);
    config.max_frame_size = Some(largest);
    // for each tunnel, for as long as it stands
    config.read_buffer_size = 16 << 10;
    config.write_buffer_size = 32 << 10;
    // room for a datagram beside it; of a peer's pings only the last is answered, so a flood adds nothing
    config.max_write_buffer_size = 96 << 10;
    config
}
