//! Glyphs that are pictures of some sizes (the tables CBDT and sbix): the one that fits, made smaller or larger.

use std::io::Cursor;

use peniko::kurbo::{Affine, Rect, Vec2};
use skrifa_of_egui::bitmap::{BitmapData, BitmapFormat, BitmapGlyph, BitmapStrikes, Origin};

use crate::{CLEAR, Pixel};

/// Pictures of glyphs are far smaller; what a damaged font says is not asked of the memory.
const MOST_SIDE: u32 = 1024;
/// Apple's emoji stand as many units higher where their font says nothing.
const APPLES_RISE: f32 = 100.0;

pub(crate) fn is_sbix(strikes: &BitmapStrikes<'_>) -> bool {
    strikes.format() == Some(BitmapFormat::Sbix)
}

/// The canvas with `glyph` on it, at `size` pixels for each em of `upem` units, its origin where `place` puts it.
/// `None` for a picture that cannot be read.
pub(crate) fn painted(
    glyph: &BitmapGlyph<'_>,
    is_sbix: bool,
    (size, upem): (f32, u16),
    place: Affine,
    canvas: (u16, u16),
) -> Option<Vec<Pixel>> {
    let BitmapData::Png(png) = glyph.data else {
        return None;
    };
    let picture = Picture::read(png)?;
    let unit = size / f32::from(upem);
    let rise = if is_sbix && glyph.bearing_y == 0.0 {
        APPLES_RISE
    } else {
        glyph.bearing_y
    };
    let shift = match glyph.placement_origin {
        Origin::TopLeft => 0.0,
        Origin::BottomLeft => -(picture.height as f64),
    };
    let from_picture = place
        * Affine::translate(vec2(-glyph.bearing_x * unit, rise * unit))
        * Affine::scale_non_uniform((size / glyph.ppem_x).into(), (size / glyph.ppem_y).into())
        * Affine::translate(vec2(-glyph.inner_bearing_x, -glyph.inner_bearing_y))
        * Affine::translate(Vec2::new(0.0, shift));
    if !from_picture.is_finite() || from_picture.determinant() == 0.0 {
        return None;
    }
    Some(picture.spread(from_picture.inverse(), canvas))
}

fn vec2(x: f32, y: f32) -> Vec2 {
    Vec2::new(x.into(), y.into())
}

struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Pixel>,
}

impl Picture {
    fn read(png: &[u8]) -> Option<Self> {
        let mut decoder = png::Decoder::new(Cursor::new(png));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().ok()?;
        let (width, height) = reader.info().size();
        if width > MOST_SIDE || height > MOST_SIDE {
            return None;
        }
        let mut bytes = vec![0; reader.output_buffer_size()?];
        let frame = reader.next_frame(&mut bytes).ok()?;
        let bytes = bytes.get(..frame.buffer_size())?;
        let samples = frame.color_type.samples();
        let pixels = bytes.chunks_exact(samples).map(|pixel| {
            let part = |at: usize| f32::from(pixel[at]) / 255.0;
            match samples {
                1 => [part(0), part(0), part(0), 1.0],
                2 => [
                    part(0) * part(1),
                    part(0) * part(1),
                    part(0) * part(1),
                    part(1),
                ],
                3 => [part(0), part(1), part(2), 1.0],
                _ => [
                    part(0) * part(3),
                    part(1) * part(3),
                    part(2) * part(3),
                    part(3),
                ],
            }
        });
        Some(Self {
            width: usize::try_from(width).ok()?,
            height: usize::try_from(height).ok()?,
            pixels: pixels.collect(),
        })
    }

    /// Each pixel of the canvas as the mean of what it covers here.
    fn spread(&self, to_picture: Affine, (width, height): (u16, u16)) -> Vec<Pixel> {
        let mut all = Vec::with_capacity(usize::from(width) * usize::from(height));
        for y in 0..height {
            for x in 0..width {
                let (x, y) = (f64::from(x), f64::from(y));
                let covers = to_picture.transform_rect_bbox(Rect::new(x, y, x + 1.0, y + 1.0));
                all.push(self.mean(covers));
            }
        }
        all
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "places are clamped to the picture; shares are no finer"
    )]
    fn mean(&self, covers: Rect) -> Pixel {
        // where the picture is made larger a pixel covers less than one of it
        let covers = covers.inflate(
            ((1.0 - covers.width()) / 2.0).max(0.0),
            ((1.0 - covers.height()) / 2.0).max(0.0),
        );
        let within = covers.intersect(Rect::new(0.0, 0.0, self.width as f64, self.height as f64));
        if within.width() <= 0.0 || within.height() <= 0.0 {
            return CLEAR;
        }
        let mut sum = CLEAR;
        for y in within.y0.floor() as usize..within.y1.ceil() as usize {
            let high = within.y1.min((y + 1) as f64) - within.y0.max(y as f64);
            for x in within.x0.floor() as usize..within.x1.ceil() as usize {
                let wide = within.x1.min((x + 1) as f64) - within.x0.max(x as f64);
                if let Some(pixel) = self.pixels.get(y * self.width + x) {
                    let share = (wide * high / covers.area()) as f32;
                    sum = std::array::from_fn(|at| sum[at] + pixel[at] * share);
                }
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let red = [1.0, 0.0, 0.0, 1.0];
        let blue = [0.0, 0.0, 1.0, 1.0];
        Picture {
            width: 2,
            height: 2,
            pixels: vec![red, blue, red, CLEAR],
        }
    }

    #[test]
    fn a_smaller_picture_has_the_mean_of_the_pixels_it_leaves_out() {
        let spread = picture().spread(Affine::scale(2.0), (2, 1));
        assert_eq!(spread, [[0.5, 0.0, 0.25, 0.75], CLEAR]);
    }

    #[test]
    fn a_larger_picture_is_the_same_one() {
        let spread = picture().spread(Affine::scale(0.25), (8, 8));
        // smooth, also towards what is around it
        assert!(spread[2 * 8 + 1][0] > 0.8, "{:?}", spread[2 * 8 + 1]);
        assert!(spread[2 * 8 + 6][2] > 0.7, "{:?}", spread[2 * 8 + 6]);
        assert!(spread[6 * 8 + 6][3] < 0.2, "{:?}", spread[6 * 8 + 6]);
    }

    #[test]
    fn what_is_no_picture_paints_nothing() {
        assert!(Picture::read(b"").is_none());
        assert!(Picture::read(b"\x89PNG\r\n\x1a\nnonsense").is_none());
    }
}
