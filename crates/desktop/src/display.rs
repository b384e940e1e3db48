//! Whether the display has what a window of these programs needs, asked before one is opened: who opens
//! it panics or stays silent where something is missing.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod x11;

/// What keeps a window from being opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DisplayFault {
    /// No display is named, or it does not answer.
    #[error("no display answers ({reason})")]
    NoDisplay { reason: String },
    /// The display server lacks an extension.
    #[error("the display server has no {name} extension")]
    Lacks { name: &'static str },
    /// The display has too few colours.
    #[error("the display has few colours (depth {depth}; at least 15 is needed)")]
    FewColours { depth: u8 },
}

/// A display on which a window can be opened.
///
/// Keep it while the window is there: a server without any client may begin anew, and meanwhile takes no
/// connection.
#[derive(Debug)]
pub struct CheckedDisplay {
    pub system: WindowSystem,
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    _kept: Option<::x11::PatientConnection>,
}

/// By what a window is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowSystem {
    /// By the platform's only one, or the one that the environment names.
    Usual,
    /// By X11, though the environment names Wayland too: nobody answers there.
    X11,
}

/// Whether the environment names a Wayland desktop, which need not answer.
pub fn is_wayland_named() -> bool {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    let is_named = x11::names_wayland(x11::set);
    #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
    let is_named = false;
    is_named
}

/// Looks whether a window can be opened, and by what. Asks the display server; blocks until it answers,
/// at most ten seconds.
///
/// # Errors
///
/// [`DisplayFault`]; drawing may fail in other ways even where there is none.
pub fn check() -> Result<CheckedDisplay, DisplayFault> {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    let found = x11::check();
    #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
    let found = Ok(CheckedDisplay {
        system: WindowSystem::Usual,
    });
    found
}
