//! The question, the session, and its end (H5, H6, D1).

use std::time::Duration;

use protocol::control::Name;
use protocol::{
    EndedBy, HubToHost, HubToOperator, RefusalCode, ReportFacts, ReportId, Rights, SessionId,
    TicketRoute,
};

use super::{ConnectionId, Directory, Effect, FilmOrder, OutOfPlace, remember};
use crate::catalogue::{Change, What};
use crate::clock::Moment;

pub(super) struct Session {
    host: ConnectionId,
    operator: ConnectionId,
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
        nonce: [u8; 16],
        started_unix_millis: i64,
    },
    Running {
        rights: Rights,
        started_unix_millis: i64,
    },
}

#[cfg(test)]
impl Session {
    /// The host and the operator.
    pub(super) fn ends(&self) -> (ConnectionId, ConnectionId) {
        (self.host, self.operator)
    }
}

impl Directory {
    pub(super) fn start_session(
        &mut self,
        id: ConnectionId,
        host: ConnectionId,
        asked: Rights,
        nonce: [u8; 16],
        now: Moment,
    ) -> Result<(), OutOfPlace> {
        let operator = self.operators.get(&id).ok_or(OutOfPlace)?;
        let found = self.accepted(host).filter(|h| h.owner == operator.account);
        let refused = match found {
            None => Some(RefusalCode::HOST_GONE),
            Some(h) if h.session.is_some() => Some(RefusalCode::HOST_BUSY),
            Some(_) if !asked.see => Some(RefusalCode::OUT_OF_PLACE),
            Some(_) => None,
        };
        let (Some(accepted), None) = (found, refused) else {
            let refusal = refused.unwrap_or(RefusalCode::HOST_GONE).into();
            let host = host.into();
            self.tell_operator(id, HubToOperator::SessionRefused { host, refusal });
            return Ok(());
        };
        let session = SessionId(self.last_session.0 + 1);
        let new = Session {
            host,
            operator: id,
            login: operator.login.clone(),
            operator_name: operator.display_name.clone(),
            computer: accepted.computer.clone(),
            requester: accepted.user.clone(),
            ticket: accepted.route,
            asked,
            stage: Stage::Asked {
                deadline: now.since_start + self.times.consent,
            },
        };
        let what = What::ConsentAsked {
            session,
            owner: operator.account,
            operator: new.operator_name.to_string(),
            host: new.computer.to_string(),
            requester: new.requester.to_string(),
            ticket: new.ticket,
            asked,
        };
        let actor = new.login.clone();
        let operator_name = new.operator_name.clone();
        self.last_session = session;
        self.sessions.insert(session, new);
        if let Some(accepted) = self.accepted_mut(host) {
            accepted.session = Some(session);
        }
        self.effects.push(Effect::Record(Change { actor, what }));
        let pending = HubToOperator::ConsentPending {
            session,
            host: host.into(),
        };
        self.tell_operator(id, pending);
        self.tell_host(
            host,
            HubToHost::ConsentAsked {
                session,
                operator: operator_name,
                asked,
                nonce,
            },
        );
        Ok(())
    }

