//! Small pictures of a film for the time line, made one at a time on a thread of their own: the window
//! says which one it wants now, and shows it when it is there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use film::Playback;
use recording::Recording;

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
    /// Newer wishes replace older ones.
    wanted: Option<u64>,
    made: BTreeMap<u64, Thumb>,
    is_over: bool,
}

/// The small pictures of one film. Dropping it ends the thread.
#[derive(Debug)]
pub struct Thumbs {
    desk: Arc<(Mutex<Desk>, Condvar)>,
    thread: Option<JoinHandle<()>>,
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
        let thread = std::thread::Builder::new()
            .name("thumbs".to_owned())
            .spawn(move || {
                if let Err(error) = make_all(&path, &shared, &wake) {
                    // the player says what is wrong with the film
                    tracing::debug!(error, "No small pictures");
                }
            })?;
        let thread = Some(thread);
        Ok(Self { desk, thread })
    }

    /// The picture near `at_micros` of a film that lasts so long, if it is there; it is made if not.
    pub fn near(&self, at_micros: u64, duration_micros: u64) -> Option<Thumb> {
        let at = place(at_micros, duration_micros);
        let (desk, changed) = &*self.desk;
        let mut desk = lock(desk);
        let found = desk.made.get(&at).cloned();
        if found.is_none() {
            desk.wanted = Some(at);
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
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread that makes small pictures failed");
        }
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The nearest place before `at_micros` that has a picture: whole seconds, or longer in a long film. They
/// are powers of two apart, so that places stay what they are while a film grows.
fn place(at_micros: u64, duration_micros: u64) -> u64 {
    let seconds = (duration_micros / 1_000_000 / PLACES).max(1);
    let step = seconds.next_power_of_two() * 1_000_000;
    at_micros / step * step
}

fn make_all(
    path: &std::path::Path,
    (desk, changed): &(Mutex<Desk>, Condvar),
    wake: &Wake,
) -> Result<(), String> {
    let mut opened = None;
    loop {
        let wanted = {
            let desk = lock(desk);
            let idle = |desk: &mut Desk| desk.wanted.is_none() && !desk.is_over;
            let waited = changed.wait_while(desk, idle);
            let mut desk = waited.unwrap_or_else(PoisonError::into_inner);
            if desk.is_over {
                return Ok(());
            }
            desk.wanted.take()
        };
        let Some(at_micros) = wanted else { continue };
        // opened when the first one is wanted: who never points at the time line pays nothing
        let recording = match opened.take() {
            Some(recording) => recording,
            None => Recording::open(path).map_err(|error| error.to_string())?,
        };
        let thumb = make(&recording, at_micros)?;
        opened = Some(recording);
        let mut desk = lock(desk);
        if desk.made.len() >= MOST_KEPT {
            desk.made.clear();
        }
        desk.made.insert(at_micros, thumb);
        drop(desk);
        wake();
    }
}

fn make(recording: &Recording, at_micros: u64) -> Result<Thumb, String> {
    let mut playback = Playback::new(recording).map_err(|error| error.to_string())?;
    let end = recording
        .duration_micros()
        .map_err(|error| error.to_string())?;
    playback
        .seek(at_micros.min(end))
        .map_err(|error| error.to_string())?;
    if at_micros == 0 {
        // the first picture comes a moment after the session began
        playback.step().map_err(|error| error.to_string())?;
    }
    let picture = playback.picture();
    let side = |side: u32| usize::try_from(side).unwrap_or(0);
    let (width, height) = (side(picture.size().width), side(picture.size().height));
    let (width, height, pixels) = smaller(picture.pixels(), width, height);
    Ok(Thumb {
        at_micros,
        width,
        height,
        pixels: Arc::new(pixels),
    })
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

    #[test]
    fn places_stay_while_a_film_grows_and_are_not_too_many() {
        for hours in 0..30 {
            let duration = hours * 3_600_000_000;
            let mut places: Vec<u64> = (0..=1000)
                .map(|share| place(duration / 1000 * share, duration))
                .collect();
            places.dedup();
            assert!(places.len() <= 130, "{hours} h: {}", places.len());
        }
        assert_eq!(place(61_500_000, 100_000_000), 61_000_000);
        assert_eq!(place(61_500_000, 1_000_000_000), 56_000_000);
    }
}
