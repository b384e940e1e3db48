//! Pictures of every window, for the README and for critical eyes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use xkeysym::key;

use crate::app::App;
use crate::cast::{Cast, USER_NAME};
use crate::demo::{OPERATOR_SCREEN, USER_SCREEN, WALLPAPER, start_terminal};
use crate::display::Display;
use crate::look::Look;

/// Windows fade in and pictures settle.
const SETTLED: Duration = Duration::from_millis(700);

/// Plays an assistance in every look and leaves a picture of each window in `out`.
///
/// # Errors
///
/// The first window that did not come.
pub fn take(out: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    for look in [Look::LIGHT, Look::DARK, Look::ITALIAN] {
        tell(&format!("Taking pictures: {}", look.name));
        Album { out, look }
            .fill()
            .with_context(|| format!("pictures of the look {}", look.name))?;
    }
    Ok(())
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
        cast.console.app.wait_for("Log into the service")?;
        self.add(&cast.console.app, "Log into the service", "console-log-in")?;
        cast.log_in()?;
        let _terminal = start_terminal(&cast)?;

        let ticket = cast.console.generate_ticket()?;
        cast.helpme.enter(&ticket, USER_NAME)?;
        self.add(&cast.helpme.app, "Your name", "helpme")?;
        cast.helpme.app.click("Helpme")?;
        cast.console.wait_for_computer(&ticket)?;
        self.add(&cast.helpme.app, "Use another ticket", "helpme-waiting")?;
        self.add(&cast.console.app, "Logged in", "console")?;
        cast.console.app.click("Settings")?;
        cast.console.app.wait_for("Cancel")?;
        self.add(&cast.console.app, "Logged in", "console-settings")?;
        cast.console.app.click("Cancel")?;
        cast.console.app.wait_until_gone("Cancel")?;

        cast.console.choose(&ticket, "Chat")?;
        let app = &mut cast.console.app;
        app.type_into("Write a message", "Hello Mario, what can I do for you?")?;
        app.hands().tap(key::Return)?;
        self.add(&cast.console.app, "Logged in", "console-chat")?;

        cast.console.choose(&ticket, "Remote Session")?;
        cast.helpme.app.wait_until_usable("Allow")?;
        self.add(&cast.helpme.app, "Allow", "helpme-consent")?;
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
        self.add(&cast.console.app, "Remote screen", "session")?;
        self.add(&cast.helpme.app, "End", "helpme-bar")?;
        cast.helpme.end()?;
        cast.helpme.app.wait_for("Use another ticket")?;
        self.add(&cast.helpme.app, "Use another ticket", "helpme-ended")?;
        cast.console.app.click("Write the report")?;
        cast.console
            .app
            .type_into("Problem", "The printer does not print")?;
        self.add(&cast.console.app, "Finish the report", "report")
    }

    /// Adds a picture of the window of `app` that shows `label`.
    fn add(&self, app: &App, label: &str, name: &str) -> anyhow::Result<()> {
        std::thread::sleep(SETTLED);
        let path = self.out.join(format!("{name}-{}.png", self.look.name));
        app.picture_of(label)?.save_png(&path)
    }
}
