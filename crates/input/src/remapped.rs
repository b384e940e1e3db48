//! What a key meant at the moment it was pressed, where programs give keys other meanings as they type.
//!
//! A password manager types a character that the operator's layout lacks by putting it on a key that means
//! nothing, pressing that, and putting the next one there some milliseconds later. A program that draws
//! its window meanwhile asks for the meaning too late, and gets the next one's. A thread that does
//! nothing else is in time.
//!
//! While a window of this program has the keyboard it counts the presses of each key, and remembers what
//! such keys meant.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use x11::Alarm;
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xinput::{self, ConnectionExt as _, EventMask, XIEventMask};
use x11rb::rust_connection::RustConnection;

use crate::InjectError;
use crate::x11::layout::Layout;
use crate::x11::{lost, xkb_prepare};

const ALL_MASTER_DEVICES: u16 = 1;
/// How long the window waits for the thread.
const PATIENCE: Duration = Duration::from_millis(20);
/// A press that the window has not told of for so long went to another one.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3);
/// More keys at once are another layout.
const MOST_KEYS_OF_A_TOOL: u8 = 64;

/// The thread that watches, until this is dropped.
pub struct RemappedKeys {
    shared: Arc<Shared>,
}

struct Shared {
    presses: Mutex<BTreeMap<u8, Presses>>,
    came: Condvar,
    listens: AtomicBool,
    alarm: Alarm,
    ended: AtomicBool,
}

/// The presses of one key that only one of the two has told of: the thread or the window.
#[derive(Debug, Default)]
struct Presses {
    /// What the key meant, if that had been changed.
    seen: VecDeque<(Instant, Option<char>)>,
    /// Asked for before the thread had seen them.
    asked: VecDeque<Instant>,
    was_changed: bool,
}

impl Presses {
    fn forget(&mut self) {
        self.seen.retain(|(at, _)| at.elapsed() < FORGOTTEN_AFTER);
        self.asked.retain(|at| at.elapsed() < FORGOTTEN_AFTER);
    }
}

impl RemappedKeys {
    /// Begins to watch a display, or the one that `DISPLAY` names.
    ///
    /// # Errors
    ///
    /// [`InjectError::NoDisplay`], or [`InjectError::Unsuitable`] where the server does not tell of presses.
    pub fn watch(display: Option<&str>) -> Result<Self, InjectError> {
        let (conn, screen) = x11::connect(display)?;
        let names = &[xinput::X11_EXTENSION_NAME];
        crate::x11::require_extensions(&conn, names)?;
        let layout = prepare(&conn, screen.root).map_err(|error| lost(&error))?;
        let no_thread = |error: std::io::Error| InjectError::Unsuitable {
            reason: error.to_string(),
        };
        let shared = Arc::new(Shared {
            presses: Mutex::default(),
            came: Condvar::new(),
            listens: AtomicBool::new(false),
            alarm: Alarm::new().map_err(no_thread)?,
            ended: AtomicBool::new(false),
        });
        let watching = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("remapped keys".to_owned())
            .spawn(move || {
                // the window waits for it at each press
                urgency::urgent();
                if let Err(error) = watching.run(&conn, layout) {
                    tracing::debug!(%error, "Meanings of keys are not followed any more");
                }
            })
            .map_err(no_thread)?;
        Ok(Self { shared })
    }

    /// Remembers presses from now on, or no more; what was remembered is forgotten.
    pub fn listen(&self, listens: bool) {
        self.shared.listens.store(listens, Ordering::Release);
        self.shared.presses().clear();
    }

    /// What the key of this X11 key code meant at the next of its presses, if its meaning had been changed by
    /// then. Ask once for each press, in their order.
    ///
    /// `is_unusual` says that keyboards have no such key. For one of those, and for one whose meaning was
    /// changed before, this waits up to 20 ms for the thread; for no other.
    pub fn meant(&self, keycode: u8, is_unusual: bool) -> Option<char> {
        let mut presses = self.shared.presses();
        let until = Instant::now() + PATIENCE;
        loop {
            let key = presses.entry(keycode).or_default();
            key.forget();
            if let Some((_, character)) = key.seen.pop_front() {
                return character;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !(is_unusual || key.was_changed) {
                key.asked.push_back(Instant::now());
                return None;
            }
            let waited = self.shared.came.wait_timeout(presses, left);
            presses = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for RemappedKeys {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        self.shared.alarm.ring();
    }
}

impl fmt::Debug for RemappedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // what is typed belongs in no log
        f.debug_struct("RemappedKeys").finish_non_exhaustive()
    }
}

impl Shared {
    fn presses(&self) -> MutexGuard<'_, BTreeMap<u8, Presses>> {
        self.presses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A key went down, and meant that.
    fn saw(&self, keycode: u8, character: Option<char>) {
        let mut presses = self.presses();
        let key = presses.entry(keycode).or_default();
        key.forget();
        key.was_changed |= character.is_some();
        if key.asked.pop_front().is_none() {
            key.seen.push_back((Instant::now(), character));
            self.came.notify_all();
        }
    }

    /// The thread.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of the server's hundred events only those that were asked for matter"
    )]
    fn run(&self, conn: &RustConnection, mut layout: Layout) -> Result<(), ReplyError> {
        let mut changed = [false; 256];
        while !self.ended.load(Ordering::Acquire) {
            while let Some(event) = conn.poll_for_event()? {
                match event {
                    // another layout is what the user chose: winit knows it, and its levels
                    Event::XkbNewKeyboardNotify(_) => {
                        let now = Layout::fetch(conn)?;
                        for keycode in now.keycodes() {
                            let is_as_before = layout.only(keycode) == now.only(keycode);
                            changed[usize::from(keycode)] &= is_as_before;
                        }
                        layout = now;
                    }
                    Event::XkbMapNotify(event) => {
                        layout = Layout::fetch(conn)?;
                        let keys = event.first_key_sym..=u8::MAX;
                        for keycode in keys.take(event.n_key_syms.into()) {
                            changed[usize::from(keycode)] = layout.only(keycode).is_some()
                                && event.n_key_syms <= MOST_KEYS_OF_A_TOOL;
                        }
                    }
                    Event::XinputRawKeyPress(press) => {
                        let keycode = u8::try_from(press.detail).unwrap_or(0);
                        if self.listens.load(Ordering::Acquire) {
                            let known = changed[usize::from(keycode)];
                            self.saw(keycode, layout.only(keycode).filter(|_| known));
                        }
                    }
                    _ => {}
                }
            }
            self.alarm
                .wait(conn.stream(), None)
                .map_err(ConnectionError::from)?;
        }
        Ok(())
    }
}

fn prepare(conn: &RustConnection, root: u32) -> Result<Layout, ReplyError> {
    xkb_prepare(conn)?;
    conn.xinput_xi_query_version(2, 1)?.reply()?;
    let mask = EventMask {
        deviceid: ALL_MASTER_DEVICES,
        mask: vec![XIEventMask::RAW_KEY_PRESS],
    };
    conn.xinput_xi_select_events(root, &[mask])?.check()?;
    Layout::fetch(conn)
}
