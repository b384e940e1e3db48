//! Glyphs in colours (the table COLR): shapes with fills on each other, in layers.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what a font may ask for and emoji do not is drawn in the plainest way"
)]

use peniko::kurbo::{Affine, BezPath, Point, Rect};
use skrifa_of_egui::FontRef;
use skrifa_of_egui::color::{
    Brush, Color, ColorPainter, ColorPalettes, ColorStop, CompositeMode, Extend, Transform,
};
use skrifa_of_egui::instance::{LocationRef, Size};
use skrifa_of_egui::metrics::BoundingBox;
use skrifa_of_egui::outline::{DrawSettings, OutlinePen};
use skrifa_of_egui::prelude::{GlyphId, MetadataProvider as _};

use crate::{CLEAR, Pixel, coverage, over, path_of, scaled};

/// A glyph may ask for the colour of the text around it.
const OF_THE_TEXT: u16 = u16::MAX;
/// A damaged font could ask for ever more.
const MOST_LAYERS: usize = 64;

/// The outline of a glyph in the font's units; empty where it has none.
pub(crate) fn outline(font: &FontRef<'_>, id: GlyphId, location: LocationRef<'_>) -> BezPath {
    let mut pen = Pen(BezPath::new());
    if let Some(glyph) = font.outline_glyphs().get(id) {
        let unhinted = DrawSettings::unhinted(Size::unscaled(), location);
        if glyph.draw(unhinted, &mut pen).is_err() {
            return BezPath::new();
        }
    }
    pen.0
}

struct Pen(BezPath);

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(point(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(point(x, y));
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.0.quad_to(point(cx0, cy0), point(x, y));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.0
            .curve_to(point(cx0, cy0), point(cx1, cy1), point(x, y));
    }

    fn close(&mut self) {
        self.0.close_path();
    }
}

fn point(x: f32, y: f32) -> Point {
    Point::new(x.into(), y.into())
}

/// What is painted so far of a glyph in colours.
pub(crate) struct Layers<'a> {
    font: &'a FontRef<'a>,
    location: LocationRef<'a>,
    palette: Vec<Pixel>,
    text: Pixel,
    canvas: (u16, u16),
    /// From the font's units to the canvas, the last one counts.
    transforms: Vec<Affine>,
    /// How much of each pixel may be painted, the last one counts.
    clips: Vec<Vec<f32>>,
    below: Vec<Vec<Pixel>>,
    layer: Vec<Pixel>,
}

impl<'a> Layers<'a> {
    pub(crate) fn new(
        font: &'a FontRef<'a>,
        location: LocationRef<'a>,
        from_font: Affine,
        canvas: (u16, u16),
        text: Pixel,
    ) -> Self {
        let palettes = ColorPalettes::new(font);
        let palette = palettes.get(0);
        let palette =
            palette.map(|palette| palette.colors().iter().copied().map(pixel_of).collect());
        Self {
            font,
            location,
            palette: palette.unwrap_or_default(),
            text,
            canvas,
            transforms: vec![from_font],
            clips: Vec::new(),
            below: Vec::new(),
            layer: empty(canvas),
        }
    }

    /// All of it; layers that a damaged font did not close are closed.
    pub(crate) fn painted(mut self) -> Vec<Pixel> {
        while !self.below.is_empty() {
            self.close_layer(CompositeMode::SrcOver);
        }
        self.layer
    }

    fn transform(&self) -> Affine {
        self.transforms.last().copied().unwrap_or_default()
    }

    fn colour(&self, index: u16, alpha: f32) -> Pixel {
        let colour = if index == OF_THE_TEXT {
            self.text
        } else {
            let known = self.palette.get(usize::from(index));
            known.copied().unwrap_or([0.0, 0.0, 0.0, 1.0])
        };
        scaled(colour, alpha)
    }

    fn clip_to(&mut self, path: &BezPath) {
        let mut clip = coverage::of_path(path, self.transform(), self.canvas);
        if let Some(outer) = self.clips.last() {
            for (share, outer) in clip.iter_mut().zip(outer) {
                *share *= outer;
            }
        }
        self.clips.push(clip);
    }

    fn close_layer(&mut self, mode: CompositeMode) {
        let Some(below) = self.below.pop() else {
            return;
        };
        let above = std::mem::replace(&mut self.layer, below);
        for (pixel, above) in self.layer.iter_mut().zip(above) {
            *pixel = composed(mode, above, *pixel);
        }
    }

