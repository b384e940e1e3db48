//! Prints what scaling costs: `cargo run --release -p codec --example measure_scaling`.
#![expect(clippy::print_stdout, reason = "its purpose")]

use std::time::Instant;

use codec::{Picture, PixelSize, Rect, Scaler};

fn main() {
    let mut picture = Picture::new(PixelSize::new(1920, 1080));
    for (index, pixel) in (0_u32..).zip(picture.pixels_mut()) {
        *pixel = index.wrapping_mul(2_654_435_761) & 0x00ff_ffff;
    }
    let mut shown = vec![0_u32; 3840 * 2160];
    for percent in [25, 50, 67, 75, 90, 125, 150, 200] {
        let target = PixelSize::new(1920 * percent / 100, 1080 * percent / 100);
        let mut scaler = Scaler::new(picture.size(), target);
        let mut best = |part: Rect| {
            let run = |_| {
                let start = Instant::now();
                scaler.scale(&picture, part, |y, row| {
                    let at = y as usize * 3840 + part.x as usize;
                    shown[at..at + row.len()].copy_from_slice(row);
                });
                start.elapsed()
            };
            let best = (0..20).map(run).min().unwrap_or_default();
            best.as_secs_f64() * 1000.0
        };
        let whole = best(target.rect());
        let tile = best(Scaler::new(picture.size(), target).touched(Rect::new(640, 512, 64, 64)));
        println!("{percent:>4} %  whole {whole:6.3} ms  one tile of 64 x 64 {tile:6.3} ms");
    }
}
