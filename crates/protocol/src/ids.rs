//! Newtypes for everything that is numbered.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// One remote session, numbered by the hub; also the name of its film.
    SessionId
);
id!(
    /// One report, numbered by the hub.
    ReportId
);
id!(
    /// One row of the live list (an operator or a host) for as long as it is connected.
    EntryId
);

/// The first five digits of a ticket: the part that the hub knows and routes by (H1).
///
/// INVARIANT: below 100 000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct TicketRoute(u32);

impl TicketRoute {
    /// How many routes there are.
    pub const COUNT: u32 = 100_000;

    /// The route `number`, or `None` if it has more than five digits.
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
        write!(f, "{:05}", self.0)
    }
}
