//! The desktop's own dialog for files and folders.
//!
//! On Linux it is the portal's or, without one, `zenity`'s; where there is neither, nothing is chosen.

use std::io;
use std::path::PathBuf;
use std::thread;

use rfd::FileDialog;

/// What may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choose {
    Files,
    Folders,
    /// One, to put things into.
    Folder,
}

/// Has the person choose, on a thread of its own; `chosen` is called there, unless the dialog was closed
/// without.
///
/// # Errors
///
/// If the system gives no thread.
pub fn choose(
    what: Choose,
    title: &str,
    chosen: impl FnOnce(Vec<PathBuf>) + Send + 'static,
) -> io::Result<()> {
    let dialog = FileDialog::new().set_title(title);
    let thread = thread::Builder::new().name("choose".to_owned());
    let spawned = thread.spawn(move || {
        let paths = match what {
            Choose::Files => dialog.pick_files(),
            Choose::Folders => dialog.pick_folders(),
            Choose::Folder => dialog.pick_folder().map(|folder| vec![folder]),
        };
        if let Some(paths) = paths.filter(|paths| !paths.is_empty()) {
            chosen(paths);
        }
    });
    spawned.map(drop)
}
