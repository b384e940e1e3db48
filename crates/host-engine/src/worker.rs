//! The engine's network thread: one host over any number of connections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use codec::FormatVersion;
use protocol::control::Name;
use protocol::limits::MAX_OPERATORS;
use protocol::version::{LARGE_VIDEOS, QUICK_PHOTOS};
use protocol::{
    ChatAuthor, ChatLine, EndedBy, Equipment, Hindrance, Hindrances, HostKeyboard, HostToHub,
    HubToHost, Lane, Outcome, PeerId, ProtocolVersion, RefusalCode, Rights, Role, ShieldState,
    StreamHeader,
};
use session::TicketNumber;
use session::host::{
    Agreement, Caller, HostFault, HostNews, HostSide, HostStep, Outside, StopCause,
};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;
use transfer::{Channel, Happening, Step};
use transport::{ConnectError, FramedReader, receipt, reconnect};

use crate::clipboard::{ClipboardNews, Clipboards};
use crate::course::Course;
use crate::engine::{Backends, CurrentSession, HostConfig, Teller};
use crate::event::{
    CheckedReceipt, ConnectProblem, EndCause, HostCommand, HostEvent, LostCause, Trouble,
};
use crate::files::Files;
use crate::hindrances::Lookout;
use crate::line_report::{self, LineReports};
use crate::live::{LiveSession, Report};
use crate::system::Looks;
use crate::wire::{Wire, refuse};

/// Streams of a session that may arrive before its start does.
const MAX_EARLY_STREAMS: usize = 4;
/// How far apart at least two connections to the same place are made.
const RETURN_INTERVAL: Duration = Duration::from_secs(1);

/// Why a connection is not served any further.
enum End {
    /// The program leaves.
    Left,
    Lost(LostCause),
    /// The hub is not what it says, or breaks the rules.
    Problem(ConnectProblem),
}

/// The host's side and everything that it has going on.
pub(crate) struct Worker {
    config: HostConfig,
    backends: Backends,
    commands: mpsc::Receiver<HostCommand>,
    teller: Teller,
    lookout: Lookout,
    current: CurrentSession,
    /// Whether the user has paused.
    withheld: watch::Receiver<bool>,
    /// The monitor that the user shares alone.
    only: watch::Receiver<Option<(u32, Name)>>,
    keyboard: watch::Receiver<Option<HostKeyboard>>,
    started: Instant,
    side: HostSide,
    /// When the channel to each operator was opened.
    channels_opened: BTreeMap<PeerId, Instant>,
    course: Option<Arc<Course>>,
    live: Option<LiveSession>,
    early: Vec<(StreamHeader, FramedReader)>,
    /// Why whoever injects has given up in the session that runs.
    cannot_act: Option<Hindrance>,
    /// The ticket was accepted: there is a place to come back to.
    accepted: bool,
    /// Since when this host has not been in its place.
    away_since: Option<Instant>,
    /// When it last connected again.
    last_return: Option<Instant>,
    /// Why the session ends, where that is known here alone.
    cause: Option<EndCause>,
    ending: Vec<JoinHandle<()>>,
    files: Files,
    clipboards: Clipboards,
    looks: Looks,
}

impl Worker {
    pub(crate) fn new(
        config: HostConfig,
        backends: Backends,
        commands: mpsc::Receiver<HostCommand>,
        teller: Teller,
        lookout: Lookout,
        current: CurrentSession,
    ) -> Self {
        let caller = Caller {
            computer: config.computer.clone(),
            user: Name::default(),
            system: config.system.clone(),
        };
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let chat_base = since_epoch.unwrap_or_default().as_micros();
        let chat_base = u64::try_from(chat_base).unwrap_or_default();
        let clipboards = Clipboards::new(backends.clipboard.clone());
        Self {
            clipboards,
            config,
            backends,
            commands,
            teller,
            keyboard: lookout.keyboard(),
            lookout,
            withheld: current.withheld(),
            only: current.only(),
            current,
            started: Instant::now(),
            side: HostSide::new(caller, chat_base),
            channels_opened: BTreeMap::new(),
            course: None,
            live: None,
            early: Vec::new(),
            cannot_act: None,
            accepted: false,
            away_since: None,
            last_return: None,
            cause: None,
            ending: Vec::new(),
            files: Files::new(),
            looks: Looks::default(),
        }
    }

