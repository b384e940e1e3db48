//! The picture in a smaller size (S2).
//!
//! Each pixel is the mean of what it covers, with parts of pixels at its edges: nothing of a thin
//! stroke is lost, so text stays readable at half its size. Only what changed is made anew.

use std::ops::Range;

use codec::{Picture, PixelSize, Rect};

/// Weights of one pixel add up to this, so that an even surface stays as it is.
const WHOLE: u32 = 256;
/// Red and blue of a pixel, each with eight bits free above it.
const RED_BLUE: u32 = 0x00ff_00ff;
/// One half in both lanes.
const HALVES: u32 = 0x0080_0080;

/// Makes one picture from another for a pair of sizes.
#[derive(Debug)]
pub(crate) struct Scaler {
    from: PixelSize,
    columns: Axis,
    rows: Axis,
    picture: Picture,
    /// One row: as wide as the large picture, as high as the small one. Red and blue, then green.
    lanes: (Vec<u32>, Vec<u32>),
}

impl Scaler {
    /// From a picture of one size to one of another that is no larger. All of it is black at first.
    pub(crate) fn new(from: PixelSize, to: PixelSize) -> Self {
        Self {
            from,
            columns: Axis::new(from.width, to.width),
            rows: Axis::new(from.height, to.height),
            picture: Picture::new(to),
            lanes: (Vec::new(), Vec::new()),
        }
    }

    /// Whether it is made for these sizes.
    pub(crate) fn fits(&self, from: PixelSize, to: PixelSize) -> bool {
        self.from == from && self.picture.size() == to
    }

    /// The small picture.
    pub(crate) fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Takes over what changed in the large picture; gives where the small one changed.
    pub(crate) fn update(&mut self, large: &Picture, damage: &[Rect]) -> Vec<Rect> {
        let whole = self.from.rect();
        let damage = damage.iter().filter_map(|rect| rect.intersect(whole));
        let changed: Vec<Rect> = damage.map(|rect| self.touched(rect)).collect();
        for &rect in &changed {
            self.make(large, rect);
        }
        changed
    }

    /// The pixels of the small picture that take something from `rect`.
    fn touched(&self, rect: Rect) -> Rect {
        let columns = self.columns.touched(rect.x..rect.right());
        let rows = self.rows.touched(rect.y..rect.bottom());
        Rect::new(
            columns.start,
            rows.start,
            columns.end - columns.start,
            rows.end - rows.start,
        )
    }

    fn make(&mut self, large: &Picture, rect: Rect) {
        let columns = self.columns.covered(rect.x..rect.right());
        for y in rect.y..rect.bottom() {
            self.mix_rows(large, y, columns.clone());
            let row = &mut self.picture.row_mut(y)[rect.x as usize..rect.right() as usize];
            self.columns.mix(rect.x, columns.start, &self.lanes, row);
        }
    }

    /// Puts the mean of the rows that row `y` covers into the lanes.
    fn mix_rows(&mut self, large: &Picture, y: u32, columns: Range<usize>) {
        let (red_blue, green) = &mut self.lanes;
        for lane in [&mut *red_blue, &mut *green] {
            lane.clear();
            lane.resize(columns.len(), HALVES);
        }
        let (first, weights) = self.rows.weights(y);
        for (row, &weight) in (first..).zip(weights) {
            let row = &large.row(row)[columns.clone()];
            for ((&pixel, red_blue), green) in row.iter().zip(&mut *red_blue).zip(&mut *green) {
                *red_blue += (pixel & RED_BLUE) * weight;
                *green += (pixel >> 8 & 0xff) * weight;
            }
        }
        for lane in [red_blue, green] {
            for sum in lane {
                *sum = *sum >> 8 & RED_BLUE;
            }
        }
    }
}

/// How pixels of one direction come out of others.
#[derive(Debug)]
struct Axis {
    from: u32,
    to: u32,
    /// For each pixel the first that it covers, and where its weights begin.
    starts: Vec<(u32, u32)>,
    weights: Vec<u32>,
}

