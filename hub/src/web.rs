//! The hub's TCP ports (R5): TLS, and behind it the user's page, and the page by which
//! [tunnels](transport::tunnel) come. Without the page they give the dull answer that there is nothing.

mod acme;
mod certificate;
mod challenge;
mod linger;
mod ports;
mod tunnel;
mod validity;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use session::throttle::Neighbour;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;
use transport::HubIdentity;
use transport::tunnel::{self as tunnels, Tunnel};

pub(crate) use self::acme::{ACCOUNT_FILE, Acme, CERTIFICATE_FILE};
pub use self::acme::{AcmeConfig, AcmeFault, AcmeStanding, AcmeTrouble};
pub(crate) use self::certificate::Certificate;
pub use self::certificate::{CertificateError, CertificateFiles, CertificateSource};
use self::linger::Lingering;
pub use self::ports::WebError;
use self::ports::{Port, Wanted};
pub use self::validity::{CertificateStanding, Validity, certificate_validity};
use crate::crowd::{Crowd, Knock, Place};
use crate::metrics::Refused;

/// For the first byte, and for the TLS handshake from then on.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// For all headers of a request, and between two requests.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a caller may stay that becomes no tunnel: enough for Helpme over a slow line. What is missing
/// then can be fetched as a range.
const VISIT: Duration = Duration::from_mins(15);
/// Of one request, all headers together.
const HEAD_BYTES: usize = 16 << 10;
const MAX_HEADERS: usize = 64;
/// The pause after the operating system has no socket to give.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(100);
/// How every TLS connection begins.
const TLS_HANDSHAKE: u8 = 0x16;

/// The hub's TCP ports, which listen already.
#[derive(Debug)]
pub(crate) struct Web {
    ports: Vec<Port>,
    certificate: Arc<Certificate>,
    callers: Arc<Crowd>,
}

/// A caller's place in the crowd of callers, for what its requests are answered with.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Arc<Place>);

/// What a call needs.
#[derive(Clone)]
struct Door {
    tls: TlsAcceptor,
    tunnel: Tunnel,
    callers: Arc<Crowd>,
    page: Option<Router>,
}

impl Web {
    /// Listens: on the addresses `given`, or else on the usual ports and those of
    /// UDP, `udp`, where they can be had; where there is to be a page, those of UDP must be. Must run inside
    /// a tokio runtime.
    pub(crate) fn open(
        given: Option<&[SocketAddr]>,
        udp: &[SocketAddr],
        has_page: bool,
        certificate: Arc<Certificate>,
        identity: &HubIdentity,
        callers: Crowd,
    ) -> Result<Self, WebError> {
        let wanted = given.map_or_else(|| Wanted::usual(udp, has_page), Wanted::all);
        let ports = ports::listen(&wanted, identity)?;
        if ports.is_empty() && has_page {
            return Err(WebError::PageNowhere);
        }
        Ok(Self {
            ports,
            certificate,
            callers: Arc::new(callers),
        })
    }

    /// Where it listens, with the ports it really has.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.ports.iter().map(|port| port.address)
    }

    /// The tunnels of each port.
    pub(crate) fn tunnels(&self) -> impl Iterator<Item = &Tunnel> {
        self.ports.iter().map(|port| &port.tunnel)
    }

    /// Who calls.
    pub(crate) fn callers(&self) -> &Arc<Crowd> {
        &self.callers
    }

    /// What callers are shown.
    pub(crate) fn certificate(&self) -> &Arc<Certificate> {
        &self.certificate
    }

    /// Serves until dropped, and all calls with it; not what comes in tunnels.
    pub(crate) async fn serve(self, page: Option<Router>) {
        let tls = TlsAcceptor::from(self.certificate.tls());
        let mut serving = JoinSet::new();
        for port in self.ports {
            let door = Door {
                tls: tls.clone(),
                tunnel: port.tunnel,
                callers: Arc::clone(&self.callers),
                page: page.clone(),
            };
            serving.spawn(door.open(port.listener));
        }
        serving.spawn(self.certificate.follow());
        while serving.join_next().await.is_some() {}
    }
}

