//! What the process of [`crate::agent`] does: it is the helped side, and says yes to those who came by the
//! password.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use desktop::{FollowedDisplay, Sign};
use host_engine::{
    Backends, BrowseConsent, HostCommand, HostConfig, HostEngine, HostEvent, HostHandle,
};
use protocol::{HubAddress, ShieldState, visible_line};
use session::PairKey;
use transport::{Fingerprint, Routes};

use crate::agent::Order;
use crate::computer;

/// How long nobody may be in a session before this computer is left alone.
const ALONE: Duration = Duration::from_mins(1);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long there may be no display while somebody is in: from a log-out to the next log-in screen, on a slow
/// computer.
const NO_DISPLAY: Duration = Duration::from_secs(30);
/// Files that operators send land here, in the folder of this computer's key.
const RECEIVED: &str = "received";

enum Heard {
    Order(Box<Order>),
    /// There are no more orders: the service is gone.
    Alone,
    /// The engine has told something.
    Event,
}

/// Serves operators until nobody is in any more.
///
/// # Errors
///
/// If the system gives no thread.
pub(crate) fn run(
    hub: HubAddress,
    fingerprint: Fingerprint,
    routes: Routes,
    folder: &Path,
) -> anyhow::Result<ExitCode> {
    let (heard, hears) = sync_channel(64);
    hear_orders(heard.clone())?;
    let config = HostConfig {
        hub,
        pin: fingerprint.into(),
        routes,
        program: computer::program(),
        computer: computer::name(),
        system: computer::system(),
    };
    let exe = std::env::current_exe().context("where is this program?")?;
    let wake = move || {
        // a full queue is read anyway
        drop(heard.try_send(Heard::Event));
    };
    let followed = FollowedDisplay::of_environment(folder).map(Arc::new);
    let mut displays = followed.as_ref().map_or(0, |followed| followed.look());
    let backends = backends(exe, followed.as_ref());
    let (handle, events) = HostEngine::start(config, backends, Arc::new(wake))?;
    let folder = Some(folder.join(RECEIVED));
    tell(&handle, HostCommand::ReceiveInto { folder });
    let mut alone_since = Some(Instant::now());
    let mut sign = WhoIsThere::default();
    let mut looked = Instant::now();
    loop {
        match next(&hears) {
            Some(Heard::Order(order)) => {
                alone_since = alone_since.map(|_| Instant::now());
                tell(&handle, command(*order));
            }
            Some(Heard::Alone) => leave_at_once(),
            Some(Heard::Event) | None => {}
        }
        let mut over = false;
        while let Some(event) = events.try_next() {
            sign.hear(&handle, &event);
            over |= take(&handle, event, &mut alone_since);
        }
        if let Some(followed) = &followed
            && looked.elapsed() >= LOOK
        {
            looked = Instant::now();
            let now = followed.look();
            if now != displays {
                displays = now;
                handle.display_changed();
                sign.move_over(&handle);
            }
            sign.keep_up(&handle);
        }
        if over || alone_since.is_some_and(|since| since.elapsed() >= ALONE) {
            break;
        }
    }
    // says good-bye, so the hub does not wait
    drop(handle);
    Ok(ExitCode::SUCCESS)
}

/// This machine's, or whichever display it shows: each time that one is opened it is looked which that is.
fn backends(exe: PathBuf, followed: Option<&Arc<FollowedDisplay>>) -> Backends {
    let mut backends = Backends::of_this_machine(exe);
    if let Some(followed) = followed {
        let (open, display) = (Arc::clone(&backends.screen), Arc::clone(followed));
        backends.screen = Arc::new(move || {
            display.look();
            open()
        });
        let (open, display) = (Arc::clone(&backends.input), Arc::clone(followed));
        backends.input = Arc::new(move || {
            display.look();
            open()
        });
        backends.comes_back_within = NO_DISPLAY;
    }
    backends
}

/// The service was ended. That is no good-bye of the user's, which the engine would say: the hub hears from
/// the service, or from the next one, that nobody comes back.
fn leave_at_once() -> ! {
    tracing::info!("The service is gone");
    #[expect(
        clippy::exit,
        clippy::disallowed_methods,
        reason = "the engine must not take its leave; the guardian releases what is held"
    )]
    std::process::exit(0)
}

