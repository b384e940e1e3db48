//! The engine's thread, and what the program holds of it.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use capture::{CaptureError, ScreenSource};
use clipboard::Place;
use input::{InjectError, InputSink};
use protocol::control::Name;
use protocol::{Hindrances, HostKeyboard, ScreenMonitor};
use tokio::sync::{mpsc, watch};
use transport::{HubAddress, Pin, Routes};

use crate::event::{HostCommand, HostEvent};
use crate::hindrances::{self, Lookout};
use crate::shield::{Shielder, ThisMachine};
use crate::switch::Switch;
use crate::worker::Worker;

/// Commands that may wait.
const MAX_COMMANDS: usize = 64;
/// Events that may wait; a hub that sends more than the program reads is left.
const MAX_EVENTS: usize = 512;

/// Opens the screen when a session starts; runs on the capture thread.
pub type OpenScreen = Arc<dyn Fn() -> Result<Box<dyn ScreenSource>, CaptureError> + Send + Sync>;
/// Opens keyboard and pointer when a session with control starts; runs on the inject thread.
pub type OpenSink = Arc<dyn Fn() -> Result<Box<dyn InputSink>, InjectError> + Send + Sync>;

/// Looks what hinders on this machine, without looking at the screen; may block for some milliseconds.
pub type LookForHindrances = Arc<dyn Fn() -> Hindrances + Send + Sync>;

/// Names the monitors of this machine, the primary one first, without looking at what they show; may block for
/// some milliseconds.
pub type NameMonitors = Arc<dyn Fn() -> Vec<ScreenMonitor> + Send + Sync>;

/// Says what the keyboard of this machine is; may block for some milliseconds.
pub type LookAtKeyboard = Arc<dyn Fn() -> Option<HostKeyboard> + Send + Sync>;

/// What the engine captures from and injects into. Neither is opened before a session runs (H5).
#[derive(Clone)]
pub struct Backends {
    pub screen: OpenScreen,
    pub input: OpenSink,
    pub hindrances: LookForHindrances,
    pub monitors: NameMonitors,
    pub keyboard: LookAtKeyboard,
    pub clipboard: Place,
    pub shields: Arc<dyn Shielder>,
    /// How long a display that is gone, or is not there yet, may be missing in a session: where somebody logs
    /// out, another one follows. Zero where nothing follows.
    pub comes_back_within: Duration,
}

impl Backends {
    /// The screen, keyboard and pointer of this machine. Keys that are held when this process is
    /// killed are released by a guardian, a process of `exe`, whose `main` must begin with
    /// [`crate::run_guardian_if_asked`].
    pub fn of_this_machine(exe: PathBuf) -> Self {
        let shields = Arc::new(ThisMachine { exe: exe.clone() });
        let (hindrances, monitors) = hindrances::of_this_machine();
        Self {
            shields,
            screen: Arc::new(capture::open),
            input: Arc::new(move || input::open_guarded(&exe)),
            hindrances,
            monitors,
            keyboard: Arc::new(input::keyboard_of_this_machine),
            clipboard: Place::of_this_desktop(),
            comes_back_within: Duration::ZERO,
        }
    }
}

impl fmt::Debug for Backends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backends").finish_non_exhaustive()
    }
}

/// Where the hub is and who this is.
#[derive(Debug, Clone)]
pub struct HostConfig {
    pub hub: HubAddress,
    pub pin: Pin,
    /// The ways to it. Clones learn from each other, so whoever keeps one can set the proxies.
    pub routes: Routes,
    /// For the hub's log: `helpme 0.1.0 linux`.
    pub program: String,
    /// This computer's name, as the operator will read it.
    pub computer: Name,
    /// This computer's operating system.
    pub system: Name,
}

/// Too many commands wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine is busy or has ended")]
pub struct EngineBusy;

/// Starts the engine.
#[derive(Debug)]
pub struct HostEngine;

