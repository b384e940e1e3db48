//! One connection to the hub, from the ticket to the good-bye.

use std::thread::JoinHandle;
use std::time::Duration;

use protocol::limits::MAX_HEADER_FRAME_BYTES;
use protocol::{EndedBy, HostToHub, HubToHost, RefusalCode, SessionId, StreamHeader};
use session::TicketNumber;
use tokio::sync::mpsc;
use transport::client::Greeted;
use transport::{CloseReason, Connection, Endpoint, FramedReader, FramedWriter, ReadError, close};

use crate::conversation::{Caller, Conversation, Step};
use crate::engine::{Backends, CurrentSession, Teller};
use crate::event::{ConnectProblem, EndCause, HostCommand, HostEvent, LostCause, Trouble};
use crate::live::{LiveSession, Report, refuse};

/// Control messages that may wait to leave; a hub that reads none of them is left.
const MAX_OUTGOING: usize = 64;
/// Streams of a session that may arrive before its start does.
const MAX_EARLY_STREAMS: usize = 4;
/// How long a stream may take to say what it is.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a good-bye may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(400);

/// What a link is given.
pub(crate) struct Context<'a> {
    pub(crate) backends: &'a Backends,
    pub(crate) caller: Caller,
    pub(crate) teller: &'a Teller,
    pub(crate) current: &'a CurrentSession,
}

/// Why a link ends.
enum End {
    /// The program leaves.
    Left,
    Lost(LostCause),
    /// The ticket could not be used because the hub is not what it says.
    Problem(ConnectProblem),
}

/// One connection.
pub(crate) struct Link<'a> {
    context: Context<'a>,
    endpoint: Endpoint,
    connection: Connection,
    conversation: Conversation,
    live: Option<LiveSession>,
    early: Vec<(SessionId, StreamHeader, FramedReader)>,
    outgoing: mpsc::Sender<HostToHub>,
    inbound: mpsc::Receiver<Result<HubToHost, LostCause>>,
    streams: mpsc::Receiver<(StreamHeader, FramedReader)>,
    /// Writes the control stream; ends when all that was said has arrived.
    control_writer: tokio::task::JoinHandle<()>,
    ending: Vec<JoinHandle<()>>,
}

impl<'a> Link<'a> {
    pub(crate) fn new(greeted: Greeted, context: Context<'a>) -> Self {
        let Greeted {
            endpoint,
            connection,
            reader,
            writer,
            version: _,
        } = greeted;
        let (outgoing, to_write) = mpsc::channel(MAX_OUTGOING);
        let (heard, inbound) = mpsc::channel(16);
        let (arrived, streams) = mpsc::channel(8);
        let control_writer = tokio::spawn(write_control(writer, to_write));
        tokio::spawn(read_control(connection.clone(), reader, heard));
        tokio::spawn(accept_streams(connection.clone(), arrived));
        Self {
            context,
            endpoint,
            connection,
            conversation: Conversation::new(),
            live: None,
            early: Vec::new(),
            outgoing,
            inbound,
            streams,
            control_writer,
            ending: Vec::new(),
        }
    }

    /// Opens `ticket` and serves until either side leaves. Everything is released then.
    pub(crate) async fn serve(
        mut self,
        ticket: &TicketNumber,
        commands: &mut mpsc::Receiver<HostCommand>,
    ) {
        let opened = self
            .conversation
            .open_ticket(ticket, self.context.caller.clone());
        let end = match self.take(opened) {
            Ok(()) => self.until_end(commands).await,
            Err(end) => end,
        };
        self.finish(end).await;
    }

    async fn until_end(&mut self, commands: &mut mpsc::Receiver<HostCommand>) -> End {
        loop {
            let taken = tokio::select! {
                biased;
                report = next_report(&mut self.live) => self.reported(report),
                command = commands.recv() => match command {
                    Some(command) => self.commanded(command),
                    None => Err(End::Left),
                },
                message = self.inbound.recv() => self.heard(message),
                stream = self.streams.recv() => match stream {
                    Some((header, reader)) => {
                        self.stream_arrived(header, reader);
                        Ok(())
                    }
                    None => Err(End::Lost(lost_cause(&self.connection))),
                },
            };
            if let Err(end) = taken {
                return end;
            }
        }
    }

