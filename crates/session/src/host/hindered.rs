//! What this computer cannot do, and how the operators learn it.

use protocol::{Hindrances, HostWord};

use super::{HostSide, HostStep};

impl HostSide {
    /// What hinders on this computer from now on; every operator is told.
    pub fn hindered(&mut self, hindrances: Hindrances) -> Vec<HostStep> {
        if std::mem::replace(&mut self.hindrances, hindrances) == hindrances {
            return Vec::new();
        }
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let word = HostWord::Hindered(hindrances);
        // who is out of reach hears of it after the next greeting
        let operators = admitted.operators.iter_mut();
        operators
            .filter_map(|operator| operator.say(&word))
            .collect()
    }

    /// What hinders on this computer.
    pub fn hindrances(&self) -> Hindrances {
        self.hindrances
    }
}
