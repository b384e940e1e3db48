//! The hub's end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::{fmt, io};

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{AsyncUdpSocket, Connection, Endpoint, EndpointConfig, ServerConfig, TokioRuntime};
use quinn_proto::{ConnectionId, ConnectionIdGenerator as _, HashedConnectionIdGenerator};

use crate::identity::{HubIdentity, provider};
use crate::tunnel::Front;
use crate::{plain_udp, tuning};

/// The hub cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    #[error("port {} is in use by another program", address.port())]
    PortInUse { address: SocketAddr },
    #[error(
        "port {} needs a right that the hub lacks: below 1024 Linux wants CAP_NET_BIND_SERVICE \
         (in a systemd unit AmbientCapabilities=CAP_NET_BIND_SERVICE)",
        address.port()
    )]
    NotPermitted { address: SocketAddr },
    #[error("cannot listen on {address}: {source}")]
    Io {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("the hub's key does not work: {detail}")]
    Tls { detail: String },
}

impl BindError {
    /// What the operating system says when nobody can listen on `address`.
    pub fn io(address: SocketAddr, source: io::Error) -> Self {
        let kind = source.kind();
        if kind == io::ErrorKind::AddrInUse {
            Self::PortInUse { address }
        } else if kind == io::ErrorKind::PermissionDenied {
            Self::NotPermitted { address }
        } else {
            Self::Io { address, source }
        }
    }
}

/// Listens on `address` with the hub's identity. Must run inside a tokio runtime.
///
/// Each peer is a stranger at first: it may open one bidirectional stream, and has 16 KiB on the way
/// at most, until [`welcome`]. The streams of a session come with [`open_lanes`].
///
/// # Errors
///
/// [`BindError`].
pub fn bind(address: SocketAddr, identity: &HubIdentity) -> Result<Endpoint, BindError> {
    Udp::bind(address, identity).map(|udp| udp.endpoint)
}

/// Where peers come by UDP, and where those may move who came in a tunnel
/// ([`let_move`](crate::tunnel::let_move)).
#[derive(Debug)]
pub struct Udp {
    endpoint: Endpoint,
    pub(crate) front: Arc<Front>,
}

impl Udp {
    /// As [`bind`].
    ///
    /// # Errors
    ///
    /// [`BindError`].
    pub fn bind(address: SocketAddr, identity: &HubIdentity) -> Result<Self, BindError> {
        let mut config = config(identity)?;
        config.transport_config(Arc::new(tuning::transport_for_strangers()));
        let io = |source| BindError::io(address, source);
        let socket = tuning::socket(address).map_err(io)?;
        let front = Front::new(plain_udp::for_quic(socket).map_err(io)?);
        let runtime = Arc::new(TokioRuntime);
        let (mut endpoint, socket) = (recognisable(identity, None), Arc::clone(&front));
        tuning::datagrams_of_udp(&mut endpoint);
        let endpoint = Endpoint::new_with_abstract_socket(endpoint, Some(config), socket, runtime);
        let endpoint = endpoint.map_err(io)?;
        Ok(Self { endpoint, front })
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// The same in the tunnels of `socket`, which come over TCP to `address`; with what begins a connection there.
pub(crate) fn listen_in_tunnels(
    socket: Arc<dyn AsyncUdpSocket>,
    address: SocketAddr,
    identity: &HubIdentity,
) -> Result<(Endpoint, ServerConfig), BindError> {
    let mut config = config(identity)?;
    begins_in_tunnel(&mut config);
    let mut endpoint = recognisable(identity, Some(address));
    tuning::large_datagrams(&mut endpoint);
    let runtime = Arc::new(TokioRuntime);
    let listens = Some(config.clone());
    let endpoint = Endpoint::new_with_abstract_socket(endpoint, listens, socket, runtime);
    let endpoint = endpoint.map_err(|source| BindError::io(address, source))?;
    Ok((endpoint, config))
}

/// Makes `config` one for the next connection in a tunnel, and for that alone.
pub(crate) fn begins_in_tunnel(config: &mut ServerConfig) {
    let mut transport = tuning::transport_for_strangers();
    tuning::in_tunnel_at_hub(&mut transport);
    config.transport_config(Arc::new(transport));
}

fn config(identity: &HubIdentity) -> Result<ServerConfig, BindError> {
    let tls = |e: rustls::Error| BindError::Tls {
        detail: e.to_string(),
    };
    let mut crypto = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(tls)?
        .with_no_client_auth()
        .with_cert_resolver(identity.shown().map_err(tls)?);
    crypto.alpn_protocols = vec![protocol::version::ALPN.to_vec()];
    let crypto = QuicServerConfig::try_from(crypto).map_err(|e| BindError::Tls {
        detail: e.to_string(),
    })?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    tuning::limit_incoming(&mut config);
    Ok(config)
}

/// Gives a peer that has shown who it is the windows of a session.
pub fn welcome(connection: &Connection) {
    tuning::welcome(connection);
}

/// Gives a peer the streams of a session, before it is told of one.
pub fn open_lanes(connection: &Connection) {
    tuning::open_lanes(connection);
}

/// An endpoint that a client recognises after the hub was started anew.
///
/// Whoever was connected to the hub before a crash still believes so, and would for the whole idle
/// timeout. With connection ids and reset tokens (RFC 9000, section 10.3) that follow from the hub's
/// own key, the next sign of life of such a client is answered with a reset that it trusts, and it
/// connects again at once.
///
/// The ids of the tunnels to each address are told from all others'.
fn recognisable(identity: &HubIdentity, tunnels_to: Option<SocketAddr>) -> EndpointConfig {
    let secret = identity.derived_secret(b"stateless reset");
    let reset_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
    let mut config = EndpointConfig::new(Arc::new(reset_key));
    let ids = ConnectionIds::new(identity, tunnels_to);
    config.cid_generator(move || Box::new(ids.generator()));
    config
}

/// Makes and knows the ids of an endpoint's connections.
#[derive(Clone, Copy)]
pub(crate) struct ConnectionIds {
    key: u64,
}

impl ConnectionIds {
    /// Of every id.
    pub(crate) const BYTES: usize = 8;

    pub(crate) fn new(identity: &HubIdentity, tunnels_to: Option<SocketAddr>) -> Self {
        let secret = match tunnels_to {
            None => identity.derived_secret(b"connection ids"),
            Some(address) => {
                let of = format!("connection ids in tunnels to {address}");
                identity.derived_secret(of.as_bytes())
            }
        };
        let key = u64::from_le_bytes(*secret.first_chunk().expect("32 bytes begin with 8"));
        Self { key }
    }

    fn generator(self) -> HashedConnectionIdGenerator {
        HashedConnectionIdGenerator::from_key(self.key)
    }

    pub(crate) fn know(self, id: [u8; Self::BYTES]) -> bool {
        self.generator().validate(&ConnectionId::new(&id)).is_ok()
    }
}

impl fmt::Debug for ConnectionIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionIds(..)")
    }
}
