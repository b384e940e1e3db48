//! The licences of all that others wrote and is linked into the programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use cargo_metadata::Package;
use spdx::Expression;

use crate::release::Release;

/// How files with a licence begin, in capitals.
const NAMES: [&str; 9] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
    "OFL",
    "UFL",
    "PATENTS",
];
/// Libraries of others lie below a crate's own files: `upstream`, `vendor`, `third_party/NAME`.
const DEEPEST: usize = 4;
/// No licence is longer.
const MOST_BYTES: u64 = 256 * 1024;

/// Each text once, below those to whom it belongs.
///
/// # Errors
///
/// If a crate says of no licence, or has none that is known.
pub(crate) fn of_everything(release: &Release, linked: &[&Package]) -> anyhow::Result<String> {
    let mut owners_of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for &package in linked {
        if package.source.is_none() {
            continue;
        }
        let folder = package.manifest_path.parent().context("a folder")?;
        let mut texts = Vec::new();
        read(folder.as_std_path(), 0, &mut texts)?;
        if texts.is_empty() {
            texts = known_texts(package)?;
        }
        let stated = package.license.as_deref().unwrap_or("see below");
        let owner = format!("{} {} ({stated})", package.name, package.version);
        for text in texts {
            owners_of.entry(text).or_default().push(owner.clone());
        }
    }
    let fonts = release.root.join("assets/fonts");
    let mut texts = Vec::new();
    for font in ["Inter", "JetBrainsMono"] {
        texts.push((
            font,
            fs::read_to_string(fonts.join(format!("{font}-LICENSE.txt")))?,
        ));
    }
    for (font, text) in texts {
        let owner = format!("the font {font}");
        owners_of.entry(tidy(&text)).or_default().push(owner);
    }

    let mut all =
        String::from("Pure Help Desk is made with the work of others. These are their licences.\n");
    let mut groups: Vec<_> = owners_of.into_iter().collect();
    groups.sort_by(|(_, a), (_, b)| a.cmp(b));
    for (text, mut owners) in groups {
        owners.dedup();
        let line = "=".repeat(78);
        write!(all, "\n{line}\n{}\n{line}\n\n{text}\n", owners.join("\n"))?;
    }
    Ok(all)
}

/// The texts in and below `folder`, in the order of their names.
fn read(folder: &Path, depth: usize, texts: &mut Vec<String>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths: Vec<_> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            let is_source = matches!(&*name, "tests" | "benches" | "examples" | "target" | ".git");
            if depth < DEEPEST && !is_source {
                read(&path, depth + 1, texts)?;
            }
            continue;
        }
        let has_no_code = ["", "txt", "md"].contains(&extension(&path).as_str())
            || NAMES.iter().any(|known| name.eq_ignore_ascii_case(known));
        let is_licence = has_no_code
            && NAMES
                .iter()
                .any(|known| name.to_uppercase().starts_with(known));
        if is_licence && fs::metadata(&path)?.len() <= MOST_BYTES {
            let text = tidy(&String::from_utf8_lossy(&fs::read(&path)?));
            if !text.is_empty() && !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    Ok(())
}

/// `LICENSE-MIT` has none, `LICENSE-2.0` one that is a number.
fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let is_number = extension.chars().all(|c| c.is_ascii_digit());
    if is_number {
        String::new()
    } else {
        extension.to_lowercase()
    }
}

/// The texts that a crate without one names, with its authors.
fn known_texts(package: &Package) -> anyhow::Result<Vec<String>> {
    let stated = package.license.as_deref();
    let stated = stated.with_context(|| format!("{} says of no licence", package.name))?;
    let expression = Expression::parse_mode(stated, spdx::ParseMode::LAX)
        .map_err(|error| anyhow::anyhow!("{}: {error}", package.name))?;
    let mut texts = Vec::new();
    for requirement in expression.requirements() {
        let licence = &requirement.req.license;
        let id = licence
            .id()
            .with_context(|| format!("{}: {licence} is not known", package.name))?;
        let authors = package.authors.join(", ");
        let authors = if authors.is_empty() {
            "its authors"
        } else {
            &authors
        };
        texts.push(tidy(&format!(
            "{}, by {authors}\n\n{}",
            package.name,
            id.text()
        )));
    }
    ensure!(!texts.is_empty(), "{} has no licence", package.name);
    Ok(texts)
}

/// Lines end alike, so that the same text is found to be the same.
fn tidy(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}
