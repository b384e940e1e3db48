//! What a session keeps while its streams come and go: its clock, its counts, and where each picture
//! lay on the desktop.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::{PeerId, SessionId};

use crate::geometry::Geometry;

/// Changes of geometry that are remembered. A place that names an older picture is not used.
const MAX_GEOMETRIES: usize = 64;
/// What changes so long after a press is its answer, for which somebody waits.
const ANSWERS_WITHIN: Duration = Duration::from_millis(100);
/// Places of the pointer that are remembered: more than can be under way to the screen and back.
const MAX_PUT: usize = 64;

/// The part of a session that outlives its streams.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) session: SessionId,
    started: Instant,
    last_screen: AtomicU64,
    last_pointer: AtomicU64,
    /// The last input frame that was taken from each operator: done, or known to be too late.
    input_taken: Mutex<BTreeMap<PeerId, u64>>,
    /// When an operator last pressed, turned or typed something, in microseconds of the session; 0 if never.
    pressed_at_micros: AtomicU64,
    /// Where the pointer was put last, the newest at the end.
    put: Mutex<VecDeque<(i32, i32)>>,
    /// The update that begins each geometry, the oldest first.
    geometries: Mutex<VecDeque<(u64, Geometry)>>,
}

impl Course {
    /// A session that begins now.
    pub(crate) fn begin(session: SessionId) -> Self {
        Self {
            session,
            started: Instant::now(),
            last_screen: AtomicU64::new(0),
            last_pointer: AtomicU64::new(0),
            input_taken: Mutex::default(),
            pressed_at_micros: AtomicU64::new(0),
            put: Mutex::default(),
            geometries: Mutex::default(),
        }
    }

    /// How long the session has lasted. All times on its streams are counted so.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The last update of the screen that was numbered.
    pub(crate) fn last_screen(&self) -> u64 {
        self.last_screen.load(Ordering::Relaxed)
    }

    /// Notes that updates were numbered up to `seq`.
    pub(crate) fn screen_sent(&self, seq: u64) {
        self.last_screen.store(seq, Ordering::Relaxed);
    }

    /// The number of the next update of the pointer.
    pub(crate) fn next_pointer(&self) -> u64 {
        self.last_pointer.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The number of the last input frame that was taken from `operator`.
    pub(crate) fn input_taken(&self, operator: PeerId) -> u64 {
        lock(&self.input_taken).get(&operator).copied().unwrap_or(0)
    }

    /// Takes the input frame `number` of `operator`, unless it was taken before.
    pub(crate) fn take_input(&self, operator: PeerId, number: u64) -> bool {
        let mut taken = lock(&self.input_taken);
        let last = taken.entry(operator).or_insert(0);
        let is_new = number > *last;
        *last = number.max(*last);
        is_new
    }

    /// An operator has pressed, turned or typed something just now.
    pub(crate) fn press(&self) {
        let now = u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.pressed_at_micros.store(now.max(1), Ordering::Relaxed);
    }

    /// Whether what changes at `now` may be the answer to what an operator has pressed.
    pub(crate) fn answers(&self, now: Duration) -> bool {
        let pressed_at = self.pressed_at_micros.load(Ordering::Relaxed);
        pressed_at > 0 && now < Duration::from_micros(pressed_at) + ANSWERS_WITHIN
    }

    /// `operator` takes part no more.
    pub(crate) fn forget(&self, operator: PeerId) {
        lock(&self.input_taken).remove(&operator);
    }

    /// An operator puts the pointer there.
    pub(crate) fn put_pointer(&self, place: (i32, i32)) {
        let mut put = lock(&self.put);
        if put.len() == MAX_PUT {
            put.pop_front();
        }
        put.push_back(place);
    }

    /// Whether the pointer is at `place` because an operator put it there.
    pub(crate) fn was_put(&self, place: (i32, i32)) -> bool {
        lock(&self.put).contains(&place)
    }

    /// From update `first` on, pictures lie so on the desktop.
    pub(crate) fn lies(&self, first: u64, geometry: Geometry) {
        let mut geometries = self.geometries();
        if geometries.back().is_some_and(|(_, last)| *last == geometry) {
            return;
        }
        if geometries.len() == MAX_GEOMETRIES {
            geometries.pop_front();
        }
        geometries.push_back((first, geometry));
    }

    /// Where the picture of update `seen` lay; `None` if there was none, or it is forgotten.
    pub(crate) fn seen(&self, seen: u64) -> Option<Geometry> {
        if seen > self.last_screen() {
            return None;
        }
        let geometries = self.geometries();
        let mut newest_first = geometries.iter().rev();
        newest_first
            .find(|(first, _)| *first <= seen)
            .map(|(_, geometry)| *geometry)
    }

    /// Nothing is done any more in pictures that were sent before.
    pub(crate) fn forget_places(&self) {
        self.geometries().clear();
    }

    fn geometries(&self) -> MutexGuard<'_, VecDeque<(u64, Geometry)>> {
        lock(&self.geometries)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use codec::Rect;

    use super::*;

    fn geometry(x: u32) -> Geometry {
        Geometry::new(Rect::new(x, 0, 100, 100), 100)
    }

    #[test]
    fn what_changes_soon_after_a_press_is_its_answer() {
        let course = Course::begin(SessionId(1));
        assert!(!course.answers(Duration::ZERO), "nothing was pressed");
        course.press();
        let now = course.elapsed();
        assert!(course.answers(now));
        assert!(!course.answers(now + ANSWERS_WITHIN));
    }

    #[test]
    fn a_place_belongs_to_the_picture_that_was_seen() {
        let course = Course::begin(SessionId(1));
        course.lies(1, geometry(0));
        course.screen_sent(4);
        course.lies(5, geometry(50));
        course.screen_sent(9);
        assert_eq!(course.seen(0), None, "nothing was seen");
        assert_eq!(course.seen(4), Some(geometry(0)));
        assert_eq!(course.seen(5), Some(geometry(50)));
        assert_eq!(course.seen(10), None, "nobody can have seen that");
    }

    #[test]
    fn a_place_in_a_forgotten_picture_is_not_used() {
        let course = Course::begin(SessionId(1));
        for i in 1..=100 {
            course.lies(i, geometry(u32::try_from(i).expect("small")));
            course.screen_sent(i);
        }
        assert_eq!(course.seen(1), None);
        assert_eq!(course.seen(100), Some(geometry(100)));
    }

    #[test]
    fn each_input_frame_is_taken_once() {
        let course = Course::begin(SessionId(1));
        let (anna, bruno) = (PeerId([1; 16]), PeerId([2; 16]));
        let taken = [1, 2, 2, 1, 5, 3].map(|n| course.take_input(anna, n));
        assert_eq!(taken, [true, true, false, false, true, false]);
        assert_eq!(course.input_taken(anna), 5);
        assert!(
            course.take_input(bruno, 1),
            "each operator counts for itself"
        );
        course.forget(anna);
        assert_eq!(course.input_taken(anna), 0);
    }
}
