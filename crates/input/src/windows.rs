//! The keyboard and pointer of Windows, through `SendInput`.
//!
//! A character that the layout of the program in front makes with the modifiers that are down now is typed by
//! its key, so that the program sees the key too. Every other is sent as a character without a key, which
//! needs no layout and heeds no modifier.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use protocol::control::Name;
use protocol::input::{HidKey, InputEvent, PointerButton, hint};
use protocol::{HostKeyboard, Unlisted};
use windows_sys::Win32::UI::Input::KeyboardAndMouse::{
    MOUSEEVENTF_ABSOLUTE, MOUSEEVENTF_HWHEEL, MOUSEEVENTF_LEFTDOWN, MOUSEEVENTF_LEFTUP,
    MOUSEEVENTF_MIDDLEDOWN, MOUSEEVENTF_MIDDLEUP, MOUSEEVENTF_MOVE, MOUSEEVENTF_RIGHTDOWN,
    MOUSEEVENTF_RIGHTUP, MOUSEEVENTF_VIRTUALDESK, MOUSEEVENTF_WHEEL, MOUSEEVENTF_XDOWN,
    MOUSEEVENTF_XUP, VK_CAPITAL, VK_CONTROL, VK_LWIN, VK_MENU, VK_NUMLOCK, VK_RWIN, VK_SHIFT,
};

use crate::piped_guardian::Guardian;
use crate::{InjectError, InputSink, UserActed, hid};

pub(crate) mod api;
pub(crate) mod codes;
mod guardian;
pub(crate) mod helper;
mod rights;

use api::{Artificial, KeyLayout, Watch};
use codes::Code;
use guardian::Hold;

/// More units of one turn are nonsense: 50 notches.
const MOST_UNITS: i32 = 120 * 50;
/// What `SendInput` divides the desktop into, each way.
const PARTS: i64 = 65_536;
/// The number of each thumb button.
const X_BUTTONS: [i32; 2] = [1, 2];

const NO_KEY: InjectError = InjectError::NoWay {
    reason: "no key of this machine does that",
};

/// Types and clicks on the desktop of this program, from the thread that opened it.
#[derive(Default)]
pub struct WindowsSink {
    guardian: Option<Guardian>,
    /// What was pressed for each key that the operator holds; `None` for a character without a key, which is up
    /// again.
    held_keys: BTreeMap<HidKey, Option<Code>>,
    held_buttons: Vec<PointerButton>,
    watch: Option<Watch>,
}

/// See [`crate::open`].
#[expect(clippy::unnecessary_wraps, reason = "on other platforms it can fail")]
pub(crate) fn open() -> Result<Box<dyn InputSink>, InjectError> {
    own_window::join_desktop();
    Ok(Box::new(WindowsSink::default()))
}

/// See [`crate::open_guarded`].
pub(crate) fn open_guarded(exe: &Path) -> Result<Box<dyn InputSink>, InjectError> {
    own_window::join_desktop();
    let mut sink = WindowsSink::default();
    sink.guardian = Some(Guardian::start(exe)?);
    Ok(Box::new(sink))
}

/// See [`crate::run_guardian_if_asked`].
pub(crate) fn run_guardian_if_asked() -> Option<ExitCode> {
    guardian::run_if_asked().or_else(helper::run_if_asked)
}

/// See [`crate::release_stuck`]. Windows does not tell an artificial key from the user's.
#[expect(clippy::unnecessary_wraps, reason = "on other platforms it can fail")]
pub(crate) fn release_stuck() -> Result<usize, InjectError> {
    Ok(0)
}

/// See [`crate::keyboard_of_this_machine`]. The layout is that of the program in front.
#[expect(
    clippy::unnecessary_wraps,
    reason = "on other platforms it may not be known"
)]
pub(crate) fn keyboard() -> Option<HostKeyboard> {
    Some(HostKeyboard {
        layout: Name::cut(KeyLayout::in_front().language().unwrap_or_default()),
        unlisted: Unlisted::Text,
    })
}

