//! A conversation: bubbles and the line to write (S5).

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use egui::{
    Align, CornerRadius, FontSelection, Frame, Id, Key, Label, Layout, Margin, OpenUrl, Popup,
    PopupCloseBehavior, Response, RichText, ScrollArea, TextWrapMode, Ui, UiBuilder, WidgetText,
    vec2,
};

use super::{Field, Push, link_button_ui, text_field_ui};
use crate::clock::Clock;
use crate::fonts::Icon;
use crate::links::{Link, links_in};
use crate::theme::{self, Palette, text};
use crate::words::{Lang, Word, name_alone_within, open_site, visible_text, w, whole_name};

/// One line of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bubble<'a> {
    /// Whether the person at this screen wrote it.
    pub mine: bool,
    pub name: &'a str,
    pub at_unix_seconds: i64,
    /// Stands behind the time; empty most of the time.
    pub note: &'a str,
    pub text: &'a str,
}

/// The conversation so far, oldest first; stays at the newest line until somebody scrolls up.
///
/// Only what is in sight is drawn and dated, and how high a line is is reckoned once. Unseen characters in
/// names and lines are shown.
pub fn chat_lines_ui<'a>(ui: &mut Ui, clock: Clock, lines: impl IntoIterator<Item = Bubble<'a>>) {
    ScrollArea::vertical()
        .auto_shrink(false)
        .stick_to_bottom(true)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 10.0;
            let width = ui.available_width();
            let heights = ui.ctx().data_mut(|data| {
                let id = Id::unique("heights of chat lines");
                Arc::clone(data.get_temp_mut_or_default::<Arc<Mutex<Heights>>>(id))
            });
            let mut heights = heights.lock().unwrap_or_else(PoisonError::into_inner);
            for line in lines {
                let height = heights.of(ui, line.text, width);
                let (_, rect) = ui.allocate_space(vec2(width, height));
                if ui.is_rect_visible(rect) {
                    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect));
                    bubble_ui(&mut inside, clock, &line);
                }
            }
        });
}

/// Between the head of a line and its words.
const GAP: f32 = 3.0;
/// How high an address is that can be opened.
const LINK_HEIGHT: f32 = 18.0;
/// Around the words of a line.
const MARGIN: Margin = Margin::symmetric(12, 8);

/// How wide the words of a line may be.
fn room_for_words(width: f32) -> f32 {
    (width * 0.8).min(480.0).min(width - MARGIN.sum().x)
}

fn words_of(line: &str) -> RichText {
    text(
        &*visible_text(line),
        14.0,
        theme::REGULAR,
        egui::Color32::PLACEHOLDER,
    )
}

/// How high lines are that were drawn before.
#[derive(Default)]
struct Heights {
    known: HashMap<u64, f32>,
    hasher: RandomState,
}

impl Heights {
    /// More than the longest conversations have together; then all are reckoned anew.
    const MOST: usize = 20_000;

    fn of(&mut self, ui: &Ui, line: &str, width: f32) -> f32 {
        let scale = ui.ctx().pixels_per_point();
        let key = (line, width.to_bits(), scale.to_bits());
        let key = self.hasher.hash_one(key);
        if self.known.len() >= Self::MOST {
            self.known.clear();
        }
        *self.known.entry(key).or_insert_with(|| {
            let high = |words: RichText, wrap: TextWrapMode, width: f32| {
                let words = WidgetText::from(words);
                let galley = words.into_galley(ui, Some(wrap), width, FontSelection::Default);
                galley.size().y
            };
            let head = high(
                head_of("x".to_owned(), egui::Color32::PLACEHOLDER),
                TextWrapMode::Extend,
                width,
            );
            let words = high(words_of(line), TextWrapMode::Wrap, room_for_words(width));
            #[expect(clippy::cast_precision_loss, reason = "there are three at most")]
            let links = links_in(line).len() as f32;
            head + GAP + MARGIN.sum().y + words + links * (LINK_HEIGHT + GAP)
        })
    }
}

/// Author and time on one line: a name that is too long for it is cut, and the time stays.
fn named_head(ui: &Ui, line: &Bubble<'_>, time: &str) -> String {
    let lang = Lang::of_widgets(ui.ctx());
    let within = |longest| {
        let name = name_alone_within(lang, line.name, longest);
        format!("{name}  ·  {time}")
    };
    let fits = |head: &String| {
        let words = WidgetText::from(head_of(head.clone(), egui::Color32::PLACEHOLDER));
        let wrap = Some(TextWrapMode::Extend);
        let galley = words.into_galley(ui, wrap, f32::INFINITY, FontSelection::Default);
        galley.size().x <= ui.available_width()
    };
    let mut heads = (8..=60).rev().step_by(4).map(within);
    heads.find(fits).unwrap_or_else(|| within(4))
}

