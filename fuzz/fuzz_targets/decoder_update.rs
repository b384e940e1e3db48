//! A host that sends nonsense cannot make the viewer's decoder panic, or lose count of its picture.
//!
//! Whatever bytes follow a sound picture: they are applied or refused, the rectangles reported lie
//! within the picture, and after a refusal only a reset helps. The input is cut into updates, each
//! behind a byte with its length, until one is refused.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use codec::{DamageHint, DecodeError, Decoder, Encoder, Level, Line, Picture, PixelSize};
use libfuzzer_sys::fuzz_target;

/// Updates after which a decoder shows something and has some tiles in its cache.
static SOUND: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut picture = Picture::new(PixelSize::new(80, 70));
    let mut encoder = Encoder::new(Level::Lossless);
    let mut updates = Vec::new();
    for second in 0_u32..3 {
        for (place, pixel) in (0_u32..).zip(picture.pixels_mut()) {
            *pixel = (place / (7 + second)).wrapping_mul(0x9e37_79b1) >> 30;
        }
        let now = Duration::from_secs(second.into());
        updates.extend(encoder.encode(&picture, DamageHint::Everything, now, Line::WIDE));
    }
    updates.into_iter().map(|update| update.bytes).collect()
});

fuzz_target!(|data: &[u8]| {
    let mut decoder = Decoder::new();
    for update in SOUND.iter() {
        decoder.apply(update).expect("the encoder's own update");
    }
    let mut rest = data;
    while let Some((&length, behind)) = rest.split_first() {
        let (bytes, behind) = behind.split_at(behind.len().min(usize::from(length)));
        rest = behind;
        // A large picture is legal, but clearing it over and over tells nothing new.
        if bytes.first() == Some(&1) && bytes.len() > 2 && bytes[2] & 0x80 != 0 {
            return;
        }
        let Ok(applied) = decoder.apply(bytes) else {
            assert_eq!(decoder.apply(&[0]), Err(DecodeError::ResetNeeded));
            return;
        };
        let picture = decoder.picture().expect("an update was applied");
        let whole = picture.size().rect();
        assert!(applied.changed.iter().all(|&rect| whole.contains(rect)));
        assert!(picture.pixels().iter().all(|&pixel| pixel >> 24 == 0));
    }
});
