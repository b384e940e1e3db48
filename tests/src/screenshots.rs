//! Pictures of every window, for the README and for critical eyes.

mod administration;
mod help_desk;
mod unattended;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use xkeysym::key;

use crate::app::App;
use crate::board::{Board, colours, photo};
use crate::cast::{Cast, USER_NAME};
use crate::colleague::Colleague;
use crate::demo::{OPERATOR_SCREEN, USER_SCREEN, WALLPAPER, start_terminal};
use crate::display::Display;
use crate::look::Look;
use crate::picture::Region;
use crate::running::Running;

/// Windows fade in and pictures settle.
const SETTLED: Duration = Duration::from_millis(700);

/// Plays an assistance in every look and leaves a picture of each window in `out`.
///
/// # Errors
///
/// The first window that did not come.
pub fn take(out: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    take_administration(out, tell)?;
    for look in [Look::LIGHT, Look::DARK, Look::ITALIAN] {
        tell(&format!("Taking pictures: {}", look.name));
        Album { out, look }
            .fill()
            .with_context(|| format!("pictures of the look {}", look.name))?;
    }
    take_help_desk(out, tell)?;
    tell("Taking pictures: colour depths and image sizes");
    take_qualities(out).context("pictures of colour depths and image sizes")
}

/// The pictures of the administrator's window alone, on usual and on fine pixels, empty and full.
///
/// # Errors
///
/// As [`take`].
pub fn take_administration(out: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    administration::take(out, tell).context("pictures of the administration")
}

/// What users see, the proxies and the connection doctor alone, on usual and on fine pixels.
///
/// # Errors
///
/// As [`take`].
pub fn take_help_desk(out: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    for look in Look::ALL {
        tell(&format!("Taking pictures: the help desk, {}", look.name));
        let album = Album { out, look };
        album
            .help_desk()
            .with_context(|| format!("pictures of the help desk, {}", look.name))?;
    }
    Ok(())
}

/// The part of the user's screen that is shown at every depth and size: text, a photo, all colours.
const DETAIL: Region = Region {
    x: 500,
    y: 330,
    width: 500,
    height: 320,
};

/// Whose help desk it is.
const ORGANISATION: &str = "Comune di Prova";

/// What is read in it.
const LETTER: &str = r"
printf 'Dear Mr Rossi,\n\nthe printer on the \e[34mfirst floor\e[m is\n'
printf 'out of paper. Tray 2 takes A4 of\n\e[1m80 g/m2\e[m only.\n\n'
printf '\e[31m-  let tray = 1; // for now\e[m\n'
printf '\e[32m+  let tray = tray_of(page.size);\e[m\n\n'
printf '\e[7m Illegible? 0O 1lI rn m ,. ;: \e[m\n\n'
printf '\e[90mPage 1 of 1 - 27/11/2026\e[m\n'
sleep 600";

/// Plays one session and leaves a picture of the same part of the screen at each depth and size.
fn take_qualities(out: &Path) -> anyhow::Result<()> {
    /// What was coarse is exact by then.
    const EXACT: Duration = Duration::from_secs(3);
    let user_display = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
    let operator_display = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
    user_display.paint_background(WALLPAPER)?;
    let right = DETAIL.x + 310;
    let _photo = Board::hang(&user_display, &photo(180, 150), (right, DETAIL.y + 10))?;
    let _colours = Board::hang(&user_display, &colours(180, 140), (right, DETAIL.y + 170))?;
    let mut cast = Cast::assemble_on(user_display, operator_display, Look::LIGHT)?;
    let mut terminal = Command::new("xterm");
    let place = format!("33x17+{}+{}", DETAIL.x + 6, DETAIL.y + 6);
    terminal
        .args([
            "-geometry",
            &place,
            "-fa",
            "Monospace",
            "-fs",
            "9",
            "-T",
            "Letter",
        ])
        .args(["-e", "bash", "-c", LETTER])
        .env("DISPLAY", cast.user_display.name())
        .env("LC_ALL", "C.UTF-8");
    let _terminal = Running::start("xterm", &mut terminal, &cast.folder().join("xterm.log"))?;
    let ticket = cast.user_asks_for_help()?;
    let session = cast.session_begins(&ticket)?;

    let take = |cast: &Cast, percent: u32, name: &str| {
        // away from what is looked at
        let corner = (
            session.x + session.width - 20,
            session.y + session.height - 20,
        );
        cast.console.app.hands().point_at(corner)?;
        std::thread::sleep(EXACT);
        let shown =
            |start: u32, whole: u32| (whole - whole * percent / 100) / 2 + start * percent / 100;
        let part = Region {
            x: shown(DETAIL.x, session.width),
            y: shown(DETAIL.y, session.height),
            width: DETAIL.width * percent / 100,
            height: DETAIL.height * percent / 100,
        };
        let path = out.join(format!("{name}.png"));
        cast.console.remote_picture()?.part(part).save_png(&path)
    };
    for (depth, name) in [
        ("Gray (16 levels)", "depth-gray"),
        ("8 bit (256 colors)", "depth-8-bit"),
        ("15 bit (32 768 colors)", "depth-15-bit"),
        ("True color", "depth-true"),
        ("Lossless", "depth-lossless"),
    ] {
        cast.console.choose_in_session("Color depth", depth)?;
        take(&cast, 100, name)?;
    }
    for percent in [75, 50, 25] {
        cast.console
            .choose_in_session("Image size", &format!("{percent} %"))?;
        take(&cast, percent, &format!("size-{percent}"))?;
    }
    cast.helpme.end()
}

