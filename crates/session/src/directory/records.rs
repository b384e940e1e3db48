//! What the directory asks the hub's store to keep, and what the store gives back at the next start.

use std::collections::BTreeMap;
use std::net::IpAddr;

use protocol::{
    EndedBy, HostId, Lan, PeerId, ReportId, Rights, SessionId, Shield, TicketRoute, TicketState,
};

use super::{FilesNote, FoldersNote, HostStanding};
use crate::authority::{Action, Denied, Membership};

/// One operator's account, numbered by the store.
pub use protocol::AccountId;

/// The hash of a peer's resume secret; the secret itself is never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretHash(pub [u8; 32]);

/// One change and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub actor: Actor,
    pub what: What,
}

/// Who made a change, for the audit log: nobody can be somebody else by their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    Hub,
    /// Somebody who is logged in, by the name of the account.
    Account(String),
    /// A computer or its user, by the name that they chose.
    Host(String),
    /// Somebody at the hub's own command line.
    CommandLine,
    /// Somebody who was not let in, by the name that they typed.
    Stranger(String),
}

impl Actor {
    /// As a list shows it.
    pub fn name(&self) -> &str {
        match self {
            Self::Hub => "hub",
            Self::CommandLine => "command line",
            Self::Account(name) | Self::Host(name) | Self::Stranger(name) => name,
        }
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// An operator has a place that outlives a lost connection.
    OperatorAdmitted(StoredOperator),
    /// A host has a place that outlives a lost connection.
    HostAdmitted(StoredHost),
    /// A permanent host is connected.
    PermanentHostHere {
        host: HostId,
        computer: String,
        system: String,
        program: String,
        /// Where its connection comes from.
        from: IpAddr,
    },
    /// A permanent host is not connected any more.
    PermanentHostGone {
        host: HostId,
    },
    /// Those that are connected still are.
    PermanentHostsSeen,
    /// Where a permanent host says that its network cards are.
    PermanentHostIn {
        host: HostId,
        lans: Vec<Lan>,
    },
    /// A place is given up.
    PeerGone {
        peer: PeerId,
    },
    LoggedOut,
    TicketCreated {
        route: TicketRoute,
        owner: AccountId,
        expires_unix_millis: i64,
    },
    /// An open ticket is good for longer.
    TicketExtended {
        route: TicketRoute,
        expires_unix_millis: i64,
    },
    /// The ticket that was open is so no longer.
    TicketClosed {
        route: TicketRoute,
        state: TicketState,
    },
    /// Somebody typed the right route and the wrong secret.
    WrongSecret {
        route: TicketRoute,
        wrong_secrets: u32,
    },
    ConsentAsked {
        session: SessionId,
        owner: AccountId,
        operator: String,
        host: String,
        requester: String,
        /// `None` where the host was opened with its access password.
        ticket: Option<TicketRoute>,
        asked: Rights,
    },
    /// There will be no session.
    ConsentRefused {
        session: SessionId,
        reason: &'static str,
    },
    /// One more operator asks to be let into a session that runs.
    JoinAsked {
        session: SessionId,
        operator: String,
        asked: Rights,
    },
    /// That operator is not let in.
    JoinRefused {
        session: SessionId,
        operator: String,
        reason: &'static str,
    },
    /// One more operator takes part.
    OperatorJoined {
        session: SessionId,
        member: StoredMember,
    },
    /// An operator takes part no more. The report is `owner`'s from now on.
    OperatorLeft {
        session: SessionId,
        operator: PeerId,
        name: String,
        owner: AccountId,
    },
    /// The user agreed and the film is open: a session with its film and an empty report.
    SessionStarted(StartedSession),
    /// One end is out of reach.
    SessionPaused {
        session: SessionId,
        side: Side,
    },
    SessionResumed {
        session: SessionId,
    },
    /// The user has paused, or goes on.
    SessionWithheld {
        session: SessionId,
        withheld: bool,
    },
    /// A shield went up at the host, or down.
    SessionShielded {
        session: SessionId,
        shield: Shield,
        up: bool,
    },
    RightsReduced {
        session: SessionId,
        operator: PeerId,
        name: String,
        rights: Rights,
    },
    /// Input came too late to be done.
    InputTooOld {
        session: SessionId,
        count: u32,
    },
    SessionEnded {
        session: SessionId,
        ended_unix_millis: i64,
        by: EndedBy,
    },
    FilmClosed {
        session: SessionId,
        bytes: u64,
        head: [u8; 32],
    },
    FilmFailed {
        session: SessionId,
    },
    /// An administrator ends a session; [`What::SessionEnded`] follows.
    EndedByAdministrator {
        session: SessionId,
    },
    /// An administrator begins to watch a session.
    WatchBegan {
        session: SessionId,
    },
    /// The administrator watches no more, or the session is over.
    WatchEnded {
        session: SessionId,
    },
    /// An administrator sends a host or a console away.
    DisconnectedByAdministrator {
        peer: PeerId,
    },
    /// Files between the host and an operator.
    Files {
        session: SessionId,
        note: FilesNote,
    },
    /// An operator and the host's folders.
    Folders {
        session: SessionId,
        operator: protocol::control::Name,
        note: FoldersNote,
    },
    /// An operator opened a permanent host with its access password.
    HostOpened {
        host: HostId,
        name: String,
        /// Why, as the operator said; empty where nothing was said.
        said: String,
    },
    /// An operator wanted to, and did not.
    HostNotOpened {
        host: HostId,
        name: String,
        reason: &'static str,
    },
    /// A permanent host is being woken by others of its network.
    HostWaking {
        host: HostId,
        name: String,
        through: Vec<String>,
    },
    /// One that was being woken is connected.
    HostWoken {
        host: HostId,
        name: String,
    },
    /// One is not woken, or has not come.
    HostNotWoken {
        host: HostId,
        name: String,
        reason: &'static str,
    },
    /// An operator and a colleague typed the same word: the colleague shows their screen.
    ScreenShown {
        colleague: String,
        control: bool,
    },
    /// An operator asked a colleague for it in vain.
    ScreenNotShown {
        colleague: String,
        control: bool,
        reason: &'static str,
    },
    /// Somebody wanted what they may not.
    Denied {
        action: Action,
        why: Denied,
    },
}

/// An end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Host,
    Operator(PeerId),
}

