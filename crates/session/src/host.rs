//! The host's side of an assistance, without the network.
//!
//! The ticket's key exchange, the channel to the operator, the question, and what may start when. The
//! hub is taken for hostile: no session starts that the user did not allow, never with more than was
//! allowed (H5), and what an operator says counts only with that operator's proof.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::control::{Admission, ChatText, Name};
use protocol::limits::MAX_EXCHANGE_BYTES;
use protocol::{
    EndedBy, Greeting, HostState, HostToHub, HostWord, HubToHost, LiveState, OperatorWord, PeerId,
    Refusal, Rights, RunningSession, SessionId, StreamHeader, TicketRoute, Word,
};

use crate::channel::{self, Channel, Ends, LaneKeys, PictureKey};
use crate::chat::Chat;
use crate::exchange::{HostAwaitsProof, HostExchange, PairKey};
use crate::grant::Grant;
use crate::ticket::TicketNumber;

/// Proofs that are given for one ticket: each lets whoever answers check one guess of its secret.
const MAX_TRIES: u8 = 2;
/// Tickets that are remembered for it.
const MAX_TRIED: usize = 256;
/// Questions without a yes after which the user is offered to block the operator ...
const FREE_QUESTIONS: u32 = 3;
/// ... and how far apart further ones must be, or they are refused without asking.
const QUESTION_INTERVAL: Duration = Duration::from_secs(30);

/// Who is at the host, as the operator will read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub computer: Name,
    pub user: Name,
    pub system: Name,
}

/// What only the outside knows.
#[derive(Debug, Clone, Copy)]
pub struct Outside {
    /// Time since the program started.
    pub now: Duration,
    /// Fresh randomness.
    pub random: [u8; 32],
    /// The number of the last input frame of the running session that was taken.
    pub input_taken: u64,
}

/// What is to be done, in order.
#[derive(Debug)]
pub enum HostStep {
    Send(HostToHub),
    Tell(HostNews),
    /// Everything is agreed: capture and injection may begin, or begin again after a pause.
    Start(Box<Agreement>),
    Reduce(Rights),
    /// The line to the operator is gone: nothing is captured, and what is held is let go. The session
    /// stands.
    Pause {
        session: SessionId,
    },
    Stop {
        session: SessionId,
        cause: StopCause,
    },
    /// The hub says good-bye.
    HangUp(Refusal),
}

/// What the user is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostNews {
    /// The ticket was not accepted; another may follow.
    TicketRefused(Refusal),
    /// This ticket was tried too often here; only a new one helps.
    TicketSpent,
    /// The operator's console has proved that it made this ticket.
    TicketAccepted {
        operator: Name,
    },
    /// The operator asks to be let in. `insistent` after several times without a yes.
    ConsentAsked {
        session: SessionId,
        operator: Name,
        asked: Rights,
        insistent: bool,
    },
    ConsentWithdrawn {
        session: SessionId,
    },
    SessionStarted {
        session: SessionId,
        operator: Name,
        rights: Rights,
    },
    /// Nothing is seen or touched until the line is back.
    SessionPaused {
        session: SessionId,
    },
    SessionResumed {
        session: SessionId,
    },
    /// A line of chat; the time is the hub's.
    ChatReceived {
        operator: Name,
        at_unix_seconds: i64,
        text: ChatText,
    },
    OperatorPresent(bool),
    /// This host has its place again after its own line was lost.
    Resumed,
}

/// Why a session stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    By(EndedBy),
    /// The hub, or somebody in it, said something in the operator's name.
    Forged,
    /// The place at the hub is gone, and the session with it.
    ConnectionLost,
}

/// A session both sides agreed on.
#[derive(Debug)]
pub struct Agreement {
    pub session: SessionId,
    pub operator: PeerId,
    pub operator_name: Name,
    pub grant: Grant,
    pub lanes: LaneKeys,
    pub picture_key: PictureKey,
    /// The oldest and newest format of pictures that the console reads.
    pub formats: (u16, u16),
}

/// The hub breaks the rules; the connection must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    #[error("the hub said {said} at the wrong time")]
    OutOfPlace { said: &'static str },
    #[error("the operator's half of the key exchange is malformed")]
    MalformedExchange,
    #[error("the operator's console could not prove that it knows the ticket")]
    FalseConsole,
    #[error("the hub started a session that was not allowed")]
    NotAllowed,
    #[error("a word in the operator's name did not come from there as it is")]
    Forged,
}

