//! Console and Helpme in one folder that runs from anywhere and keeps everything in itself (O1).

use std::io::{Cursor, Write as _};

use anyhow::ensure;
use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::Package;
use crate::release::{Programs, Release, SCREENCAST, System};
use crate::tree::Tree;

/// What is to be had as one file: each Helpme for a hub's page, and what replaces itself by its next version.
const SINGLE: [&str; 2] = ["helpme", "pure-help-desk"];

/// The folder as `tar.gz`.
///
/// # Errors
///
/// If a program is missing.
pub(crate) fn tar(
    release: &Release,
    programs: &Programs,
    licences: &str,
) -> anyhow::Result<Vec<Package>> {
    let name = name(release, programs);
    let tree = folder(release, programs, licences, &name)?;
    let level = Compression::new(release.effort.of_zlib());
    let mut writer = GzEncoder::new(Vec::new(), level);
    tree.tar("", release.epoch, &mut writer)?;
    Ok(vec![Package::new(
        format!("{name}.tar.gz"),
        writer.finish()?,
    )])
}

/// The folder as ZIP.
///
/// # Errors
///
/// If a program is missing.
pub(crate) fn zip(
    release: &Release,
    programs: &Programs,
    licences: &str,
) -> anyhow::Result<Vec<Package>> {
    let name = name(release, programs);
    let tree = folder(release, programs, licences, &name)?;
    Ok(vec![Package::new(
        format!("{name}.zip"),
        zipped(&tree, release)?,
    )])
}

/// The programs that are one file, as their maker signs them.
///
/// # Errors
///
/// If one is missing.
pub(crate) fn singles(programs: &Programs) -> anyhow::Result<Vec<Package>> {
    let system = programs.system;
    ensure!(
        system != System::Macos,
        "programs for macOS are no single files"
    );
    let single = |name| {
        let file = format!("{name}-{}{}", system.in_names(), system.suffix());
        Ok(Package::new(file, programs.get(name)?.to_vec()))
    };
    SINGLE.into_iter().map(single).collect()
}

/// What folder and archive are called.
fn name(release: &Release, programs: &Programs) -> String {
    format!(
        "pure-help-desk-{}-{}",
        release.version,
        programs.system.in_names()
    )
}

fn folder(
    release: &Release,
    programs: &Programs,
    licences: &str,
    name: &str,
) -> anyhow::Result<Tree> {
    let suffix = programs.system.suffix();
    let line = match programs.system {
        System::Windows => "\r\n",
        System::Linux | System::LinuxOnArm | System::Macos => "\n",
    };
    let mut tree = Tree::default();
    for program in ["helpme", "pure-help-desk"] {
        let path = format!("{name}/{program}{suffix}");
        tree.program(&path, programs.get(program)?);
    }
    if programs.has(SCREENCAST) {
        tree.program(&format!("{name}/{SCREENCAST}"), programs.get(SCREENCAST)?);
    }
    // it decides that everything is kept here
    tree.folder(&format!("{name}/portable"), 0o700, 0);
    for (file, text) in [
        ("README.txt", release.text("packaging/portable.txt")?),
        ("LICENSE-APACHE.txt", release.text("LICENSE-APACHE")?),
        ("LICENSE-MIT.txt", release.text("LICENSE-MIT")?),
        ("third-party-licences.txt", licences.to_owned()),
    ] {
        let text = text.replace('\n', line);
        tree.file(&format!("{name}/{file}"), text.into_bytes());
    }
    Ok(tree)
}

/// A tree as ZIP, empty folders too.
///
/// # Errors
///
/// If it is too large.
pub(crate) fn zipped(tree: &Tree, release: &Release) -> anyhow::Result<Vec<u8>> {
    let level = i64::from(release.effort.of_zlib());
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(level))
        // a ZIP has local time without a zone
        .last_modified_time(DateTime::default());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for folder in tree.empty_folders() {
        zip.add_directory(folder, options.unix_permissions(0o700))?;
    }
    for (path, bytes) in tree.files() {
        let mode = if tree.is_program(path) { 0o755 } else { 0o644 };
        zip.start_file(path, options.unix_permissions(mode))?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
