//! The session that runs: who takes part in it with which rights, and its end (H6).

use protocol::control::Name;
use protocol::limits::MAX_WATCHERS;
use protocol::{
    Companion, EndedBy, Equipment, HostLine, HostToHub, HostWord, PeerId, Rights, SessionId,
    StreamHeader,
};

use super::acquaintance::Acquaintance;
use super::shield::Shielding;
use super::system::Telling;
use super::{Admitted, Agreement, HostFault, HostNews, HostSide, HostStep, Stage, StopCause};
use crate::channel::PictureKey;
use crate::grant::Grant;

/// The session that runs.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) session: SessionId,
    pub(super) picture_key: PictureKey,
    driver: Option<PeerId>,
    /// How many came in so far.
    parts: u32,
    /// Whether the user has paused; `None` if that never was.
    pub(super) withheld: Option<bool>,
    pub(super) shielding: Shielding,
    /// Whether all operators rest, and who does, as was told last.
    pub(super) rested: (bool, Vec<Name>),
    /// The monitor that the user shares alone, ...
    pub(super) shares_only: Option<Name>,
    /// ... and whether there ever was one.
    pub(super) shared_alone: bool,
    /// What was said of the desk, each piece once.
    pub(super) equipment: Vec<Equipment>,
}

/// What an operator may do in the session that runs.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) grant: Grant,
    formats: (u16, u16),
    /// Nothing flows until the next channel.
    paused: bool,
    /// Who came earlier has a lower number.
    number: u32,
    /// Whether it may be told what computer this is, ...
    pub(super) telling: Telling,
    /// ... and how often it was.
    pub(super) told: u64,
    /// This operator has paused.
    pub(super) resting: bool,
}

impl HostSide {
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
        let takes_part = admitted.session() == Some(header.session) && operator.part.is_some();
        let is_let_in = admitted.question.as_ref().is_some_and(|q| {
            q.session == header.session && q.operator == header.operator && q.allowed.is_some()
        });
        channel.is_some_and(|channel| channel.id() == header.channel) && (takes_part || is_let_in)
    }

    pub(super) fn started(&mut self, session: SessionId) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_for("SessionStarted")?;
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
            withheld: None,
            shielding: Shielding::default(),
            rested: (false, Vec::new()),
            shares_only: None,
            shared_alone: false,
            equipment: Vec::new(),
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
            telling: Telling::default(),
            told: 0,
            resting: false,
        });
        let mut steps = Vec::new();
        if !is_first {
            // what was taken back from all while this one was on its way in
            steps.extend(operator.say(&HostWord::Reduce { session, rights }));
        }
        let operator = operator.name.clone();
        steps.extend(admitted.start(at));
        steps.extend(admitted.tell_withheld(at));
        steps.extend(admitted.tell_shields_to(at));
        steps.extend(admitted.tell_shares_only(at));
        steps.extend(admitted.tell_equipment(at));
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

    /// The user takes rights back, from every operator; without seeing there is no session.
    pub fn reduce(&mut self, rights: Rights) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let Some(session) = admitted.session() else {
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
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        admitted.send_off(operator, StopCause::By(EndedBy::User))
    }

    /// Ends what runs, or takes back an allowance that has not begun.
    pub fn end(&mut self, cause: StopCause) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        admitted.end(cause)
    }

    /// So many of an operator's input frames came too late.
    pub fn input_too_old(&mut self, operator: PeerId, count: u32) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let Some(session) = admitted.session() else {
            return Vec::new();
        };
        let word = HostWord::InputTooOld { session, count };
        admitted.say_to(operator, &word)
    }

    /// So many of an operator's presses and texts could not be done here.
    pub fn input_impossible(&mut self, operator: PeerId, count: u32) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let Some(session) = admitted.session() else {
            return Vec::new();
        };
        let word = HostWord::InputImpossible { session, count };
        admitted.say_to(operator, &word)
    }

    /// How the way to an operator is now.
    pub fn line_is(&mut self, operator: PeerId, line: HostLine) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let Some(session) = admitted.session() else {
            return Vec::new();
        };
        let word = HostWord::Line { session, line };
        admitted.say_to(operator, &word)
    }

    /// Somebody else has keyboard and pointer now (`None`: only the user).
    pub fn driver_is(&mut self, driver: Option<PeerId>) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
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

    pub(super) fn ended(
        &mut self,
        session: SessionId,
        by: EndedBy,
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_for("SessionEnded")?;
        let mut steps = Vec::new();
        let asked = admitted.question.take_if(|q| q.session == session);
        if asked.is_some() {
            steps.push(HostStep::Tell(HostNews::ConsentWithdrawn { session }));
        }
        if admitted.session() == Some(session) {
            admitted.stop();
            let cause = StopCause::By(by);
            steps.push(HostStep::Stop { session, cause });
        }
        Ok(steps)
    }

    pub(super) fn operator_left(
        &mut self,
        session: SessionId,
        operator: PeerId,
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_for("OperatorLeft")?;
        if admitted.session() != Some(session) {
            return Ok(Vec::new());
        }
        Ok(admitted.leaves(operator, StopCause::By(EndedBy::Operator)))
    }

    pub(super) fn watched(
        &mut self,
        session: SessionId,
        mut by: Vec<Name>,
    ) -> Result<Vec<HostStep>, HostFault> {
        if self.admitted_for("Watched")?.session() != Some(session) {
            return Ok(Vec::new());
        }
        by.truncate(MAX_WATCHERS);
        Ok(vec![HostStep::Tell(HostNews::Watched { session, by })])
    }
}

