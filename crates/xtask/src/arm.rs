//! Whether the programs for Linux on ARM do what the others do, in whole assistances.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::steps::{Steps, cargo};
use crate::{types, workspace_root};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const COMPILER: &str = "aarch64-linux-gnu-gcc";
const PROGRAMS: [&str; 6] = [
    "helpme",
    "hub",
    "hub-admin",
    "hub-film",
    "pure-help-desk",
    "purepc",
];

/// Builds the programs for ARM, and plays assistances with them: ticket, consent, the picture, keys, the end, film and
/// report. This machine runs them by `qemu-aarch64`; see `tests/src/arm/run.sh`.
///
/// # Errors
///
/// That a compiler for ARM, QEMU or a library is missing, or what fails.
pub(crate) fn play(steps: &mut Steps, target_folder: &Path) -> anyhow::Result<()> {
    types::ARM.add_library(steps)?;
    let mut build = cargo(["build", "--locked", "--bins", "--target", TARGET]);
    build.args(["--workspace", "--exclude", "e2e"]);
    steps.command("programs for ARM", for_arm(&mut build))?;
    let scripts = workspace_root()?.join("tests/src/arm");
    let root = target_folder.join("arm").join("root");
    let mut fetch = Command::new(scripts.join("make-root.sh"));
    steps.command("libraries for ARM", fetch.arg(&root))?;
    let programs = target_folder.join("arm").join("programs");
    steps.step("cast", "what runs each program", || {
        let built = target_folder.join(TARGET).join("debug");
        let run = scripts.join("run.sh");
        gather(&programs, run.as_std_path(), &root, &built)
    })?;
    let mut play = cargo(["nextest", "run", "--locked", "--package", "e2e"]);
    play.args(["--test", "assistance", "--test", "demo", "--no-fail-fast"])
        // what takes no longer than so and so many milliseconds does not hold for a processor that is played
        .args(["-E", "not test(h6_)"])
        .env("PHD_BIN_DIR", &programs);
    steps.command("assistances with programs for ARM", &mut play)
}

/// Has cargo compile and link by the compilers for ARM.
fn for_arm(command: &mut Command) -> &mut Command {
    let linker = format!(
        "CARGO_TARGET_{}_LINKER",
        TARGET.replace('-', "_").to_uppercase()
    );
    command
        .env(linker, COMPILER)
        // nobody debugs them here, and QEMU reads them at each start
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
}

/// Puts into `folder` what runs each program that plays.
fn gather(folder: &Path, run: &Path, root: &Path, built: &Path) -> anyhow::Result<()> {
    drop(fs::remove_dir_all(folder));
    fs::create_dir_all(folder)?;
    for name in PROGRAMS {
        let (program, place) = (built.join(name), folder.join(name));
        let quoted = |path: &Path| {
            let path = path.to_str().context("a path that is text")?;
            anyhow::Ok(format!("'{}'", path.replace('\'', r"'\''")))
        };
        let words = [quoted(run)?, quoted(root)?, quoted(&program)?];
        let script = format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" "));
        fs::write(&place, script)?;
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
