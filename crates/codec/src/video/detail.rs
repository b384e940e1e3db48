//! With how many pixels a video shows its rectangle.
//!
//! Encoding and decoding take nearly all of a video's time, in proportion to its pixels, and a large screen has more
//! of them than two cores can keep up with. So a large video has fewer pixels than its rectangle: the host shrinks
//! its planes before it encodes them, and the viewer enlarges what it decodes. What moves is a little softer for
//! that; once it rests it becomes exact as ever.
//!
//! A small pixel is the average of the area that it covers. A large one is interpolated between the middles of the
//! two small ones nearest to it, along either side; beyond the outermost middle it is like that one. It is all
//! integers, the same on every machine.

#![expect(
    clippy::inline_always,
    reason = "becomes other instructions only within a function that is compiled for them"
)]

use std::ops::Range;

use super::VideoError;
use crate::geometry::PixelSize;

/// How many pixels of a video there are for those of its rectangle, along either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    Whole,
    ThreeQuarters,
    Half,
}

/// A rectangle of more pixels is shown with three quarters of them along either side: one larger than 1280 x 720 ...
const MOST_PIXELS_WHOLE: u64 = 1_000_000;
/// ... or with half of them: one larger than 2560 x 1440.
const MOST_PIXELS_AT_THREE_QUARTERS: u64 = 3_700_000;

/// Shortest side that the library takes, in pixels.
const LEAST_SIDE: u32 = 16;
/// Longest side that it takes, and the longest beside that.
const MOST_SIDES: [u32; 2] = [3840, 2160];

/// By how much of the upper and the lower row a row between them is made up; for each row of a group of shrunken
/// ones, in quarters. The upper one has the number of the row that is made.
const THREE_OF_FOUR: [[u16; 2]; 3] = [[3, 1], [2, 2], [1, 3]];
/// The same for enlarged ones, in eighths. The lower one has the number of the row that is made.
const FOUR_OF_THREE: [[u16; 2]; 4] = [[1, 7], [3, 5], [5, 3], [7, 1]];
const TWO_OF_ONE: [[u16; 2]; 2] = [[2, 6], [6, 2]];

impl Detail {
    /// What suits a rectangle of `size`.
    pub(crate) fn of(size: PixelSize) -> Self {
        if size.area() <= MOST_PIXELS_WHOLE {
            Self::Whole
        } else if size.area() <= MOST_PIXELS_AT_THREE_QUARTERS {
            Self::ThreeQuarters
        } else {
            Self::Half
        }
    }

