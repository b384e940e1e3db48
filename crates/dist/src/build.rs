//! Builds the programs for release, in a target folder of their own and without paths of this machine in them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::release::{Release, SCREENCAST, System};

/// What names the public keys of the maker to the programs; cargo hands it on.
pub(crate) const MAKER_KEY: &str = "PHD_MAKER_KEY";
const WINDOWS: &str = "x86_64-pc-windows-gnu";
const ARM: &str = "aarch64-unknown-linux-gnu";
/// What rustc is told for the small Helpme on [`SMALL_ON`] and [`ARM`], beside its profile, one option in each line:
///
/// - Who unwinds no stack needs no tables for it; `small.ld` drops those that come with the standard library and with C.
///   (Windows wants them all the same.)
/// - Of functions that are alike to the byte one is enough, which the linker finds that comes with rustc; on [`SMALL_ON`]
///   it is taken unasked.
const FLAGS_OF_SMALL: &str = include_str!("../../../packaging/linux/small.flags");
/// What rustc is told for the program's own target alone, on every system, one option in each line. The optimiser of the
/// whole program takes its level from there, and at one for size it makes no vector instructions of loops; functions of
/// crates that are built for size keep theirs. What such a level would put into other functions once more stays outside.
const FLAGS_OF_SMALL_PROGRAM: &str = include_str!("../../../packaging/small.flags");
const SMALL_ON: &str = "x86_64-unknown-linux-gnu";
/// `.cargo/config.toml` gives it to whoever has no flags of their own: the video library's part for AVX2.
const FLAG_OF_CPP: &str = "-DHAVE_AVX2";
const COMPILER: &str = "x86_64-w64-mingw32-gcc-posix";
const COMPILER_OF_CPP: &str = "x86_64-w64-mingw32-g++-posix";
/// Debian has them under these names on ARM, too.
const COMPILER_FOR_ARM: &str = "aarch64-linux-gnu-gcc";
const COMPILER_OF_CPP_FOR_ARM: &str = "aarch64-linux-gnu-g++";
const WITHOUT_HELPME: [&str; 5] = ["--workspace", "--exclude", "e2e", "--exclude", "helpme-app"];

/// The folder with the programs for `system`, once they are built; `None` where they cannot be built here.
///
/// # Errors
///
/// If they do not build.
pub(crate) fn programs(system: System, release: &Release) -> anyhow::Result<Option<PathBuf>> {
    match system {
        System::Linux if host()?.starts_with("x86_64-") => {
            let build = Build::new(release, None)?;
            build.all_but_helpme(&WITHOUT_HELPME)?;
            build.screencast()?;
            build.helpme().map(Some)
        }
        System::LinuxOnArm if starts(COMPILER_FOR_ARM) && has_library(ARM)? => {
            let build = Build::new(release, Some(ARM))?;
            build.all_but_helpme(&WITHOUT_HELPME)?;
            if host()? == ARM {
                build.screencast()?;
            } else {
                println!("{SCREENCAST} for ARM is left out: PipeWire's library is not here");
            }
            build.helpme().map(Some)
        }
        System::Windows if starts(COMPILER) => {
            let build = Build::new(release, Some(WINDOWS))?;
            build.all_but_helpme(&["--package", "operator-app", "--package", "purepc"])?;
            build.helpme().map(Some)
        }
        System::Linux | System::LinuxOnArm | System::Windows | System::Macos => Ok(None),
    }
}

fn starts(program: &str) -> bool {
    let started = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    started.is_ok_and(|status| status.success())
}

/// Whether rustc has its library for `target`.
fn has_library(target: &str) -> anyhow::Result<bool> {
    let folder = rustc(&["--print", "target-libdir", "--target", target])?;
    Ok(Path::new(folder.trim()).exists())
}

struct Build {
    root: PathBuf,
    /// Where cargo builds.
    target_folder: PathBuf,
    target: Option<&'static str>,
    /// For the compilers of Rust and of C: what paths become.
    flags: String,
    flags_of_c: String,
}

