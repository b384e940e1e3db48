//! How much of each pixel a shape covers, exactly: each edge adds its area to the pixels of a row, and sums of these from
//! the left are what is inside. Where contours lie on each other the sum is more than one, which is all of the pixel.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places are clamped to the canvas, whose sides have 16 bits"
)]

use peniko::kurbo::{self, Affine, BezPath, PathEl, Point};

/// How far from a curve its chords may be, in pixels.
const TOLERANCE: f64 = 0.01;

/// What `path`, moved by `transform`, covers of each pixel of a canvas of these sides, from 0 to 1, rows from the top.
pub(crate) fn of_path(path: &BezPath, transform: Affine, (width, height): (u16, u16)) -> Vec<f32> {
    let mut edges = Edges::new(width, height);
    let mut first = Point::ZERO;
    let mut last = Point::ZERO;
    let moved = path.iter().map(|element| transform * element);
    kurbo::flatten(moved, TOLERANCE, |element| match element {
        PathEl::MoveTo(to) => {
            edges.add(last, first);
            first = to;
            last = to;
        }
        PathEl::LineTo(to) => {
            edges.add(last, to);
            last = to;
        }
        PathEl::ClosePath => {
            edges.add(last, first);
            last = first;
        }
        // flattened there is no curve
        PathEl::QuadTo(..) | PathEl::CurveTo(..) => {}
    });
    edges.add(last, first);
    edges.summed()
}

/// What the edges so far add, in rows that are one pixel and a sum longer than the canvas.
struct Edges {
    width: usize,
    height: usize,
    added: Vec<f32>,
}

