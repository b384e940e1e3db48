//! The operator asks what computer the host is (S2).

use protocol::{OperatorWord, PeerId, SessionId, SystemAnswer};

use super::{ConsoleNews, ConsoleSide, ConsoleStep, SystemTold};
use crate::channel::Channel;

impl ConsoleSide {
    /// Asks the session's host what computer it is; [`ConsoleNews::System`] tells what becomes of that.
    pub fn ask_system(&mut self, session: SessionId) -> Vec<ConsoleStep> {
        let Some(live) = self.sessions.get_mut(&session) else {
            return Vec::new();
        };
        live.system_asked += 1;
        let (host, attempt) = (live.host, live.system_asked);
        let word = OperatorWord::AskSystem { session, attempt };
        let known = self.hosts.get_mut(&host);
        let Some(said) = known.and_then(|known| known.say(host, &word)) else {
            let told = SystemTold::NotConnected;
            return vec![ConsoleStep::Tell(ConsoleNews::System { session, told })];
        };
        live.asks_system = Some(attempt);
        vec![said]
    }

    /// What `host` answers; but for the last question's it is of no use any more.
    pub(super) fn system_answered(
        &mut self,
        host: PeerId,
        session: SessionId,
        attempt: u64,
        answer: SystemAnswer,
    ) -> Vec<ConsoleStep> {
        let Some(live) = self.session_with(host, session) else {
            return Vec::new();
        };
        if live
            .asks_system
            .take_if(|asked| *asked == attempt)
            .is_none()
        {
            return Vec::new();
        }
        let told = match answer {
            SystemAnswer::Told { number, sealed } => {
                let known = self.hosts.get(&host);
                let channel = known.and_then(|known| known.channel.as_ref());
                let keys = channel.map(Channel::lane_keys);
                match keys.and_then(|keys| keys.open_system(session, number, &sealed)) {
                    Some(told) => SystemTold::Is(Box::new(told)),
                    // the word is the host's own, and what is in it makes no sense
                    None => return self.distrust(host),
                }
            }
            SystemAnswer::Refused => SystemTold::Refused,
            SystemAnswer::Withheld => SystemTold::Withheld,
        };
        vec![ConsoleStep::Tell(ConsoleNews::System { session, told })]
    }
}