    fn commanded(&mut self, command: HostCommand) -> Result<(), End> {
        let steps = match command {
            HostCommand::OpenTicket { ticket, user } => {
                let caller = Caller {
                    user,
                    ..self.context.caller.clone()
                };
                self.conversation.open_ticket(&ticket, caller)
            }
            HostCommand::AnswerConsent { session, granted } => {
                let mut nonce = [0; 16];
                if getrandom::fill(&mut nonce).is_err() {
                    tracing::error!("No randomness; refusing");
                    self.conversation.answer(session, None, nonce)
                } else {
                    self.conversation.answer(session, granted, nonce)
                }
            }
            HostCommand::ReduceRights { rights } => self.conversation.reduce(rights),
            HostCommand::EndSession => self.conversation.end(EndCause::By(EndedBy::User)),
            HostCommand::SendChat { text } if self.conversation.admitted() => {
                vec![Step::Send(HostToHub::Chat { text })]
            }
            HostCommand::SendChat { .. } => Vec::new(),
            HostCommand::Leave => return Err(End::Left),
        };
        self.take(steps)
    }

    fn heard(&mut self, message: Option<Result<HubToHost, LostCause>>) -> Result<(), End> {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(cause)) => return Err(End::Lost(cause)),
            None => return Err(End::Lost(lost_cause(&self.connection))),
        };
        match self.conversation.hear(message) {
            Ok(steps) => self.take(steps),
            Err(fault) => {
                tracing::warn!(%fault, "The hub breaks the rules");
                Err(End::Problem(fault.problem()))
            }
        }
    }

    fn reported(&mut self, report: Report) -> Result<(), End> {
        let cause = match report {
            Report::TurnedOff => EndCause::By(EndedBy::User),
            Report::Forged => EndCause::ForgedInput,
            Report::Broken => EndCause::ConnectionLost,
            Report::Trouble(trouble) => {
                let fatal = matches!(trouble, Trouble::NoCapture { .. });
                self.tell(HostEvent::Trouble(trouble))?;
                if !fatal {
                    return Ok(());
                }
                EndCause::NoCapture
            }
        };
        let steps = self.conversation.end(cause);
        self.take(steps)
    }

    fn stream_arrived(&mut self, header: StreamHeader, mut reader: FramedReader) {
        let (StreamHeader::Input { session } | StreamHeader::Viewer { session }) = header else {
            return refuse(&mut reader);
        };
        if let Some(live) = self.live.as_mut().filter(|live| live.session == session) {
            live.take_stream(header, reader);
        } else if self.conversation.expects(session) && self.early.len() < MAX_EARLY_STREAMS {
            self.early.push((session, header, reader));
        } else {
            refuse(&mut reader);
        }
    }

    fn take(&mut self, steps: Vec<Step>) -> Result<(), End> {
        for step in steps {
            match step {
                Step::Send(message) => {
                    if self.outgoing.try_send(message).is_err() {
                        return Err(End::Lost(LostCause::Silence));
                    }
                }
                Step::Tell(event) => self.tell(event)?,
                Step::Start(agreement) => {
                    let session = agreement.session;
                    tracing::info!(%session, operator = %agreement.operator, "Session started");
                    match LiveSession::start(*agreement, &self.connection, self.context.backends) {
                        Ok(live) => {
                            self.context.current.set(Some(live.switch()));
                            self.live = Some(live);
                            self.attach_early(session);
                        }
                        Err(error) => {
                            let trouble = Trouble::NoCapture {
                                detail: error.to_string(),
                            };
                            self.tell(HostEvent::Trouble(trouble))?;
                            let steps = self.conversation.end(EndCause::NoCapture);
                            return self.take(steps);
                        }
                    }
                }
                Step::Reduce(rights) => {
                    if let Some(live) = &self.live {
                        let (session, rights) = (live.session, live.reduce(rights));
                        self.tell(HostEvent::RightsReduced { session, rights })?;
                    }
                }
                Step::Stop { session, cause } => self.stop(session, cause)?,
                Step::HangUp(cause) => return Err(End::Lost(cause)),
            }
        }
        Ok(())
    }

    fn attach_early(&mut self, started: SessionId) {
        for (session, header, mut reader) in std::mem::take(&mut self.early) {
            match self.live.as_mut().filter(|_| session == started) {
                Some(live) => live.take_stream(header, reader),
                None => refuse(&mut reader),
            }
        }
    }

    fn stop(&mut self, session: SessionId, cause: EndCause) -> Result<(), End> {
        self.context.current.set(None);
        self.early.clear();
        self.ending.retain(|thread| !thread.is_finished());
        let mut lasted = Duration::ZERO;
        if let Some(live) = self.live.take() {
            let threads;
            (lasted, threads) = live.stop();
            self.ending.extend(threads);
        }
        tracing::info!(%session, ?cause, "Session ended");
        self.tell(HostEvent::SessionEnded {
            session,
            cause,
            lasted,
        })
    }

    fn tell(&self, event: HostEvent) -> Result<(), End> {
        if self.context.teller.tell(event) {
            Ok(())
        } else {
            Err(End::Left)
        }
    }

    async fn finish(mut self, end: End) {
        let admitted = self.conversation.admitted();
        let opening = self.conversation.opening();
        let cause = match &end {
            End::Left => EndCause::By(EndedBy::User),
            End::Lost(_) | End::Problem(_) => EndCause::ConnectionLost,
        };
        let steps = self.conversation.end(cause);
        // the connection is ending anyway: what cannot be told or sent now is not needed
        let _ended = self.take(steps);
        match end {
            End::Left => {
                let _queued = self.outgoing.try_send(HostToHub::Leave);
            }
            End::Lost(cause) if admitted => {
                let _told = self.tell(HostEvent::ConnectionLost(cause));
            }
            End::Lost(cause) if opening => {
                let _told = self.tell(HostEvent::ConnectionFailed(unused_ticket(cause)));
            }
            End::Lost(cause) => tracing::debug!(?cause, "Idle connection ended"),
            End::Problem(problem) => {
                let refusal = RefusalCode::OUT_OF_PLACE.into();
                close::close_refused(&self.connection, refusal);
                let event = if admitted {
                    HostEvent::ConnectionLost(LostCause::Nonsense)
                } else {
                    HostEvent::ConnectionFailed(problem)
                };
                let _told = self.tell(event);
            }
        }
        let Self {
            endpoint,
            connection,
            outgoing,
            control_writer,
            ending,
            ..
        } = self;
        drop(outgoing);
        if tokio::time::timeout(GOODBYE_TIMEOUT, control_writer)
            .await
            .is_err()
        {
            tracing::debug!("Last words not acknowledged");
        }
        close::close(&connection);
        if tokio::time::timeout(GOODBYE_TIMEOUT, endpoint.wait_idle())
            .await
            .is_err()
        {
            tracing::debug!("Good-bye not acknowledged");
        }
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

fn unused_ticket(cause: LostCause) -> ConnectProblem {
    match cause {
        LostCause::Refused(refusal) => ConnectProblem::Refused(refusal),
        LostCause::Nonsense => ConnectProblem::Nonsense,
        LostCause::Silence | LostCause::Closed => ConnectProblem::Failed {
            detail: "the hub hung up".to_owned(),
        },
    }
}

fn lost_cause(connection: &Connection) -> LostCause {
    match connection.close_reason().as_ref().map(CloseReason::from) {
        Some(CloseReason::Refused(refusal)) => LostCause::Refused(refusal),
        Some(CloseReason::GoodOrder) => LostCause::Closed,
        Some(CloseReason::Lost | CloseReason::Failed(_)) | None => LostCause::Silence,
    }
}

/// Writes control messages until there can be no more, and returns when they have arrived.
async fn write_control(mut writer: FramedWriter, mut messages: mpsc::Receiver<HostToHub>) {
    while let Some(message) = messages.recv().await {
        if let Err(error) = writer.write(&message).await {
            tracing::debug!(%error, "Control stream broke");
            return;
        }
    }
    writer.finish();
    // the connection closes next, which would throw away what has not arrived
    if let Err(error) = writer.stream_mut().stopped().await {
        tracing::debug!(%error, "Last words not heard");
    }
}

async fn read_control(
    connection: Connection,
    mut reader: FramedReader,
    heard: mpsc::Sender<Result<HubToHost, LostCause>>,
) {
    loop {
        let message = match reader.read::<HubToHost>().await {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(lost_cause(&connection)),
            Err(ReadError::Broken(_)) => {
                // the reason is known a moment after the stream broke
                let closed = tokio::time::timeout(GOODBYE_TIMEOUT, connection.closed()).await;
                if closed.is_err() {
                    tracing::debug!("Control stream broke, the connection stands");
                }
                Err(lost_cause(&connection))
            }
            Err(error) => {
                tracing::warn!(%error, "The hub talks nonsense");
                Err(LostCause::Nonsense)
            }
        };
        let over = message.is_err();
        if heard.send(message).await.is_err() || over {
            return;
        }
    }
}

async fn accept_streams(
    connection: Connection,
    arrived: mpsc::Sender<(StreamHeader, FramedReader)>,
) {
    while let Ok(stream) = connection.accept_uni().await {
        let arrived = arrived.clone();
        tokio::spawn(async move {
            let mut reader = FramedReader::new(stream, MAX_HEADER_FRAME_BYTES);
            let header = tokio::time::timeout(HEADER_TIMEOUT, reader.read::<StreamHeader>()).await;
            let Ok(Ok(Some(header))) = header else {
                return refuse(&mut reader);
            };
            if arrived.send((header, reader)).await.is_err() {
                tracing::trace!("The connection is over");
            }
        });
    }
}
