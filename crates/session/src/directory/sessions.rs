//! The question, the session, and its end (H5, H6, D1).

use std::time::Duration;

use protocol::control::Name;
use protocol::{
    EndedBy, HubToHost, HubToOperator, OperatorWord, PeerId, RefusalCode, ReportFacts, ReportId,
    Rights, SessionId, TicketRoute, Word,
};

use super::records::{Change, StartedSession, StoredSession, What};
use crate::authority::{Action, Object, Who, may};

use super::{AcceptedHost, Directory, Effect, FilmOrder, Moment, OutOfPlace, parse, remember};

pub(super) struct Session {
    host: PeerId,
    operator: PeerId,
    /// The operator's log-in name, for the audit log.
    login: String,
    operator_name: Name,
    computer: Name,
    requester: Name,
    ticket: TicketRoute,
    asked: Rights,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The user is being asked until then, in time since the hub started.
    Asked { deadline: Duration },
    /// The user agreed; the film is being opened.
    Opening {
        granted: Rights,
        started_unix_millis: i64,
        report: ReportId,
    },
    Running {
        rights: Rights,
        started_unix_millis: i64,
        report: ReportId,
        /// One end is away.
        paused: bool,
    },
}

impl Session {
    /// A session that ran when the hub went down.
    pub(super) fn restored(stored: StoredSession, host: &AcceptedHost) -> Self {
        Self {
            host: stored.host,
            operator: stored.operator,
            login: stored.login,
            operator_name: Name::cut(stored.operator_name),
            computer: host.computer.clone(),
            requester: host.user.clone(),
            ticket: host.route,
            asked: stored.asked,
            stage: Stage::Running {
                rights: stored.rights,
                started_unix_millis: stored.started_unix_millis,
                report: stored.report,
                paused: true,
            },
        }
    }

    /// The host and the operator.
    pub(super) fn ends(&self) -> (PeerId, PeerId) {
        (self.host, self.operator)
    }

