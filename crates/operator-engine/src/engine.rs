//! The engine's thread: connecting, trying again, and one loop that takes commands and messages in
//! turn.

use std::io;
use std::time::Duration;

use protocol::control::{Admission, Name};
use protocol::{HubToOperator, OwnAnswer, OwnQuestion, ProxyError, RefusalCode};
use session::console::Stretched;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use transport::{ConnectError, Pin};
use zeroize::Zeroizing;

use crate::clipboard::{ClipboardNews, Clipboards};
use crate::command::{Command, Config, OperatorHandle, Wake};
use crate::desk::Desk;
use crate::event::{Event, Events, LogInProblem};
use crate::files::FilesNews;
use crate::keeper::Keeper;
use crate::link::{Credentials, Link, Resumed};
use crate::list::Rows;
use crate::quality;
use crate::session_streams::SessionFault;

/// Commands and events that may wait.
const MAX_COMMANDS_WAITING: usize = 256;
const MAX_EVENTS_WAITING: usize = 1024;
/// The wait before the first and before later tries to connect again, in milliseconds.
const FIRST_RETRY_MILLIS: u64 = 500;
const LAST_RETRY_MILLIS: u64 = 20_000;
/// A connection that held this long makes the next wait short again.
const STABLE_AFTER: Duration = Duration::from_secs(30);

/// The engine could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    #[error("cannot keep anything in {folder}: {source}")]
    Keep {
        folder: std::path::PathBuf,
        source: io::Error,
    },
    #[error("no thread for the network: {0}")]
    Thread(#[from] io::Error),
}

/// The helping side of the program.
#[derive(Debug)]
pub struct OperatorEngine;

impl OperatorEngine {
    /// Starts the engine on a thread of its own. `wake` is called after every event.
    ///
    /// Reads what was kept from the last run, and so waits for the disk once.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start(config: Config, wake: Wake) -> Result<(OperatorHandle, Events), StartError> {
        let unkept = |source| StartError::Keep {
            folder: config.keep.clone(),
            source,
        };
        let keeper = Keeper::start(&config.keep).map_err(unkept)?;
        let (commands, command_receiver) = mpsc::channel(MAX_COMMANDS_WAITING);
        let (event_sender, events) = mpsc::channel(MAX_EVENTS_WAITING);
        let (row_sender, rows) = watch::channel(Rows::default());
        let hub = match config.pin {
            Pin::Key(fingerprint) => fingerprint.to_string(),
            Pin::PublicName => config.hub.to_string(),
        };
        let desk = Desk::open(
            hub,
            keeper,
            Clipboards::new(config.clipboard.clone()),
            Teller {
                events: event_sender,
                wake,
            },
            row_sender,
        )
        .map_err(unkept)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut looks = {
            let _inside = runtime.enter();
            interval(quality::EVERY)
        };
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let engine = Engine {
            config,
            desk,
            credentials: None,
            chosen: None,
            code: None,
            keep_trying: false,
            retry_millis: FIRST_RETRY_MILLIS,
            looks,
            phase: Phase::LoggedOut,
        };
        let thread = std::thread::Builder::new()
            .name("operator-net".to_owned())
            .spawn(move || {
                urgency::urgent();
                runtime.block_on(engine.run(command_receiver));
                // a look-up that hangs holds up nobody
                runtime.shutdown_background();
            })?;
        Ok((
            OperatorHandle {
                commands,
                rows,
                thread,
            },
            Events(events),
        ))
    }
}

/// Tells events and wakes whoever draws them.
pub(crate) struct Teller {
    events: mpsc::Sender<Event>,
    wake: Wake,
}

impl Teller {
    /// Waits while the program does not take its events; nothing is lost.
    pub(crate) async fn tell(&self, event: Event) {
        tracing::debug!(?event, "Event");
        if self.events.send(event).await.is_ok() {
            self.wake();
        }
    }

    pub(crate) fn wake(&self) {
        (self.wake)();
    }
}

