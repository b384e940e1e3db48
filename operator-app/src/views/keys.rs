//! The tools of a session's window that are about keyboard and mouse (S1, S2).

use egui::{Frame, Margin, Ui};
use input::hid;
use protocol::HidKey;
use ui_kit::widgets::{icon_button_unless_ui, icon_toggle_unless_ui, menu_item_ui};
use ui_kit::{Icon, Palette, Word, text, theme, w};

use super::session::{ESCAPE_KEYS, menu_ui};
use crate::phrases;
use crate::state::session::{SessionState, SessionWish};

/// Watch only, or control again.
pub(super) fn view_only_ui(ui: &mut Ui, state: &mut SessionState) {
    let label = w(state.lang, Word::ViewOnly);
    let over = state.ended.map(|_| w(state.lang, Word::SessionEndedTitle));
    let reason = over.or_else(|| state.rights_obstacle());
    if icon_toggle_unless_ui(ui, Icon::Eye, label, reason, state.view_only).clicked() {
        state.set_view_only(!state.view_only);
    }
}

/// Keys of this desktop go along, or stay here.
pub(super) fn all_keys_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let reason = state.control_obstacle().map(str::to_owned);
    let reason = reason.or_else(|| state.all_keys_problem.clone());
    let label = match &reason {
        Some(_) => phrases::all_keys(lang).to_owned(),
        None => format!(
            "{}: {}. {}",
            phrases::all_keys(lang),
            phrases::all_keys_note(lang),
            phrases::escape_key(lang, ESCAPE_KEYS)
        ),
    };
    let on = state.all_keys;
    if icon_toggle_unless_ui(ui, Icon::Keyboard, &label, reason.as_deref(), on).clicked() {
        state.all_keys = !state.all_keys;
    }
}

/// Keys that this desktop would keep, and how all others count.
pub(super) fn special_keys_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let label = w(lang, Word::SpecialKeys);
    let button = icon_button_unless_ui(ui, Icon::Command, label, state.control_obstacle());
    if button.clicked() {
        state.wishes.push(SessionWish::LookAtKeyboard);
    }
    menu_ui(&button, |ui| {
        for (word, keys) in chords() {
            if menu_item_ui(ui, None, w(lang, word), false, None).clicked() {
                state.press_chord(&keys);
                ui.close();
            }
        }
        ui.separator();
        keyboard_mode_ui(ui, state);
    });
}

fn keyboard_mode_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    note_ui(ui, phrases::view::keyboard_mode(lang), theme::MEDIUM);
    for (by_place, label, note) in [
        (
            false,
            phrases::view::characters(lang),
            phrases::view::characters_note(lang),
        ),
        (
            true,
            phrases::view::physical_keys(lang),
            phrases::view::physical_keys_note(lang),
        ),
    ] {
        let is_on = state.keys_by_place == by_place;
        let item = menu_item_ui(ui, None, label, is_on, None);
        if item.on_hover_text(note).clicked() {
            if !is_on {
                state.choose_keys_by_place(by_place);
            }
            ui.close();
        }
    }
    ui.add_space(4.0);
    let (here, there) = (&state.keyboards.here, &state.keyboards.there);
    let regular = theme::REGULAR;
    note_ui(
        ui,
        &phrases::view::layout_here(lang, here.as_ref()),
        regular,
    );
    note_ui(
        ui,
        &phrases::view::layout_there(lang, there.as_ref()),
        regular,
    );
    let consequence = if state.keys_by_place {
        Some(phrases::view::layout_there_decides(lang))
    } else {
        let told = there.as_ref();
        told.map(|keyboard| phrases::view::unlisted(lang, keyboard.unlisted))
    };
    if let Some(consequence) = consequence {
        note_ui(ui, consequence, regular);
    }
    ui.add_space(4.0);
}

/// Words in a menu that are no command.
fn note_ui(ui: &mut Ui, words: &str, weight: f32) {
    /// As far as the labels of commands, in points.
    const INDENT: i8 = 32;
    let margin = Margin {
        left: INDENT,
        right: 12,
        top: 3,
        bottom: 3,
    };
    let palette = Palette::of(ui);
    let words = text(words, theme::SMALL_SIZE, weight, palette.dim);
    Frame::new()
        .inner_margin(margin)
        .show(ui, |ui| ui.add(egui::Label::new(words).wrap()));
}

fn chords() -> [(Word, Vec<HidKey>); 6] {
    [
        (
            Word::KeyCtrlAltDel,
            vec![hid::CONTROL_LEFT, hid::ALT_LEFT, hid::DELETE],
        ),
        (Word::KeySuper, vec![hid::SUPER_LEFT]),
        (Word::KeyPrint, vec![hid::PRINT_SCREEN]),
        (Word::KeyAltTab, vec![hid::ALT_LEFT, hid::TAB]),
        (Word::KeyAltF4, vec![hid::ALT_LEFT, hid::F4]),
        (Word::KeyEscape, vec![hid::ESCAPE]),
    ]
}
