//! After a session: thanks, how it was, the receipt, and a last word.

use eframe::egui::Ui;
use host_engine::Trouble;
use ui_kit::widgets::{Push, banner_ui, card_ui, divider_ui, fact_ui, heading_ui};
use ui_kit::words::{duration, visible_text};
use ui_kit::{Lang, Palette, Tone, Word, text, theme, w};

use super::{Moment, chat, receipt};
use crate::state::{Action, Chat, Ended};
use crate::words;

/// How high the conversation is, in points.
const CHAT_HEIGHT: f32 = 190.0;

pub(super) fn ended_ui(
    ui: &mut Ui,
    lang: Lang,
    ended: &mut Ended,
    trouble: Option<&Trouble>,
    chat: &mut Chat,
    moment: Moment,
    actions: &mut Vec<Action>,
) {
    heading_ui(
        ui,
        w(lang, Word::SessionEndedTitle),
        &words::thanks(lang, &ended.operators),
    );
    ui.add_space(2.0);
    let cause = words::end_cause(lang, ended.cause);
    let tone = if words::is_good_end(ended.cause) {
        Tone::Good
    } else {
        Tone::Danger
    };
    banner_ui(
        ui,
        tone,
        &format!("{cause} {}", w(lang, Word::NothingSeenAnyMore)),
    );
    if let Some(trouble) = trouble {
        banner_ui(ui, Tone::Warning, &words::trouble(lang, trouble));
    }
    ui.add_space(2.0);
    last_message_ui(ui, lang, chat);
    let connected = ended.connected;
    receipt::opinion_ui(ui, lang, &mut ended.opinion, connected, actions);
    ui.add_space(6.0);
    if receipt::receipt_ui(ui, lang, ended, moment, actions) {
        facts_ui(ui, lang, ended);
    }
    ui.add_space(6.0);
    if ended.connected {
        let dim = Palette::of(ui).dim;
        let note = w(lang, Word::StillConnected);
        ui.label(text(note, theme::SMALL_SIZE, theme::REGULAR, dim));
        card_ui(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.set_height(CHAT_HEIGHT);
            chat::conversation_ui(ui, lang, chat, moment, actions);
        });
    }
}

/// How high what stands below is, in points.
pub(super) const FOOT_HEIGHT: f32 = 52.0;

/// What stays in sight below, however long the rest is.
pub(super) fn foot_ui(ui: &mut Ui, lang: Lang, actions: &mut Vec<Action>) {
    ui.add_space(6.0);
    let again = Push::secondary(w(lang, Word::NewTicket)).wide();
    if ui.add(again).clicked() {
        actions.push(Action::Leave);
    }
}

/// What Helpme knows by itself, where there is no receipt.
fn facts_ui(ui: &mut Ui, lang: Lang, ended: &Ended) {
    card_ui(ui, |ui| {
        ui.set_width(ui.available_width());
        fact_ui(ui, words::lasted(lang), &duration(ended.lasted.as_secs()));
        fact_ui(
            ui,
            words::was_allowed(lang),
            &words::rights_in_words(lang, ended.rights),
        );
        if !ended.connected {
            divider_ui(ui);
            let dim = Palette::of(ui).dim;
            let note = words::no_receipt(lang);
            ui.label(text(note, theme::SMALL_SIZE, theme::REGULAR, dim));
        }
    });
}

fn last_message_ui(ui: &mut Ui, lang: Lang, chat: &Chat) {
    let Some(line) = chat.last_of_operator() else {
        return;
    };
    let palette = Palette::of(ui);
    card_ui(ui, |ui| {
        ui.set_width(ui.available_width());
        let title = words::last_message(lang, &line.name);
        ui.label(text(title, theme::SMALL_SIZE, theme::MEDIUM, palette.dim));
        let words = visible_text(&line.text);
        let words = text(&*words, theme::BODY_SIZE, theme::REGULAR, palette.text);
        ui.add(eframe::egui::Label::new(words).wrap());
    });
    ui.add_space(6.0);
}
