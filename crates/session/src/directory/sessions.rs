//! The question, the session, who takes part in it, and its end (H5, H6, O11, D1).

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::admin::desk::LiveSession;
use protocol::control::Name;
use protocol::limits::MAX_OPERATORS;
use protocol::{
    EndedBy, Hindrances, HubToHost, HubToOperator, OperatorWord, PeerId, RefusalCode, ReportFacts,
    ReportId, Rights, SessionId, Shields, TicketRoute, Word, wire,
};

use super::records::{AccountId, Actor, Change, StartedSession, StoredMember, StoredSession, What};
use super::transfers::Transfer;
use super::watching::Watching;
use super::{
    AcceptedHost, Directory, Effect, Fault, FilmOrder, Moment, OutOfPlace, RelayStart, check_word,
    remember,
};
use crate::authority::{Action, Denied, Object, Who, may, may_ask_for};

/// Stands for those whose names are not for whoever looks.
const SOMEBODY: &str = "…";

pub(super) struct Session {
    host: PeerId,
    computer: Name,
    requester: Name,
    ticket: Option<TicketRoute>,
    /// In the order in which they came; there is always one.
    members: Vec<Member>,
    /// The names of all who ever took part.
    names: Vec<String>,
    /// How many moments were marked since this hub started.
    pub(super) marks: u16,
    stage: Stage,
    pub(super) watching: Vec<Watching>,
    /// Transfers of files that are under way, and how many were begun since this hub started.
    pub(super) transfers: Vec<Transfer>,
    pub(super) transfers_begun: u32,
    /// Operators who may look through the host's folders, and how many were shown since this hub started.
    pub(super) browsers: BTreeSet<PeerId>,
    pub(super) folders_shown: u32,
    /// Whether the user has paused; `None` where this hub does not know what the film knows.
    withheld: Option<bool>,
    pub(super) shields: Shields,
    /// The monitor that the user shares alone.
    pub(super) shares_only: Option<Name>,
    /// Operators who have paused.
    resting: BTreeSet<PeerId>,
}

/// An operator who takes part, or asks to.
struct Member {
    operator: PeerId,
    account: AccountId,
    /// The operator's log-in name, for the audit log.
    login: String,
    name: Name,
    asked: Rights,
    part: Part,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    /// The user is being asked until then, in time since the hub started.
    Asks { deadline: Duration },
    /// The question to join is over for its operator, and the host has not said that it knows: an
    /// answer that is under way is not one to the next question.
    TakenBack,
    /// Let in.
    In {
        rights: Rights,
        /// Both ends are here.
        flows: bool,
    },
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The user is being asked for the first time.
    Asked,
    /// The user agreed; the film is being opened.
    Opening(Run),
    Running(Run),
}

#[derive(Debug, Clone, Copy)]
struct Run {
    started_unix_millis: i64,
    report: ReportId,
    /// Who has keyboard and pointer, as the film knows it, or [`PeerId::NOBODY`]; `None` where this hub
    /// does not know what the film knows.
    driver: Option<PeerId>,
}

/// Streams that flow again.
pub(super) struct Start {
    host: PeerId,
    operator: PeerId,
    name: Name,
    rights: Rights,
    why: RelayStart,
}

impl Start {
    pub(super) fn effect(self, session: SessionId) -> Effect {
        Effect::StartRelay {
            session,
            host: self.host,
            operator: self.operator,
            name: self.name,
            rights: self.rights,
            start: self.why,
        }
    }
}

impl Session {
    /// A session that ran when the hub went down.
    pub(super) fn restored(stored: StoredSession, host: &AcceptedHost) -> Self {
        let member = |stored: StoredMember| Member {
            operator: stored.operator,
            account: stored.account,
            login: stored.login,
            name: Name::cut(stored.name),
            asked: stored.asked,
            part: Part::In {
                rights: stored.rights,
                flows: false,
            },
        };
        Self {
            host: stored.host,
            computer: host.computer.clone(),
            requester: host.user.clone(),
            ticket: host.first_route(),
            members: stored.members.into_iter().map(member).collect(),
            names: vec![stored.operator_names],
            marks: 0,
            stage: Stage::Running(Run {
                started_unix_millis: stored.started_unix_millis,
                report: stored.report,
                driver: None,
            }),
            watching: Vec::new(),
            transfers: Vec::new(),
            transfers_begun: 0,
            browsers: BTreeSet::new(),
            folders_shown: 0,
            withheld: None,
            shields: Shields::default(),
            shares_only: None,
            resting: BTreeSet::new(),
        }
    }

    pub(super) fn host(&self) -> PeerId {
        self.host
    }

