//! The packages: the program `dist` makes them, and a script tries them in clean systems.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::{steps, workspace_root};

pub(crate) fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let mut dist = steps::cargo(["run", "--quiet", "--locked", "--package", "dist", "--"]);
    if !dist.args(arguments).status()?.success() {
        bail!("not all packages were made");
    }
    Ok(())
}

/// Makes the packages twice, as they are and as of a version before, and has the script try them.
///
/// # Errors
///
/// If they cannot be made, or do not do in some system what they must.
pub(crate) fn try_in_chroots(arguments: &[OsString]) -> anyhow::Result<()> {
    let root = workspace_root()?;
    let out = root.join("packaging/out/chroots");
    // all that is there is installed, also what an earlier run made under another name
    if out.exists() {
        std::fs::remove_dir_all(&out).with_context(|| format!("cannot empty {out}"))?;
    }
    for (folder, more) in [
        ("now", [].as_slice()),
        ("before", &["--as-version", "0.0.1"]),
    ] {
        let mut all = ["--only", "deb", "--out"].map(OsString::from).to_vec();
        all.push(out.join(folder).into());
        all.extend(more.iter().map(OsString::from));
        all.extend_from_slice(arguments);
        run(&all)?;
    }
    let mut build = steps::cargo(["build", "--locked", "--package", "e2e", "--bin", "stage"]);
    if !build.status()?.success() {
        bail!("the stage does not build");
    }
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec()?;
    let script = root.join("packaging/debian/try-in-chroots.sh");
    let tried = Command::new(&script)
        .arg(out.join("before"))
        .arg(out.join("now"))
        .arg(metadata.target_directory.join("debug/stage"))
        .status()
        .with_context(|| format!("cannot start {script}"))?;
    if !tried.success() {
        bail!("the packages do not do what they must");
    }
    Ok(())
}
