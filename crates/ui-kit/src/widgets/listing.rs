//! A file or folder in a list of many: its name, size and date in columns (S6).

use egui::{
    Align2, Color32, CornerRadius, CursorIcon, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2,
    vec2,
};

use super::paint;
use crate::fonts::Icon;
use crate::theme::{self, Palette, Tone};
use crate::words::visible_line;

/// How high a row is, in points.
pub const LISTED_HEIGHT: f32 = 28.0;
/// The columns beside the name, in points.
const SIZE_WIDTH: f32 = 90.0;
const DATE_WIDTH: f32 = 140.0;
const MARGIN: f32 = 10.0;
/// Below this width there is no room for the date.
const WIDE: f32 = 460.0;

/// What stands in a row.
#[derive(Debug, Clone, Copy)]
pub struct ListedRow<'a> {
    pub icon: Icon,
    /// Of the icon.
    pub tone: Tone,
    /// As it is; what is unseen in it is made visible.
    pub name: &'a str,
    pub size: &'a str,
    pub date: &'a str,
    /// It can be opened or had.
    pub enabled: bool,
    pub chosen: bool,
    /// The keyboard is here.
    pub here: bool,
}

/// Where the columns are in `rect`: of the name, the size and the date, if there is room for that.
pub fn listed_columns(rect: Rect) -> (Rect, Rect, Option<Rect>) {
    let inner = rect.shrink2(vec2(MARGIN, 0.0));
    let has_date = rect.width() >= WIDE;
    let date = if has_date { DATE_WIDTH } else { 0.0 };
    let (rest, date_rect) = inner.split_left_right_at_x(inner.right() - date);
    let (name, size) = rest.split_left_right_at_x(rest.right() - SIZE_WIDTH);
    (name, size, has_date.then_some(date_rect))
}

/// Draws a row, which can be pressed once or twice.
pub fn listed_row_ui(ui: &mut Ui, row: &ListedRow<'_>) -> Response {
    let palette = Palette::of(ui);
    let name = visible_line(row.name);
    let size = vec2(ui.available_width(), LISTED_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, row.chosen, &*name));
    let detail = format!("{} {}", row.size, row.date);
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_description(detail.trim()));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let fill = match (row.chosen, response.hovered()) {
        (true, _) => palette.accent_soft,
        (false, true) => palette.sunken,
        (false, false) => Color32::TRANSPARENT,
    };
    let corner = CornerRadius::same(6);
    ui.painter().rect_filled(rect, corner, fill);
    if row.here {
        let line = egui::Stroke::new(1.0, palette.accent);
        let ring = rect.shrink(0.5);
        ui.painter()
            .rect_stroke(ring, corner, line, egui::StrokeKind::Inside);
    }
    let (name_rect, size_rect, date_rect) = listed_columns(rect);
    let middle = rect.center().y;
    let color = if row.enabled {
        palette.text
    } else {
        palette.dim
    };
    let (icon_color, _) = palette.tone(row.tone);
    paint::put_icon(
        ui,
        pos2(name_rect.left() + 8.0, middle),
        row.icon,
        16.0,
        icon_color,
    );
    let left = name_rect.left() + 24.0;
    let galley = paint::line(
        ui,
        &name,
        theme::BODY_SIZE,
        theme::REGULAR,
        color,
        name_rect.right() - left - 8.0,
    );
    let is_cut = galley.elided;
    paint::put(ui, pos2(left, middle), Align2::LEFT_CENTER, galley);
    let small = |ui: &Ui, words: &str, room: f32| {
        paint::line(
            ui,
            words,
            theme::SMALL_SIZE,
            theme::REGULAR,
            palette.dim,
            room,
        )
    };
    let size = small(ui, row.size, size_rect.width());
    let at = pos2(size_rect.right() - 12.0, middle);
    paint::put(ui, at, Align2::RIGHT_CENTER, size);
    if let Some(date_rect) = date_rect {
        let date = small(ui, row.date, date_rect.width());
        let at = pos2(date_rect.left() + 12.0, middle);
        paint::put(ui, at, Align2::LEFT_CENTER, date);
    }
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    if is_cut {
        response.on_hover_text(name.into_owned())
    } else {
        response
    }
}
