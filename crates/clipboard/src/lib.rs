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
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};

#[cfg(target_os = "macos")]
mod macos;
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    windows
)))]
mod unsupported;
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
pub struct Place {
    display: Option<String>,
    is_none: bool,
}

impl Place {
    /// That of the desktop on which this program runs.
    pub fn of_this_desktop() -> Self {
        Self::default()
    }

    /// That of an X server, by its name: `:3`.
    pub fn of_display(name: &str) -> Self {
        Self {
            display: Some(name.to_owned()),
            is_none: false,
        }
    }

    /// None, for a program that has no desktop.
    pub fn none() -> Self {
        Self {
            display: None,
            is_none: true,
        }
    }

    /// Whether there may be one, as far as can be said without looking.
    pub fn exists(&self) -> bool {
        let has_display = self.display.is_some() || std::env::var_os("DISPLAY").is_some();
        let is_x11 = cfg!(any(target_os = "linux", target_os = "freebsd"));
        let is_always_there = cfg!(any(windows, target_os = "macos"));
        (is_always_there || is_x11 && has_display) && !self.is_none
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
        return x11::open(self.display.clone(), listener);
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
}
