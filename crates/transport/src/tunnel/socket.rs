//! What quinn takes for a UDP socket: lanes by address, each with a queue of datagrams to send.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::net::UdpSocket;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;

use super::packed::Packed;
use super::place;

/// Messages that may wait for quinn, of all lanes. A lane that is not served in time waits, and its
/// TCP with it; who waits first is served first.
const INBOX: usize = 512;
/// What one transmission may bring at most.
const SEGMENTS: usize = 16;

/// What a lane does with more than it may queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenFull {
    /// Loses it, as a router does: others share the socket, and must not wait for one slow line.
    Drop,
    /// Lets the one connection wait.
    Wait,
}

/// What came from a peer.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) from: SocketAddr,
    pub(super) datagrams: Packed,
}

#[derive(Debug)]
pub(super) struct Socket {
    local: SocketAddr,
    when_full: WhenFull,
    lanes: Mutex<BTreeMap<SocketAddr, Arc<Lane>>>,
    inbox: Mutex<mpsc::Receiver<Received>>,
    /// A hub's UDP sockets, for peers that left their tunnel.
    fronts: OnceLock<Box<[Arc<dyn AsyncUdpSocket>]>>,
    /// A program's own ...
    outside: OnceLock<Arc<Outside>>,
    /// ... and whether it is the way.
    left: Arc<AtomicBool>,
    /// What looks for that way, for as long as the socket is there.
    mover: OnceLock<AbortHandle>,
}

impl Socket {
    /// A socket without lanes. Once every sender of what it gives is gone, it fails where there is one peer
    /// ([`WhenFull::Wait`]).
    pub(super) fn new(
        local: SocketAddr,
        when_full: WhenFull,
    ) -> (Arc<Self>, mpsc::Sender<Received>) {
        let (sender, inbox) = mpsc::channel(INBOX);
        let socket = Self {
            local,
            when_full,
            lanes: Mutex::default(),
            inbox: Mutex::new(inbox),
            fronts: OnceLock::new(),
            outside: OnceLock::new(),
            left: Arc::default(),
            mover: OnceLock::new(),
        };
        (Arc::new(socket), sender)
    }

    /// Reaches peers that left their tunnel by these sockets, which [`place`] numbers; only the first call
    /// counts.
    pub(super) fn reach_by(&self, fronts: Vec<Arc<dyn AsyncUdpSocket>>) {
        if self.fronts.set(fronts.into()).is_err() {
            tracing::error!("A tunnel has its UDP sockets already");
        }
    }

    /// Whether the hub is reached by UDP, and no longer in the tunnel.
    pub(super) fn left(&self) -> &Arc<AtomicBool> {
        &self.left
    }

    /// The UDP socket that is, or will be, the way: `found`, if there was none.
    pub(super) fn outside(&self, found: UdpSocket) -> &Arc<Outside> {
        self.outside.get_or_init(|| {
            let said = AtomicBool::new(false);
            Arc::new(Outside {
                socket: found,
                said,
            })
        })
    }

    /// Ends `mover` with the socket.
    pub(super) fn keep(&self, mover: AbortHandle) {
        if let Err(second) = self.mover.set(mover) {
            second.abort();
        }
    }

    /// The way of a program that left the tunnel.
    fn way_outside(&self) -> Option<&Outside> {
        let left = self.left.load(Ordering::Relaxed);
        self.outside.get().filter(|_| left).map(AsRef::as_ref)
    }

    /// Sends to a peer that left its tunnel; what the socket does not take is lost.
    fn send_by_front(&self, number: usize, transmit: &Transmit<'_>) {
        let fronts = self.fronts.get();
        let Some(front) = fronts.and_then(|fronts| fronts.get(number)) else {
            return;
        };
        let local = front.local_addr().unwrap_or(self.local);
        let destination = place::address(transmit.destination, local);
        let size = transmit.segment_size.unwrap_or(transmit.contents.len());
        let at_once = front.max_transmit_segments().max(1);
        for contents in transmit.contents.chunks(size.max(1) * at_once) {
            let sent = front.try_send(&Transmit {
                destination,
                ecn: transmit.ecn,
                contents,
                segment_size: (contents.len() > size).then_some(size),
                src_ip: None,
            });
            if let Err(error) = sent {
                tracing::trace!(%destination, %error, "Lost");
            }
        }
    }

    /// Opens the lane of `peer`, which may queue so many bytes. Who had that address before is gone.
    pub(super) fn open(&self, peer: SocketAddr, capacity: usize) -> Arc<Lane> {
        let lane = Arc::new(Lane::new(capacity));
        let before = lock(&self.lanes).insert(peer, Arc::clone(&lane));
        if let Some(before) = before {
            before.close();
        }
        lane
    }

