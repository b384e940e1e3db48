//! The clipboard of this computer, between other programs and the other end of a session.
//!
//! Nothing is fetched before somebody pastes it: what a program here copied is told by its kinds
//! ([`Happening::Copied`]) and read by [`Clipboard::fetch`]; what was copied at the other end is held in the
//! clipboard by its kinds ([`hold`]), and its contents are asked for when a program here pastes it.
//!
//! What a program of ours holds is marked, and not told as a copy by another of them: nothing goes round in
//! circles, also where two ends share a display.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};

#[cfg(target_os = "macos")]
mod macos;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod orders;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod text;
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
mod unsupported;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod wayland;
#[cfg(windows)]
mod windows;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod x11;

/// What a program here copied, or that nothing is to be had any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Counts the copies from 1.
    pub number: u64,
    /// Nothing where it is of no kind that goes to the other end, or none of ours to give.
    pub kinds: ClipboardKinds,
    /// It was there when the clipboard was opened.
    pub is_old: bool,
}

/// What happens to the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    Copied(Copied),
    /// There is no clipboard, or none any more.
    Lost,
}

/// Hears what happens; called from the clipboard's thread, and must not block.
pub type Tell = Arc<dyn Fn(Happening) + Send + Sync>;
/// Takes contents, which [`protocol::clipboard::check_contents`] has seen, or why there are none. One that
/// is dropped says [`ClipboardFault::NO_ANSWER`].
pub type Reply = Box<dyn FnOnce(Result<Bytes, ClipboardFault>) + Send>;
/// Asked for contents when a program here pastes what is held; called from the clipboard's thread, and must
/// not block.
pub type Provide = Arc<dyn Fn(ClipboardKind, Reply) + Send + Sync>;

/// A clipboard. No call blocks: a thread of its own does the work. Dropping it lets go what is held.
pub trait Clipboard: Send + Sync {
    /// Reads what a program here copied.
    fn fetch(&self, number: u64, kind: ClipboardKind, reply: Reply);

    /// Takes the clipboard over, with the number of this holding and a word once it is done. Use [`hold`].
    fn take_over(&self, kinds: ClipboardKinds, provide: Provide) -> (u64, Receiver<()>);

    /// Lets go what is held under `number`; where another program has copied since, nothing happens.
    fn release(&self, number: u64);
}

/// What this computer's clipboard holds of the other end, until this is dropped or something else is copied.
/// What was pasted stays where it was pasted.
pub struct Held {
    clipboard: Arc<dyn Clipboard>,
    number: u64,
    taken: Receiver<()>,
}

impl Held {
    /// Blocks until programs here paste what is held, for `patience` at most.
    pub fn wait(&self, patience: Duration) {
        if self.taken.recv_timeout(patience).is_err() {
            tracing::debug!("The clipboard is slow, or cannot be had");
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.clipboard.release(self.number);
    }
}

/// Takes the clipboard over: programs here are shown `kinds`, and what they paste `provide` is asked for.
pub fn hold(clipboard: &Arc<dyn Clipboard>, kinds: ClipboardKinds, provide: Provide) -> Held {
    let (number, taken) = clipboard.take_over(kinds, provide);
    Held {
        clipboard: Arc::clone(clipboard),
        number,
        taken,
    }
}

/// Which clipboard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place(Which);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Which {
    #[default]
    OfThisDesktop,
    OfDisplay(String),
    OfCompositor(PathBuf),
    None,
}

impl Place {
    /// That of the desktop on which this program runs.
    ///
    /// Where a Wayland compositor gives programs its clipboard, it is that one, and otherwise that of an X server,
    /// as compositors have one for programs that do not know Wayland.
    pub fn of_this_desktop() -> Self {
        Self(Which::OfThisDesktop)
    }

    /// That of an X server, by its name: `:3`.
    pub fn of_display(name: &str) -> Self {
        Self(Which::OfDisplay(name.to_owned()))
    }

    /// That of a Wayland compositor, by its socket.
    pub fn of_compositor(socket: &Path) -> Self {
        Self(Which::OfCompositor(socket.to_owned()))
    }

    /// None, for a program that has no desktop.
    pub fn none() -> Self {
        Self(Which::None)
    }

    /// Whether there may be one, as far as can be said without looking.
    pub fn exists(&self) -> bool {
        let is_unix = cfg!(any(target_os = "linux", target_os = "freebsd"));
        let is_always_there = cfg!(any(windows, target_os = "macos"));
        let named = |name| std::env::var_os(name).is_some();
        match self.0 {
            Which::OfThisDesktop => {
                is_always_there || is_unix && (named("DISPLAY") || named("WAYLAND_DISPLAY"))
            }
            Which::OfDisplay(_) => is_always_there || is_unix,
            Which::OfCompositor(_) => is_unix,
            Which::None => false,
        }
    }

    /// Opens it; never waits for it. What can be had now is told at first.
    ///
    /// # Errors
    ///
    /// If there is none, or the system gives no thread.
    pub fn open(&self, tell: Tell) -> io::Result<Arc<dyn Clipboard>> {
        self.open_for(Some(tell))
    }

    /// Opens it for [`hold`] alone: no other program is asked what it has copied.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_to_give(&self) -> io::Result<Arc<dyn Clipboard>> {
        self.open_for(None)
    }

    fn open_for(&self, listener: Option<Tell>) -> io::Result<Arc<dyn Clipboard>> {
        if !self.exists() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        #[cfg(any(target_os = "linux", target_os = "freebsd"))]
        return self.clone().open_served(listener);
        #[cfg(windows)]
        return windows::open(listener);
        #[cfg(target_os = "macos")]
        return macos::open(listener);
        #[cfg(not(any(
            target_os = "linux",
            target_os = "freebsd",
            target_os = "macos",
            windows
        )))]
        return unsupported::open(listener);
    }

    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    fn open_served(self, listener: Option<Tell>) -> io::Result<Arc<dyn Clipboard>> {
        match self.0 {
            Which::OfCompositor(socket) => {
                orders::open(listener, move |orders, listener, waiting| {
                    let selection = wayland::find(Some(&socket))?;
                    wayland::serve(selection, orders, listener, waiting)
                })
            }
            Which::OfDisplay(name) => orders::open(listener, move |orders, listener, waiting| {
                x11::serve(Some(&name), orders, listener, waiting)
            }),
            Which::OfThisDesktop | Which::None => {
                orders::open(listener, |orders, listener, waiting| {
                    match wayland::find(None) {
                        Ok(selection) => {
                            wayland::serve(selection, orders, listener, waiting)?;
                        }
                        Err(reason) => {
                            tracing::debug!(%reason, "The clipboard is that of an X server");
                            x11::serve(None, orders, listener, waiting)?;
                        }
                    }
                    Ok::<(), Fault>(())
                })
            }
        }
    }
}

/// A clipboard cannot be had, or not any more.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Wayland(#[from] wayland::Fault),
    #[error(transparent)]
    X11(#[from] x11::Fault),
}
