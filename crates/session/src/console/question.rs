//! **Remote Session**: the operator asks a host's user to be let in (H5).

use protocol::{OperatorToHub, OperatorWord, PeerId, Refusal, RefusalCode, Rights, SessionId};

use super::{ConsoleNews, ConsoleSide, ConsoleStep, NotStarted, Outside};
use crate::channel::PictureKey;

/// Most questions and sessions at once.
const MAX_SESSIONS: usize = 64;

/// A question on its way.
#[derive(Debug)]
pub(super) struct Ask {
    asked: Rights,
    sent: bool,
    pub(super) session: Option<SessionId>,
    pub(super) answer: Option<(Rights, PictureKey)>,
}

impl ConsoleSide {
    /// **Remote Session**: asks the host's user to be let in.
    pub fn ask(
        &mut self,
        host: PeerId,
        asked: Rights,
        outside: &mut Outside<'_>,
    ) -> Vec<ConsoleStep> {
        let refuse = |why| vec![ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why })];
        let questions = self.hosts.values().filter(|known| known.ask.is_some());
        if questions.count() + self.sessions.len() >= MAX_SESSIONS {
            return refuse(NotStarted::Refused(RefusalCode::FULL.into()));
        }
        let Some(known) = self.hosts.get_mut(&host) else {
            return refuse(NotStarted::NoKey);
        };
        if !known.present || !self.connected {
            return refuse(NotStarted::NotConnected);
        }
        if self.sessions.values().any(|live| live.host == host) {
            return refuse(NotStarted::Refused(RefusalCode::HOST_BUSY.into()));
        }
        if known.ask.is_some() {
            return Vec::new();
        }
        known.ask = Some(Ask::new(asked));
        if known.opening.is_some() {
            return Vec::new(); // the question follows the greeting
        }
        if known.channel.is_none() {
            // a host whose words were once not its own is greeted anew
            return self.greet(host, outside);
        }
        self.send_ask(host)
    }

    pub(super) fn send_ask(&mut self, host: PeerId) -> Vec<ConsoleStep> {
        let operator = self.display_name.clone();
        let formats = self.formats;
        let Some(known) = self.hosts.get_mut(&host) else {
            return Vec::new();
        };
        let (Some(ask), Some(channel)) = (&mut known.ask, &mut known.channel) else {
            return Vec::new();
        };
        if std::mem::replace(&mut ask.sent, true) {
            return Vec::new();
        }
        let word = channel.say(&OperatorWord::Ask {
            asked: ask.asked,
            operator,
            formats,
        });
        vec![ConsoleStep::Send(OperatorToHub::StartSession {
            host,
            word,
        })]
    }

    pub(super) fn pending(&mut self, session: SessionId, host: PeerId) -> Vec<ConsoleStep> {
        let asked = self.hosts.get_mut(&host).and_then(|h| h.ask.as_mut());
        match asked {
            Some(ask) => {
                ask.session = Some(session);
                let pending = ConsoleNews::ConsentPending { session, host };
                vec![ConsoleStep::Tell(pending)]
            }
            // taken back before the hub had given it a number
            None => vec![ConsoleStep::Send(OperatorToHub::EndSession { session })],
        }
    }

    /// The user's answer. After a yes the hub says that the session runs.
    pub(super) fn answered(
        &mut self,
        host: PeerId,
        session: SessionId,
        granted: Option<Rights>,
        picture_key: &[u8],
    ) -> Vec<ConsoleStep> {
        let Some(known) = self.hosts.get_mut(&host) else {
            return Vec::new();
        };
        let asked = known.ask.as_mut().filter(|ask| ask.is(session));
        let (Some(ask), Some(channel)) = (asked, &known.channel) else {
            return Vec::new();
        };
        let Some(granted) = granted else {
            return Vec::new(); // the hub says so as well
        };
        let lanes = channel.lane_keys();
        let Some(key) = lanes.open_picture_key(session, picture_key) else {
            return self.distrust(host);
        };
        ask.answer = Some((granted.common_with(ask.asked), key));
        Vec::new()
    }

    pub(super) fn refused(&mut self, host: PeerId, refusal: Refusal) -> Vec<ConsoleStep> {
        let known = self.hosts.get_mut(&host);
        let asked = known.and_then(|known| known.ask.take());
        let why = NotStarted::Refused(refusal);
        let tell = |_| ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why });
        asked.map(tell).into_iter().collect()
    }
}

impl Ask {
    pub(super) fn new(asked: Rights) -> Self {
        Self {
            asked,
            sent: false,
            session: None,
            answer: None,
        }
    }

    /// Whether this is the question that the hub gave that number.
    pub(super) fn is(&self, session: SessionId) -> bool {
        self.session == Some(session)
    }
}
