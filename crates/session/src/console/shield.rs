//! The operator wishes the user's input blocked or their screen dark, and pauses (S2).

use protocol::{OperatorWord, SessionId, Shield};

use super::{ConsoleSide, ConsoleStep};

impl ConsoleSide {
    /// Wishes a shield up or down; [`super::ConsoleNews::Shields`] tells what becomes of it. Without a line
    /// nothing does: shields do not outlive it.
    pub fn shield(&mut self, session: SessionId, shield: Shield, up: bool) -> Vec<ConsoleStep> {
        let word = OperatorWord::Shield {
            session,
            shield,
            up,
        };
        self.say_in(session, &word).into_iter().collect()
    }

    /// The operator pauses, or goes on. The host is told, now or when the line is back.
    pub fn rest(&mut self, session: SessionId, resting: bool) -> Vec<ConsoleStep> {
        let Some(live) = self.sessions.get_mut(&session) else {
            return Vec::new();
        };
        live.resting = Some(resting);
        self.say_rest(session).into_iter().collect()
    }

    /// Tells the host whether the operator has paused, if that ever was.
    pub(super) fn say_rest(&mut self, session: SessionId) -> Option<ConsoleStep> {
        let resting = self.sessions.get(&session)?.resting?;
        self.say_in(session, &OperatorWord::Rest { session, resting })
    }

    fn say_in(&mut self, session: SessionId, word: &OperatorWord) -> Option<ConsoleStep> {
        let host = self.host_of(session)?;
        self.hosts.get_mut(&host)?.say(host, word)
    }
}
