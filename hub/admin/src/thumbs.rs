//! Small pictures of a film for the time line, made on a thread of their own: the window says which one it
//! wants now, and shows it when it is there.
//!
//! Most films stand alone only at their beginning, so the way to a moment leads through everything before
//! it. The thread goes that way once: it stays where it is, and keeps a picture of each place that it passes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use codec::Picture;
use film::Playback;
use recording::{ReadError, Recording};

use crate::link::Wake;

/// How wide a small picture is at most, in pixels.
const WIDTH: usize = 256;
/// Small pictures that are kept; more than a time line has places for.
const MOST_KEPT: usize = 256;
/// Places on a time line that have a picture of their own.
const PLACES: u64 = 128;

/// A small picture.
#[derive(Debug, Clone)]
pub struct Thumb {
    /// The place on the time line that it is of, in microseconds.
    pub at_micros: u64,
    pub width: usize,
    pub height: usize,
    /// `0x00RRGGBB`, row by row.
    pub pixels: Arc<Vec<u32>>,
}

#[derive(Debug, Default)]
struct Desk {
    /// The place, and how far places are from each other; newer wishes replace older ones.
    wanted: Option<(u64, u64)>,
    made: BTreeMap<u64, Thumb>,
    is_over: bool,
}

/// The small pictures of one film. The thread ends by itself soon after this is dropped.
#[derive(Debug)]
pub struct Thumbs {
    desk: Arc<(Mutex<Desk>, Condvar)>,
}

impl Thumbs {
    /// Of the film at `path`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn open(path: PathBuf, wake: Wake) -> std::io::Result<Self> {
        let desk = Arc::default();
        let shared = Arc::clone(&desk);
        std::thread::Builder::new()
            .name("thumbs".to_owned())
            .spawn(move || {
                if let Err(error) = make_all(&path, &shared, &wake) {
                    // the player says what is wrong with the film
                    tracing::debug!(error, "No small pictures");
                }
            })?;
        Ok(Self { desk })
    }

    /// The picture near `at_micros` of a film that lasts so long, if it is there; it is made if not.
    pub fn near(&self, at_micros: u64, duration_micros: u64) -> Option<Thumb> {
        let step = step(duration_micros);
        let at = at_micros / step * step;
        let (desk, changed) = &*self.desk;
        let mut desk = lock(desk);
        let found = desk.made.get(&at).cloned();
        if found.is_none() {
            desk.wanted = Some((at, step));
            changed.notify_one();
        }
        found
    }
}

