//! In which IPv4 networks this computer's network cards are.

use std::net::{IpAddr, Ipv4Addr};

use protocol::waking::MAX_LANS;
use protocol::{CardAddress, Lan, Network};
use sysinfo::Networks;

/// What lives in this computer alone, or leads through another network: no card there waits to be woken. Many
/// computers have the same such network, and no two of them share it.
const NOT_SHARED: [&str; 14] = [
    "docker",
    "br-",
    "veth",
    "virbr",
    "lxcbr",
    "lxdbr",
    "podman",
    "cni",
    "flannel",
    "vmnet",
    "vboxnet",
    "vethernet (",
    "tun",
    "wg",
];

/// A network card in one network, with the address that it has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnLan {
    pub lan: Lan,
    pub address: Ipv4Addr,
}

/// This computer's, in an order that stays; at most [`MAX_LANS`]. Reads some files of the system, or asks it.
pub fn lans() -> Vec<OwnLan> {
    let Ok(found) = Networks::new_with_refreshed_list() else {
        return Vec::new();
    };
    let mut lans: Vec<OwnLan> = found
        .iter()
        .filter(|(name, _)| is_shared(&name.to_string_lossy()))
        .flat_map(|(_, data)| {
            let card = CardAddress(data.mac_address().0);
            let networks = data.ip_networks().iter();
            networks.filter_map(move |network| own(card, network.addr, network.prefix))
        })
        .collect();
    lans.sort();
    lans.dedup();
    lans.truncate(MAX_LANS);
    lans
}

fn is_shared(interface: &str) -> bool {
    let name = interface.to_lowercase();
    !NOT_SHARED.iter().any(|start| name.starts_with(start))
}

fn own(card: CardAddress, address: IpAddr, prefix: u8) -> Option<OwnLan> {
    let IpAddr::V4(address) = address else {
        return None;
    };
    let network = Network::of(address, prefix)?;
    let lan = Lan { card, network };
    lan.is_sound().then_some(OwnLan { lan, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u2_networks_are_told_that_a_card_shares_with_others() {
        let card = CardAddress([2, 0, 0, 0, 0, 1]);
        let found = own(card, [192, 168, 1, 7].into(), 24).expect("a network");
        assert_eq!(found.lan.network.to_string(), "192.168.1.0/24");
        assert_eq!(found.address, Ipv4Addr::new(192, 168, 1, 7));
        assert_eq!(own(card, [127, 0, 0, 1].into(), 8), None);
        assert_eq!(own(CardAddress([0; 6]), [10, 0, 0, 1].into(), 8), None);
        assert_eq!(own(card, "fe80::1".parse().expect("an address"), 64), None);
        assert!(is_shared("eth0") && is_shared("wlp2s0") && is_shared("Ethernet"));
        assert!(!is_shared("docker0") && !is_shared("vEthernet (WSL)"));
        assert!(lans().iter().all(|own| own.lan.is_sound()));
    }
}
