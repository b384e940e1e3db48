//! What hinders on this machine, and what its keyboard is: looked for again and again, so that both people
//! know it before a session begins.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use capture::{Observer, Obstacle, Obstacles};
use protocol::limits::MAX_MONITORS;
use protocol::{Hindrance, Hindrances, HostKeyboard};
use tokio::sync::watch;

use crate::engine::{Backends, LookForHindrances, NameMonitors, Teller};
use crate::event::HostEvent;
use crate::share;

/// How often it is looked. A look costs a connection to the display server.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What looks at this machine, and what names its monitors.
pub(crate) fn of_this_machine() -> (LookForHindrances, NameMonitors) {
    let observer = Arc::new(Mutex::new(Observer::default()));
    let other = Arc::clone(&observer);
    let look = move || named(lock(&observer).obstacles());
    let monitors = move || {
        let all = lock(&other).monitors();
        all.iter().take(MAX_MONITORS).map(share::told).collect()
    };
    (Arc::new(look), Arc::new(monitors))
}

fn lock(observer: &Mutex<Observer>) -> MutexGuard<'_, Observer> {
    observer.lock().unwrap_or_else(PoisonError::into_inner)
}

fn named(obstacles: Obstacles) -> Hindrances {
    let Obstacles { seeing, acting } = obstacles;
    let hindrance = |obstacle, not_allowed| match obstacle {
        Obstacle::NoDisplay => Hindrance::NO_DISPLAY,
        Obstacle::Unsuitable => Hindrance::NO_CAPTURE,
        Obstacle::Wayland => Hindrance::WAYLAND,
        Obstacle::BesideWayland => Hindrance::BESIDE_WAYLAND,
        Obstacle::Locked => Hindrance::LOCKED,
        Obstacle::Blank => Hindrance::BLANK,
        Obstacle::OtherUser => Hindrance::OTHER_USER,
        Obstacle::NoInput => Hindrance::NO_INPUT,
        Obstacle::MoreRights => Hindrance::MORE_RIGHTS,
        Obstacle::NotAllowed => not_allowed,
        Obstacle::AskedOnceMore => Hindrance::ASKED_ONCE_MORE,
        Obstacle::NoPipeWire => Hindrance::NO_PIPEWIRE,
    };
    let acting = acting.filter(|obstacle| {
        // a helper with an administrator's rights does it
        *obstacle != Obstacle::MoreRights || !input::more_rights::are_there()
    });
    Hindrances {
        screen: seeing.map(|obstacle| hindrance(obstacle, Hindrance::SCREEN_NOT_ALLOWED)),
        input: acting.map(|obstacle| hindrance(obstacle, Hindrance::INPUT_NOT_ALLOWED)),
    }
}

/// The thread that looks. Dropping it lets the thread end by itself.
#[derive(Debug)]
pub(crate) struct Lookout {
    seen: watch::Receiver<Hindrances>,
    keyboard: watch::Receiver<Option<HostKeyboard>>,
    /// The thread ends when this is dropped.
    _stop: SyncSender<()>,
}

impl Lookout {
    /// Starts to look; `teller` tells the program what changes.
    pub(crate) fn start(backends: &Backends, teller: Teller) -> std::io::Result<Self> {
        let (look, monitors) = (
            Arc::clone(&backends.hindrances),
            Arc::clone(&backends.monitors),
        );
        let look_at_keyboard = Arc::clone(&backends.keyboard);
        let (stop, stopped) = sync_channel(0);
        let (sender, seen) = watch::channel(Hindrances::NONE);
        let (keyboards, keyboard) = watch::channel(None);
        thread::Builder::new()
            .name("host-look".to_owned())
            .spawn(move || {
                let mut known = Vec::new();
                loop {
                    let there = monitors();
                    if there != known {
                        known.clone_from(&there);
                        if !teller.tell(HostEvent::Monitors(there)) {
                            return; // the program is ending
                        }
                    }
                    let there = look_at_keyboard();
                    keyboards.send_if_modified(|known| {
                        let is_news = *known != there;
                        *known = there;
                        is_news
                    });
                    let now = look();
                    let changed = sender.send_if_modified(|seen| {
                        let before = std::mem::replace(seen, now);
                        before != now
                    });
                    if changed && !teller.tell(HostEvent::Hindered(now)) {
                        return; // the program is ending
                    }
                    match stopped.recv_timeout(LOOK_EVERY) {
                        Err(RecvTimeoutError::Timeout) => {}
                        Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            })?;
        Ok(Self {
            seen,
            keyboard,
            _stop: stop,
        })
    }

    /// What hinders now.
    pub(crate) fn seen(&self) -> Hindrances {
        *self.seen.borrow()
    }

    /// What hears which keyboard this machine has.
    pub(crate) fn keyboard(&self) -> watch::Receiver<Option<HostKeyboard>> {
        self.keyboard.clone()
    }

    /// Returns when something else hinders than when this was asked last. Cancellation safe.
    pub(crate) async fn changed(&mut self) -> Hindrances {
        if self.seen.changed().await.is_err() {
            // the thread is gone, and looks no more
            std::future::pending::<()>().await;
        }
        *self.seen.borrow_and_update()
    }
}
