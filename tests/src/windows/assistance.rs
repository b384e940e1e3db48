//! One assistance from ticket to report, in each direction.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use xkeysym::key;

use super::desk::{self, Desk, Light};
use crate::cast::{Cast, Computers, OPERATOR_NAME, Size};
use crate::display::Display;
use crate::hands::Hands;
use crate::picture::Region;
use crate::wine::{WindowsComputer, path_there};
use crate::{PATIENCE, wait_until};

pub(super) const USER_SCREEN: Size = Size(1024, 720);
pub(super) const OPERATOR_SCREEN: Size = Size(1440, 900);
pub(super) const WALLPAPER: u32 = 0x2f_4a_5f;
/// Both pointers rest to the right of this. Only what is left of it is compared.
const WITHOUT_POINTER: u32 = 940;
const BESIDE: (u32, u32) = (990, 690);
/// Characters of the operator's Italian keyboard, most of which the host's American one lacks.
const CHARACTERS: &str = "Perché no? è ò @ € [ ñ {1} ~ ABC";
const KEYS: usize = 40;

pub(super) fn between_linux(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    play(Computers::default(), tell)
}

pub(super) fn between_windows(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let computers = Computers {
        user: Some(WindowsComputer::fresh()?),
        operator: Some(WindowsComputer::fresh()?),
    };
    play(computers, tell)
}

pub(super) fn from_linux(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let computers = Computers {
        user: Some(WindowsComputer::fresh()?),
        operator: None,
    };
    play(computers, tell)
}

pub(super) fn to_linux(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let computers = Computers {
        user: None,
        operator: Some(WindowsComputer::fresh()?),
    };
    play(computers, tell)
}

