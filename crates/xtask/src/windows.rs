//! Whether what is Windows' own, and whole assistances with its programs, work under Wine.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};

use crate::steps::{Steps, cargo};
use crate::types;

pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";
const UNDERSCORED: &str = "x86_64_pc_windows_gnu";

/// What has a part of its own for Windows that its tests try there; and of what has none, what goes to and from its disk,
/// who made a program, and what names keys and messages.
///
/// `codec` and `session` pass there too; the two together take longer than all of these.
const TESTED_CRATES: [&str; 16] = [
    "capture",
    "clipboard",
    "desktop",
    "files",
    "input",
    "keyboard",
    "machine",
    "maker",
    "negotiate",
    "present",
    "private-file",
    "protocol",
    "recording",
    "transfer",
    "update",
    "urgency",
];

/// Of `transport` its ends and tunnels over real sockets. Its other tests take a minute more.
const TESTED_OF_TRANSPORT: [&str; 7] = [
    "--package",
    "transport",
    "--lib",
    "--test",
    "loopback",
    "--test",
    "tunnel",
];

/// Builds the tests of those crates for Windows and runs them under Wine, on a display of their own; then the
/// programs and the set-up program, and lets the stage play with them.
///
/// The Linux programs of those plays are built too, where `PHD_BIN_DIR` does not name them.
///
/// # Errors
///
/// That mingw, Wine or Xvfb is missing, or what fails.
pub(crate) fn try_under_wine(
    steps: &mut Steps,
    target_folder: &Path,
    what: Tried,
    plays: &[String],
) -> anyhow::Result<()> {
    types::WINDOWS.add_library(steps)?;
    let wine = Wine::new(target_folder.join("wine"))?;
    steps.step("Wine", "a Windows of its own", || wine.prepare())?;
    if what != Tried::Plays {
        let crates = TESTED_CRATES.iter().flat_map(|name| ["--package", name]);
        for (step, again, which) in [
            (
                "tests under Wine",
                "tests under Wine once more",
                crates.collect::<Vec<_>>(),
            ),
            (
                "connections under Wine",
                "connections under Wine once more",
                TESTED_OF_TRANSPORT.to_vec(),
            ),
        ] {
            let mut test = cargo(["test", "--locked", "--no-fail-fast", "--target", TARGET]);
            for_windows(test.args(which))?;
            let test = wine.for_it(&mut test);
            if let Err(error) = steps.command(step, test) {
                // as everything on a display has: see `.config/nextest.toml`
                println!("{error:#}\nThey get a second try.");
                steps.command(again, test)?;
            }
        }
    }
    if what == Tried::Tests {
        return Ok(());
    }
    let mut build = cargo(["build", "--locked", "--target", TARGET]);
    for package in ["helpme-app", "input", "operator-app", "purepc"] {
        build.args(["--package", package]);
    }
    build.args(["--bins", "--example", "witness"]);
    steps.command("programs for Windows", for_windows(&mut build)?)?;
    let programs = target_folder.join(TARGET).join("debug");
    let linux = if let Some(folder) = std::env::var_os("PHD_BIN_DIR") {
        PathBuf::from(folder)
    } else {
        let mut build = cargo(["build", "--locked", "--workspace", "--bins"]);
        steps.command("programs", &mut build)?;
        target_folder.join("debug")
    };
    let packages = target_folder.join("wine-packages");
    let next = packages.join("next");
    steps.step(
        "programs of the next version",
        "their version changed",
        || as_next_version(&programs, &next),
    )?;
    for (step, name, version, folder) in [
        ("packages", "before", VERSION, &programs),
        ("packages of the next version", "now", NEXT_VERSION, &next),
    ] {
        let mut dist = cargo(["run", "--locked", "--package", "dist", "--"]);
        dist.args(["--only", "setup,msi,zip", "--fast", "--as-version", version])
            .arg("--from")
            .arg(&linux)
            .arg("--from-windows")
            .arg(folder)
            .arg("--out")
            .arg(packages.join(name));
        steps.command(step, &mut dist)?;
    }
    let mut stage = cargo([
        "run",
        "--locked",
        "--package",
        "e2e",
        "--bin",
        "stage",
        "--",
    ]);
    stage.arg("windows");
    for play in plays {
        stage.args(["--only", play]);
    }
    stage
        .env("PHD_BIN_DIR", &linux)
        .env("PHD_WINDOWS_BIN_DIR", &programs)
        .env("PHD_WINDOWS_PACKAGES", &packages)
        .env("PHD_WINE_PREFIX", &wine.prefix);
    wine.end_all();
    steps.command("plays under Wine", &mut stage)
}