    /// The user's name, for the audit log; the computer's where nobody sits in front.
    pub(super) fn user(&self) -> Actor {
        let name = if self.requester.is_empty() {
            &self.computer
        } else {
            &self.requester
        };
        Actor::Host(name.to_string())
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running(_))
    }

    /// As an administrator sees it; `None` before it runs.
    pub(super) fn live(&self, session: SessionId) -> Option<LiveSession> {
        let Stage::Running(run) = self.stage else {
            return None;
        };
        let flows = |part: &Part| matches!(part, Part::In { flows: true, .. });
        Some(LiveSession {
            session,
            host: self.computer.clone(),
            requester: self.requester.clone(),
            operators: self.inside().map(|member| member.name.clone()).collect(),
            started_unix_millis: run.started_unix_millis,
            paused: !self.inside().any(|member| flows(&member.part)),
            film_bytes: 0,
        })
    }

    fn run(&self) -> Option<Run> {
        match self.stage {
            Stage::Running(run) => Some(run),
            Stage::Asked | Stage::Opening(_) => None,
        }
    }

    fn member(&self, operator: PeerId) -> Option<&Member> {
        self.members.iter().find(|m| m.operator == operator)
    }

    fn member_mut(&mut self, operator: PeerId) -> Option<&mut Member> {
        self.members.iter_mut().find(|m| m.operator == operator)
    }

    /// The account that counts where `operator` wants something: its own if it is one of them.
    pub(super) fn account_for(&self, operator: PeerId) -> AccountId {
        let member = self.member(operator).or_else(|| self.members.first());
        member.expect("there is always one").account
    }

    /// Those who were let in.
    fn inside(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_in())
    }

    /// The name of an operator who takes part in a session that runs.
    pub(super) fn name_of(&self, operator: PeerId) -> Option<Name> {
        let member = self.member(operator).filter(|_| self.takes_part(operator));
        member.map(|member| member.name.clone())
    }

    /// An operator has paused, or goes on; whether that is news.
    pub(super) fn note_rest(&mut self, operator: PeerId, resting: bool) -> bool {
        if resting {
            self.resting.insert(operator)
        } else {
            self.resting.remove(&operator)
        }
    }

    /// What `operator` may do.
    pub(super) fn rights_of(&self, operator: PeerId) -> Rights {
        match self.member(operator).map(|member| member.part) {
            Some(Part::In { rights, .. }) => rights,
            Some(Part::Asks { .. } | Part::TakenBack) | None => Rights::NONE,
        }
    }

    /// Whether `operator` was let into a session that runs.
    pub(super) fn takes_part(&self, operator: PeerId) -> bool {
        self.is_running() && self.member(operator).is_some_and(Member::is_in)
    }

    /// The operators whose questions are open, or not known to be over at the host.
    pub(super) fn asking(&self) -> Vec<PeerId> {
        let asking = self.members.iter().filter(|member| !member.is_in());
        asking.map(|member| member.operator).collect()
    }

    /// The other ends of what runs between `peer` and them: the operators for the host, the host for an
    /// operator.
    pub(super) fn others_of(&self, peer: PeerId) -> impl Iterator<Item = PeerId> {
        let runs = self.is_running();
        let inside = self.inside().filter(move |_| runs);
        inside.filter_map(move |member| {
            if self.host == peer {
                Some(member.operator)
            } else {
                (member.operator == peer).then_some(self.host)
            }
        })
    }

    /// Nothing flows to and from `operator`, or anybody (`None`), until the next [`Self::resume`];
    /// tells whether anything did.
    pub(super) fn pause(&mut self, operator: Option<PeerId>) -> bool {
        let mut flowed = false;
        for member in &mut self.members {
            if let Part::In { flows, .. } = &mut member.part
                && operator.is_none_or(|operator| operator == member.operator)
            {
                flowed |= std::mem::take(flows);
            }
        }
        flowed
    }

    /// Lets everything flow again whose operator `is_here`; the host is.
    pub(super) fn resume(&mut self, is_here: impl Fn(PeerId) -> bool) -> Vec<Start> {
        let (host, runs) = (self.host, self.is_running());
        let waiting = self.members.iter_mut().filter_map(|member| {
            let Part::In { rights, flows } = &mut member.part else {
                return None;
            };
            if !runs || *flows || !is_here(member.operator) {
                return None;
            }
            *flows = true;
            Some(Start {
                host,
                operator: member.operator,
                name: member.name.clone(),
                rights: *rights,
                why: RelayStart::Resumed,
            })
        });
        waiting.collect()
    }

    /// The report's line of who helped.
    fn all_names(&self) -> Name {
        Name::cut(self.names.join(", "))
    }

    /// The operator's name is one of those who took part.
    fn note_name(&mut self, name: &Name) {
        let known = self.names.iter().any(|names| {
            let mut names = names.split(", ");
            names.any(|known| known == name.as_str())
        });
        if !known {
            self.names.push(name.to_string());
        }
    }
}

