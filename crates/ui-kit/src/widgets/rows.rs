//! Rows of lists, badges and dots.

use egui::{
    Align2, Color32, CornerRadius, CursorIcon, Response, Role, Sense, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};

use super::paint;
use crate::fonts::Icon;
use crate::theme::{self, Palette, Tone};
use crate::words::visible_line;

/// What stands at the start of a row.
#[derive(Debug, Clone, Copy)]
pub enum Leading<'a> {
    Icon(Icon, Tone),
    /// The initials of a person.
    Initials(&'a str),
}

/// A row of a list. Unseen characters in its texts are shown.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub leading: Leading<'a>,
    pub title: &'a str,
    /// Below the title.
    pub detail: &'a str,
    /// A badge at the right end.
    pub badge: Option<(&'a str, Tone)>,
    /// Grey text at the right end, before the badge.
    pub trailing: &'a str,
    pub selected: bool,
    /// What it stands for is out of reach now.
    pub away: bool,
}

/// How high a row is, in points.
pub const ROW_HEIGHT: f32 = 54.0;

/// A row that can be chosen, pressed twice, or asked for its menu
/// ([`Response::context_menu`]); as wide as there is room.
pub fn row_ui(ui: &mut Ui, row: &Row<'_>) -> Response {
    let palette = Palette::of(ui);
    let enabled = ui.is_enabled();
    let (title, detail) = (visible_line(row.title), visible_line(row.detail));
    let size = vec2(ui.available_width(), ROW_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response
        .widget_info(|| WidgetInfo::selected(Role::ListBoxOption, enabled, row.selected, &*title));
    if !row.detail.is_empty() {
        ui.ctx()
            .accesskit_node_builder(response.id, |node| node.set_description(&*detail));
    }
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let corner = CornerRadius::same(10);
    let fill = match (row.selected, response.hovered()) {
        (true, _) => palette.accent_soft,
        (false, true) => palette.sunken,
        (false, false) => Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect, corner, fill);
    paint::focus_ring(ui, &response, rect.shrink(3.0), 8, &palette);

    let middle = rect.center().y;
    let tile = egui::Rect::from_center_size(pos2(rect.left() + 28.0, middle), Vec2::splat(36.0));
    match row.leading {
        Leading::Icon(icon, tone) => {
            let tone = if row.away { Tone::Neutral } else { tone };
            let (color, soft) = palette.tone(tone);
            let soft = if row.selected { palette.card } else { soft };
            ui.painter().rect_filled(tile, corner, soft);
            paint::put_icon(ui, tile.center(), icon, 18.0, color);
        }
        Leading::Initials(name) => initials_at(ui, tile, name, &palette),
    }

    let mut right = rect.right() - 12.0;
    if let Some((label, tone)) = row.badge {
        let (color, soft) = palette.tone(tone);
        let galley = paint::line(ui, label, 12.0, theme::MEDIUM, color, 160.0);
        let size = vec2(galley.size().x + 16.0, 22.0);
        let badge = egui::Rect::from_center_size(pos2(right - size.x / 2.0, middle), size);
        ui.painter()
            .rect_filled(badge, CornerRadius::same(11), soft);
        let told = ui.interact(badge, response.id.with("badge"), Sense::hover());
        told.widget_info(|| WidgetInfo::labeled(Role::Label, true, label));
        paint::put(ui, badge.center(), Align2::CENTER_CENTER, galley);
        right = badge.left() - 10.0;
    }
    /// A name needs it more than a time does, in points.
    const ROOM_FOR_NAME: f32 = 170.0;
    let room = right - tile.right();
    if !row.trailing.is_empty() && (row.badge.is_none() || room > ROOM_FOR_NAME) {
        let room = room * 0.5;
        let galley = paint::line(
            ui,
            row.trailing,
            theme::SMALL_SIZE,
            theme::REGULAR,
            palette.dim,
            room,
        );
        right = paint::put(ui, pos2(right, middle), Align2::RIGHT_CENTER, galley).left() - 10.0;
    }
    let left = tile.right() + 12.0;
    let color = if row.away { palette.dim } else { palette.text };
    let first = paint::line(ui, &title, 14.0, 580.0, color, right - left);
    let second = paint::line(
        ui,
        &detail,
        theme::SMALL_SIZE,
        theme::REGULAR,
        palette.dim,
        right - left,
    );
    let is_cut = first.elided || second.elided;
    if row.detail.is_empty() {
        paint::put(ui, pos2(left, middle), Align2::LEFT_CENTER, first);
    } else {
        paint::put(ui, pos2(left, middle + 0.5), Align2::LEFT_BOTTOM, first);
        paint::put(ui, pos2(left, middle + 1.5), Align2::LEFT_TOP, second);
    }
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    if is_cut {
        let whole = format!("{title}\n{detail}");
        response.on_hover_text(whole.trim_end())
    } else {
        response
    }
}

/// A small label on a soft background of its tone.
pub fn chip_ui(ui: &mut Ui, label: &str, tone: Tone) -> Response {
    let palette = Palette::of(ui);
    let (color, soft) = palette.tone(tone);
    let galley = paint::line(ui, label, 12.0, theme::MEDIUM, color, 260.0);
    let size = vec2(galley.size().x + 16.0, 22.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, label));
    ui.painter().rect_filled(rect, CornerRadius::same(11), soft);
    let is_cut = galley.elided;
    paint::put(ui, rect.center(), Align2::CENTER_CENTER, galley);
    if is_cut {
        response.on_hover_text(label)
    } else {
        response
    }
}

