//! `kill -9` of each program in the middle of a session between two computers with Windows: no key stays down at
//! the user's, the film verifies, the draft of the report is there. `PurePC` is killed where it is installed
//! ([`super::service`]).

use anyhow::{Context as _, ensure};
use xkeysym::key;

use super::assistance::assemble;
use super::desk::Desk;
use crate::cast::{Cast, Computers};
use crate::wine::{WindowsComputer, Witness};
use crate::{PATIENCE, wait_until};

/// Shift, as Windows numbers keys.
const DOWN: &str = "down 10";
const UP: &str = "up 10";

#[derive(Debug, Clone, Copy)]
enum Killed {
    Helpme,
    Console,
    Hub,
}

pub(super) fn play(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let computers = Computers {
        user: Some(WindowsComputer::fresh()?),
        operator: Some(WindowsComputer::fresh()?),
    };
    let mut cast = assemble(computers)?;
    let Desk::Windows(witness) = Desk::open(&cast)? else {
        anyhow::bail!("the user has Windows");
    };
    for killed in [Killed::Helpme, Killed::Console, Killed::Hub] {
        let outcome = kill(&mut cast, &witness, killed);
        if outcome.is_err() {
            for app in [&cast.helpme.app, &cast.console.app] {
                tell(&format!("see {}", app.keep_screenshot()?.display()));
            }
        }
        outcome.with_context(|| format!("{killed:?} killed"))?;
        tell(&format!(
            "{killed:?} killed: no key stays down, film and draft are there"
        ));
    }
    Ok(())
}

/// Waits until Shift is down, or up again, where the witness is.
pub(super) fn wait_for_shift(witness: &Witness, is_down: bool) -> anyhow::Result<()> {
    let wanted = if is_down { DOWN } else { UP };
    wait_until(&format!("{wanted} at the user's"), PATIENCE, || {
        let notes = witness.notes();
        let last = notes.iter().rev().find(|note| *note == DOWN || *note == UP);
        Ok(last.is_some_and(|last| last == wanted).then_some(()))
    })
}

fn kill(cast: &mut Cast, witness: &Witness, killed: Killed) -> anyhow::Result<()> {
    let ticket = cast.user_asks_for_help()?;
    let session = cast.session_begins(&ticket)?;
    let hands = cast.operator_display.hands()?;
    let (x, y) = witness.place()?.middle();
    let before = witness.notes().len();
    wait_until("the keyboard at the user's", PATIENCE, || {
        hands.click((session.x + x, session.y + y))?;
        hands.tap(key::x)?;
        std::thread::sleep(std::time::Duration::from_millis(600));
        let notes = witness.notes();
        let new = notes.get(before..).unwrap_or_default();
        Ok(new
            .iter()
            .any(|note| note.starts_with("char"))
            .then_some(()))
    })?;
    hands.press(key::Shift_L)?;
    wait_for_shift(witness, true)?;
    match killed {
        Killed::Helpme => cast.helpme.app.running().kill_now()?,
        Killed::Console => cast.console.app.running().kill_now()?,
        Killed::Hub => cast.hub.running()?.kill_now()?,
    }
    let up = wait_for_shift(witness, false);
    hands.release(key::Shift_L)?;
    up?;
    match killed {
        Killed::Helpme => {
            cast.console.leave_session()?;
            cast.start_helpme_again()?;
        }
        Killed::Console => {
            cast.start_console_again()?;
            cast.helpme.leave()?;
        }
        Killed::Hub => {
            cast.hub.start_again()?;
            cast.console.leave_session()?;
            cast.helpme.leave()?;
            cast.console.wait_until_logged_in()?;
        }
    }
    let films = cast.hub.films()?;
    let film = films.first().context("the hub has no film")?;
    cast.hub.verify_film(film.id)?;
    cast.hub
        .export_film(film.id, &cast.folder().join("film.mp4"))?;
    cast.hub.verify_audit()?;
    wait_until("the report's draft", PATIENCE, || {
        let reports = cast.hub.reports()?;
        let mut reports = reports.iter();
        let draft = reports.find(|report| report["session"] == film.id);
        Ok(draft.map(|draft| draft["finished"] == false))
    })
    .and_then(|is_draft| {
        ensure!(is_draft, "it is finished");
        Ok(())
    })
}
