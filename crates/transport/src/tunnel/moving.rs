//! From a tunnel to UDP, once UDP is found to pass.
//!
//! The connection stays the same, with all its streams; only its datagrams go another way. The hub's QUIC
//! takes that for a peer whose address has changed, and looks at the new path before it relies on it
//! (RFC 9000, section 9).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use protocol::HubAddress;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::packed::Packed;
use super::socket::{Lane, Outside, Received, Socket};
use super::{DATAGRAM_BYTES, USUAL_DATAGRAM_BYTES};
use crate::plain_udp::is_of_one_datagram;
use crate::routes::{Route, Routes};
use crate::tuning;

/// No longer between two looks.
const LONGEST: Duration = Duration::from_mins(5);
/// How long an answer may take, and when it is asked for once more.
const ANSWER: Duration = Duration::from_secs(2);
const ASK_AGAIN: Duration = Duration::from_millis(700);
/// How long to wait for something to say by UDP: an idle connection shows twice as often that it lives.
const TRIAL: Duration = Duration::from_secs(3);
/// How long the hub may take to say something by UDP then, beside three round trips.
const UNHEARD: Duration = Duration::from_millis(300);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long the tunnel stays for what is still in it.
const DRAIN: Duration = Duration::from_secs(5);
/// As large as what will follow, so what lets this pass lets all pass.
const QUESTION_BYTES: usize = USUAL_DATAGRAM_BYTES as usize;
const ID_BYTES: u8 = 8;
/// The first bit of a packet of a handshake, or of the answer to a question.
const LONG_HEADER: u8 = 0x80;

/// Moves the connection in one tunnel.
#[derive(Debug)]
pub(crate) struct Mover {
    socket: Weak<Socket>,
    inbox: mpsc::WeakSender<Received>,
    lane: Arc<Lane>,
    /// What the connection takes for the hub's address.
    hub: SocketAddr,
    left: Arc<AtomicBool>,
}

impl Mover {
    pub(super) fn new(
        socket: &Arc<Socket>,
        inbox: &mpsc::Sender<Received>,
        lane: &Arc<Lane>,
        hub: SocketAddr,
    ) -> Self {
        Self {
            socket: Arc::downgrade(socket),
            inbox: inbox.downgrade(),
            lane: Arc::clone(lane),
            hub,
            left: Arc::clone(socket.left()),
        }
    }

    /// Whether the connection has left the tunnel.
    pub(crate) fn left(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.left)
    }

    /// Looks again and again whether UDP reaches `hub`, where the tunnel ends at `address` unless a proxy
    /// leads there, and moves once it does. Ends with the connection.
    pub(crate) fn start(self, hub: HubAddress, address: Option<IpAddr>, routes: Routes) {
        let Some(socket) = self.socket.upgrade() else {
            return;
        };
        let looking = tokio::spawn(async move { self.look(&hub, address, &routes).await });
        socket.keep(looking.abort_handle());
    }

    async fn look(&self, hub: &HubAddress, address: Option<IpAddr>, routes: &Routes) {
        let mut wait = routes.look_for_udp_after(hub);
        loop {
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST.max(wait));
            let Some((found, round_trip)) = answering(hub, address).await else {
                continue;
            };
            if self.moves_to(found, round_trip * 3 + UNHEARD).await {
                tracing::info!(%hub, "Moved from the tunnel to UDP");
                routes.remember(hub, Route::Udp);
                sleep(DRAIN).await;
                self.lane.close();
                return;
            }
            // it holds up what is said meanwhile, so it is seldom tried
            wait = wait.max(LONGEST);
        }
    }

    /// Goes by `found`, and back into the tunnel if the hub is not heard there `in_time` after something was
    /// said.
    async fn moves_to(&self, found: UdpSocket, in_time: Duration) -> bool {
        let (Some(socket), Some(inbox)) = (self.socket.upgrade(), self.inbox.upgrade()) else {
            return false;
        };
        let outside = Arc::clone(socket.outside(found));
        drop(socket);
        let (hears, mut heard) = oneshot::channel();
        outside.said.store(false, Ordering::Relaxed);
        let reading = tokio::spawn(read(Arc::clone(&outside), self.hub, inbox, hears));
        self.left.store(true, Ordering::Relaxed);
        self.lane.wake();
        let unheard = async {
            let nothing_said = async {
                while !outside.said.load(Ordering::Relaxed) {
                    sleep(LOOK_EVERY).await;
                }
            };
            // either way the hub has not been heard yet
            drop(timeout(TRIAL, nothing_said).await);
            sleep(in_time).await;
        };
        let moved = tokio::select! {
            biased;
            heard = &mut heard => heard.is_ok(),
            () = unheard => false,
        };
        if !moved {
            self.left.store(false, Ordering::Relaxed);
            reading.abort();
            tracing::debug!("The hub answers by UDP, and does not go on by it");
        }
        moved
    }
}

