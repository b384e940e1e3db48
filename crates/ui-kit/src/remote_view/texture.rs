//! A picture on the graphics card, changed in place.

use codec::{Picture, PixelSize, Rect as PixelRect};
use egui::{
    Color32, ColorImage, Context, Mesh, Painter, Pos2, Rect, TextureFilter, TextureHandle,
    TextureOptions, TextureWrapMode, pos2, vec2,
};

/// Longest side of one texture, in pixels; larger pictures take several.
const LONGEST_SIDE: u32 = 4096;

/// How pixels are drawn at `scale` window pixels for each.
pub(super) fn filter_for(scale: f64) -> TextureOptions {
    let whole = (scale - scale.round()).abs() < 1e-6 && scale >= 1.0;
    let filter = if whole {
        TextureFilter::Nearest
    } else {
        TextureFilter::Linear
    };
    TextureOptions {
        magnification: filter,
        minification: filter,
        wrap_mode: TextureWrapMode::ClampToEdge,
        // below half size a linear filter alone would skip pixels
        mipmap_mode: (scale < 0.5).then_some(TextureFilter::Linear),
    }
}

/// The picture as one or more textures.
#[derive(Default)]
pub(super) struct PictureTexture {
    size: PixelSize,
    options: TextureOptions,
    tiles: Vec<Tile>,
}

struct Tile {
    place: PixelRect,
    texture: TextureHandle,
}

impl PictureTexture {
    /// Forgets everything; the next update loads the whole picture.
    pub(super) fn clear(&mut self) {
        self.tiles.clear();
    }

    /// Uploads `changed`, or all of it when size or filter are new.
    pub(super) fn update(
        &mut self,
        ctx: &Context,
        picture: &Picture,
        changed: &[PixelRect],
        options: TextureOptions,
    ) {
        if self.size != picture.size() || self.options != options || self.tiles.is_empty() {
            self.load(ctx, picture, options);
            return;
        }
        for tile in &mut self.tiles {
            for rect in changed.iter().filter_map(|rect| rect.intersect(tile.place)) {
                let at = [
                    (rect.x - tile.place.x) as usize,
                    (rect.y - tile.place.y) as usize,
                ];
                tile.texture.set_partial(at, image(picture, rect), options);
            }
        }
    }

    fn load(&mut self, ctx: &Context, picture: &Picture, options: TextureOptions) {
        let most = ctx.input(|input| input.max_texture_side);
        let side = u32::try_from(most)
            .unwrap_or(LONGEST_SIDE)
            .clamp(64, LONGEST_SIDE);
        self.size = picture.size();
        self.options = options;
        self.tiles = tiles(self.size, side)
            .map(|place| Tile {
                place,
                texture: ctx.load_texture("remote screen", image(picture, place), options),
            })
            .collect();
    }

    /// Draws the picture so that it fills `rect`.
    pub(super) fn paint(&self, painter: &Painter, rect: Rect) {
        #[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
        let length = |pixels: u32| pixels as f32;
        let scale = rect.size() / vec2(length(self.size.width), length(self.size.height));
        let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        for Tile { place, texture } in &self.tiles {
            let min = rect.min + vec2(length(place.x), length(place.y)) * scale;
            let max = rect.min + vec2(length(place.right()), length(place.bottom())) * scale;
            // a mesh has no smoothed edge, so that the outermost pixels stay exact too
            let mut mesh = Mesh::with_texture(texture.id());
            mesh.add_rect_with_uv(Rect::from_min_max(min, max), whole, Color32::WHITE);
            painter.add(mesh);
        }
    }
}

/// `size` cut into squares of at most `side`.
fn tiles(size: PixelSize, side: u32) -> impl Iterator<Item = PixelRect> {
    let columns = move || (0..size.width.div_ceil(side)).map(move |column| column * side);
    let rows = (0..size.height.div_ceil(side)).map(move |row| row * side);
    rows.flat_map(move |y| {
        columns()
            .map(move |x| PixelRect::new(x, y, side.min(size.width - x), side.min(size.height - y)))
    })
}

fn image(picture: &Picture, rect: PixelRect) -> ColorImage {
    let columns = rect.x as usize..rect.right() as usize;
    let pixels = (rect.y..rect.bottom())
        .flat_map(|y| &picture.row(y)[columns.clone()])
        .map(|pixel| {
            let [_, red, green, blue] = pixel.to_be_bytes();
            Color32::from_rgb(red, green, blue)
        })
        .collect();
    ColorImage::new([rect.width as usize, rect.height as usize], pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_picture_is_cut_without_gap_or_overlap() {
        let size = PixelSize::new(250, 130);
        let cut: Vec<_> = tiles(size, 100).collect();
        assert_eq!(cut.len(), 6);
        assert_eq!(cut.iter().map(|tile| tile.area()).sum::<u64>(), size.area());
        assert_eq!(cut.last(), Some(&PixelRect::new(200, 100, 50, 30)));
    }

    #[test]
    fn whole_scales_are_drawn_pixel_by_pixel() {
        for (scale, filter) in [
            (1.0, TextureFilter::Nearest),
            (2.0, TextureFilter::Nearest),
            (1.5, TextureFilter::Linear),
            (0.75, TextureFilter::Linear),
        ] {
            assert_eq!(filter_for(scale).magnification, filter, "{scale}");
        }
    }

    #[test]
    fn pixels_keep_their_colour() {
        let mut picture = Picture::new(PixelSize::new(3, 2));
        picture.row_mut(1)[2] = 0x0012_3456;
        let image = image(&picture, PixelRect::new(1, 1, 2, 1));
        assert_eq!(image.size, [2, 1]);
        assert_eq!(
            image.pixels,
            [Color32::BLACK, Color32::from_rgb(0x12, 0x34, 0x56)]
        );
    }
}
