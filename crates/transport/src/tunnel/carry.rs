//! Datagrams between a lane and its `WebSocket`.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::packed::Packed;
use super::socket::{Lane, Received};

/// Carries until either side is gone, or the lane was closed and is empty.
pub(super) async fn carry<S>(
    websocket: WebSocketStream<S>,
    peer: SocketAddr,
    lane: &Lane,
    inbox: &mpsc::Sender<Received>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sink, mut stream) = websocket.split();
    let sending = async {
        while lane.filled().await {
            while let Some(datagrams) = lane.pop() {
                sink.feed(Message::Binary(datagrams.into_message())).await?;
            }
            sink.flush().await?;
        }
        sink.close().await
    };
    let receiving = async {
        while let Some(message) = stream.next().await {
            match message? {
                Message::Binary(message) => {
                    let Some(datagrams) = Packed::from_message(message) else {
                        break;
                    };
                    let from = peer;
                    let received = Received { from, datagrams };
                    if inbox.send(received).await.is_err() {
                        break;
                    }
                }
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Text(_) | Message::Close(_) | Message::Frame(_) => break,
            }
        }
        Ok(())
    };
    let ended = tokio::select! {
        ended = sending => ended,
        ended = receiving => ended,
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "Tunnel ended");
    }
}