impl Build {
    fn new(release: &Release, target: Option<&'static str>) -> anyhow::Result<Self> {
        if let Ok(key) = std::env::var(MAKER_KEY) {
            let is_none = maker::MakerKeys::read(&key).is_empty();
            ensure!(!is_none, "{MAKER_KEY} names no public key of minisign");
        }
        let root = release.root.clone();
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
        let home = home.context("there is no home folder")?;
        let target_folder = release.metadata.target_directory.join("dist");
        let target_folder = target_folder.into_std_path_buf();
        let fetched = folders_of_fetched_crates(&home)?;
        // of two that fit, the later one counts
        let mut paths = vec![
            (root.as_path(), "/src"),
            (home.as_path(), "/cargo"),
            (target_folder.as_path(), "/target"),
        ];
        paths.extend(fetched.iter().map(|folder| (folder.as_path(), "/crates")));
        let each = |flag: &str, between: &str| {
            let flags = paths
                .iter()
                .map(|(from, to)| format!("{flag}={}={to}", from.display()));
            flags.collect::<Vec<_>>().join(between)
        };
        let mut flags = each("--remap-path-prefix", "\u{1f}");
        if target == Some(WINDOWS) {
            // what is written in C++ goes into the program
            let folder = folder_of_cpp()?;
            flags = format!("{flags}\u{1f}-L\u{1f}native={}", folder.display());
            // the time when it was linked would be in it
            flags = format!("{flags}\u{1f}-C\u{1f}link-arg=-Wl,--no-insert-timestamp");
        }
        Ok(Self {
            flags_of_c: each("-ffile-prefix-map", " "),
            flags,
            root,
            target_folder,
            target,
        })
    }

    fn all_but_helpme(&self, packages: &[&str]) -> anyhow::Result<()> {
        let mut cargo = self.cargo("build", "release");
        run(cargo.arg("--bins").args(packages))
    }

    /// Builds what shows GNOME's and KDE's screens, where PipeWire's library can be linked.
    fn screencast(&self) -> anyhow::Result<()> {
        let known = Command::new("pkg-config")
            .args(["--exists", "libpipewire-0.3"])
            .status();
        if !known.is_ok_and(|status| status.success()) {
            println!(
                "{SCREENCAST} is left out, so Helpme shows no screen of GNOME and KDE on Wayland: \
                 libpipewire-0.3-dev, libclang-dev and pkg-config are needed"
            );
            return Ok(());
        }
        let mut cargo = self.cargo("build", "release");
        run(cargo.args(["--bins", "--package", SCREENCAST, "--features", "pipewire"]))
    }

    /// Builds the small one, and gives the folder with all.
    fn helpme(&self) -> anyhow::Result<PathBuf> {
        let mut cargo = self.cargo("rustc", "small");
        cargo.args(["--package", "helpme-app", "--features", "small"]);
        let mut target = self.target.map(str::to_owned);
        if target.is_none() && host()? == SMALL_ON {
            // named, so that what runs while it is built is built without these flags
            cargo.args(["--target", SMALL_ON]);
            cargo.env("CARGO_ENCODED_RUSTFLAGS", self.flags_of_small(&[]));
            target = Some(SMALL_ON.to_owned());
        } else if self.target == Some(ARM) {
            let flags = self.flags_of_small(&flags_of_linker()?);
            cargo.env("CARGO_ENCODED_RUSTFLAGS", flags);
        }
        cargo.args(["--bin", "helpme", "--"]);
        cargo.args(FLAGS_OF_SMALL_PROGRAM.lines());
        run(&mut cargo)?;
        let suffix = if self.target == Some(WINDOWS) {
            ".exe"
        } else {
            ""
        };
        let built = |target: Option<&str>, profile: &str| {
            let folder = self.target_folder.as_path();
            target
                .map_or_else(|| folder.to_owned(), |target| folder.join(target))
                .join(profile)
        };
        let release = built(self.target, "release");
        let small = built(target.as_deref(), "small");
        let name = format!("helpme{suffix}");
        std::fs::copy(small.join(&name), release.join(&name))?;
        Ok(release)
    }

