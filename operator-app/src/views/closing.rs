//! The dialog for a closing message: what the user is left with when the session ends (S5).

use egui::Ui;
use protocol::control::ChatText;
use ui_kit::widgets::{DialogSize, Field, Push, dialog_ui, escaped_from, text_area_ui};
use ui_kit::{Icon, Palette, Tone, Word, text, theme, w};

use super::chat::snippets_ui;
use crate::phrases;
use crate::state::session::{SessionState, SessionWish};

/// Draws the dialog, while it is open.
pub fn closing_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let can_end = !state.paused && !state.ending;
    let Some(typed) = &mut state.closing else {
        return;
    };
    let icon = Some((Icon::MessageSquare, Tone::Accent));
    let title = phrases::closing_title(lang);
    let snippets = &state.snippets;
    let dialog = dialog_ui(ui.ctx(), "closing", DialogSize::Medium, icon, title, |ui| {
        let palette = Palette::of(ui);
        let note = phrases::closing_note(lang);
        ui.label(text(note, 14.0, theme::REGULAR, palette.dim));
        ui.add_space(10.0);
        let field = Field::new(phrases::closing_words(lang)).hint(phrases::closing_hint(lang));
        let was_empty = typed.is_empty();
        let field = text_area_ui(ui, &field, typed, 3);
        if was_empty && !field.has_focus() && !field.lost_focus() {
            field.request_focus();
        }
        // nothing is cut unseen
        let kept = ChatText::cut(typed.as_str());
        if kept.len() != typed.len() {
            kept.as_str().clone_into(typed);
        }
        ui.add_space(12.0);
        let mut answer = None;
        super::foot_ui(ui, |ui| {
            let has_words = !typed.trim().is_empty();
            let end = Push::danger(phrases::closing_button(lang)).enabled(has_words && can_end);
            if ui.add(end).clicked() {
                answer = Some(true);
            }
            if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                answer = Some(false);
            }
            snippets_ui(ui, lang, snippets, typed);
        });
        answer
    });
    let answer = if escaped_from(&dialog) {
        Some(false)
    } else {
        dialog.inner
    };
    let Some(ends) = answer else { return };
    if let Some(typed) = state.closing.take().filter(|_| ends) {
        let text = typed.trim().to_owned();
        state.wishes.push(SessionWish::EndWith { text });
    }
}
