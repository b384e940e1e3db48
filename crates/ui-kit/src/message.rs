//! A message painted without a graphics library, for when a program cannot open its window: egui lays it
//! out as everything else, and its triangles are filled here.

use std::collections::HashMap;

use desktop::{Alert, Face};
use egui::epaint::{ImageDelta, Primitive, Vertex};
use egui::{
    Color32, ColorImage, Context, FullOutput, ImageData, Label, Mesh, Pos2, RawInput, Rect,
    TextureId, Theme, Ui, vec2,
};

use crate::widgets::{Push, icon_tile_ui, page_ui};
use crate::{Icon, Lang, Palette, Tone, Word, text, theme, w};

/// The message's width, and the most that it may be high, in pixels.
const WIDTH: u16 = 520;
const MOST_HEIGHT: u16 = 600;
/// Passes of egui until everything has its place.
const PASSES: u32 = 3;

/// What is said.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    pub heading: &'a str,
    /// What to do.
    pub sentences: &'a str,
    /// For whoever knows computers.
    pub detail: &'a str,
}

/// Paints a message, and a button that closes it.
pub fn alert(lang: Lang, title: &str, message: &Message<'_>) -> Alert {
    let ctx = Context::default();
    theme::install(&ctx);
    ctx.set_theme(Theme::Light);
    let mut textures = Textures::default();
    let mut button = Rect::NOTHING;
    let mut shapes = Vec::new();
    for _ in 0..PASSES {
        let screen = Rect::from_min_size(Pos2::ZERO, vec2(WIDTH.into(), MOST_HEIGHT.into()));
        let input = RawInput {
            screen_rect: Some(screen),
            ..RawInput::default()
        };
        let output = ctx.run_ui(input, |ui| {
            button = message_ui(ui, lang, message);
        });
        let FullOutput {
            shapes: new_shapes,
            mut textures_delta,
            ..
        } = output;
        // one picture each, so their order is all the same
        let mut changed: Vec<_> = textures_delta.set.drain().collect();
        changed.sort_by_key(|(id, _)| *id);
        for (id, deltas) in changed {
            for delta in deltas {
                textures.take(id, delta);
            }
        }
        shapes = new_shapes;
    }
    let margin = theme::PAGE_MARGIN;
    let height = pixel(button.bottom() + margin).min(MOST_HEIGHT);
    let mut canvas = Canvas {
        width: WIDTH,
        pixels: vec![Color32::BLACK; usize::from(WIDTH) * usize::from(height)],
    };
    for clipped in ctx.tessellate(shapes, 1.0) {
        if let Primitive::Mesh(mesh) = clipped.primitive
            && let Some(texture) = textures.0.get(&mesh.texture_id)
        {
            canvas.fill(&mesh, texture, clipped.clip_rect);
        }
    }
    let colour = |c: Color32| u32::from_be_bytes([0, c.r(), c.g(), c.b()]);
    let corner = |place: f32| i16::try_from(pixel(place)).unwrap_or(i16::MAX);
    Alert {
        title: title.to_owned(),
        text: format!(
            "{}\n\n{}\n\n{}",
            message.heading, message.sentences, message.detail
        ),
        face: Face {
            width: WIDTH,
            height,
            pixels: canvas.pixels.into_iter().map(colour).collect(),
            button: [button.left(), button.top(), button.right(), button.bottom()].map(corner),
        },
    }
}

/// Draws the message; tells where its button is.
fn message_ui(ui: &mut Ui, lang: Lang, message: &Message<'_>) -> Rect {
    let page = page_ui(ui, |ui| {
        let palette = Palette::of(ui);
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            icon_tile_ui(ui, Icon::MonitorOff, Tone::Warning, 40.0);
            ui.add_space(6.0);
            let heading = text(message.heading, 19.0, theme::BOLD, palette.text);
            ui.add(Label::new(heading).wrap());
        });
        ui.add_space(8.0);
        let sentences = text(message.sentences, 15.0, theme::REGULAR, palette.text);
        ui.add(Label::new(sentences.line_height(Some(22.0))).wrap());
        ui.add_space(4.0);
        let detail = text(
            message.detail,
            theme::SMALL_SIZE,
            theme::REGULAR,
            palette.dim,
        );
        ui.add(Label::new(detail).wrap());
        ui.add_space(10.0);
        ui.add(Push::primary(w(lang, Word::Close)).large().wide())
            .rect
    });
    page.inner
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a picture of some hundred pixels"
)]
fn pixel(place: f32) -> u16 {
    place.round().clamp(0.0, f32::from(i16::MAX)) as u16
}

