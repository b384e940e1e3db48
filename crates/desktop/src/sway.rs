//! Sway's own way to say where a window stands: Wayland has none.
//!
//! Without it sway lets a floating window have the size that its program wants, but tells the size of before with every
//! change of the focus, and programs take that for an order.

#[cfg(unix)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "freebsd")),
    expect(dead_code, reason = "keys are bound where sway is")
)]
pub(crate) mod ipc;

/// Where a window of this program is to stand. Lengths are in the compositor's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    pub width: u32,
    pub height: u32,
    /// From the left of the screen, at its top; `None` in the middle of the screen.
    pub left: Option<u32>,
    /// On every workspace.
    pub everywhere: bool,
}

/// Has sway put all windows of this program there, floating. Does not wait; elsewhere than in sway nothing happens.
pub fn put(stand: Stand) {
    #[cfg(unix)]
    ipc::put(stand);
    #[cfg(not(unix))]
    let _ = stand;
}