impl Member {
    fn is_in(&self) -> bool {
        matches!(self.part, Part::In { .. })
    }

    fn stored(&self, rights: Rights) -> StoredMember {
        StoredMember {
            operator: self.operator,
            account: self.account,
            login: self.login.clone(),
            name: self.name.to_string(),
            asked: self.asked,
            rights,
        }
    }
}

impl Directory {
    pub(super) fn start_session(
        &mut self,
        id: PeerId,
        host: PeerId,
        word: Word,
        now: Moment,
    ) -> Result<(), Fault> {
        check_word(&word)?;
        let Ok(OperatorWord::Ask { asked, .. }) = wire::decode(&word.body) else {
            return Err(OutOfPlace);
        };
        let action = Action::AskForSession;
        if let Err(Fault::Denied(_, why)) = self.own_host(id, action, host) {
            self.note_denied(id, action, why);
            self.not_asked(id, host, RefusalCode::HOST_GONE);
            return Ok(());
        }
        let who = &self.operators.get(&id).ok_or(OutOfPlace)?.who;
        let found = self.accepted(host).filter(|h| h.away.is_none());
        let Some((accepted, ticket)) = found.and_then(|h| Some((h, h.owner(who.account)?.route)))
        else {
            self.not_asked(id, host, RefusalCode::HOST_GONE);
            return Ok(());
        };
        if !may_ask_for(self.permissions_of(who.account), asked) {
            self.note_denied(id, action, Denied::NotPermitted);
            self.not_asked(id, host, RefusalCode::NOT_ALLOWED);
            return Ok(());
        }
        if !asked.has(Rights::SEE) {
            self.not_asked(id, host, RefusalCode::OUT_OF_PLACE);
            return Ok(());
        }
        let member = Member {
            operator: id,
            account: who.account,
            login: who.login.clone(),
            name: who.display_name.clone(),
            asked,
            part: Part::Asks {
                deadline: now.since_start + self.policy.consent,
            },
        };
        let actor = Actor::Account(member.login.clone());
        let operator = member.name.to_string();
        let (session, what) = if let Some(session) = accepted.session {
            let running = self.sessions.get_mut(&session).filter(|found| {
                let may_join = found.is_running() && found.asking().is_empty();
                may_join && found.member(id).is_none() && found.members.len() < MAX_OPERATORS
            });
            let Some(running) = running else {
                self.not_asked(id, host, RefusalCode::HOST_BUSY);
                return Ok(());
            };
            running.members.push(member);
            let what = What::JoinAsked {
                session,
                operator,
                asked,
            };
            (session, what)
        } else {
            let session = SessionId::of_hub(self.policy.hub, self.last_session + 1);
            let what = What::ConsentAsked {
                session,
                owner: member.account,
                operator,
                host: accepted.computer.to_string(),
                requester: accepted.user.to_string(),
                ticket,
                asked,
            };
            let new = Session {
                host,
                computer: accepted.computer.clone(),
                requester: accepted.user.clone(),
                ticket,
                members: vec![member],
                names: Vec::new(),
                marks: 0,
                stage: Stage::Asked,
                watching: Vec::new(),
                transfers: Vec::new(),
                transfers_begun: 0,
                browsers: BTreeSet::new(),
                folders_shown: 0,
                withheld: Some(false),
                shields: Shields::default(),
                shares_only: None,
                resting: BTreeSet::new(),
            };
            self.last_session += 1;
            self.sessions.insert(session, new);
            if let Some(accepted) = self.accepted_mut(host) {
                accepted.session = Some(session);
            }
            (session, what)
        };
        self.effects.push(Effect::Record(Change { actor, what }));
        self.tell_operator(id, HubToOperator::ConsentPending { session, host });
        let from = id;
        self.tell_host(
            host,
            HubToHost::ConsentAsked {
                session,
                from,
                word,
            },
        );
        Ok(())
    }

    fn not_asked(&mut self, operator: PeerId, host: PeerId, code: RefusalCode) {
        let refusal = code.into();
        self.tell_operator(operator, HubToOperator::SessionRefused { host, refusal });
    }

