//! The all-keys mode: also the keys that this desktop would keep go to the remote computer.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use std::collections::BTreeMap;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use std::collections::btree_map::Entry;
#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
use std::sync::Arc;
#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
use std::sync::atomic::{AtomicBool, Ordering};

use egui::Ui;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use input::grab::TakenShortcuts;
#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
use input::grab::{GrabError, GrabbedKey, KeyboardGrab};
#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
use input::hid;
#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
use protocol::input::hint;
#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
use protocol::{HidKey, InputEvent};
use ui_kit::{Word, w};

use crate::state::session::SessionState;

/// The taken keyboard of one session window, while it is taken.
#[derive(Debug, Default)]
pub(super) struct AllKeys {
    #[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
    grab: Option<Grab>,
}

#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
#[derive(Debug)]
struct Grab {
    keyboard: KeyboardGrab,
    escaped: Arc<AtomicBool>,
    /// The keys that mark a moment were pressed.
    marks: Arc<AtomicBool>,
    by_place: bool,
}

#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
impl AllKeys {
    /// Takes or gives back the keyboard as the window wishes; called in every pass. `here` says that keyboard or
    /// pointer are in one of the session's windows: taking the keyboard looks like a lost focus, but the pointer
    /// is still here then.
    pub(super) fn follow(&mut self, ui: &Ui, state: &mut SessionState, here: bool) {
        #[cfg(any(target_os = "linux", target_os = "freebsd"))]
        if TakenShortcuts::are_the_way() {
            state.all_keys &= here && state.controls();
            return;
        }
        if let Some(grab) = &self.grab {
            let over = grab.escaped.load(Ordering::Acquire) || !grab.keyboard.is_active();
            if over || !here || !state.controls() {
                state.all_keys = false;
            }
            if grab.marks.swap(false, Ordering::AcqRel) {
                state.begin_mark();
            }
        }
        let changed = |grab: &Grab| grab.by_place != state.keys_by_place;
        let over = !state.all_keys || self.grab.as_ref().is_some_and(changed);
        if over && self.grab.take().is_some() {
            state.send(InputEvent::ReleaseAll);
        }
        if state.all_keys && self.grab.is_none() {
            self.take(ui, state);
        }
    }

    fn take(&mut self, ui: &Ui, state: &mut SessionState) {
        let escaped = Arc::new(AtomicBool::new(false));
        let marks = Arc::new(AtomicBool::new(false));
        let mut held = Chord::default();
        let (ctx, viewport) = (ui.ctx().clone(), ui.ctx().viewport_id());
        let (input, told) = (state.input.clone(), Arc::clone(&escaped));
        let marked = Arc::clone(&marks);
        let by_place = state.keys_by_place;
        let started = KeyboardGrab::start(None, move |key| {
            if let Some(last) = held.completed_by(key) {
                // also for a mark: its words are typed here
                marked.store(last == hid::M, Ordering::Release);
                told.store(true, Ordering::Release);
                ctx.request_repaint_of(viewport);
            } else if !told.load(Ordering::Acquire) {
                let (named, character) = if by_place {
                    (key.place, key.pressed.then_some(hint::BY_PLACE))
                } else {
                    (key.key, key.character)
                };
                input.send(InputEvent::Key {
                    key: named,
                    pressed: key.pressed,
                    character,
                });
            }
        });
        match started {
            Ok(keyboard) => {
                self.grab = Some(Grab {
                    keyboard,
                    escaped,
                    marks,
                    by_place,
                });
            }
            Err(error) => refuse(state, &error),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
fn refuse(state: &mut SessionState, error: &GrabError) {
    state.all_keys = false;
    let reason = w(state.lang, Word::NotOnThisPlatform);
    state.all_keys_problem = Some(format!("{reason} ({error})"));
}

/// On Wayland: the windows of one session to which the desktop's shortcuts come, while the mode is on.
#[derive(Debug, Default)]
pub(super) struct Shortcuts {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    taken: BTreeMap<u64, TakenShortcuts>,
}

impl Shortcuts {
    /// Takes them for a window, as the platform numbers it, or gives all back; called in every pass of it.
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    pub(super) fn follow(&mut self, state: &mut SessionState, window: Option<u64>) {
        if !state.all_keys {
            self.taken.clear();
            return;
        }
        if !TakenShortcuts::are_the_way() {
            return;
        }
        if let Some(window) = window
            && let Entry::Vacant(place) = self.taken.entry(window)
        {
            match TakenShortcuts::of(window) {
                Ok(taken) => {
                    place.insert(taken);
                }
                Err(error) => refuse(state, &error),
            }
        }
    }

    /// On this platform the whole keyboard is taken, or nothing.
    #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
    #[expect(clippy::unused_self, reason = "the same call on every platform")]
    pub(super) fn follow(&mut self, _state: &mut SessionState, _window: Option<u64>) {}

    /// A window is gone; those that stay take theirs again.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd", windows)))]
impl AllKeys {
    /// This platform cannot take the keyboard yet; the window says so.
    #[expect(clippy::unused_self, reason = "the same call on every platform")]
    pub(super) fn follow(&mut self, _ui: &Ui, state: &mut SessionState, _here: bool) {
        state.all_keys = false;
        let reason = || w(state.lang, Word::NotOnThisPlatform).to_owned();
        if state.all_keys_problem.is_none() {
            state.all_keys_problem = Some(reason());
        }
    }
}

/// Which keys of Ctrl+Alt+Shift+E and Ctrl+Alt+Shift+M are down.
#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
#[derive(Debug, Default)]
struct Chord {
    control: bool,
    alt: bool,
    shift: bool,
}

#[cfg(any(target_os = "linux", target_os = "freebsd", windows))]
impl Chord {
    /// The last key of a chord, if `key` completes one.
    fn completed_by(&mut self, key: GrabbedKey) -> Option<HidKey> {
        let is = |one: HidKey, other: HidKey| key.key == one || key.key == other;
        if is(hid::CONTROL_LEFT, hid::CONTROL_RIGHT) {
            self.control = key.pressed;
        } else if is(hid::ALT_LEFT, hid::ALT_RIGHT) {
            self.alt = key.pressed;
        } else if is(hid::SHIFT_LEFT, hid::SHIFT_RIGHT) {
            self.shift = key.pressed;
        } else if [hid::E, hid::M].contains(&key.key) {
            let is_whole = key.pressed && self.control && self.alt && self.shift;
            return is_whole.then_some(key.key);
        }
        None
    }
}
