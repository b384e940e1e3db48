//! A QR code, drawn.

use egui::{Color32, Rect, Sense, Ui, Vec2, pos2, vec2};
use qrcode::{Color, QrCode};

/// A code of a text.
#[derive(Debug, Clone)]
pub struct Qr {
    width: usize,
    dark: Vec<bool>,
}

impl Qr {
    /// `None` for a text that is too long for one.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::new(text).ok()?;
        let width = code.width();
        let colors = code.into_colors();
        let dark = colors
            .into_iter()
            .map(|color| color == Color::Dark)
            .collect();
        Some(Self { width, dark })
    }

    /// Black on white in every theme, with the margin that readers need.
    pub fn ui(&self, ui: &mut Ui, side: f32) {
        const QUIET: u16 = 4;
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
        let count = u16::try_from(self.width).unwrap_or(u16::MAX);
        let module = side / f32::from(count + 2 * QUIET);
        let painter = ui.painter();
        painter.rect_filled(rect, 4, Color32::WHITE);
        for (row, modules) in (0_u16..).zip(self.dark.chunks(self.width)) {
            for (column, dark) in (0_u16..).zip(modules) {
                if *dark {
                    let at = pos2(
                        rect.left() + f32::from(column + QUIET) * module,
                        rect.top() + f32::from(row + QUIET) * module,
                    );
                    // a hair over, so that no light shows between two modules
                    let module = vec2(module + 0.2, module + 0.2);
                    painter.rect_filled(Rect::from_min_size(at, module), 0, Color32::BLACK);
                }
            }
        }
    }
}
