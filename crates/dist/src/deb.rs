//! A Debian package: an `ar` of the format's number, what the package manager is told, and the files.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Context as _, ensure};
use lzma_rust2::{CheckType, XzOptions, XzWriter};
use md5::{Digest as _, Md5};

use crate::release::Release;
use crate::tree::Tree;

/// What becomes a package.
#[derive(Debug)]
pub(crate) struct Deb {
    pub(crate) name: &'static str,
    /// The kind of processor that its programs are for, or [`ANY`].
    pub(crate) architecture: &'static str,
    /// The fields of `control` beside those that follow from the rest.
    pub(crate) fields: Vec<(&'static str, String)>,
    /// The first line says it in a few words.
    pub(crate) description: &'static str,
    /// What runs when the package is installed or removed: `postinst` and the like.
    pub(crate) scripts: Vec<(&'static str, String)>,
    /// Files that an administrator changes and an upgrade leaves alone.
    pub(crate) settings: Vec<&'static str>,
    pub(crate) tree: Tree,
}

/// The architecture of a package that is the same on each.
pub(crate) const ANY: &str = "all";
const MAINTAINER: &str = "Pure Help Desk <purehelpdesk@users.noreply.github.com>";

impl Deb {
    pub(crate) fn file_name(&self, release: &Release) -> String {
        let Self {
            name, architecture, ..
        } = self;
        format!("{name}_{}_{architecture}.deb", release.version)
    }

    /// The whole package.
    ///
    /// # Errors
    ///
    /// If a path is too long.
    pub(crate) fn bytes(&self, release: &Release) -> anyhow::Result<Vec<u8>> {
        let mut told = Tree::default();
        told.file("control", self.control(release)?.into_bytes());
        told.file("md5sums", self.md5sums().into_bytes());
        if !self.settings.is_empty() {
            let lines = self.settings.iter().map(|path| format!("/{path}\n"));
            told.file("conffiles", lines.collect::<String>().into_bytes());
        }
        for (name, script) in &self.scripts {
            told.program(name, script.clone().into_bytes());
        }
        let mut deb = b"!<arch>\n".to_vec();
        member(&mut deb, "debian-binary", b"2.0\n", release.epoch)?;
        for (name, tree) in [("control.tar.xz", &told), ("data.tar.xz", &self.tree)] {
            let packed = packed(tree, release).with_context(|| self.name)?;
            member(&mut deb, name, &packed, release.epoch)?;
        }
        Ok(deb)
    }

    fn control(&self, release: &Release) -> anyhow::Result<String> {
        let mut text = String::new();
        writeln!(text, "Package: {}", self.name)?;
        writeln!(text, "Version: {}", release.version)?;
        writeln!(text, "Architecture: {}", self.architecture)?;
        writeln!(text, "Maintainer: {MAINTAINER}")?;
        writeln!(text, "Installed-Size: {}", self.tree.kibibytes())?;
        for (name, value) in self.fields.iter().filter(|(_, value)| !value.is_empty()) {
            writeln!(text, "{name}: {value}")?;
        }
        let mut lines = self.description.lines();
        writeln!(text, "Description: {}", lines.next().unwrap_or_default())?;
        for line in lines {
            writeln!(text, " {}", if line.is_empty() { "." } else { line })?;
        }
        Ok(text)
    }

    /// What `dpkg --verify` compares. Settings are noted by the package manager itself.
    fn md5sums(&self) -> String {
        let files = self.tree.files();
        let files = files.filter(|(path, _)| !self.settings.contains(path));
        let lines = files.map(|(path, bytes)| format!("{:x}  {path}\n", Md5::digest(bytes)));
        lines.collect()
    }
}

fn packed(tree: &Tree, release: &Release) -> anyhow::Result<Vec<u8>> {
    let mut options = XzOptions::with_preset(release.effort.of_xz());
    options.set_check_sum_type(CheckType::Crc64);
    let mut writer = XzWriter::new(Vec::new(), options)?;
    let mut tar = Vec::new();
    tree.tar("./", release.epoch, &mut tar)?;
    writer.write_all(&tar)?;
    Ok(writer.finish()?)
}

/// Adds a member to an `ar`. The crate of that name has stood still for years, and this is all it would do here.
fn member(ar: &mut Vec<u8>, name: &str, bytes: &[u8], epoch: u64) -> anyhow::Result<()> {
    ensure!(name.len() < 16, "{name} is too long");
    let size = bytes.len();
    writeln!(
        ar,
        "{name:<16}{epoch:<12}{:<6}{:<6}{:<8}{size:<10}`",
        0, 0, "100644"
    )?;
    ar.extend_from_slice(bytes);
    if size % 2 == 1 {
        ar.push(b'\n');
    }
    Ok(())
}
