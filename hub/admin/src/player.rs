//! A film that is played, on a thread of its own: the window tells it what to do and shows the newest
//! picture, and neither waits for the other.

use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use film::Playback;
use protocol::visible_line;
use recording::{Body, ChatAuthor, Entries, Entry, Event, ReadError, Recording, Side};
use ui_kit::Lang;

use crate::link::Wake;
use crate::thumbs::{Thumb, Thumbs};

/// How often the picture is looked at while it plays; no film changes more often than it can be seen.
const TICK: Duration = Duration::from_millis(33);
/// How often the newest of a film that is still made is looked for.
const LIVE_TICK: Duration = Duration::from_millis(100);
/// With nothing to be seen for so long, idle time is left out.
const IDLE: Duration = Duration::from_secs(2);
/// What of idle time is still shown before the next picture.
const LEAD: Duration = Duration::from_millis(400);
/// What may wait for the player; it takes all at once.
const MAX_ACTS: usize = 1024;
/// Marks on the time line; a film with more shows the first ones.
const MOST_MARKS: usize = 20_000;

/// What the window wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    Play,
    Pause,
    Seek(u64),
    /// To the next change.
    Step,
    /// To the newest of a film that is still made, and on with it.
    Live,
    Speed(f32),
    SkipIdle(bool),
}

/// A picture of the film.
#[derive(Debug, Clone)]
pub struct Still {
    pub width: usize,
    pub height: usize,
    /// `0x00RRGGBB`, row by row.
    pub pixels: Arc<Vec<u32>>,
    /// Counts up with every new picture.
    pub number: u64,
}

/// Something that happened beside the pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub at_micros: u64,
    pub kind: MarkKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    UserChat,
    OperatorChat,
    /// Somebody came, left or was given rights.
    People,
    /// A line was lost or is back.
    Line,
    /// An operator marked it.
    Moment,
    Note,
}

/// Where the player is.
#[derive(Debug, Clone, Default)]
pub struct Playing {
    pub at_micros: u64,
    pub duration_micros: u64,
    pub is_playing: bool,
    pub at_end: bool,
    pub still: Option<Still>,
    pub marks: Arc<Vec<Mark>>,
    /// Why it goes no further.
    pub problem: Option<String>,
    /// The film is still made.
    pub runs: bool,
    /// What is shown is the newest of it.
    pub is_live: bool,
    /// The film is open.
    pub is_ready: bool,
}

/// A film and the thread that plays it, which ends by itself soon after this is dropped: nobody waits for
/// what it decodes then.
#[derive(Debug)]
pub struct Player {
    acts: mpsc::SyncSender<Act>,
    playing: Arc<Mutex<Playing>>,
    thumbs: Thumbs,
}

impl Player {
    /// Opens the film at `path`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn open(path: PathBuf, lang: Lang, wake: Wake) -> std::io::Result<Self> {
        let (acts, orders) = mpsc::sync_channel(MAX_ACTS);
        let playing = Arc::new(Mutex::new(Playing::default()));
        let thumbs = Thumbs::open(path.clone(), Arc::clone(&wake))?;
        let shown = Arc::clone(&playing);
        std::thread::Builder::new()
            .name("player".to_owned())
            .spawn(move || {
                let stage = Stage { shown, lang, wake };
                if let Err(problem) = stage.play(&path, &orders) {
                    stage.change(|playing| {
                        playing.problem = Some(problem);
                        playing.is_playing = false;
                    });
                }
            })?;
        Ok(Self {
            acts,
            playing,
            thumbs,
        })
    }

    pub fn act(&self, act: Act) {
        if self.acts.try_send(act).is_err() {
            tracing::debug!(?act, "The player does not listen");
        }
    }

    /// The small picture near a moment, if it was made; it will be if not.
    pub fn thumb_near(&self, at_micros: u64) -> Option<Thumb> {
        let duration = lock(&self.playing).duration_micros;
        self.thumbs.near(at_micros, duration)
    }

    /// Where it is now.
    pub fn playing(&self) -> Playing {
        lock(&self.playing).clone()
    }
}

fn lock(playing: &Mutex<Playing>) -> MutexGuard<'_, Playing> {
    playing.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Stage {
    shown: Arc<Mutex<Playing>>,
    /// What marks are written in.
    lang: Lang,
    wake: Wake,
}