/// A dot with a soft halo: the state of something.
pub fn dot_ui(ui: &mut Ui, tone: Tone) -> Response {
    let palette = Palette::of(ui);
    let (color, _) = palette.tone(tone);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(12.0), Sense::hover());
    ui.painter()
        .circle_filled(rect.center(), 6.0, color.gamma_multiply(0.2));
    ui.painter().circle_filled(rect.center(), 3.5, color);
    response
}

/// The initials of a person on a disc whose colour comes from the name.
pub fn initials_ui(ui: &mut Ui, name: &str, side: f32) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    initials_at(ui, rect, name, &palette);
    response
}

/// The initials of whoever is logged in, which open their account; with the name beside them if there is
/// room for it. `label` says so under the pointer and to screen readers.
pub fn account_button_ui(ui: &mut Ui, name: &str, label: &str, with_name: bool) -> Response {
    const SIDE: f32 = 32.0;
    let palette = Palette::of(ui);
    let enabled = ui.is_enabled();
    let width = if with_name {
        ui.available_width()
    } else {
        SIDE + 8.0
    };
    let (rect, response) = ui.allocate_exact_size(vec2(width, SIDE + 8.0), Sense::click());
    let shown = visible_line(name);
    if with_name {
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &*shown));
        ui.ctx()
            .accesskit_node_builder(response.id, |node| node.set_description(label));
    } else {
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
    }
    if response.hovered() {
        let corner = CornerRadius::same(10);
        ui.painter().rect_filled(rect, corner, palette.sunken);
    }
    paint::focus_ring(ui, &response, rect.shrink(1.0), 9, &palette);
    let middle = rect.center().y;
    let disc = pos2(rect.left() + 4.0 + SIDE / 2.0, middle);
    let disc = egui::Rect::from_center_size(disc, Vec2::splat(SIDE));
    initials_at(ui, disc, name, &palette);
    let tip = if with_name {
        let left = disc.right() + 8.0;
        let room = rect.right() - 4.0 - left;
        let galley = paint::line(ui, &shown, 13.0, theme::MEDIUM, palette.text, room);
        paint::put(ui, pos2(left, middle), Align2::LEFT_CENTER, galley);
        label.to_owned()
    } else {
        format!("{label}  ·  {shown}")
    };
    response
        .on_hover_cursor(CursorIcon::PointingHand)
        .on_hover_text(tip)
}

fn initials_at(ui: &Ui, rect: egui::Rect, name: &str, palette: &Palette) {
    let (fill, color) = disc_colors(name, palette);
    ui.painter()
        .circle_filled(rect.center(), rect.width() / 2.0, fill);
    let size = rect.width() * 0.38;
    let galley = paint::line(
        ui,
        &initials(name),
        size,
        theme::SEMIBOLD,
        color,
        rect.width(),
    );
    paint::put(ui, rect.center(), Align2::CENTER_CENTER, galley);
}

/// First letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    let joined: String = first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect();
    if joined.is_empty() {
        "?".to_owned()
    } else {
        joined
    }
}

/// A hue of its own for each name, soft enough for dark text in light theme and light in dark.
fn disc_colors(name: &str, palette: &Palette) -> (Color32, Color32) {
    let hash = name.bytes().fold(0_u32, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    let (color, soft) = match hash % 5 {
        0 => palette.tone(Tone::Accent),
        1 => palette.tone(Tone::Good),
        2 => palette.tone(Tone::Warning),
        3 => palette.tone(Tone::Danger),
        _ => palette.tone(Tone::Neutral),
    };
    (soft, color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_the_first_and_the_last_word() {
        assert_eq!(initials("Anna Maria Rossi"), "AR");
        assert_eq!(initials("élodie"), "É");
        assert_eq!(initials("  "), "?");
        assert_eq!(initials("\u{202e}(Otto) \u{e1f3}"), "O");
    }
}
