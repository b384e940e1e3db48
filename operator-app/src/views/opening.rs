//! The box in which the access password of a permanent host is typed (U3).

use egui::Ui;
use ui_kit::widgets::{
    DialogSize, Field, Push, dialog_ui, entered_in_field, escaped_from, focus_and_select,
    password_field_ui, text_field_ui,
};
use ui_kit::words::name_in_sentence;
use ui_kit::{Icon, Palette, Tone, Word, text, theme, w};

use crate::action::Action;
use crate::phrases;
use crate::state::ConsoleState;

/// Draws the box while it is open. Enter opens the host, Escape closes the box.
pub(super) fn opening_ui(ui: &Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let Some(open) = &mut state.opening else {
        return;
    };
    let (mut wanted, mut cancelled) = (false, false);
    let icon = Some((Icon::Server, Tone::Accent));
    let title = phrases::open_host(lang, &name_in_sentence(lang, &open.name));
    let dialog = dialog_ui(
        ui.ctx(),
        "open host",
        DialogSize::Medium,
        icon,
        &title,
        |ui| {
            let palette = Palette::of(ui);
            let note = phrases::open_host_note(lang);
            ui.label(text(note, 14.0, theme::REGULAR, palette.dim));
            ui.add_space(10.0);
            let lacks_code = open.wants_code && open.problem_is_of_code;
            let (of_reason, of_code, of_password) = match open.problem.as_deref() {
                problem if open.lacks_reason => (problem, None, None),
                problem if lacks_code => (None, problem, None),
                problem => (None, None, problem),
            };
            let field = Field::new(phrases::access_password(lang)).error(of_password);
            let why = Field::new(phrases::reason(lang))
                .note(phrases::reason_note(lang))
                .error(of_reason);
            let shown = ui.add_enabled_ui(!open.waiting, |ui| {
                let password = password_field_ui(ui, lang, &field, &mut open.password);
                ui.add_space(8.0);
                let code = open.wants_code.then(|| {
                    let field = Field::new(phrases::own_code(lang))
                        .note(phrases::code_note(lang))
                        .error(of_code);
                    let code = text_field_ui(ui, &field, &mut open.code);
                    ui.add_space(8.0);
                    code
                });
                (password, code, text_field_ui(ui, &why, &mut open.reason))
            });
            let (password, code, reason) = shown.inner;
            let entered = entered_in_field(ui);
            let code_changed = code.as_ref().is_some_and(egui::Response::changed);
            if password.changed() || reason.changed() || code_changed {
                open.problem = None;
            }
            if !open.waiting && (open.select || entered) {
                open.select = false;
                if open.lacks_reason {
                    focus_and_select(ui, &reason, &open.reason);
                } else if let Some(code) = code.filter(|_| lacks_code) {
                    focus_and_select(ui, &code, &open.code);
                } else {
                    focus_and_select(ui, &password, &open.password);
                }
            }
            ui.add_space(12.0);
            let is_typed = !open.password.is_empty() && !open.waiting;
            super::foot_ui(ui, |ui| {
                let button = Push::primary(w(lang, Word::RemoteSession)).enabled(is_typed);
                wanted = ui.add(button).clicked() || (entered && is_typed);
                cancelled = ui.add(Push::secondary(w(lang, Word::Cancel))).clicked();
                if open.waiting {
                    ui.spinner();
                }
            });
        },
    );
    let escaped = escaped_from(&dialog);
    if wanted {
        actions.push(Action::OpenHost);
    } else if cancelled || escaped {
        actions.push(Action::CloseOpening);
    }
}