/// How a press is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Key(Code),
    /// By no key.
    Character(char),
    /// There is nothing to do.
    Nothing,
}

impl WindowsSink {
    fn press(&mut self, key: HidKey, character: Option<char>) -> Result<(), InjectError> {
        let way = self.way_of(key, character)?;
        if let Some(Some(before)) = self.held_keys.get(&key)
            && way != Way::Key(*before)
        {
            self.release(key)?;
        }
        match way {
            Way::Key(code) => {
                self.tell(Hold::Key(code), true);
                self.held_keys.insert(key, Some(code));
                send(&[key_event(code, true)])
            }
            Way::Character(character) => {
                self.held_keys.insert(key, None);
                send(&without_keys(character.encode_utf16(&mut [0; 2])))
            }
            Way::Nothing => {
                self.held_keys.insert(key, None);
                Ok(())
            }
        }
    }

    fn release(&mut self, key: HidKey) -> Result<(), InjectError> {
        let Some(Some(code)) = self.held_keys.remove(&key) else {
            return Ok(());
        };
        let hold = Hold::Key(code);
        send(&[hold.release()])?;
        self.tell(hold, false);
        Ok(())
    }

    fn way_of(&self, key: HidKey, character: Option<char>) -> Result<Way, InjectError> {
        let layout = KeyLayout::in_front();
        let place = || codes::of_place(key).ok_or(NO_KEY).map(Way::Key);
        match character {
            Some(hint::BY_PLACE) => place(),
            // what it reaches arrives as characters; on a layout without further ones it would be an Alt
            Some(hint::LEVEL_THREE) if has_level_three(layout) => place(),
            Some(hint::LEVEL_THREE) => Ok(Way::Nothing),
            Some(hint::PAD_MOVES) => codes::that_moves(key).ok_or(NO_KEY).map(Way::Key),
            Some(wanted) if !wanted.is_control() => {
                let code = if self.is_command(wanted, layout) {
                    Some(self.command(key, wanted, layout)?)
                } else {
                    typed_by(key, wanted, layout)
                };
                Ok(code.map_or(Way::Character(wanted), Way::Key))
            }
            Some(_) | None => match codes::of_name(key) {
                Some(code) => Ok(Way::Key(code)),
                None => place(),
            },
        }
    }

    /// The key of a command; of an alphabet without that letter the one that would be Ctrl+C elsewhere, since
    /// programs ask for the virtual key.
    #[expect(
        clippy::unused_self,
        reason = "it stands beside the others that decide about a key"
    )]
    fn command(&self, key: HidKey, wanted: char, layout: KeyLayout) -> Result<Code, InjectError> {
        let plain = wanted.to_lowercase().next().unwrap_or(wanted);
        if let Some(scanned) = layout.scan(plain) {
            return Ok(layout.code_of(scanned.virtual_key));
        }
        let place = codes::of_place(key).ok_or(NO_KEY)?;
        if plain.is_ascii_alphanumeric() {
            let virtual_key = u8::try_from(plain.to_ascii_uppercase()).map_err(|_wide| NO_KEY)?;
            return Ok(Code {
                virtual_key,
                ..place
            });
        }
        Ok(layout.completed(place))
    }

    /// Whether a key with this character is a command and no text.
    fn is_command(&self, character: char, layout: KeyLayout) -> bool {
        self.held_keys.keys().any(|key| match *key {
            hid::CONTROL_LEFT
            | hid::CONTROL_RIGHT
            | hid::ALT_LEFT
            | hid::SUPER_LEFT
            | hid::SUPER_RIGHT => true,
            // it makes characters at the operator's, unless each keyboard makes this one without it
            hid::ALT_RIGHT => !has_level_three(layout) && character.is_ascii_alphanumeric(),
            _ => false,
        })
    }

    fn button(&mut self, button: PointerButton, pressed: bool) -> Result<(), InjectError> {
        let hold = Hold::Button(button);
        let is_held = self.held_buttons.contains(&button);
        match (pressed, is_held) {
            (true, false) => {
                self.tell(hold, true);
                self.held_buttons.push(button);
                send(&[button_event(button, true)])
            }
            (false, true) => {
                self.held_buttons.retain(|held| *held != button);
                send(&[hold.release()])?;
                self.tell(hold, false);
                Ok(())
            }
            (true, true) | (false, false) => Ok(()),
        }
    }

    fn tell(&mut self, hold: Hold, held: bool) {
        if let Some(guardian) = &mut self.guardian {
            guardian.tell(hold, held);
        }
    }
}

