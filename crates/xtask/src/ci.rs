//! Everything that must hold before a change lands.

use crate::steps::{Steps, cargo};
use crate::windows::Tried;
use crate::{directions, rules, types, words, workspace_root};

/// How much cargo-deny is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dependencies {
    Checked,
    /// All but the advisories, whose list comes from the network.
    CheckedOffline,
    Unchecked,
}

/// The portable fallbacks are no part of the Linux programs but must compile and work (E1).
const FALLBACKS: &str = "capture/scrap,input/rdev";

/// Runs all checks and stops at the first that fails.
///
/// # Errors
///
/// The first step that did not hold.
pub(crate) fn run(dependencies: Dependencies) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    let outcome = all(&mut steps, dependencies);
    steps.summary();
    outcome
}

fn all(steps: &mut Steps, dependencies: Dependencies) -> anyhow::Result<()> {
    steps.command("format", &mut cargo(["fmt", "--all", "--check"]))?;
    steps.step(
        "directions",
        "crates know only whom they may know",
        directions::check,
    )?;
    steps.step("words", "every word is on a screen", || {
        words::check(workspace_root()?.as_std_path())
    })?;
    steps.step("security", "every test that is named is there", || {
        rules::check(workspace_root()?.as_std_path())
    })?;
    deny(steps, dependencies)?;
    steps.command(
        "lints",
        &mut cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--features",
            FALLBACKS,
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    steps.command(
        "programs",
        &mut cargo(["build", "--workspace", "--bins", "--locked"]),
    )?;
    steps.command(
        "tests",
        &mut cargo([
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
        ]),
    )?;
    steps.command(
        "tests of fallbacks",
        &mut cargo([
            "nextest",
            "run",
            "--package",
            "capture",
            "--package",
            "input",
            "--features",
            FALLBACKS,
            "--locked",
            "--no-fail-fast",
        ]),
    )?;
    steps.command(
        "examples in docs",
        &mut cargo(["test", "--workspace", "--doc", "--locked"]),
    )?;
    steps.command(
        "docs",
        cargo([
            "doc",
            "--workspace",
            "--no-deps",
            "--locked",
            "--document-private-items",
        ])
        .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    if let Err(error) = types::WINDOWS.add_library(steps) {
        println!("{error:#}");
        steps.left_out("tests under Wine: NOT run, Rust's library for Windows cannot be had here");
        return Ok(());
    }
    crate::wine(steps, Tried::Tests, &[])
}

/// Licences, sources and banned crates must hold, and no advisory may be known. Where the list of
/// advisories cannot be had, that is a failure too, unless whoever started this said so.
fn deny(steps: &mut Steps, dependencies: Dependencies) -> anyhow::Result<()> {
    if dependencies == Dependencies::Unchecked {
        steps.left_out("dependencies: NOT checked, told to leave them out");
        return Ok(());
    }
    steps.command(
        "dependencies",
        &mut cargo([
            "deny",
            "--all-features",
            "check",
            "bans",
            "licenses",
            "sources",
        ]),
    )?;
    if dependencies == Dependencies::CheckedOffline {
        steps.left_out("advisories: NOT checked, told to be offline");
        return Ok(());
    }
    steps.command(
        "advisories",
        &mut cargo(["deny", "--all-features", "check", "advisories"]),
    )
}
