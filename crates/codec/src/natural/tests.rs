//! Both sides agree, nothing is lost that need not be, and nonsense is survived.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "waves are made to fit a channel"
)]

use super::quick::{QuickCells, QuickReader};
use super::samples::channels;
use super::*;
use crate::geometry::PixelSize;
use crate::grid::Grid;

fn quality(quality: u8) -> Quality {
    Quality::new(quality).expect("the tests name qualities that exist")
}

fn cells(size: PixelSize) -> impl Iterator<Item = Rect> {
    let grid = Grid::new(size);
    (0..grid.rows()).flat_map(move |row| {
        (0..grid.columns()).map(move |column| grid.cells_rect(column..column + 1, row..row + 1))
    })
}

/// The bytes, and what the encoder takes the viewer to show.
fn encoded(model: &mut NaturalModel, quality: Quality, from: &Picture) -> (Vec<u8>, Picture) {
    let mut shown = Picture::new(from.size());
    let mut coder = RangeEncoder::new();
    model.begin(quality);
    for cell in cells(from.size()) {
        model.encode_cell_and_show(&mut coder, from, &mut shown, cell);
    }
    (coder.finish(), shown)
}

fn decoded(model: &mut NaturalModel, quality: Quality, bytes: &[u8], size: PixelSize) -> Picture {
    let mut picture = Picture::new(size);
    let mut coder = RangeDecoder::new(bytes);
    model.begin(quality);
    for cell in cells(size) {
        model.decode_cell(&mut coder, &mut picture, cell);
    }
    picture
}

fn quickly_encoded(model: &mut NaturalModel, quality: Quality, from: &Picture) -> Vec<u8> {
    let mut coded = QuickCells::new();
    model.begin(quality);
    for cell in cells(from.size()) {
        model.encode_cell_quickly(&mut coded, from, cell);
    }
    let about = coded.len();
    let bytes = coded.finish();
    assert!(
        bytes.len() <= 3 * about + 8 * 256,
        "{} of {about}",
        bytes.len()
    );
    bytes
}

/// The picture, and whether all bytes were used and no more.
fn quickly_decoded(
    model: &mut NaturalModel,
    quality: Quality,
    bytes: &[u8],
    size: PixelSize,
) -> Option<(Picture, bool)> {
    let mut picture = Picture::new(size);
    let mut reader = QuickReader::new(bytes).ok()?;
    model.begin(quality);
    for cell in cells(size) {
        model.decode_cell_quickly(&mut reader, &mut picture, cell);
    }
    Some((picture, reader.is_at_end() && !reader.is_exhausted()))
}

fn painted(size: PixelSize, mut paint: impl FnMut(u32, u32) -> u32) -> Picture {
    let mut picture = Picture::new(size);
    for y in 0..size.height {
        for (x, pixel) in (0..).zip(picture.row_mut(y)) {
            *pixel = paint(x, y);
        }
    }
    picture
}

/// Soft hills in three colours.
fn hills() -> Picture {
    painted(PixelSize::new(160, 96), |x, y| {
        let wave = |along: u32, length: f64| (f64::from(along) / length).sin();
        let channel = |value: f64| (127.0 + 110.0 * value) as u32;
        channel(wave(x, 17.0) * wave(y, 23.0)) << 16
            | channel(wave(x + y, 29.0)) << 8
            | channel(wave(2 * x + 3 * y, 71.0))
    })
}

fn squared_error(one: &Picture, other: &Picture) -> f64 {
    let pixels = one.pixels().iter().zip(other.pixels());
    let error: i32 = pixels
        .flat_map(|(&one, &other)| {
            let (one, other) = (channels(one), channels(other));
            [0, 1, 2].map(|place| (one[place] - other[place]).pow(2))
        })
        .sum();
    f64::from(error) / (one.pixels().len() * 3) as f64
}

/// The ratio of the largest signal to the error, in dB.
fn psnr(one: &Picture, other: &Picture) -> f64 {
    10.0 * (255.0_f64.powi(2) / squared_error(one, other)).log10()
}

proptest::proptest! {
    #[test]
    fn the_decoder_shows_what_the_encoder_says_it_shows(
        (width, height) in (1_u32..40, 1_u32..40),
        pixels in proptest::collection::vec(proptest::prelude::any::<u32>(), 40 * 40),
        softness in 0_u32..8,
        qualities in proptest::collection::vec(1_u8..=100, 1..4),
    ) {
        let size = PixelSize::new(width, height);
        let mask = 0x0001_0101 * (0xff >> softness);
        let from = painted(size, |x, y| {
            (pixels[(y * 40 + x) as usize] & mask) + 0x0001_0101 * (x + y)
        });
        let (mut encoder, mut writer, mut decoder) =
            (NaturalModel::new(), NaturalModel::new(), NaturalModel::new());
        for quality in qualities.into_iter().map(quality) {
            let (bytes, shown) = encoded(&mut encoder, quality, &from);
            let mut coder = RangeEncoder::new();
            writer.begin(quality);
            for cell in cells(size) {
                writer.encode_cell(&mut coder, &from, cell);
            }
            proptest::prop_assert_eq!(coder.finish(), &bytes[..]);
            let picture = decoded(&mut decoder, quality, &bytes, size);
            proptest::prop_assert!(picture == shown);
            let bytes = quickly_encoded(&mut writer, quality, &from);
            let quick = quickly_decoded(&mut decoder, quality, &bytes, size);
            proptest::prop_assert!(quick == Some((shown, true)));
        }
    }

    #[test]
    fn any_bytes_are_no_codes_or_become_some_picture_quickly(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..3_000),
        sound in 0..800_usize,
        level in 1_u8..=100,
    ) {
        let size = PixelSize::new(100, 75);
        let mut mixed = quickly_encoded(&mut NaturalModel::new(), quality(level), &hills());
        mixed.truncate(sound);
        mixed.extend(&bytes);
        for bytes in [bytes, mixed] {
            let found = quickly_decoded(&mut NaturalModel::new(), quality(level), &bytes, size);
            if let Some((picture, _)) = found {
                proptest::prop_assert!(picture.pixels().iter().all(|pixel| pixel >> 24 == 0));
            }
        }
    }

    #[test]
    fn any_bytes_become_some_picture(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..3_000),
        level in 1_u8..=100,
    ) {
        let picture = decoded(
            &mut NaturalModel::new(),
            quality(level),
            &bytes,
            PixelSize::new(100, 75),
        );
        proptest::prop_assert!(picture.pixels().iter().all(|pixel| pixel >> 24 == 0));
    }
}

