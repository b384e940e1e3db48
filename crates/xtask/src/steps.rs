//! Steps that are announced, timed and summed up.

use std::ffi::OsStr;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// The cargo that runs this program, called with `arguments` in the same folder and as if from a shell.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments);
    // What `cargo run` says about this program. The build script of `ring` looks at it, so that ring
    // and all that uses it were built anew whenever a build from here followed one from a shell.
    for (name, _) in std::env::vars_os() {
        let about_this = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if about_this {
            command.env_remove(name);
        }
    }
    command
}

/// Runs steps one after the other, says what it does, and keeps the times.
#[derive(Default)]
pub(crate) struct Steps {
    taken: Vec<(&'static str, Duration)>,
    left_out: Vec<&'static str>,
}

impl Steps {
    /// Runs `command` as the step `name`.
    ///
    /// # Errors
    ///
    /// If it cannot be started or ends with anything but success.
    pub(crate) fn command(
        &mut self,
        name: &'static str,
        command: &mut Command,
    ) -> anyhow::Result<()> {
        let shown = shown(command);
        self.step(name, &shown, || {
            let status = command
                .status()
                .with_context(|| format!("cannot start `{shown}`"))?;
            if !status.success() {
                bail!("`{shown}` ended with {status}");
            }
            Ok(())
        })
    }

    /// Runs `work` as the step `name`; `what` tells the reader what it is.
    ///
    /// # Errors
    ///
    /// What `work` fails with, with the step's name.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        what: &str,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        println!("\n==> {name}: {what}");
        let started = Instant::now();
        let outcome = work();
        let took = started.elapsed();
        self.taken.push((name, took));
        let free = fs4::available_space(".").map_or_else(
            |error| format!("free room unknown: {error}"),
            |free| format!("{:.1} GB free", free as f64 / 1e9),
        );
        println!("<== {name}: {:.1} s, {free}", took.as_secs_f64());
        outcome.with_context(|| format!("step `{name}` failed"))
    }

    /// Notes what was not done, to be said last, where nobody overlooks it.
    pub(crate) fn left_out(&mut self, what: &'static str) {
        println!("\n{what}");
        self.left_out.push(what);
    }

    /// Prints all steps with their times, and what was left out.
    pub(crate) fn summary(&self) {
        println!();
        for (name, took) in &self.taken {
            println!("{:>8.1} s  {name}", took.as_secs_f64());
        }
        let all: Duration = self.taken.iter().map(|(_, took)| *took).sum();
        println!("{:>8.1} s  in all", all.as_secs_f64());
        for what in &self.left_out {
            println!("{what}");
        }
    }
}

fn shown(command: &Command) -> String {
    let mut words = vec!["cargo".to_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}
