//! Notices of the desktop (O2): short texts that the system shows beside the windows.
//!
//! A thread of its own talks to the desktop, so nobody waits. Where no desktop takes notices they are
//! dropped, and the log says so once.

#[cfg(windows)]
#[path = "notices/windows.rs"]
mod platform;
#[cfg(not(windows))]
#[path = "notices/by_message.rs"]
mod platform;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Notices that may wait to be shown. More than these come only where something is wrong.
const MOST_WAITING: usize = 32;

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub title: String,
    /// Plain text; what looks like markup is shown as it is.
    pub text: String,
}

/// Shows notices. Clones share the desk.
#[derive(Debug, Clone)]
pub struct NoticeBoard {
    notices: SyncSender<Notice>,
}

impl NoticeBoard {
    /// Starts the thread. `program` is the name that people read; `clicked` is called from other threads
    /// when somebody clicks a notice.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(
        program: &'static str,
        clicked: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (notices, waiting) = sync_channel(MOST_WAITING);
        let clicked: Arc<dyn Fn() + Send + Sync> = Arc::new(clicked);
        std::thread::Builder::new()
            .name("notices".to_owned())
            .spawn(move || platform::show_all(program, &waiting, &clicked))?;
        Ok(Self { notices })
    }

    /// Has a notice shown soon; never waits.
    pub fn show(&self, notice: Notice) {
        if self.notices.try_send(notice).is_err() {
            tracing::warn!("The desktop takes no more notices");
        }
    }
}
