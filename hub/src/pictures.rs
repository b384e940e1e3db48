//! Pictures of films. `hub-film` makes each in a process that can do nothing else: the hub never decodes
//! what a stranger's computer sent.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use document::KeyPicture;
use protocol::SessionId;
use protocol::admin::films::{MAX_PICTURE_BYTES, Standing};
use recording::{Body, Event, Recording};

use crate::catalogue::{Catalogue, CatalogueError};
use crate::films;
use crate::folder;

/// The program that turns a recording into a film, or into one picture.
pub const WORKER: &str = "hub-film";

/// A film of a week takes less to find a moment in.
const PATIENCE: Duration = Duration::from_secs(20);
/// What all key pictures of one document may take.
const ALL_PATIENCE: Duration = Duration::from_mins(1);
const GLANCE: Duration = Duration::from_millis(10);
/// What is said of a worker that failed, in bytes.
const MOST_SAID: u64 = 1000;

/// A key picture is as wide as paper shows it well, ...
const KEY_PIXELS: u32 = 1280;
/// ... and a document with some of them can still be sent by mail.
const MAX_KEY_BYTES: usize = 512 * 1024;
/// Marked moments that have a picture in a document.
const MOST_MARKED: usize = 6;
/// Chat and events that are looked through for them.
const MOST_EVENTS: usize = 200_000;
/// When the first key picture is: the screen has become clear by then.
const CLEAR_MILLIS: u64 = 3000;
/// A picture in a list of films.
const LIST_PIXELS: u32 = 256;
/// A picture that took too long is tried so often in all, ...
const MOST_TRIES: u8 = 3;
/// ... each time so much later: the hub may have had more to do than it has then.
const AGAIN: Duration = Duration::from_mins(15);

static LAST: AtomicU32 = AtomicU32::new(0);

