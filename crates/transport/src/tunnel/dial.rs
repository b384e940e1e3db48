//! The programs' end of a tunnel.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::HubAddress;
use quinn::{Endpoint, EndpointConfig, TokioRuntime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;

use super::carry::carry;
use super::moving::Mover;
use super::socket::{Lane, Received, Socket, WhenFull};
use crate::identity::provider;
use crate::tuning;

/// What waits for TCP here. Little, so that a key is not behind a second of a file; quinn has the rest,
/// and sends what is urgent first.
const QUEUE_BYTES: usize = 64 << 10;
/// How long the last of it may take once nobody needs the tunnel.
const LINGER: Duration = Duration::from_secs(1);

/// Opens a tunnel to `at` over `tcp`, and gives the endpoint whose only peer is the hub, the address
/// under which it is, and what moves the connection to UDP. The tunnel ends with the endpoint and its
/// connections. What the TLS outside shows is put into `outside`.
pub(crate) async fn dial(
    at: &HubAddress,
    tcp: TcpStream,
    outside: &Mutex<Option<CertificateDer<'static>>>,
) -> io::Result<(Endpoint, SocketAddr, Mover)> {
    tuning::tune_tcp(&tcp);
    let (local, address) = (tcp.local_addr()?, tcp.peer_addr()?);
    let name = ServerName::try_from(at.host.clone())
        .unwrap_or_else(|_no_name| ServerName::IpAddress(address.ip().into()));
    let tls = TlsConnector::from(Arc::new(tls_to_anyone()?));
    let tls = tls.connect(name, tcp).await?;
    let shown = tls.get_ref().1.peer_certificates();
    let shown = shown.and_then(|chain| chain.first()).cloned();
    *outside.lock().unwrap_or_else(PoisonError::into_inner) = shown;
    let page = format!("wss://{at}{}", super::PATH);
    let config = Some(super::websocket_config());
    let opening = tokio_tungstenite::client_async_with_config(page, tls, config);
    let (websocket, _response) = opening.await.map_err(io::Error::other)?;

    let (socket, inbox) = Socket::new(local, WhenFull::Wait);
    let lane = socket.open(address, QUEUE_BYTES);
    let mover = Mover::new(&socket, &inbox, &lane, address);
    tokio::spawn(async move {
        carry_while_needed(websocket, address, &lane, &inbox).await;
        lane.close();
    });
    let mut config = EndpointConfig::default();
    tuning::large_datagrams(&mut config);
    let runtime = Arc::new(TokioRuntime);
    let endpoint = Endpoint::new_with_abstract_socket(config, None, socket, runtime)?;
    Ok((endpoint, address, mover))
}

/// Carries, and once nobody needs the lane does not wait for long: a line that is dead would hold what is
/// left for as long as TCP hopes.
async fn carry_while_needed<S>(
    websocket: WebSocketStream<S>,
    address: SocketAddr,
    lane: &Lane,
    inbox: &mpsc::Sender<Received>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let given_up = async {
        lane.closed().await;
        sleep(LINGER).await;
    };
    tokio::select! {
        () = carry(websocket, address, lane, inbox) => {}
        () = given_up => tracing::debug!(%address, "What is left does not go"),
    }
}

/// TLS with whoever answers: a company's proxy may open and close it again on the way, with a
/// certificate of its own. It protects nothing. The QUIC inside asks the hub for its pinned key, seals
/// all that is said, and ends where anybody else answers.
fn tls_to_anyone() -> io::Result<rustls::ClientConfig> {
    let provider = provider();
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Takes whatever is shown.
#[derive(Debug)]
pub(crate) struct Anyone(pub(crate) Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Instant;

    use quinn::AsyncUdpSocket as _;
    use quinn::udp::Transmit;
    use tokio::time::timeout;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    #[tokio::test]
    async fn r2_a_tunnel_that_is_given_up_on_a_dead_line_is_hung_up_at_once() {
        let hub = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 443);
        // takes a little, and brings it nowhere
        let (near, _far) = tokio::io::duplex(1000);
        let config = Some(super::super::websocket_config());
        let websocket = WebSocketStream::from_raw_socket(near, Role::Client, config).await;
        let (socket, inbox) = Socket::new(hub, WhenFull::Wait);
        let lane = socket.open(hub, QUEUE_BYTES);
        let carrying =
            tokio::spawn(async move { carry_while_needed(websocket, hub, &lane, &inbox).await });
        let datagram = Transmit {
            destination: hub,
            ecn: None,
            contents: &[7; 5000],
            segment_size: None,
            src_ip: None,
        };
        while socket.try_send(&datagram).is_ok() {
            tokio::task::yield_now().await;
        }
        // as with its endpoint
        drop(socket);
        let given_up = Instant::now();
        let ended = timeout(LINGER * 5, carrying).await;
        ended.expect("it ends").expect("no panic");
        assert!(given_up.elapsed() >= LINGER / 2, "a goodbye may still go");
    }
}
