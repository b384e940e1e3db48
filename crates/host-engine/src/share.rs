//! The thread that captures and encodes the screen.
//!
//! It sleeps in the screen source until something changes, and encodes the newest state when there
//! is room on the way to the viewer; a state that finds no room is never queued, it is seen with the
//! next one (S4). Pictures of a video are encoded by a thread of their own and leave when they are ready. When
//! nothing changes, what was told coarsely is made exact. Nothing is opened before the session runs (H5).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use capture::{CaptureError, CaptureWaker, Changes, Monitor, PointerState, ScreenSource};
use codec::{DamageHint, Encoder, Level, Picture, PixelSize, Rect, Update};
use protocol::control::Name;
use protocol::limits::{MAX_MONITORS, MAX_SCREEN_UPDATE_BYTES};
use protocol::{
    ColourDepth, Hindrance, MonitorPlace, PeerId, PointerUpdate, ScreenFrame, ScreenLayout,
    ScreenMonitor, ViewWish, ViewerMessage,
};
use tokio::sync::{Notify, mpsc};

use crate::course::Course;
use crate::crew::TwoThreads;
use crate::engine::Backends;
use crate::event::Trouble;
use crate::geometry::{Geometry, PERCENTS};
use crate::live::Report;
use crate::pace::{Room, spacing_beside_video};
use crate::pointer_shape::sendable;
use crate::scale::Scaler;
use crate::switch::Switch;
use crate::video::{Made, VideoMaker};
use crate::viewers::Viewers;

/// For so long the picture of a video waits for answers to what an operator does, at most.
const VIDEO_WAITS: Duration = Duration::from_millis(80);
/// After a look that found nothing to tell, the next for an answer.
const ANSWER_RESTS: Duration = Duration::from_millis(4);

const _: () = assert!(
    codec::MAX_UPDATE_BYTES <= MAX_SCREEN_UPDATE_BYTES,
    "every update fits into a frame"
);

/// What the capture thread shares with the tasks that send and that hear acknowledgements.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) course: Arc<Course>,
    viewers: Mutex<Viewers>,
    /// The newest wish that was not fulfilled yet.
    wish: Mutex<Option<ViewWish>>,
    pointer: Mutex<Option<PointerUpdate>>,
    pointer_changed: Notify,
    frames: mpsc::Sender<ScreenFrame>,
    /// How long was captured and encoded, in microseconds.
    worked_micros: AtomicU64,
}

impl Outbox {
    /// Nobody watches yet.
    pub(crate) fn new(course: Arc<Course>, frames: mpsc::Sender<ScreenFrame>) -> Self {
        Self {
            viewers: Mutex::new(Viewers::new(course.last_screen())),
            course,
            wish: Mutex::default(),
            pointer: Mutex::default(),
            pointer_changed: Notify::new(),
            frames,
            worked_micros: AtomicU64::new(0),
        }
    }

