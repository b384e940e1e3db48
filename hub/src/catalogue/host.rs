//! Permanent hosts, as the hub keeps them (U2).

use std::collections::BTreeSet;

use protocol::control::Name;
use protocol::{AccountId, EnrolmentId, GroupId, HostGroupId, HostId, HostKey};
use session::directory::HostStanding;

use super::TokenHash;

/// A permanent host, and its name for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedHost {
    pub id: HostId,
    pub name: String,
}

/// A host that comes with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolledHost {
    pub code: TokenHash,
    pub key: HostKey,
    pub computer: Name,
    pub system: Name,
    pub program: String,
}

/// A code that enrols hosts; of the code itself the hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEnrolmentCode {
    pub code: TokenHash,
    pub group: Option<HostGroupId>,
    pub uses: u32,
    pub expires_unix_millis: i64,
}

/// What an administrator changed of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedHost {
    /// Empty for what it calls itself.
    pub name: String,
    pub group: Option<HostGroupId>,
    pub note: String,
}

/// What becomes of permanent hosts, their groups and their codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostChange {
    EnrolmentMade(NewEnrolmentCode),
    EnrolmentWithdrawn {
        enrolment: EnrolmentId,
    },
    Enrolled(EnrolledHost),
    Changed {
        host: NamedHost,
        to: ChangedHost,
    },
    Disabled {
        host: NamedHost,
        disabled: bool,
    },
    Removed {
        host: NamedHost,
    },
    /// Only these open the host; all who see it where there is none.
    OperatorsChosen {
        host: NamedHost,
        operators: Vec<(AccountId, String)>,
    },
    GroupAdded {
        name: String,
        seen_by: BTreeSet<GroupId>,
    },
    GroupChanged {
        group: HostGroupId,
        name: String,
        seen_by: BTreeSet<GroupId>,
    },
    GroupRemoved {
        group: HostGroupId,
    },
}

/// What the hub knows of a host that proved its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHost {
    pub id: HostId,
    pub standing: HostStanding,
    /// Whether its name is one that an administrator gave.
    pub is_named: bool,
}
