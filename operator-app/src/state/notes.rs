//! When notes that no report has yet go to the disk.

use std::time::{Duration, Instant};

use operator_engine::Notes;

/// As long as with reports.
const STILL: Duration = Duration::from_millis(800);

/// What was noted and what of it is kept.
#[derive(Debug, Default)]
pub struct Noting {
    kept: Notes,
    noted: Notes,
    /// When that changed last. The windows' own clock stands still while none is shown.
    changed: Option<Instant>,
}

impl Noting {
    /// Looks at the notes as they are now. What stood still for a moment is given once, to be kept.
    pub fn look(&mut self, notes: Notes, now: Instant) -> Option<Notes> {
        if notes != self.noted || self.changed.is_none() {
            self.noted = notes;
            self.changed = Some(now);
        }
        let still = self.changed.map(|changed| now.duration_since(changed));
        let stands_still = still.is_some_and(|still| still >= STILL);
        (stands_still && self.waits()).then(|| self.noted.clone())
    }

    /// Whether something is not kept yet.
    pub fn waits(&self) -> bool {
        self.noted != self.kept
    }

    /// These are on the disk, or on their way there.
    pub fn are_kept(&mut self, notes: Notes) {
        self.kept = notes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::SessionId;

    fn notes(text: &str) -> Notes {
        let mut notes = Notes::default();
        notes.sessions.insert(SessionId(1), vec![text.to_owned()]);
        notes
    }

    #[test]
    fn what_is_typed_is_kept_once_it_stands_still() {
        let mut noting = Noting::default();
        let begun = Instant::now();
        let at = |millis| begun + Duration::from_millis(millis);
        assert_eq!(noting.look(Notes::default(), at(0)), None);
        assert_eq!(noting.look(notes("a"), at(10_000)), None);
        assert_eq!(noting.look(notes("ab"), at(10_500)), None);
        assert_eq!(noting.look(notes("ab"), at(11_000)), None);
        let kept = noting.look(notes("ab"), at(11_400));
        assert!(noting.waits(), "nobody has taken it yet");
        noting.are_kept(kept.expect("it stands still"));
        assert_eq!(noting.look(notes("ab"), at(20_000)), None);
        assert!(!noting.waits());
        // and that there are none any more
        assert_eq!(noting.look(Notes::default(), at(21_000)), None);
        let none = noting.look(Notes::default(), at(22_000));
        assert_eq!(none, Some(Notes::default()));
    }
}
