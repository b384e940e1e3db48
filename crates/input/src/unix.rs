//! The keyboard and pointer of this machine's desktop: those of the Wayland session that it shows where the
//! compositor lets programs act, and otherwise those of an X server.

use std::path::Path;
use std::process::ExitCode;

use protocol::HostKeyboard;
use wayland::Session;

use crate::wayland::WaylandSink;
use crate::x11::{X11Sink, guardian, keyboard_of, release_stuck_on, shield};
use crate::{InjectError, InputSink};

/// See [`crate::open`].
pub(crate) fn open() -> Result<Box<dyn InputSink>, InjectError> {
    if is_wayland() {
        return Ok(Box::new(WaylandSink::open(None)?));
    }
    Ok(Box::new(X11Sink::open_display(None)?))
}

/// See [`crate::open_guarded`].
pub(crate) fn open_guarded(exe: &Path) -> Result<Box<dyn InputSink>, InjectError> {
    if is_wayland() {
        return Ok(Box::new(WaylandSink::open_guarded(exe)?));
    }
    Ok(Box::new(X11Sink::open_display_guarded(None, exe)?))
}

/// See [`crate::run_guardian_if_asked`].
pub(crate) fn run_guardian_if_asked() -> Option<ExitCode> {
    shield::run_if_asked().or_else(guardian::run_if_asked)
}

/// See [`crate::release_stuck`].
pub(crate) fn release_stuck() -> Result<usize, InjectError> {
    if is_wayland() {
        // the keys of a program go with it
        return Ok(0);
    }
    release_stuck_on(None)
}

/// See [`crate::keyboard_of_this_machine`].
pub(crate) fn keyboard() -> Option<HostKeyboard> {
    if is_wayland() {
        // each keyboard has a layout of its own, and what is typed goes by none of them
        return None;
    }
    keyboard_of(None)
}

/// Whether the desktop is one whose compositor is seen and acted on. It must be seen too: what is not seen is
/// not acted on, and where it is not, what is seen is an X server.
pub(crate) fn is_wayland() -> bool {
    Session::connect(None).is_ok_and(|session| session.offers().frames)
}
