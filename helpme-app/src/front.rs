//! Helpme's window comes in front of all others, with the keyboard: for what must not be missed (H5).
//! The desktop is asked where it decides that; elsewhere the window does it by itself.

use desktop::FrontBusy;
use eframe::CreationContext;
use eframe::egui::{Context, Pos2, ViewportCommand, WindowLevel, pos2};

use crate::backend::Wake;

/// The way of one window to the front. Nothing here waits.
#[derive(Debug)]
pub struct Front {
    managed: Option<desktop::Front>,
}

impl Front {
    /// The way of the window that is being made; `wake` is called when the desktop has answered.
    pub fn of(creation: &CreationContext<'_>, wake: Wake) -> Self {
        Self {
            managed: desktop::Front::of(creation, move || wake()),
        }
    }

    /// Whether a window manager decides what stands in front of what: then even a window that asks to
    /// be above all others is covered by one that fills the screen.
    pub fn is_managed(&self) -> bool {
        self.managed.is_some()
    }

    /// Brings it to the front, also if it was minimised, is covered or is on another desktop, and keeps
    /// it above usual windows.
    pub fn come(&self, ctx: &Context) {
        let asked = self.managed.as_ref().map(desktop::Front::come);
        if asked != Some(Ok(())) {
            come_by_itself(ctx);
        }
    }

    /// In each pass: does by itself what the desktop could not be asked for.
    pub fn follow_up(&self, ctx: &Context) {
        let managed = self.managed.as_ref();
        if managed.is_some_and(desktop::Front::was_refused) {
            come_by_itself(ctx);
        }
    }

    /// Asks where the pointer is on the screen; gives the question's number, none where nobody can say.
    pub fn ask_pointer(&mut self) -> Option<u64> {
        let asked = self.managed.as_mut()?.ask_pointer();
        asked
            .inspect_err(|error: &FrontBusy| tracing::debug!(%error, "The bar stays behind"))
            .ok()
    }

    /// The newest answer since the last pass: the question's number, and where the pointer was, in points.
    pub fn pointer(&self, ctx: &Context) -> Option<(u64, Pos2)> {
        let place = self.managed.as_ref()?.pointer()?;
        #[expect(clippy::cast_precision_loss, reason = "screens have no 2^24 pixels")]
        let pixels = pos2(place.x as f32, place.y as f32);
        Some((place.question, pixels / ctx.pixels_per_point()))
    }
}

fn come_by_itself(ctx: &Context) {
    ctx.send_viewport_cmd(ViewportCommand::WindowLevel(WindowLevel::AlwaysOnTop));
    ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
    ctx.send_viewport_cmd(ViewportCommand::Focus);
}