#[derive(Debug)]
enum Stage {
    /// Without a ticket.
    Idle,
    /// The ticket is on its way; the console's half is awaited.
    Offered {
        route: TicketRoute,
        exchange: HostExchange,
    },
    /// The proof is on its way; the console's is awaited.
    Proved {
        operator: Name,
        awaits: HostAwaitsProof,
    },
    /// In the operator's list.
    Admitted(Box<Admitted>),
}

#[derive(Debug)]
struct Admitted {
    admission: Admission,
    operator: Acquaintance,
    question: Option<Question>,
    live: Option<Live>,
    /// Questions since the user last said yes, and when the last one came.
    questions: u32,
    last_question: Option<Duration>,
}

/// The operator that this host was paired with.
#[derive(Debug)]
struct Acquaintance {
    name: Name,
    pair: PairKey,
    /// Where the operator stands in the hub's list; known with the first greeting.
    peer: Option<PeerId>,
    channel: Option<Channel>,
    chat: Chat,
}

#[derive(Debug)]
struct Question {
    session: SessionId,
    asked: Rights,
    formats: (u16, u16),
    /// The user's yes, and the key for the session's pictures.
    allowed: Option<(Grant, PictureKey)>,
}

/// The session that runs, and what the operator may still do in it.
#[derive(Debug)]
struct Live {
    session: SessionId,
    grant: Grant,
    picture_key: PictureKey,
    formats: (u16, u16),
    /// Nothing flows until the next channel.
    paused: bool,
}

/// The host's side: lives as long as the program, over any number of connections.
#[derive(Debug)]
pub struct HostSide {
    caller: Caller,
    stage: Stage,
    /// How often each ticket was tried.
    tried: BTreeMap<TicketRoute, u8>,
    /// The base of our chat lines' numbers.
    chat_base: u64,
}

impl HostSide {
    /// Nobody is connected. `chat_base` is higher than for any earlier run of the program.
    pub fn new(caller: Caller, chat_base: u64) -> Self {
        Self {
            caller,
            stage: Stage::Idle,
            tried: BTreeMap::new(),
            chat_base,
        }
    }

    /// Whether the operator's console has proved itself.
    pub fn admitted(&self) -> bool {
        matches!(self.stage, Stage::Admitted(_))
    }

    /// Whether a ticket waits for its answer.
    pub fn opening(&self) -> bool {
        matches!(self.stage, Stage::Offered { .. } | Stage::Proved { .. })
    }

    /// How long the hub keeps this host's place while it is out of reach.
    pub fn kept_for(&self) -> Duration {
        match &self.stage {
            Stage::Admitted(admitted) => {
                Duration::from_secs(admitted.admission.kept_seconds.into())
            }
            Stage::Idle | Stage::Offered { .. } | Stage::Proved { .. } => Duration::ZERO,
        }
    }

    /// Whether a stream that the hub opens with `header` may belong here: its session runs, or was
    /// allowed and starts any moment, in the channel that is open now.
    pub fn expects(&self, header: &StreamHeader) -> bool {
        let Stage::Admitted(admitted) = &self.stage else {
            return false;
        };
        let channel = admitted.operator.channel.as_ref();
        let allowed = |q: &Question| q.session == header.session && q.allowed.is_some();
        let live = admitted.live.as_ref();
        channel.is_some_and(|channel| channel.id() == header.channel)
            && (live.is_some_and(|live| live.session == header.session)
                || admitted.question.as_ref().is_some_and(allowed))
    }

    /// Comes with a ticket; does nothing unless this host is without one.
    pub fn open_ticket(&mut self, ticket: &TicketNumber, user: Name) -> Vec<HostStep> {
        if !matches!(self.stage, Stage::Idle) {
            return Vec::new();
        }
        self.caller.user = user;
        let route = ticket.route();
        if self.tried.get(&route).is_some_and(|t| *t >= MAX_TRIES) {
            return vec![HostStep::Tell(HostNews::TicketSpent)];
        }
        let (exchange, half) = HostExchange::start(ticket);
        self.stage = Stage::Offered { route, exchange };
        let Caller {
            computer,
            user,
            system,
        } = self.caller.clone();
        vec![HostStep::Send(HostToHub::OpenTicket {
            route,
            computer,
            user,
            system,
            exchange: half.into(),
        })]
    }

