//! Paints what egui made of a view without a graphics card, by the same rule as its shaders: colours are multiplied
//! and blended as they are stored, and text is a texture like any other. For places that take pixels, and for tests.

use std::collections::HashMap;

use egui::epaint::{ClippedPrimitive, Mesh, Primitive, Vertex};
use egui::{Color32, ColorImage, ImageData, Pos2, Rect, TextureId, TexturesDelta};

/// All textures of a view as they are now.
#[derive(Debug, Default)]
pub struct Textures(HashMap<TextureId, ColorImage>);

impl Textures {
    /// Takes over what a pass changed, and leaves nothing in `delta`.
    #[expect(clippy::iter_over_hash_type, reason = "no texture depends on another")]
    pub fn take(&mut self, delta: &mut TexturesDelta) {
        for (id, changes) in delta.set.drain() {
            for change in changes {
                let ImageData::Color(image) = &change.image;
                match change.pos {
                    None => {
                        self.0.insert(id, (**image).clone());
                    }
                    Some(at) => patch(self.0.entry(id).or_default(), image, at),
                }
            }
        }
        for id in delta.free.drain() {
            self.0.remove(&id);
        }
    }
}

fn patch(whole: &mut ColorImage, part: &ColorImage, [left, top]: [usize; 2]) {
    for row in 0..part.size[1] {
        let to = (top + row) * whole.size[0] + left;
        let from = row * part.size[0];
        whole.pixels[to..to + part.size[0]]
            .copy_from_slice(&part.pixels[from..from + part.size[0]]);
    }
}

/// Paints triangles on black; gives the pixels row by row, with each channel from 0 to 255. `size` is in pixels,
/// and `scale` how many of them a point is wide and high. What paints by itself is left out.
pub fn paint(
    primitives: &[ClippedPrimitive],
    [width, height]: [usize; 2],
    scale: f32,
    textures: &Textures,
) -> Vec<[f32; 3]> {
    let mut canvas = Canvas {
        width,
        height,
        pixels: vec![[0.0; 3]; width * height],
    };
    for ClippedPrimitive {
        clip_rect,
        primitive,
    } in primitives
    {
        let Primitive::Mesh(mesh) = primitive else {
            continue;
        };
        if let Some(texture) = textures.0.get(&mesh.texture_id) {
            canvas.mesh(mesh, *clip_rect * scale, scale, texture);
        }
    }
    canvas.pixels
}

struct Canvas {
    width: usize,
    height: usize,
    /// Each channel from 0 to 255.
    pixels: Vec<[f32; 3]>,
}

impl Canvas {
    fn mesh(&mut self, mesh: &Mesh, clip: Rect, scale: f32, texture: &ColorImage) {
        for corners in mesh.indices.chunks_exact(3) {
            let mut corners = [corners[0], corners[1], corners[2]].map(|index| {
                let vertex = mesh.vertices[index as usize];
                Vertex {
                    pos: (vertex.pos.to_vec2() * scale).to_pos2(),
                    ..vertex
                }
            });
            // egui turns its triangles either way
            if side(corners[0].pos, corners[1].pos, corners[2].pos) < 0.0 {
                corners.swap(1, 2);
            }
            self.triangle(&corners, clip, texture);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "windows have some thousand pixels"
    )]
    fn triangle(&mut self, [a, b, c]: &[Vertex; 3], clip: Rect, texture: &ColorImage) {
        let whole = side(a.pos, b.pos, c.pos);
        if whole <= 0.0 {
            return;
        }
        let bounds = Rect::from_points(&[a.pos, b.pos, c.pos]);
        let shown = Rect::from_min_max(clip.min.round(), clip.max.round());
        let bounds = bounds.intersect(shown);
        let to = |limit: usize, value: f32| (value.max(0.0) as usize).min(limit);
        let rows = to(self.height, bounds.top().floor())..to(self.height, bounds.bottom().ceil());
        let columns = to(self.width, bounds.left().floor())..to(self.width, bounds.right().ceil());
        let edges = [(b.pos, c.pos), (c.pos, a.pos), (a.pos, b.pos)];
        for row in rows {
            for column in columns.clone() {
                let at = Pos2::new(column as f32 + 0.5, row as f32 + 0.5);
                if !shown.contains(at) {
                    continue;
                }
                let sides = edges.map(|(from, to)| side(from, to, at));
                let is_in = |index: usize| {
                    let (from, to) = edges[index];
                    sides[index] > 0.0 || (sides[index] >= 0.0 && owns(from, to))
                };
                if !(is_in(0) && is_in(1) && is_in(2)) {
                    continue;
                }
                let [a_part, b_part, c_part] = sides.map(|side| side / whole);
                let mixed =
                    |of: &dyn Fn(&Vertex) -> f32| of(a) * a_part + of(b) * b_part + of(c) * c_part;
                let texel = sample(texture, mixed(&|v| v.uv.x), mixed(&|v| v.uv.y));
                let colour: [f32; 4] = std::array::from_fn(|channel| {
                    mixed(&|v| f32::from(v.color.to_array()[channel])) * texel[channel] / 255.0
                });
                let below = &mut self.pixels[row * self.width + column];
                for (channel, value) in below.iter_mut().enumerate() {
                    *value = colour[channel] + *value * (1.0 - colour[3] / 255.0);
                }
            }
        }
    }
}

/// Twice the area of a triangle, positive where its corners go round with the sun.
fn side(a: Pos2, b: Pos2, c: Pos2) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// Of two triangles with this edge, whether a pixel on it belongs to the one that goes round this way.
fn owns(from: Pos2, to: Pos2) -> bool {
    let along = to - from;
    along.y < 0.0 || (along.y <= 0.0 && along.x > 0.0)
}

/// What `texture` has at a place from 0 to 1, each channel from 0 to 255, between its four nearest texels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "textures have some thousand texels"
)]
fn sample(texture: &ColorImage, u: f32, v: f32) -> [f32; 4] {
    let [width, height] = texture.size;
    let x = (u * width as f32 - 0.5).max(0.0);
    let y = (v * height as f32 - 0.5).max(0.0);
    let (left, top) = (x.floor() as usize, y.floor() as usize);
    let (right_part, lower_part) = (x.fract(), y.fract());
    let at = |column: usize, row: usize| -> [u8; 4] {
        let index = row.min(height - 1) * width + column.min(width - 1);
        texture.pixels.get(index).map_or([0; 4], Color32::to_array)
    };
    let corners = [
        at(left, top),
        at(left + 1, top),
        at(left, top + 1),
        at(left + 1, top + 1),
    ];
    std::array::from_fn(|channel| {
        let of = |corner: usize| f32::from(corners[corner][channel]);
        let upper = of(0) + (of(1) - of(0)) * right_part;
        let lower = of(2) + (of(3) - of(2)) * right_part;
        upper + (lower - upper) * lower_part
    })
}