    fn stops(&self, stops: &[ColorStop]) -> Vec<(f32, Pixel)> {
        let all = stops.iter();
        all.map(|stop| (stop.offset, self.colour(stop.palette_index, stop.alpha)))
            .collect()
    }
}

fn empty((width, height): (u16, u16)) -> Vec<Pixel> {
    vec![CLEAR; usize::from(width) * usize::from(height)]
}

fn pixel_of(colour: Color) -> Pixel {
    let [red, green, blue, alpha] =
        [colour.red, colour.green, colour.blue, colour.alpha].map(|part| f32::from(part) / 255.0);
    [red * alpha, green * alpha, blue * alpha, alpha]
}

impl ColorPainter for Layers<'_> {
    fn push_transform(&mut self, transform: Transform) {
        let Transform {
            xx,
            yx,
            xy,
            yy,
            dx,
            dy,
        } = transform;
        let own = Affine::new([xx, yx, xy, yy, dx, dy].map(f64::from));
        self.transforms.push(self.transform() * own);
    }

    fn pop_transform(&mut self) {
        if self.transforms.len() > 1 {
            self.transforms.pop();
        }
    }

    fn push_clip_glyph(&mut self, glyph_id: GlyphId) {
        let path = outline(self.font, glyph_id, self.location);
        self.clip_to(&path);
    }

    fn push_clip_box(&mut self, clip_box: BoundingBox) {
        let BoundingBox {
            x_min,
            y_min,
            x_max,
            y_max,
        } = clip_box;
        let [x_min, y_min, x_max, y_max] = [x_min, y_min, x_max, y_max].map(f64::from);
        self.clip_to(&path_of(Rect::new(x_min, y_min, x_max, y_max)));
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn fill(&mut self, brush: Brush<'_>) {
        let fill = match brush {
            Brush::Solid {
                palette_index,
                alpha,
            } => Fill::Solid(self.colour(palette_index, alpha)),
            Brush::LinearGradient {
                p0,
                p1,
                color_stops,
                extend,
            } => {
                let (from, to) = (point(p0.x, p0.y), point(p1.x, p1.y));
                Fill::of_stops(Way::Line { from, to }, self.stops(color_stops), extend)
            }
            Brush::RadialGradient {
                c0,
                r0,
                c1,
                r1,
                color_stops,
                extend,
            } => {
                let from = (point(c0.x, c0.y), f64::from(r0));
                let to = (point(c1.x, c1.y), f64::from(r1));
                Fill::of_stops(Way::Circles { from, to }, self.stops(color_stops), extend)
            }
            Brush::SweepGradient {
                c0,
                start_angle,
                end_angle,
                color_stops,
                extend,
            } => {
                let way = Way::Sweep {
                    centre: point(c0.x, c0.y),
                    angles: (start_angle.into(), end_angle.into()),
                };
                Fill::of_stops(way, self.stops(color_stops), extend)
            }
        };
        let transform = self.transform();
        if transform.determinant() == 0.0 {
            return;
        }
        let to_font = transform.inverse();
        let width = usize::from(self.canvas.0).max(1);
        let clip = self.clips.last();
        for (at, pixel) in self.layer.iter_mut().enumerate() {
            let share = clip.map_or(1.0, |clip| clip.get(at).copied().unwrap_or_default());
            if share > 0.0 {
                let middle = Point::new((at % width) as f64 + 0.5, (at / width) as f64 + 0.5);
                *pixel = over(scaled(fill.at(to_font * middle), share), *pixel);
            }
        }
    }

    fn push_layer(&mut self, _: CompositeMode) {
        if self.below.len() < MOST_LAYERS {
            let layer = std::mem::replace(&mut self.layer, empty(self.canvas));
            self.below.push(layer);
        }
    }

    fn pop_layer_with_mode(&mut self, mode: CompositeMode) {
        self.close_layer(mode);
    }
}

/// What an area is filled with.
enum Fill {
    Solid(Pixel),
    Gradient {
        way: Way,
        /// By where they are, at least one.
        stops: Vec<(f32, Pixel)>,
        extend: Extend,
    },
}

/// How a gradient goes, in the font's units.
#[derive(Debug, Clone, Copy)]
enum Way {
    Line {
        from: Point,
        to: Point,
    },
    /// From the one circle, a centre and a radius, to the other.
    Circles {
        from: (Point, f64),
        to: (Point, f64),
    },
    /// Around a centre, by degrees.
    Sweep {
        centre: Point,
        angles: (f64, f64),
    },
}