impl Admitted {
    /// The session that runs.
    pub(super) fn session(&self) -> Option<SessionId> {
        self.live.as_ref().map(|live| live.session)
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
    pub(super) fn resume(&mut self, at: usize) -> Vec<HostStep> {
        let Some(session) = self.session() else {
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
        steps.extend(self.tell_withheld(at));
        steps.extend(self.tell_shields_to(at));
        steps.extend(self.tell_shares_only(at));
        steps.extend(self.tell_equipment(at));
        if was_paused {
            steps.push(HostStep::Tell(HostNews::SessionResumed { session }));
        }
        steps.extend(self.tell_company());
        steps
    }

    /// Nothing flows to and from an operator until its next channel.
    pub(super) fn pause(&mut self, at: usize) -> Vec<HostStep> {
        let Some(session) = self.session() else {
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
        if let Telling::Asked(_) = part.telling {
            // the console will not hear the answer
            part.telling = Telling::Unasked;
        }
        let operator = peer;
        let mut steps = vec![HostStep::Pause { session, operator }];
        if self.operators.iter().any(Acquaintance::sees) {
            steps.extend(self.tell_company());
        } else {
            self.drop_shields();
            steps.push(HostStep::Tell(HostNews::SessionPaused { session }));
        }
        steps
    }

    /// An operator takes part no more; with the last one the session is over for this `cause`.
    pub(super) fn leaves(&mut self, operator: PeerId, cause: StopCause) -> Vec<HostStep> {
        let Some(session) = self.session() else {
            return Vec::new();
        };
        let leaving = self.operator_mut(operator);
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
    pub(super) fn send_off(&mut self, operator: PeerId, cause: StopCause) -> Vec<HostStep> {
        let others = |o: &Acquaintance| o.part.is_some() && !o.is(operator);
        let is_in = |o: &Acquaintance| o.part.is_some() && o.is(operator);
        let Some(session) = self.session() else {
            return Vec::new();
        };
        if !self.operators.iter().any(is_in) {
            return Vec::new();
        }
        if !self.operators.iter().any(others) {
            return self.end(cause);
        }
        let mut steps = self.leaves(operator, cause);
        let away = match cause {
            StopCause::Forged => HostToHub::SendForgedAway { session, operator },
            StopCause::By(_) | StopCause::ConnectionLost => {
                HostToHub::SendAway { session, operator }
            }
        };
        steps.push(HostStep::Send(away));
        steps
    }

    /// Ends what runs, or takes back an allowance that has not begun.
    fn end(&mut self, cause: StopCause) -> Vec<HostStep> {
        let end = |session| {
            HostStep::Send(match cause {
                StopCause::Forged => HostToHub::EndForged { session },
                StopCause::By(_) | StopCause::ConnectionLost => HostToHub::EndSession { session },
            })
        };
        let allowed = self.question.take_if(|q| q.allowed.is_some());
        if let Some(Live { session, .. }) = self.stop() {
            return vec![HostStep::Stop { session, cause }, end(session)];
        }
        allowed.map(|q| end(q.session)).into_iter().collect()
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
        steps.extend(self.rested());
        steps
    }
}

impl Acquaintance {
    /// Whether the screen goes to it now.
    pub(super) fn sees(&self) -> bool {
        self.part.as_ref().is_some_and(|part| !part.paused)
    }

    /// How it is named to the others while it takes part.
    fn companion(&self) -> Option<Companion> {
        Some(Companion {
            operator: self.peer?,
            name: self.name.clone(),
            rights: self.part.as_ref()?.grant.rights(),
        })
    }
}
