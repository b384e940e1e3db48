//! The window: the sign-in, then a side bar and the section that was chosen.

mod audit;
mod chart;
mod computers;
mod export;
mod films;
mod forms;
mod live;
mod logo;
mod overview;
mod people;
mod player;
mod questions;
mod reports;
mod settings;
mod shell;
mod sign_in;
mod table;
mod totals;

use egui::{Align, Layout, Margin, ScrollArea, Ui, UiBuilder};
use protocol::Refusal;
use ui_kit::Lang;
use ui_kit::widgets::{Push, banner_ui, dialog_buttons_ui, empty_state_ui};
use ui_kit::words::refusal_text;
use ui_kit::{Icon, Tone, Word, w};

use crate::state::{Shown, Standing, State};
use crate::words::{Say, s};

/// Draws everything.
pub(crate) fn window_ui(ui: &mut Ui, state: &mut State) {
    match state.standing {
        Standing::In { .. } => shell::shell_ui(ui, state),
        Standing::Out | Standing::SigningIn | Standing::GivingCode => {
            sign_in::sign_in_ui(ui, state);
        }
    }
}

/// What stands where something is not here: that it comes, or why it does not.
fn missing_ui<T>(ui: &mut Ui, lang: Lang, shown: &Shown<T>) {
    match shown.problem {
        None => loading_ui(ui, lang),
        Some(refusal) => refused_ui(ui, lang, refusal),
    }
}

fn loading_ui(ui: &mut Ui, lang: Lang) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.35).clamp(16.0, 220.0));
        ui.add(egui::Spinner::new().size(26.0));
        ui.add_space(4.0);
        ui.label(s(lang, Say::Loading));
    });
}

fn refused_ui(ui: &mut Ui, lang: Lang, refusal: Refusal) {
    let sentence = refusal_text(lang, refusal);
    empty_state_ui(ui, Icon::CircleAlert, s(lang, Say::NotLoaded), &sentence);
}

/// That what stands here is old, if the last question for it was refused.
fn problem_ui<T>(ui: &mut Ui, lang: Lang, shown: &Shown<T>) {
    if let (Some(refusal), Some(_)) = (shown.problem, &shown.value) {
        banner_ui(ui, Tone::Warning, &refusal_text(lang, refusal));
    }
}

/// The buttons of a question: the dangerous thing, and not to do it. `Some(true)` is yes.
fn danger_buttons_ui(ui: &mut Ui, lang: Lang, label: &str) -> Option<bool> {
    let mut answer = None;
    dialog_buttons_ui(ui, |ui| {
        if ui.add(Push::danger(label)).clicked() {
            answer = Some(true);
        }
        if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
            answer = Some(false);
        }
    });
    answer
}

/// The buttons of a form. `Some(true)` saves it.
fn form_buttons_ui(ui: &mut Ui, lang: Lang, label: &str) -> Option<bool> {
    let mut answer = None;
    dialog_buttons_ui(ui, |ui| {
        if ui.add(Push::primary(label)).clicked() {
            answer = Some(true);
        }
        if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
            answer = Some(false);
        }
    });
    answer
}

/// Content at the right end of a line.
fn at_right_ui<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.with_layout(Layout::right_to_left(Align::Center), content)
        .inner
}

/// Content that scrolls, with its bar in the margin that every page and card has at its right.
fn scroll_ui<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    const BAR: i8 = 12;
    let mut room = ui.available_rect_before_wrap();
    room.max.x += f32::from(BAR);
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        ScrollArea::vertical()
            .auto_shrink(false)
            .content_margin(Margin {
                right: BAR,
                ..Margin::ZERO
            })
            .show(ui, content)
            .inner
    })
    .inner
}

/// How much of `whole` a part is, from 0 to 1.
pub(crate) fn share(part: u64, whole: u64) -> f32 {
    let whole = whole.max(1);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a length on the screen"
    )]
    let share = (part.min(whole) as f64 / whole as f64) as f32;
    share
}

#[cfg(test)]
mod looks;
