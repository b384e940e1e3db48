//! The host's side of an assistance, without the network.
//!
//! The ticket's key exchange, the channels to the operators, their questions, and what may start when. The
//! hub is taken for hostile: nobody is let in whom the user did not allow, never with more than was
//! allowed (H5), and what an operator says counts only with that operator's proof.
//!
//! A second operator is learnt of through one who takes part already (O11): that one gives the ticket
//! of a colleague's console, sealed from the hub, and the two ends meet over it as the first two did.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protocol::control::{Admission, ChatText, Name};
use protocol::limits::{MAX_EXCHANGE_BYTES, MAX_OPERATORS};
use protocol::{
    BroughtIn, Companion, EndedBy, Greeting, HostState, HostToHub, HostWord, HubToHost, LiveState,
    OperatorWord, PeerId, Refusal, RefusalCode, Rights, RunningSession, SessionId, StreamHeader,
    TicketRoute, Word,
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
    /// Everything is agreed with one operator: capture and injection may begin, or begin again for it
    /// after a pause.
    Start(Box<Agreement>),
    /// Every operator has no more than these rights.
    Reduce(Rights),
    /// The line to an operator is gone: nothing is captured for it, and what it holds is let go. The
    /// session stands.
    Pause {
        session: SessionId,
        operator: PeerId,
    },
    /// An operator takes part no more; the others do.
    Leave {
        session: SessionId,
        operator: PeerId,
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
    /// An operator asks to be let in.
    ConsentAsked {
        session: SessionId,
        operator: Name,
        asked: Rights,
        /// Several times without a yes.
        insistent: bool,
        /// Who brings this operator into a session that runs.
        brought_by: Option<Name>,
    },
    ConsentWithdrawn {
        session: SessionId,
    },
    SessionStarted {
        session: SessionId,
        operator: Name,
        rights: Rights,
    },
    /// Who sees the screen now, in the order in which they came, and who has keyboard and pointer.
    Company {
        session: SessionId,
        operators: Vec<Companion>,
        driver: Option<PeerId>,
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

/// What one operator may do in a session, as both sides agreed.
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
    /// The operator whose ticket it came with, and the colleagues that were brought in since.
    operators: Vec<Acquaintance>,
    /// One at a time.
    question: Option<Question>,
    live: Option<Live>,
    coming: Option<Coming>,
}

/// An operator that this host was paired with.
#[derive(Debug)]
struct Acquaintance {
    name: Name,
    pair: PairKey,
    /// Who brought it in.
    brought_by: Option<Name>,
    /// Where the operator stands in the hub's list; known with the first greeting.
    peer: Option<PeerId>,
    channel: Option<Channel>,
    chat: Chat<Line>,
    part: Option<Part>,
    /// Questions since the user last said yes, and when the last one came.
    questions: u32,
    last_question: Option<Duration>,
}

/// A line of chat on its way to an operator.
#[derive(Debug, Clone)]
struct Line {
    /// The operator who wrote it; `None`: the user.
    author: Option<Name>,
    text: ChatText,
}

/// What an operator may do in the session that runs.
#[derive(Debug)]
struct Part {
    grant: Grant,
    formats: (u16, u16),
    /// Nothing flows until the next channel.
    paused: bool,
    /// Who came earlier has a lower number.
    number: u32,
}

#[derive(Debug)]
struct Question {
    session: SessionId,
    operator: PeerId,
    asked: Rights,
    formats: (u16, u16),
    /// The user's yes, and the key for the session's pictures.
    allowed: Option<(Grant, PictureKey)>,
}

/// The session that runs.
#[derive(Debug)]
struct Live {
    session: SessionId,
    picture_key: PictureKey,
    driver: Option<PeerId>,
    /// How many came in so far.
    parts: u32,
}

/// A colleague's ticket that is being tried.
#[derive(Debug)]
struct Coming {
    /// Who wishes so, and in which words.
    brought_by: PeerId,
    session: SessionId,
    attempt: u64,
    stage: ComingStage,
}

#[derive(Debug)]
enum ComingStage {
    Offered {
        route: TicketRoute,
        exchange: HostExchange,
    },
    Proved {
        operator: Name,
        awaits: HostAwaitsProof,
    },
    /// It came to nothing; the hub will say so.
    Failed,
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

    /// Whether a stream that the hub opens with `header` may belong here: its operator takes part, or
    /// was let in and starts any moment, in the channel that is open now.
    pub fn expects(&self, header: &StreamHeader) -> bool {
        let Stage::Admitted(admitted) = &self.stage else {
            return false;
        };
        let Some(operator) = admitted.operators.iter().find(|o| o.is(header.operator)) else {
            return false;
        };
        let channel = operator.channel.as_ref();
        let live = admitted.live.as_ref();
        let takes_part =
            live.is_some_and(|live| live.session == header.session) && operator.part.is_some();
        let is_let_in = admitted.question.as_ref().is_some_and(|q| {
            q.session == header.session && q.operator == header.operator && q.allowed.is_some()
        });
        channel.is_some_and(|channel| channel.id() == header.channel) && (takes_part || is_let_in)
    }

    /// Comes with a ticket; does nothing unless this host is without one.
    pub fn open_ticket(&mut self, ticket: &TicketNumber, user: Name) -> Vec<HostStep> {
        if !matches!(self.stage, Stage::Idle) {
            return Vec::new();
        }
        self.caller.user = user;
        let route = ticket.route();
        if self.is_spent(route) {
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
        let asks = |o: &&mut Acquaintance| o.is(question.operator);
        let Some(operator) = admitted.operators.iter_mut().find(asks) else {
            return Vec::new();
        };
        let Some(channel) = &mut operator.channel else {
            return Vec::new();
        };
        let grant = granted.map(|rights| Grant::from_answer(question.asked, rights));
        let grant = grant.filter(|grant| grant.rights().has(Rights::SEE));
        let mut sealed = Vec::new();
        match grant {
            Some(grant) => {
                let key = match &admitted.live {
                    Some(live) => live.picture_key.clone(),
                    None => PictureKey::from_random(random),
                };
                sealed = channel.lane_keys().seal_picture_key(session, &key);
                question.allowed = Some((grant, key));
                operator.questions = 0;
            }
            None => admitted.question = None,
        }
        let word = HostWord::Answer {
            session,
            granted: grant.map(Grant::rights),
            picture_key: sealed.into(),
        };
        operator.say(&word).into_iter().collect()
    }

    /// The user takes rights back, from every operator; without seeing there is no session.
    pub fn reduce(&mut self, rights: Rights) -> Vec<HostStep> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        let Some(session) = admitted.live.as_ref().map(|live| live.session) else {
            return Vec::new();
        };
        if !rights.has(Rights::SEE) {
            return self.end(StopCause::By(EndedBy::User));
        }
        let mut steps = vec![HostStep::Reduce(rights)];
        for operator in &mut admitted.operators {
            let Some(part) = &mut operator.part else {
                continue;
            };
            part.grant.reduce(rights);
            let rights = part.grant.rights();
            // out of reach, the operator hears of it with the next greeting
            steps.extend(operator.say(&HostWord::Reduce { session, rights }));
        }
        let allowed = admitted.question.as_mut().and_then(|q| q.allowed.as_mut());
        if let Some((grant, _)) = allowed {
            // comes in any moment
            grant.reduce(rights);
        }
        steps.extend(admitted.tell_company());
        steps
    }

    /// The user sends one operator away; with the last one the session ends.
    pub fn send_away(&mut self, operator: PeerId) -> Vec<HostStep> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        admitted.send_off(operator, StopCause::By(EndedBy::User))
    }

    /// Ends what runs, or takes back an allowance that has not begun.
    pub fn end(&mut self, cause: StopCause) -> Vec<HostStep> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        admitted.end(cause)
    }

    /// A line of chat to the operators; `false` if too many wait to be heard or nobody is there.
    pub fn chat(&mut self, text: ChatText) -> (Vec<HostStep>, bool) {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return (Vec::new(), false);
        };
        let is_full = |o: &Acquaintance| o.channel.is_some() && !o.chat.has_room();
        if admitted.audience(None).any(|(_, o)| is_full(o)) {
            return (Vec::new(), false);
        }
        let steps = admitted.write(&Line { author: None, text }, None);
        (steps, true)
    }

    /// So many of an operator's input frames came too late.
    pub fn input_too_old(&mut self, operator: PeerId, count: u32) -> Vec<HostStep> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        let Some(session) = admitted.live.as_ref().map(|live| live.session) else {
            return Vec::new();
        };
        let word = HostWord::InputTooOld { session, count };
        let late = admitted.operators.iter_mut().find(|o| o.is(operator));
        late.and_then(|operator| operator.say(&word))
            .into_iter()
            .collect()
    }

    /// Somebody else has keyboard and pointer now (`None`: only the user).
    pub fn driver_is(&mut self, driver: Option<PeerId>) -> Vec<HostStep> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        let Some(live) = &mut admitted.live else {
            return Vec::new();
        };
        if std::mem::replace(&mut live.driver, driver) == driver {
            return Vec::new();
        }
        admitted.tell_company()
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
                admitted.coming = None;
                let mut steps = Vec::new();
                if let Some(Question { session, .. }) = admitted.question.take() {
                    steps.push(HostStep::Tell(HostNews::ConsentWithdrawn { session }));
                }
                for at in 0..admitted.operators.len() {
                    admitted.operators[at].channel = None;
                    steps.extend(admitted.pause(at));
                }
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
            HubToHost::TicketRefused { refusal } => self.ticket_refused(refusal),
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
            HubToHost::ConsentWithdrawn { session } => self.withdrawn(session),
            HubToHost::SessionStarted { session } => self.started(session),
            HubToHost::SessionEnded { session, by } => self.ended(session, by),
            HubToHost::OperatorPresent { operator, present } => {
                self.operator_present(operator, present)
            }
            HubToHost::Goodbye { refusal } => Ok(vec![HostStep::HangUp(refusal)]),
            HubToHost::OperatorLeft { session, operator } => self.operator_left(session, operator),
        }
    }

    fn ticket_refused(&mut self, refusal: Refusal) -> Result<Vec<HostStep>, HostFault> {
        if let Stage::Admitted(admitted) = &mut self.stage {
            let coming = admitted.coming.take();
            let untold = coming.filter(|coming| !matches!(coming.stage, ComingStage::Failed));
            let came = |coming: Coming| admitted.came(&coming, BroughtIn::Refused(refusal));
            return Ok(untold.map(came).unwrap_or_default());
        }
        if !self.opening() {
            return out_of_place("TicketRefused");
        }
        self.stage = Stage::Idle;
        Ok(vec![HostStep::Tell(HostNews::TicketRefused(refusal))])
    }

    /// Counts a try of a ticket: from here on whoever answered can check one guess.
    fn count_try(&mut self, route: TicketRoute) {
        while self.tried.len() >= MAX_TRIED && !self.tried.contains_key(&route) {
            self.tried.pop_first();
        }
        *self.tried.entry(route).or_insert(0) += 1;
    }

    fn is_spent(&self, route: TicketRoute) -> bool {
        self.tried.get(&route).is_some_and(|t| *t >= MAX_TRIES)
    }

    fn answered(&mut self, operator: Name, half: &[u8]) -> Result<Vec<HostStep>, HostFault> {
        if half.len() > MAX_EXCHANGE_BYTES {
            return Err(HostFault::MalformedExchange);
        }
        let prove = |exchange: HostExchange| {
            let answer = exchange.answer(half);
            answer.map_err(|_malformed| HostFault::MalformedExchange)
        };
        let (route, proof) = if let Stage::Admitted(admitted) = &mut self.stage {
            let coming = admitted.coming.take();
            let Some(Coming {
                brought_by,
                session,
                attempt,
                stage: ComingStage::Offered { route, exchange },
            }) = coming
            else {
                return out_of_place("TicketAnswered");
            };
            let mut coming = Coming {
                brought_by,
                session,
                attempt,
                stage: ComingStage::Failed,
            };
            let Ok((awaits, proof)) = prove(exchange) else {
                // a colleague's console cannot end what others do; the hub waits for a proof until
                // it has waited long enough
                let wrong = RefusalCode::TICKET_WRONG.into();
                let steps = admitted.came(&coming, BroughtIn::Refused(wrong));
                admitted.coming = Some(coming);
                return Ok(steps);
            };
            coming.stage = ComingStage::Proved { operator, awaits };
            admitted.coming = Some(coming);
            (route, proof)
        } else {
            let before = std::mem::replace(&mut self.stage, Stage::Idle);
            let Stage::Offered { route, exchange } = before else {
                return out_of_place("TicketAnswered");
            };
            let (awaits, proof) = prove(exchange)?;
            self.stage = Stage::Proved { operator, awaits };
            (route, proof)
        };
        self.count_try(route);
        Ok(vec![HostStep::Send(HostToHub::ConfirmTicket {
            proof: proof.into(),
        })])
    }

    fn accepted(&mut self, proof: &[u8], admission: Admission) -> Result<Vec<HostStep>, HostFault> {
        if let Stage::Admitted(admitted) = &mut self.stage {
            return admitted.colleague_accepted(proof, admission);
        }
        let Stage::Proved { operator, awaits } = std::mem::replace(&mut self.stage, Stage::Idle)
        else {
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
        }));
        let accepted = HostNews::TicketAccepted { operator };
        Ok(vec![HostStep::Tell(accepted)])
    }

    /// An operator wishes to bring a colleague in.
    fn bring_in(
        &mut self,
        from: PeerId,
        session: SessionId,
        attempt: u64,
        sealed: &[u8],
    ) -> Result<Vec<HostStep>, HostFault> {
        let caller = self.caller.clone();
        let admitted = self.admitted_mut("BringIn")?;
        let at = admitted.operators.iter().position(|o| o.is(from));
        let at = at.filter(|at| admitted.operators[*at].part.is_some());
        let is_live = admitted.live.as_ref().is_some_and(|l| l.session == session);
        let Some(at) = at.filter(|_| is_live) else {
            return Ok(Vec::new()); // it has just left
        };
        let channel = admitted.operators[at].channel.as_ref();
        let keys = channel.map(Channel::lane_keys);
        let ticket = keys.and_then(|keys| keys.open_ticket(session, attempt, sealed));
        let Some(ticket) = ticket else {
            return admitted.distrust(at);
        };
        let route = ticket.route();
        let is_busy = admitted.coming.is_some() || !admitted.has_room();
        let (exchange, half) = HostExchange::start(&ticket);
        let coming = Coming {
            brought_by: from,
            session,
            attempt,
            stage: ComingStage::Offered { route, exchange },
        };
        if is_busy {
            return Ok(admitted.came(&coming, BroughtIn::Busy));
        }
        if self.is_spent(route) {
            let admitted = self.admitted_mut("BringIn")?;
            return Ok(admitted.came(&coming, BroughtIn::Spent));
        }
        self.admitted_mut("BringIn")?.coming = Some(coming);
        let Caller {
            computer,
            user,
            system,
        } = caller;
        Ok(vec![HostStep::Send(HostToHub::OpenTicket {
            route,
            computer,
            user,
            system,
            exchange: half.into(),
        })])
    }

    fn resumed(
        &mut self,
        running: &[RunningSession],
        ended: &[(SessionId, EndedBy)],
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("Resumed")?;
        let mut steps = vec![HostStep::Tell(HostNews::Resumed)];
        let ours = admitted.live.as_ref().map(|live| live.session);
        if let Some(session) = ours {
            let goes_on = |with| running.contains(&RunningSession { session, with });
            let operators = admitted.operators.iter().filter(|o| o.part.is_some());
            let (inside, gone): (Vec<PeerId>, Vec<PeerId>) = operators
                .filter_map(|o| o.peer)
                .partition(|peer| goes_on(*peer));
            let found = ended.iter().find(|(id, _)| *id == session);
            let by = found.map_or(EndedBy::HostLost, |(_, by)| *by);
            for operator in gone {
                steps.extend(admitted.leaves(operator, StopCause::By(by)));
            }
            // sent away, or not let in after all, while the line was gone
            let of_session = running.iter().filter(|found| found.session == session);
            let strange = of_session.filter(|found| !inside.contains(&found.with));
            steps.extend(strange.map(|found| {
                let operator = found.with;
                HostStep::Send(HostToHub::SendAway { session, operator })
            }));
        }
        // the user ended these while the line was gone
        let strange = running.iter().map(|found| found.session);
        let strange: BTreeSet<SessionId> = strange.filter(|id| Some(*id) != ours).collect();
        let end = |session| HostStep::Send(HostToHub::EndSession { session });
        steps.extend(strange.into_iter().map(end));
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
        let ends = Ends {
            console: from,
            host: admitted.admission.you,
        };
        let session = admitted.live.as_ref().map(|live| live.session);
        let mut opened = None;
        for (at, operator) in admitted.operators.iter().enumerate() {
            // an operator who has another place now begins anew in the session
            let part = operator.part.as_ref().filter(|_| operator.is(from));
            let live = session.zip(part).map(|(session, part)| LiveState {
                session,
                rights: part.grant.rights(),
                input_taken: outside.input_taken,
            });
            let state = HostState {
                computer: caller.computer.clone(),
                user: caller.user.clone(),
                system: caller.system.clone(),
                heard: operator.chat.heard(),
                live,
            };
            let answer = channel::answer(&operator.pair, ends, greeting, &state, outside.random);
            if let Ok(answer) = answer {
                opened = Some((at, answer));
                break;
            }
        }
        let Some((at, (channel, greeting))) = opened else {
            return match admitted.operators.iter().position(|o| o.is(from)) {
                Some(at) => admitted.distrust(at),
                // one whose ticket this host never heard to be good
                None => Ok(Vec::new()),
            };
        };
        let (at, mut steps) = admitted.only_one_of(from, at);
        let before = admitted.operators[at].peer;
        // asked in a channel that is no more
        steps.extend(
            before
                .map(|before| admitted.refuse(before))
                .into_iter()
                .flatten(),
        );
        steps.extend(admitted.pause(at));
        if let Some(before) = before.filter(|before| *before != from) {
            steps.extend(admitted.send_off(before, StopCause::By(EndedBy::OperatorLost)));
        }
        steps.push(HostStep::Send(HostToHub::Greet { to: from, greeting }));
        let operator = &mut admitted.operators[at];
        operator.peer = Some(from);
        operator.channel = Some(channel);
        steps.extend(admitted.resume(at));
        let operator = &mut admitted.operators[at];
        let unheard: Vec<_> = operator.chat.unheard().collect();
        for (line, text) in unheard {
            steps.extend(operator.say_line(line, text));
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
        let Some(at) = admitted.operators.iter().position(|o| o.is(from)) else {
            return Ok(Vec::new());
        };
        let operator = &mut admitted.operators[at];
        let word = match operator.hear(word) {
            Ok(Some(word)) => word,
            Ok(None) => return Ok(Vec::new()),
            Err(_foreign) => return admitted.distrust(at),
        };
        match word {
            OperatorWord::Chat { line, text } => {
                let mut steps = Vec::new();
                let is_new = operator.chat.hear(line);
                let name = operator.name.clone();
                let line = operator.chat.heard();
                steps.extend(operator.say(&HostWord::Heard { line }));
                if is_new {
                    steps.push(HostStep::Tell(HostNews::ChatReceived {
                        operator: name.clone(),
                        at_unix_seconds,
                        text: text.clone(),
                    }));
                    let author = Some(name);
                    steps.extend(admitted.write(&Line { author, text }, Some(from)));
                }
                Ok(steps)
            }
            OperatorWord::Heard { line } => {
                operator.chat.settle(line);
                Ok(Vec::new())
            }
            OperatorWord::BringIn {
                session,
                attempt,
                ticket,
            } => self.bring_in(from, session, attempt, &ticket),
            // a question has a number of its own, from the hub
            OperatorWord::Ask { .. } => admitted.distrust(at),
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
        let other = admitted.live.as_ref().is_some_and(|l| l.session != session);
        // an operator who left and asked again was refused at the hub by a word of ours that was meant
        // for the time before, and asks once more
        let is_again = |q: &Question| (q.session, q.operator) == (session, from);
        let again = admitted.question.as_ref().is_some_and(is_again);
        if other || (admitted.question.is_some() && !again) {
            return out_of_place("ConsentAsked");
        }
        let mut steps = Vec::new();
        if again {
            if admitted
                .question
                .as_ref()
                .is_some_and(|q| q.allowed.is_some())
            {
                // the answer is under way, and is one to this question, too
                return Ok(Vec::new());
            }
            admitted.question = None;
            steps.push(HostStep::Tell(HostNews::ConsentWithdrawn { session }));
        }
        let operator = from;
        let no = HostStep::Send(HostToHub::SendAway { session, operator });
        let Some(at) = admitted.operators.iter().position(|o| o.is(from)) else {
            steps.push(no);
            return Ok(steps);
        };
        let operator = &mut admitted.operators[at];
        if operator.part.is_some() {
            return out_of_place("ConsentAsked");
        }
        let (asked, name, formats) = match operator.hear(word) {
            Ok(Some(OperatorWord::Ask {
                asked,
                operator,
                formats,
            })) => (asked, operator, formats),
            Ok(None) => {
                steps.push(no);
                return Ok(steps);
            }
            Ok(Some(_)) | Err(_) => {
                steps.extend(admitted.distrust(at)?);
                steps.push(no);
                return Ok(steps);
            }
        };
        let last = operator.last_question.replace(now);
        operator.questions = operator.questions.saturating_add(1);
        let insistent = operator.questions > FREE_QUESTIONS;
        let too_soon = last.is_some_and(|last| now.saturating_sub(last) < QUESTION_INTERVAL);
        if !asked.has(Rights::SEE) || (insistent && too_soon) {
            // nothing can be granted, or the user has said no often enough
            let refused = HostWord::Answer {
                session,
                granted: None,
                picture_key: bytes::Bytes::new(),
            };
            steps.extend(operator.say(&refused));
            return Ok(steps);
        }
        operator.name = name.clone();
        let brought_by = operator.brought_by.clone();
        let brought_by = brought_by.filter(|_| admitted.live.is_some());
        admitted.question = Some(Question {
            session,
            operator: from,
            asked,
            formats,
            allowed: None,
        });
        steps.push(HostStep::Tell(HostNews::ConsentAsked {
            session,
            operator: name,
            asked: asked.common_with(Rights::KNOWN),
            insistent,
            brought_by,
        }));
        Ok(steps)
    }

    fn withdrawn(&mut self, session: SessionId) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("ConsentWithdrawn")?;
        let Some(question) = admitted.question.take_if(|q| q.session == session) else {
            // the answer "no" may have crossed it on the way
            return Ok(Vec::new());
        };
        let operator = question.operator;
        let mut steps = vec![HostStep::Tell(HostNews::ConsentWithdrawn { session })];
        let may_come_again = admitted.live.as_ref().is_some_and(|l| l.session == session);
        if may_come_again && question.allowed.is_none() {
            // the hub waits to hear that no answer is under way
            let away = HostToHub::SendAway { session, operator };
            steps.push(HostStep::Send(away));
        }
        Ok(steps)
    }

    fn started(&mut self, session: SessionId) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("SessionStarted")?;
        let Some(question) = admitted.question.take_if(|q| q.session == session) else {
            // ended here while the start was on its way: the hub gets to know that by itself
            return Ok(Vec::new());
        };
        let (grant, picture_key) = question.allowed.ok_or(HostFault::NotAllowed)?;
        let asked = |o: &Acquaintance| o.is(question.operator) && o.channel.is_some();
        let Some(at) = admitted.operators.iter().position(asked) else {
            return Err(HostFault::NotAllowed);
        };
        let is_first = admitted.live.is_none();
        let live = admitted.live.get_or_insert(Live {
            session,
            picture_key,
            driver: None,
            parts: 0,
        });
        live.parts += 1;
        let number = live.parts;
        let operator = &mut admitted.operators[at];
        let rights = grant.rights();
        operator.part = Some(Part {
            grant,
            formats: question.formats,
            paused: true,
            number,
        });
        let mut steps = Vec::new();
        if !is_first {
            // what was taken back from all while this one was on its way in
            steps.extend(operator.say(&HostWord::Reduce { session, rights }));
        }
        let operator = operator.name.clone();
        steps.extend(admitted.start(at));
        if is_first {
            steps.push(HostStep::Tell(HostNews::SessionStarted {
                session,
                operator,
                rights,
            }));
        }
        steps.extend(admitted.tell_company());
        Ok(steps)
    }

    fn ended(&mut self, session: SessionId, by: EndedBy) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("SessionEnded")?;
        let mut steps = Vec::new();
        if admitted
            .question
            .take_if(|q| q.session == session)
            .is_some()
        {
            steps.push(HostStep::Tell(HostNews::ConsentWithdrawn { session }));
        }
        if admitted.live.as_ref().is_some_and(|l| l.session == session) {
            admitted.stop();
            let cause = StopCause::By(by);
            steps.push(HostStep::Stop { session, cause });
        }
        Ok(steps)
    }

    fn operator_left(
        &mut self,
        session: SessionId,
        operator: PeerId,
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("OperatorLeft")?;
        if admitted.live.as_ref().is_none_or(|l| l.session != session) {
            return Ok(Vec::new());
        }
        Ok(admitted.leaves(operator, StopCause::By(EndedBy::Operator)))
    }

    fn operator_present(
        &mut self,
        operator: PeerId,
        present: bool,
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_mut("OperatorPresent")?;
        let mut steps = Vec::new();
        if !present {
            let Some(at) = admitted.operators.iter().position(|o| o.is(operator)) else {
                // an older place of an operator
                return Ok(Vec::new());
            };
            admitted.operators[at].channel = None;
            steps.extend(admitted.pause(at));
            let others = |o: &Acquaintance| o.part.is_some() && o.channel.is_some();
            if admitted.operators.iter().any(others) {
                return Ok(steps);
            }
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
    /// Those who read what `except` (or the user) writes: who takes part in the session, or, without
    /// one, the operator whose ticket it was.
    fn audience(&self, except: Option<PeerId>) -> impl Iterator<Item = (usize, &Acquaintance)> {
        let in_session = self.live.is_some();
        let operators = self.operators.iter().enumerate();
        operators.filter(move |(at, operator)| {
            let reads = if in_session {
                operator.part.is_some()
            } else {
                *at == 0
            };
            reads && except.is_none_or(|except| !operator.is(except))
        })
    }

    /// Writes a line to those who are to read it, under one number.
    fn write(&mut self, line: &Line, except: Option<PeerId>) -> Vec<HostStep> {
        let readers: Vec<usize> = self.audience(except).map(|(at, _)| at).collect();
        let last = self.last_line();
        let mut steps = Vec::new();
        for at in readers {
            let operator = &mut self.operators[at];
            operator.chat.skip_to(last);
            if let Some(number) = operator.chat.write(line.clone()) {
                steps.extend(operator.say_line(number, line.clone()));
            }
        }
        steps
    }

    /// The highest number of a line that was written here.
    fn last_line(&self) -> u64 {
        let last = self.operators.iter().map(|o| o.chat.last_line());
        last.max().unwrap_or(0)
    }

    /// What became of a colleague's ticket, for whoever gave it.
    fn came(&mut self, coming: &Coming, outcome: BroughtIn) -> Vec<HostStep> {
        let word = HostWord::BroughtIn {
            session: coming.session,
            attempt: coming.attempt,
            outcome,
        };
        let by = self.operators.iter_mut().find(|o| o.is(coming.brought_by));
        by.and_then(|by| by.say(&word)).into_iter().collect()
    }

    fn colleague_accepted(
        &mut self,
        proof: &[u8],
        admission: Admission,
    ) -> Result<Vec<HostStep>, HostFault> {
        let Some(mut coming) = self.coming.take() else {
            return out_of_place("TicketAccepted");
        };
        let stage = std::mem::replace(&mut coming.stage, ComingStage::Failed);
        let ComingStage::Proved { operator, awaits } = stage else {
            return out_of_place("TicketAccepted");
        };
        if admission.you != self.admission.you {
            return out_of_place("another place");
        }
        let Ok(pair) = awaits.finish(proof) else {
            // whoever that is does not get in; the others go on
            let wrong = RefusalCode::TICKET_WRONG.into();
            return Ok(self.came(&coming, BroughtIn::Refused(wrong)));
        };
        let by = self.operators.iter().find(|o| o.is(coming.brought_by));
        let by = by.map(|by| by.name.clone());
        let chat = Chat::from_base(self.last_line());
        let colleague = Acquaintance::new(operator.clone(), pair, by, chat);
        if self.operators.len() >= MAX_OPERATORS
            && let Some(never_came) = self.never_came()
        {
            self.operators.remove(never_came);
        }
        self.operators.push(colleague);
        Ok(self.came(&coming, BroughtIn::Met { operator }))
    }

    /// Lets what is agreed with an operator begin.
    fn start(&mut self, at: usize) -> Option<HostStep> {
        let live = self.live.as_ref()?;
        let operator = &mut self.operators[at];
        let (peer, channel) = (operator.peer?, operator.channel.as_ref()?);
        let part = operator.part.as_mut()?;
        part.paused = false;
        Some(HostStep::Start(Box::new(Agreement {
            session: live.session,
            operator: peer,
            operator_name: operator.name.clone(),
            grant: part.grant,
            lanes: channel.lane_keys(),
            picture_key: live.picture_key.clone(),
            formats: part.formats,
        })))
    }

    /// An operator has a new channel: what it takes part in goes on.
    fn resume(&mut self, at: usize) -> Vec<HostStep> {
        let Some(session) = self.live.as_ref().map(|live| live.session) else {
            return Vec::new();
        };
        let was_paused = !self.operators.iter().any(Acquaintance::sees);
        let operator = &mut self.operators[at];
        let Some(rights) = operator.part.as_ref().map(|part| part.grant.rights()) else {
            return Vec::new();
        };
        // the hub may not have heard what was taken back meanwhile
        let reduce = operator.say(&HostWord::Reduce { session, rights });
        let mut steps: Vec<HostStep> = reduce.into_iter().collect();
        steps.extend(self.start(at));
        if was_paused {
            steps.push(HostStep::Tell(HostNews::SessionResumed { session }));
        }
        steps.extend(self.tell_company());
        steps
    }

    /// Nothing flows to and from an operator until its next channel.
    fn pause(&mut self, at: usize) -> Vec<HostStep> {
        let Some(session) = self.live.as_ref().map(|live| live.session) else {
            return Vec::new();
        };
        let operator = &mut self.operators[at];
        let Some(peer) = operator.peer else {
            return Vec::new();
        };
        let Some(part) = operator.part.as_mut().filter(|part| !part.paused) else {
            return Vec::new();
        };
        part.paused = true;
        let operator = peer;
        let mut steps = vec![HostStep::Pause { session, operator }];
        if self.operators.iter().any(Acquaintance::sees) {
            steps.extend(self.tell_company());
        } else {
            steps.push(HostStep::Tell(HostNews::SessionPaused { session }));
        }
        steps
    }

    /// An operator takes part no more; with the last one the session is over for this `cause`.
    fn leaves(&mut self, operator: PeerId, cause: StopCause) -> Vec<HostStep> {
        let Some(session) = self.live.as_ref().map(|live| live.session) else {
            return Vec::new();
        };
        let leaving = self.operators.iter_mut().find(|o| o.is(operator));
        if leaving.and_then(|leaving| leaving.part.take()).is_none() {
            return Vec::new();
        }
        if self.operators.iter().all(|o| o.part.is_none()) {
            self.stop();
            return vec![HostStep::Stop { session, cause }];
        }
        let mut steps = vec![HostStep::Leave { session, operator }];
        steps.extend(self.tell_company());
        steps
    }

    /// An operator takes part no more, and the hub hears it from here.
    fn send_off(&mut self, operator: PeerId, cause: StopCause) -> Vec<HostStep> {
        let others = |o: &Acquaintance| o.part.is_some() && !o.is(operator);
        let is_in = |o: &Acquaintance| o.part.is_some() && o.is(operator);
        let Some(session) = self.live.as_ref().map(|live| live.session) else {
            return Vec::new();
        };
        if !self.operators.iter().any(is_in) {
            return Vec::new();
        }
        if !self.operators.iter().any(others) {
            return self.end(cause);
        }
        let mut steps = self.leaves(operator, cause);
        let away = HostToHub::SendAway { session, operator };
        steps.push(HostStep::Send(away));
        steps
    }

    /// Ends what runs, or takes back an allowance that has not begun.
    fn end(&mut self, cause: StopCause) -> Vec<HostStep> {
        let allowed = self.question.take_if(|q| q.allowed.is_some());
        if let Some(Live { session, .. }) = self.stop() {
            return vec![
                HostStep::Stop { session, cause },
                HostStep::Send(HostToHub::EndSession { session }),
            ];
        }
        let end = |q: Question| HostStep::Send(HostToHub::EndSession { session: q.session });
        allowed.map(end).into_iter().collect()
    }

    /// The question of `operator`, if there is one, comes to nothing.
    fn refuse(&mut self, operator: PeerId) -> Vec<HostStep> {
        let Some(question) = self.question.take_if(|q| q.operator == operator) else {
            return Vec::new();
        };
        let session = question.session;
        vec![
            HostStep::Tell(HostNews::ConsentWithdrawn { session }),
            HostStep::Send(HostToHub::SendAway { session, operator }),
        ]
    }

    /// What came in an operator's name was not the operator's: nothing of it counts until it greets
    /// anew. The others go on; where there are none nothing is left to save.
    fn distrust(&mut self, at: usize) -> Result<Vec<HostStep>, HostFault> {
        if self.operators.len() == 1 {
            return Err(HostFault::Forged);
        }
        self.operators[at].channel = None;
        let Some(operator) = self.operators[at].peer else {
            return Ok(Vec::new());
        };
        let mut steps = self.refuse(operator);
        steps.extend(self.send_off(operator, StopCause::Forged));
        Ok(steps)
    }

    /// The operator at `from` has greeted with the key of the acquaintance at `at`. If it was known by
    /// the key of another ticket, that one is over, and hands nothing on: a hub could give two
    /// operators one place. Gives where it is now.
    fn only_one_of(&mut self, from: PeerId, at: usize) -> (usize, Vec<HostStep>) {
        let double = |o: &Acquaintance| o.is(from);
        let Some(double) = self
            .operators
            .iter()
            .position(double)
            .filter(|it| *it != at)
        else {
            return (at, Vec::new());
        };
        let mut steps = self.refuse(from);
        steps.extend(self.send_off(from, StopCause::By(EndedBy::OperatorLost)));
        let mut newer = self.operators.remove(at);
        let double = if double > at { double - 1 } else { double };
        newer.chat.skip_to(self.operators[double].chat.last_line());
        self.operators[double] = newer;
        (double, steps)
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

    /// The session is over for everybody.
    fn stop(&mut self) -> Option<Live> {
        for operator in &mut self.operators {
            operator.part = None;
        }
        self.live.take()
    }

    /// Tells everybody who sees the screen now, and who drives.
    fn tell_company(&mut self) -> Vec<HostStep> {
        let seeing = self.operators.iter().filter(|o| o.sees());
        let mut seeing: Vec<&Acquaintance> = seeing.collect();
        seeing.sort_by_key(|o| o.part.as_ref().map(|part| part.number));
        let seeing = seeing.into_iter();
        let operators: Vec<Companion> = seeing.filter_map(Acquaintance::companion).collect();
        let Some(live) = &mut self.live else {
            return Vec::new();
        };
        let may_drive = |driver: PeerId| {
            let may = |o: &Companion| o.operator == driver && o.rights.has(Rights::CONTROL);
            operators.iter().any(may)
        };
        live.driver = live.driver.filter(|driver| may_drive(*driver));
        let (session, driver) = (live.session, live.driver);
        let word = HostWord::Company {
            session,
            operators: operators.clone(),
            driver,
        };
        let seeing = self.operators.iter_mut().filter(|o| o.sees());
        let mut steps: Vec<HostStep> = seeing.filter_map(|o| o.say(&word)).collect();
        steps.push(HostStep::Tell(HostNews::Company {
            session,
            operators,
            driver,
        }));
        steps
    }
}

impl Acquaintance {
    fn new(name: Name, pair: PairKey, brought_by: Option<Name>, chat: Chat<Line>) -> Self {
        Self {
            name,
            pair,
            brought_by,
            peer: None,
            channel: None,
            chat,
            part: None,
            questions: 0,
            last_question: None,
        }
    }

    /// Whether this is the operator in that place.
    fn is(&self, peer: PeerId) -> bool {
        self.peer == Some(peer)
    }

    /// Whether the screen goes to it now.
    fn sees(&self) -> bool {
        self.part.as_ref().is_some_and(|part| !part.paused)
    }

    fn companion(&self) -> Option<Companion> {
        Some(Companion {
            operator: self.peer?,
            name: self.name.clone(),
            rights: self.part.as_ref()?.grant.rights(),
        })
    }

    /// Says `word` if there is a channel; without one the next greeting makes up for it.
    fn say(&mut self, word: &HostWord) -> Option<HostStep> {
        let (to, channel) = (self.peer?, self.channel.as_mut()?);
        let word = channel.say(word);
        Some(HostStep::Send(HostToHub::Say { to, word }))
    }

    fn say_line(&mut self, line: u64, Line { author, text }: Line) -> Option<HostStep> {
        self.say(&match author {
            None => HostWord::Chat { line, text },
            Some(operator) => HostWord::ChatOf {
                line,
                operator,
                text,
            },
        })
    }

    /// What the operator said; `None` for a word that is not known here, or was said in a channel that
    /// is no more.
    fn hear(&mut self, word: &Word) -> Result<Option<OperatorWord>, HostFault> {
        let Some(channel) = &mut self.channel else {
            return Ok(None);
        };
        channel.hear(word).map_err(|_foreign| HostFault::Forged)
    }
}
