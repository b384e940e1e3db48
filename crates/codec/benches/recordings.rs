//! What recorded desktops cost: bytes, CPU and exactness of each, as tables in Markdown.
//!
//! ```text
//! cargo bench -p codec [-- [--level lossless|true|15|8|grey]... [FOLDER | FILE.seq.zst]...]
//! ```
//!
//! By default the two levels that people choose, and the recordings in `../shared/desktop` beside the
//! repository.

#![expect(
    clippy::print_stdout,
    reason = "printing its findings is what this program is for"
)]

#[path = "../examples/measure/replay.rs"]
mod replay;
#[path = "../examples/measure/seq.rs"]
mod seq;

use std::path::{Path, PathBuf};

use codec::Level;
use replay::{Failure, Findings, level_named};

const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/desktop");

fn main() -> Result<(), Failure> {
    let (mut levels, mut places) = (Vec::new(), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // cargo says so to every bench
            "--bench" => {}
            "--level" => {
                let name = arguments.next().unwrap_or_default();
                levels.push((level_named(&name)?, name));
            }
            _ => places.push(PathBuf::from(argument)),
        }
    }
    if levels.is_empty() {
        levels = vec![
            (Level::Lossless, "lossless".to_owned()),
            (Level::True, "true".to_owned()),
        ];
    }
    if places.is_empty() {
        places.push(RECORDINGS.into());
    }
    let recordings = recordings(&places)?;
    if recordings.is_empty() {
        println!(
            "Skipped: there are no recorded desktops (*.seq.zst) in {}",
            places[0].display()
        );
        return Ok(());
    }
    for (level, name) in levels {
        table(level, &name, &recordings)?;
    }
    Ok(())
}

/// The files among `places`, and what lies in the folders among them.
fn recordings(places: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for place in places {
        if place.is_file() {
            found.push(place.clone());
        } else if place.is_dir() {
            for entry in place.read_dir()? {
                let path = entry?.path();
                if path.to_string_lossy().ends_with(".seq.zst") {
                    found.push(path);
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

/// One row for each recording, shown as soon as it is known.
fn table(level: Level, name: &str, recordings: &[PathBuf]) -> Result<(), Failure> {
    println!("\nLevel {name}: CPU in ms of one thread for an update, the first one apart\n");
    let columns = [
        "recording",
        "updates",
        "first kB",
        "first CPU",
        "rest kB",
        "settle kB",
        "kbit/s",
        "encode",
        "p95",
        "decode",
        "exact %",
        "at rest",
    ];
    row(columns.map(str::to_owned));
    row(columns.map(|_| "---:".to_owned()));
    for path in recordings {
        row(cells(path, &replay::replay(path, level, |_, _| Ok(()))?));
    }
    Ok(())
}

fn cells(path: &Path, found: &Findings) -> [String; 12] {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let kilobytes = |bytes: usize| format!("{:.1}", bytes as f64 / 1e3);
    [
        name.trim_end_matches(".seq.zst").to_owned(),
        found.frames.to_string(),
        kilobytes(found.first_bytes),
        format!("{:.1}", found.first_encode_ms),
        kilobytes(found.rest_bytes),
        kilobytes(found.settle_bytes),
        format!("{:.1}", found.kbit_per_second()),
        format!("{:.2}", found.encode_ms_avg),
        format!("{:.2}", found.encode_ms_p95),
        format!("{:.2}", found.decode_ms_avg),
        format!("{:.3}", found.exact_share * 100.0),
        if found.is_exact_at_rest {
            "exact"
        } else {
            "NOT exact"
        }
        .to_owned(),
    ]
}

fn row(cells: [String; 12]) {
    let cells = cells.map(|cell| format!("{cell:>9}"));
    println!("| {} |", cells.join(" | "));
}
