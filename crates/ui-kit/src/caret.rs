//! A caret that stops blinking once nobody does anything: each time it blinks the whole window is drawn.

use egui::{Context, Plugin, RawInput};

/// How long it goes on after the last key or movement, in seconds.
const BLINKS_FOR: f64 = 10.0;

/// Has the caret of `ctx` come to rest. A second call changes nothing.
pub(crate) fn comes_to_rest(ctx: &Context) {
    ctx.add_plugin(Caret::default());
}

/// When something was done last, in seconds of egui's clock, in whatever window.
#[derive(Debug, Default)]
struct Caret {
    done_at: f64,
    rests: bool,
}

impl Plugin for Caret {
    fn debug_name(&self) -> &'static str {
        "caret"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        let now = input.time.unwrap_or_default();
        if !input.events.is_empty() {
            self.done_at = now;
        }
        let rests = now - self.done_at >= BLINKS_FOR;
        if rests != self.rests {
            self.rests = rests;
            ctx.all_styles_mut(|style| style.visuals.text_cursor.blink = !rests);
        }
    }
}

#[cfg(test)]
mod tests {
    use egui::{Event, PointerButton};

    use super::*;

    #[test]
    fn the_caret_rests_when_nobody_does_anything_and_blinks_again_when_somebody_does() {
        let ctx = Context::default();
        comes_to_rest(&ctx);
        let pass = |time: f64, events: Vec<Event>| {
            let input = RawInput {
                time: Some(time),
                events,
                ..RawInput::default()
            };
            let mut output = ctx.run_ui(input, |_ui| {});
            // nobody draws them
            output.textures_delta.clear();
            ctx.global_style().visuals.text_cursor.blink
        };
        assert!(pass(1.0, vec![Event::Text("a".to_owned())]));
        assert!(pass(10.5, Vec::new()));
        assert!(!pass(11.0, Vec::new()));
        assert!(!pass(60.0, Vec::new()));
        let click = Event::PointerButton {
            pos: egui::pos2(1.0, 1.0),
            button: PointerButton::Primary,
            pressed: true,
            modifiers: egui::Modifiers::NONE,
        };
        assert!(pass(61.0, vec![click]));
    }
}
