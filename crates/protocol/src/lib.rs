//! What the programs of Pure Help Desk say to each other.
//!
//! One message enum per direction, ids, limits, versions and refusals. This crate knows no socket:
//! it turns messages into bounded frames ([`wire`]) and back. Every size is checked before anything
//! is allocated, and nothing a peer sends can make it panic.
//!
//! A connection carries one *control* stream (the first bidirectional stream, opened by the client)
//! and, for each session, the unidirectional streams of [`lanes`].

pub mod address;
pub mod admin;
pub mod browse;
pub mod clipboard;
pub mod control;
pub mod diagnosis;
pub mod enrolment;
pub mod equipment;
pub mod files;
pub mod hindrance;
pub mod hours;
pub mod hub_block;
pub mod ids;
pub mod input;
pub mod invitation;
pub mod lanes;
pub mod limits;
pub mod own_account;
pub mod permissions;
pub mod proxy;
pub mod receipt;
pub mod refusal;
pub mod rights;
pub mod screen;
pub mod shield;
pub mod system;
pub mod text;
pub mod transfers;
pub mod updates;
pub mod version;
pub mod visible;
pub mod waking;
pub mod wire;
pub mod words;

pub use address::{AddressFault, CertificateFault, HubAddress, WrittenAddress};
pub use control::{
    Admission, ChatAuthor, ChatLine, Code, EndedBy, Entry, EntryKind, HostToHub, HubToHost,
    HubToOperator, KnockAnswer, OperatorToHub, Outcome, Password, Proposal, ReportDraft,
    ReportFacts, RunningSession, ShowingPart, TicketState,
};
pub use enrolment::{Enrolment, EnrolmentCode, HostKey, KeyProof, PermanentHost};
pub use equipment::{Equipment, HostKeyboard, MonitorPlace, Unlisted};
pub use hindrance::{Hindrance, Hindrances};
pub use hours::WeekHours;
pub use hub_block::{HubBlock, SignedHubBlock};
pub use ids::{
    AccountId, EnrolmentId, GroupId, HostGroupId, HostId, PeerId, ReportId, ResumeSecret, RoleId,
    SessionId, TicketRoute,
};
pub use input::{HidKey, InputEvent, InputFrame, Place, PointerButton};
pub use invitation::{Invitation, InvitationFault, InvitationToken};
pub use lanes::{ChannelId, Direction, Lane, LaneRules, Protection, StreamHeader};
pub use own_account::{OwnAccount, OwnAnswer, OwnQuestion, OwnSignIn};
pub use permissions::Permissions;
pub use proxy::{
    NoAccount, Proxy, ProxyAddress, ProxyError, ProxyFault, ProxyKind, ProxyLogin, ProxySource,
    SystemProxies,
};
pub use receipt::{Feedback, Receipt, SignedReceipt, Stars};
pub use refusal::{Refusal, RefusalCode};
pub use rights::Rights;
pub use screen::{
    ColourDepth, PointerShape, PointerUpdate, ScreenFrame, ScreenLayout, ScreenMonitor, ViewWish,
    ViewerMessage,
};
pub use shield::{Shield, ShieldState, Shields};
pub use system::{SystemAnswer, SystemInformation};
pub use text::BoundedText;
pub use updates::{UpdateState, UpdateTrouble};
pub use version::{ClientHello, HubHello, ProtocolVersion, Role, TooOld, VersionRange};
pub use visible::{visible_line, visible_text};
pub use waking::{CardAddress, Lan, Network, SleepingHost, WakeNews, WakeOrder, WakeStanding};
pub use words::{
    BroughtIn, Companion, Greeting, HostLine, HostState, HostWord, LiveState, OperatorWord, Word,
};
