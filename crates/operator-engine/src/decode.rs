//! Each session's own thread that turns updates into pictures.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use codec::Decoder;
use protocol::{ScreenFrame, SessionId, ViewerMessage};
use tokio::sync::mpsc;

use crate::command::SessionView;
use crate::input_path::StreamFault;
use crate::quality::Counts;
use crate::session_streams::SessionFault;

/// Updates that may wait for the decoder. The stream's reader has the next one at hand besides;
/// beyond that QUIC holds them back.
pub(crate) const MAX_FRAMES_WAITING: usize = 1;

/// An update, and when the last byte of it was here.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) frame: ScreenFrame,
    pub(crate) at: Instant,
}

/// So many updates in a row that stand alone and cannot be read end the session: the two programs do
/// not understand each other, and asking again would only load the line.
const MAX_UNREADABLE: u32 = 8;

/// Starts the thread. It ends when the sender of `frames` or the receiver of `acks` is dropped.
///
/// # Errors
///
/// If the system gives no thread.
pub(crate) fn start(
    session: SessionId,
    frames: mpsc::Receiver<Arrived>,
    acks: mpsc::Sender<ViewerMessage>,
    view: Arc<dyn SessionView>,
    counts: Arc<Counts>,
    faults: mpsc::Sender<SessionFault>,
) -> io::Result<()> {
    std::thread::Builder::new()
        .name(format!("decode-{session}"))
        .spawn(move || {
            decode_until_ended(session, frames, &acks, view.as_ref(), &counts, &faults);
        })
        .map(drop)
}

fn decode_until_ended(
    session: SessionId,
    mut frames: mpsc::Receiver<Arrived>,
    acks: &mpsc::Sender<ViewerMessage>,
    view: &dyn SessionView,
    counts: &Counts,
    faults: &mpsc::Sender<SessionFault>,
) {
    let mut screen = Screen::default();
    while let Some(arrived) = frames.blocking_recv() {
        let begun = Instant::now();
        let ack = screen.show(session, &arrived, view);
        counts.note_work(begun.elapsed());
        if screen.unreadable >= MAX_UNREADABLE {
            let fault = StreamFault::Unreadable;
            if faults
                .blocking_send(SessionFault { session, fault })
                .is_err()
            {
                tracing::debug!(%session, "Decoder ended after its engine");
            }
            return;
        }
        let Some(ack) = ack else { continue };
        if acks.blocking_send(ack).is_err() {
            return;
        }
    }
}

/// What one session's decoder knows.
#[derive(Default)]
struct Screen {
    decoder: Decoder,
    last_seq: u64,
    /// A reset was asked for; what comes before it cannot be read.
    waits_for_reset: bool,
    /// Updates in a row that stood alone and could not be read.
    unreadable: u32,
}

impl Screen {
    /// Shows one update; what the host is to be told.
    fn show(
        &mut self,
        session: SessionId,
        Arrived { frame, at }: &Arrived,
        view: &dyn SessionView,
    ) -> Option<ViewerMessage> {
        let follows = frame.seq == self.last_seq.wrapping_add(1);
        self.last_seq = frame.seq;
        if !frame.is_reset() && (self.waits_for_reset || !follows) {
            return self.ask_for_reset();
        }
        if frame.is_reset() {
            self.decoder = Decoder::new();
        }
        match self.decoder.apply(&frame.payload) {
            Ok(applied) => {
                self.waits_for_reset = false;
                self.unreadable = 0;
                if let Some(layout) = &frame.layout {
                    view.show_layout(layout);
                }
                if let Some(picture) = self.decoder.picture() {
                    view.show_picture(picture, &applied.changed, frame.seq);
                }
                Some(ViewerMessage::Shown {
                    seq: frame.seq,
                    held_micros: u32::try_from(at.elapsed().as_micros()).unwrap_or(u32::MAX),
                })
            }
            Err(error) => {
                tracing::warn!(%session, seq = frame.seq, %error, "Screen update not readable");
                self.waits_for_reset = false;
                self.unreadable += u32::from(frame.is_reset());
                self.ask_for_reset()
            }
        }
    }

    /// Asks once.
    fn ask_for_reset(&mut self) -> Option<ViewerMessage> {
        let asked = std::mem::replace(&mut self.waits_for_reset, true);
        (!asked).then_some(ViewerMessage::NeedReset)
    }
}
