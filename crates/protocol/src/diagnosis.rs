//! What the connection doctor found: what became of each way to a hub, tried on its own, and what
//! follows from all of it.
//!
//! Nothing in here is a secret: proxies are named without who signs in, so all of it may be shown,
//! copied and sent.

use std::net::IpAddr;

use serde::Serialize;

use crate::{
    CertificateFault, HubAddress, NoAccount, ProxyAddress, ProxyError, ProxySource, Refusal, TooOld,
};

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    /// The one of `ip`.
    pub fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }
}

/// One thing that is looked at, each on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// What the hub's name is known as here.
    Name,
    /// QUIC as it is.
    Udp { port: u16, family: Family },
    /// QUIC in a tunnel to this TCP port.
    Tcp { port: u16, family: Family },
    /// Which proxies are set.
    ProxySettings,
    /// QUIC in a tunnel through this proxy.
    Proxy(ProxyAddress),
}

impl Check {
    /// Whether it is about a TCP port beside `hub`'s own, where a hub need not be.
    pub fn is_beside(&self, hub: &HubAddress) -> bool {
        matches!(self, Self::Tcp { port, .. } if *port != hub.port)
    }

    /// Where it stands in a list; those of one number stand as they came.
    pub fn order(&self) -> u8 {
        match self {
            Self::Name => 0,
            Self::Udp { .. } => 1,
            Self::Tcp { .. } => 2,
            Self::ProxySettings => 3,
            Self::Proxy(_) => 4,
        }
    }
}

/// What became of a [`Check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// The hub's name, or its number itself.
    Addresses(Vec<IpAddr>),
    /// Nobody here knows the name; `detail` is the system's own word for it.
    NotResolved {
        detail: String,
    },
    /// No proxy is to be used.
    NoProxyWanted,
    /// The system names no proxy for this hub.
    NoProxyNamed {
        by: ProxySource,
    },
    /// So many are tried. Nobody of the system's named them where they are this program's own.
    ProxiesNamed {
        count: usize,
        by: Option<ProxySource>,
    },
    /// The settings name a script that this program cannot run.
    NeedsScript,
    /// The hub answered, and proved that it is the one. Through a proxy, at `port`.
    Works {
        port: u16,
        /// Somebody opens and closes the TLS around the tunnel on its way.
        opened_by: Option<Opener>,
    },
    /// This computer has no address of that family by which it could go there.
    NoWayHere,
    /// Nothing came back.
    NoAnswer,
    /// A router on the way says that it does not lead there.
    Unreachable,
    /// The TCP port refuses: nothing listens there, or a firewall says so in its place.
    PortClosed,
    /// The TCP port answered, and nothing came after that.
    Silent,
    /// The connection was cut off as soon as it was used.
    CutOff,
    /// Something answers that is not the hub: a filter, or another web server.
    OtherServer {
        /// Of HTTP, if it got as far.
        status: Option<u16>,
        shows: Option<Opener>,
    },
    /// A hub with another key.
    ForeignKey,
    Certificate(CertificateFault),
    OtherVersion(TooOld),
    /// The hub itself says no.
    TurnedAway(Refusal),
    Proxy(ProxyError),
    Failed {
        detail: String,
    },
    /// The system takes too long to say which proxies there are.
    ProxiesNotTold,
}

/// Whoever shows a TLS certificate that is not the hub's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opener {
    /// Who issued it, in its own words; empty if it does not say.
    pub issuer: String,
}

/// What became of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: Check,
    pub found: Found,
    pub took_millis: u32,
}

/// How a finding looks to whoever reads down the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Good,
    /// Works, or would if somebody did something.
    Warning,
    Fault,
    /// Says nothing for or against the connection.
    Neutral,
}

/// Everything that one examination found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    pub hub: HubAddress,
    /// When it began, by this computer's clock.
    pub unix_seconds: u64,
    /// This computer's own addresses on the way to the hub.
    pub own: Vec<IpAddr>,
    pub findings: Vec<Finding>,
}

