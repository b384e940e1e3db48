//! The side-by-side benchmark, with this product as one of those that are measured.

mod table;

pub(crate) use table::aligned;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, ensure};

use crate::programs::Programs;

/// Where the results of each run go.
pub const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/results");

/// Runs `bench.py run` of `folder` with this product, the `peers` beside it and `options` handed on;
/// then writes what was found as a table in Markdown beside the result, and prints it.
///
/// # Errors
///
/// If it does not start or something could not be measured.
pub fn run(
    folder: &Path,
    python: &Path,
    peers: &[String],
    options: &[String],
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let script = folder.join("bench.py");
    ensure!(script.is_file(), "{} is missing", script.display());
    let programs = Programs::find()?;
    tell(&format!(
        "measuring the programs in {}",
        programs.folder().display()
    ));
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/driver.py:PureHelpDesk");
    let started = SystemTime::now();
    let status = Command::new(python)
        .arg(&script)
        .args(["run", driver])
        .args(peers)
        .args(["--out", RESULTS])
        .args(options)
        .env("PHD_BIN_DIR", programs.folder())
        .status()
        .with_context(|| format!("cannot start {}", python.display()))?;
    ensure!(status.success(), "the benchmark ended with {status}");
    let result = newest_result(Path::new(RESULTS), started)?;
    let written = write_table(&result)?;
    tell(&fs::read_to_string(&written)?);
    tell(&format!("written: {}", written.display()));
    Ok(())
}

/// Writes the result file `result` as a table in Markdown beside it.
///
/// # Errors
///
/// If it cannot be read or is no result.
pub fn write_table(result: &Path) -> anyhow::Result<PathBuf> {
    let text = fs::read_to_string(result)?;
    let found = serde_json::from_str(&text)
        .with_context(|| format!("{} is no result", result.display()))?;
    let written = result.with_extension("md");
    fs::write(&written, table::markdown(&found)?)?;
    Ok(written)
}

/// The result that was written since `started`.
fn newest_result(folder: &Path, started: SystemTime) -> anyhow::Result<PathBuf> {
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.extension().is_none_or(|name| name != "json") {
            continue;
        }
        let written = path.metadata()?.modified()?;
        let is_newer = newest.as_ref().is_none_or(|(before, _)| *before < written);
        if written >= started && is_newer {
            newest = Some((written, path));
        }
    }
    let (_, path) = newest.context("the benchmark wrote no result")?;
    Ok(path)
}
