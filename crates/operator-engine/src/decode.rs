//! Each session's own threads that turn updates into pictures.

use std::io;
use std::ops::Range;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use codec::{DecodeError, DecodedVideo, Decoder, Picture, VideoPicture};
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

/// What is shown of a video before other updates have their turn: a millisecond's work.
const PIXELS_AT_A_TIME: u32 = if cfg!(test) { 1 << 16 } else { 1 << 19 };
/// Rows that have their colours together.
const ROWS_TOGETHER: u32 = 16;

/// So many updates in a row that stand alone and cannot be read end the session: the two programs do
/// not understand each other, and asking again would only load the line.
const MAX_UNREADABLE: u32 = 8;

/// Starts the thread. It ends when the sender of `frames` or the receiver of `acks` is dropped.
///
/// Pictures of a video are decoded by a thread of its own, which begins with the first: what a key changed is
/// shown meanwhile, unless it has to do with the video.
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
    let desk = Arc::new(Desk {
        session,
        screen: Mutex::default(),
        turn: Mutex::default(),
        video_is_put: Condvar::new(),
        acks,
        view,
        counts,
        faults,
    });
    std::thread::Builder::new()
        .name(format!("decode-{session}"))
        .spawn(move || {
            urgency::urgent();
            let _end = EndOfThread(&desk);
            desk.decode_until_ended(frames);
        })
        .map(drop)
}

/// What both threads of a session work at.
struct Desk {
    session: SessionId,
    screen: Mutex<Screen>,
    /// Held by whoever is next to have the screen.
    turn: Mutex<()>,
    video_is_put: Condvar,
    acks: mpsc::Sender<ViewerMessage>,
    view: Arc<dyn SessionView>,
    counts: Arc<Counts>,
    faults: mpsc::Sender<SessionFault>,
}

/// Has a thread that fails by a fault of its own end the session, which would stand still and say nothing.
struct EndOfThread<'a>(&'a Desk);

impl Drop for EndOfThread<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let desk = self.0;
        desk.screen_first().has_failed = true;
        desk.video_is_put.notify_all();
        desk.give_up();
    }
}

impl Desk {
    fn decode_until_ended(self: &Arc<Self>, mut frames: mpsc::Receiver<Arrived>) {
        // dropped with this thread, which ends the other
        let mut videos: Option<SyncSender<VideoPicture>> = None;
        while let Some(arrived) = frames.blocking_recv() {
            let payload = &arrived.frame.payload;
            let screen = self.screen_first();
            let screen = self.video_is_put.wait_while(screen, |screen| {
                screen.awaits_video && !screen.has_failed && !screen.decoder.may_overtake(payload)
            });
            let mut screen = screen.unwrap_or_else(PoisonError::into_inner);
            if screen.has_failed {
                return;
            }
            let begun = Instant::now();
            let (acks, video) = screen.show(self.session, arrived, self.view.as_ref());
            let is_hopeless = screen.is_hopeless();
            drop(screen);
            self.counts.note_work(begun.elapsed());
            if !self.tell(acks, is_hopeless) {
                return;
            }
            let Some(video) = video else { continue };
            if videos.is_none() {
                videos = self.start_videos();
            }
            let left = match &videos {
                Some(videos) => videos.send(video).err().map(|unsent| unsent.0),
                None => Some(video),
            };
            // where there is no thread for it
            if left.is_some_and(|video| !self.put(video)) {
                return;
            }
        }
    }

    fn start_videos(self: &Arc<Self>) -> Option<SyncSender<VideoPicture>> {
        // one is decoded at a time
        let (videos, to_decode) = sync_channel(1);
        let desk = Arc::clone(self);
        let thread = std::thread::Builder::new()
            .name(format!("video-{}", self.session))
            .spawn(move || {
                urgency::ordinary();
                let _end = EndOfThread(&desk);
                while let Ok(video) = to_decode.recv() {
                    if !desk.put(video) {
                        return;
                    }
                }
            });
        thread
            .inspect_err(|error| tracing::warn!(%error, "No thread for videos"))
            .ok()
            .map(|_| videos)
    }