    /// How an update states it.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Whole => 1,
            Self::ThreeQuarters => 2,
            Self::Half => 3,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        let all = [Self::Whole, Self::ThreeQuarters, Self::Half];
        all.into_iter().find(|detail| detail.number() == number)
    }

    /// The quantiser of a picture on a line that is not narrow. Pictures of a moving photograph take, each:
    ///
    /// | | encode ms | decode ms | KB | PSNR dB |
    /// | --- | ---: | ---: | ---: | ---: |
    /// | 1920 x 1080, whole, 28 | 8.8 | 4.3 | 20.8 | 33.3 |
    /// | whole, 33 | 6.1 | 3.3 | 10.1 | 30.7 |
    /// | 3/4, 30 | 4.8 | 3.2 | 9.9 | 30.3 |
    /// | 1/2, 26 | 2.4 | 2.0 | 12.2 | 30.0 |
    /// | 3840 x 2160, whole, 33 | 22.6 | 12.7 | 30.8 | 31.7 |
    /// | 1/2, 26 | 9.5 | 8.4 | 32.8 | 31.4 |
    pub(super) fn finest(self) -> i32 {
        match self {
            Self::Whole => 33,
            Self::ThreeQuarters => 30,
            Self::Half => 26,
        }
    }

    /// So many pixels of the video are ...
    fn small(self) -> u32 {
        match self {
            Self::Whole | Self::Half => 1,
            Self::ThreeQuarters => 3,
        }
    }

    /// ... so many of the rectangle.
    fn large(self) -> u32 {
        match self {
            Self::Whole => 1,
            Self::ThreeQuarters => 4,
            Self::Half => 2,
        }
    }

    /// The sizes of a video of a rectangle of `size`.
    ///
    /// # Errors
    ///
    /// If it is empty, if more than 3840 x 2160 pixels (either way round) would be encoded, or so few that it had
    /// better be whole.
    pub(super) fn sizes(self, size: PixelSize) -> Result<Sizes, VideoError> {
        let PixelSize { width, height } = size;
        let small = |pixels: u32| pixels / self.large() * self.small();
        // chroma has half as many, of which there are whole groups as well
        let padded = |pixels: u32| {
            let pixels = pixels.max(LEAST_SIDE);
            pixels.checked_next_multiple_of(2 * self.large())
        };
        let unsupported = VideoError::UnsupportedSize { width, height };
        let (Some(padded_width), Some(padded_height)) = (padded(width), padded(height)) else {
            return Err(unsupported);
        };
        let sizes = Sizes {
            padded: PixelSize::new(padded_width, padded_height),
            coded: PixelSize::new(small(padded_width), small(padded_height)),
        };
        let PixelSize { width, height } = sizes.coded;
        let (long, short) = (width.max(height), width.min(height));
        let [most_long, most_short] = MOST_SIDES;
        if size.area() == 0 || short < LEAST_SIDE || long > most_long || short > most_short {
            return Err(unsupported);
        }
        Ok(sizes)
    }

    /// Shrinks a plane of `width` into `target`. Both are whole rows without gaps, in whole groups; `row` is any
    /// memory.
    #[inline(always)]
    pub(super) fn shrink(self, plane: &[u8], width: usize, target: &mut [u8], row: &mut Vec<u16>) {
        row.resize(width, 0);
        match self {
            Self::Whole => target.copy_from_slice(plane),
            Self::ThreeQuarters => {
                let groups = plane.chunks_exact(4 * width);
                for (rows, targets) in groups.zip(target.chunks_exact_mut(9 * width / 4)) {
                    let targets = targets.chunks_exact_mut(3 * width / 4);
                    let rows = rows.chunks_exact(width);
                    let pairs = rows.clone().zip(rows.skip(1));
                    for ((target, pair), shares) in targets.zip(pairs).zip(THREE_OF_FOUR) {
                        mix(pair, shares, row);
                        let groups = row.as_chunks().0.iter();
                        for (&[a, b, c, d], target) in groups.zip(target.as_chunks_mut().0) {
                            *target = [3 * a + b, 2 * b + 2 * c, c + 3 * d]
                                .map(|sum| ((sum + 8) >> 4).to_le_bytes()[0]);
                        }
                    }
                }
            }
            Self::Half => {
                let pairs = plane.chunks_exact(2 * width);
                for (rows, target) in pairs.zip(target.chunks_exact_mut(width / 2)) {
                    mix(rows.split_at(width), [1, 1], row);
                    for (&[a, b], target) in row.as_chunks().0.iter().zip(target) {
                        *target = ((a + b + 2) >> 2).to_le_bytes()[0];
                    }
                }
            }
        }
    }

    /// The first and last pixel of a group, of which only whole ones can be [enlarged](Self::enlarge), around the
    /// `count` pixels from `x` on.
    #[inline(always)]
    pub(super) fn groups(self, x: usize, count: usize) -> Range<usize> {
        let group = 2 * self.large() as usize;
        x / group * group..(x + count).next_multiple_of(group)
    }

    /// Fills `target` with pixels of row `y` of an enlarged plane, from column `x` on. Both `x` and the length of
    /// `target` are whole groups; `row` is any memory.
    #[inline(always)]
    pub(super) fn enlarge(
        self,
        plane: SmallPlane<'_>,
        (x, y): (usize, usize),
        target: &mut [u8],
        row: &mut Vec<u16>,
    ) {
        let (small, large) = (self.small() as usize, self.large() as usize);
        let shares = match self {
            Self::Whole => {
                target.copy_from_slice(&plane.row(y)[x..][..target.len()]);
                return;
            }
            Self::ThreeQuarters => FOUR_OF_THREE[y % large],
            Self::Half => TWO_OF_ONE[y % large],
        };
        let lower = y / large * small + y % large;
        let upper = plane.row(lower.saturating_sub(1));
        let lower = plane.row(lower);
        let (first, count) = (x / large * small, target.len() / large * small);
        // one more on either side
        row.resize(count + 2, 0);
        let rows = (&upper[first..][..count], &lower[first..][..count]);
        mix(rows, shares, &mut row[1..=count]);
        let at = |x: usize| shares[0] * u16::from(upper[x]) + shares[1] * u16::from(lower[x]);
        row[0] = at(first.saturating_sub(1));
        row[count + 1] = at((first + count).min(plane.width - 1));
        if self == Self::ThreeQuarters {
            make_four_of_three(row, target);
        } else {
            make_two_of_one(row, target);
        }
    }
}