/// There is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureFault {
    #[error("cannot run {WORKER}, which belongs beside the hub: {0}")]
    Worker(#[source] io::Error),
    #[error("the film has no such picture: {0}")]
    Failed(String),
    #[error("it took too long")]
    TooLong,
    #[error("the picture is no PNG, or too large")]
    Unfit,
    #[error(transparent)]
    Film(#[from] recording::OpenError),
    #[error(transparent)]
    Read(#[from] recording::ReadError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error("the picture cannot be kept: {0}")]
    Keep(#[from] io::Error),
}

/// The worker beside this program, or else the one in `PATH`.
pub fn worker() -> PathBuf {
    let name = format!("{WORKER}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe()
        .ok()
        .map(|hub| hub.with_file_name(&name));
    beside
        .filter(|path| path.is_file())
        .unwrap_or_else(|| name.into())
}

/// Pictures that tell what a session was about, as [`KeyPictures`], with nobody else to wait for. Blocks
/// for as long as the worker takes.
///
/// # Errors
///
/// [`PictureFault`].
pub fn key_pictures(
    catalogue: &dyn Catalogue,
    data: &Path,
    session: SessionId,
) -> Result<Vec<KeyPicture>, PictureFault> {
    let mut pictures = KeyPictures::of(catalogue, data, session)?;
    while pictures.make_next()? {}
    Ok(pictures.into_made())
}

/// Pictures that tell what a session was about, each with its time: soon after the user's consent, in
/// the middle, at the end, and the first six moments that operators marked, with their words. None where the
/// film is not finished or not there any more, and what looks the same counts once. One that cannot be made
/// is left out, and so are all that are left when a minute of work is over.
#[derive(Debug)]
pub struct KeyPictures {
    data: PathBuf,
    film: PathBuf,
    session: SessionId,
    started_unix_millis: i64,
    /// In milliseconds since then, with the words of whoever marked it.
    moments: std::vec::IntoIter<(u64, String)>,
    patience: Duration,
    made: Vec<KeyPicture>,
}

impl KeyPictures {
    /// Those of one session; nothing is made yet.
    ///
    /// # Errors
    ///
    /// [`PictureFault`] if the film cannot be read.
    pub fn of(
        catalogue: &dyn Catalogue,
        data: &Path,
        session: SessionId,
    ) -> Result<Self, PictureFault> {
        let path = data.join(films::path_of(session));
        let facts = catalogue.film_facts(session)?;
        let film = facts.map(|facts| facts.film);
        let film = film.filter(|film| film.standing == Standing::Finished);
        let (started_unix_millis, moments) = match film {
            Some(film) => (film.started_unix_millis, moments(&path)?),
            None => (0, Vec::new()),
        };
        Ok(Self {
            data: data.to_owned(),
            film: path,
            session,
            started_unix_millis,
            moments: moments.into_iter(),
            patience: ALL_PATIENCE,
            made: Vec::new(),
        })
    }

    /// Makes the next one; `false` if there is no more to make. Blocks for as long as the worker takes.
    ///
    /// # Errors
    ///
    /// [`PictureFault`] if the others cannot be made either.
    pub fn make_next(&mut self) -> Result<bool, PictureFault> {
        let Some((at_millis, words)) = self.moments.next() else {
            return Ok(false);
        };
        let session = self.session;
        if self.patience.is_zero() {
            tracing::warn!(%session, at_millis, "Key pictures take too long");
            return Ok(false);
        }
        let begun = Instant::now();
        let patience = self.patience.min(PATIENCE);
        let size = (KEY_PIXELS, MAX_KEY_BYTES);
        let png = make(&self.data, &self.film, at_millis, size, patience);
        self.patience = self.patience.saturating_sub(begun.elapsed());
        match png {
            Ok(png) => {
                let at = i64::try_from(at_millis).unwrap_or(i64::MAX);
                let picture = KeyPicture {
                    at_unix_millis: self.started_unix_millis.saturating_add(at),
                    words,
                    png,
                };
                add(&mut self.made, picture);
            }
            Err(
                fault @ (PictureFault::Failed(_) | PictureFault::Unfit | PictureFault::TooLong),
            ) => {
                tracing::warn!(%session, at_millis, %fault, "No key picture");
            }
            Err(fault) => return Err(fault),
        }
        Ok(true)
    }

    /// Those that were made, in the order of their times.
    pub fn into_made(mut self) -> Vec<KeyPicture> {
        self.made.sort_by_key(|picture| picture.at_unix_millis);
        self.made
    }
}

/// Adds a picture. What looks the same counts once, and as it was marked.
fn add(pictures: &mut Vec<KeyPicture>, picture: KeyPicture) {
    match pictures.iter_mut().find(|one| one.png == picture.png) {
        Some(_) if picture.words.is_empty() => {}
        Some(same) if same.words.is_empty() => *same = picture,
        Some(_) | None => pictures.push(picture),
    }
}

/// The moments of a film that there are key pictures of, in milliseconds, with their words.
fn moments(film: &Path) -> Result<Vec<(u64, String)>, PictureFault> {
    let recording = Recording::open(film)?;
    let whole_millis = recording.duration_micros()? / 1000;
    let mut moments = marked(&recording);
    moments.extend(
        [
            CLEAR_MILLIS.min(whole_millis / 4),
            whole_millis / 2,
            whole_millis,
        ]
        .map(|at_millis| (at_millis, String::new())),
    );
    moments.sort();
    Ok(moments)
}

/// The first moments that operators marked, in milliseconds, and what they said; of a damaged film those
/// before the damage.
fn marked(recording: &Recording) -> Vec<(u64, String)> {
    let entries = recording.timeline().take(MOST_EVENTS);
    let marks = entries.map_while(Result::ok).filter_map(|entry| {
        let at_millis = entry.moment_micros() / 1000;
        if let Body::Event(Event::Marked { operator, text, .. }) = entry.body {
            let colon = if text.is_empty() { "" } else { ": " };
            Some((at_millis, format!("{operator}{colon}{text}")))
        } else {
            None
        }
    });
    marks.take(MOST_MARKED).collect()
}

/// The first picture of a film, small: made once, and kept beside the film. Empty where the film has
/// none, or while one that took too long is not tried again. Blocks for as long as the worker takes.
///
/// # Errors
///
/// [`PictureFault`] if there may be one another time.
pub fn first(data: &Path, session: SessionId) -> Result<Vec<u8>, PictureFault> {
    let film = data.join(films::path_of(session));
    let kept = films::picture_of(&film);
    let mut tries = 0;
    match fs::read(&kept) {
        Ok(number) if number.len() == 1 => {
            tries = number[0];
            let age = fs::metadata(&kept)?.modified()?.elapsed();
            if tries >= MOST_TRIES || age.is_ok_and(|age| age < AGAIN) {
                return Ok(Vec::new());
            }
        }
        Ok(png) => return Ok(png),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let size = (LIST_PIXELS, MAX_PICTURE_BYTES);
    let whole_millis = Recording::open(&film)?.duration_micros()? / 1000;
    let at_millis = CLEAR_MILLIS.min(whole_millis / 4);
    let (png, keep) = match make(data, &film, at_millis, size, PATIENCE) {
        Ok(png) => (png.clone(), png),
        Err(fault @ (PictureFault::Failed(_) | PictureFault::Unfit)) => {
            tracing::info!(%session, %fault, "Film without a first picture");
            (Vec::new(), Vec::new())
        }
        Err(PictureFault::TooLong) => {
            tracing::info!(%session, tries, "First picture takes too long");
            // no picture is one byte long: that is how often it was tried
            (Vec::new(), vec![tries.saturating_add(1)])
        }
        Err(fault) => return Err(fault),
    };
    private_file::replace(&kept, &keep)?;
    if !film.is_file() {
        // erased while it was made
        fs::remove_file(&kept)?;
    }
    Ok(png)
}

/// Elsewhere the worker lowers its own priority.
#[cfg(windows)]
fn make_way(command: &mut Command) {
    use std::os::windows::process::CommandExt as _;
    const BELOW_NORMAL_PRIORITY_CLASS: u32 = 0x4000;
    command.creation_flags(BELOW_NORMAL_PRIORITY_CLASS);
}

#[cfg(not(windows))]
fn make_way(_command: &mut Command) {}

/// Has the worker make a picture of `film` at a moment, at most so many pixels wide and high and so many
/// bytes long.
fn make(
    data: &Path,
    film: &Path,
    at_millis: u64,
    (pixels, most_bytes): (u32, usize),
    patience: Duration,
) -> Result<Vec<u8>, PictureFault> {
    // the worker may write in the folder of what it makes: nothing else is to be in it
    let room = Room::make(data)?;
    let out = room.0.join("picture.png");
    let mut command = Command::new(worker());
    command.arg(film).arg(&out);
    command.arg(format!("--picture-millis={at_millis}"));
    command.arg(format!("--picture-pixels={pixels}"));
    command.arg(format!("--picture-bytes={most_bytes}"));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::piped());
    make_way(&mut command);
    wait(command.spawn().map_err(PictureFault::Worker)?, patience)?;
    let most = u64::try_from(most_bytes).unwrap_or(u64::MAX);
    let mut png = Vec::new();
    fs::File::open(out)?.take(most + 1).read_to_end(&mut png)?;
    if png.len() > most_bytes || !png.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Err(PictureFault::Unfit);
    }
    Ok(png)
}

fn wait(mut worker: Child, patience: Duration) -> Result<(), PictureFault> {
    let end = Instant::now() + patience;
    let status = loop {
        if let Some(status) = worker.try_wait()? {
            break status;
        }
        if Instant::now() > end {
            worker.kill()?;
            worker.wait()?;
            return Err(PictureFault::TooLong);
        }
        std::thread::sleep(GLANCE);
    };
    if status.success() {
        return Ok(());
    }
    let mut said = Vec::new();
    if let Some(stderr) = worker.stderr {
        stderr.take(MOST_SAID).read_to_end(&mut said)?;
    }
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Err(PictureFault::Failed(said))
}

/// A folder for what is being made; gone with this.
struct Room(PathBuf);

impl Room {
    fn make(data: &Path) -> Result<Self, PictureFault> {
        let temporary = data.join(folder::TEMPORARY);
        private_file::make_folder(&temporary)?;
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let room = temporary.join(format!("picture-{}-{number}", std::process::id()));
        private_file::make_folder(&room)?;
        Ok(Self(room))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, "A folder stays until the next start");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(at_unix_millis: i64, words: &str) -> KeyPicture {
        KeyPicture {
            at_unix_millis,
            words: words.to_owned(),
            png: vec![7],
        }
    }

    #[test]
    fn d3_a_marked_moment_keeps_its_time_where_the_screen_was_the_same_before() {
        let mut pictures = Vec::new();
        for (at, words) in [(1, ""), (2, "ANNA: here"), (3, ""), (4, "BOB")] {
            add(&mut pictures, picture(at, words));
        }
        assert_eq!(pictures, [picture(2, "ANNA: here"), picture(4, "BOB")]);
    }
}
