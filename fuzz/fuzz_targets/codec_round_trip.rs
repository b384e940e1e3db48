//! Whatever happens on a screen, the viewer sees what the encoder says he sees.
//!
//! The input is the size of the screen and a list of steps, eight bytes each: something is drawn, or a
//! film is played, or the level, the line or the size changes. After each update every cell that the encoder calls exact
//! must show the screen in the colours of the level, and a second viewer, who comes with each reset,
//! must show what the first one does. At rest everything must become exact.

#![no_main]

use std::time::Duration;

use codec::{
    DamageHint, Decoder, Encoder, Level, Line, MAX_UPDATE_BYTES, Picture, PixelSize, Rect,
};
use libfuzzer_sys::fuzz_target;

/// What one input may cost.
const MOST_STEPS: usize = 24;
const MOST_FILM_PICTURES: usize = 24;
/// Steps in which a screen at rest must have become exact.
const MOST_RESTS: usize = 2_000;

/// One tile, several, and just large enough for a video.
const SIZES: [PixelSize; 3] = [
    PixelSize::new(40, 34),
    PixelSize::new(90, 70),
    PixelSize::new(120, 104),
];

/// Bytes a second, from nothing to more than is ever needed.
const RATES: [Option<u32>; 6] = [
    None,
    Some(0),
    Some(2_000),
    Some(20_000),
    Some(250_000),
    Some(u32::MAX),
];

fuzz_target!(|data: &[u8]| {
    let Some((&size, steps)) = data.split_first() else {
        return;
    };
    let mut session = Session::new(SIZES[usize::from(size) % SIZES.len()]);
    for step in steps.as_chunks::<8>().0.iter().take(MOST_STEPS) {
        session.step(*step);
    }
    session.rest();
});

/// A screen, its encoder and two viewers.
struct Session {
    screen: Picture,
    encoder: Encoder,
    line: Line,
    now: Duration,
    viewers: [Decoder; 2],
    film_pictures: usize,
}

impl Session {
    fn new(size: PixelSize) -> Self {
        Self {
            screen: Picture::new(size),
            encoder: Encoder::new(Level::True),
            line: Line::WIDE,
            now: Duration::ZERO,
            viewers: [Decoder::new(), Decoder::new()],
            film_pictures: 0,
        }
    }

    fn step(&mut self, [action, x, y, width, height, a, b, millis]: [u8; 8]) {
        self.now += Duration::from_millis(u64::from(millis) * 4);
        let whole = self.screen.size().rect();
        let rect = Rect::new(x.into(), y.into(), width.into(), height.into());
        let rect = rect.intersect(whole);
        let mut hint = rect;
        match action % 12 {
            0 => self.paint(rect, |_, _, _| u32::from_be_bytes([a, b, a, b])),
            1 => self.paint(rect, |_, x, y| noise(x, y, a) % (u32::from(b) + 1)),
            2 => self.paint(rect, |_, x, y| noise(x, y, a)),
            3 | 4 => self.paint(rect, |old, x, y| {
                let from_x = x.checked_add_signed((a.cast_signed() / 2).into());
                let from_y = y.checked_add_signed((b.cast_signed() / 2).into());
                match (from_x, from_y) {
                    (Some(x), Some(y)) if x < whole.width && y < whole.height => {
                        old.row(y)[x as usize]
                    }
                    _ => 0x00ff_ffff,
                }
            }),
            5 => self.paint(rect, |_, x, y| hills(x, y, a, b)),
            6 | 7 => {
                // every picture of it is told, so that it becomes a video where it is large enough
                for at in 0..=a % 16 {
                    if self.film_pictures < MOST_FILM_PICTURES {
                        self.film_pictures += 1;
                        self.now += Duration::from_millis(40);
                        self.paint(rect, |_, x, y| hills(x, y, at.wrapping_mul(5), b));
                        self.tell(rect);
                    }
                }
            }
            8 => {
                self.encoder
                    .set_level(Level::ALL[usize::from(a) % Level::ALL.len()]);
                self.line.bytes_per_second = RATES[usize::from(b) % RATES.len()];
            }
            9 => self.encoder.look_at(u32::from(a) * 2, u32::from(b) * 2),
            10 => self.sharpen(),
            _ if a < 64 => self.encoder.request_reset(),
            _ => {
                self.screen = Picture::new(PixelSize::new(u32::from(a) + 1, u32::from(b) + 1));
                // which may have the size that the old one had
                hint = Some(self.screen.size().rect());
            }
        }
        self.tell(hint);
    }

