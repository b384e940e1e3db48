//! Whatever happens on a screen, the viewer's picture is the host's.
//!
//! The input is a list of drawing steps, eight bytes each. After each one the screen is encoded
//! with the step's own rectangle as the hint, and the decoder must then show the same pixels.

#![no_main]

use std::time::Duration;

use codec::{DamageHint, Decoder, Encoder, Level, Line, MAX_UPDATE_BYTES, Picture, PixelSize, Rect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut picture = Picture::new(PixelSize::new(256, 128));
    let mut encoder = Encoder::new(Level::Lossless);
    let mut decoder = Decoder::new();
    let mut now = Duration::ZERO;
    for &[action, x, y, width, height, a, b, millis] in data.as_chunks::<8>().0 {
        now += Duration::from_millis(u64::from(millis) * 4);
        let whole = picture.size().rect();
        let rect = Rect::new(x.into(), y.into(), width.into(), height.into());
        let Some(rect) = rect.intersect(whole) else {
            continue;
        };
        let mut hint = [rect];
        match action % 8 {
            0 => paint(&mut picture, rect, |_, _, _| {
                u32::from_be_bytes([a, b, a, b])
            }),
            1 | 2 => paint(&mut picture, rect, |_, x, y| {
                noise(x, y, a) % (u32::from(b) + 1)
            }),
            3 => paint(&mut picture, rect, |_, x, y| noise(x, y, a) & 0x00ff_ffff),
            4..=6 => paint(&mut picture, rect, |old, x, y| {
                let from_x = x.checked_add_signed((a.cast_signed() / 2).into());
                let from_y = y.checked_add_signed((b.cast_signed() / 2).into());
                match (from_x, from_y) {
                    (Some(x), Some(y)) if x < whole.width && y < whole.height => {
                        old.row(y)[x as usize]
                    }
                    _ => 0x00ff_ffff,
                }
            }),
            _ if a < 64 => encoder.request_reset(),
            _ => {
                picture = Picture::new(PixelSize::new(u32::from(a) + 1, u32::from(b) + 1));
                hint = [picture.size().rect()];
            }
        }
        while let Some(update) = encoder.encode(&picture, DamageHint::Rects(&hint), now, Line::WIDE) {
            assert!(update.bytes.len() <= MAX_UPDATE_BYTES);
            let applied = decoder
                .apply(&update.bytes)
                .expect("the encoder's own update");
            assert_eq!(applied.was_reset, update.is_reset);
        }
        assert!(!encoder.has_more());
        let shown = decoder
            .picture()
            .expect("the first update is a reset")
            .pixels();
        assert!(
            picture
                .pixels()
                .iter()
                .map(|pixel| pixel & 0x00ff_ffff)
                .eq(shown.iter().copied())
        );
    }
});

fn paint(picture: &mut Picture, rect: Rect, colour_at: impl Fn(&Picture, u32, u32) -> u32) {
    let old = picture.clone();
    for y in rect.y..rect.bottom() {
        for x in rect.x..rect.right() {
            picture.row_mut(y)[x as usize] = colour_at(&old, x, y);
        }
    }
}

fn noise(x: u32, y: u32, seed: u8) -> u32 {
    let value = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b) ^ u32::from(seed) << 13;
    (value ^ value >> 15).wrapping_mul(0x2c1b_3c6d) >> 4
}
