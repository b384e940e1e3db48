//! Tickets, and the key exchange over them that the hub only carries (H1).

use std::time::Duration;

use bytes::Bytes;
use protocol::control::Name;
use protocol::limits::MAX_EXCHANGE_BYTES;
use protocol::{
    Hindrances, HubToHost, HubToOperator, PeerId, Refusal, RefusalCode, ResumeSecret, TicketRoute,
    TicketState,
};

use super::records::{AccountId, Actor, Change, StoredTicket, What};
use super::resume::hash;
use super::{
    AcceptedHost, Directory, Effect, Fault, FilmedLines, HostStage, Moment, OutOfPlace, Owner,
};
use crate::authority::{Action, Denied, Object};
use crate::throttle::throttled;

/// Wrong secrets that burn a ticket.
const WRONG_SECRETS: u32 = 3;
/// Hosts that may try one ticket at the same time.
const ATTEMPTS_PER_TICKET: usize = 4;
/// Open tickets that one operator may have.
const OPEN_TICKETS_PER_OPERATOR: usize = 50;
/// Tickets that one operator may make in an hour. With the above and [`TICKET_MEMORY`], no operator
/// ever holds more than 170 of the 10,000 routes.
pub(super) const TICKETS_PER_HOUR: u32 = 60;
/// How long a ticket that is over is told apart from one that never was.
pub const TICKET_MEMORY: Duration = Duration::from_mins(10);

pub(super) struct Ticket {
    owner: AccountId,
    state: TicketState,
    wrong_secrets: u32,
    expires_unix_millis: i64,
    /// When it was first seen closed, in time since the hub started.
    over_since: Option<Duration>,
}

impl From<&StoredTicket> for Ticket {
    fn from(stored: &StoredTicket) -> Self {
        Self {
            owner: stored.owner,
            state: stored.state,
            wrong_secrets: stored.wrong_secrets,
            expires_unix_millis: stored.expires_unix_millis,
            // one that was over before the hub started is remembered from its start
            over_since: (stored.state != TicketState::Open).then_some(Duration::ZERO),
        }
    }
}

/// One try of one host on one ticket.
pub(super) struct Attempt {
    route: TicketRoute,
    owner: AccountId,
    host: PeerId,
    person: Introduction,
    stage: AttemptStage,
    /// In time since the hub started.
    deadline: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AttemptStage {
    /// Waits for the console's half.
    Answer,
    /// Waits for the host's proof.
    Proof,
    /// Waits for the console's judgement.
    Judgement,
}

/// How the host introduced itself.
pub(super) struct Introduction {
    pub(super) computer: Name,
    pub(super) user: Name,
    pub(super) system: Name,
}

impl Directory {
    pub(super) fn generate_ticket(
        &mut self,
        id: PeerId,
        random: [u8; 32],
        now: Moment,
    ) -> Result<(), Fault> {
        self.check(id, Action::MakeTicket, Object::Hub)?;
        let operator = self.operators.get(&id).ok_or(OutOfPlace)?;
        let owner = operator.who.account;
        let actor = Actor::Account(operator.who.login.clone());
        let is_own = |t: &&Ticket| t.owner == owner && t.state == TicketState::Open;
        let open = self.tickets.values().filter(is_own).count();
        if let Some(wait) = self.made.wait(&owner, now.since_start) {
            let refusal = throttled(wait);
            self.tell_operator(id, HubToOperator::TicketRefused { refusal });
            return Ok(());
        }
        let free = self.free_route(&random);
        let Some(route) = free.filter(|_| open < OPEN_TICKETS_PER_OPERATOR) else {
            let refusal = RefusalCode::FULL.into();
            self.tell_operator(id, HubToOperator::TicketRefused { refusal });
            return Ok(());
        };
        let validity = self.policy.ticket_validity.as_millis();
        let validity = i64::try_from(validity).expect("a day's milliseconds fit");
        let expires_unix_millis = now.unix_millis.saturating_add(validity);
        let ticket = Ticket {
            owner,
            state: TicketState::Open,
            wrong_secrets: 0,
            expires_unix_millis,
            over_since: None,
        };
        self.tickets.insert(route, ticket);
        self.made.count(owner, now.since_start);
        let what = What::TicketCreated {
            route,
            owner,
            expires_unix_millis,
        };
        self.effects.push(Effect::StoreTicket {
            operator: id,
            route,
            change: Change { actor, what },
        });
        Ok(())
    }

