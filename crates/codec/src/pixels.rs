//! The pixel coder: codes rectangles of pixels without loss, one bit decision at a time.
//!
//! Screens are drawn, not photographed: a pixel is nearly always what its neighbourhood was followed
//! by before, or the same as one of its neighbours, or a colour used a moment ago; or it belongs to a
//! shadow, a gradient or a picture. So a pixel is asked for in this order, and each question has its
//! own adaptive [`Probability`]:
//!
//! 1. where all neighbours agree, how far does that colour go on (a *run*)?
//! 2. is it the colour that followed this neighbourhood of six pixels last time?
//! 3. where the neighbours differ by little, does it as well, and by how much?
//! 4. is it one of the neighbours: west, north, north-west, north-east?
//! 5. is it one of two colours that followed this west and north lately?
//! 6. is it in the cache of colours? else its difference from a prediction, channel by channel.
//!
//! Everything learned lives in [`PixelModel`] and lasts from one update to the next.

#![expect(
    clippy::cast_possible_truncation,
    reason = "hashes are cut to table sizes, colours to channels, and a row is at most MAX_SIDE long"
)]

mod similar;
#[cfg(test)]
mod tests;

use crate::range_coder::{BitCoder, Probability};

use similar::SimilarModel;

/// What no 24-bit colour is equal to.
const NO_COLOUR: u32 = u32::MAX;

/// The first colour the row above a picture is taken to have: paper.
const FIRST_BACKGROUND: u32 = 0x00ff_ffff;

/// A table of 4 MiB. A smaller one forgets: with 16 bits a dragged window cost 1.4 times as much.
const NEIGHBOURHOOD_BITS: u32 = if cfg!(feature = "small-tables") {
    10
} else {
    20
};
/// The table consists of lines that fill one line of the processor's cache.
const LINE_BITS: u32 = 4;
const LINES_BITS: u32 = NEIGHBOURHOOD_BITS - LINE_BITS;
/// A table of 512 KiB; with 12 bits a dragged window cost 1.15 times as much.
const PAIR_BITS: u32 = if cfg!(feature = "small-tables") {
    8
} else {
    16
};
/// A larger cache takes longer to learn which of its places are in use.
const COLOUR_CACHE_BITS: u32 = 11;
const MOST_SEEN: u32 = 15;

/// What both sides have learned about the pixels of a session.
///
/// INVARIANT: every index below is a function of pixels both sides know and of bits already coded.
#[derive(Clone)]
pub(crate) struct PixelModel {
    /// By hash of six neighbours: the colour that followed, and in the top byte how often in a row.
    by_neighbourhood: Box<[Line; 1 << LINES_BITS]>,
    /// By hash of west and north: the last two colours that needed question 5 or later.
    by_pair: Box<[[u32; 2]; 1 << PAIR_BITS]>,
    /// By hash of the colour itself: colours that needed question 6.
    colours: Box<[u32; 1 << COLOUR_CACHE_BITS]>,
    /// The colour that the row above the next rectangle is taken to have.
    background: u32,
    is_expected: Box<[Probability; 128]>,
    similar: Box<SimilarModel>,
    is_neighbour: Box<[[Probability; 128]; 4]>,
    is_of_pair: Box<[[Probability; 64]; 2]>,
    is_cached: [Probability; 2],
    cache_index: Box<[Probability; 1 << COLOUR_CACHE_BITS]>,
    residual: Box<[[Probability; 256]; 9]>,
    run_is_cut: Box<[Probability; 32]>,
    run_magnitude: Box<[[Probability; 32]; 16]>,
    run_bits: Box<[[Probability; 32]; 16]>,
}

/// A part of the table that comes from memory at once.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u32; 1 << LINE_BITS]);

const _: () = assert!(size_of::<Line>() == align_of::<Line>());

/// The rows the coder looks at; the newest is filled from a picture or by the decoder.
///
/// INVARIANT: `above` and `above_that` have one pixel more on the left and two on the right than
/// the row is wide, `row` is exactly as wide.
pub(crate) struct Rows {
    above_that: Vec<u32>,
    above: Vec<u32>,
    /// The pixels of the row being coded.
    pub(crate) row: Vec<u32>,
}

