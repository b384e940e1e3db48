//! A place that outlives a connection (R4).

use protocol::control::{Admission, Name};
use protocol::{EndedBy, OperatorToHub, PeerId, RunningSession, SessionId};

use super::{ConsoleSide, ConsoleStep};

impl ConsoleSide {
    /// The operator's own place, while logged in.
    pub fn admission(&self) -> Option<Admission> {
        self.admission
    }

    /// The operator is logged in, as nobody was before: what an earlier place had is over.
    pub fn logged_in(&mut self, admission: Admission, display_name: Name) -> Vec<ConsoleStep> {
        let steps = self.give_up();
        self.admission = Some(admission);
        self.connected = true;
        self.display_name = display_name;
        steps
    }

    /// The first message of the next connection, if there is a place to come back to.
    pub fn resume(&self) -> Option<OperatorToHub> {
        let Admission { you, secret, .. } = self.admission?;
        Some(OperatorToHub::Resume { you, secret })
    }

    /// The hub takes this console for the one that it was; what is not in `running` has ended.
    pub fn resumed(
        &mut self,
        running: &[RunningSession],
        ended: &[(SessionId, EndedBy)],
    ) -> Vec<ConsoleStep> {
        self.connected = true;
        let mut steps = Vec::new();
        let goes_on = |session| running.iter().any(|found| found.session == session);
        let ours: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in ours.into_iter().filter(|session| !goes_on(*session)) {
            let found = ended.iter().find(|(id, _)| *id == session);
            let by = found.map_or(EndedBy::OperatorLost, |(_, by)| *by);
            steps.extend(self.forget_session(session, by, None));
        }
        // ended here while the hub could not hear it
        let is_over = |session: &SessionId| self.sessions.get(session).is_none_or(|s| s.ending);
        let over = running.iter().map(|found| found.session).filter(is_over);
        steps.extend(over.map(|session| ConsoleStep::Send(OperatorToHub::EndSession { session })));
        steps
    }

    /// The connection is gone; [`Self::resume`] says whether another may go on here.
    pub fn connection_lost(&mut self) -> Vec<ConsoleStep> {
        self.connected = false;
        let hosts: Vec<PeerId> = self.hosts.keys().copied().collect();
        let mut steps = self.forget_knocks();
        steps.extend(self.end_showing(super::NotStarted::NotConnected, false));
        for host in hosts {
            steps.extend(self.host_away(host));
        }
        steps
    }

    /// Nobody comes back to this place: sessions end, tickets and keys stay.
    pub fn give_up(&mut self) -> Vec<ConsoleStep> {
        let mut steps = self.connection_lost();
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            steps.extend(self.forget_session(session, EndedBy::OperatorLost, None));
        }
        // what was written to a host waits for the next log-in
        self.admission = None;
        steps
    }
}
