//! The natural-picture coder: codes cells of photos and video stills with loss.
//!
//! A cell of 16 x 16 pixels becomes four blocks of luma and, at half the resolution, one block of
//! each chroma plane (the colours of JPEG). A block of 8 x 8 samples is transformed, divided by a
//! quantiser that [`Quality`] scales, and what is left is coded bit by bit under adaptive
//! estimates. There are no headers; a flat grey cell costs a few hundredths of a byte.
//!
//! All arithmetic is on integers, so a viewer, a film and the encoder's own reference hold equal
//! bytes on every machine. The transform is the 8 x 8 integer relative of the cosine transform known
//! from H.264: additions and shifts, exact in the decoder, about as good at packing a picture.
//!
//! Blocks of coefficients are kept *transposed*: it saves a transposition each way.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "samples, levels and colours are taken apart and put together within known bounds"
)]

use std::ops::{Add, Shr, Sub};

use crate::geometry::Rect;
use crate::grid::CELL;
use crate::picture::Picture;
use crate::range_coder::{BitCoder, Probability, RangeDecoder, RangeEncoder};

const CELL_SIDE: usize = CELL as usize;
const SIDE: usize = 8;
const AREA: usize = SIDE * SIDE;

/// Blocks of a cell: luma from the top left to the lower right, then blue and red chroma.
const BLOCKS: usize = 6;
const LUMA_BLOCKS: usize = 4;
const BLUE_CHROMA: usize = 4;
const RED_CHROMA: usize = 5;

/// Samples of an encoder carry this many bits below the point.
const SAMPLE_BITS: u32 = 3;
/// Reciprocals of quantisers are in 1 / 2^20.
const RECIPROCAL_BITS: u32 = 20;
/// Coefficients of a decoder carry this many bits below the point.
const COEFFICIENT_BITS: u32 = 10;

/// What becomes of half a step: DC is rounded, other coefficients must be larger to be worth bits.
const DC_ROUNDING: u32 = (1 << RECIPROCAL_BITS) / 2;
const AC_ROUNDING: u32 = (1 << RECIPROCAL_BITS) / 100 * 38;

/// Largest DC level either side works with; an encoder stays below 1,100.
const MAX_DC_LEVEL: i32 = 4_095;
/// Bits below the top one of the largest number that can be coded, 8,191.
const MAX_MAGNITUDE_BITS: u32 = 12;
/// Largest coefficient a decoder works with; an encoder's stay below a quarter of it.
///
/// INVARIANT: the inverse transform adds 64 of these with weights below 2.25, which fits an `i32`.
const MAX_COEFFICIENT: i32 = 1 << 20;

/// How close a picture comes to the original: from 1, hardly to be recognised, to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quality(u8);

impl Quality {
    pub(crate) const MIN: u8 = 1;
    pub(crate) const MAX: u8 = 100;

    /// `None` outside 1..=100.
    pub(crate) const fn new(quality: u8) -> Option<Self> {
        if quality >= Self::MIN && quality <= Self::MAX {
            Some(Self(quality))
        } else {
            None
        }
    }
}

/// What both sides have learned about the natural pictures of a session.
///
/// INVARIANT: every index is a function of bits already coded.
#[derive(Clone)]
pub(crate) struct NaturalModel {
    luma: Quantiser,
    chroma: Quantiser,
    statistics: Box<[Statistics; 2]>,
    latest: Latest,
}

/// What the latest block at each place of a cell held.
#[derive(Clone, Copy, Default)]
struct Latest {
    dc: [i32; BLOCKS],
    ac_count: [usize; BLOCKS],
}

/// Estimates for one kind of plane.
#[derive(Clone)]
struct Statistics {
    has_ac: [Probability; FILLS],
    ac_count: [[Probability; AREA]; FILLS],
    is_nonzero: [[Probability; 4]; AREA],
    ac: [[Magnitude; 3]; BANDS],
    dc_is_predicted: [Probability; FILLS],
    dc: [Magnitude; 2],
}

