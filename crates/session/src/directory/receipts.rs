//! What a host has in hand when a session is over, and what its user says of it (H9).

use protocol::{
    Feedback, HubToHost, HubToOperator, Outcome, PeerId, RefusalCode, ReportId, SessionId,
    SignedReceipt,
};

use super::records::AccountId;
use super::{Directory, Effect, Fault, Moment, OutOfPlace};
use crate::throttle::throttled;

/// How often a user may say how it was; the last counts.
pub(super) const FEEDBACK_PER_MINUTE: u32 = 10;

impl Directory {
    /// A host that is here, and in no session, is given the receipt of its last one. One that is away gets it
    /// when it comes back.
    pub(super) fn give_receipt(&mut self, host: PeerId) {
        let found = self.accepted(host);
        if found.is_some_and(|host| host.away.is_none() && host.session.is_none()) {
            self.effects.push(Effect::GiveReceipt(host));
        }
    }

    /// The receipt of the last session of `host` is made.
    pub fn receipt_made(&mut self, host: PeerId, signed: SignedReceipt) {
        if self.accepted(host).is_some() {
            self.tell_host(host, HubToHost::Receipt { signed });
        }
    }

    pub(super) fn give_feedback(
        &mut self,
        host: PeerId,
        session: SessionId,
        feedback: Feedback,
        now: Moment,
    ) -> Result<(), Fault> {
        // whose session it was is asked where it is stored: this hub may have been down since
        let is_over = self.session_mut(session).is_none();
        if self.accepted(host).is_none() || !is_over {
            return Err(OutOfPlace);
        }
        self.was_once(session)?;
        if let Some(wait) = self.rated.wait(&host, now.since_start) {
            let outcome = Outcome::Refused(throttled(wait));
            self.feedback_answered(host, session, outcome);
            return Ok(());
        }
        self.rated.count(host, now.since_start);
        self.effects.push(Effect::StoreFeedback {
            host,
            session,
            feedback,
        });
        Ok(())
    }

    /// What the user of `host` said is stored with the report of an operator, or is not.
    pub fn feedback_stored(
        &mut self,
        host: PeerId,
        session: SessionId,
        feedback: Feedback,
        stored: Result<(AccountId, ReportId), RefusalCode>,
    ) {
        let outcome = match stored {
            Ok((writer, report)) => {
                if let Some(writer) = self.present_operator_of(writer) {
                    let said = HubToOperator::Feedback { report, feedback };
                    self.tell_operator(writer, said);
                }
                Outcome::Done
            }
            Err(code) => Outcome::Refused(code.into()),
        };
        self.feedback_answered(host, session, outcome);
    }

    fn feedback_answered(&mut self, host: PeerId, session: SessionId, outcome: Outcome) {
        if self.accepted(host).is_some() {
            self.tell_host(host, HubToHost::FeedbackTaken { session, outcome });
        }
    }
}
