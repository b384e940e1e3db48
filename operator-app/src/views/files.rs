//! Files to and from the host, beside the screen (S6).

use std::path::PathBuf;

use egui::{Frame, Panel, ScrollArea, Ui};
use ui_kit::widgets::{
    Field, Push, TransferWish, divider_ui, dropped_paths, empty_state_ui, entered_in_field,
    icon_button_ui, section_header_ui, text_field_ui, transfer_ui,
};
use ui_kit::{Clock, Icon, Lang, Palette, Word, text, theme, w};

use super::conflict::conflict_ui;
use crate::phrases;
use crate::state::session::{Files, SessionState, SessionWish};

/// Width of the list beside the screen, in points: how far a transfer is has room in two lines.
const FILES_WIDTH: f32 = 370.0;
/// Where there is less, in points, what sends files scrolls away with the list.
const ROOM_FOR_LIST: f32 = 420.0;
/// What a question needs beside it, in points.
const ROOM_FOR_QUESTION: f32 = 230.0;

/// Draws the list at the right of the screen, if it is open, and takes what is dropped onto the window.
pub fn files_side_ui(ui: &mut Ui, state: &mut SessionState) {
    let dropped = ui.input(|input| dropped_paths(&input.raw));
    if !dropped.is_empty() && state.may_send_files() && !state.browser.open {
        state.wishes.push(SessionWish::SendFiles(dropped));
        state.files.open = true;
    }
    if !state.files.open || state.ended.is_some() {
        return;
    }
    let palette = Palette::of(ui);
    let lang = state.lang;
    Panel::right("session files")
        .exact_size(FILES_WIDTH)
        .resizable(false)
        .frame(Frame::new().fill(palette.card).inner_margin(12))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                section_header_ui(ui, w(lang, Word::Files), "");
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if icon_button_ui(ui, Icon::X, w(lang, Word::Close), true).clicked() {
                        state.files.open = false;
                    }
                });
            });
            let all = ScrollArea::vertical().auto_shrink(false);
            let asks = state.files.all.iter().any(|t| t.question.is_some());
            let needed = ROOM_FOR_LIST + if asks { ROOM_FOR_QUESTION } else { 0.0 };
            if ui.available_height() < needed {
                all.show(ui, |ui| {
                    first_ui(ui, state);
                    send_ui(ui, state);
                    divider_ui(ui);
                    list_ui(ui, state);
                });
            } else {
                first_ui(ui, state);
                send_ui(ui, state);
                divider_ui(ui);
                all.show(ui, |ui| list_ui(ui, state));
            }
        });
}

/// A question comes before everything else.
fn first_ui(ui: &mut Ui, state: &mut SessionState) {
    if !state.browser.open {
        let said = (state.lang, state.clock);
        let answer = question_ui(ui, said, &mut state.files);
        state.wishes.extend(answer);
    }
}

fn send_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let palette = Palette::of(ui);
    if !state.may_send_files() {
        let note = phrases::files_not_allowed(lang);
        ui.label(text(note, 13.5, theme::REGULAR, palette.dim));
        return;
    }
    ui.columns(2, |columns| {
        let files = Push::secondary(phrases::files_to_choose(lang)).icon(Icon::FileUp);
        if columns[0].add(files.wide()).clicked() {
            let wish = SessionWish::ChooseFiles { folders: false };
            state.wishes.push(wish);
        }
        let folder = Push::secondary(phrases::folder_to_choose(lang)).icon(Icon::FolderUp);
        if columns[1].add(folder.wide()).clicked() {
            let wish = SessionWish::ChooseFiles { folders: true };
            state.wishes.push(wish);
        }
    });
    let browse = Push::secondary(phrases::files_on_host(lang)).icon(Icon::FolderOpen);
    if ui.add(browse.wide()).clicked() {
        state.open_browser();
    }
    let field = Field::new(phrases::path_to_send(lang)).hint(phrases::or_drop_files(lang));
    let response = text_field_ui(ui, &field, &mut state.files.path);
    let entered = entered_in_field(ui) && (response.has_focus() || response.lost_focus());
    let path = state.files.path.trim().to_owned();
    let send = Push::primary(w(lang, Word::Send)).icon(Icon::Upload);
    let sent = ui.add(send.enabled(!path.is_empty())).clicked();
    if (sent || entered) && !path.is_empty() {
        state
            .wishes
            .push(SessionWish::SendFiles(vec![PathBuf::from(path)]));
        state.files.path.clear();
    }
}

fn list_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    if state.files.all.is_empty() {
        let (title, note) = (phrases::no_files(lang), phrases::no_files_note(lang));
        empty_state_ui(ui, Icon::Files, title, note);
        return;
    }
    for transfer in &state.files.all {
        let id = transfer.id;
        let wish = transfer_ui(ui, lang, transfer, transfer.is_outgoing).map(|wish| match wish {
            TransferWish::Cancel => SessionWish::CancelFiles(id),
            TransferWish::Hold(held) => SessionWish::HoldFiles(id, held),
        });
        state.wishes.extend(wish);
    }
}

/// Draws what the operator is asked of a name that is there already, if anything.
pub(super) fn question_ui(
    ui: &mut Ui,
    said: (Lang, Clock),
    files: &mut Files,
) -> Option<SessionWish> {
    let transfer = files.all.iter().find(|t| t.question.is_some())?;
    let asked = transfer.question.as_ref()?;
    let for_all = &mut files.answer_for_all;
    let answer = conflict_ui(ui, said, transfer, asked, for_all);
    ui.add_space(8.0);
    Some(SessionWish::AnswerConflict {
        id: transfer.id,
        entry: asked.entry,
        answer: answer?,
        for_all: std::mem::take(for_all),
    })
}