/// What triangles are filled from: letters, mostly.
#[derive(Default)]
struct Textures(HashMap<TextureId, ColorImage>);

impl Textures {
    fn take(&mut self, id: TextureId, delta: ImageDelta) {
        let ImageData::Color(image) = delta.image;
        let (Some([left, top]), Some(known)) = (delta.pos, self.0.get_mut(&id)) else {
            self.0.insert(id, (*image).clone());
            return;
        };
        let [width, _] = image.size;
        for (y, row) in image.pixels.chunks_exact(width.max(1)).enumerate() {
            let start = (top + y) * known.size[0] + left;
            if let Some(place) = known.pixels.get_mut(start..start + width) {
                place.copy_from_slice(row);
            }
        }
    }
}

/// A picture that triangles are filled in.
struct Canvas {
    width: u16,
    pixels: Vec<Color32>,
}

impl Canvas {
    fn fill(&mut self, mesh: &Mesh, texture: &ColorImage, clip: Rect) {
        for corners in mesh.indices.as_chunks::<3>().0 {
            let corner = |i: u32| mesh.vertices.get(i as usize);
            if let [Some(a), Some(b), Some(c)] = corners.map(corner) {
                self.fill_triangle([a, b, c], texture, clip);
            }
        }
    }

    fn fill_triangle(&mut self, corners: [&Vertex; 3], texture: &ColorImage, clip: Rect) {
        let [a, b, c] = corners.map(|corner| corner.pos);
        let area = cross(a, b, c);
        if area == 0.0 {
            return;
        }
        let bounds = Rect::from_points(&[a, b, c]).intersect(clip);
        let height = self.pixels.len() / usize::from(self.width);
        let bottom = usize::from(pixel(bounds.bottom().ceil())).min(height);
        let right = pixel(bounds.right().ceil()).min(self.width);
        for y in usize::from(pixel(bounds.top().floor()))..bottom {
            for x in pixel(bounds.left().floor())..right {
                #[expect(clippy::cast_precision_loss, reason = "some hundred pixels")]
                let at = Pos2::new(f32::from(x) + 0.5, y as f32 + 0.5);
                let shares = [cross(b, c, at), cross(c, a, at), cross(a, b, at)];
                let shares = shares.map(|share| share / area);
                // a pixel on the edge of two triangles belongs to one of them
                let inside = shares.iter().all(|share| *share >= 0.0)
                    && !is_on_far_edge([a, b, c], shares, area);
                if inside && clip.contains(at) {
                    let over = shade(corners, shares, texture);
                    let pixel = &mut self.pixels[y * usize::from(self.width) + usize::from(x)];
                    *pixel = blend(*pixel, over);
                }
            }
        }
    }
}

/// Whether a pixel lies on an edge that belongs to the neighbour: of two triangles that share an edge one
/// sees it go up or to the left, the other down or to the right.
fn is_on_far_edge(corners: [Pos2; 3], shares: [f32; 3], area: f32) -> bool {
    let [a, b, c] = corners;
    let edges = [(b, c), (c, a), (a, b)];
    shares.iter().zip(edges).any(|(share, (from, to))| {
        let way = (to - from) * area.signum();
        *share == 0.0 && (way.y > 0.0 || (way.y == 0.0 && way.x < 0.0))
    })
}

