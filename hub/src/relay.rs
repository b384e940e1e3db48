//! The streams of a session, from one side through the film to the other.
//!
//! Each stream has its own task, which takes no lock that another holds and asks nobody: it watches the
//! session's state and forwards body by body at once. What the host sends to everybody goes from there
//! into each viewer's [`backlog`], which has a task that writes.

mod backlog;
mod live;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use protocol::limits::MAX_HEADER_FRAME_BYTES;
use protocol::wire::DecodeError;
use protocol::{
    Direction, Lane, PointerUpdate, Refusal, RefusalCode, Rights, Role, ScreenFrame, StreamHeader,
};
use quinn::VarInt;
use recording::Body;
use session::channel::TAG_BYTES;
use transport::close::close_refused;
use transport::{Connection, FramedReader, FramedWriter, ReadError, RecvStream, WriteError};

use crate::film::{Film, FilmError};
use crate::metrics::Counters;
use backlog::Frame;
use live::{LiveSession, StreamCount, Viewer};
pub(crate) use live::{Relay, Seat, SessionsOfPeer};

/// How long a stream may be open without saying what it is.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The code of a stream that ends because its session does.
const OVER: VarInt = VarInt::from_u32(0);

/// Serves the streams that a peer opens, until its connection ends.
/// A peer that breaks the protocol is cut off, and `breaks_rules` says so.
pub(crate) async fn serve_streams(
    connection: Connection,
    role: Role,
    sessions: SessionsOfPeer,
    breaks_rules: Arc<AtomicBool>,
    counters: Arc<Counters>,
) {
    while let Ok(stream) = connection.accept_uni().await {
        let connection = connection.clone();
        let sessions = sessions.clone();
        let breaks_rules = Arc::clone(&breaks_rules);
        let counters = Arc::clone(&counters);
        tokio::spawn(async move {
            if let Err(fault) = serve_stream(stream, role, &sessions, &counters).await {
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
        (Role::Host, Direction::ToHost)
        | (Role::Operator, Direction::ToOperator)
        | (Role::Administrator, _) => false,
    }
}

/// Whether nothing may flow in this lane, or not any more.
fn is_closed(lane: Lane, rights: Rights) -> bool {
    !rights.has(lane.rules().needs)
}

async fn serve_stream(
    stream: RecvStream,
    role: Role,
    sessions: &SessionsOfPeer,
    counters: &Counters,
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
    let (lane, id) = (header.lane, header.session);
    let rules = lane.rules();
    if !may_open(role, rules.direction) {
        return Err(StreamFault::OutOfPlace);
    }
    reader.set_limit(rules.max_frame_bytes);
    let relayed = match sessions.get(id) {
        Some(Seat::Host(session)) => match session.streams.of(lane) {
            Some(streams) => give_to_all(&mut reader, header, &session, streams, counters).await,
            None => match session.viewer(header.operator) {
                Some(viewer) => {
                    relay(&mut reader, header, &viewer, &viewer.connection, counters).await
                }
                None => None,
            },
        },
        Some(Seat::Operator(viewer)) if viewer.operator == header.operator => {
            relay(&mut reader, header, &viewer, &viewer.host, counters).await
        }
        // nobody speaks for another; or the session ended while the stream was under way
        Some(Seat::Operator(_)) | None => None,
    };
    match relayed {
        None => stop(&mut reader, refusal_code(RefusalCode::OUT_OF_PLACE)),
        Some(Ok(())) => {}
        Some(Err(RelayEnd::Read(ReadError::Decode(error)) | RelayEnd::Malformed(error))) => {
            return Err(error.into());
        }
        Some(Err(end)) => {
            tracing::debug!(session = %id, ?lane, %end, "Stream ended");
            stop(&mut reader, OVER);
        }
    }
    Ok(())
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
    #[error("nothing may flow there any more")]
    Over,
}

/// Relays what is sealed between the host and `viewer`, while the viewer may have it; `None` if it may
/// not from the first.
async fn relay(
    reader: &mut FramedReader,
    header: StreamHeader,
    viewer: &Viewer,
    receiver: &Connection,
    counters: &Counters,
) -> Option<Result<(), RelayEnd>> {
    let lane = header.lane;
    let mut rights = viewer.rights.clone();
    if is_closed(lane, *rights.borrow()) {
        return None;
    }
    let relayed = async {
        let Ok(_in_turn) = viewer.places(lane).acquire().await else {
            return Ok(()); // cannot be: nobody closes it
        };
        let mut stream = Outgoing::open(receiver, header).await?;
        while let Some(body) = reader.read_body().await? {
            if lane == Lane::Input {
                viewer.hands.touch();
            }
            counters.count_relayed(body.len());
            stream.writer.write_body(body).await?;
        }
        stream.finish();
        Ok(())
    };
    tokio::select! {
        biased;
        // dropping the writer resets the other half
        _over = rights.wait_for(|rights| is_closed(lane, *rights)) => Some(Err(RelayEnd::Over)),
        relayed = relayed => Some(relayed),
    }
}

/// Films what the host sends to everybody and gives it to each viewer, while there is one; `None` if there
/// is none from the first, or if it is not for everybody.
async fn give_to_all(
    reader: &mut FramedReader,
    header: StreamHeader,
    session: &LiveSession,
    streams: &StreamCount,
    counters: &Counters,
) -> Option<Result<(), RelayEnd>> {
    let mut audience = session.audience.clone();
    let is_for_all = header == StreamHeader::to_everybody(header.lane, header.session);
    if !is_for_all || audience.borrow().is_empty() {
        return None;
    }
    tokio::select! {
        biased;
        _over = audience.wait_for(|viewers| viewers.is_empty()) => Some(Err(RelayEnd::Over)),
        given = film_and_give(reader, header.lane, session, streams, counters) => Some(given),
    }
}

async fn film_and_give(
    reader: &mut FramedReader,
    lane: Lane,
    session: &LiveSession,
    streams: &StreamCount,
    counters: &Counters,
) -> Result<(), RelayEnd> {
    let mut count = streams.lock().await;
    *count += 1;
    let mut audience = session.audience.clone();
    let mut viewers = Arc::clone(&audience.borrow_and_update());
    let given = loop {
        let frame = match read_and_film(reader, lane, session, *count).await {
            Ok(Some(frame)) => frame,
            Ok(None) => break Ok(()),
            Err(end) => break Err(end),
        };
        counters.count_relayed(frame.body.len());
        if audience.has_changed().unwrap_or(false) {
            viewers = Arc::clone(&audience.borrow_and_update());
        }
        for backlog in viewers.iter().filter_map(|viewer| viewer.backlogs.of(lane)) {
            backlog.put(frame.clone());
        }
    };
    for backlog in viewers.iter().filter_map(|viewer| viewer.backlogs.of(lane)) {
        backlog.end_stream();
    }
    given
}

/// The host's next frame, when the film has it.
async fn read_and_film(
    reader: &mut FramedReader,
    lane: Lane,
    session: &LiveSession,
    stream: u64,
) -> Result<Option<Frame>, RelayEnd> {
    let Some(body) = reader.read_body().await? else {
        return Ok(None);
    };
    let stands_alone = if lane == Lane::Screen {
        film_screen(&session.film, &body).await?
    } else {
        film_pointer(&session.film, &body).await?
    };
    Ok(Some(Frame {
        stream,
        body,
        stands_alone,
    }))
}

/// A vouched frame without its tag, which is for the other end.
fn untagged(frame: &Bytes) -> Result<Bytes, DecodeError> {
    let len = frame.len().checked_sub(TAG_BYTES);
    len.map(|len| frame.slice(..len))
        .ok_or(DecodeError::Malformed)
}

/// Says whether a viewer can begin with this update.
async fn film_screen(film: &Film, body: &Bytes) -> Result<bool, RelayEnd> {
    let ScreenFrame {
        seq,
        captured_at_micros: _,
        layout,
        payload,
    } = ScreenFrame::from_body(&untagged(body)?)?;
    if let Some(layout) = &layout {
        film.layout(layout).await?;
    }
    let is_reset = layout.is_some();
    let len = payload.len();
    let entry = Body::Screen {
        seq,
        is_reset,
        payload,
    };
    film.picture(entry, len).await?;
    Ok(is_reset)
}

async fn film_pointer(film: &Film, body: &Bytes) -> Result<bool, RelayEnd> {
    let kept = PointerUpdate::to_film(&untagged(body)?)?;
    let len = kept.len();
    film.picture(Body::Pointer(kept), len).await?;
    Ok(true)
}

/// A stream to a receiver. One that is left before its end is reset: a receiver must not take half a
/// frame for the last one.
#[derive(Debug)]
struct Outgoing {
    writer: FramedWriter,
    /// It ended between two frames; what is still under way must arrive.
    is_whole: bool,
}

impl Outgoing {
    /// Opens a stream that begins with `header`.
    async fn open(receiver: &Connection, header: StreamHeader) -> Result<Self, RelayEnd> {
        let rules = header.lane.rules();
        let writer = FramedWriter::new(receiver.open_uni().await?, MAX_HEADER_FRAME_BYTES);
        let mut stream = Self {
            writer,
            is_whole: false,
        };
        let writer = &mut stream.writer;
        if writer.stream_mut().set_priority(rules.priority).is_err() {
            tracing::trace!("Stream was closed already");
        }
        writer.write(&header).await?;
        writer.set_limit(rules.max_frame_bytes);
        Ok(stream)
    }

    fn finish(mut self) {
        self.writer.finish();
        self.is_whole = true;
    }
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
