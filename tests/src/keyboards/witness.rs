//! A program that says what it gets of the keyboard: `xev`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::display::Display;
use crate::running::{Running, wait_until};

/// How long a key may take to a program on the same display.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a press did to a program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Effect {
    /// It typed this.
    Text(String),
    /// It is a key without a character, by the name of its symbol.
    Key(String),
    /// It is a modifier, by the name of its symbol.
    Modifier(String),
    /// It is part of a compose sequence.
    Composing,
}

impl Effect {
    /// Whether the next key does something else because of it.
    pub(super) fn waits_for_the_next_key(&self) -> bool {
        match self {
            Self::Composing => true,
            Self::Modifier(name) => name.ends_with("_Latch"),
            Self::Text(_) | Self::Key(_) => false,
        }
    }

    /// Whether all keys after it do something else, until it comes again: with the mouse keys on, a pad
    /// moves the pointer.
    pub(super) fn locks(&self) -> bool {
        match self {
            Self::Modifier(name) => name.ends_with("_Lock"),
            Self::Key(name) => name == "Pointer_EnableKeys",
            Self::Text(_) | Self::Composing => false,
        }
    }
}

/// The same with what was typed in one piece: an Arabic key may type two letters, and it is no matter
/// whether they come by one key.
pub(super) fn in_one_piece(effects: impl IntoIterator<Item = Effect>) -> Vec<Effect> {
    let mut joined: Vec<Effect> = Vec::new();
    for effect in effects {
        match (joined.last_mut(), effect) {
            (Some(Effect::Text(before)), Effect::Text(more)) => before.push_str(&more),
            (_, effect) => joined.push(effect),
        }
    }
    joined
}

#[derive(Debug)]
pub(super) struct Witness {
    program: Running,
    output: PathBuf,
    /// How much of the output was read.
    read: u64,
    rest: String,
    /// What it has told and nobody has asked for.
    told: VecDeque<Told>,
}

#[derive(Debug)]
enum Told {
    Pressed(Effect),
    Released,
}

impl Witness {
    /// Starts one that has the keyboard of a display.
    pub(super) fn at(display: &Display, output: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new("stdbuf");
        command
            .args([
                "-oL",
                "xev",
                "-geometry",
                "1000x650+0+0",
                "-event",
                "keyboard",
            ])
            .env("DISPLAY", display.name())
            .env("LC_ALL", "C.UTF-8");
        let program = Running::start("xev", &mut command, output)?;
        let mut witness = Self {
            program,
            output: output.to_owned(),
            read: 0,
            rest: String::new(),
            told: VecDeque::new(),
        };
        let hands = display.hands()?;
        hands.click((200, 200))?;
        // it has the keyboard when it hears a key
        wait_until("xev", Duration::from_secs(20), || {
            witness.program.check_alive()?;
            hands.tap(xkeysym::key::a)?;
            std::thread::sleep(Duration::from_millis(50));
            Ok((!witness.effects()?.is_empty()).then_some(()))
        })?;
        std::thread::sleep(Duration::from_millis(100));
        witness.skip()?;
        Ok(witness)
    }

    /// Forgets what came so far.
    pub(super) fn skip(&mut self) -> anyhow::Result<()> {
        self.effects()?;
        Ok(())
    }

    /// What came of presses that bring so many releases each; `None` if keys were not heard of.
    pub(super) fn after(&mut self, releases: &[usize]) -> anyhow::Result<Option<Vec<Vec<Effect>>>> {
        let all: usize = releases.iter().sum();
        let mut until = Instant::now() + PATIENCE;
        let mut heard = 0;
        loop {
            self.read()?;
            if self.told.len() > heard {
                heard = self.told.len();
                until = Instant::now() + PATIENCE;
            }
            let released = |told: &&Told| matches!(told, Told::Released);
            if self.told.iter().filter(released).count() >= all {
                break;
            }
            if Instant::now() > until {
                self.skip()?;
                return Ok(None);
            }
            std::thread::sleep(Duration::from_micros(300));
        }
        let each = releases
            .iter()
            .map(|&releases| self.until_released(releases));
        Ok(Some(each.collect()))
    }

    fn until_released(&mut self, mut releases: usize) -> Vec<Effect> {
        let mut effects = Vec::new();
        while releases > 0 {
            match self.told.pop_front() {
                Some(Told::Pressed(effect)) => effects.push(effect),
                Some(Told::Released) => releases -= 1,
                None => break,
            }
        }
        effects
    }

    /// What came since the last time.
    pub(super) fn effects(&mut self) -> anyhow::Result<Vec<Effect>> {
        self.read()?;
        let told = self.told.drain(..);
        let effects = told.filter_map(|told| match told {
            Told::Pressed(effect) => Some(effect),
            Told::Released => None,
        });
        Ok(effects.collect())
    }

    fn read(&mut self) -> anyhow::Result<()> {
        let mut file = File::open(&self.output).context("the output of xev")?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        self.read += bytes.len() as u64;
        // the text itself may be no UTF-8; its bytes are told as numbers beside it
        self.rest.push_str(&String::from_utf8_lossy(&bytes));
        while let Some(end) = end_of_event(&self.rest) {
            let event: String = self.rest.drain(..end).collect();
            if event.contains("KeyRelease event") {
                self.told.push_back(Told::Released);
            } else if event.contains("KeyPress event") {
                self.told.extend(effect(&event).map(Told::Pressed));
            }
        }
        Ok(())
    }
}

/// Where the first event of a key ends: the line that says whether it was filtered is its last.
fn end_of_event(told: &str) -> Option<usize> {
    let last_line = told.find("XFilterEvent returns:")?;
    Some(last_line + told[last_line..].find('\n')? + 1)
}

