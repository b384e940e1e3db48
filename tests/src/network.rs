//! The two lines to the hub, and what happens to lines: they go down, and their ends change address.
//!
//! On network namespaces these are real links, which needs root. On relays, which need nothing, they are
//! datagrams that are handed on, or not, or from another address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context as _, bail};

use crate::realm::Tickets;

mod line;
mod namespace;
mod namespaces;
mod relay;

pub use line::Shape;
pub use namespaces::{Namespaces, Plan};
pub use relay::{Relay, RelayShape};

/// Whose line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    User,
    Operator,
}

/// What lies between the programs.
#[derive(Debug, Default)]
pub enum Network {
    /// Nothing: the hub is called at its own address.
    #[default]
    Direct,
    Namespaces(Box<Namespaces>),
    /// Of the user, of the operator. There is nothing to hand on before the hub runs.
    Relays(Option<Box<[Relay; 2]>>),
}

impl Network {
    /// Where the hub is to listen.
    pub(crate) fn hub_listens_at(&self) -> IpAddr {
        match self {
            Self::Direct | Self::Relays(_) => Ipv4Addr::LOCALHOST.into(),
            Self::Namespaces(namespaces) => namespaces.hub_listens_at(),
        }
    }

    /// The process in whose network the hub runs.
    pub(crate) fn of_hub(&self) -> Option<u32> {
        match self {
            Self::Direct | Self::Relays(_) => None,
            Self::Namespaces(namespaces) => Some(namespaces.of_hub()),
        }
    }

    /// The process in whose network the program at `end` runs.
    pub(crate) fn of_end(&self, end: End) -> Option<u32> {
        match self {
            Self::Direct | Self::Relays(_) => None,
            Self::Namespaces(namespaces) => Some(namespaces.of_end(end)),
        }
    }

    /// The hub runs, at `hub`.
    pub(crate) fn hub_runs_at(&mut self, hub: SocketAddr) -> anyhow::Result<()> {
        if let Self::Relays(relays @ None) = self {
            *relays = Some(Box::new([Relay::start(hub)?, Relay::start(hub)?]));
        }
        Ok(())
    }

    /// Where the program at `end` finds the hub that listens at `hub`.
    pub(crate) fn hub_seen_from(&self, end: End, hub: SocketAddr) -> SocketAddr {
        match self {
            Self::Direct | Self::Relays(None) => hub,
            Self::Relays(Some(relays)) => relay_of(relays, end).address(),
            Self::Namespaces(namespaces) => {
                SocketAddr::new(namespaces.hub_seen_from(end), hub.port())
            }
        }
    }

    /// The proxy that the environment at `end` names.
    pub(crate) fn proxy_of(&self, end: End) -> Option<&str> {
        match self {
            Self::Direct | Self::Relays(_) => None,
            Self::Namespaces(namespaces) => namespaces.proxy_of(end),
        }
    }

    /// The bus of the desktop at `end`.
    pub(crate) fn bus_of(&self, end: End) -> Option<&str> {
        match self {
            Self::Direct | Self::Relays(_) => None,
            Self::Namespaces(namespaces) => namespaces.bus_of(end),
        }
    }

    /// What the computer at `end` knows of a network that people sign in to.
    pub(crate) fn tickets_of(&self, end: End) -> Option<&Tickets> {
        match self {
            Self::Direct | Self::Relays(_) => None,
            Self::Namespaces(namespaces) => namespaces.tickets_of(end),
        }
    }

    /// Where the hub takes TCP beside its own port.
    pub(crate) fn tcp_ports_of_hub(&self) -> &[u16] {
        match self {
            Self::Direct | Self::Relays(_) => &[],
            Self::Namespaces(namespaces) => namespaces.tcp_ports_of_hub(),
        }
    }

    /// The line of `end` carries nothing from now on.
    ///
    /// # Errors
    ///
    /// If there is no line to cut, or the operating system refuses.
    pub fn cut(&self, end: End) -> anyhow::Result<()> {
        match self {
            Self::Namespaces(namespaces) => namespaces.set_link(end, "down"),
            Self::Relays(Some(relays)) => {
                relay_of(relays, end).set_down(true);
                Ok(())
            }
            Self::Direct | Self::Relays(None) => bail!("there is no line to cut"),
        }
    }

    /// The line of `end` is back.
    ///
    /// # Errors
    ///
    /// As [`Network::cut`].
    pub fn mend(&self, end: End) -> anyhow::Result<()> {
        match self {
            Self::Namespaces(namespaces) => namespaces.set_link(end, "up"),
            Self::Relays(Some(relays)) => {
                relay_of(relays, end).set_down(false);
                Ok(())
            }
            Self::Direct | Self::Relays(None) => bail!("there is no line to mend"),
        }
    }

    /// The line of `end` is as `shape` says from now on; `None` makes it a good one again.
    ///
    /// # Errors
    ///
    /// If it does not go over a relay.
    pub fn shape(&self, end: End, shape: Option<RelayShape>) -> anyhow::Result<()> {
        let Self::Relays(Some(relays)) = self else {
            bail!("only relays make a line worse");
        };
        relay_of(relays, end).set_shape(shape);
        Ok(())
    }

    /// The hub sees `end` at another address from now on; what still comes to the old one is lost.
    ///
    /// # Errors
    ///
    /// As [`Network::cut`].
    pub fn change_address(&mut self, end: End) -> anyhow::Result<()> {
        match self {
            Self::Namespaces(namespaces) => namespaces.change_address(end),
            Self::Relays(Some(relays)) => {
                relay_of(relays, end).change_address();
                Ok(())
            }
            Self::Direct | Self::Relays(None) => bail!("there is no line that could change"),
        }
    }

    /// What it is made of, for messages.
    ///
    /// # Errors
    ///
    /// If nothing lies between the programs.
    pub fn name(&self) -> anyhow::Result<&'static str> {
        let name = match self {
            Self::Direct => None,
            Self::Namespaces(_) => Some("network namespaces"),
            Self::Relays(_) => Some("relays"),
        };
        name.context("nothing lies between the programs")
    }
}

fn relay_of(relays: &[Relay; 2], end: End) -> &Relay {
    match end {
        End::User => &relays[0],
        End::Operator => &relays[1],
    }
}