/// How many classes of [`fill_class`] there are.
const FILLS: usize = 8;
/// How many classes of [`band`] there are.
const BANDS: usize = 4;

impl NaturalModel {
    pub(crate) fn new() -> Self {
        let [luma, chroma] = Quantiser::both(Quality(50));
        let estimates = Statistics {
            has_ac: Default::default(),
            ac_count: [[Probability::default(); AREA]; FILLS],
            is_nonzero: [[Probability::default(); 4]; AREA],
            ac: Default::default(),
            dc_is_predicted: Default::default(),
            dc: Default::default(),
        };
        Self {
            luma,
            chroma,
            statistics: Box::new([estimates.clone(), estimates]),
            latest: Latest::default(),
        }
    }

    /// Begins a sequence of cells of one quality; neighbours should follow each other.
    pub(crate) fn begin(&mut self, quality: Quality) {
        [self.luma, self.chroma] = Quantiser::both(quality);
        self.latest = Latest::default();
    }

    /// Codes the pixels of `cell`, which lies in `picture` and is at most 16 x 16 large.
    pub(crate) fn encode_cell(&mut self, coder: &mut RangeEncoder, picture: &Picture, cell: Rect) {
        let mut blocks = blocks_of_pixels(&pixels_of_cell(picture, cell));
        for (place, block) in blocks.iter_mut().enumerate() {
            self.encode_block(coder, place, block);
        }
    }

    /// Does what `encode_cell` does, and puts into `shown` what the decoder will show.
    #[cfg(test)]
    pub(crate) fn encode_cell_and_show(
        &mut self,
        coder: &mut RangeEncoder,
        from: &Picture,
        shown: &mut Picture,
        cell: Rect,
    ) {
        let mut blocks = blocks_of_pixels(&pixels_of_cell(from, cell));
        for (place, block) in blocks.iter_mut().enumerate() {
            let levels = self.encode_block(coder, place, block);
            *block = self.quantiser(place).restored(&levels);
        }
        show(&blocks, shown, cell);
    }

    /// Puts the next cell into `picture`; whatever the coder's bytes are, this ends soon.
    pub(crate) fn decode_cell(
        &mut self,
        coder: &mut RangeDecoder<'_>,
        picture: &mut Picture,
        cell: Rect,
    ) {
        let mut blocks = [[Lanes([0; SIDE]); SIDE]; BLOCKS];
        for (place, block) in blocks.iter_mut().enumerate() {
            let mut levels = Levels::zero();
            self.code_block(coder, place, &mut levels);
            *block = self.quantiser(place).restored(&levels);
        }
        show(&blocks, picture, cell);
    }

    fn encode_block(
        &mut self,
        coder: &mut RangeEncoder,
        place: usize,
        block: &mut Block,
    ) -> Levels {
        transform(block);
        let mut levels = self.quantiser(place).levels(block);
        self.code_block(coder, place, &mut levels);
        levels
    }

    fn quantiser(&self, place: usize) -> &Quantiser {
        if place < LUMA_BLOCKS {
            &self.luma
        } else {
            &self.chroma
        }
    }

    /// Codes one block: an encoder takes the levels, a decoder fills them in.
    fn code_block<B: BitCoder>(&mut self, coder: &mut B, place: usize, levels: &mut Levels) {
        let statistics = &mut self.statistics[usize::from(place >= LUMA_BLOCKS)];
        let fill = fill_class(self.latest.expected_ac_count(place));

        let predicted = self.latest.predicted_dc(place);
        let difference = levels.by_place[0] - predicted;
        let mut dc = predicted;
        if coder.bit(&mut statistics.dc_is_predicted[fill], difference != 0) {
            let magnitude = &mut statistics.dc[usize::from(fill > 2)];
            dc += code_signed(coder, magnitude, difference);
        }
        let dc = dc.clamp(-MAX_DC_LEVEL, MAX_DC_LEVEL);
        levels.by_place[0] = dc;

        if coder.bit(&mut statistics.has_ac[fill], levels.ac_count > 0) {
            levels.ac_count = code_ac_count(coder, &mut statistics.ac_count[fill], levels.ac_count);
            statistics.code_ac(coder, levels);
        } else {
            levels.ac_count = 0;
        }
        self.latest.dc[place] = dc;
        self.latest.ac_count[place] = levels.ac_count;
    }
}