/// What is told while an examination goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Is being looked at from now on.
    Begun(Check),
    Found(Finding),
    /// The last of it.
    Over(Diagnosis),
}

/// What follows from all findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The best way that works.
    Works(Check),
    /// This computer is in no network.
    Offline,
    /// Somebody else answers at the hub's address.
    ForeignKey,
    Certificate(CertificateFault),
    OtherVersion(TooOld),
    TurnedAway(Refusal),
    /// It wants a login, or another one.
    ProxyAsks {
        proxy: ProxyAddress,
        refused: bool,
    },
    Proxy(ProxyError),
    ProxyScript,
    /// Nobody here knows the hub's name.
    UnknownName,
    /// The hub's port refuses whoever comes.
    NotRunning,
    /// Something on the way lets the connection begin, and does not let it through.
    Filtered,
    /// Nothing comes back, whichever way.
    Blocked,
}

/// What the people of a network can do, the best first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opening {
    /// Let UDP to this port of the hub through, and what comes back.
    Udp { port: u16 },
    /// Let TCP to this port of the hub through.
    Tcp { port: u16 },
    /// Let TLS to this port of the hub through as it is, or with its `WebSocket`s.
    Unopened { port: u16 },
    /// Have the proxy permit CONNECT to this port of the hub.
    Proxy { proxy: ProxyAddress, port: u16 },
    /// Have the hub's name known here.
    Name,
    /// Say who signs in at the proxy.
    SignIn { proxy: ProxyAddress },
    /// Have this computer's account known at the proxy, or have the proxy take passwords.
    Account { proxy: ProxyAddress, why: NoAccount },
}

impl Verdict {
    /// Whether some way leads to the hub.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Works(_))
    }
}

impl Diagnosis {
    /// What follows. A hub that answers with another key at its own UDP port is what a program would
    /// tell first, so it counts before any way that works.
    pub fn verdict(&self) -> Verdict {
        if let Some(mistrust) = self.udp().find_map(mistrust) {
            return mistrust;
        }
        if let Some(works) = self.best() {
            return Verdict::Works(works.clone());
        }
        if let Some(answer) = self.found().find_map(answer) {
            return answer;
        }
        if self.own.is_empty() {
            return Verdict::Offline;
        }
        if let Some(mistrust) = self.own_port().find_map(mistrust) {
            return mistrust;
        }
        let refuses = self.own_port().any(|found| *found == Found::PortClosed);
        match self.proxies().max_by_key(|error| weight(error)) {
            Some(ProxyError::AsksForLogin { proxy }) => Verdict::ProxyAsks {
                proxy: proxy.clone(),
                refused: false,
            },
            Some(ProxyError::LoginRefused { proxy }) => Verdict::ProxyAsks {
                proxy: proxy.clone(),
                refused: true,
            },
            Some(
                error @ (ProxyError::NotAllowed { .. }
                | ProxyError::UnknownSignIn { .. }
                | ProxyError::WantsAccount { .. }),
            ) => Verdict::Proxy(error.clone()),
            Some(_) | None if refuses => Verdict::NotRunning,
            Some(error) => Verdict::Proxy(error.clone()),
            None if self.found().any(|found| *found == Found::NeedsScript) => Verdict::ProxyScript,
            None if self.addresses().is_empty() => Verdict::UnknownName,
            None if self.own_port().any(is_filter) => Verdict::Filtered,
            None => Verdict::Blocked,
        }
    }