    pub(super) fn answer_consent(
        &mut self,
        id: PeerId,
        operator: PeerId,
        session: SessionId,
        granted: Option<Rights>,
        now: Moment,
    ) -> Result<(), Fault> {
        let report = ReportId::of_hub(self.policy.hub, self.last_report + 1);
        let Some(found) = self.session_of_host(id, Action::SpeakForUser, session)? else {
            return Ok(());
        };
        let is_first = matches!(found.stage, Stage::Asked);
        let Some(member) = found.member_mut(operator) else {
            return Ok(()); // taken back while the answer was under way
        };
        match member.part {
            Part::Asks { .. } => {}
            Part::TakenBack => {
                found.members.retain(|m| m.operator != operator);
                return Ok(());
            }
            Part::In { .. } => return Err(OutOfPlace),
        }
        let Some(rights) = granted else {
            let (code, reason) = if self.cannot_show(id) {
                (RefusalCode::CANNOT_SHOW, "no screen")
            } else {
                (RefusalCode::CONSENT_REFUSED, "the user refused")
            };
            self.refuse_question(session, operator, code, reason);
            return Ok(());
        };
        if !rights.has(Rights::SEE) || !rights.is_within(member.asked) {
            return Err(OutOfPlace);
        }
        let flows = !is_first;
        member.part = Part::In { rights, flows };
        let (name, stored) = (member.name.clone(), member.stored(rights));
        found.note_name(&name);
        if !is_first {
            self.let_in(id, session, stored);
            return Ok(());
        }
        found.stage = Stage::Opening(Run {
            started_unix_millis: now.unix_millis,
            report,
            driver: Some(PeerId::NOBODY),
        });
        let order = FilmOrder {
            session,
            operator: name.to_string(),
            requester: found.requester.to_string(),
            host: found.computer.to_string(),
            ticket: found.ticket,
            started_unix_millis: now.unix_millis,
            rights,
            organisation: self.organisation.clone(),
        };
        self.last_report += 1;
        self.effects.push(Effect::OpenFilm(order));
        Ok(())
    }

    /// One more operator takes part in what runs and is filmed already.
    fn let_in(&mut self, host: PeerId, session: SessionId, member: StoredMember) {
        let (operator, rights) = (member.operator, member.rights);
        let name = Name::cut(member.name.as_str());
        let user = self.accepted(host).map(|host| host.user.to_string());
        let actor = Actor::Host(user.unwrap_or_default());
        let what = What::OperatorJoined { session, member };
        self.effects.push(Effect::Record(Change { actor, what }));
        self.effects.push(Effect::StartRelay {
            session,
            host,
            operator,
            name,
            rights,
            start: RelayStart::Joined,
        });
        self.tell_host(host, HubToHost::SessionStarted { session });
        self.tell_operator(operator, HubToOperator::SessionStarted { session, host });
        self.tell_operator_of_watching(operator, session);
        self.announce(host, None);
    }

    /// The film is open under `path`, or cannot be opened; then nothing may be seen (D2).
    pub fn film_opened(&mut self, session: SessionId, path: Option<String>) {
        let Some(found) = self.sessions.get(&session) else {
            self.effects.push(Effect::DiscardFilm(session));
            return;
        };
        let Stage::Opening(run) = found.stage else {
            return;
        };
        let Some(film) = path else {
            let code = RefusalCode::CANNOT_RECORD;
            self.refuse_session(session, code, "the film cannot be opened");
            return;
        };
        let Some(&Member {
            part: Part::In { rights, .. },
            ..
        }) = found.members.first()
        else {
            return;
        };
        let change = Change {
            actor: found.user(),
            what: What::SessionStarted(StartedSession {
                session,
                report: run.report,
                host: found.host,
                first: found.members[0].stored(rights),
                started_unix_millis: run.started_unix_millis,
                film,
            }),
        };
        self.effects.push(Effect::StoreSession { session, change });
    }

    /// The session is stored, or cannot be.
    pub fn session_stored(&mut self, session: SessionId, stored: bool) {
        let Some(found) = self.sessions.get_mut(&session) else {
            self.effects.push(Effect::DiscardFilm(session));
            return;
        };
        let Stage::Opening(run) = found.stage else {
            return;
        };
        if !stored {
            let code = RefusalCode::INTERNAL;
            self.refuse_session(session, code, "the session cannot be stored");
            self.effects.push(Effect::DiscardFilm(session));
            return;
        }
        found.stage = Stage::Running(run);
        let starts = found.resume(|_| true);
        let host = found.host;
        for start in starts {
            let operator = start.operator;
            let start = Start {
                why: RelayStart::First,
                ..start
            };
            self.effects.push(start.effect(session));
            self.tell_host(host, HubToHost::SessionStarted { session });
            self.tell_operator(operator, HubToOperator::SessionStarted { session, host });
        }
        let hindrances = self.accepted(host).map(|host| host.hindrances);
        if let Some(hindrances) = hindrances.filter(|h| *h != Hindrances::NONE) {
            self.note_hindrances(session, hindrances);
        }
        self.announce(host, None);
    }

