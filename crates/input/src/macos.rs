//! The keyboard and pointer of macOS, through Quartz events.
//!
//! A character travels with its event, so that it needs no layout; the key that makes it on this Mac's layout, if there is
//! one, goes with it for programs that look at keys.
//!
//! Type-checked, and not tried on a Mac yet.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use protocol::control::Name;
use protocol::input::{HidKey, InputEvent, PointerButton, hint};
use protocol::{HostKeyboard, Unlisted};

use crate::piped_guardian::{self, Guardian};
use crate::{InjectError, InputSink, UserActed, hid};

mod api;
mod codes;
mod layout;

use api::{Artificial, Modifiers, Watch};

/// Two presses within this time, and within so many points, are a double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(500);
const DOUBLE_CLICK_POINTS: f64 = 4.0;
/// A notch of a wheel is 120 units, and this many pixels.
const PIXELS_OF_A_NOTCH: i32 = 40;
const NOTCH: i32 = 120;
/// More units of one turn are nonsense: 50 notches.
const MOST_UNITS: i32 = NOTCH * 50;
/// How often it is looked where the displays are.
const DESKTOP_EVERY: Duration = Duration::from_millis(500);

const NO_KEY: InjectError = InjectError::NoWay {
    reason: "no key of this machine does that",
};

/// Types and clicks on the desktop of this program.
#[derive(Default)]
pub struct MacSink {
    guardian: Option<Guardian>,
    /// What was pressed for each key that the operator holds.
    held_keys: BTreeMap<HidKey, u8>,
    held_buttons: Vec<PointerButton>,
    /// The last press of a button: which, when, where, and the how manieth of quick ones.
    clicked: Option<(PointerButton, Instant, (f64, f64), i64)>,
    at: (f64, f64),
    desktop: Option<(Instant, macos::Desktop)>,
    watch: Option<Watch>,
}

/// See [`crate::open`].
pub(crate) fn open() -> Result<Box<dyn InputSink>, InjectError> {
    Ok(Box::new(MacSink::open()?))
}

/// See [`crate::open_guarded`].
pub(crate) fn open_guarded(exe: &Path) -> Result<Box<dyn InputSink>, InjectError> {
    let mut sink = MacSink::open()?;
    sink.guardian = Some(Guardian::start(exe)?);
    Ok(Box::new(sink))
}

/// See [`crate::run_guardian_if_asked`].
pub(crate) fn run_guardian_if_asked() -> Option<ExitCode> {
    piped_guardian::run_if_asked(|left| {
        let mut done = Ok(());
        for hold in left {
            // one that fails keeps none of the others down
            let released = Hold::release(hold);
            done = done.and(released);
        }
        done
    })
}

/// See [`crate::release_stuck`]. macOS does not tell an artificial key from the user's.
#[expect(clippy::unnecessary_wraps, reason = "on other platforms it can fail")]
pub(crate) fn release_stuck() -> Result<usize, InjectError> {
    Ok(0)
}

/// See [`crate::keyboard_of_this_machine`].
pub(crate) fn keyboard() -> Option<HostKeyboard> {
    let layout = layout::ask()?;
    Some(HostKeyboard {
        layout: Name::cut(layout.name.clone()),
        unlisted: Unlisted::Text,
    })
}

/// A key or a button, for the guardian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hold {
    Key(u8),
    Button(PointerButton),
}

impl piped_guardian::Hold for Hold {
    fn record(self) -> [u8; 4] {
        match self {
            Self::Key(code) => [0, code, 0, 0],
            Self::Button(button) => [1, piped_guardian::number_of(button), 0, 0],
        }
    }

    fn of([kind, first, ..]: [u8; 4]) -> Option<Self> {
        match kind {
            0 => Some(Self::Key(first)),
            1 => piped_guardian::button_of(first).map(Self::Button),
            _ => None,
        }
    }
}

impl Hold {
    /// Lets go of it, where the pointer is.
    fn release(self) -> io::Result<()> {
        api::send(match self {
            Self::Key(code) => key_up(code, Modifiers::default()),
            Self::Button(button) => Artificial::Button {
                button,
                down: false,
                at: api::pointer(),
                clicks: 1,
                modifiers: Modifiers::default(),
            },
        })
    }
}

impl MacSink {
    fn open() -> Result<Self, InjectError> {
        if !macos::may_act() && !macos::ask_to_act() {
            return Err(InjectError::Unsuitable {
                reason: "macOS does not let this program press keys; System Settings, Privacy & Security, Accessibility"
                    .to_owned(),
            });
        }
        // the first key need not wait for it
        layout::ask();
        let mut sink = Self::default();
        sink.at = api::pointer();
        Ok(sink)
    }

