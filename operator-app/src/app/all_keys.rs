//! The all-keys mode: also the keys that this desktop would keep go to the remote computer.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use std::sync::Arc;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use std::sync::atomic::{AtomicBool, Ordering};

use egui::Ui;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use input::grab::{GrabbedKey, KeyboardGrab};
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use input::hid;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use protocol::{HidKey, InputEvent};
use ui_kit::{Word, w};

use crate::state::session::SessionState;

/// The taken keyboard of one session window, while it is taken.
#[derive(Debug, Default)]
pub(super) struct AllKeys {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    grab: Option<(KeyboardGrab, Arc<AtomicBool>)>,
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
impl AllKeys {
    /// Takes or gives back the keyboard as the window wishes; called in every pass.
    pub(super) fn follow(&mut self, ui: &Ui, state: &mut SessionState) {
        if let Some((grab, escaped)) = &self.grab {
            // taking the keyboard looks like a lost focus, but the pointer is still here then
            let (focused, hovered) = ui.input(|input| {
                let focused = input.viewport().focused.unwrap_or(true);
                (focused, input.pointer.has_pointer())
            });
            let left = !focused && !hovered;
            if escaped.load(Ordering::Acquire) || !grab.is_active() || left || !state.controls() {
                state.all_keys = false;
            }
        }
        if !state.all_keys {
            if self.grab.take().is_some() {
                state.send(InputEvent::ReleaseAll);
            }
        } else if self.grab.is_none() {
            self.take(ui, state);
        }
    }

    fn take(&mut self, ui: &Ui, state: &mut SessionState) {
        let escaped = Arc::new(AtomicBool::new(false));
        let mut held = Escape::default();
        let (ctx, viewport) = (ui.ctx().clone(), ui.ctx().viewport_id());
        let (input, told) = (state.input.clone(), Arc::clone(&escaped));
        let started = KeyboardGrab::start(None, move |key| {
            if held.is_pressed_by(key) {
                told.store(true, Ordering::Release);
                ctx.request_repaint_of(viewport);
            } else if !told.load(Ordering::Acquire) {
                input.send(InputEvent::Key {
                    key: key.key,
                    pressed: key.pressed,
                    character: key.character,
                });
            }
        });
        match started {
            Ok(grab) => self.grab = Some((grab, escaped)),
            Err(error) => {
                state.all_keys = false;
                let reason = w(state.lang, Word::NotOnThisPlatform);
                state.all_keys_problem = Some(format!("{reason} ({error})"));
            }
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
impl AllKeys {
    /// This platform cannot take the keyboard yet; the window says so.
    #[expect(clippy::unused_self, reason = "the same call on every platform")]
    pub(super) fn follow(&mut self, _ui: &Ui, state: &mut SessionState) {
        state.all_keys = false;
        let reason = || w(state.lang, Word::NotOnThisPlatform).to_owned();
        if state.all_keys_problem.is_none() {
            state.all_keys_problem = Some(reason());
        }
    }
}

/// Which keys of Ctrl+Alt+Shift+E are down.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
#[derive(Debug, Default)]
struct Escape {
    control: bool,
    alt: bool,
    shift: bool,
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
impl Escape {
    /// Whether `key` completes the chord.
    fn is_pressed_by(&mut self, key: GrabbedKey) -> bool {
        let is = |one: HidKey, other: HidKey| key.key == one || key.key == other;
        if is(hid::CONTROL_LEFT, hid::CONTROL_RIGHT) {
            self.control = key.pressed;
        } else if is(hid::ALT_LEFT, hid::ALT_RIGHT) {
            self.alt = key.pressed;
        } else if is(hid::SHIFT_LEFT, hid::SHIFT_RIGHT) {
            self.shift = key.pressed;
        } else if key.key == hid::E {
            return key.pressed && self.control && self.alt && self.shift;
        }
        false
    }
}