    /// An open ticket is good for as long again as a new one. It counts as one that was made: nobody keeps
    /// tickets open any faster than that.
    pub(super) fn extend_ticket(
        &mut self,
        id: PeerId,
        route: TicketRoute,
        now: Moment,
    ) -> Result<(), Fault> {
        self.check(id, Action::MakeTicket, Object::Hub)?;
        let operator = self.operators.get(&id).ok_or(OutOfPlace)?;
        let owner = operator.who.account;
        let actor = Actor::Account(operator.who.login.clone());
        let own = self.ticket_of(id, Action::RevokeTicket, route);
        let Some((state, before)) = own.map(|t| (t.state, t.expires_unix_millis)) else {
            if self.tickets.contains_key(&route) {
                self.note_denied(id, Action::RevokeTicket, Denied::NotTheirs);
            }
            let refusal = RefusalCode::TICKET_WRONG.into();
            self.tell_operator(id, HubToOperator::TicketRefused { refusal });
            return Ok(());
        };
        if state != TicketState::Open || before <= now.unix_millis {
            let state = if state == TicketState::Open {
                TicketState::Expired
            } else {
                state
            };
            self.tell_operator(id, HubToOperator::TicketChanged { route, state });
            return Ok(());
        }
        if let Some(wait) = self.made.wait(&owner, now.since_start) {
            let refusal = throttled(wait);
            self.tell_operator(id, HubToOperator::TicketRefused { refusal });
            return Ok(());
        }
        self.made.count(owner, now.since_start);
        let validity = self.policy.ticket_validity.as_millis();
        let validity = i64::try_from(validity).expect("a day's milliseconds fit");
        // the administrator may have shortened it meanwhile
        let expires_unix_millis = before.max(now.unix_millis.saturating_add(validity));
        if let Some(ticket) = self.tickets.get_mut(&route) {
            ticket.expires_unix_millis = expires_unix_millis;
        }
        let what = What::TicketExtended {
            route,
            expires_unix_millis,
        };
        self.effects.push(Effect::Record(Change { actor, what }));
        let left = expires_unix_millis.saturating_sub(now.unix_millis) / 1000;
        let valid_seconds = u32::try_from(left).unwrap_or(u32::MAX);
        let extended = HubToOperator::TicketExtended {
            route,
            valid_seconds,
        };
        self.tell_operator(id, extended);
        Ok(())
    }

    /// The new ticket is stored, or cannot be.
    pub fn ticket_stored(&mut self, id: PeerId, route: TicketRoute, stored: bool) {
        let message = if stored {
            let valid = self.policy.ticket_validity.as_secs();
            HubToOperator::TicketGenerated {
                route,
                valid_seconds: u32::try_from(valid).unwrap_or(u32::MAX),
            }
        } else {
            self.tickets.remove(&route);
            let refusal = RefusalCode::INTERNAL.into();
            HubToOperator::TicketRefused { refusal }
        };
        self.tell_operator(id, message);
    }

    /// The withdrawal is stored, or cannot be: the ticket is not good in either case while this hub
    /// runs.
    pub fn ticket_revoked(&mut self, id: PeerId, route: TicketRoute, stored: bool) {
        let message = if stored {
            let state = TicketState::Revoked;
            HubToOperator::TicketChanged { route, state }
        } else {
            let refusal = RefusalCode::INTERNAL.into();
            HubToOperator::TicketRefused { refusal }
        };
        self.tell_operator(id, message);
    }

