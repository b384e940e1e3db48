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

//! What goes through every pixel is compiled once for each set of instructions that processors have, and
//! chosen at run time (`fearless_simd`): on one with AVX2 a photo takes two thirds of the time.

#![expect(
    clippy::cast_possible_wrap,
    reason = "levels have far fewer bits than an i32"
)]
#![expect(
    clippy::inline_always,
    reason = "only what is inlined there is compiled for the instructions of the caller"
)]

mod quantiser;
pub(crate) mod quick;
mod samples;
#[cfg(test)]
mod tests;
mod transform;

use fearless_simd::dispatch;

use crate::geometry::Rect;
use crate::grid::CELL;
use crate::picture::Picture;
use crate::range_coder::{BitCoder, Probability, RangeDecoder, RangeEncoder};

use quantiser::{Levels, Quantiser, SCAN};
use samples::{blocks_of_pixels, pixels_of_cell, show};
use transform::{Block, Lanes, transform};

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

/// Largest DC level either side works with; an encoder stays below 1,100.
const MAX_DC_LEVEL: i32 = 4_095;
/// Bits below the top one of the largest number that can be coded, 8,191.
const MAX_MAGNITUDE_BITS: u32 = 12;

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
    /// What this machine calculates with: results are equal, the time is not.
    processor: fearless_simd::Level,
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
#[derive(Clone, Copy)]
struct Statistics {
    has_ac: [Probability; FILLS],
    ac_count: [[Probability; AREA]; FILLS],
    is_nonzero: [[Probability; 4]; AREA],
    ac: [[Magnitude; 3]; BANDS],
    dc_is_predicted: [Probability; FILLS],
    dc: [Magnitude; 2],
}

impl Statistics {
    /// A constant: the instructions that write these arrays would be three times as large.
    const NEW: Self = Self {
        has_ac: [Probability::NEW; FILLS],
        ac_count: [[Probability::NEW; AREA]; FILLS],
        is_nonzero: [[Probability::NEW; 4]; AREA],
        ac: [[Magnitude::NEW; 3]; BANDS],
        dc_is_predicted: [Probability::NEW; FILLS],
        dc: [Magnitude::NEW; 2],
    };
}

/// How many classes of [`fill_class`] there are.
const FILLS: usize = 8;
/// How many classes of [`band`] there are.
const BANDS: usize = 4;

impl NaturalModel {
    pub(crate) fn new() -> Self {
        let [luma, chroma] = Quantiser::both(Quality(50));
        Self {
            processor: fearless_simd::Level::new(),
            luma,
            chroma,
            statistics: Box::new([Statistics::NEW; 2]),
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
        dispatch!(self.processor, _simd => {
            let mut blocks = blocks_of_pixels(&pixels_of_cell(picture, cell));
            for (place, block) in blocks.iter_mut().enumerate() {
                self.encode_block(coder, place, block);
            }
        });
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
        dispatch!(self.processor, _simd => {
            let mut blocks = [[Lanes([0; SIDE]); SIDE]; BLOCKS];
            for (place, block) in blocks.iter_mut().enumerate() {
                let mut levels = Levels::zero();
                self.code_block(coder, place, &mut levels);
                *block = self.quantiser(place).restored(&levels);
            }
            show(&blocks, picture, cell);
        });
    }

    #[inline(always)]
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

    #[inline(always)]
    fn quantiser(&self, place: usize) -> &Quantiser {
        if place < LUMA_BLOCKS {
            &self.luma
        } else {
            &self.chroma
        }
    }

    /// Codes one block: an encoder takes the levels, a decoder fills them in.
    #[inline(always)]
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
#[derive(Clone, Copy)]
struct Magnitude {
    is_longer: [Probability; 16],
    upper_bits: [[Probability; 4]; 16],
}

impl Magnitude {
    const NEW: Self = Self {
        is_longer: [Probability::NEW; 16],
        upper_bits: [[Probability::NEW; 4]; 16],
    };
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