impl HostEngine {
    /// Starts the engine's thread. It connects when a ticket is opened. `wake` is called from that
    /// thread after each event and must not block.
    ///
    /// # Errors
    ///
    /// If the system gives no thread or no network runtime.
    pub fn start(
        config: HostConfig,
        backends: Backends,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> std::io::Result<(HostHandle, HostEvents)> {
        let (commands, waiting) = mpsc::channel(MAX_COMMANDS);
        let (events, told) = sync_channel(MAX_EVENTS);
        let current = CurrentSession::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let teller = Teller { events, wake };
        let lookout = Lookout::start(&backends, teller.clone())?;
        let worker = Worker::new(config, backends, waiting, teller, lookout, current.clone());
        let thread = thread::Builder::new()
            .name("host-net".to_owned())
            .spawn(move || {
                urgency::urgent();
                runtime.block_on(worker.run());
                // a look-up that hangs holds up nobody
                runtime.shutdown_background();
            })?;
        let handle = HostHandle {
            commands: Some(commands),
            current,
            thread: Some(thread),
        };
        Ok((handle, HostEvents { told }))
    }
}

/// Commands for the engine. Dropping it ends everything in good order and waits for that, for at
/// most about a second.
#[derive(Debug)]
pub struct HostHandle {
    commands: Option<mpsc::Sender<HostCommand>>,
    current: CurrentSession,
    thread: Option<JoinHandle<()>>,
}

impl HostHandle {
    /// Gives a command; never waits. [`HostCommand::EndSession`], [`HostCommand::Leave`] and a
    /// reduction to nothing stop capture and injection before this returns;
    /// [`HostCommand::SendAway`] injection for that operator.
    ///
    /// # Errors
    ///
    /// [`EngineBusy`]; the session is off even then.
    pub fn send(&self, command: HostCommand) -> Result<(), EngineBusy> {
        match &command {
            HostCommand::EndSession | HostCommand::Leave => self.current.turn_off(),
            HostCommand::ReduceRights { rights } => self.current.reduce(*rights),
            HostCommand::SendAway { operator } => self.current.disarm(*operator),
            HostCommand::OpenTicket { .. }
            | HostCommand::TakePlace { .. }
            | HostCommand::Acquaint { .. }
            | HostCommand::AnswerConsent { .. }
            | HostCommand::SendChat { .. }
            | HostCommand::AnswerSystem { .. }
            | HostCommand::AnswerShield { .. }
            | HostCommand::SendFiles { .. }
            | HostCommand::AnswerBrowse { .. }
            | HostCommand::CancelFiles { .. }
            | HostCommand::ReceiveInto { .. }
            | HostCommand::Rate { .. } => {}
        }
        let commands = self.commands.as_ref().ok_or(EngineBusy)?;
        commands
            .try_send(command)
            .map_err(|_full_or_closed| EngineBusy)
    }

    /// **End** (H6): capture and injection are off when this returns; the hub learns it right after.
    pub fn end_session(&self) {
        if self.send(HostCommand::EndSession).is_err() {
            // the switch alone tells the engine
            tracing::debug!("End not queued");
        }
    }

    /// **Pause** and **Go on**: with `true` nothing is captured, sent or injected any more when this
    /// returns, and keys that operators hold come up, until it is called with `false`. It counts for the
    /// session that runs, also while its line is lost. Never waits.
    pub fn withhold(&self, withheld: bool) {
        self.current.withhold(withheld);
    }

    /// Whether an operator did less than `ago` ago what could press a button on this screen: an answer that
    /// comes then may not be the user's own.
    pub fn operator_pressed_within(&self, ago: Duration) -> bool {
        let switch = self.current.get();
        switch.is_some_and(|switch| switch.operator_pressed_within(ago))
    }

    /// Shares this monitor of [`HostEvent::Monitors`] alone, or all there are, in the session that runs and in
    /// those after it. From then on no other is captured, whatever becomes of this one. Never waits.
    pub fn share_only(&self, monitor: Option<&ScreenMonitor>) {
        let monitor = monitor.map(|monitor| (monitor.id, monitor.name.clone()));
        self.current.share_only(monitor);
    }

