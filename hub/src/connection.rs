//! One connection, from the handshake to the end, in one task of its own (B2).
//!
//! Whatever a peer sends that does not parse or makes no sense ends this connection and no other.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{
    ClientHello, HostToHub, HubHello, HubToHost, HubToOperator, OperatorToHub, Outcome, Refusal,
    RefusalCode, Role, VersionRange,
};
use quinn::{ConnectionError, Incoming};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use transport::close::{CloseReason, close, close_refused};
use transport::{Connection, FramedReader, FramedWriter, ReadError};

use crate::catalogue::Account;
use crate::clock::Clock;
use crate::directory::{ConnectionId, Departure};
use crate::login::LoginDesk;
use crate::outbound::{self, Outbound};
use crate::registry::{Event, PeerLink, log_store_error};
use crate::relay::{self, SessionsOfPeer};
use crate::store::{SaveOutcome, SaveReport, Store};
use crate::throttle::Neighbour;

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
const LOG_IN_TIMEOUT: Duration = Duration::from_mins(1);
/// Log-ins that one connection may try.
const LOG_INS: usize = 10;
/// Control messages that a peer may send at once, and how often after that.
const BURST: u32 = 200;
const MESSAGE_INTERVAL: Duration = Duration::from_millis(20);

/// What every connection needs of the hub.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) registry: mpsc::Sender<Event>,
    pub(crate) logins: LoginDesk,
}

/// Why the hub ends a connection.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the peer broke the protocol: {0}")]
    Read(ReadError),
    #[error("the peer said what is out of place")]
    OutOfPlace,
    #[error("the peer did not say in time what it wants")]
    Silent,
    #[error("the peer speaks no version that this hub speaks")]
    Version(FramedWriterOfPeer),
    #[error("the peer tried too many log-ins")]
    LogIns,
    #[error("the hub goes down")]
    Stopping,
    /// The peer left, or the network did.
    #[error("gone")]
    Gone,
}

/// The control stream of a peer that still has to be told something.
#[derive(Debug)]
struct FramedWriterOfPeer(Box<FramedWriter>);

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Broken(_) => Self::Gone,
            error @ (ReadError::Decode(_) | _) => Self::Read(error),
        }
    }
}

/// Serves whoever is `incoming`.
pub(crate) async fn serve(desk: Arc<Desk>, incoming: Incoming, id: ConnectionId) {
    let peer = incoming.remote_address();
    let connection = match timeout(HANDSHAKE_TIMEOUT, incoming).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => {
            tracing::debug!(connection = %id, %peer, %error, "No handshake");
            return;
        }
        Err(_elapsed) => {
            tracing::debug!(connection = %id, %peer, "No handshake in time");
            return;
        }
    };
    // a task of its own, so that even a panic ends in the directory as a departure
    let served = tokio::spawn(serve_connected(Arc::clone(&desk), connection.clone(), id)).await;
    let left_by_itself = match connection.close_reason() {
        Some(ConnectionError::LocallyClosed) | None => false,
        Some(reason) => CloseReason::from(&reason) == CloseReason::GoodOrder,
    };
    let how = match served {
        Ok(Ok(())) => {
            close(&connection);
            Departure::GoodOrder
        }
        Ok(Err(fault)) => {
            end(&connection, id, fault).await;
            if left_by_itself {
                Departure::GoodOrder
            } else {
                Departure::Lost
            }
        }
        Err(error) => {
            tracing::error!(connection = %id, %error, "Connection task failed");
            close_refused(&connection, RefusalCode::INTERNAL.into());
            Departure::Lost
        }
    };
    tracing::info!(connection = %id, %peer, ?how, "Disconnected");
    if desk.registry.send(Event::Left(id, how)).await.is_err() {
        tracing::debug!(connection = %id, "Hub went down first");
    }
}

async fn end(connection: &Connection, id: ConnectionId, fault: Fault) {
    if !matches!(fault, Fault::Gone) {
        let peer = connection.remote_address();
        tracing::info!(connection = %id, %peer, %fault, "Connection is cut");
    }
    let code = match fault {
        Fault::Read(_) => RefusalCode::MALFORMED,
        Fault::OutOfPlace => RefusalCode::OUT_OF_PLACE,
        Fault::Silent => RefusalCode::TIMED_OUT,
        Fault::LogIns => RefusalCode::THROTTLED,
        Fault::Stopping => RefusalCode::SHUTTING_DOWN,
        Fault::Version(mut writer) => {
            let refusal = RefusalCode::VERSION_MISMATCH.into();
            return outbound::close_after_delivery(connection, &mut writer.0, refusal).await;
        }
        Fault::Gone => {
            // The control stream ended, which only a peer that leaves lets it do; where the network
            // is gone the connection is closed already.
            close(connection);
            return;
        }
    };
    close_refused(connection, code.into());
}

