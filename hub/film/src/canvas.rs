//! The picture of the film: where the screen stands in it and how the pointer is drawn on it.

use codec::{Picture, PixelSize, Rect};
use protocol::PointerShape;

use crate::caption::{Caption, Held};

/// The longer and the shorter side of the largest picture the encoder takes, in pixels.
const MAX_LONG_SIDE: u32 = 3840;
const MAX_SHORT_SIDE: u32 = 2160;
// The encoder's macroblocks have 16 x 16 pixels; it takes nothing smaller.
const MIN_SIDE: u32 = 16;
const BYTES_PER_PIXEL: usize = 4;

/// The size of a film whose screens are at most as wide and as high as this: within what the encoder
/// takes, and even, as colours are stored for 2 x 2 pixels.
pub(crate) fn canvas_size(largest: PixelSize) -> PixelSize {
    let limit = if largest.width >= largest.height {
        PixelSize::new(MAX_LONG_SIDE, MAX_SHORT_SIDE)
    } else {
        PixelSize::new(MAX_SHORT_SIDE, MAX_LONG_SIDE)
    };
    let fitted = fit(largest, limit);
    let even = |side: u32| side.max(MIN_SIDE).next_multiple_of(2);
    PixelSize::new(even(fitted.width), even(fitted.height))
}

/// The largest size with the proportions of `size` that fits into `room`, but no larger than it is.
fn fit(size: PixelSize, room: PixelSize) -> PixelSize {
    if size.width <= room.width && size.height <= room.height {
        return size;
    }
    let (width, height) = (u64::from(size.width), u64::from(size.height));
    let (room_width, room_height) = (u64::from(room.width), u64::from(room.height));
    let side = |side: u64| u32::try_from(side.max(1)).expect("it is within the room");
    if width * room_height >= height * room_width {
        PixelSize::new(room.width, side(height * room_width / width))
    } else {
        PixelSize::new(side(width * room_height / height), room.height)
    }
}

/// The pointer as it is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pointer<'a> {
    /// Pixels of the screen; the hot spot.
    pub(crate) x: i32,
    pub(crate) y: i32,
    /// INVARIANT: sound.
    pub(crate) shape: &'a PointerShape,
}

/// The film's current picture.
#[derive(Debug)]
pub(crate) struct Canvas {
    picture: Picture,
    shown: Option<PixelSize>,
    is_marked: bool,
}

impl Canvas {
    /// A black canvas.
    pub(crate) fn new(size: PixelSize) -> Self {
        Self {
            picture: Picture::new(size),
            shown: None,
            is_marked: false,
        }
    }

    pub(crate) fn size(&self) -> PixelSize {
        self.picture.size()
    }

    pub(crate) fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Shows `screen` and the pointer on it instead of what was there.
    pub(crate) fn show(&mut self, screen: &Picture, pointer: Option<Pointer<'_>>) {
        if self.shown != Some(screen.size()) || self.is_marked {
            // the bars beside a screen of another size, where the mark may reach into them
            self.picture.pixels_mut().fill(0);
            self.shown = Some(screen.size());
            self.is_marked = false;
        }
        let room = self.size();
        let size = fit(screen.size(), room);
        let left = (room.width - size.width) / 2;
        let top = (room.height - size.height) / 2;
        if size == screen.size() {
            for y in 0..size.height {
                self.row_mut(left, top + y, size.width)
                    .copy_from_slice(screen.row(y));
            }
        } else {
            self.show_smaller(screen, size, left, top);
        }
        if let Some(pointer) = pointer {
            self.draw_pointer(pointer, screen.size(), size, (left, top));
        }
    }

    /// Marks what is shown as old, and says why it is `held`.
    pub(crate) fn mark_held(&mut self, held: Held) {
        const WHITE: u32 = 0x00ff_ffff;
        if self.is_marked {
            return;
        }
        self.is_marked = true;
        for pixel in self.picture.pixels_mut() {
            *pixel = u32::from_le_bytes(pixel.to_le_bytes().map(|channel| channel / 3));
        }
        if let Some(caption) = Caption::on(self.size(), held) {
            self.fill(caption.plate(), 0);
            caption.dots().for_each(|dot| self.fill(dot, WHITE));
        }
    }

    fn fill(&mut self, rect: Rect, colour: u32) {
        if let Some(rect) = rect.intersect(self.size().rect()) {
            for y in rect.y..rect.bottom() {
                self.row_mut(rect.x, y, rect.width).fill(colour);
            }
        }
    }

