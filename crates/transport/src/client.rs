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
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::close::CloseReason;
use crate::framed::{FramedReader, FramedWriter};
use crate::identity::{FOREIGN_KEY, Fingerprint, PinnedHub, provider};
use crate::routes::{Route, Routes, Start};
use crate::{tuning, tunnel};

/// How long connecting may take, for each way and address of the hub.
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
    /// The way that was quickest.
    pub route: Route,
}

/// Connects to `hub` as `role` and exchanges the hellos. Must run inside a tokio runtime; dropping the
/// future ends all tries at once.
///
/// The ways of `routes` race, at all addresses of the name, each for [`CONNECT_TIMEOUT`].
///
/// # Errors
///
/// [`ConnectError`].
pub async fn connect(
    hub: &HubAddress,
    pin: Fingerprint,
    role: Role,
    program: &str,
    routes: &Routes,
) -> Result<Greeted, ConnectError> {
    let unknown = || ConnectError::UnknownName {
        host: hub.host.clone(),
    };
    let addresses = tokio::net::lookup_host((hub.host.as_str(), hub.port))
        .await
        .map_err(|_resolver| unknown())?;
    let addresses: Vec<SocketAddr> = addresses.collect();
    let call = Call {
        hub: hub.clone(),
        pin,
        role,
        program: program.to_owned(),
    };
    let call = Arc::new(call);
    let mut starts = routes.starts(hub, &addresses);
    let mut tries = JoinSet::new();
    let mut failure = None;
    let mut begun = Instant::now();
    loop {
        let next = starts.front().map(|start| begun + start.after);
        tokio::select! {
            Some(tried) = tries.join_next() => match tried {
                Ok((route, Ok(greeted))) => {
                    tracing::info!(%route, %hub, "Reached");
                    routes.remember(hub, route);
                    return Ok(greeted);
                }
                Ok((route, Err(error))) => {
                    tracing::debug!(%route, %hub, %error, "Not reached");
                    if is_answer(route, &error) {
                        return Err(error);
                    }
                    failure = more_telling(failure, route, error);
                    // what waits for its turn need not wait for anybody
                    if tries.is_empty() && let Some(start) = starts.front() {
                        begun = Instant::now().checked_sub(start.after).unwrap_or(begun);
                    }
                }
                Err(error) => tracing::error!(%error, "A try to connect failed inside"),
            },
            () = tokio::time::sleep_until(next.unwrap_or(begun)), if next.is_some() => {
                if let Some(start) = starts.pop_front() {
                    let call = Arc::clone(&call);
                    tries.spawn(async move { (start.route, call.by(start).await) });
                }
            }
            else => return Err(failure.map_or_else(unknown, |(_route, error)| error)),
        }
    }
}

/// Whether the hub itself said so, so that no other way leads further.
fn is_answer(route: Route, error: &ConnectError) -> bool {
    match error {
        ConnectError::OtherVersion { .. } | ConnectError::Refused(_) => true,
        // what answers at a usual port of the web may be another hub
        ConnectError::ForeignKey => route == Route::Udp,
        ConnectError::UnknownName { .. }
        | ConnectError::NoAnswer { .. }
        | ConnectError::Failed { .. }
        | ConnectError::Socket(_) => false,
    }
}

/// What to tell of two failures: that somebody else answers, and otherwise what the first way met with.
fn more_telling(
    before: Option<(Route, ConnectError)>,
    route: Route,
    error: ConnectError,
) -> Option<(Route, ConnectError)> {
    match before {
        Some((_, ConnectError::ForeignKey)) => before,
        Some((Route::Udp, _)) if !matches!(error, ConnectError::ForeignKey) => before,
        Some(_) | None => Some((route, error)),
    }
}

/// Who calls whom.
struct Call {
    hub: HubAddress,
    pin: Fingerprint,
    role: Role,
    program: String,
}

impl Call {
    /// Connects in one way, within [`CONNECT_TIMEOUT`] for the way and as long for the hellos.
    async fn by(&self, Start { route, address, .. }: Start) -> Result<Greeted, ConnectError> {
        let no_answer = || ConnectError::NoAnswer {
            hub: self.hub.clone(),
        };
        let reaching = async {
            let endpoint = self.endpoint(route, address).await?;
            let connecting = endpoint.connect(address, "hub.invalid");
            let connecting = connecting.map_err(|e| ConnectError::Failed {
                detail: e.to_string(),
            })?;
            match connecting.await {
                Ok(connection) => Ok((endpoint, connection)),
                Err(error) => Err(connect_error(&self.hub, &error)),
            }
        };
        let reached = timeout(CONNECT_TIMEOUT, reaching).await;
        let (endpoint, connection) = reached.map_err(|_elapsed| no_answer())??;
        let greeting = greet(&self.hub, &connection, self.role, &self.program);
        match timeout(CONNECT_TIMEOUT, greeting).await {
            Ok(Ok((reader, writer, version))) => Ok(Greeted {
                endpoint,
                connection,
                reader,
                writer,
                version,
                route,
            }),
            Ok(Err(ConnectError::Failed { detail })) => Err(match connection.close_reason() {
                // says more than the stream that broke with it
                Some(reason) => connect_error(&self.hub, &reason),
                None => ConnectError::Failed { detail },
            }),
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => Err(no_answer()),
        }
    }

    async fn endpoint(&self, route: Route, address: SocketAddr) -> Result<Endpoint, ConnectError> {
        let failed = |detail: String| ConnectError::Failed { detail };
        let provider = provider();
        let verifier = Arc::new(PinnedHub::new(self.pin, Arc::clone(&provider)));
        let mut crypto = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| failed(e.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        crypto.alpn_protocols = vec![protocol::version::ALPN.to_vec()];
        let crypto = QuicClientConfig::try_from(crypto).map_err(|e| failed(e.to_string()))?;
        let mut config = ClientConfig::new(Arc::new(crypto));
        let mut transport = tuning::transport();
        let mut endpoint = match route {
            Route::Udp => udp_endpoint(address)?,
            Route::Tunnel { .. } => {
                tuning::over_tcp(&mut transport);
                tunnel::dial(&self.hub, address).await?
            }
        };
        config.transport_config(Arc::new(transport));
        endpoint.set_default_client_config(config);
        Ok(endpoint)
    }
}

fn udp_endpoint(peer: SocketAddr) -> io::Result<Endpoint> {
    let any: SocketAddr = match peer {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    Endpoint::new(
        EndpointConfig::default(),
        None,
        tuning::socket(any)?,
        Arc::new(TokioRuntime),
    )
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
