//! How soon the system runs a thread that has something to do.
//!
//! A key passes six threads of three programs. Each has a tenth of a millisecond's work, and beside a video that keeps all
//! cores busy each could wait for several milliseconds until the system lets it have one. An urgent thread comes
//! first. It gets no more of a core than others do, so nothing starves behind one that works for long.
//!
//! Nothing here needs a privilege, and where the system cannot do it nothing changes.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(windows)]
use windows as system;

/// Has the calling thread run soon after it wakes: it hands keys, or what they have changed, on. Threads that it
/// starts are urgent on Linux, too, until they say that they are not.
pub fn urgent() {
    #[cfg(any(target_os = "linux", windows))]
    if let Err(error) = system::make(true) {
        tracing::debug!(%error, "This thread waits for its turn like any other");
    }
}

/// Has the calling thread wait for its turn like any other: it calculates for long.
pub fn ordinary() {
    #[cfg(any(target_os = "linux", windows))]
    if let Err(error) = system::make(false) {
        tracing::debug!(%error, "This thread stays as urgent as the one that started it");
    }
}
