//! Administrators who watch a session while it runs. Everybody in it is told from start to end, and it
//! is on the film and in the audit log.

use std::time::Duration;

use protocol::admin::films::WATCHING_SECONDS;
use protocol::control::Name;
use protocol::limits::MAX_WATCHERS;
use protocol::{HubToHost, HubToOperator, PeerId, RefusalCode, SessionId};

use super::records::{Actor, Change, What};
use super::{Directory, Effect, Moment};

/// An administrator who wants to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watcher {
    pub sign_in: PeerId,
    pub actor: Actor,
    /// The display name, for those who are watched.
    pub name: Name,
}

/// One who watches, until then in time since the hub started.
pub(super) struct Watching {
    who: Watcher,
    until: Duration,
}

impl Directory {
    /// Somebody watches a session for the next [`WATCHING_SECONDS`]. Who did not until now begins, and
    /// gets nothing to see until those who are in the session, which this gives, were told.
    ///
    /// # Errors
    ///
    /// [`RefusalCode::SESSION_GONE`], or [`RefusalCode::FULL`] where [`MAX_WATCHERS`] watch already.
    pub fn watch(
        &mut self,
        session: SessionId,
        who: Watcher,
        now: Moment,
    ) -> Result<Option<Vec<PeerId>>, RefusalCode> {
        let until = now.since_start + Duration::from_secs(WATCHING_SECONDS);
        let running = self.sessions.get_mut(&session).filter(|s| s.is_running());
        let running = running.ok_or(RefusalCode::SESSION_GONE)?;
        let mut watching = running.watching.iter_mut();
        if let Some(known) = watching.find(|w| w.who.sign_in == who.sign_in) {
            known.until = until;
            return Ok(None);
        }
        if running.watching.len() >= MAX_WATCHERS {
            return Err(RefusalCode::FULL);
        }
        let by = who.name.clone();
        let change = Change {
            actor: who.actor.clone(),
            what: What::WatchBegan { session },
        };
        running.watching.push(Watching { who, until });
        self.effects.push(Effect::Record(change));
        let begins = true;
        self.effects.push(Effect::FilmWatched {
            session,
            by,
            begins,
        });
        self.tell_watched(session);
        Ok(Some(self.members_of(session)))
    }

    /// Whoever signed in so watches the session no more.
    pub fn stop_watching(&mut self, session: SessionId, sign_in: PeerId) {
        self.watched_no_more(session, |watching| watching.who.sign_in == sign_in);
    }

    pub(super) fn time_out_watching(&mut self, now: Moment) {
        let watched = self.sessions.iter().filter(|(_, s)| !s.watching.is_empty());
        let watched: Vec<SessionId> = watched.map(|(session, _)| *session).collect();
        for session in watched {
            self.watched_no_more(session, |watching| watching.until <= now.since_start);
        }
    }

    fn watched_no_more(&mut self, session: SessionId, is_over: impl Fn(&Watching) -> bool) {
        let Some(running) = self.sessions.get_mut(&session) else {
            return;
        };
        let gone: Vec<Watching> = running.watching.extract_if(.., |w| is_over(w)).collect();
        for Watching { who, .. } in &gone {
            let by = who.name.clone();
            let begins = false;
            self.effects.push(Effect::FilmWatched {
                session,
                by,
                begins,
            });
        }
        if !gone.is_empty() {
            self.note_watch_ended(session, gone);
            self.tell_watched(session);
        }
    }

    /// Notes in the audit log that these watch no more.
    pub(super) fn note_watch_ended(&mut self, session: SessionId, gone: Vec<Watching>) {
        for Watching { who, .. } in gone {
            let actor = who.actor;
            let what = What::WatchEnded { session };
            self.effects.push(Effect::Record(Change { actor, what }));
        }
    }

    /// The host of a session, and its operators.
    fn members_of(&self, session: SessionId) -> Vec<PeerId> {
        let Some(found) = self.sessions.get(&session) else {
            return Vec::new();
        };
        let host = found.host();
        std::iter::once(host).chain(found.others_of(host)).collect()
    }

    /// Tells everybody in a session who watches it.
    fn tell_watched(&mut self, session: SessionId) {
        let Some((host, by)) = self.watched(session) else {
            return;
        };
        for member in self.members_of(session) {
            let by = by.clone();
            if member == host {
                self.tell_host(host, HubToHost::Watched { session, by });
            } else {
                self.tell_operator(member, HubToOperator::Watched { session, by });
            }
        }
    }

    /// Tells a host that has just come back who watches its session; during a lost line it may have
    /// become somebody or nobody.
    pub(super) fn tell_host_of_watching(&mut self, host: PeerId) {
        let session = self.accepted(host).and_then(|host| host.session);
        if let Some((session, (_, by))) = session.and_then(|s| Some((s, self.watched(s)?))) {
            self.tell_host(host, HubToHost::Watched { session, by });
        }
    }

    /// Tells an operator who watches the session, who has just come in or back.
    pub(super) fn tell_operator_of_watching(&mut self, operator: PeerId, session: SessionId) {
        if let Some((_, by)) = self.watched(session) {
            self.tell_operator(operator, HubToOperator::Watched { session, by });
        }
    }

    /// The host of a session that runs, and who watches.
    fn watched(&self, session: SessionId) -> Option<(PeerId, Vec<Name>)> {
        let running = self.sessions.get(&session).filter(|s| s.is_running())?;
        let names = running.watching.iter().map(|w| w.who.name.clone());
        Some((running.host(), names.collect()))
    }
}
