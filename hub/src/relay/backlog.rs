//! What waits for one viewer in one lane.
//!
//! A viewer's line may be slow or stand still; neither the host nor another viewer waits for it. So
//! little waits that nothing old is seen, and what does not fit is left out.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use protocol::limits::{MAX_POINTER_FRAME_BYTES, MAX_SCREEN_FRAME_BYTES};
use protocol::{Lane, PointerUpdate, StreamHeader, wire};
use tokio::sync::Notify;
use transport::{Connection, WriteError};

use super::{Outgoing, RelayEnd, untagged};

/// Most frames that wait for one viewer in one lane, ...
const MAX_FRAMES: usize = 128;
/// ... most bytes of the screen in them: twice what a host has on its way to a viewer that keeps up ...
const MAX_SCREEN_BYTES: usize = 16 << 20;
/// ... and most bytes of pointers.
const MAX_POINTER_BYTES: usize = 1 << 20;

const _: () = assert!(
    MAX_SCREEN_FRAME_BYTES <= MAX_SCREEN_BYTES && MAX_POINTER_FRAME_BYTES <= MAX_POINTER_BYTES,
    "where nothing waits there is room for any frame"
);

/// One frame of the host's, on its way to a viewer.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The number of the host's stream that it came in.
    pub(super) stream: u64,
    /// As it came, with its tag.
    pub(super) body: Bytes,
    /// A viewer can begin here.
    pub(super) stands_alone: bool,
}

/// The frames that wait.
#[derive(Debug)]
pub(super) struct Backlog {
    lane: Lane,
    waiting: Mutex<Waiting>,
    /// Something is to be done.
    wake: Notify,
}

#[derive(Debug)]
struct Waiting {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Updates of the screen are missing: what builds on them is of no use.
    is_behind: bool,
    /// The host ended its stream after what waits.
    stream_ended: bool,
    /// The viewer sees no more of this lane.
    closed: bool,
}

enum Next {
    Frame(Frame),
    EndOfStream,
    Closed,
}

impl Backlog {
    /// For a viewer that saw nothing yet.
    pub(super) fn new(lane: Lane) -> Self {
        Self {
            lane,
            waiting: Mutex::new(Waiting {
                frames: VecDeque::new(),
                bytes: 0,
                is_behind: lane == Lane::Screen,
                stream_ended: false,
                closed: false,
            }),
            wake: Notify::new(),
        }
    }

    /// Takes a frame, or leaves it out; waits for nothing.
    pub(super) fn put(&self, frame: Frame) {
        let mut waiting = self.lock();
        if waiting.closed {
            return;
        }
        let has_room = waiting.has_room(self.max_bytes(), frame.body.len());
        if self.lane == Lane::Screen {
            match (frame.stands_alone, waiting.is_behind) {
                (true, is_behind) => {
                    if is_behind || !has_room {
                        // nothing before it matters any more
                        waiting.clear();
                    }
                    waiting.is_behind = false;
                }
                (false, true) => return,
                (false, false) if !has_room => {
                    // by the number of this one the viewer sees that some are missing, and asks for an
                    // update that stands alone
                    waiting.clear();
                    waiting.is_behind = true;
                }
                (false, false) => {}
            }
        } else if !has_room {
            waiting.leave_out_replaced();
        }
        waiting.stream_ended = false;
        waiting.bytes += frame.body.len();
        waiting.frames.push_back(frame);
        drop(waiting);
        self.wake.notify_one();
    }

    /// The host ended its stream: the viewer's ends too, after what waits.
    pub(super) fn end_stream(&self) {
        self.lock().stream_ended = true;
        self.wake.notify_one();
    }

    /// Drops what waits, and takes nothing more.
    pub(super) fn close(&self) {
        let mut waiting = self.lock();
        waiting.clear();
        waiting.closed = true;
        drop(waiting);
        self.wake.notify_one();
    }

