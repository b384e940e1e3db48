//! When the film needs a frame.

/// How often at least a key picture is written, in milliseconds.
pub const KEY_MILLIS: u64 = 30_000;
/// How often at least a frame is written, in milliseconds, even when nothing changes: players seek
/// badly into a frame that lasts for minutes.
pub const REPEAT_MILLIS: u64 = 5_000;

/// Decides at which times frames are written. Times are milliseconds from the film's beginning.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: u64,
    last: Option<Last>,
    changed_at: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    frame: u64,
    key: u64,
}

/// A frame to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) at: u64,
    pub(crate) is_key: bool,
    /// The picture is not the one of the frame before.
    pub(crate) changed: bool,
}

impl Pace {
    /// At most `fps_max` frames a second.
    pub(crate) fn new(fps_max: u32) -> Self {
        Self {
            interval: 1000 / u64::from(fps_max.clamp(1, 1000)),
            last: None,
            changed_at: None,
        }
    }

    /// The picture changed. `at` never decreases from call to call.
    pub(crate) fn note_change(&mut self, at: u64) {
        // a later change waits with the first one that waits
        self.changed_at.get_or_insert(at);
    }

    /// Takes the next frame that is due before `now`, if there is one.
    ///
    /// INVARIANT: the times of frames taken increase strictly.
    pub(crate) fn take_before(&mut self, now: u64) -> Option<Due> {
        let due = self.next()?;
        (due.at < now).then(|| self.take(due))
    }

    /// Takes the frame that shows the last change, if that is not shown yet, whenever it is due.
    pub(crate) fn take_last(&mut self) -> Option<Due> {
        self.changed_at?;
        let due = self.next()?;
        Some(self.take(due))
    }

    /// The earliest end of a film whose last change was shown as late as here.
    pub(crate) fn earliest_end(&self) -> u64 {
        self.last.map_or(0, |last| last.frame + self.interval)
    }

    fn next(&self) -> Option<Due> {
        let changed = self.changed_at.is_some();
        let Some(last) = self.last else {
            // the first picture stands from the beginning
            return changed.then_some(Due {
                at: 0,
                is_key: true,
                changed,
            });
        };
        let unchanged_due = (last.frame + REPEAT_MILLIS).min(last.key + KEY_MILLIS);
        let changed_due = self.changed_at.map(|at| at.max(last.frame + self.interval));
        let at = changed_due
            .map_or(unchanged_due, |due| due.min(unchanged_due))
            .max(last.frame + 1);
        Some(Due {
            at,
            is_key: at >= last.key + KEY_MILLIS,
            changed,
        })
    }

    fn take(&mut self, due: Due) -> Due {
        let key = self.last.map_or(0, |last| last.key);
        self.last = Some(Last {
            frame: due.at,
            key: if due.is_key { due.at } else { key },
        });
        self.changed_at = None;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames of a film in which the picture changes at `changes` and that ends at `end`.
    fn frames(changes: &[u64], end: u64) -> Vec<Due> {
        let mut pace = Pace::new(10);
        let mut frames = Vec::new();
        for &at in changes {
            frames.extend(std::iter::from_fn(|| pace.take_before(at)));
            pace.note_change(at);
        }
        frames.extend(std::iter::from_fn(|| pace.take_before(end)));
        frames.extend(pace.take_last());
        frames
    }

    fn times(frames: &[Due]) -> Vec<u64> {
        frames.iter().map(|due| due.at).collect()
    }

    #[test]
    fn a_frame_is_written_when_something_changed() {
        assert_eq!(times(&frames(&[300, 700, 1900], 2000)), [0, 700, 1900]);
    }

    #[test]
    fn quick_changes_share_frames_and_the_last_one_is_shown() {
        let changes: Vec<u64> = (0..50).map(|i| i * 10).collect();
        assert_eq!(times(&frames(&changes, 490)), [0, 100, 200, 300, 400, 500]);
    }

    #[test]
    fn an_idle_film_has_a_frame_every_five_and_a_key_picture_every_thirty_seconds() {
        let frames = frames(&[0], 61_000);
        let expected: Vec<u64> = (0..=12).map(|i| i * 5000).collect();
        assert_eq!(times(&frames), expected);
        let keys: Vec<_> = frames.iter().filter(|due| due.is_key).copied().collect();
        assert_eq!(times(&keys), [0, 30_000, 60_000]);
        assert!(frames[1..].iter().all(|due| !due.changed));
    }

    #[test]
    fn a_busy_film_has_its_key_pictures_in_time() {
        let changes: Vec<u64> = (0..9_900).map(|i| i * 9).collect();
        let frames = frames(&changes, 90_000);
        let keys: Vec<_> = frames.iter().filter(|due| due.is_key).copied().collect();
        assert_eq!(times(&keys), [0, 30_000, 60_000]);
        assert!(frames.windows(2).all(|two| two[1].at > two[0].at));
    }

    #[test]
    fn nothing_to_show_gives_no_frame() {
        assert_eq!(frames(&[], 100_000), []);
    }
}
