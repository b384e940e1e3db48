//! An operator pauses and goes on: for whom nobody looks, nothing is captured.

use protocol::SessionId;
use protocol::control::Name;

use super::acquaintance::Acquaintance;
use super::{Admitted, HostNews, HostStep};

impl Admitted {
    /// The operator at `at` pauses, or goes on.
    pub(super) fn rest(&mut self, at: usize, session: SessionId, resting: bool) -> Vec<HostStep> {
        if self.session() != Some(session) {
            return Vec::new();
        }
        let Some(part) = &mut self.operators[at].part else {
            return Vec::new();
        };
        if std::mem::replace(&mut part.resting, resting) == resting {
            return Vec::new();
        }
        self.rested()
    }

    /// Who rests, for the user, and whether nobody looks, for whoever captures; where that has changed.
    pub(super) fn rested(&mut self) -> Vec<HostStep> {
        let seeing = || self.operators.iter().filter(|o| Acquaintance::sees(o));
        let rests = |o: &&Acquaintance| o.part.as_ref().is_some_and(|part| part.resting);
        let by: Vec<Name> = seeing().filter(rests).map(|o| o.name.clone()).collect();
        let all = !by.is_empty() && by.len() == seeing().count();
        let Some(live) = &mut self.live else {
            return Vec::new();
        };
        let session = live.session;
        let now = (all, by.clone());
        if std::mem::replace(&mut live.rested, now.clone()) == now {
            return Vec::new();
        }
        vec![
            HostStep::Rest(all),
            HostStep::Tell(HostNews::Resting { session, by }),
        ]
    }
}
