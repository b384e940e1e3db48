//! Photos without loss, for what the pixel coder (see [`pixels`](crate::pixels)) is made for least: no pixel is
//! like another. A tenth of its time, and a twentieth fewer bytes.
//!
//! A pixel is its green, and what red and blue have more than that. Each of these is expected from what lies
//! around it: half of what is west, three eighths of what is north, a quarter of what is north-east, less an
//! eighth of what is north-west. What it has more than that, modulo 256, is a symbol of a prefix code. Which code depends on how far the expectation was off around there: six codes for green, and
//! six for the others. Codes come first, so a decoder reads once.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "channels and what they differ by are numbers of eight bits, modulo 256"
)]
#![expect(
    clippy::inline_always,
    reason = "only what is inlined there is compiled for the instructions of the caller"
)]

use fearless_simd::dispatch;

use crate::prefix_code::{BitReader, BitWriter, Codes, Counts, NoCode, SYMBOLS, Table};

const CHANNELS: usize = 3;
/// How many codes a channel has.
const CLASSES: usize = 6;
/// Those of green, and those of both others.
const CODES: usize = 2 * CLASSES;
/// The sum of four errors from which each class but the first begins.
const CLASS_BEGINS: [u16; CLASSES - 1] = [4, 10, 18, 30, 52];
const MOST_ERROR: usize = 4 * 128;

const CLASS_OF: [u8; MOST_ERROR + 1] = {
    let mut classes = [0; MOST_ERROR + 1];
    let mut error = 0;
    while error <= MOST_ERROR {
        let mut class = 0;
        while class < CLASSES - 1 && error >= CLASS_BEGINS[class] as usize {
            class += 1;
        }
        classes[error] = class as u8;
        error += 1;
    }
    classes
};

/// What a channel of a pixel was, and how far from what was expected.
#[derive(Clone, Copy, Default)]
struct Sample {
    value: i16,
    error: u16,
}

/// The channels of a row and of the one above, with a pixel more on either side.
struct Rows {
    above: Vec<[Sample; CHANNELS]>,
    row: Vec<[Sample; CHANNELS]>,
    is_first: bool,
}

impl Rows {
    fn of_width(width: usize) -> Self {
        let paper = [Sample::default(); CHANNELS];
        Self {
            above: vec![paper; width + 2],
            row: vec![paper; width + 2],
            is_first: true,
        }
    }

    /// Goes through a row: `code` gives for a channel's code and what is expected what the value is.
    #[inline(always)]
    fn code(&mut self, width: usize, mut code: impl FnMut(usize, usize, i16) -> i16) {
        self.above[0] = self.above[1];
        self.above[width + 1] = self.above[width];
        self.row[0] = self.above[1];
        let (above, row) = (&mut self.above[..width + 2], &mut self.row[..width + 2]);
        for x in 1..=width {
            let west = row[x - 1];
            if self.is_first {
                above[x] = west;
                above[x + 1] = west;
            }
            let (north_west, north, north_east) = (above[x - 1], above[x], above[x + 1]);
            for channel in 0..CHANNELS {
                let west = west[channel];
                let (north, north_east) = (north[channel], north_east[channel]);
                let expected = 4 * west.value + 3 * north.value + 2 * north_east.value
                    - north_west[channel].value;
                let expected = (expected + 4) >> 3;
                let errors =
                    west.error + north.error + north_east.error + north_west[channel].error;
                let class = CLASS_OF[usize::from(errors).min(MOST_ERROR)];
                let value = code(
                    channel,
                    channel.min(1) * CLASSES + usize::from(class),
                    expected,
                );
                let error = u16::from((value.wrapping_sub(expected) as i8).unsigned_abs());
                row[x][channel] = Sample { value, error };
            }
        }
        std::mem::swap(&mut self.above, &mut self.row);
        self.is_first = false;
    }
}

/// Rectangles that are coded, before there is a code for them.
pub(crate) struct PhotoWriter {
    processor: fearless_simd::Level,
    symbols: Vec<(u8, u8)>,
    counts: Box<[Counts; CODES]>,
}

impl PhotoWriter {
    pub(crate) fn new() -> Self {
        Self {
            processor: fearless_simd::Level::new(),
            symbols: Vec::new(),
            counts: Box::new([[0; SYMBOLS]; CODES]),
        }
    }

    /// Codes a rectangle of these rows, which are all equally long and not empty.
    pub(crate) fn code<'a>(&mut self, width: u32, pixels: impl Iterator<Item = &'a [u32]>) {
        dispatch!(self.processor, _simd => {
            let width = width as usize;
            let mut rows = Rows::of_width(width);
            for pixels in pixels {
                let mut x = 0;
                let mut values = [0; CHANNELS];
                rows.code(width, |channel, code, expected| {
                    if channel == 0 {
                        values = split(pixels[x]);
                        x += 1;
                    }
                    let value = values[channel];
                    let symbol = value.wrapping_sub(expected) as u8;
                    self.counts[code][usize::from(symbol)] += 1;
                    self.symbols.push((code as u8, symbol));
                    value
                });
            }
        });
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut writer = BitWriter::default();
        let codes = self.counts.each_ref().map(Codes::of);
        for code in &codes {
            code.write_down(&mut writer);
        }
        for (code, symbol) in self.symbols {
            codes[usize::from(code) % CODES].put(&mut writer, symbol, 0, 0);
        }
        writer.finish()
    }
}