impl Edges {
    fn new(width: u16, height: u16) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        Self {
            width,
            height,
            added: vec![0.0; (width + 2) * height],
        }
    }

    fn add(&mut self, from: Point, to: Point) {
        let is_sound = |point: Point| point.x.is_finite() && point.y.is_finite();
        if !is_sound(from) || !is_sound(to) {
            return;
        }
        let (direction, upper, lower) = if from.y < to.y {
            (1.0, from, to)
        } else {
            (-1.0, to, from)
        };
        let (top, bottom) = (upper.y.max(0.0), lower.y.min(self.height as f64));
        if top >= bottom {
            return;
        }
        let slope = (lower.x - upper.x) / (lower.y - upper.y);
        let x_at = |y: f64| upper.x + (y - upper.y) * slope;
        for row in top.floor() as usize..bottom.ceil() as usize {
            let (begin, end) = (top.max(row as f64), bottom.min((row + 1) as f64));
            let high = direction * (end - begin);
            self.add_in_row(row, (x_at(begin), x_at(end)), high as f32);
        }
    }

    /// An edge within one row, from one x to the other, that is `high`; below 0 if it goes up.
    fn add_in_row(&mut self, row: usize, (from, to): (f64, f64), high: f32) {
        let width = self.width as f64;
        let clamped = |x: f64| x.clamp(0.0, width) as f32;
        let (left, right) = (clamped(from.min(to)), clamped(from.max(to)));
        let length = self.width + 2;
        let Some(added) = self.added.get_mut(row * length..(row + 1) * length) else {
            return;
        };
        let first = left.floor();
        let begin = first as usize;
        let end = right.ceil() as usize;
        if end <= begin + 1 {
            // within one pixel: what is right of it is covered from the next one on
            let middle = left.midpoint(right) - first;
            added[begin] += high * (1.0 - middle);
            added[begin + 1] += high * middle;
            return;
        }
        // each pixel gets what its part of the edge leaves to the right, less what those before it have
        let high_of_one = high / (right - left);
        let mut so_far = 0.0;
        let mut area_before = 0.0;
        for (pixel, added) in added.iter_mut().enumerate().take(end).skip(begin) {
            let (from, to) = (left.max(pixel as f32), right.min((pixel + 1) as f32));
            let part = high_of_one * (to - from);
            let right_of_middle = (pixel + 1) as f32 - from.midpoint(to);
            let area = so_far + part * right_of_middle;
            *added += area - area_before;
            so_far += part;
            area_before = area;
        }
        added[end] += high - area_before;
    }

    fn summed(self) -> Vec<f32> {
        let mut covered = Vec::with_capacity(self.width * self.height);
        for row in self.added.chunks_exact(self.width + 2) {
            let mut sum = 0.0_f32;
            covered.extend(row[..self.width].iter().map(|added| {
                sum += added;
                // what rounding leaves is nothing
                let inside = sum.abs().min(1.0);
                if inside < 1e-4 { 0.0 } else { inside }
            }));
        }
        covered
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these are exact")]
mod tests {
    use super::*;
    use peniko::kurbo::{Circle, Rect, Shape as _};

    fn covered(path: &BezPath) -> Vec<f32> {
        of_path(path, Affine::IDENTITY, (8, 4))
    }

    #[test]
    fn a_rectangle_covers_what_lies_in_it_and_shares_of_its_edges() {
        let path = Rect::new(1.25, 1.0, 3.5, 2.5).to_path(0.1);
        let rows = covered(&path);
        let expected = [
            [0.0; 8],
            [0.0, 0.75, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.375, 0.5, 0.25, 0.0, 0.0, 0.0, 0.0],
            [0.0; 8],
        ];
        for (found, expected) in rows.iter().zip(expected.as_flattened()) {
            assert!((found - expected).abs() < 1e-6, "{rows:?}");
        }
    }

    #[test]
    fn a_slope_halves_the_pixels_it_crosses() {
        let mut path = BezPath::new();
        path.move_to((0.0, 0.0));
        path.line_to((4.0, 4.0));
        path.line_to((0.0, 4.0));
        let rows = covered(&path);
        for row in 0..4 {
            for column in 0..8 {
                let expected = match column {
                    _ if column == row => 0.5,
                    _ if column < row => 1.0,
                    _ => 0.0,
                };
                let found = rows[row * 8 + column];
                assert!((found - expected).abs() < 1e-6, "{row} {column}: {rows:?}");
            }
        }
    }

    #[test]
    fn the_area_of_a_circle_is_what_it_covers_whichever_way_it_goes() {
        let circle = Circle::new((3.7, 2.1), 1.6);
        for path in [
            circle.to_path(0.001),
            circle.to_path(0.001).reverse_subpaths(),
        ] {
            let sum: f32 = covered(&path).iter().sum();
            assert!((f64::from(sum) - circle.area()).abs() < 0.08, "{sum}");
        }
    }

    #[test]
    fn contours_on_each_other_are_no_hole_and_a_contour_the_other_way_is_one() {
        let outer = Rect::new(0.0, 0.0, 8.0, 4.0).to_path(0.1);
        let inner = Rect::new(2.0, 1.0, 4.0, 2.0).to_path(0.1);
        let mut both = outer.clone();
        both.extend(inner.iter());
        assert_eq!(covered(&both)[8 + 3], 1.0);
        let mut hole = outer;
        hole.extend(inner.reverse_subpaths());
        let rows = covered(&hole);
        assert_eq!(rows[8 + 3], 0.0);
        assert_eq!(rows[8 + 5], 1.0);
    }

    #[test]
    fn what_lies_outside_or_nowhere_is_cut_off() {
        let path = Rect::new(-5.0, -7.0, 3.0, 90.0).to_path(0.1);
        let rows = covered(&path);
        assert_eq!(rows.len(), 32);
        assert_eq!((rows[2], rows[3]), (1.0, 0.0));
        for x in [f64::NAN, f64::INFINITY, 1e300] {
            let mut odd = BezPath::new();
            odd.move_to((x, 0.0));
            odd.quad_to((2.0, x), (3.0, 3.0));
            odd.line_to((-x, 1.0));
            assert_eq!(covered(&odd).len(), 32);
        }
        assert!(of_path(&path, Affine::IDENTITY, (0, 0)).is_empty());
    }
}
