//! The question which of two hubs to use.

use eframe::egui::{Label, Ui};
use host_engine::{Fingerprint, Pin};
use ui_kit::widgets::{Push, card_ui, divider_ui, heading_ui};
use ui_kit::words::name_alone;
use ui_kit::{Icon, Lang, Palette, Word, text, theme, w};

use crate::organisations::Organisations;
use crate::settings::HubPlace;
use crate::state::{Action, OtherHub};

pub(super) fn other_hub_ui(
    ui: &mut Ui,
    lang: Lang,
    question: &OtherHub,
    organisations: &Organisations,
    actions: &mut Vec<Action>,
) {
    heading_ui(ui, w(lang, Word::OtherHub), w(lang, Word::OtherHubNote));
    ui.add_space(6.0);
    card_ui(ui, |ui| {
        ui.set_width(ui.available_width());
        let OtherHub { known, named } = question;
        hub_ui(
            ui,
            lang,
            Word::HubUsedBefore,
            known,
            organisations.of(known),
        );
        divider_ui(ui);
        hub_ui(ui, lang, Word::HubNamedNow, named, organisations.of(named));
    });
    ui.add_space(10.0);
    let keep = Push::primary(w(lang, Word::KeepHub))
        .icon(Icon::Check)
        .large()
        .wide();
    let keep = ui.add(keep);
    if ui.memory(|memory| memory.focused().is_none()) {
        // Enter keeps what is known
        keep.request_focus();
    }
    if keep.clicked() {
        actions.push(Action::ChooseHub { named: false });
    }
    ui.add_space(4.0);
    let change = Push::secondary(w(lang, Word::UseNewHub)).wide();
    if ui.add(change).clicked() {
        actions.push(Action::ChooseHub { named: true });
    }
}

/// One of them; its name where it was reached before.
fn hub_ui(ui: &mut Ui, lang: Lang, which: Word, hub: &HubPlace, organisation: Option<&str>) {
    let palette = Palette::of(ui);
    ui.label(text(
        w(lang, which),
        theme::SMALL_SIZE,
        theme::MEDIUM,
        palette.dim,
    ));
    if let Some(name) = organisation {
        let name = name_alone(lang, name);
        let name = text(name, theme::BODY_SIZE, theme::SEMIBOLD, palette.text);
        ui.add(Label::new(name).wrap());
    }
    let address = hub.address.to_string();
    ui.label(text(
        &address,
        theme::BODY_SIZE,
        theme::SEMIBOLD,
        palette.text,
    ));
    let key = match hub.pin {
        Pin::Key(fingerprint) => format!("{} {}", w(lang, Word::HubKey), short(fingerprint)),
        Pin::PublicName => w(lang, Word::PublicCertificate).to_owned(),
    };
    ui.label(text(&key, theme::SMALL_SIZE, theme::MEDIUM, palette.dim));
}

/// As much of a fingerprint as two people compare on the telephone, and nobody makes a second key for.
fn short(fingerprint: Fingerprint) -> String {
    const DIGITS: usize = 16;
    let digits: Vec<char> = fingerprint.to_string().chars().take(DIGITS).collect();
    let groups: Vec<String> = digits
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}