impl InputSink for WindowsSink {
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        match event {
            InputEvent::Key {
                key,
                pressed: true,
                character,
            } => self.press(*key, *character),
            InputEvent::Key { key, .. } => self.release(*key),
            InputEvent::PointerMoved { to } => send(&[move_to(to.x, to.y)]),
            InputEvent::Button {
                button,
                pressed,
                at,
            } => {
                send(&[move_to(at.x, at.y)])?;
                self.button(*button, *pressed)
            }
            InputEvent::Wheel { dx, dy } => send(&turns(*dx, *dy)),
            InputEvent::Text { text } => {
                let units: Vec<u16> = text.as_str().encode_utf16().collect();
                send(&without_keys(&units))
            }
            InputEvent::ReleaseAll => self.release_all(),
            InputEvent::StillHeld | InputEvent::ClipboardOffered { .. } => Ok(()),
        }
    }

    fn release_all(&mut self) -> Result<(), InjectError> {
        let keys = std::mem::take(&mut self.held_keys).into_values().flatten();
        let buttons = std::mem::take(&mut self.held_buttons).into_iter();
        let holds: Vec<Hold> = keys
            .map(Hold::Key)
            .chain(buttons.map(Hold::Button))
            .collect();
        let releases: Vec<Artificial> = holds.iter().map(|hold| hold.release()).collect();
        let sent = send(&releases);
        for hold in holds {
            self.tell(hold, false);
        }
        sent
    }

    fn held(&self) -> usize {
        self.held_keys.len() + self.held_buttons.len()
    }

    fn watch_user(&mut self, acted: Option<UserActed>) -> Result<(), InjectError> {
        // the one before ends first
        self.watch = None;
        if let Some(acted) = acted {
            let watch = Watch::start(acted).map_err(|error| InjectError::Unsuitable {
                reason: format!("Windows does not tell the user's keys: {error}"),
            })?;
            self.watch = Some(watch);
        }
        Ok(())
    }
}

impl Drop for WindowsSink {
    fn drop(&mut self) {
        // Errors mean that the desktop is gone, or another's.
        self.release_all().ok();
    }
}

impl fmt::Debug for WindowsSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Which keys are held belongs in no log.
        f.debug_struct("WindowsSink")
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

/// The key that makes `wanted` now; `None` where another set of modifiers, or another lock, would be needed.
fn typed_by(key: HidKey, wanted: char, layout: KeyLayout) -> Option<Code> {
    let is_on = |lock: u16| u8::try_from(lock).is_ok_and(api::is_on);
    if let Some(code) = codes::of_name(key) {
        // on the pad a digit takes Num Lock; a comma is what the layout makes of it
        let is_digit = (hid::NUMPAD_1..=hid::NUMPAD_0).contains(&key) && wanted.is_ascii_digit();
        let makes_it = layout.scan(wanted)?.virtual_key == code.virtual_key;
        return (makes_it || is_digit && is_on(VK_NUMLOCK)).then_some(code);
    }
    let scanned = layout.scan(wanted)?;
    let down = |virtual_key: u16| u8::try_from(virtual_key).is_ok_and(api::is_down);
    let as_needed = !scanned.others
        && scanned.shift == down(VK_SHIFT)
        && scanned.control == down(VK_CONTROL)
        && scanned.alt == down(VK_MENU)
        && !down(VK_LWIN)
        && !down(VK_RWIN)
        && !is_on(VK_CAPITAL);
    as_needed.then(|| layout.code_of(scanned.virtual_key))
}

