//! One connection to the hub: its control messages and the streams that the hub opens.

use std::time::Duration;

use protocol::limits::MAX_HEADER_FRAME_BYTES;
use protocol::{HostToHub, HubToHost, ProtocolVersion, RefusalCode, StreamHeader};
use tokio::sync::mpsc;
use transport::client::Greeted;
use transport::{
    CloseReason, Connection, Endpoint, FramedReader, FramedWriter, ReadError, Route, close,
};

use crate::event::LostCause;

/// Control messages that may wait to leave; a hub that reads none of them is left.
const MAX_OUTGOING: usize = 256;
/// How long a stream may take to say what it is.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a good-bye may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(400);

/// A connection whose hellos are done. Dropping it leaves without a word; [`Self::leave`] says good-bye.
pub(crate) struct Wire {
    endpoint: Endpoint,
    pub(crate) connection: Connection,
    pub(crate) route: Route,
    /// What was agreed with the hub.
    pub(crate) version: ProtocolVersion,
    outgoing: mpsc::Sender<HostToHub>,
    pub(crate) inbound: mpsc::Receiver<Result<HubToHost, LostCause>>,
    pub(crate) streams: mpsc::Receiver<(StreamHeader, FramedReader)>,
    /// Writes the control stream; ends when all that was said has arrived.
    control_writer: tokio::task::JoinHandle<()>,
}

impl Wire {
    pub(crate) fn new(greeted: Greeted) -> Self {
        let Greeted {
            endpoint,
            connection,
            reader,
            writer,
            version,
            route,
        } = greeted;
        let (outgoing, to_write) = mpsc::channel(MAX_OUTGOING);
        let (heard, inbound) = mpsc::channel(16);
        let (arrived, streams) = mpsc::channel(8);
        let control_writer = tokio::spawn(write_control(writer, to_write));
        tokio::spawn(read_control(connection.clone(), reader, heard));
        tokio::spawn(accept_streams(connection.clone(), arrived));
        Self {
            endpoint,
            connection,
            route,
            version,
            outgoing,
            inbound,
            streams,
            control_writer,
        }
    }

    /// Puts `message` on its way; `false` if the hub does not read.
    #[must_use]
    pub(crate) fn send(&self, message: HostToHub) -> bool {
        self.outgoing.try_send(message).is_ok()
    }

    /// Why the connection is gone.
    pub(crate) fn lost_cause(&self) -> LostCause {
        lost_cause(&self.connection)
    }

    /// Lets what was said arrive, for a moment, and hangs up.
    pub(crate) async fn leave(self) {
        let Self {
            endpoint,
            connection,
            outgoing,
            control_writer,
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
    }

    /// Hangs up on a hub that breaks the rules, or on a line that is dead.
    pub(crate) fn hang_up(self) {
        close::close_refused(&self.connection, RefusalCode::OUT_OF_PLACE.into());
        self.control_writer.abort();
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

/// Tells the hub that a stream does not belong here.
pub(crate) fn refuse(reader: &mut FramedReader) {
    let code = u32::from(RefusalCode::OUT_OF_PLACE.0).into();
    if reader.stream_mut().stop(code).is_err() {
        tracing::trace!("Stream was over already");
    }
}
