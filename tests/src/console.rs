//! The operator at the console.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use xkeysym::key;

use crate::app::{App, PATIENCE};
use crate::display::Display;
use crate::look::Look;
use crate::picture::{Picture, Region};
use crate::programs::{Home, Programs};
use crate::running::wait_until;

/// The console, and what an operator does with it.
#[derive(Debug)]
pub struct Console {
    pub app: App,
}

impl Console {
    /// Starts the console on `display` with the settings in `home`.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start(
        programs: &Programs,
        display: &Display,
        home: Home,
        look: Look,
    ) -> anyhow::Result<Self> {
        let mut command = home.windowed(programs.path("pure-help-desk"), display.name());
        command.env("WINIT_X11_SCALE_FACTOR", look.pixels);
        let app = App::start("pure-help-desk", &mut command, home, display, look)?;
        Ok(Self { app })
    }

    /// Starts the console in the file `program`, with the settings that it has where it is installed.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start_as_installed(
        program: &Path,
        display: &Display,
        home: Home,
        look: Look,
    ) -> anyhow::Result<Self> {
        let home = home.with_installed_programs();
        let mut command = home.windowed(program, display.name());
        let app = App::start("pure-help-desk", &mut command, home, display, look)?;
        Ok(Self { app })
    }

    /// The first log-in: the hub's address and fingerprint, user name and password are typed.
    ///
    /// # Errors
    ///
    /// If the console does not show that it is logged in.
    pub fn set_up_and_log_in(
        &mut self,
        address: SocketAddr,
        fingerprint: &str,
        name: &str,
        password: &str,
    ) -> anyhow::Result<()> {
        self.app
            .type_into("Server address", &address.ip().to_string())?;
        self.app.type_into("Port", &address.port().to_string())?;
        self.app.type_into("Fingerprint of the hub", fingerprint)?;
        self.app.type_into("User name", name)?;
        self.app.type_into("Password", password)?;
        self.app.click("Remember password")?;
        self.app.click("Connect on start up")?;
        self.app.click("Log into the service")?;
        self.wait_until_logged_in()
    }

    /// Waits for the status bar (O5).
    ///
    /// # Errors
    ///
    /// If it does not say so in time.
    pub fn wait_until_logged_in(&mut self) -> anyhow::Result<()> {
        self.app.wait_for("Logged in").map(drop)
    }

    /// Makes a ticket with Ctrl+G, copies the text for the user, and reads the number in it (O6).
    ///
    /// # Errors
    ///
    /// If there is no ticket on the clipboard in time.
    pub fn generate_ticket(&mut self) -> anyhow::Result<String> {
        let before = self
            .app
            .eyes()
            .clipboard()?
            .and_then(|text| ticket_in(&text));
        let mut asked: Option<Instant> = None;
        wait_until("a ticket on the clipboard", PATIENCE, || {
            // the window of a session opens when its first picture is there, in front of this one and with the
            // keyboard: keys and clicks are its host's from then on
            let window = self.app.window_of("Logged in")?;
            if window.is_none_or(|window| !window.focused) {
                self.app.bring_to_front("Logged in")?;
            }
            if asked.is_none_or(|asked| asked.elapsed() > Duration::from_secs(4)) {
                self.app.hands().chord(&[key::Control_L, key::g])?;
                asked = Some(Instant::now());
            }
            std::thread::sleep(Duration::from_millis(300));
            self.app.click_if_there("Copy")?;
            std::thread::sleep(Duration::from_millis(200));
            let now = self.app.eyes().clipboard()?;
            let now = now.and_then(|text| ticket_in(&text));
            Ok(if now == before { None } else { now })
        })
    }

    /// Waits until the computer that came with `ticket` is in the list (O7).
    ///
    /// # Errors
    ///
    /// If it does not appear in time.
    pub fn wait_for_computer(&mut self, ticket: &str) -> anyhow::Result<Region> {
        let found = self.app.wait_for_matching(ticket, |label| {
            label.contains(ticket) && label.contains('–')
        })?;
        Ok(found.region)
    }

    /// Chooses `command` in the menu of the computer that came with `ticket` (O9).
    ///
    /// # Errors
    ///
    /// If row or command are not there in time.
    pub fn choose(&mut self, ticket: &str, command: &str) -> anyhow::Result<()> {
        // the row changes when its computer's state does; a press in that moment opens nothing
        const TRIES: usize = 3;
        self.app.bring_to_front("Logged in")?;
        for _ in 0..TRIES {
            let row = self.wait_for_computer(ticket)?;
            self.app.hands().right_click(row.middle())?;
            if self.app.menu_opens(command)? {
                break;
            }
        }
        self.app.click_in_menu(command)
    }

    /// Where the remote screen is, once the session's window shows it, has the keyboard and has
    /// found its place.
    ///
    /// # Errors
    ///
    /// If it does not appear in time.
    pub fn wait_for_session(&mut self) -> anyhow::Result<Region> {
        const AT_REST: Duration = Duration::from_millis(600);
        let mut since = Instant::now();
        let mut before = None;
        wait_until("the session's window", PATIENCE, || {
            self.app.running().check_alive()?;
            let now = self.app.find("Remote screen")?.map(|found| found.region);
            let focused = self.app.window_of("Remote screen")?;
            let focused = focused.is_some_and(|window| window.focused);
            if now != before || !focused {
                before = now;
                since = Instant::now();
            }
            Ok(now.filter(|_| since.elapsed() >= AT_REST))
        })
    }

    /// Chooses `item` in the menu of the session window's tool `tool`, and waits until the menu has
    /// closed (S2).
    ///
    /// # Errors
    ///
    /// If tool or item are not there in time.
    pub fn choose_in_session(&mut self, tool: &str, item: &str) -> anyhow::Result<()> {
        self.app.click(tool)?;
        self.app.click_in_menu(item)?;
        self.app.wait_until_gone(item)
    }

    /// What the operator sees of the remote screen.
    ///
    /// # Errors
    ///
    /// If no session's window is open.
    pub fn remote_picture(&self) -> anyhow::Result<Picture> {
        let found = self.app.find("Remote screen")?;
        let region = found.context("no session's window is open")?.region;
        self.app.eyes().screenshot_of(region)
    }

    /// Ends the session that runs.
    ///
    /// # Errors
    ///
    /// If the button is not there in time.
    pub fn end_session(&mut self) -> anyhow::Result<()> {
        self.app.click("End")
    }

    /// Leaves a session that is over or can only be ended from here, and puts its report off.
    ///
    /// # Errors
    ///
    /// If its windows are still there after a long while.
    pub fn leave_session(&mut self) -> anyhow::Result<()> {
        const QUIET: Duration = Duration::from_millis(1_500);
        let mut quiet_since = Instant::now();
        wait_until("the end of the session", PATIENCE, || {
            self.app.running().check_alive()?;
            let mut done = true;
            for label in ["Write the report", "Finish later"] {
                if self.app.click_if_there(label)? {
                    done = false;
                    std::thread::sleep(Duration::from_millis(300));
                }
            }
            if self.app.shows("Remote screen")? {
                done = false;
                self.app.click_if_there("End")?;
                std::thread::sleep(Duration::from_millis(300));
            }
            if !done {
                quiet_since = Instant::now();
            }
            Ok((quiet_since.elapsed() > QUIET).then_some(()))
        })
    }

    /// Fills in the report that opened by itself and finishes it (D1).
    ///
    /// # Errors
    ///
    /// If the report does not open, or is not taken.
    pub fn write_report(&mut self, problem: &str, solution: &str) -> anyhow::Result<()> {
        self.app.click("Write the report")?;
        self.app.type_into("Problem", problem)?;
        self.app.type_into("Solution", solution)?;
        self.app.click("Finish the report")?;
        self.app.wait_until_gone("Finish the report")
    }
}

/// The ticket in a text for the user: groups of three, three and four digits.
pub fn ticket_in(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).collect();
    let groups = words
        .windows(3)
        .find(|groups| groups.iter().map(|group| group.len()).eq([3, 3, 4]))?;
    Some(groups.join(" "))
}

/// Fails if `ticket` is none.
///
/// # Errors
///
/// If it is not ten digits in groups of three, three and four.
pub fn check_ticket(ticket: &str) -> anyhow::Result<()> {
    ensure!(
        ticket_in(ticket).as_deref() == Some(ticket),
        "{ticket:?} is no ticket"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticket_is_found_in_the_text_for_the_user() {
        let text = "Hello,\n\nopen https://10.0.0.1:4343\nYour ticket is 482 913 0571\n";
        assert_eq!(ticket_in(text).as_deref(), Some("482 913 0571"));
        assert_eq!(ticket_in("12 345 678"), None);
    }
}