#[test]
fn the_largest_levels_of_every_quality_are_survived() {
    for level in [1, 22, 50, 100].map(quality) {
        for bytes in [[0xff; 4_000], [0xaa; 4_000], [0x00; 4_000]] {
            decoded(
                &mut NaturalModel::new(),
                level,
                &bytes,
                PixelSize::new(64, 64),
            );
        }
        for quantiser in Quantiser::both(level) {
            for extreme in [8_191, -8_191] {
                let levels = Levels {
                    by_place: [extreme; AREA],
                    ac_count: AREA - 1,
                };
                let mut picture = Picture::new(PixelSize::new(16, 16));
                let rect = picture.size().rect();
                show(&[quantiser.restored(&levels); BLOCKS], &mut picture, rect);
            }
        }
    }
}

#[test]
fn a_smooth_picture_stays_close_to_the_original() {
    let from = hills();
    let (_, shown) = encoded(&mut NaturalModel::new(), quality(75), &from);
    let psnr = psnr(&from, &shown);
    assert!(psnr > 38.0, "{psnr} dB");
}

#[test]
fn the_best_quality_loses_next_to_nothing_of_a_grey_picture() {
    let from = painted(PixelSize::new(64, 64), |x, y| {
        0x0001_0101 * ((x * x + 3 * x * y + 7 * y) % 251)
    });
    let (_, shown) = encoded(&mut NaturalModel::new(), quality(100), &from);
    let psnr = psnr(&from, &shown);
    assert!(psnr > 52.0, "{psnr} dB");
}

#[test]
fn higher_quality_costs_more_and_shows_more() {
    let hills = hills();
    let from = painted(PixelSize::new(160, 96), |x, y| {
        let noise = (x * 73 + y * 151).wrapping_mul(0x9e37_79b1) >> 27;
        hills.row(y)[x as usize] / 2 + 0x0001_0101 * noise
    });
    let mut before = (0, f64::INFINITY);
    for level in [5, 22, 50, 75, 85, 95] {
        let (bytes, shown) = encoded(&mut NaturalModel::new(), quality(level), &from);
        let now = (bytes.len(), squared_error(&from, &shown));
        assert!(now.0 > before.0 && now.1 < before.1, "{now:?}, {before:?}");
        before = now;
    }
}

#[test]
fn grey_stays_grey_and_its_chroma_is_all_but_free() {
    let size = PixelSize::new(320, 320);
    let grey = painted(size, |x, y| 0x0001_0101 * ((x * y / 7 + x) & 0xff));
    let mut model = NaturalModel::new();
    // Colour comes before, and something of it is left in the prediction and the estimates.
    encoded(&mut model, quality(50), &hills());
    let (bytes, shown) = encoded(&mut model, quality(50), &grey);
    for &pixel in shown.pixels() {
        assert_eq!(pixel, 0x0001_0101 * (pixel & 0xff));
    }
    let (mut luma_only, mut coder) = (NaturalModel::new(), RangeEncoder::new());
    encoded(&mut luma_only, quality(50), &hills());
    luma_only.begin(quality(50));
    for cell in cells(size) {
        let mut blocks = blocks_of_pixels(&pixels_of_cell(&grey, cell));
        for (place, block) in blocks[..LUMA_BLOCKS].iter_mut().enumerate() {
            luma_only.encode_block(&mut coder, place, block);
        }
    }
    // 400 cells.
    let chroma = bytes.len() - coder.finish().len();
    assert!(chroma <= 40, "{chroma} bytes for chroma");
}

/// Machines calculate with what they have, and get the same.
#[test]
fn every_processor_gets_the_same() {
    let from = hills();
    let results = [
        fearless_simd::Level::new(),
        fearless_simd::Level::baseline(),
    ]
    .map(|processor| {
        let of = |processor| NaturalModel {
            processor,
            ..NaturalModel::new()
        };
        let careful = encoded(&mut of(processor), quality(75), &from).0;
        let quick = quickly_encoded(&mut of(processor), quality(75), &from);
        let shown = decoded(&mut of(processor), quality(75), &careful, from.size());
        let quickly = quickly_decoded(&mut of(processor), quality(75), &quick, from.size());
        (careful, quick, shown, quickly)
    });
    assert!(results[0] == results[1]);
}

#[test]
fn only_qualities_from_1_to_100_exist() {
    assert_eq!(Quality::new(0), None);
    assert_eq!(Quality::new(101), None);
    assert_eq!(Quality::new(100).map(|quality| quality.0), Some(100));
}
