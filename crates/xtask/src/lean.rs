//! The programs that `cargo xtask lean` weighs, in one folder: as they are released, and Helpme as people download it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use cargo_metadata::MetadataCommand;
use cargo_metadata::camino::Utf8PathBuf;

use crate::steps::cargo;

/// Builds them and gives the folder.
///
/// # Errors
///
/// If one does not build, or cannot be put there.
pub(crate) fn gather() -> anyhow::Result<PathBuf> {
    let builds: [&[&str]; 3] = [
        &["build", "--release", "--workspace", "--bins"],
        &[
            "build",
            "--release",
            "--package",
            "e2e",
            "--example",
            "plain_window",
        ],
        &["build", "--profile", "small", "--package", "helpme-app"],
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
    programs.push(target.join("small").join("helpme"));
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
