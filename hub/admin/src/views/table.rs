//! A long table of which only the rows on the screen are drawn: with the mouse, with keys, in any order.

use egui::{
    Align, Color32, FontSelection, Key, Label, Layout, Modifiers, Sense, TextWrapMode,
    TextureHandle, Ui, WidgetText, vec2,
};
use egui_extras::{Column as Width, TableBuilder};
use ui_kit::fonts::icon_font;
use ui_kit::{Icon, Palette, text, theme};

/// Height of a row, in points.
const ROW: f32 = 34.0;
const HEAD: f32 = 30.0;
const HEAD_SIZE: f32 = 12.5;
const ARROW_SIZE: f32 = 13.0;
/// Between the title of a column and its arrow.
const HEAD_GAP: f32 = 4.0;
/// Room for a picture in a row.
const PICTURE: egui::Vec2 = vec2(64.0, 36.0);
/// Between two columns.
const GAP: f32 = 14.0;
/// No column becomes narrower, in points, and most may become as narrow.
pub(super) const LEAST_WIDTH: f32 = 48.0;

/// A column, and what the list is ordered by when its head is pressed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<C> {
    pub(super) title: &'static str,
    /// In points; the first table is drawn with it, then people pull it as they like.
    pub(super) width: f32,
    pub(super) sort: Option<C>,
    /// Numbers stand at the right.
    pub(super) right: bool,
    /// What it needs at least, in points.
    pub(super) least: f32,
}

/// What stands in a cell.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Option<ui_kit::Tone>,
    pub(super) dim: bool,
    /// There is room for a picture before the text.
    is_pictured: bool,
    picture: Option<TextureHandle>,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tone: None,
            dim: false,
            is_pictured: false,
            picture: None,
        }
    }

    pub(super) fn dim(text: impl Into<String>) -> Self {
        Self {
            dim: true,
            ..Self::new(text)
        }
    }

    /// With a picture before the text, or the room for one.
    pub(super) fn picture(self, picture: Option<TextureHandle>) -> Self {
        Self {
            is_pictured: true,
            picture,
            ..self
        }
    }

    /// As a badge.
    pub(super) fn badge(text: impl Into<String>, tone: ui_kit::Tone) -> Self {
        Self {
            tone: Some(tone),
            ..Self::new(text)
        }
    }
}

/// What was done in a table.
pub(super) struct TableDone<C> {
    /// The head that was pressed.
    pub(super) sort: Option<C>,
    /// The row that is chosen from now on.
    pub(super) chosen: Option<u32>,
    /// The row that is to be opened.
    pub(super) opened: Option<u32>,
    /// The rows on the screen, the first and the last.
    pub(super) looked_at: (u32, u32),
}

/// Draws a table of `total` rows that fills what room there is.
pub(super) fn table_ui<C: Copy + PartialEq>(
    ui: &mut Ui,
    id: &str,
    columns: &[Column<C>],
    sorted: Option<(C, bool)>,
    total: u32,
    chosen: Option<u32>,
    cell: impl FnMut(u32, usize) -> Option<Cell>,
) -> TableDone<C> {
    rows_ui(ui, id, columns, ROW, (sorted, total, chosen), cell)
}

/// As [`table_ui`], with rows that have room for a picture.
pub(super) fn picture_table_ui<C: Copy + PartialEq>(
    ui: &mut Ui,
    id: &str,
    columns: &[Column<C>],
    shown: (Option<(C, bool)>, u32, Option<u32>),
    cell: impl FnMut(u32, usize) -> Option<Cell>,
) -> TableDone<C> {
    rows_ui(ui, id, columns, PICTURE.y + 10.0, shown, cell)
}

