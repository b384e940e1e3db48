//! Desktop entries (freedesktop.org): files that tell a desktop of a program and how it is started.

use std::io;
use std::path::Path;

/// An argument of `Exec`: quoted as a shell's word, then as any text of an entry, and `%` begins no field. What
/// needs no quotes has none: `xdg-open` takes them for a part of the name where no desktop runs.
pub(crate) fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@,:".contains(c);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return argument.to_owned();
    }
    let mut text = "\"".to_owned();
    for character in argument.chars() {
        match character {
            '"' | '`' | '$' => text.extend(["\\\\", &character.to_string()]),
            '\\' => text.push_str("\\\\\\\\"),
            '%' => text.push_str("%%"),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

/// All or nothing; a link to a file elsewhere stays one.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_new| path.to_owned());
    let folder = real.parent().unwrap_or(&real);
    std::fs::create_dir_all(folder)?;
    private_file::replace(&real, text.as_bytes())
}