    /// Each pixel becomes the mean of those it stands for.
    fn show_smaller(&mut self, screen: &Picture, size: PixelSize, left: u32, top: u32) {
        for y in 0..size.height {
            let rows = source_range(y, size.height, screen.size().height);
            for (x, pixel) in (0..).zip(self.row_mut(left, top + y, size.width)) {
                let columns = source_range(x, size.width, screen.size().width);
                let mut sums = [0_u64; 3];
                let mut count = 0;
                for row in rows.clone() {
                    let row = screen.row(u32::try_from(row).expect("a row of the screen"));
                    for pixel in &row[columns.clone()] {
                        for (sum, byte) in sums.iter_mut().zip(pixel.to_le_bytes()) {
                            *sum += u64::from(byte);
                        }
                        count += 1;
                    }
                }
                let [blue, green, red] =
                    sums.map(|sum| u8::try_from(sum / count).expect("the mean of bytes is a byte"));
                *pixel = u32::from_le_bytes([blue, green, red, 0]);
            }
        }
    }

    /// Draws the pointer in its own size, whatever the screen's, so that it stays visible.
    fn draw_pointer(
        &mut self,
        pointer: Pointer<'_>,
        screen: PixelSize,
        shown: PixelSize,
        (left, top): (u32, u32),
    ) {
        let Pointer { x, y, shape } = pointer;
        let scaled = |at: i32, from: u32, to: u32| i64::from(at) * i64::from(to) / i64::from(from);
        let x0 = i64::from(left) + scaled(x, screen.width, shown.width) - i64::from(shape.hot_x);
        let y0 = i64::from(top) + scaled(y, screen.height, shown.height) - i64::from(shape.hot_y);
        let width = usize::from(shape.width);
        if width == 0 {
            return;
        }
        let rows = shape.rgba.chunks_exact(width * BYTES_PER_PIXEL);
        for (y, row) in (y0..).zip(rows) {
            for (x, rgba) in (x0..).zip(row.chunks_exact(BYTES_PER_PIXEL)) {
                let (&[red, green, blue, alpha], Some(pixel)) = (
                    rgba.first_chunk().expect("four bytes"),
                    self.pixel_mut(x, y),
                ) else {
                    continue;
                };
                let mut under = pixel.to_le_bytes();
                for (under, over) in under.iter_mut().zip([blue, green, red]) {
                    *under = blend(*under, over, alpha);
                }
                *pixel = u32::from_le_bytes(under);
            }
        }
    }

    fn row_mut(&mut self, x: u32, y: u32, width: u32) -> &mut [u32] {
        &mut self.picture.row_mut(y)[to_usize(x)..][..to_usize(width)]
    }

    fn pixel_mut(&mut self, x: i64, y: i64) -> Option<&mut u32> {
        let PixelSize { width, height } = self.size();
        let x = u32::try_from(x).ok().filter(|x| *x < width)?;
        let y = u32::try_from(y).ok().filter(|y| *y < height)?;
        self.row_mut(x, y, 1).first_mut()
    }
}

/// The rows (columns) of `of` that row (column) `at` of `into` stands for; never empty.
fn source_range(at: u32, into: u32, of: u32) -> std::ops::Range<usize> {
    let edge = |at: u32| u64::from(at) * u64::from(of) / u64::from(into);
    let start = usize::try_from(edge(at)).expect("an index of the screen");
    let end = usize::try_from(edge(at + 1)).expect("an index of the screen");
    start..end.max(start + 1)
}

