//! A recorded desktop goes through encoder and decoder, at its own times.
//!
//! The link is taken to be unlimited: each frame is encoded at the time it was recorded, the hint
//! is the display server's damage as recorded, and the decoder applies the update at once. Between
//! frames what is not exact is sharpened every 10 ms; its bytes and time count with the frame before.
//! For two seconds after the last frame it goes on.

use std::io;
use std::path::Path;
use std::time::Duration;

use codec::{DamageHint, Decoder, Encoder, Level, Line, Picture, Rect, Update};
use cpu_time::ThreadTime;

use crate::seq::Recording;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// The level that is called `name` on a command line.
pub(crate) fn level_named(name: &str) -> Result<Level, Failure> {
    match name {
        "lossless" => Ok(Level::Lossless),
        "true" => Ok(Level::True),
        "15" => Ok(Level::Bits15),
        "8" => Ok(Level::Bits8),
        "grey" => Ok(Level::Grey),
        other => Err(format!("unknown level {other:?}").into()),
    }
}

/// What one recording cost.
///
/// Milliseconds are CPU time of this one thread; averages leave the first frame out. Exact is what
/// equals the recorded picture in the colours of the level.
pub(crate) struct Findings {
    pub(crate) frames: u32,
    pub(crate) seconds: f64,
    pub(crate) first_bytes: usize,
    pub(crate) rest_bytes: usize,
    /// Of the two seconds after the last frame, so they belong to no second of the recording.
    pub(crate) settle_bytes: usize,
    pub(crate) first_encode_ms: f64,
    pub(crate) encode_ms_avg: f64,
    pub(crate) encode_ms_p95: f64,
    pub(crate) decode_ms_avg: f64,
    /// Of the pixels after each frame, on average.
    pub(crate) exact_share: f64,
    /// All pixels, in the end.
    pub(crate) is_exact_at_rest: bool,
}

impl Findings {
    /// Of all that came after the first frame.
    pub(crate) fn kbit_per_second(&self) -> f64 {
        self.rest_bytes as f64 * 8.0 / 1e3 / self.seconds
    }
}

/// A gap between frames is used for sharpening this often.
const SHARPENING_STEP: Duration = Duration::from_millis(10);
/// How long is waited for exactness after the last frame.
const REST: Duration = Duration::from_secs(2);

/// Encoder and viewer of one recording, and what they cost.
struct Replay<S> {
    encoder: Encoder,
    decoder: Decoder,
    /// Told of each update and its time in the recording.
    sink: S,
    bytes: usize,
    encoding: Duration,
    decoding: Duration,
}

impl<S: FnMut(Duration, &Update) -> io::Result<()>> Replay<S> {
    fn show(&mut self, picture: &Picture, damage: &[Rect], now: Duration) -> Result<(), Failure> {
        let mut hint = DamageHint::Rects(damage);
        loop {
            let start = ThreadTime::now();
            let update = self.encoder.encode(picture, hint, now, Line::WIDE);
            self.encoding += start.elapsed();
            let Some(update) = update else { break };
            self.apply(now, &update)?;
            if !self.encoder.has_more() {
                break;
            }
            hint = DamageHint::Rects(&[]);
        }
        Ok(())
    }

    fn sharpen_until(&mut self, mut now: Duration, end: Duration) -> Result<(), Failure> {
        while let Some(due) = self.encoder.sharpens_at() {
            now = (now + SHARPENING_STEP).max(due);
            if now >= end {
                break;
            }
            let start = ThreadTime::now();
            let update = self.encoder.sharpen(now, Line::WIDE);
            self.encoding += start.elapsed();
            if let Some(update) = update {
                self.apply(now, &update)?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, now: Duration, update: &Update) -> Result<(), Failure> {
        (self.sink)(now, update)?;
        self.bytes += update.bytes.len();
        let start = ThreadTime::now();
        self.decoder.apply(&update.bytes)?;
        self.decoding += start.elapsed();
        Ok(())
    }

    /// The share of pixels that the viewer shows exactly, in the colours of the level.
    fn exact_share(&self, picture: &Picture) -> f64 {
        let level = self.encoder.level();
        let Some(shown) = self.decoder.picture() else {
            return 0.0;
        };
        let pairs = shown.pixels().iter().zip(picture.pixels());
        let exact = pairs.filter(|&(&shown, &pixel)| shown == level.reduce(pixel));
        exact.count() as f64 / picture.pixels().len() as f64
    }
}

/// Replays the recording at `path`; `sink` gets each update when its time in the recording comes.
pub(crate) fn replay(
    path: &Path,
    level: Level,
    sink: impl FnMut(Duration, &Update) -> io::Result<()>,
) -> Result<Findings, Failure> {
    let mut recording = Recording::open(path)?;
    let mut replay = Replay {
        encoder: Encoder::new(level),
        decoder: Decoder::new(),
        sink,
        bytes: 0,
        encoding: Duration::ZERO,
        decoding: Duration::ZERO,
    };
    let (mut first_bytes, mut rest_bytes, mut first_encode_ms) = (0, 0, 0.0);
    let (mut encode_millis, mut decode_millis) = (Vec::new(), Vec::new());
    let (mut first_at, mut last_at) = (None, Duration::ZERO);
    let (mut frames, mut exact_shares) = (0_u32, Vec::new());
    while let Some(frame) = recording.next_frame()? {
        replay.sharpen_until(last_at, frame.at)?;
        if frames > 1 {
            rest_bytes += std::mem::take(&mut replay.bytes);
            encode_millis.push(millis(&mut replay.encoding));
            decode_millis.push(millis(&mut replay.decoding));
        }
        frames += 1;
        last_at = frame.at;
        first_at.get_or_insert(frame.at);
        replay.show(recording.picture(), &frame.damage, frame.at)?;
        exact_shares.push(replay.exact_share(recording.picture()));
        if frames == 1 {
            first_bytes = std::mem::take(&mut replay.bytes);
            first_encode_ms = millis(&mut replay.encoding);
            millis(&mut replay.decoding);
        }
    }
    rest_bytes += std::mem::take(&mut replay.bytes);
    encode_millis.push(millis(&mut replay.encoding));
    decode_millis.push(millis(&mut replay.decoding));
    replay.sharpen_until(last_at, last_at + REST)?;
    let settle_bytes = replay.bytes;
    let seconds = last_at
        .saturating_sub(first_at.unwrap_or_default())
        .as_secs_f64();
    let encode_ms_avg = average(&encode_millis);
    encode_millis.sort_by(f64::total_cmp);
    let p95 = encode_millis.get(encode_millis.len() * 95 / 100).copied();
    Ok(Findings {
        frames,
        seconds,
        first_bytes,
        rest_bytes,
        settle_bytes,
        first_encode_ms,
        encode_ms_avg,
        encode_ms_p95: p95.unwrap_or_default(),
        decode_ms_avg: average(&decode_millis),
        exact_share: average(&exact_shares),
        is_exact_at_rest: replay.exact_share(recording.picture()) >= 1.0,
    })
}

/// The time so far, in milliseconds; it starts anew.
fn millis(time: &mut Duration) -> f64 {
    std::mem::take(time).as_secs_f64() * 1e3
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
