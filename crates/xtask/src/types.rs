//! Whether the workspace would compile for systems that this machine is not.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::steps::{Steps, cargo};

/// A system that is not this one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elsewhere {
    /// What the two steps are called.
    steps: [&'static str; 2],
    target: &'static str,
}

pub(crate) const WINDOWS: Elsewhere = Elsewhere {
    steps: ["library for Windows", "types for Windows"],
    target: "x86_64-pc-windows-gnu",
};
pub(crate) const MAC: Elsewhere = Elsewhere {
    steps: ["library for macOS", "types for macOS"],
    target: "aarch64-apple-darwin",
};

pub(crate) const ARM: Elsewhere = Elsewhere {
    steps: ["library for Linux on ARM", "types for Linux on ARM"],
    target: "aarch64-unknown-linux-gnu",
};

impl Elsewhere {
    /// Checks every program and library but the stage, which is made of X servers. A warning is a fault. Nothing is
    /// linked, so no compiler of C for that system is needed: `true` stands in for it.
    ///
    /// Rust's standard library for the system is added with `rustup` (a download of 30 MB) where it is missing.
    ///
    /// # Errors
    ///
    /// What does not compile, or that the library is missing and cannot be had.
    pub(crate) fn check(self, steps: &mut Steps) -> anyhow::Result<()> {
        self.add_library(steps)?;
        let Self {
            steps: [_, name],
            target,
        } = self;
        let mut check = cargo(["check", "--workspace", "--exclude", "e2e", "--locked"]);
        check.args(["--target", target]);
        let underscored = target.replace('-', "_");
        for tool in ["CC", "CXX", "AR"] {
            check.env(format!("{tool}_{underscored}"), "true");
        }
        // Apple's compiler would be asked where its headers are
        check.env("SDKROOT", "/");
        // only for this target: build scripts and macros stay those of the other steps
        check.env(
            format!("CARGO_TARGET_{}_RUSTFLAGS", underscored.to_uppercase()),
            "-D warnings",
        );
        steps.command(name, &mut check)
    }

    /// Sees to it that Rust's standard library for the system is there.
    pub(crate) fn add_library(self, steps: &mut Steps) -> anyhow::Result<()> {
        let Self {
            steps: [name, _],
            target,
        } = self;
        steps.step(name, target, || {
            if self.library_folder()?.exists() {
                return Ok(());
            }
            let added = Command::new("rustup")
                .args(["target", "add", target])
                .status()
                .with_context(|| {
                    format!(
                        "Rust's library for {target} is missing, and there is no rustup to add it"
                    )
                })?;
            if !added.success() {
                bail!("Rust's library for {target} could not be added");
            }
            Ok(())
        })
    }

    /// Where the compiler that cargo uses looks for the library.
    fn library_folder(self) -> anyhow::Result<PathBuf> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let asked = Command::new(rustc)
            .args(["--print", "target-libdir", "--target", self.target])
            .output()
            .context("cannot start rustc")?;
        if !asked.status.success() {
            bail!("rustc does not say where its libraries are");
        }
        let folder = String::from_utf8(asked.stdout).context("rustc names an odd folder")?;
        Ok(folder.trim_end().into())
    }
}
