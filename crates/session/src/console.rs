//! The console's side of every assistance, without the network: tickets, channels to hosts, questions,
//! sessions and chat.
//!
//! What a host says counts only with that host's proof; the hub's word decides who stands in the list
//! and when a session runs or is over, which it could bring about anyway.

mod tickets;

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::control::{Admission, ChatText, Name};
use protocol::limits::{MAX_EXCHANGE_BYTES, MAX_OPERATORS};
use protocol::{
    BroughtIn, ChatAuthor, Companion, EndedBy, Entry, EntryKind, Greeting, HostState, HostWord,
    HubToOperator, OperatorToHub, OperatorWord, PeerId, Refusal, RefusalCode, ReportFacts, Rights,
    RunningSession, SessionId, TicketRoute, TicketState, Word,
};

use crate::TicketNumber;
use crate::channel::{Channel, Ends, LaneKeys, Opening, PictureKey};
use crate::chat::Chat;
use crate::exchange::PairKey;
pub use tickets::KeptTickets;
use tickets::{Judgement, Tickets};

/// Most questions and sessions at once.
const MAX_SESSIONS: usize = 64;

/// What only the outside knows.
pub struct Outside<'a> {
    pub now_unix_seconds: i64,
    /// Fills with fresh randomness.
    pub random: &'a mut dyn FnMut(&mut [u8; 32]),
}

impl std::fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside").finish_non_exhaustive()
    }
}

impl Outside<'_> {
    fn draw(&mut self) -> [u8; 32] {
        let mut random = [0; 32];
        (self.random)(&mut random);
        random
    }
}

/// What is to be done, in order.
#[derive(Debug)]
pub enum ConsoleStep {
    Send(OperatorToHub),
    Tell(ConsoleNews),
    /// [`ConsoleSide::kept_tickets`] changed and must outlive the program.
    KeepTickets,
    /// The session's streams may be opened, or opened again after a pause.
    Start(Box<Running>),
    Rights {
        session: SessionId,
        rights: Rights,
    },
    /// The line to the host is gone; the session stands.
    Pause {
        session: SessionId,
    },
    /// The session's streams end.
    Stop {
        session: SessionId,
    },
    /// The hub ends the connection for this reason.
    Goodbye(Refusal),
}

/// A session both sides agreed on.
#[derive(Debug)]
pub struct Running {
    pub session: SessionId,
    pub host: PeerId,
    pub rights: Rights,
    pub lanes: LaneKeys,
    pub picture_key: PictureKey,
    /// The last input frame that the host took; 0 at the start.
    pub input_taken: u64,
    /// Whether it goes on after a pause.
    pub resumed: bool,
}

/// Why a session did not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotStarted {
    /// The user or the hub said no.
    Refused(Refusal),
    /// This console has no key for the host: it came with a ticket of another console.
    NoKey,
    /// The operator took the question back.
    Withdrawn,
    /// The connection to the hub, or the host's, is gone.
    NotConnected,
    /// What came from the host was not what the host sent.
    Forged,
}

/// What the operator is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleNews {
    /// `spoken` is for the operator's eyes: never log it.
    TicketGenerated {
        route: TicketRoute,
        spoken: String,
        valid_seconds: u32,
    },
    TicketRefused(Refusal),
    TicketChanged {
        route: TicketRoute,
        state: TicketState,
    },
    TicketGuessed {
        route: TicketRoute,
    },
    TicketUsed {
        route: TicketRoute,
        host: PeerId,
    },
    ConsentPending {
        session: SessionId,
        host: PeerId,
    },
    SessionRefused {
        host: PeerId,
        why: NotStarted,
    },
    SessionPaused {
        session: SessionId,
    },
    SessionResumed {
        session: SessionId,
    },
    RightsChanged {
        session: SessionId,
        rights: Rights,
    },
    /// `facts` are missing where the console was away when it ended.
    SessionEnded {
        session: SessionId,
        by: EndedBy,
        facts: Option<ReportFacts>,
    },
    /// A line of chat from the host's user, or from another operator there.
    ChatReceived {
        host: PeerId,
        author: ChatAuthor,
        name: Name,
        at_unix_seconds: i64,
        text: ChatText,
    },
    /// Who sees the host's screen now, and who has keyboard and pointer.
    Company {
        session: SessionId,
        operators: Vec<Companion>,
        driver: Option<PeerId>,
    },
    /// What became of a colleague who was to be brought in.
    BroughtIn {
        session: SessionId,
        outcome: BroughtIn,
    },
    /// This operator takes part no more; the session goes on with another, who writes the report.
    SessionLeft {
        session: SessionId,
        by: EndedBy,
    },
    /// The host has heard so many more of our lines.
    ChatHeard {
        host: PeerId,
        lines: usize,
    },
    /// So many input frames came to the host too late and were not done.
    InputTooOld {
        session: SessionId,
        count: u32,
    },
    /// Something in a host's name did not come from there as it is.
    Forged {
        host: PeerId,
    },
}

