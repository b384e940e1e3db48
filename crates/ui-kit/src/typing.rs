//! Keys and clicks that move the keyboard, in their order with what is typed around them.
//!
//! egui moves the keyboard before any field sees what was typed in the same picture: a letter right before
//! Escape, Tab or a click elsewhere would be lost or go to the next field, and what follows Enter or a click to
//! none. So a picture ends before such a key or click and after it.

use std::collections::HashMap;

use egui::{Context, Event, Key, Plugin, RawInput, ViewportId};

/// Has the fields of `ctx` take what is typed in its order. A second call changes nothing.
pub(crate) fn keep_in_order(ctx: &Context) {
    ctx.add_plugin(InOrder::default());
}

/// What waits for the next picture of each window.
#[derive(Debug, Default)]
struct InOrder(HashMap<ViewportId, Vec<Event>>);

impl Plugin for InOrder {
    fn debug_name(&self) -> &'static str {
        "typed in order"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        self.0.retain(|id, _| input.viewports.contains_key(id));
        let waited = self.0.remove(&input.viewport_id).unwrap_or_default();
        input.events.splice(0..0, waited);
        let later = after_one_move(&mut input.events);
        if !later.is_empty() {
            self.0.insert(input.viewport_id, later);
            ctx.request_repaint_of(input.viewport_id);
        }
    }
}

/// Leaves what one picture takes of `events`; gives the rest.
fn after_one_move(events: &mut Vec<Event>) -> Vec<Event> {
    let Some(at) = events.iter().position(moves_keyboard) else {
        return Vec::new();
    };
    let (before, after) = (&events[..at], &events[at + 1..]);
    // a field takes what stands before Enter with it
    let is_late = !is_key(&events[at], Key::Enter) && before.iter().any(is_typed);
    let is_early = after.iter().any(is_typed);
    match (is_late, is_early) {
        (true, _) => events.split_off(at),
        (false, true) => events.split_off(at + 1),
        (false, false) => Vec::new(),
    }
}

fn moves_keyboard(event: &Event) -> bool {
    // a press takes the keyboard from a field, a release gives it to one
    matches!(event, Event::PointerButton { .. })
        || [Key::Enter, Key::Escape, Key::Tab]
            .iter()
            .any(|key| is_key(event, *key))
}

fn is_key(event: &Event, wanted: Key) -> bool {
    matches!(event, Event::Key { key, pressed: true, .. } if *key == wanted)
}

fn is_typed(event: &Event) -> bool {
    matches!(
        event,
        Event::Text(_) | Event::Key { pressed: true, .. } | Event::Paste(_) | Event::Ime(_)
    )
}

#[cfg(test)]
mod tests {
    use egui::Modifiers;

    use super::*;

    fn text(text: &str) -> Event {
        Event::Text(text.to_owned())
    }

    fn key(key: Key, pressed: bool) -> Event {
        Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        }
    }

    /// The pictures that `events` are taken in.
    fn pictures(mut events: Vec<Event>) -> Vec<Vec<Event>> {
        let mut pictures = Vec::new();
        while !events.is_empty() {
            let later = after_one_move(&mut events);
            pictures.push(std::mem::replace(&mut events, later));
        }
        pictures
    }

    #[test]
    fn a_picture_ends_before_a_key_that_moves_the_keyboard_and_after_it() {
        for moving in [Key::Escape, Key::Tab] {
            let typed = vec![text("a"), key(moving, true), key(moving, false), text("b")];
            assert_eq!(
                pictures(typed),
                [
                    vec![text("a")],
                    vec![key(moving, true)],
                    vec![key(moving, false), text("b")]
                ]
            );
        }
    }

    #[test]
    fn a_picture_ends_before_a_click_and_after_it() {
        let button = |pressed| Event::PointerButton {
            pos: egui::Pos2::ZERO,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let (press, release) = (button(true), button(false));
        let typed = vec![text("a"), press.clone(), release.clone(), text("b")];
        assert_eq!(
            pictures(typed),
            [
                vec![text("a")],
                vec![press.clone()],
                vec![release.clone()],
                vec![text("b")]
            ]
        );
        // nobody typed: one picture
        assert_eq!(pictures(vec![press.clone(), release.clone()]).len(), 1);
    }

    #[test]
    fn a_line_and_its_enter_are_of_one_picture_and_the_next_line_of_another() {
        let typed = vec![
            text("a"),
            key(Key::Enter, true),
            text("b"),
            key(Key::Enter, true),
        ];
        let pictures = pictures(typed);
        assert_eq!(pictures.len(), 2);
        assert_eq!(pictures[1], [text("b"), key(Key::Enter, true)]);
    }

    #[test]
    fn a_key_alone_and_a_text_alone_wait_for_nothing() {
        for alone in [
            vec![text("a"), text("b")],
            vec![
                Event::PointerGone,
                key(Key::Escape, true),
                key(Key::Escape, false),
            ],
            vec![key(Key::Tab, true)],
        ] {
            assert_eq!(pictures(alone.clone()), [alone]);
        }
    }
}
