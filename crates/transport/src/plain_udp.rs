//! UDP without the extras of the operating system: for those that refuse them, as odd and old stacks do, and
//! Wine. It costs a system call a datagram, and congestion is noticed by losses alone.

use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, Runtime as _, TokioRuntime, UdpPoller};

/// The socket as QUIC wants it: with all extras where the system has them.
///
/// # Errors
///
/// That the runtime takes it in no way.
pub(crate) fn for_quic(socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    match TokioRuntime.wrap_udp_socket(socket.try_clone()?) {
        Ok(wrapped) => Ok(wrapped),
        Err(error) => {
            tracing::info!(%error, "UDP without its extras");
            Ok(Arc::new(PlainUdp::new(socket)?))
        }
    }
}

/// Whether what receiving ended with is about one datagram alone, and the next may be there.
///
/// Windows tells of one that is larger than the room for it (`WSAEMSGSIZE`), which others cut off, and of an earlier one
/// that found nobody (`WSAECONNRESET`) or was on the way for too long (`WSAENETRESET`).
pub(crate) fn is_of_one_datagram(error: &io::Error) -> bool {
    const TOO_LARGE: i32 = 10_040;
    const TOO_LONG_ON_THE_WAY: i32 = 10_052;
    let code = error.raw_os_error().filter(|_| cfg!(windows));
    matches!(code, Some(TOO_LARGE | TOO_LONG_ON_THE_WAY))
        || error.kind() == io::ErrorKind::ConnectionReset
}

#[derive(Debug)]
struct PlainUdp {
    socket: tokio::net::UdpSocket,
}

impl PlainUdp {
    fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = tokio::net::UdpSocket::from_std(socket)?;
        Ok(Self { socket })
    }
}

impl AsyncUdpSocket for PlainUdp {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Writable {
            socket: self,
            waits: None,
        })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let sent = self
            .socket
            .try_send_to(transmit.contents, transmit.destination);
        match sent {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
            // a network that is gone for a while loses what is sent
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let (Some(buffer), Some(meta)) = (buffers.first_mut(), meta.first_mut()) else {
            return Poll::Ready(Ok(0));
        };
        loop {
            ready!(self.socket.poll_recv_ready(cx))?;
            match self.socket.try_recv_from(buffer) {
                Ok((length, from)) => {
                    *meta = RecvMeta {
                        addr: from,
                        len: length,
                        stride: length,
                        ..RecvMeta::default()
                    };
                    return Poll::Ready(Ok(1));
                }
                // what is lost QUIC finds out by itself, and any other error ends the endpoint
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock || is_of_one_datagram(&error) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

type Waits = Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>;

/// Waits until the socket takes something again; each task that waits has its own.
struct Writable {
    socket: Arc<PlainUdp>,
    waits: Option<Waits>,
}

impl UdpPoller for Writable {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let plain = Arc::clone(&self.socket);
        let waits = self
            .waits
            .get_or_insert_with(|| Box::pin(async move { plain.socket.writable().await }));
        let is_writable = ready!(waits.as_mut().poll(cx));
        self.waits = None;
        Poll::Ready(is_writable)
    }
}

impl fmt::Debug for Writable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writable").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn plain() -> Arc<PlainUdp> {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Arc::new(PlainUdp::new(socket).unwrap())
    }

    async fn received(socket: &PlainUdp) -> (Vec<u8>, SocketAddr) {
        let mut buffer = [0; 2000];
        let mut meta = [RecvMeta::default()];
        let count = std::future::poll_fn(|cx| {
            socket.poll_recv(cx, &mut [IoSliceMut::new(&mut buffer)], &mut meta)
        });
        assert_eq!(count.await.unwrap(), 1);
        (buffer[..meta[0].len].to_vec(), meta[0].addr)
    }

    /// As QUIC does it: again, once the socket takes something.
    async fn send(from: &Arc<PlainUdp>, to: SocketAddr, contents: &[u8]) {
        let transmit = Transmit {
            destination: to,
            ecn: None,
            contents,
            segment_size: None,
            src_ip: None,
        };
        let mut poller = Arc::clone(from).create_io_poller();
        while let Err(error) = from.try_send(&transmit) {
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            std::future::poll_fn(|cx| poller.as_mut().poll_writable(cx))
                .await
                .unwrap();
        }
    }

    #[tokio::test]
    async fn r2_datagrams_go_both_ways_also_after_one_that_found_nobody() {
        let (here, there) = (plain(), plain());
        let nobody = plain().local_addr().unwrap();
        send(&here, nobody, b"lost").await;
        let (first, second) = (here.local_addr().unwrap(), there.local_addr().unwrap());
        send(&here, second, b"ping").await;
        assert_eq!(received(&there).await, (b"ping".to_vec(), first));
        send(&there, first, &[7; 1400]).await;
        assert_eq!(received(&here).await, (vec![7; 1400], second));
    }
}
