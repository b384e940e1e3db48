//! A conversation: bubbles and the line to write (S5).

use egui::{Align, CornerRadius, Frame, Key, Label, Layout, Margin, Response, ScrollArea, Ui};

use super::{Field, Push, text_field_ui};
use crate::fonts::Icon;
use crate::theme::{self, Palette, text};

/// One line of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bubble<'a> {
    /// Whether the person at this screen wrote it.
    pub mine: bool,
    pub name: &'a str,
    /// When, as it is to be read.
    pub time: &'a str,
    pub text: &'a str,
}

/// The conversation so far, oldest first; stays at the newest line until somebody scrolls up.
pub fn chat_lines_ui<'a>(ui: &mut Ui, lines: impl IntoIterator<Item = Bubble<'a>>) {
    ScrollArea::vertical()
        .auto_shrink(false)
        .stick_to_bottom(true)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 10.0;
            for line in lines {
                bubble_ui(ui, &line);
            }
        });
}

fn bubble_ui(ui: &mut Ui, line: &Bubble<'_>) {
    let palette = Palette::of(ui);
    let room = (ui.available_width() * 0.8).min(480.0);
    let align = if line.mine { Align::Max } else { Align::Min };
    let (fill, color) = if line.mine {
        (palette.accent_fill, palette.on_accent)
    } else {
        (palette.sunken, palette.text)
    };
    // the corner that points to its author is less round
    let (sw, se) = if line.mine { (14, 4) } else { (4, 14) };
    let corner = CornerRadius {
        nw: 14,
        ne: 14,
        sw,
        se,
    };
    ui.with_layout(Layout::top_down(align), |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        let head = if line.mine {
            line.time.to_owned()
        } else {
            format!("{}  ·  {}", line.name, line.time)
        };
        ui.label(text(head, 12.0, 450.0, palette.dim));
        Frame::new()
            .fill(fill)
            .corner_radius(corner)
            .inner_margin(Margin::symmetric(12, 8))
            .show(ui, |ui| {
                ui.set_max_width(room);
                let words = text(line.text, 14.0, theme::REGULAR, color);
                ui.add(Label::new(words).wrap().selectable(true).halign(Align::Min));
            });
    });
}

/// The line to write; returns what is to be sent when Enter or the button is pressed.
///
/// The field is emptied then and keeps the focus.
pub fn chat_entry_ui(ui: &mut Ui, hint: &str, send: &str, draft: &mut String) -> Option<String> {
    let mut sent = None;
    ui.horizontal(|ui| {
        const BUTTON_WIDTH: f32 = 44.0;
        let field = Field {
            hint,
            width: Some(ui.available_width() - BUTTON_WIDTH - ui.spacing().item_spacing.x),
            ..Field::default()
        };
        let response: Response = text_field_ui(ui, &field, draft);
        ui.ctx()
            .accesskit_node_builder(response.id, |node| node.set_label(hint));
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let ready = !draft.trim().is_empty();
        let button = Push::primary("").icon(Icon::SendHorizontal).enabled(ready);
        let pressed = ui.add(button);
        ui.ctx()
            .accesskit_node_builder(pressed.id, |node| node.set_label(send));
        if entered || pressed.clicked() {
            response.request_focus();
            if ready {
                sent = Some(std::mem::take(draft).trim().to_owned());
            }
        }
        pressed.on_hover_text(send);
    });
    sent
}
