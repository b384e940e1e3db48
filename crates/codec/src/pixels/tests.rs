//! Pixels of every kind come back, the usual ones cost little, and nonsense is survived.

use super::*;
use crate::range_coder::{RangeDecoder, RangeEncoder};

fn encode(model: &mut PixelModel, pixels: &[u32], width: usize) -> Vec<u8> {
    let mut coder = RangeEncoder::new();
    let mut rows = model.begin(width as u32);
    for row in pixels.chunks(width) {
        rows.row.copy_from_slice(row);
        model.code_row(&mut coder, &mut rows);
    }
    model.end(&rows);
    coder.finish()
}

fn decode(model: &mut PixelModel, bytes: &[u8], width: usize, height: usize) -> Vec<u32> {
    let mut coder = RangeDecoder::new(bytes);
    let mut rows = model.begin(width as u32);
    let mut pixels = Vec::new();
    for _ in 0..height {
        model.code_row(&mut coder, &mut rows);
        pixels.extend_from_slice(&rows.row);
    }
    model.end(&rows);
    pixels
}

fn noise(count: usize, colours: u32) -> Vec<u32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    (0..count)
        .map(|_| (next() % colours).wrapping_mul(0x0012_3457) & 0x00ff_ffff)
        .collect()
}

#[test]
fn pixels_of_every_kind_come_back_one_rectangle_after_another() {
    let (mut encoder, mut decoder) = (PixelModel::new(), PixelModel::new());
    for colours in [1, 2, 5, 300, 1 << 24] {
        for width in [1, 2, 3, 17, 64] {
            let pixels = noise(width * 9, colours);
            let bytes = encode(&mut encoder, &pixels, width);
            assert_eq!(decode(&mut decoder, &bytes, width, 9), pixels);
        }
    }
}

#[test]
fn what_was_seen_before_costs_less() {
    let mut model = PixelModel::new();
    let pixels = noise(64 * 64, 1 << 24);
    let first = encode(&mut model, &pixels, 64).len();
    let again = encode(&mut model, &pixels, 64).len();
    assert!(
        first > 64 * 64 * 3 && again * 20 < first,
        "{first} bytes, then {again}"
    );
}

#[test]
fn a_blank_area_costs_a_few_bytes() {
    let pixels = vec![0x0012_3456; 1920 * 1080];
    assert!(encode(&mut PixelModel::new(), &pixels, 1920).len() < 80);
}

/// A slope in each channel, as in a shadow, and grain of up to `grain` on top.
fn slopes(width: usize, height: usize, grain: u32) -> Vec<u32> {
    let mut grains = noise(width * height * 3, 1 << 24)
        .into_iter()
        .map(|noise| (noise >> 4) % (grain + 1));
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let mut channel = |value: usize| (value as u32 + grains.next().unwrap_or(0)) & 0xff;
            pixels.push(channel(2 * x + y) << 16 | channel(x + y) << 8 | channel(200 - y));
        }
    }
    pixels
}

#[test]
fn smooth_pixels_come_back_whatever_their_grain() {
    let (mut encoder, mut decoder) = (PixelModel::new(), PixelModel::new());
    for grain in [0, 1, 4, 15, 31, 64, 255] {
        let pixels = slopes(150, 40, grain);
        let bytes = encode(&mut encoder, &pixels, 150);
        assert_eq!(decode(&mut decoder, &bytes, 150, 40), pixels);
    }
}

#[test]
fn smooth_pixels_cost_little_more_than_their_grain() {
    let pixels = slopes(128, 128, 3);
    // Two bits of each channel cannot be known; a prediction of them from such neighbours is worse.
    let bytes = encode(&mut PixelModel::new(), &pixels, 128).len();
    assert!(bytes * 8 < pixels.len() * 10, "{bytes} bytes");
}

/// Decodes what may be nonsense, as the decoder of updates does.
fn decode_nonsense(model: &mut PixelModel, bytes: &[u8], width: usize, height: usize) {
    let mut coder = RangeDecoder::new(bytes);
    let mut rows = model.begin(width as u32);
    for _ in 0..height {
        model.code_row(&mut coder, &mut rows);
        assert!(rows.row.iter().all(|&pixel| pixel >> 24 == 0));
        if coder.is_exhausted() {
            break;
        }
    }
    model.end(&rows);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    #[test]
    fn nonsense_decodes_to_colours(
        nonsense in proptest::collection::vec(proptest::num::u8::ANY, 0..2000),
        width in 1_usize..100,
    ) {
        let mut model = PixelModel::new();
        decode_nonsense(&mut model, &nonsense, width, 100);
        decode_nonsense(&mut model, &nonsense, width, 100);
    }

    #[test]
    fn damaged_bytes_decode_to_colours(
        grain in 0_u32..40,
        place in proptest::prelude::any::<proptest::sample::Index>(),
        damage in 1_u8..,
        length in proptest::prelude::any::<proptest::sample::Index>(),
    ) {
        let (mut encoder, mut decoder) = (PixelModel::new(), PixelModel::new());
        for pixels in [slopes(60, 40, grain), noise(60 * 40, 2 + grain)] {
            let mut bytes = encode(&mut encoder, &pixels, 60);
            let place = place.index(bytes.len());
            bytes[place] ^= damage;
            bytes.truncate(1 + length.index(bytes.len()).max(place));
            decode_nonsense(&mut decoder, &bytes, 60, 40);
        }
    }
}
