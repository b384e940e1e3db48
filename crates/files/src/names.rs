//! Names of files that come from another computer, as this one can have them.

use std::path::PathBuf;

use protocol::files::{FileFault, FilePath};

/// Longest name that file systems take, in bytes.
const LONGEST: usize = 255;

/// Where `path` is here, below the folder that it was sent to. Characters that steer a terminal, turn the
/// direction of writing or mean something to this system become `_`: a name is to look like what it is.
pub(crate) fn local(path: &FilePath) -> Result<PathBuf, FileFault> {
    let mut local = PathBuf::new();
    for part in path.parts() {
        let name = harmless(part, cfg!(windows));
        if name.len() > LONGEST {
            return Err(FileFault::BAD_PATH);
        }
        local.push(name);
    }
    Ok(local)
}

fn harmless(name: &str, on_windows: bool) -> String {
    let changed = name.chars().map(|c| {
        let is_reserved = on_windows && matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*');
        if c.is_control() || is_reserved || turns(c) {
            '_'
        } else {
            c
        }
    });
    let mut name: String = changed.collect();
    if on_windows {
        // Windows drops these from the end, and then it is another name
        let kept = name.trim_end_matches([' ', '.']).len();
        name.replace_range(kept.., &"_".repeat(name.len() - kept));
        let stem = name.split('.').next().unwrap_or_default();
        if is_device(stem.trim_end()) {
            name.insert(0, '_');
        }
    }
    name
}

/// Whether `c` turns the direction of writing, so that `exe.txt` can be read where `txt.exe` stands.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

/// Names that Windows has for devices, whatever follows.
fn is_device(stem: &str) -> bool {
    let stem = stem.to_ascii_uppercase();
    let is_numbered = |kind| {
        let number = stem.strip_prefix(kind).and_then(|rest| rest.chars().next());
        stem.chars().count() == 4
            && number.is_some_and(|c| matches!(c, '1'..='9' | '¹' | '²' | '³'))
    };
    matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL") || is_numbered("COM") || is_numbered("LPT")
}

/// `name` with a number that tells it from others of the name: `report (2).txt`.
pub(crate) fn numbered(name: &str, number: u32) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("{stem} ({number}).{ending}"),
        Some(_) | None => format!("{name} ({number})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_look_like_what_they_are() {
        for (name, unix, windows) in [
            ("Relazione è.pdf", "Relazione è.pdf", "Relazione è.pdf"),
            (
                "invoice\u{202e}fdp.exe",
                "invoice_fdp.exe",
                "invoice_fdp.exe",
            ),
            ("a\nb\u{1b}[2Jc", "a_b_[2Jc", "a_b_[2Jc"),
            ("12:30?.log", "12:30?.log", "12_30_.log"),
            ("ends. .", "ends. .", "ends___"),
            ("con.txt", "con.txt", "_con.txt"),
            ("LPT1", "LPT1", "_LPT1"),
            ("COM0", "COM0", "COM0"),
            ("console", "console", "console"),
        ] {
            assert_eq!(harmless(name, false), unix);
            assert_eq!(harmless(name, true), windows);
        }
    }

    #[test]
    fn a_number_stands_before_the_ending() {
        assert_eq!(numbered("report.txt", 2), "report (2).txt");
        assert_eq!(numbered("archive.tar.gz", 3), "archive.tar (3).gz");
        assert_eq!(numbered("README", 2), "README (2)");
        assert_eq!(numbered(".profile", 2), ".profile (2)");
    }

    #[test]
    fn a_name_that_no_file_system_takes_is_refused() {
        let long = FilePath::try_from(&*"ü".repeat(128)).expect("a path");
        assert_eq!(local(&long), Err(FileFault::BAD_PATH));
    }
}
