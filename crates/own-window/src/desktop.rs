//! The desktop that this program was started on.
//!
//! Each thread of a program has one, and Windows gives all of them the one that the program was started on. Wine gives
//! it to the first thread alone, and to the others that of whoever started the program: of a service it is one that
//! nobody sees and nobody types on. And whichever thread looks at a screen first decides there for the whole program
//! whether there is one.

use std::ptr::null_mut;
use std::sync::OnceLock;

use windows_sys::Win32::Graphics::Gdi::{GetDC, ReleaseDC};
use windows_sys::Win32::System::StationsAndDesktops::{GetThreadDesktop, SetThreadDesktop};
use windows_sys::Win32::System::Threading::GetCurrentThreadId;

/// The address of its handle, which is good as long as the program runs.
static STARTED_ON: OnceLock<usize> = OnceLock::new();

/// Keeps the desktop of the first thread, which calls this before there are others, and looks at its screen.
pub fn keep_desktop() {
    // SAFETY: it takes nothing.
    let thread = unsafe { GetCurrentThreadId() };
    // SAFETY: the thread is this one.
    let desktop = unsafe { GetThreadDesktop(thread) };
    if !desktop.is_null() {
        STARTED_ON.get_or_init(|| desktop.expose_provenance());
    }
    // the first look at the screen
    // SAFETY: a null stands for the screen.
    let screen = unsafe { GetDC(null_mut()) };
    if !screen.is_null() {
        // SAFETY: it was got above, by this thread.
        unsafe { ReleaseDC(null_mut(), screen) };
    }
}

/// Has this thread see and act on the desktop that was kept. Where none was, or the thread has a window already, it
/// stays where it is.
pub fn join_desktop() {
    if let Some(desktop) = STARTED_ON.get() {
        let desktop = std::ptr::with_exposed_provenance_mut(*desktop);
        // SAFETY: the handle is one of a desktop, and is never closed.
        unsafe { SetThreadDesktop(desktop) };
    }
}