    /// The host says what it cannot do, to each of its operators.
    pub(super) fn host_hindered(&mut self, host: PeerId, hindrances: Hindrances) {
        let Some(accepted) = self.accepted_mut(host) else {
            return;
        };
        if std::mem::replace(&mut accepted.hindrances, hindrances) == hindrances {
            return;
        }
        let session = accepted.session;
        if let Some(session) = session.filter(|session| self.is_running(*session)) {
            self.note_hindrances(session, hindrances);
        }
    }

    fn note_hindrances(&mut self, session: SessionId, hindrances: Hindrances) {
        let text = hindrances.to_string();
        self.effects.push(Effect::FilmNote { session, text });
    }

    /// Whether nothing of `host`'s screen can be seen, as it says itself.
    fn cannot_show(&self, host: PeerId) -> bool {
        let accepted = self.accepted(host);
        accepted.is_some_and(|host| host.hindrances.prevents_session().is_some())
    }

    /// The film of a running session cannot be written any more (D2).
    pub fn film_failed(&mut self, session: SessionId, now: Moment) {
        self.record_as_hub(What::FilmFailed { session });
        self.end_session(session, EndedBy::CannotRecord, now);
    }

    pub(super) fn reduce_rights(
        &mut self,
        id: PeerId,
        operator: PeerId,
        session: SessionId,
        rights: Rights,
    ) -> Result<(), Fault> {
        let Some(found) = self.session_of_host(id, Action::SpeakForUser, session)? else {
            return Ok(());
        };
        let (actor, is_running) = (found.user(), found.is_running());
        let Some(member) = found.member_mut(operator) else {
            return Ok(());
        };
        let name = member.name.to_string();
        let Part::In { rights: before, .. } = &mut member.part else {
            // it has left, and asks again
            return Ok(());
        };
        if !is_running || !rights.has(Rights::SEE) || !rights.is_within(*before) {
            return Err(OutOfPlace);
        }
        if *before == rights {
            // said again, for whoever had not heard it
            return Ok(());
        }
        *before = rights;
        let what = What::RightsReduced {
            session,
            operator,
            name,
            rights,
        };
        // the streams first: nothing may pass while the disk is busy
        self.effects.push(Effect::ChangeRights {
            session,
            operator,
            rights,
        });
        self.effects.push(Effect::Record(Change { actor, what }));
        if !rights.has(Rights::FILES) {
            self.end_transfers(session, Some(operator));
        }
        Ok(())
    }

    /// The host says who has keyboard and pointer; the film notes each change once.
    pub(super) fn driver_is(
        &mut self,
        id: PeerId,
        session: SessionId,
        driver: Option<PeerId>,
    ) -> Result<(), Fault> {
        let Some(found) = self.session_of_host(id, Action::SpeakForUser, session)? else {
            return Ok(());
        };
        // one who has just left drives no more
        let member = driver.and_then(|driver| found.member(driver));
        let member = member.filter(|member| member.is_in());
        let name = member.map(|member| member.name.clone());
        let driver = member.map(|member| member.operator);
        let Stage::Running(run) = &mut found.stage else {
            return Ok(());
        };
        let now = Some(driver.unwrap_or(PeerId::NOBODY));
        if std::mem::replace(&mut run.driver, now) != now {
            let driver = name;
            self.effects.push(Effect::FilmDriver { session, driver });
        }
        Ok(())
    }

    /// The host has told `operator`, sealed, what computer it is; the film notes that.
    pub(super) fn system_told(
        &mut self,
        id: PeerId,
        operator: PeerId,
        session: SessionId,
    ) -> Result<(), Fault> {
        let Some(found) = self.session_of_host(id, Action::SpeakForUser, session)? else {
            return Ok(());
        };
        if let Some(name) = found.name_of(operator) {
            let text = format!("system information for {name}");
            self.effects.push(Effect::FilmNote { session, text });
        }
        Ok(())
    }

    /// The host says, to each of its operators, that the user has paused or goes on.
    pub(super) fn withhold(
        &mut self,
        id: PeerId,
        session: SessionId,
        withheld: bool,
    ) -> Result<(), Fault> {
        let Some(found) = self.session_of_host(id, Action::SpeakForUser, session)? else {
            return Ok(());
        };
        if !found.is_running() || found.withheld.replace(withheld) == Some(withheld) {
            return Ok(());
        }
        let actor = found.user();
        let what = What::SessionWithheld { session, withheld };
        self.effects.push(Effect::Withhold { session, withheld });
        self.effects.push(Effect::Record(Change { actor, what }));
        Ok(())
    }

