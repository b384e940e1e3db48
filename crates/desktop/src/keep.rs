//! A file for the person who sits here.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use private_file::Created;

/// How many files of one name there may be.
const MOST: u32 = 1000;

/// Puts `text` into a new file in `folder`, which is made where it is missing, on a thread of its own;
/// `kept` is called there. The file is called `name.txt`, with a number where there is one, and takes the
/// place of nothing.
///
/// # Errors
///
/// If the system gives no thread.
pub fn keep_text(
    folder: PathBuf,
    name: String,
    text: String,
    kept: impl FnOnce(io::Result<PathBuf>) + Send + 'static,
) -> io::Result<()> {
    let thread = thread::Builder::new().name("keep".to_owned());
    let spawned = thread.spawn(move || kept(put(&folder, &name, &text)));
    spawned.map(drop)
}

fn put(folder: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    for number in 1..=MOST {
        let path = folder.join(match number {
            1 => format!("{name}.txt"),
            number => format!("{name} ({number}).txt"),
        });
        if private_file::create(&path, text.as_bytes())? == Created::New {
            return Ok(path);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_file_takes_the_place_of_nothing() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("Downloads");
        let first = put(&folder, "Receipt", "one").expect("kept");
        let second = put(&folder, "Receipt", "two").expect("kept");
        assert_eq!(first, folder.join("Receipt.txt"));
        assert_eq!(second, folder.join("Receipt (2).txt"));
        let read = |path| std::fs::read_to_string(path).expect("there");
        assert_eq!((read(first), read(second)), ("one".into(), "two".into()));
    }
}