/// Gives what comes to the connection, as if from `hub`, until that is gone.
async fn read(
    outside: Arc<Outside>,
    hub: SocketAddr,
    inbox: mpsc::Sender<Received>,
    hears: oneshot::Sender<()>,
) {
    let mut hears = Some(hears);
    let mut datagram = vec![0; DATAGRAM_BYTES.into()];
    loop {
        let received = tokio::select! {
            received = outside.socket.recv(&mut datagram) => received,
            () = inbox.closed() => return,
        };
        match received {
            Ok(length) => {
                let datagram = &datagram[..length];
                if datagram
                    .first()
                    .is_none_or(|first| first & LONG_HEADER != 0)
                {
                    continue; // late answers
                }
                if let Some(hears) = hears.take()
                    && hears.send(()).is_err()
                {
                    return;
                }
                for datagrams in Packed::all(datagram, length) {
                    let from = hub;
                    if inbox.send(Received { from, datagrams }).await.is_err() {
                        return;
                    }
                }
            }
            Err(error) if is_of_one_datagram(&error) => {}
            // a network that is gone for a while says so each time
            Err(error) => {
                tracing::debug!(%error, "Nothing comes by UDP");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// A socket by which `hub` answers, and how soon.
async fn answering(hub: &HubAddress, address: Option<IpAddr>) -> Option<(UdpSocket, Duration)> {
    let addresses = if let Some(ip) = address {
        vec![SocketAddr::new(ip, hub.port)]
    } else {
        let found = tokio::net::lookup_host((hub.host.as_str(), hub.port)).await;
        let mut found: Vec<SocketAddr> = found.ok()?.collect();
        // one of each family
        found.sort_by_key(SocketAddr::is_ipv6);
        found.dedup_by_key(|address| address.is_ipv6());
        found
    };
    let mut asking = JoinSet::new();
    for address in addresses {
        asking.spawn(ask(address));
    }
    while let Some(asked) = asking.join_next().await {
        match asked {
            Ok(Ok(found)) => return Some(found),
            Ok(Err(error)) => tracing::debug!(%error, "No answer by UDP"),
            Err(error) => tracing::error!(%error, "Asking failed inside"),
        }
    }
    None
}

/// Asks what is at `hub` which versions of QUIC it speaks. An endpoint answers that without keeping anything,
/// and with less than it was sent.
async fn ask(hub: SocketAddr) -> io::Result<(UdpSocket, Duration)> {
    let any: SocketAddr = match hub {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = tuning::socket(any)?;
    socket.set_nonblocking(true)?;
    let socket = UdpSocket::from_std(socket)?;
    socket.connect(hub).await?;
    let (question, answer) = question()?;
    let asking = async {
        loop {
            socket.send(&question).await?;
            let asked = Instant::now();
            if let Ok(heard) = timeout(ASK_AGAIN, hear(&socket, &answer)).await {
                return heard.map(|()| asked.elapsed());
            }
        }
    };
    let round_trip = timeout(ANSWER, asking).await??;
    Ok((socket, round_trip))
}

/// Waits for `answer`, and takes no notice of anything else.
async fn hear(socket: &UdpSocket, answer: &[u8]) -> io::Result<()> {
    let mut datagram = [0; QUESTION_BYTES];
    loop {
        match socket.recv(&mut datagram).await {
            Ok(length) if is_answer(&datagram[..length], answer) => return Ok(()),
            Ok(_) => {}
            Err(error) if is_of_one_datagram(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The first packet of a version that there is not, and what an answer to it has after its first byte
/// (RFC 8999, section 5.1).
fn question() -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut ids = [0; 2 * ID_BYTES as usize];
    SystemRandom::new()
        .fill(&mut ids)
        .map_err(|_unspecified| io::Error::other("no randomness"))?;
    let (to, from) = ids.split_at(ID_BYTES.into());
    let packet = |version: [u8; 4], to: &[u8], from: &[u8]| {
        [version.as_slice(), &[ID_BYTES], to, &[ID_BYTES], from].concat()
    };
    let mut question = vec![LONG_HEADER | 0x40];
    question.extend(packet([0x1a, 0x2a, 0x3a, 0x4a], to, from));
    question.resize(QUESTION_BYTES, 0);
    Ok((question, packet([0; 4], from, to)))
}

fn is_answer(datagram: &[u8], answer: &[u8]) -> bool {
    datagram
        .split_first()
        .is_some_and(|(first, rest)| first & LONG_HEADER != 0 && rest.starts_with(answer))
}
