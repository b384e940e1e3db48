//! Newtypes for everything that is numbered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A number that a hub gave out. It carries the hub's own number, so that several hubs can share a
/// store; the first hub has number 0, and its numbers look like plain counts.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The `count`th number of `hub`; what does not fit into [`COUNT_BITS`] is cut off.
            pub const fn of_hub(hub: u16, count: u64) -> Self {
                Self(((hub as u64) << COUNT_BITS) | (count & COUNT_MASK))
            }

            /// The number of the hub that gave it out.
            pub const fn hub(self) -> u16 {
                (self.0 >> COUNT_BITS) as u16
            }

            /// What the hub had counted.
            pub const fn count(self) -> u64 {
                self.0 & COUNT_MASK
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.hub() {
                    0 => write!(f, "{}", self.count()),
                    hub => write!(f, "{hub}-{}", self.count()),
                }
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let (hub, count) = text.split_once('-').unwrap_or(("0", text));
                let count = count.parse().ok().filter(|count| *count <= COUNT_MASK);
                match (hub.parse(), count) {
                    (Ok(hub), Some(count)) => Ok(Self::of_hub(hub, count)),
                    _ => Err(ParseIdError),
                }
            }
        }
    };
}

/// How many low bits of a number count; the hub's number stands above them.
pub const COUNT_BITS: u32 = 48;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// What was given is no such number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this should look like 17, or like 3-17 where several hubs share a store")]
pub struct ParseIdError;

numbered!(
    /// One remote session; also the name of its film.
    SessionId
);
numbered!(
    /// One report.
    ReportId
);

/// A number that the hub's data base gave out.
macro_rules! counted {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);
    };
}

counted!(
    /// One person's account.
    AccountId
);
counted!(
    /// One group of accounts.
    GroupId
);
counted!(
    /// One role.
    RoleId
);
counted!(
    /// One permanent host.
    HostId
);
counted!(
    /// One group of permanent hosts.
    HostGroupId
);
counted!(
    /// One code that enrols permanent hosts.
    EnrolmentId
);

impl GroupId {
    /// The built-in group that new accounts are in.
    pub const EVERYONE: Self = Self(1);
}

// INVARIANT: these numbers stand in data bases.
impl RoleId {
    pub const OPERATOR: Self = Self(1);
    pub const AUDITOR: Self = Self(2);
    pub const ADMINISTRATOR: Self = Self(3);
}

/// One operator or host, from its log-in or its first ticket until it leaves for good: it stays the
/// same while the peer changes its address or the hub starts anew.
///
/// The hub draws it at random, so that it is never given to somebody else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PeerId(pub [u8; 16]);

impl PeerId {
    /// No peer; the hub draws it for nobody.
    pub const NOBODY: Self = Self([0; 16]);
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({self})")
    }
}

/// What a peer shows to be taken for the same one after its connection was lost.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResumeSecret(pub [u8; 32]);

impl fmt::Debug for ResumeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeSecret(..)")
    }
}

/// The first four digits of a ticket: the part that the hub knows and routes by (H1).
///
/// INVARIANT: below 10 000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct TicketRoute(u32);

impl TicketRoute {
    /// How many routes there are.
    pub const COUNT: u32 = 10_000;

    /// The route `number`, or `None` if it has more than four digits.
    pub fn new(number: u32) -> Option<Self> {
        (number < Self::COUNT).then_some(Self(number))
    }

    /// The route as a number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for TicketRoute {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        Self::new(number).ok_or_else(|| serde::de::Error::custom("ticket route out of range"))
    }
}

impl fmt::Display for TicketRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hubs_numbers_are_plain_counts() {
        assert_eq!(SessionId::of_hub(0, 17).to_string(), "17");
        assert_eq!(SessionId::of_hub(3, 17).to_string(), "3-17");
        assert_eq!("17".parse(), Ok(SessionId(17)));
        assert_eq!("3-17".parse(), Ok(ReportId::of_hub(3, 17)));
        for wrong in ["", "-", "x", "1-", "70000-1", "281474976710656", "1-2-3"] {
            assert_eq!(wrong.parse::<SessionId>(), Err(ParseIdError), "{wrong}");
        }
    }

    #[test]
    fn a_resume_secret_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", ResumeSecret([7; 32])), "ResumeSecret(..)");
    }
}
