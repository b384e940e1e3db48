//! What is left of an assistance: the question how it was, and the receipt (H9).

use eframe::egui::{Align, Label, Layout, Ui, vec2};
use protocol::receipt::{FeedbackText, Line, Offsets};
use ui_kit::widgets::{
    Field, Push, banner_ui, card_ui, dot_ui, section_header_ui, stars_question_ui, text_field_ui,
};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::Moment;
use crate::state::receipt::{Given, Opinion, Receipt, Saved, language};
use crate::state::{Action, Ended};
use crate::words;

/// How it was: stars, and a line once there are some.
pub(super) fn opinion_ui(
    ui: &mut Ui,
    lang: Lang,
    opinion: &mut Opinion,
    connected: bool,
    actions: &mut Vec<Action>,
) {
    card_ui(ui, |ui| {
        ui.set_width(ui.available_width());
        section_header_ui(ui, words::how_was_it(lang), "");
        ui.add_enabled_ui(connected, |ui| {
            if let Some(stars) = stars_question_ui(ui, lang, opinion.stars) {
                actions.push(Action::Rate(Some(stars)));
            }
            if opinion.stars.is_none() {
                return;
            }
            let field = Field::new(words::opinion_hint(lang));
            let typed = text_field_ui(ui, &field, &mut opinion.words);
            if typed.changed() {
                let kept = FeedbackText::cut(opinion.words.as_str());
                kept.as_str().clone_into(&mut opinion.words);
            }
            let entered = ui_kit::widgets::entered_in_field(ui);
            ui.horizontal(|ui| {
                let send = ui.add(Push::secondary(w(lang, Word::Send)));
                if send.clicked() || entered {
                    actions.push(Action::Rate(None));
                }
                given_ui(ui, lang, opinion.given);
            });
        });
        if !connected && opinion.given != Given::Stored {
            dim_ui(ui, words::opinion_too_late(lang));
        }
    });
}

fn given_ui(ui: &mut Ui, lang: Lang, given: Given) {
    let (tone, sentence) = match given {
        Given::No => return,
        Given::OnItsWay => (Tone::Accent, words::opinion_on_its_way(lang)),
        Given::Stored => (Tone::Good, words::opinion_stored(lang)),
        Given::Refused => (Tone::Warning, words::opinion_refused(lang)),
    };
    dot_ui(ui, tone);
    let palette = Palette::of(ui);
    let sentence = text(sentence, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
    ui.add(Label::new(sentence).wrap());
}

/// The receipt, if it is here: whether what is known without it is to be shown in its place.
pub(super) fn receipt_ui(
    ui: &mut Ui,
    lang: Lang,
    ended: &Ended,
    moment: Moment,
    actions: &mut Vec<Action>,
) -> bool {
    match &ended.receipt {
        Receipt::Awaited => true,
        Receipt::Forged => {
            banner_ui(ui, Tone::Danger, words::receipt_forged(lang));
            true
        }
        Receipt::Here { checked, saved } => {
            let receipt = &checked.receipt;
            let [started, ended] = [receipt.started_unix_seconds, receipt.ended_unix_seconds]
                .map(|at| moment.clock.offset_minutes(at));
            let offsets = Offsets { started, ended };
            card_ui(ui, |ui| {
                ui.set_width(ui.available_width());
                section_header_ui(ui, words::your_receipt(lang), "");
                dim_ui(ui, words::receipt_is_signed(lang));
                ui.add_space(4.0);
                let save = Push::secondary(words::save_receipt(lang)).icon(Icon::Download);
                let save = save.enabled(*saved != Saved::Saving);
                if ui.add(save.wide()).clicked() {
                    actions.push(Action::SaveReceipt(offsets));
                }
                saved_ui(ui, lang, saved);
                ui.add_space(6.0);
                for line in receipt.lines(language(lang), offsets) {
                    line_ui(ui, &line);
                }
            });
            false
        }
    }
}

fn saved_ui(ui: &mut Ui, lang: Lang, saved: &Saved) {
    match saved {
        Saved::No | Saved::Saving => {}
        Saved::At(path) => {
            let at = words::receipt_saved(lang, &path.display().to_string());
            banner_ui(ui, Tone::Good, &at);
        }
        Saved::Failed => banner_ui(ui, Tone::Warning, words::receipt_not_saved(lang)),
    }
}

/// In two columns, both of which may take several lines.
fn line_ui(ui: &mut Ui, Line { name, value }: &Line) {
    const NAME_SHARE: f32 = 0.38;
    let palette = Palette::of(ui);
    let width = ui.available_width();
    ui.horizontal_top(|ui| {
        let size = vec2(width * NAME_SHARE, 0.0);
        let left = Layout::top_down(Align::Min);
        ui.allocate_ui_with_layout(size, left, |ui| {
            ui.set_width(size.x);
            let name = text(*name, theme::BODY_SIZE, theme::REGULAR, palette.dim);
            ui.add(Label::new(name).wrap());
        });
        let value = text(value, theme::BODY_SIZE, theme::MEDIUM, palette.text);
        ui.add(Label::new(value).wrap().selectable(true));
    });
}

fn dim_ui(ui: &mut Ui, sentence: &str) {
    let dim = Palette::of(ui).dim;
    let sentence = text(sentence, theme::SMALL_SIZE, theme::REGULAR, dim);
    ui.add(Label::new(sentence).wrap());
}
