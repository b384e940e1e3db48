//! Pictures as video codecs take them: a luma for each pixel, two chromas for each 2 x 2 pixels.
//!
//! One integer computation gives the same planes on every machine. It is written so that compilers
//! turn it into vector instructions; on x86 it is compiled twice, the second time for AVX2, which
//! takes a third off its time.

use crate::geometry::{PixelSize, Rect};
use crate::picture::Picture;

/// How colours become luma and chroma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoColours {
    /// BT.601 in full range: black and white of a screen stay exactly black and white.
    Screen,
    /// BT.709 in limited range, as players expect of a film.
    Film,
}

/// The planes of one picture after the other, whole rows without gaps.
pub struct Yuv420 {
    colours: VideoColours,
    size: PixelSize,
    luma: Vec<u8>,
    blue: Vec<u8>,
    red: Vec<u8>,
    /// Two rows of pixels, padded to the right.
    padded: Vec<u32>,
}

impl Yuv420 {
    /// Makes planes for pictures of `size`.
    ///
    /// # Panics
    ///
    /// If a side is odd.
    pub fn new(size: PixelSize, colours: VideoColours) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        assert!(
            width.is_multiple_of(2) && height.is_multiple_of(2),
            "chroma is halved both ways, {size:?} cannot be"
        );
        Self {
            colours,
            size,
            luma: vec![0; width * height],
            blue: vec![0; width * height / 4],
            red: vec![0; width * height / 4],
            padded: vec![0; width * 2],
        }
    }

    pub fn size(&self) -> PixelSize {
        self.size
    }

    /// One byte for each pixel.
    pub fn luma(&self) -> &[u8] {
        &self.luma
    }

    /// How blue it is ("U"): one byte for each 2 x 2 pixels.
    pub fn blue(&self) -> &[u8] {
        &self.blue
    }

    /// How red it is ("V"): one byte for each 2 x 2 pixels.
    pub fn red(&self) -> &[u8] {
        &self.red
    }

    /// Converts what lies in `rect` of `picture`. A `rect` that is smaller than the planes is padded by
    /// repeating its right and lower edge.
    ///
    /// # Panics
    ///
    /// If `rect` is empty, larger than the planes, or reaches beyond the picture.
    pub fn take(&mut self, picture: &Picture, rect: Rect) {
        assert!(
            rect.height > 0 && rect.height <= self.size.height,
            "{rect:?} does not fit into {:?}",
            self.size
        );
        let width = self.size.width as usize;
        let luma = self.luma.chunks_exact_mut(width * 2);
        let blue = self.blue.chunks_exact_mut(width / 2);
        let red = self.red.chunks_exact_mut(width / 2);
        for (y, (luma, (blue, red))) in (0..).step_by(2).zip(luma.zip(blue.zip(red))) {
            let row = |y: u32| picture.span(rect.x, rect.y + y.min(rect.height - 1), rect.width);
            let (mut upper, mut lower) = (row(y), row(y + 1));
            if upper.len() != width {
                let (a, b) = self.padded.split_at_mut(width);
                (upper, lower) = (pad(upper, a), pad(lower, b));
            }
            let rows = Rows {
                upper,
                lower,
                luma: luma.split_at_mut(width),
                blue,
                red,
            };
            match self.colours {
                VideoColours::Screen => convert::<Screen>(rows),
                VideoColours::Film => convert::<Film>(rows),
            }
        }
    }
}

impl std::fmt::Debug for Yuv420 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is on a screen belongs in no log.
        f.debug_struct("Yuv420")
            .field("colours", &self.colours)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Copies `row` to `target`, which is longer, and repeats its last pixel.
fn pad<'a>(row: &[u32], target: &'a mut [u32]) -> &'a [u32] {
    let (inner, padding) = target.split_at_mut(row.len());
    inner.copy_from_slice(row);
    padding.fill(row[row.len() - 1]);
    target
}

/// What red, green and blue count, in steps of 1/32768. Below 16 bits each, for the sake of vectors.
trait Weights {
    const LUMA: [u32; 3];
    /// Of black.
    const LUMA_LEAST: u32;
    /// Red and green are taken away.
    const BLUE: [u32; 3];
    /// Green and blue are taken away.
    const RED: [u32; 3];
}

enum Screen {}

impl Weights for Screen {
    const LUMA: [u32; 3] = [9_798, 19_235, 3_735];
    const LUMA_LEAST: u32 = 0;
    const BLUE: [u32; 3] = [5_529, 10_855, 16_384];
    const RED: [u32; 3] = [16_384, 13_720, 2_664];
}

enum Film {}

