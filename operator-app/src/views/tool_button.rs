//! The large buttons of the tool bar: an icon with its name below.

use egui::{
    Align2, CornerRadius, CursorIcon, FontId, Response, Role, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};
use ui_kit::fonts::{Icon, icon_font};
use ui_kit::{Palette, theme};

/// A tool of the bar.
pub(super) struct Tool<'a> {
    pub(super) icon: Icon,
    pub(super) label: &'a str,
    /// Why it is greyed, if it is.
    pub(super) reason: Option<&'a str>,
    /// A small number on the icon; none for 0.
    pub(super) count: u32,
    /// The one thing to do next.
    pub(super) primary: bool,
    /// Shown under the pointer with the label.
    pub(super) hot_key: &'a str,
}

/// Draws one tool, 62 points high.
pub(super) fn tool_ui(ui: &mut Ui, tool: &Tool<'_>) -> Response {
    const HEIGHT: f32 = 62.0;
    let palette = Palette::of(ui);
    let enabled = tool.reason.is_none() && ui.is_enabled();
    let label = theme::text(tool.label, 12.5, theme::MEDIUM, egui::Color32::PLACEHOLDER);
    let label = egui::WidgetText::from(label).into_galley(
        ui,
        Some(egui::TextWrapMode::Extend),
        f32::INFINITY,
        FontId::proportional(12.5),
    );
    let width = (label.size().x + 20.0).max(70.0);
    let sense = if enabled {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, tool.label));
    let color = match (enabled, tool.primary) {
        (false, _) => palette.dim.gamma_multiply(0.55),
        (true, true) => palette.on_accent,
        (true, false) => palette.text,
    };
    let painter = ui.painter();
    let corner = CornerRadius::same(10);
    if tool.primary && enabled {
        let fill = if response.hovered() {
            palette.accent_fill_hover
        } else {
            palette.accent_fill
        };
        painter.rect_filled(rect, corner, fill);
    } else if enabled && (response.hovered() || response.is_pointer_button_down_on()) {
        painter.rect_filled(rect, corner, palette.line.gamma_multiply(0.8));
    }
    if response.has_focus() {
        let ring = Stroke::new(2.0, palette.accent);
        painter.rect_stroke(rect.expand(1.0), corner, ring, StrokeKind::Outside);
    }
    let tint = if enabled && !tool.primary {
        palette.accent
    } else {
        color
    };
    let icon_at = pos2(rect.center().x, rect.top() + 23.0);
    painter.text(
        icon_at,
        Align2::CENTER_CENTER,
        tool.icon.unicode().to_string(),
        icon_font(22.0),
        tint,
    );
    let label_at = pos2(rect.center().x - label.size().x / 2.0, rect.bottom() - 24.0);
    painter.galley(label_at, label, color);
    if tool.count > 0 {
        count_ui(ui, pos2(icon_at.x + 15.0, icon_at.y - 11.0), tool.count);
    }
    match tool.reason {
        Some(reason) => response.on_hover_text(reason),
        None if tool.hot_key.is_empty() => response.on_hover_cursor(CursorIcon::PointingHand),
        None => response
            .on_hover_cursor(CursorIcon::PointingHand)
            .on_hover_text(format!("{} ({})", tool.label, tool.hot_key)),
    }
}

fn count_ui(ui: &Ui, at: egui::Pos2, count: u32) {
    let palette = Palette::of(ui);
    let text = if count > 99 {
        "99+".to_owned()
    } else {
        count.to_string()
    };
    let font = FontId::proportional(11.0);
    let galley = ui.painter().layout_no_wrap(text, font, palette.on_accent);
    let size = vec2((galley.size().x + 9.0).max(17.0), 17.0);
    let disc = egui::Rect::from_center_size(at, size);
    ui.painter()
        .rect_filled(disc, CornerRadius::same(9), palette.danger_fill);
    let text_at = disc.center() - galley.size() / 2.0;
    ui.painter().galley(text_at, galley, palette.on_accent);
}