fn head_of(head: String, color: egui::Color32) -> RichText {
    text(head, 12.0, 450.0, color)
}

fn bubble_ui(ui: &mut Ui, clock: Clock, line: &Bubble<'_>) {
    let palette = Palette::of(ui);
    let room = room_for_words(ui.available_width());
    let align = if line.mine { Align::Max } else { Align::Min };
    let (fill, color) = if line.mine {
        (palette.accent_fill, palette.on_accent)
    } else {
        (palette.sunken, palette.text)
    };
    // the corner that points to its author is less round
    let (sw, se) = if line.mine { (14, 4) } else { (4, 14) };
    let corner = CornerRadius {
        nw: 14,
        ne: 14,
        sw,
        se,
    };
    ui.with_layout(Layout::top_down(align), |ui| {
        ui.spacing_mut().item_spacing.y = GAP;
        let mut time = clock.since(line.at_unix_seconds);
        if !line.note.is_empty() {
            time = format!("{time}  ·  {}", line.note);
        }
        let head = if line.mine {
            time
        } else {
            named_head(ui, line, &time)
        };
        let head = ui.label(head_of(head, palette.dim));
        if let Some(name) = whole_name(line.name).filter(|_| !line.mine) {
            head.on_hover_text(name);
        }
        Frame::new()
            .fill(fill)
            .corner_radius(corner)
            .inner_margin(MARGIN)
            .show(ui, |ui| {
                ui.set_max_width(room);
                let words = words_of(line.text).color(color);
                ui.add(Label::new(words).wrap().selectable(true).halign(Align::Min));
            });
        for link in links_in(line.text) {
            link_ui(ui, &link);
        }
    });
}

/// An address that somebody wrote, by its server. A press asks before anything is opened, and shows all of it.
fn link_ui(ui: &mut Ui, link: &Link) {
    const WIDTH: f32 = 300.0;
    let lang = Lang::of_widgets(ui.ctx());
    let label = open_site(lang, &link.host);
    let button = link_button_ui(ui, Some(Icon::ExternalLink), &label);
    let popup = Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    popup.show(|ui| {
        let palette = Palette::of(ui);
        ui.set_width(WIDTH);
        let margin = Margin::symmetric(12, 10);
        Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            let trust = text(w(lang, Word::LinkTrust), 13.0, theme::REGULAR, palette.text);
            ui.add(Label::new(trust).wrap().halign(Align::Min));
            let url = text(&*visible_text(&link.url), 12.5, theme::REGULAR, palette.dim);
            ui.add(Label::new(url).wrap().selectable(true).halign(Align::Min));
            ui.horizontal(|ui| {
                if ui.add(Push::primary(w(lang, Word::OpenLink))).clicked() {
                    ui.ctx().open_url(OpenUrl::new_tab(&link.url));
                    ui.close();
                }
                if ui.add(Push::secondary(w(lang, Word::Copy))).clicked() {
                    ui.ctx().copy_text(link.url.clone());
                    ui.close();
                }
            });
        });
    });
}

/// The line to write; returns what is to be sent when Enter or the button is pressed.
///
/// The field is emptied then and keeps the focus. Whoever types on meanwhile begins the next line.
pub fn chat_entry_ui(ui: &mut Ui, hint: &str, send: &str, draft: &mut String) -> Option<String> {
    let mut sent = None;
    ui.horizontal(|ui| {
        const BUTTON_WIDTH: f32 = 44.0;
        let field = Field {
            hint,
            width: Some(ui.available_width() - BUTTON_WIDTH - ui.spacing().item_spacing.x),
            ..Field::default()
        };
        let response: Response = text_field_ui(ui, &field, draft);
        ui.ctx()
            .accesskit_node_builder(response.id, |node| node.set_label(hint));
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let ready = !draft.trim().is_empty();
        let button = Push::primary("").icon(Icon::SendHorizontal).enabled(ready);
        let pressed = ui.add(button);
        ui.ctx()
            .accesskit_node_builder(pressed.id, |node| node.set_label(send));
        if entered || pressed.clicked() {
            response.request_focus();
            if ready {
                sent = Some(std::mem::take(draft).trim().to_owned());
            }
        }
        pressed.on_hover_text(send);
    });
    sent
}
