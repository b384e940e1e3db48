//! The load of an office on a hub. The hub's bench of that name does it, with the peers of its tests.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use crate::steps;

pub(crate) fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let mut bench = steps::cargo([
        "bench",
        "--quiet",
        "--package",
        "hub",
        "--bench",
        "load",
        "--",
    ]);
    let mut made = None;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--recordings" {
            let folder = arguments.next().context("--recordings wants a folder")?;
            let traffic = made.insert(traffic_of(Path::new(folder))?);
            bench.arg("--traffic").arg(traffic);
        } else {
            bench.arg(argument);
        }
    }
    let status = bench.status();
    if let Some(traffic) = made {
        std::fs::remove_file(traffic)?;
    }
    if !status?.success() {
        bail!("the hub did not carry the load");
    }
    Ok(())
}

/// What the codec makes of the recorded desktops (`*.seq.zst`) in `folder`: a file of screen updates.
fn traffic_of(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut recordings = Vec::new();
    for entry in folder.read_dir().context("no folder of recordings")? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("zst")) {
            recordings.push(path);
        }
    }
    ensure!(
        !recordings.is_empty(),
        "no recordings in {}",
        folder.display()
    );
    recordings.sort();
    let traffic = std::env::temp_dir().join(format!("traffic-{}", std::process::id()));
    let mut measure = steps::cargo([
        "run",
        "--quiet",
        "--release",
        "--package",
        "codec",
        "--example",
        "measure",
        "--",
        "--level",
        "true",
        "--traffic",
    ]);
    measure.arg(&traffic).args(&recordings);
    ensure!(
        measure.status()?.success(),
        "the recordings are not replayed"
    );
    Ok(traffic)
}
