//! A hub's UDP socket, which passes on what is for connections that began in a tunnel.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::sync::mpsc;

use super::packed::Packed;
use super::place;
use super::socket::Received;
use crate::server::ConnectionIds;

/// The first bit of a packet of a handshake.
const LONG_HEADER: u8 = 0x80;

#[derive(Debug)]
pub(crate) struct Front {
    socket: Arc<dyn AsyncUdpSocket>,
    guests: OnceLock<Box<[Guest]>>,
}

/// An endpoint of tunnels.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    /// Knows the ids of its connections.
    pub(super) ids: ConnectionIds,
    pub(super) inbox: mpsc::Sender<Received>,
    /// What the endpoint calls the socket.
    pub(super) socket: u32,
}

impl Front {
    pub(crate) fn new(socket: Arc<dyn AsyncUdpSocket>) -> Arc<Self> {
        let guests = OnceLock::new();
        Arc::new(Self { socket, guests })
    }

    pub(super) fn socket(&self) -> Arc<dyn AsyncUdpSocket> {
        Arc::clone(&self.socket)
    }

    /// Passes on what is for `guests` from now on; only the first call counts.
    pub(super) fn pass_on_to(&self, guests: Vec<Guest>) {
        if self.guests.set(guests.into()).is_err() {
            tracing::error!("A socket has its guests already");
        }
    }

    /// Whose `datagram` it is, if it is not for the socket's own endpoint.
    fn guest(&self, datagram: &[u8]) -> Option<&Guest> {
        let (first, rest) = datagram.split_first()?;
        if first & LONG_HEADER != 0 {
            // a tunnel's handshake was done in the tunnel
            return None;
        }
        let id = *rest.first_chunk()?;
        let mut guests = self.guests.get()?.iter();
        guests.find(|guest| guest.ids.know(id))
    }
}

impl Guest {
    /// Takes datagrams of `size`, but for the last. What finds no room is lost, as in a router.
    fn take(&self, from: SocketAddr, datagrams: &[u8], size: usize) {
        let from = place::by_udp(from, self.socket);
        for datagrams in Packed::all(datagrams, size.max(1)) {
            let received = Received { from, datagrams };
            if self.inbox.try_send(received).is_err() {
                tracing::trace!(%from, "No room for what came");
            }
        }
    }
}

impl AsyncUdpSocket for Front {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.socket).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.socket.try_send(transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let received = self.socket.poll_recv(cx, buffers, meta);
        if let Poll::Ready(Ok(count)) = received {
            for (meta, buffer) in meta.iter_mut().zip(buffers).take(count) {
                // together came what is from one peer for one connection
                if let Some(datagrams) = buffer.get(..meta.len)
                    && let Some(guest) = self.guest(datagrams)
                {
                    guest.take(meta.addr, datagrams, meta.stride);
                    meta.len = 0;
                }
            }
        }
        received
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.socket.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.socket.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.socket.may_fragment()
    }
}
