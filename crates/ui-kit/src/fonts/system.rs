//! The fonts of this computer, for what the bundled ones cannot draw: most scripts of Asia, and emoji.
//!
//! They are looked for when a text first needs one, on a thread of their own. Who reads only what the
//! bundled fonts have waits for nothing and holds nothing of them; the files are mapped, not read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use egui::{Context, FallbackRequest, FontFamily, FontInsert, FontProvider, Id};
use egui_system_font_provider::SystemFontProvider;

/// Has `ctx` draw with the fonts of this computer what it has no font for. A second call changes nothing.
pub(crate) fn use_where_needed(ctx: &Context) {
    let id = Id::unique("fonts of the computer");
    if ctx.data_mut(|data| std::mem::replace(data.get_temp_mut_or_default(id), true)) {
        return;
    }
    let not_looked_for = NotLookedFor {
        ctx: ctx.clone(),
        begun: AtomicBool::new(false),
    };
    ctx.set_font_providers(vec![Arc::new(not_looked_for)]);
}

/// Until the first text needs one.
struct NotLookedFor {
    ctx: Context,
    begun: AtomicBool,
}

impl FontProvider for NotLookedFor {
    /// Knows none yet; what needs one is drawn anew as soon as they are known.
    fn font_for(&self, _request: &FallbackRequest<'_>) -> Option<FontInsert> {
        if !self.begun.swap(true, Ordering::Relaxed) {
            let ctx = self.ctx.clone();
            let look = move || look_for_fonts(&ctx);
            if thread::Builder::new()
                .name("fonts".to_owned())
                .spawn(look)
                .is_err()
            {
                // with the next character, perhaps
                self.begun.store(false, Ordering::Relaxed);
            }
        }
        None
    }
}

fn look_for_fonts(ctx: &Context) {
    let fonts = SystemFontProvider::new();
    // answers once all fonts are known
    fonts.font_for(&FallbackRequest {
        cluster: "é",
        family: &FontFamily::Proportional,
    });
    ctx.set_font_providers(vec![Arc::new(fonts)]);
    let windows: Vec<_> = ctx.input(|input| input.raw.viewports.keys().copied().collect());
    for window in windows {
        ctx.request_repaint_of(window);
    }
}
