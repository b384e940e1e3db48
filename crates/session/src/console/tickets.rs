//! The console's side of its tickets: the secret digits, the exchange over them, and the keys of the
//! hosts that came with them. Kept on disk so that a console that was killed can still serve them.
//!
//! Time and randomness arrive as arguments.

use std::collections::BTreeMap;

use protocol::{PeerId, TicketRoute};
use serde::{Deserialize, Serialize};

use crate::exchange::{OperatorExchange, PairKey};
use crate::ticket::{TicketNumber, TicketSecret};

/// Most tickets that can be open at once.
const MAX_OPEN: usize = 200;
/// Most hosts whose keys are kept; the oldest are forgotten first.
const MAX_HOSTS: usize = 500;
/// Most tries of one ticket that can be under way at once; the oldest are forgotten first.
const MAX_TRIES_UNDER_WAY: usize = 8;
/// Wrong secrets that burn a ticket. The hub counts too, but it is the one that could guess.
const MAX_WRONG: u8 = 3;
/// How long a host's key is kept, in seconds.
const KEY_LIFE_SECONDS: i64 = 7 * 24 * 3600;

#[derive(Debug)]
struct OpenTicket {
    number: TicketNumber,
    expires_unix_seconds: i64,
    wrong: u8,
    tries: BTreeMap<u64, OperatorExchange>,
}

#[derive(Debug)]
struct HostKey {
    route: TicketRoute,
    /// The ticket as it was spoken. It is used up, so it is no secret any longer, only a name.
    spoken: String,
    /// The try that was right, until the hub says which host it was.
    attempt: u64,
    host: Option<PeerId>,
    key: PairKey,
    since_unix_seconds: i64,
}

/// What a host's proof was worth.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// The host knows the digits; the console's own proof goes back.
    Right(Vec<u8>),
    Wrong,
    /// No such try; nothing is said about it.
    Unknown,
}

/// All tickets and host keys of one operator at one hub.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    open: BTreeMap<TicketRoute, OpenTicket>,
    hosts: Vec<HostKey>,
}

impl Tickets {
    /// Adds secret digits to a new route; the text is the ticket as it is spoken.
    pub(crate) fn add(
        &mut self,
        route: TicketRoute,
        random: [u8; 16],
        expires_unix_seconds: i64,
    ) -> Option<String> {
        if self.open.len() >= MAX_OPEN && !self.open.contains_key(&route) {
            return None;
        }
        let number = TicketNumber::new(route, TicketSecret::from_random(random));
        let spoken = number.to_spoken();
        let ticket = OpenTicket {
            number,
            expires_unix_seconds,
            wrong: 0,
            tries: BTreeMap::new(),
        };
        self.open.insert(route, ticket);
        Some(spoken)
    }

    /// The open tickets: route, spoken text, seconds left.
    pub(crate) fn list(&self, now_unix_seconds: i64) -> Vec<(TicketRoute, String, u32)> {
        let left = |ticket: &OpenTicket| {
            u32::try_from(ticket.expires_unix_seconds - now_unix_seconds).unwrap_or(0)
        };
        self.open
            .iter()
            .map(|(route, ticket)| (*route, ticket.number.to_spoken(), left(ticket)))
            .filter(|(_, _, left)| *left > 0)
            .collect()
    }

    /// The tickets that hosts came with, oldest first: route, spoken text, host.
    pub(crate) fn used(&self) -> Vec<(TicketRoute, String, PeerId)> {
        self.hosts
            .iter()
            .filter(|known| !known.spoken.is_empty())
            .filter_map(|known| Some((known.route, known.spoken.clone(), known.host?)))
            .collect()
    }

    /// An open ticket is good until then; whether there is such a one.
    pub(crate) fn extend(&mut self, route: TicketRoute, expires_unix_seconds: i64) -> bool {
        let ticket = self.open.get_mut(&route);
        ticket.is_some_and(|ticket| {
            ticket.expires_unix_seconds = expires_unix_seconds;
            true
        })
    }

    /// Forgets a ticket's secret; its hosts' keys stay.
    pub(crate) fn close(&mut self, route: TicketRoute) {
        self.open.remove(&route);
    }

    /// The console's half for somebody who typed a ticket; `None` if there is nothing to answer.
    pub(crate) fn answer(
        &mut self,
        route: TicketRoute,
        attempt: u64,
        half: &[u8],
        now_unix_seconds: i64,
    ) -> Option<Vec<u8>> {
        let ticket = self.open.get_mut(&route)?;
        if ticket.expires_unix_seconds <= now_unix_seconds || ticket.wrong >= MAX_WRONG {
            return None;
        }
        let (exchange, ours) = OperatorExchange::answer(&ticket.number, half).ok()?;
        ticket.tries.insert(attempt, exchange);
        while ticket.tries.len() > MAX_TRIES_UNDER_WAY {
            ticket.tries.pop_first();
        }
        Some(ours)
    }

