//! The film of one session: a thread that owns the recorder (D2).
//!
//! Whoever relays hands a picture over before it is forwarded. The queue is short in entries and in
//! bytes, so a stalled disk slows the pictures instead of filling the memory: those that are shown
//! and not on the disk are at most the queue (64, or 32 MiB) and one transaction (64, or 4 MiB). No
//! input, chat or consent goes by this queue.

mod pace;

use std::error::Error;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use protocol::control::Name;
use protocol::{ChatAuthor, ChatLine, EndedBy, Rights, ScreenLayout, SessionId};
use recording::{
    Body, ChainHead, Entry, Event as FilmEvent, Files, Monitor, RecordError, Recorder, Recording,
    RecordingMeta, Side,
};
use session::directory::records::StoredSession;
use session::directory::{FilesNote, FilesStage, FilmOrder};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use self::pace::Pace;
use crate::registry::Event;

/// The folder of the films within the data folder.
pub(crate) const FOLDER: &str = "films";

const _: () = assert!(
    protocol::limits::MAX_SCREEN_FRAME_BYTES <= recording::MAX_PAYLOAD_BYTES,
    "whatever a host may send can be recorded"
);

const PICTURE_QUEUE: usize = 64;
/// Bytes of pictures that may wait for the disk, in KiB.
const QUEUE_KIB: usize = 32 * 1024;
const MARK_QUEUE: usize = 256;
/// Changes of the monitors that one film notes while the hub runs.
const MAX_MONITOR_CHANGES: u32 = 1000;

/// A power failure loses at most this much time, ...
const SYNC_AFTER: Duration = Duration::from_secs(5);
/// ... a crash of the hub this much, ...
const COMMIT_AFTER: Duration = Duration::from_millis(250);
/// ... and a batch has at most so many entries ...
const COMMIT_ENTRIES: usize = 64;
/// ... and bytes.
const COMMIT_BYTES: usize = 4 << 20;

/// The film cannot be written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("the film cannot be synced")]
    Sync(#[source] io::Error),
}

/// The film takes nothing more; the session must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the film cannot be written")]
pub(crate) struct FilmError;

/// What holds for all films just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// A film grows by so much in the long run.
    pub(crate) bytes_per_second: u64,
    /// Whether the disk has room; without, no film begins or goes on.
    pub(crate) has_room: bool,
}

/// A film that is open. Clones reach the same one.
#[derive(Debug, Clone)]
pub(crate) struct Film {
    rules: watch::Receiver<Rules>,
    pace: Arc<Mutex<Pace>>,
    pictures: mpsc::Sender<Picture>,
    marks: mpsc::Sender<Mark>,
    budget: Arc<Semaphore>,
    monitors: Arc<Mutex<Monitors>>,
    clock: FilmClock,
}

/// What the pictures are of, as the film knows it.
#[derive(Debug, Default)]
struct Monitors {
    /// `None` until this hub has seen the first picture.
    shown: Option<Vec<Monitor>>,
    changes: u32,
}

/// The time within a film, which goes on while the hub is down.
#[derive(Debug, Clone, Copy)]
struct FilmClock {
    /// When this process opened the film, and how long it had lasted by then.
    opened: Instant,
    before: Duration,
}

impl FilmClock {
    /// A film that began at `started_unix_millis`; `now_unix_millis` may lie before where clocks jump.
    fn start(started_unix_millis: i64, now_unix_millis: i64) -> Self {
        let before = now_unix_millis.saturating_sub(started_unix_millis);
        Self {
            opened: Instant::now(),
            before: Duration::from_millis(u64::try_from(before).unwrap_or(0)),
        }
    }

    fn micros(self) -> u64 {
        let time = self.before + self.opened.elapsed();
        u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
    }
}

#[derive(Debug)]
struct Picture {
    entry: Entry,
    /// Gives the bytes back when the picture is written.
    budget: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum Mark {
    Entry(Entry),
    /// The lines of these sides are back, of those that were lost.
    Back(u64, Vec<Side>),
    Finish(EndedBy),
    /// The hub goes down; the session may go on when it is back.
    Leave,
    Discard,
}

/// What a finished film leaves for the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FinishedFilm {
    pub(crate) bytes: u64,
    pub(crate) head: ChainHead,
}