    /// The host ends its session: `by` its user, or because something was forged.
    pub(super) fn host_ends_session(
        &mut self,
        id: PeerId,
        session: SessionId,
        by: EndedBy,
        now: Moment,
    ) -> Result<(), Fault> {
        let found = self.session_of_host(id, Action::EndSession, session)?;
        if found.is_some() {
            let by = if by == EndedBy::User && self.cannot_show(id) {
                EndedBy::NoCapture
            } else {
                by
            };
            self.note_forged(session, by, "the user's computer");
            self.end_session(session, by, now);
        }
        Ok(())
    }

    /// Leaves in the film which end found that something was forged.
    fn note_forged(&mut self, session: SessionId, by: EndedBy, finder: &str) {
        if by == EndedBy::Forged && self.is_running(session) {
            let text = format!("forged on the way, as {finder} found");
            self.effects.push(Effect::FilmNote { session, text });
        }
    }

    /// The host's user does not let `operator` in, or not any more; or the host found that something was not
    /// what it had sent.
    pub(super) fn send_away(
        &mut self,
        id: PeerId,
        session: SessionId,
        (operator, by): (PeerId, EndedBy),
        now: Moment,
    ) -> Result<(), Fault> {
        if self
            .session_of_host(id, Action::SpeakForUser, session)?
            .is_some()
        {
            self.note_forged(session, by, "the user's computer");
            self.leave_session(session, operator, by, now);
        }
        Ok(())
    }

    /// An operator leaves a session: of its own will, or because something was forged.
    pub(super) fn operator_ends_session(
        &mut self,
        id: PeerId,
        session: SessionId,
        by: EndedBy,
        now: Moment,
    ) -> Result<(), Fault> {
        let Some(found) = self.sessions.get(&session) else {
            return self.was_once(session);
        };
        let (owner, host) = (found.account_for(id), found.host);
        let may_end = self.check(id, Action::EndSession, Object::Session { owner, host });
        let Err(denied) = may_end else {
            if let Some(name) = found.name_of(id) {
                let finder = format!("the console of {name}");
                self.note_forged(session, by, &finder);
            }
            self.leave_session(session, id, by, now);
            return Ok(());
        };
        if self.was_in(id, session) {
            Ok(())
        } else {
            Err(denied)
        }
    }

    /// Whether `operator` took part in a session that may go on without it: it may have been sent away
    /// while what it says was under way.
    pub(super) fn was_in(&self, operator: PeerId, session: SessionId) -> bool {
        let left = self.operators.get(&operator).map(|peer| &peer.past);
        left.is_some_and(|past| past.iter().any(|(id, _)| *id == session))
    }

    /// A session that is not here is spoken of in good faith only if it ever was.
    pub(super) fn was_once(&self, session: SessionId) -> Result<(), Fault> {
        let ours = session.hub() == self.policy.hub && session.count() <= self.last_session;
        if ours { Ok(()) } else { Err(OutOfPlace) }
    }

    /// Takes `operator` out of a session, which ends with the last one; or its question back.
    pub(super) fn leave_session(
        &mut self,
        session: SessionId,
        operator: PeerId,
        by: EndedBy,
        now: Moment,
    ) {
        let Some(found) = self.sessions.get_mut(&session) else {
            return;
        };
        let Some(at) = found.members.iter().position(|m| m.operator == operator) else {
            return;
        };
        if !found.members[at].is_in() {
            let (code, reason) = not_begun(by);
            return self.refuse_question(session, operator, code, reason);
        }
        let heir = found.inside().find(|member| member.operator != operator);
        let Some(heir) = heir.map(|member| member.account) else {
            return self.end_session(session, by, now);
        };
        self.end_transfers(session, Some(operator));
        let Some(found) = self.sessions.get_mut(&session) else {
            return;
        };
        let member = found.members.remove(at);
        let host = found.host;
        let owner = found.inside().next().map_or(heir, |first| first.account);
        let actor = actor(by, found.user(), member.login);
        let what = What::OperatorLeft {
            session,
            operator,
            name: member.name.to_string(),
            owner,
        };
        if let Some(peer) = self.operators.get_mut(&operator) {
            remember(&mut peer.past, session, by);
        }
        self.effects.push(Effect::LeaveRelay { session, operator });
        self.effects.push(Effect::Record(Change { actor, what }));
        self.tell_host(host, HubToHost::OperatorLeft { session, operator });
        self.tell_operator(operator, HubToOperator::SessionLeft { session, by });
        self.announce(host, None);
    }

