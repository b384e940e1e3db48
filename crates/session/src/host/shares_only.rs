//! The user shares one monitor alone, and how the operators learn it.

use protocol::HostWord;
use protocol::control::Name;

use super::{Admitted, HostSide, HostStep};

impl HostSide {
    /// The user shares this monitor alone from now on, or all there are; every operator is told.
    pub fn shares_only(&mut self, monitor: Option<Name>) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let Some(live) = &mut admitted.live else {
            return Vec::new();
        };
        if live.shares_only == monitor {
            return Vec::new();
        }
        live.shares_only = monitor;
        live.shared_alone = true;
        let all = 0..admitted.operators.len();
        all.filter_map(|at| admitted.tell_shares_only(at)).collect()
    }
}

impl Admitted {
    /// Tells the operator at `at` which monitor is shared alone, if that ever was one.
    pub(super) fn tell_shares_only(&mut self, at: usize) -> Option<HostStep> {
        let live = self.live.as_ref()?;
        if !live.shared_alone {
            return None;
        }
        let (session, monitor) = (live.session, live.shares_only.clone());
        let operator = &mut self.operators[at];
        operator.part.as_ref()?;
        operator.say(&HostWord::SharesOnly { session, monitor })
    }
}
