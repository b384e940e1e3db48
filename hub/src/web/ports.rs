//! Which TCP ports the hub listens on, and what is said of those that it cannot have.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use transport::routes::TUNNEL_PORTS;
use transport::tunnel::Tunnel;
use transport::{BindError, HubIdentity};

use super::CertificateError;

const BACKLOG: i32 = 1024;

/// The hub cannot be reached by TCP.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    #[error(
        "TCP, for the page and for lines without UDP: {0}; name other ports with --web-listen, or do \
         without the page with --page false"
    )]
    Bind(#[source] BindError),
    #[error(
        "the page has no TCP port; name one with --web-listen, or do without it with --page false"
    )]
    PageNowhere,
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// One TCP port.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
    pub(super) tunnel: Tunnel,
}

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    address: SocketAddr,
    /// The hub does not start without it.
    is_needed: bool,
}

impl Wanted {
    /// All of `addresses`.
    pub(super) fn all(addresses: &[SocketAddr]) -> Vec<Self> {
        let needed = |address: &SocketAddr| Self {
            address: *address,
            is_needed: true,
        };
        addresses.iter().map(needed).collect()
    }

    /// The ports of `udp`, where people look for the page if there is one, and those that networks let
    /// through most often.
    pub(super) fn usual(udp: &[SocketAddr], has_page: bool) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let own = udp.iter().map(|of_udp| (*of_udp, has_page));
        let others = udp.iter().flat_map(|of_udp| {
            TUNNEL_PORTS.map(|port| (SocketAddr::new(of_udp.ip(), port), false))
        });
        for (address, is_needed) in own.chain(others) {
            if all.iter().all(|wanted| wanted.address != address) {
                all.push(Self { address, is_needed });
            }
        }
        all
    }
}

/// Listens where it is `wanted`. Ports that are not needed and not to be had are left out, with a warning.
pub(super) fn listen(wanted: &[Wanted], identity: &HubIdentity) -> Result<Vec<Port>, WebError> {
    let mut ports = Vec::new();
    for Wanted { address, is_needed } in wanted {
        match Port::listen(*address, identity) {
            Ok(port) => ports.push(port),
            Err(BindError::Tls { detail }) => {
                return Err(WebError::Bind(BindError::Tls { detail }));
            }
            Err(error) if *is_needed => return Err(WebError::Bind(error)),
            Err(error) => tracing::warn!(
                %address,
                %error,
                "No TCP here; free the port, or name the wanted ones with --web-listen"
            ),
        }
    }
    Ok(ports)
}

impl Port {
    fn listen(address: SocketAddr, identity: &HubIdentity) -> Result<Self, BindError> {
        let listener = bind(address).map_err(|source| BindError::io(address, source))?;
        let address = listener.local_addr().unwrap_or(address);
        Ok(Self {
            listener,
            address,
            tunnel: Tunnel::new(address, identity)?,
        })
    }
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // the port of a hub that was just ended
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(udp: &[&str], has_page: bool) -> Vec<(String, bool)> {
        let udp: Vec<SocketAddr> = udp.iter().map(|a| a.parse().expect("an address")).collect();
        let wanted = Wanted::usual(&udp, has_page).into_iter();
        wanted
            .map(|w| (w.address.to_string(), w.is_needed))
            .collect()
    }

    #[test]
    fn r5_the_page_needs_the_ports_of_udp_and_takes_the_usual_ones_where_it_can() {
        let told = wanted(&["192.0.2.1:4433", "192.0.2.1:8080"], true);
        let told: Vec<_> = told
            .iter()
            .map(|(a, needed)| (a.as_str(), *needed))
            .collect();
        assert_eq!(
            told,
            [
                ("192.0.2.1:4433", true),
                ("192.0.2.1:8080", true),
                ("192.0.2.1:443", false),
                ("192.0.2.1:3128", false),
            ]
        );
        assert!(
            wanted(&["192.0.2.1:443"], false)
                .iter()
                .all(|(_, needed)| !needed)
        );
    }
}