fn next(hears: &Receiver<Heard>) -> Option<Heard> {
    match hears.recv_timeout(LOOK) {
        Ok(heard) => Some(heard),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => Some(Heard::Alone),
    }
}

fn hear_orders(heard: SyncSender<Heard>) -> std::io::Result<()> {
    let read = move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            let Ok(order) = serde_json::from_str(&line) else {
                tracing::error!("Not an order");
                break;
            };
            if heard.send(Heard::Order(Box::new(order))).is_err() {
                return;
            }
        }
        // whoever hears this no more has ended
        drop(heard.send(Heard::Alone));
    };
    let thread = std::thread::Builder::new().name("orders".to_owned());
    thread.spawn(read).map(drop)
}

fn command(order: Order) -> HostCommand {
    match order {
        Order::TakePlace {
            admission,
            operator,
            pair,
        } => HostCommand::TakePlace {
            admission,
            operator,
            pair: PairKey::from_bytes(pair),
        },
        Order::Acquaint { operator, pair } => HostCommand::Acquaint {
            operator,
            pair: PairKey::from_bytes(pair),
        },
    }
}

/// Whoever sits there sees who is on the computer, and can end it (U4).
#[derive(Default)]
struct WhoIsThere {
    names: Vec<String>,
    /// Keyboard and mouse do nothing.
    is_blocked: bool,
    shown: Option<(String, Sign)>,
}

impl WhoIsThere {
    fn hear(&mut self, handle: &HostHandle, event: &HostEvent) {
        if let HostEvent::Company { operators, .. } = event {
            let names = operators.iter().map(|o| visible_line(&o.name).into());
            self.names = names.collect();
        } else if let HostEvent::Shields { shields, .. } = event {
            self.is_blocked = shields.input == ShieldState::Up;
        } else if let HostEvent::SessionPaused { .. } = event {
            self.is_blocked = false;
        } else {
            return;
        }
        let italian = speaks_italian();
        let mut text = who_is_there(&self.names, italian);
        if self.is_blocked {
            text.push_str(if italian {
                ". Tieni premuto Esc per riavere la tastiera"
            } else {
                ". Hold Esc for your keyboard"
            });
        }
        // it is also told when somebody else has keyboard and pointer
        if self
            .shown
            .as_ref()
            .is_some_and(|(before, _)| *before == text)
        {
            return;
        }
        self.show(handle, text);
    }

    /// Another display is shown.
    fn move_over(&mut self, handle: &HostHandle) {
        if let Some((text, _)) = self.shown.take() {
            self.show(handle, text);
        }
    }

    /// Shows the bar again where it went with its display.
    fn keep_up(&mut self, handle: &HostHandle) {
        if let Some((text, _)) = self.shown.take_if(|(_, sign)| sign.is_over()) {
            self.show(handle, text);
        }
    }

    fn show(&mut self, handle: &HostHandle, text: String) {
        self.shown = None;
        if self.names.is_empty() {
            return;
        }
        let italian = speaks_italian();
        let ender = handle.ender();
        let end = if italian { "Termina" } else { "End" };
        match Sign::show(&text, end, move || ender.end()) {
            Ok(sign) => self.shown = Some((text, sign)),
            Err(error) => tracing::warn!(%error, "No sign on the screen"),
        }
    }
}

/// Whether the computer's own language is Italian, as the service manager hands it on.
fn speaks_italian() -> bool {
    let mut names = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter();
    let said = names.find_map(|name| std::env::var(name).ok().filter(|said| !said.is_empty()));
    said.is_some_and(|locale| is_italian(&locale))
}

fn is_italian(locale: &str) -> bool {
    let language = locale.split(['_', '-', '.', '@']).next();
    language.is_some_and(|language| language.eq_ignore_ascii_case("it"))
}