    fn press(&mut self, key: HidKey, character: Option<char>) -> Result<(), InjectError> {
        let (code, types) = self.way_of(key, character)?;
        let Some(code) = code else {
            return Ok(());
        };
        let before = self.held_keys.get(&key).copied();
        if let Some(before) = before
            && before != code
        {
            self.release(key)?;
        }
        self.tell(Hold::Key(code), true);
        self.held_keys.insert(key, code);
        let mut units = [0; 2];
        send(Artificial::Key {
            code,
            down: true,
            repeated: before == Some(code),
            modifiers: self.modifiers(),
            types: types.map(|character| &*character.encode_utf16(&mut units)),
        })
    }

    fn release(&mut self, key: HidKey) -> Result<(), InjectError> {
        let Some(code) = self.held_keys.remove(&key) else {
            return Ok(());
        };
        send(key_up(code, self.modifiers()))?;
        self.tell(Hold::Key(code), false);
        Ok(())
    }

    /// The key to press, and the character that goes with it; no key where there is nothing to do.
    fn way_of(
        &self,
        key: HidKey,
        character: Option<char>,
    ) -> Result<(Option<u8>, Option<char>), InjectError> {
        let place = || codes::of_place(key).ok_or(NO_KEY);
        Ok(match character {
            Some(hint::BY_PLACE) => (Some(place()?), None),
            // what it reaches arrives as characters
            Some(hint::LEVEL_THREE) => (None, None),
            Some(hint::PAD_MOVES) => (Some(codes::that_moves(key).ok_or(NO_KEY)?), None),
            Some(wanted) if !wanted.is_control() => {
                let layout = layout::known();
                let made = |character| layout.as_ref().and_then(|layout| layout.made(character));
                if self.is_command() {
                    let plain = wanted.to_lowercase().next().unwrap_or(wanted);
                    let code = made(plain).map(|made| made.code);
                    (Some(code.map_or_else(place, Ok)?), None)
                } else {
                    // a key that no layout has still carries its character
                    let code = made(wanted).map(|made| made.code);
                    let code = code.or_else(|| codes::of_place(key)).unwrap_or(0);
                    (Some(code), Some(wanted))
                }
            }
            // macOS toggles it for keyboards alone; what it does arrives as characters
            _ if key == hid::CAPS_LOCK => (None, None),
            Some(_) | None => (Some(codes::of_name(key).map_or_else(place, Ok)?), None),
        })
    }

    fn modifiers(&self) -> Modifiers {
        let held = |keys: [HidKey; 2]| keys.iter().any(|key| self.held_keys.contains_key(key));
        Modifiers {
            shift: held([hid::SHIFT_LEFT, hid::SHIFT_RIGHT]),
            control: held([hid::CONTROL_LEFT, hid::CONTROL_RIGHT]),
            option: held([hid::ALT_LEFT, hid::ALT_RIGHT]),
            command: held([hid::SUPER_LEFT, hid::SUPER_RIGHT]),
        }
    }

    /// Whether a key with a character is a command and no text.
    fn is_command(&self) -> bool {
        let held = self.modifiers();
        held.control || held.command || self.held_keys.contains_key(&hid::ALT_LEFT)
    }

    fn go_to(&mut self, x: i32, y: i32) -> Result<(), InjectError> {
        let is_old = |asked: &Instant| asked.elapsed() >= DESKTOP_EVERY;
        if self.desktop.as_ref().is_none_or(|(asked, _)| is_old(asked)) {
            let desktop = macos::desktop().ok().flatten();
            self.desktop = desktop.map(|desktop| (Instant::now(), desktop));
        }
        let Some((_, desktop)) = &self.desktop else {
            return Err(InjectError::NoWay {
                reason: "no display is on",
            });
        };
        self.at = desktop.point(x, y);
        send(Artificial::Moved {
            to: self.at,
            holding: self.held_buttons.last().copied(),
        })
    }

