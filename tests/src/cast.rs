//! Everybody who is needed for an assistance: a hub, an operator at the console, a user at Helpme.

use std::path::Path;

use tempfile::TempDir;

use crate::console::Console;
use crate::display::Display;
use crate::helpme::Helpme;
use crate::hub::Hub;
use crate::look::Look;
use crate::network::{End, Network};
use crate::picture::Region;
use crate::programs::{Home, Programs};
use crate::wine::WindowsComputer;

/// What the operator is called at log-in.
pub const OPERATOR: &str = "anna";
/// What the operator is called on the screen.
pub const OPERATOR_NAME: &str = "Anna Bianchi";
/// The operator's password.
pub const PASSWORD: &str = "correct horse 7";
/// What the user types as name.
pub const USER_NAME: &str = "Mario Rossi";

/// Size of a display, in pixels.
#[derive(Debug, Clone, Copy)]
pub struct Size(pub u16, pub u16);

/// Who has Windows; all others have Linux.
#[derive(Debug, Default)]
pub struct Computers {
    pub user: Option<WindowsComputer>,
    pub operator: Option<WindowsComputer>,
}

impl Computers {
    /// The programs of who has Windows.
    fn of(&self, end: End) -> Option<&Programs> {
        let computer = match end {
            End::User => &self.user,
            End::Operator => &self.operator,
        };
        computer.as_ref().map(WindowsComputer::programs)
    }
}

/// The cast of a play. Dropping it ends every program and both displays.
#[derive(Debug)]
pub struct Cast {
    // dropped in this order
    pub helpme: Helpme,
    pub console: Console,
    pub hub: Hub,
    pub computers: Computers,
    pub user_display: Display,
    pub operator_display: Display,
    pub network: Network,
    pub programs: Programs,
    folder: TempDir,
    homes: u32,
    look: Look,
}

impl Cast {
    /// Starts everybody on two displays of their own and logs the operator in.
    ///
    /// # Errors
    ///
    /// If a program is missing, or the console does not log in.
    pub fn assemble(user_screen: Size, operator_screen: Size) -> anyhow::Result<Self> {
        let user_display = Display::start_managed(user_screen.0, user_screen.1)?;
        let operator_display = Display::start_managed(operator_screen.0, operator_screen.1)?;
        Self::assemble_on(user_display, operator_display, Look::LIGHT)
    }

    /// [`Cast::assemble`], with `network` between the programs.
    ///
    /// # Errors
    ///
    /// As [`Cast::assemble`].
    pub fn assemble_over(
        network: Network,
        user_screen: Size,
        operator_screen: Size,
    ) -> anyhow::Result<Self> {
        let user_display = Display::start_managed(user_screen.0, user_screen.1)?;
        let operator_display = Display::start_managed(operator_screen.0, operator_screen.1)?;
        let displays = (user_display, operator_display);
        let computers = Computers::default();
        let mut cast = Self::on_stage(displays, Look::LIGHT, network, computers)?;
        cast.log_in()?;
        Ok(cast)
    }

    /// [`Cast::assemble`], with these computers.
    ///
    /// # Errors
    ///
    /// As [`Cast::assemble`].
    pub fn assemble_at(
        computers: Computers,
        user_display: Display,
        operator_display: Display,
    ) -> anyhow::Result<Self> {
        let mut cast = Self::before_log_in_at(computers, user_display, operator_display)?;
        cast.log_in()?;
        Ok(cast)
    }

    /// [`Cast::before_log_in`], with these computers.
    ///
    /// # Errors
    ///
    /// As [`Cast::before_log_in`].
    pub fn before_log_in_at(
        computers: Computers,
        user_display: Display,
        operator_display: Display,
    ) -> anyhow::Result<Self> {
        for (computer, display) in [
            (&computers.user, &user_display),
            (&computers.operator, &operator_display),
        ] {
            if let Some(computer) = computer {
                computer.switch_on(display)?;
            }
        }
        let displays = (user_display, operator_display);
        Self::on_stage(displays, Look::LIGHT, Network::Direct, computers)
    }

    /// Starts everybody on these displays and logs the operator in.
    ///
    /// # Errors
    ///
    /// As [`Cast::assemble`].
    pub fn assemble_on(
        user_display: Display,
        operator_display: Display,
        look: Look,
    ) -> anyhow::Result<Self> {
        let mut cast = Self::before_log_in(user_display, operator_display, look)?;
        cast.log_in()?;
        Ok(cast)
    }

    /// Starts everybody on these displays; the console shows its log-in.
    ///
    /// # Errors
    ///
    /// If a program is missing or does not start.
    pub fn before_log_in(
        user_display: Display,
        operator_display: Display,
        look: Look,
    ) -> anyhow::Result<Self> {
        let displays = (user_display, operator_display);
        Self::on_stage(displays, look, Network::Direct, Computers::default())
    }