/// The pictures of one look.
struct Album<'a> {
    out: &'a Path,
    look: Look,
}

impl Album<'_> {
    fn fill(&self) -> anyhow::Result<()> {
        let user_display = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
        let operator_display = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
        user_display.paint_background(WALLPAPER)?;
        operator_display.paint_background(WALLPAPER)?;
        let mut cast = Cast::before_log_in(user_display, operator_display, self.look)?;
        cast.hub.name_organisation(ORGANISATION)?;
        cast.console.app.wait_for("Log into the service")?;
        self.add(
            &mut cast.console.app,
            "Log into the service",
            "console-log-in",
        )?;
        cast.log_in()?;
        let _terminal = start_terminal(&cast)?;

        let ticket = cast.console.generate_ticket()?;
        cast.helpme.ask_for_help(&ticket, USER_NAME)?;
        cast.console.wait_for_computer(&ticket)?;
        self.add(&mut cast.helpme.app, "Use another ticket", "helpme-waiting")?;
        self.add(&mut cast.console.app, "Logged in", "console")?;
        cast.console.app.click("Settings")?;
        cast.console.app.wait_for("Cancel")?;
        self.add(&mut cast.console.app, "Logged in", "console-settings")?;
        cast.console.app.click("Cancel")?;
        cast.console.app.wait_until_gone("Cancel")?;

        cast.console.choose(&ticket, "Chat")?;
        let app = &mut cast.console.app;
        app.type_into("Write a message", "Hello Mario, what can I do for you?")?;
        app.hands().tap(key::Return)?;
        self.add(&mut cast.console.app, "Logged in", "console-chat")?;

        cast.console.choose(&ticket, "Remote Session")?;
        cast.helpme.app.wait_until_usable("Allow")?;
        cast.helpme.allow()?;
        cast.helpme.wait_for_bar()?;
        let session = cast.console.wait_for_session()?;
        let hands = cast.operator_display.hands()?;
        hands.click((
            session.x + session.width / 3,
            session.y + session.height / 2,
        ))?;
        hands.type_text("seq 9")?;
        hands.tap(key::Return)?;
        self.add(&mut cast.console.app, "Remote screen", "session")?;
        cast.console
            .app
            .click("Mark this moment (Ctrl+Alt+Shift+M)")?;
        self.add(&mut cast.console.app, "Mark", "session-mark")?;
        cast.console.app.click("Cancel")?;
        self.pause(&mut cast)?;
        self.look_at_system(&mut cast)?;
        self.bring_in_a_colleague(&mut cast)?;
        cast.helpme.end()?;
        cast.helpme.app.wait_for("Use another ticket")?;
        self.add(&mut cast.helpme.app, "Use another ticket", "helpme-ended")?;
        cast.console.app.click("Write the report")?;
        cast.console
            .app
            .type_into("Problem", "The printer does not print")?;
        self.add(&mut cast.console.app, "Finish the report", "report")
    }

    /// The user pauses, and goes on.
    fn pause(&self, cast: &mut Cast) -> anyhow::Result<()> {
        const PAUSED: &str = "Paused by the user";
        cast.helpme.app.click("Pause")?;
        cast.console.app.wait_for(PAUSED)?;
        self.add(&mut cast.console.app, PAUSED, "session-paused")?;
        self.add(&mut cast.helpme.app, "Go on", "helpme-paused")?;
        cast.helpme.app.click("Go on")?;
        cast.console.app.wait_until_gone(PAUSED)
    }

    /// The operator asks what computer it is (S2).
    fn look_at_system(&self, cast: &mut Cast) -> anyhow::Result<()> {
        const INTO_REPORT: &str = "Put into the report";
        let console = &mut cast.console.app;
        console.click("Session menu")?;
        console.click_in_menu("System information")?;
        cast.helpme.app.wait_until_usable("Send it")?;
        self.add(&mut cast.helpme.app, "Send it", "helpme-system")?;
        cast.helpme.app.click("Send it")?;
        let console = &mut cast.console.app;
        console.wait_for(INTO_REPORT)?;
        self.add(console, INTO_REPORT, "session-system")?;
        console.click("Close")?;
        console.wait_until_gone(INTO_REPORT)
    }

    /// A second operator joins the session (O11).
    fn bring_in_a_colleague(&self, cast: &mut Cast) -> anyhow::Result<()> {
        let mut colleague = Colleague::arrive(cast, OPERATOR_SCREEN)?;
        colleague.is_told(&mut cast.console.app)?;
        self.add(&mut cast.console.app, "Bring in", "session-bring-in")?;
        colleague.asks(&mut cast.console.app)?;
        cast.helpme.app.wait_until_usable("Allow")?;
        self.add(&mut cast.helpme.app, "Allow", "helpme-joins")?;
        cast.helpme.allow()?;
        colleague.console.wait_for_session()?;
        cast.helpme.app.click("Who is here")?;
        let away = "Send Bruno Verdi away";
        cast.helpme.app.wait_until_usable(away)?;
        self.add(&mut cast.helpme.app, away, "helpme-operators")?;
        cast.helpme.app.click("Who is here")?;
        cast.helpme.app.wait_until_gone(away)?;
        self.add(
            &mut colleague.console.app,
            "Remote screen",
            "session-shared",
        )
    }

    /// Adds a picture of the window of `app` that shows `label`.
    fn add(&self, app: &mut App, label: &str, name: &str) -> anyhow::Result<()> {
        app.uncover(label)?;
        std::thread::sleep(SETTLED);
        let path = self.out.join(format!("{name}-{}.png", self.look.name));
        app.picture_of(label)?.save_png(&path)
    }
}