impl Default for NaturalModel {
    fn default() -> Self {
        Self::new()
    }
}

impl Latest {
    /// The mean of the nearest block to the left and, within the cell, of the one above.
    fn predicted_dc(&self, place: usize) -> i32 {
        match place {
            0 => self.dc[1],
            1 | 2 => self.dc[0],
            3 => (self.dc[1] + self.dc[2]) >> 1,
            _ => self.dc[place],
        }
    }

    /// How far the coefficients of the neighbours reach; red chroma is much like the blue.
    fn expected_ac_count(&self, place: usize) -> usize {
        let (one, other) = match place {
            0 => (1, 3),
            1 => (0, 0),
            2 => (0, 1),
            3 => (1, 2),
            RED_CHROMA => (BLUE_CHROMA, RED_CHROMA),
            _ => (place, place),
        };
        (self.ac_count[one] + self.ac_count[other]).div_ceil(2)
    }
}

impl Statistics {
    /// Codes the coefficients up to the last that is not zero.
    fn code_ac<B: BitCoder>(&mut self, coder: &mut B, levels: &mut Levels) {
        let mut unrest = 1;
        for step in 1..=levels.ac_count {
            let level = &mut levels.by_place[SCAN[step & (AREA - 1)] & (AREA - 1)];
            let is_last = step == levels.ac_count;
            let estimate = &mut self.is_nonzero[step & (AREA - 1)][unrest];
            if is_last || coder.bit(estimate, *level != 0) {
                let magnitude = &mut self.ac[band(step)][unrest.min(2)];
                *level = code_signed(coder, magnitude, *level);
                unrest = if level.abs() > 2 {
                    3
                } else if level.abs() > 1 {
                    2
                } else {
                    (unrest + 1).min(2)
                };
            } else {
                unrest = unrest.saturating_sub(1);
            }
        }
    }
}

/// Classes of how far the coefficients of a block reach.
fn fill_class(ac_count: usize) -> usize {
    match ac_count {
        0 => 0,
        1 => 1,
        2..=3 => 2,
        4..=6 => 3,
        7..=11 => 4,
        12..=19 => 5,
        20..=31 => 6,
        _ => 7,
    }
}

/// Classes of coefficients by their place in the scan.
#[inline]
fn band(step: usize) -> usize {
    match step {
        0..=2 => 0,
        3..=5 => 1,
        6..=14 => 2,
        _ => 3,
    }
}

/// Codes a count of 1..=63: its six bits, each under all bits before it.
#[inline]
fn code_ac_count<B: BitCoder>(
    coder: &mut B,
    tree: &mut [Probability; AREA],
    count: usize,
) -> usize {
    const BITS: u32 = AREA.ilog2();
    let mut node = 1;
    for place in (0..BITS).rev() {
        let bit = coder.bit(&mut tree[node & (AREA - 1)], count >> place & 1 != 0);
        node = node << 1 | usize::from(bit);
    }
    // No encoder means zero here, as it has a bit of its own.
    (node & (AREA - 1)).max(1)
}

/// Estimates for numbers of 1..=8191.
#[derive(Clone, Default)]
struct Magnitude {
    is_longer: [Probability; 16],
    upper_bits: [[Probability; 4]; 16],
}

/// Codes a number that is not zero and at most 8,191 either way.
#[inline]
fn code_signed<B: BitCoder>(coder: &mut B, magnitude: &mut Magnitude, value: i32) -> i32 {
    let coded = magnitude.code(coder, value.unsigned_abs()) as i32;
    if coder.even_bit(value < 0) {
        -coded
    } else {
        coded
    }
}

