//! A hub with a web port that has only the page of the tunnels, and whose UDP port may swallow what comes;
//! and a line to it that takes its time and can be cut.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{ClientHello, HubHello, VersionRange};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsAcceptor;
use transport::server::Udp;
use transport::tunnel::{self, Held, Tunnel};
use transport::{Connection, Endpoint, Fingerprint, FramedReader, FramedWriter, HubAddress};
use transport::{HubIdentity, close};

pub(crate) const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Goes with all its tasks when it is dropped.
pub(crate) struct Hub {
    pub(crate) tunnel: Tunnel,
    pub(crate) address: HubAddress,
    pub(crate) pin: Fingerprint,
    /// Takes everything and answers nothing, as a network without UDP does.
    _swallows: Option<UdpSocket>,
    udp: Option<Udp>,
    _tasks: JoinSet<()>,
}

/// A connection and what keeps its tunnel.
pub(crate) struct Guest {
    pub(crate) connection: Connection,
    _control: (FramedReader, FramedWriter),
    _held: Option<Held>,
}

impl Hub {
    pub(crate) async fn without_udp() -> Self {
        let (identity, _folder) = identity();
        let (listener, swallows) = same_ports().await;
        Self::serve(listener, Some(swallows), None, &identity)
    }

    /// Peers may move from tunnels to UDP.
    pub(crate) async fn with_udp() -> Self {
        let (identity, _folder) = identity();
        loop {
            let listener = TcpListener::bind(LOCAL).await.expect("a free port");
            let at = listener.local_addr().expect("bound");
            if let Ok(udp) = Udp::bind(at, &identity) {
                return Self::serve(listener, None, Some(udp), &identity);
            }
        }
    }

    fn serve(
        listener: TcpListener,
        swallows: Option<UdpSocket>,
        udp: Option<Udp>,
        identity: &HubIdentity,
    ) -> Self {
        let local = listener.local_addr().expect("bound");
        let tunnel = Tunnel::new(local, identity).expect("an endpoint");
        if let Some(udp) = &udp {
            tunnel::let_move(std::iter::once(&tunnel), std::slice::from_ref(udp));
        }
        let tls = tls(identity);
        let mut tasks = JoinSet::new();
        let here = tunnel.clone();
        tasks.spawn(async move {
            let mut calls = JoinSet::new();
            loop {
                let (tcp, peer) = listener.accept().await.expect("open");
                let (tls, tunnel) = (tls.clone(), here.clone());
                calls.spawn(async move { answer(tls, tcp, peer, tunnel).await });
            }
        });
        Self {
            tunnel,
            address: address(local),
            pin: identity.fingerprint(),
            _swallows: swallows,
            udp,
            _tasks: tasks,
        }
    }

    /// Takes a client's connection that does not come in a tunnel, and greets it.
    pub(crate) async fn greet_by_udp(&self) -> Guest {
        let endpoint = self.udp.as_ref().expect("with UDP").endpoint();
        let incoming = endpoint.accept().await.expect("open");
        greet(incoming.await.expect("a handshake"), None).await
    }

    /// Takes a client's connection and greets it.
    pub(crate) async fn greet(&self) -> Guest {
        let incoming = self.tunnel.endpoint().accept().await.expect("open");
        let held = self.tunnel.hold(incoming.remote_address());
        let connecting = self.tunnel.accept(incoming).expect("a caller");
        greet(connecting.await.expect("a handshake"), held).await
    }
}

pub(crate) async fn greet(connection: Connection, held: Option<Held>) -> Guest {
    let (send, recv) = connection.accept_bi().await.expect("control stream");
    let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
    let _hello: ClientHello = reader.read().await.expect("parses").expect("a hello");
    let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
    let welcome = HubHello::Welcome {
        version: VersionRange::OURS.newest,
        hub: "test".into(),
    };
    writer.write(&welcome).await.expect("sent");
    transport::server::welcome(&connection);
    transport::server::open_lanes(&connection);
    Guest {
        connection,
        _control: (reader, writer),
        _held: held,
    }
}

/// Reads a request's head, takes it for one for a tunnel, and carries that.
async fn answer(tls: TlsAcceptor, tcp: TcpStream, peer: SocketAddr, tunnel: Tunnel) {
    tunnel::tune_tcp(&tcp);
    let Ok(mut stream) = tls.accept(tcp).await else {
        return;
    };
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else {
            return;
        };
        head.push(byte);
    }
    let head = String::from_utf8(head).expect("a head");
    assert!(head.starts_with("GET /tunnel HTTP/1.1\r\n"), "{head}");
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
}

/// TLS with the hub's own key.
fn tls(identity: &HubIdentity) -> TlsAcceptor {
    let (certificate, key) = identity.certificate_and_key();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ciphers for them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a good key");
    TlsAcceptor::from(Arc::new(config))
}

pub(crate) fn identity() -> (HubIdentity, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let identity = HubIdentity::open_or_create(folder.path()).expect("writable");
    (identity, folder)
}

/// A hub that everybody reaches by UDP.
pub(crate) fn direct() -> (Endpoint, HubAddress, Fingerprint) {
    let (identity, _folder) = identity();
    let endpoint = transport::server::bind(LOCAL, &identity).expect("a free port");
    let at = address(endpoint.local_addr().expect("bound"));
    (endpoint, at, identity.fingerprint())
}

/// A TCP and a UDP port of one number.
async fn same_ports() -> (TcpListener, UdpSocket) {
    loop {
        let listener = TcpListener::bind(LOCAL).await.expect("a free port");
        let at = listener.local_addr().expect("bound");
        if let Ok(swallows) = UdpSocket::bind(at) {
            return (listener, swallows);
        }
    }
}

fn address(of: SocketAddr) -> HubAddress {
    HubAddress {
        host: of.ip().to_string(),
        port: of.port(),
    }
}

