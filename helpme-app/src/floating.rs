//! The window's sizes on Wayland, where it floats or cannot become a bar.
//!
//! Desktops that tile windows let one float that comes up with but one size; so it does, and may have
//! others from then on. Any change of its frame has desktops tell the size that they knew, which may cross the
//! one that was just asked for: so that is asked for again.

use std::time::Duration;

use desktop::sway::Stand;
use eframe::egui::{Context, Vec2, ViewportBuilder, ViewportCommand};

use crate::app::SMALLEST_WINDOW;

/// The window is there after the first pass, and desktops look at its sizes when it appears.
const PASSES_OF_ONE_SIZE: u8 = 3;
/// Between two askings.
const PAUSE: Duration = Duration::from_millis(100);
/// A desktop that does not give a size then does not want to.
const TRIES: u8 = 10;

/// The sizes of one window, from pass to pass.
#[derive(Debug)]
pub struct Floating {
    /// In so many passes it may have other sizes than its first.
    passes_of_one_size: u8,
    wanted: Option<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    size: Vec2,
    seen: Vec2,
    asked_at: Duration,
    tries: u8,
}

impl Floating {
    /// The sizes of the window that is being made by `builder` with this first size and this smallest one, where a
    /// Wayland desktop is named; elsewhere there is nothing to do.
    pub fn begin(
        builder: ViewportBuilder,
        size: Vec2,
        smallest: Vec2,
    ) -> (ViewportBuilder, Option<Self>) {
        if !desktop::display::is_wayland_named() {
            return (builder.with_min_inner_size(smallest), None);
        }
        let builder = builder.with_min_inner_size(size).with_max_inner_size(size);
        let floating = Self {
            passes_of_one_size: PASSES_OF_ONE_SIZE,
            wanted: None,
        };
        (builder, Some(floating))
    }

    /// The window was asked to become as large as this, as a bar or again as a window.
    pub fn want(&mut self, ctx: &Context, size: Vec2, is_bar: bool, now: Duration) {
        let in_units = |points: f32| rounded(points * ctx.zoom_factor());
        let screen = ctx.input(|input| input.viewport().monitor_size);
        let left = screen.map_or(0.0, |screen| (screen.x - size.x) / 2.0);
        desktop::sway::put(Stand {
            width: in_units(size.x),
            height: in_units(size.y),
            left: is_bar.then(|| in_units(left)),
            everywhere: is_bar,
        });
        self.wanted = Some(Wanted {
            size,
            seen: Vec2::ZERO,
            asked_at: now,
            tries: TRIES,
        });
    }

    /// From now on the user gives it its size.
    pub fn let_go(&mut self) {
        self.wanted = None;
    }

    /// In each pass; a desktop that gives another size later is asked again then.
    pub fn follow(&mut self, ctx: &Context, now: Duration) {
        match self.passes_of_one_size {
            0 => {}
            1 => {
                ctx.send_viewport_cmd(ViewportCommand::MinInnerSize(Vec2::from(SMALLEST_WINDOW)));
                ctx.send_viewport_cmd(ViewportCommand::MaxInnerSize(Vec2::INFINITY));
            }
            _ => ctx.request_repaint(),
        }
        self.passes_of_one_size = self.passes_of_one_size.saturating_sub(1);
        let Some(wanted) = &mut self.wanted else {
            return;
        };
        let size = ctx.viewport_rect().size();
        if size != wanted.seen {
            wanted.seen = size;
            wanted.tries = TRIES;
        }
        let waited = now.saturating_sub(wanted.asked_at);
        if (size - wanted.size).abs().max_elem() <= 1.0 || wanted.tries == 0 {
            return;
        }
        if waited < PAUSE {
            ctx.request_repaint_after(PAUSE.saturating_sub(waited));
            return;
        }
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(wanted.size));
        wanted.asked_at = now;
        wanted.tries -= 1;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "windows have no 2^24 pixels, and none are below nothing"
)]
fn rounded(length: f32) -> u32 {
    length.round().max(0.0) as u32
}
