//! The hub's end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, EndpointConfig, ServerConfig, TokioRuntime};

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
    config.transport_config(Arc::new(tuning::transport()));

    let io = |source: io::Error| {
        if source.kind() == io::ErrorKind::AddrInUse {
            BindError::PortInUse { address }
        } else {
            BindError::Io { address, source }
        }
    };
    let socket = tuning::socket(address).map_err(io)?;
    Endpoint::new(
        EndpointConfig::default(),
        Some(config),
        socket,
        Arc::new(TokioRuntime),
    )
    .map_err(io)
}
