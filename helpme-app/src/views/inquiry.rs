//! Why there is no connection: one sentence, and for somebody who knows networks the rest, folded.

use eframe::egui::{Align, Layout, Spinner, Ui};
use ui_kit::widgets::{banner_ui, card_ui, examination_ui, link_button_ui};
use ui_kit::words::verdict_text;
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::problem_text;
use crate::state::{Action, FormProblem, Inquiry};
use crate::words;

/// Draws what is known of `problem`, and while it is looked into, that it is.
pub(super) fn inquiry_ui(
    ui: &mut Ui,
    lang: Lang,
    problem: &FormProblem,
    inquiry: &Inquiry,
    actions: &mut Vec<Action>,
) {
    let dim = Palette::of(ui).dim;
    let small = |words: &str| text(words, theme::SMALL_SIZE, theme::MEDIUM, dim);
    let Some(diagnosis) = inquiry.examination.diagnosis() else {
        banner_ui(ui, Tone::Danger, &problem_text(lang, problem));
        ui.horizontal(|ui| {
            ui.add(Spinner::new().size(16.0));
            ui.label(small(w(lang, Word::CheckingConnection)));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if link_button_ui(ui, None, w(lang, Word::Cancel)).clicked() {
                    actions.push(Action::StopInquiry);
                }
            });
        });
        return;
    };
    if diagnosis.verdict().is_good() {
        banner_ui(ui, Tone::Good, words::works_now(lang));
    } else {
        banner_ui(ui, Tone::Danger, &verdict_text(lang, diagnosis));
    }
    let shown = inquiry.details_shown;
    let icon = if shown {
        Icon::ChevronDown
    } else {
        Icon::ChevronRight
    };
    ui.horizontal(|ui| {
        let fold = link_button_ui(ui, Some(icon), w(lang, Word::TechnicianDetails));
        if fold.clicked() {
            actions.push(Action::ShowDetails(!shown));
        }
        if shown {
            // above what may be long
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if inquiry.copied {
                    ui.label(small(w(lang, Word::CopiedNotice)));
                } else if link_button_ui(ui, Some(Icon::Copy), w(lang, Word::Copy)).clicked() {
                    actions.push(Action::CopyDetails);
                }
            });
        }
    });
    if shown {
        card_ui(ui, |ui| examination_ui(ui, lang, &inquiry.examination));
    }
}
