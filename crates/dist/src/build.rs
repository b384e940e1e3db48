//! Builds the programs for release, in a target folder of their own and without paths of this machine in them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::release::{Release, SCREENCAST, System};

/// What names the public keys of the maker to the programs; cargo hands it on.
pub(crate) const MAKER_KEY: &str = "PHD_MAKER_KEY";
const WINDOWS: &str = "x86_64-pc-windows-gnu";
/// What rustc is told for the small Helpme on [`SMALL_ON`], beside its profile, one option in each line:
///
/// - Who unwinds no stack needs no tables for it; `small.ld` drops those that come with the standard library and with C.
///   (Windows wants them all the same.)
/// - Of functions that are alike to the byte one is enough, which the linker finds that comes with rustc there.
const FLAGS_OF_SMALL: &str = include_str!("../../../packaging/linux/small.flags");
const SMALL_ON: &str = "x86_64-unknown-linux-gnu";
/// `.cargo/config.toml` gives it to whoever has no flags of their own: the video library's part for AVX2.
const FLAG_OF_CPP: &str = "-DHAVE_AVX2";
const COMPILER: &str = "x86_64-w64-mingw32-gcc-posix";
const COMPILER_OF_CPP: &str = "x86_64-w64-mingw32-g++-posix";

/// The folder with the programs for `system`, once they are built; `None` where they cannot be built here.
///
/// # Errors
///
/// If they do not build.
pub(crate) fn programs(system: System, release: &Release) -> anyhow::Result<Option<PathBuf>> {
    match system {
        System::Linux => {
            let build = Build::new(release, None)?;
            build.all_but_helpme(&[
                "--workspace",
                "--exclude",
                "e2e",
                "--exclude",
                "helpme-app",
            ])?;
            build.screencast()?;
            build.helpme().map(Some)
        }
        System::Windows if starts(COMPILER) => {
            let build = Build::new(release, Some(WINDOWS))?;
            build.all_but_helpme(&["--package", "operator-app", "--package", "purepc"])?;
            build.helpme().map(Some)
        }
        System::Windows | System::Macos => Ok(None),
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
        let mut cargo = self.cargo("release");
        run(cargo.args(packages))
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
        let mut cargo = self.cargo("release");
        run(cargo.args(["--package", SCREENCAST, "--features", "pipewire"]))
    }

    /// Builds the small one, and gives the folder with all.
    fn helpme(&self) -> anyhow::Result<PathBuf> {
        let mut cargo = self.cargo("small");
        cargo.args(["--package", "helpme-app", "--features", "small"]);
        let mut target = self.target.map(str::to_owned);
        if target.is_none() && host()? == SMALL_ON {
            // named, so that what runs while it is built is built without these flags
            cargo.args(["--target", SMALL_ON]);
            cargo.env("CARGO_ENCODED_RUSTFLAGS", self.flags_of_small());
            target = Some(SMALL_ON.to_owned());
        }
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

    fn flags_of_small(&self) -> String {
        let more: Vec<&str> = FLAGS_OF_SMALL.lines().collect();
        format!("{}\u{1f}{}", self.flags, more.join("\u{1f}"))
    }

    fn cargo(&self, profile: &str) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(&self.root)
            .args(["build", "--locked", "--bins", "--profile", profile])
            .env("CARGO_TARGET_DIR", &self.target_folder)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_ENCODED_RUSTFLAGS", &self.flags)
            .env("CFLAGS", &self.flags_of_c)
            .env("CXXFLAGS", format!("{} {FLAG_OF_CPP}", self.flags_of_c));
        if let Some(target) = self.target {
            command
                .args(["--target", target])
                .env("CC_x86_64_pc_windows_gnu", COMPILER)
                .env("CXX_x86_64_pc_windows_gnu", COMPILER_OF_CPP)
                .env(
                    "AR_x86_64_pc_windows_gnu",
                    "x86_64-w64-mingw32-gcc-ar-posix",
                )
                .env("CXXSTDLIB_x86_64_pc_windows_gnu", "static=stdc++")
                .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", COMPILER);
        }
        command
    }
}

/// The system that rustc runs on, as it calls it.
fn host() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("-vV").output();
    let said = String::from_utf8(said.context("cannot start rustc")?.stdout)?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say where it runs")?.to_owned())
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
