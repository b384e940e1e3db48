//! A link `helpme://` from a page or a mail: which hub, and which ticket (H2).
//!
//! Anybody can make one. It fills in what it brings and starts nothing: the user presses **Helpme**, and
//! another hub than the one that is known is asked about first.

use session::TicketNumber;

use crate::settings::{HubPlace, HubText, HubTextError};

/// What every link begins with.
pub const SCHEME: &str = "helpme://";
/// The longest link that is read, in bytes.
const MAX_LINK_BYTES: usize = 2048;

/// What a link brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub hub: HubPlace,
    pub ticket: Option<TicketNumber>,
}

/// The link cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("a link to Helpme begins with {SCHEME}")]
    Scheme,
    #[error("the link is too long")]
    Long,
    #[error("the link names no server that can be used: {0}")]
    Hub(#[from] HubTextError),
}

impl Link {
    /// Reads `helpme://HUB[:PORT]/?key=FINGERPRINT&ticket=TICKET`. What is no ticket is left out, for the
    /// user to type; what a newer page adds is passed over.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        if text.len() > MAX_LINK_BYTES {
            return Err(LinkError::Long);
        }
        let scheme = text.get(..SCHEME.len()).ok_or(LinkError::Scheme)?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(LinkError::Scheme);
        }
        let rest = &text[SCHEME.len()..];
        let rest = rest.split('#').next().unwrap_or_default();
        let (hub, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut fingerprint, mut ticket) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "key" => fingerprint = Some(value.into_owned()),
                "ticket" => ticket = TicketNumber::parse(&value).ok(),
                _newer => {}
            }
        }
        let hub = HubText {
            address: hub.trim_end_matches('/').to_owned(),
            fingerprint: fingerprint.unwrap_or_default(),
        };
        Ok(Self {
            hub: hub.parse()?,
            ticket,
        })
    }
}

/// A link to `hub` without a ticket.
pub fn link_to(hub: &HubPlace) -> String {
    let HubText {
        address,
        fingerprint,
    } = HubText::from(hub);
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.append_pair("key", &fingerprint).finish();
    format!("{SCHEME}{address}/?{query}")
}

#[cfg(test)]
mod tests {
    use host_engine::AddressFault;

    use super::*;

    const KEY: &str = "abababababababababababababababababababababababababababababababab";

    fn parse(rest: &str) -> Result<Link, LinkError> {
        Link::parse(&rest.replace("KEY", KEY))
    }

    #[test]
    fn h2_a_link_brings_the_hub_and_the_ticket_as_browsers_write_them() {
        for text in [
            "helpme://hub.example.org:8443/?key=KEY&ticket=482+913+0571",
            "helpme://hub.example.org:8443?ticket=482-913-0571&key=KEY",
            "HELPME://Hub.Example.org:8443/?key=KEY&ticket=482%20913%200571&newer=1#part",
            "helpme://hub.example.org:8443/?key=KEY&ticket=4829130571",
        ] {
            let link = parse(text).expect(text);
            assert_eq!(link.hub.address.to_string(), "hub.example.org:8443");
            assert_eq!(link.hub.pin.to_string(), KEY);
            let ticket = link.ticket.expect("a ticket");
            assert_eq!(ticket.to_spoken(), "482 913 0571");
        }
        let link = parse("helpme://[2a01:db8::5]:443/?key=KEY").expect("a hub");
        assert_eq!(link.hub.address.host, "2a01:db8::5");
        assert_eq!(link.ticket, None);
    }

    #[test]
    fn a_link_that_was_made_of_a_hub_leads_to_it() {
        for text in [
            "helpme://hub.example.org:8443/?key=KEY",
            "helpme://[2a01:db8::5]:443/?key=KEY",
            "helpme://hub.example.org/?key=public",
        ] {
            let link = parse(text).expect(text);
            let again = Link::parse(&link_to(&link.hub)).expect("a link");
            assert_eq!(again, link);
        }
    }

    #[test]
    fn a_ticket_that_is_none_is_left_for_the_user_to_type() {
        for ticket in ["", "123", "48291305710", "48291305%00", "DROP", "%ff%ff"] {
            let link = parse(&format!("helpme://hub/?key=KEY&ticket={ticket}"));
            assert_eq!(link.expect("a hub").ticket, None, "{ticket}");
        }
    }

    #[test]
    fn e4_a_link_that_is_none_is_told_and_not_guessed() {
        let no_key = Err(LinkError::Hub(HubTextError::Fingerprint));
        assert_eq!(parse("helpme://hub/?ticket=4829130571"), no_key);
        assert_eq!(parse("helpme://hub/?key=12&ticket=4829130571"), no_key);
        let no_host = Err(LinkError::Hub(HubTextError::Address(AddressFault::NoHost)));
        assert_eq!(parse("helpme:///?key=KEY"), no_host);
        assert_eq!(parse("https://hub/?key=KEY"), Err(LinkError::Scheme));
        for text in ["", "helpme:", "é", "helpme:/é"] {
            assert_eq!(parse(text), Err(LinkError::Scheme), "{text}");
        }
        let long = format!("helpme://hub/?key=KEY&a={}", "a".repeat(4000));
        assert_eq!(parse(&long), Err(LinkError::Long));
        assert!(parse("helpme://hub:0/?key=KEY").is_err());
        assert!(parse("helpme://user@hub/?key=KEY").is_err());
    }
}
