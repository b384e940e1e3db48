//! A session whose line stands: its threads, its streams to and from each operator, and the switch that
//! ends them all. What outlives them is the session's [`Course`].

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use codec::FormatVersion;
use protocol::input::{HOLD_PATIENCE, MAX_INPUT_AGE};
use protocol::lanes::CONTROL_PRIORITY;
use protocol::limits::MAX_HEADER_FRAME_BYTES;
use protocol::{
    ChannelId, InputEvent, InputFrame, Lane, MonitorPlace, PeerId, PointerUpdate, Rights,
    ScreenFrame, SessionId, Shield, ShieldState, StreamHeader, ViewerMessage, wire,
};
use session::host::Agreement;
use session::{LaneKeys, Opener, PictureKey};
use tokio::sync::{mpsc, watch};
use transport::{Connection, FramedReader, FramedWriter, WriteError};

use crate::clipboard::Takers;
use crate::course::Course;
use crate::engine::{Backends, CurrentSession};
use crate::event::Trouble;
use crate::inject::{self, Job};
use crate::pace::MAX_IN_FLIGHT;
use crate::share::{self, Outbox};
use crate::shield::{self, Order};
use crate::switch::Switch;
use crate::wire::refuse;

/// How far two clocks may drift apart while a channel is open: one part in so many.
const DRIFT: u32 = 5_000;
/// How often it is said that input came too late.
const SAY_TOO_OLD_EVERY: Duration = Duration::from_secs(1);

/// What a session's threads and tasks tell.
#[derive(Debug)]
pub(crate) enum Report {
    Trouble(Trouble),
    /// Something arrived that the console did not make.
    Forged,
    /// So many input frames of an operator came too late to be done.
    TooOld(PeerId, u32),
    /// So many presses and texts of an operator could not be done on this computer.
    Impossible(PeerId, u32),
    /// The monitor that the user shares alone was unplugged; nothing is captured since.
    MonitorGone,
    /// Where the monitors stand that are shared; none where that is one alone.
    Monitors(Vec<MonitorPlace>),
    /// How a shield stands.
    Shield(Shield, ShieldState),
    /// Who has keyboard and pointer now.
    Driver(Option<PeerId>),
    /// A stream broke, and the hub has not said why in time.
    Broken,
    /// The switch was turned off from outside: the person pressed **End**.
    TurnedOff,
}

/// The parts of a running session that the network thread holds. Dropping it turns everything off.
#[derive(Debug)]
pub(crate) struct LiveSession {
    session: SessionId,
    course: Arc<Course>,
    picture_key: PictureKey,
    switch: Arc<Switch>,
    outbox: Arc<Outbox>,
    jobs: mpsc::Sender<Job>,
    takers: Takers,
    /// For the thread that injects, until somebody may control.
    waiting_jobs: Option<mpsc::Receiver<Job>>,
    operators: BTreeMap<PeerId, Operator>,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    threads: Vec<JoinHandle<()>>,
    /// A stream broke; until then the hub may say why.
    patience: Option<tokio::time::Instant>,
}

/// What belongs to one operator. Dropping it ends its streams.
#[derive(Debug)]
struct Operator {
    channel: ChannelId,
    lanes: LaneKeys,
    /// When the channel was opened: the console's events are timed from there.
    channel_opened: Instant,
    hears_input: bool,
    hears_viewer: bool,
    here: watch::Sender<()>,
}

/// How long after a broken stream the hub may take to say that the session is over.
const BROKEN_PATIENCE: Duration = Duration::from_secs(6);

