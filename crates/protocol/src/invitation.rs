//! One line that sets up a console: where the hub is, how it is known, for whom, and the right to choose
//! a password once (O12).
//!
//! `pure-help-desk://ADDRESS/USER/FINGERPRINT/TOKEN`: what follows the user's name has a fixed length, so
//! that the line is found in a whole mail, and a mail program may have broken it anywhere.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::address::{AddressFault, HubAddress};
use crate::control::Name;
use crate::limits::MAX_NAME_BYTES;

const SCHEME: &str = "pure-help-desk://";
/// The longest address with its port and the longest name, each byte of it as `%2F`.
const MAX_LINE_CHARS: usize = SCHEME.len() + 300 + 3 * MAX_NAME_BYTES + 2 * (32 + 16) + 3;

/// What opens an account once, in place of a password.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvitationToken(pub [u8; 16]);

impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationToken(..)")
    }
}

/// What an invitation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub hub: HubAddress,
    /// SHA-256 of the hub's key, as clients pin it.
    pub fingerprint: [u8; 32],
    pub user: Name,
    pub token: InvitationToken,
}

/// Why what was pasted is no invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvitationFault {
    #[error("there is no invitation in it; one begins with {SCHEME}")]
    None,
    #[error("the invitation is cut off; copy all of it, to its end")]
    CutOff,
    #[error("the invitation is damaged; copy it once more")]
    Damaged,
    #[error("the address of the hub in the invitation is wrong: {0}")]
    Address(#[from] AddressFault),
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        write_hub(f, &self.hub)?;
        for byte in self.user.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'@') {
                f.write_char(char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        f.write_char('/')?;
        hex(f, &self.fingerprint)?;
        f.write_char('/')?;
        hex(f, &self.token.0)
    }
}

/// The address with its port, always, and a slash.
pub(crate) fn write_hub(f: &mut fmt::Formatter<'_>, hub: &HubAddress) -> fmt::Result {
    let HubAddress { host, port } = hub;
    let (open, close) = if host.contains(':') {
        ("[", "]")
    } else {
        ("", "")
    };
    write!(f, "{open}{host}{close}:{port}/")
}

pub(crate) fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// The first invitation in a text: a line, or a whole mail with it, quoted or wrapped.
impl FromStr for Invitation {
    type Err = InvitationFault;

    fn from_str(text: &str) -> Result<Self, InvitationFault> {
        first_in(text, SCHEME, |chars| {
            let (address, user) = (up_to_slash(chars)?, up_to_slash(chars)?);
            let (fingerprint, token) = fingerprint_and_secret(chars)?;
            Ok(Self {
                hub: address.parse()?,
                fingerprint,
                user: user_name(&user).ok_or(InvitationFault::Damaged)?,
                token: InvitationToken(token),
            })
        })
    }
}

/// The first line in `text` that begins with `scheme` and that `read` can read.
pub(crate) fn first_in<T>(
    text: &str,
    scheme: &str,
    read: impl Fn(&mut dyn Iterator<Item = char>) -> Result<T, InvitationFault>,
) -> Result<T, InvitationFault> {
    let mut rest = text;
    let mut fault = InvitationFault::None;
    while let Some((at, mut after)) = find_scheme(rest, scheme) {
        match read(&mut after) {
            Ok(found) => return Ok(found),
            // the mail may speak of invitations before it brings one
            Err(wrong) if fault == InvitationFault::None => fault = wrong,
            Err(_later) => {}
        }
        rest = &rest[at..];
    }
    Err(fault)
}

/// What follows the first scheme of `text`; and where to look for the next one.
fn find_scheme<'a>(
    text: &'a str,
    scheme: &str,
) -> Option<(usize, impl Iterator<Item = char> + use<'a>)> {
    text.char_indices().find_map(|(start, _)| {
        let mut chars = meant(&text[start..]);
        let is_it = scheme.chars().all(|wanted| {
            chars
                .next()
                .is_some_and(|c| c.eq_ignore_ascii_case(&wanted))
        });
        let first = text[start..].chars().next().map_or(1, char::len_utf8);
        is_it.then_some((start + first, chars))
    })
}

/// The characters that belong to a line which a mail program may have wrapped, quoted or dressed up.
fn meant(text: &str) -> impl Iterator<Item = char> {
    let belongs = |c: &char| {
        c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\'' | '`' | '*' | '|')
            || c.is_alphanumeric()
    };
    text.chars().filter(belongs).take(MAX_LINE_CHARS)
}

pub(crate) fn up_to_slash(
    chars: &mut (impl Iterator<Item = char> + ?Sized),
) -> Result<String, InvitationFault> {
    let mut part = String::new();
    for c in chars {
        if c == '/' {
            return Ok(part);
        }
        part.push(c);
    }
    Err(InvitationFault::CutOff)
}

