//! Replays recorded desktops through encoder and decoder and prints one JSON line for each.
//!
//! ```text
//! cargo run --release -p codec --example measure -- [--level lossless|true|15|8|grey] FILE.seq.zst...
//! ```
//!
//! What the figures mean stands at [`replay::Findings`]; `cargo bench -p codec` shows them as tables.

#![expect(
    clippy::print_stdout,
    reason = "printing its findings is what this program is for"
)]

mod replay;
mod seq;

use std::path::Path;

use codec::Level;
use replay::{Failure, Findings, level_named, replay};

fn main() -> Result<(), Failure> {
    let mut level = Level::Lossless;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--level" {
            level = level_named(&arguments.next().unwrap_or_default())?;
        } else {
            let path = Path::new(&argument);
            println!("{}", line(path, &replay(path, level)?));
        }
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