impl LiveSession {
    /// Opens the host's streams and begins to capture, for nobody yet: [`Self::admit`] follows. Its switch
    /// is the one of `current` from the first.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(crate) fn start(
        agreement: &Agreement,
        course: Arc<Course>,
        takers: Takers,
        format: FormatVersion,
        connection: &Connection,
        backends: &Backends,
        current: &CurrentSession,
    ) -> io::Result<Self> {
        let (jobs, waiting_jobs) = mpsc::channel(inject::MAX_WAITING);
        let (frames, waiting_frames) = mpsc::channel(MAX_IN_FLIGHT);
        let (reporter, reports) = mpsc::channel(8);
        let switch = Switch::new(&jobs);
        switch.is_read_in(format);
        current.set(Some(Arc::clone(&switch)));
        let outbox = Outbox::new(Arc::clone(&course), frames);
        let mut live = Self {
            session: agreement.session,
            course,
            picture_key: agreement.picture_key.clone(),
            outbox: Arc::new(outbox),
            switch,
            jobs,
            takers,
            waiting_jobs: Some(waiting_jobs),
            operators: BTreeMap::new(),
            reports,
            reporter,
            threads: Vec::new(),
            patience: None,
        };
        live.spawn_capture(backends)?;
        live.spawn_writers(connection, waiting_frames);
        Ok(live)
    }

    /// A viewer reads pictures of `format` and of those before it.
    pub(crate) fn is_read_in(&self, format: FormatVersion) {
        self.switch.is_read_in(format);
    }

    /// Lets an operator see and, where granted, act.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(crate) fn admit(
        &mut self,
        agreement: Agreement,
        channel_opened: Instant,
        trip: Duration,
        backends: &Backends,
    ) -> io::Result<()> {
        let Agreement {
            operator,
            grant,
            lanes,
            ..
        } = agreement;
        if grant.rights().has(Rights::CONTROL)
            && let Some(jobs) = self.waiting_jobs.take()
        {
            self.spawn_injection(backends, jobs)?;
            let shielder = Arc::clone(&backends.shields);
            let started = shield::start(shielder, &self.switch, self.reporter.clone());
            let (orders, thread) = started?;
            self.threads.push(thread);
            self.switch.set_shields(orders);
        }
        self.switch.allow(operator, Some(grant));
        self.outbox.viewers().add(operator, trip);
        let here = Operator {
            channel: lanes.channel(),
            lanes,
            channel_opened,
            hears_input: false,
            hears_viewer: false,
            here: watch::Sender::new(()),
        };
        self.operators.insert(operator, here);
        self.switch.wake_capture();
        Ok(())
    }

    /// An operator sees and touches nothing any more; tells whether nobody is left.
    pub(crate) fn dismiss(&mut self, operator: PeerId) -> bool {
        self.switch.allow(operator, None);
        self.outbox.viewers().remove(operator);
        self.operators.remove(&operator);
        self.operators.is_empty()
    }

    /// Who has keyboard and pointer: the picture is made for that operator's line.
    pub(crate) fn driver_is(&self, driver: Option<PeerId>) {
        self.outbox.viewers().driver_is(driver);
    }

    /// How long the screen has been captured and encoded, in all.
    pub(crate) fn worked(&self) -> Duration {
        self.outbox.worked()
    }

    /// As [`crate::viewers::Viewers::lines`].
    pub(crate) fn lines(&self) -> Vec<(PeerId, Duration, Option<u32>)> {
        let now = self.course.elapsed();
        self.outbox.viewers().lines(now).collect()
    }

    pub(crate) fn session(&self) -> SessionId {
        self.session
    }

    /// Whether a stream with `header` belongs here.
    pub(crate) fn is_for(&self, header: &StreamHeader) -> bool {
        let operator = self.operators.get(&header.operator);
        header.session == self.session && operator.is_some_and(|o| o.channel == header.channel)
    }

    fn spawn_capture(&mut self, backends: &Backends) -> io::Result<()> {
        let backends = backends.clone();
        let (switch, outbox) = (Arc::clone(&self.switch), Arc::clone(&self.outbox));
        let reporter = self.reporter.clone();
        let thread = thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || {
                urgency::urgent();
                share::run(&backends, &switch, &outbox, &reporter);
            })?;
        self.threads.push(thread);
        Ok(())
    }

    fn spawn_injection(
        &mut self,
        backends: &Backends,
        jobs: mpsc::Receiver<Job>,
    ) -> io::Result<()> {
        let backends = backends.clone();
        let course = Arc::clone(&self.course);
        let takers = Arc::clone(&self.takers);
        let (switch, reporter) = (Arc::clone(&self.switch), self.reporter.clone());
        let thread = thread::Builder::new()
            .name("inject".to_owned())
            .spawn(move || {
                urgency::urgent();
                inject::run(&backends, &switch, &course, jobs, takers, &reporter);
            })?;
        self.threads.push(thread);
        Ok(())
    }

    fn spawn_writers(&self, connection: &Connection, frames: mpsc::Receiver<ScreenFrame>) {
        let writers = [
            (Lane::Screen, What::Screen(frames)),
            (Lane::Pointer, What::Pointer(Arc::clone(&self.outbox))),
        ];
        for (lane, what) in writers {
            let writer = Writer {
                header: StreamHeader::to_everybody(lane, self.session),
                key: self.picture_key.clone(),
                what,
            };
            let (connection, switch) = (connection.clone(), Arc::clone(&self.switch));
            let reporter = self.reporter.clone();
            tokio::spawn(async move {
                if let Err(error) = writer.run(&connection, &switch).await {
                    tracing::debug!(%error, "Stream broke");
                    report(&reporter, Report::Broken).await;
                }
            });
        }
    }

    /// Takes a stream that the hub opened for an operator. One of each kind; more are refused: a second
    /// one could only be a replay.
    pub(crate) fn take_stream(&mut self, header: StreamHeader, mut reader: FramedReader) {
        let StreamHeader {
            lane,
            session,
            operator: id,
            ..
        } = header;
        let Some(operator) = self.operators.get_mut(&id) else {
            return refuse(&mut reader);
        };
        let rules = lane.rules();
        let (switch, reporter) = (Arc::clone(&self.switch), self.reporter.clone());
        let mut here = operator.here.subscribe();
        let gone = async move {
            // the sender says nothing; it is dropped
            if here.changed().await.is_ok() {
                tracing::trace!("The operator is here");
            }
        };
        match lane {
            Lane::Input if !operator.hears_input => {
                operator.hears_input = true;
                reader.set_limit(rules.max_frame_bytes);
                let hearing = Hearing {
                    operator: id,
                    opener: operator.lanes.opener(session, lane),
                    course: Arc::clone(&self.course),
                    channel_opened: operator.channel_opened,
                    jobs: self.jobs.clone(),
                    reporter: reporter.clone(),
                };
                let jobs = self.jobs.clone();
                tokio::spawn(async move {
                    let heard = tokio::select! {
                        () = switch.until_off() => Heard::Ended,
                        () = gone => Heard::Ended,
                        heard = hearing.hear_input(reader) => heard,
                    };
                    // whatever the operator still held
                    let let_go = Job::LetGo(id);
                    if jobs.try_send(let_go).is_err() {
                        tracing::trace!("Injection is over or busy");
                    }
                    heard.report(&reporter).await;
                });
            }
            Lane::Viewer if !operator.hears_viewer => {
                operator.hears_viewer = true;
                reader.set_limit(rules.max_frame_bytes);
                let opener = operator.lanes.opener(session, lane);
                let outbox = Arc::clone(&self.outbox);
                tokio::spawn(async move {
                    let heard = tokio::select! {
                        () = switch.until_off() => Heard::Ended,
                        () = gone => Heard::Ended,
                        heard = hear_viewer(id, reader, opener, &outbox, &switch) => heard,
                    };
                    heard.report(&reporter).await;
                });
            }
            Lane::Input
            | Lane::Viewer
            | Lane::Screen
            | Lane::Pointer
            | Lane::ClipboardToOperator
            | Lane::ClipboardToHost
            | Lane::FileToOperator
            | Lane::FileToHost => refuse(&mut reader),
        }
    }

    /// Has a shield put up, or taken down; a report tells what comes of it.
    pub(crate) fn shield(&self, shield: Shield, up: bool) {
        self.switch.order(if up {
            Order::Raise(shield)
        } else {
            Order::Lower(shield)
        });
    }

    /// Takes rights away at once; gives what is left.
    pub(crate) fn reduce(&self, rights: Rights) -> Rights {
        self.switch.reduce(rights)
    }

    /// The next thing that happened inside. Cancellation safe.
    pub(crate) async fn next_report(&mut self) -> Report {
        loop {
            let patience = self.patience;
            let out_of_patience = async {
                match patience {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                report = self.reports.recv() => match report {
                    Some(Report::Broken) | None => {
                        let until = tokio::time::Instant::now() + BROKEN_PATIENCE;
                        self.patience.get_or_insert(until);
                    }
                    Some(report) => return report,
                },
                () = self.switch.until_off() => return Report::TurnedOff,
                () = out_of_patience => return Report::Broken,
            }
        }
    }

    /// Turns everything off; gives the threads that are ending.
    pub(crate) fn stop(mut self) -> Vec<JoinHandle<()>> {
        self.switch.turn_off();
        std::mem::take(&mut self.threads)
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.switch.turn_off();
    }
}