    /// What the people of the network can do about it, the best first; nothing where that would change
    /// nothing. Where some way works already it makes the connection better.
    pub fn openings(&self) -> Vec<Opening> {
        let port = self.hub.port;
        let verdict = self.verdict();
        let helps = match &verdict {
            Verdict::Works(check) => !matches!(check, Check::Udp { .. }),
            Verdict::ProxyAsks { .. }
            | Verdict::Proxy(_)
            | Verdict::ProxyScript
            | Verdict::UnknownName
            | Verdict::NotRunning
            | Verdict::Filtered
            | Verdict::Blocked => true,
            Verdict::Offline
            | Verdict::ForeignKey
            | Verdict::Certificate(_)
            | Verdict::OtherVersion(_)
            | Verdict::TurnedAway(_) => false,
        };
        if !helps {
            return Vec::new();
        }
        if verdict == Verdict::UnknownName {
            return vec![Opening::Name];
        }
        let mut openings = vec![Opening::Udp { port }];
        if verdict.is_good() {
            return openings;
        }
        if let Verdict::ProxyAsks { proxy, .. } = &verdict {
            let proxy = proxy.clone();
            openings.insert(0, Opening::SignIn { proxy });
        }
        if let Verdict::Proxy(ProxyError::WantsAccount { proxy, why }) = &verdict {
            let (proxy, why) = (proxy.clone(), *why);
            openings.insert(0, Opening::Account { proxy, why });
        }
        openings.push(if self.own_port().any(is_filter) {
            Opening::Unopened { port }
        } else {
            Opening::Tcp { port }
        });
        for error in self.proxies() {
            if let ProxyError::NotAllowed { proxy, .. } | ProxyError::HubNotReached { proxy, .. } =
                error
            {
                let proxy = proxy.clone();
                openings.push(Opening::Proxy { proxy, port });
            }
        }
        openings
    }

    /// The hub's addresses, as they are known here.
    pub fn addresses(&self) -> &[IpAddr] {
        let mut found = self.found();
        found
            .find_map(|found| {
                if let Found::Addresses(known) = found {
                    Some(known.as_slice())
                } else {
                    None
                }
            })
            .unwrap_or_default()
    }

    /// How `finding` looks in the list: where some way works, nothing is a fault.
    pub fn state(&self, finding: &Finding) -> State {
        match finding.state(&self.hub) {
            // the proxy looks it up
            State::Fault
                if self.verdict().is_good()
                    && matches!(finding.found, Found::NotResolved { .. }) =>
            {
                State::Neutral
            }
            State::Fault if self.verdict().is_good() => State::Warning,
            state @ (State::Good | State::Warning | State::Neutral | State::Fault) => state,
        }
    }

    fn best(&self) -> Option<&Check> {
        let works = |finding: &&Finding| matches!(finding.found, Found::Works { .. });
        let works = self.findings.iter().filter(works);
        let best = works.min_by_key(|finding| match &finding.check {
            Check::Udp { .. } => 0,
            Check::Tcp { port, .. } if *port == self.hub.port => 1,
            Check::Tcp { .. } => 2,
            Check::Proxy(_) | Check::Name | Check::ProxySettings => 3,
        });
        best.map(|finding| &finding.check)
    }

    fn found(&self) -> impl Iterator<Item = &Found> {
        self.findings.iter().map(|finding| &finding.found)
    }

    fn of(&self, wanted: impl Fn(&Check) -> bool) -> impl Iterator<Item = &Found> {
        let findings = self.findings.iter();
        findings.filter_map(move |finding| wanted(&finding.check).then_some(&finding.found))
    }

    fn udp(&self) -> impl Iterator<Item = &Found> {
        self.of(|check| matches!(check, Check::Udp { .. }))
    }

    /// TCP at the hub's own number; what is at another may be another hub.
    fn own_port(&self) -> impl Iterator<Item = &Found> {
        let own = self.hub.port;
        self.of(move |check| matches!(check, Check::Tcp { port, .. } if *port == own))
    }

    fn proxies(&self) -> impl Iterator<Item = &ProxyError> {
        self.found().filter_map(|found| {
            if let Found::Proxy(error) = found {
                Some(error)
            } else {
                None
            }
        })
    }
}

