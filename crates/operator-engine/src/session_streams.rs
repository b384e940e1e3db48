//! The streams of a running session.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use protocol::limits::{
    MAX_HEADER_FRAME_BYTES, MAX_INPUT_FRAME_BYTES, MAX_POINTER_FRAME_BYTES, MAX_SCREEN_FRAME_BYTES,
};
use protocol::{PointerShape, PointerUpdate, ScreenFrame, SessionId, StreamHeader, ViewerMessage};
use session::SessionKeys;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use transport::{Connection, FramedReader, FramedWriter, ReadError, RecvStream};

use crate::command::SessionView;
use crate::decode::{self, Arrived, MAX_FRAMES_WAITING};
use crate::input_path::{InputSender, StreamFault, write_input};
use crate::wish_path::{WishSender, Wishes};

/// How long a stream may wait for its header, or for the session it names.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Acknowledgements that may wait for the network.
const MAX_ACKS_WAITING: usize = 16;
/// Order of the streams where the line is narrow; control has 0.
const INPUT_PRIORITY: i32 = 20;
const VIEWER_PRIORITY: i32 = 10;

/// A session cannot go on.
#[derive(Debug)]
pub(crate) struct SessionFault {
    pub(crate) session: SessionId,
    pub(crate) fault: StreamFault,
}

/// Where the streams of one session go. One stream at a time uses a port; another one must not even
/// read before, for what it read would wait in memory.
#[derive(Clone)]
struct Ports {
    frames: Arc<Port<mpsc::Sender<Arrived>>>,
    view: Arc<Port<Arc<dyn SessionView>>>,
    /// Closes with the session.
    running: watch::Receiver<()>,
}

type Port<T> = tokio::sync::Mutex<T>;