/// The path of a session's film, relative to the data folder.
pub(crate) fn relative_path(session: SessionId) -> String {
    match session.hub() {
        0 => format!("{FOLDER}/{:08}.film", session.count()),
        hub => format!("{FOLDER}/{hub}-{:08}.film", session.count()),
    }
}

impl Film {
    /// Takes a screen or pointer update of `len_bytes`; waits while the disk is behind, and where the
    /// film would grow faster than it may.
    pub(crate) async fn picture(&self, body: Body, len_bytes: usize) -> Result<(), FilmError> {
        let per_second = self.rules.borrow().bytes_per_second;
        let wait = {
            // a count that a panic left half done is still a count
            let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            pace.take(Instant::now(), len_bytes, per_second)
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let at_micros = self.clock.micros();
        let kib = u32::try_from(len_bytes / 1024 + 1).unwrap_or(u32::MAX);
        let budget = Arc::clone(&self.budget).acquire_many_owned(kib).await;
        let picture = Picture {
            entry: Entry { at_micros, body },
            budget: budget.map_err(|_closed| FilmError)?,
        };
        let sent = self.pictures.send(picture).await;
        sent.map_err(|_closed| FilmError)
    }

    /// Puts a line of chat on the time line.
    pub(crate) fn chat(&self, line: &ChatLine) {
        self.mark(Body::Chat {
            author: match line.author {
                ChatAuthor::User => recording::ChatAuthor::User,
                ChatAuthor::Operator => recording::ChatAuthor::Operator,
            },
            name: line.name.to_string(),
            text: line.text.to_string(),
        });
    }

    /// Notes that the user took rights back from the operator of this name.
    pub(crate) fn rights_changed(&self, operator: &Name, rights: Rights) {
        self.mark(Body::Event(FilmEvent::RightsChanged {
            operator: Some(operator.to_string()),
            rights: film_rights(rights),
        }));
    }

    /// Notes that one more operator takes part.
    pub(crate) fn joined(&self, operator: &Name, rights: Rights) {
        self.mark(Body::Event(FilmEvent::OperatorJoined {
            name: operator.to_string(),
            rights: film_rights(rights),
        }));
    }

    /// Notes that an operator takes part no more.
    pub(crate) fn left(&self, operator: &Name) {
        let name = operator.to_string();
        self.mark(Body::Event(FilmEvent::OperatorLeft { name }));
    }

    /// Notes who has keyboard and pointer beside the user.
    pub(crate) fn driver(&self, operator: Option<&Name>) {
        let name = operator.map(Name::to_string);
        self.mark(Body::Event(FilmEvent::Driver { name }));
    }

    /// Notes that an operator marked a moment, so long ago.
    pub(crate) fn marked(&self, operator: &Name, text: &str, ago_millis: u32) {
        self.mark(Body::Event(FilmEvent::Marked {
            operator: operator.to_string(),
            text: text.trim().to_owned(),
            ago_millis,
        }));
    }

    /// Notes that an administrator watches, or no more.
    pub(crate) fn watched(&self, by: &Name, begins: bool) {
        let by = by.to_string();
        self.mark(Body::Event(FilmEvent::Watched { by, begins }));
    }

    /// Takes what the host's pictures are of, before the first of them; other monitors than before are
    /// noted, as long as the host does not change them all the time. Waits as [`Self::picture`] does.
    pub(crate) async fn layout(&self, layout: &ScreenLayout) -> Result<(), FilmError> {
        let shown = shown(layout);
        let changed = {
            let mut monitors = self.monitors.lock().unwrap_or_else(PoisonError::into_inner);
            let before = monitors.shown.replace(shown.clone());
            let changed = before.is_some_and(|before| before != shown)
                && monitors.changes < MAX_MONITOR_CHANGES;
            monitors.changes += u32::from(changed);
            changed
        };
        if !changed {
            return Ok(());
        }
        let bytes: usize = shown.iter().map(|monitor| monitor.name.len() + 16).sum();
        let body = Body::Event(FilmEvent::Monitors(shown));
        self.picture(body, bytes).await
    }

    /// Notes how far a transfer of files is.
    pub(crate) fn files(&self, note: &FilesNote) {
        self.mark(Body::Event(FilmEvent::Files(Files {
            operator: note.operator.to_string(),
            to_host: note.to_host,
            name: note.name.to_string(),
            stage: match note.stage {
                FilesStage::Begun => recording::FilesStage::Begun,
                FilesStage::Done => recording::FilesStage::Done,
                FilesStage::Cancelled => recording::FilesStage::Cancelled,
                FilesStage::Failed => recording::FilesStage::Failed,
            },
            files: note.files,
            bytes: note.bytes,
        })));
    }

    /// Notes that the user has paused, or goes on.
    pub(crate) fn withheld(&self, begins: bool) {
        self.mark(Body::Event(FilmEvent::Withheld { begins }));
    }

    /// Notes something in plain words.
    pub(crate) fn note(&self, text: String) {
        self.mark(Body::Event(FilmEvent::Note(text)));
    }

    /// Notes that the host's line is gone: what follows comes after a gap.
    pub(crate) fn lost_host(&self) {
        let side = Side::Host;
        self.mark(Body::Event(FilmEvent::Interrupted { side }));
    }

    /// Notes that an operator's line is gone.
    pub(crate) fn lost_operator(&self, operator: &Name) {
        let side = operator_side(operator);
        self.mark(Body::Event(FilmEvent::Interrupted { side }));
    }

    /// Notes that something flows to this operator again: so its line is back, and those of the host and
    /// the hub, where they were gone.
    pub(crate) fn resumed(&self, operator: &Name) {
        let sides = vec![Side::Hub, Side::Host, operator_side(operator)];
        self.send(Mark::Back(self.clock.micros(), sides));
    }

    fn mark(&self, body: Body) {
        let at_micros = self.clock.micros();
        self.send(Mark::Entry(Entry { at_micros, body }));
    }

    /// Ends the film after what was handed over before.
    pub(crate) fn finish(&self, by: EndedBy) {
        self.send(Mark::Finish(by));
    }

    /// Keeps what was handed over before and closes the film unfinished: the hub goes down, and the
    /// session may go on when it is back.
    pub(crate) fn leave(&self) {
        self.send(Mark::Leave);
    }

    /// Removes the film: the session never began.
    pub(crate) fn discard(&self) {
        self.send(Mark::Discard);
    }

    fn send(&self, mark: Mark) {
        match self.marks.try_send(mark) {
            Ok(()) => {}
            // The disk has stalled for so long that hundreds of marks wait. Whoever hands over the
            // next picture waits as well; the mark itself follows as soon as there is room.
            Err(mpsc::error::TrySendError::Full(mark)) => {
                let marks = self.marks.clone();
                tokio::spawn(async move {
                    if marks.send(mark).await.is_err() {
                        tracing::debug!("Film was closed already");
                    }
                });
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                tracing::debug!("Film was closed already");
            }
        }
    }
}

/// Starts the film's thread, which tells `registry` when the film is open, or fails, or is closed.
/// Must run inside a tokio runtime.
pub(crate) fn open(
    folder: &Path,
    order: FilmOrder,
    registry: mpsc::Sender<Event>,
    rules: watch::Receiver<Rules>,
) -> io::Result<()> {
    let started = order.started_unix_millis;
    let clock = FilmClock::start(started, started);
    let (film, writer) = prepare(folder, order.session, clock, registry, rules);
    std::thread::Builder::new()
        .name(format!("film-{}", order.session))
        .spawn(move || writer.begin(&order, film))?;
    Ok(())
}

/// Starts the thread for the film of a session that ran when the hub went down and goes on, which
/// tells `registry` when the film fails or is closed.
///
/// The film can be used at once: what comes waits in its queue until the file is checked and open.
/// Must run inside a tokio runtime.
pub(crate) fn reopen(
    folder: &Path,
    stored: &StoredSession,
    registry: mpsc::Sender<Event>,
    rules: watch::Receiver<Rules>,
) -> io::Result<Film> {
    let session = stored.session;
    let clock = FilmClock::start(stored.started_unix_millis, crate::unix_millis());
    let (film, writer) = prepare(folder, session, clock, registry, rules);
    std::thread::Builder::new()
        .name(format!("film-{session}"))
        .spawn(move || writer.go_on())?;
    Ok(film)
}

fn prepare(
    folder: &Path,
    session: SessionId,
    clock: FilmClock,
    registry: mpsc::Sender<Event>,
    rules: watch::Receiver<Rules>,
) -> (Film, Writer) {
    let (pictures, picture_queue) = mpsc::channel(PICTURE_QUEUE);
    let (marks, mark_queue) = mpsc::channel(MARK_QUEUE);
    let film = Film {
        rules: rules.clone(),
        pace: Arc::new(Mutex::new(Pace::new(Instant::now()))),
        pictures,
        marks,
        budget: Arc::new(Semaphore::new(QUEUE_KIB)),
        monitors: Arc::default(),
        clock,
    };
    let writer = Writer {
        path: folder.join(relative_path(session)),
        session,
        registry,
        rules,
        runtime: Handle::current(),
        pictures: picture_queue,
        marks: mark_queue,
        clock,
        lost: Vec::new(),
    };
    (film, writer)
}

struct Writer {
    path: PathBuf,
    session: SessionId,
    registry: mpsc::Sender<Event>,
    rules: watch::Receiver<Rules>,
    runtime: Handle,
    pictures: mpsc::Receiver<Picture>,
    marks: mpsc::Receiver<Mark>,
    clock: FilmClock,
    /// The sides whose lines are gone, by what the film says.
    lost: Vec<Side>,
}

/// What the thread has to do next.
enum Next {
    Append(Entry, Option<OwnedSemaphorePermit>),
    Back(u64, Vec<Side>),
    Commit,
    Finish(EndedBy),
    Leave,
    Discard,
}

/// How the writing of a film ended.
enum Ending {
    Finished(FinishedFilm),
    /// The disk has too little room; what was recorded is finished.
    OutOfRoom(FinishedFilm),
    Left,
    Discarded,
}

impl Writer {
    /// Writes a new film; the registry gets `film` once it is open.
    fn begin(self, order: &FilmOrder, film: Film) {
        if !self.rules.borrow().has_room {
            tracing::error!(session = %self.session, "No room for a film");
            return self.tell(Event::FilmOpened(self.session, None));
        }
        match create(&self.path, order) {
            Ok(recorder) => {
                self.tell(Event::FilmOpened(self.session, Some(film)));
                self.run(recorder);
            }
            Err(error) => {
                self.log(&error, "Film not opened");
                self.tell(Event::FilmOpened(self.session, None));
            }
        }
    }

