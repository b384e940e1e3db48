//! The helping side without a window: commands in, events and pictures out.
//!
//! [`OperatorEngine::start`] runs everything on a thread of its own. What the operator wants goes in
//! through the [`OperatorHandle`], which never waits; what happened comes back as [`Event`]s, and the
//! live list as a snapshot that can be read at any time. Each session decodes on its own thread and
//! hands pictures straight to the [`SessionView`] that came with the command; key strokes go out
//! through its [`InputSender`], straight from the thread on which they were pressed, and how the
//! operator wants to see the screen through its [`WishSender`].
//!
//! The hub is not trusted more than it must be: it never learns a ticket's secret digits, cannot make
//! input, and whatever it sends is bounded and of no effect where it makes no sense.

mod clipboard;
mod command;
mod decode;
mod desk;
mod engine;
mod event;
mod files;
mod input_path;
mod keeper;
mod link;
mod list;
mod notes;
mod proxy_test;
mod quality;
mod reports;
mod session_streams;
mod wish_path;

pub use ::clipboard::Place as ClipboardPlace;
pub use clipboard::ClipboardWays;
pub use command::{Command, CommandError, Config, OperatorHandle, SessionView, Wake};
pub use engine::{OperatorEngine, StartError};
pub use event::{Event, Events, LogInProblem, NotStarted, ShownScreen, SystemTold};
pub use input_path::InputSender;
pub use list::Rows;
pub use notes::Notes;
pub use protocol::address::DEFAULT_PORT;
pub use proxy_test::{ProxyTest, ProxyTested};
pub use quality::{Grade, Limit, LineQuality};
pub use session::TicketNumber;
pub use transport::{
    AddressFault, AskSystem, CertificateFault, ConnectError, Doctor, Fingerprint, HubAddress, Pin,
    ProxyChoice, Route, Routes, WrittenAddress,
};
pub use wish_path::WishSender;