/// What one press is, as `xev` tells it in a few lines.
fn effect(event: &str) -> Option<Effect> {
    if event.contains("XFilterEvent returns: True") {
        return (!is_modifier(symbol(event)?)).then_some(Effect::Composing);
    }
    let typed = event
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("XmbLookupString gives"))?;
    let bytes: Vec<u8> = typed
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(hex, _)| hex.split_whitespace())
        .into_iter()
        .flatten()
        .filter_map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect();
    // of some symbols Xlib gives the one byte that they are in Latin-1, whatever the locale
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(other) => other.into_bytes().into_iter().map(char::from).collect(),
    };
    let text = as_defined(event).unwrap_or(text);
    // a key that means nothing does nothing
    let is_typed = !text.is_empty() && !text.chars().all(|c| c.is_ascii_control());
    let name = symbol(event).filter(|name| !means_nothing(name) || is_typed)?;
    Some(if is_modifier(name) {
        Effect::Modifier(name.to_owned())
    } else if text.is_empty() || text.chars().any(char::is_control) {
        Effect::Key(name.to_owned())
    } else {
        Effect::Text(text)
    })
}

/// Whether a symbol says nothing to any program: also a number that nobody has given a name, and a dead key
/// that is in no compose sequence.
fn means_nothing(name: &str) -> bool {
    ["NoSymbol", "VoidSymbol", "(no name"].contains(&name) || name.starts_with("dead_")
}

/// What a key types by the definition of its symbol, which GTK and Qt follow. Xlib's own table differs in some
/// old ones, and knows no Latin characters by their numbers in Unicode, which GTK reads. `None` for what Ctrl is
/// held with, what a compose sequence makes, and what types nothing.
fn as_defined(event: &str) -> Option<String> {
    const CONTROL: u32 = 1 << 2;
    let after = |name: &str| {
        let (_, rest) = event.split_once(name)?;
        rest.split([',', ' ', ')']).next()
    };
    let hexadecimal = |text: &str| u32::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    let state = hexadecimal(after("state ")?)?;
    let is_composed = after("keycode ")? == "0";
    let symbol = hexadecimal(after("(keysym ")?)?;
    let by_number = || u8::try_from(symbol.checked_sub(0x0100_0000)?).ok();
    let character = xkeysym::Keysym::new(symbol).key_char();
    let character = character.or_else(|| by_number().map(char::from))?;
    let types = state & CONTROL == 0 && !is_composed && !character.is_control();
    types.then(|| character.to_string())
}

/// `keycode 38 (keysym 0x61, a)`
fn symbol(event: &str) -> Option<&str> {
    let (_, rest) = event.split_once("(keysym ")?;
    let (_, rest) = rest.split_once(", ")?;
    Some(rest.split_once(')')?.0)
}

fn is_modifier(name: &str) -> bool {
    let stem = name.strip_suffix("_L").or_else(|| name.strip_suffix("_R"));
    let stem = stem.unwrap_or(name);
    matches!(
        stem,
        "Shift" | "Control" | "Alt" | "Meta" | "Super" | "Hyper" | "Mode_switch"
    ) || name.ends_with("_Lock")
        || name.starts_with("ISO_Level")
        || name.starts_with("ISO_Group")
        || [
            "ISO_Next_Group",
            "ISO_Prev_Group",
            "ISO_First_Group",
            "ISO_Last_Group",
        ]
        .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xev_tells_is_understood() {
        let press = "KeyPress event, serial 34, synthetic NO, window 0x1,\n    state 0x0, keycode 26 (keysym 0x20ac, EuroSign), same_screen YES,\n    XLookupString gives 3 bytes: (e2 82 ac) \"\u{20ac}\"\n    XmbLookupString gives 3 bytes: (e2 82 ac) \"\u{20ac}\"\n    XFilterEvent returns: False\n";
        assert_eq!(effect(press), Some(Effect::Text("€".to_owned())));
        let shift = "KeyPress event,\n    state 0x0, keycode 50 (keysym 0xffe1, Shift_L), same_screen YES,\n    XLookupString gives 0 bytes: \n    XmbLookupString gives 0 bytes: \n    XFilterEvent returns: False\n";
        assert_eq!(effect(shift), Some(Effect::Modifier("Shift_L".to_owned())));
        let enter = "KeyPress event,\n    state 0x0, keycode 36 (keysym 0xff0d, Return), same_screen YES,\n    XLookupString gives 1 bytes: (0d) \"\"\n    XmbLookupString gives 1 bytes: (0d) \"\"\n    XFilterEvent returns: False\n";
        assert_eq!(effect(enter), Some(Effect::Key("Return".to_owned())));
        let degree = "KeyPress event,\n    state 0x80, keycode 24 (keysym 0xb0, degree), same_screen YES,\n    XmbLookupString gives 1 bytes: (b0) \"\u{fffd}\"\n    XFilterEvent returns: False\n";
        assert_eq!(effect(degree), Some(Effect::Text("°".to_owned())));
        let old = "KeyPress event,\n    state 0x0, keycode 53 (keysym 0xba3, leftcaret), same_screen YES,\n    XmbLookupString gives 0 bytes: \n    XFilterEvent returns: False\n";
        assert_eq!(effect(old), Some(Effect::Text("<".to_owned())));
        let dead = "KeyPress event,\n    state 0x0, keycode 34 (keysym 0xfe52, dead_circumflex), same_screen YES,\n    XFilterEvent returns: True\n";
        assert_eq!(effect(dead), Some(Effect::Composing));
    }
}
