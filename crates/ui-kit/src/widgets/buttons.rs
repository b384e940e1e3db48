//! Everything that is pressed or switched.

use egui::{
    Align2, Color32, CornerRadius, CursorIcon, Rect, Response, Role, Sense, Shadow, Stroke,
    StrokeKind, Ui, Vec2, Widget, WidgetInfo, pos2, vec2,
};

use super::paint;
use crate::fonts::Icon;
use crate::theme::{self, Palette, mix};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Primary,
    Secondary,
    Danger,
    Quiet,
}

/// A button with a label and perhaps an icon.
///
/// ```
/// # use ui_kit::{Icon, widgets::Push};
/// # egui::__run_test_ui(|ui| {
/// if ui.add(Push::primary("Helpme").icon(Icon::ArrowRight).large().wide()).clicked() {
///     // open the ticket
/// }
/// # });
/// ```
#[derive(Debug, Clone)]
#[must_use = "add it with `ui.add`"]
pub struct Push<'a> {
    label: &'a str,
    icon: Option<Icon>,
    icon_color: Option<Color32>,
    icon_last: bool,
    kind: Kind,
    large: bool,
    wide: bool,
    enabled: bool,
    reason: Option<&'a str>,
}

impl<'a> Push<'a> {
    fn new(label: &'a str, kind: Kind) -> Self {
        Self {
            label,
            icon: None,
            icon_color: None,
            icon_last: false,
            kind,
            large: false,
            wide: false,
            enabled: true,
            reason: None,
        }
    }

    /// The one thing to do next; at most one in a window.
    pub fn primary(label: &'a str) -> Self {
        Self::new(label, Kind::Primary)
    }

    /// Something else that can be done.
    pub fn secondary(label: &'a str) -> Self {
        Self::new(label, Kind::Secondary)
    }

    /// Ends or destroys something.
    pub fn danger(label: &'a str) -> Self {
        Self::new(label, Kind::Danger)
    }

    /// Without a frame, for tool bars and the lesser choice of a dialog.
    pub fn quiet(label: &'a str) -> Self {
        Self::new(label, Kind::Quiet)
    }

    /// An icon before the label.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// The colour of the icon, where it says something by itself.
    pub fn icon_color(mut self, color: Color32) -> Self {
        self.icon_color = Some(color);
        self
    }

    /// An icon after the label, as for "go on".
    pub fn trailing_icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self.icon_last = true;
        self
    }

    /// 50 points high instead of 36.
    pub fn large(mut self) -> Self {
        self.large = true;
        self
    }

    /// As wide as there is room.
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// Whether it can be pressed now.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Greyed while there is a reason; the reason shows under the pointer (E1).
    pub fn unless(mut self, reason: Option<&'a str>) -> Self {
        self.enabled &= reason.is_none();
        self.reason = reason;
        self
    }
}

