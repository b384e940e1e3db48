//! Places that outlive a connection, and the hub's own process (R4).

use protocol::control::{Admission, Name};
use protocol::{
    EndedBy, HubToHost, HubToOperator, PeerId, Refusal, RefusalCode, ResumeSecret, RunningSession,
    SessionId,
};
use sha2::{Digest as _, Sha256};

use super::records::{SecretHash, Side, Stored, What};
use super::sessions::Session;
use super::{
    AcceptedHost, Departure, Directory, Effect, HostPeer, HostStage, LoggedIn, Moment, OperatorPeer,
};

/// The hash of a resume secret, which is what the hub keeps of it. The secret has 256 random bits, so a
/// plain hash cannot be searched.
pub(super) fn hash(secret: &ResumeSecret) -> SecretHash {
    let hash = Sha256::new_with_prefix(b"pure-help-desk resume v1")
        .chain_update(secret.0)
        .finalize();
    SecretHash(hash.into())
}

fn is_right(secret: &ResumeSecret, kept: SecretHash) -> bool {
    use subtle::ConstantTimeEq as _;
    hash(secret).0.ct_eq(&kept.0).into()
}

impl Directory {
    /// Takes back what the store kept. Sessions whose ends are not both known were ended before.
    pub(super) fn restore(&mut self, stored: Stored, now: Moment) {
        let away = Some(now.since_start + self.policy.kept);
        for operator in stored.operators {
            let peer = OperatorPeer {
                who: LoggedIn {
                    account: operator.account,
                    login: operator.login,
                    display_name: Name::cut(operator.display_name),
                },
                since_unix_seconds: operator.since_unix_seconds,
                secret: operator.secret,
                away,
                past: Default::default(),
            };
            self.operators.insert(operator.peer, peer);
        }
        for host in stored.hosts {
            let accepted = AcceptedHost {
                owner: host.owner,
                computer: Name::cut(host.computer),
                user: Name::cut(host.user),
                system: Name::cut(host.system),
                route: host.route,
                since_unix_seconds: host.since_unix_seconds,
                secret: host.secret,
                away,
                session: None,
                in_session_with: None,
                last_lines: (0, 0),
            };
            let peer = HostPeer {
                neighbour: None,
                stage: HostStage::Accepted(Box::new(accepted)),
                past: Default::default(),
                late_proof: false,
            };
            self.hosts.insert(host.peer, peer);
        }
        for session in stored.sessions {
            let (id, name) = (session.session, Name::cut(session.operator_name.as_str()));
            let operator_known = self.operators.contains_key(&session.operator);
            let Some(host) = self.accepted_mut(session.host).filter(|_| operator_known) else {
                let by = EndedBy::HubStopped;
                self.record_as_hub(What::SessionEnded {
                    session: id,
                    ended_unix_millis: now.unix_millis,
                    by,
                });
                self.effects.push(Effect::EndRelay { session: id, by });
                continue;
            };
            host.session = Some(id);
            host.in_session_with = Some(name);
            let host = host.clone();
            self.sessions.insert(id, Session::restored(session, &host));
        }
    }

    /// What a new place is told. `random` must be fresh.
    pub(super) fn admission(&self, you: PeerId, random: [u8; 32]) -> Admission {
        Admission {
            you,
            secret: ResumeSecret(random),
            kept_seconds: u32::try_from(self.policy.kept.as_secs()).unwrap_or(u32::MAX),
        }
    }

    /// A host whose connection was lost is here again, over another one.
    ///
    /// # Errors
    ///
    /// A refusal if it has no place here (any more).
    pub fn host_resumes(
        &mut self,
        id: PeerId,
        secret: &ResumeSecret,
        now: Moment,
    ) -> Result<(), Refusal> {
        let found = self.accepted(id);
        if !found.is_some_and(|host| is_right(secret, host.secret)) {
            return Err(RefusalCode::CANNOT_RESUME.into());
        }
        // the old connection may not have been missed yet
        self.left(id, Departure::Lost, now);
        let Some(host) = self.accepted_mut(id) else {
            return Err(RefusalCode::CANNOT_RESUME.into());
        };
        host.away = None;
        let owner = host.owner;
        self.resume_relays();
        let (running, ended) = self.sessions_of(id);
        self.tell_host(id, HubToHost::Resumed { running, ended });
        self.announce(id, None);
        if let Some(operator) = self.present_operator_of(owner) {
            let present = true;
            self.tell_host(id, HubToHost::OperatorPresent { operator, present });
        }
        Ok(())
    }

