//! Pixels of a cell into samples and back.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "samples, levels and colours are taken apart and put together within known bounds"
)]

use super::transform::{Block, Lanes};
use super::{BLOCKS, BLUE_CHROMA, CELL_SIDE, RED_CHROMA, SAMPLE_BITS, SIDE};
use crate::geometry::Rect;
use crate::grid::CELL;
use crate::picture::Picture;

pub(super) type CellPixels = [[u32; CELL_SIDE]; CELL_SIDE];

/// The pixels of a cell; where the picture cuts it off, its edge is repeated.
#[inline(always)]
pub(super) fn pixels_of_cell(picture: &Picture, cell: Rect) -> CellPixels {
    debug_assert!(!cell.is_empty() && cell.width <= CELL && cell.height <= CELL);
    let width = cell.width as usize;
    let mut pixels = [[0; CELL_SIDE]; CELL_SIDE];
    for (y, row) in (0..).zip(&mut pixels) {
        let source = picture.span(cell.x, cell.y + cell.height.min(y + 1) - 1, cell.width);
        if let Some(whole) = source.first_chunk() {
            *row = *whole;
        } else {
            row[..width].copy_from_slice(source);
            row[width..].fill(source[width - 1]);
        }
    }
    pixels
}

/// Red, green and blue of a pixel.
#[inline(always)]
pub(super) fn channels(pixel: u32) -> [i32; 3] {
    [16, 8, 0].map(|shift| (pixel >> shift & 0xff) as i32)
}

/// Splits a cell into samples with [`SAMPLE_BITS`] bits below the point.
#[inline(always)]
pub(super) fn blocks_of_pixels(pixels: &CellPixels) -> [Block; BLOCKS] {
    /// Weights are in 1 / 2^15. Those of luma add up to one and those of chroma to zero, so that
    /// grey stays grey exactly.
    const LUMA: [i32; 3] = [9_798, 19_235, 3_735];
    const BLUE: [i32; 3] = [-5_529, -10_855, 16_384];
    const RED: [i32; 3] = [16_384, -13_720, -2_664];
    const SHIFT: u32 = 15 - SAMPLE_BITS;
    const HALF: i32 = 1 << (SHIFT - 1);
    /// Chroma is the mean of four pixels.
    const CHROMA_SHIFT: u32 = SHIFT + 2;
    const CHROMA_HALF: i32 = 1 << (CHROMA_SHIFT - 1);
    let weigh = |[red, green, blue]: [i32; 3], weights: [i32; 3]| {
        red * weights[0] + green * weights[1] + blue * weights[2]
    };

    let mut blocks = [[Lanes([0; SIDE]); SIDE]; BLOCKS];
    for (y, row) in pixels.iter().enumerate() {
        for half in 0..2 {
            let lanes = &mut blocks[y / SIDE * 2 + half][y % SIDE];
            for (lane, &pixel) in lanes.0.iter_mut().zip(&row[half * SIDE..]) {
                *lane = (weigh(channels(pixel), LUMA) + HALF - (128 << 15)) >> SHIFT;
            }
        }
    }
    for (y, rows) in pixels.chunks_exact(2).enumerate() {
        for x in 0..SIDE {
            let four = [
                rows[0][2 * x],
                rows[0][2 * x + 1],
                rows[1][2 * x],
                rows[1][2 * x + 1],
            ];
            // Two channels are added up at once, each in its own half.
            let red_blue: u32 = four.iter().map(|pixel| pixel & 0x00ff_00ff).sum();
            let green: u32 = four.iter().map(|pixel| pixel >> 8 & 0xff).sum();
            let sums = [
                (red_blue >> 16) as i32,
                green as i32,
                (red_blue & 0xffff) as i32,
            ];
            blocks[BLUE_CHROMA][y].0[x] = (weigh(sums, BLUE) + CHROMA_HALF) >> CHROMA_SHIFT;
            blocks[RED_CHROMA][y].0[x] = (weigh(sums, RED) + CHROMA_HALF) >> CHROMA_SHIFT;
        }
    }
    blocks
}

/// Puts samples into a picture as far as the cell reaches.
#[inline(always)]
pub(super) fn show(blocks: &[Block; BLOCKS], picture: &mut Picture, cell: Rect) {
    /// What chroma adds to the channels, in 1 / 2^14.
    const RED_OF_RED: i32 = 22_970;
    const GREEN_OF_BLUE: i32 = -5_638;
    const GREEN_OF_RED: i32 = -11_700;
    const BLUE_OF_BLUE: i32 = 29_032;
    const SHIFT: u32 = 14;
    const HALF: i32 = 1 << (SHIFT - 1);
    /// Far beyond what an encoder makes; a bound for what others do.
    const FARTHEST: i32 = 4_095;

    let bounded = |sample: i32| sample.clamp(-FARTHEST, FARTHEST);
    let mut added = [[0_i16; 3]; CELL_SIDE];
    for y in 0..cell.height as usize {
        if y % 2 == 0 {
            let (blue, red) = (&blocks[BLUE_CHROMA][y / 2], &blocks[RED_CHROMA][y / 2]);
            for (x, added) in added.iter_mut().enumerate() {
                let (blue, red) = (bounded(blue.0[x / 2]), bounded(red.0[x / 2]));
                *added = [
                    ((red * RED_OF_RED + HALF) >> SHIFT) as i16,
                    ((blue * GREEN_OF_BLUE + red * GREEN_OF_RED + HALF) >> SHIFT) as i16,
                    ((blue * BLUE_OF_BLUE + HALF) >> SHIFT) as i16,
                ];
            }
        }
        let mut luma = [0_i16; CELL_SIDE];
        for (half, luma) in luma.chunks_exact_mut(SIDE).enumerate() {
            let lanes = &blocks[y / SIDE * 2 + half][y % SIDE];
            for (luma, &lane) in luma.iter_mut().zip(&lanes.0) {
                *luma = bounded(lane) as i16 + 128;
            }
        }
        let channel = |place: usize, x: usize| (luma[x] + added[x][place]).clamp(0, 255) as u32;
        let mut row = [0; CELL_SIDE];
        for (x, pixel) in row.iter_mut().enumerate() {
            *pixel = channel(0, x) << 16 | channel(1, x) << 8 | channel(2, x);
        }
        let target = picture.span_mut(cell.x, cell.y + y as u32, cell.width);
        if let Some(whole) = target.first_chunk_mut() {
            *whole = row;
        } else {
            target.copy_from_slice(&row[..cell.width as usize]);
        }
    }
}
