//! The streams of a session, from one side through the film to the other.
//!
//! Each stream has its own task, which takes no lock and asks nobody: it watches the session's
//! state and forwards body by body at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use protocol::limits::{
    MAX_HEADER_FRAME_BYTES, MAX_INPUT_FRAME_BYTES, MAX_POINTER_FRAME_BYTES, MAX_SCREEN_FRAME_BYTES,
};
use protocol::wire::{self, DecodeError};
use protocol::{
    PointerUpdate, Refusal, RefusalCode, Rights, Role, ScreenFrame, SessionId, StreamHeader,
    ViewerMessage,
};
use quinn::VarInt;
use recording::Body;
use tokio::sync::watch;
use transport::close::close_refused;
use transport::{Connection, FramedReader, FramedWriter, ReadError, RecvStream, WriteError};

use crate::film::{Film, FilmError};

/// How long a stream may be open without saying what it is.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_VIEWER_FRAME_BYTES: usize = 32;
/// The code of a stream that ends because its session does.
const OVER: VarInt = VarInt::from_u32(0);

/// Of two streams of a connection, the one with the higher number is sent first.
mod priority {
    pub(super) const INPUT: i32 = 3;
    pub(super) const VIEWER: i32 = 2;
    pub(crate) const CONTROL: i32 = 1;
    pub(super) const POINTER: i32 = 1;
    pub(super) const SCREEN: i32 = 0;
}
pub(crate) use priority::CONTROL as CONTROL_PRIORITY;

/// A running session, shared by the tasks of its streams.
#[derive(Debug)]
pub(crate) struct LiveSession {
    film: Film,
    host: Connection,
    operator: Connection,
    state: watch::Receiver<LiveState>,
    /// One stream of a kind at a time; a second one waits for the end of the first.
    lanes: [tokio::sync::Mutex<()>; 4],
}

/// What may flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LiveState {
    pub(crate) rights: Rights,
    pub(crate) ended: bool,
}

impl LiveSession {
    pub(crate) fn new(
        film: Film,
        host: Connection,
        operator: Connection,
        state: watch::Receiver<LiveState>,
    ) -> Self {
        Self {
            film,
            host,
            operator,
            state,
            lanes: Default::default(),
        }
    }
}

/// The running sessions of one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct SessionsOfPeer(Arc<Mutex<BTreeMap<SessionId, Arc<LiveSession>>>>);

impl SessionsOfPeer {
    pub(crate) fn insert(&self, id: SessionId, session: Arc<LiveSession>) {
        self.lock().insert(id, session);
    }

    pub(crate) fn remove(&self, id: SessionId) {
        self.lock().remove(&id);
    }