    /// Judges a proof. A right one uses the ticket up: its secret is forgotten.
    pub(crate) fn judge(
        &mut self,
        route: TicketRoute,
        attempt: u64,
        proof: &[u8],
        now_unix_seconds: i64,
    ) -> Judgement {
        let Some(ticket) = self.open.get_mut(&route) else {
            return Judgement::Unknown;
        };
        let Some(exchange) = ticket.tries.remove(&attempt) else {
            return Judgement::Unknown;
        };
        match exchange.judge(proof) {
            Ok((key, ours)) => {
                let spoken = ticket.number.to_spoken();
                self.open.remove(&route);
                self.hosts.push(HostKey {
                    route,
                    spoken,
                    attempt,
                    host: None,
                    key,
                    since_unix_seconds: now_unix_seconds,
                });
                let beyond = self.hosts.len().saturating_sub(MAX_HOSTS);
                self.hosts.drain(..beyond);
                Judgement::Right(ours)
            }
            Err(_wrong) => {
                ticket.wrong += 1;
                if ticket.wrong >= MAX_WRONG {
                    self.open.remove(&route);
                }
                Judgement::Wrong
            }
        }
    }

    /// The hub says which host a right try was; whether there was such a try.
    pub(crate) fn settle(&mut self, route: TicketRoute, attempt: u64, host: PeerId) -> bool {
        let found = self
            .hosts
            .iter_mut()
            .rev()
            .find(|h| h.route == route && h.attempt == attempt);
        found.is_some_and(|known| {
            known.host = Some(host);
            true
        })
    }

    /// A right try whose key nobody needs: the host has one already. Whether there was such a try.
    pub(crate) fn forget_try(&mut self, route: TicketRoute, attempt: u64) -> bool {
        let before = self.hosts.len();
        self.hosts
            .retain(|h| h.route != route || h.attempt != attempt);
        self.hosts.len() < before
    }

    /// A host that was not met stands in the list with `route`. Where the word that it was the right try
    /// got lost, this tells; whether it did.
    pub(crate) fn settle_late(&mut self, route: TicketRoute, host: PeerId) -> bool {
        let mut known = self.hosts.iter_mut().rev();
        let found = known.find(|h| h.route == route && h.host.is_none());
        found.is_some_and(|known| {
            known.host = Some(host);
            true
        })
    }

    /// The key of a host.
    pub(crate) fn key_of(&self, host: PeerId) -> Option<PairKey> {
        let mut known = self.hosts.iter().rev();
        let found = known.find(|known| known.host == Some(host));
        found.map(|known| known.key.clone())
    }

    /// What is to be kept on disk.
    pub(crate) fn to_kept(&self) -> KeptTickets {
        KeptTickets {
            open: self
                .open
                .values()
                .map(|ticket| KeptTicket {
                    ticket: ticket.number.to_spoken(),
                    expires_unix_seconds: ticket.expires_unix_seconds,
                    wrong: ticket.wrong,
                })
                .collect(),
            hosts: self
                .hosts
                .iter()
                .map(|known| KeptHost {
                    route: known.route,
                    ticket: known.spoken.clone(),
                    attempt: known.attempt,
                    host: known.host,
                    key: KeptKey(known.key.to_bytes()),
                    since_unix_seconds: known.since_unix_seconds,
                })
                .collect(),
        }
    }

    /// What was kept and has not expired.
    pub(crate) fn from_kept(kept: KeptTickets, now_unix_seconds: i64) -> Self {
        let mut tickets = Self::default();
        for kept in kept.open.into_iter().take(MAX_OPEN) {
            let Ok(number) = TicketNumber::parse(&kept.ticket) else {
                continue;
            };
            if kept.expires_unix_seconds > now_unix_seconds && kept.wrong < MAX_WRONG {
                let ticket = OpenTicket {
                    expires_unix_seconds: kept.expires_unix_seconds,
                    wrong: kept.wrong,
                    tries: BTreeMap::new(),
                    number,
                };
                tickets.open.insert(ticket.number.route(), ticket);
            }
        }
        let fresh = |known: &KeptHost| {
            known.since_unix_seconds.saturating_add(KEY_LIFE_SECONDS) > now_unix_seconds
        };
        let hosts = kept.hosts.into_iter().filter(fresh).map(|known| HostKey {
            route: known.route,
            spoken: known.ticket,
            attempt: known.attempt,
            host: known.host,
            key: PairKey::from_bytes(known.key.0),
            since_unix_seconds: known.since_unix_seconds,
        });
        tickets.hosts = hosts.take(MAX_HOSTS).collect();
        tickets
    }
}

