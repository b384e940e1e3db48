//! The hub's end of tunnels: one QUIC endpoint for each TCP port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::Endpoint;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::carry::carry;
use super::socket::{Lane, Received, Socket, WhenFull};
use crate::identity::{HubIdentity, provider};
use crate::server::{self, BindError};

/// What waits for the TCP of one peer.
const QUEUE_BYTES: usize = 1 << 20;
/// How long a tunnel may stand before a connection in it has a place.
const STRANGER_TIME: Duration = Duration::from_secs(10);
/// How long it stands after the last one, so that a goodbye still goes.
const LINGER: Duration = Duration::from_secs(1);

/// The tunnels of one TCP port. Clones are the same.
#[derive(Debug, Clone)]
pub struct Tunnel {
    endpoint: Endpoint,
    socket: Arc<Socket>,
    inbox: mpsc::Sender<Received>,
}

/// Keeps a tunnel for as long as it is there.
#[derive(Debug)]
pub struct Held(Arc<Lane>);

impl Tunnel {
    /// The tunnels that will come over TCP to `local`. Must run inside a tokio runtime.
    ///
    /// Strangers may do as much as at [`server::bind`].
    ///
    /// # Errors
    ///
    /// [`BindError`].
    pub fn new(local: SocketAddr, identity: &HubIdentity) -> Result<Self, BindError> {
        let (socket, inbox) = Socket::new(local, WhenFull::Drop);
        let endpoint = server::listen_in_tunnels(Arc::clone(&socket) as _, local, identity)?;
        Ok(Self {
            endpoint,
            socket,
            inbox,
        })
    }

    /// Where the connections come that are made through tunnels, each from the address of its TCP.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Carries one tunnel from `peer` over `stream`, whose upgrade was answered, until either end is
    /// gone or no connection [holds](Self::hold) it.
    ///
    /// `pass` is what the tunnel stands on before a connection in it is counted, and is dropped then.
    pub async fn carry<S, P>(&self, stream: S, peer: SocketAddr, pass: P)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Some(super::websocket_config());
        let websocket = WebSocketStream::from_raw_socket(stream, Role::Server, config).await;
        let lane = self.socket.open(peer, QUEUE_BYTES);
        tokio::select! {
            () = carry(websocket, peer, &lane, &self.inbox) => {}
            () = unwanted(&lane, pass) => tracing::debug!(%peer, "Nobody needs the tunnel"),
        }
        self.socket.remove(peer, &lane);
    }

    /// Keeps the tunnel from `peer`, if there is one.
    pub fn hold(&self, peer: SocketAddr) -> Option<Held> {
        let lane = self.socket.lane(peer)?;
        lane.holders().send_modify(|holders| *holders += 1);
        Some(Held(lane))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.holders().send_modify(|holders| *holders -= 1);
    }
}

/// Ready when no connection came in time, or the last one is gone.
async fn unwanted<P>(lane: &Lane, pass: P) {
    let holders = &mut lane.holders().subscribe();
    let mut wanted = timeout(STRANGER_TIME, held(holders, true)).await.is_ok();
    drop(pass);
    while wanted {
        held(holders, false).await;
        wanted = timeout(LINGER, held(holders, true)).await.is_ok();
    }
}

/// Waits until somebody holds the lane, or nobody.
async fn held(holders: &mut watch::Receiver<usize>, by_somebody: bool) {
    let there = holders.wait_for(|n| (*n > 0) == by_somebody).await;
    there.expect("the lane has the sender");
}

/// What a hub answers to the `Sec-WebSocket-Key` of a request for a tunnel.
pub fn accept_key(key: &[u8]) -> String {
    derive_accept_key(key)
}

/// TLS for the hub's TCP ports, with the hub's own key.
///
/// # Errors
///
/// [`BindError::Tls`].
pub fn web_tls(identity: &HubIdentity) -> Result<Arc<rustls::ServerConfig>, BindError> {
    let (certificate, key) = identity.certificate_and_key();
    let tls = |e: rustls::Error| BindError::Tls {
        detail: e.to_string(),
    };
    let mut config = rustls::ServerConfig::builder_with_provider(provider())
        // a proxy that opens TLS on the way may be old; nothing rests on this one
        .with_safe_default_protocol_versions()
        .map_err(tls)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