impl Widget for Push<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let palette = Palette::of(ui);
        let enabled = self.enabled && ui.is_enabled();
        let (height, padding, text_size, icon_size, radius, gap) = if self.large {
            (50.0, 22.0, 16.0, 18.0, 12, 8.0)
        } else {
            (theme::CONTROL_HEIGHT, 14.0, 14.0, 16.0, theme::RADIUS, 7.0)
        };
        let color = foreground(&palette, self.kind, enabled);

        let gap = if self.label.is_empty() { 0.0 } else { gap };
        let icon_width = if self.icon.is_some() {
            icon_size + gap
        } else {
            0.0
        };
        let room = ui.available_width().max(0.0);
        let text_room = if room.is_finite() {
            room - 2.0 * padding - icon_width
        } else {
            f32::INFINITY
        };
        let label = paint::line(ui, self.label, text_size, theme::SEMIBOLD, color, text_room);
        let content = icon_width + label.size().x;
        let natural = content + 2.0 * padding;
        let width = if self.wide {
            room.max(natural)
        } else {
            natural
        };

        let sense = if enabled {
            Sense::click()
        } else {
            Sense::hover()
        };
        let (rect, mut response) = ui.allocate_exact_size(vec2(width, height), sense);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, self.label));

        if ui.is_rect_visible(rect) {
            let hover = ui
                .ctx()
                .animate_bool(response.id, enabled && response.hovered());
            let down = response.is_pointer_button_down_on();
            let face = if down { rect.shrink(0.5) } else { rect };
            face_ui(
                ui, &palette, self.kind, face, radius, hover, down, enabled, self.large,
            );
            paint::focus_ring(ui, &response, rect, radius, &palette);

            let left = rect.center().x - content / 2.0;
            let middle = rect.center().y;
            let label_width = label.size().x;
            let label_left = if self.icon_last {
                left
            } else {
                left + icon_width
            };
            paint::put(ui, pos2(label_left, middle), Align2::LEFT_CENTER, label);
            if let Some(icon) = self.icon {
                let icon_left = if self.icon_last {
                    left + label_width + gap
                } else {
                    left
                };
                let at = pos2(icon_left + icon_size / 2.0, middle);
                let color = self.icon_color.filter(|_| enabled).unwrap_or(color);
                paint::put_icon(ui, at, icon, icon_size, color);
            }
        }
        if enabled {
            response = response.on_hover_cursor(CursorIcon::PointingHand);
        } else if let Some(reason) = self.reason {
            response = response.on_hover_text(reason);
        }
        response
    }
}

fn foreground(palette: &Palette, kind: Kind, enabled: bool) -> Color32 {
    if !enabled {
        return mix(palette.dim, palette.background, 0.25);
    }
    match kind {
        Kind::Primary | Kind::Danger => palette.on_accent,
        Kind::Secondary | Kind::Quiet => palette.text,
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "what a button's face depends on, used once"
)]
fn face_ui(
    ui: &Ui,
    palette: &Palette,
    kind: Kind,
    face: Rect,
    radius: u8,
    hover: f32,
    down: bool,
    enabled: bool,
    large: bool,
) {
    let painter = ui.painter();
    let corner = CornerRadius::same(radius);
    if !enabled {
        if kind != Kind::Quiet {
            painter.rect_filled(face, corner, palette.sunken);
            let line = Stroke::new(1.0, palette.line);
            painter.rect_stroke(face, corner, line, StrokeKind::Inside);
        }
        return;
    }
    match kind {
        Kind::Primary | Kind::Danger => {
            let (rest, hovered) = if kind == Kind::Primary {
                (palette.accent_fill, palette.accent_fill_hover)
            } else {
                (palette.danger_fill, palette.danger_fill_hover)
            };
            let fill = mix(rest, hovered, hover);
            if large {
                let color = fill.gamma_multiply(0.28);
                let shadow = Shadow {
                    offset: [0, 3],
                    blur: 12,
                    spread: 0,
                    color,
                };
                painter.add(shadow.as_shape(face, corner));
            }
            let shine = if down { 0.0 } else { 0.04 };
            let bottom = mix(fill, Color32::BLACK, 0.08);
            paint::gradient(
                painter,
                face,
                radius,
                mix(fill, Color32::WHITE, shine),
                bottom,
            );
            let line = Stroke::new(1.0, mix(fill, Color32::BLACK, 0.16));
            painter.rect_stroke(face, corner, line, StrokeKind::Inside);
        }
        Kind::Secondary => {
            let shadow = Shadow {
                offset: [0, 1],
                blur: 3,
                spread: 0,
                color: palette.shadow,
            };
            painter.add(shadow.as_shape(face, corner));
            let fill = mix(palette.card, palette.sunken, if down { 1.0 } else { hover });
            painter.rect_filled(face, corner, fill);
            let line = Stroke::new(1.0, palette.field_line);
            painter.rect_stroke(face, corner, line, StrokeKind::Inside);
        }
        Kind::Quiet => {
            let share = if down { 1.0 } else { hover * 0.8 };
            painter.rect_filled(face, corner, palette.line.gamma_multiply(share));
        }
    }
}

/// A square button that shows only an icon; `label` is its name and appears under the pointer.
pub fn icon_button_ui(ui: &mut Ui, icon: Icon, label: &str, enabled: bool) -> Response {
    icon_square_ui(ui, icon, label, enabled, (None, None))
}