/// Adds up two rows, each by its share.
#[inline(always)]
fn mix((upper, lower): (&[u8], &[u8]), [of_upper, of_lower]: [u16; 2], target: &mut [u16]) {
    for ((target, &upper), &lower) in target.iter_mut().zip(upper).zip(lower) {
        *target = u16::from(upper) * of_upper + u16::from(lower) * of_lower;
    }
}

/// Makes four of three pixels along a row of eighths, which has one more on either side.
#[inline(always)]
fn make_four_of_three(row: &[u16], target: &mut [u8]) {
    let (targets, _) = target.as_chunks_mut::<4>();
    let row = &row[..targets.len() * 3 + 2];
    for (group, target) in targets.iter_mut().enumerate() {
        for (at, (target, [left, right])) in target.iter_mut().zip(FOUR_OF_THREE).enumerate() {
            let sum = left * row[group * 3 + at] + right * row[group * 3 + at + 1];
            *target = from_64ths(sum);
        }
    }
}

/// The same for two of one; written out, it becomes vector instructions.
#[inline(always)]
fn make_two_of_one(row: &[u16], target: &mut [u8]) {
    let (targets, _) = target.as_chunks_mut::<2>();
    let count = targets.len();
    let (left, middle, right) = (&row[..count], &row[1..][..count], &row[2..][..count]);
    let [[of_left, of_middle], [of_middle_too, of_right]] = TWO_OF_ONE;
    for (at, target) in targets.iter_mut().enumerate() {
        *target = [
            from_64ths(of_left * left[at] + of_middle * middle[at]),
            from_64ths(of_middle_too * middle[at] + of_right * right[at]),
        ];
    }
}

#[inline(always)]
fn from_64ths(sum: u16) -> u8 {
    ((sum + 32) >> 6).to_le_bytes()[0]
}

/// A plane as it was decoded.
#[derive(Clone, Copy)]
pub(super) struct SmallPlane<'a> {
    pub(super) bytes: &'a [u8],
    /// So many bytes are from one row to the next.
    pub(super) stride: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl<'a> SmallPlane<'a> {
    /// The lowest one for those below it.
    #[inline(always)]
    fn row(self, y: usize) -> &'a [u8] {
        &self.bytes[y.min(self.height - 1) * self.stride..][..self.width]
    }
}

