//! A desktop entry of the program's own, and the lists in which an account chooses what opens what
//! (freedesktop.org: Desktop Entry, MIME Applications). Every desktop and `xdg-open` go by these.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::{LinkKind, LinkOpener, LinksError};
use crate::desktop_entry::{quoted, write};

/// The groups of a list.
const CHOSEN: &str = "[Default Applications]";
const POSSIBLE: &str = "[Added Associations]";
/// No list is longer.
const MOST_BYTES: u64 = 1 << 20;

/// Where an account keeps such files.
struct Places {
    config: PathBuf,
    data: PathBuf,
    /// What the desktop calls itself, in small letters: each may have a list of its own.
    desktops: Vec<String>,
}

impl Places {
    fn find() -> Result<Self, LinksError> {
        let base = directories::BaseDirs::new().ok_or(LinksError::Unsupported)?;
        let desktops = env::var_os("XDG_CURRENT_DESKTOP").map(OsString::into_string);
        let desktops = desktops.and_then(Result::ok).unwrap_or_default();
        let desktops = desktops.split(':').map(str::to_lowercase);
        Ok(Self {
            config: base.config_dir().to_owned(),
            data: base.data_dir().to_owned(),
            desktops: desktops
                .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
                .collect(),
        })
    }

    fn applications(&self) -> PathBuf {
        self.data.join("applications")
    }

    fn entry(&self, kind: LinkKind<'_>) -> PathBuf {
        self.applications().join(entry_name(kind))
    }

    /// The list that choices go into.
    fn list(&self) -> PathBuf {
        self.config.join("mimeapps.list")
    }

    /// All lists of the account, what counts most first.
    fn lists(&self) -> Vec<PathBuf> {
        let own = |name: &String| self.config.join(format!("{name}-mimeapps.list"));
        let mut lists: Vec<PathBuf> = self.desktops.iter().map(own).collect();
        lists.push(self.list());
        lists.push(self.applications().join("mimeapps.list"));
        lists
    }
}

pub(super) fn opener(kind: LinkKind<'_>) -> LinkOpener {
    Places::find().map_or(LinkOpener::Nobody, |places| opener_in(&places, kind))
}

pub(super) fn register(kind: LinkKind<'_>) -> Result<(), LinksError> {
    register_in(&Places::find()?, kind)
}

pub(super) fn unregister(kind: LinkKind<'_>) -> Result<(), LinksError> {
    unregister_in(&Places::find()?, kind)
}

fn opener_in(places: &Places, kind: LinkKind<'_>) -> LinkOpener {
    match chosen(places, kind) {
        None => LinkOpener::Nobody,
        Some(name) if name == entry_name(kind) => {
            let entry = read(&places.entry(kind)).unwrap_or_default();
            if entry == entry_text(kind) {
                LinkOpener::This
            } else {
                LinkOpener::Another
            }
        }
        Some(_other) => LinkOpener::Another,
    }
}

fn register_in(places: &Places, kind: LinkKind<'_>) -> Result<(), LinksError> {
    if chosen(places, kind).is_some_and(|name| name != entry_name(kind)) {
        let scheme = kind.scheme.to_owned();
        return Err(LinksError::Taken { scheme });
    }
    let entry = places.entry(kind);
    write(&entry, &entry_text(kind)).map_err(|source| failed(&entry, source))?;
    let (name, key) = (entry_name(kind), mime_type(kind));
    let list = places.list();
    let text = read(&list).map_err(|source| failed(&list, source))?;
    let text = with_value(&text, CHOSEN, &key, &name);
    let text = with_value(&text, POSSIBLE, &key, &format!("{name};"));
    write(&list, &text).map_err(|source| failed(&list, source))
}