    /// Works until the program is gone.
    pub(crate) async fn run(mut self) {
        while let Some(command) = self.commands.recv().await {
            match command {
                HostCommand::OpenTicket { ticket, user } => {
                    self.current.set_serves(true);
                    self.help(&ticket, user).await;
                    capture::end_sharing();
                    self.current.set_serves(false);
                }
                HostCommand::TakePlace {
                    admission,
                    operator,
                    pair,
                } => {
                    self.accepted = true;
                    self.away_since = None;
                    self.side.hindered(self.lookout.seen());
                    self.side.take_place(admission, operator, pair);
                    self.current.set_serves(true);
                    // as one whose line was lost
                    self.stay(End::Lost(LostCause::Closed)).await;
                    capture::end_sharing();
                    self.current.set_serves(false);
                }
                HostCommand::ReceiveInto { folder } => self.files.receive_into(folder),
                HostCommand::Acquaint { .. }
                | HostCommand::AnswerConsent { .. }
                | HostCommand::SendFiles { .. }
                | HostCommand::AnswerBrowse { .. }
                | HostCommand::CancelFiles { .. }
                | HostCommand::ReduceRights { .. }
                | HostCommand::EndSession
                | HostCommand::SendAway { .. }
                | HostCommand::AnswerSystem { .. }
                | HostCommand::AnswerShield { .. }
                | HostCommand::SendChat { .. }
                | HostCommand::Rate { .. }
                | HostCommand::Leave => {
                    tracing::debug!("Nothing to do without a connection");
                }
            }
        }
    }

    /// From the ticket until either side has left for good, over any number of connections.
    async fn help(&mut self, ticket: &TicketNumber, user: Name) {
        let Some(wire) = self.connect().await else {
            return;
        };
        self.accepted = false;
        self.away_since = None;
        self.side.hindered(self.lookout.seen());
        let opened = self.side.open_ticket(ticket, user);
        let end = self.serve(wire, opened).await;
        self.stay(end).await;
    }

    /// Comes back to this host's place after each connection that was lost, until either side has left.
    async fn stay(&mut self, mut end: End) {
        while matches!(end, End::Lost(_)) && self.side.admitted() {
            if !self.teller.tell(HostEvent::Reconnecting) {
                end = End::Left;
                break;
            }
            end = match self.come_back().await {
                Ok(wire) => {
                    let resume = self.side.resume().map(HostStep::Send);
                    self.serve(wire, resume.into_iter().collect()).await
                }
                Err(end) => end,
            };
        }
        self.give_up(&end);
        self.join_threads().await;
    }

    async fn connect(&mut self) -> Option<Wire> {
        if !self.teller.tell(HostEvent::Connecting) {
            return None;
        }
        let HostConfig {
            hub, pin, program, ..
        } = self.config.clone();
        let routes = self.config.routes.clone();
        let connecting = transport::client::connect(&hub, pin, Role::Host, &program, &routes);
        let connected = tokio::select! {
            biased;
            () = until_leave(&mut self.commands) => return None,
            connected = Box::pin(connecting) => connected,
        };
        match connected {
            Ok(greeted) => {
                tracing::info!(%hub, "Connected");
                let told = self.teller.tell(HostEvent::Connected);
                told.then(|| Wire::new(greeted))
            }
            Err(error) => {
                tracing::info!(%error, "Not connected");
                // a program that does not listen is ending
                let _told = self.teller.tell(HostEvent::ConnectionFailed(error.into()));
                None
            }
        }
    }