/// The pixels around the one being coded.
#[derive(Clone, Copy)]
struct Neighbours {
    west: u32,
    north: u32,
    north_west: u32,
    north_east: u32,
    west_west: u32,
    north_north: u32,
}

impl PixelModel {
    pub(crate) fn new() -> Self {
        Self {
            by_neighbourhood: boxed(Line([0; 1 << LINE_BITS])),
            by_pair: boxed([0; 2]),
            colours: boxed(0),
            background: FIRST_BACKGROUND,
            is_expected: boxed(Probability::default()),
            similar: Box::default(),
            is_neighbour: boxed([Probability::default(); 128]),
            is_of_pair: boxed([Probability::default(); 64]),
            is_cached: [Probability::default(); 2],
            cache_index: boxed(Probability::default()),
            residual: boxed([Probability::default(); 256]),
            run_is_cut: boxed(Probability::default()),
            run_magnitude: boxed([Probability::default(); 32]),
            run_bits: boxed([Probability::default(); 32]),
        }
    }

    /// Begins a rectangle `width` pixels wide.
    pub(crate) fn begin(&self, width: u32) -> Rows {
        let width = width as usize;
        Rows {
            above_that: vec![self.background; width + 3],
            above: vec![self.background; width + 3],
            row: vec![0; width],
        }
    }

    /// Codes `rows.row`: an encoder takes the pixels from it, a decoder puts them there.
    pub(crate) fn code_row<B: BitCoder>(&mut self, coder: &mut B, rows: &mut Rows) {
        let width = rows.row.len();
        let above = &mut rows.above[..width + 3];
        above[0] = above[1];
        above[width + 1] = above[width];
        let above = &rows.above[..width + 3];
        let above_that = &rows.above_that[..width + 3];
        let row = &mut rows.row[..];
        self.fetch_lines(above, &above_that[1..=width]);
        let mut x = 0;
        while x < width {
            let mut near = Neighbours::of(row, above, above_that, x);
            let mut excluded = NO_COLOUR;
            if near.agree() {
                let colour = near.west;
                let longest = 1 + above[x + 3..width + 2]
                    .iter()
                    .take_while(|&&c| c == colour)
                    .count();
                let run = self.code_run(coder, row, x, longest, colour);
                x += run;
                if run == longest {
                    continue;
                }
                near = Neighbours::of(row, above, above_that, x);
                excluded = colour;
            }
            row[x] = self.code_pixel(coder, near, excluded, row[x]);
            x += 1;
        }
        std::mem::swap(&mut rows.above_that, &mut rows.above);
        rows.above[1..=width].copy_from_slice(&rows.row);
    }

    /// Has the memory bring the lines that the row above chooses, all at the same time.
    ///
    /// Otherwise the coder waits for each when its pixel comes: the frame of a video then took 49 ms
    /// to encode instead of 41.
    fn fetch_lines(&self, above: &[u32], north_norths: &[u32]) {
        let mut touched = 0;
        for (above, &north_north) in above.windows(3).zip(north_norths) {
            let [north_west, north, north_east] = [above[0], above[1], above[2]];
            if varies(north_west, north, north_east) {
                touched ^=
                    self.by_neighbourhood[line(north_west, north, north_east, north_north)].0[0];
            }
        }
        // Or the compiler would leave it all away.
        std::hint::black_box(touched);
    }

    /// Ends a rectangle after at least one row.
    pub(crate) fn end(&mut self, rows: &Rows) {
        self.background = rows.above[1];
    }

