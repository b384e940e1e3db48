//! An icon in the notification area of the desktop, with a menu: a program stays at hand there while its
//! window is closed.
//!
//! Where there is no such area, or it goes, the icon is not shown, which the program can ask. A thread of its
//! own talks to the desktop, so nobody waits.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
#[path = "tray/status_notifier.rs"]
mod platform;
#[cfg(windows)]
#[path = "tray/windows.rs"]
mod platform;
#[cfg(not(any(target_os = "linux", target_os = "freebsd", windows)))]
#[path = "tray/unsupported.rs"]
mod platform;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
use std::sync::mpsc::Receiver;
use std::sync::mpsc::{SyncSender, sync_channel};

/// States that may wait to be shown; the newest counts.
const MOST_WAITING: usize = 8;

/// What the icon says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrayState {
    /// The program's name.
    pub title: String,
    /// How things stand, in one line.
    pub tip: String,
    /// A mark on the icon: somebody waits.
    pub attention: bool,
    /// From top to bottom.
    pub items: Vec<TrayItem>,
}

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayItem {
    pub label: String,
    /// What is chosen with it; nothing can be with a line that only says something.
    pub choice: Option<u32>,
}

/// What somebody did with the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrayWish {
    /// Clicked it.
    Clicked,
    /// Chose a line of its menu.
    Chosen(u32),
}

/// An icon. It goes when this is dropped.
#[derive(Debug)]
pub struct Tray {
    states: SyncSender<TrayState>,
    shown: Arc<AtomicBool>,
}

impl Tray {
    /// Has the icon shown. `id` tells the program from others: letters, digits and hyphens only. `wished` is
    /// called from another thread, also when the area comes or goes, then with `None`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(
        id: &'static str,
        state: TrayState,
        wished: impl Fn(Option<TrayWish>) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (states, newer) = sync_channel(MOST_WAITING);
        let shown = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&shown);
        let wished: Wished = Arc::new(wished);
        std::thread::Builder::new()
            .name("tray".to_owned())
            .spawn(move || platform::show(id, state, &newer, &told, &wished))?;
        Ok(Self { states, shown })
    }

    /// Says something else from now on; never waits. Whether it was taken.
    pub fn say(&self, state: TrayState) -> bool {
        self.states.try_send(state).is_ok()
    }

    /// Whether there is an area, with the icon in it.
    pub fn is_shown(&self) -> bool {
        self.shown.load(Ordering::Acquire)
    }
}

/// Whether this desktop has an area for such icons now. Asks the desktop, so this blocks for a moment.
pub fn has_tray() -> bool {
    platform::has_tray()
}

type Wished = Arc<dyn Fn(Option<TrayWish>) + Send + Sync>;

/// The newest of the states that wait, once there is one; `None` when the icon is to go.
#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
fn newest(states: &Receiver<TrayState>) -> Option<TrayState> {
    let first = states.recv().ok()?;
    Some(states.try_iter().last().unwrap_or(first))
}

#[cfg(all(test, any(target_os = "linux", target_os = "freebsd", windows)))]
mod tests {
    use super::*;

    #[test]
    fn of_the_states_that_wait_the_newest_is_shown() {
        let (states, waiting) = sync_channel(8);
        for tip in ["one", "two", "three"] {
            let tip = tip.to_owned();
            states
                .send(TrayState {
                    tip,
                    ..TrayState::default()
                })
                .expect("room");
        }
        assert_eq!(
            newest(&waiting).map(|state| state.tip),
            Some("three".to_owned())
        );
        drop(states);
        assert_eq!(newest(&waiting), None);
    }
}