impl Magnitude {
    /// Codes how many bits follow the top one in unary, two of those by estimate, the rest even.
    #[inline]
    fn code<B: BitCoder>(&mut self, coder: &mut B, value: u32) -> u32 {
        // A decoder has no value yet.
        let wanted = if B::ENCODES { value.ilog2() } else { 0 };
        debug_assert!(wanted <= MAX_MAGNITUDE_BITS, "{value} cannot be coded");
        let mut bits = 0;
        while bits < MAX_MAGNITUDE_BITS
            && coder.bit(&mut self.is_longer[bits as usize & 15], bits < wanted)
        {
            bits += 1;
        }
        let mut coded = 1;
        let upper_bits = &mut self.upper_bits[bits as usize & 15];
        for place in (0..bits).rev() {
            let bit = value >> place & 1 != 0;
            let bit = if bits - place <= 2 {
                coder.bit(&mut upper_bits[coded as usize & 3], bit)
            } else {
                coder.even_bit(bit)
            };
            coded = coded << 1 | u32::from(bit);
        }
        coded
    }
}

/// The quantised coefficients of a block.
struct Levels {
    /// Transposed; zero behind the last that counts.
    by_place: [i32; AREA],
    /// Steps along [`SCAN`] from DC to the last coefficient that is not zero.
    ac_count: usize,
}

impl Levels {
    fn zero() -> Self {
        Self {
            by_place: [0; AREA],
            ac_count: 0,
        }
    }
}