    /// Decodes a picture of a video and shows it; whether the session goes on.
    fn put(&self, video: VideoPicture) -> bool {
        let begun = Instant::now();
        let (acks, is_hopeless) = video.decode(|decoded| {
            let mut screen = self.screen_first();
            let view = self.view.as_ref();
            for rows in screen.bands() {
                if !screen.put_rows(&decoded, rows, view) {
                    break;
                }
                // what a key has changed need not wait for the rest
                drop(screen);
                screen = self.screen_first();
            }
            let acks = screen.end(self.session, decoded, view);
            self.video_is_put.notify_all();
            (acks, screen.is_hopeless())
        });
        self.counts.note_work(begun.elapsed());
        self.tell(acks, is_hopeless)
    }

    /// Tells the host; whether the session goes on.
    fn tell(&self, acks: Vec<ViewerMessage>, is_hopeless: bool) -> bool {
        if is_hopeless {
            self.give_up();
            return false;
        }
        let mut acks = acks.into_iter();
        acks.all(|ack| self.acks.blocking_send(ack).is_ok())
    }

    fn give_up(&self) {
        let (session, fault) = (self.session, StreamFault::Unreadable);
        let fault = SessionFault { session, fault };
        if self.faults.blocking_send(fault).is_err() {
            tracing::debug!(%session, "Decoder ended after its engine");
        }
    }

    /// The screen, in the order in which it was asked for: a mutex alone may be taken again and again by the thread
    /// that lets go of it.
    fn screen_first(&self) -> MutexGuard<'_, Screen> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// One of the threads has panicked.
    has_failed: bool,
    /// A picture of a video is being decoded.
    awaits_video: bool,
    /// It came in an update that stood alone.
    video_is_reset: bool,
    /// The updates that are shown but for that picture: its own, and those that have overtaken it. Number, and
    /// when it was here.
    unacknowledged: Vec<(u64, Instant)>,
    /// The number of the newest update that was applied.
    applied_seq: u64,
}

impl Screen {
    /// The two programs do not understand each other.
    fn is_hopeless(&self) -> bool {
        self.unreadable >= MAX_UNREADABLE
    }

    /// Shows one update but for the picture of a video, which is handed back; what the host is to be told.
    fn show(
        &mut self,
        session: SessionId,
        Arrived { frame, at }: Arrived,
        view: &dyn SessionView,
    ) -> (Vec<ViewerMessage>, Option<VideoPicture>) {
        let follows = frame.seq == self.last_seq.wrapping_add(1);
        self.last_seq = frame.seq;
        if !frame.is_reset() && (self.waits_for_reset || !follows) {
            return (self.ask_for_reset(), None);
        }
        if frame.is_reset() {
            self.decoder = Decoder::new();
        }
        let (applied, video) = match self.decoder.apply_but_video(&frame.payload) {
            Ok(applied) => applied,
            Err(error) => return (self.not_readable(session, &error, frame.is_reset()), None),
        };
        self.waits_for_reset = false;
        if let Some(layout) = &frame.layout {
            view.show_layout(layout);
        }
        self.applied_seq = frame.seq;
        self.unacknowledged.push((frame.seq, at));
        if video.is_some() {
            self.awaits_video = true;
            self.video_is_reset = frame.is_reset();
        } else {
            self.unreadable = 0;
        }
        // a picture that begins anew is first seen with its video
        let is_seen = !applied.changed.is_empty() && !applied.was_reset;
        if (video.is_none() || is_seen)
            && let Some(picture) = self.decoder.picture()
        {
            view.show_picture(picture, &applied.changed, frame.seq);
        }
        (self.acknowledge(), video)
    }

    /// The rows of a picture, so many at a time as take about a millisecond.
    fn bands(&self) -> impl Iterator<Item = Range<u32>> + use<> {
        let size = self.decoder.picture().map(Picture::size);
        let size = size.unwrap_or_default();
        let rows = PIXELS_AT_A_TIME / size.width.max(1);
        let rows = rows.max(1).next_multiple_of(ROWS_TOGETHER);
        let starts = (0..size.height).step_by(rows as usize);
        starts.map(move |start| start..start + rows)
    }

    /// Shows some rows of the picture of a video; whether there is a use for more.
    fn put_rows(
        &mut self,
        decoded: &DecodedVideo<'_>,
        rows: Range<u32>,
        view: &dyn SessionView,
    ) -> bool {
        let put = self.decoder.put_rows_of_video(decoded, rows);
        let Ok(changed) = put else { return false };
        // a picture that begins anew is first seen as a whole
        if !self.video_is_reset
            && !changed.is_empty()
            && let Some(picture) = self.decoder.picture()
        {
            view.show_picture(picture, &changed, self.applied_seq);
        }
        true
    }

