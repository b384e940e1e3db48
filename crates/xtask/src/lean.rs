//! The programs that `cargo xtask lean` weighs, in one folder: as they are released, and Helpme as people download it.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use cargo_metadata::MetadataCommand;
use cargo_metadata::camino::Utf8PathBuf;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::steps::cargo;
use crate::windows;

/// What rustc is told for all of the small Helpme on [`SMALL_ON`], and for the program's own target, as in
/// `crates/dist/src/build.rs`.
const FLAGS_OF_SMALL: &str = include_str!("../../../packaging/linux/small.flags");
const FLAGS_OF_SMALL_PROGRAM: &str = include_str!("../../../packaging/small.flags");
const SMALL_ON: &str = "x86_64-unknown-linux-gnu";

/// The most that it may have, alone and in a ZIP.
const MOST_MB: f64 = 12.0;
const MOST_ZIPPED_MB: f64 = 6.0;

/// Builds Helpme as people download it, and gives the program.
///
/// # Errors
///
/// If it does not build.
fn small() -> anyhow::Result<Utf8PathBuf> {
    let said = Command::new("rustc").arg("-vV").output();
    let said = String::from_utf8(said.context("cannot start rustc")?.stdout)?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say where it runs")?;
    let mut build = build_of_small(host);
    if host == SMALL_ON {
        let mut flags: Vec<String> = FLAGS_OF_SMALL.lines().map(str::to_owned).collect();
        flags.extend(paths_of_crates()?);
        build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    }
    built(&mut build, host, "helpme")
}

/// What rustc is told about the paths of crates, which are in the program: as in `crates/dist/src/build.rs`.
fn paths_of_crates() -> anyhow::Result<Vec<String>> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let home = home.context("there is no home folder")?;
    let folders = fs::read_dir(home.join("registry").join("src"))?;
    let flags = folders.map(|folder| {
        let folder = folder?.path();
        Ok(format!("--remap-path-prefix={}=/crates", folder.display()))
    });
    flags.collect()
}

/// As [`small`], for Windows.
fn small_for_windows() -> anyhow::Result<Utf8PathBuf> {
    let mut build = build_of_small(windows::TARGET);
    built(
        windows::for_windows(&mut build)?,
        windows::TARGET,
        "helpme.exe",
    )
}

fn build_of_small(target: &str) -> Command {
    let mut build = cargo(["rustc", "--locked", "--profile", "small"]);
    build.args(["--package", "helpme-app", "--features", "small"]);
    // named, so that what runs while it is built is built without these flags
    build.args(["--target", target]);
    build.args(["--bin", "helpme", "--"]);
    build.args(FLAGS_OF_SMALL_PROGRAM.lines());
    build
}

fn built(build: &mut Command, target: &str, name: &str) -> anyhow::Result<Utf8PathBuf> {
    if !build.status()?.success() {
        bail!("it does not build");
    }
    let folder = MetadataCommand::new().no_deps().exec()?.target_directory;
    Ok(folder.join(target).join("small").join(name))
}

/// Builds it for this system or for Windows, and says how large it is.
///
/// # Errors
///
/// If it does not build, or is too large.
#[expect(clippy::print_stdout, reason = "this is what was asked for")]
pub(crate) fn weigh_small(for_windows: bool) -> anyhow::Result<()> {
    let program = if for_windows {
        small_for_windows()?
    } else {
        small()?
    };
    let program = fs::read(program)?;
    let mut zip = DeflateEncoder::new(Vec::new(), Compression::best());
    zip.write_all(&program)?;
    let sizes = [program.len(), zip.finish()?.len()].map(|bytes| bytes as f64 / 1e6);
    let [all, zipped] = sizes;
    println!("Helpme: {all:.2} MB, {zipped:.2} MB in a ZIP");
    ensure!(
        all <= MOST_MB && zipped <= MOST_ZIPPED_MB,
        "it is too large"
    );
    Ok(())
}

/// Builds them and gives the folder.
///
/// # Errors
///
/// If one does not build, or cannot be put there.
pub(crate) fn gather() -> anyhow::Result<PathBuf> {
    let builds: [&[&str]; 2] = [
        &["build", "--release", "--workspace", "--bins"],
        &[
            "build",
            "--release",
            "--package",
            "e2e",
            "--example",
            "plain_window",
        ],
    ];
    for arguments in builds {
        if !cargo(arguments).status()?.success() {
            bail!("`cargo {}` failed", arguments.join(" "));
        }
    }
    let target = MetadataCommand::new().no_deps().exec()?.target_directory;
    let folder = target.join("lean");
    fs::create_dir_all(&folder)?;
    let released = target.join("release");
    let names = ["hub", "hub-admin", "hub-film", "pure-help-desk", "purepc"];
    let mut programs: Vec<Utf8PathBuf> = names.map(|name| released.join(name)).to_vec();
    programs.push(released.join("examples").join("plain_window"));
    programs.push(small()?);
    for program in programs {
        let name = program.file_name().context("a program has a name")?;
        let place = folder.join(name);
        // a program that still runs keeps its file
        if place.exists() {
            fs::remove_file(&place)?;
        }
        fs::copy(&program, &place).with_context(|| format!("cannot copy {program}"))?;
    }
    Ok(folder.into())
}