    /// The user's answer; one that comes too late is dropped.
    pub fn answer(
        &mut self,
        session: SessionId,
        granted: Option<Rights>,
        random: [u8; 32],
    ) -> Vec<HostStep> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        let open = |q: &&mut Question| q.session == session && q.allowed.is_none();
        let Some(question) = admitted.question.as_mut().filter(open) else {
            return Vec::new();
        };
        let Some(channel) = &mut admitted.operator.channel else {
            return Vec::new();
        };
        let grant = granted.map(|rights| Grant::from_answer(question.asked, rights));
        let grant = grant.filter(|grant| grant.rights().has(Rights::SEE));
        let mut picture_key = Vec::new();
        match grant {
            Some(grant) => {
                let key = PictureKey::from_random(random);
                picture_key = channel.lane_keys().seal_picture_key(session, &key);
                question.allowed = Some((grant, key));
                admitted.questions = 0;
            }
            None => admitted.question = None,
        }
        let word = HostWord::Answer {
            session,
            granted: grant.map(Grant::rights),
            picture_key: picture_key.into(),
        };
        admitted.operator.say(&word).into_iter().collect()
    }

    /// The user takes rights back; without seeing there is no session.
    pub fn reduce(&mut self, rights: Rights) -> Vec<HostStep> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        let Some(live) = &mut admitted.live else {
            return Vec::new();
        };
        if !rights.has(Rights::SEE) {
            return self.end(StopCause::By(EndedBy::User));
        }
        live.grant.reduce(rights);
        let (session, rights) = (live.session, live.grant.rights());
        let mut steps = vec![HostStep::Reduce(rights)];
        // out of reach, the operator hears of it with the next greeting
        steps.extend(admitted.operator.say(&HostWord::Reduce { session, rights }));
        steps
    }

    /// Ends what runs, or takes back an allowance that has not begun.
    pub fn end(&mut self, cause: StopCause) -> Vec<HostStep> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        if let Some(Live { session, .. }) = admitted.live.take() {
            return vec![
                HostStep::Stop { session, cause },
                HostStep::Send(HostToHub::EndSession { session }),
            ];
        }
        let allowed = admitted.question.take_if(|q| q.allowed.is_some());
        let end = |q: Question| HostStep::Send(HostToHub::EndSession { session: q.session });
        allowed.map(end).into_iter().collect()
    }

    /// A line of chat to the operator; `false` if too many wait to be heard or nobody is there.
    pub fn chat(&mut self, text: ChatText) -> (Vec<HostStep>, bool) {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return (Vec::new(), false);
        };
        let Some(line) = admitted.operator.chat.write(text.clone()) else {
            return (Vec::new(), false);
        };
        let said = admitted.operator.say(&HostWord::Chat { line, text });
        (said.into_iter().collect(), true)
    }

    /// So many input frames came too late.
    pub fn input_too_old(&mut self, count: u32) -> Vec<HostStep> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        let Some(session) = admitted.live.as_ref().map(|live| live.session) else {
            return Vec::new();
        };
        let word = HostWord::InputTooOld { session, count };
        admitted.operator.say(&word).into_iter().collect()
    }

    /// The connection is gone. What follows depends on [`Self::resume`].
    pub fn connection_lost(&mut self) -> Vec<HostStep> {
        match &mut self.stage {
            Stage::Idle => Vec::new(),
            Stage::Offered { .. } | Stage::Proved { .. } => {
                self.stage = Stage::Idle;
                Vec::new()
            }
            Stage::Admitted(admitted) => {
                admitted.operator.channel = None;
                let mut steps = Vec::new();
                if let Some(Question { session, .. }) = admitted.question.take() {
                    steps.push(HostStep::Tell(HostNews::ConsentWithdrawn { session }));
                }
                steps.extend(admitted.pause());
                steps
            }
        }
    }

    /// The first message of the next connection, if this host has a place to come back to.
    pub fn resume(&self) -> Option<HostToHub> {
        let Stage::Admitted(admitted) = &self.stage else {
            return None;
        };
        let Admission { you, secret, .. } = admitted.admission;
        Some(HostToHub::Resume { you, secret })
    }

    /// Nobody comes back: forgets the place, the operator and the session.
    pub fn give_up(&mut self) -> Vec<HostStep> {
        let before = std::mem::replace(&mut self.stage, Stage::Idle);
        let Stage::Admitted(admitted) = before else {
            return Vec::new();
        };
        let stop = |live: Live| HostStep::Stop {
            session: live.session,
            cause: StopCause::ConnectionLost,
        };
        admitted.live.map(stop).into_iter().collect()
    }

    /// Takes what the hub said.
    ///
    /// # Errors
    ///
    /// [`HostFault`]; the connection must end then, and [`Self::give_up`] follows.
    pub fn hear(
        &mut self,
        message: HubToHost,
        outside: Outside,
    ) -> Result<Vec<HostStep>, HostFault> {
        match message {
            HubToHost::TicketRefused { refusal } => {
                if !self.opening() {
                    return out_of_place("TicketRefused");
                }
                self.stage = Stage::Idle;
                Ok(vec![HostStep::Tell(HostNews::TicketRefused(refusal))])
            }
            HubToHost::TicketAnswered { operator, exchange } => self.answered(operator, &exchange),
            HubToHost::TicketAccepted { proof, admission } => self.accepted(&proof, admission),
            HubToHost::Resumed { running, ended } => self.resumed(&running, &ended),
            HubToHost::ResumeRefused { refusal } => {
                self.admitted_mut("ResumeRefused")?;
                let mut steps = self.give_up();
                steps.push(HostStep::HangUp(refusal));
                Ok(steps)
            }
            HubToHost::Greeted { from, greeting } => self.greeted(from, &greeting, outside),
            HubToHost::Said {
                from,
                at_unix_seconds,
                word,
            } => self.said(from, at_unix_seconds, &word),
            HubToHost::ConsentAsked {
                session,
                from,
                word,
            } => self.asked(session, from, &word, outside.now),
            HubToHost::ConsentWithdrawn { session } => {
                Ok(self.withdrawn(session)?.into_iter().collect())
            }
            HubToHost::SessionStarted { session } => self.started(session),
            HubToHost::SessionEnded { session, by } => self.ended(session, by),
            HubToHost::OperatorPresent { operator, present } => {
                self.operator_present(operator, present)
            }
            HubToHost::Goodbye { refusal } => Ok(vec![HostStep::HangUp(refusal)]),
        }
    }

    fn answered(&mut self, operator: Name, half: &[u8]) -> Result<Vec<HostStep>, HostFault> {
        let Stage::Offered { route, exchange } = std::mem::replace(&mut self.stage, Stage::Idle)
        else {
            return out_of_place("TicketAnswered");
        };
        if half.len() > MAX_EXCHANGE_BYTES {
            return Err(HostFault::MalformedExchange);
        }
        // from here on whoever answered can check one guess
        while self.tried.len() >= MAX_TRIED && !self.tried.contains_key(&route) {
            self.tried.pop_first();
        }
        *self.tried.entry(route).or_insert(0) += 1;
        let (awaits, proof) = exchange
            .answer(half)
            .map_err(|_malformed| HostFault::MalformedExchange)?;
        self.stage = Stage::Proved { operator, awaits };
        Ok(vec![HostStep::Send(HostToHub::ConfirmTicket {
            proof: proof.into(),
        })])
    }

    fn accepted(&mut self, proof: &[u8], admission: Admission) -> Result<Vec<HostStep>, HostFault> {
        let Stage::Proved { operator, awaits } = std::mem::replace(&mut self.stage, Stage::Idle)
        else {
            return out_of_place("TicketAccepted");
        };
        let pair = awaits
            .finish(proof)
            .map_err(|_wrong| HostFault::FalseConsole)?;
        self.stage = Stage::Admitted(Box::new(Admitted {
            admission,
            operator: Acquaintance {
                name: operator.clone(),
                pair,
                peer: None,
                channel: None,
                chat: Chat::from_base(self.chat_base),
            },
            question: None,
            live: None,
            questions: 0,
            last_question: None,
        }));
        let accepted = HostNews::TicketAccepted { operator };
        Ok(vec![HostStep::Tell(accepted)])
    }

    fn resumed(
        &mut self,
        running: &[RunningSession],
        ended: &[(SessionId, EndedBy)],
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("Resumed")?;
        let mut steps = vec![HostStep::Tell(HostNews::Resumed)];
        let goes_on = |session| running.iter().any(|found| found.session == session);
        let over = admitted.live.take_if(|live| !goes_on(live.session));
        if let Some(Live { session, .. }) = over {
            let found = ended.iter().find(|(id, _)| *id == session);
            let by = found.map_or(EndedBy::HostLost, |(_, by)| *by);
            let cause = StopCause::By(by);
            steps.push(HostStep::Stop { session, cause });
        }
        // the user ended these while the line was gone
        let ours = admitted.live.as_ref().map(|live| live.session);
        let strange = running.iter().filter(|found| Some(found.session) != ours);
        steps.extend(strange.map(|found| {
            let session = found.session;
            HostStep::Send(HostToHub::EndSession { session })
        }));
        Ok(steps)
    }

    fn greeted(
        &mut self,
        from: PeerId,
        greeting: &Greeting,
        outside: Outside,
    ) -> Result<Vec<HostStep>, HostFault> {
        let caller = self.caller.clone();
        let admitted = self.admitted_mut("Greeted")?;
        let live = admitted.live.as_ref().map(|live| LiveState {
            session: live.session,
            rights: live.grant.rights(),
            input_taken: outside.input_taken,
        });
        let state = HostState {
            computer: caller.computer,
            user: caller.user,
            system: caller.system,
            heard: admitted.operator.chat.heard(),
            live,
        };
        let ends = Ends {
            console: from,
            host: admitted.admission.you,
        };
        let answer = channel::answer(
            &admitted.operator.pair,
            ends,
            greeting,
            &state,
            outside.random,
        );
        let Ok((channel, greeting)) = answer else {
            return Err(HostFault::Forged);
        };
        let mut steps = Vec::new();
        if let Some(Question { session, .. }) = admitted.question.take() {
            // asked in a channel that is no more
            steps.push(HostStep::Tell(HostNews::ConsentWithdrawn { session }));
            steps.push(HostStep::Send(HostToHub::EndSession { session }));
        }
        steps.extend(admitted.pause());
        steps.push(HostStep::Send(HostToHub::Greet { to: from, greeting }));
        let lanes = channel.lane_keys();
        let operator = &mut admitted.operator;
        operator.peer = Some(from);
        operator.channel = Some(channel);
        if let Some(live) = &mut admitted.live {
            live.paused = false;
            let (session, rights) = (live.session, live.grant.rights());
            // the hub may not have heard what was taken back meanwhile
            steps.extend(operator.say(&HostWord::Reduce { session, rights }));
            steps.push(HostStep::Start(Box::new(Agreement {
                session,
                operator: from,
                operator_name: operator.name.clone(),
                grant: live.grant,
                lanes,
                picture_key: live.picture_key.clone(),
                formats: live.formats,
            })));
            steps.push(HostStep::Tell(HostNews::SessionResumed { session }));
        }
        let unheard: Vec<_> = operator.chat.unheard().collect();
        for (line, text) in unheard {
            steps.extend(operator.say(&HostWord::Chat { line, text }));
        }
        Ok(steps)
    }

    fn said(
        &mut self,
        from: PeerId,
        at_unix_seconds: i64,
        word: &Word,
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("Said")?;
        let Some(word) = admitted.operator.hear(from, word)? else {
            return Ok(Vec::new());
        };
        match word {
            OperatorWord::Chat { line, text } => {
                let mut steps = Vec::new();
                if admitted.operator.chat.hear(line) {
                    steps.push(HostStep::Tell(HostNews::ChatReceived {
                        operator: admitted.operator.name.clone(),
                        at_unix_seconds,
                        text,
                    }));
                }
                let line = admitted.operator.chat.heard();
                steps.extend(admitted.operator.say(&HostWord::Heard { line }));
                Ok(steps)
            }
            OperatorWord::Heard { line } => {
                admitted.operator.chat.settle(line);
                Ok(Vec::new())
            }
            // a question has a number of its own, from the hub
            OperatorWord::Ask { .. } => out_of_place("Ask"),
        }
    }

    fn asked(
        &mut self,
        session: SessionId,
        from: PeerId,
        word: &Word,
        now: Duration,
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("ConsentAsked")?;
        if admitted.live.is_some() || admitted.question.is_some() {
            return out_of_place("ConsentAsked");
        }
        let Some(word) = admitted.operator.hear(from, word)? else {
            return Ok(vec![HostStep::Send(HostToHub::EndSession { session })]);
        };
        let OperatorWord::Ask {
            asked,
            operator,
            formats,
        } = word
        else {
            return out_of_place("another word as a question");
        };
        let last = admitted.last_question.replace(now);
        admitted.questions = admitted.questions.saturating_add(1);
        let insistent = admitted.questions > FREE_QUESTIONS;
        let too_soon = last.is_some_and(|last| now.saturating_sub(last) < QUESTION_INTERVAL);
        if !asked.has(Rights::SEE) || (insistent && too_soon) {
            // nothing can be granted, or the user has said no often enough
            let refused = HostWord::Answer {
                session,
                granted: None,
                picture_key: bytes::Bytes::new(),
            };
            return Ok(admitted.operator.say(&refused).into_iter().collect());
        }
        admitted.operator.name = operator.clone();
        admitted.question = Some(Question {
            session,
            asked,
            formats,
            allowed: None,
        });
        Ok(vec![HostStep::Tell(HostNews::ConsentAsked {
            session,
            operator,
            asked: asked.common_with(Rights::KNOWN),
            insistent,
        })])
    }

    fn withdrawn(&mut self, session: SessionId) -> Result<Option<HostStep>, HostFault> {
        let admitted = self.admitted_mut("ConsentWithdrawn")?;
        let Some(question) = admitted.question.take_if(|q| q.session == session) else {
            // the answer "no" may have crossed it on the way
            return Ok(None);
        };
        let session = question.session;
        Ok(Some(HostStep::Tell(HostNews::ConsentWithdrawn { session })))
    }

    fn started(&mut self, session: SessionId) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("SessionStarted")?;
        let Some(question) = admitted.question.take_if(|q| q.session == session) else {
            // ended here while the start was on its way: the hub gets to know that by itself
            return Ok(Vec::new());
        };
        let (grant, picture_key) = question.allowed.ok_or(HostFault::NotAllowed)?;
        let operator = &admitted.operator;
        let (Some(channel), Some(peer)) = (&operator.channel, operator.peer) else {
            return Err(HostFault::NotAllowed);
        };
        let started = vec![
            HostStep::Start(Box::new(Agreement {
                session,
                operator: peer,
                operator_name: operator.name.clone(),
                grant,
                lanes: channel.lane_keys(),
                picture_key: picture_key.clone(),
                formats: question.formats,
            })),
            HostStep::Tell(HostNews::SessionStarted {
                session,
                operator: operator.name.clone(),
                rights: grant.rights(),
            }),
        ];
        admitted.live = Some(Live {
            session,
            grant,
            picture_key,
            formats: question.formats,
            paused: false,
        });
        Ok(started)
    }

    fn ended(&mut self, session: SessionId, by: EndedBy) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("SessionEnded")?;
        let live = admitted.live.take_if(|live| live.session == session);
        if live.is_some() {
            return Ok(vec![HostStep::Stop {
                session,
                cause: StopCause::By(by),
            }]);
        }
        // an allowed session that ended before it began; or the answer to our own end
        Ok(self.withdrawn(session)?.into_iter().collect())
    }

    fn operator_present(
        &mut self,
        operator: PeerId,
        present: bool,
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("OperatorPresent")?;
        if admitted.operator.peer.is_some_and(|peer| peer != operator) && !present {
            // an older place of the same operator
            return Ok(Vec::new());
        }
        let mut steps = Vec::new();
        if !present {
            admitted.operator.channel = None;
            steps.extend(admitted.pause());
        }
        steps.push(HostStep::Tell(HostNews::OperatorPresent(present)));
        Ok(steps)
    }

    fn admitted_mut(&mut self, said: &'static str) -> Result<&mut Admitted, HostFault> {
        match &mut self.stage {
            Stage::Admitted(admitted) => Ok(admitted),
            Stage::Idle | Stage::Offered { .. } | Stage::Proved { .. } => out_of_place(said),
        }
    }
}

