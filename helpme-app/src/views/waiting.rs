//! In the operator's list, until he asks.

use eframe::egui::Ui;
use protocol::{Hindrance, Hindrances};
use ui_kit::widgets::{Push, banner_ui, card_ui, feature_ui, heading_ui};
use ui_kit::words::whole_name;
use ui_kit::{Icon, Lang, Tone, Word, w};

use super::{Moment, chat};
use crate::state::{Action, Chat, WaitNote};
use crate::words;

/// Who is waited for.
pub(super) struct Waiting<'a> {
    pub(super) operator: &'a str,
    pub(super) note: Option<WaitNote>,
    pub(super) reach: Reach,
}

/// Whether the one who is waited for can be reached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Present,
    OperatorAway,
    /// This computer's own line is lost.
    LineLost,
}

/// How high the page is with a conversation that can be read, in points.
pub(super) fn room(Hindrances { screen, input }: Hindrances) -> f32 {
    const USUAL: f32 = 420.0;
    const EACH_HINDRANCE: f32 = 110.0;
    let screen = screen.filter(|hindrance| *hindrance != Hindrance::ASKED_ONCE_MORE);
    let hindrances = screen.into_iter().chain(input).count();
    USUAL + EACH_HINDRANCE * f32::from(u8::try_from(hindrances).unwrap_or(u8::MAX))
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
    let sentence = match waiting.reach {
        Reach::Present => words::waiting_for(lang, waiting.operator),
        Reach::OperatorAway | Reach::LineLost => String::new(),
    };
    let heading = heading_ui(ui, &title, &sentence);
    if let Some(name) = whole_name(waiting.operator) {
        heading.on_hover_text(name);
    }
    ui.add_space(4.0);
    match waiting.reach {
        Reach::Present => {}
        Reach::OperatorAway => {
            let away = words::operator_away(lang, waiting.operator);
            banner_ui(ui, Tone::Warning, &away);
        }
        Reach::LineLost => banner_ui(ui, Tone::Warning, w(lang, Word::LineLost)),
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