/// What the bar says.
fn who_is_there(names: &[impl AsRef<str>], italian: bool) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let says = match (italian, names.len()) {
        (false, 1) => "is connected to this computer",
        (false, _) => "are connected to this computer",
        (true, 1) => "è connesso a questo computer",
        (true, _) => "sono connessi a questo computer",
    };
    format!("{} {says}", names.join(", "))
}

/// Takes what the engine told; whether everything is over.
fn take(handle: &HostHandle, event: HostEvent, alone_since: &mut Option<Instant>) -> bool {
    match event {
        HostEvent::ConsentAsked {
            session,
            operator,
            asked,
            ..
        } => {
            // whoever can ask here has shown the password; the hub knows what their role permits
            tracing::info!(%session, %operator, %asked, "Let in by the access password");
            let granted = Some(asked);
            tell(handle, HostCommand::AnswerConsent { session, granted });
            false
        }
        HostEvent::SessionStarted { operator, .. } => {
            tracing::info!(%operator, "Session");
            *alone_since = None;
            false
        }
        HostEvent::SystemAsked { operator, name, .. } => {
            // nobody is in front to be asked, and who may use the computer can look by themselves
            tracing::info!(%name, "Told what computer this is");
            let allowed = true;
            tell(handle, HostCommand::AnswerSystem { operator, allowed });
            false
        }
        HostEvent::BrowseAsked { operator } => {
            // as above: who was let in with files may have any that this account can read
            tracing::info!(%operator, "May look through the folders");
            let consent = BrowseConsent::Allow(desktop::places());
            tell(handle, HostCommand::AnswerBrowse { operator, consent });
            false
        }
        HostEvent::ShieldAsked { name, shield, .. } => {
            // nobody is in front to be asked; who comes by takes it down with a key
            tracing::info!(%name, %shield, "Keeps off who may come by");
            let allowed = true;
            tell(handle, HostCommand::AnswerShield { shield, allowed });
            false
        }
        HostEvent::SessionEnded { cause, .. } => {
            tracing::info!(?cause, "Session ended");
            true
        }
        HostEvent::ConnectionLost(cause) => {
            tracing::info!(?cause, "The place at the hub is gone");
            true
        }
        HostEvent::ConnectionFailed(problem) => {
            tracing::warn!(?problem, "Not connected");
            true
        }
        HostEvent::Trouble(trouble) => {
            tracing::warn!(?trouble, "Something does not work");
            false
        }
        HostEvent::Connecting
        | HostEvent::Connected
        | HostEvent::TicketRefused(_)
        | HostEvent::TicketSpent
        | HostEvent::TicketAccepted { .. }
        | HostEvent::ConsentWithdrawn { .. }
        | HostEvent::Company { .. }
        | HostEvent::RightsReduced { .. }
        | HostEvent::SessionPaused { .. }
        | HostEvent::SessionResumed { .. }
        | HostEvent::Reconnecting
        | HostEvent::Reconnected
        | HostEvent::ChatReceived(_)
        | HostEvent::ChatNotSent { .. }
        | HostEvent::OperatorPresent(_)
        | HostEvent::Watched { .. }
        | HostEvent::Shields { .. }
        | HostEvent::Monitors(_)
        | HostEvent::MonitorGone { .. }
        | HostEvent::Resting { .. }
        | HostEvent::Organisation(_)
        | HostEvent::Receipt(_)
        | HostEvent::ReceiptForged
        | HostEvent::FeedbackTaken { .. }
        | HostEvent::Transfer { .. }
        | HostEvent::Hindered(_) => false,
    }
}

fn tell(handle: &HostHandle, command: HostCommand) {
    if let Err(error) = handle.send(command) {
        tracing::warn!(%error, "Command not taken");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u4_the_bar_speaks_the_computers_language() {
        assert_eq!(
            who_is_there(&["Anna"], false),
            "Anna is connected to this computer"
        );
        assert_eq!(
            who_is_there(&["Anna", "Bruno"], true),
            "Anna, Bruno sono connessi a questo computer"
        );
        assert!(is_italian("it_IT.UTF-8") && is_italian("it"));
        assert!(!is_italian("en_GB.UTF-8") && !is_italian("C") && !is_italian("ita"));
    }
}
