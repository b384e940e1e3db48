//! What a crew helps with is the same bytes as without.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use codec::{Crew, DamageHint, Decoder, Encoder, Level, Line, Picture, PixelSize, Update};

const SIZE: PixelSize = PixelSize {
    width: 1200,
    height: 700,
};

/// A thread for each half; counts how often it was asked.
#[derive(Debug, Default)]
struct Threads(AtomicUsize);

impl Crew for Threads {
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::thread::scope(|scope| {
            scope.spawn(other);
            one();
        });
    }
}

/// Hills with a little noise, another one for each `number`.
fn photo(number: u32) -> Picture {
    let mut picture = Picture::new(SIZE);
    for y in 0..SIZE.height {
        for (x, pixel) in (0..).zip(picture.row_mut(y)) {
            let noise = (x * 7919 + y * 104_729 + number * 31).wrapping_mul(0x9e37_79b1) >> 29;
            let hill = |step: u32| {
                let at = (x * step + y * (5 - step) + number * 83) % 400;
                (at.min(400 - at) + noise).min(255)
            };
            *pixel = hill(1) << 16 | hill(2) << 8 | hill(3);
        }
    }
    picture
}

/// The updates that show `picture`; nothing is hinted after the first.
fn told(encoder: &mut Encoder, picture: &Picture, now: Duration) -> Vec<Update> {
    let whole = [SIZE.rect()];
    let mut hint = &whole[..];
    let mut updates = Vec::new();
    while let Some(update) = encoder.encode(picture, DamageHint::Rects(hint), now, Line::WIDE) {
        updates.push(update);
        hint = &[];
    }
    assert!(!encoder.has_more());
    updates
}

#[test]
fn photos_that_two_threads_code_are_the_same_bytes_and_every_part_of_them_comes() {
    let threads = Arc::<Threads>::default();
    let (mut alone, mut helped) = (Encoder::new(Level::True), Encoder::new(Level::True));
    helped.lend(Arc::<Threads>::clone(&threads));
    let mut viewer = Decoder::new();
    for number in 0..4 {
        let (picture, now) = (photo(number), Duration::from_secs(number.into()));
        let updates = told(&mut helped, &picture, now);
        assert!(updates == told(&mut alone, &picture, now), "photo {number}");
        for update in &updates {
            viewer.apply(&update.bytes).expect("the encoder's own");
        }
        let shown = viewer.picture().expect("a picture");
        let off = shown.pixels().iter().zip(picture.pixels());
        let off = off.filter(|(shown, pixel)| {
            let mut channels = shown.to_le_bytes().into_iter().zip(pixel.to_le_bytes());
            channels.any(|(a, b)| a.abs_diff(b) > 64)
        });
        assert_eq!(off.count(), 0, "photo {number} is not all there");
        // then it is made exact, and every pixel is
        let mut later = now + Duration::from_millis(500);
        while let Some(update) = helped.sharpen(later, Line::WIDE) {
            assert_eq!(Some(&update), alone.sharpen(later, Line::WIDE).as_ref());
            viewer.apply(&update.bytes).expect("the encoder's own");
            later += Duration::from_millis(10);
        }
        assert!(viewer.picture() == Some(&picture), "photo {number}");
    }
    assert!(threads.0.load(Ordering::Relaxed) >= 4);
}
