//! What `capture`, `input` and `clipboard` do alike with a Wayland compositor: one [`Session`], which binds what the
//! compositor advertises and keeps track of its outputs.
//!
//! Wayland itself lets no program see others or type into them. The compositors of the wlroots family (sway,
//! Hyprland, river, labwc, ...) advertise protocols for it, which are spoken here: wlr-screencopy for the
//! picture, virtual-keyboard and wlr-virtual-pointer for the hands, ext-data-control or wlr-data-control for what is
//! copied. GNOME has none of them, KDE the last: there the user is asked by the desktop ([`portal`]).
//!
//! And wlr-layer-shell for a bar above all windows ([`Overlay`]).
//!
//! What this program does with its own windows is in [`windows`].
//!
//! What sees, what acts, what copies and what shows open a session each: a key that is typed shares no queue with a picture. Empty on platforms without Wayland.

#![cfg(any(target_os = "linux", target_os = "freebsd"))]

mod dispatch;
mod frames;
mod hands;
mod memory;
mod outputs;
mod overlay;
pub mod portal;
mod selection;
mod session;
mod turn;
pub mod windows;

pub use hands::{Axis, Hands};
pub use outputs::{Desk, Output};
pub use overlay::{Overlay, PointerAct, SurfacePicture};
pub use selection::{Selection, SelectionNews};
pub use session::{ConnectError, Lost, Offers, Session};
