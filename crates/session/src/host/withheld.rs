//! The user pauses and goes on, and how the operators learn it.

use protocol::HostWord;

use super::{Admitted, HostSide, HostStep};

impl HostSide {
    /// The user pauses the session that runs, or goes on; every operator in it is told.
    pub fn withhold(&mut self, withheld: bool) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let Some(live) = &mut admitted.live else {
            return Vec::new();
        };
        let before = live.withheld.unwrap_or(false);
        if before == withheld {
            return Vec::new();
        }
        live.withheld = Some(withheld);
        let all = 0..admitted.operators.len();
        all.filter_map(|at| admitted.tell_withheld(at)).collect()
    }
}

impl Admitted {
    /// Tells the operator at `at` whether the user has paused, if that ever was. One that is out of reach
    /// hears of it in its next channel, and so does the hub.
    pub(super) fn tell_withheld(&mut self, at: usize) -> Option<HostStep> {
        let live = self.live.as_ref()?;
        let (session, withheld) = (live.session, live.withheld?);
        let operator = &mut self.operators[at];
        operator.part.as_ref()?;
        operator.say(&HostWord::Withheld { session, withheld })
    }
}
