//! The conversation, as a part of a page.

use eframe::egui::Ui;
use ui_kit::widgets::{Bubble, banner_ui, card_ui, chat_entry_ui, chat_lines_ui, empty_state_ui};
use ui_kit::{Icon, Lang, Tone, Word, w};

use super::Moment;
use crate::state::{Action, Chat};
use crate::words;

/// Fills what is left of the page but `below` points; as high as it needs to be on a page that scrolls.
pub(super) fn panel_ui(
    ui: &mut Ui,
    lang: Lang,
    chat: &mut Chat,
    moment: Moment,
    below: f32,
    actions: &mut Vec<Action>,
) {
    // what the card puts around its content
    const FRAME: f32 = 30.0;
    const ON_SCROLLING: f32 = 180.0;
    let room = ui.available_height();
    let height = if room.is_finite() {
        (room - below - FRAME).max(120.0)
    } else {
        ON_SCROLLING
    };
    card_ui(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.set_height(height);
        conversation_ui(ui, lang, chat, moment, actions);
    });
}

/// The lines, and the line to write below them.
pub(super) fn conversation_ui(
    ui: &mut Ui,
    lang: Lang,
    chat: &mut Chat,
    moment: Moment,
    actions: &mut Vec<Action>,
) {
    const ENTRY_HEIGHT: f32 = 44.0;
    const BANNER_HEIGHT: f32 = 64.0;
    let below = ENTRY_HEIGHT + if chat.not_sent { BANNER_HEIGHT } else { 0.0 };
    let lines_height = (ui.available_height() - below).max(40.0);
    ui.allocate_ui(
        eframe::egui::vec2(ui.available_width(), lines_height),
        |ui| {
            ui.set_height(lines_height);
            if chat.lines.is_empty() {
                let (title, note) = (w(lang, Word::ChatEmptyTitle), w(lang, Word::ChatEmpty));
                if lines_height > 130.0 {
                    empty_state_ui(ui, Icon::MessageCircle, title, note);
                } else {
                    ui.weak(note);
                }
                return;
            }
            let bubbles = chat.lines.iter().map(|line| Bubble {
                mine: line.mine,
                name: &line.name,
                at_unix_seconds: line.at_unix_seconds,
                note: "",
                text: &line.text,
            });
            chat_lines_ui(ui, moment.clock, bubbles);
        },
    );
    if chat.not_sent {
        banner_ui(ui, Tone::Warning, words::chat_not_sent(lang));
    }
    let (hint, send) = (w(lang, Word::ChatHint), w(lang, Word::Send));
    if let Some(text) = chat_entry_ui(ui, hint, send, &mut chat.draft) {
        actions.push(Action::SendChat(text));
    }
}