    fn get(&self, id: SessionId) -> Option<Arc<LiveSession>> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<SessionId, Arc<LiveSession>>> {
        // nothing in here panics while it holds the lock
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves the streams that a peer opens, until its connection ends.
pub(crate) async fn serve_streams(connection: Connection, role: Role, sessions: SessionsOfPeer) {
    while let Ok(stream) = connection.accept_uni().await {
        let connection = connection.clone();
        let sessions = sessions.clone();
        tokio::spawn(async move {
            if let Err(fault) = serve_stream(stream, role, &sessions).await {
                tracing::info!(peer = %connection.remote_address(), %fault, "Stream breaks the protocol");
                close_refused(&connection, fault.refusal());
            }
        });
    }
}

/// A peer broke the protocol on a stream.
#[derive(Debug, thiserror::Error)]
enum StreamFault {
    #[error("{0}")]
    Malformed(#[from] DecodeError),
    #[error("a stream that this role does not open")]
    OutOfPlace,
}

impl StreamFault {
    fn refusal(&self) -> Refusal {
        match self {
            Self::Malformed(_) => RefusalCode::MALFORMED.into(),
            Self::OutOfPlace => RefusalCode::OUT_OF_PLACE.into(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Lane {
    Screen,
    Pointer,
    Input,
    Viewer,
}

impl Lane {
    /// The lane and the session that `header` names, if `role` may open it.
    fn from_header(header: StreamHeader, role: Role) -> Option<(Self, SessionId)> {
        match (header, role) {
            (StreamHeader::Screen { session }, Role::Host) => Some((Self::Screen, session)),
            (StreamHeader::Pointer { session }, Role::Host) => Some((Self::Pointer, session)),
            (StreamHeader::Input { session }, Role::Operator) => Some((Self::Input, session)),
            (StreamHeader::Viewer { session }, Role::Operator) => Some((Self::Viewer, session)),
            (StreamHeader::Screen { .. } | StreamHeader::Pointer { .. }, Role::Operator)
            | (StreamHeader::Input { .. } | StreamHeader::Viewer { .. }, Role::Host) => None,
        }
    }

    fn limit(self) -> usize {
        match self {
            Self::Screen => MAX_SCREEN_FRAME_BYTES,
            Self::Pointer => MAX_POINTER_FRAME_BYTES,
            Self::Input => MAX_INPUT_FRAME_BYTES,
            Self::Viewer => MAX_VIEWER_FRAME_BYTES,
        }
    }

    fn priority(self) -> i32 {
        match self {
            Self::Screen => priority::SCREEN,
            Self::Pointer => priority::POINTER,
            Self::Input => priority::INPUT,
            Self::Viewer => priority::VIEWER,
        }
    }

    /// Whether nothing may flow in this lane any more.
    fn is_closed(self, state: LiveState) -> bool {
        match self {
            Self::Screen | Self::Pointer | Self::Viewer => state.ended,
            Self::Input => state.ended || !state.rights.control,
        }
    }
}

async fn serve_stream(
    stream: RecvStream,
    role: Role,
    sessions: &SessionsOfPeer,
) -> Result<(), StreamFault> {
    let mut reader = FramedReader::new(stream, MAX_HEADER_FRAME_BYTES);
    let header = tokio::time::timeout(HEADER_TIMEOUT, reader.read::<StreamHeader>()).await;
    let header = match header {
        Ok(Ok(Some(header))) => header,
        Ok(Err(ReadError::Decode(error))) => return Err(error.into()),
        Ok(Ok(None) | Err(_)) | Err(_) => {
            stop(&mut reader, refusal_code(RefusalCode::TIMED_OUT));
            return Ok(());
        }
    };
    let Some((lane, id)) = Lane::from_header(header, role) else {
        return Err(StreamFault::OutOfPlace);
    };
    let out_of_place = refusal_code(RefusalCode::OUT_OF_PLACE);
    let Some(session) = sessions.get(id) else {
        // it may have ended while the stream was under way
        stop(&mut reader, out_of_place);
        return Ok(());
    };
    if lane.is_closed(*session.state.borrow()) {
        stop(&mut reader, out_of_place);
        return Ok(());
    }
    reader.set_limit(lane.limit());
    let mut state = session.state.clone();
    let over = state.wait_for(|state| lane.is_closed(*state));
    tokio::select! {
        biased;
        _ended = over => {
            // dropping the writer inside `relay` resets the other half
            stop(&mut reader, OVER);
            Ok(())
        }
        relayed = relay(&mut reader, lane, header, &session) => match relayed {
            Ok(()) => Ok(()),
            Err(RelayEnd::Read(ReadError::Decode(error)) | RelayEnd::Malformed(error)) => {
                Err(error.into())
            }
            Err(end) => {
                tracing::debug!(session = %id, ?lane, %end, "Stream ended");
                stop(&mut reader, OVER);
                Ok(())
            }
        },
    }
}

/// Why a stream is not relayed any further.
#[derive(Debug, thiserror::Error)]
enum RelayEnd {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Open(#[from] quinn::ConnectionError),
    #[error(transparent)]
    Film(#[from] FilmError),
}

async fn relay(
    reader: &mut FramedReader,
    lane: Lane,
    header: StreamHeader,
    session: &LiveSession,
) -> Result<(), RelayEnd> {
    let (place, receiver) = match lane {
        Lane::Screen => (0, &session.operator),
        Lane::Pointer => (1, &session.operator),
        Lane::Input => (2, &session.host),
        Lane::Viewer => (3, &session.host),
    };
    let _one_at_a_time = session.lanes[place].lock().await;
    let mut stream = Outgoing {
        writer: FramedWriter::new(receiver.open_uni().await?, lane.limit()),
        is_whole: false,
    };
    let writer = &mut stream.writer;
    if writer.stream_mut().set_priority(lane.priority()).is_err() {
        tracing::trace!("Stream was closed already");
    }
    writer.write(&header).await?;
    while let Some(body) = reader.read_body().await? {
        match lane {
            Lane::Screen => film_screen(&session.film, &body).await?,
            Lane::Pointer => film_pointer(&session.film, &body).await?,
            // sealed between the two ends; no film holds it
            Lane::Input => {}
            Lane::Viewer => drop(wire::decode::<ViewerMessage>(&body)?),
        }
        writer.write_body(body).await?;
    }
    writer.finish();
    stream.is_whole = true;
    Ok(())
}

async fn film_screen(film: &Film, body: &Bytes) -> Result<(), RelayEnd> {
    let ScreenFrame {
        seq,
        captured_at_micros: _,
        layout,
        payload,
    } = ScreenFrame::from_body(body)?;
    let len = payload.len();
    let entry = Body::Screen {
        seq,
        is_reset: layout.is_some(),
        payload,
    };
    Ok(film.picture(entry, len).await?)
}

async fn film_pointer(film: &Film, body: &Bytes) -> Result<(), RelayEnd> {
    let update = wire::decode::<PointerUpdate>(body)?;
    if update.shape.is_some_and(|shape| !shape.is_sound()) {
        return Err(DecodeError::Malformed.into());
    }
    Ok(film
        .picture(Body::Pointer(body.clone()), body.len())
        .await?)
}

/// A stream that is left before its end is reset: a receiver must not take half a frame for the
/// last one.
struct Outgoing {
    writer: FramedWriter,
    /// It ended where the incoming one did; what is still under way must arrive.
    is_whole: bool,
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        if !self.is_whole && self.writer.stream_mut().reset(OVER).is_err() {
            tracing::trace!("Stream was closed already");
        }
    }
}

fn stop(reader: &mut FramedReader, code: VarInt) {
    if reader.stream_mut().stop(code).is_err() {
        tracing::trace!("Stream was closed already");
    }
}

fn refusal_code(code: RefusalCode) -> VarInt {
    VarInt::from_u32(code.0.into())
}
