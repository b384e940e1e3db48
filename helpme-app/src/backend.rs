//! The engine behind the window: commands go to it, events come from it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use desktop::Folders;
use host_engine::{
    Backends, Doctor, HostCommand, HostConfig, HostEngine, HostEvent, HostEvents, HostHandle,
    ProxyChoice, Routes, SessionEnder,
};
use protocol::{ProxyLogin, Role, ScreenMonitor};
use ui_kit::LastAct;

use crate::settings::HubPlace;

/// For so long after an operator's press one here may be the same: until a busy window has taken it.
const OPERATORS_PRESS: Duration = Duration::from_secs(1);
/// Events that are taken at once; the rest comes with the next frame.
const EVENTS_AT_ONCE: usize = 64;

/// Asks for a frame, from any thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The engine, once there is a hub to talk to.
pub struct Backend {
    backends: Backends,
    wake: Wake,
    /// Outlives engines: it knows which ways worked, and the proxies.
    routes: Routes,
    /// Where files of operators land.
    downloads: Option<PathBuf>,
    /// Takes leave of the hub, if the program ends by a fault of its own.
    last_act: LastAct,
    engine: Option<(HostHandle, HostEvents)>,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backend")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

impl Backend {
    /// Nothing runs before [`Self::use_hub`]. `exe` is this program, to guard held keys.
    pub fn new(exe: PathBuf, wake: Wake, last_act: LastAct) -> Self {
        Self {
            backends: Backends::of_this_machine(exe),
            wake,
            routes: Routes::default(),
            downloads: Folders::find("helpme").ok().map(|own| own.downloads()),
            last_act,
            engine: None,
        }
    }

    /// Goes through the system's proxies where nothing else leads to the hub; `login` signs in at the one
    /// that asked last, and at no other.
    pub fn use_proxies(&self, login: Option<ProxyLogin>) {
        let ask = Arc::new(desktop::system_proxies);
        self.routes.use_proxies(ProxyChoice::System { ask, login });
    }

    /// Talks to `hub` from now on; what ran with another ends.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn use_hub(&mut self, hub: &HubPlace) -> std::io::Result<()> {
        self.engine = None;
        let config = HostConfig {
            hub: hub.address.clone(),
            pin: hub.pin,
            routes: self.routes.clone(),
            program: program(),
            computer: computer_name().as_str().into(),
            system: host_engine::system_name().as_str().into(),
        };
        let wake = Arc::clone(&self.wake);
        let (handle, events) = HostEngine::start(config, self.backends.clone(), wake)?;
        let farewell = handle.farewell();
        self.last_act.set(move || farewell.say());
        self.engine = Some((handle, events));
        let folder = self.downloads.clone();
        self.tell(HostCommand::ReceiveInto { folder });
        Ok(())
    }

    /// Has the doctor look at the ways to `hub`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn examine(&self, hub: &HubPlace) -> std::io::Result<Doctor> {
        let HubPlace { address, pin } = hub.clone();
        let (routes, wake) = (self.routes.clone(), Arc::clone(&self.wake));
        Doctor::start(address, pin, Role::Host, program(), routes, move || wake())
    }

    /// Where the user looks for what arrived.
    pub fn downloads(&self) -> Option<PathBuf> {
        self.downloads.clone()
    }

    /// Gives a command; never waits.
    pub fn tell(&self, command: HostCommand) {
        let Some((handle, _)) = &self.engine else {
            tracing::debug!("No hub yet");
            return;
        };
        if let Err(error) = handle.send(command) {
            tracing::warn!(%error, "Command not taken");
        }
    }

    /// Pauses the running session at once, or goes on with it; never waits.
    pub fn withhold(&self, withheld: bool) {
        if let Some((handle, _)) = &self.engine {
            handle.withhold(withheld);
        }
    }

    /// Shares this monitor alone from now on, or all; never waits.
    pub fn share_only(&self, monitor: Option<&ScreenMonitor>) {
        if let Some((handle, _)) = &self.engine {
            handle.share_only(monitor);
        }
    }

    /// Whether what was just pressed here may have been pressed by an operator.
    pub fn may_be_an_operators(&self) -> bool {
        let engine = self.engine.as_ref();
        engine.is_some_and(|(handle, _)| handle.operator_pressed_within(OPERATORS_PRESS))
    }

    /// What happened since the last call; a bounded number.
    pub fn events(&self) -> Vec<HostEvent> {
        let Some((_, events)) = &self.engine else {
            return Vec::new();
        };
        let taken: Vec<_> = std::iter::from_fn(|| events.try_next())
            .take(EVENTS_AT_ONCE)
            .collect();
        if taken.len() == EVENTS_AT_ONCE {
            (self.wake)();
        }
        taken
    }

    /// Ends a running session from another thread.
    pub fn ender(&self) -> Option<SessionEnder> {
        self.engine.as_ref().map(|(handle, _)| handle.ender())
    }
}

/// Name, version and system, for the hub's log.
pub fn program() -> String {
    format!("helpme {} {}", crate::VERSION, std::env::consts::OS)
}

fn computer_name() -> String {
    hostname::get().map_or_else(
        |_unknown| String::from("computer"),
        |name| name.to_string_lossy().into_owned(),
    )
}
