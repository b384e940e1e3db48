//! Wayland where it answers, otherwise an X server and its extensions.

use std::env;
use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use x11rb::protocol::{randr, xinput, xkb};

use super::{CheckedDisplay, DisplayFault, WindowSystem};

/// Fewer bits for a pixel no drawing library fills.
const LEAST_DEPTH: u8 = 15;

pub(super) fn check() -> Result<CheckedDisplay, DisplayFault> {
    let names_wayland = names_wayland(set);
    if names_wayland && (set("WAYLAND_SOCKET").is_some() || wayland_answers(set)) {
        return Ok(CheckedDisplay {
            system: WindowSystem::Usual,
            _kept: None,
        });
    }
    let (connection, screen) = x11::connect_patiently(None).map_err(|error| {
        let reason = error.to_string();
        DisplayFault::NoDisplay { reason }
    })?;
    let needed = [
        randr::X11_EXTENSION_NAME,
        xinput::X11_EXTENSION_NAME,
        xkb::X11_EXTENSION_NAME,
    ];
    let missing = x11::missing_extension(&connection, &needed).map_err(|error| {
        let reason = error.to_string();
        DisplayFault::NoDisplay { reason }
    })?;
    if let Some(name) = missing {
        return Err(DisplayFault::Lacks { name });
    }
    let depth = screen.root_depth;
    if depth < LEAST_DEPTH {
        return Err(DisplayFault::FewColours { depth });
    }
    let system = if names_wayland {
        WindowSystem::X11
    } else {
        WindowSystem::Usual
    };
    Ok(CheckedDisplay {
        system,
        _kept: Some(connection),
    })
}

pub(super) fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

pub(super) fn names_wayland(set: impl Fn(&str) -> Option<OsString>) -> bool {
    set("WAYLAND_DISPLAY").is_some() || set("WAYLAND_SOCKET").is_some()
}

/// Whether somebody listens where the environment says that the desktop does.
fn wayland_answers(set: impl Fn(&str) -> Option<OsString>) -> bool {
    let Some(name) = set("WAYLAND_DISPLAY") else {
        return false;
    };
    let folder = set("XDG_RUNTIME_DIR").map(PathBuf::from);
    let path = folder.unwrap_or_default().join(Path::new(&name));
    UnixStream::connect(path).is_ok()
}
