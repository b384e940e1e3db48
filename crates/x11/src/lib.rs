//! What the platform crates do alike with an X server: connect to it, wait for it, share memory with
//! it. What they ask of it is their own affair.
//!
//! Empty on platforms without X11.

#![cfg(any(target_os = "linux", target_os = "freebsd"))]

mod alarm;
mod connection;
mod patience;
mod requests;
mod segment;

pub use alarm::Alarm;
pub use connection::{ConnectError, connect, place};
pub use patience::{PatientConnection, PatientStream, connect_patiently};
pub use requests::{atom, missing_extension, new_id, this_user};
pub use segment::{Segment, SegmentError, ServerMay, can_share_memory};
