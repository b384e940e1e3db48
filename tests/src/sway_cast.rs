//! Everybody who is needed for an assistance to a user on Wayland.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cast::{OPERATOR, OPERATOR_NAME, PASSWORD, USER_NAME};
use crate::console::Console;
use crate::display::Display;
use crate::hub::Hub;
use crate::look::Look;
use crate::picture::Region;
use crate::programs::{Home, Programs};
use crate::running::Running;
use crate::sway::{Sway, SwayApp};

/// What sway's settings say where no program of X11 is needed.
pub const NO_X11: &str = "xwayland disable\n";
/// And where one is.
pub const WITH_X11: &str = "xwayland enable\n";

/// The cast; the console is on an X display. Dropping it ends every program, and the displays last.
#[derive(Debug)]
pub struct SwayCast {
    pub helpme: SwayApp,
    pub console: Console,
    pub hub: Hub,
    pub sway: Sway,
    pub operator: Display,
    pub programs: Programs,
    folder: TempDir,
}

impl SwayCast {
    /// Starts everybody and logs the operator in. `settings` are sway's.
    ///
    /// # Errors
    ///
    /// If a program is missing, or the console does not log in.
    pub fn assemble(outputs: u32, size: (u32, u32), settings: &str) -> anyhow::Result<Self> {
        let programs = Programs::find()?;
        let folder = TempDir::with_prefix("phd-sway-")?;
        let home = |name| Home::fresh(folder.path(), name);
        let user = home("user")?.of_ordinary_user()?;
        let sway = Sway::start_as(user, outputs, size, settings)?;
        let operator = Display::start_managed(1680, 1050)?;
        let hub = Hub::start(&programs, home("hub")?, IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        hub.add_operator(OPERATOR, OPERATOR_NAME, PASSWORD)?;
        let mut console = Console::start(&programs, &operator, home("operator")?, Look::LIGHT)?;
        console.set_up_and_log_in(hub.address(), hub.fingerprint(), OPERATOR, PASSWORD)?;
        let at = (hub.address(), hub.fingerprint());
        let helpme = SwayApp::start_helpme(&programs, &sway, at)?;
        Ok(Self {
            helpme,
            console,
            hub,
            sway,
            operator,
            programs,
            folder,
        })
    }

    /// From the ticket to the picture; gives where that is on the operator's screen.
    ///
    /// # Errors
    ///
    /// If a step is not done.
    pub fn session_begins(&mut self) -> anyhow::Result<Region> {
        let ticket = self.console.generate_ticket()?;
        self.helpme.ask_for_help(&self.sway, &ticket, USER_NAME)?;
        self.console.wait_for_computer(&ticket)?;
        self.console.choose(&ticket, "Remote Session")?;
        self.helpme.click(&self.sway, "Allow")?;
        self.console.wait_for_session()
    }

    /// Another Helpme, after the one before was killed.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start_helpme_again(&mut self) -> anyhow::Result<()> {
        let at = (self.hub.address(), self.hub.fingerprint());
        self.helpme = SwayApp::start_helpme(&self.programs, &self.sway, at)?;
        Ok(())
    }

    /// Where the user's programs are, and what they keep.
    pub fn user_folder(&self) -> PathBuf {
        self.folder.path().join("user")
    }

    /// A file that the user's programs may write.
    pub fn file(&self, name: &str) -> PathBuf {
        self.user_folder().join("run").join(name)
    }

    /// A terminal on the user's desktop; see [`Sway::terminal`].
    ///
    /// # Errors
    ///
    /// If it does not come up.
    pub fn terminal(&self, script: &str, file: &Path, place: Region) -> anyhow::Result<Running> {
        self.sway.terminal("typed", script, file, place)
    }
}
