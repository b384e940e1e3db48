//! The streams of a session, from one side through the film to the other.
//!
//! Each stream has its own task, which takes no lock and asks nobody: it watches the session's
//! state and forwards body by body at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use protocol::limits::MAX_HEADER_FRAME_BYTES;
use protocol::wire::DecodeError;
use protocol::{
    Direction, Lane, PeerId, PointerUpdate, Protection, Refusal, RefusalCode, Rights, Role,
    ScreenFrame, SessionId, StreamHeader,
};
use quinn::VarInt;
use recording::Body;
use session::channel::TAG_BYTES;
use tokio::sync::{Semaphore, watch};
use transport::close::close_refused;
use transport::{Connection, FramedReader, FramedWriter, ReadError, RecvStream, WriteError};

use crate::film::{Film, FilmError};

/// How long a stream may be open without saying what it is.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The code of a stream that ends because its session does.
const OVER: VarInt = VarInt::from_u32(0);

/// A running session, shared by the tasks of its streams.
#[derive(Debug)]
pub(crate) struct LiveSession {
    film: Film,
    host: Connection,
    operator: Connection,
    operator_id: PeerId,
    state: watch::Receiver<LiveState>,
    /// As many streams of a lane at a time as its rules say; another one waits for the end of one.
    lanes: [Semaphore; Lane::ALL.len()],
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
        (operator_id, operator): (PeerId, Connection),
        state: watch::Receiver<LiveState>,
    ) -> Self {
        Self {
            film,
            host,
            operator,
            operator_id,
            state,
            lanes: Lane::ALL.map(|lane| Semaphore::new(lane.rules().at_once)),
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
/// A peer that breaks the protocol is cut off, and `breaks_rules` says so.
pub(crate) async fn serve_streams(
    connection: Connection,
    role: Role,
    sessions: SessionsOfPeer,
    breaks_rules: Arc<AtomicBool>,
) {
    while let Ok(stream) = connection.accept_uni().await {
        let connection = connection.clone();
        let sessions = sessions.clone();
        let breaks_rules = Arc::clone(&breaks_rules);
        tokio::spawn(async move {
            if let Err(fault) = serve_stream(stream, role, &sessions).await {
                tracing::info!(peer = %connection.remote_address(), %fault, "Stream breaks the protocol");
                breaks_rules.store(true, Ordering::Relaxed);
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

/// Whether `role` may open a lane that leads there.
fn may_open(role: Role, direction: Direction) -> bool {
    match (role, direction) {
        (Role::Host, Direction::ToOperator) | (Role::Operator, Direction::ToHost) => true,
        (Role::Host, Direction::ToHost) | (Role::Operator, Direction::ToOperator) => false,
    }
}

/// Whether nothing may flow in this lane any more.
fn is_closed(lane: Lane, state: LiveState) -> bool {
    state.ended || !state.rights.has(lane.rules().needs)
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
    let StreamHeader {
        lane,
        session: id,
        operator,
        channel: _,
    } = header;
    let rules = lane.rules();
    if !may_open(role, rules.direction) {
        return Err(StreamFault::OutOfPlace);
    }
    let out_of_place = refusal_code(RefusalCode::OUT_OF_PLACE);
    let Some(session) = sessions.get(id) else {
        // it may have ended while the stream was under way
        stop(&mut reader, out_of_place);
        return Ok(());
    };
    if session.operator_id != operator || is_closed(lane, *session.state.borrow()) {
        stop(&mut reader, out_of_place);
        return Ok(());
    }
    reader.set_limit(rules.max_frame_bytes);
    let mut state = session.state.clone();
    let over = state.wait_for(|state| is_closed(lane, *state));
    tokio::select! {
        biased;
        _ended = over => {
            // dropping the writer inside `relay` resets the other half
            stop(&mut reader, OVER);
            Ok(())
        }
        relayed = relay(&mut reader, header, &session) => match relayed {
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
    header: StreamHeader,
    session: &LiveSession,
) -> Result<(), RelayEnd> {
    let lane = header.lane;
    let rules = lane.rules();
    let receiver = match rules.direction {
        Direction::ToOperator => &session.operator,
        Direction::ToHost => &session.host,
    };
    let place = Lane::ALL.iter().position(|other| *other == lane);
    let place = place.expect("every lane is in the table");
    let Ok(_in_turn) = session.lanes[place].acquire().await else {
        return Ok(()); // cannot be: nobody closes it
    };
    let mut stream = Outgoing {
        writer: FramedWriter::new(receiver.open_uni().await?, MAX_HEADER_FRAME_BYTES),
        is_whole: false,
    };
    let writer = &mut stream.writer;
    if writer.stream_mut().set_priority(rules.priority).is_err() {
        tracing::trace!("Stream was closed already");
    }
    writer.write(&header).await?;
    writer.set_limit(rules.max_frame_bytes);
    while let Some(body) = reader.read_body().await? {
        match (lane, rules.protection) {
            (Lane::Screen, _) => film_screen(&session.film, &body).await?,
            (Lane::Pointer, _) => film_pointer(&session.film, &body).await?,
            // sealed between the two ends; no film holds it
            (_, Protection::Sealed | Protection::Vouched) => {}
        }
        writer.write_body(body).await?;
    }
    writer.finish();
    stream.is_whole = true;
    Ok(())
}

/// A vouched frame without its tag, which is for the other end.
fn untagged(frame: &Bytes) -> Result<Bytes, DecodeError> {
    let len = frame.len().checked_sub(TAG_BYTES);
    len.map(|len| frame.slice(..len))
        .ok_or(DecodeError::Malformed)
}

async fn film_screen(film: &Film, body: &Bytes) -> Result<(), RelayEnd> {
    let ScreenFrame {
        seq,
        captured_at_micros: _,
        layout,
        payload,
    } = ScreenFrame::from_body(&untagged(body)?)?;
    let len = payload.len();
    let entry = Body::Screen {
        seq,
        is_reset: layout.is_some(),
        payload,
    };
    Ok(film.picture(entry, len).await?)
}

async fn film_pointer(film: &Film, body: &Bytes) -> Result<(), RelayEnd> {
    let kept = PointerUpdate::to_film(&untagged(body)?)?;
    let len = kept.len();
    Ok(film.picture(Body::Pointer(kept), len).await?)
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
