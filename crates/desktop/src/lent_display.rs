//! On Wayland, what other crates do with this program's windows needs the connection that opened them.

use raw_window_handle::HasDisplayHandle;

/// Lends it for as long as the program runs; call it where windows are opened, before the first one. The first call
/// counts. Nothing happens where windows are on no Wayland desktop.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub fn lend_display(display: impl HasDisplayHandle + Send + Sync + 'static) {
    wayland::windows::lend(display);
}

/// Lends it for as long as the program runs; nothing happens on this platform.
#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
pub fn lend_display(_display: impl HasDisplayHandle + Send + Sync + 'static) {}
