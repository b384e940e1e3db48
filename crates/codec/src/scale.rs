//! Scales a picture, or any part of it, on the CPU.
//!
//! Each pixel of the target is the average of the area of the source that it covers. Shrunk, nothing
//! is skipped, so that thin strokes of text stay; enlarged, an area lies within one or two pixels of
//! the source, so that edges stay as sharp as they can be, and at whole factors are exact.
//!
//! A target pixel depends on the source pixels under it and on nothing else: scaled in pieces, a
//! picture is the same as scaled at once.

use std::ops::Range;

use crate::{Picture, PixelSize, Rect};

/// The weights of one target pixel add up to this; a channel times this fits 16 bits.
const WHOLE: u16 = 256;

/// Turns pictures of one size into pictures of another.
#[derive(Debug)]
pub struct Scaler {
    source: PixelSize,
    target: PixelSize,
    columns: Axis,
    rows: Axis,
    /// One row of the target at the source's width, four 16-bit channels to a number.
    row: Vec<u64>,
    /// The weighted row, while more than three source rows are added up.
    sums: Vec<u16>,
}

impl Scaler {
    /// For pictures of size `source`, to be shown at size `target`; sides of 0 count as 1.
    pub fn new(source: PixelSize, target: PixelSize) -> Self {
        let at_least_one = |size: PixelSize| PixelSize::new(size.width.max(1), size.height.max(1));
        let (source, target) = (at_least_one(source), at_least_one(target));
        Self {
            source,
            target,
            columns: Axis::new(source.width, target.width),
            rows: Axis::new(source.height, target.height),
            row: Vec::new(),
            sums: Vec::new(),
        }
    }

    /// The size it takes.
    pub fn source(&self) -> PixelSize {
        self.source
    }

    /// The size it makes.
    pub fn target(&self) -> PixelSize {
        self.target
    }

    /// The part of the target that `changed` of the source has a share in.
    pub fn touched(&self, changed: Rect) -> Rect {
        let columns = self.columns.touched(changed.x..changed.right());
        let rows = self.rows.touched(changed.y..changed.bottom());
        Rect::new(
            columns.start,
            rows.start,
            columns.end.saturating_sub(columns.start),
            rows.end.saturating_sub(rows.start),
        )
    }

    /// Makes `part` of the target and hands it over row by row, from the top: the row's number and
    /// its pixels.
    ///
    /// Does nothing for a picture of another size; `part` is cut at the target's edges.
    pub fn scale(&mut self, picture: &Picture, part: Rect, mut put: impl FnMut(u32, &[u32])) {
        if picture.size() != self.source {
            return;
        }
        let Some(part) = part.intersect(self.target.rect()) else {
            return;
        };
        let columns = self.columns.sources(part.x..part.right());
        let width = columns.len();
        // room for weights of 0 behind the last pixel
        self.row.resize(width + self.columns.reach, 0);
        let mut line = vec![0; part.width as usize];
        let mut before: Option<Taps<'_>> = None;
        for y in part.y..part.bottom() {
            let taps = self.rows.taps(y);
            // enlarged, neighbours are often the same row of the source
            if before != Some(taps) {
                let source = |row: usize| {
                    let row = u32::try_from(row).unwrap_or(u32::MAX);
                    bytemuck::cast_slice(&picture.row(row)[columns.clone()])
                };
                let row: &mut [u16] = bytemuck::cast_slice_mut(&mut self.row[..width]);
                weigh_rows(source, taps, row, &mut self.sums);
                let first = columns.start;
                self.columns.weigh(&self.row, first, part.x, &mut line);
                before = Some(taps);
            }
            put(y, &line);
        }
    }
}

/// What one pixel of the target is made of along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Taps<'a> {
    first: usize,
    weights: &'a [u16],
}

/// The taps of every target pixel along one axis.
#[derive(Debug)]
struct Axis {
    source: u32,
    target: u32,
    firsts: Vec<u32>,
    /// Most weights that a pixel has.
    reach: usize,
    /// `reach` for each pixel; the last ones are 0 where it has fewer.
    weights: Vec<u16>,
}

