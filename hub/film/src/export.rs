//! From a recording to a film.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use codec::{Decoder, PixelSize};
use recording::{Body, OpenError, ReadError, Recording, RecordingMeta};

use crate::canvas::{Canvas, canvas_size};
use crate::chapters::Chapters;
use crate::encoder::{EncodeError, FilmEncoder};
use crate::mp4::{Mp4Writer, Track};
use crate::pace::{Due, Pace};
use crate::scene::Scene;

/// The longest film, in milliseconds: a week. What a recording holds beyond is left out.
pub const MAX_FILM_MILLIS: u64 = 7 * 24 * 3600 * 1000;

/// How a film is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Most frames a second, 1 to 60.
    pub fps_max: u32,
    /// The moment of the session with which the film begins.
    pub from_millis: u64,
    /// The moment at which it ends, if the session lasts so long.
    pub to_millis: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fps_max: 10,
            from_millis: 0,
            to_millis: u64::MAX,
        }
    }
}

/// The film that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub duration_millis: u64,
    pub frames: u64,
    pub bytes: u64,
    pub width: u32,
    pub height: u32,
    /// Why the film is not all of the session, where it is not.
    pub shortfall: Option<Shortfall>,
    /// Updates of the host that made no sense and are not in the film.
    pub not_understood: u64,
}

/// Why a film is not all of a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Shortfall {
    #[error("the recording has no end, as after a crash of the hub")]
    Unfinished,
    #[error("the recording is damaged ({0}); the film ends before that")]
    Damaged(String),
    #[error("what came after a week is not in the film")]
    TooLong,
}