/// The sizes of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Of the rectangle, with its right and lower edge repeated until they suit.
    pub(super) padded: PixelSize,
    /// Of what is encoded.
    pub(super) coded: PixelSize,
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    const FEWER: [Detail; 2] = [Detail::ThreeQuarters, Detail::Half];
    /// Whole groups of either.
    const WIDTH: usize = 88;
    const HEIGHT: usize = 40;

    fn shrunken(detail: Detail, plane: &[u8]) -> Vec<u8> {
        let side = |pixels: usize| pixels / detail.large() as usize * detail.small() as usize;
        let mut target = vec![0; side(WIDTH) * side(HEIGHT)];
        detail.shrink(plane, WIDTH, &mut target, &mut Vec::new());
        target
    }

    fn small_plane(detail: Detail, bytes: &[u8]) -> SmallPlane<'_> {
        let side = |pixels: usize| pixels / detail.large() as usize * detail.small() as usize;
        SmallPlane {
            bytes,
            stride: side(WIDTH),
            width: side(WIDTH),
            height: side(HEIGHT),
        }
    }

    fn enlarged(detail: Detail, bytes: &[u8]) -> Vec<u8> {
        let mut target = vec![0; WIDTH * HEIGHT];
        for (y, target) in target.chunks_exact_mut(WIDTH).enumerate() {
            detail.enlarge(small_plane(detail, bytes), (0, y), target, &mut Vec::new());
        }
        target
    }

    fn noise() -> Vec<u8> {
        let mut state = 0x9e37_79b9_u32;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_le_bytes()[3]
        })
        .take(WIDTH * HEIGHT)
        .collect()
    }

    #[test]
    fn what_is_even_stays_as_it_is() {
        for detail in FEWER {
            for value in [0, 1, 127, 254, 255] {
                let plane = vec![value; WIDTH * HEIGHT];
                let small = shrunken(detail, &plane);
                assert!(small.iter().all(|&small| small == value), "{detail:?}");
                assert_eq!(enlarged(detail, &small), plane, "{detail:?}");
            }
        }
    }

    #[test]
    fn what_rises_evenly_is_nowhere_shifted() {
        let plane: Vec<u8> = (0..HEIGHT)
            .flat_map(|y| (0..WIDTH).map(move |x| x + 3 * y))
            .map(|value| u8::try_from(value).expect("below 256"))
            .collect();
        for detail in FEWER {
            let again = enlarged(detail, &shrunken(detail, &plane));
            for (at, (&is, &was)) in again.iter().zip(&plane).enumerate() {
                let (x, y) = (at % WIDTH, at / WIDTH);
                // beyond the outermost middle there is nothing to rise from
                let is_inside = (1..WIDTH - 1).contains(&x) && (1..HEIGHT - 1).contains(&y);
                assert!(
                    !is_inside || is.abs_diff(was) <= 1,
                    "{detail:?} at {x}, {y}: {is}, not {was}"
                );
            }
        }
    }

    #[test]
    fn every_pixel_is_what_the_positions_of_its_neighbours_make_it() {
        let bytes = noise();
        for detail in FEWER {
            let plane = small_plane(detail, &bytes);
            let share = f64::from(detail.small()) / f64::from(detail.large());
            // the pixel left of a place, the one right of it, and how near the latter is
            let between = |large: usize, count: usize| {
                let place = (large as f64 + 0.5) * share - 0.5;
                let place = place.clamp(0.0, (count - 1) as f64);
                let left = (0..count).rfind(|&at| at as f64 <= place).expect("0 is");
                (left, (left + 1).min(count - 1), place - left as f64)
            };
            for (at, is) in enlarged(detail, &bytes).into_iter().enumerate() {
                let (left, right, to_right) = between(at % WIDTH, plane.width);
                let (upper, lower, to_lower) = between(at / WIDTH, plane.height);
                let along = |y: usize| {
                    f64::from(plane.row(y)[left]) * (1.0 - to_right)
                        + f64::from(plane.row(y)[right]) * to_right
                };
                let wanted = along(upper) * (1.0 - to_lower) + along(lower) * to_lower;
                assert!(
                    (f64::from(is) - wanted).abs() <= 0.5,
                    "{detail:?}, {at}: {is}, not {wanted}"
                );
            }
        }
    }

    #[test]
    fn every_machine_makes_the_same_pixels() {
        let plane = noise();
        for detail in FEWER {
            let (mut small, mut large) = (shrunken(detail, &plane), vec![0; WIDTH]);
            let row = &mut Vec::new();
            let portable = small.clone();
            dispatch!(Level::new(), _simd => detail.shrink(&plane, WIDTH, &mut small, row));
            assert_eq!(small, portable);
            for (y, portable) in enlarged(detail, &small).chunks_exact(WIDTH).enumerate() {
                let small = small_plane(detail, &small);
                dispatch!(Level::new(), _simd => detail.enlarge(small, (0, y), &mut large, row));
                assert_eq!(large, portable, "{detail:?}, row {y}");
            }
        }
    }
}