    fn on_stage(
        (user_display, operator_display): (Display, Display),
        look: Look,
        mut network: Network,
        computers: Computers,
    ) -> anyhow::Result<Self> {
        let programs = Programs::find()?;
        let folder = TempDir::with_prefix("phd-play-")?;
        let home = |name| Home::fresh(folder.path(), name);
        let of_hub = home("hub")?.in_network_of(network.of_hub());
        let (at, ports) = (network.hub_listens_at(), network.tcp_ports_of_hub());
        let hub = Hub::start_with_ports(&programs, of_hub, at, ports)?;
        network.hub_runs_at(hub.address())?;
        hub.add_operator(OPERATOR, OPERATOR_NAME, PASSWORD)?;
        let of_operator = home("operator")?
            .in_network_of(network.of_end(End::Operator))
            .behind(network.proxy_of(End::Operator))
            .on_bus(network.bus_of(End::Operator))
            .with_tickets(network.tickets_of(End::Operator))
            .on_windows(computers.operator.as_ref().map(WindowsComputer::wine));
        let of_theirs = computers.of(End::Operator).unwrap_or(&programs);
        let console = Console::start(of_theirs, &operator_display, of_operator, look)?;
        let of_user = home("user")?
            .in_network_of(network.of_end(End::User))
            .behind(network.proxy_of(End::User))
            .on_bus(network.bus_of(End::User))
            .with_tickets(network.tickets_of(End::User))
            .on_windows(computers.user.as_ref().map(WindowsComputer::wine));
        let seen = network.hub_seen_from(End::User, hub.address());
        let seen = (seen, hub.fingerprint());
        let of_theirs = computers.of(End::User).unwrap_or(&programs);
        let helpme = Helpme::start(of_theirs, &user_display, of_user, seen, look)?;
        Ok(Self {
            helpme,
            console,
            hub,
            computers,
            user_display,
            operator_display,
            network,
            programs,
            folder,
            homes: 0,
            look,
        })
    }

    /// The operator's first log-in.
    ///
    /// # Errors
    ///
    /// If the console does not show that it is logged in.
    pub fn log_in(&mut self) -> anyhow::Result<()> {
        let seen = self
            .network
            .hub_seen_from(End::Operator, self.hub.address());
        self.console
            .set_up_and_log_in(seen, self.hub.fingerprint(), OPERATOR, PASSWORD)
    }

    /// How the programs look.
    pub fn look(&self) -> Look {
        self.look
    }

    /// A folder for whatever the play needs; it goes with the cast.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The user comes with a fresh ticket and appears in the operator's list; gives the ticket.
    ///
    /// # Errors
    ///
    /// If he does not appear in time.
    pub fn user_asks_for_help(&mut self) -> anyhow::Result<String> {
        let ticket = self.console.generate_ticket()?;
        self.helpme.ask_for_help(&ticket, USER_NAME)?;
        self.console.wait_for_computer(&ticket)?;
        Ok(ticket)
    }

    /// The operator asks, the user allows, the session's window shows the picture; gives its place
    /// on the operator's screen.
    ///
    /// # Errors
    ///
    /// If a step is not done in time.
    pub fn session_begins(&mut self, ticket: &str) -> anyhow::Result<Region> {
        // rows move when others come and go, also between a look and a click
        const TRIES: u32 = 3;
        for _ in 0..TRIES {
            self.console.choose(ticket, "Remote Session")?;
            if self.helpme.is_asked()? {
                break;
            }
        }
        self.helpme.allow()?;
        self.helpme.wait_for_bar()?;
        self.console.wait_for_session()
    }

    /// Another Helpme on the user's display, after the first one ended.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start_helpme_again(&mut self) -> anyhow::Result<()> {
        let home = self.fresh_home("user")?;
        let home = home
            .in_network_of(self.network.of_end(End::User))
            .on_windows(self.computers.user.as_ref().map(WindowsComputer::wine));
        let seen = self.network.hub_seen_from(End::User, self.hub.address());
        self.helpme = Helpme::start(
            self.computers.of(End::User).unwrap_or(&self.programs),
            &self.user_display,
            home,
            (seen, self.hub.fingerprint()),
            self.look,
        )?;
        Ok(())
    }

    /// Another Helpme, which panics once its home's [`Home::fault`] names a thread.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start_helpme_that_fails(&mut self) -> anyhow::Result<()> {
        let home = self.fresh_home("user")?.that_fails();
        let hub = (self.hub.address(), self.hub.fingerprint());
        self.helpme = Helpme::start(&self.programs, &self.user_display, home, hub, self.look)?;
        Ok(())
    }

    /// Another Helpme on a computer called `name`, after the first one ended.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start_helpme_on_computer(&mut self, name: &str) -> anyhow::Result<()> {
        let home = self.fresh_home("user")?.on_computer(name);
        let hub = (self.hub.address(), self.hub.fingerprint());
        self.helpme = Helpme::start(&self.programs, &self.user_display, home, hub, self.look)?;
        Ok(())
    }

    /// The console again, with the settings and the remembered password of the one that ended.
    ///
    /// # Errors
    ///
    /// If it does not log in by itself.
    pub fn start_console_again(&mut self) -> anyhow::Result<()> {
        let home = self.console.app.home().clone();
        self.start_console_in(home)
    }

    /// The same, in a place whose clocks go by `zone`, as `TZ` has it.
    ///
    /// # Errors
    ///
    /// If it does not log in by itself.
    pub fn start_console_in_zone(&mut self, zone: &str) -> anyhow::Result<()> {
        let home = self.console.app.home().clone().in_zone(zone);
        self.start_console_in(home)
    }

    fn start_console_in(&mut self, home: Home) -> anyhow::Result<()> {
        let programs = self.computers.of(End::Operator).unwrap_or(&self.programs);
        self.console = Console::start(programs, &self.operator_display, home, self.look)?;
        self.console.wait_until_logged_in()
    }

    pub(crate) fn fresh_home(&mut self, name: &str) -> anyhow::Result<Home> {
        self.homes += 1;
        Home::fresh(self.folder.path(), &format!("{name}-{}", self.homes))
    }
}
