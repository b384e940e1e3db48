//! The hub's TCP ports: TLS, and behind it what a web server has. So far that is the page by which
//! [tunnels](transport::tunnel) come, and for everything else the dull answer that there is nothing.

mod gate;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use session::throttle::Neighbour;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use transport::routes::TUNNEL_PORTS;
use transport::tunnel::{self, Tunnel};
use transport::{BindError, HubIdentity};

pub(crate) use gate::{Gate, Pass};

/// How long a caller has to say what it wants, TLS and all.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long a call may take that becomes no tunnel.
const CALL_TIME: Duration = Duration::from_secs(10);
const HEAD_BYTES: usize = 16 << 10;
const MAX_HEADERS: usize = 64;
const BACKLOG: i32 = 1024;
/// The pause after the operating system has no socket to give.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(100);
/// How every TLS connection begins.
const TLS_HANDSHAKE: u8 = 0x16;

/// One TCP port.
#[derive(Debug)]
pub(crate) struct Web {
    listener: TcpListener,
    address: SocketAddr,
    door: Door,
}

/// What a call needs.
#[derive(Clone)]
struct Door {
    tls: TlsAcceptor,
    tunnel: Tunnel,
    gate: Arc<Gate>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

impl Web {
    /// Listens on `address`. Must run inside a tokio runtime.
    pub(crate) fn listen(
        address: SocketAddr,
        identity: &HubIdentity,
        gate: Arc<Gate>,
    ) -> Result<Self, BindError> {
        let listener = bind(address).map_err(|source| BindError::io(address, source))?;
        let address = listener.local_addr().unwrap_or(address);
        let door = Door {
            tls: TlsAcceptor::from(tunnel::web_tls(identity)?),
            tunnel: Tunnel::new(address, identity)?,
            gate,
        };
        Ok(Self {
            listener,
            address,
            door,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn tunnel(&self) -> &Tunnel {
        &self.door.tunnel
    }

    /// Serves until dropped, and all its calls and tunnels with it.
    pub(crate) async fn serve(self) {
        let mut calls = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_ended) = calls.join_next() => continue,
            };
            match accepted {
                Ok((tcp, peer)) => {
                    let pass = Gate::enter(&self.door.gate, Neighbour::from(peer.ip()));
                    // who gets none is not worth an answer
                    if let Some(pass) = pass {
                        calls.spawn(self.door.clone().answer(tcp, peer, pass));
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "Cannot take a call");
                    sleep(OUT_OF_SOCKETS).await;
                }
            }
        }
    }
}

/// Listens on `given`, or else on the usual ports and the ports of UDP, `udp`, where they can be had.
pub(crate) fn listen(
    given: Option<&[SocketAddr]>,
    udp: &[SocketAddr],
    identity: &HubIdentity,
) -> Result<Vec<Web>, BindError> {
    let gate = Arc::new(Gate::default());
    let listen = |address: SocketAddr| Web::listen(address, identity, Arc::clone(&gate));
    if let Some(given) = given {
        return given.iter().copied().map(listen).collect();
    }
    let mut addresses = Vec::new();
    for of_udp in udp {
        for port in [of_udp.port()].into_iter().chain(TUNNEL_PORTS) {
            let address = SocketAddr::new(of_udp.ip(), port);
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    let mut webs = Vec::new();
    for address in addresses {
        match listen(address) {
            Ok(web) => webs.push(web),
            Err(error @ (BindError::PortInUse { .. } | BindError::Io { .. })) => {
                tracing::info!(%address, %error, "No tunnels here");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(webs)
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // the port of a hub that was just ended
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

impl Door {
    async fn answer(self, tcp: TcpStream, peer: SocketAddr, pass: Pass) {
        tunnel::tune_tcp(&tcp);
        let mut first = [0];
        let begins_tls = match timeout(HEAD_TIME, tcp.peek(&mut first)).await {
            Ok(Ok(1)) => first[0] == TLS_HANDSHAKE,
            Ok(Ok(_) | Err(_)) | Err(_) => return,
        };
        if !begins_tls {
            let refuse = |_request| async { Ok(dull(StatusCode::BAD_REQUEST)) };
            return serve_http(tcp, peer, refuse).await;
        }
        match timeout(HEAD_TIME, self.tls.accept(tcp)).await {
            Ok(Ok(tls)) => {
                let pass = Arc::new(pass);
                let answer = |request| {
                    let answer = page(request, &self.tunnel, peer, &pass);
                    async { Ok(answer) }
                };
                serve_http(tls, peer, answer).await;
            }
            Ok(Err(error)) => tracing::debug!(%peer, %error, "No TLS"),
            Err(_elapsed) => tracing::debug!(%peer, "No TLS in time"),
        }
    }
}

/// Serves one request over `stream`; what is none is refused as web servers do.
async fn serve_http<S, H, F>(stream: S, peer: SocketAddr, answer: H)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Result<Response<Full<Bytes>>, Infallible>>,
{
    let call = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .with_upgrades();
    match timeout(CALL_TIME, call).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%peer, %error, "Call broke"),
        Err(_elapsed) => tracing::debug!(%peer, "Call took too long"),
    }
}

fn page(
    request: Request<Incoming>,
    tunnel: &Tunnel,
    peer: SocketAddr,
    pass: &Arc<Pass>,
) -> Response<Full<Bytes>> {
    if request.uri().path() == tunnel::PATH {
        open_tunnel(request, tunnel, peer, Arc::clone(pass))
    } else {
        dull(StatusCode::NOT_FOUND)
    }
}

/// Answers `request`, which asks for the page of the tunnels, and carries the tunnel from then on.
/// `pass` is dropped when a connection in it is counted.
pub(crate) fn open_tunnel<B, P>(
    request: Request<B>,
    tunnel: &Tunnel,
    peer: SocketAddr,
    pass: P,
) -> Response<Full<Bytes>>
where
    B: Send + 'static,
    P: Send + 'static,
{
    let Some(key) = websocket_key(&request) else {
        return dull(StatusCode::BAD_REQUEST);
    };
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    let tunnel = tunnel.clone();
    // ends with its connections, also when the hub does
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(stream) => tunnel.carry(TokioIo::new(stream), peer, pass).await,
            Err(error) => tracing::debug!(%peer, %error, "No tunnel"),
        }
    });
    response
}

/// The answer to the key of a request that asks for a `WebSocket`.
fn websocket_key<B>(request: &Request<B>) -> Option<HeaderValue> {
    let headers = request.headers();
    let names = |name: HeaderName, wanted: &str| {
        let values = headers.get_all(name).into_iter();
        let mut words = values
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','));
        words.any(|word| word.trim().eq_ignore_ascii_case(wanted))
    };
    let asks = request.method() == Method::GET
        && names(CONNECTION, "upgrade")
        && names(UPGRADE, "websocket")
        && names(SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| asks)?;
    HeaderValue::try_from(tunnel::accept_key(key.as_bytes())).ok()
}

/// An answer that tells nothing of what listens here.
fn dull(status: StatusCode) -> Response<Full<Bytes>> {
    let text = format!("{status}\n");
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, plain);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