    /// Writes the rest of a film that the registry has already.
    fn go_on(mut self) {
        match reopen_recorder(&self.path) {
            Ok((recorder, lost)) => {
                self.lost = lost;
                self.run(recorder);
            }
            Err(error) => {
                self.log(&*error, "Film not opened again");
                self.tell(Event::FilmFailed(self.session, None));
            }
        }
    }

    fn run(mut self, recorder: Recorder) {
        let session = self.session;
        match self.write(recorder) {
            Ok(Ending::Finished(finished)) => {
                self.tell(Event::FilmClosed(session, Some(finished)));
            }
            Ok(Ending::OutOfRoom(finished)) => {
                self.tell(Event::FilmFailed(session, Some(finished)));
            }
            Ok(Ending::Left) => self.tell(Event::FilmClosed(session, None)),
            Ok(Ending::Discarded) => {
                if let Err(error) = std::fs::remove_file(&self.path) {
                    tracing::warn!(%session, %error, "Film not removed");
                }
                self.tell(Event::FilmClosed(session, None));
            }
            Err(error) => {
                self.log(&error, "Film failed");
                self.tell(Event::FilmFailed(session, None));
            }
        }
    }

    fn log(&self, error: &(dyn Error + 'static), what: &'static str) {
        tracing::error!(session = %self.session, error, "{what}");
    }

    fn tell(&self, event: Event) {
        if self.registry.blocking_send(event).is_err() {
            tracing::debug!(session = %self.session, "Hub is gone already");
        }
    }

    fn write(&mut self, mut recorder: Recorder) -> Result<Ending, WriteError> {
        let mut batch = Batch::default();
        // when what is committed has to be on the disk
        let mut sync_due = None;
        loop {
            let next = self.next(batch.deadline.or(sync_due));
            if matches!(next, Next::Append(..)) && !self.rules.borrow().has_room {
                tracing::error!(session = %self.session, "No room for the rest of the film");
                let finished = self.finish(recorder, EndedBy::CannotRecord)?;
                return Ok(Ending::OutOfRoom(finished));
            }
            match next {
                Next::Append(entry, budget) => {
                    batch.add(&entry);
                    self.note_lost(&entry);
                    append(&mut recorder, &entry, self.session)?;
                    drop(budget);
                    if batch.is_full() {
                        store(&mut recorder, &mut sync_due)?;
                        batch = Batch::default();
                    }
                }
                Next::Back(at_micros, sides) => {
                    for side in sides {
                        let lost = self.lost.len();
                        self.lost.retain(|lost| *lost != side);
                        if self.lost.len() < lost {
                            let body = Body::Event(FilmEvent::Resumed { side });
                            let entry = Entry { at_micros, body };
                            batch.add(&entry);
                            append(&mut recorder, &entry, self.session)?;
                        }
                    }
                }
                Next::Commit => {
                    store(&mut recorder, &mut sync_due)?;
                    batch = Batch::default();
                }
                Next::Finish(by) => {
                    while let Ok(picture) = self.pictures.try_recv() {
                        append(&mut recorder, &picture.entry, self.session)?;
                    }
                    return Ok(Ending::Finished(self.finish(recorder, by)?));
                }
                Next::Leave => {
                    while let Ok(picture) = self.pictures.try_recv() {
                        append(&mut recorder, &picture.entry, self.session)?;
                    }
                    recorder.commit()?;
                    recorder.sync()?;
                    return Ok(Ending::Left);
                }
                Next::Discard => {
                    drop(recorder);
                    return Ok(Ending::Discarded);
                }
            }
        }
    }

    fn finish(&self, recorder: Recorder, by: EndedBy) -> Result<FinishedFilm, WriteError> {
        let bytes = recorder.bytes();
        let head = recorder.finish(film_ended_by(by), self.clock.micros())?;
        sync(&self.path).map_err(WriteError::Sync)?;
        Ok(FinishedFilm { bytes, head })
    }

    /// Keeps count of whose line is gone.
    fn note_lost(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Event(FilmEvent::Interrupted { side }) => self.lost.push(side.clone()),
            // nobody waits for that operator any more
            Body::Event(FilmEvent::OperatorLeft { name }) => {
                let side = Side::Operator { name: name.clone() };
                self.lost.retain(|lost| *lost != side);
            }
            Body::Event(_) | Body::Chat { .. } | Body::Screen { .. } | Body::Pointer(_) => {}
        }
    }

