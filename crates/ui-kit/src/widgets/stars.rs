//! How many of five stars.

use std::f32::consts::{PI, TAU};

use egui::{Color32, CursorIcon, Mesh, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, WidgetInfo};
use egui::{Role, vec2};
use protocol::Stars;

use super::paint;
use crate::theme::{Palette, mix};
use crate::words::{Lang, stars_in_words};

/// How many there are, to be read.
pub fn stars_ui(ui: &mut Ui, lang: Lang, stars: Stars) -> Response {
    const SIDE: f32 = 18.0;
    let palette = Palette::of(ui);
    let sides = f32::from(Stars::MOST);
    let (rect, response) = ui.allocate_exact_size(vec2(SIDE * sides, SIDE), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, stars_in_words(lang, stars)));
    for star in Stars::ALL {
        let left = rect.left() + SIDE * f32::from(star.number() - 1);
        let at = Rect::from_min_size(egui::pos2(left, rect.top()), vec2(SIDE, SIDE));
        star_at(ui, at, star <= stars, &palette, 0.0);
    }
    response
}

/// A question that is answered with stars; gives those that were pressed now.
pub fn stars_question_ui(ui: &mut Ui, lang: Lang, chosen: Option<Stars>) -> Option<Stars> {
    const SIDE: f32 = 40.0;
    let palette = Palette::of(ui);
    let enabled = ui.is_enabled();
    let mut pressed = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let rects = Stars::ALL.map(|star| {
            let (rect, response) = ui.allocate_exact_size(vec2(SIDE, SIDE), Sense::click());
            response.widget_info(|| {
                let is_chosen = chosen == Some(star);
                WidgetInfo::selected(Role::RadioButton, enabled, is_chosen, {
                    stars_in_words(lang, star)
                })
            });
            (star, rect, response)
        });
        let under = rects.iter().find(|(.., response)| response.hovered());
        let under = under.map(|(star, ..)| *star).filter(|_| enabled);
        for (star, rect, response) in rects {
            let is_full = chosen.is_some_and(|chosen| star <= chosen);
            let hover = if under.is_some_and(|under| star <= under) {
                1.0
            } else {
                0.0
            };
            star_at(ui, rect.shrink(4.0), is_full, &palette, hover);
            paint::focus_ring(ui, &response, rect.shrink(2.0), 8, &palette);
            let response = response.on_hover_text(stars_in_words(lang, star));
            if response.on_hover_cursor(CursorIcon::PointingHand).clicked() {
                pressed = Some(star);
            }
        }
    });
    pressed
}

/// One star; `hover` from 0 to 1 when it would be chosen.
fn star_at(ui: &Ui, rect: Rect, is_full: bool, palette: &Palette, hover: f32) {
    let color = if is_full {
        palette.accent
    } else {
        mix(palette.dim, palette.accent, hover)
    };
    let middle = rect.center();
    let outer = rect.width() * 0.46;
    let corners: Vec<Pos2> = (0_u8..10)
        .map(|corner| {
            let far = if corner % 2 == 0 { outer } else { outer * 0.45 };
            let angle = TAU * f32::from(corner) / 10.0 - PI / 2.0;
            middle + far * vec2(angle.cos(), angle.sin())
        })
        .collect();
    let fill = if is_full {
        color
    } else {
        color.gamma_multiply(0.25 * hover)
    };
    if fill != Color32::TRANSPARENT {
        // it is no convex shape, so it is made of ten triangles; the line around it smooths the edge
        let mut mesh = Mesh::default();
        mesh.colored_vertex(middle, fill);
        for corner in &corners {
            mesh.colored_vertex(*corner, fill);
        }
        for corner in 1..=10_u32 {
            mesh.add_triangle(0, corner, corner % 10 + 1);
        }
        ui.painter().add(Shape::mesh(mesh));
    }
    ui.painter()
        .add(Shape::closed_line(corners, Stroke::new(1.4, color)));
}