/// The same, greyed while there is a reason; the reason appears under the pointer too (E1).
pub fn icon_button_unless_ui(
    ui: &mut Ui,
    icon: Icon,
    label: &str,
    reason: Option<&str>,
) -> Response {
    icon_square_ui(ui, icon, label, reason.is_none(), (None, reason))
}

/// An icon button that is on or off, greyed while there is a reason.
pub fn icon_toggle_unless_ui(
    ui: &mut Ui,
    icon: Icon,
    label: &str,
    reason: Option<&str>,
    selected: bool,
) -> Response {
    let more = (Some(selected), reason);
    icon_square_ui(ui, icon, label, reason.is_none(), more)
}

/// An icon button that is on or off.
pub fn icon_toggle_ui(
    ui: &mut Ui,
    icon: Icon,
    label: &str,
    enabled: bool,
    selected: bool,
) -> Response {
    icon_square_ui(ui, icon, label, enabled, (Some(selected), None))
}

fn icon_square_ui(
    ui: &mut Ui,
    icon: Icon,
    label: &str,
    enabled: bool,
    (selected, reason): (Option<bool>, Option<&str>),
) -> Response {
    let palette = Palette::of(ui);
    let enabled = enabled && ui.is_enabled();
    let sense = if enabled {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(34.0), sense);
    response.widget_info(|| match selected {
        None => WidgetInfo::labeled(Role::Button, enabled, label),
        Some(on) => WidgetInfo::selected(Role::Button, enabled, on, label),
    });
    if ui.is_rect_visible(rect) {
        let hover = ui
            .ctx()
            .animate_bool(response.id, enabled && response.hovered());
        let corner = CornerRadius::same(9);
        if selected == Some(true) {
            ui.painter().rect_filled(rect, corner, palette.accent_soft);
        }
        let share = if response.is_pointer_button_down_on() {
            1.0
        } else {
            hover * 0.7
        };
        ui.painter()
            .rect_filled(rect, corner, palette.line.gamma_multiply(share));
        paint::focus_ring(ui, &response, rect.shrink(2.0), 7, &palette);
        let color = match (enabled, selected) {
            (false, _) => mix(palette.dim, palette.background, 0.5),
            (true, Some(true)) => palette.accent,
            (true, _) => mix(palette.dim, palette.text, hover),
        };
        paint::put_icon(ui, rect.center(), icon, 18.0, color);
    }
    let response = match reason {
        None => response.on_hover_text(label),
        Some(reason) => {
            let describe = |node: &mut egui::accesskit::Node| node.set_description(reason);
            ui.ctx().accesskit_node_builder(response.id, describe);
            response.on_hover_text(format!("{label}: {reason}"))
        }
    };
    if enabled {
        response.on_hover_cursor(CursorIcon::PointingHand)
    } else {
        response
    }
}

