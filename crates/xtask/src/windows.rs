//! Whether the workspace would compile for Windows, and whether what is Windows' own works under Wine.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};

use crate::steps::{Steps, cargo};

const TARGET: &str = "x86_64-pc-windows-gnu";
const UNDERSCORED: &str = "x86_64_pc_windows_gnu";

/// What has a part of its own for Windows that its tests try there.
const PLATFORM_CRATES: [&str; 7] = [
    "capture",
    "clipboard",
    "desktop",
    "input",
    "machine",
    "present",
    "private-file",
];

/// Checks every program and library but the stage, which is made of X servers. A warning is a fault. Nothing is
/// linked, so no compiler of C for Windows is needed: `true` stands in for it.
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

/// Builds the tests of the platform crates for Windows and runs them under Wine, on a display of their own.
///
/// # Errors
///
/// That mingw, Wine or Xvfb is missing, or what fails.
pub(crate) fn try_under_wine(steps: &mut Steps, target_folder: &Path) -> anyhow::Result<()> {
    steps.step("library for Windows", TARGET, add_library)?;
    let wine = Wine::new(target_folder.join("wine"))?;
    steps.step("Wine", "a Windows of its own", || wine.prepare())?;
    let mut test = cargo(["test", "--locked", "--no-fail-fast", "--target", TARGET]);
    for package in PLATFORM_CRATES {
        test.args(["--package", package]);
    }
    let target = format!("CARGO_TARGET_{}", UNDERSCORED.to_uppercase());
    test.env(format!("CC_{UNDERSCORED}"), COMPILER)
        .env(format!("{target}_LINKER"), COMPILER)
        .env(format!("{target}_RUNNER"), "wine");
    steps.command("tests under Wine", wine.for_it(&mut test))
}

const COMPILER: &str = "x86_64-w64-mingw32-gcc-posix";

/// Wine's folder, and a display for its programs.
struct Wine {
    prefix: PathBuf,
    server: Child,
    display: String,
}

impl Wine {
    fn new(prefix: PathBuf) -> anyhow::Result<Self> {
        for program in [COMPILER, "wine", "Xvfb"] {
            let found = Command::new(program)
                .args(["--version"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if found.is_err() {
                bail!(
                    "{program} is missing; on Debian: \
                     apt-get install gcc-mingw-w64-x86-64-posix wine wine64 xvfb"
                );
            }
        }
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24"])
            .args(["-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb does not start")?;
        let output = server.stdout.take().context("Xvfb has no output")?;
        let mut number = String::new();
        BufReader::new(output).read_line(&mut number)?;
        let display = format!(":{}", number.trim());
        Ok(Self {
            prefix,
            server,
            display,
        })
    }

    fn for_it<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("WINEPREFIX", &self.prefix)
            .env("WINEDEBUG", "-all")
            .env("DISPLAY", &self.display)
    }

    /// Wine 8 lacks a library that Rust's own asks for random numbers: one of a few lines stands in for it.
    fn prepare(&self) -> anyhow::Result<()> {
        const STAND_IN: &str = r"
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T count) {
    return SystemFunction036(to, (ULONG)count);
}
";
        let system = self.prefix.join("drive_c/windows/system32");
        let library = system.join("bcryptprimitives.dll");
        if library.exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.prefix)?;
        self.run(Command::new("wineboot").arg("--init"))?;
        let source = self.prefix.join("stand_in.c");
        fs::write(&source, STAND_IN)?;
        let mut compile = Command::new(COMPILER);
        compile.args(["-shared", "-O2", "-s", "-o"]).arg(&library);
        self.run(compile.arg(&source).arg("-ladvapi32"))?;
        self.run(Command::new("wine").args(["winecfg", "-v", "win10"]))?;
        self.run(Command::new("wineserver").arg("--wait"))
    }

    fn run(&self, command: &mut Command) -> anyhow::Result<()> {
        let status = self.for_it(command).status();
        let status = status.with_context(|| format!("cannot start {command:?}"))?;
        if !status.success() {
            bail!("{command:?} ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        // what Wine keeps running would miss its display
        self.run(Command::new("wineserver").arg("--kill")).ok();
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
