//! Everything that must hold before a change lands.

use crate::directions;
use crate::steps::{Steps, cargo};

/// Runs all checks and stops at the first that fails.
///
/// # Errors
///
/// The first step that did not hold.
pub(crate) fn run(with_deny: bool) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    let outcome = all(&mut steps, with_deny);
    steps.summary();
    outcome
}

fn all(steps: &mut Steps, with_deny: bool) -> anyhow::Result<()> {
    steps.command("format", &mut cargo(["fmt", "--all", "--check"]))?;
    steps.step(
        "directions",
        "crates know only whom they may know",
        directions::check,
    )?;
    if with_deny {
        deny(steps)?;
    }
    steps.command(
        "lints",
        &mut cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
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
    fallbacks(steps)?;
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
    )
}

/// The portable fallbacks are no part of the Linux programs but must compile and work (E1).
fn fallbacks(steps: &mut Steps) -> anyhow::Result<()> {
    let chosen = [
        "-p",
        "capture",
        "-p",
        "input",
        "--features",
        "capture/scrap,input/rdev",
    ];
    let mut lints = cargo(["clippy", "--all-targets", "--locked"]);
    lints.args(chosen).args(["--", "-D", "warnings"]);
    steps.command("lints of fallbacks", &mut lints)?;
    let mut tests = cargo(["nextest", "run", "--locked", "--no-fail-fast"]);
    steps.command("tests of fallbacks", tests.args(chosen))
}

/// Licences, sources and banned crates must hold. The list of advisories comes from the network:
/// where it cannot be fetched that is said, and no reason to fail.
fn deny(steps: &mut Steps) -> anyhow::Result<()> {
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
    let advisories = steps.command(
        "advisories",
        &mut cargo(["deny", "--all-features", "fetch", "db"]),
    );
    match advisories {
        Ok(()) => steps.command(
            "advisories",
            &mut cargo([
                "deny",
                "--all-features",
                "check",
                "--disable-fetch",
                "advisories",
            ]),
        ),
        Err(_unreachable) => {
            println!("the list of advisories cannot be fetched from here: not checked");
            Ok(())
        }
    }
}
