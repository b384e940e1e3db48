//! The page's TCP ports: a limited number of visitors, each with limited time for everything.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use session::throttle::Neighbour;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::PageError;
use crate::crowd::{Crowd, Knock};

/// For the first byte and the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// For all headers of a request, and between two requests.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a visitor may stay: enough for Helpme over a slow line. What is missing then can be fetched
/// as a range.
const VISIT: Duration = Duration::from_mins(15);
const MOST_HEADERS: usize = 64;
/// Of one request, all headers together.
const MOST_HEADER_BYTES: usize = 16 * 1024;
/// How long to wait where the system has no connections left to give.
const PAUSE: Duration = Duration::from_millis(200);
/// The first byte of each TLS connection.
const TLS_HANDSHAKE: u8 = 22;
const NO_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\
    Content-Length: 30\r\nConnection: close\r\n\r\nThis port speaks HTTPS alone.\r\n";

/// Listens on `address`.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, PageError> {
    let listen = || {
        let listener = StdListener::bind(address)?;
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    };
    listen().map_err(|source| PageError::Bind { address, source })
}

/// Serves visitors until it is dropped.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    router: Router,
    crowd: Arc<Crowd>,
) {
    let acceptor = TlsAcceptor::from(tls);
    let mut visits = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_over) = visits.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                let visit = visit(stream, peer, acceptor.clone(), router.clone());
                let crowd = Arc::clone(&crowd);
                visits.spawn(async move {
                    let neighbour = Neighbour::from(peer.ip());
                    let Knock::Enter(place) = Crowd::knock(&crowd, neighbour, true) else {
                        tracing::debug!(%peer, "No room for a visitor");
                        return;
                    };
                    tokio::select! {
                        biased;
                        () = place.ousted() => tracing::debug!(%peer, "Visitor makes room"),
                        visited = timeout(VISIT, visit) => match visited {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => tracing::debug!(%peer, %error, "Visitor gone"),
                            Err(_elapsed) => tracing::debug!(%peer, "Visitor stayed too long"),
                        },
                    }
                });
            }
            Err(error) => {
                if let Some(left_out) = crowd.log.may_write() {
                    tracing::warn!(%error, left_out, "No visitor to be had");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn visit(
    mut stream: TcpStream,
    peer: SocketAddr,
    acceptor: TlsAcceptor,
    router: Router,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0];
    let handshake = async {
        if stream.peek(&mut first).await? == 0 {
            return Ok(None);
        }
        if first != [TLS_HANDSHAKE] {
            stream.write_all(NO_TLS).await?;
            stream.shutdown().await?;
            return Ok(None);
        }
        acceptor.accept(stream).await.map(Some)
    };
    let Some(stream) = timeout(HANDSHAKE_TIMEOUT, handshake).await?? else {
        return Ok(());
    };
    tracing::trace!(%peer, "Visitor");
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        .max_headers(MOST_HEADERS)
        .max_buf_size(MOST_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades()
        .await
        .map_err(io::Error::other)
}