impl Drop for Thumbs {
    fn drop(&mut self) {
        let (desk, changed) = &*self.desk;
        lock(desk).is_over = true;
        changed.notify_one();
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How far the places are from each other that have a picture: whole seconds, or longer in a long film. They
/// are powers of two apart, so that places stay what they are while a film grows.
fn step(duration_micros: u64) -> u64 {
    let seconds = (duration_micros / 1_000_000 / PLACES).max(1);
    seconds.next_power_of_two() * 1_000_000
}

fn make_all(
    path: &std::path::Path,
    shared: &(Mutex<Desk>, Condvar),
    wake: &Wake,
) -> Result<(), String> {
    // opened when the first one is wanted: who never points at the time line pays nothing
    let Some(mut wanted) = next(shared) else {
        return Ok(());
    };
    let recording = Recording::open(path).map_err(|error| error.to_string())?;
    let mut playback = Playback::new(&recording).map_err(|error| error.to_string())?;
    loop {
        make(&mut playback, wanted, &shared.0, wake).map_err(|error| error.to_string())?;
        match next(shared) {
            Some(next) => wanted = next,
            None => return Ok(()),
        }
    }
}

/// Waits for the next wish; `None` when it is over.
fn next((desk, changed): &(Mutex<Desk>, Condvar)) -> Option<(u64, u64)> {
    let idle = |desk: &mut Desk| desk.wanted.is_none() && !desk.is_over;
    let waited = changed.wait_while(lock(desk), idle);
    let mut desk = waited.unwrap_or_else(PoisonError::into_inner);
    desk.wanted.take().filter(|_| !desk.is_over)
}

/// Goes to a place, and keeps a picture of each that it passes on the way; gives up where something else is
/// wanted.
fn make(
    playback: &mut Playback<'_>,
    (to, step): (u64, u64),
    desk: &Mutex<Desk>,
    wake: &Wake,
) -> Result<(), ReadError> {
    if lock(desk).made.contains_key(&to) {
        return Ok(());
    }
    playback.approach(to)?;
    loop {
        let at_micros = playback.at_micros();
        let next = (at_micros / step + 1).saturating_mul(step);
        let next = if at_micros >= to { to } else { next.min(to) };
        playback.advance_to(next)?;
        if next == 0 {
            // the first picture comes a moment after the session began
            playback.step()?;
        }
        let is_made = next % step != 0 || lock(desk).made.contains_key(&next);
        let thumb = (!is_made).then(|| thumb(playback.picture(), next));
        let mut desk = lock(desk);
        if let Some(thumb) = thumb {
            if desk.made.len() >= MOST_KEPT {
                desk.made.clear();
            }
            desk.made.insert(next, thumb);
        }
        let is_wanted = desk.wanted.is_none_or(|(wanted, _)| wanted == to) && !desk.is_over;
        drop(desk);
        if next == to {
            wake();
        }
        if next == to || !is_wanted {
            return Ok(());
        }
    }
}

fn thumb(picture: &Picture, at_micros: u64) -> Thumb {
    let side = |side: u32| usize::try_from(side).unwrap_or(0);
    let (width, height) = (side(picture.size().width), side(picture.size().height));
    let (width, height, pixels) = smaller(picture.pixels(), width, height);
    Thumb {
        at_micros,
        width,
        height,
        pixels: Arc::new(pixels),
    }
}

/// A picture of at most [`WIDTH`]: each pixel the mean of a square.
fn smaller(pixels: &[u32], width: usize, height: usize) -> (usize, usize, Vec<u32>) {
    let factor = width.div_ceil(WIDTH).max(1);
    let (new_width, new_height) = (width / factor, height / factor);
    let count = u32::try_from(factor * factor).unwrap_or(u32::MAX);
    let mut small = Vec::with_capacity(new_width * new_height);
    for y in 0..new_height {
        for x in 0..new_width {
            let mut sums = [0_u32; 3];
            for row in 0..factor {
                let from = (y * factor + row) * width + x * factor;
                for pixel in pixels.get(from..from + factor).unwrap_or_default() {
                    let [blue, green, red, _] = pixel.to_le_bytes();
                    for (sum, value) in sums.iter_mut().zip([blue, green, red]) {
                        *sum += u32::from(value);
                    }
                }
            }
            let [blue, green, red] = sums.map(|sum| sum / count);
            small.push(red << 16 | green << 8 | blue);
        }
    }
    (new_width, new_height, small)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_picture_has_the_mean_of_what_it_stands_for() {
        let (width, height) = (600, 4);
        let column = |x: usize| if x < 300 { 0x0020_4060 } else { 0x00ff_ffff };
        let pixels: Vec<u32> = (0..width * height).map(|i| column(i % width)).collect();
        let (w, h, small) = smaller(&pixels, width, height);
        assert_eq!((w, h, small.len()), (200, 1, 200));
        assert_eq!((small[0], small[199]), (0x0020_4060, 0x00ff_ffff));
        // a small one stays as it is
        assert_eq!(smaller(&[1, 2, 3], 3, 1), (3, 1, vec![1, 2, 3]));
        assert_eq!(smaller(&[], 0, 0), (0, 0, vec![]));
    }

    /// A film of half an hour that stands alone only at its beginning, as most do: a clock that ticks.
    fn half_an_hour(folder: &std::path::Path) -> PathBuf {
        const SECONDS: u32 = 1800;
        let path = folder.join("long.film");
        let meta = recording::RecordingMeta {
            session: 7,
            operator: "Ada".to_owned(),
            requester: "Bob".to_owned(),
            host: "pc".to_owned(),
            ticket: None,
            started_unix_millis: 0,
            hub_version: String::new(),
        };
        let mut recorder = recording::Recorder::create(&path, &meta).expect("made");
        let mut encoder = codec::Encoder::new(codec::Level::Lossless);
        let size = codec::PixelSize::new(640, 360);
        for second in 0..SECONDS {
            let shade = u8::try_from(second / 60 * 8).expect("small");
            let gray = u32::from_le_bytes([shade, shade, shade, 0]);
            let mut picture = Picture::new(size);
            for (at, pixel) in (0_u32..).zip(picture.pixels_mut()) {
                // a band of it ticks; what the first places are of changes in all of it
                let ticks = at > 320 * 360 && at < 340 * 360;
                *pixel = gray
                    ^ if ticks {
                        (at * second) & 0x000f_0f0f
                    } else {
                        0
                    };
            }
            let now = std::time::Duration::from_secs(second.into());
            let hint = codec::DamageHint::Everything;
            while let Some(update) = encoder.encode(&picture, hint, now, codec::Line::WIDE) {
                let body = recording::Body::Screen {
                    seq: 1,
                    is_reset: update.is_reset,
                    payload: update.bytes.into(),
                };
                let at_micros = u64::from(second) * 1_000_000;
                let entry = recording::Entry { at_micros, body };
                recorder.append(&entry).expect("room");
                if !encoder.has_more() {
                    break;
                }
            }
        }
        let end = u64::from(SECONDS) * 1_000_000;
        recorder
            .finish(recording::EndedBy::User, end)
            .expect("room");
        path
    }

    #[test]
    fn d3_who_points_again_at_what_was_passed_waits_for_nothing_and_nobody_waits_for_the_thread() {
        const MINUTE: u64 = 60_000_000;
        let folder = tempfile::tempdir().expect("a folder");
        let path = half_an_hour(folder.path());
        let open = || Thumbs::open(path.clone(), Arc::new(|| {})).expect("a thread");
        let thumbs = open();
        let wait = |at: u64| {
            let begun = std::time::Instant::now();
            while thumbs.near(at, 30 * MINUTE).is_none() {
                assert!(begun.elapsed().as_secs() < 120, "no picture");
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            begun.elapsed()
        };
        let first = wait(27 * MINUTE);
        let next = wait(27 * MINUTE + MINUTE / 2);
        let most = (first / 4).max(std::time::Duration::from_millis(50));
        assert!(next < most, "{next:?}, the first took {first:?}");
        // each place on the way has its picture now, of its own moment
        let shade = |at: u64| {
            let thumb = thumbs.near(at, 30 * MINUTE).expect("it was passed");
            thumb.pixels[0] & 0xf0
        };
        assert!(shade(MINUTE) < shade(14 * MINUTE));
        assert!(shade(14 * MINUTE) < shade(26 * MINUTE));
        // a window that leaves while the thread is on its way does not wait for it
        let leaving = open();
        assert!(leaving.near(29 * MINUTE, 30 * MINUTE).is_none());
        std::thread::sleep(std::time::Duration::from_millis(50));
        let begun = std::time::Instant::now();
        drop(leaving);
        let left = begun.elapsed();
        assert!(left < first / 4, "{left:?}, the way takes {first:?}");
    }

    #[test]
    fn places_stay_while_a_film_grows_and_are_not_too_many() {
        for hours in 0..30 {
            let duration = hours * 3_600_000_000;
            let step = step(duration);
            let mut places: Vec<u64> = (0..=1000)
                .map(|share| duration / 1000 * share / step)
                .collect();
            places.dedup();
            assert!(places.len() <= 130, "{hours} h: {}", places.len());
        }
        assert_eq!(step(100_000_000), 1_000_000);
        assert_eq!(step(1_000_000_000), 8_000_000);
    }
}
