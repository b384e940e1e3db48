//! The hub's end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{AsyncUdpSocket, Connection, Endpoint, EndpointConfig, ServerConfig, TokioRuntime};
use quinn_proto::HashedConnectionIdGenerator;

use crate::identity::{HubIdentity, provider};
use crate::tuning;

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
    let mut config = config(identity)?;
    config.transport_config(Arc::new(tuning::transport_for_strangers()));
    let io = |source| BindError::io(address, source);
    let socket = tuning::socket(address).map_err(io)?;
    let (endpoint, runtime) = (recognisable(identity), Arc::new(TokioRuntime));
    Endpoint::new(endpoint, Some(config), socket, runtime).map_err(io)
}

/// The same in the tunnels of `socket`, which come over TCP to `address`.
pub(crate) fn listen_in_tunnels(
    socket: Arc<dyn AsyncUdpSocket>,
    address: SocketAddr,
    identity: &HubIdentity,
) -> Result<Endpoint, BindError> {
    let mut config = config(identity)?;
    let mut transport = tuning::transport_for_strangers();
    tuning::over_tcp(&mut transport);
    config.transport_config(Arc::new(transport));
    // a connection belongs to its tunnel, and is counted on its address
    config.migration(false);
    let mut endpoint = recognisable(identity);
    tuning::large_datagrams(&mut endpoint);
    let runtime = Arc::new(TokioRuntime);
    Endpoint::new_with_abstract_socket(endpoint, Some(config), socket, runtime)
        .map_err(|source| BindError::io(address, source))
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
fn recognisable(identity: &HubIdentity) -> EndpointConfig {
    let secret = identity.derived_secret(b"stateless reset");
    let reset_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
    let mut config = EndpointConfig::new(Arc::new(reset_key));
    let secret = identity.derived_secret(b"connection ids");
    let id_key = u64::from_le_bytes(*secret.first_chunk().expect("32 bytes begin with 8"));
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(id_key)));
    config
}