/// A film could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    #[error("the recording cannot be opened")]
    Open(#[from] OpenError),
    #[error("the recording cannot be read")]
    Read(#[from] ReadError),
    #[error("the recording shows nothing{}", .0.as_ref().map_or(String::new(), |why| format!(": {why}")))]
    NothingToSee(Option<Shortfall>),
    #[error("at most {fps_max} frames a second were asked for; 1 to 60 can be")]
    FpsOutOfRange { fps_max: u32 },
    #[error("the cut is empty: its end must come after its beginning")]
    EmptyCut,
    #[error("the cut begins after the end of the film, which lasts {} s", .film_millis / 1000)]
    BeyondTheEnd { film_millis: u64 },
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("the film cannot be written")]
    Write(#[from] io::Error),
    #[error("cancelled")]
    Cancelled,
}

/// Makes a film of the recording at `recording` and puts it to `out`, over a file that is there.
///
/// The film appears under that name only when it is complete. Until then there is a file of the
/// same name with `.partial` behind it, which is removed unless the process is killed, and nameless
/// ones; the disk must hold the film twice. Blocks for seconds to minutes; calls `progress`
/// with the part that is done (0 to 1), and ends early when `cancel` becomes true.
///
/// # Errors
///
/// [`ExportError`]; nothing is left under the name `out` then that was not there before.
pub fn export(
    recording: &Path,
    out: &Path,
    options: Options,
    progress: &mut dyn FnMut(f64),
    cancel: &AtomicBool,
) -> Result<Summary, ExportError> {
    export_opened(&Recording::open(recording)?, out, options, progress, cancel)
}

/// As [`export`], of a recording that is open: for a process that can open none any more.
///
/// # Errors
///
/// As [`export`].
pub fn export_opened(
    recording: &Recording,
    out: &Path,
    options: Options,
    progress: &mut dyn FnMut(f64),
    cancel: &AtomicBool,
) -> Result<Summary, ExportError> {
    let Options {
        fps_max,
        from_millis: from,
        to_millis: to,
    } = options;
    if !(1..=60).contains(&fps_max) {
        return Err(ExportError::FpsOutOfRange { fps_max });
    }
    if from >= to {
        return Err(ExportError::EmptyCut);
    }
    let sound = SoundPart::of(recording);
    let size = canvas_size(largest_sides(recording, cancel)?);
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut film = Film {
        folder: folder.unwrap_or_else(|| Path::new(".")),
        created_unix_seconds: created(recording.meta()),
        fps_max,
        canvas: Canvas::new(size),
        has_picture: false,
        has_begun: from == 0,
        writing: None,
        frames: 0,
    };

    let mut scene = Scene::default();
    let mut pace = Pace::new(fps_max);
    let mut end = 0;
    let mut shortfall = sound.shortfall;
    let mut is_cut_off = false;
    let mut chapters = Chapters::default();
    let whole_millis = sound.end_millis.min(to);
    for entry in recording.entries(0)?.take(sound.entries) {
        let entry = entry?;
        let at = entry.at_micros / 1000;
        if at > MAX_FILM_MILLIS {
            shortfall = Some(Shortfall::TooLong);
            break;
        }
        if at >= to {
            // what the recording lacks later the cut does not
            (end, is_cut_off, shortfall) = (to, true, None);
            break;
        }
        if at > from && !film.has_begun {
            pace = film.begin(pace, &scene, from, cancel)?;
        }
        let at_in_film = if film.has_begun { at - from } else { at };
        film.catch_up(&mut pace, &scene, at_in_film, cancel)?;
        end = at;
        if scene.apply(&entry.body) {
            pace.note_change(at_in_film);
        }
        let screen = scene.picture().map(codec::Picture::size);
        chapters.note(from, &entry, screen);
        if at > 0 {
            progress(at as f64 / whole_millis.max(at) as f64);
        }
    }
    if from > 0 && end <= from {
        return Err(ExportError::BeyondTheEnd { film_millis: end });
    }
    if !film.has_begun {
        pace = film.begin(pace, &scene, from, cancel)?;
    }
    let mut end = end - from;
    film.catch_up(&mut pace, &scene, end, cancel)?;
    if !is_cut_off {
        if let Some(due) = pace.take_last() {
            film.frame(&scene, due)?;
        }
        end = end.max(pace.earliest_end());
    }

    let Film {
        writing: Some(Writing { mp4, encoder: _ }),
        frames,
        ..
    } = film
    else {
        return Err(ExportError::NothingToSee(shortfall));
    };
    let partial = Partial::create(out)?;
    let bytes = mp4.finish(end, &chapters.finish(), &partial.file)?;
    partial.complete(out)?;
    progress(1.0);
    Ok(Summary {
        duration_millis: end,
        frames,
        bytes,
        width: size.width,
        height: size.height,
        shortfall,
        not_understood: scene.not_understood(),
    })
}

/// The part of a recording that is as it was recorded.
struct SoundPart {
    entries: usize,
    end_millis: u64,
    shortfall: Option<Shortfall>,
}

impl SoundPart {
    fn of(recording: &Recording) -> Self {
        let found = recording.verify();
        let shortfall = match found.first_fault {
            Some(fault) => Some(Shortfall::Damaged(fault.to_string())),
            None if found.finished => None,
            None => Some(Shortfall::Unfinished),
        };
        Self {
            entries: usize::try_from(found.entries).unwrap_or(usize::MAX),
            end_millis: recording.duration_micros().unwrap_or(0) / 1000,
            shortfall,
        }
    }
}

/// The width of the widest screen in the recording and the height of the highest.
pub(crate) fn largest_sides(
    recording: &Recording,
    cancel: &AtomicBool,
) -> Result<PixelSize, ExportError> {
    let mut largest = PixelSize::new(0, 0);
    let mut decoder = Decoder::new();
    // Where this ends early by a fault, screens of a later size are scaled to the canvas.
    for entry in recording.resets().map_while(Result::ok) {
        if cancel.load(Ordering::Relaxed) {
            return Err(ExportError::Cancelled);
        }
        let Body::Screen { payload, .. } = &entry.body else {
            continue;
        };
        if decoder.apply(payload).is_err() {
            decoder = Decoder::new();
        } else if let Some(picture) = decoder.picture() {
            let PixelSize { width, height } = picture.size();
            largest.width = largest.width.max(width);
            largest.height = largest.height.max(height);
        }
    }
    Ok(largest)
}

fn created(meta: &RecordingMeta) -> i64 {
    meta.started_unix_millis.div_euclid(1000)
}

/// A film in the making.
struct Film<'a> {
    folder: &'a Path,
    created_unix_seconds: i64,
    fps_max: u32,
    canvas: Canvas,
    /// The canvas shows a picture of the session.
    has_picture: bool,
    /// The beginning of the cut is reached; before, pictures are drawn only, as one that cannot be
    /// decoded later leaves them standing.
    has_begun: bool,
    /// Begins with the first picture.
    writing: Option<Writing>,
    frames: u64,
}

