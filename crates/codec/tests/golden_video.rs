//! A video that was once made is the same pixels on every machine: with AVX2, without, and on ARM.
//!
//! The updates in `fixtures/video.updates` are pinned, since the bytes of a video are its library's and may change
//! with it. `PHD_WRITE_GOLDEN=1` makes them anew, which a new version of the format asks for.

#![cfg(not(feature = "small-tables"))]

mod sections;

use std::path::Path;
use std::time::Duration;

use codec::{DamageHint, Decoder, Encoder, Level, Line, Picture, PixelSize, Rect};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/video.updates");
/// The hash of the picture after each update.
const PIXELS: &str = "dd74aaa9067ffe6d";
const SIZE: PixelSize = PixelSize::new(256, 192);
const FILM: Rect = Rect::new(21, 18, 214, 161);
const TEXT: Rect = Rect::new(30, 40, 48, 16);
const VIDEO: u8 = 6;
const PICTURES: u32 = 14;

#[test]
fn the_same_video_is_the_same_pixels() {
    if std::env::var_os("PHD_WRITE_GOLDEN").is_some() {
        write(Path::new(FIXTURE));
    }
    let fixture = std::fs::read(FIXTURE).expect("it is kept beside this test");
    let mut decoder = Decoder::new();
    let mut hasher = blake3::Hasher::new();
    let mut videos = 0;
    for update in updates(&fixture) {
        let is_video = |tag: &u8| usize::from(*tag == VIDEO);
        videos += sections::tags(update).iter().map(is_video).sum::<usize>();
        decoder.apply(update).expect("an update of the encoder's");
        let picture = decoder.picture().expect("it began with a reset");
        for pixel in picture.pixels() {
            hasher.update(&pixel.to_le_bytes());
        }
    }
    assert!(videos > 5, "{videos} pictures of a video");
    assert_eq!(&hasher.finalize().to_hex()[..16], PIXELS);
}

/// Each has its length before it.
fn updates(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk()?;
        let (update, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
        rest = behind;
        Some(update)
    })
}

/// Text around and later over something that moves like a film.
fn write(path: &Path) {
    let mut encoder = Encoder::new(Level::True);
    let mut picture = Picture::new(SIZE);
    text(&mut picture, SIZE.rect());
    let mut bytes = Vec::new();
    for at in 0..PICTURES {
        film(&mut picture, at);
        if at > PICTURES - 4 {
            text(&mut picture, TEXT);
        }
        let now = Duration::from_millis(33) * at;
        let update = encoder.encode(&picture, DamageHint::Everything, now, Line::WIDE);
        let update = update.expect("something has changed").bytes;
        let length = u32::try_from(update.len()).expect("a small update");
        bytes.extend(length.to_le_bytes());
        bytes.extend(update);
    }
    std::fs::write(path, bytes).expect("a folder of this repository");
}

fn film(picture: &mut Picture, at: u32) {
    let channel = |along: u32, grain: u32| {
        let place = along & 255;
        place.min(255 - place) * 3 / 2 + grain
    };
    for y in FILM.y..FILM.bottom() {
        for x in FILM.x..FILM.right() {
            let grain = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b)) >> 29;
            let red = channel(x + y + at * 5, grain);
            let green = channel(2 * x + y + at * 3, grain);
            let blue = channel(x + 3 * y + at * 7, grain);
            picture.row_mut(y)[x as usize] = red << 16 | green << 8 | blue;
        }
    }
}

fn text(picture: &mut Picture, place: Rect) {
    for y in place.y..place.bottom() {
        for x in place.x..place.right() {
            let is_ink = (x / 2 * 7 + y * 13) % 11 < 3 && y % 14 < 10;
            picture.row_mut(y)[x as usize] = if is_ink { 0x0010_2030 } else { 0x00ff_fff0 };
        }
    }
}
