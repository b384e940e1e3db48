//! The helped side without its window: the ticket, the question, capture -> encode -> send,
//! receive -> check -> inject, and the end.
//!
//! [`HostEngine::start`] gives a [`HostHandle`] for commands and [`HostEvents`]. One thread
//! (`host-net`) talks to the hub; each session has a `capture` thread with a `video` thread beside it and,
//! where control was granted, an `inject` thread. Nothing of the machine is seen or touched before a session runs, and everything is
//! released when it ends, on whatever way (H5, H6). What hinders on it is looked for all the time
//! (`host-look`), so that both people know before they begin.
//!
//! The hub is trusted with what it films and with nothing else: it cannot start a session that the
//! user did not allow, and what it could type does not open (`session::channel`).

mod clipboard;
mod course;
mod crew;
mod engine;
mod event;
mod files;
mod geometry;
mod hindrances;
mod inject;
mod line;
mod line_report;
mod live;
mod pace;
mod pointer_shape;
mod scale;
mod share;
mod shield;
mod switch;
mod system;
mod turns;
mod video;
mod viewers;
mod wire;
mod worker;

pub use ::clipboard::Place as ClipboardPlace;
pub use capture::lasting_yes;
pub use engine::{
    Backends, EngineBusy, Farewell, HostConfig, HostEngine, HostEvents, HostHandle, LookAtKeyboard,
    LookForHindrances, NameMonitors, OpenScreen, OpenSink, SessionEnder,
};
pub use input::{more_rights, run_guardian_if_asked};
pub use machine::{OwnLan, lans, system_name};
pub use shield::{MemoryShields, Shielder, UpShield};
pub use transfer::{Consent as BrowseConsent, Places};
pub use transport::{
    AddressFault, CertificateFault, Doctor, Fingerprint, HubAddress, Pin, ProxyChoice, Routes,
    hub_block,
};

pub use event::{
    CheckedReceipt, ConnectProblem, EndCause, HostCommand, HostEvent, LostCause, Trouble,
};
