//! The programs' end.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{
    BoundedText, ClientHello, HubAddress, ProtocolVersion, Refusal, Role, TooOld, VersionRange,
};
use protocol::{HubHello, RefusalCode};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, TokioRuntime};

use crate::close::CloseReason;
use crate::framed::{FramedReader, FramedWriter};
use crate::identity::{FOREIGN_KEY, Fingerprint, PinnedHub, provider};
use crate::tuning;

/// How long connecting may take, for each of the hub's addresses.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// No connection to the hub.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    #[error("the name {host} is not known")]
    UnknownName { host: String },
    #[error("the hub {hub} does not answer")]
    NoAnswer { hub: HubAddress },
    /// Somebody else answers under the hub's address (E2).
    #[error("the hub's key is not the one that is known; somebody may be in between")]
    ForeignKey,
    #[error("the hub {hub} speaks no version of the protocol that this program speaks")]
    OtherVersion { hub: HubAddress, too_old: TooOld },
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("no connection: {detail}")]
    Failed { detail: String },
    #[error("no network socket: {0}")]
    Socket(#[from] io::Error),
}

/// A connection whose hellos are done.
#[derive(Debug)]
pub struct Greeted {
    /// Keeps the sockets; ends with the connection.
    pub endpoint: Endpoint,
    pub connection: Connection,
    /// The control stream.
    pub reader: FramedReader,
    pub writer: FramedWriter,
    pub version: ProtocolVersion,
}

/// Connects to `hub` as `role` and exchanges the hellos. Must run inside a tokio runtime.
///
/// All addresses of the name are tried in order, each for [`CONNECT_TIMEOUT`].
///
/// # Errors
///
/// [`ConnectError`].
pub async fn connect(
    hub: &HubAddress,
    pin: Fingerprint,
    role: Role,
    program: &str,
) -> Result<Greeted, ConnectError> {
    let unknown = || ConnectError::UnknownName {
        host: hub.host.clone(),
    };
    let addresses = tokio::net::lookup_host((hub.host.as_str(), hub.port))
        .await
        .map_err(|_resolver| unknown())?;
    let mut last = unknown();
    for address in addresses {
        match connect_to(hub, address, pin, role, program).await {
            Ok(greeted) => return Ok(greeted),
            Err(
                error @ (ConnectError::ForeignKey
                | ConnectError::OtherVersion { .. }
                | ConnectError::Refused(_)),
            ) => {
                return Err(error);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_to(
    hub: &HubAddress,
    address: SocketAddr,
    pin: Fingerprint,
    role: Role,
    program: &str,
) -> Result<Greeted, ConnectError> {
    let endpoint = endpoint(address, pin)?;
    let connecting =
        endpoint
            .connect(address, "hub.invalid")
            .map_err(|e| ConnectError::Failed {
                detail: e.to_string(),
            })?;
    let connection = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(connect_error(hub, &error)),
        Err(_elapsed) => return Err(ConnectError::NoAnswer { hub: hub.clone() }),
    };
    match tokio::time::timeout(CONNECT_TIMEOUT, greet(hub, &connection, role, program)).await {
        Ok(Ok((reader, writer, version))) => Ok(Greeted {
            endpoint,
            connection,
            reader,
            writer,
            version,
        }),
        Ok(Err(ConnectError::Failed { detail })) => Err(match connection.close_reason() {
            // says more than the stream that broke with it
            Some(reason) => connect_error(hub, &reason),
            None => ConnectError::Failed { detail },
        }),
        Ok(Err(error)) => Err(error),
        Err(_elapsed) => Err(ConnectError::NoAnswer { hub: hub.clone() }),
    }
}

fn endpoint(peer: SocketAddr, pin: Fingerprint) -> Result<Endpoint, ConnectError> {
    let any: SocketAddr = match peer {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let failed = |detail: String| ConnectError::Failed { detail };
    let provider = provider();
    let verifier = Arc::new(PinnedHub::new(pin, Arc::clone(&provider)));
    let mut crypto = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| failed(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    crypto.alpn_protocols = vec![protocol::version::ALPN.to_vec()];
    let crypto = QuicClientConfig::try_from(crypto).map_err(|e| failed(e.to_string()))?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(tuning::transport()));

    let socket = tuning::socket(any)?;
    let mut endpoint = Endpoint::new(
        EndpointConfig::default(),
        None,
        socket,
        Arc::new(TokioRuntime),
    )?;
    endpoint.set_default_client_config(config);
    Ok(endpoint)
}

fn connect_error(hub: &HubAddress, error: &quinn::ConnectionError) -> ConnectError {
    match CloseReason::from(error) {
        CloseReason::Refused(refusal) => refusal.into(),
        CloseReason::Lost => ConnectError::NoAnswer { hub: hub.clone() },
        CloseReason::Failed(detail) if detail.contains(FOREIGN_KEY) => ConnectError::ForeignKey,
        CloseReason::Failed(detail) => ConnectError::Failed { detail },
        CloseReason::GoodOrder => ConnectError::Failed {
            detail: "the hub hung up".to_owned(),
        },
    }
}

async fn greet(
    hub: &HubAddress,
    connection: &Connection,
    role: Role,
    program: &str,
) -> Result<(FramedReader, FramedWriter, ProtocolVersion), ConnectError> {
    let failed = |detail: String| ConnectError::Failed { detail };
    let other_version = |versions| ConnectError::OtherVersion {
        hub: hub.clone(),
        too_old: VersionRange::OURS.too_old_for(versions),
    };
    let (send, recv) = connection
        .open_bi()
        .await
        .map_err(|e| failed(e.to_string()))?;
    let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
    let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
    let hello = ClientHello {
        versions: VersionRange::OURS,
        role,
        program: BoundedText::cut(program),
    };
    writer
        .write(&hello)
        .await
        .map_err(|e| failed(e.to_string()))?;
    match reader.read::<HubHello>().await {
        Ok(Some(HubHello::Welcome { version, .. })) => {
            let chosen = VersionRange {
                oldest: version,
                newest: version,
            };
            match VersionRange::OURS.common_with(chosen) {
                Some(version) => Ok((reader, writer, version)),
                None => Err(other_version(chosen)),
            }
        }
        Ok(Some(HubHello::Refused { versions, refusal }))
            if refusal.code == RefusalCode::VERSION_MISMATCH =>
        {
            Err(other_version(versions))
        }
        Ok(Some(HubHello::Refused { refusal, .. })) => Err(refusal.into()),
        Ok(None) => Err(failed("the hub hung up".to_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}
