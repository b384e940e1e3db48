//! The times in which a session was interrupted.

use std::fmt;

use crate::entry::{Body, Entry};
use crate::event::{Event, Side};

/// Most gaps that are told one by one.
pub const MAX_GAPS: usize = 1000;

/// A time in which the line of `side` was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub side: Side,
    pub from_micros: u64,
    /// When it was back, or an operator was no longer waited for. `None`: never, or not yet.
    pub until_micros: Option<u64>,
}

/// What [`crate::Recording::gaps`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gaps {
    /// In the order in which they began; of different sides they may overlap.
    pub all: Vec<Gap>,
    /// So many more came after the first [`MAX_GAPS`].
    pub left_out: u64,
}

impl Gaps {
    /// Whether the line of `side` is lost.
    pub(crate) fn is_lost(&self, side: &Side) -> bool {
        self.all
            .iter()
            .any(|gap| gap.until_micros.is_none() && gap.side == *side)
    }

    /// Goes on to the next entry.
    pub(crate) fn note(&mut self, entry: &Entry) {
        let Body::Event(event) = &entry.body else {
            return;
        };
        match event {
            Event::Interrupted { side } => {
                // told a second time it is still the same
                if self.is_lost(side) {
                    return;
                }
                if self.all.len() == MAX_GAPS {
                    self.left_out += 1;
                    return;
                }
                self.all.push(Gap {
                    side: side.clone(),
                    from_micros: entry.at_micros,
                    until_micros: None,
                });
            }
            Event::Resumed { side } => self.close(side, entry.at_micros),
            Event::OperatorLeft { name } => {
                let side = Side::Operator { name: name.clone() };
                self.close(&side, entry.at_micros);
            }
            Event::Started { .. }
            | Event::RightsChanged { .. }
            | Event::Ended { .. }
            | Event::Note(_)
            | Event::OperatorJoined { .. }
            | Event::Driver { .. }
            | Event::Marked { .. }
            | Event::Watched { .. }
            | Event::Files(_)
            | Event::HelpDesk { .. }
            | Event::Withheld { .. }
            | Event::Monitors(_) => {}
        }
    }

    fn close(&mut self, side: &Side, at_micros: u64) {
        let open = self
            .all
            .iter_mut()
            .find(|gap| gap.until_micros.is_none() && gap.side == *side);
        if let Some(gap) = open {
            gap.until_micros = Some(at_micros);
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            side,
            from_micros,
            until_micros,
        } = self;
        let from = seconds(*from_micros);
        match until_micros {
            Some(until) => write!(f, "{from} to {}: connection lost: {side}", seconds(*until)),
            None => write!(f, "from {from} on: connection lost: {side}"),
        }
    }
}

/// A time as people read it.
pub(crate) fn seconds(micros: u64) -> String {
    format!("{}.{:03} s", micros / 1_000_000, micros / 1000 % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(name: &str) -> Side {
        let name = name.to_owned();
        Side::Operator { name }
    }

    fn found(events: &[(u64, Event)]) -> Gaps {
        let mut gaps = Gaps::default();
        for (at_micros, event) in events {
            gaps.note(&Entry {
                at_micros: *at_micros,
                body: Body::Event(event.clone()),
            });
        }
        gaps
    }

    fn lost(side: Side) -> Event {
        Event::Interrupted { side }
    }

    fn back(side: Side) -> Event {
        Event::Resumed { side }
    }

    #[test]
    fn gaps_of_different_sides_overlap_and_each_ends_with_its_own_side() {
        let name = "Ada".to_owned();
        let gaps = found(&[
            (1, back(Side::Host)),
            (1_500_000, lost(Side::Host)),
            (2_000_000, lost(operator("Ada"))),
            (3_000_000, lost(operator("Bea"))),
            (4_000_000, lost(Side::Host)),
            (5_000_000, back(operator("Bea"))),
            (6_000_000, back(Side::Host)),
            (7_000_000, Event::OperatorLeft { name }),
            (8_000_000, lost(Side::Host)),
        ]);
        let told: Vec<String> = gaps.all.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "1.500 s to 6.000 s: connection lost: the user's computer",
                "2.000 s to 7.000 s: connection lost: operator Ada",
                "3.000 s to 5.000 s: connection lost: operator Bea",
                "from 8.000 s on: connection lost: the user's computer",
            ]
        );
        assert!(gaps.is_lost(&Side::Host) && !gaps.is_lost(&Side::Hub));
    }

    #[test]
    fn more_gaps_than_anybody_reads_are_only_counted() {
        let events: Vec<(u64, Event)> = (0..3000)
            .map(|at| match at % 2 {
                0 => (at, lost(Side::Host)),
                _ => (at, back(Side::Host)),
            })
            .collect();
        let gaps = found(&events);
        assert_eq!((gaps.all.len(), gaps.left_out), (MAX_GAPS, 500));
    }
}
