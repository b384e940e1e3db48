//! A connection to the hub whose log-in is done.

use std::sync::Arc;
use std::time::Duration;

use protocol::control::{Admission, Name};
use protocol::{
    Code, EndedBy, HubToOperator, InvitationToken, OperatorToHub, Password, ProtocolVersion,
    Refusal, RefusalCode, Role, RunningSession, SessionId,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use transport::client::{self, Greeted};
use transport::line::{LineWatch, Look};
use transport::reconnect;
use transport::{
    CloseReason, ConnectError, Connection, Endpoint, FramedReader, FramedWriter, HubAddress, Route,
    Routes,
};
use zeroize::Zeroizing;

use crate::command::Config;
use crate::event::LogInProblem;
use crate::session_streams::{SessionFault, Sessions, accept_streams};

/// How long the hub may take to answer a log-in; it hashes the password slowly on purpose.
const LOG_IN_TIMEOUT: Duration = Duration::from_secs(15);
/// How long it may take to answer a console that is back.
const RESUME_TIMEOUT: Duration = Duration::from_secs(5);
/// The wait after a hub that stopped while it answered.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// How long a farewell may take.
const FAREWELL_TIMEOUT: Duration = Duration::from_millis(800);
/// Messages that may wait in each direction.
const MAX_WAITING: usize = 256;

/// Who logs in.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Zeroizing<String>,
    /// The password is a new one, which this lets the account have.
    pub(crate) invitation: Option<InvitationToken>,
}

impl Credentials {
    fn message(self) -> OperatorToHub {
        let user = Name::cut(self.user);
        let password = Password(protocol::BoundedText::cut(self.password.as_str()));
        match self.invitation {
            Some(token) => OperatorToHub::AcceptInvitation {
                user,
                token,
                password,
            },
            None => OperatorToHub::LogIn { user, password },
        }
    }
}

/// Asks for a code by handing over where it goes.
pub(crate) type CodeAsker = oneshot::Sender<oneshot::Sender<Zeroizing<String>>>;

/// A running connection. Dropping it cuts the connection; [`Self::leave`] ends it in good order.
pub(crate) struct Link {
    pub(crate) inbox: mpsc::Receiver<HubToOperator>,
    pub(crate) faults: mpsc::Receiver<SessionFault>,
    pub(crate) fault_sender: mpsc::Sender<SessionFault>,
    pub(crate) sessions: Sessions,
    pub(crate) connection: Connection,
    hub: HubAddress,
    routes: Routes,
    /// Of the protocol, as both ends speak it.
    pub(crate) version: ProtocolVersion,
    /// The way that the connection goes, at the last look.
    pub(crate) route: Route,
    line: LineWatch,
    /// What the hub said when it ended the connection.
    pub(crate) goodbye: Option<Refusal>,
    /// Ready when the hub gives no sign of life.
    pub(crate) silent: oneshot::Receiver<()>,
    outbox: mpsc::Sender<OperatorToHub>,
    tasks: [JoinHandle<()>; 4],
    endpoint: Endpoint,
}