    /// This machine shows another display than before: the session goes on there. What operators hold comes up
    /// on the one before, and nothing that they saw of it counts on the other. Never waits.
    pub fn display_changed(&self) {
        self.current.display_changed();
    }

    /// Something that ends or pauses the running session from another thread: for a global hot key, and for a
    /// bar that has a thread of its own.
    pub fn ender(&self) -> SessionEnder {
        SessionEnder {
            current: self.current.clone(),
            commands: self.commands.as_ref().map(mpsc::Sender::downgrade),
        }
    }

    /// Something that takes leave from another thread, for a program that ends by a fault of its own.
    pub fn farewell(&self) -> Farewell {
        Farewell {
            current: self.current.clone(),
            commands: self.commands.as_ref().map(mpsc::Sender::downgrade),
        }
    }
}

impl Drop for HostHandle {
    fn drop(&mut self) {
        // first, so that the end of the picture is not taken for the user's wish
        self.commands = None;
        self.current.turn_off();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The engine's thread panicked");
        }
    }
}

/// Ends or pauses the running session from any thread.
#[derive(Debug, Clone)]
pub struct SessionEnder {
    current: CurrentSession,
    /// Weak, so that a handle that is dropped ends the engine.
    commands: Option<mpsc::WeakSender<HostCommand>>,
}

impl SessionEnder {
    /// Capture and injection are off when this returns. Does nothing without a session.
    pub fn end(&self) {
        self.current.turn_off();
        // a session whose line is lost has no switch
        let commands = self.commands.as_ref().and_then(mpsc::WeakSender::upgrade);
        if let Some(commands) = commands
            && commands.try_send(HostCommand::EndSession).is_err()
        {
            tracing::debug!("End not queued");
        }
    }

    /// Pauses as [`HostHandle::withhold`] does.
    pub fn pause(&self) {
        self.current.withhold(true);
    }
}

/// Takes leave from the hub and the operators, from any thread, while the thread that should do so cannot.
#[derive(Debug, Clone)]
pub struct Farewell {
    current: CurrentSession,
    /// Weak, so that a handle that is dropped ends the engine.
    commands: Option<mpsc::WeakSender<HostCommand>>,
}

impl Farewell {
    const STEP: Duration = Duration::from_millis(5);

    /// Stops capture and injection, and returns once what operators held is up and the hub knows that this host
    /// has left; after about two seconds at most, but for a thread that stopped with a lock of the engine: so it is
    /// called on a thread that nobody needs.
    pub fn say(&self) {
        self.current.turn_off();
        let commands = self.commands.as_ref().and_then(mpsc::WeakSender::upgrade);
        if let Some(commands) = commands
            && commands.try_send(HostCommand::Leave).is_err()
        {
            tracing::debug!("Leave not queued");
        }
        let until = Instant::now() + Duration::from_secs(2);
        while self.current.serves() && Instant::now() < until {
            thread::sleep(Self::STEP);
        }
    }
}

/// What happened, in order.
#[derive(Debug)]
pub struct HostEvents {
    told: Receiver<HostEvent>,
}

impl HostEvents {
    /// The next event, if there is one; never waits.
    pub fn try_next(&self) -> Option<HostEvent> {
        self.told.try_recv().ok()
    }

    /// The next event, waiting for at most `timeout`.
    pub fn next_within(&self, timeout: Duration) -> Option<HostEvent> {
        self.told.recv_timeout(timeout).ok()
    }
}

/// The switch of the session that runs, if one does, and whether its user has paused.
#[derive(Debug, Clone, Default)]
pub(crate) struct CurrentSession(Arc<Current>);