fn blend(under: u8, over: u8, alpha: u8) -> u8 {
    let (under, over, alpha) = (u16::from(under), u16::from(over), u16::from(alpha));
    let mixed = (over * alpha + under * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).expect("between two bytes")
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).expect("addresses have at least 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> PixelSize {
        PixelSize::new(width, height)
    }

    fn filled(width: u32, height: u32, colour: u32) -> Picture {
        let mut picture = Picture::new(size(width, height));
        picture.pixels_mut().fill(colour);
        picture
    }

    fn pixel(canvas: &mut Canvas, x: i64, y: i64) -> u32 {
        *canvas.pixel_mut(x, y).expect("on the canvas")
    }

    #[test]
    fn the_canvas_is_even_and_not_too_small() {
        assert_eq!(canvas_size(size(801, 777)), size(802, 778));
        assert_eq!(canvas_size(size(0, 0)), size(16, 16));
        assert_eq!(canvas_size(size(1, 1)), size(16, 16));
    }

    #[test]
    fn the_canvas_stays_within_what_the_encoder_takes() {
        assert_eq!(canvas_size(size(3840, 2160)), size(3840, 2160));
        assert_eq!(canvas_size(size(5760, 1080)), size(3840, 720));
        assert_eq!(canvas_size(size(1080, 7680)), size(540, 3840));
        assert_eq!(canvas_size(size(16_384, 1)), size(3840, 16));
    }

    #[test]
    fn a_smaller_screen_stands_in_the_middle_of_black() {
        let mut canvas = Canvas::new(size(40, 20));
        canvas.show(&filled(40, 20, 0x0012_3456), None);
        assert_eq!(pixel(&mut canvas, 0, 0), 0x0012_3456);
        canvas.show(&filled(20, 10, 0x00ff_00ff), None);
        assert_eq!(pixel(&mut canvas, 9, 10), 0);
        assert_eq!(pixel(&mut canvas, 10, 5), 0x00ff_00ff);
        assert_eq!(pixel(&mut canvas, 29, 14), 0x00ff_00ff);
        assert_eq!(pixel(&mut canvas, 30, 14), 0);
    }

    #[test]
    fn a_larger_screen_is_scaled_down_with_its_proportions() {
        let mut canvas = Canvas::new(size(40, 20));
        let mut screen = filled(80, 80, 0x0040_4040);
        for y in 0..80 {
            screen
                .row_mut(y)
                .iter_mut()
                .step_by(2)
                .for_each(|pixel| *pixel = 0x0080_8080);
        }
        canvas.show(&screen, None);
        assert_eq!(pixel(&mut canvas, 9, 10), 0);
        assert_eq!(pixel(&mut canvas, 10, 0), 0x0060_6060);
        assert_eq!(pixel(&mut canvas, 29, 19), 0x0060_6060);
    }

    #[test]
    fn an_old_picture_is_dark_with_words_on_it_until_there_is_a_new_one() {
        const GREY: u32 = 0x0060_6060;
        for (width, height) in [(16, 16), (320, 200), (3840, 2160), (2160, 3840)] {
            let mut canvas = Canvas::new(size(width, height));
            let screen = filled(width, height / 2, GREY);
            canvas.show(&screen, None);
            let before = canvas.picture().pixels().to_vec();
            canvas.mark_held(Held::Lost);
            let marked = canvas.picture().pixels().to_vec();
            let pixels = || marked.iter();
            let dark = pixels().filter(|pixel| **pixel == 0x0020_2020);
            assert!(dark.count() > pixels().count() / 3);
            let words = pixels().filter(|pixel| **pixel == 0x00ff_ffff).count();
            // there is no room for words on the smallest
            assert_eq!(words > 0, width > 16, "{width} x {height}: {words}");
            canvas.mark_held(Held::Lost);
            assert_eq!(canvas.picture().pixels(), marked, "once is enough");
            canvas.show(&screen, None);
            assert_eq!(canvas.picture().pixels(), before);
        }
    }

    #[test]
    fn the_pointer_is_blended_and_cut_at_the_edges() {
        let rgba = [
            [255, 0, 0, 255],
            [0, 255, 0, 128],
            [0, 0, 255, 0],
            [9, 9, 9, 255],
        ];
        let shape = PointerShape {
            width: 2,
            height: 2,
            hot_x: 1,
            hot_y: 0,
            rgba: rgba.concat().into(),
        };
        let mut canvas = Canvas::new(size(20, 20));
        let screen = filled(20, 20, 0);
        let at = |x, y| {
            Some(Pointer {
                x,
                y,
                shape: &shape,
            })
        };
        canvas.show(&screen, at(6, 5));
        assert_eq!(pixel(&mut canvas, 5, 5), 0x00ff_0000);
        assert_eq!(pixel(&mut canvas, 6, 5), 0x0000_8000);
        assert_eq!(pixel(&mut canvas, 5, 6), 0);
        assert_eq!(pixel(&mut canvas, 6, 6), 0x0009_0909);
        for (x, y) in [(0, 0), (20, 19), (i32::MIN, i32::MAX), (i32::MAX, i32::MIN)] {
            canvas.show(&screen, at(x, y));
        }
    }
}