fn out_of_place<T>(said: &'static str) -> Result<T, HostFault> {
    Err(HostFault::OutOfPlace { said })
}

impl Admitted {
    fn pause(&mut self) -> Vec<HostStep> {
        let Some(live) = self.live.as_mut().filter(|live| !live.paused) else {
            return Vec::new();
        };
        live.paused = true;
        let session = live.session;
        vec![
            HostStep::Pause { session },
            HostStep::Tell(HostNews::SessionPaused { session }),
        ]
    }
}

impl Acquaintance {
    /// Says `word` if there is a channel; without one the next greeting makes up for it.
    fn say(&mut self, word: &HostWord) -> Option<HostStep> {
        let (to, channel) = (self.peer?, self.channel.as_mut()?);
        let word = channel.say(word);
        Some(HostStep::Send(HostToHub::Say { to, word }))
    }

    /// The next word from the operator; `None` for what was said in a channel that is no more.
    fn hear(&mut self, from: PeerId, word: &Word) -> Result<Option<OperatorWord>, HostFault> {
        let Some(channel) = self.channel.as_mut().filter(|_| self.peer == Some(from)) else {
            return Ok(None);
        };
        let heard = channel.hear(word).map_err(|_foreign| HostFault::Forged)?;
        Ok(Some(heard))
    }
}