    /// Codes how many of the next `longest` pixels have the colour all neighbours have.
    fn code_run<B: BitCoder>(
        &mut self,
        coder: &mut B,
        row: &mut [u32],
        x: usize,
        longest: usize,
        colour: u32,
    ) -> usize {
        let mut run = 0;
        if B::ENCODES {
            run = row[x..x + longest]
                .iter()
                .take_while(|&&c| c == colour)
                .count();
        }
        let magnitude = longest.ilog2() as usize & 15;
        let to_the_end = usize::from(x + longest >= row.len());
        if coder.bit(
            &mut self.run_is_cut[magnitude * 2 + to_the_end],
            run < longest,
        ) {
            // A hostile stream may name more than there is room for.
            run = (self.code_run_length(coder, magnitude, run as u32) as usize).min(longest - 1);
        } else {
            run = longest;
        }
        if !B::ENCODES {
            row[x..x + run].fill(colour);
        }
        run
    }

    /// Codes a number: its magnitude in unary, the upper bits below that by estimate, the rest even.
    fn code_run_length<B: BitCoder>(&mut self, coder: &mut B, context: usize, run: u32) -> u32 {
        const MOST_BITS: u32 = 15;
        const ESTIMATED_BITS: u32 = 3;
        let value = run + 1;
        let wanted = value.ilog2();
        let mut bits = 0;
        while bits < MOST_BITS
            && coder.bit(
                &mut self.run_magnitude[context][bits as usize],
                bits < wanted,
            )
        {
            bits += 1;
        }
        let mut coded = 1;
        for place in (0..bits).rev() {
            let bit = value >> place & 1 != 0;
            let above = bits - 1 - place;
            let bit = if above < ESTIMATED_BITS {
                let prefix = (coded & 7) + above * 8;
                coder.bit(
                    &mut self.run_bits[bits as usize & 15][prefix as usize & 31],
                    bit,
                )
            } else {
                coder.even_bit(bit)
            };
            coded = coded << 1 | u32::from(bit);
        }
        coded - 1
    }

    /// Codes one pixel that is not `excluded`.
    #[inline]
    fn code_pixel<B: BitCoder>(
        &mut self,
        coder: &mut B,
        near: Neighbours,
        excluded: u32,
        pixel: u32,
    ) -> u32 {
        let (line, place) = near.line_and_place();
        let expected = self.by_neighbourhood[line].0[place];
        let (expected_colour, times_seen) = (expected & 0x00ff_ffff, expected >> 24);
        // What is already ruled out; unused places hold what cannot be.
        let mut ruled_out = [excluded; 8];
        let after_run = usize::from(excluded != NO_COLOUR);
        let mut coded = None;
        if times_seen > 0 && expected_colour != excluded {
            let context = (times_seen & 15) as usize * 8
                + usize::from(expected_colour == near.west) * 4
                + usize::from(expected_colour == near.north) * 2
                + after_run;
            if coder.bit(
                &mut self.is_expected[context & 127],
                pixel != expected_colour,
            ) {
                ruled_out[0] = expected_colour;
            } else {
                coded = Some(expected_colour);
            }
        }
        let coded = coded
            .or_else(|| self.similar.code(coder, near, times_seen > 0, pixel))
            .unwrap_or_else(|| self.code_unexpected(coder, near, after_run, ruled_out, pixel));
        self.by_neighbourhood[line].0[place] = if times_seen > 0 && expected_colour == coded {
            coded | (times_seen + 1).min(MOST_SEEN) << 24
        } else if times_seen > 2 {
            expected_colour | (times_seen / 2) << 24
        } else {
            coded | 1 << 24
        };
        coded
    }