    /// All rows of the picture of a video are shown; what the host is to be told.
    fn end(
        &mut self,
        session: SessionId,
        decoded: DecodedVideo<'_>,
        view: &dyn SessionView,
    ) -> Vec<ViewerMessage> {
        self.awaits_video = false;
        let was_reset = std::mem::take(&mut self.video_is_reset);
        if let Err(error) = self.decoder.end_video(decoded) {
            return self.not_readable(session, &error, was_reset);
        }
        self.unreadable = 0;
        if was_reset && let Some(picture) = self.decoder.picture() {
            view.show_picture(picture, &[picture.size().rect()], self.applied_seq);
        }
        self.acknowledge()
    }

    /// Tells the host what is shown, unless a part of it is still being decoded.
    fn acknowledge(&mut self) -> Vec<ViewerMessage> {
        if self.awaits_video {
            return Vec::new();
        }
        let shown = self.unacknowledged.drain(..);
        let shown = shown.map(|(seq, at)| ViewerMessage::Shown {
            seq,
            held_micros: u32::try_from(at.elapsed().as_micros()).unwrap_or(u32::MAX),
        });
        shown.collect()
    }

    fn not_readable(
        &mut self,
        session: SessionId,
        error: &DecodeError,
        was_reset: bool,
    ) -> Vec<ViewerMessage> {
        let seq = self.last_seq;
        tracing::warn!(%session, seq, %error, "Screen update not readable");
        self.waits_for_reset = false;
        self.unacknowledged.clear();
        self.unreadable += u32::from(was_reset);
        self.ask_for_reset()
    }

    /// Asks once.
    fn ask_for_reset(&mut self) -> Vec<ViewerMessage> {
        let asked = std::mem::replace(&mut self.waits_for_reset, true);
        if asked {
            Vec::new()
        } else {
            vec![ViewerMessage::NeedReset]
        }
    }
}

#[cfg(test)]
mod tests {
    use codec::{DamageHint, Encoder, Level, Line, Picture, PixelSize, Rect};
    use protocol::{PointerUpdate, ScreenLayout};

    use super::*;

    const SCREEN: PixelSize = PixelSize {
        width: 640,
        height: 400,
    };
    const FILM: Rect = Rect {
        x: 0,
        y: 0,
        width: 512,
        height: 368,
    };
    const TEXT: Rect = Rect {
        x: 528,
        y: 368,
        width: 32,
        height: 16,
    };

    /// What a window was given.
    #[derive(Default)]
    struct Window {
        shown: Mutex<Option<(Picture, u64)>>,
        /// It cannot show what a thread of this name decodes.
        cannot_show: Option<&'static str>,
    }

    impl SessionView for Window {
        fn show_layout(&self, _layout: &ScreenLayout) {}

        fn show_picture(&self, picture: &Picture, changed: &[Rect], seq: u64) {
            let thread = std::thread::current();
            assert!(
                self.cannot_show.is_none() || thread.name() != self.cannot_show,
                "the fault of this test"
            );
            let mut shown = self.shown.lock().expect("whole");
            let (before, last) = shown.get_or_insert_with(|| (Picture::new(picture.size()), 0));
            assert!(*last <= seq, "{seq} after {last}");
            *last = seq;
            for rect in changed {
                let columns = rect.x as usize..rect.right() as usize;
                for y in rect.y..rect.bottom() {
                    let row = &picture.row(y)[columns.clone()];
                    before.row_mut(y)[columns.clone()].copy_from_slice(row);
                }
            }
            // as a real window does
            std::thread::sleep(std::time::Duration::from_millis(1));
        }

        fn show_pointer(&self, _pointer: PointerUpdate) {}
    }

    fn paint(picture: &mut Picture, rect: Rect, colour: impl Fn(u32, u32) -> u32) {
        for y in rect.y..rect.bottom() {
            for x in rect.x..rect.right() {
                picture.row_mut(y)[x as usize] = colour(x, y);
            }
        }
    }

