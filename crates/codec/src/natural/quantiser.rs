//! Coefficients into levels and back.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "samples, levels and colours are taken apart and put together within known bounds"
)]

use super::transform::{Block, Lanes, transform_back};
use super::{AREA, Quality, SAMPLE_BITS, SIDE};

/// Reciprocals of quantisers are in 1 / 2^20.
const RECIPROCAL_BITS: u32 = 20;
/// Coefficients of a decoder carry this many bits below the point.
const COEFFICIENT_BITS: u32 = 10;
/// What becomes of half a step: DC is rounded, other coefficients must be larger to be worth bits.
const DC_ROUNDING: u32 = (1 << RECIPROCAL_BITS) / 2;
const AC_ROUNDING: u32 = (1 << RECIPROCAL_BITS) / 100 * 38;
/// Largest coefficient a decoder works with; an encoder's stay below a quarter of it.
///
/// INVARIANT: the inverse transform adds 64 of these with weights below 2.25, which fits an `i32`.
const MAX_COEFFICIENT: i32 = 1 << 20;

/// The quantised coefficients of a block.
pub(super) struct Levels {
    /// Transposed; zero behind the last that counts.
    pub(super) by_place: [i32; AREA],
    /// Steps along [`SCAN`] from DC to the last coefficient that is not zero.
    pub(super) ac_count: usize,
}

impl Levels {
    pub(super) fn zero() -> Self {
        Self {
            by_place: [0; AREA],
            ac_count: 0,
        }
    }
}

/// How coefficients and levels are turned into each other; transposed.
#[derive(Clone)]
pub(super) struct Quantiser {
    /// What a level is worth, in 1 / 2^[`COEFFICIENT_BITS`].
    steps: [i32; AREA],
    reciprocals: [u32; AREA],
}

/// The quantisers of quality 50, row by row: the example tables of the JPEG standard, which most
/// pictures one has ever seen were made with.
const LUMA_AT_50: [u32; AREA] = [
    16, 11, 10, 16, 24, 40, 51, 61, //
    12, 12, 14, 19, 26, 58, 60, 55, //
    14, 13, 16, 24, 40, 57, 69, 56, //
    14, 17, 22, 29, 51, 87, 80, 62, //
    18, 22, 37, 56, 68, 109, 103, 77, //
    24, 35, 55, 64, 81, 104, 113, 92, //
    49, 64, 78, 87, 103, 121, 120, 101, //
    72, 92, 95, 98, 112, 100, 103, 99, //
];
const CHROMA_AT_50: [u32; AREA] = [
    17, 18, 24, 47, 99, 99, 99, 99, //
    18, 21, 26, 66, 99, 99, 99, 99, //
    24, 26, 56, 99, 99, 99, 99, 99, //
    47, 66, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
];

/// 64 / (length of basis vector i x length of basis vector j), in 1 / 2^16.
///
/// The squared lengths are 512 for vectors 0 and 4, 320 for 2 and 6, 578 for the odd ones.
const GAIN_BITS: u32 = 16;
const GAINS: [[u32; 3]; 3] = [
    [8_192, 10_362, 7_710],
    [10_362, 13_107, 9_753],
    [7_710, 9_753, 7_257],
];

/// The row and column of [`GAINS`] for each basis vector.
const GAIN_CLASS: [usize; SIDE] = [0, 2, 1, 2, 0, 2, 1, 2];

impl Quantiser {
    /// For luma and chroma.
    pub(super) fn both(quality: Quality) -> [Self; 2] {
        [&LUMA_AT_50, &CHROMA_AT_50].map(|table| Self::new(table, quality))
    }