enum Phase {
    LoggedOut,
    Connecting {
        task: JoinHandle<Result<LoggedIn, LogInProblem>>,
        /// Ready when the hub wants a code.
        wanted: oneshot::Receiver<CodeTaker>,
    },
    /// The connection was lost; the place is kept.
    Returning(JoinHandle<Returned>),
    Online {
        link: Box<Link>,
        since: Instant,
    },
    Waiting {
        until: Instant,
    },
}

/// Where a code goes that somebody types.
type CodeTaker = oneshot::Sender<Zeroizing<String>>;
/// A link, the operator's place and name.
type LoggedIn = (Link, Admission, Name);
/// A link to a place that was kept; `None` if the hub was out of reach for too long.
type Returned = Option<Result<(Link, Resumed), LogInProblem>>;

enum Step {
    Command(Option<Command>),
    CodeWanted(CodeTaker),
    Connected(Result<Result<LoggedIn, LogInProblem>, JoinError>),
    Returned(Result<Returned, JoinError>),
    Retry,
    Silence,
    Hub(Option<HubToOperator>),
    Fault(Option<SessionFault>),
    Files(FilesNews),
    Clipboard(ClipboardNews),
    /// A key is stretched.
    Stretched(Stretched),
    Look,
}

struct Engine {
    config: Config,
    desk: Desk,
    credentials: Option<Credentials>,
    /// A new password for the account, and the number of the question with which it went to the hub.
    chosen: Option<(u32, Zeroizing<String>)>,
    /// The hub waits for a code.
    code: Option<CodeTaker>,
    keep_trying: bool,
    retry_millis: u64,
    /// When to look at the lines of sessions.
    looks: Interval,
    phase: Phase,
}

