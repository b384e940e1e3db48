//! Hubs that greet whoever comes, and what may stand before them.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{ClientHello, HubHello, VersionRange};
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello as TlsHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use transport::tunnel::{self, Tunnel};
use transport::{Endpoint, Fingerprint, FramedReader, FramedWriter, HubAddress, HubIdentity};

const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What the hub's UDP port does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Udp {
    Answers,
    /// Takes everything and answers nothing, as a network without UDP does.
    Swallows,
}

/// Goes with all its tasks when it is dropped.
pub(crate) struct Hub {
    pub(crate) address: HubAddress,
    pub(crate) pin: Fingerprint,
    _swallows: Option<UdpSocket>,
    _tasks: JoinSet<()>,
}

impl Hub {
    /// It shows its own certificate, or to whoever asks for anything else one from `public`.
    pub(crate) async fn start(udp: Udp, public: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut identity = HubIdentity::open_or_create(folder.path()).expect("writable");
        let (certificate, key) = identity.certificate_and_key();
        let mut shown = pair(certificate, key);
        if let Some(issuer) = public {
            shown = certified_by(issuer);
            identity.show_publicly(Arc::new(Shows(Arc::clone(&shown))));
        }
        let (listener, socket) = same_ports().await;
        let local = listener.local_addr().expect("bound");
        let mut tasks = JoinSet::new();
        let mut swallows = None;
        match udp {
            Udp::Swallows => swallows = Some(socket),
            Udp::Answers => {
                drop(socket);
                let endpoint = transport::server::bind(local, &identity).expect("free by now");
                tasks.spawn(greet_all(endpoint, None));
            }
        }
        let tunnel = Tunnel::new(local, &identity).expect("an endpoint");
        tasks.spawn(greet_all(tunnel.endpoint().clone(), Some(tunnel.clone())));
        tasks.spawn(carry_all(listener, tls(&shown), tunnel));
        Self {
            address: address(local),
            pin: identity.fingerprint(),
            _swallows: swallows,
            _tasks: tasks,
        }
    }

    /// Of a hub that is nowhere here.
    pub(crate) fn some_pin() -> Fingerprint {
        Fingerprint::from_bytes([0xab; 32])
    }
}

/// Shows one certificate, whatever it is asked for.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _hello: TlsHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn pair(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Arc<CertifiedKey> {
    let pair = CertifiedKey::from_der(vec![certificate], key, &ring::default_provider());
    Arc::new(pair.expect("a pair"))
}

/// A fresh certificate from `issuer`.
fn certified_by(issuer: &str) -> Arc<CertifiedKey> {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, issuer);
    let issuer = Issuer::new(params, KeyPair::generate().expect("a key"));
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["hub.example.org".to_owned()]).expect("a name");
    let signed = params.signed_by(&key, &issuer).expect("a certificate");
    pair(
        signed.into(),
        PrivateKeyDer::Pkcs8(key.serialize_der().into()),
    )
}

fn tls(shown: &Arc<CertifiedKey>) -> TlsAcceptor {
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ciphers for them")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Shows(Arc::clone(shown))));
    TlsAcceptor::from(Arc::new(config))
}

async fn greet_all(endpoint: Endpoint, tunnel: Option<Tunnel>) {
    let mut guests = JoinSet::new();
    while let Some(incoming) = endpoint.accept().await {
        let tunnel = tunnel.clone();
        guests.spawn(async move {
            let held = tunnel.and_then(|tunnel| tunnel.hold(incoming.remote_address()));
            let Ok(connection) = incoming.await else {
                return;
            };
            // whoever only looks at the certificate opens none
            let Ok((send, recv)) = connection.accept_bi().await else {
                return;
            };
            let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
            let _hello: Option<ClientHello> = reader.read().await.expect("a hello");
            let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
            let welcome = HubHello::Welcome {
                version: VersionRange::OURS.newest,
                hub: "test".into(),
            };
            writer.write(&welcome).await.expect("sent");
            connection.closed().await;
            drop(held);
        });
    }
}

async fn carry_all(listener: TcpListener, tls: TlsAcceptor, tunnel: Tunnel) {
    let mut calls = JoinSet::new();
    loop {
        let (tcp, peer) = listener.accept().await.expect("open");
        let (tls, tunnel) = (tls.clone(), tunnel.clone());
        calls.spawn(async move {
            let Ok(mut stream) = tls.accept(tcp).await else {
                return;
            };
            let Some(head) = head_of(&mut stream).await else {
                return;
            };
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            let key = lines.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
            let accept = tunnel::accept_key(key.expect("a key").1.as_bytes());
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            if stream.write_all(answer.as_bytes()).await.is_ok() {
                tunnel.carry(stream, peer, std::future::pending()).await;
            }
        });
    }
}

