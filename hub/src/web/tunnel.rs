//! The page by which tunnels come.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::header::{
    CONNECTION, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use transport::tunnel::{self, Tunnel};

use super::{Caller, dull};

/// Answers `request`, which asks for the page of the tunnels, and carries the tunnel from then on. It
/// stands on the caller's place until a connection in it is counted.
pub(super) fn open<B>(
    request: Request<B>,
    tunnel: &Tunnel,
    peer: SocketAddr,
    caller: Caller,
) -> Response<Body>
where
    B: Send + 'static,
{
    let Some(key) = websocket_key(&request) else {
        return dull(StatusCode::BAD_REQUEST);
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    let tunnel = tunnel.clone();
    // ends with its connections, also when the hub does
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(stream) => {
                let ousted = async move { caller.0.ousted().await };
                tunnel.carry(TokioIo::new(stream), peer, ousted).await;
            }
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
        && names(SEC_WEBSOCKET_VERSION, "13")
        // only a browser says where the page is from that wants it, and no page has business here
        && !headers.contains_key(ORIGIN);
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| asks)?;
    HeaderValue::try_from(tunnel::accept_key(key.as_bytes())).ok()
}
