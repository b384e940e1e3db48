//! Waking others (U2): tells the hub in which networks this computer is, and sends what wakes a network card
//! there when the hub asks for it.
//!
//! Whatever the hub says, a packet goes only into a network that this computer is in, is a magic packet and
//! nothing else, and there are no more than so many of them.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use host_engine::OwnLan;
use protocol::waking::WAKE_PORT;
use protocol::{HostToHub, Lan, WakeOrder};

/// How often it is looked whether the networks are others.
pub(crate) const LOOK: Duration = Duration::from_mins(1);
/// Network cards that are woken in one stretch of time.
const MOST_CARDS: usize = 120;
const STRETCH: Duration = Duration::from_mins(1);

/// What one connection to the hub knows of this computer's networks.
#[derive(Debug, Default)]
pub(crate) struct Waker {
    said: Option<Vec<Lan>>,
    woken: Budget,
}

impl Waker {
    /// What the hub is to be told, if it is news in this connection.
    pub(crate) fn news(&mut self) -> Option<HostToHub> {
        let mut lans: Vec<Lan> = host_engine::lans().iter().map(|own| own.lan).collect();
        lans.dedup();
        if self.said.as_ref() == Some(&lans) {
            return None;
        }
        self.said = Some(lans.clone());
        Some(HostToHub::Lans { lans })
    }

    /// Does what the hub wants, if it can be meant.
    pub(crate) fn wake(&mut self, wake: u64, order: &WakeOrder) -> HostToHub {
        let own = host_engine::lans();
        let sent = send(&own, order, &mut self.woken, Instant::now());
        match &sent {
            Ok(cards) => tracing::info!(network = %order.network, cards, "Woken"),
            Err(why) => tracing::warn!(network = %order.network, %why, "Not woken"),
        }
        let sent = sent.is_ok();
        HostToHub::Woke { wake, sent }
    }
}

#[derive(Debug, thiserror::Error)]
enum NotWoken {
    #[error("what the hub wants makes no sense")]
    Unsound,
    #[error("this computer is not in that network")]
    Elsewhere,
    #[error("too many were woken")]
    TooMany,
    #[error(transparent)]
    Socket(#[from] io::Error),
}

/// Sends the packets; how many network cards they were for.
fn send(
    own: &[OwnLan],
    order: &WakeOrder,
    budget: &mut Budget,
    now: Instant,
) -> Result<usize, NotWoken> {
    if !order.is_sound() {
        return Err(NotWoken::Unsound);
    }
    let in_it: Vec<&OwnLan> = own
        .iter()
        .filter(|own| own.lan.network == order.network)
        .collect();
    if in_it.is_empty() {
        return Err(NotWoken::Elsewhere);
    }
    if !budget.has_room_for(order.cards.len(), now) {
        return Err(NotWoken::TooMany);
    }
    let mut sent = Err(NotWoken::Elsewhere);
    for own in in_it {
        // the address says through which card it goes, where there are several
        let socket = UdpSocket::bind((own.address, 0));
        let socket = socket.and_then(|socket| socket.set_broadcast(true).map(|()| socket));
        match socket.and_then(|socket| send_over(&socket, order)) {
            Ok(()) => sent = Ok(order.cards.len()),
            Err(error) if sent.is_err() => sent = Err(error.into()),
            Err(_) => {}
        }
    }
    sent
}

/// Sends each packet to the network's own address for all and to everybody's, which some systems have instead;
/// one of the two has to be taken.
fn send_over(socket: &UdpSocket, order: &WakeOrder) -> io::Result<()> {
    let mut failed = Ok(());
    let mut any = false;
    for card in &order.cards {
        let packet = card.magic_packet();
        for to in [order.network.broadcast(), Ipv4Addr::BROADCAST] {
            match socket.send_to(&packet, (to, WAKE_PORT)) {
                Ok(_) => any = true,
                Err(error) => failed = Err(error),
            }
        }
    }
    if any { Ok(()) } else { failed }
}

/// How much was done in the current stretch of time.
#[derive(Debug, Default)]
struct Budget {
    since: Option<Instant>,
    cards: usize,
}

impl Budget {
    /// Counts `cards`, if there is room for them.
    fn has_room_for(&mut self, cards: usize, now: Instant) -> bool {
        let is_over = |since: Instant| now.saturating_duration_since(since) >= STRETCH;
        if self.since.is_none_or(is_over) {
            (self.since, self.cards) = (Some(now), 0);
        }
        let fits = self.cards + cards <= MOST_CARDS;
        if fits {
            self.cards += cards;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use protocol::waking::MAX_CARDS;
    use protocol::{CardAddress, Network};

    use super::*;

    const CARD: CardAddress = CardAddress([2, 0, 0, 0, 0, 9]);

    /// In a network that nobody is in.
    fn here() -> OwnLan {
        let network = Network {
            address: [10, 99, 0, 0],
            prefix: 24,
        };
        OwnLan {
            lan: Lan {
                card: CARD,
                network,
            },
            address: Ipv4Addr::LOCALHOST,
        }
    }

    fn order(network: [u8; 4], cards: usize) -> WakeOrder {
        WakeOrder {
            network: Network {
                address: network,
                prefix: 24,
            },
            cards: vec![CARD; cards],
        }
    }

    #[test]
    fn u2_nothing_is_sent_into_a_network_that_this_computer_is_not_in() {
        let (own, mut budget) = (here(), Budget::default());
        let now = Instant::now();
        for (network, cards) in [([10, 98, 0, 0], 1), ([8, 8, 8, 0], 1)] {
            let sent = send(&[own], &order(network, cards), &mut budget, now);
            assert!(matches!(sent, Err(NotWoken::Elsewhere)), "{sent:?}");
        }
        for (network, cards) in [([10, 99, 0, 0], 0), ([10, 99, 0, 0], MAX_CARDS + 1)] {
            let sent = send(&[own], &order(network, cards), &mut budget, now);
            assert!(matches!(sent, Err(NotWoken::Unsound)), "{sent:?}");
        }
        let mut many = order([10, 99, 0, 0], 1);
        many.cards = vec![CardAddress([0xff; 6])];
        let sent = send(&[own], &many, &mut budget, now);
        assert!(matches!(sent, Err(NotWoken::Unsound)), "{sent:?}");
    }

    #[test]
    fn u2_a_hub_that_asks_without_end_has_no_more_than_so_many_woken_in_a_minute() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let fits = |budget: &mut Budget, at: Duration| budget.has_room_for(MAX_CARDS, start + at);
        let tries = MOST_CARDS / MAX_CARDS;
        assert!((0..tries).all(|_| fits(&mut budget, Duration::ZERO)));
        assert!((0..1000).all(|_| !fits(&mut budget, STRETCH / 2)));
        assert!(fits(&mut budget, STRETCH));
    }
}