    /// A route that no ticket has, nor had until lately.
    fn free_route(&self, random: &[u8; 32]) -> Option<TicketRoute> {
        let random = u128::from_le_bytes(*random.first_chunk().expect("16 of 32 bytes"));
        let number = random % u128::from(TicketRoute::COUNT);
        let start = u32::try_from(number).expect("a number below 10 000 fits");
        // a step without a common divisor with the count visits every route
        let candidates = (0..TicketRoute::COUNT).map(|i| (start + i * 7_919) % TicketRoute::COUNT);
        candidates
            .filter_map(TicketRoute::new)
            .find(|route| !self.tickets.contains_key(route))
    }

    pub(super) fn revoke_ticket(&mut self, id: PeerId, route: TicketRoute) -> Result<(), Fault> {
        let operator = self.operators.get(&id).ok_or(OutOfPlace)?;
        let actor = Actor::Account(operator.who.login.clone());
        let own = self.ticket_of(id, Action::RevokeTicket, route);
        match own.map(|t| t.state) {
            Some(TicketState::Open) => {
                if let Some(ticket) = self.tickets.get_mut(&route) {
                    ticket.state = TicketState::Revoked;
                }
                let state = TicketState::Revoked;
                let what = What::TicketClosed { route, state };
                self.effects.push(Effect::StoreRevocation {
                    operator: id,
                    route,
                    change: Change { actor, what },
                });
                let of_ticket = |attempt: &Attempt| attempt.route == route;
                self.refuse_attempts(of_ticket, RefusalCode::TICKET_BURNT.into());
            }
            Some(state) => self.tell_operator(id, HubToOperator::TicketChanged { route, state }),
            None => {
                if self.tickets.contains_key(&route) {
                    self.note_denied(id, Action::RevokeTicket, Denied::NotTheirs);
                }
                let refusal = RefusalCode::TICKET_WRONG.into();
                self.tell_operator(id, HubToOperator::TicketRefused { refusal });
            }
        }
        Ok(())
    }

    /// Ends an open ticket, stores it and tells its owner; who tries it just now is refused.
    fn close_ticket(&mut self, route: TicketRoute, state: TicketState, actor: Actor) {
        let Some(ticket) = self.tickets.get_mut(&route) else {
            return;
        };
        ticket.state = state;
        let owner = ticket.owner;
        let what = What::TicketClosed { route, state };
        self.effects.push(Effect::Record(Change { actor, what }));
        if let Some(operator) = self.present_operator_of(owner) {
            self.tell_operator(operator, HubToOperator::TicketChanged { route, state });
        }
        if let Some(code) = over(state) {
            let of_ticket = |attempt: &Attempt| attempt.route == route;
            self.refuse_attempts(of_ticket, code.into());
        }
    }

    pub(super) fn open_ticket(
        &mut self,
        id: PeerId,
        route: TicketRoute,
        person: Introduction,
        exchange: Bytes,
        now: Moment,
    ) -> Result<(), Fault> {
        let peer = self.hosts.get_mut(&id).ok_or(OutOfPlace)?;
        let may_come = match &peer.stage {
            HostStage::Idle => true,
            // with a colleague's ticket
            HostStage::Accepted(host) => host.trying.is_none(),
            HostStage::Trying(_) => false,
        };
        if !may_come || exchange.len() > MAX_EXCHANGE_BYTES {
            return Err(OutOfPlace);
        }
        peer.late_proof = false;
        match self.may_try(route, now) {
            Ok((owner, operator)) => {
                self.last_attempt += 1;
                let attempt = self.last_attempt;
                let message = HubToOperator::TicketOpened {
                    route,
                    attempt,
                    exchange,
                };
                self.attempts.insert(
                    attempt,
                    Attempt {
                        route,
                        owner,
                        host: id,
                        person,
                        stage: AttemptStage::Answer,
                        deadline: now.since_start + self.policy.attempt,
                    },
                );
                if let Some(peer) = self.hosts.get_mut(&id) {
                    peer.stage.tries(Some(attempt));
                }
                self.tell_operator(operator, message);
            }
            Err(refusal) => {
                self.tell_host(id, HubToHost::TicketRefused { refusal });
            }
        }
        Ok(())
    }

