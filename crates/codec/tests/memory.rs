//! A decoder never takes more memory than its documentation states, whatever a host sends it.
//!
//! What Rust allocates is counted here; the video library's share is seen in `video_memory.rs`.

mod counting;
#[expect(dead_code, reason = "videos have a test of their own")]
mod hostile;

use std::sync::{Mutex, MutexGuard, PoisonError};

use codec::{DecodeError, Decoder, MAX_PIXELS, MAX_UPDATE_BYTES, PixelSize};
use counting::{MIB, peak_of};
use hostile::{delta, numbers, reset};

/// What the documentation of [`Decoder`] states for a picture of this size.
fn bound(size: PixelSize) -> usize {
    usize::try_from(9 * size.area()).expect("a supported size") + 24 * MIB
}

/// What is counted must not run beside anything else.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A decoder that is given one hostile update after the other.
struct Victim {
    decoder: Decoder,
    size: PixelSize,
}

impl Victim {
    fn new(size: PixelSize) -> Self {
        let mut victim = Self {
            decoder: Decoder::new(),
            size,
        };
        victim.reset(size);
        victim
    }

    fn reset(&mut self, size: PixelSize) {
        self.size = size;
        self.applies(&reset(size));
    }

    fn applies(&mut self, update: &[u8]) {
        assert!(update.len() <= MAX_UPDATE_BYTES);
        self.decoder.apply(update).expect("hostile, but legal");
    }

    fn fill_the_cache(&mut self) {
        for update in hostile::fill_the_cache(self.size) {
            self.applies(&update);
        }
    }

    fn fill_the_lists(&mut self) {
        for fill in [
            hostile::fill_the_lists_of_pixels,
            hostile::fill_the_lists_of_cells,
        ] {
            let update = fill(self.size);
            assert!(update.len() <= MAX_UPDATE_BYTES);
            assert_eq!(self.decoder.apply(&update), Err(DecodeError::CutOff));
            self.reset(self.size);
        }
    }
}

#[test]
fn no_update_makes_a_decoder_exceed_its_bound() {
    let _alone = alone();
    // the largest; a usual one; one whose tiles grow; more cells than pixels suggest
    let sizes = [(16_384, 4_096), (1_920, 1_080), (2_047, 2_048), (1, 16_384)];
    for (width, height) in sizes {
        let size = PixelSize::new(width, height);
        let peak = peak_of(|| {
            let mut victim = Victim::new(size);
            victim.fill_the_cache();
            victim.fill_the_lists();
            victim.fill_the_cache();
        });
        println!("{width} x {height}: {:.1} MiB", peak as f64 / MIB as f64);
        assert!(peak <= bound(size), "{width} x {height}: {peak} bytes");
    }
}

#[test]
fn ever_new_sizes_take_no_more_than_the_largest() {
    let _alone = alone();
    let largest = PixelSize::new(16_384, 4_096);
    assert_eq!(largest.area(), u64::from(MAX_PIXELS));
    let peak = peak_of(|| {
        let mut victim = Victim::new(largest);
        for width in (8_000..=16_384).step_by(599) {
            victim.reset(PixelSize::new(width, MAX_PIXELS / width));
        }
        victim.reset(largest);
    });
    // nothing moved, so there was one picture at a time
    assert!(peak <= 4 * MAX_PIXELS as usize + 24 * MIB, "{peak} bytes");
}

#[test]
fn what_an_update_promises_takes_no_memory() {
    let _alone = alone();
    let size = PixelSize::new(640, 480);
    let most = u32::MAX;
    let updates = [
        reset(PixelSize::new(most, most)),
        reset(PixelSize::new(16_384, 4_097)),
        delta(&[(4, numbers(&[most]))]),
        delta(&[(4, numbers(&[1, 0, 0, most, most]))]),
        delta(&[(5, numbers(&[1, most]))]),
        delta(&[(5, numbers(&[1, 1, 0, most]))]),
        delta(&[(6, numbers(&[1, 0, 0, most, most]))]),
        delta(&[(2, numbers(&[0, 0, most, most, most, most]))]),
        vec![0, 4, 0xff, 0xff, 0xff, 0xff, 0x0f],
        vec![0; MAX_UPDATE_BYTES + 1],
    ];
    let peak = peak_of(|| {
        for update in &updates {
            let mut victim = Victim::new(size);
            victim.decoder.apply(update).expect_err("nonsense");
        }
    });
    // what a decoder of this size always has
    assert!(peak < 4 * 640 * 480 + 8 * MIB, "{peak} bytes");
}
