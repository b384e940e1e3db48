//! The hub's end of tunnels: one QUIC endpoint for each TCP port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::{Connecting, ConnectionError, Endpoint, Incoming, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::carry::carry;
use super::front::Guest;
use super::place;
use super::socket::{Lane, Received, Socket, WhenFull};
use crate::identity::HubIdentity;
use crate::server::{self, BindError, ConnectionIds, Udp};

/// What waits for the TCP of one peer.
const QUEUE_BYTES: usize = 1 << 20;
/// How long a tunnel may stand before a connection in it has a place.
const STRANGER_TIME: Duration = Duration::from_secs(10);
/// How long it stands after the last one, so that a goodbye still goes.
const LINGER: Duration = Duration::from_secs(1);
/// How many stand so long at the same time; the others end at once.
const LINGERING: usize = 1024;

/// The tunnels of one TCP port. Clones are the same.
#[derive(Debug, Clone)]
pub struct Tunnel {
    endpoint: Endpoint,
    config: ServerConfig,
    ids: ConnectionIds,
    socket: Arc<Socket>,
    inbox: mpsc::Sender<Received>,
    lingering: Arc<Semaphore>,
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
        let (endpoint, config) =
            server::listen_in_tunnels(Arc::clone(&socket) as _, local, identity)?;
        Ok(Self {
            endpoint,
            config,
            ids: ConnectionIds::new(identity, Some(local)),
            socket,
            inbox,
            lingering: Arc::new(Semaphore::new(LINGERING)),
        })
    }

    /// Where the connections come that are made through tunnels, each from the address of its TCP, written
    /// as IPv6.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Begins with `incoming`, which came to the [endpoint](Self::endpoint).
    ///
    /// # Errors
    ///
    /// As [`Incoming::accept`].
    pub fn accept(&self, incoming: Incoming) -> Result<Connecting, ConnectionError> {
        let mut config = self.config.clone();
        server::begins_in_tunnel(&mut config);
        incoming.accept_with(Arc::new(config))
    }

    /// Carries one tunnel from `peer` over `stream`, whose upgrade was answered, until either end is
    /// gone or no connection [holds](Self::hold) it.
    ///
    /// What the tunnel stands on before a connection in it is counted is in `ousted`: it ends the tunnel
    /// when it is ready, and is dropped once there is one.
    pub async fn carry<S>(&self, stream: S, peer: SocketAddr, ousted: impl Future<Output = ()>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Some(super::websocket_config());
        let websocket = WebSocketStream::from_raw_socket(stream, Role::Server, config).await;
        let peer = place::in_tunnel(peer);
        let lane = self.socket.open(peer, QUEUE_BYTES);
        tokio::select! {
            () = carry(websocket, peer, &lane, &self.inbox) => {}
            () = self.unwanted(&lane, ousted) => tracing::debug!(%peer, "Nobody needs the tunnel"),
        }
        self.socket.remove(peer, &lane);
    }

    /// Keeps the tunnel from `peer`, as a connection's address has it, if there is one.
    pub fn hold(&self, peer: SocketAddr) -> Option<Held> {
        let lane = self.socket.lane(peer)?;
        lane.holders().send_modify(|holders| *holders += 1);
        Some(Held(lane))
    }

    /// Ready when no connection came in time, or the last one is gone.
    async fn unwanted(&self, lane: &Lane, ousted: impl Future<Output = ()>) {
        let holders = &mut lane.holders().subscribe();
        let mut wanted = tokio::select! {
            came = timeout(STRANGER_TIME, held(holders, true)) => came.is_ok(),
            () = ousted => false,
        };
        while wanted {
            held(holders, false).await;
            // nobody counts it now, so there are only so many of them
            let Ok(_lingers) = self.lingering.try_acquire() else {
                return;
            };
            wanted = timeout(LINGER, held(holders, true)).await.is_ok();
        }
    }
}

/// Lets the connections in `tunnels` go on by `udp`, without a break, when their peers come from there.
/// Both must be of one hub. To be called once.
pub fn let_move<'a>(tunnels: impl Iterator<Item = &'a Tunnel>, udp: &[Udp]) {
    let tunnels: Vec<&Tunnel> = tunnels.collect();
    for tunnel in &tunnels {
        tunnel
            .socket
            .reach_by(udp.iter().map(|udp| udp.front.socket()).collect());
    }
    for (socket, udp) in (0..).zip(udp) {
        let guests = tunnels.iter().map(|tunnel| Guest {
            ids: tunnel.ids,
            inbox: tunnel.inbox.clone(),
            socket,
        });
        udp.front.pass_on_to(guests.collect());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.holders().send_modify(|holders| *holders -= 1);
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test]
    async fn b2_only_so_many_tunnels_linger_that_nobody_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let identity = HubIdentity::open_or_create(folder.path()).expect("a key");
        let here = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 443);
        let tunnel = Tunnel::new(here, &identity).expect("an endpoint");
        let mut far_ends = Vec::new();
        let mut held = Vec::new();
        for port in 1..=1200 {
            let peer = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
            let (near, far) = tokio::io::duplex(1000);
            far_ends.push(far);
            let carried = tunnel.clone();
            tokio::spawn(async move { carried.carry(near, peer, std::future::pending()).await });
            let peer = place::in_tunnel(peer);
            while tunnel.socket.lane(peer).is_none() {
                tokio::task::yield_now().await;
            }
            held.extend(tunnel.hold(peer));
        }
        let standing = || (1..=1200).filter(|port| tunnel.has((Ipv4Addr::LOCALHOST, *port)));
        // each has seen that it is wanted
        sleep(Duration::from_millis(100)).await;
        assert_eq!((held.len(), standing().count()), (1200, 1200));
        drop(held);
        let left = Instant::now();
        sleep(Duration::from_millis(300)).await;
        assert!(left.elapsed() < LINGER, "too busy a machine");
        assert_eq!(standing().count(), LINGERING);
        sleep(LINGER).await;
        assert_eq!(standing().count(), 0);
    }

    impl Tunnel {
        fn has(&self, peer: (Ipv4Addr, u16)) -> bool {
            self.socket.lane(place::in_tunnel(peer.into())).is_some()
        }
    }
}