    /// Codes a pixel by questions 4 to 6.
    fn code_unexpected<B: BitCoder>(
        &mut self,
        coder: &mut B,
        near: Neighbours,
        after_run: usize,
        mut ruled_out: [u32; 8],
        pixel: u32,
    ) -> u32 {
        let pattern = near.pattern();
        let mut asked = 1;
        let neighbours = [near.west, near.north, near.north_west, near.north_east];
        for (colour, probabilities) in neighbours.into_iter().zip(self.is_neighbour.iter_mut()) {
            if ruled_out.contains(&colour) {
                continue;
            }
            if !coder.bit(&mut probabilities[pattern * 2 + after_run], pixel != colour) {
                return colour;
            }
            ruled_out[asked] = colour;
            asked += 1;
        }
        let pair_slot = near.pair_hash();
        let pair = self.by_pair[pair_slot];
        for (colour, probabilities) in pair.into_iter().zip(self.is_of_pair.iter_mut()) {
            if ruled_out.contains(&colour) {
                continue;
            }
            if !coder.bit(&mut probabilities[pattern], pixel != colour) {
                if colour != pair[0] {
                    self.by_pair[pair_slot] = [colour, pair[0]];
                }
                return colour;
            }
            ruled_out[asked] = colour;
            asked += 1;
        }
        let index = colour_hash(pixel);
        let cached = self.colours[index];
        let coded = if coder.bit(&mut self.is_cached[after_run], cached != pixel) {
            let coded = self.code_residual(coder, near, pixel);
            self.colours[colour_hash(coded)] = coded;
            coded
        } else {
            let index = code_tree(
                coder,
                &mut self.cache_index,
                COLOUR_CACHE_BITS,
                index as u32,
            );
            self.colours[index as usize]
        };
        if coded != pair[0] {
            self.by_pair[pair_slot] = [coded, pair[0]];
        }
        coded
    }

    /// Codes a colour as differences from a prediction: green first, it predicts the others.
    fn code_residual<B: BitCoder>(&mut self, coder: &mut B, near: Neighbours, pixel: u32) -> u32 {
        const CHANNEL_SHIFTS: [u32; 3] = [8, 16, 0];
        let channel = |colour: u32, shift: u32| (colour >> shift & 0xff).cast_signed();
        let green = |colour| channel(colour, 8);
        let unrest = (green(near.west) - green(near.north_west)).abs()
            + (green(near.north) - green(near.north_west)).abs();
        let unrest = usize::from(unrest >= 6) + usize::from(unrest >= 40);
        let mut coded = 0;
        let mut green_error = 0;
        for (place, shift) in CHANNEL_SHIFTS.into_iter().enumerate() {
            let median = median_prediction(
                channel(near.west, shift),
                channel(near.north, shift),
                channel(near.north_west, shift),
            );
            let predicted = (median + green_error).clamp(0, 255);
            let difference = (channel(pixel, shift) - predicted).cast_unsigned() & 0xff;
            let tree = &mut self.residual[place * 3 + unrest];
            let difference = code_tree(coder, tree, 8, difference);
            let value = (predicted.cast_unsigned() + difference) & 0xff;
            if place == 0 {
                green_error = value.cast_signed() - median;
            }
            coded |= value << shift;
        }
        coded
    }
}

/// Whether the row above has no two equal pixels next to each other here.
#[inline]
fn varies(north_west: u32, north: u32, north_east: u32) -> bool {
    north_west != north && north != north_east
}

/// The line that the rows above choose.
#[inline]
fn line(north_west: u32, north: u32, north_east: u32, north_north: u32) -> usize {
    let hash = north.wrapping_mul(0x85eb_ca6b).rotate_left(7)
        ^ north_west.wrapping_mul(0xc2b2_ae35).rotate_left(13)
        ^ north_east.wrapping_mul(0x27d4_eb2f).rotate_left(19)
        ^ north_north.wrapping_mul(0xd3a2_646d).rotate_left(27);
    (mixed(hash) >> (u32::BITS - LINES_BITS)) as usize
}

/// Lets every bit of a hash act on the upper ones.
#[inline]
fn mixed(hash: u32) -> u32 {
    (hash ^ hash >> 15).wrapping_mul(0x2c1b_3c6d)
}

impl Neighbours {
    /// Looks around `x`; on the left edge the pixel above stands in for those to the west.
    #[inline]
    fn of(row: &[u32], above: &[u32], above_that: &[u32], x: usize) -> Self {
        let [north_west, north, north_east] = [above[x], above[x + 1], above[x + 2]];
        let west = if x > 0 { row[x - 1] } else { north };
        let west_west = if x > 1 { row[x - 2] } else { west };
        Self {
            west,
            north,
            north_west,
            north_east,
            west_west,
            north_north: above_that[x + 1],
        }
    }

