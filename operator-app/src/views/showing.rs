//! The box of two operators and one screen (O10).

use egui::Ui;
use ui_kit::widgets::{
    DialogSize, Field, Push, banner_ui, dialog_ui, entered_in_field, escaped_from,
    password_field_ui, segments_ui,
};
use ui_kit::words::name_in_sentence;
use ui_kit::{Icon, Palette, Tone, Word, text, theme, w};

use crate::action::Action;
use crate::phrases;
use crate::state::ConsoleState;
use crate::state::showing::{ShowingBox, Stage};

/// Draws the box while it is open. Enter goes on; Escape refuses, or takes the question back.
pub(super) fn showing_ui(ui: &Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    let (lang, now) = (state.lang, state.clock.now_unix_seconds);
    let may_control = state
        .account
        .permitted
        .rights()
        .has(protocol::Rights::CONTROL);
    let Some(open) = &mut state.showing else {
        return;
    };
    let name = name_in_sentence(lang, &open.name);
    let title = if open.asks {
        phrases::ask_to_see(lang, &name)
    } else {
        phrases::asks_to_see(lang, &name)
    };
    let icon = Some((Icon::MonitorUp, Tone::Accent));
    let dialog = dialog_ui(
        ui.ctx(),
        "showing",
        DialogSize::Medium,
        icon,
        &title,
        |ui| {
            content_ui(ui, lang, open, &name, may_control);
            ui.add_space(12.0);
            foot_ui(ui, lang, open, now)
        },
    );
    let wish = if escaped_from(&dialog) {
        Some(Action::LeaveShowing)
    } else {
        dialog.inner
    };
    actions.extend(wish);
}

fn content_ui(
    ui: &mut Ui,
    lang: ui_kit::Lang,
    open: &mut ShowingBox,
    name: &str,
    may_control: bool,
) {
    let palette = Palette::of(ui);
    if let Stage::Over { problem } = &open.stage {
        banner_ui(ui, Tone::Warning, problem);
        return;
    }
    let note = match (open.asks, &open.stage) {
        (true, Stage::Choosing | Stage::Sent) => phrases::showing_note(lang).to_owned(),
        (true, _) => phrases::word_note_of_asking(lang, name),
        (false, _) => phrases::word_note_of_asked(lang, name, open.control),
    };
    ui.label(text(note, 14.0, theme::REGULAR, palette.dim));
    ui.add_space(10.0);
    match open.stage {
        Stage::Choosing | Stage::Sent => {
            let mut choices = vec![(false, phrases::only_see(lang))];
            if may_control {
                choices.push((true, phrases::see_and_control(lang)));
            }
            let sent = open.stage == Stage::Sent;
            let chosen = ui.add_enabled_ui(!sent, |ui| segments_ui(ui, open.control, &choices));
            if let Some(control) = chosen.inner {
                open.control = control;
            }
        }
        Stage::Typing { .. } | Stage::Typed { .. } => {
            let field = Field::new(phrases::word(lang)).note(phrases::word_said(lang));
            let is_typed = matches!(open.stage, Stage::Typed { .. });
            let shown = ui.add_enabled_ui(!is_typed, |ui| {
                password_field_ui(ui, lang, &field, &mut open.word)
            });
            // Enter takes the keyboard out of a field
            if std::mem::take(&mut open.focus) || (entered_in_field(ui) && !is_typed) {
                shown.inner.request_focus();
            }
        }
        Stage::Over { .. } => {}
    }
}

fn foot_ui(ui: &mut Ui, lang: ui_kit::Lang, open: &ShowingBox, now: i64) -> Option<Action> {
    let entered = entered_in_field(ui);
    let (mut wish, palette) = (None, Palette::of(ui));
    super::foot_ui(ui, |ui| {
        let (label, enabled, action) = match open.stage {
            Stage::Choosing | Stage::Sent => (
                phrases::ask(lang),
                open.stage == Stage::Choosing,
                Some(Action::SendShowing),
            ),
            Stage::Typing { .. } | Stage::Typed { .. } => {
                (w(lang, Word::Ok), open.can_give(), Some(Action::GiveWord))
            }
            Stage::Over { .. } => (w(lang, Word::Close), true, Some(Action::LeaveShowing)),
        };
        if ui.add(Push::primary(label).enabled(enabled)).clicked() || (entered && enabled) {
            wish = action;
        }
        if !matches!(open.stage, Stage::Over { .. }) {
            let label = if open.asks {
                w(lang, Word::Cancel)
            } else {
                w(lang, Word::Refuse)
            };
            if ui.add(Push::secondary(label)).clicked() {
                wish = Some(Action::LeaveShowing);
            }
        }
        if let Some(until) = open.until_unix_seconds() {
            let left = phrases::seconds_left(lang, (until - now).max(0));
            ui.label(text(left, 14.0, theme::REGULAR, palette.dim));
            ui.ctx()
                .request_repaint_after(std::time::Duration::from_millis(250));
        }
        if matches!(open.stage, Stage::Sent | Stage::Typed { .. }) {
            ui.spinner();
        }
    });
    wish
}
