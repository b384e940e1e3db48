//! Replays recorded desktops through encoder and decoder and prints one JSON line for each.
//!
//! ```text
//! cargo run --release -p codec --example measure -- [--level lossless|true|15|8|grey]
//!     [--traffic FILE] FILE.seq.zst...
//! ```
//!
//! What the figures mean stands at [`replay::Findings`]; `cargo bench -p codec` shows them as tables. With
//! `--traffic` the updates of all recordings, one after the other, are written as `cargo xtask load` reads them.

#![expect(
    clippy::print_stdout,
    reason = "printing its findings is what this program is for"
)]

mod replay;
mod seq;
mod traffic;

use std::path::Path;

use codec::Level;
use replay::{Failure, Findings, level_named, replay};
use traffic::Traffic;

fn main() -> Result<(), Failure> {
    let mut level = Level::Lossless;
    let mut traffic = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--level" {
            level = level_named(&arguments.next().unwrap_or_default())?;
        } else if argument == "--traffic" {
            let path = arguments.next().unwrap_or_default();
            traffic = Some(Traffic::create(Path::new(&path))?);
        } else {
            let path = Path::new(&argument);
            let found = replay(path, level, |at, update| match &mut traffic {
                Some(traffic) => traffic.write(at, update),
                None => Ok(()),
            })?;
            println!("{}", line(path, &found));
            if let Some(traffic) = &mut traffic {
                traffic.end_recording();
            }
        }
    }
    if let Some(traffic) = traffic {
        traffic.finish()?;
    }
    Ok(())
}

fn line(path: &Path, found: &Findings) -> serde_json::Value {
    serde_json::json!({
        "file": path.file_name().map(|name| name.to_string_lossy()),
        "frames": found.frames,
        "seconds": rounded(found.seconds),
        "first_bytes": found.first_bytes,
        "rest_bytes": found.rest_bytes,
        "settle_bytes": found.settle_bytes,
        "kbit_per_second": rounded(found.kbit_per_second()),
        "first_encode_ms": rounded(found.first_encode_ms),
        "encode_ms_avg": rounded(found.encode_ms_avg),
        "encode_ms_p95": rounded(found.encode_ms_p95),
        "decode_ms_avg": rounded(found.decode_ms_avg),
        "exact_share": rounded(found.exact_share),
        "exact_at_rest": found.is_exact_at_rest,
    })
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
