//! The streams of a running session.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::lanes::CONTROL_PRIORITY;
use protocol::limits::MAX_HEADER_FRAME_BYTES;
use protocol::wire::{self, DecodeError, PREFIX_BYTES};
use protocol::{
    ChannelId, HostLine, Lane, PeerId, PointerShape, PointerUpdate, ScreenFrame, SessionId,
    StreamHeader, ViewerMessage,
};
use session::channel::TAG_BYTES;
use session::console::Running;
use session::{PictureKey, Sealer};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use transfer::Transfers;
use transport::line::Look;
use transport::{Connection, FramedReader, FramedWriter, ReadError, RecvStream, Route};

use crate::clipboard::ClipboardNews;
use crate::command::SessionView;
use crate::decode::{self, Arrived, MAX_FRAMES_WAITING};
use crate::files::FilesNews;
use crate::input_path::{InputSender, StreamFault, write_input};
use crate::quality::{Counts, Gauge, LineQuality};
use crate::wish_path::{WishSender, Wishes};

/// How long a stream may wait for its header, or for the session it names.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Acknowledgements that may wait for the network.
const MAX_ACKS_WAITING: usize = 16;
/// Updates of the pointer that may wait for the view.
const MAX_POINTERS_WAITING: usize = 16;

/// A session cannot go on.
#[derive(Debug)]
pub(crate) struct SessionFault {
    pub(crate) session: SessionId,
    pub(crate) fault: StreamFault,
}

/// Where the streams of one session go in one channel. One stream at a time uses a port; another one must
/// not even read before, for what it read would wait in memory.
#[derive(Clone)]
struct Ports {
    session: SessionId,
    frames: Arc<Port<mpsc::Sender<Arrived>>>,
    pointers: Arc<Port<mpsc::Sender<PointerUpdate>>>,
    seen: Arc<Seen>,
    counts: Arc<Counts>,
    key: PictureKey,
    faults: mpsc::Sender<SessionFault>,
    files: mpsc::Sender<FilesNews>,
    clipboard: mpsc::Sender<ClipboardNews>,
    /// Closes with the channel.
    running: watch::Receiver<()>,
}

type Port<T> = tokio::sync::Mutex<T>;

/// The highest numbers that were taken in a session: whatever comes with a lower one, comes again.
#[derive(Debug, Default)]
struct Seen {
    screen: AtomicU64,
    pointer: AtomicU64,
}

/// Takes `number` if it is higher than all before.
fn is_new(highest: &AtomicU64, number: u64) -> bool {
    highest.fetch_max(number, Ordering::Relaxed) < number
}

