//! From a ticket to a place at the hub: the exchange over the ticket's secret digits (H1), and how often
//! one is tried.

use std::collections::BTreeMap;

use protocol::control::{Admission, Name};
use protocol::limits::MAX_EXCHANGE_BYTES;
use protocol::{HostToHub, Refusal, TicketRoute};

use super::acquaintance::Acquaintance;
use super::{Admitted, Caller, HostFault, HostNews, HostSide, HostStep, Stage, out_of_place};
use crate::chat::Chat;
use crate::exchange::{HostAwaitsProof, HostExchange};
use crate::ticket::TicketNumber;

/// Proofs that are given for one ticket: each lets whoever answers check one guess of its secret.
const MAX_TRIES: u8 = 2;
/// Tickets that are remembered for it.
const MAX_TRIED: usize = 256;

/// A ticket that is being tried.
#[derive(Debug)]
pub(super) enum Try {
    /// The ticket is on its way; the console's half is awaited.
    Offered {
        route: TicketRoute,
        exchange: Box<HostExchange>,
    },
    /// The proof is on its way; the console's is awaited.
    Proved {
        operator: Name,
        awaits: HostAwaitsProof,
    },
}

/// How often each ticket was tried.
#[derive(Debug, Default)]
pub(super) struct Tried(BTreeMap<TicketRoute, u8>);

impl HostSide {
    /// Comes with a ticket; does nothing unless this host is without one.
    pub fn open_ticket(&mut self, ticket: &TicketNumber, user: Name) -> Vec<HostStep> {
        if !matches!(self.stage, Stage::Idle) {
            return Vec::new();
        }
        self.caller.user = user;
        if self.tried.is_spent(ticket.route()) {
            return vec![HostStep::Tell(HostNews::TicketSpent)];
        }
        let (opening, offer) = Try::begin(ticket, &self.caller);
        self.stage = Stage::Opening(opening);
        vec![offer]
    }

    pub(super) fn ticket_refused(&mut self, refusal: Refusal) -> Result<Vec<HostStep>, HostFault> {
        if let Stage::Admitted(admitted) = &mut self.stage {
            return Ok(admitted.colleague_refused(refusal));
        }
        if !self.opening() {
            return out_of_place("TicketRefused");
        }
        self.stage = Stage::Idle;
        Ok(vec![HostStep::Tell(HostNews::TicketRefused(refusal))])
    }

    pub(super) fn answered(
        &mut self,
        operator: Name,
        half: &[u8],
    ) -> Result<Vec<HostStep>, HostFault> {
        if half.len() > MAX_EXCHANGE_BYTES {
            return Err(HostFault::MalformedExchange);
        }
        if let Stage::Admitted(admitted) = &mut self.stage {
            return admitted.colleague_answered(operator, half, &mut self.tried);
        }
        let Stage::Opening(opening) = std::mem::replace(&mut self.stage, Stage::Idle) else {
            return out_of_place("TicketAnswered");
        };
        let (proved, confirm) = opening.answered(operator, half, &mut self.tried)?;
        self.stage = Stage::Opening(proved);
        Ok(vec![confirm])
    }

    pub(super) fn accepted(
        &mut self,
        proof: &[u8],
        admission: Admission,
    ) -> Result<Vec<HostStep>, HostFault> {
        if let Stage::Admitted(admitted) = &mut self.stage {
            return admitted.colleague_accepted(proof, admission);
        }
        let before = std::mem::replace(&mut self.stage, Stage::Idle);
        let Stage::Opening(Try::Proved { operator, awaits }) = before else {
            return out_of_place("TicketAccepted");
        };
        let pair = awaits
            .finish(proof)
            .map_err(|_wrong| HostFault::FalseConsole)?;
        let chat = Chat::from_base(self.chat_base);
        let first = Acquaintance::new(operator.clone(), pair, None, chat);
        self.stage = Stage::Admitted(Box::new(Admitted {
            admission,
            operators: vec![first],
            question: None,
            live: None,
            coming: None,
            opinion: None,
            unattended: false,
        }));
        let accepted = HostNews::TicketAccepted { operator };
        Ok(vec![HostStep::Tell(accepted)])
    }
}

impl Try {
    /// Offers `ticket` to the hub.
    pub(super) fn begin(ticket: &TicketNumber, caller: &Caller) -> (Self, HostStep) {
        let (route, (exchange, half)) = (ticket.route(), HostExchange::start(ticket));
        let Caller {
            computer,
            user,
            system,
        } = caller.clone();
        let offer = HostToHub::OpenTicket {
            route,
            computer,
            user,
            system,
            exchange: half.into(),
        };
        let exchange = Box::new(exchange);
        (Self::Offered { route, exchange }, HostStep::Send(offer))
    }

    /// The console's half is there: gives our proof. Only a malformed half is the console's fault.
    pub(super) fn answered(
        self,
        operator: Name,
        half: &[u8],
        tried: &mut Tried,
    ) -> Result<(Self, HostStep), HostFault> {
        let Self::Offered { route, exchange } = self else {
            return out_of_place("TicketAnswered");
        };
        let (awaits, proof) = exchange
            .answer(half)
            .map_err(|_malformed| HostFault::MalformedExchange)?;
        tried.count(route);
        let confirm = HostToHub::ConfirmTicket {
            proof: proof.into(),
        };
        Ok((Self::Proved { operator, awaits }, HostStep::Send(confirm)))
    }
}

impl Tried {
    /// From here on whoever answered can check one guess.
    fn count(&mut self, route: TicketRoute) {
        while self.0.len() >= MAX_TRIED && !self.0.contains_key(&route) {
            self.0.pop_first();
        }
        *self.0.entry(route).or_insert(0) += 1;
    }

    pub(super) fn is_spent(&self, route: TicketRoute) -> bool {
        self.0.get(&route).is_some_and(|tries| *tries >= MAX_TRIES)
    }
}
