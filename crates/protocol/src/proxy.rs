//! Proxies, as settings name them: where one is, what it speaks, and who signs in there.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::Serialize;

use crate::address::{AddressFault, HubAddress, WrittenAddress};

/// What is taken of a name or a password for a proxy, in bytes: SOCKS5 has no room for more.
pub const MAX_PROXY_LOGIN_BYTES: usize = 255;
/// The port of a proxy that names none: SOCKS' own (RFC 1928), and what curl takes for any.
const USUAL_PORT: u16 = 1080;

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyKind {
    /// HTTP with CONNECT.
    Http,
    /// SOCKS5; it looks names up itself.
    Socks5,
}

/// Where a proxy is. It holds no password, so it may be shown and logged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ProxyAddress {
    pub kind: ProxyKind,
    pub host: String,
    pub port: u16,
}

/// Who signs in at a proxy. Neither is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyLogin {
    user: String,
    password: String,
}

/// A proxy, and who signs in there if it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    pub address: ProxyAddress,
    pub login: Option<ProxyLogin>,
}

/// What the system's settings say of the way to one hub.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemProxies {
    /// The best first; none where the hub is to be reached without.
    pub proxies: Vec<Proxy>,
    /// A script (PAC) would have the answer, and nobody here can run it.
    pub needs_script: bool,
    pub source: ProxySource,
}

/// Who says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxySource {
    /// `https_proxy` and its like.
    Environment,
    /// The system's settings, or a script (PAC) that they name and the system runs without telling.
    #[default]
    Settings,
    /// A script (PAC) that the system's settings name.
    Script,
}

/// What names a proxy in a setting, and is none that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyFault {
    #[error("only http:// and socks5:// proxies are known")]
    Kind,
    #[error("{0}")]
    Address(#[from] AddressFault),
    #[error("the proxy's user name or password is too long")]
    Login,
}

/// A proxy did not lead to the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyError {
    #[error("the proxy {proxy} does not answer")]
    NoAnswer { proxy: ProxyAddress },
    /// It wants to know who signs in, and nobody does.
    #[error("the proxy {proxy} asks for a user name and a password")]
    AsksForLogin { proxy: ProxyAddress },
    #[error("the proxy {proxy} refuses the user name or the password")]
    LoginRefused { proxy: ProxyAddress },
    /// None of the ways to sign in that it offers is known here; `offered` is its own word for them.
    #[error("the proxy {proxy} signs people in by {offered} only")]
    UnknownSignIn {
        proxy: ProxyAddress,
        offered: String,
    },
    #[error("the proxy {proxy} does not permit {to}")]
    NotAllowed { proxy: ProxyAddress, to: HubAddress },
    /// It would, but does not get there.
    #[error("the proxy {proxy} does not reach {to}")]
    HubNotReached { proxy: ProxyAddress, to: HubAddress },
    /// Something else answers there.
    #[error("what answers at {proxy} is no proxy")]
    NoProxy { proxy: ProxyAddress },
    /// It takes no passwords.
    #[error("the proxy {proxy} takes only accounts of its network (Kerberos), and {why}")]
    WantsAccount { proxy: ProxyAddress, why: NoAccount },
}

/// Why the account that somebody is logged in with at this computer did not sign in at a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum NoAccount {
    /// The system has nothing to show there: no Kerberos ticket, or an old one.
    #[error("the account of this computer has no Kerberos ticket for it")]
    NoTicket,
    /// The system's own servers do not answer in time.
    #[error("no Kerberos ticket comes in time")]
    TooSlow,
    #[error("the account of this computer is not one of them")]
    Refused,
}

impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

impl ProxyLogin {
    /// Control characters are left out: no name has any, and they could end a line.
    ///
    /// # Errors
    ///
    /// [`ProxyFault::Login`] above [`MAX_PROXY_LOGIN_BYTES`].
    pub fn new(user: &str, password: &str) -> Result<Self, ProxyFault> {
        let plain = |text: &str| text.chars().filter(|c| !c.is_control()).collect();
        let login = Self {
            user: plain(user),
            password: plain(password),
        };
        let longest = login.user.len().max(login.password.len());
        if longest > MAX_PROXY_LOGIN_BYTES {
            return Err(ProxyFault::Login);
        }
        Ok(login)
    }

    /// As typed: `DOMAIN\user` and `user@domain` are for whoever signs in.
    pub fn user(&self) -> &str {
        &self.user
    }

    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for ProxyLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyLogin").finish_non_exhaustive()
    }
}

impl FromStr for Proxy {
    type Err = ProxyFault;

    /// Reads what `https_proxy` and the like hold: `proxy:3128`, `http://user:password@proxy:3128/`,
    /// `socks5h://proxy`.
    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let given = given.trim();
        let (scheme, rest) = given.split_once("://").unwrap_or(("http", given));
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyKind::Http,
            "socks" | "socks5" | "socks5h" => ProxyKind::Socks5,
            _ => return Err(ProxyFault::Kind),
        };
        let rest = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        let login = login.map(|login| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            ProxyLogin::new(&decoded(user), &decoded(password))
        });
        let WrittenAddress { host, port } = place.parse()?;
        let address = ProxyAddress {
            kind,
            host,
            port: port.unwrap_or(USUAL_PORT),
        };
        let login = login.transpose()?;
        Ok(Self { address, login })
    }
}

/// Undoes `%40` and its like; what is no such pair stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let byte = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                match (digit(*high), digit(*low)) {
                    (Some(high), Some(low)) => {
                        rest = after;
                        u8::try_from(high << 4 | low).unwrap_or(b'%')
                    }
                    _ => b'%',
                }
            }
            _ => *first,
        };
        bytes.push(byte);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether `hub` is to be reached without the system's proxy, by one entry of a list of exceptions:
/// `*`, `example.org` (with what is below it), `.example.org`, `*.example.org`, `10.0.0.0/8`,
/// `192.168.*`, each also with a port.
pub fn is_exception(entry: &str, hub: &HubAddress) -> bool {
    let entry = entry.trim().to_ascii_lowercase();
    if entry.is_empty() {
        return false;
    }
    if let Some((net, bits)) = entry.split_once('/') {
        return in_net(net, bits, &hub.host);
    }
    let (pattern, port) = match entry.parse::<WrittenAddress>() {
        Ok(written) => (written.host, written.port),
        Err(_pattern) => match entry.rsplit_once(':') {
            Some((pattern, port)) if port.parse::<u16>().is_ok() => {
                (pattern.to_owned(), port.parse().ok())
            }
            _ => (entry, None),
        },
    };
    if port.is_some_and(|port| port != hub.port) {
        return false;
    }
    let host = hub.host.to_ascii_lowercase();
    if pattern == "*" {
        return true;
    }
    if let Some(beginning) = pattern.strip_suffix('*') {
        return !beginning.is_empty() && host.starts_with(beginning);
    }
    let pattern = pattern.trim_start_matches('*').trim_start_matches('.');
    host == pattern
        || host
            .strip_suffix(pattern)
            .is_some_and(|before| before.ends_with('.'))
}

fn in_net(net: &str, bits: &str, host: &str) -> bool {
    let (Ok(net), Ok(host), Ok(bits)) = (
        net.parse::<IpAddr>(),
        host.parse::<IpAddr>(),
        bits.parse::<u32>(),
    ) else {
        return false;
    };
    match (net, host) {
        (IpAddr::V4(net), IpAddr::V4(host)) if bits <= 32 => {
            let differ = net.to_bits() ^ host.to_bits();
            differ.checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(net), IpAddr::V6(host)) if bits <= 128 => {
            let differ = net.to_bits() ^ host.to_bits();
            differ.checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (ProxyKind, String, u16, Option<(String, String)>) {
        let Proxy { address, login } = text.parse().expect("a proxy");
        let login = login.map(|l| (l.user().to_owned(), l.password().to_owned()));
        (address.kind, address.host, address.port, login)
    }

    #[test]
    fn r3_a_proxy_is_read_as_the_environment_has_it() {
        use ProxyKind::{Http, Socks5};
        let login = |u: &str, p: &str| Some((u.to_owned(), p.to_owned()));
        for (text, kind, host, port, who) in [
            ("proxy:3128", Http, "proxy", 3128, None),
            ("http://Proxy.example/", Http, "proxy.example", 1080, None),
            ("http://[2001:db8::1]:8080", Http, "2001:db8::1", 8080, None),
            ("socks5h://10.0.0.1", Socks5, "10.0.0.1", 1080, None),
            (
                "http://FIRM%5Canna:p%40ss%3a@proxy:8080",
                Http,
                "proxy",
                8080,
                login("FIRM\\anna", "p@ss:"),
            ),
            ("http://anna@proxy:1", Http, "proxy", 1, login("anna", "")),
            (
                "http://a:100%@proxy:1",
                Http,
                "proxy",
                1,
                login("a", "100%"),
            ),
        ] {
            assert_eq!(read(text), (kind, host.to_owned(), port, who), "{text}");
        }
        let fault = |text: &str| text.parse::<Proxy>().expect_err("no proxy");
        assert_eq!(fault("https://proxy:443"), ProxyFault::Kind);
        assert_eq!(fault(""), ProxyFault::Address(AddressFault::NoHost));
        assert_eq!(
            fault("http://a:b@"),
            ProxyFault::Address(AddressFault::NoHost)
        );
        let long = format!("http://a:{}@proxy", "x".repeat(256));
        assert_eq!(fault(&long), ProxyFault::Login);
    }

    #[test]
    fn a_proxys_password_does_not_show() {
        let proxy: Proxy = "http://anna:hunter2@proxy:8080".parse().expect("a proxy");
        let shown = format!("{proxy:?} {}", proxy.address);
        assert!(
            !shown.contains("hunter2") && !shown.contains("anna"),
            "{shown}"
        );
        let login = ProxyLogin::new("a\r\nX: y", "b\0").expect("short");
        assert_eq!((login.user(), login.password()), ("aX: y", "b"));
    }

    #[test]
    fn r3_exceptions_are_kept_however_they_are_written() {
        let hub = |text: &str| text.parse::<HubAddress>().expect("an address");
        for (entry, host, excepted) in [
            ("*", "hub.example.org", true),
            ("example.org", "hub.example.org", true),
            (".example.org", "hub.example.org", true),
            ("*.example.org", "hub.example.org", true),
            ("example.org", "example.org", true),
            ("Example.Org", "hub.example.org", true),
            ("ample.org", "hub.example.org", false),
            ("hub.example.org:443", "hub.example.org", true),
            ("hub.example.org:8080", "hub.example.org", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("0.0.0.0/0", "11.1.2.3", true),
            ("192.168.*", "192.168.7.1", true),
            ("192.168.*", "192.169.7.1", false),
            ("2001:db8::/32", "2001:db8::9", true),
            ("2001:db8::/32", "2001:db9::9", false),
            ("::1", "2001:db8::1", false),
            ("", "hub.example.org", false),
            ("10.0.0.0/99", "10.0.0.1", false),
            ("<local>", "hub.example.org", false),
        ] {
            assert_eq!(is_exception(entry, &hub(host)), excepted, "{entry} {host}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_setting_holds_is_read_or_refused(text in ".{0,60}", host in "[a-z.0-9:]{1,20}") {
            let _read = text.parse::<Proxy>();
            let _kept = is_exception(&text, &HubAddress { host, port: 443 });
        }
    }
}
