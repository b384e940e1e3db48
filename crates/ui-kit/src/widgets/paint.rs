//! Drawing that several widgets share.

use std::f32::consts::FRAC_PI_2;
use std::sync::Arc;

use egui::epaint::text::VariationCoords;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Align2, Color32, CornerRadius, FontId, Galley, Mesh, Painter, Pos2, Rect, Response, Shape,
    Stroke, StrokeKind, Ui, pos2,
};

use crate::fonts::{Icon, icon_font};
use crate::theme::{Palette, mix};

/// Text of one weight, laid out in one line; cut with an ellipsis at `max_width` points.
pub(super) fn line(
    ui: &Ui,
    text: &str,
    size: f32,
    weight: f32,
    color: Color32,
    max_width: f32,
) -> Arc<Galley> {
    let format = TextFormat {
        font_id: FontId::proportional(size),
        color,
        coords: VariationCoords::new([(b"wght", weight)]),
        ..Default::default()
    };
    let mut job = LayoutJob::single_section(text.to_owned(), format);
    job.wrap = TextWrapping::truncate_at_width(max_width.max(0.0));
    ui.painter().layout_job(job)
}

/// One icon, laid out.
pub(super) fn icon_galley(ui: &Ui, icon: Icon, size: f32, color: Color32) -> Arc<Galley> {
    ui.painter()
        .layout_no_wrap(icon.unicode().to_string(), icon_font(size), color)
}

/// Draws `galley` with its `anchor` at `at`; returns where it went.
pub(super) fn put(ui: &Ui, at: Pos2, anchor: Align2, galley: Arc<Galley>) -> Rect {
    let rect = anchor.anchor_size(at, galley.size());
    ui.painter().galley(rect.min, galley, Color32::PLACEHOLDER);
    rect
}

/// Draws `icon` centred at `at`.
pub(super) fn put_icon(ui: &Ui, at: Pos2, icon: Icon, size: f32, color: Color32) {
    put(
        ui,
        at,
        Align2::CENTER_CENTER,
        icon_galley(ui, icon, size, color),
    );
}

/// The ring around what has the keyboard focus.
pub(super) fn focus_ring(ui: &Ui, response: &Response, rect: Rect, radius: u8, palette: &Palette) {
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect.expand(2.5),
            CornerRadius::same(radius.saturating_add(2)),
            Stroke::new(2.0, palette.accent),
            StrokeKind::Middle,
        );
    }
}

/// Fills a rounded rectangle from `top` to `bottom`.
///
/// A plain rounded rectangle gives the smooth edge; a mesh half a pixel inside gives the gradient.
pub(super) fn gradient(painter: &Painter, rect: Rect, radius: u8, top: Color32, bottom: Color32) {
    const STEPS: u8 = 8;
    painter.rect_filled(rect, CornerRadius::same(radius), mix(top, bottom, 0.5));
    let rect = rect.shrink(0.5);
    let radius = f32::from(radius) - 0.5;

    // the outline from the top to the middle, as (distance from the top, inset from the side)
    let corner: Vec<(f32, f32)> = (0..=STEPS)
        .map(|step| {
            let angle = f32::from(step) / f32::from(STEPS) * FRAC_PI_2;
            (radius - radius * angle.cos(), radius - radius * angle.sin())
        })
        .collect();
    let upper = corner
        .iter()
        .map(|&(down, inset)| (rect.top() + down, inset));
    let lower = corner
        .iter()
        .rev()
        .map(|&(up, inset)| (rect.bottom() - up, inset));

    let mut mesh = Mesh::default();
    for (row, (y, inset)) in (0_u32..).zip(upper.chain(lower)) {
        let color = mix(top, bottom, (y - rect.top()) / rect.height());
        mesh.colored_vertex(pos2(rect.left() + inset, y), color);
        mesh.colored_vertex(pos2(rect.right() - inset, y), color);
        if let Some(above) = row.checked_sub(1) {
            let first = above * 2;
            mesh.add_triangle(first, first + 1, first + 2);
            mesh.add_triangle(first + 1, first + 2, first + 3);
        }
    }
    painter.add(Shape::mesh(mesh));
}
