//! The key on sway, which lets programs bind keys by its own socket and tells them of each press; Wayland itself has no
//! way.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;

use serde::Deserialize;
use x11::Alarm;

use super::HotKeyError;
use crate::sway::ipc::{self, EVENTS_OF_BINDINGS};

/// As sway calls it.
const KEY: &str = "Ctrl+Mod1+Shift+x";
/// Does nothing, and tells a press of it from others.
const COMMAND: &str = "nop pure-help-desk ends the session";

/// Watches until `is_over` after the alarm rang, or sway is gone. `watched` is called once a press would be noticed.
pub(super) fn watch(
    alarm: &Alarm,
    is_over: impl Fn() -> bool,
    watched: impl FnOnce(),
    pressed: &dyn Fn(),
) -> Result<(), HotKeyError> {
    let no_display = |error: io::Error| HotKeyError::NoDisplay {
        reason: error.to_string(),
    };
    let socket = ipc::socket().ok_or_else(|| HotKeyError::NoDisplay {
        reason: "the desktop gives programs no key".to_owned(),
    })?;
    let mut events = ipc::subscribe(&socket, EVENTS_OF_BINDINGS).map_err(no_display)?;
    let bound =
        ipc::tell(&socket, &format!("bindsym --inhibited {KEY} {COMMAND}")).map_err(no_display)?;
    if !ipc::is_done(&bound) {
        return Err(HotKeyError::NoSuchKey);
    }
    watched();
    let outcome = follow(&mut events, alarm, is_over, pressed);
    // the key is the programs' again; it is nobody's fault if sway is gone
    if let Err(error) = ipc::tell(&socket, &format!("unbindsym --inhibited {KEY}")) {
        tracing::debug!(%error, "The hot key was not let go");
    }
    outcome.map_err(no_display)
}

fn follow(
    events: &mut UnixStream,
    alarm: &Alarm,
    is_over: impl Fn() -> bool,
    pressed: &dyn Fn(),
) -> io::Result<()> {
    let mut arrived = Vec::new();
    loop {
        // rings for old wishes too
        if alarm.rang() && is_over() {
            return Ok(());
        }
        alarm.wait(events, None)?;
        let mut some = [0; 4096];
        match events.read(&mut some) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => arrived.extend_from_slice(&some[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        while let Some(body) = ipc::next_message(&mut arrived)? {
            if is_ours(&body) {
                tracing::debug!("Hot key pressed");
                pressed();
            }
        }
    }
}

#[derive(Deserialize)]
struct BindingEvent {
    change: String,
    binding: Binding,
}

#[derive(Deserialize)]
struct Binding {
    command: String,
}

fn is_ours(event: &[u8]) -> bool {
    serde_json::from_slice(event)
        .is_ok_and(|BindingEvent { change, binding }| change == "run" && binding.command == COMMAND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_press_of_the_own_binding_counts() {
        let event = |command: &str| {
            format!(r#"{{"change":"run","binding":{{"command":"{command}","symbols":["x"]}}}}"#)
        };
        assert!(is_ours(event(COMMAND).as_bytes()));
        assert!(!is_ours(event("exec foot").as_bytes()));
        assert!(!is_ours(br#"[{"success":true}]"#));
        assert!(!is_ours(b"{"));
    }
}