fn unregister_in(places: &Places, kind: LinkKind<'_>) -> Result<(), LinksError> {
    let name = entry_name(kind);
    for list in places.lists() {
        let before = read(&list).map_err(|source| failed(&list, source))?;
        let after = without_value(&before, &mime_type(kind), &name);
        if after != before {
            write(&list, &after).map_err(|source| failed(&list, source))?;
        }
    }
    let entry = places.entry(kind);
    match fs::remove_file(&entry) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&entry, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The entry that the account's lists choose first for these links.
fn chosen(places: &Places, kind: LinkKind<'_>) -> Option<String> {
    let key = mime_type(kind);
    places.lists().iter().find_map(|list| {
        let text = read(list).unwrap_or_default();
        let value = value_of(&text, CHOSEN, &key)?;
        let mut names = value.split(';').map(str::trim);
        names.find(|name| !name.is_empty()).map(str::to_owned)
    })
}

fn entry_name(kind: LinkKind<'_>) -> String {
    format!("pure-help-desk-{}-links.desktop", kind.scheme)
}

fn mime_type(kind: LinkKind<'_>) -> String {
    format!("x-scheme-handler/{}", kind.scheme)
}

/// The entry's text. It stands in no menu: it is there for the links alone.
fn entry_text(kind: LinkKind<'_>) -> String {
    let LinkKind { name, program, .. } = kind;
    format!(
        "[Desktop Entry]\nType=Application\nName={name}\nExec={} %u\nNoDisplay=true\nTerminal=false\n\
         MimeType={};\n",
        quoted(&program.to_string_lossy()),
        mime_type(kind)
    )
}

/// The value of `key` in `group`.
fn value_of<'t>(text: &'t str, group: &str, key: &str) -> Option<&'t str> {
    let mut inside = false;
    text.lines().map(str::trim).find_map(|line| {
        if line.starts_with('[') {
            inside = line == group;
        }
        let (name, value) = line.split_once('=').filter(|_| inside)?;
        (name.trim_end() == key).then(|| value.trim())
    })
}

/// `text` where `key` has `value` in `group`; everything else stays as it is. A value for another entry that
/// is there stays behind it.
fn with_value(text: &str, group: &str, key: &str, value: &str) -> String {
    let first = value.trim_end_matches(';');
    match value_of(text, group, key) {
        Some(known) if known.split(';').any(|name| name.trim() == first) => text.to_owned(),
        Some(known) => {
            let line = format!("{key}={first};{known}");
            let mut inside = false;
            let lines = text.lines().map(|old| {
                if old.trim().starts_with('[') {
                    inside = old.trim() == group;
                }
                let name = old.split_once('=').map(|(name, _)| name.trim());
                if inside && name == Some(key) {
                    &line
                } else {
                    old
                }
            });
            lines.fold(String::new(), |text, line| text + line + "\n")
        }
        None => {
            let mut lines: Vec<&str> = text.lines().collect();
            let line = format!("{key}={value}");
            match lines.iter().position(|old| old.trim() == group) {
                Some(at) => lines.insert(at + 1, &line),
                None => lines.extend([group, &line]),
            }
            lines.join("\n") + "\n"
        }
    }
}

/// `text` where `key` names `entry` nowhere.
fn without_value(text: &str, key: &str, entry: &str) -> String {
    let mut after = String::new();
    for line in text.split_inclusive('\n') {
        let value = line.split_once('=').filter(|(name, _)| name.trim() == key);
        let Some((_, value)) = value else {
            after.push_str(line);
            continue;
        };
        let names = value.trim().split(';').map(str::trim);
        let rest: Vec<&str> = names
            .filter(|name| !name.is_empty() && *name != entry)
            .collect();
        if !rest.is_empty() {
            after.extend([key, "=", &rest.join(";"), ";\n"]);
        }
    }
    after
}

/// Empty where there is no file.
fn read(path: &Path) -> io::Result<String> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        file => file?,
    };
    let mut text = String::new();
    file.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > MOST_BYTES) {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is too long",
        ));
    }
    Ok(text)
}

