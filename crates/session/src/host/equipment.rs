//! What the desk is equipped with, and how the operators learn it.

use std::mem::discriminant;

use protocol::{Equipment, HostWord};

use super::{Admitted, HostSide, HostStep};

impl HostSide {
    /// A piece of the desk is so from now on; every operator of the session that runs is told if that is news.
    pub fn equipped(&mut self, piece: Equipment) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let Some(live) = &mut admitted.live else {
            return Vec::new();
        };
        if live.equipment.contains(&piece) {
            return Vec::new();
        }
        live.equipment
            .retain(|known| discriminant(known) != discriminant(&piece));
        live.equipment.push(piece.clone());
        let word = HostWord::Equipped {
            session: live.session,
            equipment: piece,
        };
        // who is out of reach hears of it in the next channel
        let there = admitted.operators.iter_mut().filter(|o| o.part.is_some());
        there.filter_map(|operator| operator.say(&word)).collect()
    }
}

impl Admitted {
    /// Tells the operator at `at` all that is known.
    pub(super) fn tell_equipment(&mut self, at: usize) -> Vec<HostStep> {
        let Some(live) = &self.live else {
            return Vec::new();
        };
        let (session, all) = (live.session, live.equipment.clone());
        let operator = &mut self.operators[at];
        if operator.part.is_none() {
            return Vec::new();
        }
        let words = all
            .into_iter()
            .map(|equipment| HostWord::Equipped { session, equipment });
        words.filter_map(|word| operator.say(&word)).collect()
    }
}
