//! The thread that captures and encodes the screen.
//!
//! It sleeps in the screen source until something changes, and encodes the newest state when there
//! is room on the way to the viewer; a state that finds no room is never queued, it is seen with the
//! next one (S4). Nothing is opened before the session runs (H5).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use capture::{CaptureError, Changes, PointerPicture, PointerState, ScreenSource};
use codec::{DamageHint, Encoder, Level, Line, Picture, PixelSize};
use protocol::limits::{MAX_POINTER_SIDE, MAX_SCREEN_FRAME_BYTES};
use protocol::{PointerShape, PointerUpdate, ScreenFrame, ScreenLayout, ViewerMessage};
use tokio::sync::{Notify, mpsc};

use crate::engine::OpenScreen;
use crate::event::Trouble;
use crate::live::Report;
use crate::pace::{Pace, Room};
use crate::switch::Switch;

const _: () = assert!(
    codec::MAX_UPDATE_BYTES + 64 <= MAX_SCREEN_FRAME_BYTES,
    "every update fits into a frame"
);

/// What the capture thread shares with the tasks that send and that hear acknowledgements.
#[derive(Debug)]
pub(crate) struct Outbox {
    pace: Mutex<Pace>,
    pointer: Mutex<Option<PointerUpdate>>,
    pointer_changed: Notify,
    frames: mpsc::Sender<ScreenFrame>,
}

impl Outbox {
    pub(crate) fn new(frames: mpsc::Sender<ScreenFrame>) -> Self {
        Self {
            pace: Mutex::default(),
            pointer: Mutex::default(),
            pointer_changed: Notify::new(),
            frames,
        }
    }

    /// Takes what the viewer said; the capture thread must be woken afterwards.
    pub(crate) fn acknowledged(&self, ack: ViewerMessage) {
        match ack {
            ViewerMessage::Shown { seq } => self.pace().acknowledged(seq),
            ViewerMessage::NeedReset => self.pace().want_restart(),
            ViewerMessage::Wish(_wish) => {}
        }
    }

    /// The newest state of the pointer, when there is one that was not taken yet.
    pub(crate) async fn next_pointer(&self) -> PointerUpdate {
        loop {
            let changed = self.pointer_changed.notified();
            if let Some(update) = lock(&self.pointer).take() {
                return update;
            }
            changed.await;
        }
    }

    /// Replaces the state that waits; a shape that was not sent yet is kept.
    fn put_pointer(&self, mut update: PointerUpdate) {
        let mut slot = lock(&self.pointer);
        if update.shape.is_none() {
            update.shape = slot.take().and_then(|waiting| waiting.shape);
        }
        *slot = Some(update);
        self.pointer_changed.notify_one();
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        lock(&self.pace)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Captures until the switch is off.
pub(crate) fn run(
    open: &OpenScreen,
    switch: &Arc<Switch>,
    outbox: &Arc<Outbox>,
    reports: &mpsc::Sender<Report>,
) {
    let done = open().and_then(|source| Sharing::new(source, switch, outbox).run());
    if let Err(error) = done {
        tracing::warn!(%error, "Screen not available");
        let trouble = Trouble::NoCapture {
            detail: error.to_string(),
        };
        if reports.blocking_send(Report::Trouble(trouble)).is_err() {
            tracing::debug!("The session is gone");
        }
    }
}

struct Sharing<'a> {
    source: Box<dyn ScreenSource>,
    switch: &'a Switch,
    outbox: &'a Outbox,
    started: Instant,
    encoder: Encoder,
    picture: Picture,
    /// The picture may be older than the screen, or the viewer older than the picture.
    stale: bool,
    /// The pointer's shape that the viewer has.
    shape_sent: Option<u32>,
    /// The stream to the viewer broke; whoever wrote it has told.
    viewer_gone: bool,
}

impl<'a> Sharing<'a> {
    fn new(source: Box<dyn ScreenSource>, switch: &'a Switch, outbox: &'a Outbox) -> Self {
        switch.set_waker(source.waker());
        switch.set_area(source.area());
        Self {
            source,
            switch,
            outbox,
            started: Instant::now(),
            encoder: Encoder::new(Level::Lossless),
            picture: Picture::new(PixelSize::new(1, 1)),
            stale: true,
            shape_sent: None,
            viewer_gone: false,
        }
    }