    fn button(&mut self, button: PointerButton, down: bool) -> Result<(), InjectError> {
        if self.held_buttons.contains(&button) == down {
            return Ok(());
        }
        let hold = Hold::Button(button);
        let clicks = if down {
            self.tell(hold, true);
            self.held_buttons.push(button);
            self.count_click(button)
        } else {
            self.held_buttons.retain(|held| *held != button);
            let last = self.clicked.filter(|(last, ..)| *last == button);
            last.map_or(1, |(.., clicks)| clicks)
        };
        send(Artificial::Button {
            button,
            down,
            at: self.at,
            clicks,
            modifiers: self.modifiers(),
        })?;
        if !down {
            self.tell(hold, false);
        }
        Ok(())
    }

    /// The how manieth of quick presses in one place this is.
    fn count_click(&mut self, button: PointerButton) -> i64 {
        let now = Instant::now();
        let near = |a: f64, b: f64| (a - b).abs() <= DOUBLE_CLICK_POINTS;
        let before = self.clicked.filter(|(last, when, (x, y), _)| {
            *last == button
                && now.saturating_duration_since(*when) <= DOUBLE_CLICK
                && near(*x, self.at.0)
                && near(*y, self.at.1)
        });
        let clicks = before.map_or(1, |(.., clicks)| clicks + 1);
        self.clicked = Some((button, now, self.at, clicks));
        clicks
    }

    fn tell(&mut self, hold: Hold, held: bool) {
        if let Some(guardian) = &mut self.guardian {
            guardian.tell(hold, held);
        }
    }
}

impl InputSink for MacSink {
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        match event {
            InputEvent::Key {
                key,
                pressed: true,
                character,
            } => self.press(*key, *character),
            InputEvent::Key { key, .. } => self.release(*key),
            InputEvent::PointerMoved { to } => self.go_to(to.x, to.y),
            InputEvent::Button {
                button,
                pressed,
                at,
            } => {
                self.go_to(at.x, at.y)?;
                self.button(*button, *pressed)
            }
            InputEvent::Wheel { dx, dy } => {
                let pixels = |units: i32| {
                    let units = units.clamp(-MOST_UNITS, MOST_UNITS);
                    units * PIXELS_OF_A_NOTCH / NOTCH
                };
                send(Artificial::Turned {
                    across: pixels(*dx),
                    down: pixels(*dy),
                })
            }
            InputEvent::Text { text } => text.as_str().chars().try_for_each(type_without_key),
            InputEvent::ReleaseAll => self.release_all(),
            InputEvent::StillHeld | InputEvent::ClipboardOffered { .. } => Ok(()),
        }
    }

    fn release_all(&mut self) -> Result<(), InjectError> {
        let mut done = Ok(());
        let keys: Vec<HidKey> = self.held_keys.keys().copied().collect();
        for key in keys {
            // one that fails keeps none of the others down
            let released = self.release(key);
            done = done.and(released);
        }
        for button in self.held_buttons.clone() {
            let released = self.button(button, false);
            done = done.and(released);
        }
        done
    }

    fn held(&self) -> usize {
        self.held_keys.len() + self.held_buttons.len()
    }

    fn watch_user(&mut self, acted: Option<UserActed>) -> Result<(), InjectError> {
        // the one before ends first
        self.watch = None;
        if let Some(acted) = acted {
            let watch = Watch::start(acted).map_err(|error| InjectError::Unsuitable {
                reason: error.to_string(),
            })?;
            self.watch = Some(watch);
        }
        Ok(())
    }
}

impl Drop for MacSink {
    fn drop(&mut self) {
        // Errors mean that macOS takes nothing from this program any more.
        self.release_all().ok();
    }
}

impl fmt::Debug for MacSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Which keys are held belongs in no log.
        f.debug_struct("MacSink")
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

fn key_up(code: u8, modifiers: Modifiers) -> Artificial<'static> {
    Artificial::Key {
        code,
        down: false,
        repeated: false,
        modifiers,
        types: None,
    }
}

/// Some character, or a line's end, by no key of the layout.
fn type_without_key(character: char) -> Result<(), InjectError> {
    let code = match character {
        '\n' | '\r' => codes::of_place(hid::ENTER),
        '\t' => codes::of_place(hid::TAB),
        _ => None,
    };
    let mut units = [0; 2];
    let units = &*character.encode_utf16(&mut units);
    for down in [true, false] {
        send(Artificial::Key {
            code: code.unwrap_or(0),
            down,
            repeated: false,
            modifiers: Modifiers::default(),
            types: code.is_none().then_some(units),
        })?;
    }
    Ok(())
}

fn send(event: Artificial<'_>) -> Result<(), InjectError> {
    api::send(event).map_err(|_nothing_more: io::Error| InjectError::NoWay {
        reason: "macOS takes no input from this program now",
    })
}
