//! From video planes to pixels.
//!
//! Colours are BT.601 in full range: black and white of a screen stay exactly black and white. The way
//! back is this one integer computation on every machine, so a film and the console show the same. It is
//! compiled for several kinds of processor, of which `fearless_simd` chooses.

#![expect(
    clippy::inline_always,
    reason = "becomes other instructions only within a function that is compiled for them"
)]

/// Planes of a decoded picture: full luma, chroma halved both ways.
pub(super) struct Planes<'a> {
    pub(super) luma: &'a [u8],
    pub(super) blue: &'a [u8],
    pub(super) red: &'a [u8],
    pub(super) luma_stride: usize,
    pub(super) chroma_stride: usize,
}

/// Pixels that are converted at once.
pub(super) const SPAN: usize = 16;

impl Planes<'_> {
    /// Converts the pixels of row `y` from `x` on into `target`, which has at most [`SPAN`] pixels.
    #[inline(always)]
    pub(super) fn convert(&self, x: usize, y: usize, target: &mut [u32]) {
        let count = target.len();
        let luma = &self.luma[y * self.luma_stride + x..][..count];
        let chroma_row = y / 2 * self.chroma_stride;
        let (first, last) = (x / 2, (x + count - 1) / 2);
        let blue = &self.blue[chroma_row + first..=chroma_row + last];
        let red = &self.red[chroma_row + first..=chroma_row + last];
        if count == SPAN && x.is_multiple_of(2) {
            if let (Ok(target), Ok(luma), Ok(blue), Ok(red)) = (
                target.try_into(),
                luma.try_into(),
                blue.try_into(),
                red.try_into(),
            ) {
                convert_span(target, luma, blue, red);
            }
        } else {
            for (i, (pixel_out, &luma)) in target.iter_mut().zip(luma).enumerate() {
                let chroma = ((x + i) >> 1) - first;
                *pixel_out = pixel(luma, blue[chroma], red[chroma]);
            }
        }
    }
}

/// A whole span; fixed lengths and 16 bits, so that all of it becomes vector instructions.
#[inline(always)]
fn convert_span(
    target: &mut [u32; SPAN],
    luma: &[u8; SPAN],
    blue: [u8; SPAN / 2],
    red: [u8; SPAN / 2],
) {
    let (mut to_red, mut to_green, mut to_blue) = ([0; SPAN], [0; SPAN], [0; SPAN]);
    for i in 0..SPAN / 2 {
        let [r, g, b] = offsets(blue[i], red[i]);
        (to_red[2 * i], to_red[2 * i + 1]) = (r, r);
        (to_green[2 * i], to_green[2 * i + 1]) = (g, g);
        (to_blue[2 * i], to_blue[2 * i + 1]) = (b, b);
    }
    for i in 0..SPAN {
        target[i] = join(luma[i], [to_red[i], to_green[i], to_blue[i]]);
    }
}

/// What the chroma adds to the luma for red, green and blue: BT.601, in steps of 1/64.
#[inline(always)]
fn offsets(blue: u8, red: u8) -> [i16; 3] {
    let (blue, red) = (i16::from(blue) - 128, i16::from(red) - 128);
    // none of the products leaves 16 bits
    [
        (90 * red + 32) >> 6,
        -((22 * blue + 46 * red + 32) >> 6),
        (113 * blue + 32) >> 6,
    ]
}

/// `0x00RRGGBB`.
#[inline(always)]
fn join(luma: u8, offsets: [i16; 3]) -> u32 {
    let [red, green, blue] = offsets.map(|offset| {
        let value = (i16::from(luma) + offset).clamp(0, 255);
        u32::from(value.cast_unsigned())
    });
    red << 16 | green << 8 | blue
}

#[inline(always)]
fn pixel(luma: u8, blue: u8, red: u8) -> u32 {
    join(luma, offsets(blue, red))
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;

    use super::*;

    #[test]
    fn grey_stays_exactly_grey() {
        for grey in 0..=255_u8 {
            assert_eq!(pixel(grey, 128, 128), u32::from(grey) * 0x01_01_01);
        }
    }

    #[test]
    fn long_and_short_spans_give_the_same_pixels() {
        let luma: Vec<u8> = (0..=255).collect();
        let blue: Vec<u8> = (0..64_u8).map(|i| i.wrapping_mul(37)).collect();
        let red: Vec<u8> = (0..64_u8).map(|i| i.wrapping_mul(91)).collect();
        let planes = Planes {
            luma: &luma,
            blue: &blue,
            red: &red,
            luma_stride: 16,
            chroma_stride: 8,
        };
        for y in 0..16 {
            let mut whole = [0; SPAN];
            dispatch!(fearless_simd::Level::new(), _simd => planes.convert(0, y, &mut whole));
            let mut portable = [0; SPAN];
            planes.convert(0, y, &mut portable);
            assert_eq!(whole, portable);
            for (x, pixel) in whole.into_iter().enumerate() {
                let mut one = [0];
                planes.convert(x, y, &mut one);
                assert_eq!(one, [pixel]);
            }
        }
    }
}