impl Fill {
    fn of_stops(way: Way, stops: Vec<(f32, Pixel)>, extend: Extend) -> Self {
        match stops.as_slice() {
            [] => Self::Solid(CLEAR),
            [(_, colour)] => Self::Solid(*colour),
            _ => Self::Gradient { way, stops, extend },
        }
    }

    fn at(&self, place: Point) -> Pixel {
        match self {
            Self::Solid(colour) => *colour,
            Self::Gradient { way, stops, extend } => match way.share(place) {
                Some(share) => between(stops, extended(share, *extend)),
                None => CLEAR,
            },
        }
    }
}

impl Way {
    /// How far along it `place` is, from 0 to 1 between its ends. `None` where it does not go.
    fn share(self, place: Point) -> Option<f64> {
        match self {
            Self::Line { from, to } => {
                let along = to - from;
                let length = along.hypot2();
                (length > 0.0).then(|| (place - from).dot(along) / length)
            }
            Self::Circles {
                from: (c0, r0),
                to: (c1, r1),
            } => {
                // the larger share of the two whose circle goes through the place
                let (d, p) = (c1 - c0, place - c0);
                let grows = r1 - r0;
                let a = d.hypot2() - grows * grows;
                let half_b = p.dot(d) + r0 * grows;
                let c = p.hypot2() - r0 * r0;
                let is_circle = |share: f64| r0 + share * grows >= 0.0;
                if a.abs() < 1e-9 {
                    let share = c / (2.0 * half_b);
                    return (share.is_finite() && is_circle(share)).then_some(share);
                }
                let root = (half_b * half_b - a * c).sqrt();
                let shares = [(half_b + root) / a, (half_b - root) / a];
                let largest = shares.into_iter().filter(|share| share.is_finite());
                largest.filter(|share| is_circle(*share)).reduce(f64::max)
            }
            Self::Sweep {
                centre,
                angles: (begin, end),
            } => {
                let from_centre = place - centre;
                let degrees = from_centre.y.atan2(from_centre.x).to_degrees();
                let share = (degrees.rem_euclid(360.0) - begin) / (end - begin);
                share.is_finite().then_some(share)
            }
        }
    }
}

fn extended(share: f64, extend: Extend) -> f64 {
    match extend {
        Extend::Repeat => share.rem_euclid(1.0),
        Extend::Reflect => 1.0 - (share.rem_euclid(2.0) - 1.0).abs(),
        _ => share.clamp(0.0, 1.0),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "colours are no finer")]
fn between(stops: &[(f32, Pixel)], share: f64) -> Pixel {
    let share = share as f32;
    let after = stops.partition_point(|(at, _)| *at <= share);
    let (Some((begin, first)), Some((end, second))) =
        (stops.get(after.saturating_sub(1)), stops.get(after))
    else {
        return stops.last().map_or(CLEAR, |(_, colour)| *colour);
    };
    if after == 0 || end <= begin {
        return *second;
    }
    let part = (share - begin) / (end - begin);
    std::array::from_fn(|at| first[at] + (second[at] - first[at]) * part)
}

/// `above` put on `below` as the font says.
fn composed(mode: CompositeMode, above: Pixel, below: Pixel) -> Pixel {
    use CompositeMode as Mode;
    let (a, b) = (above[3], below[3]);
    let sum = |of_above: f32, of_below: f32| -> Pixel {
        std::array::from_fn(|at| (above[at] * of_above + below[at] * of_below).min(1.0))
    };
    match mode {
        Mode::Clear => CLEAR,
        Mode::Src => above,
        Mode::Dest => below,
        Mode::DestOver => sum(1.0 - b, 1.0),
        Mode::SrcIn => sum(b, 0.0),
        Mode::DestIn => sum(0.0, a),
        Mode::SrcOut => sum(1.0 - b, 0.0),
        Mode::DestOut => sum(0.0, 1.0 - a),
        Mode::SrcAtop => sum(b, 1.0 - a),
        Mode::DestAtop => sum(1.0 - b, a),
        Mode::Xor => sum(1.0 - b, 1.0 - a),
        Mode::Plus => sum(1.0, 1.0),
        _ => mixed(mode, above, below),
    }
}

