//! How good the line is: a small sign in the tool bar, and what stands behind it on a click.

use egui::{Align, Layout, Popup, Ui};
use operator_engine::{Grade, LineQuality};
use ui_kit::widgets::{Push, fact_ui};
use ui_kit::{Icon, Lang, Palette, text, theme};

use crate::phrases::line;

/// Width of the details, in points.
const DETAILS_WIDTH: f32 = 330.0;

/// Draws the sign, with its word where there is room; a click shows the figures. Whether they are shown.
pub(super) fn line_ui(ui: &mut Ui, lang: Lang, quality: &LineQuality, has_room: bool) -> bool {
    let palette = Palette::of(ui);
    let (icon, color) = match quality.grade {
        Grade::Good => (Icon::Signal, palette.dim),
        Grade::Fair => (Icon::SignalMedium, palette.warning),
        Grade::Poor => (Icon::TriangleAlert, palette.danger),
    };
    let label = line::grade(lang, quality.grade);
    let shown = if has_room { label } else { "" };
    let sign = ui.add(Push::quiet(shown).icon(icon).icon_color(color));
    ui.ctx()
        .accesskit_node_builder(sign.id, |node| node.set_label(label));
    let sign = sign.on_hover_text(line::limit(lang, quality.limit));
    let details = Popup::menu(&sign).show(|ui| {
        // sentences are not spread over the width as the items of a menu are
        let layout = Layout::top_down(Align::Min);
        ui.with_layout(layout, |ui| details_ui(ui, lang, quality));
    });
    details.is_some()
}

/// The figures, and in words what limits.
fn details_ui(ui: &mut Ui, lang: Lang, quality: &LineQuality) {
    let palette = Palette::of(ui);
    ui.set_width(DETAILS_WIDTH);
    ui.add_space(4.0);
    let limit = line::limit(lang, quality.limit);
    ui.label(text(limit, 14.0, theme::MEDIUM, palette.text));
    ui.add_space(6.0);
    for (name, value) in line::facts(lang, quality) {
        fact_ui(ui, name, &value);
    }
    ui.add_space(2.0);
}
