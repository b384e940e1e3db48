//! Newer versions of a program in a folder beside it, for one whose own file is not its own to change: a service that
//! may write nowhere but to its folder.
//!
//! Each is there with its maker's signature, which counts whenever it is looked for: what somebody else put there, or
//! what the disk spoilt, is none.

use std::fs;
use std::path::{Path, PathBuf};

use maker::{MakerKeys, SIGNATURE_END, Version};

use crate::in_place::write_program;
use crate::{MOST_BYTES, MOST_SIGNATURE_BYTES, Own, UpdateFault, bounded, try_out};

/// Versions that are kept: the newest, and the one before.
const KEPT: usize = 2;

impl Own {
    /// Writes `program` into `folder`, if its maker signed it as a newer version of this one and it starts on this
    /// computer. Blocks, for as long as that takes.
    ///
    /// # Errors
    ///
    /// [`UpdateFault`]; nothing is kept then.
    pub fn keep(
        &self,
        program: &[u8],
        signature: &str,
        folder: &Path,
    ) -> Result<Version, UpdateFault> {
        let version = self
            .judge(program, signature, &MakerKeys::built_in())?
            .version;
        let path = self.kept(folder, &version);
        let write = |source| UpdateFault::Write {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(folder).map_err(write)?;
        let part = path.with_extension("part");
        write_program(&part, program, &self.exe).map_err(write)?;
        let placed = try_out(&part, &version).and_then(|()| {
            // the program last: one without its signature is none
            fs::write(signature_of(&path), signature).map_err(write)?;
            fs::rename(&part, &path).map_err(write)
        });
        if placed.is_err() {
            // what went wrong first is told
            drop(fs::remove_file(&part));
        }
        placed.map(|()| version)
    }

    /// The versions in `folder` that are newer than this one, the newest first. Blocks, for as long as it takes to read
    /// and check them.
    pub fn newer_kept(&self, folder: &Path) -> Vec<(Version, PathBuf)> {
        let start = format!("{}-", self.name);
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let versions = names.filter_map(|name| {
            let name = name.strip_suffix(std::env::consts::EXE_SUFFIX)?;
            name.strip_prefix(&start)?.parse().ok()
        });
        let mut versions: Vec<Version> = versions.collect();
        versions.sort_unstable();
        let newer = versions.into_iter().rev().map(|version| {
            let path = self.kept(folder, &version);
            (version, path)
        });
        newer
            .filter(|(version, path)| self.is_genuine(version, path))
            .collect()
    }

    /// Removes from `folder` what is not needed any more: all but the newest versions, and this one if it is there.
    pub fn tidy(&self, folder: &Path) {
        let keep: Vec<PathBuf> = self
            .newer_kept(folder)
            .into_iter()
            .map(|(_, path)| path)
            .collect();
        let keep = keep.iter().take(KEPT).map(PathBuf::as_path);
        let keep: Vec<&Path> = keep.chain([self.exe.as_path()]).collect();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_kept = keep
                .iter()
                .any(|kept| path == **kept || path == signature_of(kept));
            if !is_kept && let Err(error) = fs::remove_file(&path) {
                // it takes room, and is looked at again the next time
                drop(error);
            }
        }
    }

    fn is_genuine(&self, version: &Version, path: &Path) -> bool {
        let read = || {
            let program = bounded(path, MOST_BYTES)?;
            let signature = bounded(&signature_of(path), MOST_SIGNATURE_BYTES)?;
            let signature = String::from_utf8_lossy(&signature);
            self.judge(&program, &signature, &MakerKeys::built_in())
        };
        read().is_ok_and(|signed| signed.version == *version)
    }

    fn kept(&self, folder: &Path, version: &Version) -> PathBuf {
        let (name, end) = (self.name, std::env::consts::EXE_SUFFIX);
        folder.join(format!("{name}-{version}{end}"))
    }
}

fn signature_of(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(SIGNATURE_END);
    beside.into()
}