    /// Tries to reach the hub again for as long as it keeps this host's place. What the person does
    /// meanwhile counts at once.
    async fn come_back(&mut self) -> Result<Wire, End> {
        let HostConfig {
            hub, pin, program, ..
        } = self.config.clone();
        let routes = self.config.routes.clone();
        let now = Instant::now();
        let kept_until = *self.away_since.get_or_insert(now) + self.side.kept_for();
        // a hub that takes every connection and keeps none must not be called without a pause
        let begin = self.last_return.map_or(now, |last| last + RETURN_INTERVAL);
        let coming = async {
            tokio::time::sleep_until(begin.into()).await;
            reconnect::connect_until_it_works(&hub, pin, Role::Host, &program, &routes).await
        };
        let mut coming = Box::pin(tokio::time::timeout_at(kept_until.into(), coming));
        let came = loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    None | Some(HostCommand::Leave) => return Err(End::Left),
                    Some(command) => {
                        let steps = self.commanded(command)?;
                        self.take(steps, None)?;
                    }
                },
                Ok(()) = self.withheld.changed() => {
                    let steps = self.withhold();
                    self.take(steps, None)?;
                }
                (operator, happening) = self.files.next() => {
                    let steps = self.files_happened(operator, happening)?;
                    self.take(steps, None)?;
                }
                came = &mut coming => break came,
            }
        };
        match came {
            Ok(Ok(greeted)) => {
                tracing::info!(%hub, "Connected again");
                self.last_return = Some(Instant::now());
                Ok(Wire::new(greeted))
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "Cannot come back");
                Err(self.gone(match error {
                    ConnectError::Refused(refusal) => LostCause::Refused(refusal),
                    ConnectError::OtherVersion { .. } => {
                        LostCause::Refused(RefusalCode::VERSION_MISMATCH.into())
                    }
                    // another computer answers under the hub's address
                    ConnectError::ForeignKey
                    | ConnectError::Certificate { .. }
                    | ConnectError::UnknownName { .. }
                    | ConnectError::NoAnswer { .. }
                    | ConnectError::Proxy(_)
                    | ConnectError::ProxyScript
                    | ConnectError::Failed { .. }
                    | ConnectError::Socket(_)
                    | _ => LostCause::Nonsense,
                }))
            }
            Err(_elapsed) => {
                tracing::info!("The place at the hub is gone");
                Err(self.gone(LostCause::Silence))
            }
        }
    }

    /// There is nothing to come back to.
    fn gone(&mut self, cause: LostCause) -> End {
        let steps = self.side.give_up();
        match self.take(steps, None) {
            Ok(()) => End::Lost(cause),
            Err(end) => end,
        }
    }

    /// Serves one connection until it ends.
    async fn serve(&mut self, mut wire: Wire, first: Vec<HostStep>) -> End {
        let connection = wire.connection.clone();
        let mut silent = Box::pin(async move { reconnect::silent(&connection).await });
        let mut reports = LineReports::new(&wire.route);
        let mut looks = tokio::time::interval(line_report::EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut was_live = false;
        let mut taken = self.take(first, Some(&wire));
        let end = loop {
            if let Err(end) = taken {
                break end;
            }
            if std::mem::replace(&mut was_live, self.live.is_some()) != self.live.is_some() {
                // of a session that begins nothing is known yet
                looks.reset();
            }
            taken = tokio::select! {
                biased;
                report = next_report(&mut self.live) => self.reported(report, &wire),
                command = self.commands.recv() => match command {
                    None | Some(HostCommand::Leave) => Err(End::Left),
                    Some(command) => {
                        let steps = self.commanded(command);
                        steps.and_then(|steps| self.take(steps, Some(&wire)))
                    }
                },
                Ok(()) = self.withheld.changed() => {
                    let steps = self.withhold();
                    self.take(steps, Some(&wire))
                }
                Ok(()) = self.only.changed() => {
                    let steps = self.share_only();
                    self.take(steps, Some(&wire))
                }
                Ok(()) = self.keyboard.changed() => {
                    let steps = self.tell_keyboard();
                    self.take(steps, Some(&wire))
                }
                hindrances = self.lookout.changed() => {
                    let steps = self.hindered(hindrances);
                    self.take(steps, Some(&wire))
                }
                message = wire.inbound.recv() => self.heard(message, &wire),
                stream = wire.streams.recv() => match stream {
                    Some((header, reader)) => {
                        self.stream_arrived(header, reader);
                        Ok(())
                    }
                    None => Err(End::Lost(wire.lost_cause())),
                },
                (operator, happening) = self.files.next() => {
                    let steps = self.files_happened(operator, happening);
                    steps.and_then(|steps| self.take(steps, Some(&wire)))
                }
                news = self.clipboards.next() => {
                    let steps = self.clipboard_news(news);
                    self.take(steps, Some(&wire))
                }
                (question, found) = self.looks.next() => {
                    let steps = self.side.tell_system(question, &found);
                    self.take(steps, Some(&wire))
                }
                () = &mut silent => {
                    tracing::info!("No sign of life from the hub");
                    Err(End::Lost(LostCause::Silence))
                }
                _ = looks.tick(), if self.live.is_some() => {
                    let steps = self.look_at_line(&mut reports, &wire);
                    self.take(steps, Some(&wire))
                }
            };
        };
        self.early.clear();
        match &end {
            End::Left => {
                let steps = self.left();
                let _taken = self.take(steps, Some(&wire));
                let _queued = wire.send(HostToHub::Leave);
                wire.leave().await;
            }
            End::Lost(_) => {
                let steps = self.side.connection_lost();
                let _taken = self.take(steps, None);
                wire.hang_up();
            }
            End::Problem(_) => {
                let steps = self.side.give_up();
                let _taken = self.take(steps, None);
                // this host does not come back: nobody needs to wait for it
                let _queued = wire.send(HostToHub::Leave);
                wire.leave().await;
            }
        }
        end
    }

    /// The user has left, or the program has ended with the display that its window was on.
    fn left(&mut self) -> Vec<HostStep> {
        if self.live.is_some() {
            let hindrances = (self.backends.hindrances)();
            if hindrances.screen == Some(Hindrance::NO_DISPLAY) {
                // the reason first: the hub ends the session for it
                let mut steps = self.side.hindered(hindrances);
                steps.extend(self.side.end(StopCause::By(EndedBy::NoCapture)));
                return steps;
            }
        }
        self.side.end(StopCause::By(EndedBy::User))
    }

    /// Everything is over: tells why.
    fn give_up(&mut self, end: &End) {
        if matches!(end, End::Left) {
            let steps = self.side.end(StopCause::By(EndedBy::User));
            let _taken = self.take(steps, None);
        }
        let steps = self.side.give_up();
        let _taken = self.take(steps, None);
        let event = match end {
            End::Left => return,
            End::Lost(cause) if self.accepted => HostEvent::ConnectionLost(*cause),
            End::Lost(cause) => HostEvent::ConnectionFailed(unused_ticket(*cause)),
            End::Problem(_) if self.accepted => HostEvent::ConnectionLost(LostCause::Nonsense),
            End::Problem(problem) => HostEvent::ConnectionFailed(problem.clone()),
        };
        // a program that does not listen is ending
        let _told = self.teller.tell(event);
    }

    fn commanded(&mut self, command: HostCommand) -> Result<Vec<HostStep>, End> {
        Ok(match command {
            HostCommand::SendFiles { operator, chosen } => {
                let (operator, steps) = self.files.send(operator, chosen);
                return self.files_do(operator, steps);
            }
            HostCommand::AnswerBrowse { operator, consent } => {
                let steps = self.files.answer_browse(operator, consent);
                return self.files_do(operator, steps);
            }
            HostCommand::CancelFiles { operator, id } => {
                let steps = self.files.cancel(operator, id);
                return self.files_do(operator, steps);
            }
            HostCommand::ReceiveInto { folder } => {
                self.files.receive_into(folder);
                Vec::new()
            }
            HostCommand::OpenTicket { ticket, user } => self.side.open_ticket(&ticket, user),
            HostCommand::Acquaint { operator, pair } => {
                if !self.side.acquaint(operator, pair) {
                    tracing::warn!("Too many operators at once");
                }
                Vec::new()
            }
            HostCommand::TakePlace { .. } => {
                tracing::warn!("This computer has a place already");
                Vec::new()
            }
            HostCommand::AnswerConsent { session, granted } => match random() {
                Some(random) => self.side.answer(session, granted, random),
                None => self.side.answer(session, None, [0; 32]),
            },
            HostCommand::ReduceRights { rights } => self.side.reduce(rights),
            HostCommand::SendAway { operator } => self.side.send_away(operator),
            HostCommand::AnswerSystem { operator, allowed } => {
                let now = self.started.elapsed();
                self.side.answer_system(operator, allowed, now)
            }
            HostCommand::AnswerShield { shield, allowed } => {
                let now = self.started.elapsed();
                self.side.answer_shield(shield, allowed, now)
            }
            HostCommand::EndSession => self.side.end(StopCause::By(EndedBy::User)),
            HostCommand::SendChat { text } => {
                let (steps, taken) = self.side.chat(text.clone());
                if !taken && !self.teller.tell(HostEvent::ChatNotSent { text }) {
                    tracing::debug!("The program is ending");
                }
                steps
            }
            HostCommand::Rate { session, feedback } => self.side.rate(session, feedback),
            HostCommand::Leave => self.side.give_up(),
        })
    }

    fn files_happened(
        &mut self,
        operator: PeerId,
        happening: Happening,
    ) -> Result<Vec<HostStep>, End> {
        let steps = self.files.happened(operator, happening);
        self.files_do(operator, steps)
    }

    /// Tells what becomes of files, and says it.
    fn files_do(&mut self, operator: PeerId, steps: Vec<Step>) -> Result<Vec<HostStep>, End> {
        let mut said = Vec::new();
        for step in steps {
            match step {
                Step::Say(word) => said.extend(self.side.say_files(operator, word)),
                Step::Changed(transfer) => self.tell(HostEvent::Transfer { operator, transfer })?,
                Step::AskUser => self.tell(HostEvent::BrowseAsked { operator })?,
                Step::Forged => said.extend(self.side.end(StopCause::Forged)),
                // of a console
                Step::Browse(_) | Step::Listing { .. } => {}
            }
        }
        Ok(said)
    }

    fn clipboard_news(&mut self, news: ClipboardNews) -> Vec<HostStep> {
        match news {
            ClipboardNews::Copied(copied) => self.clipboards.copied(copied),
            ClipboardNews::Forged => return self.side.end(StopCause::Forged),
        }
        Vec::new()
    }

    fn heard(
        &mut self,
        message: Option<Result<HubToHost, LostCause>>,
        wire: &Wire,
    ) -> Result<(), End> {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(cause)) => return Err(End::Lost(cause)),
            None => return Err(End::Lost(wire.lost_cause())),
        };
        let mut input_taken = 0;
        if let HubToHost::Greeted { from, .. } = &message {
            if self.channels_opened.len() > MAX_OPERATORS {
                self.channels_opened.clear(); // only a hub that plays gets there
            }
            self.channels_opened.insert(*from, Instant::now());
            let course = self.course.as_ref();
            input_taken = course.map_or(0, |course| course.input_taken(*from));
        }
        let Some(random) = random() else {
            return Err(End::Lost(LostCause::Silence));
        };
        let outside = Outside {
            now: self.started.elapsed(),
            random,
            input_taken,
        };
        match self.side.hear(message, outside) {
            Ok(steps) => self.take(steps, Some(wire)),
            Err(fault) => {
                tracing::warn!(%fault, "The hub breaks the rules");
                if fault == HostFault::Forged {
                    let steps = self.side.end(StopCause::Forged);
                    let _taken = self.take(steps, Some(wire));
                }
                Err(End::Problem(problem(fault)))
            }
        }
    }

    fn reported(&mut self, report: Report, wire: &Wire) -> Result<(), End> {
        let steps = match report {
            Report::TurnedOff if self.commands.is_closed() => self.left(),
            Report::TurnedOff => self.side.end(StopCause::By(EndedBy::User)),
            Report::Forged => self.side.end(StopCause::Forged),
            // the hub says why, or the connection ends
            Report::Broken => self.side.end(StopCause::ConnectionLost),
            Report::TooOld(operator, count) => self.side.input_too_old(operator, count),
            Report::Impossible(operator, count) => self.side.input_impossible(operator, count),
            Report::MonitorGone => {
                // capture has stopped by itself; this keeps it so over a lost line
                self.current.withhold(true);
                if let Some(live) = &self.live {
                    let session = live.session();
                    self.tell(HostEvent::MonitorGone { session })?;
                }
                Vec::new()
            }
            Report::Monitors(places) => self.side.equipped(Equipment::Monitors(places)),
            Report::Shield(shield, state) => self.side.shield_is(shield, state),
            Report::Driver(driver) => {
                if let Some(live) = &self.live {
                    live.driver_is(driver);
                }
                self.clipboards.driver_is(driver);
                self.side.driver_is(driver)
            }
            Report::Trouble(trouble) => {
                let mut hindrances = self.side.hindrances();
                let cause = match &trouble {
                    Trouble::NoCapture { why, .. } => {
                        let known = hindrances.prevents_session();
                        hindrances.screen = known.or(Some(*why));
                        Some(StopCause::By(EndedBy::NoCapture))
                    }
                    Trouble::NoInput { why, .. } => {
                        self.cannot_act = Some(*why);
                        hindrances.input = acting(hindrances.input, self.cannot_act);
                        None
                    }
                };
                self.tell(HostEvent::Trouble(trouble))?;
                // the reason first: the hub ends the session for it
                let mut steps = self.side.hindered(hindrances);
                if let Some(cause) = cause {
                    steps.extend(self.side.end(cause));
                }
                steps
            }
        };
        self.take(steps, Some(wire))
    }

    /// Tells the operators how their lines are, where that has changed.
    fn look_at_line(&mut self, reports: &mut LineReports, wire: &Wire) -> Vec<HostStep> {
        let Some(live) = &self.live else {
            return Vec::new();
        };
        // it may have left a tunnel
        if let Some(route) = self.config.routes.worked(&self.config.hub) {
            reports.goes_by(&route);
        }
        let news = reports.look(live, &wire.connection).into_iter();
        let steps = news.flat_map(|(operator, line)| self.side.line_is(operator, line));
        steps.collect()
    }

    /// The user shares one monitor alone, or all.
    fn share_only(&mut self) -> Vec<HostStep> {
        let only = self.only.borrow_and_update().clone();
        self.side.shares_only(only.map(|(_, name)| name))
    }

    /// What the keyboard is now, if that is known.
    fn tell_keyboard(&mut self) -> Vec<HostStep> {
        let keyboard = self.keyboard.borrow_and_update().clone();
        let piece = keyboard.map(Equipment::Keyboard);
        piece.map_or_else(Vec::new, |piece| self.side.equipped(piece))
    }

    /// The user has paused, or goes on.
    fn withhold(&mut self) -> Vec<HostStep> {
        let withheld = *self.withheld.borrow_and_update();
        self.files.withhold(withheld);
        self.side.withhold(withheld)
    }

    /// What hinders on this machine has changed.
    fn hindered(&mut self, mut seen: Hindrances) -> Vec<HostStep> {
        if self.live.is_some() {
            // who captures and injects knows better than who looks from outside
            seen.screen = seen.screen.filter(|hindrance| !hindrance.prevents_seeing());
            seen.input = acting(seen.input, self.cannot_act);
        }
        self.side.hindered(seen)
    }

    fn stream_arrived(&mut self, header: StreamHeader, mut reader: FramedReader) {
        if let Some(live) = self.live.as_mut().filter(|live| live.is_for(&header)) {
            match header.lane {
                Lane::FileToHost => self.files.take_stream(header.operator, reader),
                Lane::ClipboardToHost => self.clipboards.take_stream(header.operator, reader),
                Lane::Screen
                | Lane::Pointer
                | Lane::Viewer
                | Lane::Input
                | Lane::ClipboardToOperator
                | Lane::FileToOperator => live.take_stream(header, reader),
            }
        } else if self.side.expects(&header) && self.early.len() < MAX_EARLY_STREAMS {
            self.early.push((header, reader));
        } else {
            refuse(&mut reader);
        }
    }

    fn take(&mut self, steps: Vec<HostStep>, wire: Option<&Wire>) -> Result<(), End> {
        let mut after = Vec::new();
        for step in steps {
            match step {
                HostStep::Send(message) => {
                    if wire.is_some_and(|wire| !wire.send(message)) {
                        return Err(End::Lost(LostCause::Silence));
                    }
                }
                HostStep::Tell(news) => self.tell_news(news)?,
                HostStep::Start(agreement) => {
                    let Some(wire) = wire else { continue };
                    let operator = agreement.operator;
                    let (rights, keys) = (agreement.grant.rights(), agreement.lanes.clone());
                    let session = agreement.session;
                    let started = self.start(*agreement, wire);
                    if started.is_ok() {
                        let channel = Channel {
                            connection: wire.connection.clone(),
                            session,
                            operator,
                            keys,
                        };
                        after.extend(self.share_only());
                        after.extend(self.tell_keyboard());
                        self.clipboards.opened(rights, &channel);
                        let steps = self.files.opened(rights, channel);
                        after.extend(self.files_do(operator, steps)?);
                        for (header, reader) in std::mem::take(&mut self.early) {
                            self.stream_arrived(header, reader);
                        }
                    }
                    if let Err(cause) = started {
                        if self.live.is_some() {
                            // the others go on
                            after.extend(self.side.send_away(operator));
                            continue;
                        }
                        if let EndCause::NoCapture = cause {
                            let detail = "no thread".to_owned();
                            let why = Hindrance::NO_CAPTURE;
                            let trouble = Trouble::NoCapture { detail, why };
                            self.tell(HostEvent::Trouble(trouble))?;
                        }
                        self.cause = Some(cause);
                        let mut hindrances = self.side.hindrances();
                        hindrances.screen = Some(match cause {
                            EndCause::NoCommonFormat => Hindrance::OTHER_PICTURES,
                            EndCause::By(_)
                            | EndCause::NoCapture
                            | EndCause::Forged
                            | EndCause::ConnectionLost => Hindrance::NO_CAPTURE,
                        });
                        // the reason first: the hub ends the session for it
                        after.extend(self.side.hindered(hindrances));
                        after.extend(self.side.end(StopCause::By(EndedBy::NoCapture)));
                    }
                }
                HostStep::Reduce(rights) => {
                    let session = self.course.as_ref().map(|course| course.session);
                    let rights = match &self.live {
                        Some(live) => live.reduce(rights),
                        None => rights,
                    };
                    if let Some(session) = session {
                        self.tell(HostEvent::RightsReduced { session, rights })?;
                    }
                    if !rights.has(Rights::CLIPBOARD) {
                        self.clipboards.end_all();
                    }
                    if !rights.has(Rights::FILES) {
                        for (operator, steps) in self.files.withdraw() {
                            after.extend(self.files_do(operator, steps)?);
                        }
                    }
                }
                HostStep::Files { operator, word } => {
                    let steps = self.files.heard(operator, word);
                    after.extend(self.files_do(operator, steps)?);
                }
                HostStep::Shield { shield, up } => match &self.live {
                    Some(live) => live.shield(shield, up),
                    None => after.extend(self.side.shield_is(shield, ShieldState::Down)),
                },
                HostStep::Rest(all) => self.current.rest(all),
                HostStep::LookAtSystem(question) => self.looks.begin(question),
                HostStep::Pause { session, operator } => {
                    tracing::info!(%session, %operator, "Session waits for its line");
                    self.dismiss(operator);
                    self.clipboards.closed(operator);
                    let steps = self.files.closed(operator);
                    after.extend(self.files_do(operator, steps)?);
                }
                HostStep::Leave { session, operator } => {
                    tracing::info!(%session, %operator, "Operator left the session");
                    self.dismiss(operator);
                    self.clipboards.closed(operator);
                    self.clipboards.close_unused();
                    let steps = self.files.left(operator);
                    after.extend(self.files_do(operator, steps)?);
                    if let Some(course) = &self.course {
                        course.forget(operator);
                    }
                }
                HostStep::Stop { session, cause } => {
                    self.stop_run();
                    capture::end_sharing();
                    self.clipboards.end_all();
                    for (operator, steps) in self.files.end_all() {
                        after.extend(self.files_do(operator, steps)?);
                    }
                    let course = self.course.take();
                    let lasted = course.map_or(Duration::ZERO, |course| course.elapsed());
                    tracing::info!(%session, ?cause, "Session ended");
                    let cause = self.cause.take().unwrap_or_else(|| end_cause(cause));
                    self.tell(HostEvent::SessionEnded {
                        session,
                        cause,
                        lasted,
                    })?;
                    // what only a session finds out may be otherwise in the next
                    after.extend(self.side.hindered(self.lookout.seen()));
                }
                HostStep::HangUp(refusal) => {
                    if refusal.code == RefusalCode::SHUTTING_DOWN {
                        // it comes back, and so does this host
                        return Err(End::Lost(LostCause::Refused(refusal)));
                    }
                    let steps = self.side.give_up();
                    self.take(steps, None)?;
                    return Err(End::Lost(LostCause::Refused(refusal)));
                }
            }
        }
        if after.is_empty() {
            Ok(())
        } else {
            self.take(after, wire)
        }
    }

    /// Begins to capture and to inject, at first or after a pause.
    fn start(&mut self, agreement: Agreement, wire: &Wire) -> Result<(), EndCause> {
        let session = agreement.session;
        let course = self.course.take_if(|course| course.session == session);
        let course = course.unwrap_or_else(|| {
            self.current.begin();
            Arc::new(Course::begin(session))
        });
        self.course = Some(Arc::clone(&course));
        let Some(format) = format_for(agreement.formats, wire.version) else {
            tracing::warn!(%session, formats = ?agreement.formats, "No common format of pictures");
            return Err(EndCause::NoCommonFormat);
        };
        let (operator, name) = (agreement.operator, &agreement.operator_name);
        tracing::info!(%session, %operator, %name, "Session runs");
        let opened = self.channels_opened.get(&operator).copied();
        let opened = opened.unwrap_or_else(Instant::now);
        let no_thread = |error: std::io::Error| {
            tracing::error!(%error, "No thread for the session");
            EndCause::NoCapture
        };
        let (connection, backends) = (&wire.connection, &self.backends);
        if self.live.as_ref().is_none_or(|l| l.session() != session) {
            let takers = self.clipboards.takers();
            let current = &self.current;
            let live = LiveSession::start(
                &agreement, course, takers, format, connection, backends, current,
            );
            self.live = Some(live.map_err(no_thread)?);
        }
        if let Some(live) = &mut self.live {
            live.is_read_in(format);
            let trip = connection.rtt();
            let admitted = live.admit(agreement, opened, trip, backends);
            if let Err(error) = admitted {
                if live.dismiss(operator) {
                    self.stop_run();
                }
                return Err(no_thread(error));
            }
        }
        Ok(())
    }

    /// Nothing is seen or touched by `operator` any more, and by nobody once all are gone.
    fn dismiss(&mut self, operator: PeerId) {
        let nobody_left = self.live.as_mut().is_some_and(|l| l.dismiss(operator));
        if nobody_left {
            self.stop_run();
        }
    }

    /// Ends the streams and threads of the session: nothing is seen or touched any more.
    fn stop_run(&mut self) {
        self.current.set(None);
        self.cannot_act = None;
        self.early.clear();
        self.ending.retain(|thread| !thread.is_finished());
        if let Some(live) = self.live.take() {
            self.ending.extend(live.stop());
        }
    }

    fn tell_news(&mut self, news: HostNews) -> Result<(), End> {
        match &news {
            HostNews::TicketAccepted { .. } => self.accepted = true,
            HostNews::Resumed => self.away_since = None,
            HostNews::TicketRefused(_)
            | HostNews::TicketSpent
            | HostNews::ConsentAsked { .. }
            | HostNews::ConsentWithdrawn { .. }
            | HostNews::SessionStarted { .. }
            | HostNews::Company { .. }
            | HostNews::SessionPaused { .. }
            | HostNews::SessionResumed { .. }
            | HostNews::ChatReceived { .. }
            | HostNews::OperatorPresent(_)
            | HostNews::SystemAsked { .. }
            | HostNews::ShieldAsked { .. }
            | HostNews::Shields { .. }
            | HostNews::Resting { .. }
            | HostNews::Watched { .. }
            | HostNews::Receipt(_)
            | HostNews::FeedbackTaken { .. }
            | HostNews::Organisation(_) => {}
        }
        self.tell(match news {
            HostNews::TicketRefused(refusal) => HostEvent::TicketRefused(refusal),
            HostNews::TicketSpent => HostEvent::TicketSpent,
            HostNews::TicketAccepted { operator } => HostEvent::TicketAccepted { operator },
            HostNews::ConsentAsked {
                session,
                operator,
                asked,
                insistent,
                brought_by,
            } => HostEvent::ConsentAsked {
                session,
                operator,
                // nobody is asked for what is not there
                asked: if self.backends.clipboard.exists() {
                    asked
                } else {
                    asked.without(Rights::CLIPBOARD)
                },
                insistent,
                brought_by,
            },
            HostNews::Company {
                session,
                operators,
                driver,
            } => HostEvent::Company {
                session,
                operators,
                driver,
            },
            HostNews::ConsentWithdrawn { session } => HostEvent::ConsentWithdrawn { session },
            HostNews::SessionStarted {
                session,
                operator,
                rights,
            } => HostEvent::SessionStarted {
                session,
                operator,
                rights,
            },
            HostNews::SessionPaused { session } => HostEvent::SessionPaused { session },
            HostNews::SessionResumed { session } => HostEvent::SessionResumed { session },
            HostNews::ChatReceived {
                operator,
                at_unix_seconds,
                text,
            } => HostEvent::ChatReceived(ChatLine {
                author: ChatAuthor::Operator,
                name: operator,
                at_unix_seconds,
                text,
            }),
            HostNews::OperatorPresent(present) => HostEvent::OperatorPresent(present),
            HostNews::SystemAsked {
                session,
                operator,
                name,
            } => HostEvent::SystemAsked {
                session,
                operator,
                name,
            },
            HostNews::ShieldAsked {
                session,
                operator,
                name,
                shield,
            } => HostEvent::ShieldAsked {
                session,
                operator,
                name,
                shield,
            },
            HostNews::Shields { session, shields } => HostEvent::Shields { session, shields },
            HostNews::Resting { session, by } => HostEvent::Resting { session, by },
            HostNews::Watched { session, by } => HostEvent::Watched { session, by },
            HostNews::Resumed => HostEvent::Reconnected,
            HostNews::Organisation(name) => HostEvent::Organisation(name),
            HostNews::Receipt(signed) => match receipt::verify_of(&signed, self.config.pin) {
                Ok(receipt) => HostEvent::Receipt(Box::new(CheckedReceipt { receipt, signed })),
                Err(fault) => {
                    tracing::warn!(%fault, "No receipt of this hub");
                    HostEvent::ReceiptForged
                }
            },
            HostNews::FeedbackTaken { session, outcome } => HostEvent::FeedbackTaken {
                session,
                stored: outcome == Outcome::Done,
            },
        })
    }

    fn tell(&self, event: HostEvent) -> Result<(), End> {
        if self.teller.tell(event) {
            Ok(())
        } else {
            Err(End::Left)
        }
    }

    async fn join_threads(&mut self) {
        let ending = std::mem::take(&mut self.ending);
        let joined = tokio::task::spawn_blocking(move || {
            ending
                .into_iter()
                .filter_map(|thread| thread.join().err())
                .count()
        });
        if !matches!(joined.await, Ok(0)) {
            tracing::error!("A session's thread panicked");
        }
    }
}

