//! Replays recorded desktops through encoder and decoder and prints one JSON line for each.
//!
//! ```text
//! cargo run --release -p codec --example measure -- [--level lossless] FILE.seq.zst...
//! ```
//!
//! The link is taken to be unlimited: each frame is encoded at the time it was recorded, the hint
//! is the display server's damage as recorded, and the decoder applies the update at once.
//! Milliseconds are CPU time of this one thread, and leave the first frame out.

#![expect(
    clippy::print_stdout,
    reason = "printing its findings is what this program is for"
)]

mod seq;

use std::path::Path;
use std::time::Duration;

use codec::{DamageHint, Decoder, Encoder, Level, Line};
use cpu_time::ThreadTime;
use seq::Recording;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut level = Level::Lossless;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--level" {
            level = match arguments.next().as_deref() {
                Some("lossless") => Level::Lossless,
                other => return Err(format!("unknown level {other:?}").into()),
            };
        } else {
            println!("{}", measure(Path::new(&argument), level)?);
        }
    }
    Ok(())
}

fn measure(path: &Path, level: Level) -> Result<serde_json::Value, Failure> {
    let mut recording = Recording::open(path)?;
    let mut encoder = Encoder::new(level);
    let mut decoder = Decoder::new();
    let (mut first_bytes, mut rest_bytes, mut first_encode_millis) = (0, 0, 0.0);
    let (mut encode_millis, mut decode_millis) = (Vec::new(), Vec::new());
    let (mut first_at, mut last_at) = (None, Duration::ZERO);
    let (mut frames, mut exact_frames, mut is_exact) = (0_u32, 0_u32, false);
    while let Some(frame) = recording.next_frame()? {
        frames += 1;
        last_at = frame.at;
        first_at.get_or_insert(frame.at);
        let mut hint = DamageHint::Rects(&frame.damage);
        let (mut frame_bytes, mut encoding, mut decoding) = (0, Duration::ZERO, Duration::ZERO);
        loop {
            let start = ThreadTime::now();
            let update = encoder.encode(recording.picture(), hint, frame.at, Line::WIDE);
            encoding += start.elapsed();
            let Some(update) = update else { break };
            frame_bytes += update.bytes.len();
            let start = ThreadTime::now();
            decoder.apply(&update.bytes)?;
            decoding += start.elapsed();
            if !encoder.has_more() {
                break;
            }
            hint = DamageHint::Rects(&[]);
        }
        is_exact = decoder.picture() == Some(recording.picture());
        exact_frames += u32::from(is_exact);
        if frames == 1 {
            first_bytes = frame_bytes;
            first_encode_millis = encoding.as_secs_f64() * 1e3;
        } else {
            rest_bytes += frame_bytes;
            encode_millis.push(encoding.as_secs_f64() * 1e3);
            decode_millis.push(decoding.as_secs_f64() * 1e3);
        }
    }
    let seconds = last_at
        .saturating_sub(first_at.unwrap_or_default())
        .as_secs_f64();
    encode_millis.sort_by(f64::total_cmp);
    let p95 = encode_millis.get(encode_millis.len() * 95 / 100).copied();
    Ok(serde_json::json!({
        "file": path.file_name().map(|name| name.to_string_lossy()),
        "frames": frames,
        "seconds": rounded(seconds),
        "first_bytes": first_bytes,
        "rest_bytes": rest_bytes,
        "kbit_per_second": rounded(f64::from(u32::try_from(rest_bytes)?) * 8.0 / 1e3 / seconds),
        "first_encode_ms": rounded(first_encode_millis),
        "encode_ms_avg": rounded(average(&encode_millis)),
        "encode_ms_p95": rounded(p95.unwrap_or_default()),
        "decode_ms_avg": rounded(average(&decode_millis)),
        "exact_share": rounded(f64::from(exact_frames) / f64::from(frames)),
        "exact_at_rest": is_exact,
    }))
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