    fn run(mut self) -> Result<(), CaptureError> {
        let mut changes = Changes::default();
        self.send_pointer()?;
        while self.switch.is_on() && !self.viewer_gone {
            let sleep = self.send_if_room()?;
            self.source.wait(sleep, &mut changes)?;
            if changes.resized {
                self.switch.set_area(self.source.area());
            }
            self.stale |= changes.screen || changes.resized;
            if changes.pointer_moved || changes.pointer_shape {
                self.send_pointer()?;
            }
        }
        Ok(())
    }

    /// Sends the newest state if it is due; gives how long to sleep for (`None`: until woken).
    fn send_if_room(&mut self) -> Result<Option<Duration>, CaptureError> {
        let now = self.started.elapsed();
        let restart_in = self.outbox.pace().restart_in(now);
        if restart_in == Some(Duration::ZERO) {
            self.outbox.pace().restart(now);
            self.encoder.request_reset();
            self.stale = true;
            self.shape_sent = None;
            self.send_pointer()?;
        }
        let rest_of_restart = restart_in.filter(|rest| !rest.is_zero());
        if !self.stale {
            return Ok(rest_of_restart);
        }
        match self.outbox.pace().room(now) {
            Room::Now => {}
            Room::In(rest) => return Ok(Some(rest_of_restart.map_or(rest, |r| r.min(rest)))),
            Room::WhenAcknowledged => return Ok(rest_of_restart),
        }
        let damage = self.source.grab(&mut self.picture)?;
        self.switch.set_area(self.source.area());
        let update =
            self.encoder
                .encode(&self.picture, DamageHint::Rects(&damage), now, Line::WIDE);
        self.stale = self.encoder.has_more();
        let Some(update) = update else {
            return Ok(rest_of_restart);
        };
        let made = self.started.elapsed();
        let seq = self
            .outbox
            .pace()
            .sent(update.bytes.len(), made, made.saturating_sub(now));
        let frame = ScreenFrame {
            seq,
            captured_at_micros: micros(now),
            layout: update.is_reset.then(|| self.layout()),
            payload: update.bytes.into(),
        };
        // as many places as updates in flight; only a viewer that starts anew makes it wait
        if self.switch.is_on() && self.outbox.frames.blocking_send(frame).is_err() {
            self.viewer_gone = true;
        }
        let again = self.stale || rest_of_restart.is_some();
        Ok(again.then_some(Duration::ZERO))
    }

    fn layout(&self) -> ScreenLayout {
        let area = self.source.area();
        ScreenLayout {
            monitors: Vec::new(),
            shared: None,
            width: area.width,
            height: area.height,
            percent: 100,
        }
    }

    fn send_pointer(&mut self) -> Result<(), CaptureError> {
        let PointerState {
            x,
            y,
            visible,
            shape,
        } = self.source.pointer()?;
        let shape = shape.filter(|shape| self.shape_sent != Some(shape.serial));
        let shape = shape.and_then(|picture| {
            self.shape_sent = Some(picture.serial);
            sendable(&picture)
        });
        let at_micros = micros(self.started.elapsed());
        self.outbox.put_pointer(PointerUpdate {
            at_micros,
            x,
            y,
            visible,
            shape,
        });
        Ok(())
    }
}

/// The shape for the viewer; one that is too large is left out.
fn sendable(picture: &PointerPicture) -> Option<PointerShape> {
    let shape = PointerShape {
        width: picture.width,
        height: picture.height,
        hot_x: picture.hot_x,
        hot_y: picture.hot_y,
        rgba: bytes::Bytes::copy_from_slice(&picture.rgba),
    };
    let fits = shape.is_sound();
    if !fits {
        tracing::debug!(limit = MAX_POINTER_SIDE, "Pointer shape left out");
    }
    Some(shape).filter(|_| fits)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