impl Axis {
    fn new(source: u32, target: u32) -> Self {
        let taps: Vec<_> = (0..target).map(|at| taps(at, source, target)).collect();
        let reach = taps.iter().map(|(_, weights)| weights.len()).max();
        let reach = reach.unwrap_or(1);
        let mut axis = Self {
            source,
            target,
            firsts: Vec::with_capacity(taps.len()),
            reach,
            weights: Vec::with_capacity(taps.len() * reach),
        };
        for (first, weights) in taps {
            axis.firsts.push(first);
            axis.weights.extend(weights);
            axis.weights.resize(axis.firsts.len() * reach, 0);
        }
        axis
    }

    fn taps(&self, at: u32) -> Taps<'_> {
        let at = at as usize;
        let weights = &self.weights[at * self.reach..(at + 1) * self.reach];
        let count = weights.iter().rposition(|weight| *weight != 0);
        Taps {
            first: self.firsts[at] as usize,
            weights: &weights[..count.map_or(1, |last| last + 1)],
        }
    }

    /// The source pixels that the pixels `part` of the target are made of.
    fn sources(&self, part: Range<u32>) -> Range<usize> {
        if part.is_empty() {
            return 0..0;
        }
        let last = self.taps(part.end - 1);
        self.taps(part.start).first..last.first + last.weights.len()
    }

    /// The target pixels that the pixels `part` of the source have a share in.
    fn touched(&self, part: Range<u32>) -> Range<u32> {
        let (source, target) = (u64::from(self.source), u64::from(self.target));
        let start = u64::from(part.start.min(self.source)) * target / source;
        let end = (u64::from(part.end.min(self.source)) * target).div_ceil(source);
        let narrow = |at: u64| u32::try_from(at).unwrap_or(u32::MAX).min(self.target);
        narrow(start)..narrow(end)
    }

    /// Makes the target pixels from `at` on out of a row whose first pixel is number `first` of the
    /// source, and which is `reach` longer than what they are made of.
    fn weigh(&self, row: &[u64], first: usize, at: u32, line: &mut [u32]) {
        let firsts = &self.firsts[at as usize..];
        let weights = &self.weights[at as usize * self.reach..];
        match self.reach {
            1 => weigh_columns::<1>(row, first, firsts, weights, line),
            2 => weigh_columns::<2>(row, first, firsts, weights, line),
            3 => weigh_columns::<3>(row, first, firsts, weights, line),
            4 => weigh_columns::<4>(row, first, firsts, weights, line),
            5 => weigh_columns::<5>(row, first, firsts, weights, line),
            reach => {
                let each = firsts.iter().zip(weights.chunks_exact(reach)).zip(line);
                for ((&from, weights), pixel) in each {
                    let taps = row[from as usize - first..].iter().zip(weights);
                    let sum = taps.fold(HALF, |sum, (tap, weight)| sum + tap * u64::from(*weight));
                    *pixel = narrow(sum);
                }
            }
        }
    }
}

/// The first source pixel of target pixel `at`, and the weights from there on.
///
/// Lengths are counted in parts of which a source pixel has `target` and a target pixel `source`.
fn taps(at: u32, source: u32, target: u32) -> (u32, Vec<u16>) {
    let (source, target) = (u64::from(source), u64::from(target));
    let start = u64::from(at) * source;
    let end = start + source;
    let (first, mut skipped) = (start / target, 0);
    let mut weights = Vec::new();
    let mut covered = 0;
    for pixel in first..end.div_ceil(target) {
        let to = ((pixel + 1) * target).min(end) - start;
        // rounded sums differ by weights that add up exactly
        let sum = (to * u64::from(WHOLE) + source / 2) / source;
        let sum = u16::try_from(sum).unwrap_or(WHOLE);
        if sum == 0 {
            skipped += 1;
            continue;
        }
        weights.push(sum - covered);
        covered = sum;
    }
    (u32::try_from(first + skipped).unwrap_or(u32::MAX), weights)
}

/// Half a step in each of four 16-bit sums.
const HALF: u64 = 0x0080_0080_0080_0080;

