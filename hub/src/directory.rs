//! Who is here, whose ticket leads where, and who is in session with whom.
//!
//! A pure state machine: it takes what happened and the time, and answers with [`Effect`]s for the
//! [`registry`](crate::registry) to carry out in their order. It knows no socket, disk or clock.
//! Everything a peer may do is decided here (B2); what makes no sense in the peer's state is
//! answered with [`Effect::Cut`].

mod presence;
mod sessions;
mod tickets;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use protocol::control::{ChatText, Name};
use protocol::{
    ChatAuthor, ChatLine, EndedBy, EntryId, HostToHub, HubToHost, HubToOperator, OperatorToHub,
    Refusal, RefusalCode, Rights, SessionId, TicketRoute,
};

use crate::catalogue::{AccountId, Change, StoredTicket, What};
use crate::clock::Moment;
use crate::throttle::{Neighbour, Window};

pub(crate) use tickets::TICKET_MEMORY;

use sessions::Session;
use tickets::{Attempt, Ticket};

/// How many sessions that are over a peer may still speak of, because its message was under way.
const PAST_SESSIONS: usize = 16;

/// One connection, for as long as the hub runs; also the number of its row in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

impl std::fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<ConnectionId> for EntryId {
    fn from(id: ConnectionId) -> Self {
        Self(id.0)
    }
}

impl From<EntryId> for ConnectionId {
    fn from(id: EntryId) -> Self {
        Self(id.0)
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// The peer left in good order.
    GoodOrder,
    /// The peer is out of reach, or was cut off.
    Lost,
}

/// What the registry has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    ToHost(ConnectionId, HubToHost),
    ToOperator(ConnectionId, HubToOperator),
    /// Say goodbye, then close.
    Dismiss(ConnectionId, Refusal),
    /// Close at once: the peer breaks the protocol.
    Cut(ConnectionId, Refusal),
    /// Store a change.
    Record(Change),
    /// Store a new ticket, then call [`Directory::ticket_stored`].
    StoreTicket {
        operator: ConnectionId,
        route: TicketRoute,
        change: Change,
    },
    /// Open the film of a session, later call [`Directory::film_opened`].
    OpenFilm(FilmOrder),
    /// Nobody waits for this film any more; nothing was seen in it.
    DiscardFilm(SessionId),
    /// Store the session and its report, then call [`Directory::session_stored`].
    StoreSession {
        session: SessionId,
        change: Change,
    },
    /// Let the streams of the session flow.
    StartRelay {
        session: SessionId,
        host: ConnectionId,
        operator: ConnectionId,
        rights: Rights,
    },
    ChangeRights {
        session: SessionId,
        rights: Rights,
    },
    /// Put a line of chat on the film's time line.
    FilmChat {
        session: SessionId,
        line: ChatLine,
    },
    /// Stop the streams and finish the film.
    EndRelay {
        session: SessionId,
        by: EndedBy,
    },
}

/// Which film to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilmOrder {
    pub(crate) session: SessionId,
    pub(crate) operator: String,
    pub(crate) requester: String,
    pub(crate) host: String,
    pub(crate) ticket: TicketRoute,
    pub(crate) started_unix_millis: i64,
    pub(crate) rights: Rights,
}

/// Times that an administrator may set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) ticket_validity: Duration,
    /// How long the console has to answer for a typed ticket.
    pub(crate) attempt: Duration,
    /// How long the user has to answer the question.
    pub(crate) consent: Duration,
}

struct OperatorPeer {
    account: AccountId,
    /// The name for the audit log.
    login: String,
    display_name: Name,
    since_unix_seconds: i64,
    past_sessions: VecDeque<SessionId>,
}

struct HostPeer {
    neighbour: Neighbour,
    stage: HostStage,
    past_sessions: VecDeque<SessionId>,
    /// The host was told that its attempt is over while its proof may be under way.
    late_proof: bool,
}

enum HostStage {
    /// No ticket typed, or not a good one.
    Idle,
    /// Waits for the console; the number of its attempt.
    Trying(u64),
    /// Stands in the list.
    Accepted(AcceptedHost),
}

