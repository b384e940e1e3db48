//! The box for the passphrase of remembered passwords, when the program starts (O1).

use egui::Ui;
use ui_kit::widgets::{
    DialogSize, Field, Push, dialog_ui, entered_in_field, escaped_from, focus_and_select,
    link_button_ui, password_field_ui,
};
use ui_kit::{Icon, Palette, Tone, text, theme};

use crate::action::Action;
use crate::phrases;
use crate::state::ConsoleState;

/// Draws the box while it is open. Enter opens the passwords, Escape goes on without them.
pub(super) fn unlocking_ui(ui: &Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let Some(open) = &mut state.unlocking else {
        return;
    };
    let (mut wanted, mut without, mut forgets) = (false, false, false);
    let icon = Some((Icon::KeyRound, Tone::Accent));
    let title = phrases::passwords_are_sealed(lang);
    let dialog = dialog_ui(ui.ctx(), "unlock", DialogSize::Medium, icon, title, |ui| {
        let palette = Palette::of(ui);
        let note = phrases::unlock_note(lang);
        ui.label(text(note, 14.0, theme::REGULAR, palette.dim));
        ui.add_space(10.0);
        let field = Field::new(phrases::passphrase(lang)).error(open.problem.as_deref());
        let field = ui.add_enabled_ui(!open.waiting, |ui| {
            password_field_ui(ui, lang, &field, &mut open.passphrase)
        });
        let field = field.inner;
        let entered = entered_in_field(ui);
        if field.changed() {
            open.problem = None;
        }
        if open.select && !open.waiting {
            open.select = false;
            focus_and_select(ui, &field, &open.passphrase);
        }
        if open.problem.is_some() {
            ui.add_space(4.0);
            let label = phrases::forget_passwords(lang);
            forgets = link_button_ui(ui, Some(Icon::Trash2), label).clicked();
        }
        ui.add_space(12.0);
        let is_typed = !open.passphrase.is_empty() && !open.waiting;
        super::foot_ui(ui, |ui| {
            let button = Push::primary(phrases::unlock(lang)).enabled(is_typed);
            wanted = ui.add(button).clicked() || (entered && is_typed);
            let label = phrases::without_passwords(lang);
            without = ui.add(Push::secondary(label)).clicked();
            if open.waiting {
                ui.spinner();
            }
        });
    });
    let escaped = escaped_from(&dialog);
    if wanted {
        actions.push(Action::Unlock);
    } else if forgets {
        actions.push(Action::ForgetPasswords);
    } else if without || escaped {
        actions.push(Action::GoWithoutPasswords);
    }
}