fn weigh_columns<const REACH: usize>(
    row: &[u64],
    first: usize,
    firsts: &[u32],
    weights: &[u16],
    line: &mut [u32],
) {
    let (weights, _) = weights.as_chunks::<REACH>();
    for ((&from, weights), pixel) in firsts.iter().zip(weights).zip(line) {
        let from = from as usize - first;
        let taps = &row[from..from + REACH];
        let mut sum = HALF;
        for (tap, weight) in taps.iter().zip(weights) {
            // four channels at once: each of the sums stays within its 16 bits
            sum += tap * u64::from(*weight);
        }
        *pixel = narrow(sum);
    }
}

/// Adds up rows of bytes with their weights into one row of whole channels.
fn weigh_rows<'a>(
    source: impl Fn(usize) -> &'a [u8],
    taps: Taps<'_>,
    row: &mut [u16],
    sums: &mut Vec<u16>,
) {
    let first = taps.first;
    match *taps.weights {
        [_whole] => {
            for (out, &one) in row.iter_mut().zip(source(first)) {
                *out = u16::from(one);
            }
        }
        [a, b] => {
            let (one, two) = (source(first), source(first + 1));
            for ((out, &one), &two) in row.iter_mut().zip(one).zip(two) {
                *out = (u16::from(one) * a + u16::from(two) * b + WHOLE / 2) >> 8;
            }
        }
        [a, b, c] => {
            let (one, two, three) = (source(first), source(first + 1), source(first + 2));
            for (((out, &one), &two), &three) in row.iter_mut().zip(one).zip(two).zip(three) {
                let sum = u16::from(one) * a + u16::from(two) * b + u16::from(three) * c;
                *out = (sum + WHOLE / 2) >> 8;
            }
        }
        _ => {
            sums.clear();
            sums.resize(row.len(), WHOLE / 2);
            for (number, &weight) in taps.weights.iter().enumerate() {
                for (sum, &channel) in sums.iter_mut().zip(source(first + number)) {
                    *sum += u16::from(channel) * weight;
                }
            }
            for (out, &sum) in row.iter_mut().zip(&*sums) {
                *out = sum >> 8;
            }
        }
    }
}