    /// A pixel of something like a photograph, which moves.
    fn film(x: u32, y: u32, at: u32) -> u32 {
        let wave = |a: u32, b: u32| {
            let phase = f64::from(x * a + y * b + at * 23) / 60.0;
            128.0 + 90.0 * phase.sin() + f64::from((x * 7919 + y * 104_729 + at) % 7)
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "38 to 225"
        )]
        let byte = |value: f64| value as u32;
        byte(wave(3, 1)) << 16 | byte(wave(1, 2)) << 8 | byte(wave(2, 3))
    }

    /// A film, and text beside it, as they are told; and what a viewer shows in the end.
    fn told() -> (Vec<Vec<u8>>, Decoder) {
        let (mut encoder, mut decoder) = (Encoder::new(Level::True), Decoder::new());
        let mut videos = 0;
        let mut picture = Picture::new(SCREEN);
        let mut updates = Vec::new();
        for at in 0..60_u32 {
            let rect = if at % 2 == 0 {
                paint(&mut picture, FILM, |x, y| film(x, y, at));
                FILM
            } else {
                let letters = |x, y| {
                    if (x * 7 + y * 3 + at) % 5 == 0 {
                        0
                    } else {
                        0xff_ffff
                    }
                };
                paint(&mut picture, TEXT, letters);
                TEXT
            };
            let now = std::time::Duration::from_millis(16) * at;
            let hint = [rect];
            let update = encoder.encode(&picture, DamageHint::Rects(&hint), now, Line::WIDE);
            let update = update.expect("something has changed");
            let (_, video) = decoder.apply_but_video(&update.bytes).expect("its own");
            if let Some(video) = video {
                videos += 1;
                let put = |decoded: DecodedVideo<'_>| decoder.put_video(decoded);
                video.decode(put).expect("its own");
            }
            updates.push(update.bytes);
        }
        assert!(videos > 10, "only {videos} pictures of a video");
        (updates, decoder)
    }

    fn frame(seq: u64, update: Vec<u8>) -> Arrived {
        let frame = ScreenFrame {
            seq,
            captured_at_micros: 0,
            layout: (seq == 1).then(|| ScreenLayout {
                monitors: Vec::new(),
                shared: None,
                width: SCREEN.width,
                height: SCREEN.height,
                percent: 100,
            }),
            payload: update.into(),
        };
        Arrived {
            frame,
            at: Instant::now(),
        }
    }

    #[test]
    fn a_thread_that_panics_ends_the_session() {
        for thread in ["decode-17", "video-17"] {
            let (updates, _wanted) = told();
            let (frames, frames_out) = mpsc::channel(MAX_FRAMES_WAITING);
            let (acks, mut acks_out) = mpsc::channel(4);
            let (faults, mut faults_out) = mpsc::channel(1);
            let window = Window {
                cannot_show: Some(thread),
                ..Window::default()
            };
            let (session, view) = (SessionId(17), Arc::new(window));
            start(session, frames_out, acks, view, Arc::default(), faults).expect("a thread");
            let hears = std::thread::spawn(move || while acks_out.blocking_recv().is_some() {});
            for (seq, update) in (1..).zip(updates) {
                if frames.blocking_send(frame(seq, update)).is_err() {
                    break;
                }
            }
            let told = faults_out.blocking_recv().expect("not in silence");
            assert_eq!(told.session, session, "{thread}");
            drop(frames);
            hears.join().expect("and both threads are gone");
        }
    }

    #[test]
    fn whatever_overtakes_a_video_every_update_is_shown_and_acknowledged() {
        let (updates, wanted) = told();
        let (frames, frames_out) = mpsc::channel(MAX_FRAMES_WAITING);
        let (acks, mut acks_out) = mpsc::channel(4);
        let (faults, _faults_out) = mpsc::channel(1);
        let window = Arc::<Window>::default();
        let session = SessionId(17);
        let view = Arc::<Window>::clone(&window);
        start(session, frames_out, acks, view, Arc::default(), faults).expect("a thread");
        let count = updates.len() as u64;
        let sender = std::thread::spawn(move || {
            for (seq, update) in (1..).zip(updates) {
                let frame = frame(seq, update);
                frames.blocking_send(frame).expect("it decodes");
            }
        });
        let mut heard = Vec::new();
        while let Some(ack) = acks_out.blocking_recv() {
            let ViewerMessage::Shown { seq, .. } = ack else {
                unreachable!("all of it can be read")
            };
            heard.push(seq);
        }
        sender.join().expect("all were sent");
        heard.sort_unstable();
        assert_eq!(heard, (1..=count).collect::<Vec<u64>>());
        let shown = window.shown.lock().expect("whole");
        let (shown, last) = shown.as_ref().expect("a picture");
        assert_eq!(*last, count);
        assert!(Some(shown) == wanted.picture(), "every pixel is the same");
    }
}
