//! Where a hub is, as people write it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::Serialize;

/// The port of a hub whose address names none.
pub const DEFAULT_PORT: u16 = 443;
/// The longest name that DNS knows.
const MAX_HOST_BYTES: usize = 253;

/// Where a hub is: a host name or IP address, and a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HubAddress {
    pub host: String,
    pub port: u16,
}

/// An address taken apart: a form may have the port in a field of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenAddress {
    /// In lower case; without brackets and final dot.
    pub host: String,
    /// `None` if none is named.
    pub port: Option<u16>,
}

/// Why what was written is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    #[error("the address is empty; it should look like help.example.org or help.example.org:443")]
    NoHost,
    #[error("there is a space in the address")]
    Space,
    #[error("the address has an @, as those of e-mail have")]
    Email,
    #[error("the port is no number from 1 to 65535")]
    Port,
    #[error("a bracket of the address is missing, or stands where none belongs")]
    Bracket,
    #[error("the address has too many colons for a name, and is no IPv6 address")]
    Colons,
    #[error("the numbers are no IP address")]
    Numbers,
    #[error("the name has two dots in a row, or begins with one")]
    Dots,
    #[error("the address has a character that no name has")]
    Character,
    #[error("the address is too long")]
    Long,
}

/// What is wrong with the certificate by which a hub is to prove its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateFault {
    #[error("it has none, only its own key")]
    None,
    #[error("it is for another name")]
    OtherName,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet; is the clock of this computer right?")]
    NotYetValid,
    #[error("nobody whom this computer trusts has issued it")]
    UnknownIssuer,
    #[error("it was revoked")]
    Revoked,
    #[error("it cannot be used")]
    Unusable,
}

impl fmt::Display for HubAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.host.contains(':'), self.port) {
            (true, port) => write!(f, "[{}]:{port}", self.host),
            (false, DEFAULT_PORT) => f.write_str(&self.host),
            (false, port) => write!(f, "{}:{port}", self.host),
        }
    }
}

impl FromStr for HubAddress {
    type Err = AddressFault;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let WrittenAddress { host, port } = given.parse()?;
        let port = port.unwrap_or(DEFAULT_PORT);
        Ok(Self { host, port })
    }
}

impl FromStr for WrittenAddress {
    type Err = AddressFault;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let folded: String = given.chars().filter_map(folded).collect();
        let text = without_link(folded.trim_matches(is_around));
        if text.is_empty() {
            return Err(AddressFault::NoHost);
        }
        if text.contains(char::is_whitespace) {
            return Err(AddressFault::Space);
        }
        if text.contains('@') {
            return Err(AddressFault::Email);
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(inner) => {
                let (host, rest) = inner.split_once(']').ok_or(AddressFault::Bracket)?;
                let host = ip(host).ok_or(AddressFault::Bracket)?;
                match rest.strip_prefix(':') {
                    Some(port) => (host, port_of(port)?),
                    None if rest.is_empty() => (host, None),
                    None => return Err(AddressFault::Bracket),
                }
            }
            None if text.contains(['[', ']']) => return Err(AddressFault::Bracket),
            None => without_brackets(text)?,
        };
        Ok(Self { host, port })
    }
}

/// An IPv6 address needs no brackets where no port follows, or where it is of full length.
fn without_brackets(text: &str) -> Result<(String, Option<u16>), AddressFault> {
    if let Some(host) = ip(text) {
        return Ok((host, None));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Ok((name(text)?, None));
    };
    let host = match ip(host) {
        Some(host) => host,
        None if host.contains(':') => return Err(AddressFault::Colons),
        None => name(host)?,
    };
    Ok((host, port_of(port)?))
}

/// A character as it is meant: those of East Asian keyboards are wide, and what is copied from a page may
/// bring characters that nobody sees.
fn folded(character: char) -> Option<char> {
    Some(match character {
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => return None,
        '\u{ff01}'..='\u{ff5e}' => {
            let narrow = u32::from(character) - 0xff01 + u32::from('!');
            char::from_u32(narrow)?.to_ascii_lowercase()
        }
        '。' | '｡' => '.',
        '︓' | '﹕' | '∶' | '꞉' => ':',
        '‐' | '‑' => '-',
        other => other.to_ascii_lowercase(),
    })
}

/// What stands around an address in a sentence and does not belong to it.
fn is_around(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '<' | '>' | '"' | '\'' | '“' | '”' | '‘' | '’' | '«' | '»' | ',' | ';'
        )
}

/// `text` without the scheme before the address and the path after it.
fn without_link(text: &str) -> &str {
    let text = text.split_once("://").map_or(text, |(scheme, rest)| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if scheme.chars().all(fits) { rest } else { text }
    });
    let text = text.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    text.trim_matches(is_around)
}