impl Weights for Film {
    const LUMA: [u32; 3] = [5_983, 20_127, 2_032];
    const LUMA_LEAST: u32 = 16;
    const BLUE: [u32; 3] = [3_298, 11_094, 14_392];
    const RED: [u32; 3] = [14_392, 13_072, 1_320];
}

/// The sum of four bytes.
const TEN_BITS: u32 = 0x3ff;

/// Two rows of pixels and where their planes go.
struct Rows<'a> {
    upper: &'a [u32],
    lower: &'a [u32],
    luma: (&'a mut [u8], &'a mut [u8]),
    blue: &'a mut [u8],
    red: &'a mut [u8],
}

#[cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "what a machine can do is known only when it runs"
    )
)]
fn convert<W: Weights>(rows: Rows<'_>) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: this machine has AVX2.
        return unsafe { convert_avx2::<W>(rows) };
    }
    convert_portably::<W>(rows);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn convert_avx2<W: Weights>(rows: Rows<'_>) {
    convert_portably::<W>(rows);
}

#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "becomes AVX2 only within a function that is compiled for it"
)]
fn convert_portably<W: Weights>(rows: Rows<'_>) {
    luma_row::<W>(rows.upper, rows.luma.0);
    luma_row::<W>(rows.lower, rows.luma.1);
    let columns = rows
        .upper
        .as_chunks()
        .0
        .iter()
        .zip(rows.lower.as_chunks().0);
    for (((&[a, b], &[c, d]), blue), red) in columns.zip(rows.blue).zip(rows.red) {
        (*blue, *red) = chroma::<W>([a, b, c, d]);
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "see `convert_portably`")]
fn luma_row<W: Weights>(pixels: &[u32], luma: &mut [u8]) {
    let [red, green, blue] = W::LUMA;
    for (luma, pixel) in luma.iter_mut().zip(pixels) {
        let sum = (pixel >> 16 & 0xff) * red + (pixel >> 8 & 0xff) * green + (pixel & 0xff) * blue;
        let rounded = sum + (W::LUMA_LEAST << 15) + (1 << 14);
        *luma = (rounded >> 15).to_le_bytes()[0];
    }
}