#[derive(Clone)]
struct AcceptedHost {
    owner: AccountId,
    computer: Name,
    user: Name,
    system: Name,
    route: TicketRoute,
    since_unix_seconds: i64,
    session: Option<SessionId>,
    in_session_with: Option<Name>,
}

/// The state of the desk.
pub(crate) struct Directory {
    times: Times,
    operators: BTreeMap<ConnectionId, OperatorPeer>,
    hosts: BTreeMap<ConnectionId, HostPeer>,
    tickets: BTreeMap<TicketRoute, Ticket>,
    attempts: BTreeMap<u64, Attempt>,
    last_attempt: u64,
    sessions: BTreeMap<SessionId, Session>,
    last_session: SessionId,
    wrong_by_neighbour: Window<Neighbour>,
    wrong_by_all: Window<()>,
    effects: Vec<Effect>,
}

/// The peer broke the protocol.
struct OutOfPlace;

impl Directory {
    /// A desk with nobody at it, and what is left from before.
    pub(crate) fn new(times: Times, last_session: SessionId, tickets: Vec<StoredTicket>) -> Self {
        let minute = Duration::from_mins(1);
        Self {
            times,
            operators: BTreeMap::new(),
            hosts: BTreeMap::new(),
            tickets: tickets
                .into_iter()
                .map(|stored| (stored.route, Ticket::from(stored)))
                .collect(),
            attempts: BTreeMap::new(),
            last_attempt: 0,
            sessions: BTreeMap::new(),
            last_session,
            wrong_by_neighbour: Window::new(10, minute),
            wrong_by_all: Window::new(100, minute),
            effects: Vec::new(),
        }
    }

    /// What is to be done since this was last asked.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// A host said something.
    pub(crate) fn host_said(&mut self, id: ConnectionId, message: HostToHub, now: Moment) {
        if !self.hosts.contains_key(&id) {
            return;
        }
        let done = match message {
            HostToHub::OpenTicket {
                route,
                computer,
                user,
                system,
                exchange,
            } => {
                let person = tickets::Introduction {
                    computer,
                    user,
                    system,
                };
                self.open_ticket(id, route, person, exchange, now)
            }
            HostToHub::ConfirmTicket { proof } => self.confirm_ticket(id, proof),
            HostToHub::AnswerConsent {
                session,
                granted,
                nonce,
            } => self.answer_consent(id, session, granted, nonce, now),
            HostToHub::ReduceRights { session, rights } => self.reduce_rights(id, session, rights),
            HostToHub::EndSession { session } => self.host_ends_session(id, session, now),
            HostToHub::Chat { text } => self.host_chats(id, text, now),
            HostToHub::Leave => Ok(()),
        };
        self.cut_unless(&done, id);
    }

    /// An operator said something; log-in and reports are not the directory's business.
    pub(crate) fn operator_said(
        &mut self,
        id: ConnectionId,
        message: OperatorToHub,
        random: [u8; 16],
        now: Moment,
    ) {
        if !self.operators.contains_key(&id) {
            return;
        }
        let done = match message {
            OperatorToHub::GenerateTicket => self.generate_ticket(id, random, now),
            OperatorToHub::RevokeTicket { route } => self.revoke_ticket(id, route),
            OperatorToHub::AnswerTicket {
                route,
                attempt,
                exchange,
            } => self.answer_ticket(id, route, attempt, exchange),
            OperatorToHub::JudgeTicket {
                route,
                attempt,
                proof,
            } => self.judge_ticket(id, route, attempt, proof, now),
            OperatorToHub::StartSession { host, asked, nonce } => {
                self.start_session(id, host.into(), asked, nonce, now)
            }
            OperatorToHub::EndSession { session } => self.operator_ends_session(id, session, now),
            OperatorToHub::DisconnectHost { host } => self.disconnect_host(id, host.into(), now),
            OperatorToHub::Chat { host, text } => self.operator_chats(id, host.into(), text, now),
            OperatorToHub::LogOut => Ok(()),
            OperatorToHub::LogIn { .. }
            | OperatorToHub::SaveReport { .. }
            | OperatorToHub::ListDrafts => Err(OutOfPlace),
        };
        self.cut_unless(&done, id);
    }

    /// Time went by; call it about once a second.
    pub(crate) fn tick(&mut self, now: Moment) {
        self.expire_tickets(now);
        self.time_out_attempts(now);
        self.time_out_questions(now);
    }