impl Axis {
    fn new(from: u32, to: u32) -> Self {
        let mut axis = Self {
            from,
            to,
            starts: Vec::with_capacity(to as usize + 1),
            weights: Vec::new(),
        };
        let (length, side) = (u64::from(from), u64::from(to));
        for place in 0..side {
            // lengths are in parts of which a covered pixel has `side` and a covering one `length`
            let (start, end) = (place * length, (place + 1) * length);
            let (first, last) = (start / side, (end - 1) / side);
            axis.push_start(first);
            let mut spent = 0;
            for covered in first..=last {
                let up_to = (end.min((covered + 1) * side) - start) * u64::from(WHOLE) / length;
                axis.weights
                    .push(u32::try_from(up_to - spent).expect("at most the whole"));
                spent = up_to;
            }
        }
        axis.push_start(length);
        axis
    }

    fn push_start(&mut self, first: u64) {
        let first = u32::try_from(first).expect("within the picture");
        let weights = u32::try_from(self.weights.len()).expect("two for a pixel and place at most");
        self.starts.push((first, weights));
    }

    /// What pixel `place` covers: the first, and the weight of each.
    fn weights(&self, place: u32) -> (u32, &[u32]) {
        let place = place as usize;
        let (first, start) = self.starts[place];
        let (_, end) = self.starts[place + 1];
        (first, &self.weights[start as usize..end as usize])
    }

    /// All that pixels of the small side cover.
    fn covered(&self, places: Range<u32>) -> Range<usize> {
        let (first, _) = self.starts[places.start as usize];
        let (last, weights) = self.weights(places.end - 1);
        first as usize..last as usize + weights.len()
    }

    /// All on the small side that covers any of these.
    fn touched(&self, covered: Range<u32>) -> Range<u32> {
        let (from, to) = (u64::from(self.from), u64::from(self.to));
        let start = u64::from(covered.start) * to / from;
        let end = (u64::from(covered.end) * to).div_ceil(from);
        let narrow = |place| u32::try_from(place).expect("within the picture");
        narrow(start)..narrow(end)
    }