impl Engine {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            match self.next(&mut commands).await {
                Step::Command(Some(command)) => self.obey(command).await,
                Step::Command(None) => break,
                Step::CodeWanted(taker) => {
                    self.code = Some(taker);
                    self.desk.tell(Event::CodeWanted).await;
                }
                Step::Connected(done) => self.connected(done).await,
                Step::Returned(done) => self.returned(done).await,
                Step::Retry => self.connect().await,
                Step::Hub(Some(message)) => {
                    self.note_new_password(&message);
                    if let Phase::Online { link, .. } = &mut self.phase {
                        self.desk.hub_says(link, message).await;
                    }
                }
                Step::Hub(None) | Step::Silence => self.lost().await,
                Step::Look => {
                    if let Phase::Online { link, .. } = &mut self.phase {
                        self.desk.look_at_lines(link).await;
                    }
                }
                Step::Files(news) => {
                    self.desk.files_news(link(&self.phase), news).await;
                }
                Step::Clipboard(news) => {
                    self.desk.clipboard_news(link(&self.phase), news).await;
                }
                Step::Stretched(key) => {
                    self.desk.stretched(link(&self.phase), key).await;
                }
                Step::Fault(fault) => {
                    if let (Phase::Online { link, .. }, Some(fault)) = (&self.phase, fault) {
                        self.desk.session_failed(link, &fault).await;
                    }
                }
            }
            let hub_is_quiet = match &self.phase {
                Phase::Online { link, .. } => link.inbox.is_empty(),
                Phase::LoggedOut
                | Phase::Connecting { .. }
                | Phase::Returning(_)
                | Phase::Waiting { .. } => true,
            };
            self.desk.after_step(hub_is_quiet).await;
        }
        self.desk.end_sessions_silently();
        if let Phase::Online { link, .. } = self.phase {
            link.leave().await;
        }
    }

    /// Waits for whatever comes first; every wait here can be given up without loss.
    async fn next(&mut self, commands: &mut mpsc::Receiver<Command>) -> Step {
        match &mut self.phase {
            Phase::LoggedOut => Step::Command(commands.recv().await),
            Phase::Connecting { task, wanted } => tokio::select! {
                command = commands.recv() => Step::Command(command),
                done = task => Step::Connected(done),
                Ok(taker) = wanted, if !wanted.is_terminated() => Step::CodeWanted(taker),
            },
            Phase::Returning(task) => tokio::select! {
                command = commands.recv() => Step::Command(command),
                Some(news) = self.desk.files_told.recv() => Step::Files(news),
                Some(key) = self.desk.stretched_told.recv() => Step::Stretched(key),
                done = task => Step::Returned(done),
            },
            Phase::Online { link, .. } => tokio::select! {
                command = commands.recv() => Step::Command(command),
                message = link.inbox.recv() => Step::Hub(message),
                fault = link.faults.recv() => Step::Fault(fault),
                _silent = &mut link.silent => Step::Silence,
                Some(news) = self.desk.files_told.recv() => Step::Files(news),
                Some(news) = self.desk.clipboards.told.recv() => Step::Clipboard(news),
                Some(key) = self.desk.stretched_told.recv() => Step::Stretched(key),
                _ = self.looks.tick(), if self.desk.has_sessions() => Step::Look,
            },
            Phase::Waiting { until } => tokio::select! {
                command = commands.recv() => Step::Command(command),
                () = tokio::time::sleep_until(*until) => Step::Retry,
            },
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::LogIn {
                user,
                password,
                keep_trying,
            } => {
                let credentials = Credentials {
                    user,
                    password,
                    invitation: None,
                };
                self.log_in(credentials, keep_trying).await;
            }
            Command::AcceptInvitation {
                user,
                token,
                password,
            } => {
                let credentials = Credentials {
                    user,
                    password,
                    invitation: Some(token),
                };
                self.log_in(credentials, false).await;
            }
            Command::GiveCode { code } => {
                if let Some(taker) = self.code.take()
                    && taker.send(code).is_err()
                {
                    tracing::debug!("Nobody waits for the code any more");
                }
            }
            Command::LogOut => {
                self.credentials = None;
                self.leave().await;
                self.desk.tell(Event::LoggedOut(None)).await;
            }
            of_the_desk @ (Command::GenerateTicket
            | Command::RevokeTicket { .. }
            | Command::ExtendTicket { .. }
            | Command::AskSystem { .. }
            | Command::Shield { .. }
            | Command::Rest { .. }
            | Command::StartSession { .. }
            | Command::OpenHost { .. }
            | Command::GiveUpOpening { .. }
            | Command::Wake { .. }
            | Command::AskToSee { .. }
            | Command::GiveWord { .. }
            | Command::LeaveShowing
            | Command::BringIn { .. }
            | Command::MarkMoment { .. }
            | Command::SendFiles { .. }
            | Command::SendFilesInto { .. }
            | Command::AskToBrowse { .. }
            | Command::List { .. }
            | Command::FetchFiles { .. }
            | Command::CancelFiles { .. }
            | Command::AnswerConflict { .. }
            | Command::HoldFiles { .. }
            | Command::ReceiveInto { .. }
            | Command::WorkIn { .. }
            | Command::ShareClipboard(_)
            | Command::EndSession { .. }
            | Command::DisconnectHost { .. }
            | Command::SendChat { .. }
            | Command::SaveReport { .. }
            | Command::KeepNotes(_)
            | Command::ListDrafts
            | Command::AskAboutReport { .. }
            | Command::AskOwn { .. }) => {
                if let Command::AskOwn { number, question } = &of_the_desk
                    && let OwnQuestion::ChangePassword { new, .. } = question
                {
                    let new = Zeroizing::new(new.0.to_string());
                    self.chosen = Some((*number, new));
                }
                self.desk.obey(link(&self.phase), of_the_desk).await;
            }
        }
    }

    /// The password that the operator chose is the one of the next log-in, if the hub took it.
    fn note_new_password(&mut self, message: &HubToOperator) {
        let HubToOperator::OwnAnswered { number, answer } = message else {
            return;
        };
        if let Some((_, new)) = self.chosen.take_if(|(asked, _)| asked == number)
            && *answer == OwnAnswer::Done
            && let Some(credentials) = &mut self.credentials
        {
            credentials.password = new;
        }
    }

    async fn log_in(&mut self, credentials: Credentials, keep_trying: bool) {
        self.leave().await;
        self.desk.serve(&credentials.user).await;
        self.credentials = Some(credentials);
        self.keep_trying = keep_trying;
        self.retry_millis = FIRST_RETRY_MILLIS;
        self.connect().await;
    }

    async fn connect(&mut self) {
        let Some(credentials) = self.credentials.clone() else {
            return;
        };
        let config = self.config.clone();
        let (asker, wanted) = oneshot::channel();
        let task = tokio::spawn(async move { Link::open(&config, credentials, asker).await });
        self.phase = Phase::Connecting { task, wanted };
        self.desk.tell(Event::Connecting).await;
    }

    async fn connected(&mut self, done: Result<Result<LoggedIn, LogInProblem>, JoinError>) {
        self.phase = Phase::LoggedOut;
        self.code = None;
        match done {
            Ok(Ok((link, admission, display_name))) => {
                if let Some(credentials) = &mut self.credentials {
                    // it is used up, and the password is the account's
                    credentials.invitation = None;
                }
                self.desk.logged_in(&link, admission, display_name).await;
                self.keep_trying = true;
                self.phase = Phase::Online {
                    link: Box::new(link),
                    since: Instant::now(),
                };
            }
            Ok(Err(problem)) if self.keep_trying && may_pass(&problem) => {
                tracing::info!(?problem, "Hub not reached");
                self.wait_to_retry().await;
            }
            Ok(Err(problem)) => {
                self.credentials = None;
                self.desk.tell(Event::LogInFailed(problem)).await;
            }
            Err(error) => {
                tracing::error!(%error, "Connecting failed inside");
                self.wait_to_retry().await;
            }
        }
    }

    /// The connection ended without our doing.
    async fn lost(&mut self) {
        let Phase::Online { link, since } = std::mem::replace(&mut self.phase, Phase::LoggedOut)
        else {
            return;
        };
        if since.elapsed() >= STABLE_AFTER {
            self.retry_millis = FIRST_RETRY_MILLIS;
        }
        let refusal = link.refusal();
        drop(link);
        if refusal.is_some_and(|refusal| is_final(refusal.code)) {
            self.credentials = None;
            self.desk.give_up().await;
            self.desk.tell(Event::LoggedOut(refusal)).await;
            return;
        }
        tracing::info!(?refusal, "Connection lost");
        self.desk.connection_lost().await;
        let Some((resume, kept)) = self.desk.resume() else {
            self.desk.give_up().await;
            return self.wait_to_retry().await;
        };
        let config = self.config.clone();
        let returning = async move {
            let coming = Link::reopen(&config, resume);
            tokio::time::timeout(kept, coming).await.ok()
        };
        self.phase = Phase::Returning(tokio::spawn(returning));
        let retry_in_millis = 0;
        self.desk
            .tell(Event::ConnectionLost { retry_in_millis })
            .await;
    }

    /// The way back to the place was found, or there is none.
    async fn returned(&mut self, done: Result<Returned, JoinError>) {
        self.phase = Phase::LoggedOut;
        match done {
            Ok(Some(Ok((link, resumed)))) => {
                self.desk.resumed(&link, &resumed).await;
                self.phase = Phase::Online {
                    link: Box::new(link),
                    since: Instant::now(),
                };
                return;
            }
            Ok(Some(Err(problem))) => {
                let final_refusal = match &problem {
                    LogInProblem::Refused(refusal) => Some(*refusal),
                    LogInProblem::NotReached(_) => None,
                };
                let final_refusal = final_refusal.filter(|refusal| is_final(refusal.code));
                tracing::info!(?problem, "The place at the hub is gone");
                if final_refusal.is_some() || !may_pass(&problem) {
                    self.credentials = None;
                    self.desk.give_up().await;
                    let lost = match final_refusal {
                        Some(refusal) => Event::LoggedOut(Some(refusal)),
                        None => Event::LogInFailed(problem),
                    };
                    self.desk.tell(lost).await;
                    return;
                }
            }
            Ok(None) => tracing::info!("The hub was out of reach for too long"),
            Err(error) => tracing::error!(%error, "Coming back failed inside"),
        }
        self.desk.give_up().await;
        self.connect().await;
    }

    async fn wait_to_retry(&mut self) {
        let retry_in_millis = self.retry_millis + jitter_millis(self.retry_millis / 4);
        self.retry_millis = (self.retry_millis * 2).min(LAST_RETRY_MILLIS);
        let until = Instant::now() + Duration::from_millis(retry_in_millis);
        self.phase = Phase::Waiting { until };
        self.desk
            .tell(Event::ConnectionLost { retry_in_millis })
            .await;
    }

    /// Ends whatever connection there is.
    async fn leave(&mut self) {
        self.code = None;
        match std::mem::replace(&mut self.phase, Phase::LoggedOut) {
            Phase::Online { link, .. } => {
                self.desk.give_up().await;
                link.leave().await;
            }
            Phase::Connecting { task, .. } => task.abort(),
            Phase::Returning(task) => {
                task.abort();
                self.desk.give_up().await;
            }
            Phase::LoggedOut | Phase::Waiting { .. } => {}
        }
    }
}

