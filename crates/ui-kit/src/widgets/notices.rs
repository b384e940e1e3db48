//! Short messages: a banner inside a page, and notices that come and go.

use std::time::Duration;

use egui::{
    Align, Align2, Area, Context, Frame, Id, Label, Layout, Margin, Order, Shadow, Stroke, Ui, vec2,
};

use super::icon_button_ui;
use crate::fonts::Icon;
use crate::theme::{self, CARD_RADIUS, Palette, Tone, icon, text};
use crate::words::{Lang, Word, w};

fn tone_icon(tone: Tone) -> Icon {
    match tone {
        Tone::Neutral | Tone::Accent => Icon::Info,
        Tone::Good => Icon::CircleCheck,
        Tone::Warning => Icon::TriangleAlert,
        Tone::Danger => Icon::CircleAlert,
    }
}

/// A sentence that stays in the page until what it says is over.
pub fn banner_ui(ui: &mut Ui, tone: Tone, sentence: &str) {
    let palette = Palette::of(ui);
    let (color, soft) = palette.tone(tone);
    Frame::new()
        .fill(soft)
        .corner_radius(10)
        .inner_margin(Margin::symmetric(12, 10))
        .stroke(Stroke::new(1.0, color.gamma_multiply(0.25)))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                ui.label(icon(tone_icon(tone), 17.0, color));
                let sentence = text(sentence, 13.5, 450.0, palette.text);
                let response = ui.add(Label::new(sentence).wrap());
                ui.ctx().accesskit_node_builder(response.id, |node| {
                    node.set_live(egui::accesskit::Live::Polite);
                });
            });
        });
}

/// Notices at the top of the window that leave by themselves.
#[derive(Debug, Default)]
pub struct Notices {
    shown: Vec<Notice>,
    made: u64,
}

#[derive(Debug)]
struct Notice {
    number: u64,
    tone: Tone,
    text: String,
    /// Seconds of egui's clock; set when it is first drawn.
    until: Option<f64>,
}

impl Notices {
    /// Most notices at once; older ones make room.
    const MOST: usize = 4;

    /// Shows `text` for some seconds.
    pub fn push(&mut self, tone: Tone, text: impl Into<String>) {
        if self.shown.len() == Self::MOST {
            self.shown.remove(0);
        }
        self.made += 1;
        let notice = Notice {
            number: self.made,
            tone,
            text: text.into(),
            until: None,
        };
        self.shown.push(notice);
    }

    /// Draws the notices over the window and forgets those whose time is over.
    pub fn ui(&mut self, ctx: &Context, lang: Lang) {
        let now = ctx.input(|input| input.time);
        for notice in &mut self.shown {
            let stay = if notice.tone == Tone::Danger {
                9.0
            } else {
                4.5
            };
            notice.until.get_or_insert(now + stay);
        }
        self.shown
            .retain(|notice| notice.until.is_none_or(|until| now < until));
        let Some(next) = self
            .shown
            .iter()
            .filter_map(|notice| notice.until)
            .reduce(f64::min)
        else {
            return;
        };
        ctx.request_repaint_after(Duration::from_secs_f64((next - now).max(0.0)));

        let mut dismissed = None;
        let width = (ctx.content_rect().width() - 32.0).min(420.0);
        Area::new(Id::unique("notices"))
            .order(Order::Foreground)
            // above the status bar, where no button stands
            .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -54.0))
            .show(ctx, |ui| {
                ui.spacing_mut().item_spacing.y = 8.0;
                for notice in &self.shown {
                    if notice_ui(ui, lang, notice, width) {
                        dismissed = Some(notice.number);
                    }
                }
            });
        self.shown.retain(|notice| Some(notice.number) != dismissed);
    }
}

/// Whether the notice was dismissed.
fn notice_ui(ui: &mut Ui, lang: Lang, notice: &Notice, width: f32) -> bool {
    /// Of the button that dismisses it, and so the least height, in points.
    const BUTTON: f32 = 34.0;
    /// Of the icon in front, with a gap on each side, in points.
    const ICON: f32 = 18.0;
    let palette = Palette::of(ui);
    let (color, _) = palette.tone(notice.tone);
    let shadow = Shadow {
        offset: [0, 4],
        blur: 18,
        spread: 0,
        color: palette.shadow,
    };
    Frame::new()
        .fill(palette.card)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CARD_RADIUS)
        .shadow(shadow)
        .inner_margin(Margin {
            left: 14,
            right: 6,
            top: 6,
            bottom: 6,
        })
        .show(ui, |ui| {
            ui.set_width(width - 20.0);
            let gap = ui.spacing().item_spacing.x;
            let words = text(notice.text.as_str(), 14.0, theme::REGULAR, palette.text);
            let words = egui::WidgetText::from(words).into_galley(
                ui,
                Some(egui::TextWrapMode::Wrap),
                ui.available_width() - BUTTON - ICON - 2.0 * gap,
                egui::TextStyle::Body,
            );
            // of its own: the layout would take all the room that there is below
            let size = vec2(ui.available_width(), words.size().y.max(BUTTON));
            let line = Layout::right_to_left(Align::Center);
            ui.allocate_ui_with_layout(size, line, |ui| {
                let closed = icon_button_ui(ui, Icon::X, w(lang, Word::Dismiss), true).clicked();
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.label(icon(tone_icon(notice.tone), ICON, color));
                    let response = ui.add(Label::new(words));
                    ui.ctx().accesskit_node_builder(response.id, |node| {
                        node.set_live(egui::accesskit::Live::Polite);
                    });
                });
                closed
            })
            .inner
        })
        .inner
}
