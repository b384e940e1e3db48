//! Paints single glyphs: outlines in one colour, and emoji in theirs.
//!
//! egui paints glyphs with the crate `vello_cpu`, which can paint whole pages of gradients, blends and filters, for three
//! kinds of processors and in two precisions: MEASURED, 13.6 MB of an unoptimised Helpme of 132, of which a letter needs
//! next to nothing. So this crate stands in its place (`[patch.crates-io]` in the root `Cargo.toml`), with its name and the part of its interface
//! that `epaint` calls. Should egui ask for another version one day, cargo says that the patch is not used, and the
//! programs are larger and otherwise the same.
//!
//! What is drawn comes from the bundled fonts and from those of this computer; a font that is damaged gives an empty or
//! odd glyph, never a panic.

mod colour;
mod coverage;
mod strike;

pub use peniko;
pub use peniko::{color, kurbo};

use color::{OpaqueColor, Srgb};
use kurbo::{Affine, BezPath, Shape as _};
use peniko::FontData;
use skrifa_of_egui::FontRef;
use skrifa_of_egui::instance::{LocationRef, NormalizedCoord, Size};
use skrifa_of_egui::prelude::{GlyphId, MetadataProvider as _};

use crate::colour::Layers;

/// A pixel while it is painted: red, green, blue and alpha from 0 to 1, multiplied by alpha.
type Pixel = [f32; 4];

const CLEAR: Pixel = [0.0; 4];

/// `over` painted on `below`.
fn over(over: Pixel, below: Pixel) -> Pixel {
    let rest = 1.0 - over[3];
    std::array::from_fn(|part| over[part] + below[part] * rest)
}

fn scaled(pixel: Pixel, by: f32) -> Pixel {
    pixel.map(|part| part * by)
}

/// A canvas, with a colour and a place for what is painted next.
#[derive(Debug)]
pub struct RenderContext {
    width: u16,
    height: u16,
    transform: Affine,
    paint: Pixel,
    pixels: Vec<Pixel>,
}

impl RenderContext {
    /// An empty canvas; its colour is black.
    pub fn new(width: u16, height: u16) -> Self {
        let pixels = vec![CLEAR; usize::from(width) * usize::from(height)];
        Self {
            width,
            height,
            transform: Affine::IDENTITY,
            paint: [0.0, 0.0, 0.0, 1.0],
            pixels,
        }
    }

    /// Where what comes next stands.
    pub fn set_transform(&mut self, transform: Affine) {
        self.transform = transform;
    }

    /// The colour of what comes next.
    pub fn set_paint(&mut self, paint: OpaqueColor<Srgb>) {
        let [red, green, blue] = paint.components;
        self.paint = [red, green, blue, 1.0];
    }

    /// Fills what `path` goes round, by the rule that what it goes round more than once is in it, too.
    pub fn fill_path(&mut self, path: &BezPath) {
        let covered = coverage::of_path(path, self.transform, (self.width, self.height));
        for (pixel, covered) in self.pixels.iter_mut().zip(covered) {
            if covered > 0.0 {
                *pixel = over(scaled(self.paint, covered), *pixel);
            }
        }
    }