async fn report(reporter: &mpsc::Sender<Report>, report: Report) {
    if reporter.send(report).await.is_err() {
        tracing::trace!("The session is over");
    }
}

/// How a stream from the operator ended.
enum Heard {
    Ended,
    Forged,
}

impl Heard {
    async fn report(self, reporter: &mpsc::Sender<Report>) {
        match self {
            Self::Ended => {}
            Self::Forged => report(reporter, Report::Forged).await,
        }
    }
}

/// What hears the operator's keyboard and pointer.
struct Hearing {
    operator: PeerId,
    opener: Opener,
    course: Arc<Course>,
    channel_opened: Instant,
    jobs: mpsc::Sender<Job>,
    reporter: mpsc::Sender<Report>,
}

impl Hearing {
    async fn hear_input(mut self, mut reader: FramedReader) -> Heard {
        let mut may_be_held = false;
        let mut too_old = TooOld::default();
        loop {
            let read = reader.read_body();
            tokio::pin!(read);
            let hold_until = tokio::time::Instant::now() + HOLD_PATIENCE;
            let read = loop {
                tokio::select! {
                    biased;
                    read = &mut read => break read,
                    () = tokio::time::sleep_until(hold_until), if may_be_held => {
                        // the console is out of reach; what it held must not stay down until that is
                        // certain
                        may_be_held = false;
                        let let_go = Job::LetGo(self.operator);
                        if self.jobs.send(let_go).await.is_err() {
                            tracing::trace!("Injection is over");
                        }
                    }
                    () = tokio::time::sleep(SAY_TOO_OLD_EVERY), if too_old.count > 0 => {
                        too_old.say(self.operator, &self.reporter);
                    }
                }
            };
            let sealed = match read {
                Ok(Some(sealed)) => sealed,
                // where control was taken back, or the session is ending, the hub cuts this stream
                Ok(None) | Err(transport::ReadError::Broken(_)) => return Heard::Ended,
                Err(_nonsense) => return Heard::Forged,
            };
            let frame = self.opener.open(&sealed).ok();
            let frame = frame.and_then(|body| wire::decode::<InputFrame>(&body).ok());
            let Some(InputFrame {
                number,
                at_millis,
                event,
            }) = frame
            else {
                return Heard::Forged;
            };
            match event {
                InputEvent::Key { .. } | InputEvent::Button { .. } | InputEvent::StillHeld => {
                    may_be_held = true;
                }
                InputEvent::PointerMoved { .. }
                | InputEvent::Wheel { .. }
                | InputEvent::Text { .. }
                | InputEvent::ReleaseAll
                | InputEvent::ClipboardOffered { .. } => {}
            }
            if event == InputEvent::StillHeld || number <= self.course.input_taken(self.operator) {
                continue;
            }
            let job = if is_never_too_late(&event) {
                Job::Do(self.operator, number, event)
            } else if self.age(at_millis) > MAX_INPUT_AGE {
                too_old.count(self.operator, &self.reporter);
                Job::Skip(self.operator, number)
            } else {
                too_old.say(self.operator, &self.reporter);
                Job::Do(self.operator, number, event)
            };
            if self.jobs.send(job).await.is_err() {
                // control was not granted, or cannot be had; what arrives is dropped
                tracing::trace!("Input dropped");
            }
            transfer::hands::are_busy_now();
        }
    }

