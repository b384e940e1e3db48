//! The side-by-side benchmark, with this product as one of those that are measured.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::programs::Programs;

/// Runs `bench.py run` of `folder` with this product, and with what `rest` names beside it.
///
/// # Errors
///
/// If it does not start or something could not be measured.
pub fn run(folder: &Path, python: &Path, rest: &[String]) -> anyhow::Result<()> {
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/driver.py:PureHelpDesk");
    let results = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/results");
    let beside = ["tigervnc".to_owned()];
    let rest = if rest.is_empty() { &beside[..] } else { rest };
    let status = Command::new(python)
        .arg(folder.join("bench.py"))
        .args(["run", driver, "--out", results])
        .args(rest)
        .env("PHD_BIN_DIR", Programs::find()?.folder())
        .status()
        .context("cannot start Python")?;
    ensure!(status.success(), "the benchmark ended with {status}");
    Ok(())
}
