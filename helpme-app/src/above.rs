//! The bar once more, in a window that no window manager knows and so nothing can cover (H6).
//!
//! Managers put a window that fills the screen above even those that ask to be above all others. Such a
//! window of ours gets clicks but no keys, so it is not all: below it the bar's own window is what task
//! bars and keyboards reach, and where the chat is.

use eframe::egui::{Context, Pos2, Ui, Vec2, ViewportBuilder, ViewportCommand, ViewportId, vec2};

use crate::front::Front;
use crate::views::{BAR_HEIGHT, BAR_WIDTH};

/// The window above all, from pass to pass.
#[derive(Debug, Default)]
pub struct Above {
    corner: Pos2,
    /// Where it is held while it is dragged: from the corner to the pointer.
    held_at: Option<Vec2>,
}

impl Above {
    /// Shows `content` over the root window in this pass, and until one that does not call this.
    pub fn show(&mut self, ctx: &Context, mut content: impl FnMut(&mut Ui)) {
        let below = ctx.input(|input| input.viewport().inner_rect);
        self.corner = below.map_or(self.corner, |below| below.min);
        let builder = ViewportBuilder::default()
            .with_title("Helpme")
            .with_override_redirect(true)
            .with_decorations(false)
            .with_active(false)
            .with_inner_size(vec2(BAR_WIDTH, BAR_HEIGHT))
            .with_position(self.corner);
        let id = ViewportId::from_hash_of("above");
        let is_held = ctx.show_viewport_immediate(id, builder, |ui, _class| {
            content(ui);
            ui.ctx().input(|input| input.pointer.primary_down())
        });
        self.held_at = self.held_at.filter(|_| is_held);
    }

    /// The pointer took hold of it. No window manager drags what it does not know.
    pub fn hold(&mut self, pointer: Option<Pos2>) {
        self.held_at = pointer.map(|pointer| pointer - self.corner);
    }

    /// While it is held, the window below goes where the pointer is, and this one follows it. In its
    /// own window the pointer is no guide: that moves.
    pub fn follow(&self, ctx: &Context, front: Front) {
        if let Some(held_at) = self.held_at
            && let Some(pointer) = front.pointer(ctx)
        {
            let place = ViewportCommand::OuterPosition(pointer - held_at);
            ctx.send_viewport_cmd_to(ViewportId::ROOT, place);
        }
    }
}