struct Writing {
    encoder: FilmEncoder,
    mp4: Mp4Writer,
}

impl Film<'_> {
    /// Begins the film at `from`, with what is seen there; gives the pace whose times count from it.
    fn begin(
        &mut self,
        mut before: Pace,
        scene: &Scene,
        from: u64,
        cancel: &AtomicBool,
    ) -> Result<Pace, ExportError> {
        self.catch_up(&mut before, scene, from, cancel)?;
        self.has_begun = true;
        let mut pace = Pace::new(self.fps_max);
        if self.has_picture || scene.picture().is_some() {
            pace.note_change(0);
        }
        Ok(pace)
    }

    /// Writes all frames that are due before `now`.
    fn catch_up(
        &mut self,
        pace: &mut Pace,
        scene: &Scene,
        now: u64,
        cancel: &AtomicBool,
    ) -> Result<(), ExportError> {
        loop {
            if cancel.load(Ordering::Relaxed) {
                return Err(ExportError::Cancelled);
            }
            match pace.take_before(now) {
                Some(due) => self.frame(scene, due)?,
                None => return Ok(()),
            }
        }
    }

    fn frame(&mut self, scene: &Scene, due: Due) -> Result<(), ExportError> {
        // where the screen is not known, the picture before stands
        if let Some(screen) = scene.picture().filter(|_| due.changed) {
            self.canvas.show(screen, scene.pointer());
            self.has_picture = true;
        }
        if !self.has_begun || !self.has_picture {
            return Ok(());
        }
        if let Some(held) = scene.held() {
            self.canvas.mark_held(held);
        }
        if self.writing.is_none() {
            self.writing = Some(Writing {
                encoder: FilmEncoder::new(self.canvas.size(), self.fps_max)?,
                mp4: Mp4Writer::new(
                    track(self.canvas.size(), self.created_unix_seconds),
                    self.folder,
                )?,
            });
        }
        let Some(writing) = &mut self.writing else {
            return Ok(());
        };
        if due.changed {
            writing.encoder.take(self.canvas.picture());
        }
        if let Some(sample) = writing.encoder.encode(due.is_key)? {
            writing.mp4.add(due.at, &sample)?;
            self.frames += 1;
        }
        Ok(())
    }
}

fn track(size: PixelSize, created_unix_seconds: i64) -> Track {
    let side = |side: u32| u16::try_from(side).expect("a canvas has at most 3840 pixels a side");
    Track {
        width: side(size.width),
        height: side(size.height),
        created_unix_seconds,
    }
}

/// A file until it is complete, for its owner alone; removed when dropped.
pub(crate) struct Partial {
    path: PathBuf,
    pub(crate) file: File,
}

impl Partial {
    pub(crate) fn create(out: &Path) -> io::Result<Self> {
        let mut name = OsString::from(out);
        name.push(".partial");
        let path = PathBuf::from(name);
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok(Self { path, file })
    }

    pub(crate) fn complete(self, out: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, out)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // after `complete` there is nothing to remove, and elsewhere nobody to be told
        drop(fs::remove_file(&self.path));
    }
}