fn port_of(text: &str) -> Result<Option<u16>, AddressFault> {
    if text.is_empty() {
        return Ok(None); // as in `hub:`
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.map(Some).ok_or(AddressFault::Port)
}

/// An IP address in its usual spelling. One of a single link may name the network card: `fe80::1%eth0`.
fn ip(text: &str) -> Option<String> {
    if let Some((address, card)) = text.split_once('%') {
        let address: Ipv6Addr = address.parse().ok()?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let sound = !card.is_empty() && card.len() <= 64 && card.chars().all(fits);
        return sound.then(|| format!("{address}%{card}"));
    }
    let address: IpAddr = text.parse().ok()?;
    Some(address.to_string())
}

fn name(text: &str) -> Result<String, AddressFault> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if let Some(address) = ip(text) {
        return Ok(address);
    }
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    if text.is_empty() {
        return Err(AddressFault::NoHost);
    }
    if text.len() > MAX_HOST_BYTES {
        return Err(AddressFault::Long);
    }
    if !text.chars().all(fits) {
        return Err(AddressFault::Character);
    }
    if text.split('.').any(str::is_empty) {
        return Err(AddressFault::Dots);
    }
    // no top-level domain is a number, so this was to be an IP address
    let last = text.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AddressFault::Numbers);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        const HUB: &str = "hub.example.org";
        const V6: &str = "2a01:4f8:c17:1::5";
        for (text, host, port) in [
            (HUB, HUB, None),
            ("hub.example.org:4433", HUB, Some(4433)),
            ("  hub.example.org  ", HUB, None),
            ("\thub.example.org:4433\r\n", HUB, Some(4433)),
            ("https://hub.example.org:8443/", HUB, Some(8443)),
            ("https://hub.example.org/path?a=b#c", HUB, None),
            ("https://hub.example.org/a path", HUB, None),
            ("HTTPS://HUB.Example.ORG:8443", HUB, Some(8443)),
            ("phd://hub.example.org:4433", HUB, Some(4433)),
            ("hub.example.org:", HUB, None),
            ("hub.example.org.", HUB, None),
            ("hub.example.org.:4433", HUB, Some(4433)),
            ("<https://hub.example.org>", HUB, None),
            ("“hub.example.org”,", HUB, None),
            ("hub\u{200b}.example.org\u{feff}", HUB, None),
            ("ｈｕｂ．ｅｘａｍｐｌｅ．ｏｒｇ：４４３３", HUB, Some(4433)),
            ("hub。example。org﹕4433\u{3000}", HUB, Some(4433)),
            ("ｈｔｔｐｓ：／／hub.example.org", HUB, None),
            ("hub", "hub", None),
            ("my_hub-2", "my_hub-2", None),
            ("bücher.example", "bücher.example", None),
            (V6, V6, None),
            ("2A01:04F8:C17:1:0:0:0:5", V6, None),
            ("2a01:4f8:c17:1:0:0:0:5:4433", V6, Some(4433)),
            ("[2a01:4f8:c17:1::5]", V6, None),
            ("[2a01:4f8:c17:1::5]:4433", V6, Some(4433)),
            ("https://[2a01:4f8:c17:1::5]:4433/", V6, Some(4433)),
            ("fe80::1%eth0", "fe80::1%eth0", None),
            ("[fe80::1%eth0]:4433", "fe80::1%eth0", Some(4433)),
            ("192.0.2.7:4433", "192.0.2.7", Some(4433)),
            ("192.0.2.7.", "192.0.2.7", None),
            ("[::1]:8080", "::1", Some(8080)),
            ("::1", "::1", None),
        ] {
            let read = text.parse();
            let host = host.to_owned();
            assert_eq!(read, Ok(WrittenAddress { host, port }), "{text:?}");
        }
        let whole: HubAddress = " hub.example.org ".parse().expect("an address");
        assert_eq!(whole.port, DEFAULT_PORT);
    }

    #[test]
    fn what_is_wrong_is_named() {
        use AddressFault::{
            Bracket, Character, Colons, Dots, Email, Long, NoHost, Numbers, Port, Space,
        };
        for (text, fault) in [
            ("", NoHost),
            (" \n", NoHost),
            (":443", NoHost),
            ("https://", NoHost),
            ("/hub", NoHost),
            ("my hub", Space),
            ("hub.example.org 4433", Space),
            ("hub.example.org\nhub.example.net", Space),
            ("anna@example.org", Email),
            ("anna＠example.org", Email),
            ("https://anna@hub.example.org", Email),
            ("hub.example.org:0", Port),
            ("hub.example.org:65536", Port),
            ("hub.example.org:+443", Port),
            ("hub.example.org:http", Port),
            ("[::1]:70000", Port),
            ("[2a01:4f8:c17:1::5", Bracket),
            ("2a01:4f8:c17:1::5]:4433", Bracket),
            ("[::1]4433", Bracket),
            ("[hub.example.org]", Bracket),
            ("hub.example.org:44:33", Colons),
            ("2a01:4f8:c17:1", Colons),
            ("192.0.2.256", Numbers),
            ("192.0.2", Numbers),
            ("4433", Numbers),
            ("hub..example.org", Dots),
            (".example.org", Dots),
            ("hub!.example.org", Character),
            ("hub.example.org=4433", Character),
        ] {
            assert_eq!(text.parse::<HubAddress>(), Err(fault), "{text:?}");
        }
        assert_eq!("a".repeat(254).parse::<HubAddress>(), Err(Long));
    }

    proptest! {
        /// Whatever is pasted is read or refused, and what is printed reads as the same.
        #[test]
        fn what_is_printed_is_read_again(
            text in prop_oneof![
                any::<String>(),
                // near an address
                "(https?://|\\[)?[a-zA-Z0-9.:%ａ-ｚ。：_\\-]{0,24}(\\]|\\])?(:[0-9]{0,6})?[/. \n]{0,2}",
                any::<std::net::SocketAddr>().prop_map(|address| address.to_string()),
            ]
        ) {
            if let Ok(address) = text.parse::<HubAddress>() {
                prop_assert_eq!(address.to_string().parse(), Ok(address.clone()), "{}", address);
                // as a form shows it
                let apart = WrittenAddress { host: address.host.clone(), port: None };
                prop_assert_eq!(address.host.parse(), Ok(apart));
            }
        }
    }
}