fn rows_ui<C: Copy + PartialEq>(
    ui: &mut Ui,
    id: &str,
    columns: &[Column<C>],
    height: f32,
    (sorted, total, chosen): (Option<(C, bool)>, u32, Option<u32>),
    mut cell: impl FnMut(u32, usize) -> Option<Cell>,
) -> TableDone<C> {
    let palette = Palette::of(ui);
    let mut done = TableDone {
        sort: None,
        chosen: None,
        opened: None,
        looked_at: (u32::MAX, 0),
    };
    let visible = (ui.available_height() - HEAD) / height;
    let moved = keys(ui, total, chosen, visible);
    if let Some(to) = moved {
        done.chosen = Some(to);
    }
    if chosen.is_some() && is_free(ui) && ui.input(|input| input.key_pressed(Key::Enter)) {
        done.opened = chosen;
    }
    ui.spacing_mut().item_spacing = vec2(GAP, 0.0);
    ui.push_id(id, |ui| {
        // columns are told apart by their space; a line shows only where one is pulled
        ui.visuals_mut().widgets.noninteractive.bg_stroke = egui::Stroke::NONE;
        let wanted: f32 = columns.iter().map(|column| column.width).sum();
        let gaps = GAP * f32::from(u16::try_from(columns.len()).unwrap_or(u16::MAX));
        let shrink = ((ui.available_width() - gaps) / wanted).clamp(0.1, 1.0);
        let heads: Vec<f32> = columns
            .iter()
            .map(|column| head_width(ui, column))
            .collect();
        let usual = columns.iter().zip(&heads);
        let usual: Vec<f32> = usual
            .map(|(column, head)| (column.width * shrink).max(*head))
            .collect();
        let least: Vec<f32> = columns.iter().map(|column| column.least).collect();
        let widths = squeezed(&usual, &least, ui.available_width() - gaps);
        let mut table = TableBuilder::new(ui)
            .id_salt(id)
            .sense(Sense::click())
            .auto_shrink(false)
            .animate_scrolling(false)
            .cell_layout(Layout::left_to_right(Align::Center));
        for (at, usual) in widths.iter().enumerate() {
            let width = if at + 1 == columns.len() {
                Width::remainder().at_least(least[at].max(60.0))
            } else {
                Width::initial(*usual).at_least(least[at]).resizable(true)
            };
            table = table.column(width.clip(true));
        }
        if let Some(to) = moved {
            let row = usize::try_from(to).unwrap_or(usize::MAX);
            table = table.scroll_to_row(row, None);
        }
        let table = table.header(HEAD, |mut head| {
            for column in columns {
                head.col(|ui| {
                    let order = sorted.filter(|(by, _)| Some(*by) == column.sort);
                    if head_ui(ui, column, order.map(|(_, descending)| descending)) {
                        done.sort = column.sort;
                    }
                });
            }
        });
        let rows = usize::try_from(total).unwrap_or(usize::MAX);
        table.body(|body| {
            body.rows(height, rows, |mut row| {
                let index = u32::try_from(row.index()).unwrap_or(u32::MAX);
                done.looked_at.0 = done.looked_at.0.min(index);
                done.looked_at.1 = done.looked_at.1.max(index);
                row.set_selected(chosen == Some(index));
                for (at, column) in columns.iter().enumerate() {
                    row.col(|ui| {
                        // a text counts as fitting when it is half a point too wide: the gap takes that
                        let clip = ui.clip_rect().expand2(vec2(2.0, 0.0));
                        ui.set_clip_rect(clip);
                        ui.style_mut().interaction.selectable_labels = false;
                        match cell(index, at) {
                            Some(cell) => cell_ui(ui, &palette, &cell, column.right),
                            None if at == 0 => {
                                ui.label(text("…", 13.5, theme::REGULAR, palette.dim));
                            }
                            None => {}
                        }
                    });
                }
                let response = row.response();
                if response.clicked() {
                    done.chosen = Some(index);
                }
                if response.double_clicked() {
                    done.opened = Some(index);
                }
            });
        });
    });
    done
}

/// `widths` with less of each, the wider the more, until they have `room`; none has less than its `least`.
fn squeezed(widths: &[f32], least: &[f32], room: f32) -> Vec<f32> {
    let spare = |(width, least): (f32, f32)| (width - least).max(0.0);
    let each = || widths.iter().copied().zip(least.iter().copied());
    let too_much = (widths.iter().sum::<f32>() - room).max(0.0);
    let all: f32 = each().map(spare).sum();
    let share = (too_much / all.max(1.0)).min(1.0);
    let narrower = |(width, least)| (width - spare((width, least)) * share).max(least);
    each().map(narrower).collect()
}

/// What the head of a column needs, with the arrow of the one that the list is ordered by, in points.
fn head_width<C>(ui: &Ui, column: &Column<C>) -> f32 {
    let title = text(
        column.title,
        HEAD_SIZE,
        theme::SEMIBOLD,
        Color32::PLACEHOLDER,
    );
    let title = WidgetText::from(title).into_galley(
        ui,
        Some(TextWrapMode::Extend),
        f32::INFINITY,
        FontSelection::Default,
    );
    let arrow = if column.sort.is_some() {
        ARROW_SIZE + HEAD_GAP
    } else {
        0.0
    };
    title.size().x.ceil() + arrow
}