/// Whether the right Alt key reaches further characters.
pub(crate) fn has_level_three(layout: KeyLayout) -> bool {
    // each layout that has them has some of these among them
    const USUAL: &str = "@€[]{}\\|~#µ";
    let mut usual = USUAL.chars();
    usual.any(|character| {
        let scanned = layout.scan(character);
        scanned.is_some_and(|scanned| scanned.control && scanned.alt)
    })
}

fn key_event(code: Code, down: bool) -> Artificial {
    Artificial::Key { code, down }
}

fn button_event(button: PointerButton, down: bool) -> Artificial {
    let [back, forward] = X_BUTTONS;
    let is_swapped = api::buttons_are_swapped();
    let (press, release, data) = match button {
        PointerButton::Left if is_swapped => (MOUSEEVENTF_RIGHTDOWN, MOUSEEVENTF_RIGHTUP, 0),
        PointerButton::Right if is_swapped => (MOUSEEVENTF_LEFTDOWN, MOUSEEVENTF_LEFTUP, 0),
        PointerButton::Left => (MOUSEEVENTF_LEFTDOWN, MOUSEEVENTF_LEFTUP, 0),
        PointerButton::Right => (MOUSEEVENTF_RIGHTDOWN, MOUSEEVENTF_RIGHTUP, 0),
        PointerButton::Middle => (MOUSEEVENTF_MIDDLEDOWN, MOUSEEVENTF_MIDDLEUP, 0),
        PointerButton::Back => (MOUSEEVENTF_XDOWN, MOUSEEVENTF_XUP, back),
        PointerButton::Forward => (MOUSEEVENTF_XDOWN, MOUSEEVENTF_XUP, forward),
    };
    Artificial::Mouse {
        flags: if down { press } else { release },
        data,
        to: (0, 0),
    }
}

/// To a pixel of the whole desktop, counted from its top left.
fn move_to(x: i32, y: i32) -> Artificial {
    let (_, (width, height)) = api::desktop();
    Artificial::Mouse {
        flags: MOUSEEVENTF_MOVE | MOUSEEVENTF_ABSOLUTE | MOUSEEVENTF_VIRTUALDESK,
        data: 0,
        to: (part(x, width), part(y, height)),
    }
}

/// The first of the parts that Windows takes for this pixel.
fn part(pixel: i32, size: i32) -> i32 {
    let size = i64::from(size.max(1));
    let pixel = i64::from(pixel).clamp(0, size - 1);
    i32::try_from((pixel * PARTS + size - 1) / size).unwrap_or(0)
}

fn turns(dx: i32, dy: i32) -> Vec<Artificial> {
    let turn = |flags, units: i32| Artificial::Mouse {
        flags,
        data: units.clamp(-MOST_UNITS, MOST_UNITS),
        to: (0, 0),
    };
    let mut turns = Vec::new();
    if dy != 0 {
        // up is positive here
        turns.push(turn(MOUSEEVENTF_WHEEL, dy.saturating_neg()));
    }
    if dx != 0 {
        turns.push(turn(MOUSEEVENTF_HWHEEL, dx));
    }
    turns
}

fn without_keys(units: &[u16]) -> Vec<Artificial> {
    let both = |unit: &u16| [true, false].map(|down| Artificial::Unit { unit: *unit, down });
    units.iter().flat_map(both).collect()
}

fn send(events: &[Artificial]) -> Result<(), InjectError> {
    // who may do more does it
    let sent = helper::send(events).unwrap_or_else(|| api::send(events));
    sent.map_err(|_nothing_more: io::Error| InjectError::NoWay {
        // the log-in screen and questions of Windows itself have a desktop of their own
        reason: "Windows takes no input from this program now",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pixel_is_met() {
        for size in [1, 640, 1023, 1920, 3840, 7680, 10_000] {
            for pixel in 0..size {
                let met = i64::from(part(pixel, size)) * i64::from(size) / PARTS;
                assert_eq!(met, i64::from(pixel), "{pixel} of {size}");
            }
        }
    }
}