    /// Takes what a viewer said; tells whether the capture thread must be woken.
    pub(crate) fn heard(&self, operator: PeerId, message: ViewerMessage) -> bool {
        match message {
            ViewerMessage::Shown { seq, held_micros } => {
                let held = Duration::from_micros(held_micros.into());
                let now = self.course.elapsed();
                self.viewers().acknowledged(operator, seq, now, held)
            }
            ViewerMessage::NeedReset => {
                self.viewers().want_restart(operator);
                true
            }
            ViewerMessage::Wish(wish) => {
                *lock(&self.wish) = Some(wish);
                true
            }
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

    /// Nothing that waits counts any more, and every viewer begins with a whole picture.
    fn begin_anew(&self) {
        lock(&self.pointer).take();
        self.viewers().begin_anew();
    }

    /// How long was captured and encoded, in all.
    pub(crate) fn worked(&self) -> Duration {
        Duration::from_micros(self.worked_micros.load(Ordering::Relaxed))
    }

    /// Those who watch.
    pub(crate) fn viewers(&self) -> MutexGuard<'_, Viewers> {
        lock(&self.viewers)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a display that is gone is looked for.
pub(crate) const LOOK_FOR_DISPLAY_EVERY: Duration = Duration::from_millis(250);

/// Captures until the switch is off. While the user has paused the screen is not even open.
pub(crate) fn run(
    backends: &Backends,
    switch: &Arc<Switch>,
    outbox: &Arc<Outbox>,
    reports: &mpsc::Sender<Report>,
) {
    let mut wish = ViewWish::default();
    let mut gone_since: Option<Instant> = None;
    let done = loop {
        sleep_while_withheld(switch);
        if !switch.is_on() {
            break Ok(());
        }
        let displays = switch.displays();
        let shared = (backends.screen)()
            .and_then(|source| Sharing::new(source, switch, displays, outbox, reports, &mut wish))
            .and_then(|sharing| {
                gone_since = None;
                // where the desktop asks its user, the answer goes for both
                switch.check_injection();
                sharing.run()
            });
        match shared {
            Ok(End::Interrupted) => {}
            Ok(End::Over) => break Ok(()),
            // nothing else may be shown in its place: it is for the user to say
            Err(CaptureError::NoSuchMonitor { id }) if switch.only() == Some(id) => {
                switch.withhold(true);
                if reports.blocking_send(Report::MonitorGone).is_err() {
                    tracing::debug!("The session is gone");
                }
            }
            // the session has begun, and the picture waits for the user
            Err(CaptureError::UserAsked) => sleep(switch, LOOK_FOR_DISPLAY_EVERY),
            // who has said no is not asked again
            Err(error @ (CaptureError::Refused | CaptureError::NoAnswer)) => break Err(error),
            Err(error) => {
                let since = *gone_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= backends.comes_back_within {
                    break Err(error);
                }
                tracing::debug!(%error, "Screen gone; looking for another");
                outbox.course.forget_places();
                sleep(switch, LOOK_FOR_DISPLAY_EVERY);
            }
        }
        outbox.begin_anew();
    };
    if let Err(error) = done {
        tracing::warn!(%error, "Screen not available");
        let trouble = Trouble::NoCapture {
            detail: error.to_string(),
            why: match error {
                CaptureError::NoDisplay { .. } | CaptureError::Lost { .. } => Hindrance::NO_DISPLAY,
                CaptureError::Refused => Hindrance::NOT_SHARED,
                CaptureError::NoAnswer => Hindrance::NOT_ANSWERED,
                CaptureError::Unsuitable { .. }
                | CaptureError::NoSuchMonitor { .. }
                | CaptureError::UserAsked
                | CaptureError::UnsupportedPlatform
                | _ => Hindrance::NO_CAPTURE,
            },
        };
        if reports.blocking_send(Report::Trouble(trouble)).is_err() {
            tracing::debug!("The session is gone");
        }
    }
}

fn sleep_while_withheld(switch: &Switch) {
    let sleeper = thread::current();
    switch.set_waker(CaptureWaker::new(move || sleeper.unpark()));
    while switch.is_on() && switch.is_withheld() {
        thread::park();
    }
}

/// Sleeps so long, or until something is to be looked at.
fn sleep(switch: &Switch, time: Duration) {
    let sleeper = thread::current();
    switch.set_waker(CaptureWaker::new(move || sleeper.unpark()));
    if switch.is_on() {
        thread::park_timeout(time);
    }
}

/// Why nothing is captured any more.
enum End {
    /// The user has paused or chosen anew, or another display is shown.
    Interrupted,
    Over,
}

struct Sharing<'a> {
    source: Box<dyn ScreenSource>,
    switch: &'a Switch,
    /// How often the user had paused before.
    pauses: u64,
    /// How often the user had chosen what is shared.
    choices: u64,
    /// How often another display had come.
    displays: u64,
    /// The monitor that the user shares alone.
    only: Option<u32>,
    outbox: &'a Outbox,
    reports: &'a mpsc::Sender<Report>,
    /// What was wished for last; outlives what interrupts.
    wish: &'a mut ViewWish,
    encoder: Encoder,
    /// Encodes the pictures of a video; `None` where the encoder does it itself.
    maker: Option<VideoMaker>,
    /// When the picture of a video that is being made, or waits for room, was begun.
    video_begun: Option<Duration>,
    /// It is made, and waits for room.
    video_made: Option<Made>,
    /// Since when it waits for room.
    video_waits_since: Duration,
    /// Until when nothing is grabbed: only the video has changed, whose last picture is being made.
    rests_until: Duration,
    /// The same for what somebody waits for.
    answers_rest_until: Duration,
    /// The screen as it was grabbed last.
    picture: Picture,
    /// Makes it smaller, where the viewer wished so.
    scaler: Option<Scaler>,
    /// Where the picture lies on the desktop.
    geometry: Geometry,
    /// What the picture is of.
    layout: ScreenLayout,
    /// Where its monitors stand, as was told last.
    places: Vec<MonitorPlace>,
    /// The picture may be older than the screen, or the viewer older than the picture.
    stale: bool,
    /// The pointer's shape that the viewer has.
    shape_sent: Option<u32>,
    /// The stream to the viewers broke; whoever wrote it has told.
    viewers_gone: bool,
    /// Where the pointer was on the desktop when it was looked at last.
    pointer_at: Option<(i32, i32)>,
}

impl<'a> Sharing<'a> {
    fn new(
        mut source: Box<dyn ScreenSource>,
        switch: &'a Switch,
        displays: u64,
        outbox: &'a Outbox,
        reports: &'a mpsc::Sender<Report>,
        wish: &'a mut ViewWish,
    ) -> Result<Self, CaptureError> {
        switch.set_waker(source.waker());
        let pauses = switch.pauses();
        let choices = switch.choices();
        let only = switch.only();
        let shared = match (only, wish.monitor) {
            // before anything is looked at
            (Some(only), _) => {
                source.keep_to(only)?;
                outbox.course.forget_places();
                Some(only)
            }
            (None, Some(_)) => select(source.as_mut(), wish.monitor)?,
            (None, None) => None,
        };
        let seen = survey(source.as_mut(), percent(*wish), shared, only.is_some())?;
        let (geometry, layout, places) = seen;
        tell_places(reports, &places);
        let encoder = Encoder::with_version(level(wish.depth), switch.format());
        let mut encoder = encoder.expect("one that both sides know");
        if let Some(crew) = TwoThreads::where_they_help() {
            encoder.lend(Arc::new(crew));
        }
        let maker = VideoMaker::start(source.waker())
            .inspect_err(|error| tracing::warn!(%error, "No thread for videos"))
            .ok();
        if maker.is_some() {
            encoder.defer_video();
        }
        Ok(Self {
            source,
            switch,
            pauses,
            choices,
            displays,
            only,
            outbox,
            reports,
            encoder,
            maker,
            video_begun: None,
            video_made: None,
            video_waits_since: Duration::ZERO,
            rests_until: Duration::ZERO,
            answers_rest_until: Duration::ZERO,
            wish,
            picture: Picture::new(PixelSize::new(1, 1)),
            scaler: None,
            geometry,
            layout,
            places,
            stale: true,
            shape_sent: None,
            viewers_gone: false,
            pointer_at: None,
        })
    }

    fn run(mut self) -> Result<End, CaptureError> {
        let mut changes = Changes::default();
        if self.shows() {
            self.send_pointer()?;
        }
        while self.shows() && !self.viewers_gone {
            let sleep = self.send_if_room()?;
            self.source.wait(sleep, &mut changes)?;
            if !self.shows() {
                break;
            }
            if changes.resized {
                self.survey()?;
            }
            self.stale |= changes.screen || changes.resized;
            if changes.pointer_moved || changes.pointer_shape {
                self.send_pointer()?;
            }
        }
        let is_over = !self.switch.is_on() || self.viewers_gone;
        Ok(if is_over { End::Over } else { End::Interrupted })
    }

    /// Whether anything may be captured and sent.
    fn shows(&self) -> bool {
        self.switch.shows(self.pauses)
            && self.switch.choices() == self.choices
            && self.switch.displays() == self.displays
    }

    /// Sends the newest state if it is due; gives how long to sleep for (`None`: until woken).
    fn send_if_room(&mut self) -> Result<Option<Duration>, CaptureError> {
        let now = self.now();
        let renewal_in = self.renew_if_wanted(now)?;
        let with_renewal = |rest: Duration| Some(renewal_in.map_or(rest, |r| r.min(rest)));
        // what somebody waits for stands before a video
        let is_asked = self.stale && self.outbox.course.answers(now);
        let room = self.send_video_if_room(now)?;
        // but not for as long as somebody scrolls beside it
        let waits = now.saturating_sub(self.video_waits_since);
        let answers = is_asked && (self.video_made.is_none() || waits < VIDEO_WAITS);
        match room {
            Room::Now => {}
            Room::In(_) | Room::WhenAcknowledged if answers => {}
            Room::In(rest) => return Ok(with_renewal(rest)),
            Room::WhenAcknowledged => return Ok(renewal_in),
        }
        if !self.stale {
            return Ok(self.sharpen_if_room(now).map_or(renewal_in, with_renewal));
        }
        let room = if answers {
            self.outbox.viewers().room_for_answer(now)
        } else {
            self.outbox.viewers().room(now)
        };
        match room {
            Room::Now => {}
            Room::In(rest) => return Ok(with_renewal(rest)),
            Room::WhenAcknowledged => return Ok(renewal_in),
        }
        let rests_until = if answers {
            self.answers_rest_until
        } else {
            self.rests_until
        };
        let rest = rests_until.checked_sub(now);
        if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
            return Ok(with_renewal(rest));
        }
        let line = self.outbox.viewers().line();
        let damage = self.source.grab(&mut self.picture)?;
        if self.source.area() != self.geometry.area {
            self.survey()?;
        }
        let (picture, damage) = scaled(&mut self.scaler, &self.picture, self.geometry, damage);
        let update = self
            .encoder
            .encode(picture, DamageHint::Rects(&damage), now, line);
        self.stale = self.encoder.has_more();
        let cost = self.now().saturating_sub(now);
        self.note_work(cost);
        let is_told = update.is_some();
        if let Some(update) = update {
            // the rest of this picture need not keep a distance: it comes to an end by itself
            let spaced = if self.stale { Duration::ZERO } else { cost };
            self.send(update, now, spaced);
        }
        self.begin_video(now);
        if self.video_begun.is_some() && !self.stale {
            let now = self.now();
            self.rests_until = now + spacing_beside_video(cost, is_told);
            if !is_told {
                self.answers_rest_until = now + ANSWER_RESTS;
            }
        }
        let again = self.stale || self.encoder.sharpens_at().is_some();
        Ok(if again {
            Some(Duration::ZERO)
        } else {
            renewal_in
        })
    }

    /// Has the picture of the video made that was grabbed at `begun`, if there is one.
    fn begin_video(&mut self, begun: Duration) {
        let Some(maker) = &self.maker else { return };
        let picture = self.scaler.as_ref().map_or(&self.picture, Scaler::picture);
        let started = self.now();
        if let Some(job) = self.encoder.begin_video(picture) {
            maker.make(job);
            self.video_begun = Some(begun);
            self.note_work(self.now().saturating_sub(started));
        }
    }

    /// Sends the picture of the video that was made, if one was; whether there is room for more.
    fn send_video_if_room(&mut self, now: Duration) -> Result<Room, CaptureError> {
        if self.video_made.is_none()
            && let Some(maker) = &self.maker
        {
            let made = maker.made().map_err(|gone| CaptureError::Lost {
                reason: gone.to_string(),
            })?;
            let Some(made) = made else {
                return Ok(Room::Now);
            };
            self.note_work(made.took);
            self.video_made = Some(made);
            self.video_waits_since = now;
            self.rests_until = Duration::ZERO;
        }
        if self.video_made.is_none() {
            return Ok(Room::Now);
        }
        let room = self.outbox.viewers().room(now);
        if room == Room::Now
            && let Some(made) = self.video_made.take()
        {
            let begun = self.video_begun.take().unwrap_or(now);
            let update = self.encoder.end_video(made.video);
            self.stale |= self.encoder.has_more();
            if let Some(update) = update {
                self.send(update, begun, now.saturating_sub(begun));
            }
        }
        Ok(room)
    }

    fn note_work(&self, time: Duration) {
        let worked = &self.outbox.worked_micros;
        worked.fetch_add(micros(time), Ordering::Relaxed);
    }

    /// Makes a step towards an exact picture if one is due; gives how long to sleep for.
    fn sharpen_if_room(&mut self, now: Duration) -> Option<Duration> {
        let rest = self.encoder.sharpens_at()?.saturating_sub(now);
        if !rest.is_zero() {
            return Some(rest);
        }
        match self.outbox.viewers().room_to_spare(now) {
            Room::Now => {}
            Room::In(rest) => return Some(rest),
            Room::WhenAcknowledged => return None,
        }
        let line = self.outbox.viewers().line_to_spare();
        let update = self.encoder.sharpen(now, line)?;
        // a change need not keep a distance to it, and it comes to an end by itself
        self.send(update, now, Duration::ZERO);
        Some(Duration::ZERO)
    }

    /// Hands an update over that was begun at `begun`; the next keeps a distance that follows from
    /// `cost`.
    fn send(&mut self, update: Update, begun: Duration, cost: Duration) {
        let made = self.now();
        let bytes = update.bytes.len();
        let seq = self
            .outbox
            .viewers()
            .sent(bytes, update.is_reset, made, cost);
        // before the viewer can have it: a click in it finds where it lies
        self.outbox
            .course
            .lies(seq, self.geometry.of_display(self.displays));
        self.outbox.course.screen_sent(seq);
        let frame = ScreenFrame {
            seq,
            captured_at_micros: micros(begun),
            layout: update.is_reset.then(|| self.layout.clone()),
            payload: update.bytes.into(),
        };
        // as many places as updates in flight; only a viewer that starts anew makes it wait
        if self.shows() && self.outbox.frames.blocking_send(frame).is_err() {
            self.viewers_gone = true;
        }
    }

    /// Does what the viewer asked for, if it is time; gives how long until it is (`None`: nothing
    /// is wanted).
    fn renew_if_wanted(&mut self, now: Duration) -> Result<Option<Duration>, CaptureError> {
        let restart_in = self.outbox.viewers().restart_in(now);
        let is_wished = lock(&self.outbox.wish).is_some();
        if restart_in.is_none() && !is_wished {
            return Ok(None);
        }
        let renewal_in = self.outbox.viewers().renewal_in(now);
        if !renewal_in.is_zero() {
            return Ok(Some(renewal_in));
        }
        if let Some(wish) = lock(&self.outbox.wish).take() {
            self.outbox.viewers().renew(now);
            self.fulfil(wish)?;
        }
        if restart_in.is_some_and(|rest| rest.is_zero()) {
            self.outbox.viewers().restart(now);
            self.encoder.request_reset();
            self.stale = true;
            self.shape_sent = None;
            self.send_pointer()?;
            return Ok(None);
        }
        Ok(restart_in)
    }

    /// Shows the screen as the viewer wishes. A change of colours alone needs no whole picture.
    fn fulfil(&mut self, wish: ViewWish) -> Result<(), CaptureError> {
        *self.wish = wish;
        let level = level(wish.depth);
        self.stale |= level != self.encoder.level();
        self.encoder.set_level(level);
        let mut shared = self.layout.shared;
        if self.only.is_none() && wish.monitor != shared {
            shared = select(self.source.as_mut(), wish.monitor)?;
            self.stale = true;
        }
        self.survey_as(percent(wish), shared)
    }

    /// Looks what the picture is of; where that has changed, the next update stands alone.
    fn survey(&mut self) -> Result<(), CaptureError> {
        self.survey_as(self.layout.percent, self.layout.shared)
    }

    fn survey_as(&mut self, percent: u8, shared: Option<u32>) -> Result<(), CaptureError> {
        let is_only = self.only.is_some();
        let seen = survey(self.source.as_mut(), percent, shared, is_only)?;
        let (geometry, layout, places) = seen;
        if places != self.places {
            tell_places(self.reports, &places);
            self.places = places;
        }
        if (geometry, &layout) != (self.geometry, &self.layout) {
            self.encoder.request_reset();
            self.stale = true;
            self.geometry = geometry;
            self.layout = layout;
            self.send_pointer()?;
        }
        Ok(())
    }

    fn send_pointer(&mut self) -> Result<(), CaptureError> {
        let PointerState {
            x,
            y,
            visible,
            shape,
        } = self.source.pointer()?;
        self.note_hand((x, y));
        let (x, y) = self.geometry.in_picture(x, y);
        if let (true, Ok(x), Ok(y)) = (visible, x.try_into(), y.try_into()) {
            self.encoder.look_at(x, y);
        }
        let shape = shape.filter(|shape| self.shape_sent != Some(shape.serial));
        let shape = shape.and_then(|picture| {
            self.shape_sent = Some(picture.serial);
            sendable(&picture)
        });
        let at_micros = micros(self.now());
        let seq = self.outbox.course.next_pointer();
        self.outbox.put_pointer(PointerUpdate {
            seq,
            at_micros,
            x,
            y,
            visible,
            shape,
        });
        Ok(())
    }

    /// Notices that it was the user who moved the pointer. Asked only where several operators may: one
    /// alone sees the user's hand and makes room by itself.
    fn note_hand(&mut self, place: (i32, i32)) {
        let moved = self.pointer_at.replace(place).is_some_and(|at| at != place);
        if moved && self.switch.is_shared() && !self.outbox.course.was_put(place) {
            self.switch.user_acts();
        }
    }

    fn now(&self) -> Duration {
        self.outbox.course.elapsed()
    }
}

/// Has the source show one monitor, or all where it is gone; gives which it shows.
fn select(
    source: &mut dyn ScreenSource,
    monitor: Option<u32>,
) -> Result<Option<u32>, CaptureError> {
    match source.select(monitor) {
        Ok(()) => Ok(monitor),
        Err(CaptureError::NoSuchMonitor { .. }) => source.select(None).map(|()| None),
        Err(error) => Err(error),
    }
}

fn percent(wish: ViewWish) -> u8 {
    wish.percent.clamp(*PERCENTS.start(), *PERCENTS.end())
}

/// Where the picture lies on the desktop, and what the viewer is told of it. A monitor that is gone
/// counts as the whole desktop, as it does for the source. Of a monitor that is shared alone the viewer knows
/// no others.
fn survey(
    source: &mut dyn ScreenSource,
    percent: u8,
    shared: Option<u32>,
    is_only: bool,
) -> Result<(Geometry, ScreenLayout, Vec<MonitorPlace>), CaptureError> {
    let mut monitors = source.monitors()?;
    if is_only {
        monitors.retain(|monitor| Some(monitor.id) == shared);
    }
    let area = source.area();
    // of one alone nobody needs to know where it stands
    let placed = monitors.iter().filter(|_| !is_only);
    let places = placed.take(MAX_MONITORS).map(place).collect();
    let layout = ScreenLayout {
        shared: shared.filter(|id| monitors.iter().any(|monitor| monitor.id == *id)),
        monitors: monitors.iter().take(MAX_MONITORS).map(told).collect(),
        width: area.width,
        height: area.height,
        percent,
    };
    Ok((Geometry::new(area, percent), layout, places))
}

fn place(monitor: &Monitor) -> MonitorPlace {
    MonitorPlace {
        id: monitor.id,
        left: monitor.area.x,
        top: monitor.area.y,
        width: monitor.area.width,
        height: monitor.area.height,
    }
}

fn tell_places(reports: &mpsc::Sender<Report>, places: &[MonitorPlace]) {
    let report = Report::Monitors(places.to_vec());
    if reports.blocking_send(report).is_err() {
        tracing::debug!("The session is gone");
    }
}

pub(crate) fn told(monitor: &Monitor) -> ScreenMonitor {
    ScreenMonitor {
        id: monitor.id,
        name: Name::cut(monitor.name.as_str()),
        width: monitor.area.width,
        height: monitor.area.height,
    }
}

/// The picture in the size that travels, and where it changed.
fn scaled<'a>(
    scaler: &'a mut Option<Scaler>,
    picture: &'a Picture,
    geometry: Geometry,
    damage: Vec<Rect>,
) -> (&'a Picture, Vec<Rect>) {
    let (from, to) = (picture.size(), geometry.picture);
    if from == to {
        *scaler = None;
        return (picture, damage);
    }
    let is_new = scaler.as_ref().is_none_or(|kept| !kept.fits(from, to));
    if is_new {
        *scaler = None;
    }
    let scaler = scaler.get_or_insert_with(|| Scaler::new(from, to));
    let changed = if is_new {
        scaler.update(picture, &[from.rect()])
    } else {
        scaler.update(picture, &damage)
    };
    (scaler.picture(), changed)
}

fn level(depth: ColourDepth) -> Level {
    match depth {
        ColourDepth::Lossless => Level::Lossless,
        ColourDepth::True => Level::True,
        ColourDepth::Bits15 => Level::Bits15,
        ColourDepth::Bits8 => Level::Bits8,
        ColourDepth::Grey => Level::Grey,
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
