//! A session that runs: its threads, its streams, and the switch that ends them all.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use protocol::input::HOLD_PATIENCE;
use protocol::limits::{
    MAX_HEADER_FRAME_BYTES, MAX_INPUT_FRAME_BYTES, MAX_POINTER_FRAME_BYTES, MAX_SCREEN_FRAME_BYTES,
};
use protocol::{
    InputEvent, RefusalCode, Rights, ScreenFrame, SessionId, StreamHeader, ViewerMessage, wire,
};
use session::Opener;
use tokio::sync::mpsc;
use transport::{Connection, FramedReader, FramedWriter, WriteError};

use crate::conversation::Agreement;
use crate::engine::Backends;
use crate::event::Trouble;
use crate::inject::{self, Job};
use crate::pace::MAX_IN_FLIGHT;
use crate::share::{self, Outbox};
use crate::switch::Switch;

/// The pointer is small and overtakes the screen; control overtakes both.
const POINTER_PRIORITY: i32 = -1;
const SCREEN_PRIORITY: i32 = -2;

/// What a session's threads and tasks tell.
#[derive(Debug)]
pub(crate) enum Report {
    Trouble(Trouble),
    /// Input arrived that the console did not make.
    Forged,
    /// A stream broke, and the hub has not said why in time.
    Broken,
    /// The switch was turned off from outside: the person pressed **End**.
    TurnedOff,
}

/// The parts of a running session that the network thread holds. Dropping it turns everything off.
#[derive(Debug)]
pub(crate) struct LiveSession {
    pub(crate) session: SessionId,
    started: Instant,
    switch: Arc<Switch>,
    outbox: Arc<Outbox>,
    jobs: mpsc::Sender<Job>,
    /// Until the operator's input stream comes.
    opener: Option<Opener>,
    hears_acks: bool,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    threads: Vec<JoinHandle<()>>,
    /// A stream broke; until then the hub may say why.
    patience: Option<tokio::time::Instant>,
}

/// How long after a broken stream the hub may take to say that the session is over.
const BROKEN_PATIENCE: Duration = Duration::from_secs(3);

