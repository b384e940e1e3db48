//! What an operator works on at the user's computer, on either system: it keeps what arrives there.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::cast::Cast;
use crate::lamp::{self, Lamp};
use crate::picture::Region;
use crate::terminal::RawTerminal;
use crate::wine::Witness;
use crate::{PATIENCE, wait_until};

/// The size of a witness' window, and of a lamp.
const WINDOW: (u32, u32) = (420, 300);
const LAMP: Region = Region {
    x: 200,
    y: 200,
    width: 160,
    height: 160,
};
const SETTLED: Duration = Duration::from_secs(1);
/// Has a terminal tell of clicks and of the wheel.
const TELL_OF_MOUSE: &str = r"\033[?1000h\033[?1006h";

/// It goes when this is dropped.
#[derive(Debug)]
pub(super) enum Desk {
    Windows(Witness),
    Linux(RawTerminal),
}

impl Desk {
    /// Opens it at the user's.
    pub(super) fn open(cast: &Cast) -> anyhow::Result<Self> {
        let display = &cast.user_display;
        let folder: &Path = cast.folder();
        let Some(computer) = &cast.computers.user else {
            let terminal = RawTerminal::open(display, folder, TELL_OF_MOUSE)?;
            let kept = folder.join("typed");
            wait_until("a terminal", PATIENCE, || Ok(kept.exists().then_some(())))?;
            // its window has the size of the screen by then
            std::thread::sleep(SETTLED);
            return Ok(Self::Linux(terminal));
        };
        Witness::open(computer, display, folder, WINDOW).map(Self::Windows)
    }

    /// A place in it, on the user's screen.
    pub(super) fn place(&self) -> anyhow::Result<(u32, u32)> {
        match self {
            Self::Windows(witness) => Ok(witness.place()?.middle()),
            Self::Linux(_) => Ok((400, 420)),
        }
    }

    /// The characters that arrived; Return is a carriage return.
    pub(super) fn text(&self) -> anyhow::Result<String> {
        match self {
            Self::Windows(witness) => witness.text(),
            Self::Linux(terminal) => Ok(without_reports(&terminal.text())),
        }
    }

    /// How often each of what the mouse does arrived: clicks with left, middle and right, turns of the wheel up and
    /// down.
    pub(super) fn mouse(&self) -> [usize; 5] {
        match self {
            Self::Windows(witness) => {
                let notes = witness.notes();
                let begin = ["left ", "middle ", "right ", "wheel 1", "wheel -"];
                begin.map(|begin| notes.iter().filter(|note| note.starts_with(begin)).count())
            }
            Self::Linux(terminal) => {
                let text = terminal.text();
                let presses = |button: u32| {
                    let begin = format!("\u{1b}[<{button};");
                    let reports = text.split(&begin).skip(1);
                    reports.filter(|rest| is_press(rest)).count()
                };
                [0, 1, 2, 64, 65].map(presses)
            }
        }
    }

    /// Something in which each key can be seen: it changes its colour with each.
    pub(super) fn light(self, cast: &Cast) -> anyhow::Result<Light> {
        match self {
            Self::Windows(witness) => Ok(Light::Windows(witness)),
            Self::Linux(_terminal) => Lamp::hang(&cast.user_display, LAMP).map(Light::Linux),
        }
    }
}

/// A report ends with `M` for a press.
fn is_press(rest: &str) -> bool {
    rest.find(['M', 'm'])
        .is_some_and(|end| rest[end..].starts_with('M'))
}

/// What a terminal gets without what it tells of the mouse.
fn without_reports(text: &str) -> String {
    let mut parts = text.split("\u{1b}[<");
    let mut left = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.split_once(['M', 'm']).map(|(_, rest)| rest);
        left.push_str(rest.unwrap_or_default());
    }
    left
}

/// Shows each key by a colour of its own.
#[derive(Debug)]
pub(super) enum Light {
    Windows(Witness),
    Linux(Lamp),
}

impl Light {
    pub(super) fn place(&self) -> anyhow::Result<(u32, u32)> {
        match self {
            Self::Windows(witness) => Ok(witness.place()?.middle()),
            Self::Linux(_) => Ok(LAMP.middle()),
        }
    }

    /// How many keys it shows now.
    pub(super) fn count(&self) -> anyhow::Result<u32> {
        match self {
            Self::Windows(witness) => {
                let notes = witness.notes();
                let count = notes.iter().filter(|note| note.starts_with("char "));
                u32::try_from(count.count()).context("so many keys")
            }
            Self::Linux(lamp) => Ok(lamp.count()),
        }
    }
}

/// How many keys a light shows whose colour this is.
pub(super) fn count_of(colour: [u8; 3]) -> Option<u32> {
    lamp::count_of(colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_tells_of_the_mouse_is_no_text() {
        let told = "a\u{1b}[<0;10;20M\u{1b}[<0;10;20mè\u{1b}[<65;1;1Mb";
        assert_eq!(without_reports(told), "aèb");
        assert!(is_press("10;20Mx") && !is_press("10;20mx"));
    }
}
