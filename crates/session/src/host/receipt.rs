//! The receipt of a session that is over, and what the user says of it (H9).

use protocol::{Feedback, HostToHub, Outcome, SessionId, SignedReceipt};

use super::{Admitted, HostFault, HostNews, HostSide, HostStep};

/// What the user said of a session, and how many answers of the hub to it are under way.
#[derive(Debug)]
pub(super) struct Opinion {
    session: SessionId,
    feedback: Feedback,
    unanswered: u32,
}

impl HostSide {
    /// How it was: for the hub at once, and once more over the next connection if this one is lost before
    /// it is stored. The last word of a user counts.
    pub fn rate(&mut self, session: SessionId, feedback: Feedback) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let before = admitted.opinion.take_if(|said| said.session == session);
        let unanswered = before.map_or(0, |said| said.unanswered);
        admitted.opinion = Some(Opinion {
            session,
            feedback: feedback.clone(),
            unanswered: unanswered.saturating_add(1),
        });
        vec![HostStep::Send(HostToHub::Feedback { session, feedback })]
    }

    pub(super) fn receipt(&mut self, signed: SignedReceipt) -> Result<Vec<HostStep>, HostFault> {
        self.admitted_for("Receipt")?;
        Ok(vec![HostStep::Tell(HostNews::Receipt(signed))])
    }

    pub(super) fn feedback_taken(
        &mut self,
        session: SessionId,
        outcome: Outcome,
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_for("FeedbackTaken")?;
        let Some(said) = admitted
            .opinion
            .as_mut()
            .filter(|said| said.session == session)
        else {
            return Ok(Vec::new());
        };
        said.unanswered = said.unanswered.saturating_sub(1);
        if said.unanswered > 0 {
            return Ok(Vec::new());
        }
        admitted.opinion = None;
        let taken = HostNews::FeedbackTaken { session, outcome };
        Ok(vec![HostStep::Tell(taken)])
    }
}

impl Admitted {
    /// The line is back: what was not stored is said again.
    pub(super) fn rate_again(&mut self) -> Option<HostStep> {
        let said = self.opinion.as_mut()?;
        said.unanswered = 1;
        let (session, feedback) = (said.session, said.feedback.clone());
        Some(HostStep::Send(HostToHub::Feedback { session, feedback }))
    }
}