fn link(phase: &Phase) -> Option<&Link> {
    match phase {
        Phase::Online { link, .. } => Some(link),
        Phase::LoggedOut
        | Phase::Connecting { .. }
        | Phase::Returning(_)
        | Phase::Waiting { .. } => None,
    }
}

/// Whether trying again can help.
fn may_pass(problem: &LogInProblem) -> bool {
    match problem {
        LogInProblem::NotReached(error) => match error.as_ref() {
            ConnectError::ForeignKey
            | ConnectError::Certificate { .. }
            | ConnectError::OtherVersion { .. } => false,
            // each try with a wrong password counts against an account
            ConnectError::Proxy(error) => !matches!(
                error,
                ProxyError::AsksForLogin { .. } | ProxyError::LoginRefused { .. }
            ),
            ConnectError::Refused(refusal) => !is_final(refusal.code),
            ConnectError::UnknownName { .. }
            | ConnectError::NoAnswer { .. }
            | ConnectError::ProxyScript
            | ConnectError::Failed { .. }
            | ConnectError::Socket(_)
            | _ => true,
        },
        LogInProblem::Refused(refusal) => !is_final(refusal.code),
    }
}

/// Whether the hub's refusal will be the same however often this console comes.
fn is_final(code: RefusalCode) -> bool {
    [
        RefusalCode::VERSION_MISMATCH,
        RefusalCode::WRONG_CREDENTIALS,
        RefusalCode::ACCOUNT_DISABLED,
        RefusalCode::LOGGED_IN_ELSEWHERE,
        RefusalCode::PASSWORD_CHANGED,
        RefusalCode::NOT_ALLOWED,
        RefusalCode::CODE_WRONG,
        RefusalCode::SECOND_FACTOR_MISSING,
        RefusalCode::INVITATION_OVER,
        RefusalCode::PASSWORD_SHORT,
        RefusalCode::PASSWORD_KNOWN,
        RefusalCode::PASSWORD_IS_NAME,
        RefusalCode::SIGNED_OUT,
    ]
    .contains(&code)
}

/// A random part below `limit`, so that consoles do not all come back in the same moment.
fn jitter_millis(limit: u64) -> u64 {
    let mut random = [0; 8];
    match getrandom::fill(&mut random) {
        Ok(()) => u64::from_le_bytes(random) % limit.max(1),
        Err(_no_randomness) => 0,
    }
}
