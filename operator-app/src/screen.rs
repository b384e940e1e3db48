//! This console's own screen, shown to a colleague (O10): the helped side of a session, in this program.
//!
//! The word that both typed let the colleague in, so nobody is asked again; no more is granted than the
//! operator was told when they typed it. A bar above all windows says who is there, with **End**.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use desktop::Sign;
use host_engine::{
    Backends, BrowseConsent, HostCommand, HostConfig, HostEngine, HostEvent, HostEvents, HostHandle,
};
use operator_engine::{HubAddress, Pin, Routes, ShownScreen, Wake};
use protocol::control::Name;
use protocol::{Rights, visible_line};
use ui_kit::{Lang, Word, w};

use crate::phrases;

/// How long the colleague may take to ask for the session, after which nobody gets in any more.
const COMES_WITHIN: Duration = Duration::from_secs(30);

/// The screen as it is shown. Dropping it ends the session in good order, and waits for that for about a
/// second at most.
pub struct Screen {
    handle: HostHandle,
    events: HostEvents,
    /// What the colleague was told that they may have.
    most: Rights,
    lang: Lang,
    sign: Option<Sign>,
    /// Who sees it now.
    seen_by: Vec<Name>,
    /// When nobody had come yet; the word is good for one session.
    waits_since: Option<Instant>,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen")
            .field("seen_by", &self.seen_by)
            .finish_non_exhaustive()
    }
}

/// The way to the hub.
#[derive(Debug, Clone)]
pub struct Way {
    pub hub: HubAddress,
    pub pin: Pin,
    pub routes: Routes,
    pub program: String,
}

impl Screen {
    /// Comes to the place that the hub has given, and says yes to who asks there. `exe` is this program, to
    /// guard held keys.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn show(
        shown: ShownScreen,
        way: Way,
        exe: PathBuf,
        lang: Lang,
        wake: &Wake,
    ) -> std::io::Result<Self> {
        let (computer, system) = this_computer();
        let config = HostConfig {
            hub: way.hub,
            pin: way.pin,
            routes: way.routes,
            program: way.program,
            computer,
            system,
        };
        let backends = Backends::of_this_machine(exe);
        let (handle, events) = HostEngine::start(config, backends, Arc::clone(wake))?;
        let ShownScreen {
            admission,
            operator,
            pair,
            control,
        } = shown;
        let screen = Self {
            handle,
            events,
            most: if control {
                Rights::SEE_AND_CONTROL
            } else {
                Rights::SEE
            },
            lang,
            sign: None,
            seen_by: Vec::new(),
            waits_since: Some(Instant::now()),
        };
        screen.tell(HostCommand::TakePlace {
            admission,
            operator,
            pair,
        });
        Ok(screen)
    }

    /// Takes what the engine told; whether everything is over.
    pub fn is_over(&mut self) -> bool {
        let mut over = false;
        while let Some(event) = self.events.try_next() {
            over |= self.take(event);
        }
        let waited = self.waits_since.map(|since| since.elapsed());
        over || waited.is_some_and(|waited| waited > COMES_WITHIN)
    }

    /// Ends it as dropping does, without anybody who waits.
    pub fn leave(self) {
        let thread = std::thread::Builder::new().name("screen leaves".to_owned());
        if let Err(error) = thread.spawn(move || drop(self)) {
            tracing::warn!(%error, "No thread; the window waited");
        }
    }

    fn take(&mut self, event: HostEvent) -> bool {
        match event {
            HostEvent::ConsentAsked { session, asked, .. } => {
                let granted = Some(asked.common_with(self.most));
                self.tell(HostCommand::AnswerConsent { session, granted });
                false
            }
            HostEvent::SystemAsked { operator, .. } => {
                // it was not spoken of when the word was typed
                let allowed = false;
                self.tell(HostCommand::AnswerSystem { operator, allowed });
                false
            }
            HostEvent::ShieldAsked { shield, .. } => {
                let allowed = false;
                self.tell(HostCommand::AnswerShield { shield, allowed });
                false
            }
            HostEvent::BrowseAsked { operator } => {
                let consent = BrowseConsent::Refuse;
                self.tell(HostCommand::AnswerBrowse { operator, consent });
                false
            }
            HostEvent::Company { operators, .. } => {
                self.is_seen_by(operators.into_iter().map(|o| o.name).collect());
                false
            }
            HostEvent::SessionStarted { .. } => {
                self.waits_since = None;
                false
            }
            HostEvent::SessionEnded { .. }
            | HostEvent::ConsentWithdrawn { .. }
            | HostEvent::ConnectionLost(_)
            | HostEvent::ConnectionFailed(_) => true,
            HostEvent::Trouble(trouble) => {
                tracing::warn!(?trouble, "Something does not work");
                false
            }
            HostEvent::Connecting
            | HostEvent::Connected
            | HostEvent::TicketRefused(_)
            | HostEvent::TicketSpent
            | HostEvent::TicketAccepted { .. }
            | HostEvent::RightsReduced { .. }
            | HostEvent::SessionPaused { .. }
            | HostEvent::SessionResumed { .. }
            | HostEvent::Reconnecting
            | HostEvent::Reconnected
            | HostEvent::ChatReceived(_)
            | HostEvent::ChatNotSent { .. }
            | HostEvent::OperatorPresent(_)
            | HostEvent::Watched { .. }
            | HostEvent::Organisation(_)
            | HostEvent::Receipt(_)
            | HostEvent::ReceiptForged
            | HostEvent::FeedbackTaken { .. }
            | HostEvent::Transfer { .. }
            | HostEvent::Shields { .. }
            | HostEvent::Monitors(_)
            | HostEvent::MonitorGone { .. }
            | HostEvent::Resting { .. }
            | HostEvent::Hindered(_) => false,
        }
    }

    fn is_seen_by(&mut self, names: Vec<Name>) {
        // it is also told when somebody else has keyboard and pointer
        if self.seen_by == names {
            return;
        }
        self.sign = None;
        self.seen_by = names;
        let names: Vec<_> = self.seen_by.iter().map(|name| visible_line(name)).collect();
        if names.is_empty() {
            return;
        }
        let control = self.most.has(Rights::CONTROL);
        let text = phrases::screen_seen(self.lang, &names.join(", "), control);
        let ender = self.handle.ender();
        let button = w(self.lang, Word::End);
        match Sign::show(&text, button, move || ender.end()) {
            Ok(sign) => self.sign = Some(sign),
            Err(error) => tracing::warn!(%error, "No sign on the screen"),
        }
    }

    fn tell(&self, command: HostCommand) {
        if let Err(error) = self.handle.send(command) {
            tracing::warn!(%error, "Command not taken");
        }
    }
}

/// This computer's name and its operating system.
pub fn this_computer() -> (Name, Name) {
    let name = hostname::get().unwrap_or_else(|_unknown| "computer".into());
    (
        Name::cut(name.to_string_lossy().as_ref()),
        Name::cut(std::env::consts::OS),
    )
}
