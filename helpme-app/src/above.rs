//! The bar once more, in a window that no window manager knows and so nothing can cover (H6).
//!
//! Managers put a window that fills the screen above even those that ask to be above all others. Such a
//! window of ours gets clicks but no keys, so it is not all: below it the bar's own window is what task
//! bars and keyboards reach, and where the chat is.

use eframe::egui::{
    Context, Event, Pos2, Ui, Vec2, ViewportBuilder, ViewportCommand, ViewportId, vec2,
};

use crate::front::Front;
use crate::views::{BAR_HEIGHT, bar_width};

/// The window above all, from pass to pass.
#[derive(Debug, Default)]
pub struct Above {
    corner: Pos2,
    /// Where the pointer is in it.
    pointer: Option<Pos2>,
    /// The pointer moved since the last pass.
    pointer_moved: bool,
    held: Option<Held>,
}

/// It is being dragged.
#[derive(Debug)]
struct Held {
    /// From the corner to the pointer.
    at: Vec2,
    was_let_go: bool,
    /// The question where the pointer is that was asked after that: the last one.
    last_question: Option<u64>,
}

impl Above {
    /// Shows `content` over the root window in this pass, and until one that does not call this.
    pub fn show(&mut self, ctx: &Context, mut content: impl FnMut(&mut Ui)) {
        let below = ctx.input(|input| input.viewport().inner_rect);
        let corner = below.map_or(self.corner, |below| below.min);
        if corner != self.corner {
            self.corner = corner;
            // nobody tells a window without a manager that it was moved; the next pass looks by itself
            ctx.request_repaint();
        }
        let monitor = ctx.input(|input| input.viewport().monitor_size);
        let builder = ViewportBuilder::default()
            .with_title("Helpme")
            .with_override_redirect(true)
            .with_decorations(false)
            .with_active(false)
            .with_inner_size(vec2(bar_width(monitor), BAR_HEIGHT))
            .with_position(self.corner);
        let id = ViewportId::from_hash_of("above");
        let is_down = ctx.show_viewport_immediate(id, builder, |ui, _class| {
            content(ui);
            ui.ctx().input(|input| {
                self.pointer = input.pointer.latest_pos();
                let moved = |event: &Event| matches!(event, Event::PointerMoved(_));
                self.pointer_moved = input.events.iter().any(moved);
                input.pointer.primary_down()
            })
        });
        if let Some(held) = &mut self.held {
            held.was_let_go |= !is_down;
        }
    }

    /// The pointer took hold of it, before it moved. No window manager drags what it does not know.
    pub fn hold(&mut self) {
        self.held = self.pointer.map(|pointer| Held {
            at: pointer.to_vec2(),
            was_let_go: false,
            last_question: None,
        });
    }

    /// While it is held, the window below goes where the pointer is, and this one follows it. In its
    /// own window the pointer is no guide: that moves. So the desktop is asked, and when it is let go,
    /// once more.
    pub fn follow(&mut self, ctx: &Context, front: &mut Front) {
        let Some(held) = &mut self.held else { return };
        if let Some((question, pointer)) = front.pointer(ctx) {
            let place = ViewportCommand::OuterPosition(pointer - held.at);
            ctx.send_viewport_cmd_to(ViewportId::ROOT, place);
            if held.last_question.is_some_and(|last| question >= last) {
                self.held = None;
                return;
            }
        }
        if held.was_let_go {
            held.last_question = held.last_question.or_else(|| front.ask_pointer());
        } else if self.pointer_moved {
            front.ask_pointer();
        }
    }
}
