//! A host that sends nonsense cannot make the viewer's decoder panic, or lose count of its picture.
//!
//! Whatever bytes follow a sound picture: they are applied or refused, the rectangles reported lie
//! within the picture, and after a refusal only a reset helps. The input is cut into updates at a
//! length byte each, so that one refusal does not end a run.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use codec::{DamageHint, DecodeError, Decoder, Encoder, Level, Picture, PixelSize};
use libfuzzer_sys::fuzz_target;

/// A decoder that shows something and has some tiles in its cache.
static READY: LazyLock<Decoder> = LazyLock::new(|| {
    let mut picture = Picture::new(PixelSize::new(150, 90));
    let mut encoder = Encoder::new(Level::Lossless);
    let mut decoder = Decoder::new();
    for second in 0_u32..3 {
        for (place, pixel) in (0_u32..).zip(picture.pixels_mut()) {
            *pixel = place.wrapping_mul(0x9e37_79b1) >> (8 + second * 7);
        }
        let now = Duration::from_secs(second.into());
        if let Some(update) = encoder.encode(&picture, DamageHint::Everything, now) {
            decoder
                .apply(&update.bytes)
                .expect("the encoder's own update");
        }
    }
    decoder
});

fuzz_target!(|data: &[u8]| {
    let mut decoder = READY.clone();
    let mut rest = data;
    while let Some((&length, behind)) = rest.split_first() {
        let (bytes, behind) = behind.split_at(behind.len().min(usize::from(length)));
        rest = behind;
        // A large picture is legal, but clearing it over and over tells nothing new.
        if bytes.first() == Some(&1) && bytes.len() > 2 && bytes[2] & 0x80 != 0 {
            continue;
        }
        match decoder.apply(bytes) {
            Ok(applied) => {
                let picture = decoder
                    .picture()
                    .expect("an update was applied")
                    .size()
                    .rect();
                assert!(applied.changed.iter().all(|&rect| picture.contains(rect)));
            }
            Err(_) => {
                assert_eq!(decoder.apply(&[0]), Err(DecodeError::ResetNeeded));
                decoder = READY.clone();
            }
        }
    }
});
