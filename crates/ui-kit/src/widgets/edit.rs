//! What every text field can do besides taking characters.
//!
//! Ctrl+X, Ctrl+C, Ctrl+V and the middle button are egui's; the older keys for the clipboard, the menu
//! under the right button, and a word where there is nothing to paste are added here.

use egui::text::{CCursor, CCursorRange, CharIndex};
use egui::text_edit::TextEditState;
use egui::{
    Context, Event, Id, Key, Modifiers, Popup, PopupCloseBehavior, Response, Ui, ViewportCommand,
};

use super::menu_item_ui;
use crate::theme::{self, Palette, text};
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
    nothing_to_paste_ui(ui, response);
    if response.has_focus() {
        let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
        if pressed(Modifiers::SHIFT, Key::Insert) {
            paste_into(ui, response);
        } else if pressed(Modifiers::CTRL, Key::Insert) {
            ui.send_viewport_cmd(ViewportCommand::RequestCopy);
        }
    }
    let pressed = ui.input(|input| input.pointer.secondary_pressed());
    if let Some(selected) = selected.filter(|_| pressed && response.hovered()) {
        // the press took the selection away that the menu is about
        select(ui.ctx(), response.id, selected);
    }
    let menu = response.context_menu(|ui| menu_ui(ui, edited));
    let is_in = |menu: &Response| {
        ui.input(|input| input.pointer.interact_pos())
            .is_some_and(|at| menu.rect.contains(at))
    };
    if menu.is_some_and(|menu| is_in(&menu.response)) && response.lost_focus() {
        // whoever uses the field's menu has not left the field
        response.request_focus();
    }
}

/// Asks for the text of the clipboard to come to a field, and has the field say so if there is none.
pub fn paste_into(ui: &Ui, response: &Response) {
    // the text comes to whoever has the keyboard
    response.request_focus();
    ui.send_viewport_cmd(ViewportCommand::RequestPaste);
    let asked = Paste::Asked {
        frame: ui.ctx().cumulative_frame_nr(),
    };
    ui.data_mut(|data| data.insert_temp(paste_id(response), asked));
    ui.ctx().request_repaint();
}

/// How far the last paste into a field is.
#[derive(Debug, Clone, Copy)]
enum Paste {
    Asked {
        frame: u64,
    },
    /// There was no text; said until that moment of the window's clock, in seconds.
    Empty {
        until: f64,
    },
}

/// To be called before a field takes its events: notes whether a text came that was asked for.
pub(super) fn note_paste(ui: &Ui, field: Id) {
    /// How long it is said, in seconds.
    const SAID: f64 = 6.0;
    let id = field.with("paste");
    let Some(Paste::Asked { frame }) = ui.data(|data| data.get_temp(id)) else {
        return;
    };
    let came = ui.input(|input| {
        input
            .events
            .iter()
            .any(|event| matches!(event, Event::Paste(_)))
    });
    if came {
        ui.data_mut(|data| data.remove::<Paste>(id));
    } else if ui.ctx().cumulative_frame_nr() > frame {
        let until = ui.input(|input| input.time) + SAID;
        ui.data_mut(|data| data.insert_temp(id, Paste::Empty { until }));
    }
}

/// Says below a field that there was nothing to paste, until something is done about it.
fn nothing_to_paste_ui(ui: &Ui, response: &Response) {
    let id = paste_id(response);
    let Some(Paste::Empty { until }) = ui.data(|data| data.get_temp(id)) else {
        return;
    };
    let left = until - ui.input(|input| input.time);
    if left <= 0.0 || response.changed() {
        ui.data_mut(|data| data.remove::<Paste>(id));
        return;
    }
    ui.ctx()
        .request_repaint_after(std::time::Duration::from_secs_f64(left));
    let note = w(Lang::of_widgets(ui.ctx()), Word::NothingToPaste);
    Popup::from_response(response)
        .id(id)
        .open(true)
        .close_behavior(PopupCloseBehavior::IgnoreClicks)
        .show(|ui| {
            let palette = Palette::of(ui);
            let note = ui.label(text(note, theme::SMALL_SIZE, theme::MEDIUM, palette.text));
            ui.ctx().accesskit_node_builder(note.id, |node| {
                node.set_live(egui::accesskit::Live::Polite);
            });
        });
}

fn paste_id(response: &Response) -> Id {
    response.id.with("paste")
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
        paste_into(ui, edited.response);
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
