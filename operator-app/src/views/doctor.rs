//! **Check the connection**: what stands between this console and its hub.

use egui::{ScrollArea, Ui};
use ui_kit::widgets::{DialogSize, Push, banner_ui, dialog_ui, escaped_from, examination_ui};
use ui_kit::words::verdict_text;
use ui_kit::{Examination, Icon, Lang, Palette, Tone, Word, text, theme, w};

use crate::action::Action;

/// Draws the dialog. Rows come as things are looked at.
pub fn doctor_ui(ui: &Ui, lang: Lang, examination: &Examination, actions: &mut Vec<Action>) {
    /// The title, the sentence, the buttons and the margins.
    const AROUND: f32 = 270.0;
    let icon = Some((Icon::Stethoscope, Tone::Accent));
    let title = w(lang, Word::CheckConnection);
    let ctx = ui.ctx();
    let height = (ctx.content_rect().height() - AROUND).clamp(110.0, 420.0);
    let diagnosis = examination.diagnosis();
    let dialog = dialog_ui(ctx, "doctor", DialogSize::Medium, icon, title, |ui| {
        if let Some(diagnosis) = diagnosis {
            let tone = if diagnosis.verdict().is_good() {
                Tone::Good
            } else {
                Tone::Danger
            };
            banner_ui(ui, tone, &verdict_text(lang, diagnosis));
        } else {
            let dim = Palette::of(ui).dim;
            let words = w(lang, Word::CheckingConnection);
            ui.label(text(words, theme::SMALL_SIZE, theme::MEDIUM, dim));
        }
        ui.add_space(6.0);
        ScrollArea::vertical().max_height(height).show(ui, |ui| {
            ui.set_width(ui.available_width());
            examination_ui(ui, lang, examination);
        });
        ui.add_space(10.0);
        super::foot_ui(ui, |ui| {
            if diagnosis.is_some() {
                if ui.add(Push::primary(w(lang, Word::Copy))).clicked() {
                    actions.push(Action::CopyCheck);
                }
                if ui.add(Push::secondary(w(lang, Word::Close))).clicked() {
                    actions.push(Action::CloseCheck);
                }
            } else if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                actions.push(Action::CloseCheck);
            }
        });
    });
    if escaped_from(&dialog) {
        actions.push(Action::CloseCheck);
    }
}
