//! What every text field can do besides taking characters.
//!
//! Ctrl+X, Ctrl+C, Ctrl+V and the middle button are egui's; the older keys for the clipboard and the menu
//! under the right button are added here.

use egui::text::{CCursor, CCursorRange, CharIndex};
use egui::text_edit::TextEditState;
use egui::{Context, Id, Key, Modifiers, Response, Ui, ViewportCommand};

use super::menu_item_ui;
use crate::words::{Lang, Word, w};

/// A text field that was just drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edited<'a> {
    pub(super) response: &'a Response,
    /// How many characters stand in it.
    pub(super) length: usize,
    /// What was selected before it was drawn.
    pub(super) selected: Option<CCursorRange>,
    /// Nothing of it may leave by the clipboard.
    pub(super) secret: bool,
}

/// What is selected in the field `id`.
pub(super) fn selection(ctx: &Context, id: Id) -> Option<CCursorRange> {
    let range = TextEditState::load(ctx, id)?.cursor.char_range()?;
    (!range.is_empty()).then_some(range)
}

/// Puts the keyboard into a field that was just drawn, and selects `text`, which stands in it: what is
/// typed next replaces it.
pub fn focus_and_select(ui: &Ui, response: &Response, text: &str) {
    response.request_focus();
    select(ui.ctx(), response.id, whole(text.chars().count()));
}

/// Whether Enter was pressed in a field of one line that was drawn in this pass.
pub fn entered_in_field(ui: &Ui) -> bool {
    let pass = ui.ctx().cumulative_pass_nr();
    ui.data(|data| data.get_temp::<u64>(entered_id())) == Some(pass)
}

/// To be told of each field of one line.
pub(super) fn note_enter(ui: &Ui, response: &Response) {
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        let pass = ui.ctx().cumulative_pass_nr();
        ui.data_mut(|data| data.insert_temp(entered_id(), pass));
    }
}

/// The keys and the menu for the clipboard.
pub(super) fn clipboard_ui(ui: &Ui, edited: Edited<'_>) {
    let Edited {
        response, selected, ..
    } = edited;
    if response.has_focus() {
        let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
        if pressed(Modifiers::SHIFT, Key::Insert) {
            ui.send_viewport_cmd(ViewportCommand::RequestPaste);
        } else if pressed(Modifiers::CTRL, Key::Insert) {
            ui.send_viewport_cmd(ViewportCommand::RequestCopy);
        }
    }
    let pressed = ui.input(|input| input.pointer.secondary_pressed());
    if let Some(selected) = selected.filter(|_| pressed && response.hovered()) {
        // the press took the selection away that the menu is about
        select(ui.ctx(), response.id, selected);
    }
    response.context_menu(|ui| menu_ui(ui, edited));
}

fn menu_ui(ui: &mut Ui, edited: Edited<'_>) {
    let lang = Lang::of_widgets(ui.ctx());
    let chosen = |ui: &mut Ui, word| {
        let clicked = menu_item_ui(ui, None, w(lang, word), false, None).clicked();
        if clicked {
            // the command reaches whoever has the keyboard
            edited.response.request_focus();
            ui.close();
        }
        clicked
    };
    if selection(ui.ctx(), edited.response.id).is_some() && !edited.secret {
        if chosen(ui, Word::Cut) {
            ui.send_viewport_cmd(ViewportCommand::RequestCut);
        }
        if chosen(ui, Word::Copy) {
            ui.send_viewport_cmd(ViewportCommand::RequestCopy);
        }
    }
    if chosen(ui, Word::Paste) {
        ui.send_viewport_cmd(ViewportCommand::RequestPaste);
    }
    if chosen(ui, Word::SelectAll) {
        select(ui.ctx(), edited.response.id, whole(edited.length));
    }
}

fn whole(length: usize) -> CCursorRange {
    let place = |index| CCursor::new(CharIndex(index));
    CCursorRange::two(place(0), place(length))
}

fn select(ctx: &Context, id: Id, range: CCursorRange) {
    let mut state = TextEditState::load(ctx, id).unwrap_or_default();
    state.cursor.set_char_range(Some(range));
    state.store(ctx, id);
}

fn entered_id() -> Id {
    Id::unique("entered in a field")
}