    /// Mixes what lies side by side; the lanes begin with column `left`, the row with pixel `first`.
    fn mix(&self, first: u32, left: usize, lanes: &(Vec<u32>, Vec<u32>), row: &mut [u32]) {
        let (red_blue, green) = (&lanes.0[..], &lanes.1[..]);
        if self.from == 2 * self.to {
            let pairs = red_blue.chunks_exact(2).zip(green.chunks_exact(2));
            for (pixel, (red_blue, green)) in row.iter_mut().zip(pairs) {
                let red_blue = (red_blue[0] + red_blue[1] + 0x0001_0001) >> 1 & RED_BLUE;
                *pixel = red_blue | (green[0] + green[1] + 1) >> 1 << 8;
            }
            return;
        }
        for (place, pixel) in (first..).zip(row) {
            let (start, weights) = self.weights(place);
            let start = start as usize - left;
            let taken = red_blue[start..].iter().zip(&green[start..]).zip(weights);
            let (mut red_blue, mut green) = (HALVES, 0x80);
            for ((&from_red_blue, &from_green), &weight) in taken {
                red_blue += from_red_blue * weight;
                green += from_green * weight;
            }
            *pixel = red_blue >> 8 & RED_BLUE | green & 0xff00;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: PixelSize = PixelSize::new(321, 203);

    fn noise(size: PixelSize, mut seed: u32) -> Picture {
        let mut picture = Picture::new(size);
        for pixel in picture.pixels_mut() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *pixel = seed >> 8;
        }
        picture
    }

    fn scaled(large: &Picture, to: PixelSize) -> Scaler {
        let mut scaler = Scaler::new(large.size(), to);
        scaler.update(large, &[large.size().rect()]);
        scaler
    }

    /// The mean of what a pixel covers, in floating point.
    fn mean(large: &Picture, to: PixelSize, x: u32, y: u32) -> [f64; 3] {
        let size = large.size();
        let edges = |place: u32, from: u32, to: u32| {
            let scale = f64::from(from) / f64::from(to);
            (f64::from(place) * scale, f64::from(place + 1) * scale)
        };
        let (left, right) = edges(x, size.width, to.width);
        let (top, bottom) = edges(y, size.height, to.height);
        let share = |start: f64, end: f64, pixel: u32| {
            let pixel = f64::from(pixel);
            (end.min(pixel + 1.0) - start.max(pixel)).max(0.0)
        };
        let mut sums = [0.0; 3];
        for row in 0..size.height {
            for column in 0..size.width {
                let weight = share(left, right, column) * share(top, bottom, row);
                let [_, colours @ ..] = large.row(row)[column as usize].to_be_bytes();
                for (sum, colour) in sums.iter_mut().zip(colours) {
                    *sum += weight * f64::from(colour);
                }
            }
        }
        sums.map(|sum| sum / ((right - left) * (bottom - top)))
    }

    #[test]
    fn each_pixel_is_the_mean_of_what_it_covers() {
        let large = noise(PixelSize::new(54, 37), 3);
        for to in [(27, 18), (54, 37), (40, 30), (18, 12), (6, 4), (1, 1)] {
            let to = PixelSize::new(to.0, to.1);
            let scaler = scaled(&large, to);
            for y in 0..to.height {
                for x in 0..to.width {
                    let [_, colours @ ..] = scaler.picture().row(y)[x as usize].to_be_bytes();
                    for (colour, mean) in colours.into_iter().zip(mean(&large, to, x, y)) {
                        let error = (f64::from(colour) - mean).abs();
                        assert!(error < 3.0, "{to:?} ({x}, {y}): {colour} for {mean}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_even_surface_stays_as_it_is() {
        let mut large = Picture::new(LARGE);
        for colour in [0x00ff_ffff, 0x0000_0000, 0x0012_34ab, 0x00ff_00ff] {
            large.pixels_mut().fill(colour);
            for percent in [10, 33, 50, 66, 99, 100_u32] {
                let to = PixelSize::new(321 * percent / 100, 203 * percent / 100);
                let scaler = scaled(&large, to);
                assert!(scaler.picture().pixels().iter().all(|&p| p == colour));
            }
        }
    }

    #[test]
    fn only_damage_made_anew_gives_the_same_as_everything_made_anew() {
        let mut large = noise(LARGE, 5);
        for to in [(160, 101), (107, 68), (250, 190), (32, 20)] {
            let to = PixelSize::new(to.0, to.1);
            let mut scaler = scaled(&large, to);
            for (number, rect) in [
                Rect::new(0, 0, 1, 1),
                Rect::new(320, 202, 1, 1),
                Rect::new(17, 93, 64, 5),
                Rect::new(300, 0, 99, 203),
            ]
            .into_iter()
            .enumerate()
            {
                let fresh = noise(LARGE, 90 + u32::try_from(number).expect("four"));
                let inside = rect.intersect(LARGE.rect()).expect("inside");
                for y in inside.y..inside.bottom() {
                    let columns = inside.x as usize..inside.right() as usize;
                    large.row_mut(y)[columns.clone()].copy_from_slice(&fresh.row(y)[columns]);
                }
                let changed = scaler.update(&large, &[rect]);
                assert!(changed.iter().all(|&rect| to.rect().contains(rect)));
                assert_eq!(scaler.picture(), scaled(&large, to).picture());
            }
        }
    }

    #[test]
    #[ignore = "a measurement"]
    fn the_time_for_a_full_screen() {
        let large = noise(PixelSize::new(1_920, 1_080), 1);
        for (width, height) in [(960, 540), (1_440, 810), (1_267, 713), (480, 270)] {
            let mut scaler = Scaler::new(large.size(), PixelSize::new(width, height));
            let mut best = std::time::Duration::MAX;
            for _ in 0..20 {
                let start = std::time::Instant::now();
                scaler.update(&large, &[large.size().rect()]);
                best = best.min(start.elapsed());
            }
            println!("{width} x {height}: {best:?}");
        }
    }
}