    fn paint(&mut self, rect: Option<Rect>, colour_at: impl Fn(&Picture, u32, u32) -> u32) {
        let Some(rect) = rect else { return };
        let old = self.screen.clone();
        for y in rect.y..rect.bottom() {
            for x in rect.x..rect.right() {
                self.screen.row_mut(y)[x as usize] = colour_at(&old, x, y);
            }
        }
    }

    /// Tells the viewers once what changed in `rect`.
    fn tell(&mut self, rect: Option<Rect>) -> bool {
        let hint = rect.as_slice();
        let update =
            self.encoder
                .encode(&self.screen, DamageHint::Rects(hint), self.now, self.line);
        let is_something = update.is_some();
        if let Some(update) = update {
            self.deliver(&update.bytes, update.is_reset);
        }
        self.check();
        is_something
    }

    fn sharpen(&mut self) {
        if let Some(update) = self.encoder.sharpen(self.now, self.line) {
            assert!(!update.is_reset);
            self.deliver(&update.bytes, false);
            self.check();
        }
    }

    fn deliver(&mut self, bytes: &[u8], is_reset: bool) {
        assert!(bytes.len() <= MAX_UPDATE_BYTES);
        if is_reset {
            self.viewers[1] = Decoder::new();
        }
        for viewer in &mut self.viewers {
            let applied = viewer.apply(bytes).expect("the encoder's own update");
            assert_eq!(applied.was_reset, is_reset);
        }
        let [first, second] = self.viewers.each_ref().map(Decoder::picture);
        assert!(first == second, "both viewers saw the same updates");
    }

    /// Everything that the encoder calls exact is.
    fn check(&self) {
        let level = self.encoder.level();
        let shown = self.viewers[0].picture();
        let shown = shown.expect("the first update is a reset");
        let PixelSize { width, height } = self.screen.size();
        assert_eq!(shown.size(), self.screen.size());
        for y in 0..height {
            for x in (0..width).step_by(16) {
                if self.encoder.is_exact(Rect::new(x, y, 1, 1)) {
                    let cell = x as usize..(x + 16).min(width) as usize;
                    let wanted = self.screen.row(y)[cell.clone()].iter();
                    let wanted = wanted.map(|&pixel| level.reduce(pixel));
                    assert!(wanted.eq(shown.row(y)[cell].iter().copied()), "{x},{y}");
                }
            }
        }
    }

    /// Nothing changes any more, until all is exact.
    fn rest(&mut self) {
        for _ in 0..MOST_RESTS {
            self.now += Duration::from_millis(50);
            if self.tell(None) {
                continue;
            }
            if self.encoder.sharpens_at().is_none() {
                assert!(!self.encoder.has_more());
                break;
            }
            self.sharpen();
        }
        assert!(self.encoder.is_exact(self.screen.size().rect()));
    }
}

fn noise(x: u32, y: u32, seed: u8) -> u32 {
    let value = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b) ^ u32::from(seed) << 13;
    (value ^ value >> 15).wrapping_mul(0x2c1b_3c6d) >> 4
}

/// Something like a photograph, which `at` moves: slopes with some grain.
fn hills(x: u32, y: u32, at: u8, grain: u8) -> u32 {
    let slope = |along: u32| {
        let place = along + u32::from(at) * 3 & 255;
        place.min(255 - place) * 3 / 2
    };
    let grain = noise(x, y, at) % (u32::from(grain % 16) + 1);
    let channel = |along: u32| (slope(along) + grain).min(255);
    channel(x + y) << 16 | channel(2 * x + y) << 8 | channel(x + 3 * y)
}
