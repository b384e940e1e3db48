//! A large archive of a hub: made up, and measured. The hub's example of that name does it, with the hub's
//! own changes and reads.

use std::ffi::OsString;

use anyhow::bail;

use crate::steps;

pub(crate) fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let mut example = steps::cargo([
        "run",
        "--quiet",
        "--release",
        "--package",
        "hub",
        "--example",
        "archive",
        "--",
    ]);
    if !example.args(arguments).status()?.success() {
        bail!("the archive is not made or not measured");
    }
    Ok(())
}
