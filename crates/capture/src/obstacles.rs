//! What keeps the screen from being seen, or the machine from being used, found out without looking at
//! the screen.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use wayland::portal;

use crate::Monitor;

/// Something that is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// There is no display, or it does not answer.
    NoDisplay,
    /// The display lacks what capturing needs.
    Unsuitable,
    /// The desktop runs on Wayland and shows itself to nobody; the display is the one it keeps for programs that do
    /// not know it, or there is none.
    Wayland,
    /// The desktop runs on Wayland, and the display is another one.
    BesideWayland,
    /// The screen is locked.
    Locked,
    /// The screen is dark.
    Blank,
    /// The display is another user's, or another user sits in front of the machine.
    OtherUser,
    /// Programs cannot press keys and move the pointer.
    NoInput,
    /// The window in front belongs to a program with more rights, and takes nothing from this one.
    MoreRights,
    /// The system wants the user's word for it, in its settings, and has not got it.
    NotAllowed,
    /// Nothing yet, but the desktop asks its user once more when it comes to it.
    AskedOnceMore,
    /// What takes pictures from PipeWire is missing, or the library that it needs.
    NoPipeWire,
}

/// What is in the way now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Obstacles {
    /// Of seeing the screen.
    pub seeing: Option<Obstacle>,
    /// Of using keyboard and pointer.
    pub acting: Option<Obstacle>,
}

/// Finds out what is in the way on this machine, again and again, over one connection to the
/// display.
#[derive(Debug, Default)]
pub struct Observer {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    wayland: crate::wayland::Observer,
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    x11: crate::x11::Observer,
    #[cfg(target_os = "macos")]
    macos: crate::macos::Observer,
}

impl Observer {
    /// What is in the way now. Nothing of the screen is looked at.
    ///
    /// Asks the display server and the system, so it may block for some milliseconds; a second where the
    /// system does not answer.
    pub fn obstacles(&mut self) -> Obstacles {
        #[cfg(any(target_os = "linux", target_os = "freebsd"))]
        let found = match self.wayland.obstacles() {
            Some(found) => found,
            None if self.wayland.answers() && portal::is_there() => {
                crate::wayland::Observer::of_portal()
            }
            None => match self.x11.obstacles() {
                // no X server, but a desktop there is
                Obstacles {
                    seeing: Some(Obstacle::NoDisplay),
                    acting,
                } if self.wayland.answers() => Obstacles {
                    seeing: Some(Obstacle::Wayland),
                    acting,
                },
                found => found,
            },
        };
        #[cfg(windows)]
        let found = crate::windows::obstacles();
        #[cfg(target_os = "macos")]
        let found = self.macos.obstacles();
        #[cfg(not(any(
            target_os = "linux",
            target_os = "freebsd",
            target_os = "macos",
            windows
        )))]
        let found = Obstacles::default();
        found
    }

    /// The monitors of this machine, the primary one first; none where nobody can tell. Nothing of what they
    /// show is looked at.
    pub fn monitors(&mut self) -> Vec<Monitor> {
        #[cfg(any(target_os = "linux", target_os = "freebsd"))]
        let found = match self.wayland.monitors() {
            Some(found) => found,
            // the user chooses in the desktop's dialog
            None if self.wayland.answers() && portal::is_there() => Vec::new(),
            None => self.x11.monitors(),
        };
        #[cfg(target_os = "macos")]
        let found = self.macos.monitors();
        #[cfg(not(any(target_os = "linux", target_os = "freebsd", target_os = "macos")))]
        let found = Vec::new();
        found
    }
}
