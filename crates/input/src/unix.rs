//! The keyboard and pointer of this machine's desktop: those of the Wayland session that it shows where the
//! compositor lets programs act, and otherwise those of an X server.

use std::path::Path;
use std::process::ExitCode;

use protocol::HostKeyboard;
use wayland::{Session, portal};

use crate::portal::PortalSink;
use crate::wayland::WaylandSink;
use crate::x11::{X11Sink, guardian, keyboard_of, release_stuck_on, shield};
use crate::{InjectError, InputSink};

/// See [`crate::open`].
pub(crate) fn open() -> Result<Box<dyn InputSink>, InjectError> {
    match desktop() {
        Desktop::Wayland => Ok(Box::new(WaylandSink::open(None)?)),
        Desktop::Portal => Ok(Box::new(PortalSink::open()?)),
        Desktop::X11 => Ok(Box::new(X11Sink::open_display(None)?)),
    }
}

/// See [`crate::open_guarded`].
pub(crate) fn open_guarded(exe: &Path) -> Result<Box<dyn InputSink>, InjectError> {
    match desktop() {
        Desktop::Wayland => Ok(Box::new(WaylandSink::open_guarded(exe)?)),
        // its keys and buttons are let go by the desktop when this process ends
        Desktop::Portal => Ok(Box::new(PortalSink::open()?)),
        Desktop::X11 => Ok(Box::new(X11Sink::open_display_guarded(None, exe)?)),
    }
}

/// See [`crate::run_guardian_if_asked`].
pub(crate) fn run_guardian_if_asked() -> Option<ExitCode> {
    shield::run_if_asked().or_else(guardian::run_if_asked)
}

/// See [`crate::release_stuck`].
pub(crate) fn release_stuck() -> Result<usize, InjectError> {
    match desktop() {
        // the keys of a program go with it
        Desktop::Wayland | Desktop::Portal => Ok(0),
        Desktop::X11 => release_stuck_on(None),
    }
}

/// See [`crate::keyboard_of_this_machine`].
pub(crate) fn keyboard() -> Option<HostKeyboard> {
    match desktop() {
        // each keyboard has a layout of its own, and what is typed goes by none of them
        Desktop::Wayland | Desktop::Portal => None,
        Desktop::X11 => keyboard_of(None),
    }
}

/// Where keys and clicks go.
enum Desktop {
    /// To a compositor that takes them.
    Wayland,
    /// To a desktop that asks its user.
    Portal,
    X11,
}

/// Whoever acts must act where is seen, so this chooses as `capture` does.
fn desktop() -> Desktop {
    match Session::connect(None) {
        Ok(session) if session.offers().frames => Desktop::Wayland,
        Ok(_) if portal::has_helper() && portal::is_there() => Desktop::Portal,
        _ => Desktop::X11,
    }
}

/// Whether the desktop is an X server.
pub(crate) fn is_x11() -> bool {
    matches!(desktop(), Desktop::X11)
}