    /// How long ago, at most, something happened at the console `at_millis` after it opened the
    /// channel. It did so after this end had, by the time that the answer to its greeting took.
    fn age(&self, at_millis: i64) -> Duration {
        let open_for = self.channel_opened.elapsed();
        let age_millis = i64::try_from(open_for.as_millis())
            .unwrap_or(i64::MAX)
            .saturating_sub(at_millis);
        let age = Duration::from_millis(u64::try_from(age_millis).unwrap_or(0));
        age.saturating_sub(open_for / DRIFT)
    }
}

/// Whether `event` is done however late it is: it lets something go, or the operator pastes later.
fn is_never_too_late(event: &InputEvent) -> bool {
    match event {
        InputEvent::ReleaseAll | InputEvent::ClipboardOffered { .. } => true,
        InputEvent::Key { pressed, .. } | InputEvent::Button { pressed, .. } => !pressed,
        InputEvent::PointerMoved { .. }
        | InputEvent::Wheel { .. }
        | InputEvent::Text { .. }
        | InputEvent::StillHeld => false,
    }
}

/// Counts what came too late, and says so when that is over, or now and then.
#[derive(Default)]
struct TooOld {
    count: u32,
    since: Option<Instant>,
}

impl TooOld {
    fn count(&mut self, operator: PeerId, reporter: &mpsc::Sender<Report>) {
        self.count = self.count.saturating_add(1);
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= SAY_TOO_OLD_EVERY {
            self.say(operator, reporter);
        }
    }