    /// Whether `route` may be tried, and who answers for the ticket.
    fn may_try(&self, route: TicketRoute, now: Moment) -> Result<(AccountId, PeerId), Refusal> {
        let ticket = self
            .tickets
            .get(&route)
            .ok_or(Refusal::new(RefusalCode::TICKET_WRONG))?;
        if let Some(code) = over(ticket.state) {
            return Err(code.into());
        }
        if ticket.expires_unix_millis <= now.unix_millis {
            return Err(RefusalCode::TICKET_EXPIRED.into());
        }
        let operator = self
            .present_operator_of(ticket.owner)
            .ok_or(Refusal::new(RefusalCode::OPERATOR_AWAY))?;
        let others = self.attempts.values().filter(|a| a.route == route).count();
        if others >= ATTEMPTS_PER_TICKET {
            return Err(throttled(self.policy.attempt));
        }
        Ok((ticket.owner, operator))
    }

    pub(super) fn answer_ticket(
        &mut self,
        id: PeerId,
        route: TicketRoute,
        attempt: u64,
        exchange: Bytes,
    ) -> Result<(), Fault> {
        let operator = self.operators.get(&id).ok_or(OutOfPlace)?;
        let name = operator.who.display_name.clone();
        if exchange.len() > MAX_EXCHANGE_BYTES {
            return Err(OutOfPlace);
        }
        if !self.attempts.contains_key(&attempt) {
            return self.is_over(attempt);
        }
        let found = self.own_attempt(id, route, attempt)?;
        if found.stage != AttemptStage::Answer {
            return Err(OutOfPlace);
        }
        found.stage = AttemptStage::Proof;
        let host = found.host;
        self.tell_host(
            host,
            HubToHost::TicketAnswered {
                operator: name,
                exchange,
            },
        );
        Ok(())
    }

    pub(super) fn confirm_ticket(&mut self, id: PeerId, proof: Bytes) -> Result<(), Fault> {
        let peer = self.hosts.get_mut(&id).ok_or(OutOfPlace)?;
        if proof.len() > MAX_EXCHANGE_BYTES {
            return Err(OutOfPlace);
        }
        let Some(attempt) = peer.stage.attempt() else {
            let was_under_way = std::mem::take(&mut peer.late_proof);
            return if was_under_way {
                Ok(())
            } else {
                Err(OutOfPlace)
            };
        };
        let found = self.attempts.get_mut(&attempt).ok_or(OutOfPlace)?;
        if found.stage != AttemptStage::Proof {
            return Err(OutOfPlace);
        }
        found.stage = AttemptStage::Judgement;
        let (route, owner) = (found.route, found.owner);
        if let Some(operator) = self.present_operator_of(owner) {
            let message = HubToOperator::TicketProof {
                route,
                attempt,
                proof,
            };
            self.tell_operator(operator, message);
        }
        Ok(())
    }

