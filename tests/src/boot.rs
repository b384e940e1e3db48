//! A computer with nobody in front, on a system of its own: systemd, a display manager, users who log in and out,
//! and `PurePC` as its service (U1-U3).
//!
//! The system is Debian's, in a virtual machine (`qemu`); hub and console are outside of it. What the console shows
//! is compared with what the machine's monitor shows.

mod door;
mod guest;
mod monitor;
mod play;
mod root;

pub use guest::Machine;
pub use play::{Figures, play};
pub use root::{Root, prepare};
