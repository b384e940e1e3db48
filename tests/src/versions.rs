//! A program as its maker hands it out, and its next version: the same bytes, but for the version that they say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use maker::{CHANNEL_FILE, Channel, Listed, Version};

use crate::hub::{Hub, maker_signs};

const OLD: &[u8] = b"version of this program: 0.1.0";
const NEW: &[u8] = b"version of this program: 0.2.0";
const NEXT: Version = Version::new(0, 2, 0);

/// Version 0.1.0 of a program, and 0.2.0.
#[derive(Debug)]
pub struct Versions {
    /// What the maker calls it: `helpme-linux-x86_64`.
    file: String,
    pub old: Vec<u8>,
    pub new: Vec<u8>,
}

impl Versions {
    /// Of the built `program`, which its maker calls `file`. `folder` gets a copy without what only debuggers read.
    ///
    /// # Errors
    ///
    /// If there is no `strip`, of binutils, or the program does not say its version.
    pub fn of(program: &Path, file: &str, folder: &Path) -> anyhow::Result<Self> {
        let stripped = folder.join(format!("{file}-stripped"));
        let tool = if file.contains("windows") {
            "x86_64-w64-mingw32-strip"
        } else {
            "strip"
        };
        let mut strip = Command::new(tool);
        let status = strip.arg("-o").arg(&stripped).arg(program).status();
        let status = status.with_context(|| format!("cannot start {tool}"))?;
        ensure!(status.success(), "{tool} ended with {status}");
        let old = fs::read(stripped)?;
        let mut new = old.clone();
        // each part of the program that says it has it once
        let starts = old.windows(OLD.len()).enumerate();
        let mut says = false;
        for (at, _) in starts.filter(|(_, part)| *part == OLD) {
            new[at..at + NEW.len()].copy_from_slice(NEW);
            says = true;
        }
        ensure!(says, "{file} does not have its version in it");
        Ok(Self {
            file: file.to_owned(),
            old,
            new,
        })
    }

    /// Puts the next version into `folder`, and its maker's signature beside it.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn put_next(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        self.put_next_as(&self.file, &NEXT, folder)
    }

    /// The same, signed as another program or version.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn put_next_as(
        &self,
        file: &str,
        version: &Version,
        folder: &Path,
    ) -> anyhow::Result<PathBuf> {
        put_signed(folder, file, &self.new, version)
    }

    /// Gives the hub the next version, and a list of its maker's that names it.
    ///
    /// # Errors
    ///
    /// If the hub refuses.
    pub fn hand_out(&self, hub: &Hub, folder: &Path) -> anyhow::Result<()> {
        let folder = folder.join(format!("{}-new", self.file));
        fs::create_dir_all(&folder)?;
        let channel = Channel {
            serial: 1,
            unix_seconds: 1_790_000_000,
            programs: vec![Listed::of(&self.file, NEXT, &self.new)],
        };
        let list = serde_json::to_vec(&channel)?;
        let list = put_signed(&folder, CHANNEL_FILE, &list, &NEXT)?;
        for file in [self.put_next(&folder)?, list] {
            hub.take_update(&file)?;
        }
        Ok(())
    }
}

fn put_signed(
    folder: &Path,
    file: &str,
    bytes: &[u8],
    version: &Version,
) -> anyhow::Result<PathBuf> {
    let path = folder.join(file);
    fs::write(&path, bytes)?;
    let signature = maker_signs(bytes, file, &version.to_string())?;
    fs::write(folder.join(format!("{file}.minisig")), signature)?;
    Ok(path)
}