fn cross(a: Pos2, b: Pos2, c: Pos2) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// The colour of a triangle at a place that has these shares of its corners.
fn shade(corners: [&Vertex; 3], shares: [f32; 3], texture: &ColorImage) -> Color32 {
    let mix = |part: fn(&Vertex) -> f32| -> f32 {
        let parts = corners.iter().zip(shares);
        parts.map(|(corner, share)| part(corner) * share).sum()
    };
    let tint = [
        mix(|v| v.color.r().into()),
        mix(|v| v.color.g().into()),
        mix(|v| v.color.b().into()),
        mix(|v| v.color.a().into()),
    ];
    let [width, height] = texture.size;
    let texel = |share: f32, count: usize| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a texture"
        )]
        let place = (share * count as f32).max(0.0) as usize;
        place.min(count.saturating_sub(1))
    };
    let column = texel(mix(|v| v.uv.x), width);
    let row = texel(mix(|v| v.uv.y), height);
    let over = texture.pixels.get(row * width + column).copied();
    let over = over.unwrap_or(Color32::WHITE).to_array();
    let [red, green, blue, alpha] = std::array::from_fn(|i| {
        let value = tint[i] * f32::from(over[i]) / 255.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 255"
        )]
        let value = value.round().clamp(0.0, 255.0) as u8;
        value
    });
    Color32::from_rgba_premultiplied(red, green, blue, alpha)
}

/// `over`, whose colours are multiplied with its opacity, on what was there.
fn blend(under: Color32, over: Color32) -> Color32 {
    let rest = u16::from(255 - over.a());
    let part = |under: u8, over: u8| {
        let under = (u16::from(under) * rest + 127) / 255;
        over.saturating_add(u8::try_from(under).unwrap_or(u8::MAX))
    };
    Color32::from_rgb(
        part(under.r(), over.r()),
        part(under.g(), over.g()),
        part(under.b(), over.b()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_letters_and_a_button_to_be_clicked() {
        let message = Message {
            heading: "No window",
            sentences: "One sentence.",
            detail: "Another.",
        };
        let told = alert(Lang::En, "Helpme", &message);
        let Face {
            width,
            height,
            pixels,
            button: [left, top, right, bottom],
        } = told.face;
        assert_eq!(pixels.len(), usize::from(width) * usize::from(height));
        let background = Palette::LIGHT.background;
        let background = u32::from_be_bytes([0, background.r(), background.g(), background.b()]);
        assert_eq!(pixels[0], background);
        let row = |y: usize| &pixels[y * usize::from(width)..][..usize::from(width)];
        let inked = |y: usize| row(y).iter().filter(|p| **p != background).count();
        let lines = (70..usize::try_from(top).expect("below") - 4).filter(|y| inked(*y) > 0);
        assert!(lines.count() > 16, "two lines of letters");
        let middle = usize::try_from(i16::midpoint(top, bottom)).expect("inside");
        assert!(inked(middle) > usize::try_from(right - left - 4).expect("wide"));
        assert_eq!(told.text, "No window\n\nOne sentence.\n\nAnother.");
    }

    #[test]
    fn every_pixel_of_two_triangles_is_filled_once() {
        let texture = ColorImage::new([1, 1], vec![Color32::WHITE]);
        let mut mesh = Mesh::default();
        let half = Color32::from_rgba_premultiplied(0, 0, 0, 128);
        mesh.add_colored_rect(
            Rect::from_min_max(Pos2::new(1.0, 1.0), Pos2::new(9.0, 9.0)),
            half,
        );
        let mut canvas = Canvas {
            width: 10,
            pixels: vec![Color32::WHITE; 100],
        };
        canvas.fill(&mesh, &texture, Rect::EVERYTHING);
        let once = blend(Color32::WHITE, half);
        for (i, pixel) in canvas.pixels.iter().enumerate() {
            let (x, y) = (i % 10, i / 10);
            let inside = (1..9).contains(&x) && (1..9).contains(&y);
            let expected = if inside { once } else { Color32::WHITE };
            assert_eq!(*pixel, expected, "{x}, {y}");
        }
    }
}
