//! Places that outlive a connection, and the hub's own process (R4).

use std::collections::BTreeSet;

use protocol::control::{Admission, Name};
use protocol::{
    EndedBy, Hindrances, HubToHost, HubToOperator, PeerId, Refusal, RefusalCode, ResumeSecret,
    RunningSession, SessionId,
};
use sha2::{Digest as _, Sha256};

use super::records::{AccountId, SecretHash, Side, Stored, StoredMember, StoredSession, What};
use super::sessions::Session;
use super::{
    AcceptedHost, Departure, Directory, Effect, FilmedLines, HostPeer, HostStage, LoggedIn, Moment,
    Opened, OperatorPeer, Owner,
};

/// Why somebody does not come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CannotResume {
    /// There is no such place, or no longer: whoever was away for too long is told so.
    NoPlace,
    /// The place is there, and the secret is not its own: a guess. The peer is told no more than above.
    WrongSecret,
}

impl From<CannotResume> for Refusal {
    fn from(_either: CannotResume) -> Self {
        RefusalCode::CANNOT_RESUME.into()
    }
}

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
                denied: BTreeSet::new(),
                lists_sleeping: false,
            };
            self.operators.insert(operator.peer, peer);
        }
        for host in stored.hosts {
            let accepted = AcceptedHost {
                owners: host.owners.into_iter().map(Owner::new).collect(),
                computer: Name::cut(host.computer),
                user: Name::cut(host.user),
                system: Name::cut(host.system),
                since_unix_seconds: host.since_unix_seconds,
                secret: host.secret,
                away,
                trying: None,
                session: None,
                filmed: FilmedLines::default(),
                hindrances: Hindrances::NONE,
                opened: host.permanent.map(|host| Opened {
                    host,
                    arrived: true,
                }),
                // whoever shows it is not known any more, and ends it at their own console
                shown: None,
            };
            let peer = HostPeer {
                stage: HostStage::Accepted(Box::new(accepted)),
                past: Default::default(),
                late_proof: false,
            };
            self.hosts.insert(host.peer, peer);
        }
        for session in stored.sessions {
            let id = session.session;
            let members = session.members.into_iter();
            let members: Vec<StoredMember> = members
                .filter(|member| self.operators.contains_key(&member.operator))
                .collect();
            let session = StoredSession { members, ..session };
            let has_members = !session.members.is_empty();
            let Some(host) = self.accepted_mut(session.host).filter(|_| has_members) else {
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
    /// [`CannotResume`].
    pub fn host_resumes(
        &mut self,
        id: PeerId,
        secret: &ResumeSecret,
        now: Moment,
    ) -> Result<(), CannotResume> {
        let found = self.accepted(id).ok_or(CannotResume::NoPlace)?;
        if !is_right(secret, found.secret) {
            return Err(CannotResume::WrongSecret);
        }
        // the old connection may not have been missed yet
        self.left(id, Departure::Lost, now);
        let Some(host) = self.accepted_mut(id) else {
            return Err(CannotResume::NoPlace);
        };
        host.away = None;
        let owners: Vec<AccountId> = host.owners.iter().map(|owner| owner.account).collect();
        self.resume_relays();
        let (running, ended) = self.sessions_of(id);
        self.tell_host(id, HubToHost::Resumed { running, ended });
        self.tell_organisation(id);
        self.tell_host_of_watching(id);
        self.place_arrived(id);
        self.shown_place_arrived(id);
        self.announce(id, None);
        for owner in owners {
            if let Some(operator) = self.present_operator_of(owner) {
                let present = true;
                self.tell_host(id, HubToHost::OperatorPresent { operator, present });
            }
        }
        self.give_receipt(id);
        Ok(())
    }

    /// A console whose connection was lost is here again, over another one; gives who it is.
    ///
    /// # Errors
    ///
    /// [`CannotResume`].
    pub fn operator_resumes(
        &mut self,
        id: PeerId,
        secret: &ResumeSecret,
        now: Moment,
    ) -> Result<LoggedIn, CannotResume> {
        let found = self.operators.get(&id).ok_or(CannotResume::NoPlace)?;
        if !is_right(secret, found.secret) {
            return Err(CannotResume::WrongSecret);
        }
        self.left(id, Departure::Lost, now);
        let Some(operator) = self.operators.get_mut(&id) else {
            return Err(CannotResume::NoPlace);
        };
        operator.away = None;
        let who = operator.who.clone();
        self.resume_relays();
        let (running, ended) = self.sessions_of(id);
        let sessions: Vec<SessionId> = running.iter().map(|found| found.session).collect();
        self.tell_operator(id, HubToOperator::Resumed { running, ended });
        for session in sessions {
            self.tell_operator_of_watching(id, session);
        }
        self.send_whole_list(id, who.account);
        self.announce(id, Some(id));
        self.tell_presence(id, who.account, true);
        Ok(who)
    }

    /// How many places wait for whoever is away.
    pub fn away(&self) -> usize {
        let operators = self.operators.values().filter(|o| o.away.is_some());
        let is_away = |peer: &&HostPeer| match &peer.stage {
            HostStage::Accepted(host) => host.away.is_some(),
            HostStage::Idle | HostStage::Trying(_) => false,
        };
        operators.count() + self.hosts.values().filter(is_away).count()
    }

    fn sessions_of(&self, id: PeerId) -> (Vec<RunningSession>, Vec<(SessionId, EndedBy)>) {
        let running = self.sessions.iter().flat_map(|(session, found)| {
            let session = *session;
            let with = found.others_of(id);
            with.map(move |with| RunningSession { session, with })
        });
        let host = self.hosts.get(&id).map(|peer| &peer.past);
        let operator = self.operators.get(&id).map(|peer| &peer.past);
        let ended = host.or(operator).into_iter().flatten().copied();
        (running.collect(), ended.collect())
    }

    /// Lets the streams of sessions flow whose ends are both here: before anybody hears of it, for
    /// whoever does may open one at once.
    fn resume_relays(&mut self) {
        let hosts = self.hosts.iter();
        let hosts: BTreeSet<PeerId> = hosts
            .filter(|(id, _)| self.accepted(**id).is_some_and(|host| host.away.is_none()))
            .map(|(id, _)| *id)
            .collect();
        let operators = self.operators.iter().filter(|(_, o)| o.away.is_none());
        let operators: BTreeSet<PeerId> = operators.map(|(id, _)| *id).collect();
        let mut effects = Vec::new();
        for (session, found) in &mut self.sessions {
            let session = *session;
            if hosts.contains(&found.host()) {
                let starts = found.resume(|operator| operators.contains(&operator));
                effects.extend(starts.into_iter().map(|start| start.effect(session)));
            }
        }
        for effect in effects {
            if let Effect::StartRelay { session, .. } = effect {
                self.record_as_hub(What::SessionResumed { session });
            }
            self.effects.push(effect);
        }
    }

    /// Marks the session of a host as waiting for it; questions to it come to nothing.
    pub(super) fn pause_session_of_host(&mut self, id: PeerId, now: Moment) {
        let Some(session) = self.accepted(id).and_then(|host| host.session) else {
            return;
        };
        let Some(found) = self.sessions.get_mut(&session) else {
            return;
        };
        if !found.is_running() {
            return self.end_session(session, EndedBy::HostLost, now);
        }
        let flowed = found.pause(None);
        for operator in found.asking() {
            self.leave_session(session, operator, EndedBy::HostLost, now);
        }
        if flowed {
            self.paused(session, Side::Host);
        }
    }

    /// Marks an operator's part in its sessions as waiting; its questions come to nothing.
    pub(super) fn pause_sessions_of_operator(&mut self, id: PeerId, now: Moment) {
        for session in self.sessions_of_operator(id) {
            let Some(found) = self.sessions.get_mut(&session) else {
                continue;
            };
            if !found.takes_part(id) {
                self.leave_session(session, id, EndedBy::OperatorLost, now);
            } else if found.pause(Some(id)) {
                self.paused(session, Side::Operator(id));
            }
        }
    }

    fn paused(&mut self, session: SessionId, side: Side) {
        self.effects.push(Effect::PauseRelay { session, side });
        self.record_as_hub(What::SessionPaused { session, side });
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