    /// The hub goes down: every session ends and everybody is dismissed.
    pub(crate) fn stop(&mut self, now: Moment) {
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            self.end_session(session, EndedBy::HubStopped, now);
        }
        let everybody = self.operators.keys().chain(self.hosts.keys()).copied();
        let goodbye = |id| Effect::Dismiss(id, RefusalCode::SHUTTING_DOWN.into());
        self.effects.extend(everybody.map(goodbye));
    }

    fn host_chats(
        &mut self,
        id: ConnectionId,
        text: ChatText,
        now: Moment,
    ) -> Result<(), OutOfPlace> {
        let host = self.accepted(id).ok_or(OutOfPlace)?;
        let line = ChatLine {
            author: ChatAuthor::User,
            name: host.user.clone(),
            at_unix_seconds: now.unix_seconds(),
            text,
        };
        self.relay_chat(id, line);
        Ok(())
    }

    fn operator_chats(
        &mut self,
        id: ConnectionId,
        host: ConnectionId,
        text: ChatText,
        now: Moment,
    ) -> Result<(), OutOfPlace> {
        let operator = self.operators.get(&id).ok_or(OutOfPlace)?;
        let Some(accepted) = self.accepted(host) else {
            // it left while the line was under way
            return Ok(());
        };
        if accepted.owner != operator.account {
            return Err(OutOfPlace);
        }
        let line = ChatLine {
            author: ChatAuthor::Operator,
            name: operator.display_name.clone(),
            at_unix_seconds: now.unix_seconds(),
            text,
        };
        self.effects
            .push(Effect::ToHost(host, HubToHost::Chat { line: line.clone() }));
        self.relay_chat(host, line);
        Ok(())
    }

    /// Gives a line of the chat with `host` to its operator, whoever wrote it, and to the film.
    fn relay_chat(&mut self, host: ConnectionId, line: ChatLine) {
        let Some(accepted) = self.accepted(host) else {
            return;
        };
        let owner = accepted.owner;
        if let Some(session) = accepted.session.filter(|id| self.is_running(*id)) {
            let line = line.clone();
            self.effects.push(Effect::FilmChat { session, line });
        }
        if let Some(operator) = self.operator_of(owner) {
            let host = host.into();
            self.tell_operator(operator, HubToOperator::Chat { host, line });
        }
    }

    fn accepted(&self, host: ConnectionId) -> Option<&AcceptedHost> {
        match &self.hosts.get(&host)?.stage {
            HostStage::Accepted(accepted) => Some(accepted),
            HostStage::Idle | HostStage::Trying(_) => None,
        }
    }

    fn accepted_mut(&mut self, host: ConnectionId) -> Option<&mut AcceptedHost> {
        match &mut self.hosts.get_mut(&host)?.stage {
            HostStage::Accepted(accepted) => Some(accepted),
            HostStage::Idle | HostStage::Trying(_) => None,
        }
    }

    /// The connection over which `account` is logged in.
    fn operator_of(&self, account: AccountId) -> Option<ConnectionId> {
        let mut operators = self.operators.iter();
        operators
            .find(|(_, o)| o.account == account)
            .map(|(id, _)| *id)
    }

    fn tell_operator(&mut self, id: ConnectionId, message: HubToOperator) {
        self.effects.push(Effect::ToOperator(id, message));
    }

    fn tell_host(&mut self, id: ConnectionId, message: HubToHost) {
        self.effects.push(Effect::ToHost(id, message));
    }

    /// Stores what the hub itself did.
    pub(crate) fn record_as_hub(&mut self, what: What) {
        let actor = "hub".to_owned();
        self.effects.push(Effect::Record(Change { actor, what }));
    }

    fn cut_unless(&mut self, done: &Result<(), OutOfPlace>, id: ConnectionId) {
        if done.is_err() {
            let refusal = RefusalCode::OUT_OF_PLACE.into();
            self.effects.push(Effect::Cut(id, refusal));
        }
    }
}

fn remember(past: &mut VecDeque<SessionId>, session: SessionId) {
    if past.len() == PAST_SESSIONS {
        past.pop_front();
    }
    past.push_back(session);
}

#[cfg(test)]
mod tests;
