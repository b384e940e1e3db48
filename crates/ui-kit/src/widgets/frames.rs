//! What surrounds and explains: pages, cards, headers, facts, the status bar, empty places.

use egui::{
    Align, Align2, CentralPanel, CornerRadius, Frame, InnerResponse, Label, Layout, Margin, Panel,
    Response, Role, Sense, Shadow, Stroke, Ui, Vec2, WidgetInfo, vec2,
};

use super::{dot_ui, paint};
use crate::fonts::Icon;
use crate::theme::{self, CARD_RADIUS, PAGE_MARGIN, Palette, Tone, mix, text};
use crate::words::visible_line;

/// The content of a window, on its background and with its margins.
pub fn page_ui<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    let palette = Palette::of(ui);
    let margin = Margin {
        left: 24,
        right: 24,
        top: 18,
        bottom: 12,
    };
    CentralPanel::default()
        .frame(Frame::new().fill(palette.background).inner_margin(margin))
        .show(ui, content)
}

/// The bar at the bottom of a window: a dot, what is going on, a detail, and something at the right.
///
/// Call it before [`page_ui`].
pub fn status_bar_ui(ui: &mut Ui, tone: Tone, status: &str, detail: &str, right: &str) {
    let palette = Palette::of(ui);
    let margin = Margin::symmetric(24, 0);
    Panel::bottom("status")
        .exact_size(38.0)
        .show_separator_line(false)
        .frame(Frame::new().fill(palette.background).inner_margin(margin))
        .show(ui, |ui| {
            let bar = ui.max_rect();
            let line = Stroke::new(1.0, palette.line);
            ui.painter()
                .hline(bar.x_range().expand(PAGE_MARGIN), bar.top(), line);
            ui.horizontal_centered(|ui| {
                dot_ui(ui, tone);
                ui.label(text(status, 12.5, 500.0, palette.text));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.label(text(right, 12.5, theme::REGULAR, palette.dim));
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        let detail = text(detail, 12.5, theme::REGULAR, palette.dim);
                        ui.add(Label::new(detail).truncate());
                    });
                });
            });
        });
}

/// A white (or dark) area with a border, as wide as there is room.
pub fn card_ui<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    let palette = Palette::of(ui);
    Frame::new()
        .fill(palette.card)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CARD_RADIUS)
        .inner_margin(Margin::symmetric(16, 14))
        .shadow(Shadow {
            offset: [0, 1],
            blur: 6,
            spread: 0,
            color: palette.shadow,
        })
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            content(ui)
        })
}

/// The heading of a page and a sentence below it; gives the heading.
pub fn heading_ui(ui: &mut Ui, heading: &str, sentence: &str) -> Response {
    let palette = Palette::of(ui);
    let response = ui.label(text(
        heading,
        theme::HEADING_SIZE,
        theme::BOLD,
        palette.text,
    ));
    mark_as_heading(&response, heading);
    if !sentence.is_empty() {
        ui.add_space(-2.0);
        let sentence = text(sentence, 15.0, theme::REGULAR, palette.dim).line_height(Some(22.0));
        ui.add(Label::new(sentence).wrap());
    }
    response
}

/// Tells screen readers that a text is a heading; headings say their label, plain texts their value.
pub(super) fn mark_as_heading(response: &Response, title: &str) {
    response.ctx.accesskit_node_builder(response.id, |node| {
        node.set_role(Role::Heading);
        node.set_label(title);
    });
}

/// The title of a part of a page, with a note below it.
pub fn section_header_ui(ui: &mut Ui, title: &str, note: &str) {
    let palette = Palette::of(ui);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let response = ui.label(text(title, 16.0, theme::SEMIBOLD, palette.text));
        mark_as_heading(&response, title);
        if !note.is_empty() {
            let note = text(note, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
            ui.add(Label::new(note).wrap());
        }
    });
}

/// A thin line across, with room above and below.
pub fn divider_ui(ui: &mut Ui) {
    let palette = Palette::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 9.0), Sense::hover());
    let line = Stroke::new(1.0, palette.line.gamma_multiply(0.8));
    ui.painter()
        .hline(rect.x_range(), rect.center().y.round() + 0.5, line);
}

/// An icon on a soft square of its tone.
pub fn icon_tile_ui(ui: &mut Ui, icon: Icon, tone: Tone, side: f32) -> Response {
    let palette = Palette::of(ui);
    let (color, soft) = palette.tone(tone);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(10), soft);
    paint::put_icon(ui, rect.center(), icon, side * 0.5, color);
    response
}

