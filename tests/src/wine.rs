//! Computers with Windows, as far as Wine is one: each with a folder of its own, so that it has its own windows,
//! services and registry.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::Pid;
use tempfile::TempDir;

use crate::display::Display;
use crate::programs::Programs;
use crate::running::{Running, wait_until};

/// Names the folder with the programs that were built for Windows.
pub const PROGRAMS_VARIABLE: &str = "PHD_WINDOWS_BIN_DIR";
/// Names the folder of a Wine that is set up, which every computer begins as a copy of.
pub const PREFIX_VARIABLE: &str = "PHD_WINE_PREFIX";

/// A computer with Windows. Dropping it ends everything that runs there.
#[derive(Debug)]
pub struct WindowsComputer {
    /// Beside the one that it is a copy of: what is never written is shared by links.
    folder: TempDir,
    programs: Programs,
}

/// What a program needs to know of the computer that it runs on.
#[derive(Debug, Clone)]
pub struct Wine {
    prefix: PathBuf,
}

impl Wine {
    /// `program` of Windows or of Wine itself.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("wine");
        command.arg(program);
        self.set_up(&mut command);
        command
    }

    fn set_up(&self, command: &mut Command) {
        command
            .env("WINEPREFIX", &self.prefix)
            .env("WINEDEBUG", "-all")
            .env("LIBGL_ALWAYS_SOFTWARE", "1");
    }
}

impl WindowsComputer {
    /// A fresh one, with the programs and the Wine that the environment names.
    ///
    /// # Errors
    ///
    /// If one of them is missing, or there cannot be a copy.
    pub fn fresh() -> anyhow::Result<Self> {
        let named = |variable: &str| {
            let value = std::env::var_os(variable);
            let value = value.with_context(|| format!("{variable} names no folder"))?;
            anyhow::Ok(PathBuf::from(value))
        };
        let programs = Programs::for_windows(named(PROGRAMS_VARIABLE)?)?;
        let original = named(PREFIX_VARIABLE)?;
        let beside = original.parent().context("a folder is in another")?;
        let folder = TempDir::with_prefix_in("computer-", beside)?;
        let copy = folder.path().join("wine");
        done(
            Command::new("cp")
                .args(["--archive", "--link"])
                .args([&original, &copy]),
        )?;
        // what Windows writes to is its own; Wine writes the registry in place where it has another name
        for name in ["system.reg", "user.reg", "userdef.reg"] {
            own_file(&original.join(name), &copy.join(name))?;
        }
        for name in [
            "drive_c/users",
            "drive_c/ProgramData",
            "drive_c/windows/temp",
        ] {
            let (from, to) = (original.join(name), copy.join(name));
            if from.is_dir() {
                fs::remove_dir_all(&to)?;
                done(Command::new("cp").arg("--archive").args([&from, &to]))?;
            }
        }
        let computer = Self { folder, programs };
        computer.forget_the_real_home()?;
        Ok(computer)
    }

    /// Wine makes people's folders links to those of whoever set it up.
    fn forget_the_real_home(&self) -> anyhow::Result<()> {
        let mut folders = vec![self.prefix().join("drive_c/users")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let kind = fs::symlink_metadata(&path)?.file_type();
                if kind.is_symlink() {
                    fs::remove_file(&path)?;
                    fs::create_dir(&path)?;
                } else if kind.is_dir() {
                    folders.push(path);
                }
            }
        }
        Ok(())
    }

    fn prefix(&self) -> PathBuf {
        self.folder.path().join("wine")
    }

    /// What programs need to know of it.
    pub fn wine(&self) -> Wine {
        Wine {
            prefix: self.prefix(),
        }
    }

    /// Those that were built for Windows.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The folder that Windows calls `C:`.
    pub fn drive(&self) -> PathBuf {
        self.prefix().join("drive_c")
    }

    /// `program` of Windows or of Wine itself, on `display`.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, display: &Display) -> Command {
        let mut command = self.wine().command(program);
        command.env("DISPLAY", display.name());
        command
    }

    /// Runs it to its end; gives what it prints.
    ///
    /// # Errors
    ///
    /// If it does not start, or fails.
    pub fn run(
        &self,
        program: impl AsRef<std::ffi::OsStr>,
        words: &[&str],
        display: &Display,
    ) -> anyhow::Result<String> {
        let mut command = self.command(program, display);
        let said = command.args(words).stdin(Stdio::null()).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        ensure!(
            said.status.success(),
            "{command:?}: {}{}",
            text(&said.stderr),
            text(&said.stdout)
        );
        Ok(text(&said.stdout))
    }

    /// The one process of `program` that runs there and was started with `word`.
    ///
    /// # Errors
    ///
    /// If there is none, or more than one.
    pub(crate) fn process(&self, program: &str, word: &str) -> anyhow::Result<Pid> {
        let here = [b"WINEPREFIX=", self.prefix().as_os_str().as_bytes()].concat();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let folder = entry?.path();
            let number = folder.file_name().and_then(|name| name.to_str());
            let Some(id) = number.and_then(|number| number.parse().ok()) else {
                continue;
            };
            // one that has just ended says nothing
            let said = |name| fs::read(folder.join(name)).unwrap_or_default();
            let line = said("cmdline");
            let mut words = line.split(|byte| *byte == 0);
            let is_it = words
                .next()
                .is_some_and(|name| name.ends_with(program.as_bytes()))
                && words.any(|said| said == word.as_bytes())
                && said("environ")
                    .split(|byte| *byte == 0)
                    .any(|set| set == here);
            found.extend(Pid::from_raw(id).filter(|_| is_it));
        }
        let [process] = found[..] else {
            anyhow::bail!("{program} {word} runs as {found:?}");
        };
        Ok(process)
    }

    /// Starts what belongs to every computer that is on, before anybody looks at the clock: the desktop and the
    /// service manager.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn switch_on(&self, display: &Display) -> anyhow::Result<()> {
        self.run("wineboot", &["--init"], display).map(drop)
    }
}