async fn serve_connected(
    desk: Arc<Desk>,
    connection: Connection,
    id: ConnectionId,
) -> Result<(), Fault> {
    let greeting = timeout(HELLO_TIMEOUT, greet(&connection, id));
    let (role, reader, writer) = greeting.await.map_err(|_elapsed| Fault::Silent)??;
    match role {
        Role::Host => serve_host(&desk, connection, id, reader, writer).await,
        Role::Operator => serve_operator(&desk, connection, id, reader, writer).await,
    }
}

async fn greet(
    connection: &Connection,
    id: ConnectionId,
) -> Result<(Role, FramedReader, FramedWriter), Fault> {
    let (send, recv) = connection.accept_bi().await.map_err(|_gone| Fault::Gone)?;
    if send.set_priority(relay::CONTROL_PRIORITY).is_err() {
        return Err(Fault::Gone);
    }
    let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
    let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
    let hello: ClientHello = reader.read().await?.ok_or(Fault::Gone)?;
    let peer = connection.remote_address();
    tracing::info!(connection = %id, %peer, role = ?hello.role, program = ?hello.program.as_str(), "Connected");
    let Some(version) = VersionRange::OURS.common_with(hello.versions) else {
        let refused = HubHello::Refused {
            versions: VersionRange::OURS,
            refusal: RefusalCode::VERSION_MISMATCH.into(),
        };
        write(&mut writer, &refused).await?;
        return Err(Fault::Version(FramedWriterOfPeer(Box::new(writer))));
    };
    let welcome = HubHello::Welcome {
        version,
        hub: concat!("hub ", env!("CARGO_PKG_VERSION")).into(),
    };
    write(&mut writer, &welcome).await?;
    Ok((hello.role, reader, writer))
}

async fn serve_host(
    desk: &Desk,
    connection: Connection,
    id: ConnectionId,
    mut reader: FramedReader,
    writer: FramedWriter,
) -> Result<(), Fault> {
    let neighbour = Neighbour::from(connection.remote_address().ip());
    let (link, _outbound, _tasks) = link::<HubToHost>(&connection, Role::Host, writer);
    desk.tell(Event::HostArrived(id, link, neighbour)).await?;
    let mut pace = Pace::new();
    while let Some(message) = read::<HostToHub>(&mut reader, &mut pace).await? {
        if message == HostToHub::Leave {
            break;
        }
        desk.tell(Event::HostSaid(id, message)).await?;
    }
    Ok(())
}

async fn serve_operator(
    desk: &Desk,
    connection: Connection,
    id: ConnectionId,
    mut reader: FramedReader,
    mut writer: FramedWriter,
) -> Result<(), Fault> {
    let address = connection.remote_address().ip();
    let Some(account) = log_in(desk, address, &mut reader, &mut writer).await? else {
        return Ok(());
    };
    let (link, outbound, _tasks) = link::<HubToOperator>(&connection, Role::Operator, writer);
    let arrived = Event::OperatorArrived(id, link, account.clone());
    desk.tell(arrived).await?;
    let mut pace = Pace::new();
    while let Some(message) = read::<OperatorToHub>(&mut reader, &mut pace).await? {
        let answer = match message {
            OperatorToHub::LogOut => break,
            OperatorToHub::LogIn { .. } => return Err(Fault::OutOfPlace),
            OperatorToHub::SaveReport {
                report,
                draft,
                finished,
            } => {
                let saved = desk.store.save_report(SaveReport {
                    account: account.clone(),
                    report,
                    draft,
                    finished,
                    at_unix_millis: desk.clock.now().unix_millis,
                });
                HubToOperator::ReportSaved {
                    report,
                    finished,
                    outcome: match saved.await {
                        Ok(SaveOutcome::Saved) => Outcome::Done,
                        Ok(SaveOutcome::NotTheirs) => {
                            Outcome::Refused(RefusalCode::REPORT_GONE.into())
                        }
                        Err(error) => {
                            log_store_error(&error);
                            Outcome::Refused(RefusalCode::INTERNAL.into())
                        }
                    },
                }
            }
            OperatorToHub::ListDrafts => {
                let drafts = desk.store.drafts(account.id).await;
                let drafts = drafts.inspect_err(log_store_error).unwrap_or_default();
                HubToOperator::Drafts { drafts }
            }
            message @ (OperatorToHub::GenerateTicket
            | OperatorToHub::RevokeTicket { .. }
            | OperatorToHub::AnswerTicket { .. }
            | OperatorToHub::JudgeTicket { .. }
            | OperatorToHub::StartSession { .. }
            | OperatorToHub::EndSession { .. }
            | OperatorToHub::DisconnectHost { .. }
            | OperatorToHub::Chat { .. }) => {
                desk.tell(Event::OperatorSaid(id, Box::new(message)))
                    .await?;
                continue;
            }
        };
        let sent = outbound.send(Outbound::Message(answer)).await;
        sent.map_err(|_closed| Fault::Gone)?;
    }
    Ok(())
}