/// The high bytes of four 16-bit sums as one pixel.
#[expect(clippy::cast_possible_truncation, reason = "each half holds two bytes")]
fn narrow(sums: u64) -> u32 {
    let channels = (sums >> 8) & 0x00ff_00ff_00ff_00ff;
    let pairs = channels | channels >> 8;
    (pairs as u32 & 0xffff) | ((pairs >> 16) as u32 & 0xffff_0000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noise(size: PixelSize, seed: u32) -> Picture {
        let mut picture = Picture::new(size);
        let mut state = seed | 1;
        for pixel in picture.pixels_mut() {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            *pixel = state & 0x00ff_ffff;
        }
        picture
    }

    fn scaled(scaler: &mut Scaler, picture: &Picture, part: Rect) -> Vec<Vec<u32>> {
        let mut rows = Vec::new();
        scaler.scale(picture, part, |_, row| rows.push(row.to_vec()));
        rows
    }

    /// The plain way, in real numbers.
    fn average(picture: &Picture, target: PixelSize, x: u32, y: u32, shift: u32) -> f64 {
        let span = |at: u32, source: u32, target: u32| {
            let step = f64::from(source) / f64::from(target);
            (f64::from(at) * step, f64::from(at + 1) * step)
        };
        let size = picture.size();
        let (left, right) = span(x, size.width, target.width);
        let (top, bottom) = span(y, size.height, target.height);
        let share = |at: u32, from: f64, to: f64| {
            (f64::from(at + 1).min(to) - f64::from(at).max(from)).max(0.0)
        };
        let mut sum = 0.0;
        for row in 0..size.height {
            for column in 0..size.width {
                let weight = share(column, left, right) * share(row, top, bottom);
                let channel = picture.row(row)[column as usize] >> shift & 0xff;
                sum += weight * f64::from(channel);
            }
        }
        sum / ((right - left) * (bottom - top))
    }

    #[test]
    fn one_to_one_and_whole_factors_are_exact() {
        let picture = noise(PixelSize::new(17, 9), 5);
        for factor in 1..4 {
            let target = PixelSize::new(17 * factor, 9 * factor);
            let mut scaler = Scaler::new(picture.size(), target);
            let rows = scaled(&mut scaler, &picture, target.rect());
            for (y, row) in (0..).zip(&rows) {
                for (x, pixel) in (0..).zip(row) {
                    let from = picture.row(y / factor)[(x / factor) as usize];
                    assert_eq!(*pixel, from, "{x} {y} at {factor}");
                }
            }
        }
    }

    #[test]
    fn a_line_one_pixel_wide_never_vanishes() {
        let mut picture = Picture::new(PixelSize::new(96, 4));
        for y in 0..4 {
            picture.row_mut(y)[50] = 0x00ff_ffff;
        }
        for width in [10, 24, 33, 48, 64, 95] {
            let target = PixelSize::new(width, 4);
            let rows = scaled(
                &mut Scaler::new(picture.size(), target),
                &picture,
                target.rect(),
            );
            let light: u32 = rows[0].iter().map(|pixel| pixel & 0xff).sum();
            let fair = 255 * width / 96;
            assert!(light.abs_diff(fair) <= 3, "{light} of {fair} at {width}");
        }
    }

    proptest! {
        #[test]
        fn one_colour_stays_that_colour(
            color in 0_u32..0x0100_0000,
            (width, height) in (1_u32..40, 1_u32..40),
            (to_width, to_height) in (1_u32..90, 1_u32..90),
        ) {
            let mut picture = Picture::new(PixelSize::new(width, height));
            picture.pixels_mut().fill(color);
            let target = PixelSize::new(to_width, to_height);
            let mut scaler = Scaler::new(picture.size(), target);
            for row in scaled(&mut scaler, &picture, target.rect()) {
                prop_assert!(row.iter().all(|pixel| *pixel == color));
            }
        }

        #[test]
        fn in_pieces_it_is_the_same_as_at_once(
            seed: u32,
            (width, height) in (1_u32..40, 1_u32..40),
            (to_width, to_height) in (1_u32..90, 1_u32..90),
            changed in (0_u32..40, 0_u32..40, 1_u32..40, 1_u32..40),
        ) {
            let mut picture = noise(PixelSize::new(width, height), seed);
            let target = PixelSize::new(to_width, to_height);
            let mut scaler = Scaler::new(picture.size(), target);
            let mut shown = scaled(&mut scaler, &picture, target.rect());
            let changed = Rect::new(changed.0, changed.1, changed.2, changed.3);
            let Some(changed) = changed.intersect(picture.size().rect()) else { return Ok(()) };
            for y in changed.y..changed.bottom() {
                for pixel in &mut picture.row_mut(y)[changed.x as usize..changed.right() as usize] {
                    *pixel = !*pixel & 0x00ff_ffff;
                }
            }
            let part = scaler.touched(changed);
            scaler.scale(&picture, part, |y, row| {
                shown[y as usize][part.x as usize..part.right() as usize].copy_from_slice(row);
            });
            let at_once = scaled(&mut scaler, &picture, target.rect());
            prop_assert_eq!(shown, at_once);
        }

        #[test]
        fn it_is_the_average_of_what_is_covered(
            seed: u32,
            (width, height) in (1_u32..12, 1_u32..12),
            (to_width, to_height) in (1_u32..20, 1_u32..20),
        ) {
            let picture = noise(PixelSize::new(width, height), seed);
            let target = PixelSize::new(to_width, to_height);
            let rows = scaled(&mut Scaler::new(picture.size(), target), &picture, target.rect());
            for (y, row) in (0..).zip(&rows) {
                for (x, pixel) in (0..).zip(row) {
                    for shift in [0, 8, 16] {
                        let exact = average(&picture, target, x, y, shift);
                        let channel = f64::from(pixel >> shift & 0xff);
                        prop_assert!((channel - exact).abs() < 4.0, "{channel} for {exact}");
                    }
                }
            }
        }
    }
}