impl Drop for WindowsComputer {
    fn drop(&mut self) {
        for how in ["--kill", "--wait"] {
            let mut command = Command::new("timeout");
            command.args(["20", "wineserver", how]);
            self.wine().set_up(&mut command);
            // one on which nothing ran has no server
            drop(command.stderr(Stdio::null()).status());
        }
    }
}

fn own_file(original: &Path, copy: &Path) -> anyhow::Result<()> {
    fs::remove_file(copy)?;
    fs::copy(original, copy)?;
    Ok(())
}

fn done(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status();
    let status = status.with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// As Windows calls a file of this machine.
pub(crate) fn path_there(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

/// A window that writes down what it hears of keyboard and mouse, and changes its colour with every character
/// (`crates/input/examples/witness.rs`).
#[derive(Debug)]
pub struct Witness {
    notes: PathBuf,
    _running: Running,
}

impl Witness {
    /// Opens one on a computer with Windows.
    ///
    /// # Errors
    ///
    /// If it does not come.
    pub fn open(
        computer: &WindowsComputer,
        display: &Display,
        folder: &Path,
        (width, height): (u32, u32),
    ) -> anyhow::Result<Self> {
        let notes = folder.join("witness.txt");
        let program = computer.programs().folder().join("examples/witness.exe");
        let mut command = computer.command(program, display);
        command
            .arg(path_there(&notes))
            .args([width, height].map(|side| side.to_string()));
        let mut running = Running::start("witness", &mut command, &folder.join("witness.log"))?;
        let witness = wait_until("a witness", crate::PATIENCE, || {
            running.check_alive()?;
            Ok(read(&notes).contains("at ").then_some(()))
        });
        witness?;
        Ok(Self {
            notes,
            _running: running,
        })
    }

    /// Everything that it wrote down.
    pub fn notes(&self) -> Vec<String> {
        read(&self.notes).lines().map(str::to_owned).collect()
    }

    /// The content of its window on the screen, as it said last.
    ///
    /// # Errors
    ///
    /// If it said something else.
    pub fn place(&self) -> anyhow::Result<crate::Region> {
        let notes = self.notes();
        let last = notes.iter().rev().find_map(|line| line.strip_prefix("at "));
        let numbers = last.context("it did not say")?.split(' ').map(str::parse);
        let numbers = numbers.collect::<Result<Vec<u32>, _>>()?;
        let [x, y, width, height] = numbers[..] else {
            anyhow::bail!("{last:?} is no place");
        };
        Ok(crate::Region {
            x,
            y,
            width,
            height,
        })
    }

    /// The characters that it got.
    ///
    /// # Errors
    ///
    /// If it wrote something else.
    pub fn text(&self) -> anyhow::Result<String> {
        let notes = self.notes();
        let units = notes.iter().filter_map(|line| line.strip_prefix("char "));
        let units = units.map(|unit| u16::from_str_radix(unit, 16));
        Ok(String::from_utf16_lossy(
            &units.collect::<Result<Vec<u16>, _>>()?,
        ))
    }

    /// Waits until it wrote `line` down.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub fn wait_for(&self, line: &str) -> anyhow::Result<()> {
        wait_until(line, Duration::from_secs(10), || {
            Ok(self.notes().iter().any(|noted| noted == line).then_some(()))
        })
        .with_context(|| format!("it noted {:?}", self.notes()))
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
