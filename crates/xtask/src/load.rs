//! The load of an office on a hub. The hub's bench of that name does it, with the peers of its tests.

use std::ffi::OsString;

use anyhow::bail;

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
    if !bench.args(arguments).status()?.success() {
        bail!("the hub did not carry the load");
    }
    Ok(())
}
