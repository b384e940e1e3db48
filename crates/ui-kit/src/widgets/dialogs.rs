//! Dialogs over the window.

use egui::{
    Align, Context, Frame, Id, Key, Layout, Margin, Modal, ModalResponse, Modifiers, Popup,
    ScrollArea, Stroke, Ui,
};

use super::frames::mark_as_heading;
use super::icon_tile_ui;
use crate::fonts::Icon;
use crate::theme::{self, CARD_RADIUS, Palette, Tone, text};

/// How wide a dialog is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DialogSize {
    /// For a question (380 points).
    #[default]
    Small,
    /// For a form (520 points).
    Medium,
    /// For settings and reports (680 points).
    Large,
}

/// The buttons of a dialog, from the right: the one that goes on first.
pub fn dialog_buttons_ui(ui: &mut Ui, buttons: impl FnOnce(&mut Ui)) {
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), buttons);
    });
}

/// Whether Escape was pressed for the page itself: no menu and no dialog is open over it. To be asked before
/// the page's own fields are drawn, as the key closes their menus.
pub fn escaped(ui: &Ui) -> bool {
    let is_covered = Popup::is_any_open(ui.ctx())
        || ui.memory(|memory| {
            memory
                .top_modal_layer()
                .is_some_and(|top| top != ui.layer_id())
        });
    !is_covered && ui.input(|input| input.key_pressed(Key::Escape))
}

/// Whether Escape was pressed in a dialog of [`dialog_ui`]. A click beside it does not count: it must not lose
/// what was typed.
pub fn escaped_from<R>(dialog: &ModalResponse<R>) -> bool {
    let ctx = &dialog.response.ctx;
    dialog.is_top_modal
        && !dialog.any_popup_open
        && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
}

/// A dialog over everything else; keyboard and pointer reach nothing behind it.
///
/// `ModalResponse::should_close` tells that Escape was pressed or the dark around it clicked; the
/// caller decides what that means.
pub fn dialog_ui<R>(
    ctx: &Context,
    id: &str,
    size: DialogSize,
    icon: Option<(Icon, Tone)>,
    title: &str,
    content: impl FnOnce(&mut Ui) -> R,
) -> ModalResponse<R> {
    let palette = Palette::of_ctx(ctx);
    let window = ctx.content_rect();
    let wanted: f32 = match size {
        DialogSize::Small => 380.0,
        DialogSize::Medium => 520.0,
        DialogSize::Large => 680.0,
    };
    let margin = 22;
    let width = wanted.min(window.width() - 24.0) - 2.0 * f32::from(margin);
    let frame = Frame::new()
        .fill(palette.card)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CARD_RADIUS + 2)
        .inner_margin(Margin::same(margin))
        .shadow(ctx.global_style().visuals.window_shadow);
    Modal::new(Id::unique(id))
        .backdrop_color(palette.backdrop)
        .frame(frame)
        .show(ctx, |ui| {
            ui.set_width(width);
            ui.set_max_height(window.height() - 72.0);
            ui.horizontal(|ui| {
                if let Some((icon, tone)) = icon {
                    icon_tile_ui(ui, icon, tone, 36.0);
                    ui.add_space(4.0);
                }
                let heading = text(title, 18.0, theme::BOLD, palette.text);
                let response = ui.add(egui::Label::new(heading).wrap());
                mark_as_heading(&response, title);
            });
            ui.add_space(6.0);
            fitted_ui(ui, Id::unique(id).with("height"), content)
        })
}

/// What a window is too small for is scrolled to, so that no button is ever out of reach.
fn fitted_ui<R>(ui: &mut Ui, id: Id, content: impl FnOnce(&mut Ui) -> R) -> R {
    let room = ui.available_height();
    let before: f32 = ui.data(|data| data.get_temp(id).unwrap_or(0.0));
    let (inner, height) = if before > room {
        let area = ScrollArea::vertical().max_height(room);
        let shown = area.auto_shrink([false, true]).show(ui, content);
        (shown.inner, shown.content_size.y)
    } else {
        let shown = ui.scope(content);
        (shown.inner, shown.response.rect.height())
    };
    if (before - height).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(id, height));
        if (before > room) != (height > room) {
            ui.ctx().request_repaint();
        }
    }
    inner
}