impl Finding {
    /// How it looks in the list of an examination of `hub`.
    pub fn state(&self, hub: &HubAddress) -> State {
        let is_beside = self.check.is_beside(hub);
        match &self.found {
            Found::Addresses(_) | Found::Works { .. } => State::Good,
            Found::NoProxyWanted
            | Found::NoProxyNamed { .. }
            | Found::ProxiesNamed { .. }
            | Found::NoWayHere => State::Neutral,
            Found::NeedsScript
            | Found::ProxiesNotTold
            | Found::Proxy(
                ProxyError::AsksForLogin { .. }
                | ProxyError::LoginRefused { .. }
                | ProxyError::WantsAccount { .. },
            ) => State::Warning,
            _ if is_beside => State::Neutral,
            Found::NotResolved { .. }
            | Found::NoAnswer
            | Found::Unreachable
            | Found::PortClosed
            | Found::Silent
            | Found::CutOff
            | Found::OtherServer { .. }
            | Found::ForeignKey
            | Found::Certificate(_)
            | Found::OtherVersion(_)
            | Found::TurnedAway(_)
            | Found::Proxy(_)
            | Found::Failed { .. } => State::Fault,
        }
    }
}

fn mistrust(found: &Found) -> Option<Verdict> {
    if let Found::Certificate(fault) = found {
        return Some(Verdict::Certificate(*fault));
    }
    (*found == Found::ForeignKey).then_some(Verdict::ForeignKey)
}

/// What the hub itself said.
fn answer(found: &Found) -> Option<Verdict> {
    if let Found::OtherVersion(too_old) = found {
        Some(Verdict::OtherVersion(*too_old))
    } else if let Found::TurnedAway(refusal) = found {
        Some(Verdict::TurnedAway(*refusal))
    } else {
        None
    }
}

fn is_filter(found: &Found) -> bool {
    matches!(
        found,
        Found::Silent | Found::CutOff | Found::OtherServer { .. }
    )
}