/// The chroma of 2 x 2 pixels: blue and red.
#[inline(always)]
#[expect(clippy::inline_always, reason = "see `convert_portably`")]
fn chroma<W: Weights>([a, b, c, d]: [u32; 4]) -> (u8, u8) {
    // red and blue are added up side by side
    let red_and_blue = |pixel: u32| pixel & 0xff_00ff;
    let green = |pixel: u32| pixel >> 8 & 0xff;
    let both = (red_and_blue(a) + red_and_blue(c)) + (red_and_blue(b) + red_and_blue(d));
    let green = (green(a) + green(c)) + (green(b) + green(d));
    let (red, blue) = (both >> 16 & TEN_BITS, both & TEN_BITS);
    // What counts less is added as what it lacks of 1023: products that stay positive keep to the
    // 16 bits that vectors multiply quickly.
    let no_green = green ^ TEN_BITS;
    let (no_red, no_blue) = (red ^ TEN_BITS, blue ^ TEN_BITS);
    // Four pixels in steps of 1/32768, and a half, rounded down: the purest colours end at 255.
    let middle =
        |less: u32, and_less: u32| (128 << 17) + (1 << 16) - 1 - TEN_BITS * (less + and_less);
    let [less_red, less_green, more_blue] = W::BLUE;
    let blueness =
        middle(less_red, less_green) + blue * more_blue + no_red * less_red + no_green * less_green;
    let [more_red, less_green, less_blue] = W::RED;
    let redness = middle(less_green, less_blue)
        + red * more_red
        + no_green * less_green
        + no_blue * less_blue;
    (
        (blueness >> 17).to_le_bytes()[0],
        (redness >> 17).to_le_bytes()[0],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Luma, blue and red of a colour as the standards define them.
    fn reference(colours: VideoColours, [red, green, blue]: [f64; 3]) -> [f64; 3] {
        let (red_share, blue_share, least, luma_range, chroma_range) = match colours {
            VideoColours::Screen => (0.299, 0.114, 0.0, 255.0, 255.0),
            VideoColours::Film => (0.2126, 0.0722, 16.0, 219.0, 224.0),
        };
        let luma = red_share * red + (1.0 - red_share - blue_share) * green + blue_share * blue;
        let chroma = |colour: f64, share: f64| {
            128.0 + (colour - luma) / (2.0 * (1.0 - share)) / 255.0 * chroma_range
        };
        [
            least + luma / 255.0 * luma_range,
            chroma(blue, blue_share),
            chroma(red, red_share),
        ]
    }

    /// Anything but regular.
    fn noise(size: PixelSize) -> Picture {
        let mut picture = Picture::new(size);
        let mut state = 0x9e37_79b9_u32;
        for pixel in picture.pixels_mut() {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            // the top byte means nothing
            *pixel = state;
        }
        picture
    }

    fn channels(pixel: u32) -> [f64; 3] {
        let [blue, green, red, _] = pixel.to_le_bytes();
        [red, green, blue].map(f64::from)
    }

    fn assert_near(is: u8, wanted: f64, what: &str) {
        let wanted = wanted.clamp(0.0, 255.0);
        // half a step is rounding, the rest is for the weights' own
        assert!(
            (f64::from(is) - wanted).abs() < 0.52,
            "{what}: {is}, not {wanted}"
        );
    }

    #[test]
    fn planes_are_what_the_standards_say() {
        let size = PixelSize::new(512, 256);
        let mut picture = noise(size);
        // half of it in blocks of 2 x 2: every corner and edge of the colours, which noise never has
        for y in 0..128 {
            for x in 0..512 {
                let at = y / 2 * 256 + x / 2;
                let step =
                    |shift: u32| [0, 1, 16, 64, 127, 128, 240, 255][(at >> shift & 7) as usize];
                picture.row_mut(y)[x as usize] = step(0) << 16 | step(3) << 8 | step(6);
            }
        }
        for colours in [VideoColours::Screen, VideoColours::Film] {
            let mut planes = Yuv420::new(size, colours);
            planes.take(&picture, size.rect());
            for (pixel, luma) in picture.pixels().iter().zip(planes.luma()) {
                let [wanted, ..] = reference(colours, channels(*pixel));
                assert_near(*luma, wanted, "luma");
            }
            for y in 0..size.height / 2 {
                for x in 0..size.width as usize / 2 {
                    let mut mean = [0.0; 3];
                    for row in [picture.row(y * 2), picture.row(y * 2 + 1)] {
                        for pixel in &row[x * 2..][..2] {
                            for (mean, channel) in mean.iter_mut().zip(channels(*pixel)) {
                                *mean += channel / 4.0;
                            }
                        }
                    }
                    let [_, blue, red] = reference(colours, mean);
                    let at = y as usize * 256 + x;
                    assert_near(planes.blue()[at], blue, "blue");
                    assert_near(planes.red()[at], red, "red");
                }
            }
        }
    }

    #[test]
    fn grey_has_no_colour_and_a_screens_keeps_its_value() {
        let size = PixelSize::new(2, 2);
        let mut picture = Picture::new(size);
        for colours in [VideoColours::Screen, VideoColours::Film] {
            let mut planes = Yuv420::new(size, colours);
            for grey in 0..=255_u8 {
                picture.pixels_mut().fill(u32::from(grey) * 0x01_0101);
                planes.take(&picture, size.rect());
                assert_eq!((planes.blue(), planes.red()), (&[128][..], &[128][..]));
                if colours == VideoColours::Screen {
                    assert_eq!(planes.luma(), [grey; 4]);
                }
            }
        }
    }

    #[test]
    fn every_machine_makes_the_same_planes() {
        let size = PixelSize::new(334, 2);
        let picture = noise(size);
        let mut planes = Yuv420::new(size, VideoColours::Film);
        planes.take(&picture, size.rect());
        let mut portable = Yuv420::new(size, VideoColours::Film);
        convert_portably::<Film>(Rows {
            upper: picture.row(0),
            lower: picture.row(1),
            luma: portable.luma.split_at_mut(334),
            blue: &mut portable.blue,
            red: &mut portable.red,
        });
        assert_eq!(planes.luma(), portable.luma());
        assert_eq!(planes.blue(), portable.blue());
        assert_eq!(planes.red(), portable.red());
    }

    #[test]
    fn what_is_smaller_is_padded_with_its_right_and_lower_edge() {
        let rect = Rect::new(3, 5, 37, 21);
        let screen = noise(PixelSize::new(64, 40));
        let size = PixelSize::new(48, 32);
        let mut padded = Picture::new(size);
        for y in 0..size.height {
            for x in 0..size.width {
                let from = screen.row(rect.y + y.min(rect.height - 1));
                padded.row_mut(y)[x as usize] = from[(rect.x + x.min(rect.width - 1)) as usize];
            }
        }
        let mut planes = Yuv420::new(size, VideoColours::Screen);
        planes.take(&screen, rect);
        let mut wanted = Yuv420::new(size, VideoColours::Screen);
        wanted.take(&padded, size.rect());
        assert_eq!(planes.luma(), wanted.luma());
        assert_eq!(planes.blue(), wanted.blue());
        assert_eq!(planes.red(), wanted.red());
    }
}