    fn next(&mut self, deadline: Option<Instant>) -> Next {
        let (pictures, marks) = (&mut self.pictures, &mut self.marks);
        self.runtime.block_on(async {
            let commit_time = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                mark = marks.recv() => match mark {
                    Some(Mark::Entry(entry)) => Next::Append(entry, None),
                    Some(Mark::Back(at_micros, sides)) => Next::Back(at_micros, sides),
                    Some(Mark::Finish(by)) => Next::Finish(by),
                    // nobody holds the film any more: the hub goes down
                    Some(Mark::Leave) | None => Next::Leave,
                    Some(Mark::Discard) => Next::Discard,
                },
                () = commit_time => Next::Commit,
                Some(picture) = pictures.recv() => {
                    Next::Append(picture.entry, Some(picture.budget))
                }
            }
        })
    }
}

/// What was appended since the last commit.
#[derive(Default)]
struct Batch {
    deadline: Option<Instant>,
    entries: usize,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, entry: &Entry) {
        self.entries += 1;
        self.bytes += match &entry.body {
            Body::Screen { payload, .. } | Body::Pointer(payload) => payload.len(),
            Body::Chat { text, .. } => text.len(),
            Body::Event(_) => 0,
        };
        self.deadline
            .get_or_insert_with(|| Instant::now() + COMMIT_AFTER);
    }

    fn is_full(&self) -> bool {
        self.entries >= COMMIT_ENTRIES || self.bytes >= COMMIT_BYTES
    }
}