/// Of several proxies, what can be done most about.
fn weight(error: &ProxyError) -> u8 {
    match error {
        ProxyError::LoginRefused { .. } => 6,
        ProxyError::AsksForLogin { .. } => 5,
        ProxyError::WantsAccount { .. } => 4,
        ProxyError::NotAllowed { .. } => 3,
        ProxyError::UnknownSignIn { .. } => 2,
        ProxyError::HubNotReached { .. } => 1,
        ProxyError::NoAnswer { .. } | ProxyError::NoProxy { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProxyKind;

    const UDP: Check = Check::Udp {
        port: 4433,
        family: Family::Ipv4,
    };

    fn tcp(port: u16) -> Check {
        let family = Family::Ipv4;
        Check::Tcp { port, family }
    }

    fn proxy() -> ProxyAddress {
        ProxyAddress {
            kind: ProxyKind::Http,
            host: "proxy.example".to_owned(),
            port: 3128,
        }
    }

    fn hub() -> HubAddress {
        "hub.example:4433".parse().expect("an address")
    }

    fn named() -> (Check, Found) {
        let ip = IpAddr::from([192, 0, 2, 7]);
        (Check::Name, Found::Addresses(vec![ip]))
    }

    fn works() -> Found {
        Found::Works {
            port: 4433,
            opened_by: None,
        }
    }

    fn diagnosis(found: impl IntoIterator<Item = (Check, Found)>) -> Diagnosis {
        let finding = |(check, found)| Finding {
            check,
            found,
            took_millis: 1,
        };
        Diagnosis {
            hub: hub(),
            unix_seconds: 0,
            own: vec![[10, 0, 0, 2].into()],
            findings: found.into_iter().map(finding).collect(),
        }
    }

    #[test]
    fn the_best_way_that_works_is_told_and_what_would_be_better() {
        let all = diagnosis([named(), (UDP, works()), (tcp(4433), works())]);
        assert_eq!(all.verdict(), Verdict::Works(UDP));
        assert_eq!(all.openings(), []);
        let no_udp = diagnosis([
            named(),
            (UDP, Found::NoAnswer),
            (tcp(443), works()),
            (tcp(4433), works()),
        ]);
        assert_eq!(no_udp.verdict(), Verdict::Works(tcp(4433)));
        assert_eq!(no_udp.openings(), [Opening::Udp { port: 4433 }]);
        assert_eq!(
            no_udp.state(&no_udp.findings[1]),
            State::Warning,
            "it works"
        );
    }

    #[test]
    fn another_key_by_udp_counts_before_a_way_that_works() {
        let found = diagnosis([named(), (UDP, Found::ForeignKey), (tcp(4433), works())]);
        assert_eq!(found.verdict(), Verdict::ForeignKey);
        assert_eq!(found.openings(), [], "nobody is asked to let that through");
        // another hub at a usual port of the web says nothing of this one
        let beside = diagnosis([named(), (UDP, works()), (tcp(443), Found::ForeignKey)]);
        assert_eq!(beside.verdict(), Verdict::Works(UDP));
        let finding = &beside.findings[2];
        assert_eq!(beside.state(finding), State::Neutral);
    }

    #[test]
    fn a_network_that_swallows_everything_is_told_from_a_hub_that_does_not_run() {
        let both = [Opening::Udp { port: 4433 }, Opening::Tcp { port: 4433 }];
        let blocked = diagnosis([
            named(),
            (UDP, Found::NoAnswer),
            (tcp(4433), Found::NoAnswer),
        ]);
        assert_eq!(blocked.verdict(), Verdict::Blocked);
        assert_eq!(blocked.openings(), both);
        let stopped = diagnosis([
            named(),
            (UDP, Found::NoAnswer),
            (tcp(4433), Found::PortClosed),
        ]);
        assert_eq!(stopped.verdict(), Verdict::NotRunning);
        let filtered = diagnosis([named(), (UDP, Found::NoAnswer), (tcp(4433), Found::CutOff)]);
        assert_eq!(filtered.verdict(), Verdict::Filtered);
        assert!(
            filtered
                .openings()
                .contains(&Opening::Unopened { port: 4433 })
        );
        let mut nowhere = diagnosis([(
            Check::Name,
            Found::NotResolved {
                detail: String::new(),
            },
        )]);
        assert_eq!(nowhere.verdict(), Verdict::UnknownName);
        assert_eq!(nowhere.openings(), [Opening::Name]);
        nowhere.own.clear();
        assert_eq!(nowhere.verdict(), Verdict::Offline);
    }

    #[test]
    fn what_can_be_done_about_a_proxy_is_told_before_what_is_blocked() {
        let behind = |error| {
            diagnosis([
                named(),
                (UDP, Found::NoAnswer),
                (tcp(4433), Found::PortClosed),
                (Check::Proxy(proxy()), Found::Proxy(error)),
            ])
        };
        let asks = ProxyError::AsksForLogin { proxy: proxy() };
        let refused = false;
        let asked = behind(asks);
        let proxy_asks = Verdict::ProxyAsks {
            proxy: proxy(),
            refused,
        };
        assert_eq!(asked.verdict(), proxy_asks);
        let sign_in = Opening::SignIn { proxy: proxy() };
        assert_eq!(asked.openings().first(), Some(&sign_in));
        let permits_not = ProxyError::NotAllowed {
            proxy: proxy(),
            to: hub(),
        };
        let found = behind(permits_not.clone());
        assert_eq!(found.verdict(), Verdict::Proxy(permits_not));
        let opening = Opening::Proxy {
            proxy: proxy(),
            port: 4433,
        };
        assert_eq!(found.openings().last(), Some(&opening));
        let why = NoAccount::NoTicket;
        let wants = ProxyError::WantsAccount {
            proxy: proxy(),
            why,
        };
        let found = behind(wants.clone());
        assert_eq!(found.verdict(), Verdict::Proxy(wants));
        let opening = Opening::Account {
            proxy: proxy(),
            why,
        };
        assert_eq!(found.openings().first(), Some(&opening));
        // a proxy that is switched off says nothing of a hub that is too
        let gone = ProxyError::NoAnswer { proxy: proxy() };
        assert_eq!(behind(gone).verdict(), Verdict::NotRunning);
    }
}
