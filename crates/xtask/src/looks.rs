//! Pictures of views without a display. The tests that find what does not fit leave them, in looks that are checked
//! and in those that are only to be seen.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::steps::cargo;

/// Leaves a picture of every scene in every look in `out`, or of those with `only` in their names.
///
/// # Errors
///
/// If the tests do not build, or something does not fit; the pictures are there then, too.
pub(crate) fn take(out: &Path, only: Option<&str>) -> anyhow::Result<()> {
    // the tests run in the folders of their packages
    let out = std::path::absolute(out).context("no such folder")?;
    let mut tests = cargo(["test", "--locked"]);
    for package in ["hub-admin", "helpme-app", "operator-app"] {
        tests.args(["--package", package]);
    }
    tests
        .args(["in_every_look", "--", "--include-ignored"])
        .env("PHD_LOOKS", &out);
    if let Some(only) = only {
        tests.env("PHD_LOOKS_ONLY", only);
    }
    if !tests.status()?.success() {
        bail!("not everything fits; the pictures are in {}", out.display());
    }
    Ok(())
}
