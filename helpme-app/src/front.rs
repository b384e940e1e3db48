//! The window comes in front of all others, with the keyboard: for what must not be missed (H5).

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod x11;

use eframe::egui::{Context, Pos2, ViewportCommand, WindowLevel, pos2};
use raw_window_handle::{HasWindowHandle, RawWindowHandle};

/// The way of one window to the front.
#[derive(Debug, Clone, Copy)]
pub struct Front {
    x11_window: Option<u32>,
}

impl Front {
    /// The way of `window`.
    pub fn of(window: &impl HasWindowHandle) -> Self {
        let handle = window.window_handle().map(|handle| handle.as_raw());
        let x11_window = if let Ok(RawWindowHandle::Xlib(handle)) = handle {
            u32::try_from(handle.window).ok()
        } else {
            None
        };
        Self { x11_window }
    }

    /// Whether a window manager decides what stands in front of what: then even a window that asks to
    /// be above all others is covered by one that fills the screen.
    pub fn is_managed(self) -> bool {
        self.x11_window.is_some()
    }

    /// Brings it to the front, also if it was minimised, is covered or is on another desktop, and keeps
    /// it above usual windows.
    pub fn come(self, ctx: &Context) {
        #[cfg(any(target_os = "linux", target_os = "freebsd"))]
        if let Some(window) = self.x11_window {
            match x11::raise(window) {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "The window manager was not asked"),
            }
        }
        ctx.send_viewport_cmd(ViewportCommand::WindowLevel(WindowLevel::AlwaysOnTop));
        ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
        ctx.send_viewport_cmd(ViewportCommand::Focus);
    }

    /// Where the pointer is on the screen, in points; known only where there is a window manager.
    pub fn pointer(self, ctx: &Context) -> Option<Pos2> {
        #[cfg(any(target_os = "linux", target_os = "freebsd"))]
        if self.x11_window.is_some() {
            let (x, y) = x11::pointer().ok()?;
            return Some(pos2(f32::from(x), f32::from(y)) / ctx.pixels_per_point());
        }
        None
    }
}
