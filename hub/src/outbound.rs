//! What waits to be sent to a peer on its control stream.

use std::time::Duration;

use protocol::Refusal;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use transport::close::close_refused;
use transport::{Connection, FramedWriter};

/// Messages that may wait for one peer; one that is further behind is cut off.
pub(crate) const QUEUE: usize = 1024;
/// How long a peer may take to receive its dismissal.
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(700);

/// One thing to send.
#[derive(Debug)]
pub(crate) enum Outbound<M> {
    /// Boxed, for the queue keeps room for 32 of them beside each idle connection.
    Message(Box<M>),
    /// Say when everything before this was sent.
    Sent(oneshot::Sender<()>),
    /// Let what was sent arrive, then close the connection.
    Close(Refusal),
}

impl<M> Outbound<M> {
    pub(crate) fn message(message: M) -> Self {
        Self::Message(Box::new(message))
    }
}

/// Sends what comes through `queue` until it ends, the connection does, or a close is due.
pub(crate) async fn send_all<M: Serialize>(
    connection: Connection,
    mut writer: FramedWriter,
    mut queue: mpsc::Receiver<Outbound<M>>,
) {
    while let Some(next) = queue.recv().await {
        match next {
            Outbound::Message(message) => {
                if let Err(error) = writer.write(&message).await {
                    tracing::debug!(peer = %connection.remote_address(), %error, "Not sent");
                    return;
                }
            }
            // whoever wanted to know may be gone
            Outbound::Sent(told) => told.send(()).unwrap_or_default(),
            Outbound::Close(refusal) => {
                close_after_delivery(&connection, &mut writer, refusal).await;
                return;
            }
        }
    }
}

/// Lets what was written arrive, for a moment, and closes the connection.
pub(crate) async fn close_after_delivery(
    connection: &Connection,
    writer: &mut FramedWriter,
    refusal: Refusal,
) {
    writer.finish();
    let delivered = writer.stream_mut().stopped();
    if tokio::time::timeout(GOODBYE_TIMEOUT, delivered)
        .await
        .is_err()
    {
        tracing::debug!(peer = %connection.remote_address(), "Goodbye not delivered");
    }
    close_refused(connection, refusal);
}
