//! Language, appearance, text size, and where the hub is.

use eframe::egui::{Align, Frame, Layout, Margin, ScrollArea, Ui};
use ui_kit::widgets::{
    DialogSize, Field, Push, banner_ui, choice_ui, dialog_ui, divider_ui, entered_in_field,
    escaped_from, switch_ui, text_field_ui,
};
use ui_kit::words::address_wrong;
use ui_kit::{Icon, Lang, ThemeChoice, Tone, Word, text_size_ui, w};

use crate::lasting::LastingYes;
use crate::links::LinkChoice;
use crate::settings::HubTextError;
use crate::state::{Action, State};
use crate::words;

pub(super) fn settings_ui(ui: &mut Ui, state: &mut State, actions: &mut Vec<Action>) {
    /// The title, the buttons and the margins.
    const AROUND: f32 = 214.0;
    let lang = state.lang();
    let icon = Some((Icon::Settings, Tone::Accent));
    let title = w(lang, Word::Settings);
    let height = (ui.ctx().content_rect().height() - AROUND).max(120.0);
    let content = |ui: &mut Ui| {
        ScrollArea::vertical().max_height(height).show(ui, |ui| {
            // room for the scroll bar
            let margin = Margin {
                right: 10,
                ..Margin::ZERO
            };
            Frame::new().inner_margin(margin).show(ui, |ui| {
                look_ui(ui, lang, state, actions);
                ui.add_space(4.0);
                divider_ui(ui);
                hub_ui(ui, lang, state);
            });
        });
        ui.add_space(8.0);
        // a row as high as its buttons, not as the window
        ui.horizontal(|ui| {
            let layout = Layout::right_to_left(Align::Center);
            ui.with_layout(layout, |ui| {
                buttons_ui(ui, lang, state.hub_is_given, actions);
            });
        });
    };
    let shown = dialog_ui(
        ui.ctx(),
        "settings",
        DialogSize::Small,
        icon,
        title,
        content,
    );
    if escaped_from(&shown) {
        actions.push(Action::ShowSettings(false));
    }
}

fn buttons_ui(ui: &mut Ui, lang: Lang, hub_is_given: bool, actions: &mut Vec<Action>) {
    if hub_is_given {
        if ui.add(Push::primary(w(lang, Word::Close))).clicked() {
            actions.push(Action::ShowSettings(false));
        }
        return;
    }
    if ui.add(Push::primary(w(lang, Word::Save))).clicked() || entered_in_field(ui) {
        actions.push(Action::SaveHub);
    }
    if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
        actions.push(Action::ShowSettings(false));
    }
}

fn look_ui(ui: &mut Ui, lang: Lang, state: &State, actions: &mut Vec<Action>) {
    let languages = [
        (None, w(lang, Word::SystemLanguage)),
        (Some(Lang::En), Lang::En.own_name()),
        (Some(Lang::It), Lang::It.own_name()),
    ];
    let field = Field::new(w(lang, Word::Language));
    if let Some(chosen) = choice_ui(ui, &field, state.settings.language, &languages) {
        actions.push(Action::ChooseLanguage(chosen));
    }
    let themes = [
        (ThemeChoice::System, w(lang, Word::ThemeSystem)),
        (ThemeChoice::Light, w(lang, Word::ThemeLight)),
        (ThemeChoice::Dark, w(lang, Word::ThemeDark)),
    ];
    let field = Field::new(w(lang, Word::Appearance));
    if let Some(chosen) = choice_ui(ui, &field, state.settings.theme, &themes) {
        actions.push(Action::ChooseTheme(chosen));
    }
    let size = state.settings.text_size;
    if let Some(chosen) = text_size_ui(ui, lang, size, size) {
        actions.push(Action::ChooseTextSize(chosen));
    }
    links_ui(ui, lang, state.links, actions);
    lasting_ui(ui, lang, state.lasting_yes, actions);
}

/// Takes back that the desktop need not ask; given it is where the desktop's question is explained.
fn lasting_ui(ui: &mut Ui, lang: Lang, lasting: LastingYes, actions: &mut Vec<Action>) {
    let note = match lasting {
        LastingYes::NotOffered => return,
        LastingYes::Asks => words::desktop_asks(lang),
        LastingYes::InStore => words::lasting_yes_in_store(lang),
        LastingYes::InFile => words::lasting_yes_in_file(lang),
    };
    ui.add_space(4.0);
    let mut kept = lasting.is_kept();
    ui.add_enabled_ui(kept, |ui| {
        if switch_ui(ui, &mut kept, words::lasting_yes(lang), Some(note)).clicked() {
            actions.push(Action::TakeBackLastingYes);
        }
    });
}

/// The switch for links; grey where this system leaves no such choice.
fn links_ui(ui: &mut Ui, lang: Lang, links: LinkChoice, actions: &mut Vec<Action>) {
    let note = match links {
        LinkChoice::Unknown => return,
        LinkChoice::Here | LinkChoice::NotHere => words::open_links_note(lang),
        LinkChoice::Installed => words::links_of_installed(lang),
        LinkChoice::Taken => words::links_taken(lang),
        LinkChoice::Failed => words::links_failed(lang),
    };
    ui.add_space(4.0);
    let mut here = links == LinkChoice::Here;
    ui.add_enabled_ui(links != LinkChoice::Installed, |ui| {
        if switch_ui(ui, &mut here, words::open_links(lang), Some(note)).clicked() {
            actions.push(Action::OpenLinks(here));
        }
    });
}

fn hub_ui(ui: &mut Ui, lang: Lang, state: &mut State) {
    let given = state.hub_is_given;
    let Some(form) = &mut state.hub_form else {
        return;
    };
    if given {
        banner_ui(ui, Tone::Neutral, words::hub_is_given(lang));
        ui.add_space(2.0);
    }
    let (address_error, pin_error) = match form.error {
        Some(HubTextError::Address(fault)) => (Some(address_wrong(lang, fault)), None),
        Some(HubTextError::Fingerprint) => (None, Some(words::fingerprint_wrong(lang))),
        None => (None, None),
    };
    ui.add_enabled_ui(!given, |ui| {
        let field = Field::new(w(lang, Word::ServerAddress)).hint("help.example.org:443");
        text_field_ui(ui, &field.error(address_error), &mut form.text.address);
        let field = Field::new(words::fingerprint(lang)).note(words::fingerprint_note(lang));
        text_field_ui(ui, &field.error(pin_error), &mut form.text.fingerprint);
    });
}