    /// Writes what comes to `viewer`, in streams that begin with `header`, until it is closed.
    ///
    /// # Errors
    ///
    /// [`RelayEnd`] where the viewer cannot be written to any more.
    pub(super) async fn write_all(
        &self,
        viewer: &Connection,
        header: StreamHeader,
    ) -> Result<(), RelayEnd> {
        let mut open: Option<(u64, Outgoing)> = None;
        loop {
            let frame = match self.next().await {
                Next::Frame(frame) => frame,
                Next::EndOfStream => {
                    if let Some((_, stream)) = open.take() {
                        stream.finish();
                    }
                    continue;
                }
                Next::Closed => return Ok(()),
            };
            let stream = match &mut open {
                Some((number, stream)) if *number == frame.stream => stream,
                other => {
                    if let Some((_, stream)) = other.take() {
                        stream.finish();
                    }
                    let stream = Outgoing::open(viewer, header).await?;
                    &mut other.insert((frame.stream, stream)).1
                }
            };
            match stream.writer.write_body(frame.body.clone()).await {
                Ok(()) => {}
                Err(WriteError::Broken(quinn::WriteError::Stopped(_))) => {
                    open = None;
                    self.begin_anew(frame);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.lock().next() {
                return next;
            }
            self.wake.notified().await;
        }
    }

    /// The viewer stopped the stream before it had all of `unsent`: it gets another one, from the first
    /// frame on that stands alone.
    fn begin_anew(&self, unsent: Frame) {
        let mut waiting = self.lock();
        waiting.bytes += unsent.body.len();
        waiting.frames.push_front(unsent);
        while let Some(frame) = waiting.frames.pop_front_if(|frame| !frame.stands_alone) {
            waiting.bytes -= frame.body.len();
        }
        if self.lane == Lane::Screen && waiting.frames.is_empty() {
            waiting.is_behind = true;
        }
    }

    fn max_bytes(&self) -> usize {
        if self.lane == Lane::Screen {
            MAX_SCREEN_BYTES
        } else {
            MAX_POINTER_BYTES
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // nothing in here panics while it holds the lock
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn has_room(&self, max_bytes: usize, bytes: usize) -> bool {
        self.frames.len() < MAX_FRAMES && self.bytes + bytes <= max_bytes
    }

    fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
    }

    /// Leaves out the updates of a pointer that later ones replace: of what waits, the last picture of the
    /// pointer is all that counts beside the update that comes now.
    fn leave_out_replaced(&mut self) {
        let last_shape = self.frames.iter().rposition(has_shape);
        let kept = last_shape.and_then(|at| self.frames.remove(at));
        self.clear();
        if let Some(kept) = kept {
            self.bytes = kept.body.len();
            self.frames.push_back(kept);
        }
    }

    fn next(&mut self) -> Option<Next> {
        if let Some(frame) = self.frames.pop_front() {
            self.bytes -= frame.body.len();
            return Some(Next::Frame(frame));
        }
        if self.closed {
            return Some(Next::Closed);
        }
        std::mem::take(&mut self.stream_ended).then_some(Next::EndOfStream)
    }
}

/// Whether an update brings a picture of the pointer. It was sound when it came.
fn has_shape(frame: &Frame) -> bool {
    let update = untagged(&frame.body).and_then(|body| wire::decode::<PointerUpdate>(&body));
    update.is_ok_and(|update| update.shape.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::PointerShape;
    use session::channel::TAG_BYTES;

    fn update(number: u8, bytes: usize) -> Frame {
        Frame {
            stream: 1,
            body: vec![number; bytes].into(),
            stands_alone: false,
        }
    }

    fn whole(number: u8) -> Frame {
        Frame {
            stands_alone: true,
            ..update(number, 10)
        }
    }

    /// What the viewer gets now: the first byte of each frame.
    fn taken(backlog: &Backlog) -> Vec<u8> {
        let next = || match backlog.lock().next() {
            Some(Next::Frame(frame)) => Some(frame.body[0]),
            Some(Next::EndOfStream | Next::Closed) | None => None,
        };
        std::iter::from_fn(next).collect()
    }

    /// A viewer of the screen that keeps up.
    fn keeping_up() -> Backlog {
        let backlog = Backlog::new(Lane::Screen);
        backlog.put(whole(0));
        assert_eq!(taken(&backlog), [0]);
        backlog
    }

    #[test]
    fn a_new_viewer_begins_with_an_update_that_stands_alone() {
        let backlog = Backlog::new(Lane::Screen);
        for frame in [update(1, 9), update(2, 9), whole(3), update(4, 9)] {
            backlog.put(frame);
        }
        assert_eq!(taken(&backlog), [3, 4]);
    }

    #[test]
    fn of_what_does_not_fit_one_update_shows_the_gap_and_the_rest_is_left_out() {
        let backlog = keeping_up();
        for number in 1..=40 {
            backlog.put(update(number, 1 << 20));
            assert!(backlog.lock().bytes <= MAX_SCREEN_BYTES);
        }
        assert_eq!(taken(&backlog), [17], "the first after sixteen");
        backlog.put(update(41, 9));
        assert_eq!(taken(&backlog), [0; 0]);
        backlog.put(whole(42));
        backlog.put(update(43, 9));
        assert_eq!(taken(&backlog), [42, 43]);
    }

    #[test]
    fn small_updates_are_counted_too() {
        let backlog = keeping_up();
        for number in 0..=128 {
            backlog.put(update(number, 1));
        }
        assert_eq!(taken(&backlog), [128]);
    }

    #[test]
    fn an_update_that_stands_alone_takes_the_place_of_what_is_of_no_use() {
        let backlog = keeping_up();
        for number in 1..=17 {
            backlog.put(update(number, 1 << 20));
        }
        backlog.put(whole(50));
        assert_eq!(taken(&backlog), [50]);
        // but not of what is
        for frame in [update(51, 9), whole(52)] {
            backlog.put(frame);
        }
        assert_eq!(taken(&backlog), [51, 52]);
    }

    fn pointer(x: i32, side: Option<u16>) -> Frame {
        let shape = side.map(|side| PointerShape {
            width: side,
            height: side,
            hot_x: 0,
            hot_y: 0,
            rgba: vec![0; usize::from(side).pow(2) * 4].into(),
        });
        let update = PointerUpdate {
            seq: 1,
            at_micros: 0,
            x,
            y: 0,
            visible: true,
            shape,
        };
        let frame = wire::encode_tagged(&update, 1 << 20, |_| [7; TAG_BYTES]);
        let frame = Bytes::from(frame.expect("small"));
        Frame {
            stream: 1,
            body: frame.slice(wire::PREFIX_BYTES..),
            stands_alone: true,
        }
    }

    #[test]
    fn a_pointer_keeps_its_last_picture_and_its_last_place() {
        let backlog = Backlog::new(Lane::Pointer);
        for x in 0..200 {
            backlog.put(pointer(x, (x == 3 || x == 7).then_some(32)));
        }
        let mut seen = Vec::new();
        while let Some(Next::Frame(frame)) = backlog.lock().next() {
            let body = untagged(&frame.body).expect("tagged");
            let update: PointerUpdate = wire::decode(&body).expect("well formed");
            seen.push((update.x, update.shape.is_some()));
        }
        assert_eq!(seen[0], (7, true));
        assert_eq!(seen[1], (128, false), "the first that did not fit");
        assert_eq!(seen.last(), Some(&(199, false)));
        for x in 0..50 {
            backlog.put(pointer(x, Some(256)));
            assert!(backlog.lock().bytes <= MAX_POINTER_BYTES);
        }
    }

    #[test]
    fn a_viewer_who_stopped_a_stream_gets_nothing_that_builds_on_it() {
        let backlog = keeping_up();
        for frame in [update(2, 9), whole(3), update(4, 9)] {
            backlog.put(frame);
        }
        backlog.begin_anew(update(1, 9));
        assert_eq!(taken(&backlog), [3, 4]);
        backlog.begin_anew(whole(5));
        assert_eq!(taken(&backlog), [5]);
        backlog.begin_anew(update(6, 9));
        backlog.put(update(7, 9));
        assert_eq!(taken(&backlog), [0; 0]);
        assert_eq!(backlog.lock().bytes, 0);
    }

    #[test]
    fn a_stream_ends_after_what_waits_and_a_closed_backlog_takes_nothing() {
        let backlog = keeping_up();
        backlog.put(update(1, 9));
        backlog.end_stream();
        let next = || backlog.lock().next();
        assert!(matches!(next(), Some(Next::Frame(_))));
        assert!(matches!(next(), Some(Next::EndOfStream)));
        assert!(next().is_none());
        backlog.put(update(2, 9));
        backlog.close();
        backlog.put(whole(3));
        assert!(matches!(next(), Some(Next::Closed)));
    }
}
