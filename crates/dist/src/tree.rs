//! The files of a package: in order, with one time and with owners that do not depend on who packages.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use anyhow::ensure;
use tar::{Builder, EntryType, Header};

/// One entry of a tree.
#[derive(Debug, Clone)]
enum Entry {
    Folder { mode: u32, owner: u64 },
    File { mode: u32, bytes: Arc<[u8]> },
}

/// Files by their path, which begins and ends with no slash.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    entries: BTreeMap<String, Entry>,
}

impl Tree {
    /// Adds a file, and the folders above it.
    pub(crate) fn file(&mut self, path: &str, bytes: impl Into<Arc<[u8]>>) {
        self.add_file(path, 0o644, bytes.into());
    }

    /// Adds a file that can be run.
    pub(crate) fn program(&mut self, path: &str, bytes: impl Into<Arc<[u8]>>) {
        self.add_file(path, 0o755, bytes.into());
    }

    fn add_file(&mut self, path: &str, mode: u32, bytes: Arc<[u8]>) {
        self.add_folders_above(path);
        let entry = Entry::File { mode, bytes };
        self.entries.insert(path.to_owned(), entry);
    }

    /// Adds a folder of `owner`, who is root as 0.
    pub(crate) fn folder(&mut self, path: &str, mode: u32, owner: u64) {
        self.add_folders_above(path);
        self.entries
            .insert(path.to_owned(), Entry::Folder { mode, owner });
    }

    fn add_folders_above(&mut self, path: &str) {
        for (end, _) in path.match_indices('/') {
            let folder = Entry::Folder {
                mode: 0o755,
                owner: 0,
            };
            self.entries.entry(path[..end].to_owned()).or_insert(folder);
        }
    }

    /// All files with what is in them, in order.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &Arc<[u8]>)> {
        self.entries.iter().filter_map(|(path, entry)| match entry {
            Entry::File { bytes, .. } => Some((path.as_str(), bytes)),
            Entry::Folder { .. } => None,
        })
    }

    /// Folders that nothing lies in.
    pub(crate) fn empty_folders(&self) -> impl Iterator<Item = &str> {
        let paths = self.entries.keys();
        paths
            .filter(|path| {
                let is_folder = matches!(self.entries[*path], Entry::Folder { .. });
                let inside = format!("{path}/");
                is_folder && !self.entries.keys().any(|other| other.starts_with(&inside))
            })
            .map(String::as_str)
    }

    /// Whether the file at `path` can be run.
    pub(crate) fn is_program(&self, path: &str) -> bool {
        matches!(self.entries.get(path), Some(Entry::File { mode, .. }) if mode & 0o111 != 0)
    }

    /// What the files need on a disk, in KiB, as Debian counts it.
    pub(crate) fn kibibytes(&self) -> u64 {
        let needs = self.entries.values().map(|entry| match entry {
            Entry::File { bytes, .. } => (bytes.len() as u64).div_ceil(1024),
            Entry::Folder { .. } => 1,
        });
        needs.sum()
    }

    /// Writes it as a tar, each path with `before` in front.
    ///
    /// # Errors
    ///
    /// If a path is too long for every reader of tars, or `to` fails.
    pub(crate) fn tar(&self, before: &str, epoch: u64, to: impl Write) -> anyhow::Result<()> {
        let mut builder = Builder::new(to);
        if before == "./" {
            let header = header("./", EntryType::Directory, 0o755, epoch)?;
            append(&mut builder, header, &[])?;
        }
        for (path, entry) in &self.entries {
            let path = format!("{before}{path}");
            match entry {
                Entry::Folder { mode, owner } => {
                    let mut header =
                        header(&format!("{path}/"), EntryType::Directory, *mode, epoch)?;
                    if *owner != 0 {
                        // who that is the package does not say
                        header.set_uid(*owner);
                        header.set_gid(*owner);
                        header.set_username("")?;
                        header.set_groupname("")?;
                    }
                    append(&mut builder, header, &[])?;
                }
                Entry::File { mode, bytes } => {
                    let header = header(&path, EntryType::Regular, *mode, epoch)?;
                    append(&mut builder, header, bytes)?;
                }
            }
        }
        builder.into_inner()?.flush()?;
        Ok(())
    }
}

/// The path is written as it is: the library takes `./` and a last slash away, which Debian's tools want.
fn header(path: &str, kind: EntryType, mode: u32, epoch: u64) -> anyhow::Result<Header> {
    let mut header = Header::new_ustar();
    let name = &mut header.as_old_mut().name;
    ensure!(path.len() < name.len(), "{path} is too long");
    name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(epoch);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    Ok(header)
}

fn append(
    builder: &mut Builder<impl Write>,
    mut header: Header,
    bytes: &[u8],
) -> anyhow::Result<()> {
    header.set_size(bytes.len() as u64);
    header.set_cksum();
    Ok(builder.append(&header, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tar_has_folders_before_what_is_in_them_and_the_same_bytes_in_whatever_order_it_was_filled()
    {
        let mut one = Tree::default();
        one.program("usr/bin/hub", *b"program");
        one.folder("var/lib/data", 0o700, 7);
        let mut other = Tree::default();
        other.folder("var/lib/data", 0o700, 7);
        other.program("usr/bin/hub", *b"program");
        let tar = |tree: &Tree| {
            let mut bytes = Vec::new();
            tree.tar("./", 1_700_000_000, &mut bytes).expect("a tar");
            bytes
        };
        assert_eq!(tar(&one), tar(&other));
        let bytes = tar(&one);
        let mut archive = tar::Archive::new(&*bytes);
        let entries = archive.entries().expect("entries").map(|entry| {
            let entry = entry.expect("an entry");
            let header = entry.header();
            (
                String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
                header.mode().expect("a mode"),
                header.uid().expect("an owner"),
            )
        });
        let expected = [
            ("./", 0o755, 0),
            ("./usr/", 0o755, 0),
            ("./usr/bin/", 0o755, 0),
            ("./usr/bin/hub", 0o755, 0),
            ("./var/", 0o755, 0),
            ("./var/lib/", 0o755, 0),
            ("./var/lib/data/", 0o700, 7),
        ];
        let expected = expected.map(|(path, mode, owner)| (path.to_owned(), mode, owner));
        assert_eq!(entries.collect::<Vec<_>>(), expected);
        assert_eq!(one.empty_folders().collect::<Vec<_>>(), ["var/lib/data"]);
    }
}
