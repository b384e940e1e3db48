//! The administrator at their window.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use xkeysym::key;

use crate::app::App;
use crate::display::Display;
use crate::hub::Hub;
use crate::look::Look;
use crate::programs::{Home, Programs};

/// What the administrator signs in with.
pub const ADMINISTRATOR: &str = "chiara";
/// What the administrator is called on the screen.
pub const ADMINISTRATOR_NAME: &str = "Chiara Neri";
/// What stands before the path of a file that the window made.
const SAVED: &str = "Saved as ";
const PASSWORD: &str = "battery staple 9";

/// The administrator's window, and what is done in it.
#[derive(Debug)]
pub struct Administrator {
    pub app: App,
}

impl Administrator {
    /// Starts the window on `display` with the settings in `home`.
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
        let mut command = home.windowed(programs.path("hub-admin"), display.name());
        command.env("WINIT_X11_SCALE_FACTOR", look.pixels);
        let app = App::start("hub-admin", &mut command, home, display, look)?;
        Ok(Self { app })
    }

    /// Takes the invitation that the hub left at its first start, and chooses a password.
    ///
    /// # Errors
    ///
    /// If there is none, or the window does not show the overview in time.
    pub fn accept_invitation(&mut self, hub: &Hub) -> anyhow::Result<()> {
        let file = hub.data().join("administrator-invitation.txt");
        let invitation = std::fs::read_to_string(&file)
            .with_context(|| format!("no invitation in {}", file.display()))?;
        self.app.paste_into("Invitation", &invitation)?;
        self.app.type_into("Choose a password", PASSWORD)?;
        self.app.click("Sign in")?;
        self.app.wait_for("Today").map(drop)
    }

    /// Makes the administrator's account at `hub` and signs in with it: everything is typed.
    ///
    /// # Errors
    ///
    /// If the window does not show the overview in time.
    pub fn sign_in(&mut self, hub: &Hub) -> anyhow::Result<()> {
        hub.add_administrator(ADMINISTRATOR, ADMINISTRATOR_NAME, PASSWORD)?;
        self.sign_in_again(hub)
    }

    /// Signs in with the account that [`Administrator::sign_in`] made before.
    ///
    /// # Errors
    ///
    /// As [`Administrator::sign_in`].
    pub fn sign_in_again(&mut self, hub: &Hub) -> anyhow::Result<()> {
        self.app
            .type_into("Server address", &hub.address().to_string())?;
        self.app
            .type_into("Fingerprint of the hub", hub.fingerprint())?;
        self.app.type_into("User name", ADMINISTRATOR)?;
        self.app.type_into("Password", PASSWORD)?;
        self.app.click("Sign in")?;
        self.app.wait_for(ADMINISTRATOR_NAME).map(drop)
    }

    /// Finds the report of `requester` by some of its words, and opens it.
    ///
    /// # Errors
    ///
    /// If the search does not show it in time.
    pub fn find_report(&mut self, words: &str, requester: &str) -> anyhow::Result<()> {
        self.app.click("Reports")?;
        self.app.wait_for("Totals")?;
        self.search(words)?;
        let found = self.app.wait_for(requester)?.region.middle();
        self.app.hands().click(found)?;
        self.app.hands().click(found)
    }

    /// Types `words` into the search field of the section, instead of what stood there.
    ///
    /// # Errors
    ///
    /// If the keys do not arrive at the display.
    pub fn search(&self, words: &str) -> anyhow::Result<()> {
        let hands = self.app.hands();
        hands.chord(&[key::Control_L, key::f])?;
        // the field has the keyboard with the next picture
        std::thread::sleep(Duration::from_millis(150));
        hands.chord(&[key::Control_L, key::a])?;
        hands.type_text(words)
    }

    /// Opens the film of the report that is shown.
    ///
    /// # Errors
    ///
    /// If it cannot be played in time.
    pub fn watch_film(&mut self) -> anyhow::Result<()> {
        self.app.click("Watch the film")?;
        self.app.wait_for("Play (Space)").map(drop)
    }

    /// Makes a video file of the film that is shown; gives its path.
    ///
    /// # Errors
    ///
    /// If the window does not say in time that it is saved.
    pub fn export_film(&mut self) -> anyhow::Result<PathBuf> {
        self.app.click("Export film")?;
        self.app.click("Export")?;
        let is_saved = |label: &str| label.starts_with(SAVED);
        self.app.wait_for_matching("a saved film", is_saved)?;
        let map = self.app.map()?;
        let told = map.labels().into_iter().find(|label| is_saved(label));
        let path = told.and_then(|told| told.strip_prefix(SAVED));
        path.map(PathBuf::from).context("the notice is gone")
    }
}