    /// Begins to paint glyphs of `font`.
    pub fn glyph_run<'a>(&'a mut self, _: &'a mut Resources, font: &'a FontData) -> GlyphRun<'a> {
        GlyphRun {
            canvas: self,
            font,
            size: 16.0,
            coords: &[],
        }
    }

    /// Copies what was painted into `target`, which must have the size of the canvas.
    pub fn render(&mut self, target: &mut Pixmap, _: &mut Resources) {
        for (bytes, pixel) in target.bytes.chunks_exact_mut(4).zip(&self.pixels) {
            for (byte, part) in bytes.iter_mut().zip(pixel) {
                *byte = byte_of(*part);
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and 255"
)]
fn byte_of(part: f32) -> u8 {
    (part.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// What was painted.
#[derive(Debug)]
pub struct Pixmap {
    bytes: Vec<u8>,
}

impl Pixmap {
    /// An empty one.
    pub fn new(width: u16, height: u16) -> Self {
        Self {
            bytes: vec![0; usize::from(width) * usize::from(height) * 4],
        }
    }

    /// Red, green, blue and alpha of all pixels, multiplied by alpha, rows from the top.
    pub fn data_as_u8_slice(&self) -> &[u8] {
        &self.bytes
    }
}

/// Nothing: egui keeps what it has painted.
#[derive(Debug, Default)]
pub struct Resources;

impl Resources {
    /// Nothing.
    pub fn new() -> Self {
        Self
    }
}

/// A glyph of a font, and where its origin is.
#[derive(Debug, Clone, Copy)]
pub struct Glyph {
    pub id: u32,
    pub x: f32,
    pub y: f32,
}

/// How glyphs are painted.
#[derive(Debug)]
pub struct GlyphRun<'a> {
    canvas: &'a mut RenderContext,
    font: &'a FontData,
    size: f32,
    coords: &'a [i16],
}

impl<'a> GlyphRun<'a> {
    /// Pixels for each em.
    #[must_use]
    pub fn font_size(mut self, size: f32) -> Self {
        self.size = size;
        self
    }

    /// Glyphs in colours are never hinted.
    #[must_use]
    pub fn hint(self, _: bool) -> Self {
        self
    }

    /// The place in a variable font, in 2.14.
    #[must_use]
    pub fn normalized_coords(mut self, coords: &'a [i16]) -> Self {
        self.coords = coords;
        self
    }

    /// Paints the glyphs: in their colours, or as the picture of the size that fits, or as outlines.
    pub fn fill_glyphs(self, glyphs: impl Iterator<Item = Glyph>) {
        let Ok(font) = FontRef::from_index(self.font.data.as_ref(), self.font.index) else {
            return;
        };
        let coords: Vec<NormalizedCoord> = self
            .coords
            .iter()
            .map(|bits| NormalizedCoord::from_bits(*bits))
            .collect();
        for glyph in glyphs {
            self.canvas
                .fill_glyph(&font, glyph, self.size, LocationRef::new(&coords));
        }
    }
}

impl RenderContext {
    fn fill_glyph(
        &mut self,
        font: &FontRef<'_>,
        glyph: Glyph,
        size: f32,
        location: LocationRef<'_>,
    ) {
        let id = GlyphId::new(glyph.id);
        let upem = font.head_units();
        let origin = kurbo::Vec2::new(glyph.x.into(), glyph.y.into());
        let place = self.transform * Affine::translate(origin);
        let scale = f64::from(size) / f64::from(upem);
        // fonts count upwards
        let from_font = place * Affine::scale_non_uniform(scale, -scale);
        let canvas = (self.width, self.height);
        if let Some(in_colours) = font.color_glyphs().get(id) {
            let mut layers = Layers::new(font, location, from_font, canvas, self.paint);
            if in_colours.paint(location, &mut layers).is_ok() {
                self.put(layers.painted());
                return;
            }
        }
        let strikes = font.bitmap_strikes();
        if let Some(picture) = strikes.glyph_for_size(Size::new(size), id) {
            let is_sbix = strike::is_sbix(&strikes);
            if let Some(painted) = strike::painted(&picture, is_sbix, (size, upem), place, canvas) {
                self.put(painted);
                return;
            }
        }
        let path = colour::outline(font, id, location);
        let covered = coverage::of_path(&path, from_font, canvas);
        let paint = self.paint;
        self.put(covered.into_iter().map(|covered| scaled(paint, covered)));
    }

    fn put(&mut self, painted: impl IntoIterator<Item = Pixel>) {
        for (pixel, painted) in self.pixels.iter_mut().zip(painted) {
            *pixel = over(painted, *pixel);
        }
    }
}

/// What this crate asks of a font, beside what skrifa gives.
trait HeadUnits {
    /// Units for each em; 1,000 where the font does not say.
    fn head_units(&self) -> u16;
}

impl HeadUnits for FontRef<'_> {
    fn head_units(&self) -> u16 {
        let units = self
            .metrics(Size::unscaled(), LocationRef::default())
            .units_per_em;
        if units == 0 { 1000 } else { units }
    }
}

/// `rect` as a path.
fn path_of(rect: kurbo::Rect) -> BezPath {
    rect.to_path(0.1)
}