/// The next report of the session that runs; never returns without one.
async fn next_report(live: &mut Option<LiveSession>) -> Report {
    match live {
        Some(live) => live.next_report().await,
        None => std::future::pending().await,
    }
}

/// Returns when the program leaves or is gone; other commands make no sense now.
async fn until_leave(commands: &mut mpsc::Receiver<HostCommand>) {
    loop {
        match commands.recv().await {
            Some(HostCommand::Leave) | None => return,
            Some(_) => tracing::debug!("Nothing to do while connecting"),
        }
    }
}

/// The format of pictures for a console that reads `formats`, from the oldest to the newest, through a hub
/// that makes films of them.
fn format_for(formats: (u16, u16), hub: ProtocolVersion) -> Option<FormatVersion> {
    let newest = if hub >= LARGE_VIDEOS {
        FormatVersion::V5
    } else if hub >= QUICK_PHOTOS {
        FormatVersion::V4
    } else {
        FormatVersion::V3
    };
    let version = |number: u16| FormatVersion::new(u8::try_from(number).unwrap_or(u8::MAX));
    let ours = *codec::SUPPORTED.start()..=newest;
    codec::newest_common(&ours, &(version(formats.0)..=version(formats.1)))
}

fn random() -> Option<[u8; 32]> {
    let mut random = [0; 32];
    let filled = getrandom::fill(&mut random);
    if let Err(error) = filled {
        tracing::error!(%error, "No randomness");
    }
    filled.ok().map(|()| random)
}

