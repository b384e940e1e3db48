//! Letters of the bundled fonts, beside what many points in each pixel say.

use skrifa_of_egui::FontRef;
use skrifa_of_egui::instance::{Location, Size};
use skrifa_of_egui::outline::{DrawSettings, OutlinePen};
use skrifa_of_egui::prelude::MetadataProvider as _;
use vello_cpu::kurbo::{Affine, BezPath, Point, Shape as _};
use vello_cpu::peniko::{Blob, FontData};
use vello_cpu::{Glyph, Pixmap, RenderContext, Resources, color};

const INTER: &[u8] = include_bytes!("../../../assets/fonts/Inter-Variable.ttf");
const JETBRAINS_MONO: &[u8] = include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf");

/// Points on each side of a pixel.
const POINTS: u32 = 8;
/// A row of points beside an edge may be on either side of it.
const MOST_OFF: f32 = 1.3 / POINTS as f32;

const SIDE: u16 = 40;

struct Pen(BezPath);

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(place(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(place(x, y));
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.0.quad_to(place(cx0, cy0), place(x, y));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.0
            .curve_to(place(cx0, cy0), place(cx1, cy1), place(x, y));
    }

    fn close(&mut self) {
        self.0.close_path();
    }
}

fn place(x: f32, y: f32) -> Point {
    Point::new(f64::from(x) + 5.3, 30.0 - f64::from(y))
}

fn letter(font: &FontRef<'_>, location: &Location, size: f32, letter: char) -> BezPath {
    let id = font.charmap().map(letter).expect("the font has it");
    let glyph = font.outline_glyphs().get(id).expect("it has an outline");
    let mut pen = Pen(BezPath::new());
    glyph
        .draw(DrawSettings::unhinted(Size::new(size), location), &mut pen)
        .expect("it is drawn");
    pen.0
}

fn painted(path: &BezPath) -> Vec<f32> {
    let mut canvas = RenderContext::new(SIDE, SIDE);
    canvas.set_paint(color::OpaqueColor::<color::Srgb>::WHITE);
    canvas.set_transform(Affine::IDENTITY);
    canvas.fill_path(path);
    alphas(&mut canvas)
}

fn alphas(canvas: &mut RenderContext) -> Vec<f32> {
    let mut picture = Pixmap::new(SIDE, SIDE);
    canvas.render(&mut picture, &mut Resources::new());
    let pixels = picture.data_as_u8_slice().chunks_exact(4);
    pixels.map(|pixel| f32::from(pixel[3]) / 255.0).collect()
}

/// The share of points in a pixel that the path goes round; those that it goes round twice count twice, up to all of the
/// pixel, as in the renderer that egui brings.
fn share_of_points(path: &BezPath, column: u16, row: u16) -> f32 {
    let at =
        |pixel: u16, point: u32| f64::from(pixel) + (f64::from(point) + 0.5) / f64::from(POINTS);
    let mut rounds = 0_i32;
    for y in 0..POINTS {
        for x in 0..POINTS {
            let point = Point::new(at(column, x), at(row, y));
            rounds += path.winding(point);
        }
    }
    (rounds.abs() as f32 / (POINTS * POINTS) as f32).min(1.0)
}

#[test]
fn letters_cover_of_each_pixel_what_they_go_round() {
    let sets = [
        (INTER, 400.0, "Ag&Œж€"),
        (INTER, 650.0, "A@8"),
        (JETBRAINS_MONO, 400.0, "g%"),
    ];
    for (font, weight, letters) in sets {
        let font = FontRef::new(font).expect("a font");
        let location = font.axes().location([("wght", weight)]);
        for (letter_, size) in letters.chars().zip([11.0, 14.0, 22.0].into_iter().cycle()) {
            let path = letter(&font, &location, size, letter_);
            let painted = painted(&path);
            let area: f32 = painted.iter().sum();
            assert!(area > 5.0, "{letter_} is empty");
            for row in 0..SIDE {
                for column in 0..SIDE {
                    let is = painted[usize::from(row) * usize::from(SIDE) + usize::from(column)];
                    let expected = share_of_points(&path, column, row);
                    assert!(
                        (is - expected).abs() <= MOST_OFF,
                        "{letter_} of {weight} at {column}, {row}: {is} and not {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_glyph_of_a_font_without_colours_is_its_outline() {
    let font = FontRef::new(INTER).expect("a font");
    let location = font.axes().location([("wght", 400.0)]);
    let coords: Vec<i16> = location.coords().iter().map(|at| at.to_bits()).collect();
    let id = font.charmap().map('g').expect("the font has it").to_u32();
    let data = FontData::new(Blob::from(INTER.to_vec()), 0);
    let mut canvas = RenderContext::new(SIDE, SIDE);
    canvas
        .glyph_run(&mut Resources::new(), &data)
        .font_size(22.0)
        .hint(false)
        .normalized_coords(&coords)
        .fill_glyphs(std::iter::once(Glyph {
            id,
            x: 5.3,
            y: 30.0,
        }));
    let outline = painted(&letter(&font, &location, 22.0, 'g'));
    for (is, expected) in alphas(&mut canvas).iter().zip(outline) {
        assert!((is - expected).abs() < 0.02, "{is} and not {expected}");
    }
}

#[test]
fn what_is_no_font_paints_nothing() {
    let data = FontData::new(Blob::from(b"no font".to_vec()), 0);
    let mut canvas = RenderContext::new(SIDE, SIDE);
    canvas
        .glyph_run(&mut Resources::new(), &data)
        .fill_glyphs(std::iter::once(Glyph {
            id: 7,
            x: 5.0,
            y: 5.0,
        }));
    assert!(alphas(&mut canvas).iter().all(|alpha| *alpha == 0.0));
}