fn failed(path: &Path, source: io::Error) -> LinksError {
    let what = path.display().to_string();
    LinksError::Failed { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "[Default Applications]\ntext/html=firefox.desktop\n\n# mine\n\
                        [Removed Associations]\nx-scheme-handler/helpme=old.desktop;\n";

    fn kind(program: &Path) -> LinkKind<'_> {
        LinkKind {
            scheme: "helpme",
            name: "Helpme",
            program,
        }
    }

    fn places(folder: &Path) -> Places {
        Places {
            config: folder.join("config"),
            data: folder.join("data"),
            desktops: vec!["xfce".to_owned()],
        }
    }

    fn put(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn links_are_registered_once_and_taken_back_without_a_trace() {
        let folder = tempfile::tempdir().expect("a folder");
        let (places, program) = (places(folder.path()), Path::new("/opt/help me/helpme"));
        put(&places.list(), LIST);
        assert_eq!(opener_in(&places, kind(program)), LinkOpener::Nobody);
        for _ in 0..2 {
            register_in(&places, kind(program)).expect("registered");
            assert_eq!(opener_in(&places, kind(program)), LinkOpener::This);
        }
        let list = read(&places.list()).expect("a list");
        assert_eq!(list.matches("x-scheme-handler/helpme=pure").count(), 2);
        // the program was moved: it asks again, and then it is this one
        let moved = Path::new("/home/anna/helpme");
        assert_eq!(opener_in(&places, kind(moved)), LinkOpener::Another);
        register_in(&places, kind(moved)).expect("registered");
        assert_eq!(opener_in(&places, kind(moved)), LinkOpener::This);
        unregister_in(&places, kind(moved)).expect("taken back");
        let rest = format!("{LIST}[Added Associations]\n");
        assert_eq!(read(&places.list()).expect("a list"), rest);
        assert!(!places.entry(kind(moved)).exists());
        unregister_in(&places, kind(moved)).expect("nothing to do");
    }

    #[test]
    fn anothers_choice_is_never_overridden() {
        let program = Path::new("/opt/helpme");
        let other = "[Default Applications]\nx-scheme-handler/helpme=other.desktop;\n";
        let own = |places: &Places| places.config.join("xfce-mimeapps.list");
        let old = |places: &Places| places.applications().join("mimeapps.list");
        for list in [Places::list, own, old] {
            let folder = tempfile::tempdir().expect("a folder");
            let places = places(folder.path());
            put(&list(&places), other);
            let refused = register_in(&places, kind(program));
            assert!(matches!(refused, Err(LinksError::Taken { .. })));
            assert_eq!(opener_in(&places, kind(program)), LinkOpener::Another);
            unregister_in(&places, kind(program)).expect("nothing to do");
            assert_eq!(read(&list(&places)).expect("a list"), other);
            assert!(!places.entry(kind(program)).exists());
        }
    }

    #[test]
    fn a_list_that_is_a_link_to_another_file_stays_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = places(folder.path());
        let elsewhere = folder.path().join("dotfiles/mimeapps.list");
        put(&elsewhere, LIST);
        fs::create_dir_all(&places.config).expect("made");
        std::os::unix::fs::symlink(&elsewhere, places.list()).expect("a link");
        register_in(&places, kind(Path::new("/opt/helpme"))).expect("registered");
        assert!(places.list().is_symlink());
        assert!(read(&elsewhere).expect("a list").contains("pure-help-desk"));
    }

    #[test]
    fn what_a_path_may_hold_is_no_other_argument() {
        assert_eq!(quoted("/opt/helpme-0.1"), "/opt/helpme-0.1");
        assert_eq!(quoted("/opt/a b"), "\"/opt/a b\"");
        assert_eq!(quoted("/a\"b$c`d%f"), "\"/a\\\\\"b\\\\$c\\\\`d%%f\"");
        assert_eq!(quoted("/a\\b"), "\"/a\\\\\\\\b\"");
    }
}
