//! A connection to the hub whose log-in is done.

use std::sync::Arc;
use std::time::Duration;

use protocol::control::Name;
use protocol::{EntryId, HubToOperator, OperatorToHub, Password, Refusal, RefusalCode, Role};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use transport::client::{self, Greeted};
use transport::{CloseReason, ConnectError, Connection, Endpoint, FramedReader, FramedWriter};
use zeroize::Zeroizing;

use crate::command::Config;
use crate::event::LogInProblem;
use crate::session_streams::{SessionFault, Sessions, accept_streams};

/// How long the hub may take to answer a log-in; it hashes the password slowly on purpose.
const LOG_IN_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a farewell may take.
const FAREWELL_TIMEOUT: Duration = Duration::from_millis(800);
/// Messages that may wait in each direction.
const MAX_WAITING: usize = 256;

/// Who logs in.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Zeroizing<String>,
}

/// A running connection. Dropping it cuts the connection; [`Self::leave`] ends it in good order.
pub(crate) struct Link {
    pub(crate) you: EntryId,
    pub(crate) display_name: Name,
    pub(crate) inbox: mpsc::Receiver<HubToOperator>,
    pub(crate) faults: mpsc::Receiver<SessionFault>,
    pub(crate) fault_sender: mpsc::Sender<SessionFault>,
    pub(crate) sessions: Sessions,
    pub(crate) connection: Connection,
    /// What the hub said when it ended the connection.
    pub(crate) goodbye: Option<Refusal>,
    outbox: mpsc::Sender<OperatorToHub>,
    tasks: [JoinHandle<()>; 3],
    endpoint: Endpoint,
}

impl Link {
    /// Connects and logs in.
    pub(crate) async fn open(
        config: &Config,
        credentials: Credentials,
    ) -> Result<Self, LogInProblem> {
        let not_reached = |error| LogInProblem::NotReached(Arc::new(error));
        let greeted = client::connect(&config.hub, config.pin, Role::Operator, &config.program)
            .await
            .map_err(not_reached)?;
        let Greeted {
            endpoint,
            connection,
            mut reader,
            mut writer,
            ..
        } = greeted;
        let answer = log_in(&mut reader, &mut writer, credentials);
        let answer = tokio::time::timeout(LOG_IN_TIMEOUT, answer)
            .await
            .unwrap_or_else(|_elapsed| Err(Refusal::new(RefusalCode::TIMED_OUT).into()));
        let (you, display_name) = match answer {
            Ok(known) => known,
            Err(no_answer) => {
                let problem = no_answer.told_by(&connection);
                transport::close::close(&connection);
                return Err(problem);
            }
        };
        let (in_sender, inbox) = mpsc::channel(MAX_WAITING);
        let (outbox, out_receiver) = mpsc::channel(MAX_WAITING);
        let (fault_sender, faults) = mpsc::channel(MAX_WAITING);
        let sessions = Sessions::new();
        let tasks = [
            tokio::spawn(read_control(reader, in_sender)),
            tokio::spawn(write_control(writer, out_receiver)),
            tokio::spawn(accept_streams(connection.clone(), sessions.clone())),
        ];
        Ok(Self {
            you,
            display_name,
            inbox,
            faults,
            fault_sender,
            sessions,
            connection,
            goodbye: None,
            outbox,
            tasks,
            endpoint,
        })
    }

    /// Sends `message`. A hub that takes nothing for so long that messages pile up is cut off.
    pub(crate) fn send(&self, message: OperatorToHub) {
        if self.outbox.try_send(message).is_err() {
            tracing::warn!("Hub takes no messages");
            self.connection.close(0_u32.into(), b"");
        }
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
        transport::close::close(&self.connection);
    }
}

/// The hub did not let the operator in.
enum NoAnswer {
    Refused(Refusal),
    /// The connection broke, or the hub said something else.
    Broken(String),
}

impl From<Refusal> for NoAnswer {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl NoAnswer {
    /// The reason that the hub gave when it closed says more than a broken stream.
    fn told_by(self, connection: &Connection) -> LogInProblem {
        let closed = connection
            .close_reason()
            .map(|reason| CloseReason::from(&reason));
        match (self, closed) {
            (Self::Refused(refusal), _) | (_, Some(CloseReason::Refused(refusal))) => {
                LogInProblem::Refused(refusal)
            }
            (Self::Broken(detail), _) => {
                LogInProblem::NotReached(Arc::new(ConnectError::Failed { detail }))
            }
        }
    }
}

async fn log_in(
    reader: &mut FramedReader,
    writer: &mut FramedWriter,
    credentials: Credentials,
) -> Result<(EntryId, Name), NoAnswer> {
    let message = OperatorToHub::LogIn {
        user: Name::cut(credentials.user),
        password: Password(protocol::BoundedText::cut(credentials.password.as_str())),
    };
    writer
        .write(&message)
        .await
        .map_err(|e| NoAnswer::Broken(e.to_string()))?;
    let answer = reader
        .read()
        .await
        .map_err(|e| NoAnswer::Broken(e.to_string()))?;
    match answer {
        Some(HubToOperator::LoggedIn { you, display_name }) => Ok((you, display_name)),
        Some(HubToOperator::LogInRefused { refusal } | HubToOperator::Goodbye { refusal }) => {
            Err(refusal.into())
        }
        Some(_) => Err(NoAnswer::Broken(
            "the hub did not answer the log-in".to_owned(),
        )),
        None => Err(NoAnswer::Broken("the hub hung up".to_owned())),
    }
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