fn end_cause(cause: StopCause) -> EndCause {
    match cause {
        StopCause::By(EndedBy::NoCapture) => EndCause::NoCapture,
        StopCause::By(by) => EndCause::By(by),
        StopCause::Forged => EndCause::Forged,
        StopCause::ConnectionLost => EndCause::ConnectionLost,
    }
}

fn problem(fault: HostFault) -> ConnectProblem {
    match fault {
        HostFault::FalseConsole | HostFault::MalformedExchange => ConnectProblem::FalseConsole,
        HostFault::OutOfPlace { .. } | HostFault::NotAllowed | HostFault::Forged => {
            ConnectProblem::Nonsense
        }
    }
}

fn unused_ticket(cause: LostCause) -> ConnectProblem {
    match cause {
        LostCause::Refused(refusal) => ConnectProblem::Refused(refusal),
        LostCause::Nonsense => ConnectProblem::Nonsense,
        LostCause::Silence | LostCause::Closed => ConnectProblem::Failed {
            detail: "the hub hung up".to_owned(),
        },
    }
}

/// What keeps operators from acting: what is `seen` from outside, and that whoever injects has given up, which
/// counts more than what passes by itself.
fn acting(seen: Option<Hindrance>, given_up: Option<Hindrance>) -> Option<Hindrance> {
    let lasting = seen.filter(|hindrance| hindrance.prevents_acting());
    lasting.or(given_up).or(seen)
}
