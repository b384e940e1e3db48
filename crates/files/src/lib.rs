//! Files that one computer sends another (S6): what is read on one side, and how it lands on the other.
//!
//! No network is in here: [`Outgoing`] and its [`Reader`] make the frames of [`protocol::files`], and
//! [`Incoming`] takes them. Both work for as long as the disk does, so they belong on threads of their own.
//!
//! What arrives never leaves the folder that it was sent to, is under its name only when it is whole and its
//! hash is right, and takes the place of nothing without somebody's word.

pub mod browse;
mod incoming;
mod names;
mod outgoing;

pub use incoming::{Incoming, IncomingError, Landed, Step, WhenThere};
pub use outgoing::{Outgoing, Reader, Skipped};