/// An icon with a title and a sentence, as in the card that explains Helpme.
pub fn feature_ui(ui: &mut Ui, icon: Icon, tone: Tone, title: &str, sentence: &str) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        icon_tile_ui(ui, icon, tone, 36.0);
        ui.add_space(4.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.label(text(title, 14.0, 580.0, palette.text));
            let sentence = text(sentence, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
            ui.add(Label::new(sentence).wrap());
        });
    });
}

/// A name and its value on one line; the value can be selected.
pub fn fact_ui(ui: &mut Ui, name: &str, value: &str) {
    const NAME_WIDTH: f32 = 110.0;
    let palette = Palette::of(ui);
    row_of_text_ui(ui, |ui| {
        let name = text(name, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
        let galley = egui::WidgetText::from(name).into_galley(
            ui,
            Some(egui::TextWrapMode::Truncate),
            NAME_WIDTH,
            egui::TextStyle::Body,
        );
        let size = vec2(NAME_WIDTH, galley.size().y.max(18.0));
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, galley.text()));
        paint::put(
            ui,
            rect.left_center(),
            Align2::LEFT_CENTER,
            std::sync::Arc::clone(&galley),
        );
        let value = visible_line(value);
        let value = text(&*value, theme::SMALL_SIZE, 500.0, palette.text);
        ui.add(Label::new(value).selectable(true).wrap());
    });
}

/// A line that is only as high as its text; `ui.horizontal` makes room for buttons.
pub(super) fn row_of_text_ui<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        ui.horizontal(content).inner
    })
    .inner
}

/// What stands where a list would be: an icon, a title and what to do about it.
pub fn empty_state_ui(ui: &mut Ui, icon: Icon, title: &str, sentence: &str) {
    let palette = Palette::of(ui);
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.28).clamp(12.0, 140.0));
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(64.0), Sense::hover());
        ui.painter()
            .rect_filled(rect, CornerRadius::same(20), palette.sunken);
        paint::put_icon(ui, rect.center(), icon, 28.0, palette.dim);
        ui.add_space(6.0);
        ui.label(text(title, 16.0, theme::SEMIBOLD, palette.text));
        ui.add_space(-4.0);
        ui.scope(|ui| {
            ui.set_max_width(320.0_f32.min(ui.available_width()));
            let sentence = text(sentence, 14.0, theme::REGULAR, palette.dim);
            ui.add(Label::new(sentence).wrap().halign(Align::Center));
        });
    });
}

/// The sign of the product, `side` points wide.
pub fn logo_ui(ui: &mut Ui, side: f32) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    let top = mix(palette.accent_fill, egui::Color32::WHITE, 0.14);
    let bottom = mix(palette.accent_fill, egui::Color32::BLACK, 0.12);
    let radius = if side < 44.0 { 9 } else { 16 };
    paint::gradient(ui.painter(), rect, radius, top, bottom);
    paint::put_icon(
        ui,
        rect.center(),
        Icon::LifeBuoy,
        side * 0.6,
        palette.on_accent,
    );
    response
}

/// A ring that empties with the time that is left, and the seconds in it.
pub fn countdown_ui(ui: &mut Ui, left_seconds: f32, total_seconds: f32) -> Response {
    const SIDE: f32 = 56.0;
    const STEPS: u8 = 60;
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(SIDE), Sense::hover());
    let share = (left_seconds / total_seconds.max(0.001)).clamp(0.0, 1.0);
    let seconds = format!("{:.0}", left_seconds.max(0.0).ceil());
    response.widget_info(|| WidgetInfo::labeled(Role::Timer, true, &seconds));
    let tone = if share < 0.25 {
        Tone::Danger
    } else {
        Tone::Accent
    };
    let (color, _) = palette.tone(tone);
    let radius = SIDE / 2.0 - 4.0;
    ui.painter()
        .circle_stroke(rect.center(), radius, Stroke::new(4.0, palette.line));
    let points = (0..=STEPS)
        .map(|step| {
            let turn = f32::from(step) / f32::from(STEPS) * share * std::f32::consts::TAU;
            rect.center() + radius * vec2(turn.sin(), -turn.cos())
        })
        .collect();
    ui.painter().line(points, Stroke::new(4.0, color));
    let galley = paint::line(ui, &seconds, 17.0, theme::SEMIBOLD, palette.text, SIDE);
    paint::put(ui, rect.center(), Align2::CENTER_CENTER, galley);
    response
}
