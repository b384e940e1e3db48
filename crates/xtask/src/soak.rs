//! The long versions of tests, for a night rather than for every change.

use crate::steps::{Steps, cargo};
use crate::windows::Tried;

/// Kills each program twenty times, at random moments of a session, Helpme, its guardian and its compositor on Wayland ten
/// times, plays with programs for ARM and all there is with Windows', plays an operator's day, and cuts lines fifty times.
///
/// # Errors
///
/// If the programs do not build or a test fails.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut steps = Steps::default();
    let outcome = all(&mut steps);
    steps.summary();
    outcome
}

fn all(steps: &mut Steps) -> anyhow::Result<()> {
    steps.command(
        "programs",
        &mut cargo(["build", "--workspace", "--bins", "--locked"]),
    )?;
    steps.command(
        "crashes",
        cargo([
            "nextest",
            "run",
            "--profile",
            "soak",
            "--package",
            "e2e",
            "--test",
            "crashes",
            "--locked",
            "--no-fail-fast",
        ])
        .env("PHD_SOAK", "1"),
    )?;
    steps.command(
        "crashes on Wayland",
        cargo([
            "nextest",
            "run",
            "--profile",
            "soak",
            "--package",
            "e2e",
            "--test",
            "wayland",
            "--locked",
            "-E",
            "test(d2_)",
        ])
        .env("PHD_SOAK", "1"),
    )?;
    crate::gnome(steps)?;
    crate::arm(steps)?;
    crate::wine(steps, Tried::Plays, &[])?;
    steps.command(
        "day",
        cargo([
            "nextest",
            "run",
            "--profile",
            "soak",
            "--package",
            "e2e",
            "--test",
            "day",
            "--locked",
            "--run-ignored",
            "only",
            "--no-capture",
        ])
        .env("PHD_SOAK", "1"),
    )?;
    // its table is read while it grows
    steps.command(
        "cuts",
        cargo([
            "nextest",
            "run",
            "--profile",
            "soak",
            "--package",
            "e2e",
            "--test",
            "cuts",
            "--locked",
            "--no-capture",
        ])
        .env("PHD_SOAK", "1"),
    )
}