    fn flags_of_small(&self, more: &[String]) -> String {
        let mut flags = self.flags.clone();
        let more = more.iter().map(String::as_str);
        for flag in FLAGS_OF_SMALL.lines().chain(more) {
            flags.push('\u{1f}');
            flags.push_str(flag);
        }
        flags
    }

    fn cargo(&self, command: &str, profile: &str) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build
            .current_dir(&self.root)
            .args([command, "--locked", "--profile", profile])
            .env("CARGO_TARGET_DIR", &self.target_folder)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_ENCODED_RUSTFLAGS", &self.flags)
            .env("CFLAGS", &self.flags_of_c)
            .env("CXXFLAGS", format!("{} {FLAG_OF_CPP}", self.flags_of_c));
        if let Some(target) = self.target {
            build.args(["--target", target]);
        }
        if self.target == Some(ARM) {
            build
                .env("CC_aarch64_unknown_linux_gnu", COMPILER_FOR_ARM)
                .env("CXX_aarch64_unknown_linux_gnu", COMPILER_OF_CPP_FOR_ARM)
                .env(
                    "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
                    COMPILER_FOR_ARM,
                );
        }
        if self.target == Some(WINDOWS) {
            build
                .env("CC_x86_64_pc_windows_gnu", COMPILER)
                .env("CXX_x86_64_pc_windows_gnu", COMPILER_OF_CPP)
                .env(
                    "AR_x86_64_pc_windows_gnu",
                    "x86_64-w64-mingw32-gcc-ar-posix",
                )
                .env("CXXSTDLIB_x86_64_pc_windows_gnu", "static=stdc++")
                .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", COMPILER);
        }
        build
    }
}

/// The system that rustc runs on, as it calls it.
fn host() -> anyhow::Result<String> {
    let said = rustc(&["-vV"])?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say where it runs")?.to_owned())
}

/// Has a compiler of C link with the linker that comes with rustc.
fn flags_of_linker() -> anyhow::Result<[String; 2]> {
    let library = rustc(&["--print", "sysroot"])?;
    let library = Path::new(library.trim()).join("lib/rustlib");
    let folder = library.join(host()?).join("bin/gcc-ld");
    Ok([
        "-Clink-arg=-fuse-ld=lld".to_owned(),
        format!("-Clink-arg=-B{}", folder.display()),
    ])
}

/// What rustc says when it is asked so.
fn rustc(words: &[&str]) -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).args(words).output();
    let said = said.context("cannot start rustc")?;
    ensure!(said.status.success(), "rustc does not know {words:?}");
    Ok(String::from_utf8(said.stdout)?)
}

/// Where the sources of crates are, by where they were fetched from, which the folders' names tell.
fn folders_of_fetched_crates(home: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let all = home.join("registry").join("src");
    let entries = std::fs::read_dir(&all).with_context(|| format!("{}", all.display()))?;
    let folders = entries.map(|entry| Ok(entry?.path()));
    folders.collect::<std::io::Result<_>>().context("crates")
}

fn folder_of_cpp() -> anyhow::Result<PathBuf> {
    let said = Command::new(COMPILER_OF_CPP)
        .arg("-print-file-name=libstdc++.a")
        .output()
        .with_context(|| format!("cannot start {COMPILER_OF_CPP}"))?;
    let path = String::from_utf8(said.stdout)?;
    let folder = Path::new(path.trim()).parent();
    Ok(folder.context("mingw has no C++")?.to_owned())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("cannot start cargo")?;
    ensure!(status.success(), "the programs do not build");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_have_the_video_library_of_every_other_build() {
        let config = include_str!("../../../.cargo/config.toml");
        let flags = config
            .lines()
            .find_map(|line| line.strip_prefix("CXXFLAGS = "));
        assert_eq!(flags, Some(format!("{FLAG_OF_CPP:?}").as_str()));
    }
}
