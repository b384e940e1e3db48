//! How coarse a picture must be to fit its share of the line.

use std::time::Duration;

/// Coarsest quantiser. Beyond it the library's pictures look worse and become longer again (1080p of a
/// moving photograph: 1.1 Mbit/s at 40, 1.5 at 51). A line that is too narrow even for this needs fewer
/// pictures, which the caller must see to.
const COARSEST: i32 = 40;
/// The line time that the first picture may take: it holds everything.
const FIRST_SHARE: Duration = Duration::from_millis(400);
/// Steps of the quantiser that halve a picture, measured on moving photographs.
const HALVING_STEPS: f64 = 5.7;
/// Bits for a pixel of a first picture, measured on the same with this quantiser.
const FIRST_BITS_PER_PIXEL: f64 = 0.55;
const FIRST_QUANTISER: i32 = 33;

/// Chooses the quantiser of each picture from the lengths of those before.
///
/// A picture's length is known only afterwards, so one that suddenly holds more may exceed its share;
/// the next ones then make up for it.
#[derive(Debug)]
pub(super) struct RateControl {
    pixels: f64,
    finest: i32,
    quantiser: i32,
    last: Option<Duration>,
    interval: Duration,
    /// Bits of the last picture and whether it was a whole one.
    sent: Option<(f64, bool)>,
    /// Bits that earlier pictures took beyond their shares.
    debt: f64,
}

impl RateControl {
    /// `finest` is the quantiser of a line that is not narrow.
    pub(super) fn new(pixels: u64, finest: i32) -> Self {
        Self {
            pixels: pixels as f64,
            finest,
            quantiser: finest,
            last: None,
            interval: Duration::from_secs(1) / 30,
            sent: None,
            debt: 0.0,
        }
    }

    /// The quantiser for a picture taken at `now`; `None` for `bits_per_second` means no limit.
    pub(super) fn quantiser(&mut self, now: Duration, bits_per_second: Option<u32>) -> i32 {
        if let Some(last) = self.last.replace(now) {
            let interval = now.saturating_sub(last);
            let interval = interval.clamp(Duration::from_millis(16), Duration::from_millis(250));
            self.interval = (self.interval * 3 + interval) / 4;
        }
        let Some(bits_per_second) = bits_per_second else {
            self.debt = 0.0;
            self.quantiser = self.finest;
            return self.finest;
        };
        let rate = f64::from(bits_per_second.max(1));
        let share = rate * self.interval.as_secs_f64();
        self.quantiser = match self.sent.take() {
            None => {
                let whole = self.pixels * FIRST_BITS_PER_PIXEL;
                FIRST_QUANTISER + steps(whole / (rate * FIRST_SHARE.as_secs_f64()))
            }
            // it says nothing about those that follow
            Some((_, true)) => self.quantiser + 2,
            Some((bits, false)) => {
                // at most a quarter of a second is made up for, and slowly
                self.debt = (self.debt + bits - share).clamp(0.0, rate / 4.0);
                let aim = share - (self.debt / 8.0).min(share / 2.0);
                // coarser at once, finer by and by
                self.quantiser + steps(bits / aim).max(-1)
            }
        };
        self.quantiser = self.quantiser.clamp(self.finest, COARSEST);
        self.quantiser
    }

    /// Tells the length of the picture that was encoded.
    pub(super) fn sent(&mut self, bytes: usize, is_whole: bool) {
        self.sent = Some((bytes as f64 * 8.0, is_whole));
    }
}

/// The steps by which the quantiser must grow for a picture that is `ratio` times too long.
fn steps(ratio: f64) -> i32 {
    let steps = HALVING_STEPS * ratio.max(1e-6).log2();
    #[expect(clippy::cast_possible_truncation, reason = "far below 2^31")]
    let steps = steps.ceil() as i32;
    steps
}