/// Text that can be pressed, as **Paste** above a field.
pub fn link_button_ui(ui: &mut Ui, icon: Option<Icon>, label: &str) -> Response {
    let palette = Palette::of(ui);
    let enabled = ui.is_enabled();
    let galley = paint::line(
        ui,
        label,
        theme::SMALL_SIZE,
        theme::MEDIUM,
        palette.accent,
        f32::INFINITY,
    );
    let icon_width = if icon.is_some() { 19.0 } else { 0.0 };
    let size = vec2(icon_width + galley.size().x, galley.size().y.max(18.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
    if ui.is_rect_visible(rect) {
        paint::focus_ring(ui, &response, rect.expand2(vec2(2.0, 0.0)), 3, &palette);
        if let Some(icon) = icon {
            let at = pos2(rect.left() + 7.0, rect.center().y);
            paint::put_icon(ui, at, icon, 14.0, palette.accent);
        }
        let at = pos2(rect.left() + icon_width, rect.center().y);
        let text = paint::put(ui, at, Align2::LEFT_CENTER, galley);
        if response.hovered() {
            let line = Stroke::new(1.0, palette.accent);
            ui.painter()
                .hline(text.x_range(), text.bottom() - 1.0, line);
        }
    }
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// A line of a menu: icon, label, and a check mark where `checked` says so.
///
/// A disabled line shows `reason` under the pointer.
pub fn menu_item_ui(
    ui: &mut Ui,
    icon: Option<Icon>,
    label: &str,
    checked: bool,
    reason: Option<&str>,
) -> Response {
    let palette = Palette::of(ui);
    let enabled = reason.is_none() && ui.is_enabled();
    let color = if enabled {
        palette.text
    } else {
        mix(palette.dim, palette.card, 0.35)
    };
    let galley = paint::line(ui, label, 14.0, 450.0, color, f32::INFINITY);
    let natural = 30.0 + galley.size().x + 34.0;
    let width = natural.max(ui.available_width().min(600.0));
    let sense = if enabled {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, mut response) = ui.allocate_exact_size(vec2(width, 32.0), sense);
    response.widget_info(|| {
        if checked {
            WidgetInfo::selected(Role::MenuItem, enabled, true, label)
        } else {
            WidgetInfo::labeled(Role::MenuItem, enabled, label)
        }
    });
    if ui.is_rect_visible(rect) {
        if enabled && (response.hovered() || response.has_focus()) {
            ui.painter()
                .rect_filled(rect, CornerRadius::same(7), palette.accent_soft);
        }
        if let Some(icon) = icon {
            let tint = if enabled { palette.dim } else { color };
            paint::put_icon(
                ui,
                pos2(rect.left() + 16.0, rect.center().y),
                icon,
                16.0,
                tint,
            );
        }
        paint::put(
            ui,
            pos2(rect.left() + 32.0, rect.center().y),
            Align2::LEFT_CENTER,
            galley,
        );
        if checked {
            let at = pos2(rect.right() - 16.0, rect.center().y);
            paint::put_icon(ui, at, Icon::Check, 16.0, palette.accent);
        }
    }
    if let Some(reason) = reason {
        response = response.on_hover_text(reason);
    }
    response
}

/// A check box with its label and perhaps a note below it.
pub fn check_ui(ui: &mut Ui, on: &mut bool, label: &str, note: Option<&str>) -> Response {
    let face = |ui: &Ui, palette: &Palette, at: Rect, share: f32, hovered: bool| {
        let line = if hovered {
            palette.accent
        } else {
            palette.field_line
        };
        let corner = CornerRadius::same(5);
        let fill = mix(palette.card, palette.accent_fill, share);
        ui.painter().rect_filled(at, corner, fill);
        let line = Stroke::new(1.0, mix(line, palette.accent_fill, share));
        ui.painter()
            .rect_stroke(at, corner, line, StrokeKind::Inside);
        if share > 0.0 {
            let color = palette.on_accent.gamma_multiply(share);
            paint::put_icon(ui, at.center(), Icon::Check, 14.0, color);
        }
    };
    toggle_ui(ui, on, label, note, Role::CheckBox, vec2(18.0, 18.0), face)
}

/// A switch with its label and perhaps a note below it.
pub fn switch_ui(ui: &mut Ui, on: &mut bool, label: &str, note: Option<&str>) -> Response {
    let face = |ui: &Ui, palette: &Palette, at: Rect, share: f32, hovered: bool| {
        let off = if hovered {
            palette.dim
        } else {
            mix(palette.field_line, palette.dim, 0.35)
        };
        let fill = mix(off, palette.accent_fill, share);
        ui.painter().rect_filled(at, CornerRadius::same(10), fill);
        let knob = pos2(
            at.left() + 10.0 + share * (at.width() - 20.0),
            at.center().y,
        );
        ui.painter().circle_filled(knob, 7.5, Color32::WHITE);
    };
    toggle_ui(ui, on, label, note, Role::Switch, vec2(34.0, 20.0), face)
}

fn toggle_ui(
    ui: &mut Ui,
    on: &mut bool,
    label: &str,
    note: Option<&str>,
    role: Role,
    face_size: Vec2,
    face: impl FnOnce(&Ui, &Palette, Rect, f32, bool),
) -> Response {
    let palette = Palette::of(ui);
    let enabled = ui.is_enabled();
    let gap = 10.0;
    let room = ui.available_width() - face_size.x - gap;
    let color = if enabled { palette.text } else { palette.dim };
    let title = paint::line(ui, label, 14.0, 480.0, color, room);
    let note = note.map(|note| {
        ui.painter().layout(
            note.to_owned(),
            egui::FontId::proportional(theme::SMALL_SIZE),
            palette.dim,
            room,
        )
    });
    let title_height = title.size().y.max(face_size.y);
    let note_size = note.as_ref().map_or(Vec2::ZERO, |note| note.size());
    let width = face_size.x + gap + title.size().x.max(note_size.x);
    let height = title_height + note_size.y + 4.0;
    let (rect, mut response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    response.widget_info(|| WidgetInfo::selected(role, enabled, *on, label));
    if ui.is_rect_visible(rect) {
        let middle = rect.top() + 2.0 + title_height / 2.0;
        let at = Rect::from_min_size(pos2(rect.left(), middle - face_size.y / 2.0), face_size);
        let share = ui.ctx().animate_bool(response.id, *on);
        face(ui, &palette, at, share, enabled && response.hovered());
        paint::focus_ring(ui, &response, at, 6, &palette);
        let left = at.right() + gap;
        paint::put(ui, pos2(left, middle), Align2::LEFT_CENTER, title);
        if let Some(note) = note {
            let top = rect.top() + 2.0 + title_height;
            let place = Rect::from_min_size(pos2(left, top), note.size());
            let told = ui.interact(place, response.id.with("note"), Sense::hover());
            told.widget_info(|| WidgetInfo::labeled(Role::Label, enabled, note.text()));
            paint::put(ui, pos2(left, top), Align2::LEFT_TOP, note);
        }
    }
    response
}

/// Around a row of choices, in points.
const SEGMENTS_MARGIN: i8 = 3;
const SEGMENT_HEIGHT: f32 = theme::CONTROL_HEIGHT - 2.0 * SEGMENTS_MARGIN as f32;

/// A row of choices of which one is taken; returns the one that was pressed.
pub fn segments_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    chosen: T,
    choices: &[(T, &str)],
) -> Option<T> {
    let palette = Palette::of(ui);
    let mut pressed = None;
    egui::Frame::new()
        .fill(palette.sunken)
        .corner_radius(CornerRadius::same(theme::RADIUS + 1))
        .inner_margin(SEGMENTS_MARGIN)
        .show(ui, |ui| {
            // with the margin as high as the fields and buttons that it stands beside
            ui.spacing_mut().interact_size.y = SEGMENT_HEIGHT;
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                for &(value, label) in choices {
                    if segment_ui(ui, &palette, label, value == chosen).clicked() {
                        pressed = Some(value);
                    }
                }
            });
        });
    pressed
}

fn segment_ui(ui: &mut Ui, palette: &Palette, label: &str, chosen: bool) -> Response {
    let enabled = ui.is_enabled();
    let (weight, color) = if chosen {
        (theme::MEDIUM, palette.text)
    } else {
        (480.0, palette.dim)
    };
    let galley = paint::line(ui, label, theme::SMALL_SIZE, weight, color, f32::INFINITY);
    let size = vec2(galley.size().x + 22.0, SEGMENT_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, enabled, chosen, label));
    if ui.is_rect_visible(rect) {
        let corner = CornerRadius::same(theme::RADIUS - 1);
        if chosen {
            let shadow = Shadow {
                offset: [0, 1],
                blur: 3,
                spread: 0,
                color: palette.shadow,
            };
            ui.painter().add(shadow.as_shape(rect, corner));
            ui.painter().rect_filled(rect, corner, palette.card);
        } else if response.hovered() {
            ui.painter()
                .rect_filled(rect, corner, palette.line.gamma_multiply(0.7));
        }
        paint::focus_ring(ui, &response, rect.shrink(2.0), 5, palette);
        paint::put(ui, rect.center(), Align2::CENTER_CENTER, galley);
    }
    response.on_hover_cursor(CursorIcon::PointingHand)
}