    fn say(&mut self, operator: PeerId, reporter: &mpsc::Sender<Report>) {
        let report = Report::TooOld(operator, self.count);
        if self.count == 0 || reporter.try_send(report).is_err() {
            return;
        }
        *self = Self::default();
    }
}

async fn hear_viewer(
    operator: PeerId,
    mut reader: FramedReader,
    mut opener: Opener,
    outbox: &Outbox,
    switch: &Switch,
) -> Heard {
    loop {
        let sealed = match reader.read_body().await {
            Ok(Some(sealed)) => sealed,
            Ok(None) | Err(transport::ReadError::Broken(_)) => return Heard::Ended,
            Err(_nonsense) => return Heard::Forged,
        };
        let opened = opener.open(&sealed).ok();
        let message = opened.and_then(|body| wire::decode::<ViewerMessage>(&body).ok());
        let Some(message) = message else {
            return Heard::Forged;
        };
        if outbox.heard(operator, message) {
            switch.wake_capture();
        }
    }
}

/// One stream from the host.
struct Writer {
    header: StreamHeader,
    key: PictureKey,
    what: What,
}

enum What {
    Screen(mpsc::Receiver<ScreenFrame>),
    Pointer(Arc<Outbox>),
}

impl Writer {
    /// Writes until the switch is off. Then, and while the user has paused, there is no stream: it is
    /// reset, so that nothing that still waits in it leaves this machine (H6).
    async fn run(mut self, connection: &Connection, switch: &Switch) -> Result<(), WriteError> {
        loop {
            tokio::select! {
                biased;
                () = switch.until_off() => return Ok(()),
                () = switch.until_withheld(false) => {}
                () = self.what.drop_all() => return Ok(()),
            }
            let pauses = switch.pauses();
            let stream = tokio::select! {
                biased;
                () = switch.until_off() => return Ok(()),
                stream = connection.open_uni() => {
                    stream.map_err(|lost| WriteError::Broken(lost.into()))?
                },
            };
            let mut writer = FramedWriter::new(stream, MAX_HEADER_FRAME_BYTES);
            let written = tokio::select! {
                biased;
                () = switch.until_off() => Some(Ok(())),
                () = switch.until_paused_since(pauses) => None,
                written = write(self.header, &self.key, &mut self.what, &mut writer) => Some(written),
            };
            if writer.stream_mut().reset(0u32.into()).is_err() {
                tracing::trace!("Stream was over already");
            }
            if let Some(written) = written {
                return written;
            }
        }
    }
}

impl What {
    /// Drops what waits and what comes, for as long as this is polled and anything can come.
    async fn drop_all(&mut self) {
        match self {
            Self::Screen(frames) => while frames.recv().await.is_some() {},
            Self::Pointer(outbox) => loop {
                drop(outbox.next_pointer().await);
            },
        }
    }
}

async fn write(
    header: StreamHeader,
    key: &PictureKey,
    what: &mut What,
    writer: &mut FramedWriter,
) -> Result<(), WriteError> {
    let StreamHeader { lane, session, .. } = header;
    let rules = lane.rules();
    if writer
        .stream_mut()
        .set_priority(rules.priority - CONTROL_PRIORITY)
        .is_err()
    {
        tracing::trace!("Stream was over already");
    }
    writer.write(&header).await?;
    writer.set_limit(rules.max_frame_bytes);
    let tag = |body: &[u8]| key.tag(session, lane, body);
    match what {
        What::Screen(frames) => {
            // what comes before an update that stands alone builds on what is in no stream
            let mut has_begun = false;
            while let Some(frame) = frames.recv().await {
                has_begun |= frame.layout.is_some();
                if has_begun {
                    writer.write_tagged(&frame, tag).await?;
                }
            }
            Ok(())
        }
        What::Pointer(outbox) => loop {
            let update: PointerUpdate = outbox.next_pointer().await;
            writer.write_tagged(&update, tag).await?;
        },
    }
}
