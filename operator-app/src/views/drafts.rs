//! Reports that are not finished (D1).

use egui::{ScrollArea, Ui};
use ui_kit::widgets::{DialogSize, Leading, Push, Row, dialog_ui, empty_state_ui, row_ui};
use ui_kit::words::name_alone;
use ui_kit::{Icon, Palette, Tone, Word, text, theme, w};

use crate::action::Action;
use crate::phrases;
use crate::state::ConsoleState;

/// Draws the list over the main window, newest first.
pub fn drafts_ui(ui: &mut Ui, state: &ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let icon = Some((Icon::FilePenLine, Tone::Accent));
    let title = w(lang, Word::Drafts);
    let dialog = dialog_ui(ui.ctx(), "drafts", DialogSize::Medium, icon, title, |ui| {
        let palette = Palette::of(ui);
        let note = phrases::drafts_note(lang);
        ui.label(text(note, theme::SMALL_SIZE, theme::REGULAR, palette.dim));
        ui.add_space(4.0);
        let height = (ui.ctx().content_rect().height() - 260.0).clamp(120.0, 360.0);
        if state.reports.drafts.is_empty() {
            ui.scope(|ui| {
                ui.set_height(height.min(180.0));
                let title = w(lang, Word::NoDrafts);
                empty_state_ui(ui, Icon::FileCheck, title, phrases::no_drafts_note(lang));
            });
        } else {
            ScrollArea::vertical()
                .max_height(height)
                .show(ui, |ui| list_ui(ui, state, actions));
        }
        ui.add_space(8.0);
        super::foot_ui(ui, |ui| {
            if ui.add(Push::secondary(w(lang, Word::Close))).clicked() {
                actions.push(Action::CloseDrafts);
            }
        });
    });
    if dialog.should_close() {
        actions.push(Action::CloseDrafts);
    }
}

fn list_ui(ui: &mut Ui, state: &ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    ui.spacing_mut().item_spacing.y = 2.0;
    for (facts, draft) in state.reports.drafts.iter().rev() {
        let ended = state.clock.since(facts.ended_unix_seconds);
        let host = name_alone(lang, &facts.host);
        let requester = name_alone(lang, &facts.requester);
        let first_line = draft.problem.lines().next().unwrap_or_default();
        let detail = if first_line.is_empty() {
            &requester
        } else {
            first_line
        };
        let row = Row {
            leading: Leading::Initials(&facts.requester),
            title: &host,
            detail,
            badge: None,
            trailing: &ended,
            selected: false,
            away: false,
        };
        if row_ui(ui, &row).clicked() {
            actions.push(Action::OpenReport(facts.report));
        }
    }
}
