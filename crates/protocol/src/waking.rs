//! Waking a permanent host that is off or asleep: where its network cards are, and the packet that wakes them.
//!
//! A network card that waits to be woken (Wake-on-LAN) listens for one *magic packet* in its own network, so
//! another computer of that network has to send it. Only IPv4 has the broadcast that reaches a sleeping card;
//! a network that has IPv6 alone is not reached.

use std::fmt;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::control::{Entry, Name};
use crate::refusal::Refusal;

/// Most networks that one host is in, counted for each of its network cards.
pub const MAX_LANS: usize = 16;
/// Most network cards that are woken at a time.
pub const MAX_CARDS: usize = 8;
/// Length of a magic packet, in bytes.
pub const MAGIC_PACKET_BYTES: usize = 102;
/// The UDP port that magic packets go to, by custom. Nothing has to listen there.
pub const WAKE_PORT: u16 = 9;
/// Networks larger than these are none that anybody shares.
const SHORTEST_PREFIX: u8 = 8;
/// The smallest network with an address for all that is not also somebody's own.
const LONGEST_PREFIX: u8 = 30;

/// The hardware address of a network card.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CardAddress(pub [u8; 6]);

impl CardAddress {
    /// Whether one card can have it: it is not empty and not an address of many.
    pub fn is_of_one(self) -> bool {
        self.0 != [0; 6] && self.0[0] & 1 == 0
    }

    /// What wakes the card: six times 255, then its address 16 times.
    pub fn magic_packet(self) -> [u8; MAGIC_PACKET_BYTES] {
        let mut packet = [0xff; MAGIC_PACKET_BYTES];
        let (_, addresses) = packet.split_at_mut(6);
        for place in addresses.chunks_exact_mut(6) {
            place.copy_from_slice(&self.0);
        }
        packet
    }
}

impl fmt::Display for CardAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.map(|part| format!("{part:02x}"));
        f.write_str(&parts.join(":"))
    }
}

impl fmt::Debug for CardAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardAddress({self})")
    }
}

/// An IPv4 network that computers share: its address, without what counts its computers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Network {
    pub address: [u8; 4],
    pub prefix: u8,
}

impl Network {
    /// The network that `address` is in, if it is one that computers can share.
    pub fn of(address: Ipv4Addr, prefix: u8) -> Option<Self> {
        let network = Self {
            address: (u32::from(address) & mask(prefix)).to_be_bytes(),
            prefix,
        };
        network.is_sound().then_some(network)
    }

    /// Whether it is written as [`Network::of`] writes it, and computers can share it. What a peer says of
    /// networks counts only where this holds.
    pub fn is_sound(self) -> bool {
        let address = Ipv4Addr::from(self.address);
        (SHORTEST_PREFIX..=LONGEST_PREFIX).contains(&self.prefix)
            && u32::from(address) & !mask(self.prefix) == 0
            && !address.is_loopback()
            && !address.is_unspecified()
            && !address.is_multicast()
            && !address.is_link_local()
            && !address.is_broadcast()
    }

    pub fn has(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == u32::from(Ipv4Addr::from(self.address))
    }

    /// The address of all computers in it.
    pub fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(Ipv4Addr::from(self.address)) | !mask(self.prefix))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.address), self.prefix)
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX
        .checked_shl(32 - u32::from(prefix.min(32)))
        .unwrap_or(0)
}

/// A network card of a host, in one of the networks that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lan {
    pub card: CardAddress,
    pub network: Network,
}

impl Lan {
    /// Whether a card and a network can be so.
    pub fn is_sound(self) -> bool {
        self.card.is_of_one() && self.network.is_sound()
    }
}

/// To a permanent host that is connected: wake these cards in a network that it is in itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeOrder {
    pub network: Network,
    /// At most [`MAX_CARDS`].
    pub cards: Vec<CardAddress>,
}

impl WakeOrder {
    /// Whether a hub can mean it.
    pub fn is_sound(&self) -> bool {
        let cards = &self.cards;
        self.network.is_sound()
            && (1..=MAX_CARDS).contains(&cards.len())
            && cards.iter().all(|card| card.is_of_one())
    }
}

/// A permanent host that is not connected, for an operator who may open it when it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SleepingHost {
    /// Its row; never that of a host that is connected. `since_unix_seconds` is when it was seen last.
    pub entry: Entry,
    pub standing: WakeStanding,
}

/// Whether a host can be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WakeStanding {
    /// Another computer of its network is connected.
    Ready,
    /// The hub does not know where its network cards are: its `PurePC` has not said, or it is in no IPv4
    /// network.
    Unknown,
    /// No other computer of its network is connected.
    Alone,
}

/// What becomes of waking a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum WakeNews {
    /// It is being woken. The hub gives up after so many seconds.
    Begun {
        /// The computers that do it, by their names; empty for one that this operator does not see.
        through: Vec<Name>,
        seconds: u32,
    },
    /// Nothing is done.
    Refused(Refusal),
    /// It is connected, as this row where the operator sees it.
    Connected,
    /// It has not connected in time.
    Silent,
    /// None of the computers of its network could send anything.
    NotSent,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: [u8; 4], prefix: u8) -> Option<Network> {
        Network::of(text.into(), prefix)
    }

    #[test]
    fn u2_a_magic_packet_is_six_times_255_and_the_address_16_times() {
        let card = CardAddress([0x02, 0x42, 0xac, 0x11, 0x00, 0x02]);
        let packet = card.magic_packet();
        assert_eq!(packet.len(), 102);
        assert_eq!(packet[..6], [0xff; 6]);
        assert_eq!(packet[6..].chunks(6).count(), 16);
        assert!(packet[6..].chunks(6).all(|part| part == card.0));
        assert_eq!(card.to_string(), "02:42:ac:11:00:02");
    }

    #[test]
    fn a_network_is_what_computers_share() {
        let lan = network([192, 168, 1, 77], 24).expect("a network");
        assert_eq!(lan.to_string(), "192.168.1.0/24");
        assert_eq!(lan.broadcast(), Ipv4Addr::new(192, 168, 1, 255));
        assert!(lan.has(Ipv4Addr::new(192, 168, 1, 3)));
        assert!(!lan.has(Ipv4Addr::new(192, 168, 2, 3)));
        for (address, prefix) in [
            ([127, 0, 0, 1], 8),
            ([169, 254, 1, 1], 16),
            ([224, 0, 0, 1], 24),
            ([10, 0, 0, 1], 31),
            ([10, 0, 0, 1], 32),
            ([10, 0, 0, 1], 33),
            ([10, 0, 0, 1], 0),
            ([0, 0, 0, 0], 24),
        ] {
            assert_eq!(network(address, prefix), None, "{address:?}/{prefix}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_peer_says_of_networks_is_judged_without_a_panic(
            address: [u8; 4], prefix: u8, card: [u8; 6], other: [u8; 4]
        ) {
            let said = Network { address, prefix };
            let card = CardAddress(card);
            let is_sound = said.is_sound();
            prop_assert_eq!(
                is_sound,
                Network::of(address.into(), prefix) == Some(said)
            );
            prop_assert!(!is_sound || said.has(said.broadcast()));
            said.has(other.into());
            prop_assert_eq!(card.magic_packet()[96..].to_vec(), card.0.to_vec());
            let cards = vec![card; usize::from(prefix)];
            let order = WakeOrder { network: said, cards };
            prop_assert!(!order.is_sound() || order.cards.len() <= MAX_CARDS && card.is_of_one());
        }
    }
}