#[derive(Debug, Default)]
struct Current {
    switch: Mutex<Option<Arc<Switch>>>,
    /// Outlives the switch, of which each line has its own. Changed only while that is locked.
    withheld: watch::Sender<bool>,
    /// All operators have paused; the same holds for it.
    rested: AtomicBool,
    /// The monitor that the user shares alone; outlives sessions.
    only: watch::Sender<Option<(u32, Name)>>,
    /// How often another display came in the place of the one before.
    displays: AtomicU64,
    /// From a ticket, or a place that was taken, until either side has left for good.
    serves: AtomicBool,
}

impl CurrentSession {
    /// The engine has somebody to take leave of from now on, or nobody any more.
    pub(crate) fn set_serves(&self, serves: bool) {
        self.0.serves.store(serves, Ordering::Release);
    }

    fn serves(&self) -> bool {
        self.0.serves.load(Ordering::Acquire)
    }

    /// From now on this is the switch; it begins withheld where the user has paused.
    pub(crate) fn set(&self, switch: Option<Arc<Switch>>) {
        let mut current = self.lock();
        if let Some(switch) = &switch {
            switch.withhold(*self.0.withheld.borrow());
            switch.rest(self.0.rested.load(Ordering::Relaxed));
            switch.share_only(self.0.only.borrow().as_ref().map(|(id, _)| *id));
            switch.shows_display(self.0.displays.load(Ordering::Relaxed));
        }
        *current = switch;
    }

    /// Another session begins: nobody has paused it.
    pub(crate) fn begin(&self) {
        let _current = self.lock();
        self.0.withheld.send_replace(false);
        self.0.rested.store(false, Ordering::Relaxed);
    }

    /// All operators have paused, or one of them looks again.
    pub(crate) fn rest(&self, rested: bool) {
        let current = self.lock();
        self.0.rested.store(rested, Ordering::Relaxed);
        if let Some(switch) = current.as_ref() {
            switch.rest(rested);
        }
    }

    pub(crate) fn withhold(&self, withheld: bool) {
        let current = self.lock();
        self.0.withheld.send_replace(withheld);
        if let Some(switch) = current.as_ref() {
            switch.withhold(withheld);
        }
    }

    fn display_changed(&self) {
        let current = self.lock();
        let number = self.0.displays.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(switch) = current.as_ref() {
            switch.shows_display(number);
        }
    }

    fn share_only(&self, monitor: Option<(u32, Name)>) {
        let current = self.lock();
        let id = monitor.as_ref().map(|(id, _)| *id);
        self.0.only.send_replace(monitor);
        if let Some(switch) = current.as_ref() {
            switch.share_only(id);
        }
    }

    /// What hears which monitor the user shares alone.
    pub(crate) fn only(&self) -> watch::Receiver<Option<(u32, Name)>> {
        self.0.only.subscribe()
    }

    /// What hears whether the user has paused.
    pub(crate) fn withheld(&self) -> watch::Receiver<bool> {
        self.0.withheld.subscribe()
    }

    fn get(&self) -> Option<Arc<Switch>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Switch>>> {
        self.0.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn_off(&self) {
        if let Some(switch) = self.get() {
            switch.turn_off();
        }
    }

    /// `operator` touches nothing from now on.
    fn disarm(&self, operator: protocol::PeerId) {
        if let Some(switch) = self.get() {
            switch.allow(operator, None);
        }
    }

    fn reduce(&self, rights: protocol::Rights) {
        if let Some(switch) = self.get() {
            if rights.has(protocol::Rights::SEE) {
                switch.reduce(rights);
            } else {
                switch.turn_off();
            }
        }
    }
}

/// Tells the program what happened.
#[derive(Clone)]
pub(crate) struct Teller {
    events: SyncSender<HostEvent>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Teller {
    /// Tells `event`; `false` if the program does not keep up, or is gone.
    #[must_use]
    pub(crate) fn tell(&self, event: HostEvent) -> bool {
        let told = match self.events.try_send(event) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        };
        (self.wake)();
        told
    }
}
