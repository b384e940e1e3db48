//! A client at an address of its own, with none of the manners of our programs.
//!
//! The whole network 127.0.0.0/8 is this machine, so a test has as many addresses as it wants.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{ClientHello, HubHello, Role, VersionRange};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, EndpointConfig, TokioRuntime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use transport::client::Greeted;
use transport::{FramedReader, FramedWriter, Route};

use super::{Peer, TestHub};

/// Calls hubs from one address.
pub(crate) struct Caller {
    endpoint: Endpoint,
}

impl Caller {
    /// A caller whose address is 127.`a`.`b`.`c`.
    pub(crate) fn at([a, b, c]: [u8; 3]) -> Self {
        let socket = socket([a, b, c]);
        let config = EndpointConfig::default();
        let endpoint = Endpoint::new(config, None, socket, Arc::new(TokioRuntime));
        let mut endpoint = endpoint.expect("an endpoint");
        endpoint.set_default_client_config(client_config());
        Self { endpoint }
    }

    /// Sends from another address from now on, as a forger would, or a laptop that changes networks.
    pub(crate) fn move_to(&self, address: [u8; 3]) {
        self.endpoint.rebind(socket(address)).expect("moved");
    }

    /// What its calls come from.
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// A connection without a word.
    pub(crate) async fn dial(&self, hub: &TestHub) -> Result<Connection, ConnectionError> {
        let dialled = self.endpoint.connect(hub.socket_address(), "hub.invalid");
        dialled.expect("a call").await
    }

    /// A connection whose hellos are done.
    pub(crate) async fn greet(&self, hub: &TestHub, role: Role) -> Result<Peer, ConnectionError> {
        let connection = self.dial(hub).await?;
        self.greet_over(connection, role).await
    }

    /// The hellos over a connection that was dialled.
    pub(crate) async fn greet_over(
        &self,
        connection: Connection,
        role: Role,
    ) -> Result<Peer, ConnectionError> {
        let (send, recv) = connection.open_bi().await?;
        let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
        let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
        let refused = || connection.close_reason().expect("closed");
        writer
            .write(&hello(role))
            .await
            .map_err(|_closed| refused())?;
        let read = tokio::time::timeout(super::PATIENCE, reader.read::<HubHello>());
        match read.await.expect("in time").map_err(|_closed| refused())? {
            Some(HubHello::Welcome { version, .. }) => Ok(Peer::new(Greeted {
                endpoint: self.endpoint.clone(),
                connection,
                reader,
                writer,
                version,
                route: Route::Udp,
            })),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn host(&self, hub: &TestHub) -> Peer {
        self.greet(hub, Role::Host).await.expect("greeted")
    }

    /// An operator who is logged in and has the list.
    pub(crate) async fn operator(&self, hub: &TestHub, name: &str) -> Peer {
        let mut peer = self.greet(hub, Role::Operator).await.expect("greeted");
        peer.log_in(name).await;
        peer
    }
}

/// The first message of a client.
pub(crate) fn hello(role: Role) -> ClientHello {
    ClientHello {
        versions: VersionRange::OURS,
        role,
        program: "test 0".into(),
    }
}

/// A socket with the address 127.`a`.`b`.`c`.
pub(crate) fn socket([a, b, c]: [u8; 3]) -> UdpSocket {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, a, b, c)), 0);
    UdpSocket::bind(address).expect("a socket")
}

/// The first packets of `count` calls, each good for a handshake. Whoever sends them from where
/// the answer cannot be heard has forged an address.
pub(crate) async fn first_packets(count: usize) -> Vec<Vec<u8>> {
    let sink = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    sink.set_read_timeout(Some(Duration::from_secs(5)))
        .expect("set");
    let to = sink.local_addr().expect("an address");
    let caller = Caller::at([0, 0, 1]);
    let mut packets = Vec::new();
    for _ in 0..count {
        let call = caller.endpoint.connect(to, "hub.invalid").expect("a call");
        let (receiver, mut packet) = (sink.try_clone().expect("a socket"), vec![0; 1500]);
        let received = tokio::task::spawn_blocking(move || {
            let len = receiver.recv(&mut packet).expect("a first packet");
            packet.truncate(len);
            packet
        });
        packets.push(received.await.expect("received"));
        drop(call);
        // what a call that is given up still says
        sink.set_nonblocking(true).expect("set");
        tokio::time::sleep(Duration::from_millis(5)).await;
        while sink.recv(&mut [0; 1500]).is_ok() {}
        sink.set_nonblocking(false).expect("set");
    }
    packets
}

fn client_config() -> ClientConfig {
    let mut crypto = tls_config_of(&[&rustls::version::TLS13]);
    crypto.alpn_protocols = vec![protocol::version::ALPN.to_vec()];
    let crypto = QuicClientConfig::try_from(crypto).expect("a cipher for QUIC");
    ClientConfig::new(Arc::new(crypto))
}

/// TLS as browsers have it, but for the certificate.
pub(crate) fn tls_config_of(
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(AnyHub(Arc::clone(&provider)));
    rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("ciphers for them")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth()
}

/// Takes any key for the hub's: these tests are about who calls.
#[derive(Debug)]
pub(crate) struct AnyHub(pub(crate) Arc<CryptoProvider>);

impl ServerCertVerifier for AnyHub {
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
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let schemes = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let schemes = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
