//! What a host and its operators say of who sees and acts, for the film and the audit log (S2).

use protocol::control::Name;
use protocol::{PeerId, SessionId, Shield, ShieldState, Shields};

use super::records::{Change, What};
use super::{Directory, Effect, Fault};
use crate::authority::Action;

impl Directory {
    /// The host says, to each of its operators, how the shields stand.
    pub(super) fn shields_are(
        &mut self,
        id: PeerId,
        session: SessionId,
        shields: Shields,
    ) -> Result<(), Fault> {
        let Some(found) = self.session_of_host(id, Action::SpeakForUser, session)? else {
            return Ok(());
        };
        if !found.is_running() {
            return Ok(());
        }
        let before = std::mem::replace(&mut found.shields, shields);
        let actor = found.user();
        for shield in Shield::ALL {
            let is_up = |shields: Shields| shields.of(shield) == ShieldState::Up;
            if is_up(before) == is_up(shields) {
                continue;
            }
            let up = is_up(shields);
            let text = match (shield, up) {
                (Shield::Input, true) => "the user's keyboard and mouse are blocked",
                (Shield::Input, false) => "the user's keyboard and mouse work again",
                (Shield::Screen, true) => "the user's screen is dark",
                (Shield::Screen, false) => "the user's screen shows again",
            };
            let text = text.to_owned();
            self.effects.push(Effect::FilmNote { session, text });
            let actor = actor.clone();
            let what = What::SessionShielded {
                session,
                shield,
                up,
            };
            self.effects.push(Effect::Record(Change { actor, what }));
        }
        Ok(())
    }

    /// The host says, to each of its operators, that the user shares one monitor alone, or all.
    pub(super) fn shares_only(
        &mut self,
        id: PeerId,
        session: SessionId,
        monitor: Option<Name>,
    ) -> Result<(), Fault> {
        let Some(found) = self.session_of_host(id, Action::SpeakForUser, session)? else {
            return Ok(());
        };
        if !found.is_running() || found.shares_only == monitor {
            return Ok(());
        }
        let text = match &monitor {
            Some(monitor) => format!("the user shares {monitor} alone"),
            None => "the user shares all monitors".to_owned(),
        };
        found.shares_only = monitor;
        self.effects.push(Effect::FilmNote { session, text });
        Ok(())
    }

    /// An operator has paused, or goes on.
    pub(super) fn rests(&mut self, operator: PeerId, session: SessionId, resting: bool) {
        let Some(found) = self.sessions.get_mut(&session) else {
            return;
        };
        let Some(name) = found.name_of(operator).filter(|_| found.is_running()) else {
            return;
        };
        if !found.note_rest(operator, resting) {
            return;
        }
        let text = if resting {
            format!("{name} has paused")
        } else {
            format!("{name} goes on")
        };
        self.effects.push(Effect::FilmNote { session, text });
    }
}