/// How it is played.
struct Manner {
    is_playing: bool,
    speed: f32,
    skip_idle: bool,
    /// The film is still made.
    runs: bool,
    /// The newest is shown as it comes.
    is_live: bool,
}

impl Stage {
    fn change(&self, change: impl FnOnce(&mut Playing)) {
        change(&mut lock(&self.shown));
        (self.wake)();
    }

    fn play(&self, path: &std::path::Path, orders: &mpsc::Receiver<Act>) -> Result<(), String> {
        let recording = Recording::open(path).map_err(|error| error.to_string())?;
        let mut duration_micros = recording.duration_micros().map_err(told)?;
        let mut timeline = recording.timeline();
        let mut marks = Arc::default();
        add_marks(
            Arc::make_mut(&mut marks),
            marks_of(&mut timeline, self.lang),
        );
        let runs = !recording.is_finished().map_err(told)?;
        let mut playback = Playback::new(&recording).map_err(told)?;
        self.change(|playing| {
            playing.duration_micros = duration_micros;
            playing.marks = Arc::clone(&marks);
            playing.is_ready = true;
        });
        // the first picture comes a moment after the session began
        playback.step().map_err(told)?;
        let mut manner = Manner {
            is_playing: runs,
            speed: 1.0,
            skip_idle: true,
            runs,
            is_live: runs,
        };
        self.show(&mut playback, &manner)?;
        let mut last = Instant::now();
        loop {
            let act = if manner.is_playing || manner.runs {
                let tick = if manner.is_playing && !manner.is_live {
                    TICK
                } else {
                    LIVE_TICK
                };
                match orders.recv_timeout(tick) {
                    Ok(act) => Some(act),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            } else {
                match orders.recv() {
                    Ok(act) => Some(act),
                    Err(_gone) => return Ok(()),
                }
            };
            let mut acts: Vec<Act> = act.into_iter().chain(orders.try_iter()).collect();
            // of several places only the last one is wanted
            let wanted = acts.iter().rposition(|act| matches!(act, Act::Seek(_)));
            let mut index = 0;
            acts.retain(|act| {
                index += 1;
                !matches!(act, Act::Seek(_)) || Some(index - 1) == wanted
            });
            for act in acts {
                obey(act, &mut playback, &mut manner, duration_micros)?;
                last = Instant::now();
            }
            if manner.runs {
                // asked before the rest is read: there is no more behind an end
                manner.runs = !recording.is_finished().map_err(told)?;
                duration_micros = recording.duration_micros().map_err(told)?;
                let more = marks_of(&mut timeline, self.lang);
                if !more.is_empty() {
                    add_marks(Arc::make_mut(&mut marks), more);
                }
                let shown = Arc::clone(&marks);
                self.change(|playing| {
                    playing.duration_micros = duration_micros;
                    playing.marks = shown;
                });
            }
            if manner.is_live {
                playback.advance_to(duration_micros).map_err(told)?;
                last = Instant::now();
                manner.is_live = manner.runs;
                manner.is_playing = manner.runs;
            } else if manner.is_playing {
                let passed = last.elapsed().mul_f32(manner.speed);
                last = Instant::now();
                go_on(&mut playback, &mut manner, passed, duration_micros)?;
            }
            self.show(&mut playback, &manner)?;
        }
    }

    fn show(&self, playback: &mut Playback<'_>, manner: &Manner) -> Result<(), String> {
        let at_micros = playback.at_micros();
        let at_end = playback.next_micros().map_err(told)?.is_none();
        let picture = playback.picture();
        let before = lock(&self.shown).still.clone();
        let is_same = before
            .as_ref()
            .is_some_and(|still| still.pixels.as_slice() == picture.pixels());
        let still = if is_same {
            before
        } else {
            let size = picture.size();
            let side = |side: u32| usize::try_from(side).unwrap_or(0);
            Some(Still {
                width: side(size.width),
                height: side(size.height),
                pixels: Arc::new(picture.pixels().to_vec()),
                number: before.map_or(0, |still| still.number) + 1,
            })
        };
        let is_playing = manner.is_playing;
        let live = (manner.runs, manner.is_live);
        self.change(|playing| {
            playing.at_micros = at_micros;
            playing.at_end = at_end;
            playing.is_playing = is_playing;
            (playing.runs, playing.is_live) = live;
            playing.still = still;
        });
        Ok(())
    }
}

fn obey(
    act: Act,
    playback: &mut Playback<'_>,
    manner: &mut Manner,
    duration: u64,
) -> Result<(), String> {
    match act {
        Act::Play => {
            if playback.at_micros() >= duration && !manner.runs {
                playback.seek(0).map_err(told)?;
            }
            manner.is_playing = true;
        }
        Act::Pause => (manner.is_playing, manner.is_live) = (false, false),
        Act::Seek(to) => {
            manner.is_live = false;
            playback.seek(to.min(duration)).map_err(told)?;
        }
        Act::Live => {
            playback.seek(duration).map_err(told)?;
            (manner.is_playing, manner.is_live) = (manner.runs, manner.runs);
        }
        Act::Step => {
            (manner.is_playing, manner.is_live) = (false, false);
            playback.step().map_err(told)?;
        }
        Act::Speed(speed) => manner.speed = speed.clamp(0.25, 16.0),
        Act::SkipIdle(skip) => manner.skip_idle = skip,
    }
    Ok(())
}

fn go_on(
    playback: &mut Playback<'_>,
    manner: &mut Manner,
    passed: Duration,
    duration: u64,
) -> Result<(), String> {
    let mut to = playback.at_micros().saturating_add(micros(passed));
    if manner.skip_idle
        && let Some(next) = playback.next_micros().map_err(told)?
        && next.saturating_sub(to) > micros(IDLE)
    {
        to = next - micros(LEAD);
    }
    playback.advance_to(to.min(duration)).map_err(told)?;
    if to >= duration {
        // what caught up with a film that is still made goes on with it
        (manner.is_playing, manner.is_live) = (manner.runs, manner.runs);
    }
    Ok(())
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given by map_err")]
fn told(error: ReadError) -> String {
    error.to_string()
}

/// What of the time line was not read yet; of a damaged one, what comes before the damage.
fn marks_of(timeline: &mut Entries<'_>, lang: Lang) -> Vec<Mark> {
    let entries = timeline.map_while(Result::ok);
    entries
        .filter_map(|entry| mark_of(entry, lang))
        .take(MOST_MARKS)
        .collect()
}

/// A moment is marked a little later: it goes to where it was.
fn add_marks(marks: &mut Vec<Mark>, more: Vec<Mark>) {
    let room = MOST_MARKS.saturating_sub(marks.len());
    marks.extend(more.into_iter().take(room));
    marks.sort_by_key(|mark| mark.at_micros);
}

fn mark_of(entry: Entry, lang: Lang) -> Option<Mark> {
    let at_micros = entry.moment_micros();
    let (kind, text) = match entry.body {
        Body::Chat { author, name, text } => {
            let kind = match author {
                ChatAuthor::User => MarkKind::UserChat,
                ChatAuthor::Operator => MarkKind::OperatorChat,
            };
            (
                kind,
                format!("{}: {}", visible_line(&name), visible_line(&text)),
            )
        }
        Body::Event(event) => {
            let kind = match &event {
                Event::Interrupted {
                    side: Side::Host | Side::Hub | Side::Operator { .. },
                }
                | Event::Resumed { .. } => MarkKind::Line,
                Event::Note(_)
                | Event::Driver { .. }
                | Event::Files(_)
                | Event::HelpDesk { .. }
                | Event::Monitors(_) => MarkKind::Note,
                Event::Marked { .. } => MarkKind::Moment,
                Event::Started { .. }
                | Event::RightsChanged { .. }
                | Event::Ended { .. }
                | Event::Watched { .. }
                | Event::OperatorJoined { .. }
                | Event::OperatorLeft { .. }
                | Event::Withheld { .. } => MarkKind::People,
            };
            (
                kind,
                visible_line(&crate::events::event_text(lang, &event)).into_owned(),
            )
        }
        Body::Screen { .. } | Body::Pointer(_) => return None,
    };
    Some(Mark {
        at_micros,
        kind,
        text,
    })
}
