//! What stands for a character that no font on this computer has: a box with its number in it.
//!
//! Empty boxes would make different names look alike.

use egui::{Color32, ColorImage, Context, GlyphBitmap, GlyphRasterizer, RasterizedGlyph, vec2};

/// Columns and rows of a digit, in dots.
const DIGIT: [usize; 2] = [3, 5];
/// From one digit to the next, in dots.
const STEP: [usize; 2] = [DIGIT[0] + 1, DIGIT[1] + 1];
/// From the edge of the box to the digits, in dots: the frame and a gap.
const INSET: usize = 2;
/// The size of a text whose dots are one pixel, in pixels.
const SIZE_OF_ONE: f32 = 13.0;

/// The sixteen digits, three dots in each row from the top, the highest bit at the left.
const DIGITS: [[u8; DIGIT[1]]; 16] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b111, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b010, 0b010, 0b010],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
    [0b010, 0b101, 0b111, 0b101, 0b101],
    [0b110, 0b101, 0b110, 0b101, 0b110],
    [0b011, 0b100, 0b100, 0b100, 0b011],
    [0b110, 0b101, 0b101, 0b101, 0b110],
    [0b111, 0b100, 0b110, 0b100, 0b111],
    [0b111, 0b100, 0b110, 0b100, 0b100],
];

/// Has `ctx` draw such boxes.
pub(crate) fn stand_in(ctx: &Context) {
    let boxed = GlyphRasterizer::new("number in a box", |request| {
        let character = request.cluster.chars().next()?;
        Some(boxed(character, request.font_size_px))
    });
    ctx.add_glyph_rasterizer(boxed);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "pixels of one character"
)]
fn boxed(character: char, font_size_px: f32) -> RasterizedGlyph {
    let dot = (font_size_px / SIZE_OF_ONE).max(1.0) as usize;
    let [width, height] = size_in_dots(character);
    let mut image = ColorImage::filled([width * dot, height * dot], Color32::TRANSPARENT);
    for [x, y] in dots(character) {
        for pixel in 0..dot * dot {
            image[(x * dot + pixel % dot, y * dot + pixel / dot)] = Color32::WHITE;
        }
    }
    // it reaches as far below the line as letters do
    let below = 3 * dot;
    RasterizedGlyph {
        bitmap: GlyphBitmap {
            offset_px: vec2(dot as f32, below as f32 - (height * dot) as f32),
            image,
            is_color: false,
        },
        advance_px: ((width + 2) * dot) as f32,
    }
}

/// The number as two rows of two or three digits.
fn rows(character: char) -> [Vec<u8>; 2] {
    let number = u32::from(character);
    let columns = if number > 0xffff { 3 } else { 2 };
    let digit = |place: u32| u8::try_from(number >> (4 * place) & 0xf).expect("four bits");
    [
        (columns..2 * columns).rev().map(digit).collect(),
        (0..columns).rev().map(digit).collect(),
    ]
}

fn size_in_dots(character: char) -> [usize; 2] {
    let columns = rows(character)[0].len();
    [
        columns * STEP[0] - 1 + 2 * INSET,
        2 * STEP[1] - 1 + 2 * INSET,
    ]
}

/// The dots of frame and digits.
fn dots(character: char) -> Vec<[usize; 2]> {
    let [width, height] = size_in_dots(character);
    let mut dots: Vec<[usize; 2]> = (0..width).flat_map(|x| [[x, 0], [x, height - 1]]).collect();
    dots.extend((1..height - 1).flat_map(|y| [[0, y], [width - 1, y]]));
    for (row, digits) in rows(character).iter().enumerate() {
        for (column, &digit) in digits.iter().enumerate() {
            let [left, top] = [INSET + column * STEP[0], INSET + row * STEP[1]];
            for (y, bits) in DIGITS[usize::from(digit)].iter().enumerate() {
                let set = (0..DIGIT[0]).filter(|x| bits >> (DIGIT[0] - 1 - x) & 1 == 1);
                dots.extend(set.map(|x| [left + x, top + y]));
            }
        }
    }
    dots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_of_each_character_is_its_own() {
        let seen: std::collections::BTreeSet<Vec<[usize; 2]>> = ('\u{e000}'..='\u{e3ff}')
            .chain('\u{f0000}'..='\u{f03ff}')
            .map(dots)
            .collect();
        assert_eq!(seen.len(), 2 * 0x400);
    }

    #[test]
    fn the_dots_stay_in_the_box_at_every_size() {
        for character in ['\u{e000}', '\u{10ffff}', '\0'] {
            for size in [0.0, 1.0, 12.0, 13.0, 26.0, 90.0] {
                let drawn = boxed(character, size);
                let white = drawn.bitmap.image.pixels.iter();
                let white = white.filter(|pixel| **pixel == Color32::WHITE).count();
                assert!(
                    white > 0 && drawn.advance_px > 0.0,
                    "{character:?} at {size}"
                );
            }
        }
    }

    #[test]
    fn the_number_is_read_from_the_left() {
        assert_eq!(rows('\u{4e2d}'), [vec![4, 0xe], vec![2, 0xd]]);
        assert_eq!(rows('\u{1f600}'), [vec![0, 1, 0xf], vec![6, 0, 0]]);
    }
}