    pub(super) fn judge_ticket(
        &mut self,
        id: PeerId,
        route: TicketRoute,
        attempt: u64,
        proof: Option<Bytes>,
        random: [u8; 32],
        now: Moment,
    ) -> Result<(), Fault> {
        if proof.as_ref().is_some_and(|p| p.len() > MAX_EXCHANGE_BYTES) {
            return Err(OutOfPlace);
        }
        if !self.attempts.contains_key(&attempt) {
            self.is_over(attempt)?;
            let own = self.ticket_of(id, Action::AnswerTicket, route);
            if proof.is_none() && own.is_some_and(|t| t.state == TicketState::Open) {
                // the guesser hung up, or the console was slow; a wrong guess it was
                self.count_wrong_secret(route);
            }
            return Ok(());
        }
        let stage = self.own_attempt(id, route, attempt)?.stage;
        let Some(proof) = proof else {
            // also before any proof: the host's half was nonsense
            self.judged_wrong(attempt);
            return Ok(());
        };
        if stage != AttemptStage::Judgement {
            return Err(OutOfPlace);
        }
        let Some(found) = self.attempts.remove(&attempt) else {
            return Ok(());
        };
        let host = found.host;
        let mut admission = self.admission(host, random);
        let Some(peer) = self.hosts.get_mut(&host) else {
            return Ok(());
        };
        if let HostStage::Accepted(accepted) = &mut peer.stage {
            // it has its place, and keeps the secret that it has: this message may be lost, and it
            // could not come back then; one more may ask to be let in
            accepted.trying = None;
            admission.secret = ResumeSecret([0; 32]);
            let mut owners = accepted.owners.iter_mut();
            match owners.find(|known| known.account == found.owner) {
                Some(known) => known.route = Some(route),
                None => accepted.owners.push(Owner::new((found.owner, Some(route)))),
            }
        } else {
            let accepted = AcceptedHost {
                owners: vec![Owner::new((found.owner, Some(route)))],
                computer: found.person.computer,
                user: found.person.user,
                system: found.person.system,
                since_unix_seconds: now.unix_seconds(),
                secret: hash(&admission.secret),
                away: None,
                trying: None,
                session: None,
                filmed: FilmedLines::default(),
                hindrances: Hindrances::NONE,
                opened: None,
                shown: None,
            };
            peer.stage = HostStage::Accepted(Box::new(accepted));
        }
        let HostStage::Accepted(accepted) = &peer.stage else {
            return Ok(()); // cannot be
        };
        let actor = Actor::Host(accepted.computer.to_string());
        let stored = accepted.stored(host);
        let what = What::HostAdmitted(stored);
        let admitted = Change {
            actor: actor.clone(),
            what,
        };
        self.effects.push(Effect::Record(admitted));
        self.close_ticket(route, TicketState::Used, actor);
        self.tell_host(host, HubToHost::TicketAccepted { proof, admission });
        self.announce(host, None);
        let settled = HubToOperator::TicketSettled {
            route,
            attempt,
            host,
        };
        self.tell_operator(id, settled);
        Ok(())
    }

    fn judged_wrong(&mut self, attempt: u64) {
        let Some(found) = self.attempts.remove(&attempt) else {
            return;
        };
        let refusal = RefusalCode::TICKET_WRONG.into();
        if let Some(peer) = self.hosts.get_mut(&found.host) {
            peer.stage.tries(None);
            self.tell_host(found.host, HubToHost::TicketRefused { refusal });
        }
        self.count_wrong_secret(found.route);
    }

    fn count_wrong_secret(&mut self, route: TicketRoute) {
        let Some(ticket) = self.tickets.get_mut(&route) else {
            return;
        };
        ticket.wrong_secrets += 1;
        let wrong_secrets = ticket.wrong_secrets;
        self.effects.push(Effect::Record(Change {
            actor: Actor::Hub,
            what: What::WrongSecret {
                route,
                wrong_secrets,
            },
        }));
        if wrong_secrets >= WRONG_SECRETS {
            self.close_ticket(route, TicketState::Burnt, Actor::Hub);
        }
    }

    /// The ticket with `route`, if operator `id` may do `action` to it.
    fn ticket_of(&self, id: PeerId, action: Action, route: TicketRoute) -> Option<&Ticket> {
        let is_theirs = |ticket: &&Ticket| {
            let owner = ticket.owner;
            self.check(id, action, Object::Ticket { owner }).is_ok()
        };
        self.tickets.get(&route).filter(is_theirs)
    }

