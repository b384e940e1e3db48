//! The engine's network thread: one host over any number of connections.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use protocol::control::Name;
use protocol::{
    ChatAuthor, ChatLine, EndedBy, HostToHub, HubToHost, RefusalCode, Role, StreamHeader,
};
use session::TicketNumber;
use session::host::{Caller, HostFault, HostNews, HostSide, HostStep, Outside, StopCause};
use tokio::sync::mpsc;
use transport::FramedReader;
use transport::reconnect;

use crate::course::Course;
use crate::engine::{Backends, CurrentSession, HostConfig, Teller};
use crate::event::{ConnectProblem, EndCause, HostCommand, HostEvent, LostCause, Trouble};
use crate::live::{LiveSession, Report};
use crate::wire::{Wire, refuse};

/// Streams of a session that may arrive before its start does.
const MAX_EARLY_STREAMS: usize = 4;

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
    current: CurrentSession,
    started: Instant,
    side: HostSide,
    /// When the channel to the operator was opened.
    channel_opened: Instant,
    course: Option<Arc<Course>>,
    live: Option<LiveSession>,
    early: Vec<(StreamHeader, FramedReader)>,
    ending: Vec<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn new(
        config: HostConfig,
        backends: Backends,
        commands: mpsc::Receiver<HostCommand>,
        teller: Teller,
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
        Self {
            config,
            backends,
            commands,
            teller,
            current,
            started: Instant::now(),
            side: HostSide::new(caller, chat_base),
            channel_opened: Instant::now(),
            course: None,
            live: None,
            early: Vec::new(),
            ending: Vec::new(),
        }
    }

    /// Works until the program is gone.
    pub(crate) async fn run(mut self) {
        while let Some(command) = self.commands.recv().await {
            match command {
                HostCommand::OpenTicket { ticket, user } => self.help(&ticket, user).await,
                HostCommand::AnswerConsent { .. }
                | HostCommand::ReduceRights { .. }
                | HostCommand::EndSession
                | HostCommand::SendChat { .. }
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
        let opened = self.side.open_ticket(ticket, user);
        let mut end = self.serve(wire, opened).await;
        while let End::Lost(cause) = end {
            if !self.side.admitted() {
                end = End::Lost(cause);
                break;
            }
            if !self.teller.tell(HostEvent::Reconnecting) {
                end = End::Left;
                break;
            }
            end = match self.come_back().await {
                Some(wire) => {
                    let resume = self.side.resume().map(HostStep::Send);
                    self.serve(wire, resume.into_iter().collect()).await
                }
                None if self.commands.is_closed() => End::Left,
                None => End::Lost(cause),
            };
            if matches!(end, End::Lost(_)) && self.live.is_none() && self.gave_up() {
                break;
            }
        }
        self.give_up(&end);
        self.join_threads().await;
    }

    /// Whether the place is gone, so that there is nothing to come back to.
    fn gave_up(&self) -> bool {
        !self.side.admitted()
    }

    async fn connect(&mut self) -> Option<Wire> {
        if !self.teller.tell(HostEvent::Connecting) {
            return None;
        }
        let HostConfig {
            hub, pin, program, ..
        } = self.config.clone();
        let connecting = transport::client::connect(&hub, pin, Role::Host, &program);
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
    async fn come_back(&mut self) -> Option<Wire> {
        let HostConfig {
            hub, pin, program, ..
        } = self.config.clone();
        let coming = reconnect::connect_until_it_works(&hub, pin, Role::Host, &program);
        let mut coming = Box::pin(tokio::time::timeout(self.side.kept_for(), coming));
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    None => return None,
                    Some(HostCommand::Leave) => {
                        let steps = self.side.give_up();
                        // nobody is there to be told of a lost connection
                        let _taken = self.take(steps, None);
                        return None;
                    }
                    Some(command) => {
                        let steps = self.commanded(command);
                        if self.take(steps, None).is_err() {
                            return None;
                        }
                    }
                },
                came = &mut coming => return match came {
                    Ok(Ok(greeted)) => {
                        tracing::info!(%hub, "Connected again");
                        Some(Wire::new(greeted))
                    }
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "Cannot come back");
                        let steps = self.side.give_up();
                        let _taken = self.take(steps, None);
                        None
                    }
                    Err(_elapsed) => {
                        tracing::info!("The place at the hub is gone");
                        let steps = self.side.give_up();
                        let _taken = self.take(steps, None);
                        None
                    }
                },
            }
        }
    }

    /// Serves one connection until it ends.
    async fn serve(&mut self, mut wire: Wire, first: Vec<HostStep>) -> End {
        let connection = wire.connection.clone();
        let mut silent = Box::pin(async move { reconnect::silent(&connection).await });
        let mut taken = self.take(first, Some(&wire));
        let end = loop {
            if let Err(end) = taken {
                break end;
            }
            taken = tokio::select! {
                biased;
                report = next_report(&mut self.live) => self.reported(report, &wire),
                command = self.commands.recv() => match command {
                    None | Some(HostCommand::Leave) => Err(End::Left),
                    Some(command) => {
                        let steps = self.commanded(command);
                        self.take(steps, Some(&wire))
                    }
                },
                message = wire.inbound.recv() => self.heard(message, &wire),
                stream = wire.streams.recv() => match stream {
                    Some((header, reader)) => {
                        self.stream_arrived(header, reader);
                        Ok(())
                    }
                    None => Err(End::Lost(wire.lost_cause())),
                },
                () = &mut silent => {
                    tracing::info!("No sign of life from the hub");
                    Err(End::Lost(LostCause::Silence))
                }
            };
        };
        self.early.clear();
        match &end {
            End::Left => {
                let steps = self.side.give_up();
                let _taken = self.take(steps, None);
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
                wire.hang_up();
            }
        }
        end
    }

    /// Everything is over: tells why.
    fn give_up(&mut self, end: &End) {
        let opening = self.course.is_none() && !self.side.admitted();
        let steps = self.side.give_up();
        let _taken = self.take(steps, None);
        let event = match end {
            End::Left => return,
            End::Lost(LostCause::Nonsense) => HostEvent::ConnectionLost(LostCause::Nonsense),
            End::Lost(cause) if opening => HostEvent::ConnectionFailed(unused_ticket(*cause)),
            End::Lost(cause) => HostEvent::ConnectionLost(*cause),
            End::Problem(problem) => HostEvent::ConnectionFailed(problem.clone()),
        };
        // a program that does not listen is ending
        let _told = self.teller.tell(event);
    }

    fn commanded(&mut self, command: HostCommand) -> Vec<HostStep> {
        match command {
            HostCommand::OpenTicket { ticket, user } => self.side.open_ticket(&ticket, user),
            HostCommand::AnswerConsent { session, granted } => match random() {
                Some(random) => self.side.answer(session, granted, random),
                None => self.side.answer(session, None, [0; 32]),
            },
            HostCommand::ReduceRights { rights } => self.side.reduce(rights),
            HostCommand::EndSession => self.side.end(StopCause::By(EndedBy::User)),
            HostCommand::SendChat { text } => {
                let (steps, taken) = self.side.chat(text.clone());
                if !taken && !self.teller.tell(HostEvent::ChatNotSent { text }) {
                    tracing::debug!("The program is ending");
                }
                steps
            }
            HostCommand::Leave => self.side.give_up(),
        }
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
        if matches!(message, HubToHost::Greeted { .. }) {
            self.channel_opened = Instant::now();
        }
        let Some(random) = random() else {
            return Err(End::Lost(LostCause::Silence));
        };
        let outside = Outside {
            now: self.started.elapsed(),
            random,
            input_taken: self
                .course
                .as_ref()
                .map_or(0, |course| course.input_taken()),
        };
        match self.side.hear(message, outside) {
            Ok(steps) => self.take(steps, Some(wire)),
            Err(fault) => {
                tracing::warn!(%fault, "The hub breaks the rules");
                if fault == HostFault::Forged {
                    let steps = self.side.end(StopCause::Forged);
                    let _taken = self.take(steps, None);
                }
                Err(End::Problem(problem(fault)))
            }
        }
    }

    fn reported(&mut self, report: Report, wire: &Wire) -> Result<(), End> {
        let steps = match report {
            Report::TurnedOff => self.side.end(StopCause::By(EndedBy::User)),
            Report::Forged => self.side.end(StopCause::Forged),
            // the hub says why, or the connection ends
            Report::Broken => self.side.end(StopCause::ConnectionLost),
            Report::TooOld(count) => self.side.input_too_old(count),
            Report::Trouble(trouble) => {
                let fatal = matches!(trouble, Trouble::NoCapture { .. });
                self.tell(HostEvent::Trouble(trouble))?;
                if !fatal {
                    return Ok(());
                }
                self.side.end(StopCause::By(EndedBy::NoCapture))
            }
        };
        self.take(steps, Some(wire))
    }

    fn stream_arrived(&mut self, header: StreamHeader, mut reader: FramedReader) {
        if let Some(live) = self.live.as_mut().filter(|live| live.is_for(&header)) {
            live.take_stream(header, reader);
        } else if self.side.expects(&header) && self.early.len() < MAX_EARLY_STREAMS {
            self.early.push((header, reader));
        } else {
            refuse(&mut reader);
        }
    }

    fn take(&mut self, steps: Vec<HostStep>, wire: Option<&Wire>) -> Result<(), End> {
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
                    let session = agreement.session;
                    tracing::info!(%session, operator = %agreement.operator_name, "Session runs");
                    let course = self.course.take_if(|course| course.session == session);
                    let course = course.unwrap_or_else(|| Arc::new(Course::begin(session)));
                    self.course = Some(Arc::clone(&course));
                    let opened = self.channel_opened;
                    let connection = &wire.connection;
                    match LiveSession::start(*agreement, course, opened, connection, &self.backends)
                    {
                        Ok(live) => {
                            self.current.set(Some(live.switch()));
                            self.live = Some(live);
                            for (header, reader) in std::mem::take(&mut self.early) {
                                self.stream_arrived(header, reader);
                            }
                        }
                        Err(error) => {
                            let trouble = Trouble::NoCapture {
                                detail: error.to_string(),
                            };
                            self.tell(HostEvent::Trouble(trouble))?;
                            let steps = self.side.end(StopCause::By(EndedBy::NoCapture));
                            return self.take(steps, Some(wire));
                        }
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
                }
                HostStep::Pause { session } => {
                    tracing::info!(%session, "Session waits for its line");
                    self.stop_run();
                }
                HostStep::Stop { session, cause } => {
                    self.stop_run();
                    let course = self.course.take();
                    let lasted = course.map_or(Duration::ZERO, |course| course.elapsed());
                    tracing::info!(%session, ?cause, "Session ended");
                    let cause = end_cause(cause);
                    self.tell(HostEvent::SessionEnded {
                        session,
                        cause,
                        lasted,
                    })?;
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
        Ok(())
    }

    /// Ends the streams and threads of the session: nothing is seen or touched any more.
    fn stop_run(&mut self) {
        self.current.set(None);
        self.early.clear();
        self.ending.retain(|thread| !thread.is_finished());
        if let Some(live) = self.live.take() {
            self.ending.extend(live.stop());
        }
    }

    fn tell_news(&self, news: HostNews) -> Result<(), End> {
        self.tell(match news {
            HostNews::TicketRefused(refusal) => HostEvent::TicketRefused(refusal),
            HostNews::TicketSpent => HostEvent::TicketSpent,
            HostNews::TicketAccepted { operator } => HostEvent::TicketAccepted { operator },
            HostNews::ConsentAsked {
                session,
                operator,
                asked,
                insistent,
            } => HostEvent::ConsentAsked {
                session,
                operator,
                asked,
                insistent,
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
            HostNews::Resumed => HostEvent::Reconnected,
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