impl Door {
    async fn open(self, listener: TcpListener) {
        let mut calls = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_ended) = calls.join_next() => continue,
            };
            match accepted {
                // here and not in a task of its own: who came first is the oldest
                Ok((tcp, peer)) => {
                    let neighbour = Neighbour::from(peer.ip());
                    if let Knock::Enter(place) = Crowd::knock(&self.callers, neighbour, true) {
                        calls.spawn(self.clone().stay(tcp, peer, Caller(Arc::new(place))));
                    } else {
                        // not worth an answer
                        tracing::debug!(%peer, "No room for a caller");
                    }
                }
                Err(error) => {
                    if let Some(left_out) = self.callers.log.may_write() {
                        tracing::warn!(%error, left_out, "Cannot take a call");
                    }
                    sleep(OUT_OF_SOCKETS).await;
                }
            }
        }
    }

    /// Answers for as long as the caller may stay.
    async fn stay(self, tcp: TcpStream, peer: SocketAddr, caller: Caller) {
        let Caller(place) = caller.clone();
        tokio::select! {
            biased;
            () = place.ousted() => tracing::debug!(%peer, "Caller makes room"),
            stayed = timeout(VISIT, self.answer(tcp, peer, caller)) => if stayed.is_err() {
                place.crowd.counters.count_refused(Refused::TooLong);
                tracing::debug!(%peer, "Caller stayed too long");
            }
        }
    }

    async fn answer(self, tcp: TcpStream, peer: SocketAddr, caller: Caller) {
        tunnels::tune_tcp(&tcp);
        let mut first = [0];
        match timeout(HANDSHAKE_TIME, tcp.peek(&mut first)).await {
            Ok(Ok(1)) if first == [TLS_HANDSHAKE] => {}
            Ok(Ok(1)) => {
                self.count_no_tls();
                let refuse = |_request| async { Ok(dull(StatusCode::BAD_REQUEST)) };
                return serve_http(Lingering::new(tcp), peer, refuse).await;
            }
            Ok(Ok(_) | Err(_)) | Err(_) => return self.count_no_tls(),
        }
        let tcp = Lingering::new(tcp);
        match timeout(HANDSHAKE_TIME, self.tls.accept(tcp)).await {
            // an authority has seen what it came for
            Ok(Ok(tls)) if tls.get_ref().1.alpn_protocol() == Some(challenge::PROTOCOL) => {
                tracing::debug!(%peer, "Challenge shown");
            }
            Ok(Ok(tls)) => {
                let respond = |request| {
                    let (door, caller) = (self.clone(), caller.clone());
                    async move { Ok(door.respond(request, peer, caller).await) }
                };
                serve_http(tls, peer, respond).await;
            }
            Ok(Err(error)) => {
                self.count_no_tls();
                tracing::debug!(%peer, %error, "No TLS");
            }
            Err(_elapsed) => {
                self.count_no_tls();
                tracing::debug!(%peer, "No TLS in time");
            }
        }
    }

    fn count_no_tls(&self) {
        self.callers.counters.count_refused(Refused::NoTls);
    }

    async fn respond(
        self,
        mut request: Request<Incoming>,
        peer: SocketAddr,
        caller: Caller,
    ) -> Response<Body> {
        // until it asks for what is worth a place again
        caller.0.let_go();
        if request.uri().path() == tunnels::PATH {
            return tunnel::open(request, &self.tunnel, peer, caller);
        }
        let Some(page) = self.page else {
            return dull(StatusCode::NOT_FOUND);
        };
        request.extensions_mut().insert(caller);
        let Ok(response) = page.oneshot(request.map(Body::new)).await;
        response
    }
}

/// Serves requests over `stream`; what is none is refused as web servers do.
async fn serve_http<S, H, F>(stream: S, peer: SocketAddr, respond: H)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service_fn(respond))
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "Call broke");
    }
}

/// An answer that tells nothing of what listens here.
fn dull(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{status}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