/// A request's head; nothing if whoever called hung up.
async fn head_of(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A TCP and a UDP port of one number.
async fn same_ports() -> (TcpListener, UdpSocket) {
    loop {
        let listener = TcpListener::bind(LOCAL).await.expect("a free port");
        let at = listener.local_addr().expect("bound");
        if let Ok(socket) = UdpSocket::bind(at) {
            return (listener, socket);
        }
    }
}

fn address(of: SocketAddr) -> HubAddress {
    HubAddress {
        host: of.ip().to_string(),
        port: of.port(),
    }
}

/// Ports that take what comes, and never answer.
pub(crate) async fn swallows() -> (TcpListener, UdpSocket, HubAddress) {
    let (listener, socket) = same_ports().await;
    let at = address(listener.local_addr().expect("bound"));
    (listener, socket, at)
}

/// Serves whoever comes, until the test is over.
async fn serve<F>(each: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(LOCAL).await.expect("a free port");
    let at = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        loop {
            let (tcp, _peer) = listener.accept().await.expect("open");
            tokio::spawn(each(tcp));
        }
    });
    at
}

/// Speaks TLS by "the firm", and answers every request so.
pub(crate) async fn web_server(answer: &'static str) -> HubAddress {
    let tls = tls(&certified_by("the firm"));
    let at = serve(move |tcp| {
        let tls = tls.clone();
        async move {
            if let Ok(mut stream) = tls.accept(tcp).await
                && head_of(&mut stream).await.is_some()
            {
                drop(stream.write_all(answer.as_bytes()).await);
                drop(stream.shutdown().await);
            }
        }
    });
    address(at.await)
}

/// Says so, and hangs up.
pub(crate) async fn says(words: &'static [u8]) -> HubAddress {
    let at = serve(move |mut tcp| async move {
        let mut hello = [0; 16];
        drop(tcp.read_exact(&mut hello).await);
        drop(tcp.write_all(words).await);
        drop(tcp.shutdown().await);
        // what else was sent is read, so that nothing is reset
        let mut rest = Vec::new();
        drop(tcp.read_to_end(&mut rest).await);
    });
    address(at.await)
}

/// Opens the TLS of whoever comes with a certificate of its own, and closes it again towards the hub.
pub(crate) struct Inspector {
    pub(crate) address: HubAddress,
}

impl Inspector {
    pub(crate) async fn before(hub: &Hub) -> Self {
        let tls = tls(&certified_by("the firm"));
        let port = hub.address.port;
        let at = serve(move |tcp| {
            let tls = tls.clone();
            async move {
                let Ok(mut near) = tls.accept(tcp).await else {
                    return;
                };
                let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
                let name = ServerName::try_from("hub.example.org").expect("a name");
                let far = TlsConnector::from(Arc::new(to_anyone()))
                    .connect(name, far.expect("the hub listens"));
                let mut far = far.await.expect("TLS");
                drop(copy_bidirectional(&mut near, &mut far).await);
            }
        });
        Self {
            address: address(at.await),
        }
    }
}

/// As proxies are set up that must get on with any server.
fn to_anyone() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ciphers for them")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth()
}

#[derive(Debug)]
struct Anyone;

mod verifier {
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::ring;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};

    impl ServerCertVerifier for super::Anyone {
        fn verify_server_cert(
            &self,
            _end_entity: &CertificateDer<'_>,
            _intermediates: &[CertificateDer<'_>],
            _server_name: &ServerName<'_>,
            _ocsp_response: &[u8],
            _now: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _message: &[u8],
            _cert: &CertificateDer<'_>,
            _dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _message: &[u8],
            _cert: &CertificateDer<'_>,
            _dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            let provider = ring::default_provider();
            provider
                .signature_verification_algorithms
                .supported_schemes()
        }
    }
}

/// A proxy that leads every CONNECT to one hub, or answers each in one way.
pub(crate) struct Relay {
    pub(crate) at: SocketAddr,
    logins: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Relay {
    pub(crate) async fn to(hub: &Hub, answer: &'static str) -> Self {
        let listener = TcpListener::bind(LOCAL).await.expect("a free port");
        let at = listener.local_addr().expect("bound");
        let logins = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&logins);
        let port = hub.address.port;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut calls = JoinSet::new();
            loop {
                let (mut near, _peer) = listener.accept().await.expect("open");
                let counter = Arc::clone(&counter);
                calls.spawn(async move {
                    while let Some(head) = head_of(&mut near).await {
                        if head.contains("Proxy-Authorization") {
                            counter.fetch_add(1, Ordering::Relaxed);
                        }
                        if answer.is_empty() {
                            let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
                            let mut far = far.expect("the hub listens");
                            let opens = b"HTTP/1.1 200 OK\r\n\r\n";
                            near.write_all(opens).await.expect("open");
                            drop(copy_bidirectional(&mut near, &mut far).await);
                            return;
                        }
                        if near.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self {
            at,
            logins,
            _tasks: tasks,
        }
    }

    /// How many logins it got.
    pub(crate) fn logins(&self) -> usize {
        self.logins.load(Ordering::Relaxed)
    }
}