/// The fingerprint of the hub's key, and after a slash what is good at the hub.
pub(crate) fn fingerprint_and_secret(
    chars: &mut (impl Iterator<Item = char> + ?Sized),
) -> Result<([u8; 32], [u8; 16]), InvitationFault> {
    let fingerprint = bytes(chars)?;
    match chars.next() {
        Some('/') => {}
        Some(_) => return Err(InvitationFault::Damaged),
        None => return Err(InvitationFault::CutOff),
    }
    Ok((fingerprint, bytes(chars)?))
}

fn bytes<const N: usize>(
    chars: &mut (impl Iterator<Item = char> + ?Sized),
) -> Result<[u8; N], InvitationFault> {
    let mut digit = || {
        let c = chars.next().ok_or(InvitationFault::CutOff)?;
        let digit = c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        digit.ok_or(InvitationFault::Damaged)
    };
    let mut bytes = [0; N];
    for byte in &mut bytes {
        *byte = digit()? << 4 | digit()?;
    }
    Ok(bytes)
}

fn user_name(text: &str) -> Option<Name> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || {
                let digit = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(digit).ok()
            };
            bytes.push(digit()? << 4 | digit()?);
        } else {
            bytes.push(byte);
        }
    }
    let name = String::from_utf8(bytes).ok()?;
    (!name.is_empty() && name.len() <= MAX_NAME_BYTES).then(|| Name::cut(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn invitation(hub: &str, user: &str) -> Invitation {
        Invitation {
            hub: hub.parse().expect("an address"),
            fingerprint: std::array::from_fn(|i| u8::try_from(i * 7).expect("small")),
            user: user.into(),
            token: InvitationToken([0xc4; 16]),
        }
    }

    #[test]
    fn it_is_one_line_without_blanks() {
        let line = invitation("hub.example.org", "anna rossi").to_string();
        assert_eq!(
            line,
            "pure-help-desk://hub.example.org:443/anna%20rossi/\
             00070e151c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cbd2d9/\
             c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4"
        );
    }

    #[test]
    fn it_is_understood_as_people_paste_it() {
        let wanted = invitation("[2001:db8::1]:4433", "zoë");
        let line = wanted.to_string();
        let (head, tail) = line.split_at(70);
        let spaced: String = line.chars().flat_map(|c| [c, '\u{200b}', ' ']).collect();
        for pasted in [
            line.clone(),
            format!("  \u{feff}{line}\r\n"),
            format!("\"{line}\""),
            format!("<{line}>."),
            format!("“{line}”, and hello"),
            format!("{head}\r\n{tail}"),
            format!("> {head}\n> {tail}\n> \n> Yours, 12ab"),
            format!("Dear Zoë,\n\nThis (pure-help-desk://) is it:\n\n    {line}\n\nBest wishes"),
            format!("{line}{line}"),
            format!("{line}/?utm=mail"),
            spaced,
            line.replace("pure-help-desk", "Pure-Help-Desk"),
        ] {
            assert_eq!(pasted.parse(), Ok(wanted.clone()), "{pasted:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let line = invitation("hub.example.org", "anna").to_string();
        for (text, fault) in [
            ("", InvitationFault::None),
            ("https://hub.example.org/anna", InvitationFault::None),
            ("pure-help-desk://", InvitationFault::CutOff),
            (&line[..line.len() - 1], InvitationFault::CutOff),
            (&line.replace("c4c4", "c4g4"), InvitationFault::Damaged),
            (&line.replace("anna", "an%na"), InvitationFault::Damaged),
            (&line.replace("anna", ""), InvitationFault::Damaged),
            (&line.replace("anna", "%ff"), InvitationFault::Damaged),
            (
                &line.replace(":443", ":0"),
                InvitationFault::Address(AddressFault::Port),
            ),
        ] {
            assert_eq!(text.parse::<Invitation>(), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn the_token_does_not_show_in_debug_output() {
        let shown = format!("{:?}", invitation("hub", "anna"));
        assert!(shown.contains("InvitationToken(..)") && !shown.contains("c4c4"));
    }

    proptest! {
        #[test]
        fn whatever_is_printed_is_read_again(
            user in "\\PC{1,30}",
            fingerprint in any::<[u8; 32]>(),
            token in any::<[u8; 16]>(),
            before in "\\PC{0,40}",
            after in "\\PC{0,40}",
        ) {
            prop_assume!(!before.contains(':'));
            let hub = "hub.example.org:4433".parse().expect("an address");
            let token = InvitationToken(token);
            let wanted = Invitation { hub, fingerprint, user: Name::cut(user), token };
            prop_assert_eq!(format!("{before}{wanted}{after}").parse(), Ok(wanted));
        }

        #[test]
        fn whatever_is_pasted_is_read_or_refused(
            text in prop_oneof![
                any::<String>(),
                "(pure-help-desk://){1,2}[a-z.:/%0-9\n\\[\\]]{0,200}",
            ]
        ) {
            if let Ok(invitation) = text.parse::<Invitation>() {
                prop_assert_eq!(invitation.to_string().parse(), Ok(invitation));
            }
        }
    }
}
