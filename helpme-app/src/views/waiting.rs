//! In the operator's list, until he asks.

use eframe::egui::Ui;
use ui_kit::widgets::{Push, banner_ui, card_ui, feature_ui, heading_ui};
use ui_kit::{Icon, Lang, Tone, Word, w};

use super::{Moment, chat};
use crate::state::{Action, Chat, WaitNote};
use crate::words;

/// Who is waited for.
pub(super) struct Waiting<'a> {
    pub(super) operator: &'a str,
    pub(super) note: Option<WaitNote>,
    pub(super) present: bool,
}

pub(super) fn waiting_ui(
    ui: &mut Ui,
    lang: Lang,
    waiting: &Waiting<'_>,
    chat: &mut Chat,
    moment: Moment,
    actions: &mut Vec<Action>,
) {
    let title = words::connected_with(lang, waiting.operator);
    let sentence = if waiting.present {
        words::waiting_for(lang, waiting.operator)
    } else {
        String::new()
    };
    heading_ui(ui, &title, &sentence);
    ui.add_space(4.0);
    if !waiting.present {
        banner_ui(
            ui,
            Tone::Warning,
            &words::operator_away(lang, waiting.operator),
        );
    }
    match waiting.note {
        Some(WaitNote::Refused) => banner_ui(ui, Tone::Good, words::you_refused(lang)),
        Some(WaitNote::Withdrawn) => {
            banner_ui(ui, Tone::Neutral, words::question_withdrawn(lang));
        }
        None => {}
    }
    ui.add_space(4.0);
    card_ui(ui, |ui| {
        let (title, note) = (
            w(lang, Word::StayInControl),
            w(lang, Word::StayInControlNote),
        );
        feature_ui(ui, Icon::Hand, Tone::Accent, title, note);
    });
    ui.add_space(8.0);
    let leave = 36.0 + 18.0;
    chat::panel_ui(ui, lang, chat, moment, leave, actions);
    ui.add_space(6.0);
    if ui
        .add(Push::secondary(w(lang, Word::NewTicket)).wide())
        .clicked()
    {
        actions.push(Action::Leave);
    }
}