/// The sessions that streams may belong to. A stream can be here before the word that its session
/// runs, so streams wait for their session a little.
#[derive(Clone)]
pub(crate) struct Sessions {
    ports: Arc<Mutex<BTreeMap<SessionId, (ChannelId, Ports)>>>,
    changed: watch::Sender<()>,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        Self {
            ports: Arc::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// The ports of `session`; those of one channel if that is not [`ChannelId::NONE`].
    async fn ports_of(&self, session: SessionId, channel: ChannelId) -> Ports {
        let mut changed = self.changed.subscribe();
        loop {
            let found = self.lock().get(&session).cloned();
            let is_it = |open| channel == ChannelId::NONE || open == channel;
            if let Some((_, ports)) = found.filter(|(open, _)| is_it(*open)) {
                return ports;
            }
            if changed.changed().await.is_err() {
                // cannot be: `self` holds the sender
                std::future::pending::<()>().await;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<SessionId, (ChannelId, Ports)>> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session as the engine keeps it, over any number of channels. Dropping it ends everything.
pub(crate) struct RunningSession {
    session: SessionId,
    view: Arc<dyn SessionView>,
    seen: Arc<Seen>,
    counts: Arc<Counts>,
    gauge: Gauge,
    pub(crate) input: InputSender,
    pub(crate) wishes: WishSender,
    pub(crate) transfers: Transfers,
    streams: Option<Streams>,
}

/// A session's streams in one channel; dropping them ends their tasks and the decoder.
struct Streams {
    session: SessionId,
    channel: ChannelId,
    sessions: Sessions,
    tasks: [JoinHandle<()>; 2],
    /// Its drop ends the readers of the session's streams, and with them the decoder.
    _running: watch::Sender<()>,
}

/// What a session's streams need of the connection.
pub(crate) struct Way<'a> {
    /// This operator's place.
    pub(crate) you: PeerId,
    pub(crate) connection: &'a Connection,
    pub(crate) sessions: &'a Sessions,
    pub(crate) faults: &'a mpsc::Sender<SessionFault>,
    pub(crate) files: &'a mpsc::Sender<FilesNews>,
    pub(crate) clipboard: &'a mpsc::Sender<ClipboardNews>,
    /// When this end had the channel. The host counts the age of input from when it had it, a moment
    /// before.
    pub(crate) opened: Instant,
}

impl RunningSession {
    /// A session that has no streams yet.
    pub(crate) fn new(
        session: SessionId,
        view: Arc<dyn SessionView>,
        may_control: bool,
        transfers: Transfers,
    ) -> Self {
        Self {
            session,
            view,
            seen: Arc::default(),
            counts: Arc::default(),
            gauge: Gauge::new(),
            input: InputSender::new(may_control),
            wishes: WishSender::new(),
            transfers,
            streams: None,
        }
    }

    /// Opens the operator's streams and starts the decoder; streams of an earlier channel end.
    pub(crate) fn open(&mut self, running: &Running, way: &Way<'_>) -> std::io::Result<()> {
        let opened = way.opened;
        self.streams = None;
        let session = self.session;
        let channel = running.lanes.channel();
        let (frames, frames_out) = mpsc::channel(MAX_FRAMES_WAITING);
        let (pointers, pointers_out) = mpsc::channel(MAX_POINTERS_WAITING);
        let (acks, acks_out) = mpsc::channel(MAX_ACKS_WAITING);
        let view = Arc::clone(&self.view);
        let counts = Arc::clone(&self.counts);
        decode::start(session, frames_out, acks, view, counts, way.faults.clone())?;
        show_pointers(session, pointers_out, Arc::clone(&self.view))?;
        let (keep_running, is_running) = watch::channel(());
        let ports = Ports {
            session,
            frames: Arc::new(Port::new(frames)),
            pointers: Arc::new(Port::new(pointers)),
            seen: Arc::clone(&self.seen),
            counts: Arc::clone(&self.counts),
            key: running.picture_key.clone(),
            faults: way.faults.clone(),
            files: way.files.clone(),
            clipboard: way.clipboard.clone(),
            running: is_running,
        };
        way.sessions.lock().insert(session, (channel, ports));
        way.sessions.changed.send_replace(());
        let header = |lane| StreamHeader {
            lane,
            session,
            operator: way.you,
            channel,
        };
        let sealer = |lane| running.lanes.sealer(session, lane);
        let viewer_task = tokio::spawn(write_viewer(
            way.connection.clone(),
            header(Lane::Viewer),
            sealer(Lane::Viewer),
            acks_out,
            self.wishes.wishes(),
        ));
        let input_task = {
            let (input, connection) = (self.input.clone(), way.connection.clone());
            let (header, sealer) = (header(Lane::Input), sealer(Lane::Input));
            let faults = way.faults.clone();
            tokio::spawn(async move {
                let Some(writer) = open_stream(&connection, header).await else {
                    return;
                };
                let Some(fault) = write_input(input, sealer, writer, opened).await else {
                    return;
                };
                if faults.send(SessionFault { session, fault }).await.is_err() {
                    tracing::debug!(%session, "Input ended after its engine");
                }
            })
        };
        self.streams = Some(Streams {
            session,
            channel,
            sessions: way.sessions.clone(),
            tasks: [viewer_task, input_task],
            _running: keep_running,
        });
        Ok(())
    }

    /// The channel that is open.
    pub(crate) fn channel(&self) -> Option<ChannelId> {
        self.streams.as_ref().map(|streams| streams.channel)
    }

    /// The line is gone: the streams end, the view keeps its picture.
    pub(crate) fn pause(&mut self) {
        self.streams = None;
        self.input.pause();
        self.gauge.tell_anew();
    }

    /// What the host says of the way to here.
    pub(crate) fn host_says(&mut self, line: HostLine) {
        self.gauge.host_says(line);
    }

    /// How the line is now, if that is to be told.
    pub(crate) fn look_at_line(&mut self, route: &Route, look: Look) -> Option<LineQuality> {
        self.streams.as_ref()?;
        self.gauge.look(&self.counts, route, look, Instant::now())
    }
}

impl Drop for RunningSession {
    fn drop(&mut self) {
        self.input.close();
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        let mut ports = self.sessions.lock();
        let is_ours = |(channel, _): &(ChannelId, Ports)| *channel == self.channel;
        if ports.get(&self.session).is_some_and(is_ours) {
            ports.remove(&self.session);
        }
        drop(ports);
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Hands the pointer to the view on a thread of its own: its picture may take a moment, and neither
/// the network nor the screen is to wait for it. The thread ends with the sender.
fn show_pointers(
    session: SessionId,
    mut pointers: mpsc::Receiver<PointerUpdate>,
    view: Arc<dyn SessionView>,
) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name(format!("pointer-{session}"))
        .spawn(move || {
            while let Some(pointer) = pointers.blocking_recv() {
                view.show_pointer(pointer);
            }
        })
        .map(drop)
}

async fn open_stream(connection: &Connection, header: StreamHeader) -> Option<FramedWriter> {
    let rules = header.lane.rules();
    let stream = connection.open_uni().await.ok()?;
    let mut writer = FramedWriter::new(stream, MAX_HEADER_FRAME_BYTES);
    // the control stream has 0 on this side
    let priority = rules.priority - CONTROL_PRIORITY;
    writer.stream_mut().set_priority(priority).ok()?;
    writer.write(&header).await.ok()?;
    writer.set_limit(rules.max_frame_bytes);
    Some(writer)
}

/// Tells the host what has been shown and what is wished for.
async fn write_viewer(
    connection: Connection,
    header: StreamHeader,
    mut sealer: Sealer,
    mut acks: mpsc::Receiver<ViewerMessage>,
    mut wishes: Wishes,
) {
    let Some(mut writer) = open_stream(&connection, header).await else {
        return;
    };
    loop {
        let message = tokio::select! {
            ack = acks.recv() => match ack {
                Some(ack) => ack,
                None => return,
            },
            wish = wishes.next() => ViewerMessage::Wish(wish),
        };
        let Ok(frame) = wire::encode(&message, MAX_HEADER_FRAME_BYTES) else {
            continue; // cannot be: it is small
        };
        let sealed = sealer.seal(&frame[PREFIX_BYTES..]);
        if let Err(error) = writer.write_body(sealed.into()).await {
            let session = header.session;
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

/// A stream from the host is not read any further.
#[derive(Debug, thiserror::Error)]
enum StreamEnd {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the host made no such frame")]
    Forged,
}

impl From<DecodeError> for StreamEnd {
    /// The tag was right, so the host itself sent nonsense.
    fn from(error: DecodeError) -> Self {
        Self::Read(error.into())
    }
}

async fn read_stream(stream: RecvStream, sessions: Sessions) -> Result<(), ReadError> {
    let mut reader = FramedReader::new(stream, MAX_HEADER_FRAME_BYTES);
    let header = tokio::time::timeout(HEADER_TIMEOUT, reader.read::<StreamHeader>()).await;
    let Ok(Some(header)) = header.unwrap_or(Ok(None)) else {
        return Ok(());
    };
    let ports = sessions.ports_of(header.session, header.channel);
    let Ok(mut ports) = tokio::time::timeout(HEADER_TIMEOUT, ports).await else {
        return Ok(());
    };
    reader.set_limit(header.lane.rules().max_frame_bytes);
    let mut running = ports.running.clone();
    let relay = async {
        match header.lane {
            Lane::Screen => read_screen(reader, &mut ports).await,
            Lane::Pointer => read_pointer(reader, &mut ports).await,
            Lane::FileToOperator => {
                let news = FilesNews::Stream(header.session, header.channel, reader);
                if ports.files.send(news).await.is_err() {
                    tracing::debug!("A stream comes after its engine");
                }
                Ok(())
            }
            Lane::ClipboardToOperator => {
                let news = ClipboardNews::Stream(header.session, header.channel, reader);
                if ports.clipboard.send(news).await.is_err() {
                    tracing::debug!("A stream comes after its engine");
                }
                Ok(())
            }
            // an operator opens these
            Lane::Viewer | Lane::Input | Lane::ClipboardToHost | Lane::FileToHost => Ok(()),
        }
    };
    let ended = tokio::select! {
        ended = relay => ended,
        _ = running.changed() => Ok(()),
    };
    match ended {
        Ok(()) => Ok(()),
        Err(StreamEnd::Read(error)) => Err(error),
        Err(StreamEnd::Forged) => {
            let (session, fault) = (header.session, StreamFault::Forged);
            let told = ports.faults.send(SessionFault { session, fault }).await;
            if told.is_err() {
                tracing::debug!(%session, "Stream ended after its engine");
            }
            Ok(())
        }
    }
}

/// The body of a frame that the host vouches for.
fn checked(ports: &Ports, lane: Lane, frame: &Bytes) -> Result<Bytes, StreamEnd> {
    let checked = ports.key.check(ports.session, lane, frame);
    if checked.is_none() {
        return Err(StreamEnd::Forged);
    }
    Ok(frame.slice(..frame.len() - TAG_BYTES))
}

async fn read_screen(mut reader: FramedReader, ports: &mut Ports) -> Result<(), StreamEnd> {
    let frames = Arc::clone(&ports.frames);
    let frames = frames.lock().await;
    while let Some(frame) = reader.read_body().await? {
        let at = Instant::now();
        ports.counts.note_bytes(frame.len());
        let frame = ScreenFrame::from_body(&checked(ports, Lane::Screen, &frame)?)?;
        if !is_new(&ports.seen.screen, frame.seq) {
            return Err(StreamEnd::Forged);
        }
        if frames.send(Arrived { frame, at }).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn read_pointer(mut reader: FramedReader, ports: &mut Ports) -> Result<(), StreamEnd> {
    let pointers = Arc::clone(&ports.pointers);
    let pointers = pointers.lock().await;
    while let Some(frame) = reader.read_body().await? {
        let body = checked(ports, Lane::Pointer, &frame)?;
        let pointer: PointerUpdate = wire::decode(&body)?;
        if !is_new(&ports.seen.pointer, pointer.seq) {
            return Err(StreamEnd::Forged);
        }
        let is_sound = pointer.shape.as_ref().is_none_or(PointerShape::is_sound);
        if is_sound && pointers.send(pointer).await.is_err() {
            break;
        }
    }
    Ok(())
}