    /// Ends a session at any stage, for everybody.
    pub(super) fn end_session(&mut self, session: SessionId, by: EndedBy, now: Moment) {
        let Some(found) = self.sessions.get(&session) else {
            return;
        };
        let (code, reason) = not_begun(by);
        let Some(run) = found.run() else {
            return self.refuse_session(session, code, reason);
        };
        for operator in found.asking() {
            self.refuse_question(session, operator, code, reason);
        }
        // before the film is over
        self.end_transfers(session, None);
        let Some(mut found) = self.forget_session(session, by) else {
            return;
        };
        found.members.retain(Member::is_in);
        self.note_watch_ended(session, std::mem::take(&mut found.watching));
        let ended_unix_millis = now.unix_millis.max(run.started_unix_millis);
        let facts = ReportFacts {
            report: run.report,
            session,
            requester: found.requester.clone(),
            operator: found.all_names(),
            host: found.computer.clone(),
            ticket: found.ticket,
            started_unix_seconds: run.started_unix_millis.div_euclid(1000),
            ended_unix_seconds: ended_unix_millis.div_euclid(1000),
        };
        self.effects.push(Effect::EndRelay { session, by });
        self.tell_host(found.host, HubToHost::SessionEnded { session, by });
        let user = found.user();
        let mut members = found.members.into_iter();
        // the longest there writes the report
        let owner = members.next();
        let login = owner.as_ref().map(|owner| owner.login.clone());
        let actor = actor(by, user, login.unwrap_or_default());
        let what = What::SessionEnded {
            session,
            ended_unix_millis,
            by,
        };
        // stored first: a console that asks for its drafts at once finds this one
        self.effects.push(Effect::Record(Change { actor, what }));
        if let Some(owner) = owner {
            let ended = HubToOperator::SessionEnded { session, by, facts };
            self.tell_operator(owner.operator, ended);
        }
        for member in members {
            let left = HubToOperator::SessionLeft { session, by };
            self.tell_operator(member.operator, left);
        }
        self.announce(found.host, None);
        self.give_receipt(found.host);
    }

    /// There will be no session: tells both, and the log.
    fn refuse_session(&mut self, session: SessionId, code: RefusalCode, reason: &'static str) {
        let operators = self.sessions.get(&session).map(|found| {
            let members = found.members.iter();
            members.map(|m| m.operator).collect::<Vec<_>>()
        });
        for operator in operators.into_iter().flatten() {
            self.refuse_question(session, operator, code, reason);
        }
    }

    /// This operator is not let in; without anybody else there is no session.
    fn refuse_question(
        &mut self,
        session: SessionId,
        operator: PeerId,
        code: RefusalCode,
        reason: &'static str,
    ) {
        let host = self.sessions.get(&session).map(Session::host);
        let host = host.and_then(|host| self.accepted(host));
        let is_away = host.is_none_or(|host| host.away.is_some());
        let Some(found) = self.sessions.get_mut(&session) else {
            return;
        };
        let (host, actor) = (found.host, found.user());
        let Some(at) = found.members.iter().position(|m| m.operator == operator) else {
            return;
        };
        let by_host = code == RefusalCode::CONSENT_REFUSED || code == RefusalCode::CANNOT_SHOW;
        let host_said_so = by_host || is_away;
        let what = if found.is_running() {
            let member = &mut found.members[at];
            let before = std::mem::replace(&mut member.part, Part::TakenBack);
            let name = member.name.to_string();
            if host_said_so {
                found.members.remove(at);
            }
            if matches!(before, Part::TakenBack) {
                return;
            }
            if let Some(peer) = self.operators.get_mut(&operator) {
                // it may speak of the session before it hears this
                remember(&mut peer.past, session, EndedBy::User);
            }
            What::JoinRefused {
                session,
                operator: name,
                reason,
            }
        } else {
            self.forget_session(session, EndedBy::User);
            What::ConsentRefused { session, reason }
        };
        if !by_host {
            self.tell_host(host, HubToHost::ConsentWithdrawn { session });
        }
        let refusal = code.into();
        self.tell_operator(operator, HubToOperator::SessionRefused { host, refusal });
        self.effects.push(Effect::Record(Change { actor, what }));
    }