impl LiveSession {
    /// Opens the host's streams and begins to capture and, where granted, to inject.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(crate) fn start(
        agreement: Agreement,
        connection: &Connection,
        backends: &Backends,
    ) -> io::Result<Self> {
        let Agreement {
            session,
            operator: _,
            grant,
            keys,
        } = agreement;
        let (jobs, waiting_jobs) = mpsc::channel(inject::MAX_WAITING);
        let (frames, waiting_frames) = mpsc::channel(MAX_IN_FLIGHT);
        let (reporter, reports) = mpsc::channel(8);
        let switch = Switch::new(grant, &jobs);
        let mut live = Self {
            session,
            started: Instant::now(),
            outbox: Arc::new(Outbox::new(frames, connection.rtt())),
            switch,
            jobs,
            opener: Some(keys.opener_at_host()),
            hears_acks: false,
            reports,
            reporter,
            threads: Vec::new(),
            patience: None,
        };
        live.spawn_capture(backends)?;
        if grant.rights().control {
            live.spawn_injection(backends, waiting_jobs)?;
        }
        live.spawn_writers(connection, waiting_frames);
        Ok(live)
    }

    fn spawn_capture(&mut self, backends: &Backends) -> io::Result<()> {
        let open = Arc::clone(&backends.screen);
        let (switch, outbox) = (Arc::clone(&self.switch), Arc::clone(&self.outbox));
        let reporter = self.reporter.clone();
        let thread = thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || share::run(&open, &switch, &outbox, &reporter))?;
        self.threads.push(thread);
        Ok(())
    }

    fn spawn_injection(
        &mut self,
        backends: &Backends,
        jobs: mpsc::Receiver<Job>,
    ) -> io::Result<()> {
        let open = Arc::clone(&backends.input);
        let (switch, reporter) = (Arc::clone(&self.switch), self.reporter.clone());
        let thread = thread::Builder::new()
            .name("inject".to_owned())
            .spawn(move || inject::run(&open, &switch, jobs, &reporter))?;
        self.threads.push(thread);
        Ok(())
    }

    fn spawn_writers(&self, connection: &Connection, frames: mpsc::Receiver<ScreenFrame>) {
        let session = self.session;
        let writers = [
            Writer {
                header: StreamHeader::Screen { session },
                what: What::Screen(frames),
            },
            Writer {
                header: StreamHeader::Pointer { session },
                what: What::Pointer(Arc::clone(&self.outbox)),
            },
        ];
        for writer in writers {
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

    /// Takes a stream that the hub opened for this session. One of each kind; more are refused,
    /// and a second input stream could only be a replay.
    pub(crate) fn take_stream(&mut self, header: StreamHeader, mut reader: FramedReader) {
        let switch = Arc::clone(&self.switch);
        let reporter = self.reporter.clone();
        match header {
            StreamHeader::Input { .. } => {
                let Some(opener) = self.opener.take() else {
                    return refuse(&mut reader);
                };
                let jobs = self.jobs.clone();
                tokio::spawn(async move {
                    let heard = tokio::select! {
                        () = switch.until_off() => Heard::Ended,
                        heard = hear_input(reader, opener, &jobs) => heard,
                    };
                    // whatever the operator still held
                    if jobs.try_send(Job::Do(InputEvent::ReleaseAll)).is_err() {
                        tracing::trace!("Injection is over or busy");
                    }
                    heard.report(&reporter).await;
                });
            }
            StreamHeader::Viewer { .. } if !self.hears_acks => {
                self.hears_acks = true;
                let outbox = Arc::clone(&self.outbox);
                tokio::spawn(async move {
                    let heard = tokio::select! {
                        () = switch.until_off() => Heard::Ended,
                        heard = hear_acks(reader, &outbox, &switch) => heard,
                    };
                    heard.report(&reporter).await;
                });
            }
            StreamHeader::Viewer { .. }
            | StreamHeader::Screen { .. }
            | StreamHeader::Pointer { .. } => refuse(&mut reader),
        }
    }

    /// Takes rights away at once; gives what is left.
    pub(crate) fn reduce(&self, rights: Rights) -> Rights {
        self.switch.reduce(rights)
    }

    /// What turns this session off from any thread.
    pub(crate) fn switch(&self) -> Arc<Switch> {
        Arc::clone(&self.switch)
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

    /// Turns everything off; gives how long the session lasted, and the threads that are ending.
    pub(crate) fn stop(mut self) -> (Duration, Vec<JoinHandle<()>>) {
        self.switch.turn_off();
        (self.started.elapsed(), std::mem::take(&mut self.threads))
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.switch.turn_off();
    }
}

/// Tells the hub that a stream does not belong here.
pub(crate) fn refuse(reader: &mut FramedReader) {
    let code = u32::from(RefusalCode::OUT_OF_PLACE.0).into();
    if reader.stream_mut().stop(code).is_err() {
        tracing::trace!("Stream was over already");
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
    Broken,
    Forged,
}

impl Heard {
    async fn report(self, reporter: &mpsc::Sender<Report>) {
        match self {
            Self::Ended => {}
            Self::Broken => report(reporter, Report::Broken).await,
            Self::Forged => report(reporter, Report::Forged).await,
        }
    }
}

async fn hear_input(
    mut reader: FramedReader,
    mut opener: Opener,
    jobs: &mpsc::Sender<Job>,
) -> Heard {
    reader.set_limit(MAX_INPUT_FRAME_BYTES);
    let mut may_be_held = false;
    loop {
        let read = reader.read_body();
        tokio::pin!(read);
        let read = tokio::select! {
            biased;
            read = &mut read => read,
            () = tokio::time::sleep(HOLD_PATIENCE), if may_be_held => {
                // the console is out of reach; what it held must not stay down until that is certain
                may_be_held = false;
                if jobs.send(Job::Do(InputEvent::ReleaseAll)).await.is_err() {
                    tracing::trace!("Injection is over");
                }
                read.await
            }
        };
        let sealed = match read {
            Ok(Some(sealed)) => sealed,
            // where control was taken back, or the session is ending, the hub cuts this stream
            Ok(None) | Err(transport::ReadError::Broken(_)) => return Heard::Ended,
            Err(_nonsense) => return Heard::Forged,
        };
        let event = opener
            .open(&sealed)
            .ok()
            .and_then(|body| wire::decode(&body).ok());
        let Some(event) = event else {
            return Heard::Forged;
        };
        match event {
            InputEvent::Key { .. } | InputEvent::Button { .. } | InputEvent::StillHeld => {
                may_be_held = true;
            }
            InputEvent::PointerMoved { .. }
            | InputEvent::Wheel { .. }
            | InputEvent::Text { .. }
            | InputEvent::ReleaseAll => {}
        }
        if event == InputEvent::StillHeld {
            continue;
        }
        if jobs.send(Job::Do(event)).await.is_err() {
            // control was not granted, or cannot be had; what arrives is dropped
            tracing::trace!("Input dropped");
        }
    }
}

async fn hear_acks(mut reader: FramedReader, outbox: &Outbox, switch: &Switch) -> Heard {
    reader.set_limit(MAX_HEADER_FRAME_BYTES);
    loop {
        match reader.read::<ViewerMessage>().await {
            Ok(Some(ack)) => {
                if outbox.heard(ack, switch) {
                    switch.wake_capture();
                }
            }
            Ok(None) => return Heard::Ended,
            Err(error) => {
                tracing::debug!(%error, "Acknowledgements broke");
                return Heard::Broken;
            }
        }
    }
}

/// One stream from the host.
struct Writer {
    header: StreamHeader,
    what: What,
}

enum What {
    Screen(mpsc::Receiver<ScreenFrame>),
    Pointer(Arc<Outbox>),
}

impl Writer {
    /// Writes until the switch is off; then the stream is reset, so that nothing that still waits
    /// in it leaves this machine (H6).
    async fn run(self, connection: &Connection, switch: &Switch) -> Result<(), WriteError> {
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
            () = switch.until_off() => Ok(()),
            written = Self::write(self.header, self.what, &mut writer) => written,
        };
        if writer.stream_mut().reset(0u32.into()).is_err() {
            tracing::trace!("Stream was over already");
        }
        written
    }

    async fn write(
        header: StreamHeader,
        what: What,
        writer: &mut FramedWriter,
    ) -> Result<(), WriteError> {
        let priority = match what {
            What::Screen(_) => SCREEN_PRIORITY,
            What::Pointer(_) => POINTER_PRIORITY,
        };
        if writer.stream_mut().set_priority(priority).is_err() {
            tracing::trace!("Stream was over already");
        }
        writer.write(&header).await?;
        match what {
            What::Screen(mut frames) => {
                writer.set_limit(MAX_SCREEN_FRAME_BYTES);
                while let Some(frame) = frames.recv().await {
                    writer.write(&frame).await?;
                }
                Ok(())
            }
            What::Pointer(outbox) => {
                writer.set_limit(MAX_POINTER_FRAME_BYTES);
                loop {
                    writer.write(&outbox.next_pointer().await).await?;
                }
            }
        }
    }
}
