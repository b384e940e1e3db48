//! Where a peer is, as the hub's end of tunnels tells it to quinn.
//!
//! A connection that began in a tunnel may go on by UDP. QUIC takes that for a peer with another address, so
//! the two must differ, also where a peer has the same address and port by TCP and by UDP. They are written
//! as IPv6, whose flow label is nobody's else, and says which way leads there.

use std::net::{SocketAddr, SocketAddrV6};

/// The flow label of tunnels; those of UDP follow.
const IN_TUNNEL: u32 = 0;

/// A peer at the other end of a tunnel, whose TCP comes from `peer`.
pub(super) fn in_tunnel(peer: SocketAddr) -> SocketAddr {
    labelled(peer, IN_TUNNEL)
}

/// A peer whose datagrams come from `peer` to the hub's UDP socket of this `number`.
pub(crate) fn by_udp(peer: SocketAddr, number: u32) -> SocketAddr {
    labelled(peer, IN_TUNNEL + 1 + number)
}

/// The number of the UDP socket by which `place` is reached, if it is by one.
pub(super) fn udp_number(place: SocketAddr) -> Option<usize> {
    match place {
        SocketAddr::V6(place) => place.flowinfo().checked_sub(IN_TUNNEL + 1),
        SocketAddr::V4(_) => None,
    }
    .and_then(|number| usize::try_from(number).ok())
}

/// Where to send to, from a socket at `local`.
pub(super) fn address(place: SocketAddr, local: SocketAddr) -> SocketAddr {
    let SocketAddr::V6(place) = place else {
        return place;
    };
    let (ip, port) = (*place.ip(), place.port());
    match ip.to_ipv4_mapped() {
        Some(ip) if local.is_ipv4() => (ip, port).into(),
        Some(_) | None => SocketAddrV6::new(ip, port, 0, place.scope_id()).into(),
    }
}

fn labelled(peer: SocketAddr, label: u32) -> SocketAddr {
    let (ip, scope) = match peer {
        SocketAddr::V4(peer) => (peer.ip().to_ipv6_mapped(), 0),
        SocketAddr::V6(peer) => (*peer.ip(), peer.scope_id()),
    };
    SocketAddrV6::new(ip, peer.port(), label, scope).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_one_address_is_another_place() {
        for peer in ["192.0.2.1:443", "[fe80::1%3]:443"] {
            let peer: SocketAddr = peer.parse().expect("an address");
            let tunnel = in_tunnel(peer);
            assert_eq!(udp_number(tunnel), None);
            for number in [0, 7] {
                let place = by_udp(peer, number);
                assert_ne!(place, tunnel);
                assert_eq!(udp_number(place), Some(number as usize));
                assert_eq!(address(place, peer), peer);
            }
        }
    }

    #[test]
    fn a_socket_of_both_families_sends_to_the_mapped_address() {
        let peer = "192.0.2.1:443".parse().expect("an address");
        let both = "[::]:443".parse().expect("an address");
        let to = address(by_udp(peer, 0), both);
        assert_eq!(to.to_string(), "[::ffff:192.0.2.1]:443");
    }
}