/// Reads what a [`PhotoWriter`] wrote.
pub(crate) struct PhotoReader<'a> {
    processor: fearless_simd::Level,
    reader: BitReader<'a>,
    codes: Vec<Table>,
}

impl<'a> PhotoReader<'a> {
    /// # Errors
    ///
    /// [`NoCode`].
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, NoCode> {
        let mut reader = BitReader::new(bytes);
        let codes: Result<_, _> = (0..CODES).map(|_| Table::read(&mut reader)).collect();
        Ok(Self {
            processor: fearless_simd::Level::new(),
            reader,
            codes: codes?,
        })
    }

    /// Reads a rectangle of these rows; ends soon after the bytes do, and says whether there were enough.
    pub(crate) fn read<'p>(
        &mut self,
        width: u32,
        pixels: impl Iterator<Item = &'p mut [u32]>,
    ) -> bool {
        dispatch!(self.processor, _simd => {
            let width = width as usize;
            let mut rows = Rows::of_width(width);
            let codes: &[Table; CODES] = self.codes[..].try_into().expect("so many were read");
            for pixels in pixels {
                let mut x = 0;
                let mut values = [0; CHANNELS];
                rows.code(width, |channel, code, expected| {
                    let symbol = codes[code].take(&mut self.reader);
                    let sum = expected.wrapping_add(i16::from(symbol));
                    let value = if channel == 0 { sum & 0xff } else { i16::from(sum as i8) };
                    values[channel] = value;
                    if channel == CHANNELS - 1 {
                        pixels[x] = join(values);
                        x += 1;
                    }
                    value
                });
                if self.reader.is_exhausted() {
                    return false;
                }
            }
            true
        })
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.reader.is_at_end()
    }
}

/// Green, and what red and blue have more than that, modulo 256 around zero.
#[inline(always)]
fn split(pixel: u32) -> [i16; CHANNELS] {
    let [blue, green, red, _] = pixel.to_le_bytes();
    let more = |channel: u8| i16::from(channel.wrapping_sub(green) as i8);
    [green.into(), more(red), more(blue)]
}

#[inline(always)]
fn join([green, red, blue]: [i16; CHANNELS]) -> u32 {
    let channel = |more: i16| (green.wrapping_add(more) & 0xff) as u32;
    channel(red) << 16 | channel(0) << 8 | channel(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(width: u32, rects: &[&[u32]]) -> Vec<u8> {
        let mut writer = PhotoWriter::new();
        for pixels in rects {
            writer.code(width, pixels.chunks_exact(width as usize));
        }
        writer.finish()
    }

    proptest::proptest! {
        #[test]
        fn every_pixel_comes_back(
            width in 1_u32..40,
            pixels in proptest::collection::vec(0_u32..1 << 24, 1..900),
            softness in 0_u32..8,
        ) {
            let mask = 0x0001_0101 * (0xff >> softness);
            let mut pixels: Vec<u32> = pixels.iter().map(|pixel| pixel & mask).collect();
            pixels.resize(pixels.len().next_multiple_of(width as usize), 0x0012_3456);
            let bytes = coded(width, &[&pixels, &pixels]);
            let mut reader = PhotoReader::new(&bytes).expect("codes");
            for _ in 0..2 {
                let mut read = vec![0; pixels.len()];
                proptest::prop_assert!(reader.read(width, read.chunks_exact_mut(width as usize)));
                proptest::prop_assert_eq!(&read, &pixels);
            }
            proptest::prop_assert!(reader.is_at_end());
        }

        #[test]
        fn any_bytes_are_no_codes_or_some_pixels(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..2000),
            sound in 0..800_usize,
        ) {
            let slope: Vec<u32> = (0..4096).map(|place| place * 0x0003_0205).collect();
            let mut mixed = coded(64, &[&slope]);
            mixed.truncate(sound);
            mixed.extend(&bytes);
            for bytes in [bytes, mixed] {
                if let Ok(mut reader) = PhotoReader::new(&bytes) {
                    let mut read = vec![0; 100 * 64];
                    reader.read(64, read.chunks_exact_mut(64));
                    proptest::prop_assert!(read.iter().all(|pixel| pixel >> 24 == 0));
                }
            }
        }
    }

    /// Of three hills in different colours, as photos have them.
    #[test]
    fn a_smooth_picture_takes_a_third_of_its_pixels() {
        let wave = |at: u32| {
            let at = at % 200;
            at.min(200 - at)
        };
        let pixels: Vec<u32> = (0..128 * 128)
            .map(|place: u32| {
                let (x, y) = (place % 128, place / 128);
                let noise = (place.wrapping_mul(0x9e37_79b1) >> 16).wrapping_mul(0x85eb_ca6b) >> 30;
                let [red, green, blue] = [x + y, 2 * x + y, x + 2 * y].map(|at| wave(at) + noise);
                (red << 16) | (green << 8) | blue
            })
            .collect();
        let bytes = coded(128, &[&pixels]);
        assert!(bytes.len() < 128 * 128, "{}", bytes.len());
    }
}
