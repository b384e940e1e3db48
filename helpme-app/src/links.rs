//! Whether links `helpme://` from pages and mails open with this program: the user's choice (H2). A link only
//! fills in what it brings ([`crate::link`]).

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use desktop::{LinkKind, LinkOpener, LinksError};

use crate::backend::Wake;

/// Answers that may wait; the window takes them in its next pass.
const MOST_WAITING: usize = 8;

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkChoice {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// The system goes by what is installed, and leaves no such choice (macOS).
    Installed,
    Here,
    NotHere,
    /// Another program opens them, and only the system's settings change that.
    Taken,
    /// The choice could not be kept.
    Failed,
}

/// Looks and chooses on a thread of its own.
#[derive(Debug)]
pub struct LinkDesk {
    exe: PathBuf,
    wake: WakeHandle,
    tell: mpsc::SyncSender<LinkChoice>,
    told: mpsc::Receiver<LinkChoice>,
}

struct WakeHandle(Wake);

impl std::fmt::Debug for WakeHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WakeHandle")
    }
}

impl LinkDesk {
    /// For the program at `exe`; `wake` is called when there is something to take.
    pub fn new(exe: PathBuf, wake: Wake) -> Self {
        let (tell, told) = mpsc::sync_channel(MOST_WAITING);
        Self {
            exe,
            wake: WakeHandle(wake),
            tell,
            told,
        }
    }

    /// Looks how it is; with `choice`, after links were chosen to open here or not. Never waits.
    pub fn ask(&self, choice: Option<bool>) {
        let (exe, wake) = (self.exe.clone(), std::sync::Arc::clone(&self.wake.0));
        let tell = self.tell.clone();
        let asked = thread::Builder::new()
            .name("links".to_owned())
            .spawn(move || {
                let chosen = choice.map_or(Ok(()), |open| open_with(&exe, open));
                // a window that is gone needs no answer
                if tell.send(seen(&exe, chosen)).is_ok() {
                    wake();
                }
            });
        if let Err(error) = asked {
            tracing::warn!(%error, "Nobody looks after links");
        }
    }

    /// What was found since the last call.
    pub fn take(&self) -> Option<LinkChoice> {
        self.told.try_iter().last()
    }
}

/// Has links open with the program at `exe` from now on, or no longer. Reads and writes files.
///
/// # Errors
///
/// [`LinksError`].
pub fn open_with(exe: &Path, open: bool) -> Result<(), LinksError> {
    if open {
        desktop::register_links(kind(exe))
    } else {
        desktop::unregister_links(kind(exe))
    }
}

fn seen(exe: &Path, chosen: Result<(), LinksError>) -> LinkChoice {
    match chosen {
        Ok(()) => match desktop::link_opener(kind(exe)) {
            LinkOpener::This => LinkChoice::Here,
            LinkOpener::Nobody | LinkOpener::Another => LinkChoice::NotHere,
            LinkOpener::Installed => LinkChoice::Installed,
        },
        Err(LinksError::Taken { .. }) => LinkChoice::Taken,
        Err(LinksError::Unsupported) => LinkChoice::Installed,
        Err(error) => {
            tracing::warn!(%error, "Links stay as they were");
            LinkChoice::Failed
        }
    }
}

fn kind(program: &Path) -> LinkKind<'_> {
    LinkKind {
        scheme: "helpme",
        name: "Helpme",
        program,
    }
}