/// A host that this console was paired with.
#[derive(Debug)]
struct Acquaintance {
    pair: PairKey,
    /// Whether a channel was ever opened with this pair key: then the host knows it, too.
    met: bool,
    present: bool,
    opening: Option<Opening>,
    channel: Option<Channel>,
    user: Name,
    chat: Chat<ChatText>,
    ask: Option<Ask>,
    /// Colleagues that were to be brought in.
    brought: u64,
}

/// A question on its way.
#[derive(Debug)]
struct Ask {
    asked: Rights,
    sent: bool,
    session: Option<SessionId>,
    answer: Option<(Rights, PictureKey)>,
}

#[derive(Debug)]
struct Live {
    host: PeerId,
    rights: Rights,
    picture_key: PictureKey,
    paused: bool,
    /// The operator ended it, and the hub has not said so yet.
    ending: bool,
}

/// The console's side: lives as long as the operator works with one hub, over any number of
/// connections.
#[derive(Debug, Default)]
pub struct ConsoleSide {
    admission: Option<Admission>,
    /// Whether the hub is in reach.
    connected: bool,
    display_name: Name,
    /// The oldest and newest format of pictures that this console reads.
    formats: (u16, u16),
    tickets: Tickets,
    hosts: BTreeMap<PeerId, Acquaintance>,
    sessions: BTreeMap<SessionId, Live>,
    chat_base: u64,
}

impl ConsoleSide {
    /// What was kept from an earlier run. `chat_base` is higher than for any of them.
    pub fn new(
        kept: KeptTickets,
        formats: (u16, u16),
        chat_base: u64,
        now_unix_seconds: i64,
    ) -> Self {
        Self {
            tickets: Tickets::from_kept(kept, now_unix_seconds),
            formats,
            chat_base,
            ..Self::default()
        }
    }

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

    /// The operator's own place, while logged in.
    pub fn admission(&self) -> Option<Admission> {
        self.admission
    }

    /// The operator is logged in, as nobody was before: what an earlier place had is over.
    pub fn logged_in(&mut self, admission: Admission, display_name: Name) -> Vec<ConsoleStep> {
        let steps = self.give_up();
        self.admission = Some(admission);
        self.connected = true;
        self.display_name = display_name;
        steps
    }

    /// The first message of the next connection, if there is a place to come back to.
    pub fn resume(&self) -> Option<OperatorToHub> {
        let Admission { you, secret, .. } = self.admission?;
        Some(OperatorToHub::Resume { you, secret })
    }

    /// The hub takes this console for the one that it was; what is not in `running` has ended.
    pub fn resumed(
        &mut self,
        running: &[RunningSession],
        ended: &[(SessionId, EndedBy)],
    ) -> Vec<ConsoleStep> {
        self.connected = true;
        let mut steps = Vec::new();
        let goes_on = |session| running.iter().any(|found| found.session == session);
        let ours: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in ours.into_iter().filter(|session| !goes_on(*session)) {
            let found = ended.iter().find(|(id, _)| *id == session);
            let by = found.map_or(EndedBy::OperatorLost, |(_, by)| *by);
            steps.extend(self.forget_session(session, by, None));
        }
        // ended here while the hub could not hear it
        let is_over = |session: &SessionId| self.sessions.get(session).is_none_or(|s| s.ending);
        let over = running.iter().map(|found| found.session).filter(is_over);
        steps.extend(over.map(|session| ConsoleStep::Send(OperatorToHub::EndSession { session })));
        steps
    }

    /// The connection is gone; [`Self::resume`] says whether another may go on here.
    pub fn connection_lost(&mut self) -> Vec<ConsoleStep> {
        self.connected = false;
        let hosts: Vec<PeerId> = self.hosts.keys().copied().collect();
        let away = |host| self.host_away(host);
        hosts.into_iter().flat_map(away).collect()
    }

