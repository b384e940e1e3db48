//! How to recognise a swindler (H8): once before the first ticket, and whenever the user wants to read it.

use eframe::egui::{Label, Ui};
use ui_kit::widgets::{Push, card_ui, divider_ui, escaped, heading_ui, icon_tile_ui};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use crate::state::Action;

/// Draws the page; Escape leaves it as the button does.
pub(super) fn advice_ui(ui: &mut Ui, lang: Lang, actions: &mut Vec<Action>) {
    let escaped = escaped(ui);
    heading_ui(ui, w(lang, Word::Swindlers), "");
    let (lead, color) = (w(lang, Word::SwindlersLead), Palette::of(ui).text);
    let lead = text(lead, 16.0, theme::SEMIBOLD, color).line_height(Some(22.0));
    ui.add(Label::new(lead).wrap());
    ui.add_space(8.0);
    card_ui(ui, |ui| {
        ui.set_width(ui.available_width());
        let signs = [
            (Icon::PhoneOff, Word::SwindlerCalls),
            (Icon::KeyRound, Word::SwindlerAsksForSecrets),
            (Icon::Banknote, Word::SwindlerWantsMoney),
            (Icon::Phone, Word::SwindlerInDoubt),
        ];
        for (at, (icon, sign)) in signs.into_iter().enumerate() {
            if at > 0 {
                divider_ui(ui);
            }
            sign_ui(ui, icon, w(lang, sign));
        }
    });
    ui.add_space(10.0);
    let understood = Push::primary(w(lang, Word::Understood))
        .icon(Icon::Check)
        .large()
        .wide();
    if ui.add(understood).clicked() || escaped {
        actions.push(Action::ShowAdvice(false));
    }
}

/// One sign, in print that is larger than usual: whoever is told to hurry reads badly.
fn sign_ui(ui: &mut Ui, icon: Icon, sentence: &str) {
    let palette = Palette::of(ui);
    ui.horizontal_top(|ui| {
        icon_tile_ui(ui, icon, Tone::Accent, 36.0);
        ui.add_space(4.0);
        let sentence = text(sentence, 15.0, theme::REGULAR, palette.text);
        ui.add(Label::new(sentence.line_height(Some(21.0))).wrap());
    });
}