    /// The user's name, for the audit log.
    pub(super) fn requester(&self) -> String {
        self.requester.to_string()
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    pub(super) fn is_paused(&self) -> bool {
        matches!(self.stage, Stage::Running { paused: true, .. })
    }

    pub(super) fn set_paused(&mut self, wanted: bool) {
        if let Stage::Running { paused, .. } = &mut self.stage {
            *paused = wanted;
        }
    }

    pub(super) fn rights(&self) -> Rights {
        match self.stage {
            Stage::Running { rights, .. } => rights,
            Stage::Asked { .. } | Stage::Opening { .. } => Rights::NONE,
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
    ) -> Result<(), OutOfPlace> {
        let OperatorWord::Ask { asked, .. } = parse(&word)? else {
            return Err(OutOfPlace);
        };
        let operator = self.operators.get(&id).ok_or(OutOfPlace)?;
        let found = self.accepted(host);
        let is_theirs = |owner| {
            let host = Object::Host { owner };
            self.check(id, Action::AskForSession, host).is_ok()
        };
        let found = found.filter(|h| is_theirs(h.owner) && h.away.is_none());
        let refused = match found {
            None => Some(RefusalCode::HOST_GONE),
            Some(h) if h.session.is_some() => Some(RefusalCode::HOST_BUSY),
            Some(_) if !asked.has(Rights::SEE) => Some(RefusalCode::OUT_OF_PLACE),
            Some(_) => None,
        };
        let (Some(accepted), None) = (found, refused) else {
            let refusal = refused.unwrap_or(RefusalCode::HOST_GONE).into();
            self.tell_operator(id, HubToOperator::SessionRefused { host, refusal });
            return Ok(());
        };
        let session = SessionId::of_hub(self.policy.hub, self.last_session + 1);
        let new = Session {
            host,
            operator: id,
            login: operator.who.login.clone(),
            operator_name: operator.who.display_name.clone(),
            computer: accepted.computer.clone(),
            requester: accepted.user.clone(),
            ticket: accepted.route,
            asked,
            stage: Stage::Asked {
                deadline: now.since_start + self.policy.consent,
            },
        };
        let what = What::ConsentAsked {
            session,
            owner: operator.who.account,
            operator: new.operator_name.to_string(),
            host: new.computer.to_string(),
            requester: new.requester.to_string(),
            ticket: new.ticket,
            asked,
        };
        let actor = new.login.clone();
        self.last_session += 1;
        self.sessions.insert(session, new);
        if let Some(accepted) = self.accepted_mut(host) {
            accepted.session = Some(session);
        }
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

    pub(super) fn answer_consent(
        &mut self,
        id: PeerId,
        session: SessionId,
        granted: Option<Rights>,
        now: Moment,
    ) -> Result<(), OutOfPlace> {
        let report = ReportId::of_hub(self.policy.hub, self.last_report + 1);
        let Some(found) = self.session_of_host(id, Action::SpeakForUser, session)? else {
            return Ok(());
        };
        if !matches!(found.stage, Stage::Asked { .. }) {
            return Err(OutOfPlace);
        }
        let Some(granted) = granted else {
            self.refuse_session(session, RefusalCode::CONSENT_REFUSED, "the user refused");
            return Ok(());
        };
        if !granted.has(Rights::SEE) || !granted.is_within(found.asked) {
            return Err(OutOfPlace);
        }
        found.stage = Stage::Opening {
            granted,
            started_unix_millis: now.unix_millis,
            report,
        };
        let order = FilmOrder {
            session,
            operator: found.operator_name.to_string(),
            requester: found.requester.to_string(),
            host: found.computer.to_string(),
            ticket: found.ticket,
            started_unix_millis: now.unix_millis,
            rights: granted,
        };
        self.last_report += 1;
        self.effects.push(Effect::OpenFilm(order));
        Ok(())
    }

    /// The film is open under `path`, or cannot be opened; then nothing may be seen (D2).
    pub fn film_opened(&mut self, session: SessionId, path: Option<String>) {
        let Some(found) = self.sessions.get(&session) else {
            self.effects.push(Effect::DiscardFilm(session));
            return;
        };
        let Stage::Opening {
            granted,
            started_unix_millis,
            report,
        } = found.stage
        else {
            return;
        };
        let Some(film) = path else {
            let code = RefusalCode::CANNOT_RECORD;
            self.refuse_session(session, code, "the film cannot be opened");
            return;
        };
        let change = Change {
            actor: found.requester.to_string(),
            what: What::SessionStarted(StartedSession {
                session,
                report,
                host: found.host,
                operator: found.operator,
                started_unix_millis,
                film,
                granted,
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
        let Stage::Opening {
            granted,
            started_unix_millis,
            report,
        } = found.stage
        else {
            return;
        };
        if !stored {
            let code = RefusalCode::INTERNAL;
            self.refuse_session(session, code, "the session cannot be stored");
            self.effects.push(Effect::DiscardFilm(session));
            return;
        }
        found.stage = Stage::Running {
            rights: granted,
            started_unix_millis,
            report,
            paused: false,
        };
        let (host, operator) = (found.host, found.operator);
        let with = found.operator_name.clone();
        self.effects.push(Effect::StartRelay {
            session,
            host,
            operator,
            rights: granted,
            resumed: false,
        });
        self.tell_host(host, HubToHost::SessionStarted { session });
        self.tell_operator(operator, HubToOperator::SessionStarted { session, host });
        if let Some(accepted) = self.accepted_mut(host) {
            accepted.in_session_with = Some(with);
        }
        self.announce(host, None);
    }

    /// The film of a running session cannot be written any more (D2).
    pub fn film_failed(&mut self, session: SessionId, now: Moment) {
        self.record_as_hub(What::FilmFailed { session });
        self.end_session(session, EndedBy::CannotRecord, now);
    }

    pub(super) fn reduce_rights(
        &mut self,
        id: PeerId,
        session: SessionId,
        rights: Rights,
    ) -> Result<(), OutOfPlace> {
        let Some(found) = self.session_of_host(id, Action::SpeakForUser, session)? else {
            return Ok(());
        };
        let Stage::Running { rights: before, .. } = &mut found.stage else {
            return Err(OutOfPlace);
        };
        if !rights.has(Rights::SEE) || !rights.is_within(*before) {
            return Err(OutOfPlace);
        }
        if *before == rights {
            // said again, for whoever had not heard it
            return Ok(());
        }
        *before = rights;
        let actor = found.requester.to_string();
        let what = What::RightsReduced { session, rights };
        // the streams first: nothing may pass while the disk is busy
        self.effects.push(Effect::ChangeRights { session, rights });
        self.effects.push(Effect::Record(Change { actor, what }));
        Ok(())
    }

    pub(super) fn host_ends_session(
        &mut self,
        id: PeerId,
        session: SessionId,
        now: Moment,
    ) -> Result<(), OutOfPlace> {
        let found = self.session_of_host(id, Action::EndSession, session)?;
        if found.is_some() {
            self.end_session(session, EndedBy::User, now);
        }
        Ok(())
    }

    pub(super) fn operator_ends_session(
        &mut self,
        id: PeerId,
        session: SessionId,
        now: Moment,
    ) -> Result<(), OutOfPlace> {
        let Some(found) = self.sessions.get(&session) else {
            return self.was_once(session);
        };
        let (owner, host) = (self.account_of(found.operator)?, found.host);
        self.check(id, Action::EndSession, Object::Session { owner, host })?;
        self.end_session(session, EndedBy::Operator, now);
        Ok(())
    }

    /// A session that is not here is spoken of in good faith only if it ever was.
    fn was_once(&self, session: SessionId) -> Result<(), OutOfPlace> {
        let ours = session.hub() == self.policy.hub && session.count() <= self.last_session;
        if ours { Ok(()) } else { Err(OutOfPlace) }
    }

    /// Ends a session at any stage, for everybody.
    pub(super) fn end_session(&mut self, session: SessionId, by: EndedBy, now: Moment) {
        let stage = self.sessions.get(&session).map(|found| found.stage);
        match stage {
            None => {}
            Some(Stage::Asked { .. } | Stage::Opening { .. }) => {
                let (code, reason) = match by {
                    EndedBy::User => (RefusalCode::CONSENT_REFUSED, "the user left"),
                    EndedBy::HostLost => (RefusalCode::HOST_GONE, "the host is gone"),
                    EndedBy::Operator => (RefusalCode::SESSION_GONE, "taken back"),
                    EndedBy::OperatorLost => (RefusalCode::SESSION_GONE, "the operator is gone"),
                    EndedBy::CannotRecord => (RefusalCode::CANNOT_RECORD, "no film"),
                    EndedBy::HubStopped => (RefusalCode::SHUTTING_DOWN, "the hub stops"),
                    EndedBy::Forged => (RefusalCode::OUT_OF_PLACE, "forged"),
                    EndedBy::NoCapture => (RefusalCode::HOST_GONE, "no screen"),
                };
                self.refuse_session(session, code, reason);
            }
            Some(Stage::Running {
                started_unix_millis,
                report,
                ..
            }) => self.end_running(session, by, (report, started_unix_millis), now),
        }
    }

    fn end_running(
        &mut self,
        session: SessionId,
        by: EndedBy,
        (report, started_unix_millis): (ReportId, i64),
        now: Moment,
    ) {
        let Some(found) = self.forget_session(session, by) else {
            return;
        };
        let ended_unix_millis = now.unix_millis.max(started_unix_millis);
        let facts = ReportFacts {
            report,
            session,
            requester: found.requester.clone(),
            operator: found.operator_name,
            host: found.computer,
            ticket: Some(found.ticket),
            started_unix_seconds: started_unix_millis.div_euclid(1000),
            ended_unix_seconds: ended_unix_millis.div_euclid(1000),
        };
        self.effects.push(Effect::EndRelay { session, by });
        self.tell_host(found.host, HubToHost::SessionEnded { session, by });
        let actor = match by {
            EndedBy::User => found.requester.to_string(),
            EndedBy::Operator => found.login,
            EndedBy::HostLost
            | EndedBy::OperatorLost
            | EndedBy::CannotRecord
            | EndedBy::HubStopped
            | EndedBy::Forged
            | EndedBy::NoCapture => "hub".to_owned(),
        };
        let what = What::SessionEnded {
            session,
            ended_unix_millis,
            by,
        };
        // stored first: a console that asks for its drafts at once finds this one
        self.effects.push(Effect::Record(Change { actor, what }));
        let ended = HubToOperator::SessionEnded { session, by, facts };
        self.tell_operator(found.operator, ended);
        self.announce(found.host, None);
    }

    /// There will be no session: tells both, and the log.
    fn refuse_session(&mut self, session: SessionId, code: RefusalCode, reason: &'static str) {
        let Some(found) = self.forget_session(session, EndedBy::User) else {
            return;
        };
        if code != RefusalCode::CONSENT_REFUSED {
            self.tell_host(found.host, HubToHost::ConsentWithdrawn { session });
        }
        let refused = HubToOperator::SessionRefused {
            host: found.host,
            refusal: code.into(),
        };
        self.tell_operator(found.operator, refused);
        self.effects.push(Effect::Record(Change {
            actor: found.requester.to_string(),
            what: What::ConsentRefused { session, reason },
        }));
    }

    fn forget_session(&mut self, session: SessionId, by: EndedBy) -> Option<Session> {
        let found = self.sessions.remove(&session)?;
        if let Some(accepted) = self.accepted_mut(found.host) {
            accepted.session = None;
            accepted.in_session_with = None;
        }
        if let Some(peer) = self.hosts.get_mut(&found.host) {
            remember(&mut peer.past, session, by);
        }
        if let Some(peer) = self.operators.get_mut(&found.operator) {
            remember(&mut peer.past, session, by);
        }
        Some(found)
    }

    /// The session that `host` speaks of: `None` if it is over, an error if it never was its own.
    pub(super) fn session_of_host(
        &mut self,
        host: PeerId,
        action: Action,
        session: SessionId,
    ) -> Result<Option<&mut Session>, OutOfPlace> {
        let Some(found) = self.sessions.get(&session) else {
            return self.was_once(session).map(|()| None);
        };
        let ends = Object::Session {
            owner: self.account_of(found.operator)?,
            host: found.host,
        };
        may(Who::Host(host), action, ends).map_err(|_denied| OutOfPlace)?;
        Ok(self.sessions.get_mut(&session))
    }

    pub(super) fn sessions_of_operator(&self, id: PeerId) -> Vec<SessionId> {
        let own = self.sessions.iter().filter(|(_, s)| s.operator == id);
        own.map(|(session, _)| *session).collect()
    }

    pub(super) fn is_running(&self, session: SessionId) -> bool {
        self.sessions.get(&session).is_some_and(Session::is_running)
    }

    pub(super) fn time_out_questions(&mut self, now: Moment) {
        let is_late = |s: &Session| matches!(s.stage, Stage::Asked { deadline } if deadline <= now.since_start);
        let late: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(_, session)| is_late(session))
            .map(|(id, _)| *id)
            .collect();
        for session in late {
            self.refuse_session(session, RefusalCode::TIMED_OUT, "nobody answered");
        }
    }
}
