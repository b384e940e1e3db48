//! Pictures of the administrator's window: light, dark and Italian, on usual and on fine pixels, with nothing
//! in it and with what a morning leaves.

use std::path::Path;

use anyhow::Context as _;
use xkeysym::key;

use super::SETTLED;
use crate::administrator::Administrator;
use crate::cast::{Cast, OPERATOR, OPERATOR_NAME, PASSWORD, Size, USER_NAME};
use crate::console::Console;
use crate::demo::{OPERATOR_SCREEN, USER_SCREEN, WALLPAPER, start_terminal};
use crate::display::Display;
use crate::look::Look;
use crate::till::Till;

/// Fits the window.
const SCREEN: Size = Size(1280, 840);

/// A permanent host.
const TILL: &str = "TILL-4";

/// What has been done before: user, problem and solution.
const MORNING: [(&str, &str, &str); 3] = [
    (
        "Lucia Conti",
        "Outlook asks for the password again and again",
        "Removed the old password from the keyring",
    ),
    (
        "Paolo De Santis",
        "The second monitor stays black",
        "Cable into the other socket, resolution set",
    ),
    (
        USER_NAME,
        "The printer does not print",
        "Paper was missing in tray 2",
    ),
];

pub(super) fn take(out: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let user_display = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
    let operator_display = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
    user_display.paint_background(WALLPAPER)?;
    let mut cast = Cast::assemble_on(user_display, operator_display, Look::LIGHT)?;
    let mut is_known = false;
    for look in Look::ALL {
        tell(&format!("Taking pictures: an empty hub, {}", look.name));
        let mut window = Window::open(&mut cast, look, out)?;
        window.add("Sign in", "sign-in")?;
        if is_known {
            window.admin.sign_in_again(&cast.hub)?;
        } else {
            window.admin.sign_in(&cast.hub)?;
            is_known = true;
        }
        window.nothing_happened()?;
    }
    tell("A morning at the help desk");
    let _colleague = morning(&mut cast)?;
    let _till = till(&mut cast)?;
    for look in Look::ALL {
        tell(&format!("Taking pictures: a hub at work, {}", look.name));
        let mut window = Window::open(&mut cast, look, out)?;
        window.admin.sign_in_again(&cast.hub)?;
        window.at_work()?;
    }
    cast.helpme.end()
}

/// Some assistances with their reports, and one that still runs; the colleague is logged in.
fn morning(cast: &mut Cast) -> anyhow::Result<(Console, Display)> {
    cast.hub.add_operator("bruno", "Bruno Verdi", PASSWORD)?;
    let display = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
    let home = cast.fresh_home("colleague")?;
    let mut colleague = Console::start(&cast.programs, &display, home, Look::LIGHT)?;
    let (address, fingerprint) = (cast.hub.address(), cast.hub.fingerprint());
    colleague.set_up_and_log_in(address, fingerprint, "bruno", PASSWORD)?;
    let terminal = start_terminal(cast)?;
    for (user, problem, solution) in MORNING {
        let ticket = cast.console.generate_ticket()?;
        cast.helpme.ask_for_help(&ticket, user)?;
        cast.console.wait_for_computer(&ticket)?;
        cast.console.choose(&ticket, "Chat")?;
        cast.session_begins(&ticket)?;
        let console = &mut cast.console.app;
        console.bring_to_front("Logged in")?;
        console.type_into("Write a message", "Hello, what can I do for you?")?;
        console.hands().tap(key::Return)?;
        std::thread::sleep(SETTLED * 3);
        cast.helpme.end()?;
        cast.console.write_report(problem, solution)?;
        cast.helpme.app.click("Use another ticket")?;
    }
    let ticket = cast.user_asks_for_help()?;
    cast.session_begins(&ticket)?;
    drop(terminal);
    Ok((colleague, display))
}