/// Asks until somebody is logged in; `None` if the peer left before.
async fn log_in(
    desk: &Desk,
    address: IpAddr,
    reader: &mut FramedReader,
    writer: &mut FramedWriter,
) -> Result<Option<Account>, Fault> {
    let deadline = Instant::now() + LOG_IN_TIMEOUT;
    for _ in 0..LOG_INS {
        let message = timeout_at(deadline, reader.read::<OperatorToHub>()).await;
        let (user, password) = match message.map_err(|_elapsed| Fault::Silent)?? {
            Some(OperatorToHub::LogIn { user, password }) => (user, password),
            Some(OperatorToHub::LogOut) | None => return Ok(None),
            Some(_) => return Err(Fault::OutOfPlace),
        };
        match desk.logins.log_in(&user, password, address).await {
            Ok(account) => return Ok(Some(account)),
            Err(refusal) => write(writer, &HubToOperator::LogInRefused { refusal }).await?,
        }
    }
    Err(Fault::LogIns)
}

impl Desk {
    async fn tell(&self, event: Event) -> Result<(), Fault> {
        let told = self.registry.send(event).await;
        told.map_err(|_closed| Fault::Stopping)
    }
}

/// Starts the tasks beside the reader: one that sends what is queued, one for the peer's streams.
/// The second ends when the set is dropped, the first when it has sent what it was given.
fn link<M: Serialize + Send + Sync + 'static>(
    connection: &Connection,
    role: Role,
    writer: FramedWriter,
) -> (PeerLink<M>, mpsc::Sender<Outbound<M>>, JoinSet<()>) {
    let sessions = SessionsOfPeer::default();
    let (outbound, queue) = mpsc::channel(outbound::QUEUE);
    tokio::spawn(outbound::send_all(connection.clone(), writer, queue));
    let mut tasks = JoinSet::new();
    let streams = relay::serve_streams(connection.clone(), role, sessions.clone());
    tasks.spawn(streams);
    let link = PeerLink {
        connection: connection.clone(),
        outbound: outbound.clone(),
        sessions,
    };
    (link, outbound, tasks)
}

async fn read<M: DeserializeOwned>(
    reader: &mut FramedReader,
    pace: &mut Pace,
) -> Result<Option<M>, Fault> {
    pace.keep().await;
    Ok(reader.read().await?)
}

async fn write<M: Serialize>(writer: &mut FramedWriter, message: &M) -> Result<(), Fault> {
    writer.write(message).await.map_err(|error| {
        tracing::debug!(%error, "Not sent");
        Fault::Gone
    })
}

/// Keeps a peer that talks without pause from taking the hub's time: it is read more slowly.
struct Pace {
    /// When the messages so far would be due at the regular interval.
    due: Instant,
}

impl Pace {
    fn new() -> Self {
        Self {
            due: Instant::now(),
        }
    }

    async fn keep(&mut self) {
        let now = Instant::now();
        self.due = self.due.max(now) + MESSAGE_INTERVAL;
        let ahead = self.due - now;
        let burst = MESSAGE_INTERVAL * BURST;
        if let Some(wait) = ahead.checked_sub(burst) {
            tokio::time::sleep(wait).await;
        }
    }
}

/// Refuses a connection for which there is no room.
pub(crate) fn refuse(incoming: Incoming, permit: OwnedSemaphorePermit) {
    tracing::info!(peer = %incoming.remote_address(), "No room for a connection");
    let refusal: Refusal = RefusalCode::FULL.into();
    tokio::spawn(async move {
        // the handshake is worth it: only after it can the peer be told why
        if let Ok(Ok(connection)) = timeout(HANDSHAKE_TIMEOUT, incoming).await {
            close_refused(&connection, refusal);
        }
        drop(permit);
    });
}