/// The clipboard alone, both ways, again and again.
pub(super) fn pastes_between_windows(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    const ROUNDS: usize = 10;
    let mut cast = assemble(Computers {
        user: Some(WindowsComputer::fresh()?),
        operator: Some(WindowsComputer::fresh()?),
    })?;
    let ticket = cast.user_asks_for_help()?;
    let session = cast.session_begins(&ticket)?;
    // a click gives the session the keyboard
    let hands = cast.operator_display.hands()?;
    hands.click((session.x + BESIDE.0, session.y + BESIDE.1))?;
    for round in 1..=ROUNDS {
        let begun = Instant::now();
        clipboard(&cast, round).with_context(|| format!("round {round} of {ROUNDS}"))?;
        let millis = begun.elapsed().as_millis();
        tell(&format!("clipboard: both ways, round {round}, {millis} ms"));
        // Wine's own clipboard thread may sleep through a message where both ends copy within some milliseconds
        thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

/// Everybody on displays of their own, the operator with an Italian keyboard, logged in.
pub(super) fn assemble(computers: Computers) -> anyhow::Result<Cast> {
    let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
    let operator = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
    // Wine looks at the layout when it starts
    operator.set_layout("it")?;
    user.set_layout("us")?;
    user.paint_background(WALLPAPER)?;
    Cast::assemble_at(computers, user, operator)
}

fn play(computers: Computers, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let mut cast = assemble(computers)?;
    let outcome = act(&mut cast, tell);
    if outcome.is_err() {
        // for whoever looks why
        for app in [&cast.helpme.app, &cast.console.app] {
            tell(&format!("see {}", app.keep_screenshot()?.display()));
        }
    }
    outcome
}

fn act(cast: &mut Cast, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let ticket = cast.user_asks_for_help()?;
    chat(cast, &ticket).context("the chat")?;
    tell("chat: both ways");
    let begun = Instant::now();
    let session = cast.session_begins(&ticket)?;
    tell(&format!(
        "session: {:.1} s from the command to a window at rest",
        begun.elapsed().as_secs_f32()
    ));
    let mut work = Work {
        hands: cast.operator_display.hands()?,
        session,
        desk: Desk::open(cast)?,
    };
    work.takes_the_desk()?;
    work.types(cast, tell).context("typing")?;
    work.uses_the_mouse(tell).context("the mouse")?;
    work.sees_what_is_there(cast, tell).context("the picture")?;
    files(cast).context("files")?;
    tell("files: a folder, byte for byte");
    cast.console.app.bring_to_front("Remote screen")?;
    work.session = cast.console.wait_for_session()?;
    let hands = work.hands;
    let light = work.desk.light(cast)?;
    key_to_pixel(cast, &hands, work.session, &light, tell).context("key to pixel")?;
    drop(light);
    clipboard(cast, 1).context("the clipboard")?;
    tell("clipboard: both ways");
    cast.helpme.app.show_picture("End", "windows-helpme-bar")?;
    cast.console
        .app
        .show_picture("Remote screen", "windows-console-session")?;
    ends(cast, tell)
}

/// Before the session, each side writes to the other.
fn chat(cast: &mut Cast, ticket: &str) -> anyhow::Result<()> {
    cast.console.choose(ticket, "Chat")?;
    let console = &mut cast.console.app;
    console.type_into("Write a message", "What do you see?\n")?;
    let helpme = &mut cast.helpme.app;
    helpme.wait_for("What do you see?")?;
    helpme.bring_to_front("Write a message")?;
    helpme.type_into("Write a message", "A blue screen\n")?;
    console.wait_for("A blue screen").map(drop)
}

/// The operator in the session.
struct Work {
    hands: Hands,
    session: Region,
    desk: Desk,
}

impl Work {
    /// The pixel of the operator's screen that shows this one of the user's.
    fn shown(&self, (x, y): (u32, u32)) -> (u32, u32) {
        (self.session.x + x, self.session.y + y)
    }

    /// A click gives the desk the keyboard.
    fn takes_the_desk(&self) -> anyhow::Result<()> {
        let place = self.shown(self.desk.place()?);
        wait_until("the first key", PATIENCE, || {
            self.hands.click(place)?;
            thread::sleep(Duration::from_millis(400));
            self.hands.tap(key::x)?;
            thread::sleep(Duration::from_millis(600));
            Ok((!self.desk.text()?.is_empty()).then_some(()))
        })
    }

    /// Types each character alone, so that one that does not arrive spoils no other.
    fn types(&self, cast: &Cast, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        let mut wrong = Vec::new();
        for character in CHARACTERS.chars() {
            let before = self.desk.text()?;
            self.hands.type_text(&character.to_string())?;
            let arrived = wait_until("a character", Duration::from_secs(3), || {
                let text = self.desk.text()?;
                Ok(text
                    .strip_prefix(&before)
                    .filter(|new| !new.is_empty())
                    .map(str::to_owned))
            });
            // what comes late, or twice
            thread::sleep(Duration::from_millis(60));
            let text = self.desk.text()?;
            let new = text.strip_prefix(&before).unwrap_or_default();
            if arrived.is_err() || new != character.to_string() {
                wrong.push(format!("{character} as {new:?}"));
            }
        }
        if wrong.is_empty() {
            tell(&format!("typed: {CHARACTERS}"));
            return Ok(());
        }
        let wrong = wrong.join(", ");
        tell(&format!("typed: {CHARACTERS}, but {wrong}"));
        // of Wine's keyboard, and of no Windows'
        let is_wine = cast.computers.operator.is_some();
        ensure!(is_wine, "{wrong}");
        Ok(())
    }

    fn uses_the_mouse(&self, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        let place = self.shown(self.desk.place()?);
        let before = self.desk.mouse();
        self.hands.click(place)?;
        self.hands.middle_click(place)?;
        self.hands.right_click(place)?;
        self.hands.turn_wheel(-2)?;
        self.hands.turn_wheel(1)?;
        let expected = [1, 1, 1, 2, 1];
        let mut last = [0; 5];
        wait_until("clicks and turns", PATIENCE, || {
            let now = self.desk.mouse();
            last = std::array::from_fn(|kind| now[kind] - before[kind]);
            Ok((last == expected).then_some(()))
        })
        .with_context(|| format!("{last:?} in place of {expected:?}"))?;
        tell("mouse: three buttons, the wheel up and down");
        Ok(())
    }

    fn sees_what_is_there(&self, cast: &Cast, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        self.hands.point_at(self.shown(BESIDE))?;
        let mut wrong = usize::MAX;
        wait_until("the same picture", PATIENCE, || {
            let there = cast.user_display.screenshot()?.left(WITHOUT_POINTER);
            let seen = cast.console.remote_picture()?.left(WITHOUT_POINTER);
            wrong = there.differing_pixels(&seen);
            Ok((wrong == 0).then_some(()))
        })
        .with_context(|| format!("{wrong} pixels differ"))?;
        tell(&format!(
            "picture: all {} pixels equal",
            WITHOUT_POINTER * u32::from(USER_SCREEN.1)
        ));
        Ok(())
    }
}

/// `round` is in the texts: no paste of another time passes for this one's.
fn clipboard(cast: &Cast, round: usize) -> anyhow::Result<()> {
    let (user, operator) = (&cast.user_display, &cast.operator_display);
    for (from, to, text) in [
        (operator, user, format!("Perché no? € {round}")),
        (user, operator, format!("The user's answer è {round}")),
    ] {
        let text = text.as_str();
        from.put_on_clipboard(text)?;
        let mut last = None;
        wait_until("the clipboard", PATIENCE, || {
            last = to.clipboard()?;
            Ok((last.as_deref() == Some(text)).then_some(()))
        })
        .with_context(|| {
            let kinds = [from, to].map(Display::kinds_on_clipboard);
            format!("{last:?} in place of {text:?}; copied and pasted as {kinds:?}")
        })?;
    }
    Ok(())
}

fn files(cast: &mut Cast) -> anyhow::Result<()> {
    let photos = cast.folder().join("Photos");
    fs::create_dir_all(photos.join("Lago"))?;
    let bytes: Vec<u8> = (0..700_000_u32)
        .map(|n| (n.wrapping_mul(n) % 251) as u8)
        .collect();
    let names = ["Lago/one.jpg", "Lago/two.jpg", "three.txt"];
    for (name, length) in names.into_iter().zip([700_000, 0, 12_345]) {
        fs::write(photos.join(name), &bytes[..length])?;
    }
    let path = if cast.computers.operator.is_some() {
        path_there(&photos)
    } else {
        photos.display().to_string()
    };
    let console = &mut cast.console;
    console.choose_in_session("Session menu", "Send files")?;
    console.app.paste_into("File or folder", &path)?;
    thread::sleep(Duration::from_millis(400));
    console.app.click("Send")?;
    let sent = |label: &str| label.starts_with("Sent · 3 files");
    console.app.wait_for_matching("sent", sent)?;
    let arrived = cast.helpme.app.home().profile();
    let arrived = arrived.join("helpme/Downloads/Photos");
    for name in names {
        let same = fs::read(photos.join(name))? == fs::read(arrived.join(name))?;
        ensure!(same, "{name} is another");
    }
    cast.console.app.click("Close")?;
    cast.console.app.wait_until_gone("File or folder")
}

/// What is at this pixel of the operator's screen.
fn count_seen(display: &Display, (x, y): (u32, u32)) -> anyhow::Result<Option<u32>> {
    let pixel = Region {
        x,
        y,
        width: 1,
        height: 1,
    };
    Ok(desk::count_of(display.screenshot_of(pixel)?.at(0, 0)))
}

/// From the key at the operator's until its pixels are on the operator's screen.
fn key_to_pixel(
    cast: &Cast,
    hands: &Hands,
    session: Region,
    light: &Light,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    const LOOK: Duration = Duration::from_micros(300);
    let display = &cast.operator_display;
    let (x, y) = light.place()?;
    let place = (session.x + x, session.y + y);
    // the pointer is drawn over what is under it
    let looked_at = (place.0 + 40, place.1 + 40);
    let before = light.count()?;
    wait_until("the first key", PATIENCE, || {
        hands.click(place)?;
        hands.tap(key::x)?;
        thread::sleep(Duration::from_millis(600));
        Ok((light.count()? > before).then_some(()))
    })?;
    let mut took = Vec::new();
    let quick = display.hands()?.with_pace(Duration::ZERO);
    for number in 0..KEYS {
        // all that was is shown
        let count = wait_until("rest", PATIENCE, || {
            let count = light.count()?;
            thread::sleep(Duration::from_millis(40));
            Ok((count_seen(display, looked_at)? == Some(count)).then_some(count))
        })?;
        thread::sleep(Duration::from_millis(u64::try_from(
            60 + 11 * (number % 9),
        )?));
        let pressed = Instant::now();
        quick.tap(key::x)?;
        while count_seen(display, looked_at)? != Some(count + 1) {
            ensure!(pressed.elapsed() < PATIENCE, "key {number} is lost");
            thread::sleep(LOOK);
        }
        took.push(pressed.elapsed());
    }
    took.sort_unstable();
    let at = |part: usize| took[(took.len() * part / 100).min(took.len() - 1)];
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    tell(&format!(
        "key to pixel: p50 {:.0} ms, p95 {:.0} ms, {KEYS} keys",
        millis(at(50)),
        millis(at(95))
    ));
    Ok(())
}

/// The user ends it; report and film are the hub's.
fn ends(cast: &mut Cast, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    cast.helpme.end()?;
    cast.console
        .write_report("The screen is blue", "It is a wallpaper")?;
    let reports = cast.hub.reports()?;
    let report = reports.first().context("the hub has no report")?;
    ensure!(report["finished"] == true, "not finished: {report}");
    let film = cast.hub.films()?.pop().context("the hub has no film")?;
    cast.hub.verify_film(film.id)?;
    let told = cast.hub.timeline(film.id)?;
    let sentence = format!("files from {OPERATOR_NAME}");
    ensure!(told.contains(&sentence), "{sentence:?} is not in {told}");
    let video = cast.folder().join("film.mp4");
    cast.hub.export_film(film.id, &video)?;
    let bytes = fs::metadata(&video)?.len();
    cast.hub.verify_audit()?;
    tell(&format!(
        "report finished, film verified, its video {bytes} bytes"
    ));
    Ok(())
}