    /// The attempt on `route` that operator `id` speaks of, which there is.
    fn own_attempt(
        &mut self,
        id: PeerId,
        route: TicketRoute,
        attempt: u64,
    ) -> Result<&mut Attempt, Fault> {
        let owner = self.attempts.get(&attempt).ok_or(OutOfPlace)?.owner;
        self.check(id, Action::AnswerTicket, Object::Ticket { owner })?;
        let found = self.attempts.get_mut(&attempt);
        found.filter(|found| found.route == route).ok_or(OutOfPlace)
    }

    /// An attempt that is no more is spoken of in good faith only if it ever was.
    fn is_over(&self, attempt: u64) -> Result<(), Fault> {
        if attempt <= self.last_attempt {
            Ok(())
        } else {
            Err(OutOfPlace)
        }
    }

    /// The host is gone. If its proof is with the console, the judgement still counts.
    pub(super) fn forget_attempts_of_host(&mut self, host: PeerId) {
        self.attempts.retain(|_, attempt| attempt.host != host);
    }

    pub(super) fn refuse_attempts_of_owner(&mut self, owner: AccountId, refusal: Refusal) {
        self.refuse_attempts(|attempt| attempt.owner == owner, refusal);
    }

    pub(super) fn time_out_attempts(&mut self, now: Moment) {
        let is_late = |attempt: &Attempt| attempt.deadline <= now.since_start;
        self.refuse_attempts(is_late, RefusalCode::TIMED_OUT.into());
    }

    fn refuse_attempts(&mut self, which: impl Fn(&Attempt) -> bool, refusal: Refusal) {
        let over: Vec<u64> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| which(attempt))
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            let Some(attempt) = self.attempts.remove(&id) else {
                continue;
            };
            if let Some(peer) = self.hosts.get_mut(&attempt.host) {
                peer.stage.tries(None);
                peer.late_proof = attempt.stage == AttemptStage::Proof;
                self.tell_host(attempt.host, HubToHost::TicketRefused { refusal });
            }
        }
    }

    pub(super) fn expire_tickets(&mut self, now: Moment) {
        let late: Vec<TicketRoute> = self
            .tickets
            .iter()
            .filter(|(route, ticket)| {
                ticket.state == TicketState::Open
                    && ticket.expires_unix_millis <= now.unix_millis
                    // who typed it in time may finish
                    && !self.attempts.values().any(|a| a.route == **route)
            })
            .map(|(route, _)| *route)
            .collect();
        for route in late {
            self.close_ticket(route, TicketState::Expired, Actor::Hub);
        }
        self.tickets.retain(|_, ticket| {
            if ticket.state == TicketState::Open {
                return true;
            }
            let since = *ticket.over_since.get_or_insert(now.since_start);
            since + TICKET_MEMORY > now.since_start
        });
    }
}

impl HostStage {
    /// The attempt that is under way.
    fn attempt(&self) -> Option<u64> {
        match self {
            Self::Idle => None,
            Self::Trying(attempt) => Some(*attempt),
            Self::Accepted(host) => host.trying,
        }
    }

    fn tries(&mut self, attempt: Option<u64>) {
        match (self, attempt) {
            (Self::Accepted(host), attempt) => host.trying = attempt,
            (stage, Some(attempt)) => *stage = Self::Trying(attempt),
            (stage, None) => *stage = Self::Idle,
        }
    }
}

/// Why a ticket in this state cannot be tried, if it cannot.
fn over(state: TicketState) -> Option<RefusalCode> {
    match state {
        TicketState::Open => None,
        TicketState::Used => Some(RefusalCode::TICKET_USED),
        TicketState::Expired => Some(RefusalCode::TICKET_EXPIRED),
        TicketState::Revoked | TicketState::Burnt => Some(RefusalCode::TICKET_BURNT),
    }
}