    /// A console whose connection was lost is here again, over another one; gives who it is.
    ///
    /// # Errors
    ///
    /// A refusal if it has no place here (any more).
    pub fn operator_resumes(
        &mut self,
        id: PeerId,
        secret: &ResumeSecret,
        now: Moment,
    ) -> Result<LoggedIn, Refusal> {
        let found = self.operators.get(&id);
        if !found.is_some_and(|operator| is_right(secret, operator.secret)) {
            return Err(RefusalCode::CANNOT_RESUME.into());
        }
        self.left(id, Departure::Lost, now);
        let Some(operator) = self.operators.get_mut(&id) else {
            return Err(RefusalCode::CANNOT_RESUME.into());
        };
        operator.away = None;
        let who = operator.who.clone();
        self.resume_relays();
        let (running, ended) = self.sessions_of(id);
        self.tell_operator(id, HubToOperator::Resumed { running, ended });
        self.send_whole_list(id, who.account);
        self.announce(id, Some(id));
        self.tell_presence(id, who.account, true);
        Ok(who)
    }

    fn sessions_of(&self, id: PeerId) -> (Vec<RunningSession>, Vec<(SessionId, EndedBy)>) {
        let running = self
            .sessions
            .iter()
            .filter(|(_, session)| session.is_running())
            .filter_map(|(session, found)| {
                let (host, operator) = found.ends();
                let with = if host == id { operator } else { host };
                let session = *session;
                (host == id || operator == id).then_some(RunningSession { session, with })
            });
        let host = self.hosts.get(&id).map(|peer| &peer.past);
        let operator = self.operators.get(&id).map(|peer| &peer.past);
        let ended = host.or(operator).into_iter().flatten().copied();
        (running.collect(), ended.collect())
    }

    /// Lets the streams of sessions flow whose ends are both here: before anybody hears of it, for
    /// whoever does may open one at once.
    fn resume_relays(&mut self) {
        let is_here = |id: &PeerId| {
            let host = self.accepted(*id).is_some_and(|host| host.away.is_none());
            let operator = self.operators.get(id);
            host || operator.is_some_and(|operator| operator.away.is_none())
        };
        let ready: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.is_paused())
            .filter(|(_, session)| {
                let (host, operator) = session.ends();
                is_here(&host) && is_here(&operator)
            })
            .map(|(id, _)| *id)
            .collect();
        for session in ready {
            let Some(found) = self.sessions.get_mut(&session) else {
                continue;
            };
            found.set_paused(false);
            let (host, operator) = found.ends();
            let rights = found.rights();
            self.record_as_hub(What::SessionResumed { session });
            self.effects.push(Effect::StartRelay {
                session,
                host,
                operator,
                rights,
                resumed: true,
            });
        }
    }

    /// Marks the running sessions of `id` as waiting for it; its questions come to nothing.
    pub(super) fn pause_sessions_of(&mut self, id: PeerId, side: Side, now: Moment) {
        let of_peer = self.sessions.iter().filter(|(_, session)| {
            let (host, operator) = session.ends();
            host == id || operator == id
        });
        let of_peer: Vec<SessionId> = of_peer.map(|(session, _)| *session).collect();
        for session in of_peer {
            let Some(found) = self.sessions.get_mut(&session) else {
                continue;
            };
            if !found.is_running() {
                let by = match side {
                    Side::Host => EndedBy::HostLost,
                    Side::Operator => EndedBy::OperatorLost,
                };
                self.end_session(session, by, now);
            } else if !found.is_paused() {
                found.set_paused(true);
                self.effects.push(Effect::PauseRelay { session, side });
                self.record_as_hub(What::SessionPaused { session, side });
            }
        }
    }

    /// Gives up the places of whoever is away for too long.
    pub(super) fn time_out_away(&mut self, now: Moment) {
        let late = |away: Option<std::time::Duration>| away.is_some_and(|at| at <= now.since_start);
        let operators = self.operators.iter().filter(|(_, o)| late(o.away));
        let operators: Vec<PeerId> = operators.map(|(id, _)| *id).collect();
        let is_late = |peer: &HostPeer| match &peer.stage {
            HostStage::Accepted(host) => late(host.away),
            HostStage::Idle | HostStage::Trying(_) => false,
        };
        let hosts = self.hosts.iter().filter(|(_, peer)| is_late(peer));
        let hosts: Vec<PeerId> = hosts.map(|(id, _)| *id).collect();
        for id in operators {
            self.forget_operator(id, EndedBy::OperatorLost, now);
        }
        for id in hosts {
            self.forget_host(id, EndedBy::HostLost, now);
        }
    }
}
