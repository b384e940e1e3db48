//! Who is calling and which version of the protocol both ends speak.
//!
//! INVARIANT: the hellos never change, in no version: a program of any age must be told in words that
//! it is too old. A hub speaks the present version and the two before it. Version 1 was never
//! released.

use serde::{Deserialize, Serialize};

use crate::text::BoundedText;

/// The name of the protocol family in TLS (ALPN); versions are agreed in the hellos, so that a
/// mismatch is a sentence and not a TLS alert.
pub const ALPN: &[u8] = b"pure-help-desk";

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProtocolVersion(pub u16);

/// The versions one end speaks, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    pub oldest: ProtocolVersion,
    pub newest: ProtocolVersion,
}

impl VersionRange {
    /// What this build speaks.
    pub const OURS: Self = Self {
        oldest: ProtocolVersion(2),
        newest: ProtocolVersion(2),
    };

    /// The newest version both ends speak, if there is one.
    pub fn common_with(self, other: Self) -> Option<ProtocolVersion> {
        let newest = self.newest.min(other.newest);
        let oldest = self.oldest.max(other.oldest);
        (oldest <= newest).then_some(newest)
    }
}

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The operator console.
    Operator,
    /// The helped side (Helpme, later `PurePC`).
    Host,
}

/// The first message of a connection, client to hub, on the control stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHello {
    pub versions: VersionRange,
    pub role: Role,
    /// The program and its version, for the hub's log: `helpme 0.1.0 linux`.
    pub program: BoundedText<128>,
}

/// The hub's answer to [`ClientHello`]; a refusal is sent instead where the versions do not meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HubHello {
    /// The connection speaks `version` from here on.
    Welcome {
        version: ProtocolVersion,
        hub: BoundedText<128>,
    },
    /// The hub does not go on with this client.
    Refused {
        versions: VersionRange,
        refusal: crate::Refusal,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(oldest: u16, newest: u16) -> VersionRange {
        VersionRange {
            oldest: ProtocolVersion(oldest),
            newest: ProtocolVersion(newest),
        }
    }

    #[test]
    fn the_newest_common_version_is_chosen() {
        assert_eq!(
            range(1, 3).common_with(range(2, 5)),
            Some(ProtocolVersion(3))
        );
        assert_eq!(range(1, 1).common_with(range(2, 5)), None);
    }
}
