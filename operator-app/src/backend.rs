//! The way to the engine.

use std::path::PathBuf;
use std::sync::Arc;

use operator_engine::{
    ClipboardPlace, ClipboardWays, Command, CommandError, Config, Doctor, Event, Events,
    HubAddress, OperatorEngine, OperatorHandle, Pin, ProxyChoice, ProxyTest, Routes, Rows,
    ShownScreen, StartError, Wake,
};
use protocol::Role;
use ui_kit::Lang;

use crate::screen::{Screen, Way};

/// An engine for the hub of the settings, once there is one.
pub struct Backend {
    running: Option<Running>,
    keep: PathBuf,
    /// Where files of users land.
    receive_into: Option<PathBuf>,
    wake: Wake,
    /// Outlives engines: it knows which ways worked, and the proxies.
    routes: Routes,
    clipboard: ClipboardWays,
}

struct Running {
    handle: OperatorHandle,
    events: Events,
    hub: HubAddress,
    pin: Pin,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backend")
            .field("running", &self.running.is_some())
            .finish_non_exhaustive()
    }
}

impl Backend {
    /// Without an engine yet; `keep` is the engine's folder.
    pub fn new(keep: PathBuf, wake: Wake) -> Self {
        Self {
            running: None,
            keep,
            receive_into: None,
            clipboard: ClipboardWays {
                to_hosts: true,
                from_hosts: true,
            },
            wake,
            routes: Routes::default(),
        }
    }

    /// Goes through these proxies from the next connection on.
    pub fn use_proxies(&self, choice: ProxyChoice) {
        self.routes.use_proxies(choice);
    }

    /// Tries to reach `hub` through `choice`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn test_proxy(
        &self,
        hub: HubAddress,
        pin: Pin,
        choice: ProxyChoice,
    ) -> std::io::Result<ProxyTest> {
        ProxyTest::start(hub, pin, program(), choice, Arc::clone(&self.wake))
    }

    /// Which ways to hubs there are.
    pub fn routes(&self) -> Routes {
        self.routes.clone()
    }

    /// Has the doctor look at the ways to `hub`: through the proxies of `choice`, or those that are used.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn examine(
        &self,
        hub: HubAddress,
        pin: Pin,
        choice: Option<ProxyChoice>,
    ) -> std::io::Result<Doctor> {
        let routes = match choice {
            None => self.routes.clone(),
            Some(choice) => {
                let routes = Routes::default();
                routes.use_proxies(choice);
                routes
            }
        };
        let wake = Arc::clone(&self.wake);
        Doctor::start(hub, pin, Role::Operator, program(), routes, move || wake())
    }

    /// Makes sure that the engine that runs is one for this hub.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn serve(&mut self, hub: HubAddress, pin: Pin) -> Result<(), StartError> {
        let serves_it = |running: &Running| running.hub == hub && running.pin == pin;
        if self.running.as_ref().is_some_and(serves_it) {
            return Ok(());
        }
        self.running = None;
        let config = Config {
            hub: hub.clone(),
            pin,
            routes: self.routes.clone(),
            program: program(),
            keep: self.keep.clone(),
            clipboard: ClipboardPlace::of_this_desktop(),
        };
        let (handle, events) = OperatorEngine::start(config, Arc::clone(&self.wake))?;
        let folder = self.receive_into.clone();
        if handle.send(Command::ReceiveInto { folder }).is_err() {
            tracing::warn!("Files will not be received");
        }
        let ways = Command::ShareClipboard(self.clipboard);
        if handle.send(ways).is_err() {
            tracing::warn!("The clipboard goes both ways");
        }
        self.running = Some(Running {
            handle,
            events,
            hub,
            pin,
        });
        Ok(())
    }

    /// Shows this console's screen to a colleague, at the hub where the engine is logged in; `None` without
    /// one.
    ///
    /// # Errors
    ///
    /// If the system gives no thread, or does not say where this program is.
    pub fn show_screen(&self, shown: ShownScreen, lang: Lang) -> std::io::Result<Option<Screen>> {
        let Some(running) = &self.running else {
            return Ok(None);
        };
        let way = Way {
            hub: running.hub.clone(),
            pin: running.pin,
            routes: self.routes.clone(),
            program: program(),
        };
        let exe = std::env::current_exe()?;
        Screen::show(shown, way, exe, lang, &self.wake).map(Some)
    }

    /// The clipboard goes these ways from now on.
    pub fn share_clipboard(&mut self, ways: ClipboardWays) {
        self.clipboard = ways;
        if self.running.is_some() {
            self.send(Command::ShareClipboard(ways));
        }
    }

    /// Files of users land in this folder from now on.
    pub fn receive_into(&mut self, folder: PathBuf) {
        self.receive_into = Some(folder.clone());
        if self.running.is_some() {
            let folder = Some(folder);
            self.send(Command::ReceiveInto { folder });
        }
    }

    /// Sends a command; whether the engine took it.
    pub fn send(&self, command: Command) -> bool {
        let sent = match &self.running {
            Some(running) => running.handle.send(command),
            None => Err(CommandError::Ended),
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "Command not taken");
        }
        sent.is_ok()
    }

    /// The next event, if there is one.
    pub fn take_event(&mut self) -> Option<Event> {
        self.running.as_mut()?.events.take_next()
    }

    /// The live list as it is now.
    pub fn rows(&self) -> Option<Rows> {
        self.running.as_ref().map(|running| running.handle.rows())
    }

    /// Logs out and waits until everything is on disk.
    pub fn shut_down(&mut self) {
        if let Some(running) = self.running.take() {
            running.handle.shut_down();
        }
    }
}

/// Name, version and system, for the hub's log.
pub fn program() -> String {
    format!("pure-help-desk {} {}", crate::VERSION, std::env::consts::OS)
}