/// A console's tickets and keys as they lie on disk.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct KeptTickets {
    open: Vec<KeptTicket>,
    hosts: Vec<KeptHost>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptTicket {
    ticket: String,
    expires_unix_seconds: i64,
    wrong: u8,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptHost {
    route: TicketRoute,
    #[serde(default)]
    ticket: String,
    attempt: u64,
    host: Option<PeerId>,
    key: KeptKey,
    since_unix_seconds: i64,
}

#[derive(Serialize, Deserialize)]
struct KeptKey([u8; 32]);

impl std::fmt::Debug for KeptKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::HostExchange;

    fn route() -> TicketRoute {
        TicketRoute::new(4_829).expect("four digits")
    }

    fn one_open() -> (Tickets, String) {
        let mut tickets = Tickets::default();
        let spoken = tickets.add(route(), [9; 16], 100).expect("room");
        (tickets, spoken)
    }

    /// Types `spoken` as try `attempt`; what the console thought of it, and the host's key if any.
    fn type_in(tickets: &mut Tickets, spoken: &str, attempt: u64) -> (Judgement, Option<PairKey>) {
        let number = TicketNumber::parse(spoken).expect("ten digits");
        let (host, half) = HostExchange::start(&number);
        let Some(answer) = tickets.answer(number.route(), attempt, &half, 0) else {
            return (Judgement::Unknown, None);
        };
        let (host, proof) = host.answer(&answer).expect("well formed");
        let judgement = tickets.judge(number.route(), attempt, &proof, 0);
        let key = match &judgement {
            Judgement::Right(ours) => Some(host.finish(ours).expect("same secret")),
            Judgement::Wrong | Judgement::Unknown => None,
        };
        (judgement, key)
    }

    /// The ticket with another last digit.
    fn guessed(spoken: &str) -> String {
        let (front, last) = spoken.split_at(spoken.len() - 1);
        let last = (last.parse::<u8>().expect("a digit") + 1) % 10;
        format!("{front}{last}")
    }

    #[test]
    fn h1_a_ticket_is_good_once_and_gives_its_host_a_key() {
        let (mut tickets, spoken) = one_open();
        let (_, key) = type_in(&mut tickets, &spoken, 1);
        assert!(tickets.settle(route(), 1, PeerId([5; 16])));
        let ours = tickets.key_of(PeerId([5; 16])).expect("kept");
        assert_eq!(key.expect("right").to_bytes(), ours.to_bytes());
        assert_eq!(type_in(&mut tickets, &spoken, 2).0, Judgement::Unknown);
    }

    #[test]
    fn h1_three_wrong_secrets_burn_a_ticket_whatever_the_hub_says() {
        let (mut tickets, spoken) = one_open();
        for attempt in 1..=3 {
            let (judgement, _) = type_in(&mut tickets, &guessed(&spoken), attempt);
            assert_eq!(judgement, Judgement::Wrong);
        }
        assert_eq!(type_in(&mut tickets, &spoken, 4).0, Judgement::Unknown);
    }

    #[test]
    fn a_console_that_was_killed_still_serves_its_tickets_and_hosts() {
        let (mut tickets, spoken) = one_open();
        let (_, first_key) = type_in(&mut tickets, &spoken, 1);
        assert!(tickets.settle(route(), 1, PeerId([5; 16])));
        let other = TicketRoute::new(7).expect("four digits");
        let spoken = tickets.add(other, [3; 16], 100).expect("room");

        let disk = serde_json::to_vec(&tickets.to_kept()).expect("serialises");
        let kept = serde_json::from_slice(&disk).expect("parses");
        let mut tickets = Tickets::from_kept(kept, 50);
        assert_eq!(tickets.used().len(), 1);
        assert_eq!(tickets.list(50), [(other, spoken.clone(), 50)]);
        assert!(matches!(
            type_in(&mut tickets, &spoken, 2).0,
            Judgement::Right(_)
        ));
        let ours = tickets.key_of(PeerId([5; 16])).expect("kept");
        assert_eq!(first_key.expect("right").to_bytes(), ours.to_bytes());
    }

    #[test]
    fn tickets_expire_and_old_keys_are_forgotten() {
        let (mut tickets, spoken) = one_open();
        let (_, half) = HostExchange::start(&TicketNumber::parse(&spoken).expect("digits"));
        assert_eq!(tickets.answer(route(), 1, &half, 100), None);
        type_in(&mut tickets, &spoken, 2);
        tickets.settle(route(), 2, PeerId([5; 16]));
        let tickets = Tickets::from_kept(tickets.to_kept(), KEY_LIFE_SECONDS + 1);
        assert!(tickets.key_of(PeerId([5; 16])).is_none());
    }

    #[test]
    fn nonsense_from_the_hub_is_not_answered() {
        let (mut tickets, _) = one_open();
        assert_eq!(tickets.answer(route(), 1, &[0; 7], 0), None);
        assert_eq!(tickets.judge(route(), 9, &[], 0), Judgement::Unknown);
        assert!(!tickets.settle(route(), 9, PeerId([1; 16])));
        for attempt in 0..100 {
            let number = TicketNumber::parse("482 913 0000").expect("digits");
            tickets.answer(route(), attempt, &HostExchange::start(&number).1, 0);
        }
        let tries = tickets.open[&route()].tries.len();
        assert_eq!(tries, MAX_TRIES_UNDER_WAY);
    }
}