    pub(super) fn answer_consent(
        &mut self,
        id: ConnectionId,
        session: SessionId,
        granted: Option<Rights>,
        nonce: [u8; 16],
        now: Moment,
    ) -> Result<(), OutOfPlace> {
        let Some(found) = self.session_of_host(id, session)? else {
            return Ok(());
        };
        if !matches!(found.stage, Stage::Asked { .. }) {
            return Err(OutOfPlace);
        }
        let Some(granted) = granted else {
            self.refuse_session(session, RefusalCode::CONSENT_REFUSED, "the user refused");
            return Ok(());
        };
        if !granted.see || !granted.is_within(found.asked) {
            return Err(OutOfPlace);
        }
        found.stage = Stage::Opening {
            granted,
            nonce,
            started_unix_millis: now.unix_millis,
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
        self.effects.push(Effect::OpenFilm(order));
        Ok(())
    }

    /// The film is open under `path`, or cannot be opened; then nothing may be seen (D2).
    pub(crate) fn film_opened(&mut self, session: SessionId, path: Option<String>) {
        let Some(found) = self.sessions.get(&session) else {
            self.effects.push(Effect::DiscardFilm(session));
            return;
        };
        let Stage::Opening {
            granted,
            started_unix_millis,
            ..
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
            what: What::SessionStarted {
                session,
                started_unix_millis,
                film,
                granted,
            },
        };
        self.effects.push(Effect::StoreSession { session, change });
    }

    /// The session is stored, or cannot be.
    pub(crate) fn session_stored(&mut self, session: SessionId, stored: bool) {
        let Some(found) = self.sessions.get_mut(&session) else {
            self.effects.push(Effect::DiscardFilm(session));
            return;
        };
        let Stage::Opening {
            granted,
            nonce,
            started_unix_millis,
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
        };
        let (host, operator) = (found.host, found.operator);
        let with = found.operator_name.clone();
        self.effects.push(Effect::StartRelay {
            session,
            host,
            operator,
            rights: granted,
        });
        self.tell_host(
            host,
            HubToHost::SessionStarted {
                session,
                rights: granted,
            },
        );
        self.tell_operator(
            operator,
            HubToOperator::SessionStarted {
                session,
                host: host.into(),
                rights: granted,
                nonce,
            },
        );
        if let Some(accepted) = self.accepted_mut(host) {
            accepted.in_session_with = Some(with);
        }
        self.announce(host, None);
    }

    /// The film of a running session cannot be written any more (D2).
    pub(crate) fn film_failed(&mut self, session: SessionId, now: Moment) {
        self.record_as_hub(What::FilmFailed { session });
        self.end_session(session, EndedBy::CannotRecord, now);
    }

    pub(super) fn reduce_rights(
        &mut self,
        id: ConnectionId,
        session: SessionId,
        rights: Rights,
    ) -> Result<(), OutOfPlace> {
        let Some(found) = self.session_of_host(id, session)? else {
            return Ok(());
        };
        let Stage::Running { rights: before, .. } = &mut found.stage else {
            return Err(OutOfPlace);
        };
        if !rights.see || !rights.is_within(*before) {
            return Err(OutOfPlace);
        }
        *before = rights;
        let (operator, actor) = (found.operator, found.requester.to_string());
        let what = What::RightsReduced { session, rights };
        // the streams first: nothing may pass while the disk is busy
        self.effects.push(Effect::ChangeRights { session, rights });
        self.tell_operator(operator, HubToOperator::RightsChanged { session, rights });
        self.effects.push(Effect::Record(Change { actor, what }));
        Ok(())
    }

    pub(super) fn host_ends_session(
        &mut self,
        id: ConnectionId,
        session: SessionId,
        now: Moment,
    ) -> Result<(), OutOfPlace> {
        if self.session_of_host(id, session)?.is_some() {
            self.end_session(session, EndedBy::User, now);
        }
        Ok(())
    }

    pub(super) fn operator_ends_session(
        &mut self,
        id: ConnectionId,
        session: SessionId,
        now: Moment,
    ) -> Result<(), OutOfPlace> {
        match self.sessions.get(&session) {
            Some(found) if found.operator == id => {
                self.end_session(session, EndedBy::Operator, now);
                Ok(())
            }
            Some(_) => Err(OutOfPlace),
            None => {
                let peer = self.operators.get(&id).ok_or(OutOfPlace)?;
                let was_his = peer.past_sessions.contains(&session);
                if was_his { Ok(()) } else { Err(OutOfPlace) }
            }
        }
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
                };
                self.refuse_session(session, code, reason);
            }
            Some(Stage::Running {
                started_unix_millis,
                ..
            }) => self.end_running(session, by, started_unix_millis, now),
        }
    }

    fn end_running(
        &mut self,
        session: SessionId,
        by: EndedBy,
        started_unix_millis: i64,
        now: Moment,
    ) {
        let Some(found) = self.forget_session(session) else {
            return;
        };
        let ended_unix_millis = now.unix_millis.max(started_unix_millis);
        let facts = ReportFacts {
            report: ReportId(session.0),
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
            | EndedBy::HubStopped => "hub".to_owned(),
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
        let Some(found) = self.forget_session(session) else {
            return;
        };
        if code != RefusalCode::CONSENT_REFUSED {
            self.tell_host(found.host, HubToHost::ConsentWithdrawn { session });
        }
        let refused = HubToOperator::SessionRefused {
            host: found.host.into(),
            refusal: code.into(),
        };
        self.tell_operator(found.operator, refused);
        self.effects.push(Effect::Record(Change {
            actor: found.requester.to_string(),
            what: What::ConsentRefused { session, reason },
        }));
    }

    fn forget_session(&mut self, session: SessionId) -> Option<Session> {
        let found = self.sessions.remove(&session)?;
        if let Some(accepted) = self.accepted_mut(found.host) {
            accepted.session = None;
            accepted.in_session_with = None;
        }
        if let Some(peer) = self.hosts.get_mut(&found.host) {
            remember(&mut peer.past_sessions, session);
        }
        if let Some(peer) = self.operators.get_mut(&found.operator) {
            remember(&mut peer.past_sessions, session);
        }
        Some(found)
    }

    /// The session that `host` speaks of: `None` if it is over, an error if it never was its own.
    fn session_of_host(
        &mut self,
        host: ConnectionId,
        session: SessionId,
    ) -> Result<Option<&mut Session>, OutOfPlace> {
        let peer = self.hosts.get(&host).ok_or(OutOfPlace)?;
        if peer.past_sessions.contains(&session) {
            return Ok(None);
        }
        match self.sessions.get_mut(&session) {
            Some(found) if found.host == host => Ok(Some(found)),
            Some(_) | None => Err(OutOfPlace),
        }
    }

    pub(super) fn sessions_of_operator(&self, id: ConnectionId) -> Vec<SessionId> {
        let his = self.sessions.iter().filter(|(_, s)| s.operator == id);
        his.map(|(session, _)| *session).collect()
    }

    pub(super) fn is_running(&self, session: SessionId) -> bool {
        let found = self.sessions.get(&session);
        found.is_some_and(|s| matches!(s.stage, Stage::Running { .. }))
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