impl Link {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "whatever else the hub says is no answer"
    )]
    /// Connects and logs in; gives the operator's place and name.
    pub(crate) async fn open(
        config: &Config,
        credentials: Credentials,
        asker: CodeAsker,
    ) -> Result<(Self, Admission, Name), LogInProblem> {
        let not_reached = |error| LogInProblem::NotReached(Arc::new(error));
        let mut greeted = client::connect(
            &config.hub,
            config.pin,
            Role::Operator,
            &config.program,
            &config.routes,
        )
        .await
        .map_err(not_reached)?;
        let message = credentials.message();
        let mut answered = answer(&mut greeted, message, LOG_IN_TIMEOUT).await?;
        if answered == HubToOperator::CodeWanted {
            let code = code(&greeted, asker).await?;
            let message = OperatorToHub::GiveCode { code };
            answered = answer(&mut greeted, message, LOG_IN_TIMEOUT).await?;
        }
        match answered {
            HubToOperator::LoggedIn {
                admission,
                display_name,
            } => Ok((Self::new(greeted, config), admission, display_name)),
            HubToOperator::LogInRefused { refusal } | HubToOperator::Goodbye { refusal } => {
                transport::close::close(&greeted.connection);
                Err(LogInProblem::Refused(refusal))
            }
            _ => Err(nonsense(&greeted)),
        }
    }

    /// Connects, however long it takes, and comes back to a place with `resume`. A hub or line that is
    /// gone again in the middle of it is tried again: only the hub's word ends it.
    pub(crate) async fn reopen(
        config: &Config,
        resume: OperatorToHub,
    ) -> Result<(Self, Resumed), LogInProblem> {
        let not_reached = |error| LogInProblem::NotReached(Arc::new(error));
        let (hub, program, routes) = (&config.hub, &config.program, &config.routes);
        loop {
            let role = Role::Operator;
            let coming = reconnect::connect_until_it_works(hub, config.pin, role, program, routes);
            let mut greeted = coming.await.map_err(not_reached)?;
            let problem = match answer(&mut greeted, resume.clone(), RESUME_TIMEOUT).await {
                Ok(HubToOperator::Resumed { running, ended }) => {
                    return Ok((Self::new(greeted, config), Resumed { running, ended }));
                }
                Ok(HubToOperator::ResumeRefused { refusal }) => {
                    transport::close::close(&greeted.connection);
                    return Err(LogInProblem::Refused(refusal));
                }
                Ok(HubToOperator::Goodbye { refusal }) => {
                    transport::close::close(&greeted.connection);
                    LogInProblem::Refused(refusal)
                }
                Ok(_) => return Err(nonsense(&greeted)),
                Err(problem) => problem,
            };
            if !is_gone_again(&problem) {
                return Err(problem);
            }
            tracing::info!(?problem, "The hub is gone again");
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    fn new(greeted: Greeted, config: &Config) -> Self {
        let Greeted {
            endpoint,
            connection,
            reader,
            writer,
            route,
            version,
            ..
        } = greeted;
        let (in_sender, inbox) = mpsc::channel(MAX_WAITING);
        let (outbox, out_receiver) = mpsc::channel(MAX_WAITING);
        let (fault_sender, faults) = mpsc::channel(MAX_WAITING);
        let sessions = Sessions::new();
        let (silence, silent) = oneshot::channel();
        let watched = connection.clone();
        let tasks = [
            tokio::spawn(read_control(reader, in_sender)),
            tokio::spawn(write_control(writer, out_receiver)),
            tokio::spawn(accept_streams(connection.clone(), sessions.clone())),
            tokio::spawn(async move {
                reconnect::silent(&watched).await;
                if silence.send(()).is_err() {
                    tracing::trace!("The connection is over");
                }
            }),
        ];
        Self {
            inbox,
            faults,
            fault_sender,
            sessions,
            connection,
            hub: config.hub.clone(),
            routes: config.routes.clone(),
            version,
            line: LineWatch::new(&route),
            route,
            goodbye: None,
            silent,
            outbox,
            tasks,
            endpoint,
        }
    }

    /// How the line to the hub is. To be called once a second.
    pub(crate) fn look(&mut self) -> Look {
        // it may have left a tunnel
        if let Some(route) = self.routes.worked(&self.hub) {
            self.line.goes_by(&route);
            self.route = route;
        }
        self.line.look(&self.connection)
    }

    /// Sends `message`. A hub that takes nothing for so long that messages pile up is cut off.
    pub(crate) fn send(&self, message: OperatorToHub) {
        if self.outbox.try_send(message).is_err() {
            tracing::warn!("Hub takes no messages");
            self.abandon();
        }
    }

    /// Hangs up on a hub or line that is dead. The hub keeps the place.
    fn abandon(&self) {
        let refusal = RefusalCode::TIMED_OUT.into();
        transport::close::close_refused(&self.connection, refusal);
    }

    /// Why the connection ended: what the hub refused, if it did.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let closed = self
            .connection
            .close_reason()
            .map(|reason| CloseReason::from(&reason));
        match closed {
            Some(CloseReason::Refused(refusal)) => Some(refusal),
            Some(CloseReason::GoodOrder | CloseReason::Lost | CloseReason::Failed(_)) | None => {
                self.goodbye
            }
        }
    }

    /// Says good-bye; whatever was sent before arrives first.
    pub(crate) async fn leave(mut self) {
        self.send(OperatorToHub::LogOut);
        let left = async {
            while self.inbox.recv().await.is_some() {}
            self.connection.closed().await;
        };
        if tokio::time::timeout(FAREWELL_TIMEOUT, left).await.is_err() {
            tracing::debug!("Hub did not answer the farewell");
        }
        transport::close::close(&self.connection);
        let idle = self.endpoint.wait_idle();
        if tokio::time::timeout(FAREWELL_TIMEOUT, idle).await.is_err() {
            tracing::debug!("Connection did not end in time");
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // without effect after a farewell
        self.abandon();
    }
}

/// What the hub says to a console that is back.
#[derive(Debug)]
pub(crate) struct Resumed {
    pub(crate) running: Vec<RunningSession>,
    pub(crate) ended: Vec<(SessionId, EndedBy)>,
}

/// Whether a hub that answered so may answer otherwise in a moment.
fn is_gone_again(problem: &LogInProblem) -> bool {
    match problem {
        LogInProblem::NotReached(_) => true,
        LogInProblem::Refused(refusal) => [
            RefusalCode::SHUTTING_DOWN,
            RefusalCode::TIMED_OUT,
            RefusalCode::THROTTLED,
            RefusalCode::FULL,
        ]
        .contains(&refusal.code),
    }
}

/// Waits for somebody to type the code, as long as the hub does.
async fn code(greeted: &Greeted, asker: CodeAsker) -> Result<Code, LogInProblem> {
    let (to, typed) = oneshot::channel();
    if asker.send(to).is_err() {
        return Err(nonsense(greeted));
    }
    tokio::select! {
        typed = typed => match typed {
            Ok(code) => Ok(Code(protocol::BoundedText::cut(code.as_str()))),
            Err(_given_up) => Err(nonsense(greeted)),
        },
        reason = greeted.connection.closed() => Err(match CloseReason::from(&reason) {
            CloseReason::Refused(refusal) => LogInProblem::Refused(refusal),
            CloseReason::GoodOrder | CloseReason::Lost | CloseReason::Failed(_) => nonsense(greeted),
        }),
    }
}

/// Says `message`, the first one, and waits for the answer.
async fn answer(
    greeted: &mut Greeted,
    message: OperatorToHub,
    patience: Duration,
) -> Result<HubToOperator, LogInProblem> {
    let Greeted {
        connection,
        reader,
        writer,
        ..
    } = greeted;
    let asked = async {
        writer
            .write(&message)
            .await
            .map_err(|error| error.to_string())?;
        match reader.read().await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err("the hub hung up".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    };
    match tokio::time::timeout(patience, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(detail)) => {
            // the reason that the hub gave when it closed says more than a broken stream
            let closed = connection.close_reason();
            let problem = match closed.map(|reason| CloseReason::from(&reason)) {
                Some(CloseReason::Refused(refusal)) => LogInProblem::Refused(refusal),
                Some(CloseReason::GoodOrder | CloseReason::Lost | CloseReason::Failed(_))
                | None => LogInProblem::NotReached(Arc::new(ConnectError::Failed { detail })),
            };
            transport::close::close(connection);
            Err(problem)
        }
        Err(_elapsed) => {
            let refusal = RefusalCode::TIMED_OUT.into();
            // the answer may only be late, and to leave in good order would give the place up
            transport::close::close_refused(connection, refusal);
            Err(LogInProblem::Refused(refusal))
        }
    }
}

fn nonsense(greeted: &Greeted) -> LogInProblem {
    transport::close::close(&greeted.connection);
    let detail = "the hub did not answer the log-in".to_owned();
    LogInProblem::NotReached(Arc::new(ConnectError::Failed { detail }))
}

async fn read_control(mut reader: FramedReader, inbox: mpsc::Sender<HubToOperator>) {
    loop {
        match reader.read().await {
            Ok(Some(message)) => {
                if inbox.send(message).await.is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%error, "Control stream ended");
                return;
            }
        }
    }
}

async fn write_control(mut writer: FramedWriter, mut outbox: mpsc::Receiver<OperatorToHub>) {
    while let Some(message) = outbox.recv().await {
        if let Err(error) = writer.write(&message).await {
            tracing::debug!(%error, "Control stream broke");
            return;
        }
    }
    writer.finish();
}
