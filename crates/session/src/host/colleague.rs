//! An operator brings a colleague in: it gives the ticket of the colleague's console, and the two ends
//! meet over it as the first two did (O11).

use protocol::control::{Admission, Name};
use protocol::limits::MAX_OPERATORS;
use protocol::{BroughtIn, HostWord, PeerId, Refusal, RefusalCode, SessionId};

use super::acquaintance::Acquaintance;
use super::pairing::{Tried, Try};
use super::{Admitted, HostFault, HostSide, HostStep, Stage, out_of_place};
use crate::channel::Channel;
use crate::chat::Chat;

/// A colleague who is being brought in.
#[derive(Debug)]
pub(super) struct Coming {
    wish: Wish,
    /// `None`: it came to nothing; the hub will say so.
    ticket: Option<Try>,
}

/// Who wishes to bring a colleague in, and in which words.
#[derive(Debug, Clone, Copy)]
struct Wish {
    by: PeerId,
    session: SessionId,
    attempt: u64,
}

impl HostSide {
    /// An operator wishes to bring a colleague in.
    pub(super) fn bring_in(
        &mut self,
        by: PeerId,
        session: SessionId,
        attempt: u64,
        sealed: &[u8],
    ) -> Result<Vec<HostStep>, HostFault> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return out_of_place("BringIn");
        };
        let at = admitted.position(by);
        let at = at.filter(|at| admitted.operators[*at].part.is_some());
        let Some(at) = at.filter(|_| admitted.session() == Some(session)) else {
            return Ok(Vec::new()); // it has just left
        };
        let channel = admitted.operators[at].channel.as_ref();
        let keys = channel.map(Channel::lane_keys);
        let ticket = keys.and_then(|keys| keys.open_ticket(session, attempt, sealed));
        let Some(ticket) = ticket else {
            return admitted.distrust(at);
        };
        let wish = Wish {
            by,
            session,
            attempt,
        };
        if admitted.unattended {
            // nobody could be asked; the password lets a colleague in
            let refusal = RefusalCode::COLLEAGUE_NEEDS_PASSWORD.into();
            return Ok(admitted.tell_wisher(wish, BroughtIn::Refused(refusal)));
        }
        if admitted.coming.is_some() || !admitted.has_room() {
            return Ok(admitted.tell_wisher(wish, BroughtIn::Busy));
        }
        if self.tried.is_spent(ticket.route()) {
            return Ok(admitted.tell_wisher(wish, BroughtIn::Spent));
        }
        let (offered, offer) = Try::begin(&ticket, &self.caller);
        let ticket = Some(offered);
        admitted.coming = Some(Coming { wish, ticket });
        Ok(vec![offer])
    }
}

impl Admitted {
    pub(super) fn colleague_refused(&mut self, refusal: Refusal) -> Vec<HostStep> {
        match self.coming.take() {
            Some(Coming {
                wish,
                ticket: Some(_),
            }) => self.tell_wisher(wish, BroughtIn::Refused(refusal)),
            Some(Coming { ticket: None, .. }) | None => Vec::new(),
        }
    }

    pub(super) fn colleague_answered(
        &mut self,
        operator: Name,
        half: &[u8],
        tried: &mut Tried,
    ) -> Result<Vec<HostStep>, HostFault> {
        let Some(Coming {
            wish,
            ticket: Some(ticket),
        }) = self.coming.take()
        else {
            return out_of_place("TicketAnswered");
        };
        let (ticket, steps) = match ticket.answered(operator, half, tried) {
            Ok((proved, confirm)) => (Some(proved), vec![confirm]),
            // a colleague's console cannot end what others do; the hub waits for a proof until it has
            // waited long enough
            Err(HostFault::MalformedExchange) => {
                let wrong = RefusalCode::TICKET_WRONG.into();
                (None, self.tell_wisher(wish, BroughtIn::Refused(wrong)))
            }
            Err(fault) => return Err(fault),
        };
        self.coming = Some(Coming { wish, ticket });
        Ok(steps)
    }

    pub(super) fn colleague_accepted(
        &mut self,
        proof: &[u8],
        admission: Admission,
    ) -> Result<Vec<HostStep>, HostFault> {
        let Some(Coming {
            wish,
            ticket: Some(Try::Proved { operator, awaits }),
        }) = self.coming.take()
        else {
            return out_of_place("TicketAccepted");
        };
        if admission.you != self.admission.you {
            return out_of_place("another place");
        }
        let Ok(pair) = awaits.finish(proof) else {
            // whoever that is does not get in; the others go on
            let wrong = RefusalCode::TICKET_WRONG.into();
            return Ok(self.tell_wisher(wish, BroughtIn::Refused(wrong)));
        };
        let brought_by = self.operator_mut(wish.by).map(|by| by.name.clone());
        let chat = Chat::from_base(self.last_line());
        let colleague = Acquaintance::new(operator.clone(), pair, brought_by, chat);
        if self.operators.len() >= MAX_OPERATORS
            && let Some(never_came) = self.never_came()
        {
            self.operators.remove(never_came);
        }
        self.operators.push(colleague);
        Ok(self.tell_wisher(wish, BroughtIn::Met { operator }))
    }

    /// Tells whoever wished for a colleague what became of it.
    fn tell_wisher(&mut self, wish: Wish, outcome: BroughtIn) -> Vec<HostStep> {
        let Wish {
            by,
            session,
            attempt,
        } = wish;
        let word = HostWord::BroughtIn {
            session,
            attempt,
            outcome,
        };
        self.say_to(by, &word)
    }

    /// Whether one more colleague can be met.
    fn has_room(&self) -> bool {
        self.operators.len() < MAX_OPERATORS || self.never_came().is_some()
    }

    /// A colleague whose ticket was good and who never greeted: the oldest.
    fn never_came(&self) -> Option<usize> {
        let colleagues = self.operators.iter().enumerate().skip(1);
        let mut never = colleagues.filter(|(_, operator)| operator.peer.is_none());
        never.next().map(|(at, _)| at)
    }
}