    fn new(table_at_50: &[u32; AREA], quality: Quality) -> Self {
        let quality = u32::from(quality.0);
        let percent = if quality < 50 {
            5_000 / quality
        } else {
            200 - 2 * quality
        };
        let mut quantiser = Self {
            steps: [0; AREA],
            reciprocals: [0; AREA],
        };
        for (place, at_50) in table_at_50.iter().enumerate() {
            let (row, column) = (place / SIDE, place % SIDE);
            let divisor = ((at_50 * percent + 50) / 100).clamp(1, 255);
            let gain = GAINS[GAIN_CLASS[row]][GAIN_CLASS[column]];
            let rounding = 1 << (GAIN_BITS - COEFFICIENT_BITS - 1);
            let transposed = column * SIDE + row;
            quantiser.steps[transposed] =
                ((divisor * gain + rounding) >> (GAIN_BITS - COEFFICIENT_BITS)) as i32;
            let gain = gain << (RECIPROCAL_BITS - SAMPLE_BITS - GAIN_BITS);
            quantiser.reciprocals[transposed] = (gain + divisor / 2) / divisor;
        }
        quantiser
    }

    /// Quantises transformed samples.
    #[inline(always)]
    pub(super) fn levels(&self, block: &Block) -> Levels {
        let mut levels = Levels::zero();
        let mut roundings = [AC_ROUNDING; AREA];
        roundings[0] = DC_ROUNDING;
        let mut last = 0;
        for (row, lanes) in block.iter().enumerate() {
            for (column, &coefficient) in lanes.0.iter().enumerate() {
                let place = row * SIDE + column;
                // A coefficient is below 2^17, a reciprocal at most 2^15 and small where it is so.
                let scaled = coefficient
                    .unsigned_abs()
                    .wrapping_mul(self.reciprocals[place])
                    .wrapping_add(roundings[place]);
                let sign = coefficient >> 31;
                let level = ((scaled >> RECIPROCAL_BITS) as i32 ^ sign) - sign;
                levels.by_place[place] = level;
                last = last.max(if level == 0 { 0 } else { STEP_OF[place] });
            }
        }
        levels.ac_count = last as usize;
        levels
    }

    /// The samples that remain of a block, without the offset of 128 that luma has.
    #[inline(always)]
    pub(super) fn restored(&self, levels: &Levels) -> Block {
        let coefficient = |place: usize| {
            let product = levels.by_place[place].wrapping_mul(self.steps[place]);
            product.clamp(-MAX_COEFFICIENT, MAX_COEFFICIENT)
        };
        const HALF: i32 = 1 << (COEFFICIENT_BITS - 1);
        let dc = coefficient(0) + HALF;
        if levels.ac_count == 0 {
            return [Lanes([dc >> COEFFICIENT_BITS; SIDE]); SIDE];
        }
        let mut block = [Lanes([0; SIDE]); SIDE];
        block[0].0[0] = dc;
        for &place in &SCAN[1..=levels.ac_count.min(AREA - 1)] {
            block[place / SIDE].0[place % SIDE] = coefficient(place);
        }
        transform_back(&mut block);
        block.map(|lanes| lanes >> COEFFICIENT_BITS)
    }
}

/// From DC outwards in zigzag; the places are transposed.
pub(super) const SCAN: [usize; AREA] = scan();

/// The step of [`SCAN`] that leads to each place.
const STEP_OF: [i32; AREA] = {
    let mut steps = [0; AREA];
    let mut step = 0;
    while step < AREA {
        steps[SCAN[step]] = step as i32;
        step += 1;
    }
    steps
};

const fn scan() -> [usize; AREA] {
    let mut scan = [0; AREA];
    let (mut row, mut column) = (0, 0);
    let mut step = 0;
    while step < AREA {
        scan[step] = column * SIDE + row;
        let goes_up = (row + column) % 2 == 0;
        if goes_up {
            if column == SIDE - 1 {
                row += 1;
            } else {
                column += 1;
                row = row.saturating_sub(1);
            }
        } else if row == SIDE - 1 {
            column += 1;
        } else {
            row += 1;
            column = column.saturating_sub(1);
        }
        step += 1;
    }
    scan
}
