//! Paints what egui made of a view, as a harness keeps it.

use std::cell::RefCell;
use std::rc::Rc;

use egui::{TexturesDelta, Vec2};
use egui_kittest::{Harness, TestRenderer};
use image::{Rgb, RgbImage};
use ui_kit::raster::{self, Textures};

/// Keeps the textures of a harness, which paints nothing by itself.
pub(crate) struct Collector(pub(crate) Rc<RefCell<Textures>>);

impl TestRenderer for Collector {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        self.0.borrow_mut().take(delta);
    }
}

/// The picture of the last pass of `harness`, whose window has `size` in points.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "windows have some thousand pixels"
)]
pub(crate) fn paint<S>(
    harness: &Harness<'_, S>,
    size: Vec2,
    pixels: f32,
    textures: &Textures,
) -> RgbImage {
    let shapes = harness.output().shapes.clone();
    let size = (size * pixels).round();
    let primitives = harness.ctx.tessellate(shapes, pixels);
    let sides = [size.x as usize, size.y as usize];
    let painted = raster::paint(&primitives, sides, pixels, textures);
    let mut picture = RgbImage::new(size.x as u32, size.y as u32);
    for (to, from) in picture.pixels_mut().zip(&painted) {
        *to = Rgb(from.map(|channel| channel.round().clamp(0.0, 255.0) as u8));
    }
    picture
}
