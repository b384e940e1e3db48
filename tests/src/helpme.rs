//! The user at Helpme.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::app::{App, PATIENCE};
use crate::display::Display;
use crate::look::Look;
use crate::programs::{Home, Programs};
use crate::running::wait_until;

/// Helpme, and what a user does with it.
#[derive(Debug)]
pub struct Helpme {
    pub app: App,
}

impl Helpme {
    /// Starts Helpme on `display`, set up for the hub at this address with this fingerprint.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start(
        programs: &Programs,
        display: &Display,
        home: Home,
        (hub, fingerprint): (SocketAddr, &str),
        look: Look,
    ) -> anyhow::Result<Self> {
        /// Narrower displays have usual pixels, whatever the operator's has.
        const FINE_FROM: u32 = 1800;
        let mut command = home.windowed(programs.path("helpme"), display.name());
        command
            .args(["--hub", &hub.to_string()])
            .args(["--fingerprint", fingerprint]);
        if display.width() >= FINE_FROM {
            command.env("WINIT_X11_SCALE_FACTOR", look.pixels);
        }
        let app = App::start("helpme", &mut command, home, display, look)?;
        Ok(Self { app })
    }

    /// Starts the Helpme in the file `program`, with whatever set-up lies beside it.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start_as_set_up(
        program: &Path,
        display: &Display,
        home: Home,
        look: Look,
    ) -> anyhow::Result<Self> {
        let mut command = home.windowed(program, display.name());
        let app = App::start("helpme", &mut command, home, display, look)?;
        Ok(Self { app })
    }

    /// Types the ticket and the name and presses **Helpme** (H4).
    ///
    /// # Errors
    ///
    /// If the form is not there in time.
    pub fn ask_for_help(&mut self, ticket: &str, name: &str) -> anyhow::Result<()> {
        self.enter(ticket, name)?;
        self.app.click("Helpme")
    }

    /// Types the ticket and the name.
    ///
    /// # Errors
    ///
    /// If the form is not there in time.
    pub fn enter(&mut self, ticket: &str, name: &str) -> anyhow::Result<()> {
        let digits: String = ticket.chars().filter(char::is_ascii_digit).collect();
        self.app.bring_to_front("Your name")?;
        self.app.type_into("Ticket", &digits)?;
        self.app.type_into("Your name", name)
    }

    /// Allows what the operator asks for (H5).
    ///
    /// # Errors
    ///
    /// If no question comes in time.
    pub fn allow(&mut self) -> anyhow::Result<()> {
        self.app.bring_to_front("Allow")?;
        self.app.click("Allow")
    }

    /// Whether the operator's question comes within five seconds.
    ///
    /// # Errors
    ///
    /// If Helpme ended.
    pub fn is_asked(&mut self) -> anyhow::Result<bool> {
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            self.app.running().check_alive()?;
            if self.app.shows("Allow")? {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(false)
    }

    /// Refuses what the operator asks for.
    ///
    /// # Errors
    ///
    /// If no question comes in time.
    pub fn refuse(&mut self) -> anyhow::Result<()> {
        self.app.bring_to_front("Refuse")?;
        self.app.click("Refuse")
    }

    /// Waits for the bar that is there while somebody sees the screen (H6).
    ///
    /// # Errors
    ///
    /// If it does not come in time.
    pub fn wait_for_bar(&mut self) -> anyhow::Result<()> {
        self.app.wait_for("End").map(drop)
    }

    /// Presses **End**.
    ///
    /// # Errors
    ///
    /// If the bar is not there in time.
    pub fn end(&mut self) -> anyhow::Result<()> {
        self.app.click("End")
    }

    /// Waits until nobody sees the screen any more, and goes back to the ticket's form.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub fn leave(&mut self) -> anyhow::Result<()> {
        wait_until("the ticket's form", PATIENCE, || {
            self.app.running().check_alive()?;
            if self.app.click_if_there("Use another ticket")? {
                std::thread::sleep(Duration::from_millis(300));
            }
            Ok(self.app.shows("Your name")?.then_some(()))
        })
    }
}
