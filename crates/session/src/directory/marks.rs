//! Moments that operators mark in the film of their session (D3).

use protocol::control::ChatText;
use protocol::limits::{MAX_MARK_AGO_MILLIS, MAX_MARKS};
use protocol::{HubToOperator, Outcome, PeerId, RefusalCode, SessionId};

use super::{Directory, Effect, Fault};
use crate::authority::{Action, Object};

impl Directory {
    /// An operator who takes part marks a moment: the film has it, and the console hears so.
    pub(super) fn mark_moment(
        &mut self,
        id: PeerId,
        session: SessionId,
        text: ChatText,
        ago_millis: u32,
    ) -> Result<(), Fault> {
        let Some(found) = self.sessions.get(&session) else {
            return self.was_once(session);
        };
        let (owner, host) = (found.account_for(id), found.host());
        let allowed = self.check(id, Action::MarkMoment, Object::Session { owner, host });
        let Some(found) = self.sessions.get_mut(&session) else {
            return Ok(());
        };
        let name = found.name_of(id).filter(|_| allowed.is_ok());
        let Some(operator) = name else {
            return if self.was_in(id, session) {
                Ok(())
            } else {
                // who still asks to be let in says so a little early
                allowed
            };
        };
        let outcome = if found.marks < MAX_MARKS {
            found.marks += 1;
            let ago_millis = ago_millis.min(MAX_MARK_AGO_MILLIS);
            self.effects.push(Effect::FilmMark {
                session,
                operator,
                text,
                ago_millis,
            });
            Outcome::Done
        } else {
            Outcome::Refused(RefusalCode::FULL.into())
        };
        self.tell_operator(id, HubToOperator::MomentMarked { session, outcome });
        Ok(())
    }
}
