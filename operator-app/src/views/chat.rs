//! The conversation with one user (S5), in the main window and in session windows.

use egui::{Frame, Label, Margin, Popup, ScrollArea, Ui};
use protocol::{ChatAuthor, ChatLine, PeerId};
use ui_kit::widgets::{
    Bubble, banner_ui, card_ui, chat_entry_ui, chat_lines_ui, empty_state_ui, icon_button_ui,
    menu_item_ui, section_header_ui,
};
use ui_kit::words::{beginning_of, chat_with};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use crate::action::Action;
use crate::phrases;
use crate::state::ConsoleState;
use crate::state::chats::Conversation;
use crate::state::snippets::{Snippets, put_into};
use ui_kit::Clock;

/// Draws the conversation that is open in the main window.
pub fn chat_ui(ui: &mut Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let Some(host) = state.chats.open else {
        let title = w(lang, Word::ChatEmptyTitle);
        empty_state_ui(ui, Icon::MessageCircle, title, phrases::no_chat_open(lang));
        return;
    };
    // while the line is lost, what is written waits
    let here = state.account.has_list() && state.computers.get(host).is_some();
    let clock = state.clock;
    let snippets = state.snippets.clone();
    let chat = state.chats.get_or_new(host);
    card_ui(ui, |ui| {
        ui.set_min_height(ui.available_height());
        section_header_ui(ui, &chat_with(lang, &chat.name), "");
        ui.add_space(4.0);
        if let Some(text) = conversation_ui(ui, (lang, clock), chat, &snippets, here) {
            actions.push(Action::SendChat { host, text });
        }
    });
}

/// Draws lines and entry; returns what is to be sent.
pub fn conversation_ui(
    ui: &mut Ui,
    (lang, clock): (Lang, Clock),
    chat: &mut Conversation,
    snippets: &Snippets,
    here: bool,
) -> Option<String> {
    const ENTRY_HEIGHT: f32 = 46.0;
    if !here {
        banner_ui(ui, Tone::Neutral, phrases::conversation_over(lang));
    }
    let height = (ui.available_height() - ENTRY_HEIGHT).max(60.0);
    ui.scope(|ui| {
        ui.set_height(height);
        if chat.lines.is_empty() {
            let title = w(lang, Word::ChatEmptyTitle);
            empty_state_ui(ui, Icon::MessageCircle, title, w(lang, Word::ChatEmpty));
            return;
        }
        let unheard = first_unheard(chat);
        let lines = chat.lines.iter().enumerate().map(|(at, line)| Bubble {
            mine: line.author == ChatAuthor::Operator,
            name: &line.name,
            at_unix_seconds: line.at_unix_seconds,
            note: if at >= unheard && is_late(clock, line) {
                phrases::not_received_yet(lang)
            } else {
                ""
            },
            text: &line.text,
        });
        chat_lines_ui(ui, clock, lines);
    });
    ui.add_enabled_ui(here, |ui| {
        let (hint, send) = (w(lang, Word::ChatHint), w(lang, Word::Send));
        ui.horizontal(|ui| {
            snippets_ui(ui, lang, snippets, &mut chat.draft);
            chat_entry_ui(ui, hint, send, &mut chat.draft)
        })
        .inner
    })
    .inner
}

/// The texts that are kept, behind one button; a press puts one into the line to write.
pub(super) fn snippets_ui(ui: &mut Ui, lang: Lang, snippets: &Snippets, draft: &mut String) {
    const WIDTH: f32 = 320.0;
    const HEIGHT: f32 = 320.0;
    /// What removes a text, and the gap before it.
    const REMOVE_WIDTH: f32 = 44.0;
    /// So much of a text has room; all of it is under the pointer.
    const MOST_CHARS: usize = 28;
    let button = icon_button_ui(ui, Icon::TextQuote, w(lang, Word::Snippets), true);
    Popup::menu(&button).show(|ui| {
        ui.set_width(WIDTH);
        let kept = snippets.all();
        if kept.is_empty() {
            let note = text(
                w(lang, Word::SnippetsNote),
                13.0,
                theme::REGULAR,
                Palette::of(ui).dim,
            );
            let margin = Margin::symmetric(12, 8);
            Frame::new()
                .inner_margin(margin)
                .show(ui, |ui| ui.add(Label::new(note).wrap()));
        }
        ScrollArea::vertical().max_height(HEIGHT).show(ui, |ui| {
            for snippet in &kept {
                ui.horizontal(|ui| {
                    let begins = beginning_of(snippet, MOST_CHARS);
                    let item = ui.scope(|ui| {
                        ui.set_max_width(WIDTH - REMOVE_WIDTH);
                        menu_item_ui(ui, None, &begins, false, None)
                    });
                    let item = if begins == *snippet {
                        item.inner
                    } else {
                        item.inner.on_hover_text(snippet)
                    };
                    if item.clicked() {
                        put_into(draft, snippet);
                        ui.close();
                    }
                    let remove = w(lang, Word::RemoveSnippet);
                    // its menu stays, for there may be more to remove
                    if icon_button_ui(ui, Icon::X, remove, true).clicked() {
                        snippets.remove(snippet);
                    }
                });
            }
        });
        ui.separator();
        let reason = (!snippets.is_new(draft)).then(|| w(lang, Word::WriteSnippetFirst));
        let keep = w(lang, Word::KeepSnippet);
        if menu_item_ui(ui, Some(Icon::Plus), keep, false, reason).clicked() {
            snippets.keep(draft);
            ui.close();
        }
    });
}

/// Where the lines of our own begin that the other end has not heard.
fn first_unheard(chat: &Conversation) -> usize {
    let own = chat.lines.iter().enumerate().rev();
    let own = own.filter(|(_, line)| line.author == ChatAuthor::Operator);
    let unheard = own.take(chat.unheard).last();
    unheard.map_or(chat.lines.len(), |(at, _)| at)
}

/// Whether a line of our own is on its way for so long that its operator is told.
fn is_late(clock: Clock, line: &ChatLine) -> bool {
    /// In seconds.
    const ON_ITS_WAY: i64 = 2;
    line.author == ChatAuthor::Operator
        && clock.now_unix_seconds - line.at_unix_seconds >= ON_ITS_WAY
}

/// Whether the conversation with `host` is before the operator's eyes in the main window.
pub fn is_in_sight(state: &ConsoleState, host: PeerId) -> bool {
    state.side == crate::state::Side::Chat && state.chats.open == Some(host)
}
