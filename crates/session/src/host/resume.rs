//! A place that outlives a connection (R4).

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::control::Admission;
use protocol::{EndedBy, HostToHub, PeerId, Refusal, RunningSession, SessionId};

use super::question::Question;
use super::sessions::Live;
use super::{HostFault, HostNews, HostSide, HostStep, Stage, StopCause};

impl HostSide {
    /// How long the hub keeps this host's place while it is out of reach.
    pub fn kept_for(&self) -> Duration {
        match &self.stage {
            Stage::Admitted(admitted) => {
                Duration::from_secs(admitted.admission.kept_seconds.into())
            }
            Stage::Idle | Stage::Opening(_) => Duration::ZERO,
        }
    }

    /// The connection is gone. What follows depends on [`Self::resume`].
    pub fn connection_lost(&mut self) -> Vec<HostStep> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            self.stage = Stage::Idle;
            return Vec::new();
        };
        admitted.coming = None;
        let mut steps = Vec::new();
        if let Some(Question { session, .. }) = admitted.question.take() {
            steps.push(HostStep::Tell(HostNews::ConsentWithdrawn { session }));
        }
        for at in 0..admitted.operators.len() {
            admitted.operators[at].channel = None;
            steps.extend(admitted.pause(at));
        }
        steps
    }

    /// The first message of the next connection, if this host has a place to come back to.
    pub fn resume(&self) -> Option<HostToHub> {
        let Stage::Admitted(admitted) = &self.stage else {
            return None;
        };
        let Admission { you, secret, .. } = admitted.admission;
        Some(HostToHub::Resume { you, secret })
    }

    pub(super) fn resumed(
        &mut self,
        running: &[RunningSession],
        ended: &[(SessionId, EndedBy)],
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_for("Resumed")?;
        let mut steps = vec![HostStep::Tell(HostNews::Resumed)];
        let ours = admitted.session();
        if let Some(session) = ours {
            let goes_on = |with| running.contains(&RunningSession { session, with });
            let operators = admitted.operators.iter().filter(|o| o.part.is_some());
            let (inside, gone): (Vec<PeerId>, Vec<PeerId>) = operators
                .filter_map(|o| o.peer)
                .partition(|peer| goes_on(*peer));
            let found = ended.iter().find(|(id, _)| *id == session);
            let by = found.map_or(EndedBy::HostLost, |(_, by)| *by);
            for operator in gone {
                steps.extend(admitted.leaves(operator, StopCause::By(by)));
            }
            // sent away, or not let in after all, while the line was gone
            let of_session = running.iter().filter(|found| found.session == session);
            let strange = of_session.filter(|found| !inside.contains(&found.with));
            steps.extend(strange.map(|found| {
                let operator = found.with;
                HostStep::Send(HostToHub::SendAway { session, operator })
            }));
        }
        // the user ended these while the line was gone
        let strange = running.iter().map(|found| found.session);
        let strange: BTreeSet<SessionId> = strange.filter(|id| Some(*id) != ours).collect();
        let end = |session| HostStep::Send(HostToHub::EndSession { session });
        steps.extend(strange.into_iter().map(end));
        steps.extend(admitted.rate_again());
        Ok(steps)
    }

    pub(super) fn resume_refused(&mut self, refusal: Refusal) -> Result<Vec<HostStep>, HostFault> {
        self.admitted_for("ResumeRefused")?;
        let mut steps = self.give_up();
        steps.push(HostStep::HangUp(refusal));
        Ok(steps)
    }

    /// Nobody comes back: forgets the place, the operator and the session.
    pub fn give_up(&mut self) -> Vec<HostStep> {
        let before = std::mem::replace(&mut self.stage, Stage::Idle);
        let Stage::Admitted(admitted) = before else {
            return Vec::new();
        };
        let stop = |live: Live| HostStep::Stop {
            session: live.session,
            cause: StopCause::ConnectionLost,
        };
        admitted.live.map(stop).into_iter().collect()
    }
}