/// The head of a column; whether it was pressed.
fn head_ui<C>(ui: &mut Ui, column: &Column<C>, descending: Option<bool>) -> bool {
    let palette = Palette::of(ui);
    let weight = if descending.is_some() {
        theme::SEMIBOLD
    } else {
        theme::MEDIUM
    };
    let color = if descending.is_some() {
        palette.text
    } else {
        palette.dim
    };
    let layout = if column.right {
        Layout::right_to_left(Align::Center)
    } else {
        Layout::left_to_right(Align::Center)
    };
    ui.with_layout(layout, |ui| {
        ui.spacing_mut().item_spacing.x = HEAD_GAP;
        let title = text(column.title, HEAD_SIZE, weight, color);
        let sense = if column.sort.is_some() {
            Sense::click()
        } else {
            Sense::hover()
        };
        let label = Label::new(title).truncate().selectable(false).sense(sense);
        let response = ui.add(label);
        if let Some(descending) = descending {
            let icon = if descending {
                Icon::ChevronDown
            } else {
                Icon::ChevronUp
            };
            let icon = egui::RichText::new(icon.unicode().to_string())
                .font(icon_font(ARROW_SIZE))
                .color(palette.dim);
            ui.label(icon);
        }
        column.sort.is_some()
            && response
                .on_hover_cursor(egui::CursorIcon::PointingHand)
                .clicked()
    })
    .inner
}

fn cell_ui(ui: &mut Ui, palette: &Palette, cell: &Cell, right: bool) {
    if let Some(tone) = cell.tone {
        ui_kit::widgets::chip_ui(ui, &cell.text, tone);
        return;
    }
    if cell.is_pictured {
        picture_ui(ui, palette, cell.picture.as_ref());
    }
    let color = if cell.dim { palette.dim } else { palette.text };
    let shown = ui_kit::words::visible_line(&cell.text);
    let label = Label::new(text(&*shown, 13.5, theme::REGULAR, color)).truncate();
    if right {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(label);
        });
    } else {
        ui.add(label);
    }
}

/// A small picture; larger under the pointer.
fn picture_ui(ui: &mut Ui, palette: &Palette, picture: Option<&TextureHandle>) {
    let (room, response) = ui.allocate_exact_size(PICTURE, Sense::hover());
    ui.painter().rect_filled(room, 3.0, palette.sunken);
    let Some(picture) = picture else { return };
    let size = picture.size_vec2();
    let scale = (room.width() / size.x).min(room.height() / size.y);
    let place = egui::Rect::from_center_size(room.center(), size * scale);
    let image = egui::Image::new((picture.id(), size));
    image.clone().corner_radius(3.0).paint_at(ui, place);
    response.on_hover_ui(|ui| {
        ui.add(image.fit_to_exact_size(size));
    });
}

/// Whether keys are the table's: nobody types, and nothing lies over it.
fn is_free(ui: &Ui) -> bool {
    let types = ui.memory(|memory| memory.focused().is_some());
    let covered = egui::Popup::is_any_open(ui.ctx())
        || ui.memory(|memory| {
            memory
                .top_modal_layer()
                .is_some_and(|top| top != ui.layer_id())
        });
    !types && !covered
}

/// The row that keys go to.
fn keys(ui: &Ui, total: u32, chosen: Option<u32>, visible: f32) -> Option<u32> {
    if total == 0 || !is_free(ui) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a window has a few hundred rows"
    )]
    let page = (visible.clamp(2.0, 500.0) as u32) - 1;
    let last = total - 1;
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let at = chosen.unwrap_or(0);
    let step = |to: u32| Some(if chosen.is_none() { 0 } else { to.min(last) });
    if pressed(Key::ArrowDown) {
        step(at + 1)
    } else if pressed(Key::ArrowUp) {
        step(at.saturating_sub(1))
    } else if pressed(Key::PageDown) {
        step(at + page)
    } else if pressed(Key::PageUp) {
        step(at.saturating_sub(page))
    } else if pressed(Key::Home) {
        Some(0)
    } else if pressed(Key::End) {
        Some(last)
    } else {
        None
    }
}

/// What stands above a table: in a line where there is `room` for it, in points, otherwise in several.
pub(super) fn filters_bar_ui(ui: &mut Ui, room: f32, content: impl FnOnce(&mut Ui)) {
    if ui.available_width() >= room {
        bar_ui(ui, content);
    } else {
        ui.horizontal_wrapped(content);
    }
}

/// A line of what stands above a table: how high it is.
pub(super) fn bar_ui<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), content)
        .inner
}
