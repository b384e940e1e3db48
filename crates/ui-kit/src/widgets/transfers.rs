//! A transfer of files: which, how far it is, and what can be done about it (S6).

use std::path::PathBuf;

use egui::{Align, CornerRadius, Frame, Label, Layout, Margin, Sense, Ui, vec2};
use protocol::transfers::{Ended, Stage, Transfer};

use super::{icon_button_ui, icon_tile_ui};
use crate::words::{problem_text, transfer_text, visible_line};
use crate::{Icon, Lang, Palette, Tone, Word, text, theme, w};

/// What is wanted of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferWish {
    Cancel,
    /// Stop it for a while, or go on.
    Hold(bool),
}

/// How high a transfer without problems is, in points.
pub const TRANSFER_HEIGHT: f32 = 66.0;
/// How many problems are shown.
const MOST_PROBLEMS: usize = 5;

/// What was dropped onto a window in this pass.
pub fn dropped_paths(input: &egui::RawInput) -> Vec<PathBuf> {
    let dropped = input.dropped_files.iter();
    let paths = dropped.map(|file| file.path().to_owned());
    paths.filter(|path| path.is_absolute()).collect()
}

/// Draws one. `can_hold`: whoever sends is here, and may stop it for a while.
pub fn transfer_ui(
    ui: &mut Ui,
    lang: Lang,
    transfer: &Transfer,
    can_hold: bool,
) -> Option<TransferWish> {
    let palette = Palette::of(ui);
    let (icon, tone) = face(transfer);
    let name = visible_line(&transfer.name).into_owned();
    let line = transfer_text(lang, transfer);
    let mut wish = None;
    ui.push_id((transfer.id.to_host, transfer.id.number), |ui| {
        let size = vec2(ui.available_width(), TRANSFER_HEIGHT);
        ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
            if !transfer.is_over() {
                let cancel = format!("{}: {name}", w(lang, Word::Cancel));
                if icon_button_ui(ui, Icon::X, &cancel, true).clicked() {
                    wish = Some(TransferWish::Cancel);
                }
                let held = transfer.stage == Stage::Held;
                if can_hold && matches!(transfer.stage, Stage::Running | Stage::Held) {
                    let (icon, word) = if held {
                        (Icon::Play, Word::GoOn)
                    } else {
                        (Icon::Pause, Word::Pause)
                    };
                    let label = format!("{}: {name}", w(lang, word));
                    if icon_button_ui(ui, icon, &label, true).clicked() {
                        wish = Some(TransferWish::Hold(!held));
                    }
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                icon_tile_ui(ui, icon, tone, 32.0);
                ui.add_space(2.0);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 3.0;
                    let bar =
                        matches!(transfer.stage, Stage::Running | Stage::Held | Stage::Paused);
                    let done = matches!(transfer.stage, Stage::Over(Ended::Done { .. }));
                    let folder = transfer.folder.as_ref().filter(|_| done);
                    let height = match folder {
                        Some(_) => 58.0,
                        // the line of a narrow list takes two
                        None if bar && ui.available_width() < 330.0 => 64.0,
                        None if bar => 48.0,
                        None => 40.0,
                    };
                    ui.add_space((ui.available_height() - height).max(0.0) / 2.0);
                    let name = text(name, theme::BODY_SIZE, theme::MEDIUM, palette.text);
                    ui.add(Label::new(name).truncate());
                    if bar {
                        progress_ui(ui, transfer.fraction());
                    }
                    let line = text(line, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
                    let label = ui.add(if bar {
                        Label::new(line.clone()).wrap()
                    } else {
                        Label::new(line.clone()).truncate()
                    });
                    label.on_hover_text(line);
                    if let Some(folder) = folder {
                        let folder = folder.display().to_string();
                        let folder = text(folder, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
                        ui.add(Label::new(folder.clone()).truncate())
                            .on_hover_text(folder);
                    }
                });
            });
        });
        let below = Margin {
            // as far in as the words above
            left: 42,
            ..Margin::ZERO
        };
        Frame::new().inner_margin(below).show(ui, |ui| {
            for problem in transfer.problems.iter().take(MOST_PROBLEMS) {
                let problem = problem_text(lang, problem);
                let problem = text(problem, theme::SMALL_SIZE, theme::REGULAR, palette.danger);
                ui.add(Label::new(problem).wrap());
            }
        });
    });
    wish
}

fn face(transfer: &Transfer) -> (Icon, Tone) {
    match transfer.stage {
        Stage::Over(Ended::Done { missing: 0 }) => (Icon::Check, Tone::Good),
        Stage::Over(Ended::Done { .. }) => (Icon::TriangleAlert, Tone::Warning),
        Stage::Over(Ended::Failed(_)) => (Icon::TriangleAlert, Tone::Danger),
        Stage::Over(Ended::Cancelled { .. } | Ended::Withdrawn | Ended::SessionOver) => {
            (Icon::Ban, Tone::Neutral)
        }
        Stage::Preparing | Stage::Waiting | Stage::Running | Stage::Held | Stage::Paused => {
            let icon = if transfer.is_outgoing {
                Icon::Upload
            } else {
                Icon::Download
            };
            (icon, Tone::Accent)
        }
    }
}

/// How much of something has arrived, from 0 to 1.
pub(super) fn progress_ui(ui: &mut Ui, part: f32) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), Sense::hover());
    ui.painter()
        .rect_filled(rect, CornerRadius::same(2), palette.line);
    let mut done = rect;
    done.set_width(rect.width() * part);
    let (color, _) = palette.tone(Tone::Accent);
    ui.painter().rect_filled(done, CornerRadius::same(2), color);
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(egui::accesskit::Role::ProgressIndicator);
        node.set_numeric_value(f64::from(part) * 100.0);
    });
}
