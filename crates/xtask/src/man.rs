//! The programs' pages of the manual. Tests look whether they are current; this lets the same tests write them.

use anyhow::bail;

use crate::steps::cargo;

/// Writes all pages.
///
/// # Errors
///
/// If the programs do not build, or a page is no good roff.
pub(crate) fn write() -> anyhow::Result<()> {
    let mut tests = cargo(["test", "--bins", "--locked"]);
    for package in ["hub", "hub-admin", "helpme-app", "purepc", "operator-app"] {
        tests.args(["--package", package]);
    }
    tests
        .arg("the_page_of_the_manual")
        .env("PHD_WRITE_MAN", "1");
    if !tests.status()?.success() {
        bail!("the pages were not written");
    }
    Ok(())
}