fn create(path: &Path, order: &FilmOrder) -> Result<Recorder, WriteError> {
    let meta = RecordingMeta {
        session: order.session.0,
        operator: order.operator.clone(),
        requester: order.requester.clone(),
        host: order.host.clone(),
        ticket: order.ticket.map(protocol::TicketRoute::get),
        started_unix_millis: order.started_unix_millis,
        hub_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let mut recorder = Recorder::create(path, &meta)?;
    let rights = film_rights(order.rights);
    recorder.append(&Entry {
        at_micros: 0,
        body: Body::Event(FilmEvent::Started { rights }),
    })?;
    if !order.organisation.trim().is_empty() {
        let name = order.organisation.to_string();
        recorder.append(&Entry {
            at_micros: 0,
            body: Body::Event(FilmEvent::HelpDesk { name }),
        })?;
    }
    // the catalogue is about to say that it is there, and it must be after a power failure too
    recorder.sync()?;
    sync(path).map_err(WriteError::Sync)?;
    Ok(recorder)
}

/// Opens a film to go on with it; gives whose lines are gone by what it says. Opening it marks the hub's.
fn reopen_recorder(path: &Path) -> Result<(Recorder, Vec<Side>), Box<dyn Error>> {
    let recorder = Recorder::reopen(path)?;
    let gaps = Recording::open(path)?.gaps()?;
    let open = gaps
        .all
        .into_iter()
        .filter(|gap| gap.until_micros.is_none());
    Ok((recorder, open.map(|gap| gap.side).collect()))
}

/// Makes the file at `path` and its name safe from a power failure.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    path.parent().map_or(Ok(()), private_file::sync_folder)
}