/// The sessions that streams may belong to. A stream can be here before the word that its session
/// runs, so streams wait for their session a little.
#[derive(Clone)]
pub(crate) struct Sessions {
    ports: Arc<Mutex<BTreeMap<SessionId, Ports>>>,
    changed: watch::Sender<()>,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        Self {
            ports: Arc::default(),
            changed: watch::Sender::new(()),
        }
    }

    async fn ports_of(&self, session: SessionId) -> Ports {
        let mut changed = self.changed.subscribe();
        loop {
            let found = self.lock().get(&session).cloned();
            if let Some(ports) = found {
                return ports;
            }
            if changed.changed().await.is_err() {
                // cannot be: `self` holds the sender
                std::future::pending::<()>().await;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<SessionId, Ports>> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running session's tasks; dropping it ends them and the decoder.
pub(crate) struct RunningSession {
    session: SessionId,
    sessions: Sessions,
    tasks: [JoinHandle<()>; 2],
    /// Its drop ends the readers of the session's streams, and with them the decoder.
    _running: watch::Sender<()>,
    pub(crate) input: InputSender,
    pub(crate) wishes: WishSender,
}

impl RunningSession {
    /// Opens the operator's streams and starts the decoder.
    pub(crate) fn start(
        session: SessionId,
        keys: &SessionKeys,
        connection: &Connection,
        sessions: &Sessions,
        view: Arc<dyn SessionView>,
        may_control: bool,
        faults: mpsc::Sender<SessionFault>,
    ) -> std::io::Result<Self> {
        let (frames, frames_out) = mpsc::channel(MAX_FRAMES_WAITING);
        let (acks, acks_out) = mpsc::channel(MAX_ACKS_WAITING);
        decode::start(session, frames_out, acks, Arc::clone(&view), faults.clone())?;
        let (running, is_running) = watch::channel(());
        sessions.lock().insert(
            session,
            Ports {
                frames: Arc::new(Port::new(frames)),
                view: Arc::new(Port::new(view)),
                running: is_running,
            },
        );
        sessions.changed.send_replace(());
        let input = InputSender::new(may_control);
        let wishes = WishSender::new();
        let viewer = write_viewer(connection.clone(), session, acks_out, wishes.wishes());
        let viewer_task = tokio::spawn(viewer);
        let input_task = {
            let (input, connection) = (input.clone(), connection.clone());
            let sealer = keys.sealer_to_host();
            tokio::spawn(async move {
                let header = StreamHeader::Input { session };
                let limit = MAX_INPUT_FRAME_BYTES;
                let writer = open_stream(&connection, header, limit, INPUT_PRIORITY).await;
                let fault = match writer {
                    Some(writer) => write_input(input, sealer, writer).await,
                    None => StreamFault::Broken,
                };
                if faults.send(SessionFault { session, fault }).await.is_err() {
                    tracing::debug!(%session, "Input ended after its engine");
                }
            })
        };
        Ok(Self {
            session,
            sessions: sessions.clone(),
            tasks: [viewer_task, input_task],
            _running: running,
            input,
            wishes,
        })
    }
}

impl Drop for RunningSession {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.session);
        self.input.close();
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn open_stream(
    connection: &Connection,
    header: StreamHeader,
    limit: usize,
    priority: i32,
) -> Option<FramedWriter> {
    let stream = connection.open_uni().await.ok()?;
    let mut writer = FramedWriter::new(stream, limit);
    writer.stream_mut().set_priority(priority).ok()?;
    writer.write(&header).await.ok()?;
    Some(writer)
}

/// Tells the host what has been shown and what is wished for.
async fn write_viewer(
    connection: Connection,
    session: SessionId,
    mut acks: mpsc::Receiver<ViewerMessage>,
    mut wishes: Wishes,
) {
    let header = StreamHeader::Viewer { session };
    let writer = open_stream(&connection, header, MAX_HEADER_FRAME_BYTES, VIEWER_PRIORITY).await;
    let Some(mut writer) = writer else { return };
    loop {
        let message = tokio::select! {
            ack = acks.recv() => match ack {
                Some(ack) => ack,
                None => return,
            },
            wish = wishes.next() => ViewerMessage::Wish(wish),
        };
        if let Err(error) = writer.write(&message).await {
            tracing::debug!(%session, %error, "The viewer's stream broke");
            return;
        }
    }
}

/// Takes the hub's streams until the connection ends. QUIC bounds how many there can be at once.
pub(crate) async fn accept_streams(connection: Connection, sessions: Sessions) {
    while let Ok(stream) = connection.accept_uni().await {
        let sessions = sessions.clone();
        tokio::spawn(async move {
            if let Err(error) = read_stream(stream, sessions).await {
                tracing::debug!(%error, "Session stream ended");
            }
        });
    }
}

async fn read_stream(stream: RecvStream, sessions: Sessions) -> Result<(), ReadError> {
    let mut reader = FramedReader::new(stream, MAX_HEADER_FRAME_BYTES);
    let header = tokio::time::timeout(HEADER_TIMEOUT, reader.read::<StreamHeader>()).await;
    let Ok(Some(header)) = header.unwrap_or(Ok(None)) else {
        return Ok(());
    };
    let (StreamHeader::Screen { session } | StreamHeader::Pointer { session }) = header else {
        return Ok(()); // only an operator opens the others
    };
    let ports = tokio::time::timeout(HEADER_TIMEOUT, sessions.ports_of(session)).await;
    let Ok(mut ports) = ports else { return Ok(()) };
    let is_screen = matches!(header, StreamHeader::Screen { .. });
    let relay = async {
        if is_screen {
            read_screen(reader, &*ports.frames.lock().await).await
        } else {
            read_pointer(reader, ports.view.lock().await.as_ref()).await
        }
    };
    tokio::select! {
        ended = relay => ended,
        _ = ports.running.changed() => Ok(()),
    }
}

async fn read_screen(
    mut reader: FramedReader,
    frames: &mpsc::Sender<Arrived>,
) -> Result<(), ReadError> {
    reader.set_limit(MAX_SCREEN_FRAME_BYTES);
    while let Some(body) = reader.read_body().await? {
        let at = Instant::now();
        let frame = ScreenFrame::from_body(&body)?;
        if frames.send(Arrived { frame, at }).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn read_pointer(mut reader: FramedReader, view: &dyn SessionView) -> Result<(), ReadError> {
    reader.set_limit(MAX_POINTER_FRAME_BYTES);
    while let Some(pointer) = reader.read::<PointerUpdate>().await? {
        if pointer.shape.as_ref().is_none_or(PointerShape::is_sound) {
            view.show_pointer(pointer);
        }
    }
    Ok(())
}