/// Carries TCP to a hub, each byte so much later, while it is not cut; and UDP as its gate says.
pub(crate) struct Line {
    pub(crate) address: HubAddress,
    pub(crate) gate: Arc<Gate>,
    cut: watch::Sender<bool>,
    stands_still: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl Line {
    pub(crate) async fn to(hub: &Hub, delay: Duration) -> Self {
        let (listener, udp) = same_ports().await;
        let address = address(listener.local_addr().expect("bound"));
        let far = SocketAddr::from((Ipv4Addr::LOCALHOST, hub.address.port));
        let (cut, stands_still) = (watch::Sender::new(false), watch::Sender::new(false));
        let still = stands_still.subscribe();
        let mut tasks = JoinSet::new();
        let gate = Arc::new(Gate::default());
        tasks.spawn(Arc::clone(&gate).stand(udp, far));
        let is_cut = cut.subscribe();
        tasks.spawn(async move {
            let mut calls = JoinSet::new();
            loop {
                let (near, _peer) = listener.accept().await.expect("open");
                let (mut is_cut, still) = (is_cut.clone(), still.clone());
                calls.spawn(async move {
                    // little, so that what stands still is soon felt at the hub
                    let socket = TcpSocket::new_v4().expect("a socket");
                    socket.set_recv_buffer_size(64 << 10).expect("small");
                    let far = socket.connect(far).await.expect("the hub listens");
                    tokio::select! {
                        () = carry(near, far, delay, still) => {}
                        _ = is_cut.wait_for(|cut| *cut) => {}
                    }
                });
            }
        });
        Self {
            address,
            gate,
            cut,
            stands_still,
            _tasks: tasks,
        }
    }

    /// Ends what runs over it, and whatever comes until it is mended.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Takes what comes no further from now on, and takes no more.
    pub(crate) fn stand_still(&self) {
        self.stands_still.send_replace(true);
    }

    pub(crate) fn mend(&self) {
        self.cut.send_replace(false);
    }
}

/// Lets UDP through or swallows it, of one client after another.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Handshakes, and questions.
    pub(crate) lets_begin: AtomicBool,
    /// What comes after them.
    pub(crate) lets_go_on: AtomicBool,
    pub(crate) came: AtomicUsize,
    pub(crate) went_on: AtomicUsize,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.set(true);
    }

    pub(crate) fn shut(&self) {
        self.set(false);
    }

    fn set(&self, lets_through: bool) {
        self.lets_begin.store(lets_through, Ordering::Relaxed);
        self.lets_go_on.store(lets_through, Ordering::Relaxed);
    }

    async fn stand(self: Arc<Self>, front: UdpSocket, hub: SocketAddr) {
        front.set_nonblocking(true).expect("open");
        let front = Arc::new(tokio::net::UdpSocket::from_std(front).expect("a runtime"));
        let mut backs = BTreeMap::new();
        let mut tasks = JoinSet::new();
        let mut datagram = vec![0; 65_536];
        loop {
            let (length, client) = front.recv_from(&mut datagram).await.expect("open");
            self.came.fetch_add(1, Ordering::Relaxed);
            let datagram = &datagram[..length];
            if !self.passes(datagram) {
                continue;
            }
            let back = match backs.entry(client) {
                Entry::Occupied(back) => back.into_mut(),
                Entry::Vacant(place) => {
                    let back = tokio::net::UdpSocket::bind(LOCAL).await.expect("a port");
                    back.connect(hub).await.expect("loopback");
                    let back = Arc::new(back);
                    let (gate, front) = (Arc::clone(&self), Arc::clone(&front));
                    tasks.spawn(gate.bring_back(Arc::clone(&back), front, client));
                    place.insert(back)
                }
            };
            back.send(datagram).await.expect("loopback");
        }
    }

    async fn bring_back(
        self: Arc<Self>,
        back: Arc<tokio::net::UdpSocket>,
        front: Arc<tokio::net::UdpSocket>,
        client: SocketAddr,
    ) {
        let mut datagram = vec![0; 65_536];
        while let Ok(length) = back.recv(&mut datagram).await {
            let datagram = &datagram[..length];
            if self.passes(datagram) {
                front.send_to(datagram, client).await.expect("loopback");
            }
        }
    }

    fn passes(&self, datagram: &[u8]) -> bool {
        if datagram.first().is_some_and(|first| first & 0x80 != 0) {
            return self.lets_begin.load(Ordering::Relaxed);
        }
        let passes = self.lets_go_on.load(Ordering::Relaxed);
        self.went_on.fetch_add(passes.into(), Ordering::Relaxed);
        passes
    }
}

async fn carry(near: TcpStream, far: TcpStream, delay: Duration, still: watch::Receiver<bool>) {
    near.set_nodelay(true).expect("open");
    far.set_nodelay(true).expect("open");
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::join!(
        late(near_in, far_out, delay, still.clone()),
        late(far_in, near_out, delay, still)
    );
}

async fn late(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    delay: Duration,
    mut still: watch::Receiver<bool>,
) {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(16);
    let reading = async move {
        let mut piece = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            let due = Instant::now() + delay;
            if sender.send((due, piece[..length].to_vec())).await.is_err() {
                break;
            }
        }
    };
    let writing = async move {
        while let Some((due, piece)) = pieces.recv().await {
            sleep_until(due).await;
            let goes = still.wait_for(|still| !still).await.is_ok();
            if !goes || to.write_all(&piece).await.is_err() {
                break;
            }
        }
    };
    tokio::join!(reading, writing);
}

/// Ends a client in good order.
pub(crate) async fn leave(greeted: transport::client::Greeted) {
    close::close(&greeted.connection);
    greeted.endpoint.wait_idle().await;
}
