//! Whether the workspace would compile for Windows: types are checked, nothing is linked or run.
//!
//! C code is not compiled, so no compiler for Windows is needed: `true` stands in for it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::steps::{Steps, cargo};

const TARGET: &str = "x86_64-pc-windows-gnu";
const UNDERSCORED: &str = "x86_64_pc_windows_gnu";

/// Checks every program and library but the stage, which is made of X servers. A warning is a fault.
///
/// Rust's standard library for Windows is added with `rustup` (a download of 30 MB) where it is missing.
///
/// # Errors
///
/// What does not compile, or that the library is missing and cannot be had.
pub(crate) fn check(steps: &mut Steps) -> anyhow::Result<()> {
    steps.step("library for Windows", TARGET, add_library)?;
    let mut check = cargo(["check", "--workspace", "--exclude", "e2e", "--locked"]);
    check.args(["--target", TARGET]);
    for tool in ["CC", "CXX", "AR"] {
        check.env(format!("{tool}_{UNDERSCORED}"), "true");
    }
    // only for this target: build scripts and macros stay those of the other steps
    check.env(
        format!("CARGO_TARGET_{}_RUSTFLAGS", UNDERSCORED.to_uppercase()),
        "-D warnings",
    );
    steps.command("types for Windows", &mut check)
}

fn add_library() -> anyhow::Result<()> {
    if library_folder()?.exists() {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .status()
        .context("Rust's library for Windows is missing, and there is no rustup to add it")?;
    if !added.success() {
        bail!("Rust's library for Windows could not be added");
    }
    Ok(())
}

/// Where the compiler that cargo uses looks for the library.
fn library_folder() -> anyhow::Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("cannot start rustc")?;
    if !asked.status.success() {
        bail!("rustc does not say where its libraries are");
    }
    let folder = String::from_utf8(asked.stdout).context("rustc names an odd folder")?;
    Ok(folder.trim_end().into())
}