/// The modes that mix two colours where both are; those that emoji do not use put the one on the other.
fn mixed(mode: CompositeMode, above: Pixel, below: Pixel) -> Pixel {
    let (a, b) = (above[3], below[3]);
    let plain = |part: f32, alpha: f32| if alpha > 0.0 { part / alpha } else { 0.0 };
    std::array::from_fn(|at| {
        let (s, d) = (plain(above[at], a), plain(below[at], b));
        let hard = |s: f32, d: f32| {
            if s <= 0.5 {
                2.0 * s * d
            } else {
                1.0 - 2.0 * (1.0 - s) * (1.0 - d)
            }
        };
        let mix = match mode {
            CompositeMode::Multiply => s * d,
            CompositeMode::Screen => s + d - s * d,
            CompositeMode::Overlay => hard(d, s),
            CompositeMode::HardLight => hard(s, d),
            CompositeMode::Darken => s.min(d),
            CompositeMode::Lighten => s.max(d),
            CompositeMode::Difference => (s - d).abs(),
            CompositeMode::Exclusion => s + d - 2.0 * s * d,
            _ => s,
        };
        if at == 3 {
            a + b - a * b
        } else {
            above[at] * (1.0 - b) + below[at] * (1.0 - a) + mix * a * b
        }
    })
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these are exact")]
mod tests {
    use super::*;

    const RED: Pixel = [1.0, 0.0, 0.0, 1.0];
    const BLUE: Pixel = [0.0, 0.0, 1.0, 1.0];

    fn gradient(way: Way, extend: Extend) -> Fill {
        Fill::of_stops(way, vec![(0.0, RED), (1.0, BLUE)], extend)
    }

    #[test]
    fn gradients_go_from_one_colour_to_the_other() {
        let line = Way::Line {
            from: Point::new(0.0, 0.0),
            to: Point::new(10.0, 0.0),
        };
        let pad = gradient(line, Extend::Pad);
        assert_eq!(pad.at(Point::new(-3.0, 5.0)), RED);
        assert_eq!(pad.at(Point::new(13.0, 5.0)), BLUE);
        assert_eq!(pad.at(Point::new(5.0, -9.0)), [0.5, 0.0, 0.5, 1.0]);
        assert_eq!(
            gradient(line, Extend::Repeat).at(Point::new(15.0, 0.0)),
            [0.5, 0.0, 0.5, 1.0]
        );
        assert_eq!(
            gradient(line, Extend::Reflect).at(Point::new(20.0, 0.0)),
            RED
        );
        let circles = Way::Circles {
            from: (Point::ZERO, 0.0),
            to: (Point::ZERO, 4.0),
        };
        let circles = gradient(circles, Extend::Pad);
        assert_eq!(circles.at(Point::new(0.0, 2.0)), [0.5, 0.0, 0.5, 1.0]);
        assert_eq!(circles.at(Point::new(9.0, 0.0)), BLUE);
        let sweep = Way::Sweep {
            centre: Point::ZERO,
            angles: (0.0, 360.0),
        };
        let left = gradient(sweep, Extend::Pad).at(Point::new(-1.0, 0.0));
        assert!((left[0] - 0.5).abs() < 1e-4, "{left:?}");
    }

    #[test]
    fn a_gradient_that_goes_nowhere_paints_without_a_panic() {
        let nowhere = Way::Line {
            from: Point::ZERO,
            to: Point::ZERO,
        };
        assert_eq!(gradient(nowhere, Extend::Pad).at(Point::ZERO), CLEAR);
        for (r0, r1) in [(0.0, 0.0), (3.0, 3.0), (-1.0, f64::NAN)] {
            let odd = Way::Circles {
                from: (Point::ZERO, r0),
                to: (Point::new(1.0, 0.0), r1),
            };
            let colour = gradient(odd, Extend::Repeat).at(Point::new(2.0, 2.0));
            assert!(colour.iter().all(|part| part.is_finite()), "{colour:?}");
        }
    }

    #[test]
    fn layers_are_put_on_each_other_as_the_font_says() {
        let half = scaled(RED, 0.5);
        assert_eq!(
            composed(CompositeMode::SrcOver, half, BLUE),
            over(half, BLUE)
        );
        assert_eq!(composed(CompositeMode::SrcIn, half, CLEAR), CLEAR);
        assert_eq!(composed(CompositeMode::SrcIn, half, BLUE), half);
        assert_eq!(composed(CompositeMode::DestOut, RED, BLUE), CLEAR);
        assert_eq!(
            composed(CompositeMode::Multiply, RED, BLUE),
            [0.0, 0.0, 0.0, 1.0]
        );
        assert_eq!(
            composed(CompositeMode::Screen, RED, BLUE),
            [1.0, 0.0, 1.0, 1.0]
        );
        assert_eq!(composed(CompositeMode::Multiply, RED, CLEAR), RED);
    }
}
