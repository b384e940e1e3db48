//! The hub's end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, Endpoint, EndpointConfig, ServerConfig, TokioRuntime};
use quinn_proto::HashedConnectionIdGenerator;

use crate::identity::{HubIdentity, provider};
use crate::tuning;

/// The hub cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    #[error("port {} is in use by another program", address.port())]
    PortInUse { address: SocketAddr },
    #[error("cannot listen on {address}: {source}")]
    Io {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("the hub's key does not work: {detail}")]
    Tls { detail: String },
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
    let (certificate, key) = identity.certificate_and_key();
    let tls = |e: rustls::Error| BindError::Tls {
        detail: e.to_string(),
    };
    let mut crypto = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(tls)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(tls)?;
    crypto.alpn_protocols = vec![protocol::version::ALPN.to_vec()];
    let crypto = QuicServerConfig::try_from(crypto).map_err(|e| BindError::Tls {
        detail: e.to_string(),
    })?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(Arc::new(tuning::transport_for_strangers()));
    tuning::limit_incoming(&mut config);

    let io = |source: io::Error| {
        if source.kind() == io::ErrorKind::AddrInUse {
            BindError::PortInUse { address }
        } else {
            BindError::Io { address, source }
        }
    };
    let socket = tuning::socket(address).map_err(io)?;
    Endpoint::new(
        recognisable(identity),
        Some(config),
        socket,
        Arc::new(TokioRuntime),
    )
    .map_err(io)
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
