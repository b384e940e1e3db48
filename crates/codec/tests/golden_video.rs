//! A video that was once made is the same pixels on every machine: with AVX2, without, and on ARM.
//!
//! The updates in `fixtures` are pinned, since the bytes of a video are its library's and may change with it.
//! `PHD_WRITE_GOLDEN=1` makes those anew that are of the newest version of the format.

#![cfg(not(feature = "small-tables"))]

mod sections;

use std::path::Path;
use std::time::Duration;

use codec::{DamageHint, Decoder, Encoder, Level, Line, Picture, PixelSize, Rect};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
/// Of version 4, with all pixels.
const WHOLE: Fixture = Fixture {
    name: "video.updates",
    size: PixelSize::new(256, 192),
    film: Rect::new(21, 18, 214, 161),
    grain: 7,
    width_of_slopes: 1,
    first: 1,
    pixels: "dd74aaa9067ffe6d",
};
/// Of version 5, with three quarters of them along either side.
const LARGE: Fixture = Fixture {
    name: "large-video.updates",
    size: PixelSize::new(1208, 856),
    film: Rect::new(0, 0, 1208, 856),
    grain: 0,
    width_of_slopes: 16,
    first: 2,
    pixels: "4ead432798e60639",
};
const TEXT: Rect = Rect::new(30, 40, 48, 16);
const VIDEO: u8 = 6;
const PICTURES: u32 = 14;

/// A video that is kept.
struct Fixture {
    name: &'static str,
    size: PixelSize,
    /// Where it plays.
    film: Rect,
    /// The most that a channel differs from its slope.
    grain: u32,
    /// A slope is so many times 256 pixels wide.
    width_of_slopes: u32,
    /// With what the section begins that begins it.
    first: u8,
    /// The hash of the picture after each update.
    pixels: &'static str,
}

#[test]
fn the_same_video_is_the_same_pixels() {
    check(&WHOLE);
}

#[test]
fn the_same_large_video_is_the_same_pixels() {
    if std::env::var_os("PHD_WRITE_GOLDEN").is_some() {
        write(&LARGE);
    }
    check(&LARGE);
}

fn check(fixture: &Fixture) {
    let path = Path::new(FIXTURES).join(fixture.name);
    let bytes = std::fs::read(path).expect("it is kept beside this test");
    let mut decoder = Decoder::new();
    let mut hasher = blake3::Hasher::new();
    let mut videos = Vec::new();
    for update in updates(&bytes) {
        let sections = sections::of(update).into_iter();
        videos.extend(sections.filter(|s| s.0 == VIDEO).map(|s| s.1[0]));
        decoder.apply(update).expect("an update of the encoder's");
        let picture = decoder.picture().expect("it began with a reset");
        for pixel in picture.pixels() {
            hasher.update(&pixel.to_le_bytes());
        }
    }
    assert!(videos.len() > 5, "{} pictures of a video", videos.len());
    assert!(videos[1..].iter().all(|&first| first == 0), "{videos:?}");
    assert_eq!(videos[0], fixture.first);
    assert_eq!(&hasher.finalize().to_hex()[..16], fixture.pixels);
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
fn write(fixture: &Fixture) {
    let mut encoder = Encoder::new(Level::True);
    let mut picture = Picture::new(fixture.size);
    text(&mut picture, fixture.size.rect());
    let mut bytes = Vec::new();
    for at in 0..PICTURES {
        film(&mut picture, fixture, at);
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
    let path = Path::new(FIXTURES).join(fixture.name);
    std::fs::write(path, bytes).expect("a folder of this repository");
}

fn film(picture: &mut Picture, fixture: &Fixture, at: u32) {
    let place = fixture.film;
    let channel = |along: u32, grain: u32| {
        let at = (along / fixture.width_of_slopes) & 255;
        at.min(255 - at) * 3 / 2 + grain
    };
    for y in place.y..place.bottom() {
        for x in place.x..place.right() {
            let grain = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b);
            let grain = (grain >> 29) & fixture.grain;
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
