//! A second operator, who is brought into a session (O11).

use crate::app::App;
use crate::cast::{Cast, PASSWORD, Size};
use crate::console::Console;
use crate::display::Display;
use crate::picture::Region;
use crate::programs::Home;

const ACCOUNT: &str = "bruno";
/// What the second operator is called on the screen.
pub const COLLEAGUE_NAME: &str = "Bruno Verdi";

/// The second operator, at a console on a display of its own.
#[derive(Debug)]
pub struct Colleague {
    // dropped in this order
    pub console: Console,
    pub display: Display,
    ticket: String,
}

impl Colleague {
    /// Logs in and makes a ticket for a colleague.
    ///
    /// # Errors
    ///
    /// If the console does not start, or does not get there.
    pub fn arrive(cast: &Cast, screen: Size) -> anyhow::Result<Self> {
        cast.hub.add_operator(ACCOUNT, COLLEAGUE_NAME, PASSWORD)?;
        let display = Display::start_managed(screen.0, screen.1)?;
        let home = Home::fresh(cast.folder(), "colleague")?;
        let mut console = Console::start(&cast.programs, &display, home, cast.look())?;
        let (hub, fingerprint) = (cast.hub.address(), cast.hub.fingerprint());
        console.set_up_and_log_in(hub, fingerprint, ACCOUNT, PASSWORD)?;
        let ticket = console.generate_ticket()?;
        Ok(Self {
            console,
            display,
            ticket,
        })
    }

    /// The first operator types the ticket into the session's dialog.
    ///
    /// # Errors
    ///
    /// If the dialog does not come.
    pub fn is_told(&self, first: &mut App) -> anyhow::Result<()> {
        first.click("Session menu")?;
        first.click_in_menu("Bring in a colleague")?;
        let digits: String = self.ticket.chars().filter(char::is_ascii_digit).collect();
        first.type_into("Your colleague's ticket", &digits)
    }

    /// The first operator brings the colleague in, who asks the user.
    ///
    /// # Errors
    ///
    /// If the host does not show up in the colleague's list.
    pub fn asks(&mut self, first: &mut App) -> anyhow::Result<()> {
        first.click("Bring in")?;
        first.wait_until_gone("Your colleague's ticket")?;
        self.console.choose(&self.ticket, "Remote Session")
    }

    /// All of it, up to the session's window of the colleague.
    ///
    /// # Errors
    ///
    /// The step that failed.
    pub fn joins(&mut self, cast: &mut Cast) -> anyhow::Result<Region> {
        self.is_told(&mut cast.console.app)?;
        self.asks(&mut cast.console.app)?;
        cast.helpme.allow()?;
        self.console.wait_for_session()
    }
}
