//! How a permanent host (`PurePC`) becomes known to the hub: one line of an administrator's, and then the
//! host's own key.
//!
//! `purepc://ADDRESS/FINGERPRINT/CODE`

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::address::HubAddress;
use crate::control::Name;
use crate::invitation::{
    InvitationFault, fingerprint_and_secret, first_in, hex, up_to_slash, write_hub,
};

const SCHEME: &str = "purepc://";

/// What enrols a permanent host, in place of a key.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnrolmentCode(pub [u8; 16]);

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentCode(..)")
    }
}

/// A permanent host's public key (Ed25519).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostKey(pub [u8; 32]);

/// A signature with the private part of a [`HostKey`] over what is of this one connection and hub, in two
/// halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyProof(pub [[u8; 32]; 2]);

/// What a permanent host says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermanentHost {
    pub key: HostKey,
    pub proof: KeyProof,
    pub computer: Name,
    pub system: Name,
}

/// What the line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    pub hub: HubAddress,
    /// SHA-256 of the hub's key, as clients pin it.
    pub fingerprint: [u8; 32],
    pub code: EnrolmentCode,
}

impl fmt::Display for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        write_hub(f, &self.hub)?;
        hex(f, &self.fingerprint)?;
        f.write_char('/')?;
        hex(f, &self.code.0)
    }
}

/// The first such line in a text, also quoted or wrapped by a mail program.
impl FromStr for Enrolment {
    type Err = InvitationFault;

    fn from_str(text: &str) -> Result<Self, InvitationFault> {
        first_in(text, SCHEME, |chars| {
            let address = up_to_slash(chars)?;
            let (fingerprint, code) = fingerprint_and_secret(chars)?;
            Ok(Self {
                hub: address.parse()?,
                fingerprint,
                code: EnrolmentCode(code),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Invitation;

    fn enrolment(hub: &str) -> Enrolment {
        Enrolment {
            hub: hub.parse().expect("an address"),
            fingerprint: [0xab; 32],
            code: EnrolmentCode([0xc4; 16]),
        }
    }

    #[test]
    fn it_is_one_line_that_is_found_in_a_mail() {
        let wanted = enrolment("hub.example.org");
        let line = wanted.to_string();
        let (fingerprint, code) = ("ab".repeat(32), "c4".repeat(16));
        let expected = format!("purepc://hub.example.org:443/{fingerprint}/{code}");
        assert_eq!(line, expected);
        let (head, tail) = line.split_at(40);
        let mail = format!("Dear colleague,\n> {head}\n> {tail}\nYours");
        assert_eq!(mail.parse(), Ok(wanted));
    }

    #[test]
    fn a_line_for_people_enrols_no_computer_and_the_other_way_round() {
        let line = enrolment("[2001:db8::1]:4433").to_string();
        assert_eq!(line.parse::<Invitation>(), Err(InvitationFault::None));
        let people = "pure-help-desk://hub:443/anna/ab/c4";
        assert_eq!(people.parse::<Enrolment>(), Err(InvitationFault::None));
        let cut = &line[..line.len() - 1];
        assert_eq!(cut.parse::<Enrolment>(), Err(InvitationFault::CutOff));
    }

    #[test]
    fn the_code_does_not_show_in_debug_output() {
        let shown = format!("{:?}", enrolment("hub"));
        assert!(shown.contains("EnrolmentCode(..)") && !shown.contains("c4c4"));
    }

    proptest! {
        #[test]
        fn whatever_is_pasted_is_read_or_refused(text in "(purepc://){1,2}[a-f0-9.:/\n\\[\\]]{0,200}") {
            if let Ok(enrolment) = text.parse::<Enrolment>() {
                prop_assert_eq!(enrolment.to_string().parse(), Ok(enrolment));
            }
        }
    }
}
