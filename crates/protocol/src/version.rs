//! Who is calling and which version of the protocol both ends speak.
//!
//! INVARIANT: the hellos never change, in no version: a program of any age must be told in words that
//! it is too old.

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

/// What no program speaks that anybody was given.
const NEVER_RELEASED: u16 = 1;
/// The first in which permanent hosts are opened with their access password.
pub const KNOCKING: ProtocolVersion = ProtocolVersion(3);
/// The first whose hubs make films of pictures of format 4.
pub const QUICK_PHOTOS: ProtocolVersion = ProtocolVersion(4);
/// The first in which permanent hosts wake each other.
pub const WAKING: ProtocolVersion = ProtocolVersion(4);
/// The first whose hubs make films of pictures of format 5.
pub const LARGE_VIDEOS: ProtocolVersion = ProtocolVersion(5);
/// The first whose hubs tell programs of newer versions, and hand them out.
pub const UPDATES: ProtocolVersion = ProtocolVersion(5);
/// How many versions a build speaks besides its newest.
const KEPT: u16 = 2;

/// Whoever has to be renewed before two ends can speak to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TooOld {
    Program,
    Hub,
}

impl VersionRange {
    /// What this build speaks.
    pub const OURS: Self = Self::up_to(5);

    /// What a build speaks whose newest version is `newest`: that and the two before it.
    const fn up_to(newest: u16) -> Self {
        let oldest = newest.saturating_sub(KEPT);
        let oldest = if oldest > NEVER_RELEASED {
            oldest
        } else {
            NEVER_RELEASED + 1
        };
        Self {
            oldest: ProtocolVersion(oldest),
            newest: ProtocolVersion(newest),
        }
    }

    /// The newest version both ends speak, if there is one.
    pub fn common_with(self, other: Self) -> Option<ProtocolVersion> {
        let newest = self.newest.min(other.newest);
        let oldest = self.oldest.max(other.oldest);
        (oldest <= newest).then_some(newest)
    }

    /// Who is too old where a program with these versions and a `hub` have none in common.
    pub fn too_old_for(self, hub: Self) -> TooOld {
        if self.newest < hub.newest {
            TooOld::Program
        } else {
            TooOld::Hub
        }
    }
}

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The operator console.
    Operator,
    /// The helped side (Helpme and `PurePC`).
    Host,
    /// The administrator's window.
    Administrator,
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

    #[test]
    fn a_build_speaks_its_newest_version_and_the_two_before_it() {
        let spoken = [2, 3, 4, 5, 9].map(VersionRange::up_to);
        let expected = [
            range(2, 2),
            range(2, 3),
            range(2, 4),
            range(3, 5),
            range(7, 9),
        ];
        assert_eq!(spoken, expected);
        let hub = VersionRange::up_to(9);
        for (program, agreed) in [
            (6, None),
            (7, Some(7)),
            (9, Some(9)),
            (11, Some(9)),
            (12, None),
        ] {
            let agreed = agreed.map(ProtocolVersion);
            assert_eq!(
                VersionRange::up_to(program).common_with(hub),
                agreed,
                "{program}"
            );
        }
    }

    #[test]
    fn the_one_with_the_older_versions_is_too_old() {
        assert_eq!(range(1, 1).too_old_for(range(2, 2)), TooOld::Program);
        assert_eq!(range(4, 6).too_old_for(range(1, 3)), TooOld::Hub);
    }
}