/// A computer with nobody in front.
fn till(cast: &mut Cast) -> anyhow::Result<Till> {
    cast.hub.set_up_hosts("Tills", "Retail", OPERATOR)?;
    let home = cast.fresh_home("till")?;
    Till::enrol(&cast.programs, &cast.hub, home, TILL, "Tills")
}

/// The administrator's window in one look.
struct Window<'a> {
    admin: Administrator,
    look: Look,
    out: &'a Path,
    // ends after the window on it
    _display: Display,
}

impl<'a> Window<'a> {
    fn open(cast: &mut Cast, look: Look, out: &'a Path) -> anyhow::Result<Self> {
        let scale = look.scale();
        let display = Display::start_managed(SCREEN.0 * scale, SCREEN.1 * scale)?;
        let home = cast.fresh_home("administrator")?;
        let admin = Administrator::start(&cast.programs, &display, home, look)?;
        Ok(Self {
            admin,
            look,
            out,
            _display: display,
        })
    }

    fn nothing_happened(&mut self) -> anyhow::Result<()> {
        for (section, name) in [
            ("Overview", "overview-empty"),
            ("Live", "live-empty"),
            ("Reports", "reports-empty"),
            ("Films", "films-empty"),
            ("Computers", "computers-empty"),
        ] {
            self.admin.app.click(section)?;
            self.add(section, name)?;
        }
        Ok(())
    }

    fn at_work(&mut self) -> anyhow::Result<()> {
        for (section, shows, name) in [
            ("Overview", "Today", "overview"),
            ("Live", OPERATOR_NAME, "live"),
            ("Reports", USER_NAME, "reports"),
            ("People", OPERATOR_NAME, "people"),
            ("Computers", TILL, "computers"),
            ("Audit log", "Signed in", "audit"),
            ("Settings", "Name", "settings"),
        ] {
            self.admin.app.click(section)?;
            self.admin.app.wait_for(shows)?;
            self.add(section, name)?;
        }
        let app = &mut self.admin.app;
        app.click("People")?;
        app.click("Add a person")?;
        self.add("Log-in name", "person")?;
        let app = &mut self.admin.app;
        app.hands().tap(key::Escape)?;
        app.wait_until_gone("What is typed to log in.")?;
        // the settings have a tab that is called like the section
        app.click("Overview")?;
        app.wait_for("Today")?;
        app.click("Reports")?;
        let report = app.wait_for("Lucia Conti")?.region.middle();
        app.hands().click(report)?;
        std::thread::sleep(SETTLED);
        app.hands().tap(key::Return)?;
        app.wait_for("Solution")?;
        self.add("Solution", "report")?;
        let app = &mut self.admin.app;
        app.click("Erase")?;
        self.add("Reason", "report-erase")?;
        let app = &mut self.admin.app;
        app.hands().tap(key::Escape)?;
        app.wait_until_gone("Reason")?;
        app.hands().tap(key::Escape)?;
        app.click("Totals")?;
        app.wait_for(OPERATOR_NAME)?;
        self.add("Totals", "totals")?;
        let app = &mut self.admin.app;
        app.click("Films")?;
        let film = app.wait_for("Lucia Conti")?.region.middle();
        self.add("Films", "films")?;
        let app = &mut self.admin.app;
        app.hands().click(film)?;
        std::thread::sleep(SETTLED);
        app.hands().tap(key::Return)?;
        app.wait_for("Play (Space)")?;
        app.hands().tap(key::Right)?;
        self.add("Play (Space)", "film")
    }

    /// Adds a picture of the window, which shows `label`.
    fn add(&mut self, label: &str, name: &str) -> anyhow::Result<()> {
        let app = &mut self.admin.app;
        app.uncover(label)?;
        std::thread::sleep(SETTLED);
        let path = self
            .out
            .join(format!("admin-{name}-{}.png", self.look.name));
        let picture = app.picture_of(label);
        picture
            .with_context(|| format!("no picture {name}"))?
            .save_png(&path)
    }
}