    fn forget_session(&mut self, session: SessionId, by: EndedBy) -> Option<Session> {
        let found = self.sessions.remove(&session)?;
        if let Some(accepted) = self.accepted_mut(found.host) {
            accepted.session = None;
        }
        if let Some(peer) = self.hosts.get_mut(&found.host) {
            remember(&mut peer.past, session, by);
        }
        for member in &found.members {
            if let Some(peer) = self.operators.get_mut(&member.operator) {
                remember(&mut peer.past, session, by);
            }
        }
        Some(found)
    }

    /// The session that `host` speaks of: `None` if it is over, an error if it never was its own.
    pub(super) fn session_of_host(
        &mut self,
        host: PeerId,
        action: Action,
        session: SessionId,
    ) -> Result<Option<&mut Session>, Fault> {
        let Some(found) = self.sessions.get(&session) else {
            return self.was_once(session).map(|()| None);
        };
        let ends = Object::Session {
            owner: found.account_for(host),
            host: found.host,
        };
        may(Who::Host(host), action, ends).map_err(|why| Fault::Denied(action, why))?;
        Ok(self.sessions.get_mut(&session))
    }

    pub(super) fn session_mut(&mut self, session: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(&session)
    }

    /// The sessions that an operator takes part in, or asks to.
    pub(super) fn sessions_of_operator(&self, id: PeerId) -> Vec<SessionId> {
        let own = self.sessions.iter();
        let own = own.filter(|(_, found)| found.member(id).is_some());
        own.map(|(session, _)| *session).collect()
    }

    pub(super) fn is_running(&self, session: SessionId) -> bool {
        self.sessions.get(&session).is_some_and(Session::is_running)
    }

    /// Whether others than `operator` take part.
    pub(super) fn is_shared_with_others(&self, session: SessionId, operator: PeerId) -> bool {
        let found = self.sessions.get(&session).filter(|s| s.is_running());
        found.is_some_and(|found| found.inside().any(|m| m.operator != operator))
    }

    /// The names of those who take part in a session that runs, as far as `viewer` may know them: a
    /// stranger's place has no name.
    pub(super) fn company(&self, session: SessionId, viewer: AccountId) -> Option<Name> {
        let found = self.sessions.get(&session).filter(|s| s.is_running())?;
        let takes_part = found.inside().any(|member| member.account == viewer);
        let known = found
            .inside()
            .filter(|member| takes_part || self.may_see(viewer, member.account));
        let names: Vec<&str> = known.map(|member| member.name.as_str()).collect();
        if names.is_empty() {
            return Some(SOMEBODY.into());
        }
        Some(Name::cut(names.join(", ")))
    }

    pub(super) fn time_out_questions(&mut self, now: Moment) {
        let late = self.sessions.iter().flat_map(|(session, found)| {
            let is_late =
                |part| matches!(part, Part::Asks { deadline } if deadline <= now.since_start);
            let late = found.members.iter().filter(move |m| is_late(m.part));
            late.map(|member| (*session, member.operator))
        });
        let late: Vec<(SessionId, PeerId)> = late.collect();
        for (session, operator) in late {
            self.refuse_question(session, operator, RefusalCode::TIMED_OUT, "nobody answered");
        }
    }
}

/// Who did it, for the audit log, where a part of a session ends.
fn actor(by: EndedBy, user: Actor, login: String) -> Actor {
    match by {
        EndedBy::User => user,
        EndedBy::Operator => Actor::Account(login),
        EndedBy::HostLost
        | EndedBy::OperatorLost
        | EndedBy::CannotRecord
        | EndedBy::HubStopped
        | EndedBy::Forged
        | EndedBy::NoCapture
        | EndedBy::Administrator => Actor::Hub,
    }
}

/// What an operator is told, and why, where a session does not begin.
fn not_begun(by: EndedBy) -> (RefusalCode, &'static str) {
    match by {
        EndedBy::User => (RefusalCode::CONSENT_REFUSED, "the user refused or left"),
        EndedBy::HostLost => (RefusalCode::HOST_GONE, "the host is gone"),
        EndedBy::Operator => (RefusalCode::SESSION_GONE, "taken back"),
        EndedBy::OperatorLost => (RefusalCode::SESSION_GONE, "the operator is gone"),
        EndedBy::CannotRecord => (RefusalCode::CANNOT_RECORD, "no film"),
        EndedBy::HubStopped => (RefusalCode::SHUTTING_DOWN, "the hub stops"),
        EndedBy::Forged => (RefusalCode::SESSION_GONE, "forged on the way"),
        EndedBy::NoCapture => (RefusalCode::CANNOT_SHOW, "no screen"),
        EndedBy::Administrator => (RefusalCode::DISCONNECTED, "ended by an administrator"),
    }
}
