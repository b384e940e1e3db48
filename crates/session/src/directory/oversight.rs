//! What an administrator sees of the desk, and ends.

use protocol::admin::desk::LiveSession;
use protocol::control::Name;
use protocol::{EndedBy, Entry, PeerId, RefusalCode, SessionId};

use super::records::{Actor, Change, What};
use super::sessions::Session;
use super::{Directory, Effect, Moment};

impl Directory {
    /// Everybody who has a place, whatever their groups.
    pub fn everybody(&self) -> Vec<Entry> {
        let operators = self.operators.iter().map(|(id, peer)| peer.row(*id));
        let hosts = self.hosts.keys().filter_map(|id| self.host_row(*id));
        operators.chain(hosts).collect()
    }

    fn host_row(&self, id: PeerId) -> Option<Entry> {
        let host = self.accepted(id)?;
        if host.opened.is_some_and(|opened| !opened.arrived) {
            return None;
        }
        let session = host.session.and_then(|session| {
            let found = self.sessions.get(&session)?;
            found.live(session)
        });
        let operators = session.map(|live| {
            let names: Vec<&str> = live.operators.iter().map(|name| &**name).collect();
            Name::cut(names.join(", "))
        });
        Some(Entry {
            id,
            kind: host.kind(),
            name: host.computer.clone(),
            person: host.user.clone(),
            system: host.system.clone(),
            ticket: host.first_route(),
            in_session_with: operators,
            since_unix_seconds: host.since_unix_seconds,
            yours: false,
            present: host.away.is_none(),
        })
    }

    /// The sessions that run, the oldest first; how large their films are is not known here.
    pub fn live_sessions(&self) -> Vec<LiveSession> {
        let live = |(id, session): (&SessionId, &Session)| session.live(*id);
        let mut all: Vec<LiveSession> = self.sessions.iter().filter_map(live).collect();
        all.sort_by_key(|session| (session.started_unix_millis, session.session));
        all
    }

    /// Ends a session for everybody in it; whether there was one.
    pub fn administrator_ends(&mut self, session: SessionId, actor: Actor, now: Moment) -> bool {
        if !self.is_running(session) {
            return false;
        }
        let what = What::EndedByAdministrator { session };
        self.effects.push(Effect::Record(Change { actor, what }));
        self.end_session(session, EndedBy::Administrator, now);
        true
    }

    /// Sends a host or a console away, for good: it has no place to come back to. Whether it was here.
    pub fn administrator_disconnects(&mut self, peer: PeerId, actor: Actor, now: Moment) -> bool {
        let is_host = self.accepted(peer).is_some();
        let is_here = match (self.accepted(peer), self.operators.get(&peer)) {
            (Some(host), _) => host.away.is_none(),
            (None, Some(operator)) => operator.away.is_none(),
            (None, None) => return false,
        };
        let what = What::DisconnectedByAdministrator { peer };
        self.effects.push(Effect::Record(Change { actor, what }));
        let helped = self.accepted(peer).and_then(|host| host.session);
        if is_host {
            if let Some(session) = helped {
                self.end_session(session, EndedBy::Administrator, now);
            }
            self.forget_host(peer, EndedBy::Administrator, now);
        } else {
            self.forget_operator(peer, EndedBy::Administrator, now);
        }
        if is_here {
            let why = RefusalCode::DISCONNECTED_BY_ADMINISTRATOR;
            self.send_away_from(helped.is_some(), peer, why);
        }
        true
    }
}