/// Commits what was appended, and brings it to the disk when that is due.
fn store(recorder: &mut Recorder, sync_due: &mut Option<Instant>) -> Result<(), RecordError> {
    let now = Instant::now();
    if *sync_due.get_or_insert(now + SYNC_AFTER) > now {
        return recorder.commit();
    }
    *sync_due = None;
    recorder.sync()
}

fn append(recorder: &mut Recorder, entry: &Entry, session: SessionId) -> Result<(), RecordError> {
    match recorder.append(entry) {
        Err(error) if error.is_about_this_entry_only() => {
            // no entry that passed the protocol's limits exceeds the recorder's
            tracing::error!(%session, %error, "Entry not recorded");
            Err(error)
        }
        done => done,
    }
}

/// The monitors that are to be seen.
fn shown(layout: &ScreenLayout) -> Vec<Monitor> {
    let is_shown = |id: u32| layout.shared.is_none_or(|shared| shared == id);
    let monitors = layout
        .monitors
        .iter()
        .filter(|monitor| is_shown(monitor.id));
    let monitors = monitors.map(|monitor| Monitor {
        name: monitor.name.to_string(),
        width: monitor.width,
        height: monitor.height,
    });
    monitors.collect()
}

fn operator_side(name: &Name) -> Side {
    let name = name.to_string();
    Side::Operator { name }
}

fn film_rights(rights: Rights) -> recording::Rights {
    recording::Rights::from_bits(rights.bits())
}

/// The ending as recordings name it.
pub(crate) fn film_ended_by(by: EndedBy) -> recording::EndedBy {
    match by {
        EndedBy::User => recording::EndedBy::User,
        EndedBy::Operator => recording::EndedBy::Operator,
        EndedBy::HostLost => recording::EndedBy::HostLost,
        EndedBy::OperatorLost => recording::EndedBy::OperatorLost,
        EndedBy::CannotRecord => recording::EndedBy::CannotRecord,
        EndedBy::HubStopped => recording::EndedBy::HubStopped,
        EndedBy::Forged => recording::EndedBy::Forged,
        EndedBy::NoCapture => recording::EndedBy::NoCapture,
        EndedBy::Administrator => recording::EndedBy::Administrator,
    }
}
