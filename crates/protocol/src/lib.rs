//! What the programs of Pure Help Desk say to each other.
//!
//! One message enum per direction, ids, limits, versions and refusals. This crate knows no socket:
//! it turns messages into bounded frames ([`wire`]) and back. Every size is checked before anything
//! is allocated, and nothing a peer sends can make it panic.
//!
//! A connection carries one *control* stream (the first bidirectional stream, opened by the client)
//! and, for each session, unidirectional streams that start with a [`StreamHeader`].

pub mod control;
pub mod ids;
pub mod input;
pub mod limits;
pub mod refusal;
pub mod screen;
pub mod text;
pub mod version;
pub mod wire;

pub use control::{
    ChatAuthor, ChatLine, EndedBy, Entry, EntryKind, HostToHub, HubToHost, HubToOperator,
    OperatorToHub, Outcome, Password, ReportDraft, ReportFacts, Rights, TicketState,
};
pub use ids::{EntryId, ReportId, SessionId, TicketRoute};
pub use input::{HidKey, InputEvent, PointerButton};
pub use refusal::{Refusal, RefusalCode};
pub use screen::{
    ColourDepth, PointerShape, PointerUpdate, ScreenFrame, ScreenLayout, ScreenMonitor,
    StreamHeader, ViewWish, ViewerMessage,
};
pub use text::BoundedText;
pub use version::{ClientHello, HubHello, ProtocolVersion, Role, VersionRange};