    /// Nobody comes back to this place: sessions end, tickets and keys stay.
    pub fn give_up(&mut self) -> Vec<ConsoleStep> {
        let mut steps = self.connection_lost();
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            steps.extend(self.forget_session(session, EndedBy::OperatorLost, None));
        }
        // what was written to a host waits for the next log-in
        self.admission = None;
        steps
    }

    /// **Remote Session**: asks the host's user to be let in.
    pub fn ask(
        &mut self,
        host: PeerId,
        asked: Rights,
        outside: &mut Outside<'_>,
    ) -> Vec<ConsoleStep> {
        let refuse = |why| vec![ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why })];
        let questions = self.hosts.values().filter(|known| known.ask.is_some());
        if questions.count() + self.sessions.len() >= MAX_SESSIONS {
            return refuse(NotStarted::Refused(RefusalCode::FULL.into()));
        }
        let Some(known) = self.hosts.get_mut(&host) else {
            return refuse(NotStarted::NoKey);
        };
        if !known.present || !self.connected {
            return refuse(NotStarted::NotConnected);
        }
        if self.sessions.values().any(|live| live.host == host) {
            return refuse(NotStarted::Refused(RefusalCode::HOST_BUSY.into()));
        }
        if known.ask.is_some() {
            return Vec::new();
        }
        known.ask = Some(Ask {
            asked,
            sent: false,
            session: None,
            answer: None,
        });
        if known.opening.is_some() {
            return Vec::new(); // the question follows the greeting
        }
        if known.channel.is_none() {
            // a host whose words were once not its own is greeted anew
            return self.greet(host, outside);
        }
        self.send_ask(host)
    }

    /// Ends a session, or takes a question back. Out of reach it ends here at once; the hub hears of
    /// it when it is in reach again.
    pub fn end(&mut self, session: SessionId) -> Vec<ConsoleStep> {
        if !self.connected {
            return self.forget_session(session, EndedBy::Operator, None);
        }
        let is_asked = |known: &Acquaintance| {
            let ask = known.ask.as_ref();
            ask.is_some_and(|ask| ask.session == Some(session))
        };
        match self.sessions.get_mut(&session) {
            Some(live) => live.ending = true,
            None if self.hosts.values().any(is_asked) => {}
            None => return Vec::new(), // it is over
        }
        let mut steps = vec![ConsoleStep::Send(OperatorToHub::EndSession { session })];
        for (host, known) in &mut self.hosts {
            let is_it = |ask: &mut Ask| ask.session == Some(session);
            if known.ask.take_if(is_it).is_some() {
                let (host, why) = (*host, NotStarted::Withdrawn);
                steps.push(ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why }));
            }
        }
        steps
    }

    /// Gives the host the ticket of a colleague, who may ask to be let in then (O11); `false` if there is
    /// no line to the host now.
    pub fn bring_in(
        &mut self,
        session: SessionId,
        ticket: &TicketNumber,
    ) -> (Vec<ConsoleStep>, bool) {
        let host = self.sessions.get(&session).map(|live| live.host);
        let known = host.and_then(|host| Some((host, self.hosts.get_mut(&host)?)));
        let Some((host, known)) = known else {
            return (Vec::new(), false);
        };
        let Some(channel) = &known.channel else {
            return (Vec::new(), false);
        };
        known.brought += 1;
        let attempt = known.brought;
        let sealed = channel.lane_keys().seal_ticket(session, attempt, ticket);
        let word = OperatorWord::BringIn {
            session,
            attempt,
            ticket: sealed.into(),
        };
        (known.say(host, &word).into_iter().collect(), true)
    }

    /// A line of chat to a host; `false` if too many wait to be heard or the host is unknown.
    pub fn chat(&mut self, host: PeerId, text: ChatText) -> (Vec<ConsoleStep>, bool) {
        let Some(known) = self.hosts.get_mut(&host) else {
            return (Vec::new(), false);
        };
        let Some(line) = known.chat.write(text.clone()) else {
            return (Vec::new(), false);
        };
        let said = known.say(host, &OperatorWord::Chat { line, text });
        (said.into_iter().collect(), true)
    }

    /// Something that came in a session's lanes was not what the host sent.
    pub fn forged(&mut self, session: SessionId) -> Vec<ConsoleStep> {
        match self.sessions.get(&session).map(|live| live.host) {
            Some(host) => self.distrust(host),
            None => Vec::new(),
        }
    }

    /// Whether there is a channel to `host`.
    pub fn has_channel_to(&self, host: PeerId) -> bool {
        let known = self.hosts.get(&host);
        known.is_some_and(|known| known.channel.is_some())
    }

    /// Opens a new channel to a session's host, so that both start afresh.
    pub fn renew(&mut self, session: SessionId, outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        match self.sessions.get(&session).map(|live| live.host) {
            Some(host) => self.greet(host, outside),
            None => Vec::new(),
        }
    }

    /// Takes what the hub said. What concerns the list of rows, reports and the log-in itself is the
    /// caller's; of rows it must be told by [`Self::entries`], [`Self::entry`] and
    /// [`Self::entry_gone`].
    pub fn hear(&mut self, message: HubToOperator, outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        match message {
            HubToOperator::TicketGenerated {
                route,
                valid_seconds,
            } => self.ticket_generated(route, valid_seconds, outside),
            HubToOperator::TicketRefused { refusal } => {
                vec![ConsoleStep::Tell(ConsoleNews::TicketRefused(refusal))]
            }
            HubToOperator::TicketChanged { route, state } => {
                let mut steps = Vec::new();
                if state != TicketState::Open {
                    self.tickets.close(route);
                    steps.push(ConsoleStep::KeepTickets);
                }
                let changed = ConsoleNews::TicketChanged { route, state };
                steps.push(ConsoleStep::Tell(changed));
                steps
            }
            HubToOperator::TicketOpened {
                route,
                attempt,
                exchange,
            } => {
                let half = exchange.get(..MAX_EXCHANGE_BYTES).unwrap_or(&exchange);
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
            HubToOperator::TicketProof {
                route,
                attempt,
                proof,
            } => self.judge(route, attempt, &proof, outside),
            HubToOperator::TicketSettled {
                route,
                attempt,
                host,
            } => {
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
            HubToOperator::Greeted { from, greeting } => self.greeted(from, &greeting),
            HubToOperator::Said {
                from,
                at_unix_seconds,
                word,
            } => self.said(from, at_unix_seconds, &word),
            HubToOperator::ConsentPending { session, host } => self.pending(session, host),
            HubToOperator::SessionStarted { session, host } => self.started(session, host),
            HubToOperator::SessionRefused { host, refusal } => {
                let known = self.hosts.get_mut(&host);
                let asked = known.and_then(|known| known.ask.take());
                let why = NotStarted::Refused(refusal);
                let tell = |_| ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why });
                asked.map(tell).into_iter().collect()
            }
            HubToOperator::SessionEnded { session, by, facts } => {
                self.forget_session(session, by, Some(facts))
            }
            HubToOperator::SessionLeft { session, by } => self.left(session, by),
            HubToOperator::Goodbye { refusal } => vec![ConsoleStep::Goodbye(refusal)],
            HubToOperator::LoggedIn { .. }
            | HubToOperator::LogInRefused { .. }
            | HubToOperator::Resumed { .. }
            | HubToOperator::ResumeRefused { .. }
            | HubToOperator::Entries { .. }
            | HubToOperator::EntryChanged { .. }
            | HubToOperator::EntryGone { .. }
            | HubToOperator::ReportSaved { .. }
            | HubToOperator::Drafts { .. } => Vec::new(),
        }
    }

    /// The whole list is told anew.
    pub fn entries(&mut self, entries: &[Entry], outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        let gone: Vec<PeerId> = self
            .hosts
            .keys()
            .filter(|host| !entries.iter().any(|entry| entry.id == **host))
            .copied()
            .collect();
        let mut steps: Vec<ConsoleStep> = gone
            .into_iter()
            .flat_map(|id| self.entry_gone(id))
            .collect();
        for entry in entries {
            steps.extend(self.entry(entry, outside));
        }
        steps
    }

    /// A row of the list is new or changed.
    pub fn entry(&mut self, entry: &Entry, outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        if entry.kind == EntryKind::Operator || !entry.yours {
            return Vec::new();
        }
        let (host, mut steps) = (entry.id, Vec::new());
        let knows_us = self.hosts.get(&host).is_some_and(|known| known.met);
        if let Some(route) = entry.ticket.filter(|_| !knows_us)
            && self.tickets.settle_late(route, host)
        {
            steps.push(ConsoleStep::KeepTickets);
            steps.push(ConsoleStep::Tell(ConsoleNews::TicketUsed { route, host }));
        }
        steps.extend(if entry.present {
            self.host_present(host, outside)
        } else {
            self.host_away(host)
        });
        steps
    }

    /// A row is gone.
    pub fn entry_gone(&mut self, id: PeerId) -> Vec<ConsoleStep> {
        let steps = self.host_away(id);
        self.hosts.remove(&id);
        steps
    }

    fn ticket_generated(
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

    fn judge(
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

    fn host_present(&mut self, host: PeerId, outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        let Some(pair) = self.tickets.key_of(host) else {
            return Vec::new();
        };
        let chat_base = self.chat_base;
        let known = self.hosts.entry(host).or_insert_with(|| Acquaintance {
            pair: pair.clone(),
            met: false,
            present: false,
            opening: None,
            channel: None,
            user: Name::default(),
            chat: Chat::from_base(chat_base),
            ask: None,
            brought: 0,
        });
        let is_known = known.met || known.pair.as_bytes() == pair.as_bytes();
        if std::mem::replace(&mut known.present, true) && is_known {
            return Vec::new();
        }
        if !is_known {
            // it never heard of the ticket before this one
            known.pair = pair;
        }
        self.greet(host, outside)
    }

    fn host_away(&mut self, host: PeerId) -> Vec<ConsoleStep> {
        let Some(known) = self.hosts.get_mut(&host) else {
            return Vec::new();
        };
        known.present = false;
        known.opening = None;
        known.channel = None;
        let mut steps = Vec::new();
        if known.ask.take().is_some() {
            let why = NotStarted::NotConnected;
            steps.push(ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why }));
        }
        steps.extend(self.pause(host));
        steps
    }

    fn pause(&mut self, host: PeerId) -> Vec<ConsoleStep> {
        let mut steps = Vec::new();
        for (session, live) in &mut self.sessions {
            if live.host == host && !std::mem::replace(&mut live.paused, true) {
                let session = *session;
                steps.push(ConsoleStep::Pause { session });
                steps.push(ConsoleStep::Tell(ConsoleNews::SessionPaused { session }));
            }
        }
        steps
    }

    fn greet(&mut self, host: PeerId, outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        let random = outside.draw();
        let Some(console) = self.admission.map(|admission| admission.you) else {
            return Vec::new();
        };
        let Some(known) = self.hosts.get_mut(&host).filter(|known| known.present) else {
            return Vec::new();
        };
        let ends = Ends { console, host };
        let (opening, greeting) = Opening::begin(known.pair.clone(), ends, random);
        known.opening = Some(opening);
        known.channel = None;
        vec![ConsoleStep::Send(OperatorToHub::Greet {
            to: host,
            greeting,
        })]
    }

    fn greeted(&mut self, host: PeerId, greeting: &Greeting) -> Vec<ConsoleStep> {
        let Some(known) = self.hosts.get_mut(&host) else {
            return Vec::new();
        };
        let Some(opening) = known.opening.take_if(|o| o.is_answered_by(greeting)) else {
            return Vec::new();
        };
        let Ok((channel, state)) = opening.finish(greeting) else {
            return self.distrust(host);
        };
        let HostState {
            computer: _,
            user,
            system: _,
            heard,
            live,
        } = state;
        let lanes = channel.lane_keys();
        known.channel = Some(channel);
        known.met = true;
        known.user = user;
        let settled = known.chat.settle(heard);
        let unheard: Vec<_> = known.chat.unheard().collect();
        let mut steps = self.pause(host);
        if settled > 0 {
            let lines = settled;
            steps.push(ConsoleStep::Tell(ConsoleNews::ChatHeard { host, lines }));
        }
        if let Some(told) = live {
            let session = told.session;
            match self.sessions.get_mut(&session) {
                Some(live) if live.host == host => {
                    live.paused = false;
                    live.rights = live.rights.common_with(told.rights);
                    let rights = live.rights;
                    steps.push(ConsoleStep::Start(Box::new(Running {
                        session,
                        host,
                        rights,
                        lanes,
                        picture_key: live.picture_key.clone(),
                        input_taken: told.input_taken,
                        resumed: true,
                    })));
                    steps.push(ConsoleStep::Rights { session, rights });
                    steps.push(ConsoleStep::Tell(ConsoleNews::SessionResumed { session }));
                }
                // a console that was started anew has no key for its pictures
                Some(_) | None => {
                    steps.push(ConsoleStep::Send(OperatorToHub::EndSession { session }));
                }
            }
        }
        for (line, text) in unheard {
            if let Some(known) = self.hosts.get_mut(&host) {
                steps.extend(known.say(host, &OperatorWord::Chat { line, text }));
            }
        }
        steps.extend(self.send_ask(host));
        steps
    }

    fn send_ask(&mut self, host: PeerId) -> Vec<ConsoleStep> {
        let operator = self.display_name.clone();
        let formats = self.formats;
        let Some(known) = self.hosts.get_mut(&host) else {
            return Vec::new();
        };
        let (Some(ask), Some(channel)) = (&mut known.ask, &mut known.channel) else {
            return Vec::new();
        };
        if std::mem::replace(&mut ask.sent, true) {
            return Vec::new();
        }
        let word = channel.say(&OperatorWord::Ask {
            asked: ask.asked,
            operator,
            formats,
        });
        vec![ConsoleStep::Send(OperatorToHub::StartSession {
            host,
            word,
        })]
    }

    fn said(&mut self, host: PeerId, at_unix_seconds: i64, word: &Word) -> Vec<ConsoleStep> {
        let Some(known) = self.hosts.get_mut(&host) else {
            return Vec::new();
        };
        let Some(channel) = &mut known.channel else {
            // said in a channel that is no more
            return Vec::new();
        };
        let Ok(word) = channel.hear::<HostWord>(word) else {
            return self.distrust(host);
        };
        let Some(word) = word else {
            return Vec::new(); // a newer host says more than is known here
        };
        match word {
            HostWord::Answer {
                session,
                granted,
                picture_key,
            } => {
                let lanes = channel.lane_keys();
                let asked = known.ask.as_mut();
                let Some(ask) = asked.filter(|ask| ask.session == Some(session)) else {
                    return Vec::new();
                };
                let Some(granted) = granted else {
                    return Vec::new(); // the hub says so as well
                };
                let Some(key) = lanes.open_picture_key(session, &picture_key) else {
                    return self.distrust(host);
                };
                ask.answer = Some((granted.common_with(ask.asked), key));
                Vec::new()
            }
            HostWord::Reduce { session, rights } => match self.sessions.get_mut(&session) {
                Some(live) if live.host == host => {
                    let before = live.rights;
                    live.rights = before.common_with(rights);
                    let rights = live.rights;
                    if rights == before {
                        return Vec::new();
                    }
                    let changed = ConsoleNews::RightsChanged { session, rights };
                    vec![
                        ConsoleStep::Rights { session, rights },
                        ConsoleStep::Tell(changed),
                    ]
                }
                Some(_) | None => Vec::new(),
            },
            HostWord::Chat { line, text } => {
                let name = known.user.clone();
                known.hear_line(host, line, (ChatAuthor::User, name), at_unix_seconds, text)
            }
            HostWord::ChatOf {
                line,
                operator,
                text,
            } => {
                let author = (ChatAuthor::Operator, operator);
                known.hear_line(host, line, author, at_unix_seconds, text)
            }
            HostWord::Company {
                session,
                operators,
                driver,
            } => {
                let of_host = self.sessions.get(&session).is_some_and(|l| l.host == host);
                let operators = operators.into_iter().take(MAX_OPERATORS).collect();
                let company = ConsoleStep::Tell(ConsoleNews::Company {
                    session,
                    operators,
                    driver,
                });
                of_host.then_some(company).into_iter().collect()
            }
            HostWord::BroughtIn {
                session,
                attempt,
                outcome,
            } => {
                let is_last = known.brought == attempt;
                let news = ConsoleNews::BroughtIn { session, outcome };
                is_last
                    .then_some(ConsoleStep::Tell(news))
                    .into_iter()
                    .collect()
            }
            HostWord::Heard { line } => {
                let lines = known.chat.settle(line);
                let tell = ConsoleStep::Tell(ConsoleNews::ChatHeard { host, lines });
                (lines > 0).then_some(tell).into_iter().collect()
            }
            HostWord::InputTooOld { session, count } => {
                vec![ConsoleStep::Tell(ConsoleNews::InputTooOld {
                    session,
                    count,
                })]
            }
        }
    }

    fn pending(&mut self, session: SessionId, host: PeerId) -> Vec<ConsoleStep> {
        let asked = self.hosts.get_mut(&host).and_then(|h| h.ask.as_mut());
        match asked {
            Some(ask) => {
                ask.session = Some(session);
                let pending = ConsoleNews::ConsentPending { session, host };
                vec![ConsoleStep::Tell(pending)]
            }
            // taken back before the hub had given it a number
            None => vec![ConsoleStep::Send(OperatorToHub::EndSession { session })],
        }
    }

    fn started(&mut self, session: SessionId, host: PeerId) -> Vec<ConsoleStep> {
        let end = ConsoleStep::Send(OperatorToHub::EndSession { session });
        let Some(known) = self.hosts.get_mut(&host) else {
            return vec![end];
        };
        let asked = known.ask.take_if(|ask| ask.session == Some(session));
        let Some(ask) = asked else {
            return vec![end]; // taken back in the same moment, or never asked for
        };
        let (Some((rights, picture_key)), Some(channel)) = (ask.answer, &known.channel) else {
            // the hub says that it runs, the host never did
            let why = NotStarted::Forged;
            let refused = ConsoleNews::SessionRefused { host, why };
            return vec![end, ConsoleStep::Tell(refused)];
        };
        let running = Running {
            session,
            host,
            rights,
            lanes: channel.lane_keys(),
            picture_key: picture_key.clone(),
            input_taken: 0,
            resumed: false,
        };
        let live = Live {
            host,
            rights,
            picture_key,
            paused: false,
            ending: false,
        };
        self.sessions.insert(session, live);
        vec![ConsoleStep::Start(Box::new(running))]
    }

    /// This operator's part is over, the session is not.
    fn left(&mut self, session: SessionId, by: EndedBy) -> Vec<ConsoleStep> {
        if self.sessions.remove(&session).is_none() {
            return Vec::new();
        }
        vec![
            ConsoleStep::Stop { session },
            ConsoleStep::Tell(ConsoleNews::SessionLeft { session, by }),
        ]
    }

    fn forget_session(
        &mut self,
        session: SessionId,
        by: EndedBy,
        facts: Option<ReportFacts>,
    ) -> Vec<ConsoleStep> {
        let mut steps = Vec::new();
        if self.sessions.remove(&session).is_some() {
            steps.push(ConsoleStep::Stop { session });
        } else if facts.is_none() {
            return steps;
        }
        for known in self.hosts.values_mut() {
            known.ask.take_if(|ask| ask.session == Some(session));
        }
        let ended = ConsoleNews::SessionEnded { session, by, facts };
        steps.push(ConsoleStep::Tell(ended));
        steps
    }

    /// What came in the host's name was not the host's: nothing of it counts any more.
    fn distrust(&mut self, host: PeerId) -> Vec<ConsoleStep> {
        let mut steps = vec![ConsoleStep::Tell(ConsoleNews::Forged { host })];
        if let Some(known) = self.hosts.get_mut(&host) {
            known.opening = None;
            known.channel = None;
            if let Some(ask) = known.ask.take() {
                let why = NotStarted::Forged;
                steps.push(ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why }));
                let end = |session| ConsoleStep::Send(OperatorToHub::EndSession { session });
                steps.extend(ask.session.map(end));
            }
        }
        let of_host = self.sessions.iter().filter(|(_, live)| live.host == host);
        let of_host: Vec<SessionId> = of_host.map(|(session, _)| *session).collect();
        for session in of_host {
            steps.extend(self.forget_session(session, EndedBy::Forged, None));
            steps.push(ConsoleStep::Send(OperatorToHub::EndSession { session }));
        }
        steps
    }
}

impl Acquaintance {
    /// Says `word` if there is a channel; without one the next greeting makes up for it.
    fn say(&mut self, host: PeerId, word: &OperatorWord) -> Option<ConsoleStep> {
        let word = self.channel.as_mut()?.say(word);
        Some(ConsoleStep::Send(OperatorToHub::Say { to: host, word }))
    }

    /// Tells a line of the chat once, and that it was heard.
    fn hear_line(
        &mut self,
        host: PeerId,
        line: u64,
        (author, name): (ChatAuthor, Name),
        at_unix_seconds: i64,
        text: ChatText,
    ) -> Vec<ConsoleStep> {
        let mut steps = Vec::new();
        if self.chat.hear(line) {
            steps.push(ConsoleStep::Tell(ConsoleNews::ChatReceived {
                host,
                author,
                name,
                at_unix_seconds,
                text,
            }));
        }
        let line = self.chat.heard();
        steps.extend(self.say(host, &OperatorWord::Heard { line }));
        steps
    }
}