    #[inline]
    fn agree(self) -> bool {
        self.west == self.north && self.north == self.north_west && self.north == self.north_east
    }

    /// Where the table keeps what followed: the line, and the place in it.
    ///
    /// The row above alone chooses the line where it varies, so that the line can be fetched before
    /// the pixels to the left are known; these choose the place. Where the row above is plain, a great
    /// many follow the same one and would crowd a line, so there they choose the line as well.
    #[inline]
    fn line_and_place(self) -> (usize, usize) {
        let left = mixed(
            self.west.wrapping_mul(0x9e37_79b1)
                ^ self.west_west.wrapping_mul(0x1656_67b1).rotate_left(23),
        );
        let place = left >> (u32::BITS - LINE_BITS);
        let line = line(
            self.north_west,
            self.north,
            self.north_east,
            self.north_north,
        );
        let line = if varies(self.north_west, self.north, self.north_east) {
            line
        } else {
            line ^ (left << LINE_BITS >> (u32::BITS - LINES_BITS)) as usize
        };
        (line, place as usize)
    }

    #[inline]
    fn pair_hash(self) -> usize {
        let hash = self.west.wrapping_mul(0x9e37_79b1)
            ^ self.north.wrapping_mul(0x85eb_ca6b).rotate_left(11);
        (hash >> (32 - PAIR_BITS)) as usize
    }

    /// Which of the nearest neighbours are equal.
    #[inline]
    fn nearest_pattern(self) -> NearestPattern {
        NearestPattern(self.pattern() & (NearestPattern::COUNT - 1))
    }

    /// Which neighbours are equal, as a number below 64; the lower four bits are the nearest.
    #[inline]
    fn pattern(self) -> usize {
        usize::from(self.west == self.north)
            | usize::from(self.north == self.north_west) << 1
            | usize::from(self.north == self.north_east) << 2
            | usize::from(self.west == self.north_west) << 3
            | usize::from(self.west == self.west_west) << 4
            | usize::from(self.north == self.north_north) << 5
    }
}

/// Which of west, north-west, north and north-east are equal: a bit for each of four pairs.
#[derive(Clone, Copy)]
struct NearestPattern(usize);

impl NearestPattern {
    const COUNT: usize = 16;

    /// Below [`Self::COUNT`].
    #[inline]
    fn index(self) -> usize {
        self.0
    }

    #[inline]
    fn equal_pairs(self) -> u32 {
        self.0.count_ones()
    }
}

fn colour_hash(colour: u32) -> usize {
    (colour.wrapping_mul(0x9e37_79b1) >> (32 - COLOUR_CACHE_BITS)) as usize
}

/// The value in the middle of west, north and the plane through all three (as in JPEG-LS).
fn median_prediction(west: i32, north: i32, north_west: i32) -> i32 {
    let (low, high) = (west.min(north), west.max(north));
    if north_west >= high {
        low
    } else if north_west <= low {
        high
    } else {
        west + north - north_west
    }
}

/// Codes a number of `bits` bits, most significant first, each under all bits before it.
#[inline]
fn code_tree<B: BitCoder, const N: usize>(
    coder: &mut B,
    probabilities: &mut [Probability; N],
    bits: u32,
    value: u32,
) -> u32 {
    debug_assert_eq!(N, 1 << bits, "a tree has a node for each prefix");
    let mut node = 1;
    for place in (0..bits).rev() {
        let bit = coder.bit(&mut probabilities[node & (N - 1)], value >> place & 1 != 0);
        node = node << 1 | usize::from(bit);
    }
    (node & (N - 1)) as u32
}

fn boxed<T: Clone, const N: usize>(value: T) -> Box<[T; N]> {
    let Ok(table) = vec![value; N].into_boxed_slice().try_into() else {
        unreachable!("the slice was made N long")
    };
    table
}
