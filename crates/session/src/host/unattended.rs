//! A permanent host that was opened with its access password (U3): it has a place without a ticket.
//!
//! Nobody sits in front who could answer. The password let the operator in, so whoever runs this side says
//! yes to what those ask who came by it, and nobody else is let in.

use protocol::control::{Admission, Name};
use protocol::limits::MAX_OPERATORS;

use super::acquaintance::Acquaintance;
use super::{Admitted, HostSide, Stage};
use crate::chat::Chat;
use crate::exchange::PairKey;

impl HostSide {
    /// The hub has given this host a place, where `operator`, who has shown that it knows the password, will
    /// greet. Does nothing unless this host is without one; [`Self::resume`] leads there.
    pub fn take_place(&mut self, admission: Admission, operator: Name, pair: PairKey) {
        if !matches!(self.stage, Stage::Idle) {
            return;
        }
        let chat = Chat::from_base(self.chat_base);
        self.stage = Stage::Admitted(Box::new(Admitted {
            admission,
            operators: vec![Acquaintance::new(operator, pair, None, chat)],
            question: None,
            live: None,
            coming: None,
            opinion: None,
            unattended: true,
        }));
    }

    /// One more operator has shown that it knows the password; `false` if there are as many as can be
    /// known, or there is no such place.
    pub fn acquaint(&mut self, operator: Name, pair: PairKey) -> bool {
        let Some(admitted) = self.admitted_mut().filter(|admitted| admitted.unattended) else {
            return false;
        };
        if admitted.operators.len() >= MAX_OPERATORS {
            let idle = |o: &Acquaintance| o.part.is_none() && o.channel.is_none();
            let Some(idle) = admitted.operators.iter().position(idle) else {
                return false;
            };
            admitted.operators.remove(idle);
        }
        let chat = Chat::from_base(admitted.last_line());
        let colleague = Acquaintance::new(operator, pair, None, chat);
        admitted.operators.push(colleague);
        true
    }
}