    /// The lane of `peer` is gone, if it is still this one.
    pub(super) fn remove(&self, peer: SocketAddr, lane: &Arc<Lane>) {
        let mut lanes = lock(&self.lanes);
        if lanes.get(&peer).is_some_and(|of| Arc::ptr_eq(of, lane)) {
            lanes.remove(&peer);
        }
    }

    pub(super) fn lane(&self, peer: SocketAddr) -> Option<Arc<Lane>> {
        lock(&self.lanes).get(&peer).cloned()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(mover) = self.mover.get() {
            mover.abort();
        }
        for lane in lock(&self.lanes).values() {
            lane.close();
        }
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Poller(self))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        if let Some(number) = place::udp_number(transmit.destination) {
            self.send_by_front(number, transmit);
            return Ok(());
        }
        let size = transmit.segment_size.unwrap_or(transmit.contents.len());
        if let Some(outside) = self.way_outside() {
            return outside.send(transmit.contents, size.max(1));
        }
        // as to a peer that is gone
        let Some(lane) = self.lane(transmit.destination) else {
            return Ok(());
        };
        match lane.push(transmit.contents, size.max(1)) {
            Err(Full) if self.when_full == WhenFull::Wait => Err(io::ErrorKind::WouldBlock.into()),
            Ok(()) | Err(Full) => Ok(()),
        }
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut inbox = lock(&self.inbox);
        let places = buffers.len().min(meta.len());
        let mut count = 0;
        while count < places {
            match inbox.poll_recv(cx) {
                Poll::Ready(Some(Received { from, datagrams })) => {
                    let length = datagrams.bytes().len();
                    // larger than we ever said that we take
                    let Some(buffer) = buffers[count].get_mut(..length) else {
                        continue;
                    };
                    buffer.copy_from_slice(datagrams.bytes());
                    meta[count] = RecvMeta::default();
                    meta[count].addr = from;
                    meta[count].len = length;
                    meta[count].stride = datagrams.size();
                    count += 1;
                }
                // a hub's end, which has no single peer to lose, is just not used any more
                Poll::Ready(None) if count == 0 && self.when_full == WhenFull::Drop => {
                    return Poll::Pending;
                }
                Poll::Ready(None) if count == 0 => {
                    let broken = io::Error::new(io::ErrorKind::BrokenPipe, "the tunnel is gone");
                    return Poll::Ready(Err(broken));
                }
                Poll::Pending if count == 0 => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        Poll::Ready(Ok(count))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    fn may_fragment(&self) -> bool {
        false
    }

    fn max_transmit_segments(&self) -> usize {
        SEGMENTS
    }
}

/// A program's way beside the tunnel.
#[derive(Debug)]
pub(super) struct Outside {
    /// Connected to the hub's.
    pub(super) socket: UdpSocket,
    /// Something was sent.
    pub(super) said: AtomicBool,
}

impl Outside {
    /// Sends datagrams of `size`, but for the last. Either the first finds no room, or what finds none is
    /// lost.
    fn send(&self, datagrams: &[u8], size: usize) -> io::Result<()> {
        for (n, datagram) in datagrams.chunks(size).enumerate() {
            match self.socket.try_send(datagram) {
                Ok(_all) => self.said.store(true, Ordering::Relaxed),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return if n == 0 { Err(error) } else { Ok(()) };
                }
                // a network that is gone for a while loses what is sent
                Err(error) => tracing::trace!(%error, "Lost"),
            }
        }
        Ok(())
    }
}

/// A queue has no room.
#[derive(Debug)]
struct Full;

#[derive(Debug)]
struct Poller(Arc<Socket>);

impl UdpPoller for Poller {
    fn poll_writable(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.when_full == WhenFull::Drop {
            return Poll::Ready(Ok(()));
        }
        if let Some(outside) = self.0.way_outside() {
            return outside.socket.poll_send_ready(cx);
        }
        let lanes = lock(&self.0.lanes);
        let waits = lanes.values().all(|lane| lane.wait_for_room(cx.waker()));
        if waits && !lanes.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

/// One peer's queue of datagrams to send.
#[derive(Debug)]
pub(super) struct Lane {
    capacity: usize,
    queue: Mutex<Queue>,
    changed: Notify,
    /// Told when it is closed.
    ended: Notify,
    /// Connections that keep it.
    holders: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Packed>,
    bytes: usize,
    closed: bool,
    /// Who waits for room.
    wakers: Vec<Waker>,
}

impl Lane {
    fn new(capacity: usize) -> Self {
        Self {
            capacity,
            queue: Mutex::default(),
            changed: Notify::new(),
            ended: Notify::new(),
            holders: watch::Sender::new(0),
        }
    }

    /// Queues `contents` in datagrams of `size`, all or none.
    fn push(&self, contents: &[u8], size: usize) -> Result<(), Full> {
        let mut queue = lock(&self.queue);
        if queue.closed {
            // lost, as `wait_for_room` says: whoever waited here would wait for ever
            return Ok(());
        }
        if queue.bytes >= self.capacity {
            return Err(Full);
        }
        queue.bytes += contents.len();
        queue.messages.extend(Packed::all(contents, size));
        drop(queue);
        self.changed.notify_one();
        Ok(())
    }

    /// Whether there is no room; `waker` is told when there is.
    fn wait_for_room(&self, waker: &Waker) -> bool {
        let mut queue = lock(&self.queue);
        let full = queue.bytes >= self.capacity && !queue.closed;
        if full && !queue.wakers.iter().any(|known| known.will_wake(waker)) {
            queue.wakers.push(waker.clone());
        }
        full
    }

    /// What goes next, if anything does.
    pub(super) fn pop(&self) -> Option<Packed> {
        let mut queue = lock(&self.queue);
        let message = queue.messages.pop_front()?;
        queue.bytes -= message.bytes().len();
        if queue.bytes < self.capacity {
            queue.wakers.drain(..).for_each(Waker::wake);
        }
        Some(message)
    }

    /// Tells whoever waits for room to look again.
    pub(super) fn wake(&self) {
        lock(&self.queue).wakers.drain(..).for_each(Waker::wake);
    }

    /// How many connections keep it.
    pub(super) fn holders(&self) -> &watch::Sender<usize> {
        &self.holders
    }

    /// Nothing is queued any more; what is, still goes.
    pub(super) fn close(&self) {
        lock(&self.queue).closed = true;
        self.changed.notify_one();
        self.ended.notify_one();
    }

    /// Waits until it is closed. For one task only.
    pub(super) async fn closed(&self) {
        self.ended.notified().await;
    }

    /// Waits until there may be something; false if there never will be one. For one task only.
    pub(super) async fn filled(&self) -> bool {
        loop {
            {
                let queue = lock(&self.queue);
                if !queue.messages.is_empty() {
                    return true;
                }
                if queue.closed {
                    return false;
                }
            }
            self.changed.notified().await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

    fn send(socket: &Socket) -> io::Result<()> {
        socket.try_send(&Transmit {
            destination: PEER,
            ecn: None,
            contents: &[7; 1000],
            segment_size: None,
            src_ip: None,
        })
    }

    fn is_writable(socket: &Arc<Socket>) -> bool {
        let mut poller = Arc::clone(socket).create_io_poller();
        let mut cx = Context::from_waker(Waker::noop());
        poller.as_mut().poll_writable(&mut cx).is_ready()
    }

    #[test]
    fn nobody_waits_for_a_closed_lane_that_is_full() {
        let (socket, _inbox) = Socket::new(PEER, WhenFull::Wait);
        let lane = socket.open(PEER, 3000);
        while send(&socket).is_ok() {}
        assert_eq!(lock(&lane.queue).bytes, 3000);
        assert!(!is_writable(&socket));
        lane.close();
        assert!(is_writable(&socket));
        send(&socket).expect("lost, as to a peer that is gone");
        assert_eq!(lock(&lane.queue).bytes, 3000, "nothing more is kept");
        while lane.pop().is_some() {}
        send(&socket).expect("lost too");
        assert_eq!(lock(&lane.queue).bytes, 0);
    }

    #[tokio::test]
    async fn who_waits_for_a_lane_that_stands_still_goes_on_outside() {
        struct Told(AtomicBool);
        impl std::task::Wake for Told {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let hub = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let hub = hub.expect("a port");
        let found = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let found = found.expect("a port");
        let at = hub.local_addr().expect("bound");
        found.connect(at).await.expect("loopback");

        let (socket, _inbox) = Socket::new(PEER, WhenFull::Wait);
        let lane = socket.open(PEER, 3000);
        while send(&socket).is_ok() {}
        let told = Arc::new(Told(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&told));
        let mut poller = Arc::clone(&socket).create_io_poller();
        let mut cx = Context::from_waker(&waker);
        assert!(poller.as_mut().poll_writable(&mut cx).is_pending());
        socket.outside(found);
        socket.left().store(true, Ordering::Relaxed);
        lane.wake();
        assert!(told.0.load(Ordering::Relaxed));
        let writable = std::future::poll_fn(|cx| poller.as_mut().poll_writable(cx));
        writable.await.expect("open");
        send(&socket).expect("sent");
        let mut datagram = [0; 2000];
        let length = hub.recv(&mut datagram).await.expect("it comes");
        assert_eq!(datagram[..length], [7; 1000]);
    }

    #[test]
    fn a_hubs_full_lane_loses_what_comes_and_keeps_nobody_waiting() {
        let (socket, _inbox) = Socket::new(PEER, WhenFull::Drop);
        let lane = socket.open(PEER, 3000);
        for _ in 0..10 {
            send(&socket).expect("lost");
            assert!(is_writable(&socket));
        }
        assert_eq!(lock(&lane.queue).bytes, 3000);
    }
}
