//! Every word of the table is on a screen: what no program uses is deleted.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

const TABLE: &str = "crates/ui-kit/src/words/table.rs";
/// What the table holds when this file reads it rightly, at least.
const FEWEST: usize = 100;

/// Looks for every word of the table in the sources of the workspace `root`, those of tests and examples
/// left out.
///
/// # Errors
///
/// The words that nothing uses, or a file that does not read.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let table = root.join(TABLE);
    let text = fs::read_to_string(&table).with_context(|| format!("cannot read {TABLE}"))?;
    let words = words_in(&text);
    if words.len() < FEWEST {
        bail!("only {} words are found in {TABLE}", words.len());
    }
    let mut used = BTreeSet::new();
    note_sources(root, &mut |source| used.extend(used_in(source)))?;
    let unused: Vec<&str> = words.difference(&used).map(String::as_str).collect();
    if unused.is_empty() {
        println!("{} words, all of them used", words.len());
        return Ok(());
    }
    bail!("nothing uses the words {} of {TABLE}", unused.join(", "));
}

/// The names at the beginnings of lines like `    Close: "Close", "Chiudi";`.
fn words_in(table: &str) -> BTreeSet<String> {
    let lines = table.lines().skip_while(|line| *line != "words! {");
    let names = lines.filter_map(|line| {
        let (name, _) = line.strip_prefix("    ")?.split_once(':')?;
        let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric());
        is_name.then(|| name.to_owned())
    });
    names.collect()
}

/// Gives `note` every source in and below `folder`, those of tests, of examples and of this program
/// left out, and the table of words.
///
/// # Errors
///
/// If a file does not read.
pub(crate) fn note_sources(folder: &Path, note: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    const LEFT_OUT: &[&str] = &[
        "tests", "tests.rs", "examples", "benches", "xtask", "target",
    ];
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if LEFT_OUT.contains(&&*name) || name.starts_with('.') || path.ends_with(TABLE) {
            continue;
        }
        if path.is_dir() {
            note_sources(&path, note)?;
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            note(&text);
        }
    }
    Ok(())
}

fn used_in(source: &str) -> impl Iterator<Item = String> {
    source.split("Word::").skip(1).map(|rest| {
        let name = rest.chars().take_while(char::is_ascii_alphanumeric);
        name.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_their_uses_are_found() {
        let table = "macro_rules! words {}\nwords! {\n    // Everywhere\n    Close: \"C\", \"C\";\n    LongOne:\n        \"L: x\",\n";
        let expected = ["Close", "LongOne"].map(str::to_owned);
        assert_eq!(words_in(table), BTreeSet::from(expected));
        let used: Vec<String> = used_in("w(lang, Word::Close); [Word::LongOne]").collect();
        assert_eq!(used, ["Close", "LongOne"]);
    }
}
