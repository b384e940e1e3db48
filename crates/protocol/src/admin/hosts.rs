//! The administration's questions about permanent hosts: computers that are always connected, their
//! groups, and the codes that enrol them.

use serde::{Deserialize, Serialize};

use super::people::Line;
use super::{Page, Rows};
use crate::control::Name;
use crate::ids::{EnrolmentId, GroupId, HostGroupId, HostId};
use crate::text::BoundedText;

/// Most groups of hosts of a hub, and most groups of operators that see one of them.
pub const MAX_HOST_GROUPS: usize = 1000;
pub const MAX_SEEN_BY: usize = 100;
/// Most operators who are chosen to open one host.
pub const MAX_OPERATORS_OF_HOST: usize = 100;
/// Most hosts that one code enrols, and the longest time for which one is good.
pub const MAX_USES: u32 = 100_000;
pub const MAX_VALID_HOURS: u32 = 24 * 366;

/// What an administrator writes beside a host.
pub type Note = BoundedText<1024>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    List {
        filter: Filter,
        order: Order,
        descending: bool,
        page: Page,
    },
    /// A line that enrols permanent hosts.
    Invite(NewEnrolment),
    /// The codes that still enrol hosts, the newest first.
    Enrolments {
        page: Page,
    },
    /// The code enrols no more hosts; those that it enrolled stay.
    WithdrawEnrolment {
        enrolment: EnrolmentId,
    },
    Change {
        host: HostId,
        change: HostChange,
    },
    /// A disabled host is sent away and not let in again before it is enabled.
    SetDisabled {
        host: HostId,
        disabled: bool,
    },
    /// The host has to be enrolled anew to come back.
    Remove {
        host: HostId,
    },
    /// By name.
    Groups {
        page: Page,
    },
    AddGroup(HostGroup),
    ChangeGroup {
        group: HostGroupId,
        to: HostGroup,
    },
    /// Its hosts stay, without a group.
    RemoveGroup {
        group: HostGroupId,
    },
    /// Who alone opens the host.
    Operators {
        host: HostId,
    },
    /// Only the accounts of these names open the host; all who see it where there is none. At most
    /// [`MAX_OPERATORS_OF_HOST`].
    ChooseOperators {
        host: HostId,
        names: Vec<Name>,
    },
    /// Have others of its network wake the host.
    Wake {
        host: HostId,
    },
    /// Which versions there are, and which are in use (P3).
    Versions,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    List(Rows<HostRow>),
    /// Never shown again.
    Invitation {
        line: Line,
        expires_unix_millis: i64,
    },
    Enrolments(Rows<EnrolmentRow>),
    Groups(Rows<HostGroupRow>),
    GroupAdded {
        group: HostGroupId,
    },
    Done,
    Operators {
        names: Vec<Name>,
    },
    /// The host is being woken by these; it may take two minutes until it is connected.
    Waking {
        through: Vec<Name>,
    },
    Versions(Versions),
}

/// Most rows of each list in [`Versions`].
pub const MAX_VERSION_ROWS: usize = 256;

/// The programs that the hub hands out, and the versions that its fleet runs (P3).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Versions {
    /// The maker's list of the newest versions, where the hub has one.
    pub list: Option<VersionList>,
    pub programs: Vec<ProgramRow>,
    pub fleet: Vec<FleetRow>,
}

/// The maker's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionList {
    /// Grows with each one.
    pub serial: u64,
    pub made_unix_millis: i64,
    /// How many programs it names.
    pub programs: u32,
}

/// A program's file at the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramRow {
    pub file: Name,
    pub standing: ProgramStanding,
    /// Empty where it is not the maker's.
    pub version: Name,
    pub bytes: u64,
    /// When its maker signed it; 0 where it is not the maker's.
    pub signed_unix_millis: i64,
}

/// What becomes of a program at the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProgramStanding {
    /// Programs that have an older version fetch it.
    Offered,
    /// Visitors of the page get it; programs do not, as the list names another version or none.
    OnPage,
    /// Nobody gets it until the maker's list names this version.
    Unlisted,
    /// Nobody gets it: its maker has not signed it, or it was changed.
    Refused,
}

/// How many of the fleet run one version of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetRow {
    /// As it calls itself: `purepc linux`.
    pub program: Name,
    /// Empty where it says none.
    pub version: Name,
    pub count: u32,
    /// What the list has for it; empty where that is nothing.
    pub newest: Name,
    pub behind: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filter {
    /// In the name, what the host calls itself, its system or its note.
    pub search: Name,
    pub group: OfGroup,
    pub state: OfState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OfGroup {
    #[default]
    Any,
    None,
    One(HostGroupId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OfState {
    #[default]
    Any,
    Connected,
    /// Not connected and not disabled.
    Away,
    Disabled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Order {
    #[default]
    Name,
    System,
    Group,
    /// Those that are connected count as seen now.
    LastSeen,
    Version,
    Enrolled,
}

/// A permanent host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRow {
    pub host: HostId,
    /// What operators see: the name that an administrator gave, or else the host's own.
    pub name: Name,
    /// Whether an administrator gave it.
    pub is_named: bool,
    /// As it names itself.
    pub computer: Name,
    pub system: Name,
    /// The program and its version.
    pub program: Name,
    /// Without one no operator sees it.
    pub group: Option<HostGroupId>,
    pub group_name: Name,
    pub note: Note,
    pub disabled: bool,
    pub connected: bool,
    pub enrolled_unix_millis: i64,
    /// Who made the code.
    pub enrolled_by: Name,
    pub last_seen_unix_millis: i64,
}

/// A code to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEnrolment {
    /// Where the hosts that it enrols belong.
    pub group: Option<HostGroupId>,
    /// How many hosts it enrols; more than one for software distribution.
    pub uses: u32,
    pub valid_hours: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentRow {
    pub enrolment: EnrolmentId,
    pub group_name: Name,
    pub uses: u32,
    pub uses_left: u32,
    pub made_by: Name,
    pub expires_unix_millis: i64,
}

/// What a host is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostChange {
    /// Empty for what the host calls itself.
    pub name: Name,
    pub group: Option<HostGroupId>,
    pub note: Note,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostGroup {
    pub name: Name,
    /// The groups whose operators see its hosts; where there is none, the administration alone does.
    pub seen_by: Vec<GroupId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostGroupRow {
    pub group: HostGroupId,
    pub name: Name,
    pub seen_by: Vec<GroupId>,
    pub hosts: u32,
}
