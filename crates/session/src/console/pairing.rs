//! From a ticket to a host that this console knows: what the hub says of tickets (H1).

use bytes::Bytes;
use protocol::limits::MAX_EXCHANGE_BYTES;
use protocol::{OperatorToHub, PeerId, RefusalCode, TicketRoute, TicketState};

use super::tickets::{Judgement, KeptTickets};
use super::{ConsoleNews, ConsoleSide, ConsoleStep, Outside};

impl ConsoleSide {
    /// What is to be kept for the next run.
    pub fn kept_tickets(&self) -> KeptTickets {
        self.tickets.to_kept()
    }

    /// The open tickets: route, spoken text, seconds left.
    pub fn open_tickets(&self, now_unix_seconds: i64) -> Vec<(TicketRoute, String, u32)> {
        self.tickets.list(now_unix_seconds)
    }

    /// The tickets that hosts came with, oldest first: route, spoken text, host.
    pub fn used_tickets(&self) -> Vec<(TicketRoute, String, PeerId)> {
        self.tickets.used()
    }

    pub(super) fn ticket_generated(
        &mut self,
        route: TicketRoute,
        valid_seconds: u32,
        outside: &mut Outside<'_>,
    ) -> Vec<ConsoleStep> {
        let valid_until = outside
            .now_unix_seconds
            .saturating_add(valid_seconds.into());
        let random = outside.draw();
        let random = *random.first_chunk().expect("16 of 32 bytes");
        match self.tickets.add(route, random, valid_until) {
            Some(spoken) => vec![
                ConsoleStep::KeepTickets,
                ConsoleStep::Tell(ConsoleNews::TicketGenerated {
                    route,
                    spoken,
                    valid_seconds,
                }),
            ],
            None => vec![
                ConsoleStep::Send(OperatorToHub::RevokeTicket { route }),
                ConsoleStep::Tell(ConsoleNews::TicketRefused(RefusalCode::FULL.into())),
            ],
        }
    }

    pub(super) fn ticket_extended(
        &mut self,
        route: TicketRoute,
        valid_seconds: u32,
        outside: &Outside<'_>,
    ) -> Vec<ConsoleStep> {
        let valid_until = outside
            .now_unix_seconds
            .saturating_add(valid_seconds.into());
        if !self.tickets.extend(route, valid_until) {
            return Vec::new();
        }
        vec![
            ConsoleStep::KeepTickets,
            ConsoleStep::Tell(ConsoleNews::TicketExtended {
                route,
                valid_seconds,
            }),
        ]
    }

    pub(super) fn ticket_changed(
        &mut self,
        route: TicketRoute,
        state: TicketState,
    ) -> Vec<ConsoleStep> {
        let mut steps = Vec::new();
        if state != TicketState::Open {
            self.tickets.close(route);
            steps.push(ConsoleStep::KeepTickets);
        }
        let changed = ConsoleNews::TicketChanged { route, state };
        steps.push(ConsoleStep::Tell(changed));
        steps
    }

    /// A host came with a ticket.
    pub(super) fn ticket_opened(
        &mut self,
        route: TicketRoute,
        attempt: u64,
        exchange: &[u8],
        outside: &Outside<'_>,
    ) -> Vec<ConsoleStep> {
        let half = exchange.get(..MAX_EXCHANGE_BYTES).unwrap_or(exchange);
        let now = outside.now_unix_seconds;
        let answer = self.tickets.answer(route, attempt, half, now);
        let message = match answer.map(Bytes::from) {
            Some(exchange) => OperatorToHub::AnswerTicket {
                route,
                attempt,
                exchange,
            },
            None => OperatorToHub::JudgeTicket {
                route,
                attempt,
                proof: None,
            },
        };
        vec![ConsoleStep::Send(message)]
    }

    /// The host's proof is there: judges it.
    pub(super) fn ticket_proof(
        &mut self,
        route: TicketRoute,
        attempt: u64,
        proof: &[u8],
        outside: &Outside<'_>,
    ) -> Vec<ConsoleStep> {
        let now = outside.now_unix_seconds;
        let judgement = self.tickets.judge(route, attempt, proof, now);
        let mut steps = vec![ConsoleStep::KeepTickets];
        let proof = match judgement {
            Judgement::Right(proof) => Some(proof.into()),
            Judgement::Wrong => {
                steps.push(ConsoleStep::Tell(ConsoleNews::TicketGuessed { route }));
                None
            }
            Judgement::Unknown => None,
        };
        steps.push(ConsoleStep::Send(OperatorToHub::JudgeTicket {
            route,
            attempt,
            proof,
        }));
        steps
    }

    /// The ticket is used: `host` is the one that came with it.
    pub(super) fn ticket_settled(
        &mut self,
        route: TicketRoute,
        attempt: u64,
        host: PeerId,
        outside: &mut Outside<'_>,
    ) -> Vec<ConsoleStep> {
        let knows_us = self.hosts.get(&host).is_some_and(|known| known.met);
        let is_settled = if knows_us {
            // it goes on with the key that both have
            self.tickets.forget_try(route, attempt)
        } else {
            self.tickets.settle(route, attempt, host)
        };
        if !is_settled {
            return Vec::new();
        }
        let used = ConsoleNews::TicketUsed { route, host };
        let mut steps = vec![ConsoleStep::KeepTickets, ConsoleStep::Tell(used)];
        steps.extend(self.host_present(host, outside));
        steps
    }
}