/// What is tried under Wine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    Tests,
    Plays,
    Both,
}

/// What the programs for Windows say that they are, and what they say once they are the next version.
const VERSION: &str = env!("CARGO_PKG_VERSION");
const NEXT_VERSION: &str = "0.2.0";

/// Copies the programs in `from`, so that they say the next version.
fn as_next_version(from: &Path, to: &Path) -> anyhow::Result<()> {
    const SAYS: &str = "version of this program: ";
    let (old, new) = (
        format!("{SAYS}{VERSION}").into_bytes(),
        format!("{SAYS}{NEXT_VERSION}").into_bytes(),
    );
    if old.len() != new.len() {
        bail!("{NEXT_VERSION} is not as long as {VERSION}");
    }
    fs::create_dir_all(to)?;
    for name in ["helpme.exe", "pure-help-desk.exe", "purepc.exe"] {
        let mut program = fs::read(from.join(name))?;
        let starts = program.windows(old.len()).enumerate();
        let starts = starts.filter(|(_, part)| *part == old);
        let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
        if starts.is_empty() {
            bail!("{name} does not have its version in it");
        }
        for at in starts {
            program[at..at + new.len()].copy_from_slice(&new);
        }
        fs::write(to.join(name), program)?;
    }
    Ok(())
}

const COMPILER: &str = "x86_64-w64-mingw32-gcc-posix";
const COMPILER_OF_CPP: &str = "x86_64-w64-mingw32-g++-posix";

/// Has cargo compile and link by mingw; what is written in C++ goes into the program.
pub(crate) fn for_windows(command: &mut Command) -> anyhow::Result<&mut Command> {
    let said = Command::new(COMPILER_OF_CPP)
        .arg("-print-file-name=libstdc++.a")
        .output()
        .with_context(|| format!("{COMPILER_OF_CPP} is missing"))?;
    let library = PathBuf::from(String::from_utf8(said.stdout)?.trim_end());
    let folder = library.parent().context("mingw has no C++")?;
    let target = format!("CARGO_TARGET_{}", UNDERSCORED.to_uppercase());
    Ok(command
        .env(format!("CC_{UNDERSCORED}"), COMPILER)
        .env(format!("CXX_{UNDERSCORED}"), COMPILER_OF_CPP)
        .env(
            format!("AR_{UNDERSCORED}"),
            "x86_64-w64-mingw32-gcc-ar-posix",
        )
        .env(format!("CXXSTDLIB_{UNDERSCORED}"), "static=stdc++")
        .env(format!("{target}_LINKER"), COMPILER)
        .env(
            format!("{target}_RUSTFLAGS"),
            format!("-L native={}", folder.display()),
        )
        .env(format!("{target}_RUNNER"), "wine"))
}

/// Wine's folder, and a display for its programs.
struct Wine {
    prefix: PathBuf,
    server: Child,
    display: String,
}

impl Wine {
    fn new(prefix: PathBuf) -> anyhow::Result<Self> {
        for program in [COMPILER, COMPILER_OF_CPP, "wine", "Xvfb"] {
            let found = Command::new(program)
                .args(["--version"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if found.is_err() {
                bail!(
                    "{program} is missing; on Debian: \
                     apt-get install gcc-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-posix wine wine64 xvfb"
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

    /// Ends what still runs: it writes into what is copied, and would miss its display.
    fn end_all(&self) {
        // where nothing ran there is no server, and that is a fault to this
        self.run(Command::new("wineserver").arg("--kill")).ok();
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
        self.end_all();
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