/// How coefficients and levels are turned into each other; transposed.
#[derive(Clone)]
struct Quantiser {
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
    fn both(quality: Quality) -> [Self; 2] {
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
    fn levels(&self, block: &Block) -> Levels {
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
    fn restored(&self, levels: &Levels) -> Block {
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
const SCAN: [usize; AREA] = scan();

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

/// A row of a block, calculated with all at once.
#[derive(Clone, Copy)]
struct Lanes([i32; SIDE]);

/// A block of samples row by row, or of coefficients column by column.
type Block = [Lanes; SIDE];

impl Add for Lanes {
    type Output = Self;

    #[inline]
    fn add(mut self, other: Self) -> Self {
        for (lane, other) in self.0.iter_mut().zip(other.0) {
            *lane = lane.wrapping_add(other);
        }
        self
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline]
    fn sub(mut self, other: Self) -> Self {
        for (lane, other) in self.0.iter_mut().zip(other.0) {
            *lane = lane.wrapping_sub(other);
        }
        self
    }
}

impl Shr<u32> for Lanes {
    type Output = Self;

    #[inline]
    fn shr(mut self, bits: u32) -> Self {
        for lane in &mut self.0 {
            *lane >>= bits;
        }
        self
    }
}

/// Turns samples into coefficients 64 / (lengths of both basis vectors) times too small.
fn transform(block: &mut Block) {
    transform_columns(block);
    transpose(block);
    transform_columns(block);
}

/// Turns coefficients that are too small by as much again into samples.
fn transform_back(block: &mut Block) {
    transform_columns_back(block);
    transpose(block);
    transform_columns_back(block);
}

#[inline]
fn transpose(block: &mut Block) {
    let from = *block;
    for (row, lanes) in block.iter_mut().enumerate() {
        for (lane, from) in lanes.0.iter_mut().zip(&from) {
            *lane = from.0[row];
        }
    }
}

#[inline]
fn transform_columns(block: &mut Block) {
    let rows = *block;
    let (s0, s1, s2, s3) = (
        rows[0] + rows[7],
        rows[1] + rows[6],
        rows[2] + rows[5],
        rows[3] + rows[4],
    );
    let (d0, d1, d2, d3) = (
        rows[0] - rows[7],
        rows[1] - rows[6],
        rows[2] - rows[5],
        rows[3] - rows[4],
    );

    let (outer, inner) = (s0 + s3, s1 + s2);
    let (outer_slope, inner_slope) = (s0 - s3, s1 - s2);
    block[0] = outer + inner;
    block[2] = outer_slope + (inner_slope >> 1);
    block[4] = outer - inner;
    block[6] = (outer_slope >> 1) - inner_slope;

    let odd1 = d1 + d2 + d0 + (d0 >> 1);
    let odd3 = d0 - d3 - d2 - (d2 >> 1);
    let odd5 = d0 + d3 - d1 - (d1 >> 1);
    let odd7 = d1 - d2 + d3 + (d3 >> 1);
    block[1] = odd1 + (odd7 >> 2);
    block[3] = odd3 + (odd5 >> 2);
    block[5] = odd5 - (odd3 >> 2);
    block[7] = (odd1 >> 2) - odd7;
}

#[inline]
fn transform_columns_back(block: &mut Block) {
    let rows = *block;
    let (sum, difference) = (rows[0] + rows[4], rows[0] - rows[4]);
    let (outer_slope, inner_slope) = (rows[2] + (rows[6] >> 1), (rows[2] >> 1) - rows[6]);
    let even = [
        sum + outer_slope,
        difference + inner_slope,
        difference - inner_slope,
        sum - outer_slope,
    ];

    let odd1 = rows[5] + rows[3] + rows[1] + (rows[1] >> 1);
    let odd3 = rows[1] + rows[7] - rows[3] - (rows[3] >> 1);
    let odd5 = rows[7] - rows[1] + rows[5] + (rows[5] >> 1);
    let odd7 = rows[5] - rows[3] - rows[7] - (rows[7] >> 1);
    let odd = [
        odd1 - (odd7 >> 2),
        (odd3 >> 2) - odd5,
        odd3 + (odd5 >> 2),
        odd7 + (odd1 >> 2),
    ];
    for (index, (even, odd)) in even.into_iter().zip(odd).enumerate() {
        block[index] = even + odd;
        block[7 - index] = even - odd;
    }
}

type CellPixels = [[u32; CELL_SIDE]; CELL_SIDE];

/// The pixels of a cell; where the picture cuts it off, its edge is repeated.
fn pixels_of_cell(picture: &Picture, cell: Rect) -> CellPixels {
    debug_assert!(!cell.is_empty() && cell.width <= CELL && cell.height <= CELL);
    let width = cell.width as usize;
    let mut pixels = [[0; CELL_SIDE]; CELL_SIDE];
    for (y, row) in (0..).zip(&mut pixels) {
        let source = picture.span(cell.x, cell.y + cell.height.min(y + 1) - 1, cell.width);
        row[..width].copy_from_slice(source);
        row[width..].fill(source[width - 1]);
    }
    pixels
}

/// Red, green and blue of a pixel.
#[inline]
fn channels(pixel: u32) -> [i32; 3] {
    [16, 8, 0].map(|shift| (pixel >> shift & 0xff) as i32)
}

/// Splits a cell into samples with [`SAMPLE_BITS`] bits below the point.
fn blocks_of_pixels(pixels: &CellPixels) -> [Block; BLOCKS] {
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
fn show(blocks: &[Block; BLOCKS], picture: &mut Picture, cell: Rect) {
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
        picture
            .span_mut(cell.x, cell.y + y as u32, cell.width)
            .copy_from_slice(&row[..cell.width as usize]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::PixelSize;
    use crate::grid::Grid;

    fn quality(quality: u8) -> Quality {
        Quality::new(quality).expect("the tests name qualities that exist")
    }

    fn cells(size: PixelSize) -> impl Iterator<Item = Rect> {
        let grid = Grid::new(size);
        (0..grid.rows()).flat_map(move |row| {
            (0..grid.columns()).map(move |column| grid.cells_rect(column..column + 1, row..row + 1))
        })
    }

    /// The bytes, and what the encoder takes the viewer to show.
    fn encoded(model: &mut NaturalModel, quality: Quality, from: &Picture) -> (Vec<u8>, Picture) {
        let mut shown = Picture::new(from.size());
        let mut coder = RangeEncoder::new();
        model.begin(quality);
        for cell in cells(from.size()) {
            model.encode_cell_and_show(&mut coder, from, &mut shown, cell);
        }
        (coder.finish(), shown)
    }

    fn decoded(
        model: &mut NaturalModel,
        quality: Quality,
        bytes: &[u8],
        size: PixelSize,
    ) -> Picture {
        let mut picture = Picture::new(size);
        let mut coder = RangeDecoder::new(bytes);
        model.begin(quality);
        for cell in cells(size) {
            model.decode_cell(&mut coder, &mut picture, cell);
        }
        picture
    }

    fn painted(size: PixelSize, mut paint: impl FnMut(u32, u32) -> u32) -> Picture {
        let mut picture = Picture::new(size);
        for y in 0..size.height {
            for (x, pixel) in (0..).zip(picture.row_mut(y)) {
                *pixel = paint(x, y);
            }
        }
        picture
    }

    /// Soft hills in three colours.
    fn hills() -> Picture {
        painted(PixelSize::new(160, 96), |x, y| {
            let wave = |along: u32, length: f64| (f64::from(along) / length).sin();
            let channel = |value: f64| (127.0 + 110.0 * value) as u32;
            channel(wave(x, 17.0) * wave(y, 23.0)) << 16
                | channel(wave(x + y, 29.0)) << 8
                | channel(wave(2 * x + 3 * y, 71.0))
        })
    }

    fn squared_error(one: &Picture, other: &Picture) -> f64 {
        let pixels = one.pixels().iter().zip(other.pixels());
        let error: i32 = pixels
            .flat_map(|(&one, &other)| {
                let (one, other) = (channels(one), channels(other));
                [0, 1, 2].map(|place| (one[place] - other[place]).pow(2))
            })
            .sum();
        f64::from(error) / (one.pixels().len() * 3) as f64
    }

    /// The ratio of the largest signal to the error, in dB.
    fn psnr(one: &Picture, other: &Picture) -> f64 {
        10.0 * (255.0_f64.powi(2) / squared_error(one, other)).log10()
    }

    proptest::proptest! {
        #[test]
        fn the_decoder_shows_what_the_encoder_says_it_shows(
            (width, height) in (1_u32..40, 1_u32..40),
            pixels in proptest::collection::vec(proptest::prelude::any::<u32>(), 40 * 40),
            softness in 0_u32..8,
            qualities in proptest::collection::vec(1_u8..=100, 1..4),
        ) {
            let size = PixelSize::new(width, height);
            let mask = 0x0001_0101 * (0xff >> softness);
            let from = painted(size, |x, y| {
                (pixels[(y * 40 + x) as usize] & mask) + 0x0001_0101 * (x + y)
            });
            let (mut encoder, mut writer, mut decoder) =
                (NaturalModel::new(), NaturalModel::new(), NaturalModel::new());
            for quality in qualities.into_iter().map(quality) {
                let (bytes, shown) = encoded(&mut encoder, quality, &from);
                let mut coder = RangeEncoder::new();
                writer.begin(quality);
                for cell in cells(size) {
                    writer.encode_cell(&mut coder, &from, cell);
                }
                proptest::prop_assert_eq!(coder.finish(), &bytes[..]);
                let picture = decoded(&mut decoder, quality, &bytes, size);
                proptest::prop_assert!(picture == shown);
            }
        }

        #[test]
        fn any_bytes_become_some_picture(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..3_000),
            level in 1_u8..=100,
        ) {
            let picture = decoded(
                &mut NaturalModel::new(),
                quality(level),
                &bytes,
                PixelSize::new(100, 75),
            );
            proptest::prop_assert!(picture.pixels().iter().all(|pixel| pixel >> 24 == 0));
        }
    }

    #[test]
    fn the_largest_levels_of_every_quality_are_survived() {
        for level in [1, 22, 50, 100].map(quality) {
            for bytes in [[0xff; 4_000], [0xaa; 4_000], [0x00; 4_000]] {
                decoded(
                    &mut NaturalModel::new(),
                    level,
                    &bytes,
                    PixelSize::new(64, 64),
                );
            }
            for quantiser in Quantiser::both(level) {
                for extreme in [8_191, -8_191] {
                    let levels = Levels {
                        by_place: [extreme; AREA],
                        ac_count: AREA - 1,
                    };
                    let mut picture = Picture::new(PixelSize::new(16, 16));
                    let rect = picture.size().rect();
                    show(&[quantiser.restored(&levels); BLOCKS], &mut picture, rect);
                }
            }
        }
    }

    #[test]
    fn a_smooth_picture_stays_close_to_the_original() {
        let from = hills();
        let (_, shown) = encoded(&mut NaturalModel::new(), quality(75), &from);
        let psnr = psnr(&from, &shown);
        assert!(psnr > 38.0, "{psnr} dB");
    }

    #[test]
    fn the_best_quality_loses_next_to_nothing_of_a_grey_picture() {
        let from = painted(PixelSize::new(64, 64), |x, y| {
            0x0001_0101 * ((x * x + 3 * x * y + 7 * y) % 251)
        });
        let (_, shown) = encoded(&mut NaturalModel::new(), quality(100), &from);
        let psnr = psnr(&from, &shown);
        assert!(psnr > 52.0, "{psnr} dB");
    }

    #[test]
    fn higher_quality_costs_more_and_shows_more() {
        let from = painted(PixelSize::new(160, 96), |x, y| {
            let noise = (x * 73 + y * 151).wrapping_mul(0x9e37_79b1) >> 27;
            hills().row(y)[x as usize] / 2 + 0x0001_0101 * noise
        });
        let mut before = (0, f64::INFINITY);
        for level in [5, 22, 50, 75, 85, 95] {
            let (bytes, shown) = encoded(&mut NaturalModel::new(), quality(level), &from);
            let now = (bytes.len(), squared_error(&from, &shown));
            assert!(now.0 > before.0 && now.1 < before.1, "{now:?}, {before:?}");
            before = now;
        }
    }

    #[test]
    fn grey_stays_grey_and_its_chroma_is_all_but_free() {
        let size = PixelSize::new(320, 320);
        let grey = painted(size, |x, y| 0x0001_0101 * ((x * y / 7 + x) & 0xff));
        let mut model = NaturalModel::new();
        // Colour comes before, and something of it is left in the prediction and the estimates.
        encoded(&mut model, quality(50), &hills());
        let (bytes, shown) = encoded(&mut model, quality(50), &grey);
        for &pixel in shown.pixels() {
            assert_eq!(pixel, 0x0001_0101 * (pixel & 0xff));
        }
        let (mut luma_only, mut coder) = (NaturalModel::new(), RangeEncoder::new());
        encoded(&mut luma_only, quality(50), &hills());
        luma_only.begin(quality(50));
        for cell in cells(size) {
            let mut blocks = blocks_of_pixels(&pixels_of_cell(&grey, cell));
            for (place, block) in blocks[..LUMA_BLOCKS].iter_mut().enumerate() {
                luma_only.encode_block(&mut coder, place, block);
            }
        }
        // 400 cells.
        let chroma = bytes.len() - coder.finish().len();
        assert!(chroma <= 40, "{chroma} bytes for chroma");
    }

    #[test]
    fn only_qualities_from_1_to_100_exist() {
        assert_eq!(Quality::new(0), None);
        assert_eq!(Quality::new(101), None);
        assert_eq!(Quality::new(100).map(|quality| quality.0), Some(100));
    }
}