/// A session that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedSession {
    pub session: SessionId,
    pub report: ReportId,
    pub host: PeerId,
    /// The operator whom the user let in.
    pub first: StoredMember,
    pub started_unix_millis: i64,
    /// The recording, relative to the data folder.
    pub film: String,
}

/// An operator who takes part in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMember {
    pub operator: PeerId,
    pub account: AccountId,
    pub login: String,
    pub name: String,
    pub asked: Rights,
    pub rights: Rights,
}

/// A ticket as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTicket {
    pub route: TicketRoute,
    pub owner: AccountId,
    pub state: TicketState,
    pub wrong_secrets: u32,
    pub expires_unix_millis: i64,
}

/// An operator's place as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOperator {
    pub peer: PeerId,
    pub account: AccountId,
    /// What is typed at log-in.
    pub login: String,
    pub display_name: String,
    pub since_unix_seconds: i64,
    pub secret: SecretHash,
}

/// A host's place as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHost {
    pub peer: PeerId,
    /// Whose tickets it came with, the first one first.
    pub owners: Vec<(AccountId, Option<TicketRoute>)>,
    pub computer: String,
    pub user: String,
    pub system: String,
    pub since_unix_seconds: i64,
    pub secret: SecretHash,
    /// The permanent host that has the place, opened with its access password.
    pub permanent: Option<HostId>,
}

/// A permanent host as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPermanentHost {
    pub host: HostId,
    pub standing: HostStanding,
    pub system: String,
    pub last_seen_unix_seconds: i64,
    /// Where its last connection came from, if there was one since that is kept.
    pub came_from: Option<IpAddr>,
    pub lans: Vec<Lan>,
}

/// A session that ran when the hub went down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    pub session: SessionId,
    pub report: ReportId,
    pub host: PeerId,
    /// Those who took part at that time and whose places are kept, in the order in which they came.
    pub members: Vec<StoredMember>,
    /// The names of all who ever took part, as the report shows them.
    pub operator_names: String,
    pub started_unix_millis: i64,
}

/// What the store gives back when the hub starts.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    pub last_session: Option<SessionId>,
    pub last_report: Option<ReportId>,
    pub tickets: Vec<StoredTicket>,
    pub operators: Vec<StoredOperator>,
    pub hosts: Vec<StoredHost>,
    pub sessions: Vec<StoredSession>,
    pub permanent: Vec<StoredPermanentHost>,
    pub memberships: BTreeMap<AccountId, Membership>,
}
